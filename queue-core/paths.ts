// Which requests a room protects. A path is normalised once, before anything is decided, and the normalised form is
// what the origin gets. Protection is read widely (any way an origin might read the path), exemption narrowly (every
// way), and what cannot be normalised without doubt is refused.

/** Longer targets are refused: no page needs one, and some origins cut what they cannot hold. */
export const PATH_CHARS_MAX = 4_096;

/** How often a careless origin might decode a path; the wide reading follows it that far. */
const DECODINGS_MAX = 3;

export type PathDoubt =
  | 'notAbsolute'
  | 'tooLong'
  | 'forbiddenCharacter'
  | 'badPercentEncoding'
  | 'encodedSeparator'
  | 'encodedControl'
  | 'aboveRoot';

export type NormalPath = { kind: 'path'; path: string } | { kind: 'doubtful'; doubt: PathDoubt };

/**
 * Normalises the path of a request target (RFC 3986, 6.2.2): unreserved characters decoded once, the rest of the
 * encoding in upper case, empty and dot segments removed. Idempotent.
 * @param raw the path as it stood in the request line, without the query
 */
export function normalisePath(raw: string): NormalPath {
  if (!raw.startsWith('/')) return doubtful('notAbsolute');
  if (raw.length > PATH_CHARS_MAX) return doubtful('tooLong');
  if (!/^[!-~]*$/.test(raw) || /[\\#?]/.test(raw)) return doubtful('forbiddenCharacter');
  if (/%(?![0-9A-Fa-f]{2})/.test(raw)) return doubtful('badPercentEncoding');
  if (/%(?:2f|5c)/i.test(raw)) return doubtful('encodedSeparator');
  if (/%(?:[01][0-9a-f]|7f)/i.test(raw)) return doubtful('encodedControl');
  const decoded = raw.replace(/%[0-9A-Fa-f]{2}/g, (triplet) => {
    const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : triplet.toUpperCase();
  });
  const path = withoutDotSegments(decoded);
  return path === null ? doubtful('aboveRoot') : { kind: 'path', path };
}

/** Whether any reading of a normalised path lies under one of the prefixes, whatever its case. */
export function protects(prefixes: readonly string[], path: string): boolean {
  const lowered = prefixes.map((prefix) => prefix.toLowerCase());
  return readings(path).some((reading) => lowered.some((prefix) => liesUnder(prefix, reading.toLowerCase())));
}

/** Whether every reading of a normalised path lies under one of the exact prefixes. Suffixes never exempt. */
export function exempts(prefixes: readonly string[], path: string): boolean {
  return prefixes.some((prefix) => readings(path).every((reading) => liesUnder(prefix, reading)));
}

/** Length of the longest prefix that protects the path; -1 where none does. Decides between rooms on one host. */
export function protectingLength(prefixes: readonly string[], path: string): number {
  return Math.max(-1, ...prefixes.filter((prefix) => protects([prefix], path)).map((prefix) => prefix.length));
}

/** `/book` covers `/book` and `/book/…`, not `/bookshop`; `/` covers everything. */
function liesUnder(prefix: string, path: string): boolean {
  const stem = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  return path === stem || path.startsWith(`${stem}/`);
}

/** Every path that some server is known to make of this one: parameters cut off, decoded again, trailing dots dropped. */
function readings(path: string): string[] {
  const found = new Set([path]);
  let decoded = path;
  for (let round = 0; round < DECODINGS_MAX && decoded.includes('%'); round++) {
    decoded = decoded.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    found.add(withoutDotSegments(decoded.replaceAll('\\', '/')) ?? '/');
  }
  for (const reading of [...found]) {
    found.add(withoutDotSegments(reading.replace(/;[^/]*/g, '')) ?? '/');
    found.add(reading.replace(/[. ]+(?=\/|$)/g, ''));
  }
  return [...found];
}

/** RFC 3986, 5.2.4, with empty segments removed too; null where the path climbs above its root. */
function withoutDotSegments(path: string): string | null {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const segment of segments) {
    if (segment === '..') {
      if (kept.pop() === undefined) return null;
    } else if (segment !== '' && segment !== '.') {
      kept.push(segment);
    }
  }
  const last = segments.at(-1);
  const isDirectory = kept.length > 0 && (last === '' || last === '.' || last === '..');
  return `/${kept.join('/')}${isDirectory ? '/' : ''}`;
}

function doubtful(doubt: PathDoubt): NormalPath {
  return { kind: 'doubtful', doubt };
}
