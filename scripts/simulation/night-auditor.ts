// The auditor of a simulated night: reads what could be observed from outside and says for each promise whether it was kept. It
// shares no code with the queue's rules, the gateways or the simulated visitors: it has its own windows, sums and comparisons,
// and recomputes the draw with another implementation.

import { createHash } from 'node:crypto';
import { unshuffleList } from '@chainsafe/swap-or-not-shuffle';
import { type Chunk, EVENT, REFUSED } from './observed-events.ts';

export const NIGHT_CHECKS = {
  opening: 'Nobody enters before the opening, and no entry is given after it',
  unique: 'No number is given to two visitors',
  leases: 'No number is out in two leases, and every number is accounted for',
  withinGateway: 'Order of arrival is exact among the visitors of one gateway to whom it gives numbers of its leases',
  betweenGateways: 'Order of arrival holds between gateways to within 250 ms and the way to the store',
  rate: 'No stretch of time holds more admissions than the rate allows',
  atOnce: 'No more people are inside at once than allowed',
  called: 'Nobody is admitted before the call, and no call is taken back',
  once: 'Each place is claimed once, by the visitor to whom it was given',
  kept: 'Nobody who was given a place loses it, and everybody who comes is served',
  draw: 'The order of early visitors is the draw that was committed to',
  falling: 'The position and the number of people ahead that one visitor is told never rise',
  waits: 'Real waits lie within the ranges that were told',
  width:
    'Beyond the first hundred, told ranges are no wider than a factor of two and the seconds between call and slot',
} as const;

export type NightCheck = keyof typeof NIGHT_CHECKS;

export interface NightFinding {
  check: NightCheck;
  verdict: 'passed' | 'failed' | 'inconclusive';
  /** What was measured, in one sentence. */
  observed: string;
  /** The first thing that failed the check, or why it is inconclusive. */
  example: string | null;
}

export interface ToldWait {
  /** People ahead. */
  ahead: number;
  /** Seconds. */
  low: number;
  high: number;
  actual: number;
}

export interface AuditedNight {
  findings: NightFinding[];
  waits: ToldWait[];
  /**
   * By how much later visitors stand ahead, beyond the wait of the one overtaken: counts in classes of `INVERSION_CLASS_MS`.
   * `passing`: those overtaken by somebody who came later to their own gateway.
   */
  inversions: {
    overtaken: number;
    passing: { count: number; largestMs: number };
    positions: number;
    largestMs: number;
    classes: number[];
  };
  numbers: { given: number; returned: number; unused: number };
}

export interface PublishedDraw {
  commitment: string;
  secret: string;
  beacon: string | null;
  seed: string | null;
}

/** A lease of positions lives this long; the promise of the order between gateways. */
export const ORDER_MS_MAX = 250;
/** Clocks of gateways run at slightly different speeds, and times are whole ticks. */
const ROUNDING_MS = 1;
/** A request that waits for a number looks again after 50 ms at most, and answers then. */
const ANSWER_LATE_MS = 60;

export const INVERSION_CLASS_MS = 25;
const INVERSION_CLASSES = 12;

const WINDOWS_MS = [1_000, 10_000, 60_000];

/** Between two polls a wait is not told anew. */
export const WAIT_TOLERANCE_SECONDS = 1.5;
const WAITS_INSIDE_MIN = 0.9;
/** Fewer told ranges say nothing. */
const WAITS_MIN = 50;
/** Waits of seconds are of the way between call and slot, and of the next poll. */
const JUDGED_SECONDS_MIN = 30;
/** Ahead of it, seconds matter more than their ratio. */
const FRONT = 100;
const WIDTH_FACTOR = 2;
/** From the call to the slot, and rounding. */
const WIDTH_SECONDS = 6;
const WIDE_SHARE_MAX = 0.01;

const SHUFFLE_ROUNDS = 90;
const SEED_DOMAIN = 'fairgate/draw/v1';

/** Refusals of a place that its visitor held and presented. "ended" follows lost answers: the session was had by nobody. */
const LOSSES: readonly string[] = [
  'lapsed',
  'unknownPosition',
  'foreignPosition',
  'wrongEpoch',
  'missedTheDraw',
  'other',
];

type TypedArray = Int32Array | Uint16Array | Uint8Array | Float64Array;

/** A column that grows. */
class Column<T extends TypedArray> {
  values: T;
  readonly #make: (length: number) => T;

  constructor(make: (length: number) => T, length = 1_024) {
    this.#make = make;
    this.values = make(length);
  }

  set(index: number, value: number): void {
    if (index >= this.values.length) {
      const longer = this.#make(Math.max(index + 1, 2 * this.values.length));
      longer.set(this.values as never);
      this.values = longer;
    }
    this.values[index] = value;
  }

  get(index: number): number {
    return this.values[index] ?? 0;
  }
}

const ints = (length: number) => new Int32Array(length);
const shorts = (length: number) => new Uint16Array(length);
const bytes = (length: number) => new Uint8Array(length);
const floats = (length: number) => new Float64Array(length);

interface Broken {
  count: number;
  first: string;
}

interface Limit {
  from: number;
  rate: number;
  capacity: number;
}

interface Told {
  visitor: number;
  at: number;
  position: number;
  ahead: number;
  low: number;
  high: number;
}

export class NightAuditor {
  /** Takes the next events. */
  readonly read: (chunk: Chunk) => void;
  readonly #broken = new Map<NightCheck, Broken>();
  readonly #limits: Limit[] = [];
  #opensAt = 0;
  #entries: number | null = null;
  #called = 0;

  // By number; index 0 is for entries, index 1 for positions.
  readonly #owner = [new Column(ints), new Column(ints)] as const;
  readonly #holder = [new Column(shorts), new Column(shorts)] as const;
  readonly #highest = [0, 0];
  readonly #arrivedAt = new Column(floats);
  readonly #answerMs = new Column(floats);
  readonly #rank = new Column(ints);
  readonly #gateway = new Column(shorts);
  /** The room gave the position by itself, not in a lease. */
  readonly #isSingle = new Column(bytes);
  #leased = 0;
  #given = 0;
  #single = 0;
  #returned = 0;
  #answers = 0;

  // By visitor. A place has its number and its kind plus one; an admission is an index plus one.
  readonly #number: Int32Array;
  readonly #kind: Uint8Array;
  readonly #admission: Int32Array;
  readonly #leftAt: Float64Array;

  // By admission, in the order in which they were answered.
  #admissions = 0;
  readonly #position = new Column(ints);
  readonly #visitor = new Column(ints);
  readonly #slot = new Column(floats);
  readonly #until = new Column(floats);
  readonly #since = new Column(floats);
  readonly #admittedAt = new Column(floats);
  readonly #byPosition = new Column(ints);

  readonly #told: Told[] = [];
  readonly #lastTold = new Map<number, Told>();

  constructor(visitors: number) {
    this.#number = new Int32Array(visitors);
    this.#kind = bytes(visitors);
    this.#admission = new Int32Array(visitors);
    this.#leftAt = floats(visitors);
    this.read = (chunk) => {
      for (let index = 0; index < chunk.length; index++) this.#readEvent(chunk, index);
    };
  }

  #readEvent(chunk: Chunk, index: number): void {
    const at = chunk.at[index] as number;
    const visitor = chunk.visitor[index] as number;
    const gateway = chunk.gateway[index] as number;
    const [a, b] = [chunk.a[index] as number, chunk.b[index] as number];
    const [c, d] = [chunk.c[index] as number, chunk.d[index] as number];
    switch (chunk.kind[index]) {
      case EVENT.configured:
        this.#opensAt = a;
        this.#limits.push({ from: at, rate: b, capacity: c });
        return;
      case EVENT.limits:
        this.#limits.push({ from: at, rate: a, capacity: b });
        return;
      case EVENT.leased:
        this.#onLeased(at, gateway, a, b, c);
        return;
      case EVENT.returned:
        this.#onReturned(at, gateway, a, b);
        return;
      case EVENT.given:
        this.#onGiven(at, visitor, gateway, a, b, c, d);
        return;
      case EVENT.answered:
        this.#answers++;
        this.#number[visitor] = a;
        this.#kind[visitor] = b + 1;
        // A session of a place whose answer was lost is nobody's.
        this.#admission[visitor] = 0;
        return;
      case EVENT.called:
        if (a < this.#called) this.#fail('called', at, null, `called fell from ${this.#called} to ${a}`);
        this.#called = a;
        return;
      case EVENT.drawn:
        this.#entries = a;
        if (at < this.#opensAt)
          this.#fail('opening', at, null, `the draw was made ${this.#opensAt - at} ms before the opening`);
        return;
      case EVENT.told:
        this.#onTold({ visitor, at, position: a, ahead: b, low: c, high: d });
        return;
      case EVENT.admitted:
        this.#onAdmitted(at, visitor, a, b, c, d);
        return;
      case EVENT.refused:
        this.#onRefused(at, visitor, a, REFUSED[b] ?? 'other');
        return;
      case EVENT.entered:
        this.#onEntered(at, visitor);
        return;
      case EVENT.left:
        this.#leftAt[visitor] = at;
        return;
      case EVENT.fates:
        this.#onFates(at, { leased: a, given: b, returned: c, unused: d });
        return;
      case EVENT.issued:
        this.#onIssued(at, { entries: a, issued: b, joins: c, unserved: d });
        return;
    }
  }

  #onLeased(at: number, gateway: number, first: number, count: number, kind: number): void {
    const [holder, owner] = [this.#holder[kind === 0 ? 0 : 1], this.#owner[kind === 0 ? 0 : 1]];
    this.#leased += count;
    for (let number = first; number < first + count; number++) {
      const held = holder.get(number);
      if (held !== 0) {
        this.#fail(
          'leases',
          at,
          null,
          `gateway ${gateway} got number ${number} in a lease while gateway ${held - 1} had it`,
        );
      } else if (owner.get(number) !== 0) {
        this.#fail('leases', at, null, `gateway ${gateway} got number ${number} in a lease after it had been given`);
      }
      holder.set(number, gateway + 1);
    }
  }

  #onReturned(at: number, gateway: number, first: number, last: number): void {
    for (let number = first; number <= last; number++) {
      if (this.#holder[0].get(number) !== gateway + 1) {
        this.#fail('leases', at, null, `gateway ${gateway} returned number ${number}, which it did not have`);
      }
      if (this.#owner[0].get(number) !== 0) {
        this.#fail('leases', at, null, `gateway ${gateway} returned number ${number}, which it had given`);
      }
      this.#holder[0].set(number, 0);
      this.#returned++;
    }
  }

  #onGiven(
    at: number,
    visitor: number,
    gateway: number,
    number: number,
    kind: number,
    arrivedAt: number,
    rank: number,
  ): void {
    const index = kind === 0 ? 0 : 1;
    const owner = this.#owner[index].get(number) - 1;
    if (owner === visitor) return;
    if (owner !== -1)
      this.#fail('unique', at, visitor, `was given ${nameOf(kind)} ${number}, which visitor ${owner} has`);
    this.#owner[index].set(number, visitor + 1);
    this.#highest[index] = Math.max(this.#highest[index] ?? 0, number);
    const isLeased = this.#holder[index].get(number) === gateway + 1;
    if (isLeased) this.#given++;
    else this.#single++;
    if (kind === 0) {
      if (at >= this.#opensAt + ANSWER_LATE_MS) {
        this.#fail('opening', at, visitor, `was given entry ${number} ${at - this.#opensAt} ms after the opening`);
      }
      return;
    }
    if (number <= (this.#entries ?? 0)) {
      this.#fail('unique', at, visitor, `was given position ${number}, which an entry of the draw has`);
    }
    this.#arrivedAt.set(number, arrivedAt);
    this.#answerMs.set(number, at - arrivedAt);
    this.#rank.set(number, rank);
    this.#gateway.set(number, gateway + 1);
    this.#isSingle.set(number, isLeased ? 0 : 1);
  }

  #onTold(told: Told): void {
    const { visitor, at, position, ahead } = told;
    const before = this.#lastTold.get(visitor);
    if (before !== undefined && position > before.position) {
      this.#fail('falling', at, visitor, `was told position ${position} after ${before.position}`);
    }
    if (before !== undefined && ahead > before.ahead) {
      this.#fail('falling', at, visitor, `was told ${ahead} ahead after ${before.ahead}`);
    }
    this.#lastTold.set(visitor, told);
    this.#told.push(told);
  }

  #onAdmitted(at: number, visitor: number, position: number, slot: number, until: number, since: number): void {
    if (position > this.#called) {
      this.#fail('called', at, visitor, `was admitted with position ${position}; ${this.#called} were called`);
    }
    if (slot < this.#opensAt)
      this.#fail('opening', at, visitor, `has a slot ${this.#opensAt - slot} ms before the opening`);
    const known = this.#byPosition.get(position) - 1;
    if (known !== -1) {
      const isSame =
        this.#visitor.get(known) === visitor && this.#slot.get(known) === slot && this.#until.get(known) === until;
      if (!isSame)
        this.#fail(
          'once',
          at,
          visitor,
          `got another session for position ${position} than visitor ${this.#visitor.get(known)} before`,
        );
      this.#admission[visitor] = known + 1;
      return;
    }
    const index = this.#admissions++;
    this.#byPosition.set(position, index + 1);
    this.#position.set(index, position);
    this.#visitor.set(index, visitor);
    this.#slot.set(index, slot);
    this.#until.set(index, until);
    this.#since.set(index, since);
    this.#admittedAt.set(index, at);
    this.#admission[visitor] = index + 1;
    const owner = this.#owner[1].get(position) - 1;
    if (owner !== -1 && owner !== visitor) {
      this.#fail('once', at, visitor, `was admitted with position ${position}, which was given to visitor ${owner}`);
    }
  }

  #onRefused(at: number, visitor: number, position: number, reason: string): void {
    if (reason === 'notCalled') {
      this.#fail(
        'called',
        at,
        visitor,
        `claimed position ${position}, which a gateway had shown as called, and it was not`,
      );
    } else if (LOSSES.includes(reason)) {
      this.#fail('kept', at, visitor, `claimed position ${position} and was refused: ${reason}`);
    }
  }

  #onEntered(at: number, visitor: number): void {
    const admission = (this.#admission[visitor] ?? 0) - 1;
    if (admission === -1) {
      this.#fail('called', at, visitor, 'reached the origin without a session');
      return;
    }
    const slot = this.#slot.get(admission);
    if (at < slot) this.#fail('rate', at, visitor, `reached the origin ${slot - at} ms before the slot`);
    if (at >= this.#until.get(admission))
      this.#fail('atOnce', at, visitor, 'reached the origin after the session was over');
  }

  #onFates(at: number, fates: { leased: number; given: number; returned: number; unused: number }): void {
    const { leased, given, returned, unused } = fates;
    const compare = (name: string, counted: number, seen: number) => {
      if (counted !== seen)
        this.#fail('leases', at, null, `the gateways counted ${counted} numbers as ${name}; ${seen} were seen`);
    };
    compare('leased', leased, this.#leased);
    compare('given', given, this.#given);
    // A return whose answer is lost is counted as unused.
    if (returned > this.#returned) compare('returned', returned, this.#returned);
    if (given + returned + unused > leased) {
      this.#fail(
        'leases',
        at,
        null,
        `of ${leased} leased numbers ${given + returned + unused} were counted by their fate`,
      );
    }
  }

  #onIssued(
    at: number,
    { entries, issued, joins, unserved }: { entries: number; issued: number; joins: number; unserved: number },
  ): void {
    const [entry = 0, position = 0] = this.#highest;
    if (entry > entries)
      this.#fail('leases', at, null, `entry ${entry} was given; the room has given or leased ${entries}`);
    if (position > issued)
      this.#fail('leases', at, null, `position ${position} was given; the room has given or leased ${issued}`);
    if (joins !== this.#single) {
      this.#fail(
        'leases',
        at,
        null,
        `${this.#single} numbers were given outside of leases; the room gave ${joins} one at a time`,
      );
    }
    if (unserved > 0) this.#fail('kept', at, null, `${unserved} visitors who came were not served`);
  }

  #fail(check: NightCheck, at: number, visitor: number | null, what: string): void {
    const broken = this.#broken.get(check);
    if (broken !== undefined) {
      broken.count++;
      return;
    }
    const who = visitor === null ? what : `visitor ${visitor} ${what}`;
    this.#broken.set(check, { count: 1, first: `At ${(at / 1_000).toFixed(3)} s: ${who}.` });
  }

  /** @param quiet nothing was made to fail and no operator changed anything: told waits can be held to their promise */
  audit(draw: PublishedDraw, { quiet }: { quiet: boolean }): AuditedNight {
    const inversions = this.#inversions();
    const rate = this.#fullestWindow();
    const most = this.#mostAtOnce();
    const drawn = this.#checkDraw(draw);
    const waits = this.#waits();
    const judged = waits.filter(({ high }) => high >= JUDGED_SECONDS_MIN);
    const inside = judged.filter(({ low, high, actual }) => {
      return actual >= low - WAIT_TOLERANCE_SECONDS && actual <= high + WAIT_TOLERANCE_SECONDS;
    }).length;
    const beyond = this.#told.filter(({ ahead, low }) => ahead > FRONT && !Number.isNaN(low));
    const wide = beyond.filter(({ low, high }) => high > WIDTH_FACTOR * low + WIDTH_SECONDS);
    const unused = this.#leased - this.#given - this.#returned;
    const share = judged.length === 0 ? 1 : inside / judged.length;
    if (judged.length >= WAITS_MIN && share < WAITS_INSIDE_MIN && quiet)
      this.#failSum('waits', `only ${percent(share)} of the told ranges held.`);
    if (beyond.length >= WAITS_MIN && wide.length > WIDE_SHARE_MAX * beyond.length && quiet) {
      const [{ visitor, at, low, high } = { visitor: 0, at: 0, low: 0, high: 0 }] = wide;
      this.#fail('width', at, visitor, `was told ${low} to ${high} s`);
    }
    const stirred = 'Faults or changes of an operator were part of this night, which no estimate can know.';
    const findings: NightFinding[] = [
      this.#finding(
        'opening',
        `${this.#count(this.#admissions, 'admission')}, the first slot ${this.#firstSlot()} after the opening.`,
      ),
      this.#finding(
        'unique',
        `${this.#count(this.#given + this.#single, 'number')} given, ${this.#count(this.#answers, 'answer')} received.`,
      ),
      this.#finding(
        'leases',
        `Of ${number(this.#leased)} leased numbers ${number(this.#given)} were given, ${number(this.#returned)} returned and ${number(unused)} left unused; ${number(this.#single)} were given one at a time.`,
      ),
      this.#finding(
        'withinGateway',
        `${this.#count(inversions.positions, 'position')} given after the opening; ${number(inversions.passing.count)} were passed at their own gateway while they waited, by ${inversions.passing.largestMs.toFixed(0)} ms at most.`,
      ),
      this.#finding(
        'betweenGateways',
        `${number(inversions.overtaken)} of ${number(inversions.positions)} stand behind somebody who came later, at most ${inversions.largestMs.toFixed(0)} ms beyond their own wait for the number.`,
      ),
      this.#finding('rate', rate),
      this.#finding('atOnce', most),
      this.#finding('called', `Called up to ${number(this.#called)}.`),
      this.#finding('once', `${this.#count(this.#admissions, 'session')} granted.`),
      this.#finding('kept', `${this.#count(this.#answers, 'visitor')} received a place.`),
      this.#finding('draw', drawn.observed, drawn.inconclusive),
      this.#finding(
        'falling',
        `${this.#count(this.#told.length, 'status', 'statuses')} of ${number(this.#lastTold.size)} watched visitors.`,
      ),
      this.#finding(
        'waits',
        `${percent(share)} of ${number(judged.length)} told ranges of half a minute or more held, give or take ${WAIT_TOLERANCE_SECONDS} s.`,
        judged.length < WAITS_MIN
          ? `Fewer than ${WAITS_MIN} such waits were told to watched visitors who entered.`
          : quiet
            ? null
            : stirred,
      ),
      this.#finding(
        'width',
        `${percent(beyond.length === 0 ? 0 : wide.length / beyond.length)} of ${number(beyond.length)} told ranges were wider; the median had an upper end of ${median(beyond.map(({ low, high }) => high / Math.max(1, low))).toFixed(2)} times the lower.`,
        beyond.length < WAITS_MIN
          ? `Fewer than ${WAITS_MIN} waits were told with so many ahead.`
          : quiet
            ? null
            : stirred,
      ),
    ];
    return {
      findings,
      waits,
      inversions,
      numbers: { given: this.#given + this.#single, returned: this.#returned, unused },
    };
  }

  #finding(check: NightCheck, observed: string, inconclusive: string | null = null): NightFinding {
    const broken = this.#broken.get(check);
    if (broken !== undefined) {
      const example = broken.count === 1 ? broken.first : `${broken.first} ${number(broken.count)} times in all.`;
      return { check, verdict: 'failed', observed, example };
    }
    return { check, verdict: inconclusive === null ? 'passed' : 'inconclusive', observed, example: inconclusive };
  }

  #failSum(check: NightCheck, first: string): void {
    this.#broken.set(check, { count: 1, first });
  }

  #count(count: number, one: string, many = `${one}s`): string {
    return `${number(count)} ${count === 1 ? one : many}`;
  }

  #firstSlot(): string {
    let first = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#admissions; index++) first = Math.min(first, this.#slot.get(index));
    return first === Number.POSITIVE_INFINITY ? 'never' : `${((first - this.#opensAt) / 1_000).toFixed(3)} s`;
  }

  /** In the order of positions: who has a number above that of somebody who came later was overtaken. */
  #inversions(): AuditedNight['inversions'] {
    const classes = new Array<number>(INVERSION_CLASSES).fill(0);
    const lastLeased = new Map<number, number>();
    const latestAt = new Map<number, number>();
    const passing = { count: 0, largestMs: 0 };
    let [overtaken, positions, largestMs, latest] = [0, 0, 0, Number.NEGATIVE_INFINITY];
    for (let position = 1; position <= (this.#highest[1] ?? 0); position++) {
      const gateway = this.#gateway.get(position);
      if (gateway === 0) continue;
      positions++;
      const visitor = this.#owner[1].get(position) - 1;
      const [arrivedAt, rank, answerMs] = [
        this.#arrivedAt.get(position),
        this.#rank.get(position),
        this.#answerMs.get(position),
      ];
      const at = arrivedAt + answerMs;
      const isSingle = this.#isSingle.get(position) === 1;
      // Numbers that the room gives by itself come when they come; the gateway's own are in order.
      if (!isSingle && rank < (lastLeased.get(gateway) ?? 0)) {
        this.#fail(
          'withinGateway',
          at,
          visitor,
          `has position ${position}, behind one for whom gateway ${gateway - 1} took a number later`,
        );
      }
      if (!isSingle) lastLeased.set(gateway, Math.max(rank, lastLeased.get(gateway) ?? 0));
      // By the time of arrival: somebody passes those who wait for the room's view, or for a number from the room itself.
      const passedMs = (latestAt.get(gateway) ?? 0) - arrivedAt;
      if (passedMs > 0) {
        passing.count++;
        passing.largestMs = Math.max(passing.largestMs, passedMs);
      } else latestAt.set(gateway, arrivedAt);
      if (!isSingle && passedMs > answerMs + ROUNDING_MS) {
        this.#fail(
          'withinGateway',
          at,
          visitor,
          `has position ${position}, behind one who came ${passedMs.toFixed(0)} ms later to gateway ${gateway - 1}`,
        );
      }
      const ms = latest - arrivedAt;
      latest = Math.max(latest, arrivedAt);
      if (ms <= 0) continue;
      overtaken++;
      // Until the answer the number is on its way from the store; later arrivals may be given smaller numbers meanwhile.
      const beyondMs = Math.max(0, ms - answerMs);
      largestMs = Math.max(largestMs, beyondMs);
      const index = Math.min(INVERSION_CLASSES - 1, Math.floor(beyondMs / INVERSION_CLASS_MS));
      classes[index] = (classes[index] ?? 0) + 1;
      if (beyondMs > ORDER_MS_MAX + ROUNDING_MS) {
        this.#fail(
          'betweenGateways',
          at,
          visitor,
          `with position ${position} came ${ms.toFixed(0)} ms before one who stands ahead, and waited ${answerMs.toFixed(0)} ms for the number`,
        );
      }
    }
    return { overtaken, passing, positions, largestMs, classes };
  }

  #limitWithin(of: 'rate' | 'capacity', from: number, to: number): number {
    let most = 0;
    for (const [index, limit] of this.#limits.entries()) {
      const until = this.#limits[index + 1]?.from ?? Number.POSITIVE_INFINITY;
      if (limit.from <= to && until >= from) most = Math.max(most, limit[of]);
    }
    return most;
  }

  #bySlot(): Int32Array {
    const order = Int32Array.from({ length: this.#admissions }, (_, index) => index);
    return order.sort((a, b) => this.#slot.get(a) - this.#slot.get(b));
  }

  /** Every window that begins with an admission; its limit is the highest that was in force when one of them was granted. */
  #fullestWindow(): string {
    const order = this.#bySlot();
    const changes = new Set(this.#limits.map(({ rate }) => rate)).size > 1;
    const constant = this.#limits.at(-1)?.rate ?? 0;
    const rates = changes
      ? Float64Array.from(order, (index) =>
          this.#limitWithin('rate', this.#since.get(index), this.#admittedAt.get(index)),
        )
      : null;
    const texts: string[] = [];
    for (const windowMs of WINDOWS_MS) {
      let [end, most, allowed] = [0, 0, 0];
      for (let start = 0; start < order.length; start++) {
        const from = this.#slot.get(order[start] as number);
        while (end < order.length && this.#slot.get(order[end] as number) - from < windowMs) end++;
        const rate =
          rates === null ? constant : rates.subarray(start, end).reduce((highest, one) => Math.max(highest, one), 0);
        const limit = Math.ceil((rate * windowMs) / 60_000);
        const count = end - start;
        if (count > limit)
          this.#fail(
            'rate',
            from,
            this.#visitor.get(order[start] as number),
            `begins ${windowMs / 1_000} s with ${count} admissions; ${limit} are allowed`,
          );
        if (count - limit > most - allowed || most === 0) [most, allowed] = [count, limit];
      }
      texts.push(`${number(most)} of ${number(allowed)} in ${windowMs / 1_000} s`);
    }
    return `In the fullest window: ${texts.join(', ')}.`;
  }

  /** From the slot until the visitor left or the session ended; the limit is that of when the last of them was granted. */
  #mostAtOnce(): string {
    const order = this.#bySlot();
    const ends = Float64Array.from(order, (index) => this.#endOf(index)).sort();
    let [ended, most, limitThen] = [0, 0, 0];
    for (const [begun, index] of order.entries()) {
      const slot = this.#slot.get(index);
      while (ended < ends.length && (ends[ended] as number) <= slot) ended++;
      const count = begun + 1 - ended;
      if (count <= most && count <= this.#lowestCapacity()) continue;
      const limit = this.#limitWithin('capacity', this.#since.get(index), this.#admittedAt.get(index));
      if (count > limit)
        this.#fail(
          'atOnce',
          slot,
          this.#visitor.get(index),
          `was let in as number ${count} inside; ${limit} are allowed`,
        );
      if (count > most) [most, limitThen] = [count, limit];
    }
    return `At most ${number(most)} inside at once, of ${number(limitThen)} allowed.`;
  }

  #lowestCapacity(): number {
    return Math.min(...this.#limits.map(({ capacity }) => capacity));
  }

  #endOf(admission: number): number {
    const visitor = this.#visitor.get(admission);
    const until = this.#until.get(admission);
    const leftAt = this.#leftAt[visitor] ?? 0;
    return leftAt > 0 && this.#admission[visitor] === admission + 1 ? Math.min(until, leftAt) : until;
  }

  #checkDraw({ commitment, secret, beacon, seed }: PublishedDraw): { observed: string; inconclusive: string | null } {
    const entries = this.#entries;
    if (entries === null || entries === 0 || seed === null) {
      return { observed: 'Nobody joined before the opening.', inconclusive: 'There was nothing to draw.' };
    }
    const bytesOf = (hex: string) => Buffer.from(hex, 'hex');
    const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest('hex');
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(entries));
    if (sha256(bytesOf(secret)) !== commitment)
      this.#failSum('draw', 'The published secret does not open the commitment.');
    const expected = sha256(Buffer.from(SEED_DOMAIN), bytesOf(secret), bytesOf(beacon ?? '00'.repeat(32)), length);
    if (expected !== seed)
      this.#failSum('draw', 'The seed is not that of the secret, the beacon and the number of entries.');
    const list = Uint32Array.from({ length: entries }, (_, index) => index);
    const drawn = unshuffleList(list, Uint8Array.from(bytesOf(seed)), SHUFFLE_ROUNDS);
    const check = (at: number, visitor: number, position: number) => {
      const number = this.#number[visitor] ?? 0;
      if (this.#kind[visitor] !== 1) {
        if (this.#kind[visitor] === 2 && position !== number)
          this.#fail('once', at, visitor, `holds position ${number} and came with ${position}`);
        return 0;
      }
      const right = (drawn[number - 1] ?? Number.NaN) + 1;
      if (position !== right)
        this.#fail('draw', at, visitor, `with entry ${number} has position ${position}; the draw gives ${right}`);
      return 1;
    };
    let compared = 0;
    // One whose answer was lost may hold a session of a place that they do not know.
    for (let index = 0; index < this.#admissions; index++) {
      const visitor = this.#visitor.get(index);
      if (this.#admission[visitor] === index + 1)
        compared += check(this.#admittedAt.get(index), visitor, this.#position.get(index));
    }
    for (const { at, visitor, position } of this.#told) compared += check(at, visitor, position);
    return {
      observed: `${number(entries)} entries drawn again; ${number(compared)} positions compared.`,
      inconclusive: null,
    };
  }

  #waits(): ToldWait[] {
    return this.#told.flatMap(({ visitor, at, ahead, low, high }) => {
      const admission = (this.#admission[visitor] ?? 0) - 1;
      if (admission === -1 || Number.isNaN(low)) return [];
      const enteredAt = Math.max(this.#slot.get(admission), this.#admittedAt.get(admission));
      return enteredAt < at ? [] : [{ ahead, low, high, actual: (enteredAt - at) / 1_000 }];
    });
  }
}

function nameOf(kind: number): string {
  return kind === 0 ? 'entry' : 'position';
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 1;
}
