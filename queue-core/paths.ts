// Which requests a room protects. The origin gets a path as it was sent, and servers read one path in many ways. So a path is
// protected if any reading of it is, and exempt only if every reading is. What is malformed in every reading is refused.

import type { Exemption } from './exemption.ts';
import { Kept } from './kept.ts';

/** Longer targets are refused: no page needs one, and some origins cut what they cannot hold. */
export const PATH_CHARS_MAX = 4_096;

/** How often a careless origin might decode a path; the readings follow it that far. */
const DECODINGS_MAX = 3;

/** An ordinary path has a handful of readings, a very odd one some dozens. A path with more is refused. */
const READINGS_MAX = 256;

/** Of all readings of a path together: bounds the work for a long path with many. */
const READINGS_CHARS_MAX = 128 * 1_024;

/** A prefix that stands more often behind the name of a script counts beside every other one. */
const PLACES_MAX = 16;

/** Prefixes that are kept in compiled form: those of a hundred rooms with ten each. */
const COMPILED_MAX = 1_024;

export type PathDoubt =
  | 'notAbsolute'
  | 'tooLong'
  | 'forbiddenCharacter'
  | 'badPercentEncoding'
  | 'encodedControl'
  | 'overlongEncoding'
  | 'aboveRoot'
  | 'tooManyReadings';

export interface ReadPath {
  /** As it stood in the request line. */
  sent: string;
  /** Every path that some server could read it as, letter case folded; the one as it was sent comes first. */
  readings: readonly string[];
}

export type PathResult = { kind: 'path'; path: ReadPath } | { kind: 'doubtful'; doubt: PathDoubt };

/** @param sent the path as it stood in the request line, without the query */
export function readPath(sent: string): PathResult {
  if (!sent.startsWith('/')) return doubtful('notAbsolute');
  if (sent.length > PATH_CHARS_MAX) return doubtful('tooLong');
  if (!/^[!-~]*$/.test(sent) || /[\\#?]/.test(sent)) return doubtful('forbiddenCharacter');
  if (/%(?![0-9A-Fa-f]{2})/.test(sent)) return doubtful('badPercentEncoding');
  if (/%(?:[01][0-9a-f]|7f)/i.test(sent)) return doubtful('encodedControl');
  if (OVERLONG_UTF8.test(decodedBytes(sent))) return doubtful('overlongEncoding');
  if (climbsAboveRoot(sent)) return doubtful('aboveRoot');
  const readings = readingsOf(sent);
  if (readings === null) return doubtful('tooManyReadings');
  return { kind: 'path', path: { sent, readings: [...new Set(readings.map(folded))] } };
}

/** Whether any reading of a path lies under one of the prefixes. */
export function protects(prefixes: readonly string[], path: ReadPath): boolean {
  return protecting([[prefixes]], (each) => each, path).length > 0;
}

/**
 * All candidates that protect a path in any reading. One reading, understood in one way, is decided by the first tier that
 * has a candidate for it, and there by the longest prefix.
 * @returns the candidate of the path as it was sent first
 */
export function protecting<C>(
  tiers: readonly (readonly C[])[],
  prefixesOf: (candidate: C) => readonly string[],
  { sent, readings }: ReadPath,
): C[] {
  const found = new Map<C, Set<string>>();
  for (const reading of readings) addProtecting(found, tiers, prefixesOf, reading);
  const plain = found.size > 1 ? plainReading(sent) : null;
  if (plain === null) return [...found.keys()];
  const own = new Map<C, Set<string>>();
  addProtecting(own, tiers, prefixesOf, plain);
  const inner = [...own.values()].flatMap((prefixes) => [...prefixes]);
  const isAround = (prefix: string) => inner.some((one) => isAncestor(prefix, one));
  return [...found].flatMap(([candidate, prefixes]) =>
    own.has(candidate) || ![...prefixes].every(isAround) ? [candidate] : [],
  );
}

/** Adds the candidates of one reading, each with the prefixes that it lies under. */
function addProtecting<C>(
  found: Map<C, Set<string>>,
  tiers: readonly (readonly C[])[],
  prefixesOf: (candidate: C) => readonly string[],
  reading: string,
): void {
  const afterScript = behindScript(reading);
  const decided = new Set<Way>();
  for (const tier of tiers) {
    const longest = new Map<Way, { candidate: C; prefix: string }>();
    for (const candidate of tier) {
      for (const prefix of prefixesOf(candidate)) {
        for (const way of waysUnder(compiled(prefix), reading, afterScript)) {
          if (!decided.has(way) && prefix.length > (longest.get(way)?.prefix.length ?? 0)) {
            longest.set(way, { candidate, prefix });
          }
        }
      }
    }
    for (const [way, { candidate, prefix }] of longest) {
      decided.add(way);
      const prefixes = found.get(candidate);
      if (prefixes === undefined) found.set(candidate, new Set([prefix]));
      else prefixes.add(prefix);
    }
  }
}

/**
 * What people read in a path that is spelled as browsers send it; null for any other spelling. Its other readings are those of
 * servers that do not decode it as UTF-8: they lead to what stands around the path, never into it.
 */
function plainReading(sent: string): string | null {
  if (!sent.includes('%')) return null;
  const path = withUtf8(decodedBytes(sent));
  if (/[%\\;\ufffd\p{C}]/u.test(path) || path.includes('//') || resolved(path) !== path) return null;
  return encodeURI(path) === inUpperCase(sent) ? folded(path.normalize('NFC')) : null;
}

/** Whether a path lies below a prefix; not the prefix itself. */
export function isAncestor(prefix: string, path: string): boolean {
  const stem = comparablePath(prefix);
  return stem === '/' ? comparablePath(path) !== '/' : comparablePath(path).startsWith(`${stem}/`);
}

/** Whether one of the exemptions covers a path, in every reading, for this method. */
export function exempts(exemptions: readonly Exemption[], method: string, { sent }: ReadPath): boolean {
  return exemptions.some(({ path, match, methods }) => {
    if (!methods.some((each) => each === method)) return false;
    if (match === 'exact') return inUpperCase(sent) === encodePath(path);
    const rest = restBelow(stemOf(encodePath(path)), sent);
    return rest !== null && (path === '/' || staysBelow(rest));
  });
}

/** A path as people write it, percent-encoded as browsers send it. */
export function encodePath(path: string): string {
  return encodeURI(path.normalize('NFC'));
}

/** Whether a room can name this path: absolute and as people write it, without encoding, empty segments and dot segments. */
export function isPlainPath(path: string): boolean {
  if (/[%\\#?\p{C}\p{Z}]/u.test(path) || path.includes('//')) return false;
  return readPath(encodePath(path)).kind === 'path' && resolved(path) === path;
}

/** Paths with one form protect the same: `/book` and `/Book/`, and a letter in one piece or composed. */
export function comparablePath(path: string): string {
  return folded(path.normalize('NFKC')).replace(/(?<=.)\/$/, '');
}

/**
 * How a reading lies under a prefix: by whole segments; apart from a format suffix (`/book.json`, `/app.php/book`); or
 * behind a segment that may be a script, whose rest some servers take for the path (`/index.php/book`, PATH_INFO). Where in
 * the rest that path begins is not known, nor whether what has a suffix is a script: these are ways of their own.
 */
type Way = 'segments' | `suffix ${string}` | `pathInfo ${string}`;

function waysUnder({ stem, suffixed, behind }: Compiled, reading: string, afterScript: string | null): Way[] {
  if (liesUnder(stem, reading)) return ['segments'];
  if (suffixed.test(reading)) return [`suffix ${stem}`];
  if (afterScript === null) return [];
  const resolvedRest = resolved(afterScript);
  const places = placesOf(behind, afterScript);
  const inResolved =
    resolvedRest === afterScript ? [] : placesOf(behind, resolvedRest).map((place) => `resolved ${place}`);
  return places.length + inResolved.length > PLACES_MAX
    ? [`pathInfo ${stem}`]
    : [...places, ...inResolved].map((place): Way => `pathInfo ${place}`);
}

/** Where a pattern is found, places within one that was found before included; one more than the bound at most. */
function placesOf(pattern: RegExp, path: string): number[] {
  const found: number[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(path); match !== null && found.length <= PLACES_MAX; match = pattern.exec(path)) {
    found.push(match.index);
    pattern.lastIndex = match.index + 1;
  }
  return found;
}

/** What stands behind the first segment with an extension; null: nothing. */
function behindScript(path: string): string | null {
  const dot = (from: number) => path.indexOf('.', from + 2);
  for (let start = 0, next = dot(0); next !== -1; ) {
    const end = path.indexOf('/', start + 1);
    if (end === -1) return null;
    if (next < end) return path.slice(end);
    start = end;
    if (next < start + 2) next = dot(start);
  }
  return null;
}

/** All in folded letters. */
interface Compiled {
  stem: string;
  suffixed: RegExp;
  /** At any slash: frameworks that find their own base path read any part of the rest. */
  behind: RegExp;
}

const SUFFIX = '(?:\\.[^/]*)?';

const compiledPrefixes = new Kept<Compiled>(COMPILED_MAX);

function compiled(prefix: string): Compiled {
  return compiledPrefixes.of(prefix, compile);
}

function compile(prefix: string): Compiled {
  const stem = stemOf(folded(prefix.normalize('NFKC')));
  // `/book` may run the script `/book.php`, and does in servers that negotiate content.
  const withoutExtension = stem.replace(/(?<=[^/])\.\p{L}[^/.]*$/u, '');
  const pattern = `(?:${patternOf(stem)}${SUFFIX}|${patternOf(withoutExtension)})(?:/|$)`;
  return { stem, suffixed: new RegExp(`^${pattern}`, 'u'), behind: new RegExp(pattern, 'gu') };
}

/** Each segment but the last may have a suffix. */
function patternOf(stem: string): string {
  const segments = stem.split('/').slice(1);
  return `/${segments.map((segment) => segment.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join(`${SUFFIX}/`)}`;
}

/** `/book` covers `/book` and `/book/…`, not `/bookshop`. @param stem without a slash at the end; empty: everything */
function liesUnder(stem: string, path: string): boolean {
  return path.startsWith(stem) && (path.length === stem.length || path[stem.length] === '/');
}

function stemOf(prefix: string): string {
  return prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
}

/** Upper case first: it joins letters that lower case leaves apart (dotless i, sharp s). */
function folded(text: string): string {
  return text.toUpperCase().toLowerCase();
}

/** What follows a stem; null where the path does not begin with it, in the letters of the stem. */
function restBelow(stem: string, sent: string): string | null {
  let end = 0;
  for (const _ of stem.split('/').slice(1)) {
    const slash = sent.indexOf('/', end + 1);
    end = slash === -1 ? sent.length : slash;
  }
  return inUpperCase(sent.slice(0, end)) === stem ? sent.slice(end) : null;
}

/** Stands for the path of an exemption; nothing that a request contains decodes to a lone surrogate. */
const EXEMPT_STEM = '/\ud800';

/** Whether what follows the path of an exemption stays below it in every reading. */
function staysBelow(rest: string): boolean {
  const readings = readingsOf(EXEMPT_STEM + rest);
  return readings?.every((reading) => liesUnder(EXEMPT_STEM, reading) && !hasScript(reading)) ?? false;
}

/**
 * A script under the exemption may serve any path that stands behind its name. An extension begins with a letter: folders
 * with versions in their names are no scripts.
 */
function hasScript(path: string): boolean {
  return path
    .split('/')
    .slice(0, -1)
    .some((segment) => /.\.\p{L}/u.test(segment));
}

/**
 * Percent-encoding in upper case: clients of some platforms write it in lower case. No other spelling counts: routers that do
 * not decode read `/%73tatic` as a path of its own, and send it to whatever takes all others.
 */
function inUpperCase(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (triplet) => triplet.toUpperCase());
}

/** What servers are known to do to a path, in any order. */
const HABITS: readonly ((path: string) => string)[] = [
  (path) => path.replaceAll('\\', '/'),
  (path) => path.replace(/\/{2,}/g, '/'),
  (path) => resolved(path),
  // A target that begins with two slashes is parsed as an address with a host (`new URL(target, base)`, urlsplit).
  (path) => path.replace(/^\/{2,}[^/]*/, '') || '/',
  // Parameters are cut off every segment (Java servlets).
  (path) => path.replace(/;[^/]*/g, ''),
  // A prefix without a slash at its end, replaced by a folder with one (`location /files { alias /srv/files/; }`).
  (path) => path.replace(/(?<=[^/.])\.\.(?=\/|$)/g, '/..'),
  // A front controller cuts its own name off, whatever follows (CodeIgniter: `/index.phpbook`).
  (path) => path.replace(/^.*?[^/]\.php(?=[^/])/is, '/'),
  // Trailing dots and spaces are dropped (Windows), or spaces at both ends.
  (path) => eachSegment(path, (segment) => (isDots(segment) ? segment : withoutEnds('', '. ', segment))),
  (path) => eachSegment(path, (segment) => withoutEnds(SPACES, SPACES, segment)),
  // Forms are decoded so, and some servers decode paths like forms.
  (path) => path.replaceAll('+', ' '),
  // What a decoded character says ends the path (a string in C, a target taken apart after decoding), or is left out.
  (path) => path.replace(/[\0\r\n?#].*$/s, ''),
  (path) => path.replace(/[\0\t\r\n]/g, ''),
  // Bytes of several decodings, together a letter.
  (path) => (UTF8_LETTER.test(path) ? withUtf8(path) : path),
  // Letters are compared by their compatibility forms, or by the letters that look most alike (Windows' best fit).
  (path) =>
    path
      .normalize('NFKC')
      .replace(/[\u2044\u2215]/g, '/')
      .replaceAll('\u2216', '\\'),
  (path) =>
    path
      .normalize('NFKD')
      .replace(/[\p{M}\p{Cf}\ufffd]/gu, '')
      .normalize('NFC'),
  // Sessions without cookies (ASP.NET) and streams of a file (NTFS).
  (path) => path.replace(/\/\((?:[A-Za-z]\([^()/]*\))+\)(?=\/|$)/g, ''),
  (path) => path.replace(/:[^/:]*:?\$[^/]*/g, ''),
  (path) => path.replace(OVERLONG_UTF8_ALL, (sequence) => String.fromCharCode(codePointOf(sequence))),
];

/** White space of any kind, at the ends of a segment. */
const SPACES =
  ' \t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff';

const DECODINGS: readonly ((path: string) => string)[] = [
  decodedBytes,
  // Servers that compare bytes, or that replace or drop those that are not UTF-8, read what stands around them.
  (path) => path.replace(/(?:%[0-9A-Fa-f]{2})+/g, (triplets) => withUtf8(decodedBytes(triplets))),
  // Of IIS. Nothing decodes to a surrogate.
  (path) => path.replace(/%u(?![dD][89a-fA-F])([0-9A-Fa-f]{4})/g, (_, hex: string) => characterOf(hex)),
];

/** Every path that some server could read this one as; null where there are too many. */
function readingsOf(path: string): string[] | null {
  const found = new Map([[path, 0]]);
  let chars = path.length;
  // A Map iterates over entries that are added meanwhile.
  for (const [reading, decodings] of found) {
    const next = HABITS.map((habit) => ({ result: habit(reading), needed: decodings }));
    if (decodings < DECODINGS_MAX && reading.includes('%')) {
      next.push(...DECODINGS.map((decode) => ({ result: decode(reading), needed: decodings + 1 })));
    }
    for (const { result, needed } of next) {
      const known = found.get(result);
      if (known !== undefined && known <= needed) continue;
      if (known === undefined) chars += result.length;
      found.delete(result);
      found.set(result, needed);
    }
    if (found.size > READINGS_MAX || chars > READINGS_CHARS_MAX) return null;
  }
  // One that was found again with fewer decodings has moved.
  return [path, ...[...found.keys()].filter((reading) => reading !== path)];
}

/** ASCII in two or three bytes, or three-byte characters in four: no valid UTF-8, and read by careless decoders. */
const OVERLONG_UTF8 = /[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]{2}/;
const OVERLONG_UTF8_ALL = new RegExp(OVERLONG_UTF8, 'g');

/** A letter in two to four bytes, and not half of a surrogate pair. */
const UTF8_LETTER =
  /[\xc2-\xdf][\x80-\xbf]|(?:\xe0[\xa0-\xbf]|\xed[\x80-\x9f]|[\xe1-\xec\xee\xef][\x80-\xbf])[\x80-\xbf]|(?:\xf0[\x90-\xbf]|\xf4[\x80-\x8f]|[\xf1-\xf3][\x80-\xbf])[\x80-\xbf]{2}/;
const UTF8_LETTERS_AND_REST = new RegExp(`${UTF8_LETTER.source}|[\\x80-\\xff]`, 'g');

/** Characters that stand for bytes decoded as UTF-8; bytes that are none become U+FFFD. */
function withUtf8(text: string): string {
  return text.replace(UTF8_LETTERS_AND_REST, (bytes) =>
    bytes.length === 1 ? '\ufffd' : String.fromCodePoint(codePointOf(bytes)),
  );
}

function codePointOf(sequence: string): number {
  const [first = 0, ...rest] = [...sequence].map((byte) => byte.charCodeAt(0));
  return rest.reduce((point, byte) => (point << 6) | (byte & 0x3f), first & (0x7f >> sequence.length));
}

/** Percent-encoding decoded once, each byte as one character. */
function decodedBytes(path: string): string {
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => characterOf(hex));
}

function characterOf(hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}

function eachSegment(path: string, change: (segment: string) => string): string {
  return path.split('/').map(change).join('/');
}

function isDots(segment: string): boolean {
  return segment === '.' || segment === '..';
}

/** As loops, because a pattern would take a long run of these characters again from each of them. */
function withoutEnds(atStart: string, atEnd: string, segment: string): string {
  let [start, end] = [0, segment.length];
  while (end > start && atEnd.includes(segment.charAt(end - 1))) end--;
  while (start < end && atStart.includes(segment.charAt(start))) start++;
  return segment.slice(start, end);
}

/** Dot segments removed (RFC 3986, 5.2.4); above the root there is nothing. */
function resolved(path: string): string {
  if (!path.includes('/.')) return path;
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  if (isDots(segments.at(-1) ?? '')) kept.push('');
  return `/${kept.join('/')}`;
}

/** Whether dot segments, encoded ones included, lead above the root: servers differ in what they make of it. */
function climbsAboveRoot(sent: string): boolean {
  let depth = 0;
  for (const segment of sent.replace(/%2e/gi, '.').split('/')) {
    if (segment === '..') depth--;
    else if (segment !== '' && segment !== '.') depth++;
    if (depth < 0) return true;
  }
  return false;
}

function doubtful(doubt: PathDoubt): PathResult {
  return { kind: 'doubtful', doubt };
}
