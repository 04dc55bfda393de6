// The data of a visitor's page. The server renders it, embeds it as JSON, and the browser continues from that JSON with
// the same components, so that a page reads the same with and without JavaScript.

import type { Board, Status } from '../../queue-core/board.ts';

export type Language = 'ko' | 'en';

/** One page each. The server decides which; the browser changes it only by what the server's documents say. */
export type PageKind =
  /** No place yet: the script takes one, or the visitor with the button. */
  | 'newcomer'
  /** Not open and no entries yet: countdown. */
  | 'scheduled'
  /** Has an entry for the draw: countdown and entry number. */
  | 'entered'
  | 'drawing'
  | 'waiting'
  /** The turn has come: enters automatically. */
  | 'called'
  /** The turn has come but the site is full: gets the next vacancy. */
  | 'standby'
  | 'paused'
  | 'soldOut'
  | 'closed'
  /** Called and did not come: a new place in one click. */
  | 'lapsed'
  /** The visit is complete or its time is over: a new place in one click. */
  | 'ended'
  /** The visitor's network has taken its places of this minute: joins again automatically at `retryAt`. */
  | 'tooManyJoins'
  /** The browser returned no cookie, and without one it cannot keep a place: nothing was taken. */
  | 'cookiesNeeded'
  /** The store does not respond: retries automatically. */
  | 'storeUnreachable'
  /** Admitted, but the origin does not respond: the session stays valid, retries automatically. */
  | 'originUnreachable'
  /** Admitted, and the origin answered with an error of its own: the session stays valid, retries automatically. */
  | 'originError'
  /** Refused request: the page's text says why and what to do. */
  | 'badRequest';

/** Pages that only the server begins: their script has no texts for them. */
export type ServedKind = 'newcomer' | 'storeUnreachable' | 'originUnreachable' | 'originError' | 'badRequest';

/** What a visitor can do with a button; also the last part of the address it posts to. */
export type VisitorAction = 'join' | 'claim' | 'leave';

/**
 * What the page's script noticed: its last request failed, for no network or no usable response, or the browser opened a
 * copy of the page that it had stored.
 */
export type Notice = 'offline' | 'unanswered' | 'copy';

export interface PageModel {
  kind: PageKind;
  language: Language;
  /** Languages that the switch offers. */
  languages: readonly Language[];
  room: { id: string; title: { ko: string; en: string }; timeZone: string } | null;
  /** null if the gateway has never read the store. */
  board: Board | null;
  status: Status | null;
  /** Visitors on standby before this one (kind `standby`). */
  standbyAhead: number | null;
  /** When the slot of an admitted visitor opens (RFC 3339), if that is in the future (kind `called`). */
  admitAt: string | null;
  /** When the page joins again (RFC 3339, kind `tooManyJoins`). */
  retryAt: string | null;
  /** Where the visitor wants to go: a path on this origin; null: the address of the page itself. */
  returnTo: string | null;
  /** The request carried a form, which did not reach the site. */
  formNotSent: boolean;
  /** The room has a waiting page of its own, which a visitor with a place gets when they load the page again. */
  ownPage: boolean;
  /** Heading and text of a page that only the server begins, in the page's language; null: the script has texts for its kind. */
  served: { kind: ServedKind; title: string; detail: string } | null;
}

/** A page that knows nothing: what each kind of page is about replaces some of it. */
export const EMPTY_PAGE: Omit<PageModel, 'kind' | 'language' | 'languages'> = {
  room: null,
  board: null,
  status: null,
  standbyAhead: null,
  admitAt: null,
  retryAt: null,
  returnTo: '/',
  formNotSent: false,
  ownPage: false,
  served: null,
};

/** That a visit was completed, as its visitor's clients are told. */
export interface ReceiptAnswer {
  /** RFC 3339, in whole seconds. */
  completedAt: string;
  /** What the site calls that which was completed; null: it did not say. */
  reference: string | null;
  /** The receipt itself: a JWT that proves this to anybody and gives no right. */
  token: string;
}

/** JSON response to `GET /_fairgate/rooms/{room}/status`, as far as the page reads it. */
export type StatusAnswer = Status & { receipt: ReceiptAnswer | null };

/** JSON response to `POST /_fairgate/rooms/{room}/join`, `/claim` and `/leave`. */
export interface VisitorAnswer {
  outcome: 'joined' | 'admitted' | 'waiting' | 'standby' | 'lapsed' | 'ended' | 'refused' | 'left';
  /** Why the action was refused (one of the core's closed list of reasons), else null. */
  reason: string | null;
  /** Visitors on standby before this one, else null. */
  standbyAhead: number | null;
  /** For `admitted`: when the slot opens; the client then goes to the return address. */
  admitAt: string | null;
  status: Status;
  /** For `ended`: the visit was completed. */
  receipt: ReceiptAnswer | null;
  /** For apps, which have no cookies. Browsers get both tokens as HttpOnly cookies and none in the body. */
  queueToken?: string;
  admissionToken?: string;
}
