// How paths are read: normalised to one spelling, protected as widely as any origin might read them, exempted as narrowly.
// The careless origins that are simulated here share no line with the code.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exempts, normalisePath, PATH_CHARS_MAX, protectingLength, protects } from '../../queue-core/paths.ts';

/** Pieces of raw request targets that some server treats specially, in any order. */
const PIECES = [
  ...[
    '/',
    '//',
    '/.',
    '/..',
    '/./',
    '/../',
    '..',
    '.',
    ';',
    ';a=b',
    '\\',
    '%2f',
    '%2F',
    '%5c',
    '%2e',
    '%2E%2e',
    '%252e',
  ],
  ...[
    '%252f',
    '%255c',
    '%25',
    '%2525',
    '%20',
    '%3b',
    '%3B',
    '%3f',
    '%23',
    '%2500',
    '%00',
    '%7e',
    '~',
    '%',
    '%zz',
    ' ',
    '?',
  ],
  ...[
    '#',
    '\t',
    '\u0000',
    'é',
    '%c3%a9',
    '%ff',
    '%e2%84%aa',
    'x',
    'book',
    'Book',
    '%62ook',
    '%4200k',
    'static',
    '.js',
    ':',
    '@',
  ],
];
const rawPath = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary-ascii', maxLength: 40 }).map((text) => `/${text}`),
);

const normalPath = rawPath
  .map(normalisePath)
  .filter((normal) => normal.kind === 'path')
  .map(({ path }) => path);

const RUNS = { numRuns: 3_000 };

describe('normalised paths', () => {
  test('a normalised path is its own normal form', () => {
    fc.assert(
      fc.property(normalPath, (path) => {
        expect(normalisePath(path)).toEqual({ kind: 'path', path });
      }),
      RUNS,
    );
  });

  test('a normalised path is absolute and printable, without dot segments, empty segments and encoded unreserved characters', () => {
    fc.assert(
      fc.property(normalPath, (path) => {
        expect(path).toMatch(/^\/[!-~]*$/);
        expect(path).not.toMatch(/\/\.{0,2}(?=\/)|\/\.{1,2}$/);
        expect(path).not.toMatch(/[\\#?]/);
        for (const [, hex = ''] of path.matchAll(/%(..)/g)) {
          expect(hex).toMatch(/^[0-9A-F]{2}$/);
          expect(String.fromCharCode(Number.parseInt(hex, 16))).not.toMatch(/[A-Za-z0-9._~/\\-]/);
          expect(Number.parseInt(hex, 16)).toBeGreaterThanOrEqual(0x20);
        }
      }),
      RUNS,
    );
  });

  test('a normalised path is never longer than the requested one', () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        const normal = normalisePath(raw);
        if (normal.kind === 'path') expect(normal.path.length).toBeLessThanOrEqual(Math.max(1, raw.length));
      }),
      RUNS,
    );
  });

  test('a normalised path is what a URL parser makes of it, apart from encoded unreserved characters and empty segments', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('/', '.', '..', 'a', 'b', '%41', '%2e'), { maxLength: 12 }), (pieces) => {
        const raw = `/${pieces.join('/')}`.replace(/\/{2,}/g, '/');
        const normal = normalisePath(raw);
        if (normal.kind === 'doubtful') {
          expect(normal.doubt).toBe('aboveRoot');
          return;
        }
        const { pathname } = new URL(raw, 'http://site.test');
        expect(normal.path).toBe(pathname.replaceAll('%41', 'A'));
      }),
      RUNS,
    );
  });
});

describe('doubtful paths', () => {
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
    ['/x%2fbook', 'encodedSeparator'],
    ['/x%2Fbook', 'encodedSeparator'],
    ['/x%5cbook', 'encodedSeparator'],
    ['/book%00', 'encodedControl'],
    ['/book%0d%0a', 'encodedControl'],
    ['/book%7f', 'encodedControl'],
    ['/..', 'aboveRoot'],
    ['/../book', 'aboveRoot'],
    ['/x/%2e%2e/%2E%2E/book', 'aboveRoot'],
    [`/${'a'.repeat(PATH_CHARS_MAX)}`, 'tooLong'],
  ])('path %j is doubtful: %s', (raw, doubt) => {
    expect(normalisePath(raw)).toEqual({ kind: 'doubtful', doubt });
  });
});

/** What origins, proxies and frameworks are known to do to a path, one by one. */
const HABITS: Record<string, (path: string) => string> = {
  decodesAgain: (path) =>
    path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  decodesAsUtf8: (path) => {
    try {
      return decodeURIComponent(path);
    } catch {
      return path; // URIError: such an origin responds with 400
    }
  },
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
      .map((segment) => segment.trimEnd())
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
  foldsCase: (path) => path.toLowerCase(),
  foldsWidth: (path) => path.normalize('NFKC'),
};

/** No known origin decodes more than three times; the other habits come in any order. */
const habits = fc
  .array(fc.constantFrom(...Object.keys(HABITS)), { minLength: 1, maxLength: 7 })
  .filter((names) => names.filter((name) => name.startsWith('decodes')).length <= 3);

function readBy(names: string[], path: string): string {
  return names.reduce((reading, name) => HABITS[name]?.(reading) ?? reading, path);
}

const isUnder = (prefix: string, path: string) => path === prefix || path.startsWith(`${prefix}/`);

/** `/book` in disguises that the habits above undo. */
const disguised = fc
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
      (path) => `/x%255c..%255c${path.slice(1)}`,
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
    { maxLength: 5 },
  )
  .map((disguises) => disguises.reduce((path, disguise) => disguise(path), '/book'))
  .map(normalisePath)
  .filter((normal) => normal.kind === 'path')
  .map(({ path }) => path);

describe('protection', () => {
  test('a prefix protects every path that some origin reads as one under it', () => {
    fc.assert(
      fc.property(fc.oneof(disguised, normalPath), habits, (path, names) => {
        if (isUnder('/book', readBy(names, path))) expect(protects(['/book'], path)).toBe(true);
      }),
      { numRuns: 20_000 },
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
    ...['/book.html', '/book.;jsessionid=1', '/x/..%20/book', '/book%20/x'],
  ])('/book protects %s', (path) => {
    expect(normalisePath(path)).toEqual({ kind: 'path', path });
    expect(protects(['/book'], path)).toBe(true);
  });

  test.each(['/', '/bookshop', '/notebook', '/x/book', '/boo', '/book-list', '/a.book', '/%EA%B0%80'])(
    '/book does not protect %s',
    (path) => {
      expect(protects(['/book'], path)).toBe(false);
    },
  );

  test('the root protects every path', () => {
    fc.assert(
      fc.property(normalPath, (path) => {
        expect(protects(['/'], path)).toBe(true);
        expect(protectingLength(['/'], path)).toBe(1);
      }),
      RUNS,
    );
  });

  test('the longest prefix that protects a path decides', () => {
    fc.assert(
      fc.property(fc.oneof(disguised, normalPath), (path) => {
        const covered = ['/', '/book', '/book/x.js'].filter((prefix) => protects([prefix], path));
        expect(protectingLength(['/', '/book', '/book/x.js'], path)).toBe(covered.at(-1)?.length ?? -1);
      }),
      RUNS,
    );
  });
});

describe('exemption', () => {
  test('a path is exempt only where every origin reads it under the exempt prefix', () => {
    const underStatic = fc
      .array(fc.constantFrom(...PIECES), { maxLength: 8 })
      .map((pieces) => normalisePath(`/static/${pieces.join('')}`))
      .filter((normal) => normal.kind === 'path')
      .map(({ path }) => path);
    fc.assert(
      fc.property(fc.oneof(underStatic, normalPath), habits, (path, names) => {
        if (exempts(['/static'], path)) expect(isUnder('/static', readBy(names, path))).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  test('the end of a path never exempts it', () => {
    for (const path of ['/book/x.js', '/book.js', '/book;x.js', '/book/static', '/book/static/x.js', '/staticx/a.js']) {
      expect(exempts(['/static', '/x.js'], path)).toBe(false);
    }
  });

  test('an exempt file and everything under an exempt folder are exempt', () => {
    for (const path of [
      '/static/app.js',
      '/static',
      '/static/',
      '/static/a/b.png',
      '/robots.txt',
      '/static/100%25.png',
    ]) {
      expect(exempts(['/static', '/robots.txt'], path)).toBe(true);
    }
  });
});
