// Where a path leads is kept with its readings, and is asked again for other rooms and for another host.

import { expect, test } from 'vitest';
import { readTarget, routeTo } from '../../worker/http/request-target.ts';
import { readSettings } from '../../worker/settings.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';

const keys = JSON.stringify({ keys: [await newSigningKey(0)] });

function rooms(paths: Record<string, string[]>) {
  const all = Object.entries(paths).map(([id, roomPaths]) => ({
    id,
    title: { ko: id, en: id },
    hosts: [`${id}.test`],
    paths: roomPaths,
    origin: 'http://origin.test',
    schedule: { opensAt: '2027-08-05T12:00:00Z' },
    policy: { newUsersPerMinute: 60, totalActiveUsers: 10, sessionMinutes: 5 },
  }));
  const variables = { ROOMS: JSON.stringify(all), SIGNING_KEYS: keys, PUBLIC_URL: 'http://127.0.0.1:1', OPERATOR_KEY };
  return readSettings(variables).rooms;
}

test('one path leads to the room of each host, and of the rooms of the moment', () => {
  const before = rooms({ one: ['/'], two: ['/'] });
  const after = rooms({ one: ['/book'], two: ['/'] });
  const result = readTarget('http://one.test/shop', 'one.test');
  if (result.kind !== 'target') throw new TypeError('The address is in doubt.');
  const { read } = result.target;
  const routedIn = (all: typeof before, host: string) => {
    const routed = routeTo(all, { host, read });
    return routed.kind === 'room' ? routed.room.id : routed.kind;
  };
  for (let turn = 0; turn < 2; turn++) {
    expect(routedIn(before, 'one.test')).toBe('one');
    expect(routedIn(before, 'two.test')).toBe('two');
    expect(routedIn(after, 'two.test')).toBe('two');
    expect(routedIn(after, 'one.test')).toBe('nowhere');
    expect(routedIn(before, 'other.test')).toBe('nowhere');
  }
});
