// The shape of everything that is stored, as parsers: one field here for each field of the types, held together by the
// compiler. docs/upgrading.md shows the same on one page.

import type { Actor, AuditHead, AuditRecord } from './audit.ts';
import { REFUSALS } from './command.ts';
import type {
  AlarmTarget,
  Attempts,
  DirectoryDocument,
  DirectoryRoom,
  KeptMessage,
  KeyNetwork,
  OperatorKey,
  Site,
} from './directory/directory-document.ts';
import {
  type AlarmsState,
  type Delivery,
  type Notice,
  type RaisedAlarm,
  ROOM_ALARM_KINDS,
  SEVERITIES,
} from './document/alarms-state.ts';
import type { ChangesState } from './document/changes-state.ts';
import type { ConfigState } from './document/config-state.ts';
import type { Commitment } from './document/draw-state.ts';
import {
  type FlowCounts,
  type GatewayStarts,
  type HistoryBucket,
  type HistoryState,
  LATENCY_BOUNDS_MS,
  type Observed,
  type ObservedHealth,
} from './document/history-state.ts';
import type { LifetimeCounts, LifetimeState } from './document/lifetime-state.ts';
import { type MinuteBucket, type OpenMinute, WAIT_BOUNDS_SECONDS, type Waits } from './document/minute-state.ts';
import type { OriginRecord } from './document/origin-record.ts';
import type {
  HealthCause,
  HealthCell,
  HealthState,
  Lot,
  OriginState,
  PriceRange,
  Stock,
} from './document/origin-state.ts';
import type { PacingState } from './document/pacing-state.ts';
import type { RecoveryState } from './document/recovery-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import type { CallMark, Ended, Ending, SessionRecord } from './document/session-record.ts';
import type { SessionsState } from './document/sessions-state.ts';
import type { Beacon, DrandChain } from './draw.ts';
import { EXEMPT_METHODS, type Exemption } from './exemption.ts';
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
} from './limits.ts';
import type { Rows, Table } from './machine.ts';
import {
  anything,
  byKind,
  count,
  either,
  flag,
  hex32,
  list,
  nullable,
  object,
  oneOf,
  optional,
  type Parser,
  pair,
  text,
  whole,
} from './parse.ts';
import type { PastDraw } from './past-draw.ts';
import type { BeaconChoice, HealthPolicy, Policy, RoomSettings, RoomState, Schedule, StockPolicy } from './policy.ts';
import { SCHEMA_VERSION } from './schema-version.ts';

const schemaVersion = oneOf(SCHEMA_VERSION);

const policy = object<Policy>({
  newUsersPerMinute: count,
  totalActiveUsers: count,
  sessionMs: count,
  sessionRenewal: flag,
  sessionTotalMsMax: count,
  claimWindowMs: count,
  queueingStatusCode: oneOf(200, 202, 429, 503),
  health: object<HealthPolicy>({
    mode: oneOf('off', 'protect', 'find'),
    errorPercentMax: count,
    slowFactor: count,
    slowMs: nullable(count),
    rateFloor: count,
    peopleFloor: nullable(count),
    probePath: text,
  }),
  stock: object<StockPolicy>({ peoplePercent: nullable(count), freshSeconds: count }),
});

const chain = object<DrandChain>({
  hash: hex32,
  publicKey: text,
  scheme: oneOf('bls-unchained-g1-rfc9380'),
  genesisTime: count,
  period: count,
  groupHash: hex32,
  beaconId: text,
});

const beaconChoice = nullable(
  object<BeaconChoice>({ chain, deadlineMs: count, afterDeadline: oneOf('wait', 'withoutBeacon') }),
);

const beacon = nullable(object<Beacon>({ round: count, randomness: hex32, signature: text }));

const commitment = object<Commitment>({ commitment: hex32, at: count });

const schedule = object<Schedule>({
  prequeueAt: nullable(count),
  opensAt: count,
  closesAt: nullable(count),
  beacon: beaconChoice,
});

const config = object<ConfigState>({
  settingsDigest: text,
  policy,
  schedule,
  flow: oneOf('running', 'paused', 'held'),
  leap: nullable(object({ from: count, to: count })),
  closed: flag,
  moved: nullable(object({ was: count, at: count })),
  message: nullable(object({ text: object({ ko: text, en: text }), at: count })),
});

const auditHead = object<AuditHead>({ seq: count, hash: hex32 });

const recentChanges = list(object({ id: text, version: count, at: count }), RECENT_CHANGES_MAX);

const role = oneOf('viewer', 'operator', 'owner');

const changes = object<ChangesState>({
  version: count,
  changedAt: count,
  changedSeq: count,
  inForceAt: nullable(count),
  recent: recentChanges,
  audit: auditHead,
  gateways: list(object({ id: text, seq: count, at: count, version: count, gateways: count }), GATEWAYS_MAX),
  operators: list(object({ id: text, name: text, role, since: count, seenAt: count }), OPERATORS_SEEN_MAX),
  starts: object<ChangesState['starts']>({ started: count, restarted: count, recordedAt: nullable(count) }),
  passes: list(object({ sid: text, useBy: count }), PASSES_MAX),
});

const pacing = object<PacingState>({
  runMs: count,
  called: count,
  lapsedThrough: count,
  lapsed: count,
  calls: list(object({ at: count, upTo: count, claimed: count }), CALL_SAMPLES_MAX),
  shownCalled: count,
  shownCome: count,
  lastSlotMicros: nullable(count),
});

const totals = {
  admitted: count,
  readmitted: count,
  renewed: count,
  completed: count,
  left: count,
  revoked: count,
  expired: count,
};

const sessions = object<SessionsState>({
  active: count,
  expiries: list(pair(count, count), EXPIRIES_MAX),
  cohorts: list(pair(pair(count, count), count), COHORTS_MAX),
  stayed: list(count, STAY_CLASSES_MAX),
  standby: list(object({ position: count, seenAt: count }), STANDBY_MAX),
  generation: count,
  revokedAt: count,
  totals: object(totals),
});

/** Differences of counters; lapsed may be negative until the next bucket makes up for it. */
const counters = {
  arrived: whole,
  called: whole,
  completed: whole,
  left: whole,
  revoked: whole,
  expired: whole,
  lapsed: whole,
};

const flow = { ...counters, admitted: whole };

const observedHealth = { requests: count, failures: count, timed: count, totalMs: count };

const observed = {
  refused: object<Observed['refused']>({
    noAdmission: optional(count),
    badToken: optional(count),
    prefetch: optional(count),
    tooOften: optional(count),
    crossSite: optional(count),
  }),
  origin: object<Observed['origin']>({
    answers: count,
    errors: count,
    unreachable: count,
    latency: list(count, LATENCY_BOUNDS_MS.length + 1),
  }),
  health: optional(object<ObservedHealth>(observedHealth)),
  exempt: optional(count),
  starts: optional(object<GatewayStarts>({ started: count, restarted: count })),
  store: optional(object<NonNullable<Observed['store']>>({ conflicts: count, retries: count })),
};

const state: Parser<RoomState> = oneOf('scheduled', 'prequeue', 'drawing', 'open', 'paused', 'soldOut', 'closed');

const historyBucket = object<HistoryBucket>({
  at: count,
  epoch: count,
  state,
  ...flow,
  ...observed,
  waiting: count,
  active: count,
  newUsersPerMinute: count,
  totalActiveUsers: count,
});

const waitClasses = list(count, WAIT_BOUNDS_SECONDS.length + 1);

const minuteBucket = object<MinuteBucket>({
  at: count,
  epoch: count,
  state,
  newUsersPerMinute: count,
  totalActiveUsers: count,
  rateMax: optional(count),
  peopleMax: optional(count),
  arrived: optional(whole),
  called: optional(whole),
  admitted: optional(whole),
  completed: optional(whole),
  left: optional(whole),
  revoked: optional(whole),
  expired: optional(whole),
  lapsed: optional(whole),
  entries: optional(count),
  waiting: optional(count),
  waitingMax: optional(count),
  active: optional(count),
  activeMax: optional(count),
  exempt: optional(count),
  stock: optional(count),
  refused: optional(observed.refused),
  origin: optional(observed.origin),
  waits: optional(
    object<Waits>({
      real: waitClasses,
      toldLow: waitClasses,
      toldHigh: waitClasses,
      within: count,
      sooner: count,
      later: count,
    }),
  ),
});

const history = object<HistoryState>({
  open: object<HistoryState['open']>({
    at: count,
    flow: object<FlowCounts>(flow),
    observed: object<Observed>(observed),
    counters: object<HistoryState['open']['counters']>(counters),
    slots: list(pair(count, count), SLOT_BUCKETS_MAX),
  }),
  recent: list(historyBucket, RECENT_BUCKETS_MAX),
});

const openMinute = object<OpenMinute>({
  bucket: minuteBucket,
  changed: flag,
  ahead: nullable(object<NonNullable<OpenMinute['ahead']>>({ rate: count, until: count })),
});

const cause = byKind<HealthCause>({
  errors: object({ kind: oneOf('errors'), percent: count }),
  slow: object({ kind: oneOf('slow'), ms: count, usualMs: nullable(count) }),
  signal: object({ kind: oneOf('signal') }),
});

const health = object<HealthState>({
  stage: oneOf('steady', 'slowed', 'stopped'),
  since: count,
  cause: nullable(cause),
  share: count,
  changedAt: count,
  judgedAt: count,
  cells: list(object<HealthCell>({ at: count, ...observedHealth }), HEALTH_CELLS_MAX),
  usualMicros: nullable(count),
  usualOf: count,
  goodProbes: count,
  probesNeeded: count,
  goodProbeAt: nullable(count),
  resumedAt: nullable(count),
  overloadedUntil: nullable(count),
  peopleFound: nullable(count),
  isSearching: flag,
});

const lot = object<Lot>({
  id: text,
  name: object({ ko: text, en: text }),
  remaining: count,
  asOf: count,
  price: nullable(object<PriceRange>({ low: count, high: count, currency: text })),
});

const stock = nullable(object<Stock>({ remaining: count, asOf: count, lots: list(lot, LOTS_MAX) }));

const alarmKind = oneOf(...ROOM_ALARM_KINDS);

const delivery = object<Delivery>({
  target: text,
  state: oneOf('due', 'delivered', 'failed'),
  attempts: count,
  dueAt: count,
  status: nullable(count),
});

const alarms = object<AlarmsState>({
  seq: count,
  raised: list(
    object<RaisedAlarm>({
      kind: alarmKind,
      figures: text,
      number: count,
      since: count,
      seenAt: count,
      acknowledged: nullable(object({ by: text, at: count })),
    }),
    ROOM_ALARM_KINDS.length,
  ),
  notices: list(
    object<Notice>({
      kind: alarmKind,
      figures: text,
      number: count,
      event: oneOf('raised', 'cleared'),
      at: count,
      since: count,
      deliveries: nullable(list(delivery, ALARM_TARGETS_MAX)),
    }),
    NOTICES_MAX,
  ),
  told: list(object<AlarmsState['told'][number]>({ kind: alarmKind, at: count }), ROOM_ALARM_KINDS.length),
});

const lifetime = object<LifetimeState>({
  before: object<LifetimeCounts>({ arrived: count, called: count, lapsed: count, ...totals }),
});

const recovery = object<RecoveryState>({
  running: nullable(object({ since: count, until: count, awaited: list(text, GATEWAYS_MAX), endings: count })),
  lostUntil: count,
});

export const roomParser = object<RoomDocument>({
  schemaVersion,
  room: text,
  createdAt: count,
  epoch: count,
  at: count,
  config,
  changes,
  draw: object({
    commitment: hex32,
    committedAt: count,
    replaced: list(commitment, COMMITMENTS_MAX),
    sealed: nullable(text),
    secret: nullable(hex32),
    entries: nullable(count),
    beacon,
    seed: nullable(hex32),
  }),
  origin: object<OriginState>({ stock, health, recordSeq: count, signalledAt: nullable(count) }),
  line: object({
    entries: count,
    issued: count,
    free: list(pair(count, count), FREE_RANGES_MAX),
    leases: list(pair(count, pair(count, count)), LEASES_MAX),
    leaseSeq: count,
    leasedUntil: count,
  }),
  pacing,
  sessions,
  endings: object({ seq: count, droppedTo: count, renewBefore: count }),
  history,
  alarms,
  lifetime,
  minute: openMinute,
  recovery,
});

const session = object<SessionRecord>({
  epoch: count,
  generation: count,
  visitor: text,
  sid: text,
  admitAt: count,
  expiresAt: count,
  presentBy: nullable(count),
  countsUntil: count,
  ended: nullable(
    object<Ended>({ reason: oneOf('completed', 'left', 'revoked'), at: count, reference: nullable(text) }),
  ),
  readmitted: flag,
  codeUsedAt: nullable(count),
  calls: list(object<CallMark>({ id: text, at: count }), CALL_MARKS_MAX),
});

const audit = object<AuditRecord>({
  seq: count,
  at: text,
  by: object<Actor>({ id: text, name: text, role, address: nullable(text) }),
  action: text,
  from: anything,
  to: anything,
  previous: hex32,
  hash: hex32,
});

const said = { seq: count, at: count, epoch: count, by: nullable(text) };
const aboutVisit = { position: count, refused: nullable(oneOf(...REFUSALS)) };
const origin = byKind<OriginRecord>({
  stock: object({ ...said, kind: oneOf('stock'), remaining: count, asOf: count, lots: list(lot, LOTS_MAX) }),
  complete: object({ ...said, kind: oneOf('complete'), ...aboutVisit }),
  readmit: object({ ...said, kind: oneOf('readmit'), ...aboutVisit }),
  revoke: object({ ...said, kind: oneOf('revoke'), ...aboutVisit }),
  overload: object({ ...said, kind: oneOf('overload'), forMs: count }),
});

/** Parsers of the rows, without their `schemaVersion`. */
export const rowParsers: { [T in Table]: Parser<Rows[T]> } = {
  session,
  ending: object<Ending>({ seq: count, sid: text, until: count }),
  history: historyBucket,
  minute: minuteBucket,
  audit,
  origin,
  draw: object<PastDraw>({
    epoch: count,
    opensAt: count,
    commitments: list(commitment, COMMITMENTS_MAX + 1),
    choice: beaconChoice,
    beacon,
    entries: count,
    secret: hex32,
    seed: hex32,
  }),
  template: object<Rows['template']>({ html: text }),
};

const site = object<Site>({
  title: object({ ko: text, en: text }),
  hosts: list(text, ROUTES_MAX),
  paths: list(text, ROUTES_MAX),
  exempt: list(
    object<Exemption>({
      path: text,
      match: oneOf('prefix', 'exact'),
      methods: list(oneOf(...EXEMPT_METHODS), EXEMPT_METHODS.length),
    }),
    ROUTES_MAX,
  ),
  origin: text,
  originHost: text,
  originAliases: list(text, ORIGIN_ALIASES_MAX),
  originTimeoutSeconds: count,
  audience: text,
  timeZone: text,
  outside: oneOf('refuse', 'pass'),
  languages: list(oneOf('ko', 'en'), 2),
  template: nullable(count),
  expectedVisitors: nullable(count),
  corsOrigins: list(text, CORS_ORIGINS_MAX),
  handOff: list(text, HAND_OFF_MAX),
});

const settingsFields = {
  prequeueAt: nullable(count),
  closesAt: nullable(count),
  beacon: beaconChoice,
};

const settings = object<RoomSettings>({
  room: text,
  policy,
  closed: optional(flag),
  schedule: either(
    'opensInMs',
    object<Extract<RoomSettings['schedule'], { opensInMs: number }>>({ ...settingsFields, opensInMs: count }),
    object<Extract<RoomSettings['schedule'], { opensAt: number }>>({ ...settingsFields, opensAt: count }),
  ),
});

export const directoryParser = object<DirectoryDocument>({
  schemaVersion,
  at: count,
  version: count,
  rooms: list(
    object<DirectoryRoom>({
      id: text,
      site,
      settings,
      seed: nullable(text),
      archivedAt: nullable(count),
      version: count,
    }),
    ROOMS_MAX,
  ),
  keys: list(
    object<OperatorKey>({
      id: text,
      name: text,
      role,
      digest: hex32,
      prefix: nullable(text),
      createdAt: count,
      signInsFrom: count,
      expiresAt: nullable(count),
      rooms: nullable(list(text, ROOMS_MAX)),
      lastUse: nullable(object({ at: count, from: text })),
    }),
    OPERATOR_KEYS_MAX,
  ),
  endedSignIns: list(object({ sid: text, until: count }), ENDED_SIGN_INS_MAX),
  alarmTargets: list(
    object<AlarmTarget>({
      id: text,
      name: text,
      url: text,
      form: oneOf('standard', 'slack'),
      language: oneOf('ko', 'en'),
      rooms: nullable(list(text, ROOMS_MAX)),
      severityMin: oneOf(...SEVERITIES),
      secret: text,
      formerSecret: nullable(object({ sealed: text, until: count })),
    }),
    ALARM_TARGETS_MAX,
  ),
  templateSeq: count,
  messages: list(object<KeptMessage>({ id: text, text: object({ ko: text, en: text }) }), KEPT_MESSAGES_MAX),
  attempts: list(
    object<Attempts>({ key: nullable(text), from: nullable(text), failures: count, lastAt: count }),
    ATTEMPTS_MAX,
  ),
  keyNetworks: list(object<KeyNetwork>({ key: text, from: text }), OPERATOR_KEYS_MAX * KEY_NETWORKS_MAX),
  wrongKeys: object({ unrecorded: count, recordedAt: count }),
  recentChanges,
  audit: auditHead,
});
