// Watching a room: what it costs the store, what it shows while the store is lost, and what raises each alarm.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { rfc3339 } from '../../queue-core/time.ts';
import type { Alarm, Forecast, Live } from '../../worker/contract/operator-api.ts';
import { type InProcessGateway, InProcessVisitor, ManualClock, NOON } from '../gateway/in-process.ts';
import { ask, FORECAST_QUERY, onCurrentVersion, startGateway, withKey } from './operator-client.ts';

// These tests lose the store and the origin on purpose, which is logged.
beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

const live = async (gateway: InProcessGateway) => (await ask(gateway, 'live', { headers: withKey() })).document as Live;
const alarms = async (gateway: InProcessGateway): Promise<Alarm['kind'][]> =>
  (await live(gateway)).alarms.map(({ kind }) => kind);

async function join(gateway: InProcessGateway, visitors: number): Promise<void> {
  for (let index = 0; index < visitors; index++) await new InProcessVisitor(gateway).page();
  gateway.clock.advance(2_100);
}

describe('fifty consoles', () => {
  it('cost the store one read a second of the room and one of the directory, whatever they show', async () => {
    const gateway = await startGateway();
    await live(gateway);
    let directoryReads = 0;
    const { directory } = gateway.store.inner;
    const view = directory.view.bind(directory);
    directory.view = (known) => {
      directoryReads++;
      return view(known);
    };
    const before = gateway.store.views;
    const seconds = 20;
    for (let second = 0; second < seconds; second++) {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) => {
          if (index % 10 === 0) return ask(gateway, 'forecast', { query: FORECAST_QUERY, headers: withKey() });
          return ask(gateway, index % 10 === 1 ? 'rooms' : 'live', { headers: withKey() });
        }),
      );
      gateway.clock.advance(1_000);
    }
    expect(gateway.store.views - before).toBeLessThanOrEqual(seconds);
    expect(directoryReads).toBeLessThanOrEqual(seconds);
  });
});

describe('a lost store', () => {
  it('raises an alarm with the age of the numbers', async () => {
    const gateway = await startGateway();
    const before = await live(gateway);
    expect(before.storeReachable).toBe(true);
    gateway.store.mode = 'fails';
    gateway.clock.advance(5_000);
    await live(gateway);
    const after = await live(gateway);
    expect(after).toMatchObject({ storeReachable: false, asOf: before.asOf });
    expect(after.alarms[0]).toEqual({ kind: 'storeUnreachable', ageSeconds: 5 });
  });
});

describe('an alarm', () => {
  it('is not raised while nothing is wrong', async () => {
    const gateway = await startGateway({ room: { expectedVisitors: 10 } });
    await join(gateway, 3);
    expect(await alarms(gateway)).toEqual([]);
  });

  it('is raised when more visitors arrive than expected', async () => {
    const gateway = await startGateway({ room: { expectedVisitors: 2 } });
    await join(gateway, 3);
    expect((await live(gateway)).alarms).toEqual([{ kind: 'arrivalsAbovePlan', arrived: 3, expected: 2 }]);
  });

  it('is raised when visitors wait at the limit, and not when nobody waits', async () => {
    const gateway = await startGateway({ room: { policy: { totalActiveUsers: 2 } } });
    for (const visitor of [new InProcessVisitor(gateway), new InProcessVisitor(gateway)]) {
      for (let tries = 0; tries < 3; tries++) {
        await visitor.page();
        gateway.clock.advance(2_100);
      }
    }
    expect(await alarms(gateway)).toEqual([]);
    await join(gateway, 1);
    expect(await alarms(gateway)).toEqual(['limitReached']);
  });

  it('is raised when only visitors on standby wait, called while the limit was higher', async () => {
    const schedule = { prequeueAt: rfc3339(NOON), opensAt: rfc3339(NOON + 10_000) };
    const gateway = await startGateway({ room: { schedule, policy: { totalActiveUsers: 4 } } });
    const visitors = Array.from({ length: 4 }, () => new InProcessVisitor(gateway));
    for (const visitor of visitors) await visitor.act('join');
    gateway.clock.advance(12_100);
    expect(await live(gateway)).toMatchObject({ called: 4, active: 0 });
    const body = { newUsersPerMinute: 60_000, totalActiveUsers: 2, sessionMinutes: 5 };
    await ask(gateway, 'setPolicy', { body, headers: await onCurrentVersion(gateway) });
    for (const visitor of visitors) await visitor.page();
    gateway.clock.advance(2_100);
    expect(await live(gateway)).toMatchObject({ called: 4, standby: 2, alarms: [{ kind: 'limitReached', active: 2 }] });
  });

  it.each([
    ['protect', 100, 900, ['originSlowed']],
    ['off', 100, 900, ['originSlow']],
    ['off', 900, 900, []],
    ['off', 20, 300, []],
  ] as const)(
    'with health %s: an origin that took %i ms and takes %i raises %j',
    async (mode, usualMs, nowMs, raises) => {
      const clock = new ManualClock();
      let latencyMs: number = usualMs;
      const fetchOrigin = async () => {
        clock.advance(latencyMs);
        return new Response('');
      };
      const gateway = await startGateway({ clock, fetchOrigin, room: { policy: { health: { mode } } } });
      const visitors = Array.from({ length: 12 }, () => new InProcessVisitor(gateway));
      const raisedWithin = async (seconds: number) => {
        const seen = new Set<string>();
        for (const until = clock.at + seconds * 1_000; clock.at < until; clock.advance(50)) {
          for (const visitor of visitors) await visitor.page();
          for (const alarm of await alarms(gateway)) seen.add(alarm);
        }
        return [...seen];
      };
      expect(await raisedWithin(90)).toEqual([]);
      latencyMs = nowMs;
      expect(await raisedWithin(90)).toEqual(raises);
    },
  );

  it('is raised when fewer of the called visitors come than before', async () => {
    const gateway = await startGateway({ room: { policy: { newUsersPerMinute: 300, totalActiveUsers: 100_000 } } });
    const raised = new Set<string>();
    const second = async (joining: number, claiming: readonly InProcessVisitor[]) => {
      const joined = Array.from({ length: joining }, () => new InProcessVisitor(gateway));
      for (const visitor of joined) await visitor.act('join');
      for (const visitor of claiming) await visitor.act('claim');
      for (const alarm of await alarms(gateway)) raised.add(alarm);
      gateway.clock.advance(1_000);
      return joined;
    };
    let waiting: InProcessVisitor[] = [];
    for (let seconds = 0; seconds < 40; seconds++) waiting = [...waiting.slice(-60), ...(await second(6, waiting))];
    expect([...raised]).toEqual([]);
    // From now on no called visitor comes.
    for (let seconds = 0; seconds < 40; seconds++) await second(40, []);
    expect([...raised]).toEqual(['showShareFalling']);
  });

  it('is raised when the origin does not respond', async () => {
    const gateway = await startGateway({ fetchOrigin: () => Promise.reject(new Error('refused')) });
    for (let seconds = 0; seconds < 5; seconds++) {
      await join(gateway, 3);
      gateway.clock.advance(1_000);
    }
    expect(await alarms(gateway)).toContain('originStopped');
  });
});

describe('a forecast', () => {
  it('never has a longer wait for a higher rate, and names what limits admissions', async () => {
    const gateway = await startGateway({ room: { policy: { newUsersPerMinute: 60, totalActiveUsers: 2 } } });
    await join(gateway, 30);
    const waits: number[] = [];
    for (const [rate, places] of [
      [30, 1_000],
      [60, 1_000],
      [600, 1_000],
      [600, 100_000],
    ]) {
      const query = { newUsersPerMinute: String(rate), totalActiveUsers: String(places), sessionMinutes: '5' };
      const { document } = await ask(gateway, 'forecast', { query, headers: withKey() });
      const { proposed } = document as Forecast;
      expect(proposed.limitedBy).toBe(rate === 600 && places === 1_000 ? 'places' : 'rate');
      waits.push(proposed.waitSeconds?.high ?? Number.NaN);
    }
    expect(waits).toEqual(waits.toSorted((a, b) => b - a));
  });
});
