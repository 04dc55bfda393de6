// How the supervisor of the gateway waits between two starts, with a clock of its own and gateways that end when told to.

import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import type { RunningGateway } from '../../scripts/lib/gateway-process.ts';
import { HANGS_MS, HEALTHY_MS, PAUSE_MS_MAX, PAUSE_MS_MIN, supervise } from '../../scripts/lib/supervisor.ts';

class FakeProcess extends EventEmitter {
  exitCode: number | null = null;
  signalCode: NodeJS.Signals | null = null;

  end(signal: NodeJS.Signals | null = 'SIGSEGV'): void {
    this.exitCode = signal === null ? 0 : null;
    this.signalCode = signal;
    this.emit('exit', this.exitCode, signal);
  }
}

function fake(startsThatFail: readonly number[] = []) {
  const log: string[] = [];
  const pauses: number[] = [];
  const gateways: FakeProcess[] = [];
  let starts = 0;
  const clock = { now: 0 };
  const supervised = supervise({
    name: 'The gateway',
    start: async () => {
      if (startsThatFail.includes(++starts)) throw new Error('Port in use.');
      const child = new FakeProcess();
      gateways.push(child);
      return {
        url: 'http://127.0.0.1:1',
        process: child,
        stop: async () => child.end(null),
      } as unknown as RunningGateway;
    },
    log: (line) => log.push(line),
    now: () => clock.now,
    wait: async (ms) => void pauses.push(ms),
  });
  const endLatest = async () => {
    const count = gateways.length;
    gateways.at(-1)?.end();
    await expect.poll(() => gateways.length).toBe(count + 1);
  };
  return { supervised, log, pauses, gateways, clock, endLatest, starts: () => starts };
}

it('pauses grow from PAUSE_MS_MIN to PAUSE_MS_MAX, and begin again after a gateway that was healthy', async () => {
  const { supervised, pauses, clock, endLatest } = fake();
  await supervised;
  for (let ends = 0; ends < 9; ends++) await endLatest();
  expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  expect([pauses[0], pauses.at(-1)]).toEqual([PAUSE_MS_MIN, PAUSE_MS_MAX]);
  clock.now += HEALTHY_MS;
  await endLatest();
  expect(pauses.at(-1)).toBe(PAUSE_MS_MIN);
});

it('a start that fails is logged and tried again; the first one fails for the person who starts it', async () => {
  const { supervised, log, pauses, gateways } = fake([2, 3]);
  await supervised;
  gateways[0]?.end();
  await expect.poll(() => gateways.length).toBe(2);
  expect(pauses).toEqual([500, 1_000, 2_000]);
  expect(log).toEqual([
    'The gateway ended by itself with SIGSEGV. It is started again in 0.5 s; visitors keep their places.',
    'Port in use.',
    'The gateway could not be started again. It is started again in 1 s; visitors keep their places.',
    'Port in use.',
    'The gateway could not be started again. It is started again in 2 s; visitors keep their places.',
    'The gateway runs again.',
  ]);
  await expect(fake([1]).supervised).rejects.toThrow('Port in use.');
});

it('a gateway that no longer answers is ended and started again, one that is only slow is not', async () => {
  const clock = { now: 0 };
  const log: string[] = [];
  let [starts, asked, isHanging] = [0, 0, false];
  const supervised = await supervise({
    name: 'The gateway',
    start: async () => {
      starts++;
      isHanging = false;
      const child = new FakeProcess();
      const stop = async (signal?: NodeJS.Signals) => child.end(signal ?? null);
      return { process: child, stop } as unknown as RunningGateway;
    },
    // Every third answer comes in time, until it hangs.
    answers: async () => !isHanging && ++asked % 3 === 0,
    log: (line) => log.push(line),
    now: () => clock.now,
    wait: async (ms) => {
      clock.now += ms;
      await new Promise(setImmediate);
      if (starts === 1 && clock.now >= 10 * HANGS_MS) isHanging = true;
    },
  });
  await expect.poll(() => starts).toBe(2);
  expect(clock.now).toBeGreaterThanOrEqual(11 * HANGS_MS);
  expect(log[0]).toBe('The gateway has not answered for 30 s. It is ended.');
  expect(log[1]).toContain('ended by itself with SIGKILL');
  await supervised.stop();
});

it('a gateway that was stopped is not started again', async () => {
  const { supervised, log, starts } = fake();
  await (await supervised).stop();
  expect([log, starts()]).toEqual([[], 1]);
});
