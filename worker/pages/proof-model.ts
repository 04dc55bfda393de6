// The data of the page on which a visitor checks the draw. The server embeds what only it can give, the visitor's own queue token
// and the gateway's public keys; everything else the page's script fetches and computes.

import type { Language } from './model.ts';
import type { Draw } from './proof-document.ts';
import type { PublicKey } from './signed-token.ts';

/** What a saved page has in place of the network. */
export interface SavedDraw {
  /** RFC 3339, by the clock of the device that saved it. */
  at: string;
  draw: Draw;
  /** The same document as the page saw it before. */
  earlier: readonly Draw[];
}

export interface ProofModel {
  language: Language;
  /** Languages that the switch offers. */
  languages: readonly Language[];
  room: { id: string; title: { ko: string; en: string }; timeZone: string };
  /** The visitor's queue token; null: there is none, or it was withheld. */
  receipt: string | null;
  /** The browser sent a token, but the visit is not one that may have it on its page. */
  withheld: boolean;
  keys: readonly PublicKey[];
  /** Where the document is: with scheme and host, for a command to copy. */
  drawUrl: string;
  /** null: the page is on line. */
  saved: SavedDraw | null;
}
