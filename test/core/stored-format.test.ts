// The stored format: what any version wrote is read in full by this one. test/fixtures/schema-N/ holds a room and a directory
// as schema version N stored them; version 0 is state without a version.
//
// To add version N + 1: write the migration, raise SCHEMA_VERSION, run `npm exec -- node test/core/write-fixtures.ts`, which
// writes test/fixtures/schema-(N + 1)/, and format it with `npm run format`. Fixtures of released versions never change.

import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultIn } from '../../queue-core/audit.ts';
import type { DirectoryRoom } from '../../queue-core/directory/directory-document.ts';
import { NOTHING_OBSERVED } from '../../queue-core/document/history-state.ts';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import { brokenIn } from '../../queue-core/invariants.ts';
import type { Effect, Rows, Table } from '../../queue-core/machine.ts';
import { SCHEMA_VERSION } from '../../queue-core/schema-version.ts';
import { decodeDirectory, decodeRoom, decodeRow, encodeDocument, encodeRow } from '../../queue-core/stored-format.ts';
import { CheckedDirectory } from './checked-directory.ts';
import { CheckedRoom } from './checked-room.ts';
import { directoryStep } from './directory-scenarios.ts';
import { configure, join, T0 } from './sample-rooms.ts';
import { anyRoomSettings, scenarioStep } from './scenarios.ts';
import type { StoredLedger } from './stored-samples.ts';
import { EMPTY_TABLES, type Tables } from './tables.ts';

const FIXTURES = resolve(import.meta.dirname, '../fixtures');
const VERSIONS = Array.from({ length: SCHEMA_VERSION + 1 }, (_, version) => version);

function fixture(version: number, file: string): StoredLedger {
  return JSON.parse(readFileSync(`${FIXTURES}/schema-${version}/${file}`, 'utf8'));
}

/** Every fixture of every version. */
const FILES = VERSIONS.flatMap((version) =>
  readdirSync(`${FIXTURES}/schema-${version}`)
    .filter((file) => file.endsWith('.json') && /^(room|directory)/.test(file))
    .map((file) => ({ version, file })),
);

const decoderOf = (file: string) => (file.startsWith('room') ? decodeRoom : decodeDirectory);

/** Decoded rows by table. */
function decodedRows({ rows }: StoredLedger): Tables {
  const decoded = <T extends Table>(table: T) =>
    new Map((rows[table] ?? []).map(([key, row]): [number, Rows[T]] => [key, decodeRow(table, JSON.stringify(row))]));
  const tables = (Object.keys(EMPTY_TABLES) as Table[]).map((table) => [table, decoded(table)]);
  return Object.fromEntries(tables) as Tables;
}

/** Every value that holds no other, by its path. */
function leaves(value: unknown, path = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return new Map([[path, value]]);
  const parts = Object.entries(value).map(([name, part]) => leaves(part, path === '' ? name : `${path}.${name}`));
  return new Map(parts.flatMap((part) => [...part]));
}

describe('fixtures of every schema version', () => {
  test('there is a room and a directory for every version up to the present one', () => {
    for (const version of VERSIONS) {
      const files = FILES.filter((each) => each.version === version).map(({ file }) => file);
      expect(files, `schema version ${version}`).toEqual(expect.arrayContaining(['directory.json', 'room.json']));
    }
  });

  test.each(FILES)(
    'a document decodes, and decodes to the same after it is encoded: schema-$version/$file',
    ({ version, file }) => {
      const decode = decoderOf(file);
      const decoded = decode(JSON.stringify(fixture(version, file).document));
      expect(decoded.schemaVersion).toBe(SCHEMA_VERSION);
      expect(decode(encodeDocument(decoded))).toStrictEqual(decoded);
    },
  );

  test.each(FILES)('every row decodes to the values that were stored: schema-$version/$file', ({ version, file }) => {
    const ledger = fixture(version, file);
    const tables = decodedRows(ledger);
    for (const table of Object.keys(EMPTY_TABLES) as Table[]) {
      // Version 3 added that a session may be provisional.
      const added = table === 'session' && version < 3 ? { presentBy: null } : {};
      const calls = table === 'session' && version < 8 ? sessionAsOfVersion8 : (row: unknown) => row;
      const stored = (ledger.rows[table] ?? []).map(([key, row]) => [key, calls({ ...withoutVersion(row), ...added })]);
      expect([...tables[table]]).toStrictEqual(stored);
    }
    expect(faultIn([...tables.audit.values()])).toBeNull();
  });

  test('the room of the present version has no empty list and no null but recovery.running', () => {
    const { document } = fixture(SCHEMA_VERSION, 'room.json');
    const empty = [...leaves(document)].filter(([, value]) => value === null || typeof value === 'object');
    expect(empty.map(([path]) => path)).toEqual(['recovery.running']);
  });
});

function withoutVersion(row: unknown): Record<string, unknown> {
  const { schemaVersion: _, ...rest } = row as Record<string, unknown>;
  return rest;
}

/** Version 8 added what the origin calls that which was completed, and its calls. */
function sessionAsOfVersion8(row: Record<string, unknown>): Record<string, unknown> {
  const { ended } = row;
  const referenced = ended === null ? null : { ...(ended as object), reference: null };
  return { ...row, ended: referenced, readmitted: false, codeUsedAt: null, calls: [] };
}

/** What version 8 added to the policy in force, and to the one in the settings. */
const STOCK = { peoplePercent: null, freshSeconds: 300 };
const STOCK_IN_SETTINGS = { peoplePercent: 100, freshSeconds: 60 };

/** What version 7 added to every policy. */
const HEALTH = {
  ...{ mode: 'protect', errorPercentMax: 50, slowFactor: 4, slowMs: null },
  ...{ rateFloor: 1, peopleFloor: null, probePath: '/' },
};

/** What version 9 added: the minute that begins, with the limits that are in force. */
function minuteAdded(document: Iterable<readonly [string, unknown]>): [string, unknown][] {
  const values = new Map(document);
  const bucket = {
    at: Math.floor(Number(values.get('at')) / 60_000) * 60_000,
    epoch: values.get('epoch'),
    state: 'prequeue',
    newUsersPerMinute: values.get('config.policy.newUsersPerMinute'),
    totalActiveUsers: values.get('config.policy.totalActiveUsers'),
  };
  const inBucket = Object.entries(bucket).map(([name, value]): [string, unknown] => [`minute.bucket.${name}`, value]);
  return [
    ...inBucket,
    ['minute.changed', true],
    ['minute.ahead', null],
    ['changes.starts.started', 0],
    ['changes.starts.restarted', 0],
    ['changes.starts.recordedAt', null],
    ['changes.operators', []],
    ['changes.changedSeq', 0],
  ];
}

/** What versions 2 and 4 to 9 added to the document of a room. */
const ADDED: [string, unknown][] = [
  ['config.policy.sessionTotalMsMax', 3_600_000],
  ['config.leap', null],
  ['config.moved', null],
  ['line.free', []],
  ['line.leases', []],
  ['line.leaseSeq', 0],
  ['line.leasedUntil', 0],
  ['pacing.shownCalled', 0],
  ['pacing.shownCome', 0],
  ['sessions.cohorts', []],
  ['sessions.stayed', []],
  ['draw.replaced', []],
  ['draw.sealed', null],
  ['origin.recordSeq', 0],
  ['origin.signalledAt', null],
  ['alarms.seq', 0],
  ...['raised', 'notices', 'told'].map((name): [string, unknown] => [`alarms.${name}`, []]),
  ...[
    ...['arrived', 'called', 'lapsed', 'admitted', 'readmitted'],
    ...['renewed', 'completed', 'left', 'revoked', 'expired'],
  ].map((name): [string, unknown] => [`lifetime.before.${name}`, 0]),
  ['sessions.totals.readmitted', 0],
  ...Object.entries(STOCK).map(([name, value]): [string, unknown] => [`config.policy.stock.${name}`, value]),
  ...Object.entries(HEALTH).map(([name, value]): [string, unknown] => [`config.policy.health.${name}`, value]),
];

/** What versions 4 and 5 dropped from it. */
const DROPPED = /(^|\.)(callCredit|callingSince|recentJoins(\.\d+)?)$/;

const kept = (document: unknown) => [...leaves(document)].filter(([path]) => !DROPPED.test(path));

/** What version 6 made of the draw: no chain was chosen, a beacon has a round, and a commitment is as old as the room. */
function drawAsOfVersion6(paths: readonly (readonly [string, unknown])[]): (readonly [string, unknown])[] {
  const values = new Map(paths);
  const round = values.get('config.schedule.beacon.round');
  const beacon = values.get('draw.beacon');
  const given = round !== undefined && typeof beacon === 'string';
  const made: (readonly [string, unknown])[] = given
    ? Object.entries({ round, randomness: beacon, signature: '' }).map(([name, value]) => [
        `draw.beacon.${name}`,
        value,
      ])
    : [['draw.beacon', null]];
  const unchanged = paths.filter(([path]) => !/^(config\.schedule|draw)\.beacon/.test(path));
  return [...unchanged, ...made, ['config.schedule.beacon', null], ['draw.committedAt', values.get('createdAt')]];
}

/** What version 7 made of an origin that fails, or does not: it is stopped and probed, and nothing else is known of it. */
function healthAsOfVersion7(paths: readonly (readonly [string, unknown])[]): (readonly [string, unknown])[] {
  const values = new Map(paths);
  const [at, failingSince] = [values.get('at'), values.get('origin.failingSince')];
  const stopped = { stage: 'stopped', since: failingSince, 'cause.kind': 'errors', 'cause.percent': 100 };
  const made = {
    ...(failingSince === null ? { stage: 'steady', since: at, cause: null } : stopped),
    ...{ share: 1_024, changedAt: at, judgedAt: at, cells: [], usualMicros: null, usualOf: 0, goodProbes: 0 },
    ...{
      probesNeeded: 3,
      goodProbeAt: null,
      resumedAt: null,
      overloadedUntil: null,
      peopleFound: null,
      isSearching: true,
    },
  };
  const unchanged = paths.filter(([path]) => path !== 'origin.failingSince');
  return [...unchanged, ...Object.entries(made).map(([name, value]) => [`origin.health.${name}`, value] as const)];
}

/** What version 8 made of standby and stock: silence is measured by the running clock, and there may be lots. */
function stockAsOfVersion8(paths: readonly (readonly [string, unknown])[]): (readonly [string, unknown])[] {
  const runMs = new Map(paths).get('pacing.runMs');
  const dated = paths.map(([path, value]) =>
    /^sessions\.standby\.\d+\.seenAt$/.test(path) ? ([path, runMs] as const) : ([path, value] as const),
  );
  return dated.some(([path]) => path === 'origin.stock.remaining') ? [...dated, ['origin.stock.lots', []]] : dated;
}

/** What version 5 added to each gateway: it reported for itself alone. */
const gatewaysAdded = (paths: Iterable<readonly [string, unknown]>) =>
  [...paths].flatMap(([path]): [string, unknown][] =>
    /^changes\.gateways\.\d+\.id$/.test(path) ? [[path.replace(/id$/, 'gateways'), 1]] : [],
  );

/** The same of the directory: versions 2 and 4 added to rooms, keys and attempts. */
function migratedDirectory({ rooms, keys, attempts, ...rest }: Record<string, unknown>): unknown {
  const changed = (rooms as DirectoryRoom[]).map(({ settings, site, ...room }) => {
    // What version 4 added: how the origin is asked, other origins, and methods to what was a path alone.
    const exempt = site.exempt.map((path) => ({ path, match: 'prefix', methods: ['GET', 'HEAD'] }));
    const chosen = { originHost: 'origin', originAliases: [], originTimeoutSeconds: 30, corsOrigins: [], handOff: [] };
    return {
      ...room,
      site: { ...site, ...chosen, exempt },
      settings: {
        ...settings,
        policy: { ...settings.policy, sessionTotalMsMax: 3_600_000, health: HEALTH, stock: STOCK_IN_SETTINGS },
        schedule: { ...settings.schedule, beacon: null },
      },
    };
  });
  return {
    ...rest,
    rooms: changed,
    keys: (keys as object[]).map((key) => ({ ...key, prefix: null, expiresAt: null, rooms: null, lastUse: null })),
    attempts: (attempts as object[]).map((one) => ({ ...one, key: null })),
    keyNetworks: [],
    alarmTargets: [],
    messages: [],
    schemaVersion: SCHEMA_VERSION,
  };
}

describe('schema version 1', () => {
  test('every value of the room that is not dropped is in the migrated room, with the default of the longest stay', () => {
    const { document } = fixture(1, 'room.json');
    const own = stockAsOfVersion8(healthAsOfVersion7(drawAsOfVersion6(kept(document))));
    const expected = new Map([
      ...own,
      ...gatewaysAdded(own),
      ...ADDED,
      ...minuteAdded(own),
      ['schemaVersion', SCHEMA_VERSION],
    ]);
    expect(leaves(decodeRoom(JSON.stringify(document)))).toEqual(expected);
  });

  test('every value of the directory is in the migrated one, with the default in every room’s settings', () => {
    const { document } = fixture(1, 'directory.json');
    expect(decodeDirectory(JSON.stringify(document))).toStrictEqual(migratedDirectory(document));
  });
});

/** After a time in which nobody watched: the first read of a gateway that has just started. */
const NEW_GATEWAY = { kind: 'report', gateway: 'new', seq: 1, version: 0, observed: NOTHING_OBSERVED } as const;

describe('schema version 0', () => {
  const ROOMS = ['room.json', 'room-prequeue.json', 'room-recovering.json'];

  /** Where version 1 has what version 0 stored, written here a second time. What is not named kept its path. */
  const MOVED: Record<string, string> = {
    bornAt: 'createdAt',
    settingsDigest: 'config.settingsDigest',
    policy: 'config.policy',
    schedule: 'config.schedule',
    flow: 'config.flow',
    closed: 'config.closed',
    message: 'config.message',
    version: 'changes.version',
    changedAt: 'changes.changedAt',
    inForceAt: 'changes.inForceAt',
    recentChanges: 'changes.recent',
    audit: 'changes.audit',
    gateways: 'changes.gateways',
    passes: 'changes.passes',
    stock: 'origin.stock',
    originFailingSince: 'origin.failingSince',
    entries: 'line.entries',
    issued: 'line.issued',
    runMs: 'pacing.runMs',
    called: 'pacing.called',
    lapsedThrough: 'pacing.lapsedThrough',
    'totals.lapsed': 'pacing.lapsed',
    calls: 'pacing.calls',
    lastSlotAt: 'pacing.lastSlotMicros',
    active: 'sessions.active',
    expiries: 'sessions.expiries',
    standby: 'sessions.standby',
    generation: 'sessions.generation',
    revokedAt: 'sessions.revokedAt',
    totals: 'sessions.totals',
    endingSeq: 'endings.seq',
    endingsDroppedTo: 'endings.droppedTo',
    renewBefore: 'endings.renewBefore',
    bucket: 'history.open',
    'bucket.passed': 'history.open.flow',
    'bucket.counted': 'history.open.counters',
    recent: 'history.recent',
    recovery: 'recovery.running',
    lostUntil: 'recovery.lostUntil',
  };

  function movedPath(path: string): string {
    const names = path.split('.');
    for (let length = names.length; length > 0; length--) {
      const moved = MOVED[names.slice(0, length).join('.')];
      if (moved !== undefined) return [moved, ...names.slice(length)].join('.');
    }
    return path;
  }

  test.each(ROOMS)(
    'every value of the room that is not dropped is in the migrated room, and nothing else: %s',
    (file) => {
      const { document } = fixture(0, file);
      const moved = kept(document).map(([path, value]): [string, unknown] => {
        return [movedPath(path), path === 'lastSlotAt' && value !== null ? Number(value) * 1_000 : value];
      });
      const expected = stockAsOfVersion8(healthAsOfVersion7(drawAsOfVersion6(moved)));
      const migrated = leaves(decodeRoom(JSON.stringify(document)));
      expect(migrated).toEqual(
        new Map([
          ...expected,
          ...gatewaysAdded(expected),
          ...ADDED,
          ...minuteAdded(expected),
          ['schemaVersion', SCHEMA_VERSION],
        ]),
      );
    },
  );

  test('every value of the directory is in the migrated directory, and nothing else', () => {
    const { document } = fixture(0, 'directory.json');
    expect(decodeDirectory(JSON.stringify(document))).toStrictEqual(migratedDirectory(document));
  });

  test('the last slot is rounded up to a whole microsecond, and times of sessions to a whole millisecond', () => {
    const { document, rows } = fixture(0, 'room.json');
    const migrated = decodeRoom(JSON.stringify({ ...document, lastSlotAt: 1_795_662_077_578.25 + 1 / 3 }));
    expect(migrated.pacing.lastSlotMicros).toBe(1_795_662_077_578_584);
    const [[, session] = []] = rows.session;
    const times = { admitAt: 1_795_662_077_578.2, expiresAt: 1_795_663_877_578.2 };
    const decoded = decodeRow('session', JSON.stringify({ ...(session as object), ...times }));
    expect(decoded).toMatchObject({ admitAt: 1_795_662_077_579, expiresAt: 1_795_663_877_579 });
  });

  test('the time of an ending is rounded up to a whole millisecond', () => {
    const ending = JSON.stringify({ seq: 1, sid: 'sid-1', until: 1_795_663_868_516.6 });
    expect(decodeRow('ending', ending)).toEqual({ seq: 1, sid: 'sid-1', until: 1_795_663_868_517 });
  });

  test('counts below zero, which version 0 had after a loss, are migrated to none', () => {
    const { document } = fixture(0, 'room.json');
    const { expiries, at, totals } = document as { expiries: [number, number][]; at: number; totals: object };
    const damaged = {
      ...document,
      active: 17,
      lostUntil: at,
      expiries: [[at + 1_000, -1], ...expiries],
      totals: { ...totals, lapsed: -1, expired: -1 },
    };
    const room = new CheckedRoom();
    room.document = decodeRoom(JSON.stringify(damaged));
    expect(room.document).toMatchObject({
      sessions: { active: 18, expiries, totals: { expired: 0 } },
      pacing: { lapsed: 0 },
    });
    room.send(at + 3_600_000, NEW_GATEWAY);
    expect(room.document.sessions).toMatchObject({ active: 0, totals: { expired: 18 } });
  });

  /** The migrated room, ready for the next step, and a time of steps after its last one. */
  function migratedRoom(file: string) {
    const ledger = fixture(0, file);
    const room = new CheckedRoom();
    room.document = decodeRoom(JSON.stringify(ledger.document));
    room.tables = decodedRows(ledger);
    expect(brokenIn(room.document, room.sessions)).toEqual([]);
    return { room, later: (ms: number) => room.document.at + ms };
  }

  test('a migrated open room steps on with every invariant: places, sessions and the log continue', () => {
    const { room, later } = migratedRoom('room.json');
    const [[position, { visitor, sid }] = [0, { visitor: '', sid: '' }]] = room.sessions;
    room.send(later(1_000), { kind: 'tick' });
    const again = { kind: 'claim', epoch: 1, position, visitor, sid: 'another' } as const;
    expect(room.send(later(0), again)).toMatchObject({ kind: 'admitted', sid });
    expect(room.send(later(0), join('new', true))).toMatchObject({ place: { kind: 'position', number: 46 } });
    expect(room.send(later(0), { kind: 'end', epoch: 1, position, sid, reason: 'left' })).toMatchObject({
      kind: 'ended',
    });
    const [{ position: first } = { position: 0 }] = room.document.sessions.standby;
    expect(first).toBe(29);
    for (let second = 0; second < 2_000; second += 5) room.send(later(5_000), { kind: 'tick' });
    expect(room.document.sessions).toMatchObject({ active: 0, totals: { admitted: 25, left: 4 } });
    expect(faultIn(room.log)).toBeNull();
  });

  test('a migrated room before its opening steps on with every invariant: it gives entries, draws and admits', () => {
    const { room, later } = migratedRoom('room-prequeue.json');
    const { opensAt } = room.document.config.schedule;
    expect(room.send(later(1_000), join('new'))).toMatchObject({ place: { kind: 'entry', number: 6 } });
    room.send(opensAt, NEW_GATEWAY);
    expect(room.document.draw).toMatchObject({ entries: 6, seed: expect.any(String) });
    for (let second = 1; second < 10; second++) room.send(opensAt + second * 1_000, { kind: 'tick' });
    const claim = { kind: 'claim', epoch: room.document.epoch, position: 1, visitor: 'new', sid: 'new' } as const;
    expect(room.send(later(1_000), claim)).toMatchObject({ kind: 'admitted' });
  });

  test('a migrated room that is recovering steps on with every invariant: it concludes the recovery and gives places', () => {
    const { room, later } = migratedRoom('room-recovering.json');
    const { until } = room.document.recovery.running ?? { until: 0 };
    expect(room.send(later(1_000), join('early'))).toEqual({ kind: 'recovering' });
    const { issued } = room.document.line;
    room.send(until, { kind: 'tick' });
    expect(room.document.recovery.running).toBeNull();
    expect(room.document.line.issued).toBeGreaterThanOrEqual(issued);
    expect(room.send(later(1_000), join('late'))).toMatchObject({ kind: 'joined' });
    expect(room.log.at(-1)).toMatchObject({ action: 'recover' });
  });
});

describe('encoding', () => {
  function expectSame<T>(decoded: T, original: T): void {
    // The cheap comparison first: the other one explains.
    if (!isDeepStrictEqual(decoded, original)) expect(decoded).toStrictEqual(original);
  }

  function expectRowsSame(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'put') continue;
      expectSame<unknown>(decodeRow(effect.table, encodeRow(effect.table, effect.row)), effect.row);
    }
  }

  test('documents and rows decode to what was encoded, after every step of any scenario, also after a loss', () => {
    fc.assert(
      fc.property(
        anyRoomSettings,
        fc.array(scenarioStep, { maxLength: 150, size: 'max' }),
        fc.nat(300),
        (roomSettings, steps, lossAt) => {
          const room = new CheckedRoom();
          room.send(T0, configure(roomSettings));
          let now = T0;
          for (const [index, { afterMs, command }] of steps.entries()) {
            now += afterMs;
            if (index === lossAt) room.recover(now);
            const { effects } = room.run(now, [command({ room: room.document, sessions: room.sessions })]);
            expectSame<RoomDocument>(decodeRoom(encodeDocument(room.document)), room.document);
            expectRowsSame(effects);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('the directory and its rows decode to what was encoded, after any commands', () => {
    fc.assert(
      fc.property(fc.array(directoryStep, { maxLength: 40, size: 'max' }), (steps) => {
        const directory = new CheckedDirectory();
        for (const { afterMs, command } of steps) {
          directory.now += afterMs;
          directory.send(command(directory.document));
          expectSame(decodeDirectory(encodeDocument(directory.document)), directory.document);
        }
        expect(faultIn(directory.log)).toBeNull();
        for (const [table, rows] of Object.entries(directory.tables)) {
          expectRowsSame([...rows].map(([key, row]) => ({ kind: 'put', table, key, row }) as Effect));
        }
      }),
      { numRuns: 60 },
    );
  });
});
