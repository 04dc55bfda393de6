// Sends one message to one target: once, within a bounded time, without following a redirect. Nothing of the address but its host
// is ever logged, and of the response only the status is read.

import type { AlarmTarget } from '../../queue-core/directory/directory-document.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import type { DELIVERY_FAULTS } from '../contract/operator-api.ts';
import { signedHeaders } from '../origin-calls/webhook-signature.ts';
import type { AlarmSecrets } from '../tokens/alarm-secrets.ts';

/** A service that takes a message answers within seconds. */
const ANSWER_MS_MAX = 10_000;

export type Sent = { status: number | null; fault: (typeof DELIVERY_FAULTS)[number] | null };

interface SenderParts {
  secrets: AlarmSecrets;
  fetch(url: string, init: RequestInit): Promise<Response>;
  ownTime(): EpochMs;
}

export class AlarmSender {
  readonly #parts: SenderParts;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** Never rejects. @param id of the message, and of each retry of it */
  async send(target: AlarmTarget, id: string, body: string): Promise<Sent> {
    const headers = this.#headers(target, id, body);
    if (headers === null) return { status: null, fault: 'cannotSign' };
    try {
      const response = await this.#parts.fetch(target.url, {
        ...{ method: 'POST', headers, body, redirect: 'manual' },
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      await response.body?.cancel();
      // What is opaque here was a redirect.
      const status = response.status === 0 ? null : response.status;
      const isRedirect = status === null || (status >= 300 && status < 400);
      return { status, fault: isRedirect ? 'redirect' : null };
    } catch (error) {
      const isTimeout = error instanceof Error && error.name === 'TimeoutError';
      return { status: null, fault: isTimeout ? 'noAnswer' : 'unreachable' };
    }
  }

  /** Whether the target's messages can be signed with its secret. */
  canSign({ form, secret }: Pick<AlarmTarget, 'form' | 'secret'>): boolean {
    return form === 'slack' || this.#parts.secrets.open(secret) !== null;
  }

  #headers({ form, secret, formerSecret }: AlarmTarget, id: string, body: string): Record<string, string> | null {
    const type = { 'Content-Type': 'application/json; charset=utf-8' };
    if (form === 'slack') return type;
    const { secrets, ownTime } = this.#parts;
    const present = secrets.open(secret);
    if (present === null) return null;
    const now = ownTime();
    const former = formerSecret === null || formerSecret.until <= now ? null : secrets.open(formerSecret.sealed);
    return { ...type, ...signedHeaders(former === null ? [present] : [present, former], id, now, body) };
  }
}

export function isDelivered({ status }: Sent): boolean {
  return status !== null && status >= 200 && status < 300;
}
