// Who else has a room on the console, over all gateways; and a change that met another one is refused with its name.

import { beforeEach, describe, expect, it } from 'vitest';
import { OPERATOR_SEEN_MS, OPERATORS_SEEN_MAX } from '../../queue-core/limits.ts';
import type { Live } from '../../worker/contract/operator-api.ts';
import type { Problem } from '../../worker/contract/problem-schema.ts';
import { ConsolePresence } from '../../worker/operators/console-presence.ts';
import { type InProcessGateway, startBeside } from '../gateway/in-process.ts';
import { ask, createKey, etag, POLICY, problemIn, signIn, startGateway, withKey } from './operator-client.ts';

let gateway: InProcessGateway;
beforeEach(async () => {
  gateway = await startGateway();
});

const operatorsFor = async (at: InProcessGateway, headers: Record<string, string>): Promise<Live['operators']> =>
  ((await ask(at, 'live', { headers })).document as Live).operators;

describe('two operators on two gateways', () => {
  it('see each other within seconds, know themselves, and are gone seconds after their last poll', async () => {
    const beside = await startBeside(gateway);
    const [owner, other] = [await signIn(gateway), await signIn(gateway, (await createKey(gateway, 'operator')).key)];
    const poll = async () => {
      gateway.clock.advance(1_100);
      await operatorsFor(beside, other);
      await new Promise((resolve) => setImmediate(resolve));
      return operatorsFor(gateway, owner);
    };
    let seen: Live['operators'] = [];
    for (let second = 0; second < 4; second++) seen = await poll();
    expect(seen.map(({ name, isYou }) => [name, isYou]).toSorted()).toEqual([
      ['operator', false],
      ['owner', true],
    ]);
    const since = seen.find(({ isYou }) => !isYou)?.since;
    for (let second = 0; second < 20; second++) seen = await poll();
    expect(seen.find(({ isYou }) => !isYou)?.since).toBe(since);

    for (let second = 0; second < (2 * OPERATOR_SEEN_MS) / 1_000; second++) {
      gateway.clock.advance(1_100);
      seen = await operatorsFor(gateway, owner);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(seen.map(({ isYou }) => isYou)).toEqual([true]);
  });

  it('are nobody whose script polls with a key', async () => {
    for (let second = 0; second < 5; second++) {
      gateway.clock.advance(1_100);
      expect(await operatorsFor(gateway, withKey())).toEqual([]);
    }
  });
});

it('a gateway remembers a bounded number of operators, the latest, and each for seconds', () => {
  let now = 0;
  const presence = new ConsolePresence(() => now);
  for (let number = 0; number <= OPERATORS_SEEN_MAX; number++) {
    presence.saw('demo', { id: `key-${number}`, name: 'Kim', role: 'viewer' });
  }
  expect(presence.of('demo').map(({ id }) => id)).toEqual(
    Array.from({ length: OPERATORS_SEEN_MAX }, (_, index) => `key-${index + 1}`),
  );
  now += 60_000;
  expect(presence.of('demo')).toEqual([]);
});

describe('a change that met another one is refused', () => {
  const refusedWith = async (name: 'setPolicy' | 'setSchedule', tag: string, body: unknown) => {
    const refused = await ask(gateway, name, { headers: { ...withKey(), 'If-Match': tag }, body });
    expect([refused.status, problemIn(refused)]).toEqual([412, 'changed-meanwhile']);
    return (refused.document as Problem).lastChange;
  };

  it('with who was first and what they did, whatever the log says since', async () => {
    const { id, key } = await createKey(gateway, 'operator');
    const tag = await etag(gateway);
    const first = { headers: { ...withKey(key), 'If-Match': tag }, body: { ...POLICY, newUsersPerMinute: 900 } };
    expect((await ask(gateway, 'setPolicy', first)).status).toBe(200);
    // A record that makes no version.
    expect((await ask(gateway, 'givePass', { headers: withKey() })).status).toBe(200);
    expect(await refusedWith('setPolicy', tag, POLICY)).toMatchObject({
      by: { id, name: 'operator' },
      action: 'setPolicy',
      to: { newUsersPerMinute: 900 },
    });
  });

  it('with nobody’s name where only time has passed', async () => {
    const { key } = await createKey(gateway, 'operator');
    const first = { headers: { ...withKey(key), 'If-Match': await etag(gateway) }, body: POLICY };
    expect((await ask(gateway, 'setPolicy', first)).status).toBe(200);
    const stale = (await etag(gateway)).replace(/running|ahead|over/, (stage) =>
      stage === 'ahead' ? 'over' : 'ahead',
    );
    expect(await refusedWith('setSchedule', stale, { opensAt: '2031-03-02T20:00:00+09:00' })).toBeUndefined();
  });
});
