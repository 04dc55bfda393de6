// Damaged state is refused with a message that names the field and quotes no text: when it is read from a store, and before
// and after every step in memory.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Command } from '../../queue-core/command.ts';
import { directoryMachine } from '../../queue-core/directory/directory-machine.ts';
import { WAIT_BOUNDS_SECONDS } from '../../queue-core/document/minute-state.ts';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import { CoreError, type CoreErrorCode } from '../../queue-core/errors.ts';
import {
  ALARM_TARGETS_MAX,
  ATTEMPTS_MAX,
  CALL_MARKS_MAX,
  CALL_SAMPLES_MAX,
  COHORTS_MAX,
  COMMITMENTS_MAX,
  CORS_ORIGINS_MAX,
  ENDED_SIGN_INS_MAX,
  EXPIRIES_MAX,
  FREE_RANGES_MAX,
  GATEWAYS_MAX,
  HAND_OFF_MAX,
  HEALTH_CELLS_MAX,
  KEPT_MESSAGES_MAX,
  KEY_NETWORKS_MAX,
  LEASES_MAX,
  LOTS_MAX,
  NOTICES_MAX,
  OPERATOR_KEYS_MAX,
  OPERATORS_SEEN_MAX,
  ORIGIN_ALIASES_MAX,
  PASSES_MAX,
  RECENT_BUCKETS_MAX,
  RECENT_CHANGES_MAX,
  ROOMS_MAX,
  ROUTES_MAX,
  SLOT_BUCKETS_MAX,
  STANDBY_MAX,
  STAY_CLASSES_MAX,
} from '../../queue-core/limits.ts';
import type { Table } from '../../queue-core/machine.ts';
import { SCHEMA_VERSION } from '../../queue-core/schema-version.ts';
import { NO_SESSIONS } from '../../queue-core/session-overlay.ts';
import { roomMachine } from '../../queue-core/step.ts';
import { decodeDirectory, decodeRoom, decodeRow } from '../../queue-core/stored-format.ts';
import { change, claim, policy } from './sample-rooms.ts';
import type { StoredLedger } from './stored-samples.ts';

type Value = null | boolean | number | string | Value[] | { [name: string]: Value };
type Fields = { [name: string]: Value };

function fixture(version: number, file: string): StoredLedger {
  return JSON.parse(readFileSync(resolve(import.meta.dirname, `../fixtures/schema-${version}/${file}`), 'utf8'));
}

function storedDocument(version: number, file: string): Fields {
  return fixture(version, file).document as Fields;
}

/** The first row of a table with something in every field. @param more fields that no row of the fixture has */
function storedRow(file: string, table: Table, more: Fields = {}): Fields {
  const rows = fixture(SCHEMA_VERSION, file).rows[table].map(([, row]): Fields => ({ ...(row as Fields), ...more }));
  return rows.find((row) => Object.values(row).every((value) => value !== null && !isEmpty(value))) ?? {};
}

/** A list without an item shows nothing of what is in it. */
function isEmpty(value: Value): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** A call about a visit that did nothing. */
const VISIT_CALL: Fields = {
  ...{ schemaVersion: SCHEMA_VERSION, seq: 1, at: 2, epoch: 3, by: 'site-1' },
  ...{ kind: 'readmit', position: 4, refused: 'completed' },
};

/** A room with something in every field, `recovery.running` included. */
const ROOM: Fields = {
  ...storedDocument(SCHEMA_VERSION, 'room.json'),
  recovery: { running: { since: 1, until: 2, awaited: ['gateway-north'], endings: 3 }, lostUntil: 4 },
};
const DIRECTORY = storedDocument(SCHEMA_VERSION, 'directory.json');

/** Fields whose value may be null. */
const NULLABLE = new Set([
  ...['keys[].prefix', 'keys[].expiresAt', 'keys[].rooms', 'keys[].lastUse'],
  'attempts[].key',
  'attempts[].from',
  ...[
    'config.schedule.prequeueAt',
    'config.schedule.closesAt',
    'config.schedule.beacon',
    'config.message',
    'config.leap',
    'config.moved',
  ],
  ...[
    'changes.inForceAt',
    'draw.sealed',
    'draw.secret',
    'draw.entries',
    'draw.beacon',
    'draw.seed',
    ...['origin.stock', 'origin.stock.lots[].price', 'origin.signalledAt'],
    ...['cause', 'usualMicros', 'goodProbeAt', 'resumedAt', 'overloadedUntil', 'peopleFound'].map(
      (name) => `origin.health.${name}`,
    ),
    ...['config.policy', 'rooms[].settings.policy'].flatMap((path) => [
      `${path}.health.slowMs`,
      `${path}.health.peopleFloor`,
      `${path}.stock.peoplePercent`,
    ]),
    'origin.health.cause.usualMs',
  ],
  ...['pacing.lastSlotMicros', 'recovery.running', 'minute.ahead', 'changes.starts.recordedAt'],
  ...['rooms[].site.template', 'rooms[].site.expectedVisitors', 'rooms[].seed', 'rooms[].archivedAt'],
  ...['prequeueAt', 'closesAt', 'beacon'].map((name) => `rooms[].settings.schedule.${name}`),
  ...['ended', 'ended.reference', 'codeUsedAt', 'presentBy', 'by.address', 'choice', 'beacon'],
  ...['by', 'refused', 'lots[].price'],
  ...['alarms.raised[].acknowledged', 'alarms.notices[].deliveries', 'alarms.notices[].deliveries[].status'],
  ...['alarmTargets[].rooms', 'alarmTargets[].formerSecret'],
]);

/** Fields that may be absent. */
const OPTIONAL =
  /^(history\.(open\.observed|recent\[\])\.)?(exempt|health|starts|store|refused\.\w+)$|^rooms\[\]\.settings\.closed$/;
/** Nearly all of a minute is left out where it is zero. */
const OPTIONAL_IN_MINUTE =
  /^(minute row |room document minute\.bucket\.)(rateMax|peopleMax|arrived|called|admitted|completed|left|revoked|expired|lapsed|entries|waiting|waitingMax|active|activeMax|exempt|stock|refused|refused\.\w+|origin|waits)$/;

function isOptional(what: string, name: string): boolean {
  return OPTIONAL.test(name) || OPTIONAL_IN_MINUTE.test(`${what} ${name}`);
}

/** Without it the other way to name the opening is required. */
const ALTERNATIVE = 'rooms[].settings.schedule.opensInMs';

/** Numbers that may be negative: counts of the history are differences. */
const SIGNED =
  /^(history\.(open\.(flow|counters)|recent\[\])\.|minute\.bucket\.)?(arrived|called|admitted|completed|left|revoked|expired|lapsed)$/;

/** Texts of which only some are valid; digests and secrets are recognised by their form. */
const CHOICES = new Set([
  ...['choice.chain.scheme', 'choice.afterDeadline'],
  ...[
    'config.flow',
    'config.policy.health.mode',
    'origin.health.stage',
    'config.schedule.beacon.chain.scheme',
    'config.schedule.beacon.afterDeadline',
    'history.recent[].state',
    'minute.bucket.state',
    'state',
    'ended.reason',
    'kind',
    'refused',
    'by.role',
  ],
  ...['raised', 'notices', 'told'].map((list) => `alarms.${list}[].kind`),
  ...['alarms.notices[].event', 'alarms.notices[].deliveries[].state'],
  ...['form', 'language', 'severityMin'].map((name) => `alarmTargets[].${name}`),
  ...['scheme', 'afterDeadline'].map(
    (name) => `rooms[].settings.schedule.beacon.${name === 'scheme' ? 'chain.' : ''}${name}`,
  ),
  ...[
    'rooms[].settings.policy.health.mode',
    'rooms[].site.outside',
    'rooms[].site.languages[]',
    'keys[].role',
    'changes.operators[].role',
  ],
]);
const HEX = /^[0-9a-f]{64}$/;

/** The bound of every list. */
const BOUNDS: Record<string, number> = {
  'draw.replaced': COMMITMENTS_MAX,
  commitments: COMMITMENTS_MAX + 1,
  'origin.health.cells': HEALTH_CELLS_MAX,
  'origin.stock.lots': LOTS_MAX,
  lots: LOTS_MAX,
  calls: CALL_MARKS_MAX,
  'changes.recent': RECENT_CHANGES_MAX,
  'changes.gateways': GATEWAYS_MAX,
  'changes.operators': OPERATORS_SEEN_MAX,
  'changes.passes': PASSES_MAX,
  'line.free': FREE_RANGES_MAX,
  'line.leases': LEASES_MAX,
  'pacing.calls': CALL_SAMPLES_MAX,
  'sessions.expiries': EXPIRIES_MAX,
  'sessions.cohorts': COHORTS_MAX,
  'sessions.stayed': STAY_CLASSES_MAX,
  'sessions.standby': STANDBY_MAX,
  'history.open.slots': SLOT_BUCKETS_MAX,
  'history.open.observed.origin.latency': 9,
  'history.recent': RECENT_BUCKETS_MAX,
  'history.recent[].origin.latency': 9,
  'origin.latency': 9,
  'minute.bucket.origin.latency': 9,
  ...Object.fromEntries(
    ['minute.bucket.', ''].flatMap((path) =>
      ['real', 'toldLow', 'toldHigh'].map((name) => [`${path}waits.${name}`, WAIT_BOUNDS_SECONDS.length + 1]),
    ),
  ),
  'recovery.running.awaited': GATEWAYS_MAX,
  messages: KEPT_MESSAGES_MAX,
  rooms: ROOMS_MAX,
  'rooms[].site.hosts': ROUTES_MAX,
  'rooms[].site.paths': ROUTES_MAX,
  'rooms[].site.exempt': ROUTES_MAX,
  'rooms[].site.exempt[].methods': 7,
  'rooms[].site.languages': 2,
  'rooms[].site.originAliases': ORIGIN_ALIASES_MAX,
  'rooms[].site.corsOrigins': CORS_ORIGINS_MAX,
  'rooms[].site.handOff': HAND_OFF_MAX,
  keys: OPERATOR_KEYS_MAX,
  'keys[].rooms': ROOMS_MAX,
  endedSignIns: ENDED_SIGN_INS_MAX,
  attempts: ATTEMPTS_MAX,
  keyNetworks: OPERATOR_KEYS_MAX * KEY_NETWORKS_MAX,
  recentChanges: RECENT_CHANGES_MAX,
  ...{ 'alarms.raised': 11, 'alarms.told': 11, 'alarms.notices': NOTICES_MAX },
  'alarms.notices[].deliveries': ALARM_TARGETS_MAX,
  alarmTargets: ALARM_TARGETS_MAX,
  'alarmTargets[].rooms': ROOMS_MAX,
};

/** Lists of two: a bucket and a count, or a number and a count. */
const PAIRS = new Set([
  'line.free[]',
  'line.leases[]',
  'line.leases[][]',
  'sessions.expiries[]',
  'sessions.cohorts[]',
  'sessions.cohorts[][]',
  'history.open.slots[]',
]);

/** A text that no message may quote. */
const PRIVATE_TEXT = 'a private text';

interface Field {
  /** As messages name it: `changes.recent[0].id`. */
  path: string;
  /** Without the numbers of items. */
  name: string;
  value: Value;
  keys: (string | number)[];
}

/** Every field of a document, and the first and the last item of every list. */
function fieldsOf(value: Value, keys: Field['keys'] = []): Field[] {
  const path = keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
  const own = { path: path.slice(1), name: path.slice(1).replaceAll(/\[\d+\]/g, '[]'), value, keys };
  const inside = Array.isArray(value)
    ? [...new Set([0, value.length - 1])].slice(0, value.length)
    : typeof value === 'object' && value !== null
      ? Object.keys(value)
      : [];
  const parts = inside.flatMap((key) => fieldsOf((value as Fields)[key] as Value, [...keys, key]));
  return keys.length === 0 ? parts : [own, ...parts];
}

/** The state with another value in one field; undefined: without the field. Nothing else is copied. */
function withField(state: Fields, [key = '', ...rest]: Field['keys'], value: Value | undefined): Fields {
  const copy = (Array.isArray(state) ? [...state] : { ...state }) as Fields;
  if (rest.length > 0) copy[key] = withField(state[key] as Fields, rest, value);
  else if (value === undefined) delete copy[key];
  else copy[key] = value;
  return copy;
}

/** What a field must not be; undefined: absent. */
function damages(what: string, { name, value, keys }: Field): (Value | undefined)[] {
  const isItem = typeof keys.at(-1) === 'number';
  const absent = isItem || isOptional(what, name) || name === ALTERNATIVE ? [] : [undefined];
  const none = NULLABLE.has(name) ? [] : [null];
  if (value === null) return [...absent, {}, ...(BOUNDS[name] === undefined ? [[]] : []), true];
  switch (typeof value) {
    case 'boolean':
      return [...absent, ...none, 0, 'true', {}, []];
    case 'string':
      return [...absent, ...none, 7, true, {}, [], ...(CHOICES.has(name) || HEX.test(value) ? [PRIVATE_TEXT] : [])];
    case 'number':
      return [...[...absent, ...none, PRIVATE_TEXT, true, {}, [], 1e300], ...(SIGNED.test(name) ? [] : [-1]), 0.5];
    case 'object':
      if (!Array.isArray(value)) return [...absent, ...none, 7, PRIVATE_TEXT, []];
      return [...absent, ...none, 7, PRIVATE_TEXT, {}, PAIRS.has(name) ? [1] : Array(beyond(name)).fill(value[0])];
  }
}

function beyond(list: string): number {
  const bound = BOUNDS[list];
  if (bound === undefined) throw new Error(`The list ${list} has no bound here; add it.`);
  return bound + 1;
}

function refusal(read: () => unknown, what = 'The state'): CoreError {
  try {
    read();
  } catch (error) {
    if (error instanceof CoreError) return error;
    throw error;
  }
  throw new Error(`${what} was not refused.`);
}

/** Values of audit records: any JSON. */
const ANY = /^(from|to)\b/;

const rowDecoder = (table: Table) => (stored: string) => decodeRow(table, stored);

describe.each([
  { what: 'room document', stored: ROOM, decode: decodeRoom },
  { what: 'directory document', stored: DIRECTORY, decode: decodeDirectory },
  {
    what: 'session row',
    stored: storedRow('room.json', 'session', { presentBy: 1, codeUsedAt: 1 }),
    decode: rowDecoder('session'),
  },
  { what: 'origin row', stored: storedRow('room.json', 'origin'), decode: rowDecoder('origin') },
  { what: 'origin row', stored: VISIT_CALL, decode: rowDecoder('origin') },
  { what: 'ending row', stored: storedRow('room.json', 'ending'), decode: rowDecoder('ending') },
  { what: 'history row', stored: storedRow('room.json', 'history'), decode: rowDecoder('history') },
  { what: 'minute row', stored: storedRow('room.json', 'minute'), decode: rowDecoder('minute') },
  { what: 'audit row', stored: storedRow('room.json', 'audit'), decode: rowDecoder('audit') },
  { what: 'draw row', stored: storedRow('room.json', 'draw'), decode: rowDecoder('draw') },
  { what: 'template row', stored: storedRow('directory.json', 'template'), decode: rowDecoder('template') },
])('stored $what', ({ what, stored, decode }) => {
  const fields = fieldsOf(stored).filter(({ name }) => name !== 'schemaVersion' && !ANY.test(name));
  const texts = fields.flatMap(({ name, value }) =>
    typeof value === 'string' && value.length > 8 && !CHOICES.has(name) ? [value] : [],
  );

  function expectRefusal(damaged: string, code: CoreErrorCode, path: string): void {
    const { code: found, message } = refusal(() => decode(damaged), `A damaged ${path}`);
    expect({ code: found, message }).toEqual({ code, message: expect.stringContaining(what) });
    expect(message).toContain(path);
    expect([PRIVATE_TEXT, ...texts].filter((text) => message.includes(text))).toEqual([]);
  }

  test('the undamaged state is accepted', () => {
    const { schemaVersion: _, ...rest } = stored;
    expect(decode(JSON.stringify(stored))).toMatchObject(rest);
  });

  test('every field that is absent, null, of another type, negative, a fraction or too long a list is refused by name', () => {
    expect(fields.length).toBeGreaterThan(0);
    for (const field of fields) {
      for (const damage of damages(what, field)) {
        expectRefusal(JSON.stringify(withField(stored, field.keys, damage)), 'invalidStoredState', field.path);
      }
    }
  });

  test('values of an audit record may be any JSON, but not absent', () => {
    for (const { name, path, keys } of fieldsOf(stored)) {
      if (name !== 'from' && name !== 'to') continue;
      expectRefusal(JSON.stringify(withField(stored, keys, undefined)), 'invalidStoredState', path);
    }
  });

  test('optional fields may be absent', () => {
    for (const { name, keys } of fields) {
      if (isOptional(what, name)) decode(JSON.stringify(withField(stored, keys, undefined)));
    }
  });

  test('room settings must name the opening in one of two ways', () => {
    for (const { name, keys } of fields) {
      if (name !== ALTERNATIVE) continue;
      expectRefusal(
        JSON.stringify(withField(stored, keys, undefined)),
        'invalidStoredState',
        'settings.schedule.opensAt',
      );
    }
  });

  test('a field that this version does not know is refused by name, in every object', () => {
    const objects = fields.filter(({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value));
    for (const { keys, path } of [{ keys: [], path: '' }, ...objects]) {
      const damaged = withField(stored, [...keys, 'extra'], PRIVATE_TEXT);
      expectRefusal(JSON.stringify(damaged), 'invalidStoredState', path === '' ? 'extra' : `${path}.extra`);
    }
  });

  test('a newer schema version is refused with both versions', () => {
    const { code, message } = refusal(() => decode(JSON.stringify({ ...stored, schemaVersion: 999 })));
    expect(code).toBe('newerSchema');
    expect(message).toMatch(new RegExp(`${what}: schemaVersion 999 .*\\b${SCHEMA_VERSION}\\b`));
  });

  test.each([['1'], [PRIVATE_TEXT], [-1], [1.5], [null], [[]], [{}], [true]])(
    'schema version %j is refused',
    (schemaVersion) => {
      expectRefusal(JSON.stringify({ ...stored, schemaVersion }), 'invalidStoredState', 'schemaVersion');
    },
  );

  test.each(['', '{', '{}}', 'null', '[]', '7', '"text"'])('text that is no JSON object is refused: %j', (text) => {
    expectRefusal(text, 'invalidStoredState', what);
  });
});

/** Fields of version 0 that a later version dropped. */
const DROPPED = new Set(['callCredit', 'callingSince', 'recentJoins']);

test.each([
  { file: 'room.json', decode: decodeRoom },
  { file: 'directory.json', decode: decodeDirectory },
])('a document of version 0 without one of its fields is refused: $file', ({ file, decode }) => {
  const old = storedDocument(0, file);
  for (const name of Object.keys(old).filter((field) => !DROPPED.has(field))) {
    const { code } = refusal(() => decode(JSON.stringify(withField(old, [name], undefined))), `A missing ${name}`);
    expect(code, name).toBe('invalidStoredState');
  }
});

test('a room of version 0 without lapsedThrough is refused, with the field’s present path', () => {
  const stored = JSON.stringify(withField(storedDocument(0, 'room.json'), ['lapsedThrough'], undefined));
  const { code, message } = refusal(() => decodeRoom(stored));
  expect({ code, message }).toEqual({
    code: 'invalidStoredState',
    message: 'room document: pacing.lapsedThrough must be a whole number from 0, got undefined',
  });
});

describe('state in memory', () => {
  const room = decodeRoom(JSON.stringify(ROOM));
  const now = room.at + 1_000;
  /** A command that would read a session, were the document not refused first. */
  const reading = claim(1, 'a');
  const unread = {
    get: () => {
      throw new Error('A session was read.');
    },
  };

  /** Numbers of the document itself, of its parts and of the objects in them that a step computes with. */
  const scalars = fieldsOf(ROOM).filter(({ keys, value }) => {
    const parent = keys.slice(0, -1).join('.');
    const isChecked =
      /^(config\.(policy|policy\.(health|stock)|schedule)|origin\.stock|origin\.health|changes\.audit|sessions\.totals|history\.open\.flow)$/.test(
        parent,
      );
    return typeof value === 'number' && (keys.length <= 2 || isChecked);
  });

  test('there are scalars in every part that has numbers of its own', () => {
    const parts = new Set(scalars.map(({ keys }) => keys[0]));
    for (const part of ['config', 'changes', 'draw', 'origin', 'line', 'pacing', 'sessions', 'endings', 'history']) {
      expect(parts).toContain(part);
    }
    expect(scalars.length).toBeGreaterThan(40);
  });

  test.each(scalars)(
    '$path that is NaN, infinite, missing or negative is refused before the step',
    ({ name, keys }) => {
      const isDifference = name.startsWith('history.open.flow.');
      for (const damage of [Number.NaN, Number.POSITIVE_INFINITY, undefined, ...(isDifference ? [] : [-1])]) {
        const parent = keys.slice(0, -1);
        const part = parent.reduce<Fields>((inside, key) => inside[key] as Fields, room as unknown as Fields);
        const damaged = { ...part, [keys.at(-1) ?? '']: damage } as unknown as Fields;
        const document = parent.length === 0 ? damaged : withField(room as unknown as Fields, parent, damaged);
        const run = () => roomMachine.run(document as unknown as RoomDocument, unread, [reading], now);
        const { code, message } = refusal(run);
        expect({ code, message }).toEqual({ code: 'brokenInvariant', message: expect.stringContaining(name) });
      }
    },
  );

  test.each([
    ['pacing.called', { ...room, pacing: { ...room.pacing, called: room.line.issued + 1 } }],
    ['pacing.called', { ...room, draw: { ...room.draw, entries: null } }],
    ['pacing.lapsedThrough', { ...room, pacing: { ...room.pacing, lapsedThrough: room.pacing.called + 1 } }],
    ['draw.entries', { ...room, draw: { ...room.draw, entries: room.line.issued + 1 } }],
    ['endings.droppedTo', { ...room, endings: { ...room.endings, droppedTo: room.endings.seq + 1 } }],
    ['epoch', { ...room, epoch: 0 }],
    ['schemaVersion', { ...room, schemaVersion: 999 as never }],
  ])(
    'numbers that contradict each other are refused before the step by the name of the field: %s',
    (path, document) => {
      const { code, message } = refusal(() => roomMachine.run(document, unread, [reading], now));
      expect({ code, message }).toEqual({ code: 'brokenInvariant', message: expect.stringContaining(path) });
    },
  );

  test.each<[string, RoomDocument, Command]>([
    [
      'config.policy.newUsersPerMinute',
      room,
      { ...change({ kind: 'setPolicy', policy: policy({ newUsersPerMinute: Number.NaN }) }), id: 'broken' },
    ],
    ['line.issued', room, { kind: 'restorePlace', epoch: 1, place: { kind: 'position', number: 1e9 + 0.5 } }],
    [
      'pacing.lapsedThrough',
      { ...room, pacing: { ...room.pacing, calls: [{ at: 0, upTo: room.line.issued, claimed: 0 }], runMs: 1e9 } },
      { kind: 'reportOverload', forMs: 0 },
    ],
  ])('a step whose result would be broken is refused by the name of the field: %s', (path, document, command) => {
    const { code, message } = refusal(() =>
      roomMachine.run(openRoom(document), NO_SESSIONS, [command, { kind: 'tick' }], now),
    );
    expect({ code, message }).toEqual({ code: 'brokenInvariant', message: expect.stringContaining(path) });
  });

  test.each(['at', 'version', 'templateSeq'] as const)(
    'a directory whose %s is not a number is refused before the step',
    (name) => {
      const directory = { ...decodeDirectory(JSON.stringify(DIRECTORY)), [name]: Number.NaN };
      const { code, message } = refusal(() => directoryMachine.run(directory, NO_SESSIONS, [], now));
      expect({ code, message }).toEqual({ code: 'brokenInvariant', message: expect.stringContaining(name) });
    },
  );
});

/** The same room, not held, not recovering and with an origin that responds, so that time acts on its calls. */
function openRoom(room: RoomDocument): RoomDocument {
  return {
    ...room,
    config: { ...room.config, flow: 'running', leap: null },
    origin: { ...room.origin, health: { ...room.origin.health, stage: 'steady', overloadedUntil: null } },
    recovery: { ...room.recovery, running: null },
  };
}
