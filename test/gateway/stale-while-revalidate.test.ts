// A cached value of the store: a change is read by the gateway that made it, and a later read is never replaced by an earlier.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StaleWhileRevalidate } from '../../worker/views/stale-while-revalidate.ts';
import { ManualClock } from './in-process.ts';

const AGES = { freshMs: 1_000, staleMsMax: 2_000 };

let clock: ManualClock;
let stored: string;
/** Completes the pending fetches, in the order in which they started. */
let pending: (() => void)[];
let hangs: boolean;
let fails: boolean;
let cache: StaleWhileRevalidate<string>;

beforeEach(() => {
  clock = new ManualClock();
  [stored, pending, hangs, fails] = ['before', [], false, false];
  cache = new StaleWhileRevalidate(
    'the test value',
    async () => {
      const value = stored;
      if (fails) throw new Error('the test made it fail');
      if (hangs) await new Promise<void>((resolve) => pending.push(resolve));
      return value;
    },
    clock,
    AGES,
  );
});

const read = async () => (await cache.read(() => {}))?.value;

describe('a cached value', () => {
  it('is fetched again after invalidation, also by a reader that waited for a fetch from before', async () => {
    hangs = true;
    const first = read();
    stored = 'after';
    cache.invalidate();
    hangs = false;
    const second = read();
    pending.shift()?.();
    expect(await first).toBeDefined();
    expect(await second).toBe('after');
  });

  it('is not served after invalidation while the new fetch is in flight', async () => {
    await read();
    stored = 'after';
    cache.invalidate();
    hangs = true;
    const first = read();
    const second = read();
    pending.shift()?.();
    expect(await Promise.all([first, second])).toEqual(['after', 'after']);
  });

  it('is still served if the fetch after invalidation fails, and marked as failed', async () => {
    await read();
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    fails = true;
    cache.invalidate();
    expect(await read()).toBe('before');
    expect(cache.failed).toBe(true);
    expect(log.mock.calls[0]?.[0]).toContain('Reading the test value from the store failed');
    [stored, fails] = ['after', false];
    clock.advance(1_000);
    await read(); // Starts a fetch in the background: a failing store delays no request.
    expect(await read()).toBe('after');
    expect(cache.failed).toBe(false);
  });

  it('is not replaced by a slow fetch that finishes after a later one', async () => {
    hangs = true;
    const slow = read();
    clock.advance(4_001);
    stored = 'after';
    hangs = false;
    expect(await read()).toBe('after');
    pending.shift()?.();
    await slow;
    expect(cache.cached?.value).toBe('after');
  });

  it.each([500, 900, 3_600_000])('is fetched again after the clock was set back by %i ms', async (setBackMs) => {
    await read();
    clock.advance(900);
    await read();
    stored = 'after';
    clock.advance(-setBackMs);
    expect(await read()).toBe('after');
    stored = 'later';
    clock.advance(1_000);
    await read();
    expect(await read()).toBe('later');
  });

  it('whose fetch was under way when the clock was set back is of unknown age: it is fetched again', async () => {
    hangs = true;
    const first = read();
    clock.advance(-3_600_000);
    pending.shift()?.();
    expect(await first).toBe('before');
    [stored, hangs] = ['after', false];
    expect(await read()).toBe('after');
  });

  it('that fails goes on to be fetched after the clock was set back', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    await read();
    fails = true;
    clock.advance(2_500);
    await read();
    clock.advance(-3_600_000);
    await read();
    [fails, stored] = [false, 'after'];
    clock.advance(1_000);
    await read();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await read()).toBe('after');
    log.mockRestore();
  });

  it('that another cache had held for too long is fetched again at once, however young it is here', async () => {
    const held = new StaleWhileRevalidate(
      'the test value',
      async () => stored,
      clock,
      AGES,
      () => false,
      (value) => (value === 'before' ? AGES.staleMsMax : 0),
    );
    expect((await held.read(() => {}))?.value).toBe('before');
    stored = 'after';
    expect((await held.read(() => {}))?.value).toBe('after');
  });
});
