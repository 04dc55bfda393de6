// Scenarios for property tests of the rules and of the stores that run them: any commands at any times. There is one
// arbitrary for each kind of command and of change; the compiler finds a missing one.

import fc from 'fast-check';
import type { Change, Command, OriginCall } from '../../queue-core/command.ts';
import { ROOM_ALARM_KINDS } from '../../queue-core/document/alarms-state.ts';
import { LATENCY_BOUNDS_MS, type Observed } from '../../queue-core/document/history-state.ts';
import { highestNumber } from '../../queue-core/document/line-state.ts';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import type { SessionRecord } from '../../queue-core/document/session-record.ts';
import type { DrawSecret } from '../../queue-core/draw.ts';
import type { Policy, RoomSettings, Schedule } from '../../queue-core/policy.ts';
import {
  BEACON_CHOICE,
  beaconFor,
  change,
  OPERATOR,
  OTHER_SECRET,
  policy,
  SECRET,
  sealed,
  settings,
  T0,
} from './sample-rooms.ts';

/** A room as it is stored, for commands that refer to what is there. */
export interface LoadedRoom {
  room: RoomDocument;
  sessions: ReadonlyMap<number, SessionRecord>;
}

type Builder<Wanted> = (loaded: LoadedRoom) => Wanted;

/** For each kind, how often it comes, and builders of commands or changes of that kind from what is stored. */
export type ByKind<Any extends { kind: string }, Stored> = {
  [Kind in Any['kind']]: {
    weight: number;
    arbitrary: fc.Arbitrary<(stored: Stored) => Extract<Any, { kind: Kind }>>;
  };
};

/** One step of a scenario: the time that passes, and a command that is built for the room as it is then. */
export interface ScenarioStep {
  afterMs: number;
  command: Builder<Command>;
}

/** Picks an item of a list of any length. */
export const share = fc.double({ min: 0, max: 1, noNaN: true });

/** Null, nine times out of ten. */
export const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

export const visitorName: fc.Arbitrary<string> = fc.integer({ min: 0, max: 40 }).map(String);

export const anyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    newUsersPerMinute: fc.constantFrom(1, 7, 60, 601, 60_000, 1_000_000),
    totalActiveUsers: fc.integer({ min: 1, max: 12 }),
    sessionMs: fc.constantFrom(60_000, 90_500, 30 * 60_000),
    sessionRenewal: fc.boolean(),
    claimWindowMs: fc.constantFrom(30_000, 61_000, 30 * 60_000),
    stays: fc.constantFrom(1, 1.5, 20),
    peoplePercent: fc.constantFrom(null, 100, 250),
  })
  .map(({ stays, peoplePercent, ...rules }) => {
    return policy({ ...rules, sessionTotalMsMax: rules.sessionMs * stays, stock: { peoplePercent, freshSeconds: 60 } });
  });

const beacon: fc.Arbitrary<Schedule['beacon']> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('wait', 'withoutBeacon')
      .map((afterDeadline) => ({ ...BEACON_CHOICE, deadlineMs: 20_000, afterDeadline })),
  },
);

const closesInMs = rarely(fc.integer({ min: 60_000, max: 600_000 }));

/** Schedules relative to a time that the test knows later. */
const schedule: fc.Arbitrary<(now: number) => Schedule> = fc
  .record({
    opensInMs: fc.integer({ min: -10_000, max: 60_000 }),
    prequeueInMs: fc.option(fc.integer({ min: -10_000, max: 30_000 })),
    closesInMs,
    beacon,
  })
  .map((times) => (now) => ({
    prequeueAt: times.prequeueInMs === null ? null : now + Math.min(times.prequeueInMs, times.opensInMs),
    opensAt: now + times.opensInMs,
    closesAt: times.closesInMs === null ? null : now + Math.max(0, times.opensInMs) + times.closesInMs,
    beacon: times.beacon,
  }));

/** Settings of a room that is created at `T0`, with a beacon or without. */
export const anyRoomSettings: fc.Arbitrary<RoomSettings> = fc
  .record({
    rules: anyPolicy,
    opensInMs: fc.integer({ min: 0, max: 5_000 }),
    isEarly: fc.boolean(),
    closesInMs,
    beacon,
  })
  .map(({ rules, opensInMs, isEarly, closesInMs, beacon }) =>
    settings(rules, {
      prequeueAt: isEarly ? null : T0 + Math.floor(opensInMs / 2),
      opensInMs,
      closesAt: closesInMs === null ? null : T0 + opensInMs + closesInMs,
      beacon,
    }),
  );

const count = fc.integer({ min: 0, max: 9 });

const observed: fc.Arbitrary<Observed> = fc.record(
  {
    refused: fc.record(
      { noAdmission: count, badToken: count, prefetch: count, tooOften: count, crossSite: count },
      { requiredKeys: [] },
    ),
    origin: fc.record({
      answers: count,
      errors: count,
      unreachable: count,
      latency: fc.array(count, { maxLength: LATENCY_BOUNDS_MS.length + 1 }),
    }),
    store: fc.record({ conflicts: count, retries: count }),
  },
  { requiredKeys: ['refused', 'origin'] },
);

/** A position: one that was given, or one just beyond. */
function positionAt({ line }: RoomDocument, share: number): number {
  return 1 + Math.floor(share * (line.issued + 2));
}

/** A session that is there, where there is any, by its right id or by another. */
const session = fc.record({ share, isRight: fc.integer({ min: 0, max: 9 }).map((digit) => digit > 0) });

function sessionAt({ room, sessions }: LoadedRoom, { share, isRight }: { share: number; isRight: boolean }) {
  const [position, record] = [...sessions][Math.floor(share * sessions.size)] ?? [positionAt(room, share), undefined];
  return { epoch: room.epoch, position, sid: isRight && record !== undefined ? record.sid : 'sid-of-nothing' };
}

/** The same by its visitor. */
function visitAt(loaded: LoadedRoom, wanted: { share: number; isRight: boolean }) {
  const { epoch, position } = sessionAt(loaded, wanted);
  const holder = wanted.isRight ? loaded.sessions.get(position)?.visitor : undefined;
  return { epoch, position, visitor: holder ?? 'visitor-of-nothing' };
}

/** Who calls for the origin: a response, or a signed call that may be a replay or come too late. */
const call: fc.Arbitrary<Builder<OriginCall>> = fc
  .tuple(fc.boolean(), fc.nat(11), fc.nat(3))
  .map(([isSigned, id, secondsAgo]) => ({ room }) => {
    if (!isSigned) return { by: null, mark: null };
    return { by: 'site-1', mark: { id: `call-${id}`, at: Math.floor(room.at / 1_000 - secondsAgo) * 1_000 } };
  });

const lotName = fc.constantFrom('gangnam', 'seocho', 'songpa');

const drawSecret = fc.constantFrom<DrawSecret>(OTHER_SECRET, sealed(OTHER_SECRET), sealed(SECRET));

const alarmKind = fc.constantFrom(...ROOM_ALARM_KINDS);

/** A notice that there is, or one that there never was. */
const notice = share.map((share) => ({ room }: LoadedRoom) => {
  const { notices } = room.alarms;
  return notices[Math.floor(share * notices.length)] ?? { number: 99, event: 'raised' as const };
});
const alarmTarget = fc.constantFrom('chat', 'pager', 'mail');

export const changes: ByKind<Change, LoadedRoom> = {
  setFlow: {
    weight: 4,
    arbitrary: fc
      .constantFrom('running', 'running', 'paused', 'held')
      .map((flow) => () => ({ kind: 'setFlow', flow }) as const),
  },
  setPolicy: {
    weight: 3,
    arbitrary: anyPolicy.map((policy) => () => ({ kind: 'setPolicy', policy })),
  },
  setSchedule: {
    weight: 2,
    arbitrary: fc.tuple(schedule, drawSecret).map(([scheduleFrom, secret]) => ({ room }) => {
      return { kind: 'setSchedule', schedule: scheduleFrom(room.at), secret };
    }),
  },
  openNow: { weight: 1, arbitrary: drawSecret.map((secret) => () => ({ kind: 'openNow', secret })) },
  cancelOpening: { weight: 1, arbitrary: fc.constant(() => ({ kind: 'cancelOpening' })) },
  recommit: { weight: 1, arbitrary: drawSecret.map((secret) => () => ({ kind: 'recommit', secret })) },
  setMessage: {
    weight: 1,
    arbitrary: fc.option(fc.string()).map((en) => () => {
      return { kind: 'setMessage', text: en === null ? null : { ko: '잠시만요', en } };
    }),
  },
  close: { weight: 1, arbitrary: fc.constant(() => ({ kind: 'close' })) },
  revokeAll: { weight: 1, arbitrary: fc.constant(() => ({ kind: 'revokeAll' })) },
  endSession: {
    weight: 2,
    arbitrary: session.map((wanted) => (loaded) => {
      return { kind: 'endSession', position: sessionAt(loaded, wanted).position };
    }),
  },
  givePass: {
    weight: 2,
    arbitrary: fc.tuple(visitorName, fc.boolean()).map(([name, isToBeUsed]) => ({ room }) => {
      const useBy = isToBeUsed ? room.at + 30_000 : null;
      return { kind: 'givePass', sid: `pass-${name}`, expiresAt: room.at + 600_000, useBy };
    }),
  },
  acknowledgeAlarm: { weight: 1, arbitrary: alarmKind.map((alarm) => () => ({ kind: 'acknowledgeAlarm', alarm })) },
  usePass: {
    weight: 2,
    arbitrary: fc.tuple(visitorName, share).map(([name, share]) => ({ room }) => {
      const { passes } = room.changes;
      return { kind: 'usePass', sid: passes[Math.floor(share * passes.length)]?.sid ?? `pass-${name}` };
    }),
  },
};

export const commands: ByKind<Command, LoadedRoom> = {
  configure: {
    weight: 1,
    arbitrary: fc
      .record({
        policy: anyPolicy,
        digest: fc.constantFrom('first', 'second', 'third'),
        schedule,
        isTimed: fc.boolean(),
      })
      .map(({ policy, digest, schedule, isTimed }) => ({ room }) => {
        const { opensAt, ...rest } = schedule(room.at);
        const opening = isTimed ? { opensAt } : { opensInMs: 0 };
        const settings = { room: room.room, policy, schedule: { ...rest, ...opening } };
        return { kind: 'configure', by: OPERATOR, settings, digest, secret: OTHER_SECRET };
      }),
  },
  tick: { weight: 4, arbitrary: fc.constant(() => ({ kind: 'tick' })) },
  join: {
    weight: 16,
    // Each command proposes a session id of its own, as a gateway does.
    arbitrary: fc.tuple(visitorName, fc.boolean(), fc.boolean()).map(([name, isDirect, provisional]) => ({ room }) => {
      const sid = isDirect ? `sid-${name}-joined-at-${highestNumber(room.line)}` : null;
      return { kind: 'join', visitor: `visitor-${name}`, sid, provisional };
    }),
  },
  lease: {
    weight: 8,
    arbitrary: fc.tuple(fc.integer({ min: 1, max: 20 }), fc.nat(20)).map(([count, ahead]) => () => ({
      kind: 'lease',
      count,
      ahead,
    })),
  },
  returnLease: {
    weight: 6,
    // A part of one of the last leases, which may have been returned before.
    arbitrary: fc.tuple(fc.nat(4), share, share, fc.boolean()).map(([back, from, part, isRight]) => ({ room }) => {
      const lease = room.line.leaseSeq - back;
      const [, [first, length]] = room.line.leases.find(([name]) => name === lease) ?? [0, [1, 9]];
      const epoch = isRight ? room.epoch : room.epoch + 1;
      const returned = first + Math.floor(from * (length + 1));
      return {
        kind: 'returnLease',
        epoch,
        lease,
        first: returned,
        count: Math.ceil(part * (first + length - returned)),
      };
    }),
  },
  claim: {
    weight: 14,
    arbitrary: fc.tuple(share, visitorName).map(([share, name]) => ({ room }) => {
      const position = positionAt(room, share);
      return { kind: 'claim', epoch: room.epoch, position, visitor: `visitor-${name}`, sid: `sid-${position}-${name}` };
    }),
  },
  renew: { weight: 4, arbitrary: session.map((wanted) => (room) => ({ kind: 'renew', ...sessionAt(room, wanted) })) },
  end: {
    weight: 8,
    arbitrary: fc
      .tuple(session, fc.constantFrom('left', 'completed', 'revoked'), fc.constantFrom('sid', 'visitor', 'call'), call)
      .map(([wanted, reason, by, called]) => (loaded) => {
        if (by === 'sid') return { kind: 'end', ...sessionAt(loaded, wanted), reason };
        const reference = wanted.share < 0.5 ? null : 'A-1';
        const ofOrigin = by === 'call' ? { reference, call: called(loaded) } : {};
        return { kind: 'end', ...visitAt(loaded, wanted), reason, ...ofOrigin };
      }),
  },
  readmit: {
    weight: 5,
    arbitrary: fc.tuple(session, call).map(([wanted, called]) => (loaded) => {
      return { kind: 'readmit', ...visitAt(loaded, wanted), call: called(loaded) };
    }),
  },
  lookUp: {
    weight: 1,
    arbitrary: session.map((wanted) => (loaded) => ({ kind: 'lookUp', ...visitAt(loaded, wanted) })),
  },
  redeem: {
    weight: 2,
    arbitrary: fc.tuple(session, fc.nat(3_000)).map(([wanted, ageMs]) => (loaded) => {
      return { kind: 'redeem', ...sessionAt(loaded, wanted), issuedAt: loaded.room.at - ageMs };
    }),
  },
  change: {
    weight: 8,
    arbitrary: fc
      .record({
        wanted: fc.oneof(...Object.values(changes)) as fc.Arbitrary<Builder<Change>>,
        // Null: any version; 0: the version in force; 1: the one before.
        behind: fc.option(fc.integer({ min: 0, max: 1 })),
        stage: rarely(fc.constantFrom('ahead', 'running', 'over')),
        repeatedId: rarely(fc.integer({ min: 0, max: 2 })),
      })
      .map(({ wanted, behind, stage, repeatedId }) => (loaded) => {
        const ifVersion = behind === null ? null : loaded.room.changes.version - behind;
        const built = change(wanted(loaded), ifVersion);
        if (stage !== null) built.ifStage = stage;
        return repeatedId === null ? built : { ...built, id: `repeated-${repeatedId}` };
      }),
  },
  report: {
    weight: 3,
    arbitrary: fc
      .record({
        gateway: visitorName,
        seq: fc.integer({ min: 1, max: 9 }),
        behind: fc.integer({ min: 0, max: 1 }),
        observed,
        alarms: fc.option(fc.array(fc.record({ kind: alarmKind, figures: fc.string() }), { maxLength: 4 })),
        operators: fc.option(fc.uniqueArray(fc.constantFrom('kim', 'lee', 'park'), { maxLength: 3 })),
      })
      .map(({ gateway, seq, behind, observed, alarms, operators }) => ({ room }) => {
        const here = operators?.map((id) => ({ id, name: id, role: 'operator' as const }));
        const seen = { ...(alarms === null ? {} : { alarms }), ...(here === undefined ? {} : { operators: here }) };
        return { kind: 'report', gateway, seq, version: room.changes.version - behind, observed, ...seen };
      }),
  },
  restorePlace: {
    weight: 1,
    arbitrary: fc.tuple(share, fc.constantFrom('entry', 'position')).map(([share, kind]) => ({ room }) => {
      return { kind: 'restorePlace', epoch: room.epoch, place: { kind, number: positionAt(room, share) } };
    }),
  },
  restoreSession: {
    weight: 1,
    // An admission token of this epoch that was issued since the opening.
    arbitrary: fc.tuple(share, share, visitorName).map(([place, time, name]) => ({ room }) => {
      const position = positionAt(room, place);
      const { opensAt } = room.config.schedule;
      const admitAt = opensAt + Math.floor(time * Math.max(0, room.at - opensAt));
      return {
        kind: 'restoreSession',
        epoch: room.epoch,
        position,
        visitor: `visitor-${name}`,
        sid: `sid-${position}-${name}-restored`,
        admitAt,
        expiresAt: admitAt + room.config.policy.sessionMs,
      };
    }),
  },
  draw: {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(SECRET, OTHER_SECRET), fc.boolean())
      .map(([secret, hasBeacon]) => ({ room: { epoch, config } }) => {
        const { beacon, opensAt } = config.schedule;
        const given = hasBeacon && beacon !== null ? beaconFor(opensAt, beacon) : null;
        return { kind: 'draw', epoch, secret, beacon: given };
      }),
  },
  reportStock: {
    weight: 3,
    arbitrary: fc
      .tuple(rarely(fc.constant(null)), fc.nat(9), fc.nat(2_000), fc.constantFrom('total', 'lots', 'counts'), lotName)
      .map(([sum, remaining, ageMs, form, id]) => ({ room }) => {
        const report = { kind: 'reportStock', remaining: sum ?? remaining, asOf: room.at - ageMs } as const;
        const name = { ko: id, en: id };
        if (form === 'lots') return { ...report, lots: [{ id, name, remaining, price: null }], by: 'site-1' };
        return form === 'counts' ? { ...report, counts: [{ id, remaining }] } : report;
      }),
  },
  reportProbe: {
    weight: 1,
    arbitrary: fc.constantFrom(true, true, false).map((good) => () => ({ kind: 'reportProbe', good })),
  },
  takeNotice: {
    weight: 2,
    arbitrary: fc.tuple(notice, fc.uniqueArray(alarmTarget)).map(([notice, targets]) => (loaded) => {
      const { number, event } = notice(loaded);
      return { kind: 'takeNotice', number, event, targets };
    }),
  },
  reportDelivery: {
    weight: 2,
    arbitrary: fc
      .record({
        notice,
        target: alarmTarget,
        attempt: fc.integer({ min: 1, max: 5 }),
        status: fc.constantFrom(null, 200, 400, 503),
      })
      .map(({ notice, target, attempt, status }) => (loaded) => {
        const { number, event } = notice(loaded);
        return { kind: 'reportDelivery', number, event, target, name: target, attempt, status };
      }),
  },
  reportOverload: {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(0, 0, 5_000), call).map(([forMs, called]) => (loaded) => {
      return { kind: 'reportOverload', forMs, call: called(loaded) };
    }),
  },
};

export const scenarioStep: fc.Arbitrary<ScenarioStep> = fc.record({
  afterMs: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 3_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: -5_000, max: 200_000 }) },
  ),
  command: fc.oneof(...Object.values(commands)) as fc.Arbitrary<Builder<Command>>,
});
