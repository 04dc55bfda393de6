// ORIGIN_KEYS, the keys with which sites sign their calls: what keeps the gateway from starting, that no problem quotes a secret, and that
// the command makes what the setting takes.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { readSettings, SettingsError } from '../../worker/settings.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';

const secretOf = (bytes: number) => randomBytes(bytes).toString('base64');
const SECRET = secretOf(32);

let signingKeys: string;
beforeAll(async () => {
  signingKeys = JSON.stringify({ keys: [await newSigningKey(0)] });
});

function read(value: unknown) {
  const required = { ROOMS: '[]', PUBLIC_URL: 'https://gate.example', OPERATOR_KEY, SIGNING_KEYS: signingKeys };
  return readSettings({ ...required, ORIGIN_KEYS: value }).originKeys;
}

const problemOf = (value: string): string => {
  try {
    read(value);
    return '';
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.message;
  }
};

describe('ORIGIN_KEYS', () => {
  it('is optional, and names keys of 24 to 64 bytes by room and id', () => {
    for (const nothing of [undefined, null, '', ' ']) expect(read(nothing)).toEqual([]);
    const [short, long] = [secretOf(24), secretOf(64)];
    expect(read(`booking:a:whsec_${short}, booking:b-2:whsec_${long},\nvaccine:a:whsec_${SECRET}\n`)).toEqual([
      { room: 'booking', id: 'a', secret: short },
      { room: 'booking', id: 'b-2', secret: long },
      { room: 'vaccine', id: 'a', secret: SECRET },
    ]);
  });

  it.each([
    ['no room and no id', `whsec_${SECRET}`, 'entry 1 is no key'],
    ['no id', `booking:whsec_${SECRET}`, 'entry 1 is no key'],
    ['no prefix', `booking:a:${SECRET}`, 'entry 1 is no key'],
    ['an entry too many', `booking:a:whsec_${SECRET},`, 'entry 2 is no key'],
    ['no name of a room', `Booking:a:whsec_${SECRET}`, 'entry 1 names no room'],
    ['an id with a space', `booking:a b:whsec_${SECRET}`, 'the id of entry 1'],
    ['an empty id', `booking::whsec_${SECRET}`, 'the id of entry 1'],
    ['base64url', `booking:a:whsec_${'-_'.repeat(22)}`, 'entry 1 is no key'],
    ['base64 without padding', `booking:a:whsec_${SECRET.slice(0, -1)}`, 'is not base64'],
    ['unused bits', `booking:a:whsec_${'Ab1C'.repeat(10)}Ab3=`, 'is not base64'],
    ['23 bytes', `booking:a:whsec_${secretOf(23)}`, 'has 23 bytes, not 24 to 64'],
    ['65 bytes', `booking:a:whsec_${secretOf(65)}`, 'has 65 bytes, not 24 to 64'],
    ['a secret that a person made up', `booking:a:whsec_${'secret12'.repeat(4)}`, 'too easy to guess'],
    [
      'one name twice',
      `booking:a:whsec_${SECRET},booking:a:whsec_${secretOf(32)}`,
      'two keys of one room have the same id',
    ],
    ['one secret for two rooms', `booking:a:whsec_${SECRET},vaccine:a:whsec_${SECRET}`, 'the same secret'],
    [
      'five keys of a room',
      [...'abcde'].map((id) => `booking:${id}:whsec_${secretOf(32)}`).join(),
      'room booking has 5 keys, the most are 4',
    ],
  ])('with %s keeps the gateway from starting, and says what to set', (_, value, problem) => {
    expect(problemOf(value)).toContain(problem);
    expect(problemOf(value)).toMatch(/ORIGIN_KEYS: .* Set it to keys as room:id:whsec_…/);
  });

  it('is never quoted in a problem, however it is broken', () => {
    const whole = `booking:a:whsec_${SECRET},vaccine:b:whsec_${SECRET}`;
    const broken = fc.record({ at: fc.nat(whole.length), drop: fc.nat(12), put: fc.string({ maxLength: 3 }) });
    const parts = Array.from({ length: SECRET.length - 5 }, (_, i) => SECRET.slice(i, i + 6));
    fc.assert(
      fc.property(broken, ({ at, drop, put }) => {
        const problem = problemOf(whole.slice(0, at) + put + whole.slice(at + drop));
        return !parts.some((part) => problem.includes(part));
      }),
      { numRuns: 300 },
    );
  });
});

describe('npm run keys -- origin', () => {
  const run = (...args: string[]) => {
    const script = resolve(import.meta.dirname, '../../scripts/keys.ts');
    return spawnSync(process.execPath, [script, 'origin', ...args], { encoding: 'utf8' });
  };

  it('prints a key that the setting takes, another one each time', () => {
    const [first, second] = [run('--room', 'booking'), run('--room', 'booking')];
    expect([first.status, second.status]).toEqual([0, 0]);
    const keys = read(`${first.stdout},${second.stdout}`);
    expect(keys.map(({ room, secret }) => [room, secret.length])).toEqual([
      ['booking', 44],
      ['booking', 44],
    ]);
  });

  it.each([[[]], [['--room', 'A room']], [['--room', '']], [['file', '--room', 'booking']]])(
    'prints no key for anything but the name of a room: %j',
    (args) => {
      const { status, stdout } = run(...args);
      expect([status, stdout]).toEqual([1, '']);
    },
  );
});
