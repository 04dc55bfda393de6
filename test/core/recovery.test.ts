// A store that comes back older than what it had acknowledged: whatever was lost, in whatever order its clients tell what
// they saw, nobody gets a number that somebody else has, and the limits hold over everything that was ever said. The book
// here knows nothing of the core: it only writes down what visitors were told.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AuditRecord, faultIn } from '../../queue-core/audit.ts';
import type { Command, Reply } from '../../queue-core/command.ts';
import { NOTHING_OBSERVED } from '../../queue-core/history.ts';
import { brokenIn } from '../../queue-core/invariants.ts';
import { LOST_JOINS_MIN, LOST_MS_MAX, RECOVERY_MS } from '../../queue-core/limits.ts';
import type { Effect, Put } from '../../queue-core/machine.ts';
import type { EpochMs, RoomDocument, SessionRecord } from '../../queue-core/room.ts';
import { roomMachine } from '../../queue-core/step.ts';
import { change, claim, configure, join, OTHER_SECRET, policy, settings, T0 } from './sample-rooms.ts';

const GATEWAYS = ['north', 'south', 'west'] as const;
type Gateway = (typeof GATEWAYS)[number];

interface Commit {
  by: Gateway;
  document: RoomDocument;
  puts: Put[];
  /** Numbers of the commits whose acts are in the document. */
  acts: ReadonlySet<number>;
}

/** A store that can be set back, and the book of all that visitors were told. */
class LossyStore {
  readonly commits: Commit[] = [];
  readonly places = new Map<string, string>();
  readonly grants = new Map<string, { position: number; visitor: string; from: EpochMs; until: EpochMs }>();
  readonly wrongs: string[] = [];
  #document: RoomDocument | null = null;
  #acts: ReadonlySet<number> = new Set();
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
    const { document, replies, effects } = roomMachine.run(this.#document, this.#sessions, commands, at);
    const acts = roomMachine.isRecovering(document, at) ? this.#acts : new Set([...this.#acts, this.commits.length]);
    this.#commit(by, document, effects, acts);
    for (const [index, command] of commands.entries()) this.#write(command, replies[index], document.at);
    return replies;
  }

  /** The gateway reads the room as it does once a second. */
  report(by: Gateway, at: EpochMs): void {
    const seq = this.commits.length + 1;
    this.run(by, at, [
      { kind: 'report', gateway: by, seq, version: this.document.changes.version, observed: NOTHING_OBSERVED },
    ]);
  }

  /** Everything since this commit is lost; null: everything at all. */
  lose(after: number | null): void {
    const kept = after === null ? [] : this.commits.slice(0, after + 1);
    this.#document = kept.at(-1)?.document ?? null;
    this.#acts = kept.at(-1)?.acts ?? new Set();
    this.#sessions = new Map();
    for (const { puts } of kept) this.#put(puts);
  }

  /** What this gateway says when it notices. */
  witness(by: Gateway, at: EpochMs, lostAfter: number): void {
    const seen = this.#seen.get(by);
    const last = seen === undefined || seen <= lostAfter ? undefined : this.commits[seen];
    const own = this.commits.filter((commit, index) => commit.by === by && index > lostAfter && index <= (seen ?? -1));
    const relation = this.#relation(last?.acts ?? new Set());
    const rows = own.flatMap(({ puts }) => puts);
    const witness = last === undefined ? null : { document: last.document, relation, rows };
    const recovered = roomMachine.recover(this.#document, witness, this.#sessions, at);
    if (recovered === null) return;
    const acts = new Set([...this.#acts, ...(last?.acts ?? [])]);
    this.#commit(by, recovered.document, recovered.effects, acts);
  }

  #relation(seen: ReadonlySet<number>): 'after' | 'before' | 'diverged' {
    if (this.#acts.isSubsetOf(seen)) return 'after';
    return seen.isSubsetOf(this.#acts) ? 'before' : 'diverged';
  }

  #commit(by: Gateway, document: RoomDocument, effects: readonly Effect[], acts: ReadonlySet<number>): void {
    const puts = effects.filter((effect) => effect.kind === 'put');
    if (effects.some(({ kind, table }) => kind === 'clear' && table === 'session')) this.#sessions = new Map();
    this.#put(puts);
    this.#document = document;
    this.#acts = acts;
    this.commits.push({ by, document, puts, acts });
    this.#seen.set(by, this.commits.length - 1);
  }

  #put(puts: readonly Put[]): void {
    for (const put of puts) if (put.table === 'session') this.#sessions.set(put.key, put.row);
  }

  #write(command: Command, reply: Reply | undefined, now: EpochMs): void {
    if (reply?.kind === 'joined' && command.kind === 'join') {
      const number = `${reply.epoch} ${reply.place.kind} ${reply.place.number}`;
      const holder = this.places.get(number);
      if (holder !== undefined && holder !== command.id) this.wrongs.push(`${number} is held by two`);
      this.places.set(number, command.id);
      if (reply.claim?.kind === 'admitted') this.#grant(reply.claim, command.visitor, now);
    }
    if (reply?.kind === 'admitted' && command.kind === 'claim') this.#grant(reply, command.visitor, now);
    if (reply?.kind === 'ended' && command.kind === 'end') {
      const grant = this.grants.get(command.sid);
      if (grant !== undefined) grant.until = Math.min(grant.until, now);
    }
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
      this.wrongs.push(`position ${position} admitted two visitors`);
    }
    const living = others.filter(({ until }) => until > now).length + 1;
    if (living > this.#limit) this.wrongs.push(`${living} people at once, of ${this.#limit}`);
    for (const { from } of others) {
      if (Math.abs(from - admitAt) < this.#intervalMs - 0.01) this.wrongs.push(`slots ${from} and ${admitAt} too near`);
    }
    this.grants.set(sid, { position, visitor, from: admitAt, until: expiresAt });
  }
}

const gateway = fc.constantFrom(...GATEWAYS);
type Wish = (store: LossyStore, serial: number) => Command;

const wish: fc.Arbitrary<Wish> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.boolean().map(
      (admit): Wish =>
        (_, serial) =>
          join(`${serial}`, admit),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.double({ min: 0, max: 1, noNaN: true }).map(
      (share): Wish =>
        ({ document, places }) => {
          const position = 1 + Math.floor(share * document.pacing.called);
          const holder = places.get(`1 position ${position}`) ?? 'nobody';
          const visitor = holder.replace('join-', 'visitor-');
          return { kind: 'claim', epoch: 1, position, visitor, sid: `sid-of-${visitor}` };
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(200).map(
      (index): Wish =>
        ({ grants }) => {
          const [sid, grant] = [...grants][index % Math.max(1, grants.size)] ?? ['none', { position: 1 }];
          return { kind: 'end', epoch: 1, position: grant.position, sid, reason: 'left' };
        },
    ),
  },
  { weight: 1, arbitrary: fc.constant<Wish>(() => change({ kind: 'setMessage', text: null })) },
);

interface Played {
  by: Gateway;
  afterMs: number;
  wish: Wish;
}

const plays = (maxMs: number, most: number) =>
  fc.array(fc.record({ by: gateway, afterMs: fc.nat(maxMs), wish }), { minLength: 5, maxLength: most, size: 'max' });

const night = fc.record({
  places: fc.integer({ min: 2, max: 12 }),
  before: plays(900, 80),
  lost: plays(200, 25),
  after: plays(900, 60),
  order: fc.shuffledSubarray([...GATEWAYS], { minLength: 3, maxLength: 3 }),
});

let serial = 0;

function playAll(store: LossyStore, from: EpochMs, all: readonly Played[]): EpochMs {
  let now = from;
  for (const { by, afterMs, wish: make } of all) {
    now += afterMs;
    serial++;
    store.run(by, now, [make(store, serial)]);
    store.report(by, now);
  }
  return now;
}

/** The night up to the loss: everybody present, the last part acknowledged and then gone. */
function upToTheLoss({ places, before, lost }: { places: number; before: Played[]; lost: Played[] }) {
  const store = new LossyStore(settings({ totalActiveUsers: places, newUsersPerMinute: 120, sessionMs: 60_000 }));
  let now = playAll(store, T0 + 1_000, before);
  for (const name of GATEWAYS) store.report(name, now);
  const lostAfter = store.commits.length - 1;
  const lostFrom = now;
  now = playAll(store, now, lost);
  return { store, now, lostAfter, lostFrom };
}

describe('a store that lost its last seconds', () => {
  test('whoever notices first, once all have told what they saw no number is double and the limits hold', () => {
    fc.assert(
      fc.property(night, fc.boolean(), ({ order, after, ...rest }, everything) => {
        const { store, now, lostAfter } = upToTheLoss(rest);
        const { issued } = store.document.line;
        const { called } = store.document.pacing;
        const { version } = store.document.changes;
        store.lose(everything ? null : lostAfter);
        for (const [index, name] of order.entries()) {
          store.witness(name, now + 300 * (index + 1), everything ? -1 : lostAfter);
          // Between two witnesses, somebody asks for a place: not yet.
          if (store.commits.length > 0) {
            expect(store.run(name, now + 300 * (index + 1), [join(`early-${serial}-${index}`)])).toEqual([
              { kind: 'recovering' },
            ]);
          }
          store.report(name, now + 300 * (index + 1));
        }
        expect(store.document).toMatchObject({ line: { issued }, changes: { version } });
        expect(store.document.pacing.called).toBe(called);
        playAll(store, now + RECOVERY_MS + 1_500, after);
        expect(store.wrongs).toEqual([]);
        expect(brokenIn(store.document, store.sessions)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test('a gateway that died with the store is provided for: what only it knew stays free', () => {
    fc.assert(
      fc.property(night, gateway, ({ after, ...rest }, dead) => {
        const { store, now, lostAfter, lostFrom } = upToTheLoss(rest);
        fc.pre(now - lostFrom <= LOST_MS_MAX && rest.lost.length < LOST_JOINS_MIN);
        store.lose(lostAfter);
        for (const name of GATEWAYS) {
          if (name === dead) continue;
          store.witness(name, now + 1_000, lostAfter);
          store.report(name, now + 1_000);
        }
        const successor = GATEWAYS.find((name) => name !== dead) ?? 'north';
        const alive = after.map((one) => ({ ...one, by: one.by === dead ? successor : one.by }));
        playAll(store, now + RECOVERY_MS + 1_500, alive);
        expect(store.wrongs).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test('sessions and slots that only a dead gateway knew of are counted as if they had all been given', () => {
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

  test('a rush that only a dead gateway saw: whoever is inside counts, however far ahead the slots were', () => {
    const opening = { prequeueAt: T0, opensInMs: 10_000 };
    const store = new LossyStore(settings({ totalActiveUsers: 90, newUsersPerMinute: 600 }, opening));
    store.run(
      'north',
      T0 + 5_000,
      Array.from({ length: 400 }, (_, index) => join(`${index}`)),
    );
    for (const name of GATEWAYS) store.report(name, T0 + 9_999);
    const lostAfter = store.commits.length - 1;
    // Everybody comes as soon as they are called; nobody who is inside comes again.
    let next = 1;
    const comeAll = (by: Gateway, at: EpochMs) => {
      store.run(by, at, [{ kind: 'tick' }]);
      for (; next <= store.document.pacing.called; next++) store.run(by, at, [claim(next, `at-${next}`)]);
    };
    for (let at = T0 + 10_000; at < T0 + 10_000 + LOST_MS_MAX; at += 100) comeAll('south', at);
    expect(store.grants.size).toBeGreaterThan(60);
    store.lose(lostAfter);
    for (const name of ['north', 'west'] as const) {
      store.witness(name, T0 + 16_000, lostAfter);
      store.report(name, T0 + 16_000);
    }
    for (let at = T0 + 16_000 + RECOVERY_MS; at < T0 + 90_000; at += 1_000) comeAll('north', at);
    expect(store.grants.size).toBeGreaterThan(75);
    expect(store.wrongs).toEqual([]);
  });

  test('an ending that only a dead gateway wrote: its session may come back, and counts', () => {
    const store = new LossyStore(settings({ totalActiveUsers: 3, newUsersPerMinute: 6_000 }));
    for (const name of GATEWAYS) store.report(name, T0 + 1_000);
    const lostAfter = store.commits.length - 1;
    const leave: Command = { kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' };
    store.run('north', T0 + 2_000, [join('a', true)]);
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
    expect(store.wrongs).toEqual([]);
    // Where the gateway that wrote it is alive, nothing is left free for it.
    const whole = new LossyStore(settings({ totalActiveUsers: 3, newUsersPerMinute: 6_000 }));
    for (const name of GATEWAYS) whole.report(name, T0 + 1_000);
    whole.run('north', T0 + 2_000, [join('a', true)]);
    whole.run('west', T0 + 2_100, [leave]);
    whole.lose(lostAfter);
    for (const name of GATEWAYS) {
      whole.witness(name, T0 + 3_000, lostAfter);
      whole.report(name, T0 + 3_000);
    }
    whole.report('north', T0 + 3_000 + RECOVERY_MS);
    expect(whole.document.sessions.active).toBe(0);
  });

  test('histories that parted before anybody noticed: every session counts, numbers go on above both', () => {
    const store = new LossyStore(settings({ totalActiveUsers: 3, newUsersPerMinute: 6_000 }));
    store.run('north', T0 + 1_000, [join('a', true)]);
    const lostAfter = store.commits.length - 1;
    store.run('south', T0 + 2_000, [join('b', true), join('c')]);
    store.lose(lostAfter);
    // North saw nothing of the loss and goes on.
    store.run('north', T0 + 2_100, [join('d', true)]);
    store.witness('south', T0 + 2_200, lostAfter);
    expect(store.document).toMatchObject({ line: { issued: 3 }, sessions: { active: 4 } });
    const [reply] = store.run('north', T0 + 2_200 + RECOVERY_MS, [join('e', true)]);
    expect(reply).toMatchObject({ place: { number: 4 }, claim: null });
  });

  test('histories that parted: a join that is repeated never brings a number that the other one has given', () => {
    const store = new LossyStore(settings());
    const lostAfter = store.commits.length - 1;
    // Of what south wrote, nobody was told.
    store.run('south', T0 + 1_000, [join('b'), join('c')]);
    store.places.clear();
    store.lose(lostAfter);
    store.run('north', T0 + 1_100, [join('d')]);
    store.witness('south', T0 + 1_200, lostAfter);
    store.run('south', T0 + 1_200 + RECOVERY_MS, [join('b'), join('c')]);
    expect(store.wrongs).toEqual([]);
  });

  test('the log says what was moved, and stays whole where the witnesses had its lines', () => {
    const store = new LossyStore(settings());
    const lostAfter = store.commits.length - 1;
    store.run('south', T0 + 1_000, [change({ kind: 'setPolicy', policy: policy({ newUsersPerMinute: 7 }) })]);
    store.lose(lostAfter);
    const before = store.commits.length;
    store.witness('south', T0 + 1_100, lostAfter);
    store.run('south', T0 + 1_100 + RECOVERY_MS, [{ kind: 'tick' }]);
    expect(store.document.config.policy.newUsersPerMinute).toBe(7);
    const kept = [...store.commits.slice(0, lostAfter + 1), ...store.commits.slice(before)];
    const log = kept.flatMap(({ puts }) => puts.flatMap((put) => (put.table === 'audit' ? [put.row] : [])));
    expect(faultIn(log)).toBeNull();
    expect(log.map(({ action }) => action)).toEqual(['configure', 'setPolicy', 'recover']);
  });

  test.each(['the other has begun a new opening', 'the other went on without knowing'] as const)(
    'the log stays whole where %s',
    (what) => {
      const store = new LossyStore(settings());
      const lostAfter = store.commits.length - 1;
      const log = new Map<number, AuditRecord>();
      const write = (commits: readonly Commit[]) => {
        for (const put of commits.flatMap(({ puts }) => puts)) if (put.table === 'audit') log.set(put.key, put.row);
      };
      write(store.commits);
      store.run('south', T0 + 1_000, [change({ kind: 'setPolicy', policy: policy({ newUsersPerMinute: 7 }) })]);
      if (what === 'the other has begun a new opening') {
        const schedule = { prequeueAt: null, opensAt: T0 + 60_000, closesAt: null, beacon: null };
        store.run('north', T0 + 1_100, [change({ kind: 'setSchedule', schedule, secret: OTHER_SECRET }, 2)]);
        expect(store.document.epoch).toBe(2);
      }
      store.lose(lostAfter);
      const lostUpTo = store.commits.length;
      if (what === 'the other went on without knowing') store.run('north', T0 + 1_200, [join('a')]);
      else store.witness('north', T0 + 1_300, lostAfter);
      store.witness('south', T0 + 1_400, lostAfter);
      store.run('south', T0 + 1_400 + RECOVERY_MS, [{ kind: 'tick' }]);
      write(store.commits.slice(lostUpTo));
      expect(faultIn([...log.values()].toSorted((a, b) => a.seq - b.seq))).toBeNull();
      expect(store.document.changes.audit.hash).toBe(log.get(store.document.changes.audit.seq)?.hash);
    },
  );

  test('a room made anew by one who knew no better gives way to what another remembers', () => {
    const store = new LossyStore(settings());
    for (const name of ['a', 'b']) store.run('south', T0 + 1_000, [join(name, true)]);
    store.lose(null);
    store.run('north', T0 + 2_000, [{ ...configure(settings()), firstEpoch: 9 } as Command, join('c', true)]);
    expect(store.document).toMatchObject({ epoch: 9, line: { issued: 1 } });
    store.witness('south', T0 + 3_000, -1);
    expect(store.document).toMatchObject({ epoch: 1, line: { issued: 2 }, sessions: { active: 2 } });
    expect([...store.sessions.keys()].toSorted()).toEqual([1, 2]);
  });

  test('signed tokens bring back what no gateway remembers', () => {
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
    expect(store.run('north', now, [claim(1, 'thief')])).toEqual([{ kind: 'refused', reason: 'foreignPosition' }]);
  });

  test('a place that was never lost cannot be made up: tokens of another epoch and lower numbers change nothing', () => {
    const store = new LossyStore(settings());
    store.run('north', T0 + 1_000, [join('a'), join('b')]);
    const { issued } = store.document.line;
    const attest = (epoch: number, number: number): Command => {
      return { kind: 'restorePlace', epoch, place: { kind: 'position', number } };
    };
    store.run('north', T0 + 1_000, [attest(2, 50), attest(1, 1)]);
    expect(store.document.line.issued).toBe(issued);
  });
});
