// What is asked of a deployment, and what was found.

import type { ForgedClaims, PublishedKey } from '../lib/token-forgeries.ts';
import type { Answer, Silence } from './stranger-request.ts';

export interface SmokeQuestion {
  /** Where visitors come: an origin. */
  url: string;
  room: string;
  paths: string[];
  /** `aud` of the room's tokens. */
  audience: string;
  /** Addresses of the site itself. */
  origins: string[];
  consoleUrl: string | null;
  /** Where the gateway must not answer. */
  closed: string[];
}

export interface Finding {
  kind: 'well' | 'wrong' | 'note';
  text: string;
}

/** What forged tokens are made of. */
export interface ForgedFrom {
  claims: ForgedClaims;
  key: PublishedKey;
}

export function well(text: string): Finding {
  return { kind: 'well', text };
}

export function wrong(text: string): Finding {
  return { kind: 'wrong', text };
}

export function note(text: string): Finding {
  return { kind: 'note', text };
}

/** As it stands in a sentence after "answers". */
export function answered(answer: Answer | Silence): string {
  return answer.kind === 'silence' ? `nothing (${answer.reason})` : String(answer.status);
}
