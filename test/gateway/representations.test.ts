// Representations pass as the origin wrote them: content codings, entity tags, lengths and ranges (RFC 9110, 8 and 14), whatever
// the visitor accepts, by both ways to the origin. And the gateway's own coding: gzip with a cached prefix.

import { createHash, randomBytes } from 'node:crypto';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { nginxConfiguration } from '../../scripts/lib/nginx-recipe.ts';
import { NGINX } from '../../scripts/lib/system-packages.ts';
import { gzip } from '../../worker/http/gzip.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import { type ByteExactOrigin, fieldOf, responseText, startByteExactOrigin } from './byte-exact-origin.ts';
import { MARKER } from './recording-origin.ts';
import { NGINX_ARGS, type ServerProcess, startServer } from './server-process.ts';
import { roomInput } from './threat-site.ts';
import { AS_PAGE, type ClientResponse, enter, GateVisitor, send } from './visitor-client.ts';

/** `Accept-Encoding` of visitors; null: they send none. */
const ACCEPTED = [
  ...[null, '', 'identity', 'gzip', 'GZIP', 'br', 'deflate', 'zstd', 'x-unknown', '*;q=0', 'gzip;q=0'],
  'gzip, deflate, br, zstd',
];

const TEXT = '예약 '.repeat(300);
/** Content by its coding. The last two are not what they are called, which is the origin's business. */
const CODED = {
  '': Buffer.from(TEXT),
  gzip: gzipSync(TEXT),
  br: brotliCompressSync(TEXT),
  deflate: deflateSync(TEXT),
  zstd: zstdCompressSync(TEXT),
  'x-unknown': Buffer.from([0, 255, 13, 10, 13, 10, 128]),
  'gzip, br': Buffer.from('not compressed at all'),
};

type Fields = Record<string, string>;

/** How an origin answers. Lengths are those of the coded content where `content` says so. */
interface Answer {
  status: string;
  content: 'length' | 'chunks' | 'close' | 'head' | 'none';
  fields: Fields;
  /** The request that leads to it, where that is not a plain GET. */
  request?: { method?: string; headers?: Fields };
  /** Fields that arrive in another way than the origin wrote them. */
  arrive?: Fields;
}

const STRONG = { 'Content-Type': 'text/plain', ETag: '"v1"' };

const ANSWERS: Answer[] = [
  { status: '200 OK', content: 'length', fields: STRONG },
  { status: '200 OK', content: 'chunks', fields: STRONG },
  { status: '200 OK', content: 'close', fields: STRONG },
  { status: '200 OK', content: 'head', fields: STRONG, request: { method: 'HEAD' } },
  { status: '200 OK', content: 'none', fields: { ...STRONG, 'Content-Length': '0' } },
  { status: '204 No Content', content: 'none', fields: STRONG },
  { status: '205 Reset Content', content: 'none', fields: { 'Content-Length': '0' } },
  {
    status: '206 Partial Content',
    content: 'length',
    fields: { ...STRONG, 'Content-Range': 'bytes 0-99/9000' },
    request: { headers: { Range: 'bytes=0-99' } },
  },
  {
    status: '304 Not Modified',
    content: 'none',
    fields: { ETag: 'W/"v1"', Vary: 'Accept-Encoding' },
    request: { headers: { 'If-None-Match': 'W/"v1"' } },
    arrive: { Vary: 'Accept-Encoding, Cookie' },
  },
  {
    status: '200 OK',
    content: 'length',
    fields: {
      'Content-Type': 'image/png',
      ETag: 'W/"v1"',
      Vary: 'Accept-Encoding',
      'Cache-Control': 'public, no-transform',
    },
    arrive: { Vary: 'Accept-Encoding, Cookie', 'Cache-Control': 'private, no-transform' },
  },
];

const CASES = ANSWERS.flatMap((answer) => Object.entries(CODED).map(([coding, coded]) => ({ answer, coding, coded })));
type Case = (typeof CASES)[number];

function lowerCase(fields: Iterable<[string, string]>): Fields {
  return Object.fromEntries([...fields].map(([name, value]) => [name.toLowerCase(), value]));
}

/** What an admitted response says to caches besides what the origin says (decision 20). */
const TO_CACHES = { 'cache-control': 'private', vary: 'Cookie' };

/** What the origin writes, and the fields that leave the gateway. */
function written({ answer, coding, coded }: Case): { bytes: string; arrives: Fields } {
  const { status, content, fields, arrive = {} } = answer;
  const described = coding === '' ? {} : { 'Content-Encoding': coding };
  const framing = {
    length: { 'Content-Length': String(coded.length) },
    head: { 'Content-Length': String(coded.length) },
    chunks: { 'Transfer-Encoding': 'chunked' },
    close: { Connection: 'close' },
    none: {},
  }[content];
  const text = coded.toString('latin1');
  const parts = [text.slice(0, 5), text.slice(5)].map((part) => `${part.length.toString(16)}\r\n${part}\r\n`);
  const body = { length: text, close: text, chunks: `${parts.join('')}0\r\n\r\n`, head: '', none: '' }[content];
  const head = Object.entries({ ...fields, ...described, ...framing }).map(([name, value]) => `${name}: ${value}\r\n`);
  const reframed = content === 'close' ? { 'Transfer-Encoding': 'chunked' } : framing;
  return {
    bytes: `HTTP/1.1 ${status}\r\n${head.join('')}\r\n${body}`,
    arrives: { ...TO_CACHES, ...lowerCase(Object.entries({ ...fields, ...described, ...reframed, ...arrive })) },
  };
}

/** A file for ranges, longer than what the gateway takes for short content. */
const FILE = randomBytes(1_500_000);
const LAST_MODIFIED = 'Thu, 26 Nov 2026 09:00:00 GMT';

/** How requests reach an origin: by the runtime itself, or through the connector beside it. */
const WAYS = { direct: { originHost: 'origin' }, connector: { originHost: 'visitor' } };
const WAY_NAMES = Object.keys(WAYS);

let origin: ByteExactOrigin;
let nginx: ServerProcess;
let fairgate: Running;

beforeAll(async () => {
  const responses = CASES.map((each) => written(each).bytes);
  origin = await startByteExactOrigin(
    ({ target }) => responses[Number(/^\/case\/(\d+)/.exec(target)?.[1] ?? Number.NaN)] ?? responseText(MARKER),
  );
  nginx = await startFileServer(await freePort());
  const rooms = (id: string, originUrl: string) =>
    Object.entries(WAYS).map(([way, changes]) => roomInput(`${id}-${way}`, originUrl, changes));
  fairgate = await startFairgate({
    originUrl: origin.url,
    moreRooms: () => [
      ...rooms('codings', origin.url),
      ...rooms('ranges', `http://127.0.0.1:${nginx.port}`),
      roomInput('before', origin.url, { schedule: { opensAt: '+1h' } }),
    ],
  });
});
afterAll(async () => {
  await fairgate?.stop();
  await nginx?.stop();
  await origin?.close();
});

function startFileServer(port: number): Promise<ServerProcess> {
  const server = (dir: string) => `
    server {
      listen 127.0.0.1:${port};
      root ${dir};
      location = / { return 200 ${MARKER}; }
    }`;
  return startServer({
    server: NGINX,
    port,
    args: NGINX_ARGS,
    config: (dir) => {
      const file = join(dir, 'file.bin');
      writeFileSync(file, FILE);
      utimesSync(file, new Date(LAST_MODIFIED), new Date(LAST_MODIFIED));
      return nginxConfiguration(dir, server(dir));
    },
  });
}

describe('content codings', () => {
  it.each(WAY_NAMES)(
    `pass unchanged, as do lengths and entity tags: ${ACCEPTED.length} visitors × ${CASES.length} answers (%s)`,
    async (way) => {
      const visitor = new GateVisitor(fairgate.gateway.port, `codings-${way}`);
      await enter(visitor);
      origin.requests.length = 0;
      const exchange = async (accepted: string | null, visitorIndex: number, each: Case, index: number) => {
        const { method = 'GET', headers = {} } = each.answer.request ?? {};
        const accepts = accepted === null ? {} : { 'Accept-Encoding': accepted };
        const response = await visitor.send(`/case/${index}?${visitorIndex}`, {
          method,
          headers: { ...headers, ...accepts },
        });
        const { status, content } = each.answer;
        const hasContent = !['head', 'none'].includes(content);
        expect([accepted, status, each.coding, response.status, lowerCase(response.headers)]).toEqual([
          accepted,
          status,
          each.coding,
          Number(status.slice(0, 3)),
          written(each).arrives,
        ]);
        expect(response.bytes.equals(hasContent ? each.coded : Buffer.alloc(0))).toBe(true);
      };
      // One session may have 128 requests at a time.
      for (const [visitorIndex, accepted] of ACCEPTED.entries()) {
        await Promise.all(CASES.map((each, index) => exchange(accepted, visitorIndex, each, index)));
      }
      // The origin was asked once for each, for what the visitor accepts. The runtime leaves out fields that are empty.
      const asked = origin.requests.map((request) => [request.target, fieldOf(request, 'accept-encoding')]);
      const sent = ACCEPTED.flatMap((accepted, visitorIndex) =>
        CASES.map((_, index) => [`/case/${index}?${visitorIndex}`, accepted || undefined]),
      );
      expect(asked.toSorted()).toEqual(sent.toSorted());
      expect(origin.faults).toEqual([]);
    },
  );

  it('of the gateway’s own pages are gzip where the visitor accepts it, and none otherwise', async () => {
    const page = async (accepted: string | null) => {
      const headers = { ...AS_PAGE, ...(accepted === null ? {} : { 'Accept-Encoding': accepted }) };
      const response = await send(fairgate.gateway.port, '/', { host: 'before.test', headers });
      return { coding: response.headers.get('Content-Encoding'), vary: response.headers.get('Vary'), ...response };
    };
    for (const accepted of ACCEPTED) {
      const { coding, vary, bytes } = await page(accepted);
      expect([accepted, coding]).toEqual([accepted, /^gzip(?:,|$)/i.test(accepted ?? '') ? 'gzip' : null]);
      expect(vary).toMatch(/\bAccept-Encoding\b/);
      expect((coding === null ? bytes : gunzipSync(bytes)).toString()).toContain('id="fairgate"');
    }
  });
});

describe('ranges', () => {
  const RANGES: Fields[] = [
    ...['0-0', '5-99', '0-', '1499999-', '-1', '-1500000', '-9999999', '1000-1499999', '5-9999999', '100000-1300000'],
    ...['0-9,20-29', '0-0,-1', '10-19,0-9', '0-1200000,5-9', '1500000-', '9999999-', '-0', '9-5', 'x', ''],
  ].map((range) => ({ Range: `bytes=${range}` }));
  const CONDITIONS: Fields[] = [
    { 'If-Range': LAST_MODIFIED },
    { 'If-Range': 'Thu, 26 Nov 2026 08:00:00 GMT' },
    { 'If-Range': '"other"' },
    { 'If-Modified-Since': LAST_MODIFIED },
    { 'If-Unmodified-Since': 'Thu, 26 Nov 2026 08:00:00 GMT' },
  ].map((condition) => ({ Range: 'bytes=7-11', ...condition }));
  it.each(WAY_NAMES)('pass as nginx answers them, one or several, with and without conditions (%s)', async (way) => {
    const visitor = new GateVisitor(fairgate.gateway.port, `ranges-${way}`);
    await enter(visitor);
    /** A response without what differs from one to the next: the time, and the boundary of several ranges. */
    const comparable = ({ status, headers, bytes }: ClientResponse) => {
      const { date: _, connection: __, ...fields } = lowerCase(headers);
      const boundary = /boundary=(\S+)/.exec(headers.get('Content-Type') ?? '')?.[1] ?? '\0';
      const plain = (text: string) => text.replaceAll(boundary, 'BOUNDARY');
      const digest = createHash('sha256')
        .update(plain(bytes.toString('latin1')), 'latin1')
        .digest('hex');
      return {
        status,
        digest,
        bytes: bytes.length,
        fields: { ...fields, 'content-type': plain(fields['content-type'] ?? '') },
      };
    };
    const statuses = new Set<number>();
    for (const method of ['GET', 'HEAD']) {
      await Promise.all(
        [...RANGES, ...CONDITIONS].map(async (headers) => {
          const options = { method, headers };
          const site = comparable(await send(nginx.port, '/file.bin', options));
          const passed = comparable(await visitor.send('/file.bin', options));
          const fields = { ...TO_CACHES, ...site.fields };
          expect([method, headers, passed]).toEqual([method, headers, { ...site, fields }]);
          statuses.add(site.status);
        }),
      );
    }
    expect([...statuses].toSorted()).toEqual([200, 206, 304, 412, 416]);
  });
});

const text = fc.string({ unit: 'grapheme', maxLength: 400 });

describe('gzip with a cached prefix', () => {
  test('decompresses to prefix and rest, also when the prefix comes from the cache', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), text, text, (prefix, first, second) => {
        for (const rest of [first, second]) {
          expect(gunzipSync(gzip(prefix, rest)).toString()).toBe(prefix.join('') + rest);
        }
      }),
    );
  });

  test('is at most 2 % larger than prefix and rest compressed together', () => {
    const numbers = Array.from({ length: 4_000 }, (_, index) => (index * 7919) % 523).join(' ');
    const whole = gzipSync(numbers + numbers.slice(0, 5_000)).length;
    expect(gzip([numbers], numbers.slice(0, 5_000)).length).toBeLessThanOrEqual(whole * 1.02 + 16);
  });
});
