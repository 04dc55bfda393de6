// What the crowd costs the store: one read a second for each gateway, nothing for a poll. And what happens to whom
// when the store is slow, fails, and comes back. The app runs in this process with a played clock.

import { beforeAll, describe, expect, it } from 'vitest';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { kindOfPage, NOON, type Played, PlayedVisitor, playBeside, playGateway } from './in-process.ts';
import { MARKER } from './recording-origin.ts';
import { AS_JSON, AS_PAGE } from './visitor-client.ts';

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

const BOARD = '/_fairgate/rooms/demo/board';
const ADMISSION = 'fairgate-admission-demo';
const STATUS = '/_fairgate/rooms/demo/status';

describe('reads', () => {
  it('64 requests at a cold start read the store once', async () => {
    const played = await playGateway({ keys });
    const answers = await Promise.all(Array.from({ length: 64 }, () => played.ask(BOARD)));
    expect(answers.map(({ status }) => status)).toEqual(Array(64).fill(200));
    expect(played.store.views).toBe(1);
  });

  it('64 requests at each expiry read the store once, however slowly it answers', async () => {
    const played = await playGateway({ keys });
    await played.ask(BOARD);
    for (let second = 1; second <= 10; second++) {
      played.clock.advance(1_000);
      played.store.onTheWay = () => new Promise((resolve) => setTimeout(resolve, 5));
      await Promise.all(Array.from({ length: 64 }, () => played.ask(BOARD)));
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(played.store.views).toBe(1 + second);
    }
  });

  it('64 requests after a silence wait for one read', async () => {
    const played = await playGateway({ keys });
    await played.ask(BOARD);
    played.clock.advance(60_000);
    const answers = await Promise.all(Array.from({ length: 64 }, () => played.ask(BOARD)));
    const boards = await Promise.all(answers.map((answer) => answer.json()));
    expect(played.store.views).toBe(2);
    for (const board of boards) expect(Date.parse(board.asOf)).toBeGreaterThanOrEqual(NOON + 60_000);
  });

  it('board and status, by strangers and by people who wait, never ask the store to do anything', async () => {
    const played = await playGateway({ keys, room: { schedule: { opensAt: new Date(NOON + 600_000).toISOString() } } });
    const waiting = new PlayedVisitor(played);
    await waiting.page();
    expect(played.store.applied).toEqual(['configure', 'join']);
    for (let second = 0; second < 30; second++) {
      await Promise.all(Array.from({ length: 16 }, () => Promise.all([waiting.status(), played.ask(BOARD)])));
      await played.ask(STATUS);
      played.clock.advance(1_000);
    }
    expect(played.store.applied).toEqual(['configure', 'join']);
    expect(played.store.views).toBeLessThanOrEqual(31);
  });

  it('a waiting visitor who reloads the page, asks for JSON or presses the button costs the store nothing', async () => {
    const played = await playGateway({ keys, room: { schedule: { opensAt: new Date(NOON + 600_000).toISOString() } } });
    const waiting = new PlayedVisitor(played);
    await waiting.page();
    for (let times = 0; times < 20; times++) {
      await waiting.page('/book');
      await waiting.send('/', { headers: AS_JSON });
      await waiting.wish('join');
      await waiting.wish('claim');
    }
    expect(played.store.applied).toEqual(['configure', 'join']);
    expect(played.store.views).toBe(1);
  });

  it('requests without admission cost the store nothing', async () => {
    const played = await playGateway({ keys });
    for (let times = 0; times < 20; times++) await played.ask('/book', { method: 'POST' });
    expect(played.store.applied).toEqual(['configure']);
  });

  it('an admitted visitor in the first half of the session costs the store nothing', async () => {
    const played = await playGateway({ keys });
    const inside = await enter(played);
    const before = played.store.applied.length;
    for (let times = 0; times < 20; times++) expect(await (await inside.page()).text()).toBe(MARKER);
    expect(played.store.applied).toHaveLength(before);
  });
});

describe('a gateway whose copy of the store’s time is behind', () => {
  async function behind(ms: number): Promise<{ late: Played; pass: PlayedVisitor }> {
    const first = await playGateway({ keys });
    const inside = await enter(first);
    const { inner } = first.store;
    const view = inner.view.bind(inner);
    inner.view = async (room, look) => {
      const seen = await view(room, look);
      return { ...seen, at: seen.at - ms };
    };
    const late = await playBeside(first);
    const pass = new PlayedVisitor(late);
    pass.jar.set(ADMISSION, inside.jar.get(ADMISSION) ?? '');
    return { late, pass };
  }

  it('waits a moment for a slot that is now, instead of sending its visitor back', async () => {
    const { late, pass } = await behind(500);
    expect(await (await pass.page()).text()).toBe(MARKER);
    expect(late.passed).toHaveLength(1);
  });

  it('does not wait longer than a second', async () => {
    const { late, pass } = await behind(5_000);
    expect(await kindOfPage(await pass.page())).toBe('called');
    expect(late.passed).toEqual([]);
  });
});

describe('a session that ended', () => {
  it.each([0, 700, 1_400])('is refused by another gateway within 3 s where a read takes %i ms', async (readMs) => {
    for (let phase = 0; phase < 2_000; phase += 100) {
      const first = await playGateway({ keys });
      const second = await playBeside(first);
      const { clock } = first;
      const inside = await enter(first);
      const copy = new PlayedVisitor(second);
      copy.jar.set(ADMISSION, inside.jar.get(ADMISSION) ?? '');
      second.store.onTheWay = async () => {
        for (const answerAt = clock.now() + readMs; clock.now() < answerAt; ) await clock.wait(10);
      };
      const goOn = async (ms: number, each: () => Promise<void>) => {
        for (const end = clock.now() + ms; clock.now() < end; clock.advance(50)) {
          await each();
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      await goOn(3_000 + phase, async () => expect(await passes(copy)).toBe(true));
      await inside.wish('leave');
      const endedAt = clock.now();
      let lastPass = endedAt;
      await goOn(5_000, async () => {
        if (await passes(copy)) lastPass = clock.now();
      });
      expect(lastPass - endedAt).toBeLessThanOrEqual(3_000);
    }
  });

  it('is refused at once by the gateway that ended it', async () => {
    const played = await playGateway({ keys });
    const inside = await enter(played);
    const copy = new PlayedVisitor(played);
    copy.jar.set(ADMISSION, inside.jar.get(ADMISSION) ?? '');
    await inside.wish('leave');
    expect(await passes(copy)).toBe(false);
  });
});

describe('a store that fails', () => {
  it('lets nobody through who comes to a gateway that has never read it', async () => {
    const played = await playGateway({ keys });
    played.store.mood = 'fails';
    const [page, json, other, board, status, join] = await Promise.all([
      played.ask('/', { headers: AS_PAGE }),
      played.ask('/', { headers: AS_JSON }),
      played.ask('/book', { method: 'POST' }),
      played.ask(BOARD),
      played.ask(STATUS),
      played.ask('/_fairgate/rooms/demo/join', { method: 'POST' }),
    ]);
    expect(page.status).toBe(503);
    expect(await kindOfPage(page)).toBe('storeUnreachable');
    expect(await typeOf(other)).toBe('https://fairgate.dev/problems/no-admission');
    for (const answer of [json, board, status, join]) {
      expect(answer.status).toBe(503);
      expect(answer.headers.get('Retry-After')).toBe('5');
      expect(await typeOf(answer)).toBe('https://fairgate.dev/problems/store-unreachable');
    }
    expect(played.passed).toEqual([]);
  });

  it('is asked once a second at the most, however many want to know', async () => {
    const played = await playGateway({ keys });
    await played.ask(BOARD);
    played.store.mood = 'fails';
    const before = played.store.views;
    for (let tick = 0; tick < 40; tick++) {
      played.clock.advance(250);
      await Promise.all(Array.from({ length: 16 }, () => played.ask(BOARD)));
    }
    expect(played.store.views - before).toBeLessThanOrEqual(10);
  });

  it('leaves nobody without an answer who comes while one read hangs', async () => {
    const played = await playGateway({ keys });
    await played.gateway.directory.rooms(() => {});
    played.store.mood = 'hangs';
    void played.ask('/', { headers: AS_PAGE });
    await new Promise((resolve) => setImmediate(resolve));
    const answers = await Promise.all(Array.from({ length: 16 }, () => played.ask('/', { headers: AS_PAGE })));
    for (const answer of answers) expect(await kindOfPage(answer)).toBe('storeUnreachable');
    expect(played.passed).toEqual([]);
  });

  it('does not let newcomers through, nor the called, nor the waiting; each is told and keeps the place', async () => {
    const played = await playGateway({ keys, room: { policy: { totalActiveUsers: 1 } } });
    await enter(played);
    const waiting = new PlayedVisitor(played);
    expect(await kindOfPage(await waiting.page())).toBe('waiting');
    const place = waiting.jar.get('fairgate-queue-demo');
    const origin = played.passed.length;
    for (const sinceReadMs of [0, 1_500, 10_000]) {
      played.store.mood = 'answers';
      played.clock.advance(3_000);
      await played.ask(BOARD);
      played.store.mood = 'fails';
      played.clock.advance(sinceReadMs);
      const newcomer = await played.ask('/', { headers: AS_PAGE });
      expect(newcomer.status).toBe(503);
      expect(await kindOfPage(newcomer)).toBe('storeUnreachable');
      expect((await played.ask('/', { headers: AS_JSON })).status).toBe(503);
      for (const wish of ['join', 'claim', 'leave'] as const) {
        expect((await new PlayedVisitor(played).wish(wish)).status).toBeGreaterThanOrEqual(wish === 'join' ? 503 : 200);
      }
      const told = await waiting.page();
      expect([200, 503]).toContain(told.status);
      expect(['waiting', 'storeUnreachable']).toContain(await kindOfPage(told));
      expect(waiting.jar.get('fairgate-queue-demo')).toBe(place);
    }
    expect(played.passed).toHaveLength(origin);
  });

  it('does not let the called through: the place is claimed once it answers again', async () => {
    const played = await playGateway({ keys, room: { policy: { totalActiveUsers: 1 } } });
    const inside = await enter(played);
    const next = new PlayedVisitor(played);
    await next.page();
    await inside.wish('leave');
    played.clock.advance(2_500);
    await expectState(next, 'called');
    played.store.mood = 'fails';
    const told = await next.page();
    expect(told.status).toBe(503);
    expect(await kindOfPage(told)).toBe('storeUnreachable');
    played.clock.advance(60_000);
    expect((await next.page()).status).toBe(503);
    played.store.mood = 'answers';
    played.clock.advance(1_100);
    // The page that retries by itself has the store asked again; nobody waits for that.
    await next.page();
    expect(await (await next.page()).text()).toBe(MARKER);
  });

  it('keeps nobody out who was admitted, up to the end of the session', async () => {
    const played = await playGateway({ keys });
    const inside = await enter(played);
    played.store.mood = 'fails';
    for (const ms of [1_500, 60_000, 120_000, 100_000]) {
      played.clock.advance(ms);
      expect(await passes(inside)).toBe(true);
    }
    played.clock.advance(60_000);
    expect(await passes(inside)).toBe(false);
  });

  it('has its last board shown with the time it was read, and its clock goes on', async () => {
    const played = await playGateway({ keys });
    const before = await (await played.ask(BOARD)).json();
    played.store.mood = 'fails';
    played.clock.advance(90_000);
    const after = await (await played.ask(BOARD)).json();
    expect(after).toEqual({ ...before, serverTime: new Date(NOON + 90_000).toISOString() });
    expect(after.asOf).toBe(before.asOf);
  });

  it('that answers again lets the line go on with the same places', async () => {
    const played = await playGateway({ keys, room: { schedule: { opensAt: new Date(NOON + 60_000).toISOString() } } });
    const early = new PlayedVisitor(played);
    await early.page();
    played.store.mood = 'fails';
    played.clock.advance(30_000);
    await early.page();
    const late = new PlayedVisitor(played);
    await late.page();
    expect(late.jar.get('fairgate-queue-demo')).toBeUndefined();
    played.store.mood = 'answers';
    played.clock.advance(1_100);
    expect((await early.status()).entry).toBe(1);
    await late.page();
    expect((await late.status()).entry).toBe(2);
    played.clock.advance(31_000);
    expect(await (await early.page()).text()).toBe(MARKER);
  });

  it('is not believed to have heard of every ending: with the list full, an old pass counts only with its record', async () => {
    const played = await playGateway({ keys });
    const inside = await enter(played);
    const held = played.store.inner.rooms.get('demo');
    if (held?.document == null) throw new TypeError('The room is gone.');
    played.clock.advance(2_000);
    held.document = {
      ...held.document,
      endings: { ...held.document.endings, renewBefore: played.clock.now() },
    };
    played.clock.advance(2_500);
    const copy = new PlayedVisitor(played);
    copy.jar.set(ADMISSION, inside.jar.get(ADMISSION) ?? '');
    expect(await passes(copy)).toBe(true);
    expect(played.store.applied.at(-1)).toBe('renew');
    played.store.mood = 'fails';
    const refused = await inside.send('/');
    expect(refused.status).toBe(503);
    expect(await typeOf(refused)).toBe('https://fairgate.dev/problems/store-unreachable');
  });

  it('that lost the room lets nobody in; the room comes to be anew within a second', async () => {
    const played = await playGateway({ keys });
    await played.ask(BOARD);
    played.store.inner.rooms.clear();
    const newcomer = await played.ask('/', { headers: AS_PAGE });
    expect(newcomer.status).toBe(503);
    expect(await kindOfPage(newcomer)).toBe('storeUnreachable');
    expect((await played.ask('/_fairgate/rooms/demo/join', { method: 'POST' })).status).toBe(503);
    for (let seconds = 0; seconds < 3; seconds++) {
      played.clock.advance(1_100);
      await played.ask(BOARD);
    }
    expect(played.store.applied.filter((kind) => kind === 'configure')).toHaveLength(2);
    await enter(played);
  });
});

async function typeOf(answer: Response): Promise<unknown> {
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
  return (await answer.json()).type;
}

async function expectState(visitor: PlayedVisitor, state: string): Promise<void> {
  await visitor.status(); // May answer from a view that is being renewed.
  await new Promise((resolve) => setImmediate(resolve));
  expect((await visitor.status()).state).toBe(state);
}

async function enter(played: Played): Promise<PlayedVisitor> {
  const visitor = new PlayedVisitor(played);
  for (let tries = 0; tries < 10; tries++) {
    played.clock.advance(1_000);
    if ((await (await visitor.page()).text()) === MARKER) return visitor;
  }
  throw new Error('The newcomer did not get in.');
}

/** Asks as no newcomer can: who has no admission gets no place by this. */
async function passes(visitor: PlayedVisitor): Promise<boolean> {
  return (await (await visitor.send('/')).text()) === MARKER;
}
