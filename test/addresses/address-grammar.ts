// Request targets in every spelling that some server might read as another one: paths of handlers, changed a few times by what
// servers, frameworks and attackers are known to do. The same seed gives the same addresses.

import fc from 'fast-check';
import { ROOM_CASES, type TriedAddress } from './room-cases.ts';
import { HANDLERS } from './site-handlers.ts';

const PATHS = Object.values(HANDLERS).map((path) => latin1(encodeURI(path)));

/** Deeper addresses of handlers, and files that serve them. */
const BELOW = ['', '', '', '', '/', '/x', '/index.php', '/index.html', '/x/y.js', '/app.css'];

const SLASHES = [
  ...[
    '//',
    '///',
    '/./',
    '/x/../',
    '/x/..;/',
    '/.;/',
    '/;/',
    '/;a=b/',
    ';a=b/',
    '%2f',
    '%2F',
    '%5c',
    '%5C',
    '\\',
    '%252f',
  ],
  ...[
    '%255c',
    '%25252f',
    '%c0%af',
    '%25c0%25af',
    '%e0%80%af',
    '%u002f',
    '%u2215',
    '%25u2215',
    '%e2%88%95',
    '%ef%bc%8f',
  ],
  ...[
    '%20/',
    '/%20',
    './',
    '/%2e/',
    '/%252e/',
    '/%2e%2e/',
    '/.../',
    '/%00/',
    '/%2500/',
    '/+/',
    '+/',
    '%09/',
    '/\t',
    '%e2%81%84',
  ],
  ...[
    '%2f%2f',
    '/%2f',
    '%2f/',
    '/%5c',
    '%5c/',
    '/x%2f..%2f',
    '/x%2f../',
    '/x/..%2f',
    '/x%5c..%5c',
    '/x/..%5c',
    '/x../',
    '%ef%bc%bc',
  ],
  ...[
    '/x/%2e%2e/',
    '/x/.%2e/',
    '/x/%252e%252e/',
    '/x/..%20/',
    '/x/..%09/',
    '/x/..%00/',
    '/x/..+/',
    '/x/.../',
    '/x/.%20./',
  ],
  ...[
    '/x/%2e%2e%3b/',
    '/x/..%3ba/',
    '/x/..;a=%2f/',
    '/x/.;/../',
    '/x/%c0%ae%c0%ae/',
    '/x/%e3%80%82%e3%80%82/',
    '/x.php/',
    '/x.y/../',
  ],
];

const BEFORE = [
  ...[
    '/x/..',
    '/x/..;',
    '/x/..;a',
    '/x%2f..',
    '/x%5c..',
    '/x/%2e%2e',
    '/x/%252e%252e',
    '/x/y/../..',
    '/static/..',
    '/static..',
  ],
  ...[
    '/static/..;',
    '/static/%2e%2e',
    '/static/..%2f',
    '/static%2f..',
    '/static/%252e%252e',
    '/static/%2e%2e%2f',
    '/static/..%5c',
  ],
  ...[
    '/static/x/../..',
    '/static/x/..%2f..',
    '/static//..',
    '/static/./..',
    '/static/;/..',
    '/static/.;/..;',
    '/static;/..',
  ],
  ...[
    '/static/%2e%2e;',
    '/static/..%3b',
    '/static/..%00',
    '/static/..%2500',
    '/static/%c0%ae%c0%ae',
    '/static/..%c0%af',
  ],
  ...[
    '/static/app.css/..',
    '/static/app.css/../..',
    '/static/app.css',
    '/static/index.php',
    '/static/run.php',
    '/static%3f/..',
  ],
  ...[
    '/assets..',
    '/assets/..',
    '/api..',
    '/api/..',
    '/api/..%2f',
    '/api/%2e%2e',
    '/files..',
    '/files/../..',
    '/api',
    '/files',
  ],
  ...[
    '/webhook/..',
    '/webhook/..;',
    '/webhook%2f..',
    '/webhook/%2e%2e',
    '/webhook..',
    '/webhook;/..',
    '/webhook%3f/..',
  ],
  ...[
    '/a/b/..',
    '/a/b/../..',
    '/a/b/..;',
    '/a/b/..;/..;',
    '/a/b/%2e%2e/%2e%2e',
    '/a/b/..%2f..',
    '/a/b%2f..%2f..',
    '/a/b',
  ],
  ...[
    '//host',
    '///host',
    '//host.test:80',
    '/%2fhost',
    '/\\host',
    '//',
    '/',
    '/.',
    '/./.',
    '/;x',
    '/.;',
    '/;',
    '/%20',
    '/+',
  ],
  ...[
    '/index.php',
    '/app.php',
    '/x.cgi',
    '/index.php/x/..',
    '/a/index.php',
    '/index.php;x',
    '/index.php%2f',
    '/INDEX.PHP',
  ],
  ...[
    '/apply.php',
    '/apply.php/..',
    '/apply',
    '/index',
    '/index.html',
    '/(S(x))',
    '/~user',
    '/@',
    '/:80',
    '/http://host',
    '/%68ost:',
  ],
  ...[
    '/..',
    '/%2e%2e',
    '/%2500',
    '/%3f',
    '/%23',
    '/%25',
    '/%EF%BB%BF',
    '/%E2%80%8B',
    '/%C2%AD',
    '/.well-known',
    '/en',
    '/x',
  ],
];

const SCRIPTS = ['', '', '/index.php', '/app.php', '/x/run.cgi', '/index.php/x', '/index.php;a', '/INDEX.PHP'];

const AFTER = [
  ...[
    '/',
    '//',
    '/x',
    '/.',
    '/..',
    '/./',
    '/x/..',
    '/x/../',
    '/../',
    '/;',
    '/..;',
    '/..;/',
    ';',
    ';a=b',
    ';a=b/c',
    ';/',
    '%3b',
    '%3ba',
  ],
  ...[
    '%3f',
    '%3fx',
    '%253f',
    '%23',
    '%2523',
    '#',
    '#x',
    '.',
    '..',
    '...',
    './',
    '%2e',
    '%2e/',
    '%252e',
    '%20',
    '%20/',
    '%2520',
    '+',
  ],
  ...[
    '+/',
    '%2b',
    '%00',
    '%2500',
    '%2500.js',
    '%00.css',
    '%09',
    '%0a',
    '%0d',
    '%0d%0a',
    '%250a',
    '\t',
    '\u00a0',
    '%c2%a0',
    '%e3%80%80',
  ],
  ...[
    '.json',
    '.html',
    '.php',
    '.PHP',
    '.php/x',
    '.html/x',
    '.var',
    '.en',
    '.bak',
    '.php5',
    '.jsp',
    '.do',
    '.action',
    '~',
    '%7e',
    '::$DATA',
  ],
  ...[
    ':x',
    ':',
    ',x',
    ',',
    '!',
    '=',
    '&',
    '%26',
    '|',
    '%7c',
    '^',
    '"',
    '%22',
    '<',
    '>',
    '{',
    '}',
    '`',
    "'",
    '(',
    ')',
    '[',
    ']',
    '*',
    '%2a',
  ],
  ...[
    '%',
    '%2',
    '%zz',
    '%25',
    '%2525',
    '%ff',
    '%fe%ff',
    '\u00ff',
    '%c3',
    '%cc%81',
    '%e2%80%8b',
    '%e2%80%8e',
    '%ef%bb%bf',
    '%ed%a0%80',
  ],
  ...[
    '/index.php',
    '/index.html',
    '/index.php/x',
    '/index',
    '/default.aspx',
    's',
    'shop',
    '-x',
    '_',
    'x/..',
    'x/../',
    '/static',
    '/webhook',
  ],
];

const QUERIES = [
  ...[
    '?',
    '?x',
    '?/book',
    '?a=/../book',
    '??',
    '?_method=DELETE',
    '?_method=PUT',
    '?%5fmethod=GET',
    '?.method=POST',
    '?x=1#y',
  ],
  ...['?/../book', '?%2f..%2fbook', '?\t', '?"<>', '?;_method=GET', '?x[_method]=GET', "?'"],
];

const METHODS = fc.oneof(
  { weight: 9, arbitrary: fc.constant('GET') },
  { weight: 3, arbitrary: fc.constant('POST') },
  { weight: 1, arbitrary: fc.constantFrom('PUT', 'PATCH', 'DELETE', 'OPTIONS') },
);

/** A path with something done to it, at a place that is a share of its length. */
type Change = (path: string) => string;

const at = fc.double({ min: 0, max: 0.999, noNaN: true });

/** Characters that a URL names without encoding, written as bytes. */
function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

const hex = (byte: number) => byte.toString(16).padStart(2, '0');
const overlong = (byte: number) => `%${hex(0xc0 | (byte >> 6))}%${hex(0x80 | (byte & 0x3f))}`;

/** Ways to write one character of ASCII. */
const SPELLINGS: readonly ((byte: number) => string)[] = [
  (byte) => `%${hex(byte)}`,
  (byte) => `%${hex(byte).toUpperCase()}`,
  (byte) => `%25${hex(byte)}`,
  (byte) => `%2525${hex(byte)}`,
  (byte) => `%%${hex(byte)}`,
  (byte) => `%25%${hex(byte)}`,
  (byte) => `%u00${hex(byte)}`,
  (byte) => `%25u00${hex(byte)}`,
  overlong,
  (byte) => overlong(byte).replaceAll('%', '%25'),
  // Full width letters.
  (byte) => encodeURIComponent(String.fromCharCode(0xfee0 + byte)),
  (byte) => String.fromCharCode(byte ^ 0x20),
  (byte) => `%${hex(byte ^ 0x20)}`,
  (byte) => `${String.fromCharCode(byte)}%cc%81`,
  (byte) => `${String.fromCharCode(byte)}%c2%ad`,
  (byte) => `${String.fromCharCode(byte)}%250a`,
  (byte) => String.fromCharCode(byte, byte),
  () => '',
];

/** Letters that others fold to. */
const FOLDED: Record<string, string> = {
  k: '%E2%84%AA',
  s: '%C5%BF',
  a: '%C3%A1',
  o: '%C3%B6',
  i: '%C4%B1',
  h: '%E1%BA%96',
};

const atSlash =
  (share: number, written: string): Change =>
  (path) => {
    const slashes = [...path.matchAll(/\//g)].map(({ index }) => index);
    const index = slashes[Math.floor(share * slashes.length)];
    return index === undefined ? path : path.slice(0, index) + written + path.slice(index + 1);
  };

const atCharacter =
  (share: number, spell: (byte: number) => string): Change =>
  (path) => {
    const index = Math.floor(share * path.length);
    return path.slice(0, index) + spell(path.charCodeAt(index)) + path.slice(index + 1);
  };

const inserted =
  (share: number, piece: string): Change =>
  (path) => {
    const index = Math.floor(share * (path.length + 1));
    return path.slice(0, index) + piece + path.slice(index);
  };

const EVERYWHERE: readonly Change[] = [
  // Only ASCII: another letter would be no byte any more.
  (path) => path.replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
  (path) => path.replaceAll('%', '%25'),
  (path) => path.replace(/%[0-9a-f]{2}/gi, (triplet) => triplet.toLowerCase()),
  (path) => path.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => recomposed(bytes, 'NFD')),
  (path) => path.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => recomposed(bytes, 'NFKD')),
  (path) => path.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
  (path) => path.replace(/[a-z]/gi, (letter) => `%${hex(letter.charCodeAt(0))}`),
  (path) => path.replace(/[ksaoih](?![0-9a-f])/i, (letter) => FOLDED[letter.toLowerCase()] ?? letter),
  (path) => path.replaceAll('/', '%2f').replace('%2f', '/'),
  (path) => path.replaceAll('/', '//'),
  (path) => path.replaceAll('..', '%2e%2e'),
];

/** Percent-encoded Korean in another form of the same letters. */
function recomposed(bytes: string, form: 'NFD' | 'NFKD'): string {
  try {
    return encodeURIComponent(decodeURIComponent(bytes).normalize(form));
  } catch {
    return bytes; // URIError: not UTF-8.
  }
}

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...BEFORE).map((piece) => (path: string) => piece + path) },
  { weight: 5, arbitrary: fc.constantFrom(...AFTER).map((piece) => (path: string) => path + piece) },
  { weight: 4, arbitrary: fc.tuple(at, fc.constantFrom(...SLASHES)).map(([share, text]) => atSlash(share, text)) },
  {
    weight: 4,
    arbitrary: fc.tuple(at, fc.constantFrom(...SPELLINGS)).map(([share, spell]) => atCharacter(share, spell)),
  },
  { weight: 2, arbitrary: fc.constantFrom(...EVERYWHERE) },
  {
    weight: 2,
    arbitrary: fc.tuple(at, fc.constantFrom(...SLASHES, ...AFTER)).map(([share, piece]) => inserted(share, piece)),
  },
  // Paths of two handlers, and either behind the name of a script.
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...SCRIPTS), fc.constantFrom(...PATHS), fc.boolean()).map(
      ([script, other, isFirst]): Change =>
        (path) =>
          script + (isFirst ? other + path : path + other),
    ),
  },
);

const pieces = fc
  .array(fc.constantFrom(...PATHS, ...SLASHES, ...AFTER, ...BEFORE), { minLength: 1, maxLength: 6 })
  .map((texts) => `/${texts.join('')}`);

const query = fc.oneof(
  { weight: 7, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom(...QUERIES) },
);

/** Addresses for one case: mostly near misses of what its rooms protect or exempt. */
const addressOf = ROOM_CASES.map(({ near }): fc.Arbitrary<TriedAddress> => {
  const path = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...near.map((each) => latin1(encodeURI(each)))) },
    { weight: 1, arbitrary: fc.constantFrom(...PATHS) },
  );
  const nearHandler = fc
    .tuple(path, fc.constantFrom(...BELOW), fc.array(change, { minLength: 1, maxLength: 5 }))
    .map(([base, below, changes]) => changes.reduce((changed, each) => each(changed), `${base}${below}`));
  const below = fc
    .tuple(path, fc.array(fc.constantFrom(...SLASHES, ...AFTER, ...BEFORE), { minLength: 1, maxLength: 4 }))
    .map(([base, texts]) => `${base}/${texts.join('')}`);
  return fc
    .tuple(
      METHODS,
      fc.oneof(
        { weight: 9, arbitrary: nearHandler },
        { weight: 3, arbitrary: below },
        { weight: 1, arbitrary: pieces },
      ),
      query,
    )
    .map(([method, raw, asked]) => ({ method, target: `${raw.startsWith('/') ? '' : '/'}${raw}${asked}` }));
});

/** Forms of a target that only the runtime reads, before the gate. */
const OTHER_FORMS: readonly ((target: string, host: string) => string)[] = [
  (target, host) => `http://${host}${target}`,
  (target, host) => `HTTP://${host.toUpperCase()}${target}`,
  (target, host) => `https://${host}:443${target}`,
  (target) => `http://elsewhere.test${target}`,
  (target, host) => `http://user@${host}${target}`,
  (target) => target.slice(1),
  (target) => `http:${target}`,
  (target) => `*${target}`,
  (target) => `?${target}`,
  (target) => `\\${target}`,
];

/** Addresses of a seed for the case with this number. */
export function addresses(index: number, seed: number, count: number): TriedAddress[] {
  return fc.sample(addressFor(index), { seed: seed + index, numRuns: count });
}

/** The same with targets in other than origin form among them. */
export function addressesInAnyForm(index: number, seed: number, count: number, host: string): TriedAddress[] {
  const form = fc.oneof(
    { weight: 5, arbitrary: fc.constant((target: string, _host: string) => target) },
    { weight: 1, arbitrary: fc.constantFrom(...OTHER_FORMS) },
  );
  const inAnyForm = fc
    .tuple(addressFor(index), form)
    .map(([{ method, target }, written]) => ({ method, target: written(target, host) }));
  return fc.sample(inAnyForm, { seed: seed + index, numRuns: count });
}

function addressFor(index: number): fc.Arbitrary<TriedAddress> {
  const found = addressOf[index];
  if (found === undefined) throw new RangeError(`There is no case ${index}.`);
  return found;
}
