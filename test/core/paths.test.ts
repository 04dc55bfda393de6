// How paths are read: protected as widely as any server might read them, exempted as narrowly. The servers that are simulated
// here share no line with the code.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Exemption } from '../../queue-core/exemption.ts';
import {
  encodePath,
  exempts,
  isPlainPath,
  PATH_CHARS_MAX,
  protecting,
  protects,
  type ReadPath,
  readPath,
} from '../../queue-core/paths.ts';

/** Pieces of raw request targets that some server treats specially, in any order. */
const PIECES = [
  ...['/', '//', '/.', '/..', '/./', '/../', '..', '.', ';', ';a=b', '\\', '%2f', '%2F', '%5c', '%2e', '%2E%2e'],
  ...['%252e', '%252f', '%255c', '%25', '%2525', '%20', '%3b', '%3B', '%3f', '%23', '%2500', '%00', '%7e', '~', '%'],
  ...['%zz', ' ', '?', '#', '\t', '\u0000', 'é', '%c3%a9', '%ff', '%e2%84%aa', 'x', 'book', 'Book', '%62ook', '%4200k'],
  ...[
    'static',
    '.js',
    ':',
    '@',
    '+',
    '%2b',
    '%c2%a0',
    '%e3%80%80',
    '.php',
    '/index.php',
    '(S(x))',
    '::$DATA',
    '%c0%af',
  ],
  ...['%25c0%25ae', '%25u002f', '%cc%81', '%c2%ad'],
];
const rawPath = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary-ascii', maxLength: 40 }).map((text) => `/${text}`),
);

const read = (raw: string): ReadPath => {
  const result = readPath(raw);
  if (result.kind === 'doubtful') throw new Error(`${raw} is doubtful: ${result.doubt}`);
  return result.path;
};

const readable = <T extends string>(paths: fc.Arbitrary<T>) =>
  paths.filter((raw) => readPath(raw).kind === 'path').map(read);
const anyPath = readable(rawPath);

const RUNS = { numRuns: 3_000 };

describe('a path', () => {
  test('is kept as it was sent', () => {
    for (const raw of [
      '/api/v4/projects/a%2Fb',
      '/wiki/AC%2FDC',
      '/img/https://x/a.png',
      '//a///b',
      '/%7Euser/%c3%a9',
      '/a;b',
    ]) {
      expect(read(raw).sent).toBe(raw);
    }
  });

  test('is absolute, printable, and has no control characters, whatever a client sends', () => {
    fc.assert(
      fc.property(anyPath, ({ sent, readings }) => {
        expect(sent).toMatch(/^\/[!-~]*$/);
        expect(sent).not.toMatch(/[\\#?]|%(?![0-9a-f]{2})|%[01]|%7f/i);
        expect(readings[0]).toBe(sent.toUpperCase().toLowerCase());
      }),
      RUNS,
    );
  });

  test.each([
    ['', 'notAbsolute'],
    ['*', 'notAbsolute'],
    ['book', 'notAbsolute'],
    ['http://site.test/book', 'notAbsolute'],
    ['/x\\..\\book', 'forbiddenCharacter'],
    ['/a b', 'forbiddenCharacter'],
    ['/a\tb', 'forbiddenCharacter'],
    ['/a\u0000', 'forbiddenCharacter'],
    ['/é', 'forbiddenCharacter'],
    ['/a#b', 'forbiddenCharacter'],
    ['/a?b', 'forbiddenCharacter'],
    ['/%', 'badPercentEncoding'],
    ['/%2', 'badPercentEncoding'],
    ['/%zz', 'badPercentEncoding'],
    ['/%u0062ook', 'badPercentEncoding'],
    ['/book%00', 'encodedControl'],
    ['/book%0d%0a', 'encodedControl'],
    ['/book%09', 'encodedControl'],
    ['/book%7f', 'encodedControl'],
    ['/x%c0%af..%c0%afbook', 'overlongEncoding'],
    ['/%C1%A2ook', 'overlongEncoding'],
    ['/x%e0%80%afbook', 'overlongEncoding'],
    ['/x%f0%80%80%afbook', 'overlongEncoding'],
    ['/..', 'aboveRoot'],
    ['/../book', 'aboveRoot'],
    ['/x/%2e%2e/%2E%2E/book', 'aboveRoot'],
    ['//../book', 'aboveRoot'],
    [`/${'a'.repeat(PATH_CHARS_MAX)}`, 'tooLong'],
    ['/x%252e%252e%252f%255c;a+b.%2520/c%E2%84%AA//d/..;/e', 'tooManyReadings'],
  ])('%j is doubtful: %s', (raw, doubt) => {
    expect(readPath(raw)).toEqual({ kind: 'doubtful', doubt });
  });

  test('of ordinary sites has few readings', () => {
    for (const raw of [
      '/img/rs:fit:300/plain/https%3A%2F%2Fx.com%2Fa+b;v=1.png',
      '/%EB%B0%B1%EC%8B%A0/%EC%98%88%EC%95%BD;jsessionid=0A1B/%EB%AA%A9%EB%A1%9D.do',
      `/${'segment-1.2/'.repeat(300)}`,
    ]) {
      expect(read(raw).readings.length).toBeLessThan(40);
    }
  });

  test('of any characters is read with bounded work', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { minLength: 200, maxLength: 1_500 }), (pieces) => {
        const result = readPath(`/${pieces.join('')}`.slice(0, PATH_CHARS_MAX));
        if (result.kind === 'doubtful') return;
        expect(result.path.readings.length).toBeLessThanOrEqual(300);
        expect(result.path.readings.join('').length).toBeLessThanOrEqual(256 * 1_024);
      }),
      { numRuns: 200 },
    );
  });
});

/** What servers and frameworks are known to do to a path, one by one. */
const HABITS: Record<string, (path: string) => string> = {
  decodesAgain: (path) =>
    path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  decodesAsUtf8: (path) => {
    try {
      return decodeURIComponent(path);
    } catch {
      return path; // URIError: such a server responds with 400
    }
  },
  decodesForms: (path) => path.replace(/\+/g, ' '),
  readsBackslashes: (path) => path.replaceAll('\\', '/'),
  mergesSlashes: (path) => path.replace(/\/+/g, '/'),
  cutsParameters: (path) =>
    path
      .split('/')
      .map((segment) => segment.split(';')[0])
      .join('/'),
  dropsTrailingDots: (path) =>
    path
      .split('/')
      .map((segment) => (/^\.{1,2}$/.test(segment) ? segment : segment.replace(/[. ]+$/, '')))
      .join('/'),
  trimsSpaces: (path) =>
    path
      .split('/')
      .map((segment) => segment.trim())
      .join('/'),
  endsAtNul: (path) => path.split('\u0000')[0] ?? '',
  endsAtQuery: (path) => path.split(/[?#]/)[0] ?? '',
  resolvesDots: (path) => {
    const resolved: string[] = [];
    for (const segment of path.split('/').slice(1)) {
      if (segment === '..') resolved.pop();
      else if (segment !== '.') resolved.push(segment);
    }
    return `/${resolved.join('/')}`;
  },
  parsesAsAddress: (path) => (path.startsWith('//') ? `/${path.split('/').slice(3).join('/')}` : path),
  foldsCase: (path) => path.toLowerCase(),
  foldsWidth: (path) => path.normalize('NFKC'),
  composes: (path) => path.normalize('NFC'),
  dropsSession: (path) => path.replace(/^\/\([A-Z]\(\w*\)\)/, ''),
  // A location without a slash at its end, whose folder has one.
  joinsFolder: (path) => path.replace(/^\/([^/]*[^/.])\.\.(\/|$)/, '/$1/..$2'),
  cutsScriptName: (path) => (path.startsWith('/index.php') ? `/${path.slice('/index.php'.length)}` : path),
  dropsStream: (path) => path.replace(/::\$DATA$/i, ''),
};

/** What whole servers do, in their order. */
const SERVERS: Record<string, string[]> = {
  nginx: ['decodesAgain', 'mergesSlashes', 'resolvesDots'],
  nginxBeforePhp: ['decodesAgain', 'mergesSlashes', 'resolvesDots', 'decodesAsUtf8'],
  apache: ['mergesSlashes', 'resolvesDots', 'decodesAsUtf8', 'mergesSlashes', 'resolvesDots'],
  express: ['decodesAsUtf8', 'foldsCase'],
  nodeWithUrl: ['parsesAsAddress', 'resolvesDots', 'decodesAsUtf8'],
  gunicorn: ['parsesAsAddress', 'decodesAgain', 'mergesSlashes'],
  tomcat: ['cutsParameters', 'decodesAsUtf8', 'readsBackslashes', 'mergesSlashes', 'resolvesDots'],
  springOnTomcat: ['cutsParameters', 'decodesAsUtf8', 'mergesSlashes', 'resolvesDots', 'cutsParameters', 'trimsSpaces'],
  iis: ['decodesAgain', 'readsBackslashes', 'resolvesDots', 'dropsTrailingDots', 'dropsStream', 'foldsCase'],
  aspNet: ['decodesAsUtf8', 'dropsSession', 'readsBackslashes', 'resolvesDots', 'dropsTrailingDots', 'foldsCase'],
  nginxWithAlias: ['decodesAgain', 'mergesSlashes', 'resolvesDots', 'joinsFolder', 'resolvesDots'],
  codeIgniter: ['cutsScriptName', 'mergesSlashes', 'decodesAsUtf8'],
  nginxThenTomcat: ['decodesAgain', 'mergesSlashes', 'resolvesDots', 'cutsParameters', 'decodesAsUtf8', 'resolvesDots'],
};

/** No known server decodes more than three times; the other habits come in any order. */
const habits = fc.oneof(
  fc.constantFrom(...Object.values(SERVERS)),
  fc
    .array(fc.constantFrom(...Object.keys(HABITS)), { minLength: 1, maxLength: 7 })
    .filter((names) => names.filter((name) => /^decodes(Again|AsUtf8)/.test(name)).length <= 3),
);

function readBy(names: string[], path: string): string {
  return names.reduce((reading, name) => HABITS[name]?.(reading) ?? reading, path);
}

const isUnder = (prefix: string, path: string) => path === prefix || path.startsWith(`${prefix}/`);

/** `/book` in disguises that the habits above undo. */
const disguised = readable(
  fc
    .array(
      fc.constantFrom<(path: string) => string>(
        (path) => path.replace('b', '%62'),
        (path) => path.replace(/[a-z](?!.*%)/, (letter) => `%25${letter.charCodeAt(0).toString(16)}`),
        (path) => path.replaceAll('%', '%25'),
        (path) => path.toUpperCase(),
        (path) => path.replace(/\/(?=[^/]*$)/, '//'),
        (path) => `/x/..${path}`,
        (path) => `/x/%252e%252e${path}`,
        (path) => `/x/%252e%252e/%252e%252e${path}`,
        (path) => `/x;y/..;z${path}`,
        (path) => `/x%252f..${path}`,
        (path) => `/x%2f..${path}`,
        (path) => `/x%5c..%5c${path.slice(1)}`,
        (path) => `/x%255c..%255c${path.slice(1)}`,
        (path) => `//host${path}`,
        (path) => `/x..${path}`,
        (path) => `/x%2e.${path}`,
        (path) => `/index.php${path}`,
        (path) => `/index.php${path.slice(1)}`,
        (path) => `/(S(x))${path}`,
        (path) => `${path}::$DATA`,
        (path) => `${path}+`,
        (path) => `${path}%C2%A0`,
        (path) => `${path}%E3%80%80/x`,
        (path) => `${path};a=b`,
        (path) => `${path}%3ba=b`,
        (path) => `${path}.`,
        (path) => `${path}%20`,
        (path) => `${path}%2500.js`,
        (path) => `${path}%3fx.js`,
        (path) => `${path}/`,
        (path) => `${path}/x.js`,
        (path) => path.replace('k', '%E2%84%AA'),
        (path) => path.replace('b', '%EF%BD%82'),
      ),
      { maxLength: 4 },
    )
    .map((disguises) => disguises.reduce((path, disguise) => disguise(path), '/book')),
);

describe('protection', () => {
  test('a prefix protects every path that some server reads as one under it', () => {
    fc.assert(
      fc.property(fc.oneof(disguised, anyPath), habits, (path, names) => {
        if (isUnder('/book', readBy(names, path.sent))) expect(protects(['/book'], path)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  test('a Korean prefix protects whatever bytes stand around its own, and however often each is encoded', () => {
    const encoded = (byte: number, times: number) => `%${'25'.repeat(times - 1)}${byte.toString(16).padStart(2, '0')}`;
    const noUtf8 = fc.constantFrom(0x80, 0xbf, 0xc3, 0xec, 0xed, 0xf5, 0xfe, 0xff);
    const times = fc.integer({ min: 1, max: 3 });
    const byteOf = (byte: number) => times.map((each) => encoded(byte, each));
    const disguisedSegment = fc.tuple(...[...Buffer.from('예약')].map(byteOf)).map((bytes) => bytes.join(''));
    const behind = fc
      .array(
        fc.oneof(
          fc.tuple(noUtf8, times).map(([byte, each]) => encoded(byte, each)),
          fc.constantFrom('x', '/', ';a'),
        ),
        {
          maxLength: 4,
        },
      )
      .map((pieces) => pieces.join(''));
    const [replaces, drops] = [(text: string) => text, (text: string) => text.replaceAll('\ufffd', '')];
    fc.assert(
      fc.property(
        disguisedSegment,
        behind,
        fc.constantFrom('/', ''),
        fc.constantFrom(replaces, drops),
        (name, rest, slash, read) => {
          const result = readPath(`/${name}${slash}${rest}`);
          if (result.kind === 'doubtful') return;
          let bytes = result.path.sent;
          for (let decoded = 0; decoded < 3; decoded++) bytes = readBy(['decodesAgain'], bytes);
          // Whether a server drops what is no UTF-8, replaces it, or compares bytes.
          const reading = readBy(['cutsParameters'], read(Buffer.from(bytes, 'latin1').toString('utf8')));
          if (isUnder('/예약', reading)) expect(protects(['/예약'], result.path)).toBe(true);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  test('the disguises are ones that servers undo', () => {
    const undone = fc.sample(disguised, { numRuns: 500, seed: 1 }).filter(({ sent }) => {
      return Object.values(SERVERS).some((names) => isUnder('/book', readBy(names, sent).toLowerCase()));
    });
    expect(undone.length).toBeGreaterThan(200);
  });

  test('a prefix protects what a server runs for a path behind the name of a script', () => {
    const segment = fc.constantFrom('a', 'app', 'index.php', 'x.y', 'v1.2', 'book', 'b%6fok', '..', 'x;y');
    const segments = fc.array(segment, { maxLength: 5 });
    fc.assert(
      fc.property(segments, segments, (before, behind) => {
        const raw = `/${[...before, 'run.cgi', ...behind].join('/')}`;
        const result = readPath(raw);
        if (result.kind === 'doubtful') return;
        const pathInfo = readBy(['decodesAgain', 'cutsParameters', 'resolvesDots'], `/${behind.join('/')}`);
        if (isUnder('/app/book', pathInfo)) expect(protects(['/app/book'], result.path)).toBe(true);
        if (isUnder('/book', pathInfo)) expect(protects(['/book'], result.path)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    ...[
      '/book',
      '/book/',
      '/BOOK',
      '/book/now',
      '/book;a=b',
      '/book;/x',
      '/book.',
      '/book%20',
      '/book%3Bx',
      '/book%3Fx',
    ],
    ...['/%2562ook', '/x/%252e%252e/book', '/x/%252e%252e/%252e%252e/book', '/x;y/..;z/book', '/book.;x', '/book;x.'],
    ...['/x%252F..%252Fbook', '/x%255C..%255Cbook', '/book%2500.jpg', '/boo%E2%84%AA', '/%EF%BD%82ook', '/book.json'],
    ...[
      '/book.html',
      '/book.;jsessionid=1',
      '/x/..%20/book',
      '/book%20/x',
      '/%62ook',
      '//book',
      '/./book',
      '/x/../book',
    ],
    ...['/x%2F..%2Fbook', '/%2Fbook', '/x%5C..%5Cbook', '/x/..;/book', '/index.php/book', '/index.php/app/book'],
    ...[
      '/bo%2509ok',
      '/%2500book',
      '/index.php/x/../book',
      '/a/index.php/../../book',
      '/book.a.b',
      '/book.json/x',
      '/book+',
      '/book%2B',
      '/book%C2%A0',
    ],
    ...['/book%E3%80%80', '/book%E2%80%83', '/%20book', '/(S(abc))/book', '/(A(x)F(y))/book', '/book::$DATA'],
    ...['/static../book', '/static..%2fbook', '/static%2e%2e/book', '/x/static..;a/../book', '/index.phpbook'],
    ...['/x/../index.phpBook/x', '/book/%ff', '/%ff/../book', '/%ff/%2e%2e/book', '/b%ffook', '/index.php%62ook'],
    ...['/book:$i30:$INDEX_ALLOCATION', '/%25u0062ook', '/x%25c0%25afbook/../book', '/%25c1%25a2ook', '//host/book'],
    ...['///host/book', '/b%C3%B3ok', '/bo%C2%ADok', '/x%E2%88%95..%E2%88%95book', '/%25c0%25ae%25c0%25ae/book'],
  ])('/book protects %s', (raw) => {
    expect(protects(['/book'], read(raw))).toBe(true);
  });

  test.each([
    ...[
      '/',
      '/bookshop',
      '/notebook',
      '/x/book',
      '/boo',
      '/book-list',
      '/a.book',
      '/%EA%B0%80',
      '/x%2Fbook',
      '/v1.2/x',
    ],
    ...[
      '/api/v4/projects/a%2Fb',
      '/img/https://x/a.png',
      '/a+b',
      '/a.b/bookshop',
      '/bookshop.html/x',
      '/x:book',
      '//x/y/book',
    ],
  ])('/book does not protect %s', (raw) => {
    expect(protects(['/book'], read(raw))).toBe(false);
  });

  test('a path behind the name of a script has dot segments of its own', () => {
    expect(protects(['/app/book'], read('/a/b/run.cgi/../app/x/../book'))).toBe(true);
  });

  test('a protected file is protected under its name without an extension, which servers negotiate', () => {
    for (const raw of ['/book.php', '/book', '/book/x', '/book.php/x', '/book.php.bak']) {
      expect(protects(['/book.php'], read(raw))).toBe(true);
    }
    for (const raw of ['/book.css', '/books']) expect(protects(['/book.php'], read(raw))).toBe(false);
  });

  test('the root protects every path', () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        expect(protects(['/'], path)).toBe(true);
      }),
      RUNS,
    );
  });

  const hangul = ['/예약', '/예약/백신', '/사전 예약'.replace(' ', '-'), '/ａ가'];
  test.each(hangul)('%s protects its percent-encoded forms in either case, composed and decomposed', (prefix) => {
    for (const form of ['NFC', 'NFD'] as const) {
      for (const encoded of [encodeURI(prefix.normalize(form)), encodeURI(prefix.normalize(form)).toLowerCase()]) {
        for (const named of [prefix, prefix.normalize('NFD')]) {
          expect(protects([named], read(encoded))).toBe(true);
          expect(protects([named], read(`${encoded}/x`))).toBe(true);
          expect(protects([named], read(`/x/..${encoded};y`))).toBe(true);
          expect(protects([named], read(`${encoded}%EA%B0%80`))).toBe(false);
          // Bytes that are no UTF-8 stop no server from reading those around them.
          for (const end of ['/%ff', '/%80', '/x/%EC', '%ff', ';%C3']) {
            expect(protects([named], read(encoded + end))).toBe(true);
          }
          expect(protects([named], read(`/x%ff/..${encoded}`))).toBe(true);
          expect(protects([named], read(encoded.replace('%', '%25')))).toBe(true);
        }
      }
    }
  });
});

interface Candidate {
  id: string;
  paths: string[];
}

describe('several candidates', () => {
  const idsOf = (tiers: Candidate[][], raw: string) =>
    protecting(tiers, ({ paths }) => paths, read(raw)).map(({ id }) => id);
  const site = { id: 'site', paths: ['/'] };
  const early = { id: 'early', paths: ['/concert-early'] };
  const vip = { id: 'vip', paths: ['/vip', '/concert-early/vip'] };
  const everywhere = { id: 'everywhere', paths: ['/admin', '/vip'] };

  test('the longest prefix decides for one reading', () => {
    expect(idsOf([[site, early, vip], []], '/x')).toEqual(['site']);
    expect(idsOf([[site, early, vip], []], '/concert-early/x')).toEqual(['early']);
    expect(idsOf([[site, early, vip], []], '/concert-early/vip/x')).toEqual(['vip']);
  });

  test('a path that servers read differently touches every candidate, the one of the path as sent first', () => {
    expect(idsOf([[early, vip], []], '/concert-early/..;/vip')).toEqual(['early', 'vip']);
    expect(idsOf([[early, vip], []], '/vip/%2e%2e%2fconcert-early')).toEqual(['vip', 'early']);
    expect(idsOf([[early, vip], []], '/concert-early/a.php/vip')).toEqual(['early', 'vip']);
    expect(idsOf([[site, vip], []], '/vip;x')).toEqual(['site', 'vip']);
  });

  test('a path that is spelled as browsers send it belongs to the room that people read it as, also inside another one', () => {
    const words = fc.array(fc.constantFrom('예약', '신청', 'réserver', '予約', 'a b', 'seats', '1+1', 'ß'), {
      maxLength: 3,
    });
    const inner = { id: 'inner', paths: ['/예약', '/concert/réserver'] };
    const outer = { id: 'outer', paths: ['/', '/concert'] };
    fc.assert(
      fc.property(
        words,
        fc.constantFrom(...inner.paths),
        fc.boolean(),
        fc.constantFrom('NFC', 'NFD'),
        (rest, path, lower, form) => {
          const spelled = encodeURI([path, ...rest].join('/').normalize(form));
          const sent = lower ? spelled.replace(/%[0-9A-F]{2}/g, (triplet) => triplet.toLowerCase()) : spelled;
          expect(idsOf([[outer, inner], []], sent)).toEqual(['inner']);
          expect(idsOf([[inner], [outer]], sent)).toEqual(['inner']);
        },
      ),
    );
    for (const odd of ['/예약;x', '/예약/..%2fx', '/예약.json', '/x/..;/예약', '/index.php/예약', '/예약/%ff']) {
      const sent = odd.replace(/[^!-~]+/g, encodeURI);
      expect(idsOf([[outer, inner], []], sent).toSorted(), odd).toEqual(['inner', 'outer']);
    }
  });

  test('behind the name of a script, every candidate counts whose path may begin there', () => {
    const book = { id: 'book', paths: ['/book'] };
    const nested = { id: 'nested', paths: ['/a/b'] };
    expect(idsOf([[book, nested], []], '/index.php/book/a/b')).toEqual(['book', 'nested']);
    expect(idsOf([[book, nested], []], '/index.php/a/b/book')).toEqual(['book', 'nested']);
    expect(idsOf([[book, nested], []], '/index.php/a/b/x')).toEqual(['nested']);
    expect(idsOf([[book, nested], []], `/index.php${'/a/b'.repeat(40)}${'/book'.repeat(40)}`)).toEqual([
      'book',
      'nested',
    ]);
    const above = { id: 'above', paths: ['/a'] };
    expect(idsOf([[above, nested], []], '/a.php/b')).toEqual(['above', 'nested']);
    expect(idsOf([[above, nested], []], '/index.php/a/b')).toEqual(['nested']);
  });

  test('a candidate of a later tier counts where none of an earlier one protects the reading', () => {
    expect(idsOf([[early], [everywhere]], '/admin')).toEqual(['everywhere']);
    expect(idsOf([[vip], [everywhere]], '/vip')).toEqual(['vip']);
    expect(idsOf([[early], [everywhere]], '/concert-early/..;/vip')).toEqual(['early', 'everywhere']);
    expect(idsOf([[early], [everywhere]], '/news')).toEqual([]);
  });

  test('no order of candidates leaves out one that a server’s reading touches', () => {
    fc.assert(
      fc.property(fc.oneof(disguised, anyPath), habits, fc.boolean(), (path, names, swapped) => {
        const rooms = [
          { id: 'book', paths: ['/book'] },
          { id: 'x', paths: ['/x'] },
        ];
        const found = protecting([swapped ? rooms.toReversed() : rooms], ({ paths }) => paths, path).map(
          ({ id }) => id,
        );
        for (const {
          id,
          paths: [prefix = ''],
        } of rooms) {
          if (isUnder(prefix, readBy(names, path.sent))) expect(found).toContain(id);
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

const forReading = (path: string): Exemption => ({ path, match: 'prefix', methods: ['GET', 'HEAD'] });
const exemptsGet = (paths: string[], raw: string) => exempts(paths.map(forReading), 'GET', read(raw));

describe('exemption', () => {
  test('a path is exempt only where every server reads it under the exempt prefix', () => {
    const underStatic = readable(
      fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => `/static/${pieces.join('')}`),
    );
    fc.assert(
      fc.property(fc.oneof(underStatic, anyPath), habits, (path, names) => {
        if (!exempts([forReading('/static')], 'GET', path)) return;
        const reading = readBy(names, path.sent);
        expect(isUnder('/static', reading)).toBe(true);
        // A script behind the prefix could run what stands behind its name.
        expect(reading).not.toMatch(/\/[^/]+\.[a-z][^/]*\//i);
      }),
      { numRuns: 20_000 },
    );
  });

  test('a path is exempt only in the spelling of browsers: routers that do not decode tell others apart', () => {
    for (const raw of ['/%73tatic/x', '/stati%63', '/static%2Fx', '/static%2e/x']) {
      expect(exemptsGet(['/static'], raw)).toBe(false);
    }
    expect(exemptsGet(['/static'], '/static/%73')).toBe(true);
    expect(exemptsGet(['/static'], '/static/run.phpbook')).toBe(false);
  });

  test('the end of a path never exempts it', () => {
    for (const raw of ['/book/x.js', '/book.js', '/book;x.js', '/book/static', '/book/static/x.js', '/staticx/a.js']) {
      expect(exemptsGet(['/static', '/x.js'], raw)).toBe(false);
    }
  });

  test('an exempt file and everything under an exempt folder are exempt, in the spelling of browsers', () => {
    for (const raw of [
      ...['/static/app.js', '/static', '/static/', '/static/a/b.png', '/robots.txt', '/static/100%25.png'],
      ...['/static/jquery-3.6.0/jquery.js', '/static/a%2Fb', '/static//x', '/static/a+b.png', '/static/;v=1'],
    ]) {
      expect(exemptsGet(['/static', '/robots.txt'], raw)).toBe(true);
    }
    for (const raw of [
      '/Static/x',
      '/static/../book',
      '/static/%2e%2e/book',
      '/static/..;/book',
      '/static%2Fx',
      '/static;x/y',
      '/%73tatic/x',
      '/static%2e',
    ]) {
      expect(exemptsGet(['/static'], raw)).toBe(false);
    }
  });

  test('a script under an exempt prefix does not exempt what stands behind its name, unless the exemption names it', () => {
    expect(exemptsGet(['/static'], '/static/index.php/book')).toBe(false);
    expect(exemptsGet(['/api/hook.php'], '/api/hook.php/x')).toBe(true);
    expect(exemptsGet(['/api/hook.php'], '/api/hook.php/index.php/book')).toBe(false);
  });

  test('is for the methods that it names, in their own case', () => {
    const hook: Exemption = { path: '/hook', match: 'exact', methods: ['POST', 'OPTIONS'] };
    expect(
      ['POST', 'OPTIONS', 'GET', 'HEAD', 'PUT', 'post'].filter((method) => exempts([hook], method, read('/hook'))),
    ).toEqual(['POST', 'OPTIONS']);
  });

  test('an exact one is for one path, letter for letter', () => {
    const hook: Exemption = { path: '/hook', match: 'exact', methods: ['POST'] };
    const covered = ['/hook', '/hoo%6b', '/hook/', '/hook/x', '/Hook', '/hook;x', '/hook.json', '/x/../hook', '//hook'];
    expect(covered.filter((raw) => exempts([hook], 'POST', read(raw)))).toEqual(['/hook']);
  });

  test('a Korean one is for its encoded form, and for no letter that only resembles it', () => {
    const paths = ['/예약/안내', '/café'];
    expect(exemptsGet(paths, encodeURI('/예약/안내/1'))).toBe(true);
    expect(exemptsGet(paths, encodeURI('/예약/안내').toLowerCase())).toBe(true);
    expect(exemptsGet(paths, encodeURI('/예약/안내/../접수'))).toBe(false);
    expect(exemptsGet(paths, '/cafe')).toBe(false);
    expect(exemptsGet(paths, `${encodePath('/café')}/../cafe/x`)).toBe(false);
  });

  test('nothing that a client sends passes for the prefix of an exemption', () => {
    for (const marker of ['%ED%A0%80', '%25uD800', '%EE%80%80', '%ef%bf%bd']) {
      expect(exemptsGet(['/static'], `/static/../${marker}/book`)).toBe(false);
    }
  });
});

describe('the path of a room', () => {
  test.each([
    '/',
    '/book',
    '/book/',
    '/예약',
    '/예약'.normalize('NFD'),
    '/a-b_c~',
    '/x.html',
    '/.well-known',
    '/C++',
    '/a;b',
    '/🎫',
  ])('can be %s', (path) => {
    expect(isPlainPath(path)).toBe(true);
    expect(protects([path], read(encodePath(path)))).toBe(true);
  });

  test.each([
    '',
    'book',
    '/a//b',
    '//',
    '/a/../b',
    '/.',
    '/a b',
    '/%41',
    '/a?b',
    '/a#b',
    '/a\\b',
    '/a\u0000',
    '/a\ud800',
    '/a\u200b',
  ])('cannot be %j', (path) => {
    expect(isPlainPath(path)).toBe(false);
  });
});
