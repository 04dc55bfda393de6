// Where the hand-off sends a visitor: an address that its room's operators listed, read character by character, so that no parser
// can find another host in it. Everything else is refused, and never followed.

import { exempts, readPath } from '../../queue-core/paths.ts';
import { splitHandOff } from '../contract/hand-off-entry.ts';
import type { RoomConfig } from '../settings.ts';

/** With a code added, it still fits into the request line that common servers take (8 kB). */
const ADDRESS_CHARS_MAX = 4_096;

/** The parameter that carries the code. */
export const CODE_PARAMETER = 'fairgate_code';

export interface HandOffAddress {
  /** Of the site, as its room lists it. */
  site: string;
  path: string;
  /** With the question mark; empty without a query. */
  query: string;
  /** With the `#`; empty without one. */
  fragment: string;
}

type Listing = Pick<RoomConfig, 'handOff'>;

/** @returns null for anything but an address below an entry of the room's list */
export function handOffAddress({ handOff }: Listing, requested: unknown): HandOffAddress | null {
  if (typeof requested !== 'string' || requested.length > ADDRESS_CHARS_MAX || !/^[!-~]*$/.test(requested)) return null;
  for (const entry of handOff) {
    const { origin, path: prefix } = splitHandOff(entry);
    // What ends the origin has to stand there: `https://shop.example@evil.test` begins with the same letters.
    if (!requested.startsWith(`${origin}/`)) continue;
    const address = partsOf(origin, requested.slice(origin.length));
    if (isBelow(prefix, address.path)) return address;
  }
  return null;
}

function partsOf(site: string, rest: string): HandOffAddress {
  const [, path = '', query = '', fragment = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/.exec(rest) ?? [];
  return { site, path, query, fragment };
}

/** In every reading, as an exemption has to cover a path. A site that led on to a path with two slashes would leave itself. */
function isBelow(prefix: string, path: string): boolean {
  const read = readPath(path);
  if (read.kind === 'doubtful' || read.path.readings.some((reading) => reading.startsWith('//'))) return false;
  return exempts([{ path: prefix, match: 'prefix', methods: ['GET'] }], 'GET', read.path);
}

/** The address with a code: its own query as it was, without a code from before, and its fragment. */
export function withCode({ site, path, query, fragment }: HandOffAddress, code: string): string {
  const kept = query
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '' && pair.split('=')[0] !== CODE_PARAMETER);
  return `${site}${path}?${[...kept, `${CODE_PARAMETER}=${code}`].join('&')}${fragment}`;
}

/** The sites to which the pages of a room may lead a form. */
export function handOffSites({ handOff }: Listing): string[] {
  return [...new Set(handOff.map((entry) => splitHandOff(entry).origin))];
}
