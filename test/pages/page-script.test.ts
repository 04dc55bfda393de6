// The page script against a simulated network and fake timers: when it sends which request, and what it shows.

import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Board, Status } from '../../queue-core/board.ts';
import { POLL_JITTER } from '../../queue-core/wait.ts';
import { announcer } from '../../worker/pages/announcer.ts';
import type { PageModel, VisitorAnswer } from '../../worker/pages/model.ts';
import { type PageState, visit } from '../../worker/pages/page-script.ts';
import { aheadIn } from '../../worker/pages/page-text.ts';
import { serverClock } from '../../worker/pages/server-clock.ts';
import { board, MODELS, model, NOW, paceAt, rfc3339, status } from './built-pages.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

type Reply = { status?: number; body?: unknown; headers?: Record<string, string> } | 'noNetwork' | 'noResponse';
interface SentRequest {
  path: string;
  init: RequestInit;
  at: number;
}

/** Starts the script in a browser whose network responds with `reply` and whose monotonic clock is the fake timers'. */
function startPage(first: PageModel, reply: (request: SentRequest) => Reply, revisited = false) {
  const started = Date.now();
  const monotonicMs = () => Date.now() - started;
  const requests: SentRequest[] = [];
  const navigations: { path: string; at: number; isCopy: boolean }[] = [];
  const shown: PageState[] = [];
  let keys = 0;
  const script = visit(
    first,
    {
      fetch(path, init) {
        const request = { path: path.replace('/_fairgate/rooms/vaccine/', ''), init, at: monotonicMs() };
        requests.push(request);
        const response = reply(request);
        if (response === 'noNetwork') return Promise.reject(new TypeError('Failed to fetch'));
        if (response === 'noResponse') {
          return new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason)));
        }
        const text = typeof response.body === 'string' ? response.body : JSON.stringify(response.body ?? {});
        return Promise.resolve(new Response(text, { status: response.status ?? 200, headers: response.headers ?? {} }));
      },
      monotonicMs,
      random: () => 0.5,
      alone: (work) => work(),
      key: () => `key ${keys++}`,
      go: (path, isCopy) => navigations.push({ path, at: monotonicMs(), isCopy }),
    },
    (next) => shown.push(next),
    revisited,
  );
  return { script, requests, navigations, shown, last: () => shown.at(-1) };
}

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000);
const answer = (outcome: VisitorAnswer['outcome'], changes: Partial<VisitorAnswer> = {}): VisitorAnswer => ({
  outcome,
  reason: null,
  standbyAhead: null,
  admitAt: null,
  receipt: null,
  status: status(),
  ...changes,
});
const called = status({ state: 'called', ahead: 0, claimBy: rfc3339(NOW + 300_000) });
const near = model('waiting', { board: board({ called: 87_600 }) });

/** The board that the server returns `at` milliseconds after the start. */
const boardNow = (at: number, changes: Partial<Board> = {}) =>
  board({ serverTime: rfc3339(NOW + at), asOf: rfc3339(NOW + at), ...changes });

test('a board that does not know the visitor’s position, as of a restored room, is answered with the token that proves it', async () => {
  const known = near.board?.issued ?? 0;
  const page = startPage(near, ({ path, at }) =>
    path === 'board'
      ? { body: boardNow(at, { called: 87_600, issued: at < 60_000 ? known : 87_601 }) }
      : { body: status() },
  );
  await seconds(59);
  expect(page.requests.filter(({ path }) => path === 'status')).toEqual([]);
  await seconds(60);
  expect(page.requests.some(({ path, init }) => path === 'status' && init.credentials !== 'omit')).toBe(true);
});

test('no sequence of failed requests leaves the page or changes the place', async () => {
  const failure = fc.constantFrom<Reply>(
    'noNetwork',
    'noResponse',
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
      const { navigations, shown, requests } = startPage(
        first,
        () => failures[requests.length % failures.length] ?? 'noNetwork',
      );
      await seconds(200);
      expect(requests.length).toBeGreaterThan(2);
      expect(navigations).toEqual([]);
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

test('a page that says that a form was not sent stays for six seconds, also where the visitor may enter at once', async () => {
  const { navigations } = startPage(model('newcomer', { formNotSent: true, returnTo: '/form' }), () => ({
    body: answer('admitted', { admitAt: rfc3339(NOW), status: status({ state: 'admitted' }) }),
  }));
  await seconds(5.9);
  expect(navigations).toEqual([]);
  await seconds(1.2);
  expect(navigations.map(({ path }) => path)).toEqual(['/form']);
});

test('a stored copy of the page says so, and leads to the site after as long as it is old, 30 s at most', async () => {
  const ages = fc.integer({ min: 0, max: 600_000 });
  await fc.assert(
    fc.asyncProperty(ages, fc.boolean(), async (age, revisited) => {
      const admitted = (at: number) =>
        status({ state: 'admitted', serverTime: rfc3339(NOW + age + at), admittedUntil: rfc3339(NOW + 900_000) });
      const { navigations, last } = startPage(
        near,
        ({ path, at }) => {
          if (path === 'board') return { body: boardNow(at + age, { called: 87_700 }) };
          if (path === 'status') return { body: admitted(at) };
          return { body: answer('admitted', { admitAt: rfc3339(NOW), status: admitted(at) }) };
        },
        revisited,
      );
      await seconds(70);
      const isCopy = !revisited && age > 5_000;
      expect(navigations.map(({ isCopy }) => isCopy)).toEqual(navigations.map(() => isCopy));
      expect(last()?.notice).toBe(isCopy ? 'copy' : null);
      expect(navigations[0]?.at).toBeGreaterThanOrEqual(isCopy ? Math.min(age, 30_000) - 1 : 0);
      expect(navigations[0]?.at).toBeLessThan(isCopy ? 31_000 : 8_000);
      vi.clearAllTimers();
    }),
    { numRuns: 40 },
  );
});

const receipt = { completedAt: rfc3339(NOW), reference: 'A-1', token: 'a.b.c' };
const RECEIPT_ADDRESS = '/_fairgate/rooms/vaccine/receipt?return=%2Freserve%3Fclinic%3D7';

test('a visit that was completed elsewhere leads to its receipt, by the status or by the answer to a claim', async () => {
  const byStatus = startPage(near, ({ path, at }) => {
    if (path === 'board') return { body: boardNow(at, { called: 87_700 }) };
    return { body: { ...status({ state: 'completed' }), receipt } };
  });
  await seconds(30);
  expect(byStatus.navigations.map(({ path }) => path)).toEqual([RECEIPT_ADDRESS]);
  const byClaim = startPage(MODELS.called, () => ({ body: answer('ended', { receipt }) }));
  await seconds(30);
  expect(byClaim.navigations.map(({ path }) => path)).toEqual([RECEIPT_ADDRESS]);
});

test('a visit that ended without being completed stays on its page, and asks for nothing more', async () => {
  const page = startPage(MODELS.called, () => ({ body: answer('ended') }));
  await seconds(120);
  expect(page.navigations).toEqual([]);
  expect(page.last()?.model.kind).toBe('ended');
  expect(page.requests).toHaveLength(1);
});

test('an error of the site is asked after again, apart from others, and left when the site answers', async () => {
  let status = 500;
  const { requests, navigations } = startPage(MODELS.originError, () => ({ status }));
  await seconds(20);
  expect(requests.map(({ path, init }) => [init.method, path])).toEqual(
    requests.map(() => ['HEAD', '/reserve?clinic=7']),
  );
  expect(requests.length).toBeGreaterThanOrEqual(2);
  expect(navigations).toEqual([]);
  status = 200;
  await seconds(31);
  expect(navigations.map(({ path }) => path)).toEqual(['/reserve?clinic=7']);
});

test('where a room says what is left, a page far from its turn asks so often that all who wait ask 10,000 times a second', async () => {
  const left = { remaining: 5, asOf: rfc3339(NOW), freshSeconds: 60, lots: [] };
  for (const [issued, interval] of [
    [100_000, 2],
    [260_000, 18],
    [9_000_000, 30],
  ] as const) {
    const far = { called: 46_901, issued, pace: null, newUsersPerMinute: 60 };
    const { requests } = startPage(
      model('waiting', { board: board({ ...far, called: 80_001, stock: left }), status: status({ position: 99_000 }) }),
      ({ at }) => ({ body: boardNow(at, { ...far, called: 80_001, stock: left }) }),
    );
    await seconds(120);
    const gaps = requests.map(({ at }, index) => at - (requests[index - 1]?.at ?? 0));
    expect(new Set(gaps.map((gap) => Math.round(gap / 1_000)))).toEqual(new Set([interval]));
    vi.clearAllTimers();
  }
});

test('polls keep the interval computed from the board and read it without cookies', async () => {
  const far = model('waiting', { board: board({ pace: paceAt(1000, 1000) }) });
  const { requests } = startPage(far, ({ at }) => ({ body: boardNow(at, { pace: paceAt(1000, 1000) }) }));
  await seconds(301);
  expect(new Set(requests.map(({ path }) => path))).toEqual(new Set(['board']));
  expect(requests.every(({ init }) => init.credentials === 'omit' && init.cache === 'no-store')).toBe(true);
  expect(requests).toHaveLength(10);
  expect(POLL_JITTER).toBeLessThan(0.5);
});

test('a 429 with Retry-After delays the next request and shows no notice', async () => {
  const { requests, last } = startPage(near, () => ({ status: 429, headers: { 'Retry-After': '40' } }));
  await seconds(30);
  expect(requests).toHaveLength(1);
  await seconds(20);
  expect(requests).toHaveLength(2);
  expect(last()?.notice).toBeNull();
});

test('retries back off while the network is down, run at once when it is back, and clear the notice', async () => {
  let online = false;
  const run = startPage(near, ({ at }) => (online ? { body: boardNow(at, { called: 87_610 }) } : 'noNetwork'));
  await seconds(2);
  expect(run.last()).toMatchObject({ notice: 'offline', model: { kind: 'waiting', board: { called: 87_600 } } });
  await seconds(300);
  const times = run.requests.map(({ at }) => at);
  expect(times.at(-1) ?? 0).toBeGreaterThan(270_000);
  expect(run.requests.length).toBeLessThan(20);
  online = true;
  run.script.wake();
  await seconds(1);
  expect(run.last()).toMatchObject({ notice: null, model: { board: { called: 87_610 } } });
});

test('waking the page repeatedly sends at most one request a second', async () => {
  const { requests, script } = startPage(near, () => 'noNetwork');
  await seconds(60);
  const before = requests.length;
  for (let times = 0; times < 100; times++) {
    script.wake();
    await seconds(0.1);
  }
  expect(requests.length - before).toBeLessThanOrEqual(11);
});

test('the number called never decreases when gateways return boards of different age', async () => {
  const boards = fc.array(fc.record({ asOf: fc.integer({ min: 0, max: 5000 }), called: fc.nat(80) }), { minLength: 3 });
  await fc.assert(
    fc.asyncProperty(boards, async (given) => {
      const inOrder = given.toSorted((a, b) => a.asOf - b.asOf || a.called - b.called);
      const calledAt = (asOf: number) => Math.max(...inOrder.filter((b) => b.asOf <= asOf).map((b) => b.called));
      let index = 0;
      const run = startPage(
        model('waiting', { board: board({ called: 0 }), status: status({ position: 100 }) }),
        () => {
          const { asOf = 0 } = given[index++ % given.length] ?? {};
          return { body: board({ asOf: rfc3339(NOW + asOf), called: calledAt(asOf) }) };
        },
      );
      await seconds(40);
      const shown = run.shown.map(({ model }) => model.board?.called ?? 0);
      expect(shown).toEqual(shown.toSorted((a, b) => a - b));
      vi.clearAllTimers();
    }),
    { numRuns: 30 },
  );
});

test('a board that was read later and has called fewer, as after a loss of the store, moves nobody back', async () => {
  const boards = fc.array(fc.nat(99), { minLength: 3, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(boards, async (called) => {
      const run = startPage(
        model('waiting', { board: board({ called: 0 }), status: status({ position: 100 }) }),
        ({ at, path }) =>
          path === 'board'
            ? { body: boardNow(at, { called: called[Math.floor(at / 2_000) % called.length] ?? 0, message: null }) }
            : { body: status({ position: 100, serverTime: rfc3339(NOW + at) }) },
      );
      await seconds(60);
      const ahead = run.shown.map(({ model }) => aheadIn(model) ?? 0);
      expect(ahead.length).toBeGreaterThan(3);
      expect(ahead).toEqual(ahead.toSorted((a, b) => b - a));
      expect(run.last()?.model.board?.asOf).not.toBe(board().asOf);
      vi.clearAllTimers();
    }),
    { numRuns: 30 },
  );
});

test('a called visitor claims automatically and enters when the slot opens by the server’s time, not before', async () => {
  const { requests, navigations, last } = startPage(near, ({ path, at }) => {
    if (path === 'board') return { body: boardNow(at, { called: 87_700 }) };
    if (path === 'status') return { body: { ...called, serverTime: rfc3339(NOW + at) } };
    const claimed = answer('admitted', {
      admitAt: rfc3339(NOW + 9000),
      status: { ...called, state: 'admitted', serverTime: rfc3339(NOW + at) },
    });
    return { body: claimed };
  });
  await seconds(5);
  expect(requests.map(({ path }) => path)).toEqual(['board', 'status', 'claim']);
  expect(last()?.model).toMatchObject({ kind: 'called', admitAt: rfc3339(NOW + 9000) });
  expect(navigations).toEqual([]);
  await seconds(30);
  expect(navigations).toEqual([{ path: '/reserve?clinic=7', at: 9000, isCopy: false }]);
});

test('a claim whose response was lost is retried', async () => {
  const { requests, navigations } = startPage(MODELS.called, () =>
    requests.length < 3 ? 'noResponse' : { body: answer('admitted', { status: called }) },
  );
  await seconds(40);
  expect(requests.map(({ path }) => path)).toEqual(['claim', 'claim', 'claim']);
  expect(navigations).toHaveLength(1);
});

test('on standby the claim is repeated every few seconds and the number of people before is shown', async () => {
  let free = false;
  const run = startPage(MODELS.called, ({ path, at }) => {
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
  expect(run.requests.filter(({ path }) => path === 'claim').length).toBeGreaterThanOrEqual(8);
  expect(run.requests.filter(({ path }) => path === 'claim').length).toBeLessThanOrEqual(12);
  free = true;
  await seconds(4);
  expect(run.navigations).toHaveLength(1);
});

test('a refused claim backs off, and a held room is shown as paused', async () => {
  const { requests, last, navigations } = startPage(MODELS.called, ({ path, at }) => {
    if (path === 'board') return { body: boardNow(at, { state: 'paused', called: 90_000 }) };
    if (path === 'status') return { body: called };
    return { status: 409, body: answer('refused', { reason: 'held', status: called }) };
  });
  await seconds(60);
  expect(last()?.model.kind).toBe('paused');
  expect(requests.filter(({ path }) => path === 'claim').length).toBeLessThan(20);
  expect(navigations).toEqual([]);
});

test('a page opened before entries exist gets an entry and then its drawn position without any input', async () => {
  const prequeue = 60_000;
  const opening = 120_000;
  let joined = false;
  const run = startPage(
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
  expect(run.requests.filter(({ path }) => path === 'join')).toHaveLength(1);
});

test('a stale board from a cache does not keep the page before the opening', async () => {
  const { last } = startPage(
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

test('a retried join carries the same idempotency key, the next join another', async () => {
  const run = startPage(MODELS.lapsed, () =>
    run.requests.length < 3 ? 'noNetwork' : { body: answer('lapsed', { status: status({ state: 'lapsed' }) }) },
  );
  await seconds(600);
  expect(run.requests).toEqual([]);
  run.script.press('join');
  await seconds(20);
  run.script.press('join');
  await seconds(5);
  const keys = run.requests.map(({ init }) => (init.headers as Record<string, string>)['Idempotency-Key']);
  expect(keys).toEqual(['key 0', 'key 0', 'key 0', 'key 1']);
});

test('a join of a limited network is repeated once at the announced time, with the same key, and the page says why', async () => {
  const withoutPlace = status({ state: 'none', entry: null, position: null });
  const open = model('soldOut', { board: board({ state: 'soldOut' }), status: withoutPlace });
  let limited = true;
  const run = startPage(open, ({ path, at }) => {
    if (path === 'board') return { body: boardNow(at) };
    return limited ? { status: 429, headers: { 'Retry-After': '60' } } : { body: answer('joined') };
  });
  await seconds(50);
  expect(run.requests.map(({ path }) => path)).toEqual(['board', 'join']);
  const joinedAt = run.requests[1]?.at ?? 0;
  expect(run.last()).toMatchObject({ notice: null, model: { kind: 'tooManyJoins' } });
  const retryAt = Date.parse(run.last()?.model.retryAt ?? '') - NOW;
  expect(retryAt - joinedAt).toBeGreaterThanOrEqual(60_000);
  expect(retryAt - joinedAt).toBeLessThanOrEqual(75_000);
  limited = false;
  await seconds(30);
  const joins = run.requests.filter(({ path }) => path === 'join');
  expect(joins).toHaveLength(2);
  expect(Math.abs((joins[1]?.at ?? 0) - retryAt)).toBeLessThan(100);
  const keys = joins.map(({ init }) => (init.headers as Record<string, string>)['Idempotency-Key']);
  expect(keys[1]).toBe(keys[0]);
  expect(run.last()?.model).toMatchObject({ kind: 'waiting', status: { position: 87_654 } });
});

test('the page of a limited network joins at the time that it shows, and no earlier', async () => {
  const run = startPage(MODELS.tooManyJoins, ({ path, at }) =>
    path === 'join' ? { body: answer('joined') } : { body: boardNow(at) },
  );
  await seconds(61);
  expect(run.requests).toEqual([]);
  await seconds(13);
  expect(run.requests[0]?.path).toBe('join');
  expect(run.last()?.model.kind).toBe('waiting');
});

test('a page without a place joins as soon as the room takes joins, without reading its status first', async () => {
  const run = startPage(MODELS.scheduled, ({ path, at }) =>
    path === 'join'
      ? { body: answer('joined', { status: status({ state: 'entered', entry: 77, position: null }) }) }
      : { body: boardNow(at, { state: 'prequeue', opensAt: rfc3339(NOW + 600_000), called: 0 }) },
  );
  await seconds(60);
  expect(run.requests.slice(0, 2).map(({ path }) => path)).toEqual(['board', 'join']);
  expect(run.last()?.model).toMatchObject({ kind: 'entered', status: { entry: 77 } });
});

test('a repeated join whose place has got its session by a lost response takes a new place with another key', async () => {
  const run = startPage(MODELS.lapsed, ({ path }) => {
    if (path !== 'join') return { body: board() };
    const joins = run.requests.filter((request) => request.path === 'join').length;
    if (joins === 1) return 'noNetwork';
    return joins === 2
      ? { status: 409, body: answer('refused', { reason: 'foreignPosition', status: status({ state: 'none' }) }) }
      : { body: answer('joined') };
  });
  run.script.press('join');
  await seconds(20);
  const joins = run.requests.filter(({ path }) => path === 'join');
  const keys = joins.map(({ init }) => (init.headers as Record<string, string>)['Idempotency-Key']);
  expect(keys).toEqual(['key 0', 'key 0', 'key 1']);
  expect(run.last()?.model).toMatchObject({ kind: 'waiting', status: { position: 87_654 } });
});

test('after leaving the line the page shows no place and sends nothing more', async () => {
  const run = startPage(near, ({ path }) =>
    path === 'leave' ? { body: answer('left') } : { body: board({ called: 87_600 }) },
  );
  run.script.press('leave');
  await seconds(100);
  expect(run.last()?.model).toMatchObject({ kind: 'ended', status: { state: 'none' } });
  expect(run.requests.map(({ path }) => path)).toEqual(['leave']);
});

test('an unreachable store is polled with backoff until it returns the visitor’s status', async () => {
  let back = false;
  const run = startPage(MODELS.storeUnreachable, ({ path, at }) => {
    if (!back) return { status: 503, headers: { 'Retry-After': '5' } };
    return path === 'board' ? { body: boardNow(at) } : { body: status() };
  });
  await seconds(120);
  expect(run.last()?.model.kind).toBe('storeUnreachable');
  expect(run.requests.length).toBeLessThan(20);
  back = true;
  await seconds(40);
  expect(run.last()?.model).toMatchObject({ kind: 'waiting', status: { position: 87_654 } });
});

test('without a room, and for an unreachable origin, the page probes the requested address and goes there once it responds', async () => {
  for (const first of [{ ...MODELS.storeUnreachable, room: null }, MODELS.originUnreachable]) {
    let back = false;
    const run = startPage(first, () => ({ status: back ? 200 : 502 }));
    await seconds(60);
    expect(run.navigations).toEqual([]);
    back = true;
    await seconds(40);
    expect(run.requests.every(({ path, init }) => path === '/reserve?clinic=7' && init.method === 'HEAD')).toBe(true);
    expect(run.navigations).toHaveLength(1);
    vi.clearAllTimers();
  }
});

test('the server clock never runs ahead of the server and drops a wrong timestamp', () => {
  const delays = fc.array(fc.tuple(fc.nat(60_000), fc.nat(4000)), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(delays, (timestamps) => {
      let monotonic = 0;
      const clock = serverClock(() => monotonic);
      for (const [pause, late] of timestamps) {
        monotonic += pause;
        clock.sync(rfc3339(NOW + monotonic - late));
        expect(clock.now()).toBeLessThanOrEqual(NOW + monotonic);
        expect(clock.now()).toBeGreaterThanOrEqual(NOW + monotonic - late);
      }
    }),
  );
  const clock = serverClock(() => 0);
  clock.sync(rfc3339(NOW + 86_400_000));
  for (let late = 8; late >= 0; late--) clock.sync(rfc3339(NOW - late));
  expect(clock.now()).toBe(NOW);
});

test('a screen reader announces a new state at once and new numbers at most every 30 s', () => {
  let monotonic = 0;
  const announced: [number, string][] = [];
  const announce = announcer(
    'waiting',
    () => monotonic,
    (text) => announced.push([monotonic, text]),
  );
  for (; monotonic < 100_000; monotonic += 1000) announce('waiting', `${100 - monotonic / 1000} ahead`);
  announce('called', 'It is your turn');
  expect(announced.map(([at]) => at)).toEqual([30_000, 60_000, 90_000, 100_000]);
  expect(announced.at(-1)?.[1]).toBe('It is your turn');
});
