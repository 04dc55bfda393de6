// An origin that is slow or away, as the line sees it: three failures in a row stop the calls, nobody loses a session by
// it, one sign of life has the line go on. The app runs in this process; the origin's moods are the test's.

import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OriginFetch } from '../../worker/proxy/forward.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { kindOfPage, type Played, PlayedVisitor, playGateway } from './in-process.ts';
import { MARKER } from './recording-origin.ts';

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

class MoodyOrigin {
  mood: 'answers' | 'refuses' | 'isSilent' = 'answers';
  asked: Request[] = [];

  fetch: OriginFetch = async (request) => {
    this.asked.push(request);
    switch (this.mood) {
      case 'answers':
        return new Response(MARKER);
      case 'refuses':
        throw new TypeError('connection refused');
      case 'isSilent':
        return new Promise((_, reject) => {
          request.signal.addEventListener('abort', () => reject(request.signal.reason), { once: true });
        });
    }
  };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const reports = ({ store }: Played) => store.applied.filter((kind) => kind === 'reportOrigin').length;

async function start() {
  const origin = new MoodyOrigin();
  const played = await playGateway({ keys, fetchOrigin: origin.fetch });
  const inside = new PlayedVisitor(played);
  played.clock.advance(1_000);
  await inside.page();
  played.clock.advance(2_100);
  expect(await (await inside.page()).text()).toBe(MARKER);
  return { origin, played, inside };
}

/** Lets the gateway's view come round. */
async function viewRenewed({ clock, ask }: Played): Promise<void> {
  clock.advance(2_100);
  await ask('/_fairgate/rooms/demo/board');
}

describe('an origin', () => {
  it('that fails less than three times in a row stops nobody', async () => {
    const { origin, played, inside } = await start();
    for (let round = 0; round < 4; round++) {
      origin.mood = 'refuses';
      for (let failures = 0; failures < 2; failures++) expect((await inside.page()).status).toBe(502);
      origin.mood = 'answers';
      expect((await inside.page()).status).toBe(200);
    }
    await settle();
    expect(reports(played)).toBe(0);
  });

  it('that fails three times in a row stops the calls, and nobody newly enters', async () => {
    const { origin, played, inside } = await start();
    origin.mood = 'refuses';
    for (let failures = 0; failures < 5; failures++) expect((await inside.page()).status).toBe(502);
    await settle();
    expect(reports(played)).toBe(1);
    await viewRenewed(played);
    const { called } = await (await played.ask('/_fairgate/rooms/demo/board')).json();
    const asked = origin.asked.length;
    for (let seconds = 0; seconds < 10; seconds++) {
      played.clock.advance(1_000);
      const newcomer = new PlayedVisitor(played);
      expect(await kindOfPage(await newcomer.page())).toBe('waiting');
      expect(newcomer.jar.get('fairgate-queue-demo')).toBeDefined();
      expect(newcomer.jar.get('fairgate-admission-demo')).toBeUndefined();
    }
    await settle();
    expect((await (await played.ask('/_fairgate/rooms/demo/board')).json()).called).toBe(called);
    // What it was asked since then are signs of life, not visits.
    expect(new Set(origin.asked.slice(asked).map(({ method }) => method))).toEqual(new Set(['HEAD']));
  });

  it('that closes a kept connection just then is asked once more for a page, and never for a form', async () => {
    const lost = () => Promise.reject(Object.assign(new Error('Network connection lost.'), { retryable: true }));
    const asked: string[] = [];
    let failures = 0;
    const played = await playGateway({
      keys,
      fetchOrigin: async ({ method }) => {
        asked.push(method);
        return failures-- > 0 ? lost() : new Response(MARKER);
      },
    });
    const inside = new PlayedVisitor(played);
    for (let tries = 0; tries < 3; tries++) {
      await inside.page();
      played.clock.advance(1_000);
    }
    for (const [method, fails, status, times] of [
      ['GET', 1, 200, 2],
      ['HEAD', 1, 200, 2],
      ['GET', 2, 502, 2],
      ['POST', 1, 502, 1],
      ['DELETE', 1, 502, 1],
    ] as const) {
      asked.length = 0;
      failures = fails;
      expect([method, (await inside.send('/', { method })).status]).toEqual([method, status]);
      expect(asked).toEqual(Array(times).fill(method));
    }
  });

  it('that is silent for 30 s three times in a row counts as one that refuses', async () => {
    const { origin, played, inside } = await start();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    origin.mood = 'isSilent';
    for (let failures = 0; failures < 3; failures++) {
      const asked = origin.asked.length;
      const answer = inside.page();
      while (origin.asked.length === asked) await settle();
      vi.advanceTimersByTime(29_999);
      expect(origin.asked.at(-1)?.signal.aborted).toBe(false);
      vi.advanceTimersByTime(1);
      const told = await answer;
      expect(told.status).toBe(502);
      expect(await kindOfPage(told)).toBe('originUnreachable');
    }
    await settle();
    expect(reports(played)).toBe(1);
  });

  it('is not blamed for bodies that visitors send slowly or break off', async () => {
    const { origin, played, inside } = await start();
    origin.mood = 'refuses';
    for (let failures = 0; failures < 6; failures++) {
      expect((await inside.send('/upload', { method: 'POST', body: 'half a bo' })).status).toBe(502);
    }
    await settle();
    expect(reports(played)).toBe(0);
  });

  it('that fails costs nobody the session', async () => {
    const { origin, played, inside } = await start();
    origin.mood = 'refuses';
    const pass = inside.jar.get('fairgate-admission-demo');
    for (let failures = 0; failures < 4; failures++) {
      expect(await kindOfPage(await inside.page())).toBe('originUnreachable');
      await viewRenewed(played);
    }
    expect(inside.jar.get('fairgate-admission-demo')).toBe(pass);
    origin.mood = 'answers';
    expect(await (await inside.page()).text()).toBe(MARKER);
  });

  it('that fails is asked for a sign of life every two seconds at the most, whatever comes', async () => {
    const { origin, played, inside } = await start();
    origin.mood = 'refuses';
    for (let failures = 0; failures < 3; failures++) await inside.page();
    await settle();
    await viewRenewed(played);
    const asked = origin.asked.length;
    for (let tick = 0; tick < 20; tick++) {
      played.clock.advance(500);
      await Promise.all(Array.from({ length: 16 }, () => played.ask('/_fairgate/rooms/demo/board')));
      await settle();
    }
    expect(origin.asked.length - asked).toBeLessThanOrEqual(6);
    expect(origin.asked.length - asked).toBeGreaterThanOrEqual(4);
  });

  it('that is back has the line go on, without anybody’s help and with the same places', async () => {
    const { origin, played, inside } = await start();
    origin.mood = 'refuses';
    for (let failures = 0; failures < 3; failures++) await inside.page();
    await settle();
    await viewRenewed(played);
    const waiting = new PlayedVisitor(played);
    await waiting.page();
    const place = waiting.jar.get('fairgate-queue-demo');
    origin.mood = 'answers';
    for (let seconds = 0; seconds < 6; seconds++) {
      played.clock.advance(1_000);
      await waiting.status();
      await settle();
    }
    expect(reports(played)).toBe(2);
    expect(await (await waiting.page()).text()).toBe(MARKER);
    expect(waiting.jar.get('fairgate-queue-demo')).toBe(place);
  });
});
