// How often a gateway calls the store: one read a second however many poll. Also what visitors get while the store is slow,
// fails or has lost the room. The app runs in this process with a manual clock.

import { beforeAll, describe, expect, it } from 'vitest';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import {
  enter,
  type InProcessGateway,
  InProcessVisitor,
  NOON,
  pageKindOf,
  startBeside,
  startInProcess,
} from './in-process.ts';
import { MARKER } from './recording-origin.ts';
import { AS_JSON, AS_PAGE } from './visitor-client.ts';

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

const BOARD = '/_fairgate/rooms/demo/board';
const ADMISSION = 'fairgate-admission-demo';
const STATUS = '/_fairgate/rooms/demo/status';

describe('store reads', () => {
  it('64 requests at a cold start cause one read, and another one once it has drawn', async () => {
    const gateway = await startInProcess({ keys });
    const responses = await Promise.all(Array.from({ length: 64 }, () => gateway.request(BOARD)));
    expect(responses.map(({ status }) => status)).toEqual(Array(64).fill(200));
    expect(gateway.store.views).toBe(2);
  });

  it('64 requests at each expiry cause one read, also from a slow store', async () => {
    const gateway = await startInProcess({ keys });
    await gateway.request(BOARD);
    for (let second = 1; second <= 10; second++) {
      gateway.clock.advance(1_000);
      gateway.store.beforeReply = () => new Promise((resolve) => setTimeout(resolve, 5));
      await Promise.all(Array.from({ length: 64 }, () => gateway.request(BOARD)));
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(gateway.store.views).toBe(2 + second);
    }
  });

  it('64 requests after a minute without any wait for one read', async () => {
    const gateway = await startInProcess({ keys });
    await gateway.request(BOARD);
    gateway.clock.advance(60_000);
    const responses = await Promise.all(Array.from({ length: 64 }, () => gateway.request(BOARD)));
    const boards = await Promise.all(responses.map((response) => response.json()));
    expect(gateway.store.views).toBe(3);
    for (const board of boards) expect(Date.parse(board.asOf)).toBeGreaterThanOrEqual(NOON + 60_000);
  });

  it('board and status polls, by new and by waiting visitors, send the store no command', async () => {
    const gateway = await startInProcess({
      keys,
      room: { schedule: { opensAt: new Date(NOON + 600_000).toISOString() } },
    });
    const waiting = new InProcessVisitor(gateway);
    await waiting.page();
    expect(gateway.store.applied).toEqual(['configure', 'lease']);
    for (let second = 0; second < 30; second++) {
      await Promise.all(Array.from({ length: 16 }, () => Promise.all([waiting.status(), gateway.request(BOARD)])));
      await gateway.request(STATUS);
      gateway.clock.advance(1_000);
    }
    expect(gateway.store.applied).toEqual(['configure', 'lease']);
    expect(gateway.store.views).toBeLessThanOrEqual(31);
  });

  it('a waiting visitor who reloads the page, requests JSON, joins again or claims causes no store operation', async () => {
    const gateway = await startInProcess({
      keys,
      room: { schedule: { opensAt: new Date(NOON + 600_000).toISOString() } },
    });
    const waiting = new InProcessVisitor(gateway);
    await waiting.page();
    for (let times = 0; times < 20; times++) {
      await waiting.page('/book');
      await waiting.send('/', { headers: AS_JSON });
      await waiting.act('join');
      await waiting.act('claim');
    }
    expect(gateway.store.applied).toEqual(['configure', 'lease']);
    expect(gateway.store.views).toBe(1);
  });

  it.each([10, 500])(
    '%i visitors who ask at the opening cost the store its one draw, and each has a position',
    async (count) => {
      const gateway = await startInProcess({
        keys,
        room: { schedule: { opensAt: new Date(NOON + 60_000).toISOString() }, policy: { totalActiveUsers: 1 } },
      });
      const visitors = Array.from({ length: count }, () => new InProcessVisitor(gateway));
      await Promise.all(visitors.map((visitor) => visitor.act('join')));
      const joined = gateway.store.applied.length;
      gateway.clock.advance(60_000);
      const { views } = gateway.store;
      const statuses = await Promise.all(visitors.map((visitor) => visitor.status()));
      expect(new Set(statuses.map(({ position }) => position)).size).toBe(count);
      expect(gateway.store.applied.slice(joined).filter((kind) => kind !== 'returnLease')).toEqual(['draw']);
      expect(gateway.store.views - views).toBeLessThanOrEqual(2);
    },
  );

  it('requests without admission send the store no command', async () => {
    const gateway = await startInProcess({ keys });
    for (let times = 0; times < 20; times++) await gateway.request('/book', { method: 'POST' });
    expect(gateway.store.applied).toEqual(['configure', 'draw']);
  });

  it('an admitted visitor in the first half of the session sends the store no command', async () => {
    const gateway = await startInProcess({ keys });
    const inside = await enter(gateway);
    const before = gateway.store.applied.length;
    for (let times = 0; times < 20; times++) expect(await (await inside.page()).text()).toBe(MARKER);
    expect(gateway.store.applied).toHaveLength(before);
  });
});

describe('a gateway whose copy of the store’s time is late', () => {
  async function lateBy(ms: number): Promise<{ late: InProcessGateway; visitor: InProcessVisitor }> {
    const first = await startInProcess({ keys });
    const inside = await enter(first);
    const { inner } = first.store;
    const view = inner.view.bind(inner);
    inner.view = async (room, request) => {
      const current = await view(room, request);
      return { ...current, at: current.at - ms };
    };
    const late = await startBeside(first);
    const visitor = new InProcessVisitor(late);
    visitor.jar.set(ADMISSION, inside.jar.get(ADMISSION) ?? '');
    return { late, visitor };
  }

  it('waits within the request for a slot that is less than a second ahead', async () => {
    const { late, visitor } = await lateBy(500);
    expect(await (await visitor.page()).text()).toBe(MARKER);
    expect(late.forwarded).toHaveLength(1);
  });

  it('shows a page for a slot that is more than a second ahead', async () => {
    const { late, visitor } = await lateBy(5_000);
    expect(await pageKindOf(await visitor.page())).toBe('called');
    expect(late.forwarded).toEqual([]);
  });
});

describe('an ended session', () => {
  it.each([0, 700, 1_400])('is refused by another gateway within 3 s if a store read takes %i ms', async (readMs) => {
    for (let phase = 0; phase < 2_000; phase += 100) {
      const first = await startInProcess({ keys });
      const second = await startBeside(first);
      const { clock } = first;
      const inside = await enter(first);
      const copy = new InProcessVisitor(second);
      copy.jar.set(ADMISSION, inside.jar.get(ADMISSION) ?? '');
      second.store.beforeReply = async () => {
        for (const repliesAt = clock.now() + readMs; clock.now() < repliesAt; ) await clock.wait(10);
      };
      const repeatFor = async (ms: number, each: () => Promise<void>) => {
        for (const end = clock.now() + ms; clock.now() < end; clock.advance(50)) {
          await each();
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      await repeatFor(3_000 + phase, async () => expect(await isAdmitted(copy)).toBe(true));
      await inside.act('leave');
      const endedAt = clock.now();
      let lastAdmittedAt = endedAt;
      await repeatFor(5_000, async () => {
        if (await isAdmitted(copy)) lastAdmittedAt = clock.now();
      });
      expect(lastAdmittedAt - endedAt).toBeLessThanOrEqual(3_000);
    }
  });

  it('is refused at once by the gateway that ended it', async () => {
    const gateway = await startInProcess({ keys });
    const inside = await enter(gateway);
    const copy = new InProcessVisitor(gateway);
    copy.jar.set(ADMISSION, inside.jar.get(ADMISSION) ?? '');
    await inside.act('leave');
    expect(await isAdmitted(copy)).toBe(false);
  });
});

describe('while the store fails', () => {
  it('a gateway that has never read the store admits no visitor', async () => {
    const gateway = await startInProcess({ keys });
    gateway.store.mode = 'fails';
    const [page, json, other, board, status, join] = await Promise.all([
      gateway.request('/', { headers: AS_PAGE }),
      gateway.request('/', { headers: AS_JSON }),
      gateway.request('/book', { method: 'POST' }),
      gateway.request(BOARD),
      gateway.request(STATUS),
      gateway.request('/_fairgate/rooms/demo/join', { method: 'POST' }),
    ]);
    expect(page.status).toBe(503);
    expect(await pageKindOf(page)).toBe('storeUnreachable');
    expect(await typeOf(other)).toBe('https://fairgate.dev/problems/no-admission');
    for (const response of [json, board, status, join]) {
      expect(response.status).toBe(503);
      expect(response.headers.get('Retry-After')).toBe('5');
      expect(await typeOf(response)).toBe('https://fairgate.dev/problems/store-unreachable');
    }
    expect(gateway.forwarded).toEqual([]);
  });

  it('the gateway retries once a second at most, however many requests come', async () => {
    const gateway = await startInProcess({ keys });
    await gateway.request(BOARD);
    gateway.store.mode = 'fails';
    const before = gateway.store.views;
    for (let tick = 0; tick < 40; tick++) {
      gateway.clock.advance(250);
      await Promise.all(Array.from({ length: 16 }, () => gateway.request(BOARD)));
    }
    expect(gateway.store.views - before).toBeLessThanOrEqual(10);
  });

  it('requests during a hanging read get a response', async () => {
    const gateway = await startInProcess({ keys });
    await gateway.parts.directory.rooms(() => {});
    gateway.store.mode = 'hangs';
    void gateway.request('/', { headers: AS_PAGE });
    await new Promise((resolve) => setImmediate(resolve));
    const responses = await Promise.all(Array.from({ length: 16 }, () => gateway.request('/', { headers: AS_PAGE })));
    for (const response of responses) expect(await pageKindOf(response)).toBe('storeUnreachable');
    expect(gateway.forwarded).toEqual([]);
  });

  it('no newcomer is admitted, and waiting visitors keep their place', async () => {
    const gateway = await startInProcess({ keys, room: { policy: { totalActiveUsers: 1 } } });
    await enter(gateway);
    const waiting = new InProcessVisitor(gateway);
    expect(await pageKindOf(await waiting.page())).toBe('waiting');
    const place = waiting.jar.get('fairgate-queue-demo');
    const origin = gateway.forwarded.length;
    for (const sinceReadMs of [0, 1_500, 10_000]) {
      gateway.store.mode = 'answers';
      gateway.clock.advance(3_000);
      await gateway.request(BOARD);
      gateway.store.mode = 'fails';
      gateway.clock.advance(sinceReadMs);
      const newcomer = await gateway.request('/', { headers: AS_PAGE });
      // The page of a visitor without a place needs no store while the view is recent.
      const isRecent = sinceReadMs < 5_000;
      expect(newcomer.status).toBe(isRecent ? 200 : 503);
      expect(await pageKindOf(newcomer)).toBe(isRecent ? 'newcomer' : 'storeUnreachable');
      expect((await gateway.request('/', { headers: AS_JSON })).status).toBe(503);
      for (const action of ['join', 'claim', 'leave'] as const) {
        const { status } = await new InProcessVisitor(gateway).act(action);
        expect(status).toBeGreaterThanOrEqual(action === 'join' ? 503 : 200);
      }
      const page = await waiting.page();
      expect([200, 503]).toContain(page.status);
      expect(['waiting', 'storeUnreachable']).toContain(await pageKindOf(page));
      expect(waiting.jar.get('fairgate-queue-demo')).toBe(place);
    }
    expect(gateway.forwarded).toHaveLength(origin);
  });

  it('a called visitor is not admitted, and claims the place once the store answers again', async () => {
    const gateway = await startInProcess({ keys, room: { policy: { totalActiveUsers: 1 } } });
    const inside = await enter(gateway);
    const next = new InProcessVisitor(gateway);
    await next.page();
    await inside.act('leave');
    gateway.clock.advance(2_500);
    await expectState(next, 'called');
    gateway.store.mode = 'fails';
    const refused = await next.page();
    expect(refused.status).toBe(503);
    expect(await pageKindOf(refused)).toBe('storeUnreachable');
    gateway.clock.advance(60_000);
    expect((await next.page()).status).toBe(503);
    gateway.store.mode = 'answers';
    gateway.clock.advance(1_100);
    // The page retries by itself. The first retry starts a read in the background, the second uses it.
    await next.page();
    expect(await (await next.page()).text()).toBe(MARKER);
  });

  it('an admitted visitor stays admitted up to the end of the session', async () => {
    const gateway = await startInProcess({ keys });
    const inside = await enter(gateway);
    gateway.store.mode = 'fails';
    for (const ms of [1_500, 60_000, 120_000, 100_000]) {
      gateway.clock.advance(ms);
      expect(await isAdmitted(inside)).toBe(true);
    }
    gateway.clock.advance(60_000);
    expect(await isAdmitted(inside)).toBe(false);
  });

  it('the last board is served with the time of its read, and with a server time that advances', async () => {
    const gateway = await startInProcess({ keys });
    const before = await (await gateway.request(BOARD)).json();
    gateway.store.mode = 'fails';
    gateway.clock.advance(90_000);
    const after = await (await gateway.request(BOARD)).json();
    expect(after).toEqual({ ...before, serverTime: new Date(NOON + 90_000).toISOString() });
    expect(after.asOf).toBe(before.asOf);
  });

  it('places are kept, and the line continues once the store answers again', async () => {
    const gateway = await startInProcess({
      keys,
      room: { schedule: { opensAt: new Date(NOON + 60_000).toISOString() } },
    });
    const early = new InProcessVisitor(gateway);
    await early.page();
    gateway.store.mode = 'fails';
    gateway.clock.advance(30_000);
    await early.page();
    const late = new InProcessVisitor(gateway);
    await late.page();
    expect(late.jar.get('fairgate-queue-demo')).toBeUndefined();
    gateway.store.mode = 'answers';
    gateway.clock.advance(1_100);
    expect((await early.status()).entry).toBe(1);
    await late.page();
    expect((await late.status()).entry).toBe(2);
    gateway.clock.advance(31_000);
    expect(await (await early.page()).text()).toBe(MARKER);
  });

  it('tokens older than renewBefore are refused; while the store answers it re-checks them', async () => {
    const gateway = await startInProcess({ keys });
    const inside = await enter(gateway);
    const unread = await enter(gateway);
    const stored = gateway.store.inner.rooms.get('demo');
    if (stored?.document == null) throw new TypeError('The store has no such room.');
    gateway.clock.advance(2_000);
    const endings = { ...stored.document.endings, renewBefore: gateway.clock.now() };
    stored.document = { ...stored.document, endings };
    gateway.clock.advance(2_500);
    const copy = new InProcessVisitor(gateway);
    copy.jar.set(ADMISSION, inside.jar.get(ADMISSION) ?? '');
    expect(await isAdmitted(copy)).toBe(true);
    expect(gateway.store.applied.at(-1)).toBe('renew');
    // The record was read: the same token costs no other read.
    const { length } = gateway.store.applied;
    expect(await isAdmitted(inside)).toBe(true);
    expect(gateway.store.applied).toHaveLength(length);
    gateway.store.mode = 'fails';
    const refused = await unread.send('/');
    expect(refused.status).toBe(503);
    expect(await typeOf(refused)).toBe('https://fairgate.dev/problems/store-unreachable');
  });

  it('no visitor is admitted to a room that the store lost, and the gateway configures it again', async () => {
    const gateway = await startInProcess({ keys });
    await gateway.request(BOARD);
    gateway.store.inner.rooms.clear();
    const newcomer = await gateway.request('/', { headers: AS_PAGE });
    expect(newcomer.status).toBe(503);
    expect(await pageKindOf(newcomer)).toBe('storeUnreachable');
    expect((await gateway.request('/_fairgate/rooms/demo/join', { method: 'POST' })).status).toBe(503);
    for (let seconds = 0; seconds < 3; seconds++) {
      gateway.clock.advance(1_100);
      await gateway.request(BOARD);
    }
    expect(gateway.store.applied.filter((kind) => kind === 'configure')).toHaveLength(2);
    await enter(gateway);
  });
});

async function typeOf(response: Response): Promise<unknown> {
  expect(response.headers.get('Content-Type')).toBe('application/problem+json');
  return (await response.json()).type;
}

async function expectState(visitor: InProcessVisitor, state: string): Promise<void> {
  await visitor.status(); // May be answered from the stale view while a new one is fetched.
  await new Promise((resolve) => setImmediate(resolve));
  expect((await visitor.status()).state).toBe(state);
}

/** Sends a request by which a visitor without admission gets no place. */
async function isAdmitted(visitor: InProcessVisitor): Promise<boolean> {
  return (await (await visitor.send('/')).text()) === MARKER;
}
