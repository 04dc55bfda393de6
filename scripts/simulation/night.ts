// A night in virtual time: visitors, gateways, the room's object, an origin and what goes wrong, put together and run from one
// seed. The rules of the queue, the leases and the views are the product's own code; an auditor reads along.

import { gatewaysIn } from '../../queue-core/board.ts';
import type { Change } from '../../queue-core/command.ts';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import { NO_BEACON } from '../../queue-core/draw.ts';
import { stalledMs } from '../../queue-core/health.ts';
import type { Policy } from '../../queue-core/policy.ts';
import { limitsInForce } from '../../queue-core/room-state.ts';
import { healthSchema } from '../../worker/contract/room-schema.ts';
import { PROBE_INTERVAL_MS, PROBERS } from '../../worker/proxy/origin-probe.ts';
import { requestIntervalMs } from '../../worker/store/durable-objects/batched-room.ts';
import { RoomRelay } from '../../worker/store/relay/room-relay.ts';
import type { Clock } from '../../worker/store/steady-clock.ts';
import { type SeededRandom, seededRandom } from '../rehearsal/seeded-random.ts';
import { exponential, logNormal } from './chance.ts';
import { Crowd } from './crowd.ts';
import { type AuditedNight, NightAuditor } from './night-auditor.ts';
import { NO_GATEWAY, NOBODY, ObservedEvents } from './observed-events.ts';
import { OriginModel } from './origin-model.ts';
import { arrivalsOf, type Faults, type OperatorChange, openingOf, type Scenario } from './scenario.ts';
import { ROOM, SimulatedGateway } from './simulated-gateway.ts';
import { type NightPort, SimulatedRoom, T0 } from './simulated-room.ts';
import { batchedOver, over, StoreLink } from './store-link.ts';
import { VirtualTime } from './virtual-time.ts';

/** What happened within one second of virtual time, or was so at its end. */
export interface Sample {
  arrived: number;
  answered: number;
  /** Slots that begin in it. */
  admitted: number;
  /** Requests that reached the room's object. */
  requests: number;
  views: number;
  leases: number;
  /** Numbers given or leased and not called yet; before the draw, entries. */
  waiting: number;
  /** Sessions, by the room. */
  active: number;
  inside: number;
  originMs: number;
  perMinute: number;
  capacity: number;
}

export interface Progress {
  virtualMs: number;
  arrived: number;
  visitors: number;
  waiting: number;
  admitted: number;
  requests: number;
}

export interface NightReport {
  scenario: Scenario;
  opensAtMs: number;
  endedAtMs: number;
  samples: Sample[];
  audited: AuditedNight;
  totals: {
    arrived: number;
    answered: number;
    admitted: number;
    gaveUp: number;
    /** Answers by how long they took. */
    answerMs: { median: number; p99: number; most: number };
    /** How many answers took so many whole ms; the last for all beyond. */
    answerCounts: Uint32Array;
    requests: number;
    busy: number;
    events: number;
    /** Lines that the gateways would have logged. */
    logLines: number;
    origin: { mostInside: number; answers: number; errors: number };
  };
}

export interface NightOptions {
  onProgress?: (progress: Progress) => void;
  /** Puts something between each gateway and what it calls, to show that the auditor notices. */
  tamper?: (port: NightPort) => NightPort;
}

const SAMPLE_MS = 1_000;
/** A rush takes a computer minutes for one second. */
const PROGRESS_MS = 50;
/** So long nobody is served although somebody came: an operator who holds the room resumes it sooner. */
const STUCK_MS = 3_600_000;
/** A page's poll is what makes a gateway read; with people waiting, one comes within this after a second is over. */
const READ_MS = 1_000;
const READ_LATE_MS = 40;

/** Offset of a gateway's clock, and how much faster or slower it runs. */
const CLOCK_OFFSET_MS = 60_000;
const CLOCK_DRIFT = 1e-4;
/** One way between a gateway and its relay, which is near it, median. */
const RELAY_MS = 3;
/** Gateways are at different distances. */
const DISTANCE_SPREAD = 0.4;

const FAULT_RATES: Record<
  Faults,
  { lossShare: number; stallEveryMs: number; stallMs: number; restartEveryMs: number }
> = {
  none: { lossShare: 0, stallEveryMs: Infinity, stallMs: 0, restartEveryMs: Infinity },
  light: { lossShare: 0.001, stallEveryMs: 300_000, stallMs: 1_500, restartEveryMs: 1_200_000 },
  heavy: { lossShare: 0.02, stallEveryMs: 60_000, stallMs: 4_000, restartEveryMs: 120_000 },
};

const OPERATOR = { id: 'key-1', name: 'Operator', role: 'operator', address: '192.0.2.7' } as const;

export async function simulate(scenario: Scenario, { onProgress, tamper }: NightOptions = {}): Promise<NightReport> {
  const time = new VirtualTime();
  const random = seededRandom(scenario.seed);
  const opensAtMs = openingOf(scenario);
  const auditor = new NightAuditor(scenario.visitors);
  const events = new ObservedEvents([auditor.read]);
  const origin = new OriginModel(scenario.originPeople, random.fork(2));
  const samples: Sample[] = [];
  const counts = { requests: 0, views: 0, leases: 0, joins: 0 };
  let total = 0;

  const room = new SimulatedRoom({
    time,
    serviceMs: scenario.serviceMs,
    commitMs: scenario.commitMs,
    onRequest: (batches) => {
      total++;
      counts.requests++;
      for (const [command] of batches) {
        if (command?.kind === 'report' || command?.kind === 'tick') counts.views++;
        else if (command?.kind === 'lease') counts.leases++;
      }
    },
    onCommit: (document) => crowd.noteCommit(document),
  });
  const faults = FAULT_RATES[scenario.faults];
  const relays = Array.from({ length: scenario.relays }, (_, number) => relayOf(number, random.fork(500_000 + number)));
  const gateways = Array.from({ length: scenario.gateways }, (_, number) => {
    const own = random.fork(1_000 + number);
    const relay = relays[number % Math.max(1, relays.length)];
    const distance = logNormal(own, relay === undefined ? scenario.latencyMs : RELAY_MS, DISTANCE_SPREAD);
    const link = linkOver(own, distance, relay === undefined ? 2 : 1);
    const port = over(link, relay ?? room);
    return new SimulatedGateway(number, observed(tamper === undefined ? port : tamper(port), number), clockOf(own));
  });
  const crowd = new Crowd({
    time,
    random: random.fork(3),
    scenario,
    arrivals: arrivalsOf(scenario),
    gateways,
    events,
    origin,
  });

  function linkOver(own: SeededRandom, latencyMs: number, attempts: 1 | 2): StoreLink {
    return new StoreLink({ time, random: own, latencyMs, lossShare: faults.lossShare, attempts });
  }

  /** A clock that is wrong: off by up to a minute, and too fast or too slow. */
  function clockOf(own: SeededRandom): Clock {
    const [offset, pace] = [CLOCK_OFFSET_MS * own.next(), 1 + CLOCK_DRIFT * (2 * own.next() - 1)];
    return { now: () => offset + time.now * pace, wait: (ms) => time.wait(ms / pace) };
  }

  function relayOf(number: number, own: SeededRandom): NightPort & { restart(): void } {
    const { now: stopwatch, wait } = clockOf(own);
    const pace = { intervalMs: requestIntervalMs(scenario.relays), now: stopwatch, wait };
    const port = batchedOver(linkOver(own, scenario.latencyMs, 2), room, pace);
    const rows = () => Promise.reject(new Error('Nobody reads rows at night.'));
    const start = (life: number) =>
      new RoomRelay({ room: { ...port, rows }, id: `relay-${number}-${life}`, stopwatch });
    let life = 0;
    let relay = start(life);
    return {
      apply: (commands) => relay.apply(commands),
      view: (request) => relay.view(request),
      restart: () => {
        relay = start(++life);
      },
    };
  }

  /** The port of a gateway, as an observer on its network sees it. */
  function observed(port: NightPort, gateway: number): NightPort {
    return {
      async apply(commands) {
        for (const command of commands) {
          if (command.kind !== 'returnLease') continue;
          const { first, count } = command;
          events.add('returned', time.now, NOBODY, gateway, first, first + count - 1);
        }
        const outcome = await port.apply(commands);
        if (outcome.kind !== 'applied') return outcome;
        for (const reply of outcome.replies) {
          if (reply.kind === 'joined') counts.joins++;
          if (reply.kind !== 'leased') continue;
          events.add('leased', time.now, NOBODY, gateway, reply.first, reply.count, reply.places === 'entry' ? 0 : 1);
        }
        return outcome;
      },
      async view(request) {
        const viewed = await port.view(request);
        if (viewed.kind === 'viewed') crowd.noteBoard(viewed.view.board);
        return viewed;
      },
    };
  }

  configure(room, scenario, opensAtMs);
  events.add('configured', 0, NOBODY, NO_GATEWAY, opensAtMs, scenario.newUsersPerMinute, scenario.totalActiveUsers);
  for (const [index, gateway] of gateways.entries()) readEverySecond(gateway, random.fork(5_000 + index));
  scheduleFaults();
  for (const fault of scenario.originFaults) {
    time.call(opensAtMs + fault.atMs, () => origin.becomes({ ...fault, atMs: opensAtMs + fault.atMs }));
  }
  for (const change of scenario.changes) time.call(opensAtMs + change.atMs, () => void operate(change));
  time.call(SAMPLE_MS, sample);
  if (onProgress !== undefined) time.call(PROGRESS_MS, showProgress);

  function readEverySecond(gateway: SimulatedGateway, own: SeededRandom): void {
    let probedAt = 0;
    const read = () => {
      time.call(time.now + READ_MS + own.next() * READ_LATE_MS, read);
      gateway.read().then((snapshot) => {
        // As worker/proxy/origin-probe.ts.
        if (snapshot?.view.probe !== true || time.now - probedAt < PROBE_INTERVAL_MS) return;
        probedAt = time.now;
        if (own.next() * gatewaysIn(snapshot.view) >= PROBERS) return;
        const { health } = snapshot.view.live;
        const isInTime = origin.latencyMs < stalledMs(snapshot.view.live.policy.health, health.usualMicros);
        gateway.apply({ kind: 'reportProbe', good: origin.request(time.now) === 'good' && isInTime }).catch(() => {});
      });
    };
    time.call(own.next() * READ_MS, read);
  }

  function scheduleFaults(): void {
    const own = random.fork(4);
    const every = (meanMs: number, act: () => void) => {
      if (meanMs === Number.POSITIVE_INFINITY) return;
      const next = () => {
        act();
        time.call(time.now + exponential(own, meanMs), next);
      };
      time.call(exponential(own, meanMs), next);
    };
    every(faults.stallEveryMs, () => room.stall(own.next() * 2 * faults.stallMs));
    every(faults.restartEveryMs, () => {
      room.restart();
      relays[Math.floor(own.next() * relays.length)]?.restart();
    });
  }

  /** As an operator does it from the console: until an answer comes, under one id. */
  async function operate(change: OperatorChange): Promise<void> {
    const port = over(linkOver(random.fork(6), scenario.latencyMs, 2), room);
    const id = `change-${change.atMs}-${change.kind}`;
    for (;;) {
      const policy = room.document?.config.policy;
      if (policy === undefined) return;
      try {
        const command = {
          kind: 'change',
          id,
          by: OPERATOR,
          ifVersion: 'any',
          change: changeOf(change, policy),
        } as const;
        if ((await port.apply([command])).kind === 'applied') return;
      } catch {
        // StoreUnavailable: the console tries again, as after a refusal.
      }
      await time.wait(1_000);
    }
  }

  function showProgress(): void {
    onProgress?.({
      virtualMs: time.now,
      arrived: crowd.arrived,
      visitors: scenario.visitors,
      waiting: room.document === null ? 0 : waitingIn(room.document),
      admitted: crowd.admitted,
      requests: total,
    });
    if (!isOver) time.call(time.now + PROGRESS_MS, showProgress);
  }

  function sample(): void {
    const { document } = room;
    if (document !== null) samples.push(sampleOf(document));
    endIfStuck();
    Object.assign(counts, { requests: 0, views: 0, leases: 0 });
    if (crowd.left > 0 || crowd.arrived < scenario.visitors) time.call(time.now + SAMPLE_MS, sample);
  }

  const last = { arrived: 0, answered: 0 };
  function sampleOf(document: RoomDocument): Sample {
    const { sessions } = document;
    const { newUsersPerMinute, totalActiveUsers } = limitsInForce(document);
    const { arrived, answered } = crowd;
    const { requests, views, leases } = counts;
    const flow = {
      arrived: arrived - last.arrived,
      answered: answered - last.answered,
    };
    Object.assign(last, { arrived, answered });
    return {
      ...flow,
      // Known at the end only: slots lie ahead of their claims.
      admitted: 0,
      requests,
      views,
      leases,
      waiting: waitingIn(document),
      active: sessions.active,
      inside: origin.inside,
      originMs: origin.latencyMs,
      perMinute: document.origin.health.stage === 'stopped' ? 0 : newUsersPerMinute,
      capacity: totalActiveUsers,
    };
  }

  /** A line that does not move any more does not keep the night from its end; the auditor says who was left. */
  let isOver = false;
  let moved = { at: 0, sum: -1 };
  function endIfStuck(): void {
    const sum = crowd.arrived + crowd.admitted - crowd.left;
    if (sum !== moved.sum) moved = { at: time.now, sum };
    isOver = crowd.arrived === scenario.visitors && time.now - moved.at > STUCK_MS;
  }

  let logLines = 0;
  const restoreLog = silence(() => logLines++);
  try {
    await time.run(() => isOver || (crowd.left === 0 && crowd.arrived === scenario.visitors));
  } finally {
    restoreLog();
  }
  if (samples.length === 0 || time.now % SAMPLE_MS !== 0) sample();

  for (const [second, one] of samples.entries()) one.admitted = crowd.slots[second] ?? 0;
  const fates = { leased: 0, given: 0, returned: 0, void: 0 };
  for (const gateway of gateways) {
    for (const fate of Object.keys(fates) as (keyof typeof fates)[]) fates[fate] += gateway.fates[fate];
  }
  const { line, draw } = room.document as RoomDocument;
  events.add('fates', time.now, NOBODY, NO_GATEWAY, fates.leased, fates.given, fates.returned, fates.void);
  events.add(
    'issued',
    time.now,
    NOBODY,
    NO_GATEWAY,
    line.entries,
    line.issued,
    counts.joins,
    crowd.left + crowd.gaveUp,
  );
  events.flush();
  const { commitment, seed } = draw;
  return {
    scenario,
    opensAtMs,
    endedAtMs: time.now,
    samples,
    audited: auditor.audit(
      { secret: draw.secret ?? '', beacon: draw.beacon?.randomness ?? NO_BEACON, commitment, seed },
      { quiet: isQuiet(scenario) },
    ),
    totals: {
      arrived: crowd.arrived,
      answered: crowd.answered,
      admitted: crowd.admitted,
      gaveUp: crowd.gaveUp,
      answerMs: quantiles(crowd.answerMs),
      answerCounts: crowd.answerMs,
      requests: total,
      busy: room.busy,
      events: time.events,
      logLines,
      origin: { mostInside: origin.mostInside, answers: origin.answers, errors: origin.errors },
    },
  };
}

/** Nothing happens that nobody could have told those who wait. */
function isQuiet({ faults, changes, originFaults, health }: Scenario): boolean {
  return faults === 'none' && changes.length === 0 && originFaults.length === 0 && health !== 'find';
}

function configure(room: SimulatedRoom, scenario: Scenario, opensAtMs: number): void {
  const { newUsersPerMinute, totalActiveUsers, sessionMs, claimWindowMs, seed } = scenario;
  const policy: Policy = {
    newUsersPerMinute,
    totalActiveUsers,
    sessionMs,
    sessionRenewal: false,
    sessionTotalMsMax: Math.max(sessionMs, 3_600_000),
    claimWindowMs,
    queueingStatusCode: 200,
    stock: { peoplePercent: 100, freshSeconds: 60 },
    health: healthSchema.parse({ mode: scenario.health }),
  };
  const secret = Array.from({ length: 32 }, (_, index) => ((seed >>> (8 * (index % 4))) + 37 * index) & 255);
  const schedule = { prequeueAt: null, opensAt: T0 + opensAtMs, closesAt: null, beacon: null };
  const settings = { room: ROOM, policy, schedule };
  const hex = Buffer.from(secret).toString('hex');
  room.configure({ kind: 'configure', by: OPERATOR, settings, digest: 'night', secret: hex });
}

/** Numbers given or leased and not called yet; before the draw, entries. */
function waitingIn({ draw, line, pacing }: RoomDocument): number {
  return draw.entries === null ? line.entries : line.issued - pacing.called;
}

function changeOf(change: OperatorChange, policy: Policy): Change {
  switch (change.kind) {
    case 'rate':
      return { kind: 'setPolicy', policy: { ...policy, newUsersPerMinute: change.perMinute } };
    case 'capacity':
      return { kind: 'setPolicy', policy: { ...policy, totalActiveUsers: change.people } };
    case 'pause':
      return { kind: 'setFlow', flow: 'paused' };
    case 'hold':
      return { kind: 'setFlow', flow: 'held' };
    case 'resume':
      return { kind: 'setFlow', flow: 'running' };
  }
}

/** The gateways' code logs failed reads, thousands of them where a store is made to fail. */
function silence(onLine: () => void): () => void {
  const { error } = console;
  console.error = onLine;
  return () => {
    console.error = error;
  };
}

function quantiles(counts: Uint32Array): { median: number; p99: number; most: number } {
  const all = counts.reduce((sum, count) => sum + count, 0);
  const at = (share: number) => {
    let seen = 0;
    for (const [ms, count] of counts.entries()) {
      seen += count;
      if (count > 0 && seen >= share * all) return ms;
    }
    return 0;
  };
  return {
    median: at(0.5),
    p99: at(0.99),
    most: Math.max(
      0,
      counts.findLastIndex((count) => count > 0),
    ),
  };
}
