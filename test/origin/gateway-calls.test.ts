// The calls of the package: signed as the library of Standard Webhooks verifies it, repeated under their id where the gateway has not
// answered, and nowhere a word of the key.

import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createGatewayCalls,
  GatewayCallError,
  type GatewayCallsOptions,
  signCall,
} from '../../origin/gateway-calls.ts';
import { ORIGIN_ACTIONS, ORIGIN_CALLS } from '../../worker/contract/origin-call-schema.ts';

const KEY = `whsec_${randomBytes(32).toString('base64')}`;
const REPLY = { outcome: 'taken', at: null, until: null, reference: null };
const ADMISSION = 'eyJ.eyJ.sig';
const CLAIMS = { epoch: 1_800_000_000_000, position: 7, sub: 'A'.repeat(22), sid: 'x', room: 'booking' };

interface Sent {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** A gateway that answers in this order; `null`: not at all. */
function gatewayThat(...answers: (Response | null)[]) {
  const sent: Sent[] = [];
  const send: typeof fetch = async (url, init) => {
    sent.push({ url: String(url), headers: init?.headers as Record<string, string>, body: String(init?.body) });
    expect(init?.redirect).toBe('manual');
    const answer = answers.shift();
    if (answer == null) throw new TypeError('fetch failed');
    return answer;
  };
  const given = { gateway: 'https://gate.example', room: 'booking', key: KEY, fetch: send };
  return { sent, calls: createGatewayCalls(given) };
}

const ok = () => Response.json(REPLY);
const problem = (status: number, members: object = {}) =>
  Response.json({ title: 'No', detail: 'Why.', ...members }, { status });

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'Date'] }));
afterEach(() => void vi.useRealTimers());

/** Its result, with all pauses passed. Signatures are made outside of the faked time. */
async function settled<T>(call: Promise<T>): Promise<T> {
  let isSettled = false;
  const done = () => {
    isSettled = true;
  };
  call.then(done, done);
  while (!isSettled) {
    await new Promise((resume) => setImmediate(resume));
    await vi.advanceTimersByTimeAsync(100);
  }
  return call;
}

describe('a call of the package', () => {
  it('has the address and the body that the gateway reads, and a signature that the library verifies', async () => {
    const { sent, calls } = gatewayThat(ok(), ok(), ok(), ok(), ok());
    await calls.complete(ADMISSION, { reference: 'A-1', stock: { remaining: 3 } });
    await calls.readmit(CLAIMS);
    await calls.revoke(ADMISSION, { id: 'mine' });
    await calls.stock({ lots: [{ id: 'a', name: 'A', remaining: 1 }], asOfEpochMs: 1_800_000_000_123 });
    await calls.overload(60);
    const types = sent.map(({ url }) => url.replace('https://gate.example/_fairgate/origin/rooms/booking/', ''));
    expect(types).toEqual(ORIGIN_ACTIONS);
    for (const [index, { headers, body }] of sent.entries()) {
      const action = ORIGIN_ACTIONS[index] ?? 'stock';
      expect([action, ORIGIN_CALLS[action].safeParse(JSON.parse(body)).success]).toEqual([action, true]);
      expect(new Webhook(KEY).verify(body, headers)).toEqual(JSON.parse(body));
    }
    expect(JSON.parse(sent[1]?.body ?? '').data.visit).toEqual({
      epoch: CLAIMS.epoch,
      position: 7,
      visitor: CLAIMS.sub,
    });
    expect(sent[2]?.headers['webhook-id']).toBe('mine');
    expect(JSON.parse(sent[3]?.body ?? '').data.asOf).toBe('2027-01-15T08:00:00.123Z');
    expect(new Set(sent.map(({ headers }) => headers['webhook-id'])).size).toBe(5);
  });

  it('is signed as the library signs it, whatever it says', async () => {
    vi.useRealTimers();
    const text = fc.record({
      id: fc.stringMatching(/^[\w-]{1,64}$/),
      body: fc.string({ unit: 'grapheme' }),
      at: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(text, async ({ id, body, at }) => {
        const { headers } = await signCall(KEY, id, body, at * 1_000);
        expect(headers['webhook-signature']).toBe(new Webhook(KEY).sign(id, new Date(at * 1_000), body));
      }),
    );
  });

  it.each([
    ['no answer', null],
    ['503', problem(503)],
    ['429', problem(429)],
    ['a page of a proxy', new Response('<p>bad gateway', { status: 502 })],
  ])('is repeated with its id and body, signed anew, after %s', async (_, answer) => {
    const { sent, calls } = gatewayThat(answer, answer?.clone() ?? null, ok());
    expect(await settled(calls.stock({ remaining: 1 }))).toEqual(REPLY);
    const [first, second, third] = sent;
    expect(sent).toHaveLength(3);
    for (const again of [second, third]) {
      expect(again?.body).toBe(first?.body);
      expect(again?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
      expect(Number(again?.headers['webhook-timestamp'])).toBeGreaterThan(Number(first?.headers['webhook-timestamp']));
    }
  });

  it('that gets no answer three times is one of which nobody knows whether it was obeyed', async () => {
    const { sent, calls } = gatewayThat();
    const error = await settled(calls.revoke(ADMISSION, { id: 'mine' })).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(GatewayCallError);
    expect(error).toMatchObject({ id: 'mine', status: null, isUnknown: true });
    expect(sent).toHaveLength(3);
  });

  it.each([
    [409, { reason: 'completed' }, 'completed', 'The gateway answered 409: No. Why.'],
    [401, {}, null, 'The gateway answered 401: No. Why.'],
    [422, { errors: [{ field: 'data.x', detail: 'is wrong' }] }, null, '422: No. Why. data.x is wrong.'],
    [307, {}, null, 'The gateway answered 307'],
  ])('that is refused with %i is not repeated', async (status, members, reason, text) => {
    const { sent, calls } = gatewayThat(problem(status, members));
    const error = await settled(calls.readmit(ADMISSION)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ status, reason, isUnknown: false, message: expect.stringContaining(text) });
    expect(sent).toHaveLength(1);
    expect(JSON.stringify([error, String(error)])).not.toContain(KEY.slice(6));
  });
});

describe('options with which no call can succeed', () => {
  const given: GatewayCallsOptions = { gateway: 'https://gate.example', room: 'booking', key: KEY };

  it.each([
    ['plain HTTP', { gateway: 'http://gate.example' }, /option "gateway"/],
    ['no address', { gateway: 'gate.example' }, /option "gateway"/],
    ['an empty room', { room: '' }, /option "room"/],
    ['a path as the room', { room: '../x' }, /option "room"/],
    ['no key', { key: '' }, /option "key"/],
    ['the whole entry of ORIGIN_KEYS', { key: `booking:a:${KEY}` }, /option "key"/],
    ['a key without its prefix', { key: KEY.slice(6) }, /option "key"/],
  ])('throw at the start, without a word of the key: %s', (_, options, message) => {
    expect(() => createGatewayCalls({ ...given, ...options })).toThrow(message);
    expect(() => createGatewayCalls({ ...given, ...options })).not.toThrow(KEY.slice(6, 16));
  });

  it('are none on loopback, or in a private network where that is allowed', () => {
    for (const gateway of ['http://127.0.0.1:8787', 'http://localhost:8787']) createGatewayCalls({ ...given, gateway });
    createGatewayCalls({ ...given, gateway: 'http://10.0.0.2', allowPlainHttp: true });
  });
});
