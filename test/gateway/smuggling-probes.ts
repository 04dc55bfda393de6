// Requests in which servers disagree where one ends and the next begins (RFC 9112, 11.2): each hides a second request in what
// some server takes for its body. Products of small tables, so that every spelling meets every framing. One byte a character.

export interface Carrier {
  /** What the visible request asks for. */
  target: string;
  host: string;
  /** Further field lines, each with its line end. */
  fields: string;
  /** A complete second request. */
  hidden: string;
}

export interface Probe {
  name: string;
  bytes(carrier: Carrier): string;
}

interface Message {
  method?: string;
  lines?: string;
  body?: string;
}

function message({ target, host, fields }: Carrier, { method = 'POST', lines = '', body = '' }: Message): string {
  return `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields}${lines}\r\n${body}`;
}

const LAST_CHUNK = '0\r\n\r\n';

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

/** One probe of each combination. @param items shown as they are in its name */
function product<T>(
  kind: string,
  items: readonly string[],
  ways: Record<string, T>,
  bytes: (carrier: Carrier, item: string, way: T) => string,
): Probe[] {
  return items.flatMap((item) =>
    Object.entries(ways).map(([name, way]) => ({
      name: `${kind} ${JSON.stringify(item)}, ${name}`,
      bytes: (carrier: Carrier) => bytes(carrier, item, way),
    })),
  );
}

/** Field lines, without the last line end, with a transfer coding that only some servers understand. */
const TRANSFER_CODINGS = [
  ...['chunked', 'CHUNKED', 'xchunked', 'chunkedx', 'identity', '', 'chunked, identity', 'identity, chunked'],
  ...['gzip, chunked', 'chunked, chunked', ',chunked', 'chunked,', 'chunked;q=1', '"chunked"', 'chunk\xe9d'],
  ...['\tchunked', '\vchunked', '\fchunked', '\xa0chunked', '\0chunked', 'chunked\t', 'chunked ', 'chunked\v'],
  ...['chunked\0', 'chunked\r', '\rchunked', '\nchunked', '\r\n chunked', '\r\n\tchunked', 'x\r\n chunked'],
  ...['chunked', 'identity', 'x', ''].map((value) => `chunked\r\nTransfer-Encoding: ${value}`),
  ...['identity', 'x'].map((value) => `${value}\r\nTransfer-Encoding: chunked`),
]
  .map((value) => `Transfer-Encoding: ${value}`)
  .concat(
    ...['Transfer-Encoding :', 'Transfer-Encoding\t:', 'Transfer-Encoding\0:', ' Transfer-Encoding:'].map(
      (name) => `${name} chunked`,
    ),
    ...['Transfer_Encoding:', 'TRANSFER-ENCODING:', 'Transfer-Encoding\xa0:', '\vTransfer-Encoding:'].map(
      (name) => `${name} chunked`,
    ),
    ...['\r', '\n', '\0', '\r\r\n', '\n\r\n '].map((end) => `X-Before: a${end}Transfer-Encoding: chunked`),
  );

/** Where the request ends by its length: nowhere said, after the hidden request (CL.TE), before it (TE.CL). */
const BESIDE_A_LENGTH: Record<string, (carrier: Carrier, line: string) => string> = {
  'no length': (carrier, line) => message(carrier, { lines: `${line}\r\n`, body: `${LAST_CHUNK}${carrier.hidden}` }),
  'a longer length': (carrier, line) => {
    const body = `${LAST_CHUNK}${carrier.hidden}`;
    return message(carrier, { lines: `Content-Length: ${body.length}\r\n${line}\r\n`, body });
  },
  'a shorter length': (carrier, line) => {
    const body = `${chunk(carrier.hidden)}${LAST_CHUNK}`;
    return message(carrier, { lines: `${line}\r\nContent-Length: ${body.indexOf('\r\n') + 2}\r\n`, body });
  },
};

/** Field lines that some servers read as the length `#`, and others as another one or none. */
const LENGTHS = [
  ...['#', '+#', '-#', '0x#', '0#', `${'0'.repeat(20)}#`, '#.0', '#e0', '#;', '#,', ',#', '"#"', '# #', ''],
  ...[
    '#, #',
    '#, 0',
    '0, #',
    '#\0',
    '\0#',
    '\v#',
    '\f#',
    '\xa0#',
    '#\xa0',
    '\r#',
    '\r\n #',
    '\n#',
    '#\rX: y',
    '#\nX: y',
  ],
  ...['99999999999999999999', '18446744073709551616', '4294967296', '-1', '1e1', 'x'],
  ...['#', '0', 'x', ''].map((value) => `#\r\nContent-Length: ${value}`),
  '0\r\nContent-Length: #',
]
  .map((value) => `Content-Length: ${value}`)
  .concat(
    ...['Content-Length : #', 'Content-Length\t: #', ' Content-Length: #', 'Content_Length: #', 'Content-Length\0: #'],
    ...['X-Before: a\rContent-Length: #', 'X-Before: a\nContent-Length: #', 'CONTENT-LENGTH:#'],
  );

/** A chunked body, with `*` for the hidden request and `#` for its length in hexadecimal digits. */
const CHUNKED_BODIES = [
  ...['', ';a', ' ;a', ';a="\r\n0\r\n\r\n"', ';a\n', '\t', ' ', '\v', '\0', 'g', '.0', '\n', ';\0', ';a=b;c'].map(
    (after) => `#${after}\r\n*\r\n0\r\n\r\n`,
  ),
  ...['0x', '+', '-', ' ', '\t', '0000000', '0'.repeat(40), '1'.repeat(16), '100000000', '\r', '\n'].map(
    (before) => `${before}#\r\n*\r\n0\r\n\r\n`,
  ),
  ...['#\n*\n0\n\n', '#\r*\r0\r\r', '#\r\n*0\r\n\r\n', '#\r\n*\n0\r\n\r\n', '#\r\n*x\r\n0\r\n\r\n', '#\r\n*\r\n\r\n'],
  ...[
    '0\n\n*',
    '0\r\n\n*',
    '0\n\r\n*',
    '0 \r\n\r\n*',
    '0;a\r\n\r\n*',
    '-0\r\n\r\n*',
    '00\r\n\r\n*',
    '0\r\r\n\r\n*',
    '\r\n*',
  ],
  ...['1\r\n*\r\n0\r\n\r\n', 'ffffffffffffffff\r\n*', '8000000000000000\r\n*', 'fffffffff\r\n*', 'x\r\n*', '', '0\r\n'],
];

/** Lines after the last chunk; no trailer may become a field of the request (RFC 9110, 6.5.1). */
const TRAILERS = [
  ...[
    'Content-Length: 0',
    'Transfer-Encoding: chunked',
    'Host: evil.example',
    'Cookie: a=1',
    'Authorization: Bearer x',
  ],
  ...['Fairgate-Admission: forged', 'X-Forwarded-For: 6.6.6.6', 'Connection: close', 'Expect: 100-continue', 'X-T: 1'],
  ...[
    'Upgrade: websocket',
    'Trailer: X',
    'Content-Encoding: gzip',
    'no colon',
    ': no name',
    ' folded: 1',
    'X: a\nY: b',
  ],
];

/** Two lengths of a body in which the hidden request is content, so that these fields alone make a difference. */
const FRAMINGS: Record<string, (carrier: Carrier) => Message> = {
  'with a length': ({ hidden }) => ({ lines: `Content-Length: ${hidden.length}\r\n`, body: hidden }),
  'in chunks': ({ hidden }) => ({ lines: 'Transfer-Encoding: chunked\r\n', body: `${chunk(hidden)}${LAST_CHUNK}` }),
};

/** Field lines that change what a hop does with the request. */
const HOP_FIELDS = [
  ...[
    'content-length',
    'transfer-encoding',
    'host',
    'cookie',
    'close, content-length',
    'fairgate-admission',
    'x, close',
  ].map((name) => `Connection: ${name}`),
  'Connection: keep-alive\r\nConnection: transfer-encoding',
  ...['100-continue', '100-CONTINUE', '100-continue, x', 'x', '', '100-continue\r\nExpect: 100-continue'].map(
    (value) => `Expect: ${value}`,
  ),
  ...['h2c', 'h2c, websocket', 'TLS/1.0', 'HTTP/2.0'].map(
    (protocol) => `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAMAAABkAAQAAP__`,
  ),
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 7',
  'TE: trailers, chunked\r\nConnection: TE',
  'Trailer: Content-Length',
];

/** Lines that are no fields, or whose names or values servers read in different ways. */
const ODD_LINES = [
  ...[
    'X Y: z',
    'X\t: z',
    'X : z',
    ': z',
    'no colon',
    'X\0: z',
    'X\x7f: z',
    'X: \0',
    'X: \x01',
    'X: a\rb',
    'X: a\nb',
    'X@: z',
  ],
  ...[
    ' ',
    ' folded',
    '\tfolded',
    'X: a\r\n b',
    'X_Y: z',
    'X\xe9: z',
    'X(: z',
    '"X": z',
    'X: a\r\n\r',
    '\r',
    '\n',
    '\n\n',
    'X:',
  ],
];

/** The place of `Host`. */
const HOSTS = {
  'one Host': 'Host: HOST',
  'no Host': 'X-No-Host: 1',
  'an empty Host': 'Host: ',
  'another Host': 'Host: evil.example',
  'two Hosts alike': 'Host: HOST\r\nHost: HOST',
  'two Hosts': 'Host: HOST\r\nHost: evil.example',
  'two Hosts, another first': 'Host: evil.example\r\nHost: HOST',
  'a space before the colon': 'Host : HOST',
  'a folded Host': 'Host: \r\n HOST',
  'several hosts in one': 'Host: HOST, evil.example',
  'a path in Host': 'Host: HOST/open/host?x=',
  'Host after a bare line feed': 'X: a\nHost: HOST',
};
const TARGETS = [
  ...['TARGET', 'http://HOSTTARGET', 'http://evil.exampleTARGET', '//evil.exampleTARGET', 'HTTP://HOST:80TARGET'],
  ...['http://x@HOSTTARGET', 'HOSTTARGET', '*'],
];

const LINES = [
  ...['METHOD\tTARGET\tHTTP/1.1', 'METHOD  TARGET HTTP/1.1', 'METHOD TARGET  HTTP/1.1', 'METHOD\vTARGET HTTP/1.1'],
  ...[' ', '\r\n', '\n', '\r\n\r\n', '\0', '\r'].map((before) => `${before}METHOD TARGET HTTP/1.1`),
  ...[
    'HTTP/1.0',
    'HTTP/0.9',
    'http/1.1',
    'HTTP/1.2',
    'HTTP/2.0',
    'HTTP/01.1',
    'HTTP/1.10',
    'HTTP/1',
    'HTTP/1.1 ',
    'X',
  ].map((version) => `METHOD TARGET ${version}`),
  ...['HTTP/1.1\rX: y', 'HTTP/1.1\nX: y', 'HTTP/1.1\r\r\nX: y', 'HTTP/1.1\r\nX: HTTP/1.1', 'HTTP/1.1\r\n '].map(
    (version) => `METHOD TARGET ${version}`,
  ),
  ...['#x', '\xe9', '<>', '%0d%0aX:%20y', '%20HTTP/1.1%0d%0aX:y', '\rX', '\nX', ' X', '\0', '\vX', '\tX', '\\X'].map(
    (after) => `METHOD TARGET${after} HTTP/1.1`,
  ),
  ...['METHOD TARGET', 'METHODX TARGET HTTP/1.1', 'METHOD, TARGET HTTP/1.1', 'TARGET HTTP/1.1'],
];
const METHODS = { GET: 'GET', POST: 'POST', HEAD: 'HEAD' };

export const PROBES: Probe[] = [
  ...product('transfer coding', TRANSFER_CODINGS, BESIDE_A_LENGTH, (carrier, line, build) => build(carrier, line)),
  ...product('length', LENGTHS, { GET: 'GET', POST: 'POST' }, (carrier, line, method) => {
    const lines = `${line.replaceAll('#', String(carrier.hidden.length))}\r\n`;
    return message(carrier, { method, lines, body: carrier.hidden });
  }),
  ...product('chunks', CHUNKED_BODIES, { alone: '' }, (carrier, body) =>
    message(carrier, {
      lines: 'Transfer-Encoding: chunked\r\n',
      body: body.replace('#', carrier.hidden.length.toString(16)).replace('*', () => carrier.hidden),
    }),
  ),
  ...product('trailer', TRAILERS, { 'before the hidden request': '' }, (carrier, line) =>
    message(carrier, {
      lines: 'Transfer-Encoding: chunked\r\n',
      body: `${chunk('abc')}0\r\n${line}\r\n\r\n${carrier.hidden}`,
    }),
  ),
  ...product('fields', [...HOP_FIELDS, ...ODD_LINES], FRAMINGS, (carrier, line, framing) => {
    const { lines, body = '' } = framing(carrier);
    return message(carrier, { lines: `${line}\r\n${lines}`, body });
  }),
  ...product('target', TARGETS, HOSTS, (carrier, target, hosts) => {
    const { host, fields, hidden } = carrier;
    const [asked, named] = [target, hosts].map((text) =>
      text.replaceAll('HOST', host).replace('TARGET', carrier.target),
    );
    return `POST ${asked} HTTP/1.1\r\n${named}\r\n${fields}Content-Length: ${hidden.length}\r\n\r\n${hidden}`;
  }),
  ...product('request line', LINES, METHODS, ({ target, host, fields, hidden }, line, method) => {
    const rest = `Host: ${host}\r\n${fields}Transfer-Encoding: chunked\r\n\r\n${LAST_CHUNK}`;
    return `${line.replace('METHOD', method).replace('TARGET', target)}\r\n${rest}${hidden}`;
  }),
  {
    name: 'the preface of HTTP/2',
    bytes: ({ hidden }) => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${hidden}`,
  },
];
