// The store in Redis, on a real redis-server: the suites of every store, and random commands of several gateways at once.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultIn } from '../../queue-core/audit.ts';
import type { Command } from '../../queue-core/command.ts';
import { brokenBetween, brokenIn } from '../../queue-core/invariants.ts';
import { type SharedRedis, sharedRedis } from '../../scripts/lib/local-redis/shared-redis.ts';
import { RedisClient } from '../../worker/store/redis/redis-client.ts';
import type { RedisStore } from '../../worker/store/redis/redis-store.ts';
import { configure, T0 } from '../core/sample-rooms.ts';
import { anyRoomSettings, type ScenarioStep, scenarioStep } from '../core/scenarios.ts';
import { conformance, type StoreUnderTest } from '../store/conformance.ts';
import { differential } from '../store/differential.ts';
import { refusesInvalidState } from '../store/invalid-state.ts';
import { redisText } from '../store/stored-text.ts';
import { redisStore, storedRoom } from './redis-stores.ts';

let redis: SharedRedis;
beforeAll(async () => {
  redis = await sharedRedis();
});
afterAll(() => redis?.[Symbol.asyncDispose]());

const clock = { now: 0 };
/** Without a time limit, which would measure how busy the machine is. */
const gateway = () => redisStore(redis.address, { clock: () => clock.now, stopwatch: () => 0 }).store;
let store: RedisStore | null = null;

function start(): StoreUnderTest {
  store ??= gateway();
  const current: StoreUnderTest = {
    store,
    clock,
    stored: redisText(new RedisClient(redis.address)),
    // Another gateway, which remembers nothing.
    reload: async () => {
      store = gateway();
      Object.assign(current, { store });
    },
    reloadDirectory: () => current.reload(''),
  };
  return current;
}

conformance('redis', start);
differential('redis', start);
refusesInvalidState('redis', start);

describe('random commands of three gateways at once', () => {
  let rooms = 0;
  const wave = fc.array(scenarioStep, { minLength: 3, maxLength: 3 });

  /** Gateways never make the same id of a session, which commands that are made for one state of the room may have. */
  const ofGateway = (command: Command, gateway: number): Command =>
    command.kind === 'join' && command.sid !== null ? { ...command, sid: `${command.sid}-${gateway}` } : command;

  test('keep every invariant and the hash chain of the log', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyRoomSettings,
        fc.array(wave, { maxLength: 25 }),
        async (roomSettings, waves: ScenarioStep[][]) => {
          const gateways = [gateway(), gateway(), gateway()] as const;
          const name = `any-${++rooms}`;
          clock.now = T0;
          await gateways[0].apply(name, [configure(roomSettings)]);
          let before = await storedRoom(redis.address, name);
          for (const steps of waves) {
            clock.now += steps[0]?.afterMs ?? 0;
            const commands = steps.map(({ command }, at) => ofGateway(command(before), at));
            await Promise.all(commands.map((command, at) => gateways[at]?.apply(name, [command])));
            const after = await storedRoom(redis.address, name);
            expect(brokenIn(after.room, after.sessions)).toEqual([]);
            // Within a wave limits may change twice, and the last of the stock may be reported gone after somebody was admitted: the core's
            // own tests check slots (4), active users (5) and the stock (18) for each command.
            const isSoldWithin = commands.some(({ kind }) => kind === 'reportStock');
            const within = new Set(isSoldWithin ? [4, 5, 18] : [4, 5]);
            expect(brokenBetween(before, after).filter((number) => !within.has(number))).toEqual([]);
            before = after;
          }
          const log = await gateways[1].rows(name, 'audit', { after: 0, limit: 1_000 });
          expect(faultIn(log)).toBeNull();
          expect(log.at(-1)?.hash).toBe(before.room.changes.audit.hash);
        },
      ),
      { numRuns: 25 },
    );
  });
});
