// Malformed requests against the running gateway and an origin that trusts every request. The response is always a clear
// refusal, a page of the gateway, or the document of an open address; never a gateway error, a byte of the origin, a request
// at the origin or a session.

import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { generateKeyPair } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Running, startFairgate } from '../running-gateway.ts';
import { admissionToken, encode, payloadOf, queueToken, type Signer, signerOf } from './forged-tokens.ts';
import { type MalformedRequest, malformedBytes, malformedRequests, type RoomTokens } from './malformed-requests.ts';
import { MARKER, type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import { type ClientResponse, enter, GateVisitor, isClearRefusal, send, sendRaw, until } from './visitor-client.ts';

/** The same requests in every run; a failure prints the seed and path that repeat it. */
const SEED = 20210714;

/** Thousands of requests on a busy machine. */
const TEST_MS_MAX = 240_000;

/** A request without a response within this fails with its own text. */
const RESPONSE_MS_MAX = 10_000;

/** A request whose announced body never comes gets no response; this much silence is enough to know. */
const SILENCE_MS = 300;

let fairgate: Running;
let origin: RecordingOrigin;
let port: number;
let rooms: RoomTokens[];

beforeAll(async () => {
  origin = await startRecordingOrigin();
  // Without renewal the gateway decides from tokens alone.
  const policy = { newUsersPerMinute: 60_000, totalActiveUsers: 1, sessionMinutes: 30, sessionRenewal: false };
  const room = { title: { ko: '예약', en: 'Booking' }, origin: origin.url, policy };
  fairgate = await startFairgate({
    room: { hosts: ['demo.test'], schedule: { opensAt: '+1h' } },
    moreRooms: () => [
      { ...room, id: 'before', hosts: ['before.test'], schedule: { opensAt: '+1h' } },
      { ...room, id: 'full', hosts: ['full.test'], schedule: { opensAt: '+0s' } },
      { ...room, id: 'exempt', hosts: ['exempt.test'], exempt: ['/static'], schedule: { opensAt: '+1h' } },
    ],
  });
  port = fairgate.gateway.port;
  const signer = signerOf(fairgate);
  const inside = new GateVisitor(port, 'full');
  await enter(inside); // Takes the only session of `full`; every other visitor there waits.
  const waiting = new GateVisitor(port, 'full');
  await waiting.page();
  rooms = [
    {
      room: 'full',
      admission: inside.admissionToken ?? '',
      queue: waiting.queueToken ?? '',
      invalid: await invalidTokens(signer, 'full'),
    },
    ...(await Promise.all(['before', 'exempt'].map((id) => closedRoom(signer, id)))),
  ];
});

afterAll(async () => {
  await fairgate?.stop();
  await origin?.close();
});

beforeEach(() => {
  origin.requests.length = 0;
});

/** A room before its opening, with a genuine admission token that is only sent corrupted. */
async function closedRoom(signer: Signer, id: string): Promise<RoomTokens> {
  const visitor = new GateVisitor(port, id);
  await visitor.page();
  return {
    room: id,
    admission: await admissionToken(signer, id, `urn:fairgate:origin:${id}`),
    queue: visitor.queueToken ?? '',
    invalid: await invalidTokens(signer, id),
  };
}

async function invalidTokens(signer: Signer, room: string): Promise<string[]> {
  const aud = `urn:fairgate:origin:${room}`;
  const hourAgo = Math.floor(Date.now() / 1000) - 3_600;
  const { privateKey } = await generateKeyPair('ES256');
  const genuine = await admissionToken(signer, room, aud);
  const [, payload = ''] = genuine.split('.');
  return Promise.all([
    admissionToken(signer, room, aud, { claims: { nbf: hourAgo, exp: hourAgo + 300 } }),
    admissionToken(signer, room, aud, { claims: { epoch: 2 } }),
    admissionToken(signer, room, aud, { claims: { room: 'demo' } }),
    admissionToken(signer, room, aud, { claims: { nbf: hourAgo + 7_200 } }),
    admissionToken(signer, room, aud, { claims: { position: -1 } }),
    admissionToken(signer, room, aud, { claims: { sub: '../..' } }),
    admissionToken(signer, room, aud, { claims: { nbf: '0', exp: '9e99' } }),
    admissionToken(signer, room, aud, { header: { typ: 'JWT' } }),
    admissionToken(signer, room, aud, { header: { kid: '__proto__' } }),
    admissionToken(signer, room, aud, { signWith: privateKey }),
    admissionToken(signer, room, 'urn:fairgate:origin:demo'),
    admissionToken({ ...signer, issuer: 'http://evil.example' }, room, aud),
    queueToken(signer, room, { claims: { position: 1, epoch: 2 } }),
    queueToken(signer, room, { claims: { position: 1e15 } }),
    queueToken(signer, room, { claims: { position: undefined, entry: 1e15 } }),
    queueToken(signer, room, { claims: { exp: hourAgo } }),
    queueToken(signer, 'demo'),
    `${encode({ alg: 'none', typ: 'admission+jwt' })}.${payload}.`,
    `${encode({ alg: 'HS256', typ: 'admission+jwt', kid: 'x' })}.${payload}.${encode('x')}`,
  ]);
}

/** Expects that the origin got only what an exempt prefix allows, from its request number `first` on. */
function expectNothingForwarded(first: number): void {
  const forwarded = origin.requests
    .slice(first)
    .filter(
      ({ method, url, headers }) =>
        !/^\/static(?:[/?]|$)/i.test(url) ||
        !['GET', 'HEAD'].includes(method) ||
        headers['fairgate-admission'] !== undefined ||
        headers['x-forwarded-host']?.startsWith('exempt.test') !== true,
    );
  expect(forwarded).toEqual([]);
}

function decompressed(response: ClientResponse): ClientResponse {
  const isCompressed = response.headers.get('Content-Encoding') === 'gzip' && response.bytes.length > 0;
  return isCompressed ? { ...response, text: gunzipSync(response.bytes).toString() } : response;
}

/** The kind of a response; an unexpected one is its own text, so that a failure shows it. */
function kindOf({ method }: MalformedRequest, response: ClientResponse): string {
  const { status, headers, text } = response;
  const type = headers.get('Content-Type') ?? '';
  if (status >= 300 && status < 400)
    return /^\/(?![/\\])/.test(headers.get('Location') ?? '') ? 'redirect' : 'redirect to another site';
  const isRefusal = status >= 400 && status < 500;
  if (method === 'HEAD') {
    return isRefusal && !/^(?:application\/problem\+json|text\/html)/.test(type) ? `refused as ${type}` : 'no body';
  }
  if (isRefusal && isClearRefusal(response)) return 'refusal';
  if (type.startsWith('text/html') && /id="fairgate"|name="fairgate-form"/.test(text)) return 'page';
  if (type === 'application/json') return isOwnJson(JSON.parse(text)) ? 'document' : text;
  return status === 200 && /^(?:ok\n$|# HELP fairgate_)/.test(text) ? 'plain text' : `${status} ${type} ${text}`;
}

function isOwnJson(document: Record<string, unknown>): boolean {
  return ['cfWaitingRoom', 'outcome', 'issued', 'keys', 'openapi'].some((field) => field in document);
}

/** The waiting page, for a client that does not show that it is a browser. */
const isForLater = (status: number, headers: Headers) =>
  status === 503 && /^\d+$/.test(headers.get('Retry-After') ?? '');

const CLEAR_KINDS = ['refusal', 'page', 'document', 'plain text', 'no body', 'redirect'];

it(
  'well-formed requests with malformed content get a clear response and never reach the origin',
  async () => {
    const kinds = new Set<string>();
    await fc.assert(
      fc.asyncProperty(malformedRequests(rooms), async (request) => {
        const first = origin.requests.length;
        const { method, target, host, headers, body } = request;
        const options = { method, host, headers, ...(body === null ? {} : { body }) };
        const response = decompressed(await send(port, target, options));
        const kind = kindOf(request, response);
        kinds.add(kind);
        if (!isForLater(response.status, response.headers)) expect(response.status).toBeLessThan(500);
        expectNothingForwarded(first);
        if (response.text.includes(MARKER)) expect(`${method} ${host}`).toMatch(/^GET exempt\.test\.?(?::\d+)?$/i);
        else expect(CLEAR_KINDS).toContain(kind);
        for (const cookie of response.headers.getSetCookie())
          expect(cookie).not.toMatch(/fairgate-admission[^=]*=[^;]/);
      }),
      { seed: SEED, numRuns: 3_000, timeout: RESPONSE_MS_MAX },
    );
    expectNothingForwarded(0);
    // The requests are varied enough to meet every kind of response.
    expect([...kinds]).toEqual(expect.arrayContaining(CLEAR_KINDS));
  },
  TEST_MS_MAX,
);

it(
  'malformed bytes get a refusal or no response, and never reach the origin',
  async () => {
    await fc.assert(
      fc.asyncProperty(malformedBytes(rooms), async (text) => {
        const first = origin.requests.length;
        const response = await sendRaw(port, text, SILENCE_MS);
        // The runtime answers methods that it does not know with 501, before any code of the gateway runs.
        const retryAfter = /^retry-after: *(.*?)\r?$/im.exec(response.head)?.[1] ?? '';
        const isLater = isForLater(response.status, new Headers({ 'Retry-After': retryAfter }));
        if (response.status !== 501 && !isLater) expect(response.status).toBeLessThan(500);
        expect(response.head).not.toMatch(/^set-cookie:.*fairgate-admission[^=]*=[^;]/im);
        expectNothingForwarded(first);
        if (response.body.includes(MARKER)) expect(response.body).toMatch(new RegExp(`${MARKER} GET /static`, 'i'));
      }),
      { seed: SEED, numRuns: 1_500, timeout: RESPONSE_MS_MAX },
    );
    expectNothingForwarded(0);
  },
  TEST_MS_MAX,
);

it('a visitor whose entry took no part in the draw gets a new place', async () => {
  const entry = rooms[0]?.invalid.find((token) => token.includes('.') && payloadOf(token)['entry'] === 1e15) ?? '';
  const headers = { Cookie: `fairgate-queue-full=${entry}` };
  const status = await send(port, '/_fairgate/rooms/full/status', { host: 'full.test', headers });
  expect(JSON.parse(status.text)).toMatchObject({ state: 'none', position: null });
  const visitor = new GateVisitor(port, 'full');
  visitor.jar.set('fairgate-queue-full', entry);
  expect((await visitor.page()).text).toContain('"kind":"waiting"');
  expect(payloadOf(visitor.queueToken ?? '')['position']).toBeGreaterThan(1);
});

it('after all malformed requests the gateway still serves: no session was added and none ended', async () => {
  const endedAt = Date.now();
  const healthy = await send(port, '/_fairgate/healthz', { host: 'full.test' });
  expect([healthy.status, healthy.text]).toEqual([200, 'ok\n']);
  for (const { room } of rooms) {
    const board = await until(
      () => new GateVisitor(port, room).board(),
      ({ asOf }) => Date.parse(asOf) > endedAt,
    );
    expect([room, board.active]).toEqual([room, room === 'full' ? 1 : 0]);
  }
  const [full] = rooms;
  const cookie = { Cookie: `fairgate-admission-full=${full?.admission}` };
  expect(payloadOf(full?.admission ?? '')['position']).toBe(1);
  expect((await send(port, '/book', { host: 'full.test', headers: cookie })).text).toContain(MARKER);
  expect(fairgate.log.filter((line) => /unexpectedly|uncaught/i.test(line))).toEqual([]);
});
