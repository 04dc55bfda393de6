// fast-check arbitraries for requests that no regular client sends: tokens, cookies, headers, addresses and bodies that are
// malformed, expired, foreign, tampered with, oversized or repeated. None of them carries a token that admits.

import fc from 'fast-check';
import { OPERATIONS, OPERATOR_PATH } from '../../worker/contract/operator-api.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';

export interface MalformedRequest {
  method: string;
  target: string;
  host: string;
  headers: Record<string, string | string[]>;
  body: string | null;
}

/** Genuine tokens of one room, which are sent corrupted, and tokens that are invalid there. */
export interface RoomTokens {
  room: string;
  /** Of an admitted visitor; never sent unchanged. */
  admission: string;
  /** Of a waiting visitor. */
  queue: string;
  /** Expired, forged, or of other rooms, issuers and openings. */
  invalid: string[];
}

const METHODS = ['GET', 'GET', 'GET', 'POST', 'POST', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];
const RARE_METHODS = ['PROPFIND', 'PURGE', 'REPORT', 'SEARCH', 'LOCK', 'MKCOL', 'MERGE'];
/** The runtime itself answers these, before any code of the gateway runs. */
const UNKNOWN_METHODS = [
  'get',
  'QUERY',
  'M-SEARCH',
  'OPEN-SESAME',
  'G\xc3\x89T',
  '',
  'GET /static/x.js HTTP/1.1\r\n\r\nGET',
];

/** Method and target of the gateway's own addresses. */
const GATEWAY: [string, string][] = [
  ['GET', '/_fairgate/rooms/ROOM/board'],
  ['GET', '/_fairgate/rooms/ROOM/status'],
  ['POST', '/_fairgate/rooms/ROOM/join'],
  ['POST', '/_fairgate/rooms/ROOM/claim'],
  ['POST', '/_fairgate/rooms/ROOM/leave'],
  ['GET', '/_fairgate/language?to=en&return=/book'],
  ['GET', '/_fairgate/metrics'],
  ['GET', '/_fairgate/healthz'],
  ['GET', '/_fairgate/openapi.json'],
  ['GET', '/.well-known/jwks.json'],
];
const OPERATORS = Object.values(OPERATIONS).map(({ method, path }): [string, string] => [
  method,
  `${OPERATOR_PATH}${path.replace('{room}', 'ROOM').replace(/\{\w+\}/g, '1')}`,
]);
const PAGES = ['/', '/book', '/book?clinic=7', '/static/x.js', '/api/v1/slots', '/index.html', '/%EC%98%88%EC%95%BD'];

/** Pieces inserted into an address; all are printable, so that ordinary clients send them too. */
const ADDRESS_PIECES = [
  ...['/', '//', '/.', '/..', '/../', '/./', '%2e%2e/', '..;/', ';a=b', '%', '%2', '%zz', '%00', '%0d%0a', '%2f'],
  ...['%5c', '\\', '%25', '%252f', '%c0%af', '%ff', '%ed%a0%80', '%EC%98%88', '+', '~', '*', '?', '??', '#', '&', '='],
  ...['@evil.example', ':80', 'http://evil.example/', '_fairgate/', '%5ffairgate/', 'static/', '__proto__', '{'],
];
const LONG = fc.constantFrom(100, 2_000, 5_000, 9_000).map((length) => 'a'.repeat(length));

const method = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...METHODS) },
  { weight: 1, arbitrary: fc.constantFrom(...RARE_METHODS) },
);

const piece = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...ADDRESS_PIECES) }, { weight: 1, arbitrary: LONG });

/** A method and an address that belong together, sometimes with another method or with pieces inserted into the address. */
const line = fc
  .record({
    natural: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...GATEWAY) },
      { weight: 2, arbitrary: fc.constantFrom(...OPERATORS) },
      { weight: 4, arbitrary: fc.constantFrom(...PAGES).map((path) => ['GET', path] as const) },
      { weight: 1, arbitrary: fc.webPath({ size: 'small' }).map((path) => ['GET', `/${path.slice(1)}`] as const) },
    ),
    otherMethod: seldom(method, 2),
    pieces: seldom(fc.array(fc.tuple(fc.nat(60), piece), { minLength: 1, maxLength: 3 }), 1),
  })
  .map(({ natural: [usual, path], otherMethod, pieces }) => ({
    method: otherMethod ?? usual,
    target: (pieces ?? []).reduce(
      (text, [at, inserted]) => `/${text.slice(1, at)}${inserted}${text.slice(Math.max(1, at))}`,
      path,
    ),
  }));

/** Mostly absent: a request with several faults at once is refused for the first one that the gateway reads. */
function seldom<T>(arbitrary: fc.Arbitrary<T>, absentWeight = 5): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: absentWeight, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}

/** Header field text that an ordinary client can send. */
const fieldText = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 60 }).map((text) => text.trim()),
  fc.constantFrom('', ' ', ',', ';', '=', '"', 'null', 'undefined', '[object Object]', '{}', '-1', '9'.repeat(40)),
);

/** A genuine token, truncated, extended, recombined or with some characters changed. */
function corrupted(token: string): fc.Arbitrary<string> {
  const parts = token.split('.');
  const changed = fc
    .array(fc.tuple(fc.nat(token.length - 1), fc.constantFrom(...'AZaz09-_.=+/ ')), { minLength: 1, maxLength: 4 })
    .map((edits) => edits.reduce((text, [at, character]) => text.slice(0, at) + character + text.slice(at + 1), token));
  const shapes = fc.constantFrom(
    ...[`${parts[0]}.${parts[1]}.`, `${parts[0]}.${parts[1]}`, `..${parts[2]}`, `${token}.`, `.${token}`],
    ...[`${token}${parts[2]}`, `${parts[1]}.${parts[0]}.${parts[2]}`, token.toUpperCase(), `${token}.${token}`],
    ...[`"${token.slice(0, -2)}"`, encodeURIComponent(`${token}\u0000`), `${token}${'A'.repeat(4_000)}`],
  );
  const truncated = fc.nat(token.length - 2).map((length) => token.slice(0, length));
  return fc.oneof(changed, shapes, truncated).filter((text) => !encodesSame(text, token));
}

/** Whether a text decodes to the same token: base64url leaves some bits of the last character unused. */
function encodesSame(text: string, token: string): boolean {
  const [a, b] = [text, token].map((jwt) => jwt.split('.'));
  const isSame = (part: string, index: number) =>
    Buffer.from(part, 'base64url').equals(Buffer.from(b?.[index] ?? '', 'base64url'));
  return a?.length === 3 && a.every(isSame);
}

function invalidToken({ admission, queue, invalid }: RoomTokens): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 3, arbitrary: corrupted(admission) },
    { weight: 2, arbitrary: corrupted(queue) },
    { weight: 3, arbitrary: fc.constantFrom(...invalid, queue) },
    { weight: 1, arbitrary: fc.base64String({ maxLength: 40 }) },
    { weight: 1, arbitrary: fieldText },
  );
}

/** A Cookie field with the gateway's names and others, in any order and number. */
function cookies(tokens: RoomTokens): fc.Arbitrary<string> {
  const admission = `fairgate-admission-${tokens.room}`;
  const queue = `fairgate-queue-${tokens.room}`;
  const otherName = fc.constantFrom(
    ...[queue, `__Host-${admission}`, `__Host-${queue}`, 'fairgate-admission-', 'fairgate-admission-demo'],
    ...['fairgate-language', 'FAIRGATE-QUEUE-X', '__proto__', '', 'site', `=${admission}`, `=${queue}`],
  );
  const token = invalidToken(tokens);
  const pair = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...tokens.invalid).map((value) => `${admission}=${value}`) },
    { weight: 3, arbitrary: token.map((value) => `${admission}=${value}`) },
    { weight: 2, arbitrary: token.map((value) => `${queue}=${value}`) },
    { weight: 2, arbitrary: fc.tuple(otherName, token).map(([name, value]) => `${name}=${value}`) },
  );
  const oversized = fc.constantFrom(8_000, 17_000).map((length) => `a=${'x'.repeat(length)}`);
  const several = fc
    .array(pair, { minLength: 1, maxLength: 4 })
    .chain((pairs) => fc.constantFrom('; ', ';', ', ', ';;', ' ').map((separator) => pairs.join(separator)));
  return fc.oneof({ weight: 20, arbitrary: several }, { weight: 1, arbitrary: oversized });
}

function headers(tokens: RoomTokens): fc.Arbitrary<Record<string, string | string[]>> {
  const token = invalidToken(tokens);
  const scheme = fc.constantFrom('Bearer', 'bearer', 'Bearer  ', 'Basic', 'Digest', '');
  const wrongKey = fc.constantFrom(OPERATOR_KEY.slice(1), `${OPERATOR_KEY}x`, OPERATOR_KEY.toUpperCase(), 'admin');
  const authorization = fc.oneof(token, wrongKey).chain((text) => scheme.map((name) => `${name} ${text}`));
  const site = fc.constantFrom('same-origin', 'none', 'cross-site', 'same-site', 'navigate', 'x');
  const type = fc.constantFrom(
    ...['application/json', 'application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x'],
    ...['application/json; charset=utf-16', 'APPLICATION/JSON', 'image/png', '', 'x'],
  );
  const accept = fc.constantFrom(
    ...['text/html', 'text/html', 'application/json', '*/*', '', 'text/html;q=0', 'image/avif,*/*', 'x'],
  );
  const any = fc.oneof(fieldText, token);
  const fields: Record<string, fc.Arbitrary<string | string[]>> = {
    Authorization: authorization,
    'Content-Type': type,
    'Accept-Language': fc.oneof(fieldText, fc.constantFrom('en', 'ko', '*', 'ko;q=x,en;q=9e99', ',,,')),
    'Accept-Encoding': fc.constantFrom('gzip', 'identity', 'br', '*;q=0', 'zstd'),
    'Sec-Fetch-Site': site,
    'Sec-Fetch-Mode': site,
    Origin: fc.oneof(fc.webUrl(), fc.constantFrom('null', 'http://full.test', '://'), fieldText),
    'Idempotency-Key': any,
    'Fairgate-Admission': any,
    'X-Forwarded-For': fieldText,
    'X-Forwarded-Host': fieldText,
    'X-HTTP-Method-Override': fc.constantFrom('GET', 'DELETE', 'CONNECT', ''),
    'X-Original-URL': fc.constantFrom('/static/x.js', '/_fairgate/healthz'),
    Range: fc.constantFrom('bytes=0-', 'bytes=9-1', 'x'),
    'If-None-Match': fieldText,
    'Cf-Connecting-Ip': fieldText,
    'Sec-Purpose': fc.constantFrom('prefetch', 'prefetch;prerender', ''),
    'X-Big': fc.constantFrom('x'.repeat(17_000), 'x'.repeat(9_000)),
  };
  const field = Object.entries(fields).map(([name, value]) => value.map((text) => [name, text] as const));
  const several = fc.array(cookies(tokens), { minLength: 2, maxLength: 3 });
  const cookie = fc.oneof({ weight: 4, arbitrary: cookies(tokens) }, { weight: 1, arbitrary: several });
  const otherFields = fc.uniqueArray(fc.oneof(...field), { maxLength: 3, selector: ([name]) => name });
  return fc
    .tuple(fc.option(accept), fc.option(cookie, { freq: 3 }), otherFields)
    .map(([acceptField, cookieFields, further]) => ({
      ...(acceptField === null ? {} : { Accept: acceptField }),
      ...(cookieFields === null ? {} : { Cookie: cookieFields }),
      ...Object.fromEntries(further),
    }));
}

const body = fc.oneof(
  fc.constantFrom('', '{', '{}', '[]', 'null', '"x"', '{"return":1}', '{"return":"//evil.example"}', 'return=/book'),
  fc.constantFrom('return=%', 'return=%00', '{"__proto__":{"x":1}}', '['.repeat(4_000), 'x'.repeat(5_000)),
  fc.json({ maxDepth: 2 }),
  fc.string({ unit: 'binary', maxLength: 100 }),
);

/** The room's host name, or one that resembles it; all of them an ordinary client can send as Host. */
function hosts(room: string): fc.Arbitrary<string> {
  const right = `${room}.test`;
  return fc.oneof(
    { weight: 8, arbitrary: fc.constant(right) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        ...[`${right}:80`, `${right}.`, right.toUpperCase(), `${right}:99999`, `${right}/`, `x@${right}`, `${right}?`],
        ...['', 'localhost', '127.0.0.1', '[::1]', '0x7f.1', 'exempt.test@evil.example', `${right},exempt.test`, '%66'],
        ...['..', '-', '_', 'a'.repeat(300), `${right}:`, `${right} `, `${right}#`, 'xn--', '예약.test'],
      ),
    },
  );
}

/** Well-formed HTTP, so that any client can send it, and malformed above that. */
export function malformedRequests(rooms: readonly RoomTokens[]): fc.Arbitrary<MalformedRequest> {
  return fc.constantFrom(...rooms).chain((tokens) =>
    fc
      .record({
        line,
        host: hosts(tokens.room).map((host) => (/^[!-~]*$/.test(host) ? host : encodeURI(host))),
        headers: headers(tokens),
        body,
        bodyDespiteMethod: fc.nat(7),
      })
      .map(({ line: { method, target }, host, headers, body, bodyDespiteMethod }) => ({
        method,
        target: target.replace('ROOM', tokens.room),
        host,
        headers,
        body: ['GET', 'HEAD'].includes(method) && bodyDespiteMethod > 0 ? null : body,
      })),
  );
}

/** Bytes, one per character, that are inserted into the head of a request. */
const INSERTIONS = [
  ...[
    '\0',
    '\t',
    '\n',
    '\r',
    '\r\n',
    '\r\n\r\n',
    ' ',
    '\x7f',
    '\xff',
    '\xc3\x28',
    ':',
    'HTTP/1.1',
    'HTTP/9.9',
    '\u0001',
  ],
  ...['Content-Length: 0\r\n', 'Content-Length: -1\r\n', 'Content-Length: 99999999999999999999\r\n', 'Host: evil\r\n'],
  ...[
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: x, chunked\r\n',
    'Content-Length: 3\r\nContent-Length: 4\r\n',
  ],
  ...['Expect: 100-continue\r\n', 'Upgrade: websocket\r\nConnection: Upgrade\r\n', ' folded: 1\r\n', ': nothing\r\n'],
];

/** Bytes that are not well-formed HTTP and that only a socket can send. */
export function malformedBytes(rooms: readonly RoomTokens[]): fc.Arbitrary<string> {
  const target = fc.constantFrom(
    ...[
      'http://exempt.test/static/x.js',
      '*',
      '',
      'exempt.test:80',
      '//exempt.test/static/x',
      '/\xec\x98\x88',
      '/ /x',
      '\\',
    ],
  );
  return fc
    .tuple(
      malformedRequests(rooms),
      seldom(fc.constantFrom(...UNKNOWN_METHODS)),
      seldom(target),
      seldom(fc.tuple(fc.nat(2_000), fc.constantFrom(...INSERTIONS)), 2),
    )
    .map(([request, otherMethod, otherTarget, insertion]) => {
      const fields = Object.entries(request.headers)
        .flatMap(([name, values]) => [values].flat().map((value) => `${name}: ${value}\r\n`))
        .join('');
      const content = Buffer.from(request.body ?? '').toString('latin1');
      const length = request.body === null ? '' : `Content-Length: ${content.length}\r\n`;
      const line = `${otherMethod ?? request.method} ${otherTarget ?? request.target} HTTP/1.1\r\n`;
      const head = `${line}Host: ${request.host}\r\nConnection: close\r\n${length}${fields}`;
      const [offset, inserted] = insertion ?? [0, ''];
      const at = offset % head.length;
      return `${head.slice(0, at)}${inserted}${head.slice(at)}\r\n${content}`;
    });
}
