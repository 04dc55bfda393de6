// Calls of protected sites: only a call that is signed for this address, at this time, by a key of this room does anything; each does it
// once, whatever is sent again; and what it ends is over on every gateway within 3 s.

import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { ORIGIN_ACTIONS, ORIGIN_CALLS_PATH, originReplySchema } from '../../worker/contract/origin-call-schema.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import {
  type CallAnswer,
  CallingSite,
  newSiteKey,
  originKeysOf,
  type SentCall,
  sendCall,
  signatureOf,
  signedCall,
} from './calling-site.ts';
import {
  enter,
  type InProcessGateway,
  type InProcessOptions,
  NOON,
  startBeside,
  startInProcess,
} from './in-process.ts';
import { MARKER } from './recording-origin.ts';

const KEY = newSiteKey('first');
const SECOND = newSiteKey('second');
const OTHER_ROOM = newSiteKey('first', 'other');

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

async function started(options: Partial<InProcessOptions> = {}) {
  const gateway = await startInProcess({
    keys,
    originKeys: originKeysOf(KEY, OTHER_ROOM),
    moreRooms: [{ id: 'other', hosts: ['other.test'] }],
    ...options,
  });
  return { gateway, site: new CallingSite(gateway, KEY) };
}

/** The admission token of a visitor who is inside, as the site got it. */
const admissionIn = ({ forwarded }: InProcessGateway): string =>
  forwarded.at(-1)?.headers.get('Fairgate-Admission') ?? '';

const claimsIn = (token: string): { epoch: number; position: number; sub: string; sid: string } =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

async function inside(gateway: InProcessGateway) {
  const visitor = await enter(gateway);
  return { visitor, admission: admissionIn(gateway) };
}

/** Everything that the room keeps of visits, without the records of calls. */
function visitsIn({ store }: InProcessGateway): string {
  const ledger = store.inner.rooms.get('demo');
  const { sessions, endings, origin } = ledger?.document ?? {};
  const { stock, signalledAt, health } = origin ?? {};
  return JSON.stringify([sessions, endings, stock, signalledAt, health, [...(ledger?.tables.session ?? [])]]);
}

/** As a failover that lost the last seconds of the store. */
function loseSessions({ store }: InProcessGateway): void {
  const room = store.inner.rooms.get('demo');
  if (room?.document == null) throw new TypeError('There is no room demo.');
  const { document } = room;
  room.tables.session.clear();
  room.document = { ...document, recovery: { ...document.recovery, lostUntil: document.at + 300_000 } };
}

const problemOf = ({ document }: CallAnswer) => String(document['type']).split('/').at(-1);

const isIn = async (response: Promise<Response>) => (await (await response).text()) === MARKER;

const DATA: Record<(typeof ORIGIN_ACTIONS)[number], (admission: string) => object> = {
  complete: (admission) => ({ admission, reference: 'A-123' }),
  readmit: (admission) => ({ admission }),
  revoke: (admission) => ({ admission }),
  stock: () => ({ remaining: 12 }),
  overload: () => ({ seconds: 60 }),
};

describe('a call without a signature that counts', () => {
  type Change = (call: SentCall) => SentCall;
  const header =
    (name: string, value: (before: string) => string): Change =>
    (call) => ({ ...call, headers: { ...call.headers, [name]: value(call.headers[name] ?? '') } });
  const without =
    (name: string): Change =>
    ({ headers: { [name]: _, ...headers }, ...call }) => ({ ...call, headers });
  const body =
    (value: (before: string) => string): Change =>
    (call) => ({ ...call, body: value(call.body) });
  const signedBy =
    (key: typeof KEY): Change =>
    (call) => {
      const [id = '', seconds = ''] = [call.headers['webhook-id'], call.headers['webhook-timestamp']];
      return header('webhook-signature', () => signatureOf(key, id, seconds, call.body))(call);
    };

  const CHANGES: Record<string, Change> = {
    'another id': header('webhook-id', (id) => `${id}x`),
    'another time': header('webhook-timestamp', (seconds) => String(Number(seconds) + 1)),
    'another spelling of the time': header('webhook-timestamp', (seconds) => `0${seconds}`),
    'a fraction of a second': header('webhook-timestamp', (seconds) => `${seconds}.0`),
    'another reference': body((text) => text.replace(/"data":\{/, '"data":{"x":1,')),
    'white space in the body': body((text) => `${text} `),
    'an empty body': body(() => ''),
    'the key of another room': signedBy(OTHER_ROOM),
    'an unknown key': signedBy(newSiteKey('third')),
    'the secret as text': signedBy({ ...KEY, secret: Buffer.from(`whsec_${KEY.secret}`).toString('base64') }),
    'no signature': without('webhook-signature'),
    'no id': without('webhook-id'),
    'no time': without('webhook-timestamp'),
    'an empty signature': header('webhook-signature', () => ''),
    'an empty signature of version 1': header('webhook-signature', () => 'v1,'),
    'another version': header('webhook-signature', (text) => text.replace('v1,', 'v1a,')),
    'no version': header('webhook-signature', (text) => text.replace('v1,', '')),
    base64url: header('webhook-signature', (text) =>
      text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
    ),
    'half of the signature': header('webhook-signature', (text) => text.slice(0, 25)),
    'five signatures': header('webhook-signature', (text) => `${`v1,${'A'.repeat(43)}= `.repeat(4)}${text}`),
    'another room’s address': (call) => ({ ...call, path: call.path.replace('/demo/', '/other/') }),
    'the address of no room': (call) => ({ ...call, path: call.path.replace('/demo/', '/none/') }),
  };

  it.each(Object.entries(CHANGES))('is refused and does nothing: %s', async (_, change) => {
    const { gateway, site } = await started();
    const { admission } = await inside(gateway);
    for (const action of ORIGIN_ACTIONS) {
      const before = visitsIn(gateway);
      const answer = await sendCall(gateway, change(site.signed(action, DATA[action](admission))));
      expect([action, answer.status, problemOf(answer)]).toEqual([action, 401, 'call-unsigned']);
      expect(visitsIn(gateway)).toBe(before);
    }
  });

  it('is refused whatever one character of it is changed', async () => {
    const { gateway, site } = await started();
    const { admission } = await inside(gateway);
    const call = site.signed('complete', DATA.complete(admission));
    const before = visitsIn(gateway);
    const parts = ['webhook-id', 'webhook-timestamp', 'webhook-signature', 'body'] as const;
    const changed = fc.record({
      part: fc.constantFrom(...parts),
      at: fc.nat(),
      put: fc.string({ unit: 'grapheme-ascii', minLength: 0, maxLength: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(changed, async ({ part, at, put }) => {
        const text = part === 'body' ? call.body : (call.headers[part] ?? '');
        const index = at % text.length;
        const other = text.slice(0, index) + put + text.slice(index + 1);
        // A header field has no spaces around it; the last digit of base64 has two unused bits.
        fc.pre(other.trim() !== text && !(part === 'webhook-signature' && index === text.length - 2));
        const sent = part === 'body' ? { ...call, body: other } : header(part, () => other)(call);
        expect((await sendCall(gateway, sent)).status).toBe(401);
      }),
      { numRuns: 150 },
    );
    expect(visitsIn(gateway)).toBe(before);
    expect((await sendCall(gateway, call)).status).toBe(200);
  });

  it('gets one answer, whether the room, its keys or the signature are missing', async () => {
    const { gateway, site } = await started({ originKeys: originKeysOf(OTHER_ROOM) });
    const unsigned = { ...site.signed('complete', {}), headers: { 'Content-Type': 'application/json' } };
    const to = (room: string, call: SentCall) => ({ ...call, path: call.path.replace('/demo/', `/${room}/`) });
    const calls = ['demo', 'other', 'none'].flatMap((room) => [
      to(room, unsigned),
      to(room, site.signed('complete', {})),
      to(room, { ...site.signed('complete', {}), body: 'no JSON' }),
    ]);
    const answers = await Promise.all(
      calls.map(async (call) => {
        const { status, headers, document } = await sendCall(gateway, call);
        return JSON.stringify([status, [...headers], document]);
      }),
    );
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).not.toMatch(/access-control|retry-after/i);
  });

  it('is counted', async () => {
    const { gateway, site } = await started();
    await sendCall(gateway, header('webhook-id', () => 'x')(site.signed('stock', { remaining: 1 })));
    expect(gateway.parts.metrics.text([])).toContain(
      'fairgate_origin_calls_total{action="stock",outcome="unsigned"} 1',
    );
    expect(gateway.parts.observations.take('demo', 0, 1_000).refused).toEqual({ badToken: 1 });
  });
});

describe('a signed call', () => {
  it('is understood as the library of Standard Webhooks signs it', async () => {
    const { gateway } = await started();
    const { admission } = await inside(gateway);
    const library = new Webhook(`whsec_${KEY.secret}`);
    for (const type of ORIGIN_ACTIONS) {
      const at = new Date(gateway.clock.now());
      const call = signedCall(KEY, { type, data: DATA[type](admission), id: `msg_${type}`, at: at.getTime() });
      const signature = library.sign(`msg_${type}`, at, call.body);
      expect(signature).toBe(call.headers['webhook-signature']);
      const answer = await sendCall(gateway, {
        ...call,
        headers: { ...call.headers, 'webhook-signature': signature },
      });
      // A completed visit is not given back or revoked.
      expect([type, answer.status]).toEqual([type, type === 'readmit' ? 409 : 200]);
    }
  });

  it.each([
    ['five minutes ago', -300_000, 200],
    ['longer ago', -301_000, 401],
    ['in five minutes', 300_000, 200],
    ['later', 301_000, 401],
  ])('counts by the store’s time, %s', async (_, byMs, status) => {
    const { gateway } = await started({ ownTime: () => NOON - 86_400_000 });
    const { admission } = await inside(gateway);
    gateway.clock.advance(1_000 - (gateway.clock.now() % 1_000));
    const signedAt = gateway.clock.now() + byMs;
    const answer = await sendCall(
      gateway,
      signedCall(KEY, { type: 'complete', data: { admission }, id: 'a', at: signedAt }),
    );
    expect(answer.status).toBe(status);
    if (status === 401) expect(problemOf(answer)).toBe('call-untimely');
  });

  it.each(ORIGIN_ACTIONS)('does nothing while the store does not answer: %s', async (action) => {
    const { gateway, site } = await started();
    const { admission } = await inside(gateway);
    const before = visitsIn(gateway);
    vi.spyOn(console, 'error').mockImplementation(() => {});
    gateway.store.mode = 'fails';
    const answer = await site.call(action, DATA[action](admission));
    expect([answer.status, problemOf(answer), answer.headers.get('Retry-After')]).toEqual([
      503,
      'store-unreachable',
      '5',
    ]);
    expect(visitsIn(gateway)).toBe(before);
  });

  it('is refused where the store has never answered: nobody knows the time', async () => {
    const { gateway, site } = await started();
    vi.spyOn(console, 'error').mockImplementation(() => {});
    gateway.store.mode = 'fails';
    expect((await site.call('overload', { seconds: 60 })).status).toBe(503);
  });

  it('is refused for another kind of call or another room than its address, though the signature holds', async () => {
    const { gateway, site } = await started({ originKeys: originKeysOf(KEY) });
    const { admission } = await inside(gateway);
    const before = visitsIn(gateway);
    for (const action of ORIGIN_ACTIONS) {
      const call = site.signed(action, DATA[action](admission));
      for (const other of ORIGIN_ACTIONS.filter((one) => one !== action)) {
        const moved = { ...call, path: `${ORIGIN_CALLS_PATH}/demo/${other}` };
        const answer = await sendCall(gateway, moved);
        expect([action, other, answer.status, problemOf(answer)]).toEqual([action, other, 422, 'bad-input']);
      }
      const at = gateway.clock.now();
      const elsewhere = signedCall(KEY, { type: action, data: DATA[action](admission), id: 'a', at, room: 'other' });
      const answer = await sendCall(gateway, { ...elsewhere, path: call.path });
      expect([action, answer.status]).toEqual([action, 422]);
      expect(answer.document['errors']).toMatchObject([{ field: 'room' }]);
    }
    expect(visitsIn(gateway)).toBe(before);
  });

  it('is taken by POST, as JSON, up to 64 KiB, and readable by no page of another origin', async () => {
    const { gateway, site } = await started({ room: { corsOrigins: ['https://app.test'] } });
    const call = site.signed('stock', { remaining: 1 });
    const asked = async (init: RequestInit) => {
      const response = await gateway.request(call.path, {
        ...init,
        headers: { Origin: 'https://app.test', ...init.headers },
      });
      expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
      return [response.status, response.headers.get('Allow')];
    };
    for (const method of ['GET', 'PUT', 'OPTIONS', 'DELETE'])
      expect([method, await asked({ method })]).toEqual([method, [405, 'POST']]);
    const { headers, body } = call;
    expect(await asked({ method: 'POST', body, headers: { ...headers, 'Content-Type': 'text/plain' } })).toEqual([
      400,
      null,
    ]);
    const long = JSON.stringify({ type: 'stock', room: 'demo', data: { remaining: 1, x: 'x'.repeat(65_536) } });
    expect(await asked({ method: 'POST', body: long, headers })).toEqual([413, null]);
    expect(await asked({ method: 'POST', body, headers })).toEqual([200, null]);
    expect((await gateway.request(`${ORIGIN_CALLS_PATH}/demo/destroy`, { method: 'POST', body, headers })).status).toBe(
      404,
    );
  });

  it('is not answered on the console’s own host', async () => {
    const { gateway, site } = await started({ consoleUrl: 'https://console.test' });
    const { path, headers, body } = site.signed('stock', { remaining: 1 });
    const response = await gateway.request(path, { method: 'POST', headers, body }, 'https://console.test');
    expect(response.status).toBe(404);
  });

  it('is one of at most 400 at once, and 200 a second, of one key', async () => {
    const { gateway, site } = await started();
    const statuses: number[] = [];
    for (let calls = 0; calls < 401; calls++) statuses.push((await site.call('overload', { seconds: 0 })).status);
    expect(statuses.slice(0, 400).every((status) => status === 200 || status === 409)).toBe(true);
    expect(statuses[400]).toBe(429);
    const others = new CallingSite(gateway, OTHER_ROOM);
    expect((await others.call('overload', { seconds: 0 })).status).not.toBe(429);
    gateway.clock.advance(1_000);
    expect((await site.call('overload', { seconds: 0 })).status).toBe(200);
  });
});

describe('keys', () => {
  it('of one room count at the same time, so that one takes the place of another without a pause', async () => {
    const first = await started({ originKeys: originKeysOf(KEY) });
    const statusOf = async (gateway: InProcessGateway, key: typeof KEY) =>
      (await new CallingSite(gateway, key).call('stock', { remaining: 1 })).status;
    expect([await statusOf(first.gateway, KEY), await statusOf(first.gateway, SECOND)]).toEqual([200, 401]);
    const both = await startBeside(first.gateway, { originKeys: originKeysOf(KEY, SECOND) });
    expect([await statusOf(both, KEY), await statusOf(both, SECOND)]).toEqual([200, 200]);
    const last = await startBeside(first.gateway, { originKeys: originKeysOf(SECOND) });
    expect([await statusOf(last, KEY), await statusOf(last, SECOND)]).toEqual([401, 200]);
    // Meanwhile a site that does not know which one the gateway has signs with both.
    const call = new CallingSite(last, KEY).signed('stock', { remaining: 1 }, 'both');
    const second = signatureOf(SECOND, 'both', call.headers['webhook-timestamp'] ?? '', call.body);
    const headers = { ...call.headers, 'webhook-signature': `${call.headers['webhook-signature']} ${second}` };
    expect((await sendCall(last, { ...call, headers })).status).toBe(200);
  });

  it('are named in the records of their calls', async () => {
    const { gateway, site } = await started();
    const { admission } = await inside(gateway);
    await site.call('revoke', { admission });
    const rows = await gateway.store.rows('demo', 'origin', { after: 0, limit: 10 });
    expect(rows).toMatchObject([{ kind: 'revoke', by: 'first', refused: null }]);
  });
});

describe('a visit', () => {
  it('that is completed is over at once on this gateway, and within 3 s on every other', async () => {
    const { gateway, site } = await started();
    const { visitor, admission } = await inside(gateway);
    const beside = await startBeside(gateway);
    expect(await isIn(visitor.page('/', beside))).toBe(true);
    const { status, document } = await site.call('complete', {
      admission,
      reference: 'A-123',
      stock: { remaining: 7 },
    });
    expect([status, document]).toEqual([
      200,
      { outcome: 'completed', at: new Date(gateway.clock.now()).toISOString(), until: null, reference: 'A-123' },
    ]);
    expect(originReplySchema.parse(document)).toEqual(document);
    expect(gateway.store.inner.rooms.get('demo')?.document?.origin.stock).toMatchObject({ remaining: 7 });
    const views = gateway.store.views;
    expect(await isIn(visitor.send('/'))).toBe(false);
    expect(gateway.store.views).toBe(views);
    gateway.clock.advance(3_000);
    expect(await isIn(visitor.send('/', {}, beside))).toBe(false);
  });

  it('can be named by the claims of its token, and is over at once too', async () => {
    const { gateway, site } = await started();
    const { visitor, admission } = await inside(gateway);
    const { epoch, position, sub } = claimsIn(admission);
    const visit = { epoch, position, visitor: sub };
    expect((await site.call('revoke', { visit: { ...visit, visitor: 'A'.repeat(22) } })).document['reason']).toBe(
      'foreignPosition',
    );
    expect((await site.call('revoke', { visit: { ...visit, epoch: epoch + 1 } })).document['reason']).toBe(
      'wrongEpoch',
    );
    expect((await site.call('revoke', { visit: { ...visit, position: 99 } })).document['reason']).toBe(
      'unknownPosition',
    );
    expect(await isIn(visitor.send('/'))).toBe(true);
    expect((await site.call('revoke', { visit })).document).toMatchObject({ outcome: 'revoked' });
    expect(await isIn(visitor.send('/'))).toBe(false);
  });

  it('of which the session ran out is completed by its expired token, and can be given back', async () => {
    const { gateway, site } = await started();
    const { visitor, admission } = await inside(gateway);
    gateway.clock.advance(6 * 60_000);
    expect(await isIn(visitor.send('/'))).toBe(false);
    expect((await site.call('readmit', { admission })).document).toMatchObject({ outcome: 'readmitted' });
    await visitor.act('claim');
    gateway.clock.advance(1_000);
    expect(await isIn(visitor.page('/'))).toBe(true);
    gateway.clock.advance(6 * 60_000);
    expect((await site.call('complete', { admission, reference: 'late' })).document).toMatchObject({
      outcome: 'completed',
      reference: 'late',
    });
    expect((await site.call('readmit', { admission })).document).toMatchObject({ reason: 'completed' });
  });

  it('whose record the store has lost is restored from its token', async () => {
    const { gateway, site } = await started();
    const { visitor, admission } = await inside(gateway);
    loseSessions(gateway);
    const { epoch, position, sub } = claimsIn(admission);
    expect((await site.call('complete', { visit: { epoch, position, visitor: sub } })).status).toBe(409);
    expect((await site.call('complete', { admission })).document).toMatchObject({ outcome: 'completed' });
    expect(await isIn(visitor.send('/'))).toBe(false);
  });

  it('is named by no token but an admission token of this room', async () => {
    const { gateway, site } = await started();
    const { visitor, admission } = await inside(gateway);
    const queue = visitor.jar.header.match(/fairgate-queue[^=]*=([^;]*)/)?.[1] ?? '';
    expect(queue).toMatch(/^eyJ/);
    const other = await startInProcess({ keys: { keys: [await newSigningKey(0)] } });
    await enter(other);
    const claims = { ...claimsIn(admission), visitor: claimsIn(admission).sub, presentBy: null };
    const times = { issuedAt: NOON, admitAt: NOON, expiresAt: NOON + 300_000 };
    const made = (changes: object) =>
      gateway.parts.tokens.issueAdmission({ ...claims, ...times, room: 'demo', ...changes }, gateway.room.audience);
    const wrong = [await made({ room: 'other' }), await made({ position: 0 })];
    for (const token of ['x', queue, admissionIn(other), ...wrong, `${admission}x`, admission.slice(0, -4)]) {
      const answer = await site.call('complete', { admission: token });
      expect([answer.status, answer.document['errors']]).toMatchObject([422, [{ field: 'data.admission' }]]);
    }
    for (const data of [{}, { admission, visit: { epoch: 1, position: 1, visitor: 'A'.repeat(22) } }])
      expect((await site.call('complete', data)).status).toBe(422);
    expect(await isIn(visitor.send('/'))).toBe(true);
  });

  it('is not ended twice by any replay or retry, in any order of calls', async () => {
    const ACTIONS = ['complete', 'readmit', 'revoke'] as const;
    const act = fc.oneof(
      fc.record({ kind: fc.constant('call'), type: fc.constantFrom(...ACTIONS), seconds: fc.nat(3) }),
      fc.record({ kind: fc.constantFrom('replay', 'retry'), which: fc.nat(20) }),
      fc.record({ kind: fc.constant('enter') }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 3, maxLength: 16 }), fc.boolean(), async (acts, sameId) => {
        const { gateway, site } = await started();
        const { visitor, admission } = await inside(gateway);
        const sent: SentCall[] = [];
        const counts = new Map<SentCall, number>();
        let state: 'in' | 'out' | 'back' | 'completed' = 'in';
        for (const one of acts) {
          if ('type' in one) {
            gateway.clock.advance(one.seconds * 1_000);
            // A site may give one id to different kinds of calls; a new call of one kind has a new one.
            const nth = sent.filter(({ path }) => path.endsWith(one.type)).length;
            const call = site.signed(one.type, { admission }, sameId ? `order-${nth}` : undefined);
            const { document } = await sendCall(gateway, call);
            if (one.type === 'complete') state = 'completed';
            else if (one.type === 'revoke' && state !== 'completed') state = 'out';
            else if (one.type === 'readmit' && state === 'out') state = 'back';
            const expected = { completed: 'completed', out: 'revoked', back: 'readmitted', in: 'inside' }[state];
            if (one.type === 'readmit' && state === 'completed') expect(document['reason']).toBe('completed');
            else if (document['reason'] === 'outdatedCall') expect(sent.length).toBeGreaterThanOrEqual(8);
            else expect([one.type, document['outcome']]).toEqual([one.type, expected]);
            sent.push(call);
            counts.set(call, 1);
          } else if ('which' in one) {
            const call = sent[one.which % Math.max(1, sent.length)];
            if (call === undefined) continue;
            const { type, data } = JSON.parse(call.body) as { type: string; data: unknown };
            const again = one.kind === 'replay' ? call : site.signed(type, data, call.headers['webhook-id']);
            const before = visitsIn(gateway);
            await sendCall(gateway, again);
            expect(visitsIn(gateway)).toBe(before);
          } else if (state === 'back') {
            gateway.clock.advance(3_000);
            await visitor.act('claim');
            gateway.clock.advance(1_000);
            if (await isIn(visitor.page('/'))) state = 'in';
            expect(state).toBe('in');
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('what is left', () => {
  const stockIn = (gateway: InProcessGateway) => gateway.store.inner.rooms.get('demo')?.document?.origin.stock;

  it('is said by lots, with prices, and by counts of some of them', async () => {
    const { gateway, site } = await started();
    const price = { low: 100_000, high: 150_000, currency: 'KRW' };
    const lots = [
      { id: 'a', name: '가 구역', remaining: 3, price },
      { id: 'b', name: { ko: '나', en: 'B' }, remaining: 9 },
    ];
    await gateway.request('/_fairgate/rooms/demo/board');
    expect((await site.call('stock', { lots })).document).toMatchObject({ outcome: 'taken' });
    gateway.clock.advance(1_000);
    expect((await site.call('stock', { counts: { b: 4 } })).status).toBe(200);
    expect(stockIn(gateway)).toMatchObject({
      remaining: 7,
      lots: [
        { id: 'a', name: { ko: '가 구역', en: '가 구역' }, remaining: 3, price },
        { id: 'b', name: { ko: '나', en: 'B' }, remaining: 4, price: null },
      ],
    });
  });

  it('is what the site said last, whatever is replayed when, and however far its clock is ahead', async () => {
    const report = fc.record({ remaining: fc.nat(100), afterMs: fc.nat(1_500), replay: fc.nat(20) });
    await fc.assert(
      fc.asyncProperty(fc.array(report, { maxLength: 12 }), fc.nat(4_000), async (reports, aheadMs) => {
        const { gateway } = await started();
        await gateway.request('/_fairgate/rooms/demo/board');
        const sent: SentCall[] = [];
        const send = (call: SentCall) => {
          // A read under way while the manual clock advances would look slow.
          gateway.parts.views.invalidate(gateway.room);
          return sendCall(gateway, call);
        };
        for (const { remaining, afterMs, replay } of reports) {
          gateway.clock.advance(afterMs + 1);
          const at = gateway.clock.now() + aheadMs;
          const data = { remaining, asOf: new Date(at).toISOString() };
          const call = signedCall(KEY, { type: 'stock', data, id: `s${sent.length}`, at });
          expect((await send(call)).status).toBe(200);
          expect(stockIn(gateway)?.remaining).toBe(remaining);
          sent.push(call);
          gateway.clock.advance(replay * 40);
          await send(sent[replay % sent.length] ?? call);
          expect(stockIn(gateway)?.remaining).toBe(remaining);
        }
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['nothing', {}, 'data.remaining'],
    ['lots and counts', { lots: [{ id: 'a', name: 'A', remaining: 1 }], counts: { a: 1 } }, 'data.counts'],
    ['one id twice', { lots: ['a', 'a'].map((id) => ({ id, name: id, remaining: 1 })) }, 'data.lots'],
    ['a negative number', { remaining: -1 }, 'data.remaining'],
    ['a fraction', { remaining: 1.5 }, 'data.remaining'],
    ['a number of 13 digits', { remaining: 1e12 }, 'data.remaining'],
    [
      'more than 50 lots',
      { counts: Object.fromEntries([...Array(51).keys()].map((n) => [`a${n}`, 1])) },
      'data.counts',
    ],
    ['a lot of no id', { lots: [{ id: '', name: 'A', remaining: 1 }] }, 'data.lots.0.id'],
    ['a name of two lines', { lots: [{ id: 'a', name: 'A\nB', remaining: 1 }] }, 'data.lots.0.name'],
    ['a name that turns the writing', { lots: [{ id: 'a', name: '\u202eA', remaining: 1 }] }, 'data.lots.0.name'],
    [
      'a price range upside down',
      { lots: [{ id: 'a', name: 'A', remaining: 1, price: { low: 2, high: 1, currency: 'KRW' } }] },
      'data.lots.0.price.low',
    ],
    ['no time', { remaining: 1, asOf: 'now' }, 'data.asOf'],
    ['a time without a zone', { remaining: 1, asOf: '2027-08-05T12:00:00' }, 'data.asOf'],
    ['a time after it was signed', { remaining: 1, asOf: '2027-08-05T12:00:01Z' }, 'data.asOf'],
  ])('is refused with the field that is wrong: %s', async (_, data, field) => {
    const { gateway, site } = await started();
    const answer = await site.call('stock', data);
    expect(answer.status).toBe(422);
    expect(answer.document['errors']).toContainEqual(expect.objectContaining({ field }));
    expect(stockIn(gateway)).toBeNull();
  });

  it('is refused from a site whose clock is further ahead', async () => {
    const { gateway } = await started();
    const at = gateway.clock.now() + 10_000;
    const answer = await sendCall(gateway, signedCall(KEY, { type: 'stock', data: { remaining: 1 }, id: 'a', at }));
    expect([answer.status, answer.document['errors']]).toMatchObject([422, [{ field: 'data.asOf' }]]);
  });
});

describe('an overloaded site', () => {
  it('gets no visitors until it takes them again; a replay says nothing', async () => {
    const { gateway, site } = await started();
    const { visitor } = await inside(gateway);
    const call = site.signed('overload', { seconds: 60 });
    expect((await sendCall(gateway, call)).document).toMatchObject({ outcome: 'taken' });
    const stage = () => gateway.store.inner.rooms.get('demo')?.document?.origin.health.stage;
    expect(stage()).toBe('stopped');
    expect(await isIn(visitor.send('/'))).toBe(true);
    gateway.clock.advance(1_000);
    expect((await site.call('overload', { seconds: 0 })).document).toMatchObject({ outcome: 'taken' });
    expect(stage()).toBe('slowed');
    expect((await sendCall(gateway, call)).document).toMatchObject({ reason: 'outdatedCall' });
    expect(stage()).toBe('slowed');
    for (const seconds of [-1, 601, 1.5, '60', null])
      expect([seconds, (await site.call('overload', { seconds })).status]).toEqual([seconds, 422]);
  });
});
