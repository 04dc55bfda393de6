// An operator's own waiting page: a Mustache template with the variables that templates for Cloudflare's waiting room use,
// and ours beside them. It is the operator's word, so its styles and scripts run; it comes from this origin and talks to no
// other unless an image does.

import Mustache from 'mustache';
import { type DirectoryStore, StoreUnavailable } from '../store/room-store.ts';
import type { CloudflareWaitingRoom } from './cloudflare-waiting-room.ts';

/** Templates kept in memory; one deployment seldom has more than a few, of up to 1 MiB each. */
const TEMPLATES_KEPT_MAX = 8;

export const TEMPLATE_POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  'img-src data: https:',
  'font-src data:',
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Templates by their numbers, which are never used twice. */
export class Templates {
  readonly #store: DirectoryStore;
  readonly #kept = new Map<number, string>();

  constructor(store: DirectoryStore) {
    this.#store = store;
  }

  /** @returns null where it is gone or the store cannot be asked: the gateway's own page serves */
  async read(number: number): Promise<string | null> {
    const kept = this.#kept.get(number);
    if (kept !== undefined) return kept;
    try {
      const html = await this.#store.template(number);
      if (html !== null) this.#keep(number, html);
      return html;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      console.error(...error.logArguments);
      return null;
    }
  }

  #keep(number: number, html: string): void {
    this.#kept.set(number, html);
    if (this.#kept.size <= TEMPLATES_KEPT_MAX) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }
}

/** What keeps a template from being one, in a sentence, and at which character that showed; null: nothing. */
export function templateFault(html: string): { text: string; at: number | null } | null {
  try {
    Mustache.parse(html);
    return null;
  } catch (error) {
    const text = error instanceof Error ? error.message : 'It is no Mustache template.';
    const at = / at (\d+)$/.exec(text)?.[1];
    return { text, at: at === undefined ? null : Number(at) };
  }
}

export function renderTemplate(html: string, waiting: CloudflareWaitingRoom): string {
  const waitTimeHours = Math.floor(waiting.waitTime / 60);
  return Mustache.render(html, { ...waiting, waitTimeHours, waitTimeHourMinutes: waiting.waitTime % 60 });
}
