// Migrations of stored state, one step for each schema version; docs/upgrading.md says what each changed. A step is pure and
// never edited once released. Version 0 is the state without a version that Fairgate 0.1 wrote.

import { withinBound } from './document/sessions-state.ts';

type Fields = Record<string, unknown>;

/** A step from one version to the next. It does not check: what it makes of damaged state, the parser refuses. */
export type Migration = (stored: Fields) => Fields;

/** 0 to 1: the flat document is grouped into parts; the last slot is counted in whole microseconds. */
function roomInParts(old: Fields): Fields {
  const { lapsed, ...totals } = Object.fromEntries(
    Object.entries(fieldsOf(old['totals'])).map(([name, total]) => [name, atLeastZero(total)]),
  );
  const bucket = fieldsOf(old['bucket']);
  // Slots are counted apart; only the counters of a new room had this field.
  const { admitted: _, ...counters } = fieldsOf(bucket['counted']);
  return {
    room: old['room'],
    createdAt: old['bornAt'],
    epoch: old['epoch'],
    at: old['at'],
    config: {
      ...pick(old, 'settingsDigest', 'policy', 'flow', 'closed', 'message'),
      schedule: sinceEpoch(old['schedule']),
    },
    changes: {
      ...pick(old, 'version', 'changedAt', 'inForceAt', 'audit', 'gateways', 'passes'),
      recent: old['recentChanges'],
    },
    draw: old['draw'],
    origin: { stock: old['stock'], failingSince: old['originFailingSince'] },
    line: pick(old, 'entries', 'issued', 'recentJoins'),
    pacing: {
      ...pick(old, 'runMs', 'called', 'lapsedThrough', 'callCredit', 'calls', 'callingSince'),
      lapsed,
      lastSlotMicros: typeof old['lastSlotAt'] === 'number' ? Math.ceil(old['lastSlotAt'] * 1_000) : old['lastSlotAt'],
    },
    sessions: {
      ...pick(old, 'active', 'expiries', 'standby', 'generation', 'revokedAt'),
      ...countedSessions(old['expiries']),
      totals,
    },
    endings: { seq: old['endingSeq'], droppedTo: old['endingsDroppedTo'], renewBefore: old['renewBefore'] },
    history: {
      open: {
        ...pick(bucket, 'at', 'observed', 'slots'),
        flow: bucket['passed'],
        counters,
      },
      recent: Array.isArray(old['recent'])
        ? old['recent'].map((closed) => countedBucket(fieldsOf(closed)))
        : old['recent'],
    },
    recovery: { running: old['recovery'], lostUntil: lostUntil(old) },
  };
}

/**
 * After a loss version 0 could count fewer than no sessions in a bucket, to make up for others that it counted twice. Those
 * counts are dropped: a session that is counted twice ends by itself. It had no bound of buckets; they are joined.
 */
function countedSessions(expiries: unknown): Fields {
  if (!isListOfPairs(expiries)) return {};
  const counted = withinBound(expiries.filter(([, sessions]) => !(sessions < 0)));
  if (counted.length === expiries.length) return {};
  return { expiries: counted, active: counted.reduce((sum, [, sessions]) => sum + sessions, 0) };
}

/** Sessions of joined buckets count longer than their records say, as after a loss. */
function lostUntil(old: Fields): unknown {
  const { expiries } = countedSessions(old['expiries']);
  const [last] = isListOfPairs(expiries) ? (expiries.at(-1) ?? []) : [];
  return last === undefined || typeof old['lostUntil'] !== 'number'
    ? old['lostUntil']
    : Math.max(last, old['lostUntil']);
}

function isListOfPairs(value: unknown): value is [number, number][] {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair));
}

/** 0 to 1: counts of a closed bucket that a loss had taken below zero. */
function countedBucket(old: Fields): Fields {
  return { ...old, active: atLeastZero(old['active']), waiting: atLeastZero(old['waiting']) };
}

/** 0 to 1: a time before 1970 meant "open already". */
function sinceEpoch(schedule: unknown): unknown {
  if (typeof schedule !== 'object' || schedule === null) return schedule;
  return Object.fromEntries(
    Object.entries(schedule).map(([name, value]) => [name, typeof value === 'number' ? Math.max(0, value) : value]),
  );
}

function directorySinceEpoch(old: Fields): Fields {
  return withRoomSettings(old, (settings) => ({ ...settings, schedule: sinceEpoch(settings['schedule']) }));
}

function atLeastZero(count: unknown): unknown {
  return typeof count === 'number' ? Math.max(0, count) : count;
}

/** 0 to 1: times in whole ms, rounded up, so that no session begins before its slot. */
function wholeTimes(old: Fields): Fields {
  return { ...old, admitAt: roundedUp(old['admitAt']), expiresAt: roundedUp(old['expiresAt']) };
}

/** 0 to 1: the same of a session that ended early. */
function wholeEnd(old: Fields): Fields {
  return { ...old, until: roundedUp(old['until']) };
}

function roundedUp(time: unknown): unknown {
  return typeof time === 'number' ? Math.ceil(time) : time;
}

/** 1 to 2: the longest stay. Frozen here, whatever the default becomes. */
function withSessionTotal(policy: unknown): Fields {
  return { ...fieldsOf(policy), sessionTotalMsMax: 3_600_000 };
}

function roomWithSessionTotal(old: Fields): Fields {
  const config = fieldsOf(old['config']);
  return { ...old, config: { ...config, policy: withSessionTotal(config['policy']) } };
}

function directoryWithSessionTotal(old: Fields): Fields {
  return withRoomSettings(old, (settings) => ({ ...settings, policy: withSessionTotal(settings['policy']) }));
}

/** 2 to 3: sessions that their visitors have not presented yet. All earlier ones count for their whole length. */
function presented(old: Fields): Fields {
  return { ...old, presentBy: null };
}

/** 3 to 4: calls follow slots and vacancies, not earned time; the leap that holds a room. */
function roomWithoutCredit(old: Fields): Fields {
  const { callCredit: _, callingSince: __, ...pacing } = fieldsOf(old['pacing']);
  return { ...old, config: { ...fieldsOf(old['config']), leap: null }, pacing };
}

/** 3 to 4: how the origin is asked, other origins, and methods of an exemption: a path alone was for reading what lies under it. */
function siteWithChoices(room: unknown): unknown {
  const site = fieldsOf(fieldsOf(room)['site']);
  if (!Array.isArray(site['exempt'])) return room;
  const exempt = site['exempt'].map((path) => ({ path, match: 'prefix', methods: ['GET', 'HEAD'] }));
  const chosen = { originHost: 'origin', originAliases: [], originTimeoutSeconds: 30, corsOrigins: [] };
  return { ...fieldsOf(room), site: { ...site, ...chosen, exempt } };
}

/** 3 to 4: the sites; what names a key, and where it was used; wrong keys are counted by key too. */
function directoryWithSitesAndKeyNames(old: Fields): Fields {
  const { rooms, keys, attempts } = old;
  return {
    ...old,
    rooms: Array.isArray(rooms) ? rooms.map(siteWithChoices) : rooms,
    keys: Array.isArray(keys) ? keys.map((key) => ({ ...fieldsOf(key), prefix: null })) : keys,
    attempts: Array.isArray(attempts) ? attempts.map((one) => ({ key: null, ...fieldsOf(one) })) : attempts,
    keyNetworks: [],
  };
}

/**
 * 4 to 5: numbers are leased, and joins are not remembered any more; a relay reports for many gateways; who came, and how long sessions
 * last, is counted.
 */
function roomWithLeases(old: Fields): Fields {
  const { recentJoins: _, ...line } = fieldsOf(old['line']);
  const { gateways, ...changes } = fieldsOf(old['changes']);
  const single = (gateway: unknown) => ({ ...fieldsOf(gateway), gateways: 1 });
  return {
    ...old,
    line: { ...line, free: [], leases: [], leaseSeq: 0, leasedUntil: 0 },
    changes: { ...changes, gateways: Array.isArray(gateways) ? gateways.map(single) : gateways },
    pacing: { ...fieldsOf(old['pacing']), shownCalled: 0, shownCome: 0 },
    sessions: { ...fieldsOf(old['sessions']), cohorts: [], stayed: [] },
  };
}

/** 5 to 6: the beacon is chosen with its chain, commitments are dated, and a secret may be sealed. No room ever got a beacon before. */
function roomWithSealedDraw(old: Fields): Fields {
  const { beacon, ...draw } = fieldsOf(old['draw']);
  const config = fieldsOf(old['config']);
  const round = fieldsOf(fieldsOf(config['schedule'])['beacon'])['round'];
  const given = typeof beacon === 'string' && typeof round === 'number' && !/^0*$/.test(beacon);
  return {
    ...old,
    config: { ...config, schedule: withoutBeacon(config['schedule']) },
    draw: {
      ...draw,
      committedAt: old['createdAt'],
      replaced: [],
      sealed: null,
      beacon: given ? { round, randomness: beacon, signature: '' } : null,
    },
  };
}

function withoutBeacon(schedule: unknown): unknown {
  return typeof schedule === 'object' && schedule !== null ? { ...schedule, beacon: null } : schedule;
}

function directoryWithoutBeacons(old: Fields): Fields {
  return withRoomSettings(old, (settings) => ({ ...settings, schedule: withoutBeacon(settings['schedule']) }));
}

/** 6 to 7: how far admissions follow the origin's health. A room whose origin failed goes on stopped, and is probed. */
const HEALTH_BEFORE_7 = {
  mode: 'protect',
  errorPercentMax: 50,
  slowFactor: 4,
  slowMs: null,
  rateFloor: 1,
  peopleFloor: null,
  probePath: '/',
};

function roomWithHealth(old: Fields): Fields {
  const { stock, failingSince } = fieldsOf(old['origin']);
  const config = fieldsOf(old['config']);
  const isFailing = failingSince !== null;
  const health = {
    stage: isFailing ? 'stopped' : 'steady',
    since: isFailing ? failingSince : old['at'],
    cause: isFailing ? { kind: 'errors', percent: 100 } : null,
    share: 1_024,
    changedAt: old['at'],
    judgedAt: old['at'],
    cells: [],
    usualMicros: null,
    usualOf: 0,
    goodProbes: 0,
    probesNeeded: 3,
    goodProbeAt: null,
    resumedAt: null,
    overloadedUntil: null,
    peopleFound: null,
    isSearching: true,
  };
  return { ...old, config: { ...config, policy: policyWithHealth(config['policy']) }, origin: { stock, health } };
}

function policyWithHealth(policy: unknown): unknown {
  return typeof policy === 'object' && policy !== null ? { ...policy, health: HEALTH_BEFORE_7 } : policy;
}

function directoryWithHealth(old: Fields): Fields {
  return withRoomSettings(old, (settings) => ({ ...settings, policy: policyWithHealth(settings['policy']) }));
}

/** 7 to 8: what is left is shown with its age and by lots; visits can be given back; calls of the origin are marked. */
const STOCK_BEFORE_8 = { peoplePercent: null, freshSeconds: 300 };
/** Settings have what a new room gets: another value would look as if they had been edited, and end what operators changed. */
const STOCK_IN_SETTINGS = { peoplePercent: 100, freshSeconds: 60 };

function roomWithLots(old: Fields): Fields {
  const config = fieldsOf(old['config']);
  const sessions = fieldsOf(old['sessions']);
  const { stock, ...origin } = fieldsOf(old['origin']);
  const { runMs } = fieldsOf(old['pacing']);
  const standby = Array.isArray(sessions['standby'])
    ? sessions['standby'].map((one) => ({ ...fieldsOf(one), seenAt: runMs }))
    : sessions['standby'];
  return {
    ...old,
    config: { ...config, policy: policyWithStock(config['policy'], STOCK_BEFORE_8) },
    origin: {
      ...origin,
      stock: stock === null ? null : { ...fieldsOf(stock), lots: [] },
      recordSeq: 0,
      signalledAt: null,
    },
    sessions: { ...sessions, standby, totals: { ...fieldsOf(sessions['totals']), readmitted: 0 } },
  };
}

function policyWithStock(policy: unknown, stock: Fields): unknown {
  return typeof policy === 'object' && policy !== null ? { ...policy, stock } : policy;
}

function directoryWithStock(old: Fields): Fields {
  const changed = withRoomSettings(old, (settings) => ({
    ...settings,
    policy: policyWithStock(settings['policy'], STOCK_IN_SETTINGS),
  }));
  if (!Array.isArray(changed['rooms'])) return changed;
  const rooms = changed['rooms'].map((room) => ({
    ...fieldsOf(room),
    site: { ...fieldsOf(fieldsOf(room)['site']), handOff: [] },
  }));
  return { ...changed, rooms };
}

function sessionWithCalls(old: Fields): Fields {
  const { ended } = old;
  const referenced = typeof ended === 'object' && ended !== null ? { ...ended, reference: null } : ended;
  return { ...old, ended: referenced, readmitted: false, codeUsedAt: null, calls: [] };
}

/**
 * 8 to 9: alarms are the room's; what earlier openings counted, of which nothing is known; the opening that visitors knew before it was
 * moved.
 */
function roomWithAlarms(old: Fields): Fields {
  const none = { arrived: 0, called: 0, lapsed: 0 };
  const noSessions = { admitted: 0, readmitted: 0, renewed: 0, completed: 0, left: 0, revoked: 0, expired: 0 };
  return {
    ...old,
    config: { ...fieldsOf(old['config']), moved: null },
    alarms: { seq: 0, raised: [], notices: [], told: [] },
    lifetime: { before: { ...none, ...noSessions } },
  };
}

/** 8 to 9: targets that hear of alarms; messages that operators keep; keys that end, that are for single rooms, and their last use. */
function directoryOfVersion9(old: Fields): Fields {
  const { keys } = old;
  const bounds = { expiresAt: null, rooms: null, lastUse: null };
  const bounded = Array.isArray(keys) ? keys.map((key) => ({ ...fieldsOf(key), ...bounds })) : keys;
  return { ...old, alarmTargets: [], messages: [], keys: bounded };
}

/** 8 to 9: minutes, kept for a year beside the buckets of ten seconds; starts of gateways that are to be recorded; operators on the console. */
function roomWithMinutes(old: Fields): Fields {
  const { newUsersPerMinute, totalActiveUsers } = fieldsOf(fieldsOf(old['config'])['policy']);
  const { at } = old;
  const minute = typeof at === 'number' ? Math.floor(at / 60_000) * 60_000 : at;
  const bucket = { at: minute, epoch: old['epoch'], state: 'prequeue', newUsersPerMinute, totalActiveUsers };
  const changes = {
    ...fieldsOf(old['changes']),
    starts: { started: 0, restarted: 0, recordedAt: null },
    operators: [],
    changedSeq: 0,
  };
  return { ...old, changes, minute: { bucket, changed: true, ahead: null } };
}

function roomOfVersion9(old: Fields): Fields {
  return roomWithMinutes(roomWithAlarms(old));
}

const unchanged: Migration = (old) => old;

export const migrateRoom: readonly Migration[] = [
  roomInParts,
  roomWithSessionTotal,
  unchanged,
  roomWithoutCredit,
  roomWithLeases,
  roomWithSealedDraw,
  roomWithHealth,
  roomWithLots,
  roomOfVersion9,
];
export const migrateSession: readonly Migration[] = [
  wholeTimes,
  unchanged,
  presented,
  unchanged,
  unchanged,
  unchanged,
  unchanged,
  sessionWithCalls,
  unchanged,
];
export const migrateEnding: readonly Migration[] = [
  wholeEnd,
  unchanged,
  unchanged,
  unchanged,
  unchanged,
  unchanged,
  unchanged,
  unchanged,
  unchanged,
];
export const migrateDirectory: readonly Migration[] = [
  directorySinceEpoch,
  directoryWithSessionTotal,
  unchanged,
  directoryWithSitesAndKeyNames,
  unchanged,
  directoryWithoutBeacons,
  directoryWithHealth,
  directoryWithStock,
  directoryOfVersion9,
];
export const migrateHistory: readonly Migration[] = [
  countedBucket,
  unchanged,
  unchanged,
  unchanged,
  unchanged,
  unchanged,
  unchanged,
  unchanged,
  unchanged,
];
/** Rows of the other tables have kept their form. */
export const migrateRow: readonly Migration[] = [
  unchanged,
  unchanged,
  unchanged,
  unchanged,
  unchanged,
  unchanged,
  unchanged,
  unchanged,
  unchanged,
];

/** A directory with the settings of each of its rooms changed. */
function withRoomSettings(old: Fields, change: (settings: Fields) => Fields): Fields {
  if (!Array.isArray(old['rooms'])) return old;
  const rooms = old['rooms'].map((room) => ({
    ...fieldsOf(room),
    settings: change(fieldsOf(fieldsOf(room)['settings'])),
  }));
  return { ...old, rooms };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** Fields that are missing stay missing, for the parser to name. */
function pick(from: Fields, ...names: string[]): Fields {
  return Object.fromEntries(names.flatMap((name) => (name in from ? [[name, from[name]]] : [])));
}
