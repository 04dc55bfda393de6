// A room and a directory in their stored form with something in every field, as an example of the present schema version.

import { NOTHING_OBSERVED, type Observed } from '../../queue-core/document/history-state.ts';
import type { Exemption } from '../../queue-core/exemption.ts';
import type { Table } from '../../queue-core/machine.ts';
import { pastDraw } from '../../queue-core/past-draw.ts';
import { encodeDocument, encodeRow } from '../../queue-core/stored-format.ts';
import { alarmTarget, CheckedDirectory, digestOf, presented, seed, siteAt } from './checked-directory.ts';
import { CheckedRoom } from './checked-room.ts';
import {
  BEACON_CHOICE,
  beaconFor,
  change,
  claim,
  configure,
  draw,
  healthPolicy,
  join,
  OTHER_SECRET,
  policy,
  SECRET,
  sealed,
  settings,
  T0,
} from './sample-rooms.ts';
import { EMPTY_TABLES, type Tables } from './tables.ts';

/** A document and its rows by table, as parsed JSON: the form of the files in test/fixtures/schema-*. */
export interface StoredLedger {
  document: Record<string, unknown>;
  rows: { [T in Table]: [key: number, row: unknown][] };
}

function ledgerOf(document: Parameters<typeof encodeDocument>[0], tables: Tables): StoredLedger {
  const rowsOf = <T extends Table>(table: T) =>
    [...tables[table]].map(([key, row]): [number, unknown] => [key, JSON.parse(encodeRow(table, row))]);
  const names = Object.keys(EMPTY_TABLES) as Table[];
  return {
    document: JSON.parse(encodeDocument(document)),
    rows: Object.fromEntries(names.map((table) => [table, rowsOf(table)])) as StoredLedger['rows'],
  };
}

const OBSERVED: Observed = {
  refused: { noAdmission: 5, badToken: 4, prefetch: 3, tooOften: 2, crossSite: 1 },
  origin: { answers: 9, errors: 2, unreachable: 1, latency: [3, 2, 1] },
  health: { requests: 20, failures: 1, timed: 15, totalMs: 1_500 },
  exempt: 7,
  starts: { started: 1, restarted: 2 },
  store: { conflicts: 2, retries: 3 },
};

/** Counts that the sample's minutes do not all have. */
const REST_OF_MINUTE = { completed: 2, expired: 6, revoked: 12, stock: 39, rateMax: 602, peopleMax: 25 };

const RULES = {
  ...{ newUsersPerMinute: 601, totalActiveUsers: 12, sessionMs: 60_000, claimWindowMs: 30_000 },
  health: healthPolicy({ slowMs: 800, peopleFloor: 3 }),
  stock: { peoplePercent: 150, freshSeconds: 45 },
};

/** The first ninety seconds of an opening: a draw with a beacon, sessions that end in every way, a loss, operators' changes. */
function sampleRoom(): CheckedRoom {
  const room = new CheckedRoom();
  const schedule = { prequeueAt: T0, opensInMs: 10_000, closesAt: T0 + 3_600_000, beacon: BEACON_CHOICE };
  room.send(T0, configure(settings(RULES, schedule), 'first', sealed(OTHER_SECRET)));
  room.send(T0 + 50, change({ kind: 'recommit', secret: sealed(SECRET) }, 1));
  for (let index = 1; index <= 30; index++) room.send(T0 + 100 * index, join(`entry-${index}`));
  room.send(T0 + 10_500, draw(SECRET, beaconFor(T0 + 10_000)));

  let claimed = 0;
  const claimCalled = (now: number, isComing: (position: number) => boolean) => {
    while (claimed < room.document.pacing.called) {
      claimed++;
      // Of every third visitor the gateway knows no wait, of others the range that they were shown is wrong.
      const told = { low: 0, high: claimed % 2 };
      const known = claimed % 3 === 0 ? {} : { wait: { since: T0, told: claimed % 4 === 1 ? null : told } };
      if (isComing(claimed)) room.send(now, { ...claim(claimed, `position-${claimed}`), ...known });
    }
  };
  for (let second = 11; second <= 100; second++) {
    const now = T0 + second * 1_000;
    const observed = second % 10 === 0 ? OBSERVED : NOTHING_OBSERVED;
    const { version } = room.document.changes;
    for (const gateway of ['north', 'south']) {
      const alarms = second >= 12 && second < 20 ? [{ kind: 'limitReached', figures: '{"active":12}' } as const] : [];
      const rest = second >= 80 ? [{ kind: 'showShareFalling', figures: '{"sharePercent":40}' } as const] : [];
      room.send(now, { kind: 'report', gateway, seq: second, version, observed, alarms: [...alarms, ...rest] });
    }
    if (second % 2 === 0) room.send(now, join(`later-${second}`));
    if (second % 10 === 0) deliverNotices(room, now);
    if (second === 30) room.send(now, change({ kind: 'revokeAll' }));
    if (second === 35) room.recover(now);
    claimCalled(now, (position) => position % 4 !== 0);
    for (const [position, { sid, ended }] of room.sessions) {
      const session = { epoch: 1, position, sid };
      if (ended !== null) continue;
      if (position % 3 === 0 && second % 20 === 0) room.send(now, { kind: 'renew', ...session });
      else if (position % 7 === 0 && second % 30 === 0) room.send(now, { kind: 'end', ...session, reason: 'left' });
      else if (position % 5 === 0 && second % 30 === 0)
        room.send(now, { kind: 'end', ...session, reason: 'completed' });
    }
  }

  const now = T0 + 100_500;
  const living = [...room.sessions].findLast(([, { ended }]) => ended === null)?.[0] ?? 0;
  room.send(now, change({ kind: 'endSession', position: living }));
  for (const sid of ['pass-1', 'pass-2', 'pass-3']) {
    room.send(now, change({ kind: 'givePass', sid, expiresAt: now + 600_000, useBy: now + 30_000 }));
  }
  room.send(now, change({ kind: 'usePass', sid: 'pass-2' }));
  room.send(now, change({ kind: 'acknowledgeAlarm', alarm: 'showShareFalling' }));
  room.send(now, change({ kind: 'setMessage', text: { ko: '잠시만 기다려 주세요.', en: 'Please wait a moment.' } }));
  // Visitors who are called, whose slots then lie ahead, and one of whom claims beyond the limit.
  for (let index = 1; index <= 20; index++) room.send(now, join(`last-${index}`));
  room.send(now, change({ kind: 'setPolicy', policy: policy({ ...RULES, totalActiveUsers: 24 }) }));
  room.send(now, change({ kind: 'setPolicy', policy: policy({ ...RULES, newUsersPerMinute: 7 }) }));
  room.send(now + 2_000, { kind: 'tick' });
  const last = room.document.pacing.called;
  claimCalled(now + 2_000, (position) => position < last);
  room.send(now + 2_100, change({ kind: 'setPolicy', policy: policy({ ...RULES, totalActiveUsers: 1 }) }));
  room.send(now + 2_200, claim(last, 'standby'));
  const lots = [
    {
      id: 'gangnam',
      name: { ko: '강남구', en: 'Gangnam' },
      remaining: 25,
      price: { low: 0, high: 0, currency: 'KRW' },
    },
    {
      id: 'floor',
      name: { ko: '1층', en: 'Floor' },
      remaining: 15,
      price: { low: 99_000, high: 143_000, currency: 'KRW' },
    },
  ];
  room.send(now + 2_300, { kind: 'reportStock', remaining: 40, asOf: now, lots, by: 'site-1' });
  room.send(now + 2_350, {
    kind: 'reportStock',
    remaining: 39,
    asOf: now + 2_300,
    counts: [{ id: 'gangnam', remaining: 24 }],
  });
  callsOfOrigin(room, now + 2_360);
  room.send(now + 2_400, { kind: 'reportOverload', forMs: 600_000 });
  const report = (at: number, seq: number, elapsedMs: number) => {
    const { version } = room.document.changes;
    for (const gateway of ['north', 'south']) {
      const operators = [{ id: 'key-1', name: 'Kim', role: 'operator' }] as const;
      room.send(at, { kind: 'report', gateway, seq, version, elapsedMs, observed: OBSERVED, operators });
    }
  };
  report(now + 2_500, 101, 3_000);
  // The clock leaps two minutes ahead while a second passes for the gateways.
  report(now + 123_500, 102, 1_000);
  report(now + 5_000, 103, 1_500);
  return room;
}

/** One target gets every message, the other one refuses. */
function deliverNotices(room: CheckedRoom, now: number): void {
  for (const { number, event } of room.document.alarms.notices) {
    const reply = room.send(now, { kind: 'takeNotice', number, event, targets: ['chat', 'pager'] });
    if (reply.kind !== 'taken') continue;
    for (const { target, attempt } of reply.deliveries) {
      const status = target === 'chat' ? 204 : 404;
      room.send(now, { kind: 'reportDelivery', number, event, target, name: target, attempt, status });
    }
  }
}

/** A session that was given back, one that was completed late, and one that is left to be claimed again. */
function callsOfOrigin(room: CheckedRoom, now: number): void {
  const over = [...room.sessions].filter(([, { ended }]) => ended?.reason !== 'completed').slice(0, 3);
  over.forEach(([position, { visitor }], index) => {
    const visit = { epoch: 1, position, visitor };
    const call = (id: number) => ({ by: 'site-1', mark: { id: `call-${index}-${id}`, at: now } });
    room.send(now, { kind: 'end', ...visit, reason: 'revoked', call: call(1) });
    if (index === 0) room.send(now, { kind: 'end', ...visit, reason: 'completed', reference: 'A-1', call: call(2) });
    else room.send(now, { kind: 'readmit', ...visit, call: call(2) });
  });
  room.send(now, { kind: 'reportOverload', forMs: 0, call: { by: 'site-1', mark: { id: 'call-4', at: now } } });
}

const EXEMPT: Exemption[] = [
  { path: '/static', match: 'prefix', methods: ['GET', 'HEAD'] },
  { path: '/hooks/payment', match: 'exact', methods: ['POST'] },
];

function sampleDirectory(): CheckedDirectory {
  const directory = new CheckedDirectory();
  directory.now = T0 + 1_000;
  const site = {
    ...siteAt('book.test', '/book', '/tickets'),
    exempt: EXEMPT,
    originAliases: ['http://origin.lan'],
    expectedVisitors: 900,
    corsOrigins: ['https://app.test'],
    handOff: ['https://shop.test/book'],
  };
  const schedule = { prequeueAt: T0, closesAt: T0 + 3_600_000, beacon: BEACON_CHOICE };
  directory.send(seed([{ id: 'demo', site, settings: settings({}, schedule), digest: 'second' }]));
  directory.putRoom('second', null, { ...siteAt('second.test'), outside: 'pass', languages: ['en'] });
  directory.change({ kind: 'setTemplate', room: 'demo', ifVersion: 2, html: '<!doctype html><title>Waiting</title>' });
  directory.putRoom('third');
  const planned = { ...settings(), closed: true };
  directory.change({
    kind: 'putRoom',
    room: 'planned',
    ifVersion: null,
    site: siteAt('planned.test'),
    settings: planned,
  });
  const text = { ko: '곧 시작합니다.', en: 'We start soon.' };
  directory.change({ kind: 'keepMessage', message: { id: 'message-1', text } });
  directory.change({ kind: 'archiveRoom', room: 'third', ifVersion: 1 });
  directory.addKey('second', { expiresAt: T0 + 86_400_000, rooms: ['demo'] });
  directory.signIn(digestOf('second'));
  directory.change({ kind: 'putAlarmTarget', isNew: true, target: alarmTarget('chat', { rooms: ['demo'] }) });
  directory.change({
    kind: 'putAlarmTarget',
    isNew: true,
    target: alarmTarget('pager', { form: 'slack', rooms: ['demo', 'second'] }),
  });
  directory.change({ kind: 'rotateAlarmTarget', target: 'chat', secret: 'key-1.other' });
  directory.change({ kind: 'signOut', sid: 'sid-1', until: T0 + 600_000 });
  for (const address of ['192.0.2.3', '192.0.2.4']) directory.signIn(digestOf('unknown'), address);
  // A wrong key that names another, from where that was used and from elsewhere.
  const named = { ...presented(digestOf('second')), digest: digestOf('unknown') };
  for (const address of ['192.0.2.1', '192.0.2.5']) directory.signIn(named, address);
  return directory;
}

export function storedRoom(): StoredLedger {
  const { document, tables } = sampleRoom();
  const drawn = pastDraw(document);
  if (drawn === null) throw new Error('The sample has not drawn.');
  const ahead = { rate: 601, until: document.at + 60_000 };
  const minute = new Map([...tables.minute].map(([key, row]) => [key, { ...row, ...REST_OF_MINUTE }]));
  // Only a room before its opening has free entries.
  return ledgerOf(
    {
      ...document,
      config: { ...document.config, moved: { was: T0 + 5_000, at: T0 + 40 } },
      origin: {
        ...document.origin,
        health: {
          ...document.origin.health,
          goodProbeAt: document.at - 500,
          resumedAt: document.at - 5_000,
          peopleFound: 9,
        },
      },
      minute: { ...document.minute, bucket: { ...document.minute.bucket, ...REST_OF_MINUTE }, ahead },
      changes: { ...document.changes, starts: { started: 1, restarted: 2, recordedAt: document.at } },
      line: { ...document.line, free: [[3, 2]], leases: [[9, [5, 4]]], leaseSeq: 9, leasedUntil: document.at },
    },
    { ...tables, minute, draw: new Map([[drawn.epoch, drawn]]) },
  );
}

export function storedDirectory(): StoredLedger {
  const { document, tables } = sampleDirectory();
  return ledgerOf(document, tables);
}
