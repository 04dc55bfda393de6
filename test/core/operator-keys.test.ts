// Operators' keys: who can sign in, when a sign-in ends, and how wrong keys are slowed down, recorded and bounded.

import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { faultIn } from '../../queue-core/audit.ts';
import { OWNER_KEY_ID } from '../../queue-core/directory/directory-document.ts';
import {
  ENDED_SIGN_INS_MAX,
  KEY_NETWORKS_MAX,
  KEY_USE_MS,
  KNOWN_FAILURES_FREE,
  NETWORKS_ATTEMPTED_MAX,
  OPERATOR_KEYS_MAX,
  SIGN_INS_UP_TO,
  WRONG_KEY_FORGOTTEN_MS,
  WRONG_KEY_RECORD_MS,
  WRONG_KEY_RECORDS_UP_TO,
  WRONG_KEY_WAIT_MS_MAX,
} from '../../queue-core/limits.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { CheckedDirectory, digestOf, OWNER_DIGEST, presented, seed } from './checked-directory.ts';
import { T0 } from './sample-rooms.ts';

const OTHER_NETWORK = '192.0.2.2';

let directory: CheckedDirectory;
beforeEach(() => {
  directory = new CheckedDirectory();
});

/** Sets how many records the log has, as the document counts them. */
function setRecords(seq: number): void {
  const { document } = directory;
  directory.document = { ...document, audit: { ...document.audit, seq } };
}

describe('keys', () => {
  test('a removed key does not sign in; the owner’s key and unknown keys cannot be removed', () => {
    directory.addKey('second');
    expect(directory.signIn(digestOf('second'))).toMatchObject({
      kind: 'signedIn',
      key: { id: 'second', role: 'operator' },
    });
    directory.change({ kind: 'removeKey', key: 'second' });
    expect(directory.signIn(digestOf('second'))).toMatchObject({ kind: 'wrongKey' });
    const refused = (key: string) => directory.change({ kind: 'removeKey', key });
    expect(refused(OWNER_KEY_ID)).toEqual({ kind: 'refused', reason: 'ownersKey' });
    expect(refused('second')).toEqual({ kind: 'refused', reason: 'unknownKey' });
  });

  test('a key ends at its time, is then no wrong key, and is not made with an end that is not ahead', () => {
    directory.addKey('short', { expiresAt: T0 + 1_000 });
    expect(directory.signIn(digestOf('short'))).toMatchObject({ kind: 'signedIn', key: { expiresAt: T0 + 1_000 } });
    directory.now = T0 + 1_000;
    for (let tries = 0; tries < 3; tries++) {
      expect(directory.signIn(digestOf('short'))).toEqual({ kind: 'refused', reason: 'keyExpired' });
    }
    expect(directory.document.attempts).toEqual([]);
    expect(directory.addKey('past', { expiresAt: T0 + 1_000 })).toEqual({ kind: 'refused', reason: 'past' });
  });

  test('a key of single rooms is of rooms that there are, and never an owner’s', () => {
    directory.putRoom('spring');
    expect(directory.addKey('one', { rooms: ['spring'] })).toMatchObject({ kind: 'changed' });
    expect(directory.addKey('two', { rooms: ['autumn'] })).toEqual({ kind: 'refused', reason: 'unknownRoom' });
    const owners = directory.addKey('three', { rooms: ['spring'], role: 'owner' });
    expect(owners).toEqual({ kind: 'refused', reason: 'ownersRooms' });
  });

  test('the last use is noted at most every few minutes, and is no new version of the directory', () => {
    directory.addKey('second');
    const { version } = directory.document;
    const use = (from: string) => directory.send({ kind: 'useKey', key: 'second', from });
    const lastUse = () => directory.document.keys.find(({ id }) => id === 'second')?.lastUse;
    for (const [after, from, expected] of [
      [0, 'a', 'a'],
      [KEY_USE_MS - 1, 'b', 'a'],
      [KEY_USE_MS, 'c', 'c'],
    ] as const) {
      directory.now = T0 + after;
      expect(use(from)).toEqual({ kind: 'unchanged', version });
      expect(lastUse()?.from).toBe(expected);
    }
    directory.send({ kind: 'useKey', key: 'nobody', from: 'a' });
    expect(directory.document.keys).toHaveLength(2);
  });

  test('a new owner’s key replaces the former one', () => {
    directory.send(seed([], digestOf('another')));
    expect(directory.document.keys).toHaveLength(1);
    expect(directory.signIn(OWNER_DIGEST)).toMatchObject({ kind: 'wrongKey' });
    expect(directory.signIn(digestOf('another'), OTHER_NETWORK)).toMatchObject({
      kind: 'signedIn',
      key: { id: OWNER_KEY_ID },
    });
  });

  test('the number of keys is bounded; a removed key makes room for another', () => {
    for (let index = 1; index < OPERATOR_KEYS_MAX; index++) {
      expect(directory.addKey(`${index}`)).toMatchObject({ kind: 'changed' });
    }
    expect(directory.addKey('more')).toEqual({ kind: 'refused', reason: 'full' });
    directory.change({ kind: 'removeKey', key: '1' });
    expect(directory.addKey('2')).toEqual({ kind: 'refused', reason: 'exists' });
    expect(directory.addKey('more')).toMatchObject({ kind: 'changed' });
  });

  test('a key that signs in without end leaves the log space for the owner to remove it', () => {
    directory.addKey('busy');
    setRecords(SIGN_INS_UP_TO - 1);
    expect(directory.signIn(digestOf('busy'))).toMatchObject({ kind: 'signedIn' });
    expect(directory.signIn(digestOf('busy'))).toEqual({ kind: 'refused', reason: 'logFull' });
    expect(directory.signIn(OWNER_DIGEST)).toMatchObject({ kind: 'signedIn' });
    expect(directory.change({ kind: 'removeKey', key: 'busy' })).toMatchObject({ kind: 'changed' });
  });
});

describe('sign-outs', () => {
  const until = T0 + 12 * 3_600_000;

  function signOut(sid: string): void {
    directory.change({ kind: 'signOut', sid, until });
  }

  /** Whether a token is valid, by its time of issue in whole seconds. */
  function isValid(sid: string, signedInAt: EpochMs): boolean {
    const issuedAt = Math.floor(signedInAt / 1000) * 1000;
    const { endedSignIns, keys } = directory.document;
    return !endedSignIns.some((ended) => ended.sid === sid) && keys.every((key) => issuedAt + 1_000 > key.signInsFrom);
  }

  test('sign-outs are bounded; beyond the bound every earlier sign-in of the same key ends, and nobody else’s', () => {
    directory.addKey('second');
    const before = directory.document.keys.find(({ id }) => id === 'second')?.signInsFrom;
    for (let index = 0; index < ENDED_SIGN_INS_MAX; index++) signOut(`sid-${index}`);
    expect(directory.document.endedSignIns).toHaveLength(ENDED_SIGN_INS_MAX);
    directory.now += 1_000;
    signOut('one more');
    expect(directory.document.endedSignIns).toHaveLength(ENDED_SIGN_INS_MAX);
    expect(directory.document.keys.map(({ signInsFrom }) => signInsFrom)).toEqual([directory.now + 1_000, before]);
  });

  test('a sign-out beyond the bound also ends a sign-in of the same second', () => {
    directory.now = T0 + 20_100;
    for (let index = 0; index < ENDED_SIGN_INS_MAX; index++) signOut(`earlier-${index}`);
    directory.now = T0 + 20_700;
    signOut('last');
    expect(isValid('last', T0 + 20_500)).toBe(false);
    expect(isValid('earlier-0', T0 + 20_050)).toBe(false);
    expect(isValid('new', T0 + 22_000)).toBe(true);
  });

  test('a new owner’s key ends sign-ins of the former key up to the same second; its own sign-ins are valid at once', () => {
    const signInAt = (now: EpochMs, digest: string) => {
      directory.now = now;
      const reply = directory.signIn(digest);
      return reply.kind === 'signedIn' ? reply.at : Number.NaN;
    };
    const former = signInAt(T0 + 5_100, OWNER_DIGEST);
    directory.now = T0 + 5_200;
    directory.send(seed([], digestOf('new')));
    expect(isValid('former', former)).toBe(false);
    expect(isValid('own', signInAt(T0 + 5_300, digestOf('new')))).toBe(true);
    expect(isValid('own', signInAt(T0 + 9_300, digestOf('new')))).toBe(true);
  });
});

describe('wrong keys', () => {
  test('each wrong key doubles the wait of its own network only, up to a bound, and no key is compared meanwhile', () => {
    for (let failures = 1; failures <= 9; failures++) {
      const waitMs = Math.min(WRONG_KEY_WAIT_MS_MAX, 500 * 2 ** failures);
      expect(directory.signIn('wrong')).toEqual({ kind: 'wrongKey', waitMs });
      directory.now += waitMs - 1;
      for (const purpose of ['session', 'request'] as const) {
        // Not even the right one; and an attempt does not prolong the wait.
        expect(directory.signIn(OWNER_DIGEST, '192.0.2.1', purpose)).toEqual({ kind: 'mustWait', waitMs: 1 });
      }
      expect(directory.signIn(OWNER_DIGEST, OTHER_NETWORK)).toMatchObject({ kind: 'signedIn' });
      directory.now += 1;
    }
    expect(directory.signIn(OWNER_DIGEST)).toMatchObject({ kind: 'signedIn' });
  });

  test('others in a network where a key was used keep it out neither by wrong keys nor by any number of them', () => {
    expect(directory.signIn(OWNER_DIGEST)).toMatchObject({ kind: 'signedIn' });
    for (let tries = 0; tries < 20; tries++) {
      expect(directory.signIn(`${tries}`.repeat(8)).kind).toBe(tries === 0 ? 'wrongKey' : 'mustWait');
      expect(directory.signIn(OWNER_DIGEST)).toMatchObject({ kind: 'signedIn' });
    }
  });

  test('a right key does not shorten the wait of its network: its holder could guess others', () => {
    directory.addKey('second');
    directory.signIn('wrong');
    directory.now += 1_000;
    directory.signIn(digestOf('second'));
    expect(directory.signIn('wrong')).toEqual({ kind: 'wrongKey', waitMs: 2_000 });
  });

  test('wrong keys that name a key are slowed down where it was used, and everywhere else together', () => {
    const guess = (address: string) =>
      directory.signIn({ ...presented(OWNER_DIGEST), digest: digestOf('guess') }, address);
    directory.signIn(OWNER_DIGEST);
    for (let guesses = 0; guesses < KNOWN_FAILURES_FREE; guesses++) {
      expect(guess('192.0.2.1')).toEqual({ kind: 'wrongKey', waitMs: 0 });
    }
    expect(guess('192.0.2.1')).toEqual({ kind: 'wrongKey', waitMs: 1_000 });
    expect(directory.signIn(OWNER_DIGEST)).toEqual({ kind: 'mustWait', waitMs: 1_000 });
    expect(guess('192.0.2.3')).toEqual({ kind: 'wrongKey', waitMs: 1_000 });
    expect(guess('192.0.2.4')).toEqual({ kind: 'mustWait', waitMs: 1_000 });
    directory.now += 1_000;
    expect(guess('192.0.2.4')).toEqual({ kind: 'wrongKey', waitMs: 2_000 });
  });

  test('from any number of networks displace no wait, and keep no key out where it was used', () => {
    directory.addKey('second');
    directory.signIn(OWNER_DIGEST);
    for (let tries = 0; tries < 4; tries++) {
      directory.signIn('wrong', OTHER_NETWORK);
      directory.now += 60_000;
    }
    directory.signIn('wrong', OTHER_NETWORK);
    for (let network = 0; network < 3 * NETWORKS_ATTEMPTED_MAX; network++)
      directory.signIn('wrong', `198.51.${network}`);
    expect(directory.signIn('wrong', OTHER_NETWORK)).toMatchObject({ kind: 'mustWait', waitMs: 16_000 });
    expect(directory.signIn(OWNER_DIGEST)).toMatchObject({ kind: 'signedIn' });
    // Networks beyond the bound wait together; a key that they do not name is not kept out.
    expect(directory.signIn('wrong', '203.0.113.9')).toMatchObject({ kind: 'mustWait' });
    expect(directory.signIn(digestOf('second'), '203.0.113.9')).toMatchObject({ kind: 'signedIn' });
  });

  test('only the latest networks of a key are remembered, and none of another key displaces them', () => {
    directory.addKey('second');
    directory.signIn(OWNER_DIGEST);
    for (let network = 0; network < 2 * KEY_NETWORKS_MAX; network++)
      directory.signIn(digestOf('second'), `198.51.${network}`);
    const { keyNetworks } = directory.document;
    expect(keyNetworks.filter(({ key }) => key === OWNER_KEY_ID)).toEqual([{ key: OWNER_KEY_ID, from: '192.0.2.1' }]);
    expect(keyNetworks.filter(({ key }) => key === 'second').at(0)?.from).toBe(`198.51.${KEY_NETWORKS_MAX}`);
    directory.change({ kind: 'removeKey', key: 'second' });
    expect(directory.document.keyNetworks).toHaveLength(1);
  });

  test('a request with a key is not recorded, and is accepted while the log is full', () => {
    const before = directory.log.length;
    expect(directory.signIn(OWNER_DIGEST, OTHER_NETWORK, 'request')).toMatchObject({ kind: 'signedIn' });
    expect(directory.log).toHaveLength(before);
    setRecords(100_000);
    expect(directory.signIn(OWNER_DIGEST, OTHER_NETWORK, 'request')).toMatchObject({ kind: 'signedIn' });
    expect(directory.signIn(OWNER_DIGEST, OTHER_NETWORK, 'session')).toEqual({ kind: 'refused', reason: 'logFull' });
  });

  test('a key from before its prefix was stored is named by its next use', () => {
    const { document } = directory;
    directory.document = { ...document, keys: document.keys.map((key) => ({ ...key, prefix: null })) };
    directory.signIn(OWNER_DIGEST);
    expect(directory.document.keys[0]?.prefix).toBe(presented(OWNER_DIGEST).prefix);
  });

  test('wrong keys are forgotten after WRONG_KEY_FORGOTTEN_MS', () => {
    for (let i = 0; i < 3; i++) {
      directory.signIn('wrong');
      directory.now += 5_000;
    }
    directory.now += WRONG_KEY_FORGOTTEN_MS;
    expect(directory.signIn('wrong')).toEqual({ kind: 'wrongKey', waitMs: 1_000 });
  });

  test('any number of wrong keys stays within the bound of remembered networks and one record a minute', () => {
    const attempts = fc.array(fc.tuple(fc.nat(100), fc.option(fc.ipV4())), { minLength: 300, maxLength: 400 });
    fc.assert(
      fc.property(attempts, (all) => {
        const [from, records] = [directory.now, directory.tables.audit.size];
        for (const [afterMs, address] of all) {
          directory.now += afterMs;
          expect(directory.signIn('wrong', address).kind).toMatch(/^(?:wrongKey|mustWait)$/);
        }
        expect(directory.document.attempts.length).toBeLessThanOrEqual(NETWORKS_ATTEMPTED_MAX + 1);
        const minutes = Math.floor((directory.now - from) / WRONG_KEY_RECORD_MS);
        expect(directory.tables.audit.size - records).toBeLessThanOrEqual(1 + minutes);
      }),
      { numRuns: 20 },
    );
    expect(faultIn(directory.log)).toBeNull();
  });

  test('records of wrong keys add up to the number of attempts', () => {
    for (let index = 0; index < 50; index++) directory.signIn('wrong', `192.0.2.${index}`);
    directory.now += WRONG_KEY_RECORD_MS;
    directory.signIn('wrong', OTHER_NETWORK);
    const records = directory.log.filter(({ action }) => action === 'wrongKey');
    expect(records.map(({ to }) => (to as { times: number }).times)).toEqual([1, 50]);
  });

  test('wrong keys are recorded up to WRONG_KEY_RECORDS_UP_TO; the owner’s sign-in is still recorded beyond it', () => {
    setRecords(WRONG_KEY_RECORDS_UP_TO - 2);
    for (let minute = 1; minute <= 10; minute++) {
      directory.now = T0 + minute * WRONG_KEY_RECORD_MS;
      expect(directory.signIn('wrong', `192.0.2.${minute}`).kind).toBe('wrongKey');
    }
    expect(directory.log.filter(({ action }) => action === 'wrongKey')).toHaveLength(2);
    directory.now = T0 + 3_600_000;
    const signedIn = directory.signIn(OWNER_DIGEST, '192.0.2.100');
    expect(signedIn).toMatchObject({ kind: 'signedIn', key: { role: 'owner' } });
    expect(directory.log.at(-1)?.action).toBe('signIn');
  });
});
