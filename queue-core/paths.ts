// Which requests a room protects. A path is normalised once, before anything is decided, and the normalised form is
// what the origin gets. Protection is read widely (any way an origin might read the path), exemption narrowly (every
// way), and what cannot be normalised without doubt is refused.

/** Longer targets are refused: no page needs one, and some origins cut what they cannot hold. */
export const PATH_CHARS_MAX = 4_096;

/** How often a careless origin might decode a path; the wide reading follows it that far. */
const DECODINGS_MAX = 3;

/** An ordinary path has a handful of readings; one with more than this counts as protected, never as exempt. */
const READINGS_MAX = 64;

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
  const { path, climbs } = resolved(decoded);
  return climbs ? doubtful('aboveRoot') : { kind: 'path', path };
}

/** Whether any reading of a normalised path lies under one of the prefixes, whatever its case. */
export function protects(prefixes: readonly string[], path: string): boolean {
  return protectingLength(prefixes, path) >= 0;
}

/** Whether every reading of a normalised path lies under one of the exact prefixes. Suffixes never exempt. */
export function exempts(prefixes: readonly string[], path: string): boolean {
  const all = readings(path);
  return all !== null && prefixes.some((prefix) => all.every((reading) => liesUnder(prefix, reading)));
}

/** Length of the longest prefix that protects the path; -1 where none does. Decides between rooms on one host. */
export function protectingLength(prefixes: readonly string[], path: string): number {
  const all = readings(path)?.flatMap((reading) => [reading.toLowerCase(), withoutFormat(reading.toLowerCase())]);
  const covering = prefixes.filter(
    (prefix) => all?.some((reading) => liesUnder(prefix.toLowerCase(), reading)) ?? true,
  );
  return Math.max(-1, ...covering.map((prefix) => prefix.length));
}

/** `/book` covers `/book` and `/book/…`, not `/bookshop`; `/` covers everything. */
function liesUnder(prefix: string, path: string): boolean {
  const stem = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  return path === stem || path.startsWith(`${stem}/`);
}

/** What servers are known to do to a path beyond normalising it, in any order. */
const HABITS: readonly ((path: string) => string)[] = [
  (path) => resolved(path.replaceAll('\\', '/')).path,
  // Parameters are cut off every segment (Java servlets).
  (path) => path.replace(/;[^/]*/g, ''),
  // Trailing dots and spaces are dropped (Windows), or spaces alone.
  (path) => eachSegment(path, (segment) => (isDots(segment) ? segment : withoutTrailing('. ', segment))),
  (path) => eachSegment(path, (segment) => withoutTrailing(' ', segment)),
  // What a decoded character says ends the path: a string in C, or a target taken apart after decoding.
  (path) => path.replace(/[\0?#].*$/s, ''),
  // Letters are compared by their compatibility forms (Unicode case folding, best-fit mapping).
  (path) => path.normalize('NFKC'),
];

const DECODINGS: readonly ((path: string) => string)[] = [
  (path) => path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  (path) => {
    try {
      return decodeURIComponent(path);
    } catch {
      return path; // URIError: not UTF-8; a server that insists on it answers 400.
    }
  },
];

/** Every path that some server could read this one as; null where there are more than `READINGS_MAX`. */
function readings(path: string): string[] | null {
  const found = new Map([[path, 0]]);
  // A Map iterates over entries that are added meanwhile.
  for (const [reading, decodings] of found) {
    const next = HABITS.map((habit) => ({ result: habit(reading), decodings }));
    if (decodings < DECODINGS_MAX && reading.includes('%')) {
      next.push(...DECODINGS.map((decode) => ({ result: decode(reading), decodings: decodings + 1 })));
    }
    for (const { result, decodings: needed } of next) {
      const known = found.get(result);
      if (known !== undefined && known <= needed) continue;
      found.delete(result);
      found.set(result, needed);
    }
    if (found.size > READINGS_MAX) return null;
  }
  return [...found.keys()];
}

/** `/book.json` is `/book` to frameworks that take the end of a path for a format (Rails, older Spring). */
function withoutFormat(path: string): string {
  return path.replace(/\.[^./]*\/?$/, '');
}

function eachSegment(path: string, change: (segment: string) => string): string {
  return path.split('/').map(change).join('/');
}

function isDots(segment: string): boolean {
  return segment === '.' || segment === '..';
}

/** As a loop, because a pattern would take a long run of these characters again from each of them. */
function withoutTrailing(characters: string, segment: string): string {
  let end = segment.length;
  while (end > 0 && characters.includes(segment.charAt(end - 1))) end--;
  return segment.slice(0, end);
}

/** RFC 3986, 5.2.4, with empty segments removed too. */
function resolved(path: string): { path: string; climbs: boolean } {
  const resolvedSegments: string[] = [];
  let climbs = false;
  const segments = path.split('/').slice(1);
  for (const segment of segments) {
    if (segment === '..') {
      if (resolvedSegments.pop() === undefined) climbs = true;
    } else if (segment !== '' && segment !== '.') {
      resolvedSegments.push(segment);
    }
  }
  const last = segments.at(-1);
  const isDirectory = resolvedSegments.length > 0 && (last === '' || last === '.' || last === '..');
  return { path: `/${resolvedSegments.join('/')}${isDirectory ? '/' : ''}`, climbs };
}

function doubtful(doubt: PathDoubt): NormalPath {
  return { kind: 'doubtful', doubt };
}
