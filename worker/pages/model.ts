// What a visitor's page is made of. The server renders it once and the browser goes on from the same document, with
// the same components, so a page reads the same with and without JavaScript.

import type { Board, Status } from '../../queue-core/board.ts';

export type Language = 'ko' | 'en';

/** One page each; which one is decided by the server and, after a poll, from the server's documents alone. */
export type PageKind =
  /** Not open and no entries yet: countdown. */
  | 'scheduled'
  /** Has an entry for the draw: countdown and entry number. */
  | 'entered'
  | 'drawing'
  | 'waiting'
  /** The turn has come: enters by itself. */
  | 'called'
  /** The turn has come, the site is full: the next free place. */
  | 'standby'
  | 'paused'
  | 'soldOut'
  | 'closed'
  /** Called and did not come: a new place in one click. */
  | 'lapsed'
  /** The visit is complete or its time is over: a new place in one click. */
  | 'ended'
  /** The store does not answer: retries by itself. */
  | 'storeUnreachable'
  /** Admitted, but the origin does not answer: the session is kept, retry. */
  | 'originUnreachable'
  /** Refused request: `problem` says why and what to do. */
  | 'badRequest';

export interface PageModel {
  kind: PageKind;
  language: Language;
  /** What the switch offers. */
  languages: readonly Language[];
  room: { id: string; title: { ko: string; en: string }; timeZone: string } | null;
  /** null where the store has never been read. */
  board: Board | null;
  status: Status | null;
  /** Visitors on standby before this one (kind `standby`). */
  standbyAhead: number | null;
  /** When the slot of an admitted visitor opens (RFC 3339), if that is still to come (kind `called`). */
  admitAt: string | null;
  /** Path on the own origin where the visitor wanted to go. */
  returnTo: string;
  /** For `badRequest`: one line each in the page's language. */
  problem: { title: string; detail: string } | null;
}

/** Answer of `POST /_fairgate/rooms/{room}/claim` and `/join` to a client that asks for JSON. */
export interface VisitorAnswer {
  outcome: 'joined' | 'admitted' | 'waiting' | 'standby' | 'lapsed' | 'ended' | 'refused' | 'left';
  /** Why a wish was refused (a word of the core's closed list), else null. */
  reason: string | null;
  /** Visitors on standby before this one, else null. */
  standbyAhead: number | null;
  /** When the slot opens, for `admitted`: go to the return address then. */
  admitAt: string | null;
  status: Status;
  /** For apps, which have no cookies; browsers get the same as HttpOnly cookies and no token in the body. */
  queueToken?: string;
  admissionToken?: string;
}
