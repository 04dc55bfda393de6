// How much one admission can be used at once, and whose session goes on while the store does not respond. The app runs in this
// process with a manual clock.

import { beforeAll, describe, expect, it } from 'vitest';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { change } from '../core/sample-rooms.ts';
import { payloadOf } from './forged-tokens.ts';
import {
  enter,
  type InProcessGateway,
  InProcessVisitor,
  pageKindOf,
  startBeside,
  startInProcess,
} from './in-process.ts';
import { MARKER } from './recording-origin.ts';

let keys: SigningKeys;
beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

/** A visitor whose session is no more provisional. */
async function enterForGood(gateway: InProcessGateway): Promise<InProcessVisitor> {
  const visitor = await enter(gateway);
  expect(await (await visitor.page()).text()).toBe(MARKER);
  return visitor;
}

const from = (address: string) => ({ headers: { 'CF-Connecting-IP': address } });

describe('one admission', () => {
  it('has at most 128 requests at a time; the next is answered as soon as one of them is', async () => {
    const waiting: (() => void)[] = [];
    let slow = false;
    const fetchOrigin = async () => {
      if (slow) await new Promise<void>((resolve) => waiting.push(resolve));
      return new Response(MARKER);
    };
    const gateway = await startInProcess({ keys, fetchOrigin });
    const visitor = await enterForGood(gateway);
    slow = true;
    const refused: Response[] = [];
    const requests = Array.from({ length: 300 }, async () => {
      const response = await visitor.send('/');
      if (response.status === 429) refused.push(response);
      return response.text();
    });
    await expect.poll(() => [waiting.length, refused.length]).toEqual([128, 172]);
    slow = false;
    for (const finish of waiting) finish();
    const texts = await Promise.all(requests);
    expect(texts.filter((text) => text === MARKER)).toHaveLength(128);
    const problem = texts.find((text) => text !== MARKER) ?? '';
    expect(JSON.parse(problem).type).toBe('https://fairgate.dev/problems/session-overused');
    expect((await visitor.send('/')).status).toBe(200);
  });

  it('is used from at most 16 networks within ten minutes; addresses of one IPv6 network are one', async () => {
    const gateway = await startInProcess({ keys, room: { policy: { sessionMinutes: 30 } } });
    const visitor = await enterForGood(gateway);
    // The visitor entered from a network of their own.
    for (let network = 1; network <= 15; network++) {
      expect((await visitor.send('/', from(`192.0.2.${network}`))).status).toBe(200);
      expect((await visitor.send('/', from(`192.0.2.${network}`))).status).toBe(200);
    }
    const refused = await visitor.send('/', { headers: { ...from('2001:db8::1').headers, Accept: 'text/html' } });
    expect(refused.status).toBe(429);
    expect(await pageKindOf(refused)).toBe('badRequest');
    expect((await visitor.send('/', from('192.0.2.15'))).status).toBe(200);
    gateway.clock.advance(10 * 60_000 + 1_000);
    for (let host = 1; host <= 40; host++) {
      expect((await visitor.send('/', from(`2001:db8::${host}`))).status).toBe(200);
    }
  });

  it('of another visitor is not affected', async () => {
    const gateway = await startInProcess({ keys });
    const [one, other] = [await enterForGood(gateway), await enterForGood(gateway)];
    for (let network = 0; network < 40; network++) await one.send('/', from(`192.0.2.${network}`));
    expect((await other.send('/', from('198.51.100.1'))).status).toBe(200);
  });
});

describe('a visitor whose session has ended', () => {
  it('waits and enters with a new place as if there had been no other', async () => {
    const gateway = await startInProcess({ keys, room: { policy: { totalActiveUsers: 1 } } });
    const visitor = await enterForGood(gateway);
    const { sid } = payloadOf(visitor.jar.get('fairgate-admission-demo') ?? '');
    await gateway.store.inner.apply('demo', [change({ kind: 'endSession', position: 1 })]);
    gateway.clock.advance(2_000);
    expect(await pageKindOf(await visitor.page())).toBe('ended');
    const other = await enterForGood(gateway);
    const ended = visitor.jar.get('fairgate-admission-demo') ?? '';
    await visitor.act('join');
    expect(visitor.jar.get('fairgate-admission-demo')).toBeUndefined();
    expect((await visitor.status()).state).toBe('waiting');
    // An app may keep the token of the session that is over: it says nothing of the new place.
    const both = { Cookie: `${visitor.jar.header}; fairgate-admission-demo=${ended}` };
    const status = await gateway.request('/_fairgate/rooms/demo/status', { headers: both });
    expect(await status.json()).toMatchObject({ state: 'waiting' });
    expect(await pageKindOf(await visitor.page())).toBe('waiting');
    await other.act('leave');
    gateway.clock.advance(2_000);
    await visitor.page();
    gateway.clock.advance(2_000);
    expect(await (await visitor.page()).text()).toBe(MARKER);
    expect(payloadOf(visitor.jar.get('fairgate-admission-demo') ?? '')['sid']).not.toBe(sid);
  });
});

describe('a visitor whose session has ended within a second', () => {
  it('takes a new place, although the gateway’s view is from before the last one was called', async () => {
    const commands: Record<string, string> = { '/done': 'complete' };
    const gateway = await startInProcess({
      keys,
      fetchOrigin: async ({ url }) => {
        const command = commands[new URL(url).pathname];
        return new Response(MARKER, { headers: command === undefined ? {} : { 'Fairgate-Command': command } });
      },
    });
    await gateway.request('/_fairgate/rooms/demo/board');
    gateway.clock.advance(900);
    const visitor = new InProcessVisitor(gateway);
    expect(await (await visitor.page()).text()).toBe(MARKER);
    expect(await (await visitor.page('/done')).text()).toBe(MARKER);
    expect(payloadOf(visitor.jar.get('fairgate-queue-demo') ?? '')['position']).toBe(1);
    await visitor.act('join');
    expect(payloadOf(visitor.jar.get('fairgate-queue-demo') ?? '')['position']).toBe(2);
  });
});

describe('while the store does not respond', () => {
  it('the sessions that a gateway has let through go on; those that it has never seen do not, and are told so', async () => {
    const first = await startInProcess({ keys, room: { policy: { sessionMinutes: 30 } } });
    const visitor = await enterForGood(first);
    const second = await startBeside(first);
    await second.request('/_fairgate/rooms/demo/board');
    for (const { store } of [first, second]) store.mode = 'fails';
    first.clock.advance(60_000);
    for (const gateway of [first, second]) await gateway.request('/_fairgate/rooms/demo/board');
    first.clock.advance(2_000);
    expect(await (await visitor.page()).text()).toBe(MARKER);
    const page = await visitor.page('/', second);
    expect(page.status).toBe(503);
    expect(await pageKindOf(page)).toBe('storeUnreachable');
    expect((await visitor.send('/api', {}, second)).status).toBe(503);
    second.store.mode = 'answers';
    second.clock.advance(60_000);
    await second.request('/_fairgate/rooms/demo/board');
    second.clock.advance(1_000);
    expect(await (await visitor.page('/', second)).text()).toBe(MARKER);
    second.store.mode = 'fails';
    second.clock.advance(60_000);
    expect(await (await visitor.page('/', second)).text()).toBe(MARKER);
  });

  it('a gateway that has never read it lets nobody in, with whatever token', async () => {
    const first = await startInProcess({ keys });
    const visitor = await enterForGood(first);
    await visitor.act('leave');
    const admitted = await enterForGood(first);
    const fresh = await startBeside(first);
    fresh.store.mode = 'fails';
    for (const each of [visitor, admitted]) {
      expect(await pageKindOf(await each.page('/', fresh))).toBe('storeUnreachable');
    }
    expect((await admitted.send('/', {}, fresh)).status).toBe(503);
    expect(fresh.forwarded).toEqual([]);
  });
});
