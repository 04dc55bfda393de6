import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Board, Status } from '../../queue-core/board.ts';
import { POLL_JITTER } from '../../queue-core/limits.ts';
import { announcer } from '../../worker/pages/announcer.ts';
import type { PageModel, VisitorAnswer } from '../../worker/pages/model.ts';
import { type Shown, visit } from '../../worker/pages/page-script.ts';
import { serverClock } from '../../worker/pages/server-clock.ts';
import { board, MODELS, model, NOW, rfc3339, status } from './built-pages.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

type Reply = { status?: number; body?: unknown; headers?: Record<string, string> } | 'noNetwork' | 'silence';
interface Asked {
  path: string;
  init: RequestInit;
  at: number;
}

/** A browser whose network answers from `reply` and whose monotonic counter is the fake timers'. */
function setOut(first: PageModel, reply: (asked: Asked) => Reply, revisited = false) {
  const started = Date.now();
  const monotonicMs = () => Date.now() - started;
  const asked: Asked[] = [];
  const left: { path: string; at: number }[] = [];
  const shown: Shown[] = [];
  let keys = 0;
  const journey = visit(
    first,
    {
      fetch(path, init) {
        const request = { path: path.replace('/_fairgate/rooms/vaccine/', ''), init, at: monotonicMs() };
        asked.push(request);
        const said = reply(request);
        if (said === 'noNetwork') return Promise.reject(new TypeError('Failed to fetch'));
        if (said === 'silence') {
          return new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason)));
        }
        const text = typeof said.body === 'string' ? said.body : JSON.stringify(said.body ?? {});
        return Promise.resolve(new Response(text, { status: said.status ?? 200, headers: said.headers ?? {} }));
      },
      monotonicMs,
      random: () => 0.5,
      key: () => `key ${keys++}`,
      go: (path) => left.push({ path, at: monotonicMs() }),
    },
    (next) => shown.push(next),
    revisited,
  );
  return { journey, asked, left, shown, last: () => shown.at(-1) };
}

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000);
const answer = (outcome: VisitorAnswer['outcome'], changes: Partial<VisitorAnswer> = {}): VisitorAnswer => ({
  outcome,
  reason: null,
  standbyAhead: null,
  admitAt: null,
  status: status(),
  ...changes,
});
const called = status({ state: 'called', ahead: 0, claimBy: rfc3339(NOW + 300_000) });
const near = model('waiting', { board: board({ called: 87_600 }) });

/** The server as it goes on by itself: time passes, `called` as given. */
const boardNow = (at: number, changes: Partial<Board> = {}) =>
  board({ serverTime: rfc3339(NOW + at), asOf: rfc3339(NOW + at), ...changes });

test('a failure never admits and never costs the place, whatever fails and in whatever order', async () => {
  const failure = fc.constantFrom<Reply>(
    'noNetwork',
    'silence',
    { status: 500 },
    { status: 503, headers: { 'Retry-After': '5' } },
    { status: 429, headers: { 'Retry-After': '1' } },
    { status: 403, body: { type: 'about:blank', status: 403 } },
    { status: 404, body: {} },
    { body: '<html>captive portal</html>' },
    { body: '{"state":"adm' },
  );
  const places = fc.constantFrom(near, MODELS.entered, MODELS.called, MODELS.standby, MODELS.paused);
  await fc.assert(
    fc.asyncProperty(places, fc.array(failure, { minLength: 1, maxLength: 8 }), async (first, failures) => {
      const { left, shown, asked } = setOut(first, () => failures[asked.length % failures.length] ?? 'noNetwork');
      await seconds(200);
      expect(asked.length).toBeGreaterThan(2);
      expect(left).toEqual([]);
      for (const { model } of shown) {
        expect(model.kind).toBe(first.kind);
        expect(model.status?.position).toBe(first.status?.position);
        expect(model.status?.entry).toBe(first.status?.entry);
      }
      vi.clearAllTimers();
    }),
    { numRuns: 60 },
  );
});

test('polls come no earlier than told, and ask for the board without cookies', async () => {
  const far = model('waiting', { board: board({ pace: { low: 1000, high: 1000 } }) });
  const { asked } = setOut(far, ({ at }) => ({ body: boardNow(at, { pace: { low: 1000, high: 1000 } }) }));
  await seconds(301);
  expect(new Set(asked.map(({ path }) => path))).toEqual(new Set(['board']));
  expect(asked.every(({ init }) => init.credentials === 'omit' && init.cache === 'no-store')).toBe(true);
  expect(asked).toHaveLength(10);
  expect(POLL_JITTER).toBeLessThan(0.5);
});

test('a Retry-After is kept to', async () => {
  const { asked, last } = setOut(near, () => ({ status: 429, headers: { 'Retry-After': '40' } }));
  await seconds(30);
  expect(asked).toHaveLength(1);
  await seconds(20);
  expect(asked).toHaveLength(2);
  expect(last()?.notice).toBeNull();
});

test('a lost network is asked again ever more slowly, at once when it is back, and then nothing is said of it', async () => {
  let online = false;
  const run = setOut(near, ({ at }) => (online ? { body: boardNow(at, { called: 87_610 }) } : 'noNetwork'));
  await seconds(2);
  expect(run.last()).toMatchObject({ notice: 'offline', model: { kind: 'waiting', board: { called: 87_600 } } });
  await seconds(300);
  const times = run.asked.map(({ at }) => at);
  expect(times.at(-1) ?? 0).toBeGreaterThan(270_000);
  expect(run.asked.length).toBeLessThan(20);
  online = true;
  run.journey.wake();
  await seconds(1);
  expect(run.last()).toMatchObject({ notice: null, model: { board: { called: 87_610 } } });
});

test('waking a page over and over asks at most once a second', async () => {
  const { asked, journey } = setOut(near, () => 'noNetwork');
  await seconds(60);
  const before = asked.length;
  for (let times = 0; times < 100; times++) {
    journey.wake();
    await seconds(0.1);
  }
  expect(asked.length - before).toBeLessThanOrEqual(11);
});

test('the line never moves backwards on a screen, whichever gateway answers', async () => {
  const boards = fc.array(fc.record({ asOf: fc.integer({ min: 0, max: 5000 }), called: fc.nat(80) }), { minLength: 3 });
  await fc.assert(
    fc.asyncProperty(boards, async (given) => {
      const inOrder = given.toSorted((a, b) => a.asOf - b.asOf || a.called - b.called);
      const calledAt = (asOf: number) => Math.max(...inOrder.filter((b) => b.asOf <= asOf).map((b) => b.called));
      let index = 0;
      const run = setOut(model('waiting', { board: board({ called: 0 }), status: status({ position: 100 }) }), () => {
        const { asOf = 0 } = given[index++ % given.length] ?? {};
        return { body: board({ asOf: rfc3339(NOW + asOf), called: calledAt(asOf) }) };
      });
      await seconds(40);
      const shown = run.shown.map(({ model }) => model.board?.called ?? 0);
      expect(shown).toEqual(shown.toSorted((a, b) => a - b));
      vi.clearAllTimers();
    }),
    { numRuns: 30 },
  );
});

test('a called visitor claims by itself and enters when the slot opens by the server’s time, not before', async () => {
  const { asked, left, last } = setOut(near, ({ path, at }) => {
    if (path === 'board') return { body: boardNow(at, { called: 87_700 }) };
    if (path === 'status') return { body: { ...called, serverTime: rfc3339(NOW + at) } };
    const claimed = answer('admitted', {
      admitAt: rfc3339(NOW + 9000),
      status: { ...called, state: 'admitted', serverTime: rfc3339(NOW + at) },
    });
    return { body: claimed };
  });
  await seconds(5);
  expect(asked.map(({ path }) => path)).toEqual(['board', 'status', 'claim']);
  expect(last()?.model).toMatchObject({ kind: 'called', admitAt: rfc3339(NOW + 9000) });
  expect(left).toEqual([]);
  await seconds(30);
  expect(left).toEqual([{ path: '/reserve?clinic=7', at: 9000 }]);
});

test('a claim whose answer was lost is asked again', async () => {
  const { asked, left } = setOut(MODELS.called, () =>
    asked.length < 3 ? 'silence' : { body: answer('admitted', { status: called }) },
  );
  await seconds(40);
  expect(asked.map(({ path }) => path)).toEqual(['claim', 'claim', 'claim']);
  expect(left).toHaveLength(1);
});

test('on standby the claim is repeated every few seconds and the number before this one is shown', async () => {
  let free = false;
  const run = setOut(MODELS.called, ({ path, at }) => {
    if (path === 'board') return { body: boardNow(at, { called: 90_000 }) };
    return free
      ? { body: answer('admitted', { status: called }) }
      : {
          status: 202,
          body: answer('standby', { standbyAhead: 2, status: { ...called, serverTime: rfc3339(NOW + at) } }),
        };
  });
  await seconds(31);
  expect(run.last()?.model).toMatchObject({ kind: 'standby', standbyAhead: 2 });
  expect(run.asked.filter(({ path }) => path === 'claim').length).toBeGreaterThanOrEqual(8);
  expect(run.asked.filter(({ path }) => path === 'claim').length).toBeLessThanOrEqual(12);
  free = true;
  await seconds(4);
  expect(run.left).toHaveLength(1);
});

test('a refused claim is not hammered, and a held room is shown as paused', async () => {
  const { asked, last, left } = setOut(MODELS.called, ({ path, at }) => {
    if (path === 'board') return { body: boardNow(at, { state: 'paused', called: 90_000 }) };
    if (path === 'status') return { body: called };
    return { status: 409, body: answer('refused', { reason: 'held', status: called }) };
  });
  await seconds(60);
  expect(last()?.model.kind).toBe('paused');
  expect(asked.filter(({ path }) => path === 'claim').length).toBeLessThan(20);
  expect(left).toEqual([]);
});

test('a page open since before the entries takes one, then its drawn place, without being touched', async () => {
  const prequeue = 60_000;
  const opening = 120_000;
  let joined = false;
  const run = setOut(
    model('scheduled', {
      board: board({ state: 'scheduled', opensAt: rfc3339(NOW + opening), called: 0 }),
      status: status({ state: 'none', entry: null, position: null }),
    }),
    ({ path, at }) => {
      const state = at < prequeue ? 'scheduled' : at < opening ? 'prequeue' : 'open';
      const own: Status = !joined
        ? status({ state: 'none', entry: null, position: null })
        : at < opening
          ? status({ state: 'entered', entry: 77, position: null })
          : status({ state: 'waiting', entry: 77, position: 4321 });
      const now = { ...own, serverTime: rfc3339(NOW + at) };
      if (path === 'join') {
        joined = true;
        return { body: answer('joined', { status: status({ state: 'entered', entry: 77, position: null }) }) };
      }
      return path === 'status'
        ? { body: now }
        : { body: boardNow(at, { state, opensAt: rfc3339(NOW + opening), called: 0 }) };
    },
  );
  await seconds(55);
  expect(run.last()?.model.kind).toBe('scheduled');
  await seconds(60);
  expect(run.last()?.model).toMatchObject({ kind: 'entered', status: { entry: 77 } });
  await seconds(15);
  expect(run.last()?.model).toMatchObject({ kind: 'waiting', status: { position: 4321 } });
  expect(run.asked.filter(({ path }) => path === 'join')).toHaveLength(1);
});

test('a board kept back by a cache does not hold a page before the opening', async () => {
  const { last } = setOut(
    model('entered', {
      board: board({ state: 'prequeue', opensAt: rfc3339(NOW + 2000) }),
      status: status({ state: 'entered', position: null }),
    }),
    ({ path, at }) =>
      path === 'board'
        ? { body: board({ state: 'prequeue', opensAt: rfc3339(NOW + 2000) }) }
        : { body: status({ position: 500, serverTime: rfc3339(NOW + at) }) },
  );
  await seconds(20);
  expect(last()?.model.status?.position).toBe(500);
});

test('a join asked again after a lost answer carries the same key, the next join another', async () => {
  const run = setOut(MODELS.lapsed, () =>
    run.asked.length < 3 ? 'noNetwork' : { body: answer('lapsed', { status: status({ state: 'lapsed' }) }) },
  );
  await seconds(600);
  expect(run.asked).toEqual([]);
  run.journey.press('join');
  await seconds(20);
  run.journey.press('join');
  await seconds(5);
  const keys = run.asked.map(({ init }) => (init.headers as Record<string, string>)['Idempotency-Key']);
  expect(keys).toEqual(['key 0', 'key 0', 'key 0', 'key 1']);
});

test('a place given up is gone from the page, which then rests', async () => {
  const run = setOut(near, ({ path }) =>
    path === 'leave' ? { body: answer('left') } : { body: board({ called: 87_600 }) },
  );
  run.journey.press('leave');
  await seconds(100);
  expect(run.last()?.model).toMatchObject({ kind: 'ended', status: { state: 'none' } });
  expect(run.asked.map(({ path }) => path)).toEqual(['leave']);
});

test('an unreachable store is asked by itself until it tells where the visitor stands', async () => {
  let back = false;
  const run = setOut(MODELS.storeUnreachable, ({ path, at }) => {
    if (!back) return { status: 503, headers: { 'Retry-After': '5' } };
    return path === 'board' ? { body: boardNow(at) } : { body: status() };
  });
  await seconds(120);
  expect(run.last()?.model.kind).toBe('storeUnreachable');
  expect(run.asked.length).toBeLessThan(20);
  back = true;
  await seconds(40);
  expect(run.last()?.model).toMatchObject({ kind: 'waiting', status: { position: 87_654 } });
});

test('without a room, and for an unreachable origin, the address itself is asked, and entered once it answers', async () => {
  for (const first of [{ ...MODELS.storeUnreachable, room: null }, MODELS.originUnreachable]) {
    let back = false;
    const run = setOut(first, () => ({ status: back ? 200 : 502 }));
    await seconds(60);
    expect(run.left).toEqual([]);
    back = true;
    await seconds(40);
    expect(run.asked.every(({ path, init }) => path === '/reserve?clinic=7' && init.method === 'HEAD')).toBe(true);
    expect(run.left).toHaveLength(1);
    vi.clearAllTimers();
  }
});

test('the server’s time is never ahead of the server, and forgets one wrong stamp', () => {
  const drift = fc.array(fc.tuple(fc.nat(60_000), fc.nat(4000)), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(drift, (stamps) => {
      let monotonic = 0;
      const clock = serverClock(() => monotonic);
      for (const [pause, late] of stamps) {
        monotonic += pause;
        clock.read(rfc3339(NOW + monotonic - late));
        expect(clock.now()).toBeLessThanOrEqual(NOW + monotonic);
        expect(clock.now()).toBeGreaterThanOrEqual(NOW + monotonic - late);
      }
    }),
  );
  const clock = serverClock(() => 0);
  clock.read(rfc3339(NOW + 86_400_000));
  for (let late = 8; late >= 0; late--) clock.read(rfc3339(NOW - late));
  expect(clock.now()).toBe(NOW);
});

test('a screen reader is told of a new state at once and of new numbers at most every half minute', () => {
  let monotonic = 0;
  const said: [number, string][] = [];
  const announce = announcer(
    'waiting',
    () => monotonic,
    (text) => said.push([monotonic, text]),
  );
  for (; monotonic < 100_000; monotonic += 1000) announce('waiting', `${100 - monotonic / 1000} ahead`);
  announce('called', 'It is your turn');
  expect(said.map(([at]) => at)).toEqual([30_000, 60_000, 90_000, 100_000]);
  expect(said.at(-1)?.[1]).toBe('It is your turn');
});
