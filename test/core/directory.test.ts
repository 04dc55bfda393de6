// The directory as a machine: what seeding, changes and sign-ins may do to it, and what bounds it.

import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Actor, type AuditRecord, faultIn } from '../../queue-core/audit.ts';
import {
  type DirectoryChange,
  type DirectoryCommand,
  type DirectoryDocument,
  type DirectoryReply,
  directoryMachine,
  OWNER_KEY_ID,
  type SeedRoom,
  type Site,
} from '../../queue-core/directory.ts';
import {
  ATTEMPTS_REMEMBERED_MAX,
  ENDED_SIGN_INS_MAX,
  OPERATOR_KEYS_MAX,
  ROOMS_BYTES_MAX,
  ROOMS_MAX,
  SIGN_INS_UP_TO,
  WRONG_KEY_FORGOTTEN_MS,
  WRONG_KEY_RECORD_MS,
  WRONG_KEY_WAIT_MS_MAX,
} from '../../queue-core/limits.ts';
import { settings, T0 } from './sample-rooms.ts';

const OWNER: Actor = { id: OWNER_KEY_ID, name: 'owner', role: 'owner', address: null };
const OWNER_DIGEST = '0d'.repeat(32);
const [HERE, THERE] = ['192.0.2.1', '192.0.2.2'];

const SITE: Site = {
  title: { ko: '예약', en: 'Booking' },
  hosts: ['book.test'],
  paths: ['/'],
  exempt: [],
  origin: 'http://origin.test',
  audience: 'urn:fairgate:origin:demo',
  timeZone: 'Asia/Seoul',
  outside: 'refuse',
  languages: ['ko', 'en'],
  template: null,
  expectedVisitors: null,
};
const SEED: SeedRoom = { id: 'demo', site: SITE, settings: settings(), digest: 'first' };

let document: DirectoryDocument;
let log: AuditRecord[];
let now: number;
let wishes = 0;

beforeEach(() => {
  const begun = directoryMachine.run(null, new Map(), [seed()], T0);
  document = begun.document;
  log = begun.effects.flatMap((effect) => (effect.kind === 'put' && effect.table === 'audit' ? [effect.row] : []));
  now = T0;
});

function seed(changes: Partial<SeedRoom> = {}): DirectoryCommand {
  return { kind: 'seed', by: OWNER, rooms: [{ ...SEED, ...changes }], ownerDigest: OWNER_DIGEST };
}

function send(command: DirectoryCommand): DirectoryReply {
  const ran = directoryMachine.run(document, new Map(), [command], now);
  document = ran.document;
  log.push(...ran.effects.flatMap((effect) => (effect.kind === 'put' && effect.table === 'audit' ? [effect.row] : [])));
  const [reply] = ran.replies;
  if (reply === undefined) throw new TypeError('A command was not answered.');
  return reply;
}

function change(wanted: DirectoryChange, id = `wish-${++wishes}`): DirectoryReply {
  return send({ kind: 'change', id, by: OWNER, change: wanted });
}

function signIn(digest: string, address: string | null = HERE): DirectoryReply {
  return send({ kind: 'signIn', digest, address, from: address ?? 'unknown' });
}

/** A site at a place of its own. */
function siteAt(host: string, ...paths: string[]): Site {
  return { ...SITE, hosts: [host], paths: paths.length === 0 ? ['/'] : paths };
}

function putRoom(id: string, ifVersion: number | null = null, site = siteAt(id)): DirectoryReply {
  return change({ kind: 'putRoom', room: id, ifVersion, site, settings: settings() });
}

function addKey(id: string): DirectoryReply {
  return change({ kind: 'addKey', key: { id, name: id, role: 'operator', digest: `digest-${id}` } });
}

describe('seeding', () => {
  test('twice changes nothing: no version, no record', () => {
    const [before, records] = [document, log.length];
    send(seed());
    expect(document).toEqual(before);
    expect(log).toHaveLength(records);
  });

  test('leaves what operators changed since, until the settings themselves are edited', () => {
    putRoom('demo', 1, { ...SITE, expectedVisitors: 7 });
    send(seed());
    expect(document.rooms[0]?.site.expectedVisitors).toBe(7);
    send(seed({ digest: 'second' }));
    expect(document.rooms[0]).toMatchObject({ version: 3, site: { expectedVisitors: null } });
  });

  test('with another owner’s key ends the former one', () => {
    send({ kind: 'seed', by: OWNER, rooms: [], ownerDigest: 'another' });
    expect(document.keys).toHaveLength(1);
    expect(signIn(OWNER_DIGEST)).toMatchObject({ kind: 'wrongKey' });
    expect(signIn('another', THERE)).toMatchObject({ kind: 'signedIn', key: { id: OWNER_KEY_ID } });
  });

  test('brings no archived room back, also with edited settings', () => {
    change({ kind: 'archiveRoom', room: 'demo', ifVersion: 1 });
    const { archivedAt } = document.rooms[0] ?? {};
    expect(archivedAt).toBe(T0);
    for (const digest of ['first', 'second']) {
      send(seed({ digest }));
      expect(document.rooms[0]?.archivedAt).toBe(archivedAt);
    }
    const site: DirectoryChange[] = [
      { kind: 'putRoom', room: 'demo', ifVersion: document.rooms[0]?.version ?? 0, site: SITE, settings: null },
      { kind: 'setTemplate', room: 'demo', ifVersion: document.rooms[0]?.version ?? 0, html: 'mine' },
    ];
    for (const wanted of site) expect(change(wanted)).toEqual({ kind: 'refused', reason: 'archived' });
    expect(putRoom('demo')).toEqual({ kind: 'refused', reason: 'exists' });
  });
});

describe('a place', () => {
  test('belongs to one room, however the second comes to want it', () => {
    putRoom('second', null, siteAt('other.test', '/a', '/b'));
    const taken = { kind: 'refused', reason: 'routeTaken', route: 'other.test/b', by: 'second' };
    expect(putRoom('third', null, siteAt('other.test', '/B', '/c'))).toEqual(taken);
    expect(putRoom('demo', 1, siteAt('other.test', '/b'))).toEqual(taken);
    expect(putRoom('third', null, siteAt('other.test', '/b/'))).toEqual(taken);
    expect(putRoom('third', null, siteAt('book.test', '/'))).toMatchObject({ route: 'book.test/', by: 'demo' });
    expect(putRoom('third', null, siteAt('other.test', '/c'))).toMatchObject({ kind: 'changed' });
  });

  test('of an archived room is free', () => {
    change({ kind: 'archiveRoom', room: 'demo', ifVersion: 1 });
    expect(putRoom('second', null, SITE)).toMatchObject({ kind: 'changed' });
  });

  test('that the settings give to another room than the operators did stays where it is, and is said', () => {
    putRoom('second', null, siteAt('other.test'));
    const rooms: SeedRoom[] = [
      { ...SEED, digest: 'edited', site: siteAt('other.test') },
      { ...SEED, id: 'fresh', digest: 'new', site: siteAt('fresh.test') },
    ];
    const before = document.rooms;
    expect(send({ kind: 'seed', by: OWNER, rooms, ownerDigest: OWNER_DIGEST })).toEqual({
      kind: 'seeded',
      refused: [{ room: 'demo', reason: 'routeTaken', route: 'other.test/', by: 'second' }],
    });
    expect(document.rooms.slice(0, 2)).toEqual(before);
    expect(document.rooms[2]?.id).toBe('fresh');
    expect(faultIn(log)).toBeNull();
  });

  test('may change hands within the settings; where one hand is refused, so is whoever would have its place', () => {
    const sites = [siteAt('a.test'), siteAt('b.test')];
    const seeds = (digest: string, order: Site[]) =>
      send({
        ...{ kind: 'seed', by: OWNER, ownerDigest: OWNER_DIGEST },
        rooms: order.map((site, index) => ({ ...SEED, id: `room-${index}`, digest, site })),
      });
    seeds('first', sites);
    expect(seeds('swapped', sites.toReversed())).toEqual({ kind: 'seeded', refused: [] });
    putRoom('operators', null, siteAt('c.test'));
    expect(seeds('moved', [siteAt('c.test'), siteAt('b.test')])).toMatchObject({
      refused: [
        { room: 'room-0', by: 'operators' },
        { room: 'room-1', by: 'room-0' },
      ],
    });
  });
});

describe('a change', () => {
  test('on an older version is a conflict, a repeated one is made once', () => {
    const wanted = { kind: 'setTemplate', room: 'demo', ifVersion: 1, html: 'mine' } as const;
    const first = change(wanted, 'once');
    const before = document;
    expect(change(wanted, 'once')).toEqual(first);
    expect(change(wanted, 'twice')).toEqual({ kind: 'conflict', version: 2 });
    expect(document).toEqual(before);
    expect(faultIn(log)).toBeNull();
  });
});

describe('bounds', () => {
  test('of rooms: archived ones count, because their ids and logs stay', () => {
    for (let index = 1; index < ROOMS_MAX; index++) expect(putRoom(`room-${index}`)).toMatchObject({ kind: 'changed' });
    expect(putRoom('one-more')).toEqual({ kind: 'refused', reason: 'full' });
    change({ kind: 'archiveRoom', room: 'demo', ifVersion: 1 });
    expect(putRoom('one-more')).toEqual({ kind: 'refused', reason: 'full' });
    expect(document.rooms).toHaveLength(ROOMS_MAX);
  });

  test('of rooms by their size: the settings too leave out what is beyond it', () => {
    const paths = Array.from({ length: 50 }, (_, index) => `/${'a'.repeat(190)}${index}`);
    const large = (id: string) => ({ ...siteAt(id, ...paths), exempt: paths });
    const replies = Array.from({ length: 20 }, (_, index) => putRoom(`large-${index}`, null, large(`large-${index}`)));
    expect(replies[0]).toMatchObject({ kind: 'changed' });
    expect(replies.at(-1)).toEqual({ kind: 'refused', reason: 'full' });
    expect(putRoom('demo', 1, large('demo'))).toEqual({ kind: 'refused', reason: 'full' });
    const seeded = send(seed({ id: 'large', site: large('large') }));
    expect(seeded).toEqual({ kind: 'seeded', refused: [{ room: 'large', reason: 'full' }] });
    expect(JSON.stringify(document.rooms).length).toBeLessThanOrEqual(ROOMS_BYTES_MAX);
  });

  test('of keys: one that was removed makes room', () => {
    for (let index = 1; index < OPERATOR_KEYS_MAX; index++)
      expect(addKey(`${index}`)).toMatchObject({ kind: 'changed' });
    expect(addKey('more')).toEqual({ kind: 'refused', reason: 'full' });
    change({ kind: 'removeKey', key: '1' });
    expect(addKey('2')).toEqual({ kind: 'refused', reason: 'exists' });
    expect(addKey('more')).toMatchObject({ kind: 'changed' });
  });

  test('of sign-outs: beyond it every earlier session of every key is over', () => {
    const until = T0 + 60_000;
    for (let index = 0; index < ENDED_SIGN_INS_MAX; index++) change({ kind: 'signOut', sid: `sid-${index}`, until });
    expect(document.endedSignIns).toHaveLength(ENDED_SIGN_INS_MAX);
    now += 1_000;
    change({ kind: 'signOut', sid: 'one more', until });
    expect(document.endedSignIns).toEqual([]);
    expect(document.keys.map(({ signInsFrom }) => signInsFrom)).toEqual([now + 1_000]);
  });
});

describe('a key', () => {
  test('that was removed signs nobody in; the owner’s cannot be removed, an unknown one neither', () => {
    addKey('night');
    expect(signIn('digest-night')).toMatchObject({ kind: 'signedIn', key: { id: 'night', role: 'operator' } });
    change({ kind: 'removeKey', key: 'night' });
    expect(signIn('digest-night')).toMatchObject({ kind: 'wrongKey' });
    expect(change({ kind: 'removeKey', key: OWNER_KEY_ID })).toEqual({ kind: 'refused', reason: 'ownersKey' });
    expect(change({ kind: 'removeKey', key: 'night' })).toEqual({ kind: 'refused', reason: 'unknownKey' });
  });

  test('that signs in without end leaves the owner room to take it away', () => {
    addKey('restless');
    document = { ...document, audit: { ...document.audit, seq: SIGN_INS_UP_TO - 1 } };
    expect(signIn('digest-restless')).toMatchObject({ kind: 'signedIn' });
    expect(signIn('digest-restless')).toEqual({ kind: 'refused', reason: 'logFull' });
    expect(signIn(OWNER_DIGEST)).toMatchObject({ kind: 'signedIn' });
    expect(change({ kind: 'removeKey', key: 'restless' })).toMatchObject({ kind: 'changed' });
  });

  test('that is wrong doubles the wait of its own network only, up to a bound', () => {
    for (let failures = 1; failures <= 9; failures++) {
      const waitMs = Math.min(WRONG_KEY_WAIT_MS_MAX, 500 * 2 ** failures);
      expect(signIn('wrong')).toEqual({ kind: 'wrongKey', waitMs });
      // Until then nothing is tried, not even the right key, and asking does not prolong the wait.
      now += waitMs - 1;
      expect(signIn(OWNER_DIGEST)).toEqual({ kind: 'wrongKey', waitMs: 1 });
      expect(signIn(OWNER_DIGEST, THERE)).toMatchObject({ kind: 'signedIn' });
      now += 1;
    }
    expect(signIn(OWNER_DIGEST)).toMatchObject({ kind: 'signedIn' });
    expect(signIn('wrong')).toEqual({ kind: 'wrongKey', waitMs: 1_000 });
  });

  test('that was wrong long ago is forgotten', () => {
    for (let i = 0; i < 3; i++) {
      signIn('wrong');
      now += 5_000;
    }
    now += WRONG_KEY_FORGOTTEN_MS;
    expect(signIn('wrong')).toEqual({ kind: 'wrongKey', waitMs: 1_000 });
  });

  test('that is wrong cannot fill anything: not the addresses, and not the log', () => {
    const tries = fc.array(fc.tuple(fc.nat(100), fc.option(fc.ipV4())), { minLength: 300, maxLength: 400 });
    fc.assert(
      fc.property(tries, (all) => {
        const [from, records] = [now, log.length];
        for (const [afterMs, address] of all) {
          now += afterMs;
          expect(signIn('wrong', address)).toMatchObject({ kind: 'wrongKey' });
        }
        expect(document.attempts.length).toBeLessThanOrEqual(ATTEMPTS_REMEMBERED_MAX);
        expect(log.length - records).toBeLessThanOrEqual(1 + Math.floor((now - from) / WRONG_KEY_RECORD_MS));
      }),
      { numRuns: 20 },
    );
    expect(faultIn(log)).toBeNull();
  });

  test('that is wrong is recorded with its number, none lost', () => {
    for (let index = 0; index < 50; index++) signIn('wrong', `192.0.2.${index}`);
    now += WRONG_KEY_RECORD_MS;
    signIn('wrong', THERE);
    const times = log.filter(({ action }) => action === 'wrongKey').map(({ to }) => (to as { times: number }).times);
    expect(times).toEqual([1, 50]);
  });
});
