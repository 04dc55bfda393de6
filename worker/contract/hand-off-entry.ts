// Where a room may send visitors back to: an exact origin, and the path prefix below which a site takes them.

import { isPlainPath } from '../../queue-core/paths.ts';
import { isLoopback } from './loopback.ts';

export interface HandOffEntry {
  origin: string;
  /** As people read it; `/` where the entry has none. */
  path: string;
}

/** @param text an entry of the setting `handOff` */
export function splitHandOff(text: string): HandOffEntry {
  const [, origin = '', path = ''] = /^([^/]*\/\/[^/]*)(.*)$/s.exec(text) ?? [];
  return { origin, path: path === '' ? '/' : path };
}

/**
 * Whether visitors may be sent there with a code: by https, or to this machine by http, because anyone who reads the request on its
 * way would come before the site.
 * @param isOrigin whether a text is an origin exactly as browsers send it
 */
export function isHandOffEntry(text: string, isOrigin: (text: string) => boolean): boolean {
  const { origin, path } = splitHandOff(text);
  if (!isOrigin(origin) || !isPlainPath(path)) return false;
  const { protocol, hostname } = new URL(origin);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
