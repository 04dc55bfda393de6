// The operators' own waiting page: a Mustache template with the variables of Cloudflare's waiting room templates and our
// own. Operators are trusted, so its styles and scripts run; the policy confines them to this origin, images excepted.

import Mustache from 'mustache';
import type { CloudflareWaitingRoom } from '../contract/visitor-schema.ts';
import { type DirectoryStore, StoreUnavailable } from '../store/room-store.ts';

/** Templates cached in memory, each of up to 1 MiB; few deployments have more. */
const TEMPLATES_CACHED_MAX = 8;

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

/** Caches templates by number; a number is never reused, so a cached template never goes stale. */
export class Templates {
  readonly #store: DirectoryStore;
  readonly #cache = new Map<number, string>();

  constructor(store: DirectoryStore) {
    this.#store = store;
  }

  /** @returns null if the template was replaced or the store is unreachable: the caller shows the gateway's own page */
  async read(number: number): Promise<string | null> {
    const cached = this.#cache.get(number);
    if (cached !== undefined) return cached;
    try {
      const template = await this.#store.template(number);
      if (template !== null) this.#add(number, template);
      return template;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      console.error(...error.logArguments);
      return null;
    }
  }

  #add(number: number, template: string): void {
    this.#cache.set(number, template);
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > TEMPLATES_CACHED_MAX && oldest !== undefined) this.#cache.delete(oldest);
  }
}

/** @returns the parser's message and the character at which it failed, or null for a valid template */
export function templateFault(template: string): { text: string; at: number | null } | null {
  try {
    Mustache.parse(template);
    return null;
  } catch (error) {
    const text = error instanceof Error ? error.message : 'This is not a valid Mustache template.';
    const at = / at (\d+)$/.exec(text)?.[1];
    return { text, at: at === undefined ? null : Number(at) };
  }
}

export function renderTemplate(template: string, waitingRoom: CloudflareWaitingRoom): string {
  const { waitTime, timeUntilEventStart, timeUntilEventEnd } = waitingRoom;
  return Mustache.render(template, {
    ...waitingRoom,
    waitTimeHours: Math.floor(waitTime / 60),
    waitTimeHourMinutes: waitTime % 60,
    timeUntilEventStartHours: Math.floor(timeUntilEventStart / 60),
    timeUntilEventStartHourMinutes: timeUntilEventStart % 60,
    timeUntilEventEndHours: Math.floor(timeUntilEventEnd / 60),
    timeUntilEventEndHourMinutes: timeUntilEventEnd % 60,
  });
}
