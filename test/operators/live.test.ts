// Watching a room: what it costs, what it says when the store is lost, and which alarm has which cause.

import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Alarm, Forecast, Live } from '../../worker/contract/operator-api.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { type Played, PlayedClock, PlayedVisitor, playGateway } from '../gateway/in-process.ts';
import { ask, withKey } from './operator-client.ts';

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

// What is lost or refused here on purpose says so on the console.
beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

const live = async (played: Played) => (await ask(played, 'live', { headers: withKey() })).document as Live;
const alarms = async (played: Played): Promise<Alarm['kind'][]> => (await live(played)).alarms.map(({ kind }) => kind);

async function joined(played: Played, visitors: number): Promise<void> {
  for (let index = 0; index < visitors; index++) await new PlayedVisitor(played).page();
  played.clock.advance(2_100);
}

describe('fifty consoles', () => {
  it('cost the store one look a second at the room and one at the directory, whatever they show', async () => {
    const played = await playGateway({ keys });
    await live(played);
    let directoryReads = 0;
    const { directory } = played.store.inner;
    const view = directory.view.bind(directory);
    directory.view = (known) => {
      directoryReads++;
      return view(known);
    };
    const before = played.store.views;
    const query = { newUsersPerMinute: '100', totalActiveUsers: '10', sessionMinutes: '5' };
    const seconds = 20;
    for (let second = 0; second < seconds; second++) {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) => {
          if (index % 10 === 0) return ask(played, 'forecast', { query, headers: withKey() });
          return ask(played, index % 10 === 1 ? 'rooms' : 'live', { headers: withKey() });
        }),
      );
      played.clock.advance(1_000);
    }
    expect(played.store.views - before).toBeLessThanOrEqual(seconds);
    expect(directoryReads).toBeLessThanOrEqual(seconds);
  });
});

describe('a lost store', () => {
  it('is said, with the age of the numbers', async () => {
    const played = await playGateway({ keys });
    const before = await live(played);
    expect(before.storeReachable).toBe(true);
    played.store.mood = 'fails';
    played.clock.advance(5_000);
    await live(played);
    const after = await live(played);
    expect(after).toMatchObject({ storeReachable: false, asOf: before.asOf });
    expect(after.alarms[0]).toEqual({ kind: 'storeUnreachable', ageSeconds: 5 });
  });
});

describe('an alarm', () => {
  it('is raised by nothing while nothing is wrong', async () => {
    const played = await playGateway({ keys, room: { expectedVisitors: 10 } });
    await joined(played, 3);
    expect(await alarms(played)).toEqual([]);
  });

  it('says that more came than were expected', async () => {
    const played = await playGateway({ keys, room: { expectedVisitors: 2 } });
    await joined(played, 3);
    expect((await live(played)).alarms).toEqual([{ kind: 'arrivalsAbovePlan', arrived: 3, expected: 2 }]);
  });

  it('says that all places are taken while people wait, and not while nobody does', async () => {
    const played = await playGateway({ keys, room: { policy: { totalActiveUsers: 2 } } });
    for (const visitor of [new PlayedVisitor(played), new PlayedVisitor(played)]) {
      for (let tries = 0; tries < 3; tries++) {
        await visitor.page();
        played.clock.advance(2_100);
      }
    }
    expect(await alarms(played)).toEqual([]);
    await joined(played, 1);
    expect(await alarms(played)).toEqual(['limitReached']);
  });

  it('says so too of people at the door, called while there were more places', async () => {
    const played = await playGateway({ keys, room: { policy: { totalActiveUsers: 4 } } });
    const visitors = Array.from({ length: 4 }, () => new PlayedVisitor(played));
    for (const visitor of visitors) await visitor.page();
    played.clock.advance(2_100);
    const { headers } = await ask(played, 'room', { headers: withKey() });
    const body = { newUsersPerMinute: 60_000, totalActiveUsers: 2, sessionMinutes: 5 };
    await ask(played, 'setPolicy', { body, headers: { ...withKey(), 'If-Match': headers.get('ETag') ?? '' } });
    for (const visitor of visitors) await visitor.page();
    played.clock.advance(2_100);
    expect(await live(played)).toMatchObject({ called: 4, standby: 2, alarms: [{ kind: 'limitReached', active: 2 }] });
  });

  it('says that the site takes much longer than it did, and not that it is slow by nature', async () => {
    for (const [usualMs, nowMs, expected] of [
      [100, 900, ['originSlow']],
      [900, 900, []],
      [20, 300, []],
    ] as const) {
      const clock = new PlayedClock();
      let takesMs: number = usualMs;
      const fetchOrigin = async () => {
        clock.advance(takesMs);
        return new Response('');
      };
      const played = await playGateway({ keys, clock, fetchOrigin });
      const visitor = new PlayedVisitor(played);
      const raised = async (seconds: number) => {
        const seen = new Set<string>();
        for (const until = clock.at + seconds * 1_000; clock.at < until; clock.advance(50)) {
          await visitor.page();
          for (const alarm of await alarms(played)) seen.add(alarm);
        }
        return [...seen];
      };
      expect(await raised(60)).toEqual([]);
      takesMs = nowMs;
      expect(await raised(60), `${usualMs} -> ${nowMs} ms`).toEqual(expected);
    }
  });

  it('says that fewer of those called come than before', async () => {
    const played = await playGateway({ keys, room: { policy: { newUsersPerMinute: 300, totalActiveUsers: 100_000 } } });
    const raised = new Set<string>();
    const second = async (joining: number, claiming: readonly PlayedVisitor[]) => {
      const joined = Array.from({ length: joining }, () => new PlayedVisitor(played));
      for (const visitor of joined) await visitor.wish('join');
      for (const visitor of claiming) await visitor.wish('claim');
      for (const alarm of await alarms(played)) raised.add(alarm);
      played.clock.advance(1_000);
      return joined;
    };
    let waiting: PlayedVisitor[] = [];
    for (let seconds = 0; seconds < 40; seconds++) waiting = [...waiting.slice(-60), ...(await second(6, waiting))];
    expect([...raised]).toEqual([]);
    // From now on nobody comes who is called.
    for (let seconds = 0; seconds < 40; seconds++) await second(40, []);
    expect([...raised]).toEqual(['showShareFalling']);
  });

  it('says that the site does not answer, and since when', async () => {
    const played = await playGateway({ keys, fetchOrigin: () => Promise.reject(new Error('refused')) });
    for (let times = 0; times < 5; times++) await joined(played, 1);
    expect(await alarms(played)).toContain('originFailing');
  });
});

describe('a forecast', () => {
  it('never promises a longer wait for a higher rate, and says what limits', async () => {
    const played = await playGateway({ keys, room: { policy: { newUsersPerMinute: 60, totalActiveUsers: 2 } } });
    await joined(played, 30);
    const waits: number[] = [];
    for (const [rate, places] of [
      [30, 1_000],
      [60, 1_000],
      [600, 1_000],
      [600, 100_000],
    ]) {
      const query = { newUsersPerMinute: String(rate), totalActiveUsers: String(places), sessionMinutes: '5' };
      const { document } = await ask(played, 'forecast', { query, headers: withKey() });
      const { proposed } = document as Forecast;
      expect(proposed.limitedBy).toBe(rate === 600 && places === 1_000 ? 'places' : 'rate');
      waits.push(proposed.waitSeconds?.high ?? Number.NaN);
    }
    expect(waits).toEqual(waits.toSorted((a, b) => b - a));
  });
});
