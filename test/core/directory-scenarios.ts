// Scenarios for property tests of the directory: any commands at any times, one arbitrary for each kind of command and of
// change.

import fc from 'fast-check';
import type {
  DirectoryChange,
  DirectoryCommand,
  DirectoryDocument,
} from '../../queue-core/directory/directory-document.ts';
import { alarmTarget, digestOf, OWNER, OWNER_DIGEST, presented, SEED_ROOM, siteAt } from './checked-directory.ts';
import { settings } from './sample-rooms.ts';
import { anyRoomSettings, type ByKind, rarely, share } from './scenarios.ts';

export interface DirectoryStep {
  afterMs: number;
  command: (directory: DirectoryDocument) => DirectoryCommand;
}

const name = fc.constantFrom('first', 'second', 'third', 'fourth');
const network = fc.constantFrom('192.0.2.1', '192.0.2.2', '192.0.2.3');
const site = fc
  .tuple(name, fc.constantFrom('/', '/book', '/tickets'))
  .map(([host, path]) => siteAt(`${host}.test`, path));

/** A room that is there, by its version or, rarely, by the one before. */
const room = fc.record({ share, isBehind: rarely(fc.constant(true)) }).map(({ share, isBehind }) => {
  return ({ rooms }: DirectoryDocument) => {
    const { id, version } = rooms[Math.floor(share * rooms.length)] ?? { id: 'unknown', version: 1 };
    return { room: id, ifVersion: version - (isBehind === null ? 0 : 1) };
  };
});

/** What an operator may have confirmed, of what a change may do. */
const roomConfirmation = fc
  .record({ opens: fc.boolean(), takesFrom: fc.subarray(['demo', 'first', 'second', 'third', 'fourth']) })
  .map(({ opens, takesFrom }) => ({ ...(opens ? { opensNow: true as const } : {}), takesFrom }));

export const directoryChanges: ByKind<DirectoryChange, DirectoryDocument> = {
  putRoom: {
    weight: 4,
    arbitrary: fc
      .record({ known: fc.option(room), name, site, settings: anyRoomSettings, confirm: fc.option(roomConfirmation) })
      .map((wanted) => (directory) => {
        const { room, ifVersion } = wanted.known?.(directory) ?? { room: wanted.name, ifVersion: null };
        const { site, settings, confirm } = wanted;
        return { kind: 'putRoom', room, ifVersion, site, settings, ...(confirm === null ? {} : { confirm }) };
      }),
  },
  keepMessage: {
    weight: 2,
    arbitrary: fc.tuple(name, name).map(([id, en]) => () => ({
      kind: 'keepMessage',
      message: { id, text: { ko: en, en } },
    })),
  },
  dropMessage: { weight: 1, arbitrary: name.map((message) => () => ({ kind: 'dropMessage', message })) },
  setTemplate: {
    weight: 2,
    arbitrary: fc.tuple(room, fc.option(fc.string())).map(([room, html]) => (directory) => {
      return { kind: 'setTemplate', ...room(directory), html };
    }),
  },
  archiveRoom: {
    weight: 1,
    arbitrary: room.map((room) => (directory) => ({ kind: 'archiveRoom', ...room(directory) })),
  },
  addKey: {
    weight: 3,
    arbitrary: fc
      .record({
        id: name,
        role: fc.constantFrom('viewer', 'operator', 'owner'),
        lastsMs: fc.option(fc.integer({ min: -1_000, max: 600_000 })),
        rooms: fc.option(fc.array(name, { maxLength: 2 })),
      })
      .map(({ id, role, lastsMs, rooms }) => ({ at }) => {
        const bounds = { expiresAt: lastsMs === null ? null : Math.max(0, at + lastsMs), rooms };
        return { kind: 'addKey', key: { id, name: id, role, ...presented(digestOf(id)), ...bounds } };
      }),
  },
  putAlarmTarget: {
    weight: 2,
    arbitrary: fc
      .record({ name, isNew: fc.boolean(), rooms: fc.option(fc.array(name, { maxLength: 3 })), path: rarely(name) })
      .map(({ name, isNew, rooms, path }) => () => {
        const url = path === null ? null : `https://hooks.test/${path}`;
        return { kind: 'putAlarmTarget', isNew, target: alarmTarget(name, { rooms, url, secret: `key-1.${name}` }) };
      }),
  },
  rotateAlarmTarget: {
    weight: 1,
    arbitrary: fc.tuple(name, name).map(([target, salt]) => () => {
      return { kind: 'rotateAlarmTarget', target, secret: `key-1.${salt}` };
    }),
  },
  removeAlarmTarget: {
    weight: 1,
    arbitrary: name.map((target) => () => ({ kind: 'removeAlarmTarget', target })),
  },
  removeKey: { weight: 1, arbitrary: name.map((key) => () => ({ kind: 'removeKey', key })) },
  signOut: {
    weight: 2,
    arbitrary: name.map((name) => ({ at }) => ({ kind: 'signOut', sid: `sid-${name}`, until: at + 600_000 })),
  },
};

export const directoryCommands: ByKind<DirectoryCommand, DirectoryDocument> = {
  acceptSignIn: {
    weight: 1,
    arbitrary: name.map((name) => () => {
      return { kind: 'acceptSignIn', by: { id: `oidc:${name}`, name, role: 'operator', address: null } };
    }),
  },
  seed: {
    weight: 2,
    arbitrary: fc
      .record({ name, site, digest: fc.constantFrom('first', 'second'), newOwner: rarely(name) })
      .map(({ name, site, digest, newOwner }) => () => {
        const rooms = [SEED_ROOM, { id: name, site, settings: settings(), digest }];
        const ownerKey = presented(newOwner === null ? OWNER_DIGEST : digestOf(newOwner));
        return { kind: 'seed', by: OWNER, rooms, ownerKey };
      }),
  },
  useKey: {
    weight: 1,
    arbitrary: fc.tuple(name, name).map(([key, from]) => () => ({ kind: 'useKey', key, from })),
  },
  change: {
    weight: 8,
    arbitrary: fc
      .record({
        wanted: fc.oneof(...Object.values(directoryChanges)) as fc.Arbitrary<
          (directory: DirectoryDocument) => DirectoryChange
        >,
        id: fc.nat(1_000),
      })
      .map(({ wanted, id }) => (directory) => ({
        kind: 'change',
        id: `change-${id}`,
        by: OWNER,
        change: wanted(directory),
      })),
  },
  signIn: {
    weight: 4,
    arbitrary: fc
      .record({
        name,
        from: network,
        isRight: fc.boolean(),
        isNamed: fc.boolean(),
        purpose: fc.constantFrom('session', 'request'),
      })
      .map(({ name, from, isRight, isNamed, purpose }) => () => {
        const digest = isRight ? digestOf(name) : digestOf('unknown');
        const { prefix } = presented(isRight || isNamed ? digestOf(name) : digest);
        return { kind: 'signIn', key: { prefix, digest }, purpose, address: from, from };
      }),
  },
};

export const directoryStep: fc.Arbitrary<DirectoryStep> = fc.record({
  afterMs: fc.oneof(fc.integer({ min: -1_000, max: 3_000 }), fc.integer({ min: 0, max: 200_000 })),
  command: fc.oneof(...Object.values(directoryCommands)) as fc.Arbitrary<DirectoryStep['command']>,
});
