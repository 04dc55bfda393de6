// Recovery of a room whose store came back older than what it had acknowledged. Whatever was lost, and in whatever order the
// gateways report what they saw, no two visitors hold one number, and the limits hold over everything that was acknowledged.
// The ledger of acknowledged replies here shares no line with the core.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AuditRecord, faultIn } from '../../queue-core/audit.ts';
import type { Command, Reply } from '../../queue-core/command.ts';
import { NOTHING_OBSERVED } from '../../queue-core/document/history-state.ts';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import type { SessionRecord } from '../../queue-core/document/session-record.ts';
import { brokenIn } from '../../queue-core/invariants.ts';
import { LOST_JOINS_MIN, LOST_MS_MAX, RECOVERY_MS } from '../../queue-core/limits.ts';
import type { Effect, Put } from '../../queue-core/machine.ts';
import { roomMachine } from '../../queue-core/step.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { CheckedRoom } from './checked-room.ts';
import { deepFreeze } from './deep-freeze.ts';
import { change, claim, configure, epochAt, join, OTHER_SECRET, policy, settings, T0 } from './sample-rooms.ts';
import { anyRoomSettings, type ScenarioStep, scenarioStep } from './scenarios.ts';
import { type Tables, writtenTo } from './tables.ts';

const GATEWAYS = ['north', 'south', 'west'] as const;
type Gateway = (typeof GATEWAYS)[number];

interface Commit {
  by: Gateway;
  document: RoomDocument;
  puts: Put[];
  /** Numbers of the commits that the document continues. */
  contains: ReadonlySet<number>;
}

/** A store that can lose commits, and the ledger of everything that it acknowledged to visitors. */
class LossyStore {
  readonly commits: Commit[] = [];
  readonly places = new Map<string, string>();
  readonly grants = new Map<string, { position: number; visitor: string; from: EpochMs; until: EpochMs }>();
  readonly faults: string[] = [];
  #document: RoomDocument | null = null;
  #contains: ReadonlySet<number> = new Set();
  #sessions = new Map<number, SessionRecord>();
  #seen = new Map<Gateway, number>();
  #limit: number;
  #intervalMs: number;

  constructor(room: ReturnType<typeof settings>) {
    this.#limit = room.policy.totalActiveUsers;
    this.#intervalMs = 60_000 / room.policy.newUsersPerMinute;
    this.run('north', T0, [configure(room)]);
  }

  get document(): RoomDocument {
    if (this.#document === null) throw new Error('The store is empty.');
    return this.#document;
  }

  get sessions(): ReadonlyMap<number, SessionRecord> {
    return this.#sessions;
  }

  run(by: Gateway, at: EpochMs, commands: Command[]): Reply[] {
    deepFreeze([this.#document, commands]);
    const { document, replies, effects } = roomMachine.run(this.#document, this.#sessions, commands, at);
    const isRecovering = roomMachine.isRecovering(document, at);
    const contains = isRecovering ? this.#contains : new Set([...this.#contains, this.commits.length]);
    this.#commit(by, document, effects, contains);
    for (const [index, command] of commands.entries()) this.#acknowledge(command, replies[index], document.at);
    return replies;
  }

  /** The gateway reads the room as it does once a second. */
  report(by: Gateway, at: EpochMs): void {
    const seq = this.commits.length + 1;
    this.run(by, at, [
      { kind: 'report', gateway: by, seq, version: this.document.changes.version, observed: NOTHING_OBSERVED },
    ]);
  }

  /** Loses every commit after this one; null: all of them. */
  lose(after: number | null): void {
    const remaining = after === null ? [] : this.commits.slice(0, after + 1);
    this.#document = remaining.at(-1)?.document ?? null;
    this.#contains = remaining.at(-1)?.contains ?? new Set();
    this.#sessions = new Map();
    for (const { puts } of remaining) this.#put(puts);
  }

  /** Recovers the room with what this gateway last saw. */
  witness(by: Gateway, at: EpochMs, lostAfter: number): void {
    const seen = this.#seen.get(by);
    const last = seen === undefined || seen <= lostAfter ? undefined : this.commits[seen];
    const own = this.commits.filter((commit, index) => commit.by === by && index > lostAfter && index <= (seen ?? -1));
    const relation = this.#relation(last?.contains ?? new Set());
    const rows = own.flatMap(({ puts }) => puts);
    const witness = last === undefined ? null : { document: last.document, relation, rows };
    deepFreeze([this.#document, witness]);
    const recovered = roomMachine.recover(this.#document, witness, this.#sessions, at);
    if (recovered === null) return;
    const contains = new Set([...this.#contains, ...(last?.contains ?? [])]);
    this.#commit(by, recovered.document, recovered.effects, contains);
  }

  #relation(seen: ReadonlySet<number>): 'after' | 'before' | 'diverged' {
    if (this.#contains.isSubsetOf(seen)) return 'after';
    return seen.isSubsetOf(this.#contains) ? 'before' : 'diverged';
  }

  #commit(by: Gateway, document: RoomDocument, effects: readonly Effect[], contains: ReadonlySet<number>): void {
    const puts = deepFreeze(effects).filter((effect) => effect.kind === 'put');
    if (effects.some(({ kind, table }) => kind === 'clear' && table === 'session')) this.#sessions = new Map();
    this.#put(puts);
    this.#document = document;
    this.#contains = contains;
    this.commits.push({ by, document, puts, contains });
    this.#seen.set(by, this.commits.length - 1);
  }

  #put(puts: readonly Put[]): void {
    for (const put of puts) if (put.table === 'session') this.#sessions.set(put.key, put.row);
  }

  #acknowledge(command: Command, reply: Reply | undefined, now: EpochMs): void {
    if (reply?.kind === 'joined' && command.kind === 'join') {
      const number = `${reply.epoch} ${reply.place.kind} ${reply.place.number}`;
      this.#give(number, command.visitor);
      if (reply.claim?.kind === 'admitted') this.#grant(reply.claim, command.visitor, now);
    }
    if (reply?.kind === 'leased') {
      const lease = `lease ${this.places.size}`;
      for (let number = reply.first; number < reply.first + reply.count; number++) {
        this.#give(`${reply.epoch} ${reply.places} ${number}`, lease);
      }
    }
    if (reply?.kind === 'admitted' && command.kind === 'claim') this.#grant(reply, command.visitor, now);
    if (reply?.kind === 'admitted' && command.kind === 'renew') {
      const grant = this.grants.get(command.sid);
      if (grant !== undefined) grant.until = Math.max(grant.until, reply.expiresAt);
    }
    if (reply?.kind === 'ended' && command.kind === 'end' && 'sid' in command) {
      const grant = this.grants.get(command.sid);
      if (grant !== undefined) grant.until = Math.min(grant.until, now);
    }
  }

  #give(number: string, holder: string): void {
    if (this.places.has(number)) this.faults.push(`${number} was given twice`);
    this.places.set(number, holder);
  }

  #grant(reply: Extract<Reply, { kind: 'admitted' }>, visitor: string, now: EpochMs): void {
    const { sid, position, admitAt, expiresAt } = reply;
    const known = this.grants.get(sid);
    if (known !== undefined) {
      known.until = Math.max(known.until, known.until < now ? 0 : expiresAt);
      return;
    }
    const others = [...this.grants.values()];
    if (others.some((other) => other.position === position && other.visitor !== visitor)) {
      this.faults.push(`position ${position} admitted two visitors`);
    }
    const living = others.filter(({ until }) => until > now).length + 1;
    if (living > this.#limit) this.faults.push(`${living} sessions at once, of ${this.#limit}`);
    for (const { from } of others) {
      if (Math.abs(from - admitAt) < this.#intervalMs - 0.01)
        this.faults.push(`slots ${from} and ${admitAt} are too close`);
    }
    this.grants.set(sid, { position, visitor, from: admitAt, until: expiresAt });
  }
}

const gateway = fc.constantFrom(...GATEWAYS);
type Builder = (store: LossyStore, serial: number) => Command;

const builder: fc.Arbitrary<Builder> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.boolean().map(
      (isDirect): Builder =>
        (_, serial) =>
          join(`${serial}`, isDirect),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.double({ min: 0, max: 1, noNaN: true }).map(
      (share): Builder =>
        ({ document, places }) => {
          const position = 1 + Math.floor(share * document.pacing.called);
          const holder = places.get(`1 position ${position}`) ?? 'unknown';
          const visitor = holder.replace('join-', 'visitor-');
          return { kind: 'claim', epoch: 1, position, visitor, sid: `sid-of-${visitor}` };
        },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(200), fc.boolean()).map(
      ([index, isRenewal]): Builder =>
        ({ grants }) => {
          const [sid, grant] = [...grants][index % Math.max(1, grants.size)] ?? ['none', { position: 1 }];
          const session = { epoch: 1, position: grant.position, sid };
          return isRenewal ? { kind: 'renew', ...session } : { kind: 'end', ...session, reason: 'left' };
        },
    ),
  },
  { weight: 1, arbitrary: fc.constant<Builder>(() => change({ kind: 'setMessage', text: null })) },
);

interface Event {
  by: Gateway;
  afterMs: number;
  build: Builder;
}

const events = (afterMsMax: number, maxLength: number): fc.Arbitrary<Event[]> =>
  fc.array(fc.record({ by: gateway, afterMs: fc.nat(afterMsMax), build: builder }), {
    minLength: 5,
    maxLength,
    size: 'max',
  });

const loss = fc.record({
  totalActiveUsers: fc.integer({ min: 2, max: 12 }),
  before: events(900, 80),
  lost: events(200, 25),
  after: events(900, 60),
  order: fc.shuffledSubarray([...GATEWAYS], { minLength: 3, maxLength: 3 }),
});

/** Lets every call lapse and every session end, and reads the document as a store does. */
function settle(store: LossyStore, from: EpochMs): void {
  for (let at = from; at < from + 120_000; at += 5_000) store.report('north', at);
  expect(roomMachine.decode(roomMachine.encode(store.document))).toEqual(store.document);
}

let serial = 0;

function apply(store: LossyStore, from: EpochMs, all: readonly Event[]): EpochMs {
  let now = from;
  for (const { by, afterMs, build } of all) {
    now += afterMs;
    serial++;
    store.run(by, now, [build(store, serial)]);
    store.report(by, now);
  }
  return now;
}

/** A store right before it loses what came after `lostAfter`. Every gateway has reported right before that. */
function beforeLoss({ totalActiveUsers, before, lost }: { totalActiveUsers: number; before: Event[]; lost: Event[] }) {
  const store = new LossyStore(
    settings({ totalActiveUsers, newUsersPerMinute: 120, sessionMs: 60_000, claimWindowMs: 30_000 }),
  );
  let now = apply(store, T0 + 1_000, before);
  for (const name of GATEWAYS) store.report(name, now);
  const lostAfter = store.commits.length - 1;
  const lostFrom = now;
  now = apply(store, now, lost);
  return { store, now, lostAfter, lostFrom };
}

interface PartedRoom {
  document: RoomDocument;
  tables: Tables;
  puts: Put[];
}

/** Runs a scenario. @returns the rows that it wrote */
function goOn(room: CheckedRoom, scenario: readonly ScenarioStep[]): Put[] {
  let now = room.document.at;
  return scenario.flatMap(({ afterMs, command }) => {
    now += afterMs;
    const { effects } = room.run(now, [command({ room: room.document, sessions: room.sessions })]);
    return effects.filter((effect) => effect.kind === 'put');
  });
}

describe('recovery', () => {
  test('after every gateway reported what it saw, in any order, no number was given twice and the limits hold', () => {
    fc.assert(
      fc.property(loss, fc.boolean(), ({ order, after, ...rest }, isEverythingLost) => {
        const { store, now, lostAfter } = beforeLoss(rest);
        const { issued } = store.document.line;
        const { called } = store.document.pacing;
        const { version } = store.document.changes;
        store.lose(isEverythingLost ? null : lostAfter);
        for (const [index, name] of order.entries()) {
          store.witness(name, now + 300 * (index + 1), isEverythingLost ? -1 : lostAfter);
          // A join between two reports has to be retried.
          if (store.commits.length > 0) {
            expect(store.run(name, now + 300 * (index + 1), [join(`early-${serial}-${index}`)])).toEqual([
              { kind: 'recovering' },
            ]);
          }
          store.report(name, now + 300 * (index + 1));
        }
        expect(store.document).toMatchObject({ line: { issued }, changes: { version } });
        expect(store.document.pacing.called).toBe(called);
        settle(store, apply(store, now + RECOVERY_MS + 1_500, after));
        expect(store.faults).toEqual([]);
        expect(brokenIn(store.document, store.sessions)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test('after a gateway died with the store, no number that only it knew is given again and the limits hold', () => {
    fc.assert(
      fc.property(loss, gateway, ({ after, ...rest }, dead) => {
        const { store, now, lostAfter, lostFrom } = beforeLoss(rest);
        fc.pre(now - lostFrom <= LOST_MS_MAX && rest.lost.length < LOST_JOINS_MIN);
        store.lose(lostAfter);
        for (const name of GATEWAYS) {
          if (name === dead) continue;
          store.witness(name, now + 1_000, lostAfter);
          store.report(name, now + 1_000);
        }
        const successor = GATEWAYS.find((name) => name !== dead) ?? 'north';
        const alive = after.map((event) => ({ ...event, by: event.by === dead ? successor : event.by }));
        settle(store, apply(store, now + RECOVERY_MS + 1_500, alive));
        expect(store.faults).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test('every session and slot that a dead gateway may have acknowledged is counted until it would have ended', () => {
    const store = new LossyStore(settings({ totalActiveUsers: 1_000, newUsersPerMinute: 6_000 }));
    for (const name of GATEWAYS) store.report(name, T0 + 1_000);
    const lostAfter = store.commits.length - 1;
    for (let at = T0 + 1_000; at < T0 + 5_000; at += 100) {
      store.run('south', at, [join(`${at}`, true), join(`${at + 1}`, true)]);
    }
    const lost = [...store.grants.values()];
    store.lose(lostAfter);
    for (const name of ['north', 'west'] as const) {
      store.witness(name, T0 + 6_000, lostAfter);
      store.report(name, T0 + 6_000);
    }
    const concluded = T0 + 6_000 + RECOVERY_MS;
    store.report('north', concluded);
    expect(lost.length).toBeGreaterThan(20);
    expect(store.document.sessions.active).toBeGreaterThanOrEqual(lost.length);
    expect(store.document.pacing.lastSlotMicros).toBeGreaterThanOrEqual(
      Math.max(concluded, ...lost.map(({ from }) => from)),
    );
    const ends = Math.max(...lost.map(({ until }) => until));
    store.report('north', ends);
    expect(store.document.sessions.active).toBeGreaterThan(0);
    store.report('north', ends + 20_000);
    expect(store.document.sessions.active).toBe(0);
  });

  test('sessions of a rush that only a dead gateway saw count against the limit, however far ahead their slots were', () => {
    const opening = { prequeueAt: T0, opensInMs: 10_000 };
    const store = new LossyStore(settings({ totalActiveUsers: 90, newUsersPerMinute: 600 }, opening));
    store.run(
      'north',
      T0 + 5_000,
      Array.from({ length: 400 }, (_, index) => join(`${index}`)),
    );
    for (const name of GATEWAYS) store.report(name, T0 + 9_999);
    const lostAfter = store.commits.length - 1;
    // Every visitor claims as soon as they are called, and once.
    let next = 1;
    const claimAll = (by: Gateway, at: EpochMs) => {
      store.run(by, at, [{ kind: 'tick' }]);
      for (; next <= store.document.pacing.called; next++) store.run(by, at, [claim(next, `at-${next}`)]);
    };
    for (let at = T0 + 10_000; at < T0 + 10_000 + LOST_MS_MAX; at += 100) claimAll('south', at);
    expect(store.grants.size).toBeGreaterThan(60);
    store.lose(lostAfter);
    for (const name of ['north', 'west'] as const) {
      store.witness(name, T0 + 16_000, lostAfter);
      store.report(name, T0 + 16_000);
    }
    for (let at = T0 + 16_000 + RECOVERY_MS; at < T0 + 90_000; at += 1_000) claimAll('north', at);
    expect(store.grants.size).toBeGreaterThan(75);
    expect(store.faults).toEqual([]);
  });

  test('a session whose ending only a dead gateway wrote counts until it ends again; otherwise no vacancy is reserved', () => {
    const store = new LossyStore(settings({ totalActiveUsers: 3, newUsersPerMinute: 6_000 }));
    for (const name of GATEWAYS) store.report(name, T0 + 1_000);
    const lostAfter = store.commits.length - 1;
    const leave: Command = { kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' };
    // Its end is counted in one bucket with those of the others.
    store.run('north', T0 + 2_050, [join('a', true)]);
    store.run('west', T0 + 2_100, [leave]);
    for (const [index, name] of ['b', 'c', 'd'].entries()) store.run('north', T0 + 2_200 + index, [join(name, true)]);
    store.run('north', T0 + 2_300, [join('e')]);
    expect(store.document.sessions.active).toBe(3);
    store.lose(lostAfter);
    for (const name of ['north', 'south'] as const) {
      store.witness(name, T0 + 3_000, lostAfter);
      store.report(name, T0 + 3_000);
    }
    const now = T0 + 3_000 + RECOVERY_MS;
    expect(store.run('north', now, [leave])).toMatchObject([{ kind: 'ended' }]);
    for (let at = now; at < now + 5_000; at += 1_000) store.run('north', at, [claim(5, 'e')]);
    expect(store.faults).toEqual([]);
    // Where the gateway that wrote the ending reports it, no vacancy is reserved.
    const complete = new LossyStore(settings({ totalActiveUsers: 3, newUsersPerMinute: 6_000 }));
    for (const name of GATEWAYS) complete.report(name, T0 + 1_000);
    complete.run('north', T0 + 2_000, [join('a', true)]);
    complete.run('west', T0 + 2_100, [leave]);
    complete.lose(lostAfter);
    for (const name of GATEWAYS) {
      complete.witness(name, T0 + 3_000, lostAfter);
      complete.report(name, T0 + 3_000);
    }
    complete.report('north', T0 + 3_000 + RECOVERY_MS);
    expect(complete.document.sessions.active).toBe(0);
  });

  test('where two histories diverged, the sessions of both count once, and numbers continue above both', () => {
    const store = new LossyStore(settings({ totalActiveUsers: 3, newUsersPerMinute: 6_000 }));
    store.run('north', T0 + 1_000, [join('a', true)]);
    const lostAfter = store.commits.length - 1;
    store.run('south', T0 + 2_000, [join('b', true), join('c')]);
    store.lose(lostAfter);
    // North has not noticed the loss and continues.
    store.run('north', T0 + 2_100, [join('d', true)]);
    store.witness('south', T0 + 2_200, lostAfter);
    // The first of both, and one of each.
    expect(store.document).toMatchObject({ line: { issued: 3 }, sessions: { active: 3 } });
    const [reply] = store.run('north', T0 + 2_200 + RECOVERY_MS, [join('e', true)]);
    expect(reply).toMatchObject({ place: { number: 4 }, claim: null });
  });

  test('whatever two clients did after their histories parted, the room that goes on is whole, above the numbers of both', () => {
    const steps = fc.array(scenarioStep, { maxLength: 40, size: 'max' });
    fc.assert(
      fc.property(anyRoomSettings, steps, steps, steps, (roomSettings, before, north, south) => {
        const common = new CheckedRoom();
        common.send(T0, configure(roomSettings));
        goOn(common, before);
        const [stored, seen] = [north, south].map((scenario) => {
          const room = new CheckedRoom();
          room.document = common.document;
          room.tables = common.tables;
          const puts = goOn(room, scenario);
          return deepFreeze({ document: room.document, tables: room.tables, puts });
        }) as [PartedRoom, PartedRoom];
        fc.pre(stored.document.epoch === seen.document.epoch);
        const rows = [...new Map(seen.puts.map((put) => [`${put.table} ${put.key}`, put])).values()];
        const witness = { document: seen.document, relation: 'diverged' as const, rows };
        const now = Math.max(stored.document.at, seen.document.at) + 1;
        const recovered = roomMachine.recover(stored.document, witness, stored.tables.session, now);
        if (recovered === null) throw new Error('There was nothing to recover.');
        const { document } = recovered;
        expect(roomMachine.decode(roomMachine.encode(document))).toStrictEqual(document);
        const tables = writtenTo(stored.tables, recovered.effects);
        // Where each side opened the room by itself, slots of one may be before the opening of the other.
        const openings = [stored, seen].flatMap(({ document: { draw, config } }) =>
          draw.entries === null ? [] : [config.schedule.opensAt],
        );
        const unavoidable = new Set(openings).size > 1 ? [8] : [];
        expect(brokenIn(document, tables.session).filter((number) => !unavoidable.includes(number))).toEqual([]);
        expect(faultIn([...tables.audit.values()].toSorted((a, b) => a.seq - b.seq))).toBeNull();
        expect(document.changes.audit.hash).toBe(tables.audit.get(document.changes.audit.seq)?.hash);
        const living = new Map(
          [stored, seen].flatMap((side) =>
            [...side.tables.session.values()].flatMap((row) =>
              row.ended === null && row.generation === document.sessions.generation && row.countsUntil > now
                ? [[row.sid, row] as const]
                : [],
            ),
          ),
        );
        for (const { ended, sid } of [...stored.tables.session.values(), ...seen.tables.session.values()]) {
          if (ended !== null) living.delete(sid);
        }
        expect(document.sessions.active).toBeGreaterThanOrEqual(living.size);
        for (const side of [stored.document, seen.document]) {
          expect(document.line.issued).toBeGreaterThanOrEqual(side.line.issued);
          if (document.draw.entries === null) expect(document.line.entries).toBeGreaterThanOrEqual(side.line.entries);
          expect(document.pacing.called).toBeGreaterThanOrEqual(side.pacing.called);
          expect(document.pacing.lastSlotMicros ?? 0).toBeGreaterThanOrEqual(side.pacing.lastSlotMicros ?? 0);
          expect(document.endings.seq).toBeGreaterThanOrEqual(side.endings.seq);
          expect(document.changes.version).toBeGreaterThanOrEqual(side.changes.version);
          expect(document.sessions.generation).toBeGreaterThanOrEqual(side.sessions.generation);
          expect(document.sessions.revokedAt).toBeGreaterThanOrEqual(side.sessions.revokedAt);
        }
        expect(document.endings.renewBefore).toBeGreaterThan(now);
        expect(document.changes.passes).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  test('after two histories diverged, a repeated join does not get a number that the other history gave', () => {
    const store = new LossyStore(settings());
    const lostAfter = store.commits.length - 1;
    // What south wrote was never acknowledged.
    store.run('south', T0 + 1_000, [join('b'), join('c')]);
    store.places.clear();
    store.lose(lostAfter);
    store.run('north', T0 + 1_100, [join('d')]);
    store.witness('south', T0 + 1_200, lostAfter);
    store.run('south', T0 + 1_200 + RECOVERY_MS, [join('b'), join('c')]);
    expect(store.faults).toEqual([]);
  });

  test('the audit log records the recovery and has no gap where a gateway had the lost records', () => {
    const store = new LossyStore(settings());
    const lostAfter = store.commits.length - 1;
    store.run('south', T0 + 1_000, [change({ kind: 'setPolicy', policy: policy({ newUsersPerMinute: 7 }) })]);
    store.lose(lostAfter);
    const before = store.commits.length;
    store.witness('south', T0 + 1_100, lostAfter);
    store.run('south', T0 + 1_100 + RECOVERY_MS, [{ kind: 'tick' }]);
    expect(store.document.config.policy.newUsersPerMinute).toBe(7);
    const remaining = [...store.commits.slice(0, lostAfter + 1), ...store.commits.slice(before)];
    const log = remaining.flatMap(({ puts }) => puts.flatMap((put) => (put.table === 'audit' ? [put.row] : [])));
    expect(faultIn(log)).toBeNull();
    expect(log.map(({ action }) => action)).toEqual(['configure', 'setPolicy', 'recover']);
  });

  test.each(['began a new epoch', 'continued without noticing the loss'] as const)(
    'the audit log has no gap where another gateway %s',
    (what) => {
      const store = new LossyStore(settings());
      const lostAfter = store.commits.length - 1;
      const log = new Map<number, AuditRecord>();
      const write = (commits: readonly Commit[]) => {
        for (const put of commits.flatMap(({ puts }) => puts)) if (put.table === 'audit') log.set(put.key, put.row);
      };
      write(store.commits);
      store.run('south', T0 + 1_000, [change({ kind: 'setPolicy', policy: policy({ newUsersPerMinute: 7 }) })]);
      if (what === 'began a new epoch') {
        const schedule = { prequeueAt: null, opensAt: T0 + 60_000, closesAt: null, beacon: null };
        store.run('north', T0 + 1_100, [change({ kind: 'setSchedule', schedule, secret: OTHER_SECRET }, 2)]);
        expect(store.document.epoch).toBe(epochAt(T0 + 1_100));
      }
      store.lose(lostAfter);
      const lostUpTo = store.commits.length;
      if (what === 'continued without noticing the loss') store.run('north', T0 + 1_200, [join('a')]);
      else store.witness('north', T0 + 1_300, lostAfter);
      store.witness('south', T0 + 1_400, lostAfter);
      store.run('south', T0 + 1_400 + RECOVERY_MS, [{ kind: 'tick' }]);
      write(store.commits.slice(lostUpTo));
      expect(faultIn([...log.values()].toSorted((a, b) => a.seq - b.seq))).toBeNull();
      expect(store.document.changes.audit.hash).toBe(log.get(store.document.changes.audit.seq)?.hash);
    },
  );

  test('a room that was created again after a total loss gives way to the room that another gateway saw', () => {
    const store = new LossyStore(settings());
    for (const name of ['a', 'b']) store.run('south', T0 + 1_000, [join(name, true)]);
    store.lose(null);
    store.run('north', T0 + 2_000, [{ ...configure(settings()), firstEpoch: 9 } as Command, join('c', true)]);
    expect(store.document).toMatchObject({ epoch: 9, line: { issued: 1 } });
    store.witness('south', T0 + 3_000, -1);
    expect(store.document).toMatchObject({ epoch: 1, line: { issued: 2 }, sessions: { active: 2 } });
    expect([...store.sessions.keys()].toSorted()).toEqual([1, 2]);
  });

  test('signed tokens restore places and sessions that no gateway remembers', () => {
    const store = new LossyStore(settings({ totalActiveUsers: 2 }));
    store.report('north', T0 + 1_000);
    const lostAfter = store.commits.length - 1;
    store.run('south', T0 + 1_000, [join('a', true), join('b', true)]);
    const session = store.grants.get('sid-a');
    store.lose(lostAfter);
    store.witness('north', T0 + 2_000, lostAfter);
    store.run('north', T0 + 2_000, [{ kind: 'restorePlace', epoch: 1, place: { kind: 'position', number: 2 } }]);
    expect(store.document.line.issued).toBe(2);
    const now = T0 + 2_000 + RECOVERY_MS;
    const proof = { epoch: 1, position: 1, visitor: 'visitor-a', sid: 'sid-a' };
    const renew: Command = { kind: 'renew', ...proof };
    expect(store.run('north', now, [renew])).toEqual([{ kind: 'refused', reason: 'unknownPosition' }]);
    const times = { admitAt: session?.from ?? 0, expiresAt: session?.until ?? 0 };
    const [, renewed] = store.run('north', now, [{ kind: 'restoreSession', ...proof, ...times }, renew]);
    expect(renewed).toMatchObject({ kind: 'admitted', sid: 'sid-a' });
    expect(store.document.sessions.active).toBeGreaterThanOrEqual(1);
    expect(store.run('north', now, [claim(1, 'other')])).toEqual([{ kind: 'refused', reason: 'foreignPosition' }]);
  });

  test('restorePlace ignores numbers that were given already and other epochs', () => {
    const store = new LossyStore(settings());
    store.run('north', T0 + 1_000, [join('a'), join('b')]);
    const { issued } = store.document.line;
    const restorePlace = (epoch: number, number: number): Command => {
      return { kind: 'restorePlace', epoch, place: { kind: 'position', number } };
    };
    store.run('north', T0 + 1_000, [restorePlace(2, 50), restorePlace(1, 1)]);
    expect(store.document.line.issued).toBe(issued);
  });

  test('a claim whose record was lost with a dead gateway can be repeated, and its call lapses like any other', () => {
    const store = new LossyStore(settings({ claimWindowMs: 30_000 }));
    store.run('north', T0 + 1_000, [join('a')]);
    for (const name of ['north', 'south'] as const) store.report(name, T0 + 1_000);
    const lostAfter = store.commits.length - 1;
    store.run('south', T0 + 1_500, [claim(1, 'a')]);
    store.report('north', T0 + 2_000);
    store.lose(lostAfter);
    store.witness('north', T0 + 3_000, lostAfter);
    const now = T0 + 3_000 + RECOVERY_MS;
    expect(store.run('north', now, [claim(1, 'a')])).toMatchObject([{ kind: 'admitted' }]);
    for (let second = 1; second <= 60; second++) store.report('north', now + second * 1_000);
    expect(store.document.pacing.lapsedThrough).toBeGreaterThan(0);
  });

  test('a session whose renewal was lost with a dead gateway can end, and the document stays readable', () => {
    const store = new LossyStore(settings({ sessionMs: 60_000 }));
    store.run('north', T0 + 1_000, [join('a', true)]);
    for (const name of ['north', 'south'] as const) store.report(name, T0 + 40_000);
    const lostAfter = store.commits.length - 1;
    store.run('south', T0 + 40_500, [{ kind: 'renew', epoch: 1, position: 1, sid: 'sid-a' }]);
    store.report('north', T0 + 41_000);
    store.lose(lostAfter);
    store.witness('north', T0 + 42_000, lostAfter);
    const end = { kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' } as const;
    expect(store.run('north', T0 + 42_000 + RECOVERY_MS, [end])).toMatchObject([{ kind: 'ended' }]);
    expect(roomMachine.decode(roomMachine.encode(store.document))).toEqual(store.document);
  });

  test('a session token restores nothing in a room that was set back to before its opening', () => {
    const store = new LossyStore(settings({}, { opensInMs: 60_000 }));
    store.report('north', T0 + 1_000);
    const lostAfter = store.commits.length - 1;
    store.run('south', T0 + 2_000, [change({ kind: 'openNow', secret: OTHER_SECRET }), join('a', true)]);
    store.lose(lostAfter);
    store.witness('north', T0 + 3_000, lostAfter);
    const proof = { epoch: 1, position: 1, visitor: 'visitor-a', sid: 'sid-a' };
    const token = { kind: 'restoreSession', ...proof, admitAt: T0 + 2_000, expiresAt: T0 + 300_000 } as const;
    store.run('north', T0 + 3_000 + RECOVERY_MS, [token]);
    expect(store.document.pacing.called).toBe(0);
  });
});
