// Pages that are the same for everybody without a place. Each is rendered and compressed at most once a second, so that the
// first page of a rush costs no more than any constant answer: no signature, no store.

import type { HtmlDocument } from '../http/responses.ts';
import type { RoomConfig } from '../settings.ts';

const PAGE_MS_MAX = 1_000;

interface PublicPage {
  document: HtmlDocument;
  madeAt: number;
}

export class PublicPages {
  readonly #now: () => number;
  /** By settings of the room: edited ones are another object. At most two languages of five kinds each. */
  readonly #rooms = new WeakMap<RoomConfig, Map<string, PublicPage>>();

  constructor(now: () => number) {
    this.#now = now;
  }

  async read(room: RoomConfig, name: string, make: () => Promise<HtmlDocument>): Promise<HtmlDocument> {
    const pages = this.#rooms.get(room) ?? new Map<string, PublicPage>();
    this.#rooms.set(room, pages);
    const cached = pages.get(name);
    const now = this.#now();
    if (cached !== undefined && Math.abs(now - cached.madeAt) < PAGE_MS_MAX) return cached.document;
    const document = await make();
    pages.set(name, { document, madeAt: now });
    return document;
  }
}
