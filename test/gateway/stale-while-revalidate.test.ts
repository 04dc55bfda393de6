// A value of the store that is kept for a while: who has changed it reads the change, and what was read later stays.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StaleWhileRevalidate } from '../../worker/views/stale-while-revalidate.ts';
import { PlayedClock } from './in-process.ts';

const AGES = { freshMs: 1_000, staleMsMax: 2_000 };

let clock: PlayedClock;
let stored: string;
/** Lets the fetches that are on their way answer, in the order in which they were asked. */
let answers: (() => void)[];
let hangs: boolean;
let fails: boolean;
let fresh: StaleWhileRevalidate<string>;

beforeEach(() => {
  clock = new PlayedClock();
  [stored, answers, hangs, fails] = ['before', [], false, false];
  fresh = new StaleWhileRevalidate(
    async () => {
      const read = stored;
      if (fails) throw new Error('told to fail');
      if (hangs) await new Promise<void>((resolve) => answers.push(resolve));
      return read;
    },
    clock,
    AGES,
  );
});

const read = async () => (await fresh.read(() => {}))?.value;

describe('a kept value', () => {
  it('that was outdated is read anew, also by whoever waited for a fetch from before', async () => {
    hangs = true;
    const first = read();
    stored = 'after';
    fresh.invalidate();
    hangs = false;
    const second = read();
    answers.shift()?.();
    expect(await first).toBeDefined();
    expect(await second).toBe('after');
  });

  it('that is being read anew is waited for, not served as it was', async () => {
    await read();
    stored = 'after';
    fresh.invalidate();
    hangs = true;
    const first = read();
    const second = read();
    answers.shift()?.();
    expect(await Promise.all([first, second])).toEqual(['after', 'after']);
  });

  it('still serves where it cannot be read anew, and that is said', async () => {
    await read();
    vi.spyOn(console, 'error').mockImplementation(() => {});
    fails = true;
    fresh.invalidate();
    expect(await read()).toBe('before');
    expect(fresh.failed).toBe(true);
    [stored, fails] = ['after', false];
    clock.advance(1_000);
    await read(); // Has it read in the background: a lost store slows nobody down.
    expect(await read()).toBe('after');
    expect(fresh.failed).toBe(false);
  });

  it('is not replaced by what a fetch that was given up brings later', async () => {
    hangs = true;
    const slow = read();
    clock.advance(4_001);
    stored = 'after';
    hangs = false;
    expect(await read()).toBe('after');
    answers.shift()?.();
    await slow;
    expect(fresh.cached?.value).toBe('after');
  });
});
