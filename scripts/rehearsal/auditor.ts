// The auditor: checks the event log of a rehearsal against the promises of the gateway. Each check passes, fails with its first
// example, or is inconclusive where the log is not enough. It shares no code with the queue's rules, the gateway or the
// simulation: it has its own windows and comparisons, and recomputes the draw with another implementation.

import { createHash } from 'node:crypto';
import { unshuffleList } from '@chainsafe/swap-or-not-shuffle';
import {
  ATTEMPTS,
  type Attempt,
  type ObservedBoard,
  type ObservedPlace,
  type ObservedSession,
  type VisitorRecord,
} from './event-log.ts';

/** The part of an event log that the auditor uses. */
export interface Evidence {
  boards: readonly ObservedBoard[];
  visitors: readonly VisitorRecord[];
  attempts: readonly Attempt[];
  clockAccuracyMs: number;
  /** Of the times in findings. */
  timeZone: string;
  /** Whether one gateway that was never restarted answered everything; null: unknown. */
  gateways: 'one' | 'several' | null;
}

export interface Limits {
  /** null: what the boards showed at the time. */
  newUsersPerMinute: number | null;
  /** null: unknown, because boards do not show it. */
  totalActiveUsers: number | null;
}

export const CHECKS = {
  opening: 'No visitor is admitted before the opening',
  tenSeconds: 'No 10 s window admits more visitors than the limit',
  minute: 'No 60 s window admits more visitors than the limit',
  concurrent: 'The number of visitors inside never exceeds the limit',
  called: 'No visitor is admitted before their position is called',
  order: 'Visitors are admitted in the order in which they were called',
  unique: 'Each place belongs to one visitor and is used for one session',
  stable: 'A place stays the same through reloads, second tabs and lost connections',
  monotonic: 'The line never moves backwards',
  draw: 'The order of early visitors is the draw that was committed to',
  admitted: 'Every visitor who waits until they are called is admitted',
  bypass: 'Every attempt to bypass the line is refused',
} as const;

export type CheckName = keyof typeof CHECKS;

export interface Finding {
  check: CheckName;
  verdict: 'passed' | 'failed' | 'inconclusive';
  /** What was measured, in one sentence. */
  observed: string;
  /** The first thing that failed the check, or why it is inconclusive. */
  example: string | null;
}

/** Times in tokens are fractions of seconds; adding and dividing moves them by less than this. */
const ROUNDING_MS = 0.01;

const TEN_SECONDS_MS = 10_000;
const MINUTE_MS = 60_000;

/** Boards are a second or two apart: a changed limit was in force from some moment between two of them. */
const BOARD_GAP_MS = 3_000;

/**
 * Visitors learn that they are called by their next poll, and slots are up to a few seconds ahead. So visitors who are called
 * within ten seconds of each other may be admitted in any order, and no visitor may be overtaken by others.
 */
const OVERTAKEN_MS_MAX = 10_000;

/** A visitor whose own requests took longer than this came late because of the network, not of the line. */
const PROMPT_MS_MAX = 2_000;

/** SHUFFLE_ROUND_COUNT of the Ethereum consensus specification. */
const SHUFFLE_ROUNDS = 90;

/** Recomputing a draw of this many entries takes seconds; a larger one is better verified by itself. */
const DRAW_ENTRIES_MAX = 5_000_000;

export interface Admission extends ObservedSession {
  visitor: VisitorRecord;
}

export function audit(evidence: Evidence, limits: Limits): Finding[] {
  const admissions = admissionsOf(evidence.visitors);
  return [
    checkOpening(evidence, admissions),
    checkRate('tenSeconds', TEN_SECONDS_MS, evidence, admissions, limits),
    checkRate('minute', MINUTE_MS, evidence, admissions, limits),
    checkConcurrent(evidence, admissions, limits),
    checkCalled(evidence, admissions),
    checkOrder(evidence, admissions, limits),
    checkUnique(evidence, admissions),
    checkStable(evidence),
    checkMonotonic(evidence),
    checkDraw(evidence),
    checkAdmitted(evidence),
    checkBypass(evidence),
  ];
}

/** Every session that was granted, in the order in which their slots open. */
export function admissionsOf(visitors: readonly VisitorRecord[]): Admission[] {
  return visitors
    .flatMap((visitor) => visitor.sessions.map((session) => ({ ...session, visitor })))
    .sort((a, b) => a.admitAt - b.admitAt);
}

function finding(
  check: CheckName,
  observed: string,
  failure: string | null,
  inconclusive: string | null = null,
): Finding {
  if (failure !== null) return { check, verdict: 'failed', observed, example: failure };
  return { check, verdict: inconclusive === null ? 'passed' : 'inconclusive', observed, example: inconclusive };
}

const NONE_ADMITTED = 'No visitor was admitted in this rehearsal.';

function checkOpening({ boards, visitors, clockAccuracyMs }: Evidence, admissions: readonly Admission[]): Finding {
  const opensAt = new Map(boards.map((board) => [board.epoch, board.opensAt]));
  const early = admissions.find(({ epoch, admitAt }) => admitAt < (opensAt.get(epoch) ?? 0) - ROUNDING_MS);
  const withoutSession = visitors.find(({ insideAt, sessions }) => insideAt !== null && sessions.length === 0);
  const first = boards.length === 0 ? 0 : Math.min(...boards.map((board) => board.opensAt));
  const entered = visitors.find(({ insideAt }) => insideAt !== null && insideAt < first - clockAccuracyMs);
  const failure =
    (early &&
      `Visitor ${early.visitor.number} (position ${early.position}) has a slot ${duration((opensAt.get(early.epoch) ?? 0) - early.admitAt)} before the opening.`) ??
    (withoutSession && `Visitor ${withoutSession.number} reached the origin without a session.`) ??
    (entered &&
      `Visitor ${entered.number} was inside ${duration(first - (entered.insideAt ?? 0))} before the opening.`);
  const earliest = admissions[0];
  const observed =
    earliest === undefined
      ? NONE_ADMITTED
      : `First slot ${duration(earliest.admitAt - (opensAt.get(earliest.epoch) ?? 0))} after the opening.`;
  return finding('opening', observed, failure ?? null);
}

interface Window {
  from: number;
  count: number;
  limit: number;
}

/**
 * The window that is fullest against its limit: half-open, beginning at each admission in turn. A rate that does not divide
 * the window lets the window contain the next whole number, because slots keep their distance and nothing else.
 */
export function fullestWindow(
  admissions: readonly Admission[],
  windowMs: number,
  boards: readonly ObservedBoard[],
  limits: Limits,
): Window | null {
  let worst: Window | null = null;
  let end = 0;
  for (const [index, { admitAt }] of admissions.entries()) {
    while (end < admissions.length && (admissions[end]?.admitAt ?? 0) - admitAt < windowMs - ROUNDING_MS) end++;
    const rateMax = limits.newUsersPerMinute ?? highestRate(boards, admitAt, admitAt + windowMs);
    const limit = Math.ceil((rateMax * windowMs) / MINUTE_MS - 1e-9);
    const window = { from: admitAt, count: end - index, limit };
    if (worst === null || window.count - window.limit > worst.count - worst.limit) worst = window;
  }
  return worst;
}

function highestRate(boards: readonly ObservedBoard[], from: number, to: number): number {
  const first = boards[0];
  if (first === undefined) return 0;
  if (boards.every((board) => board.newUsersPerMinute === first.newUsersPerMinute)) return first.newUsersPerMinute;
  const near = boards.filter(({ asOf }) => asOf > from - BOARD_GAP_MS && asOf < to + BOARD_GAP_MS);
  const before = boards.findLast(({ asOf }) => asOf <= from - BOARD_GAP_MS);
  return Math.max(...[before ?? first, ...near].map((board) => board.newUsersPerMinute));
}

function checkRate(
  check: 'tenSeconds' | 'minute',
  windowMs: number,
  { boards, timeZone }: Evidence,
  admissions: readonly Admission[],
  limits: Limits,
): Finding {
  const worst = fullestWindow(admissions, windowMs, boards, limits);
  if (worst === null) return finding(check, NONE_ADMITTED, null);
  const { from, count, limit } = worst;
  const observed = `At most ${visitorCount(count)} in any ${windowMs / 1000} s; the limit is ${limit}.`;
  return finding(
    check,
    observed,
    count > limit ? `${count} slots from ${clock(from, timeZone)}, ${count - limit} too many.` : null,
  );
}

/** Until when a session certainly took up capacity: its visitor sent `leave`, or it expired. */
export function occupiedUntil({ expiresAt, visitor }: Admission, clockAccuracyMs: number): number {
  const { leaveSentAt } = visitor;
  return leaveSentAt === null ? expiresAt : Math.min(expiresAt, leaveSentAt - clockAccuracyMs);
}

/** The most visitors inside at one moment, and that moment; null where there were none. */
export function fullestMoment(
  admissions: readonly Admission[],
  clockAccuracyMs: number,
): { at: number; count: number } | null {
  const changes = admissions.flatMap((admission) => {
    const until = occupiedUntil(admission, clockAccuracyMs);
    return until <= admission.admitAt
      ? []
      : [
          { at: admission.admitAt, by: 1 },
          { at: until, by: -1 },
        ];
  });
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  let count = 0;
  let most: { at: number; count: number } | null = null;
  for (const { at, by } of changes) {
    count += by;
    if (most === null || count > most.count) most = { at, count };
  }
  return most;
}

function checkConcurrent(
  { clockAccuracyMs, timeZone }: Evidence,
  admissions: readonly Admission[],
  limits: Limits,
): Finding {
  const most = fullestMoment(admissions, clockAccuracyMs);
  const limit = limits.totalActiveUsers;
  if (most === null) return finding('concurrent', NONE_ADMITTED, null);
  if (limit === null) {
    const unknown = 'The board does not show the limit. Give an operator key, or --total-active-users, to check it.';
    return finding('concurrent', `At most ${visitorCount(most.count)} at once.`, null, unknown);
  }
  const failure =
    most.count > limit ? `${most.count} at ${clock(most.at, timeZone)}, ${most.count - limit} too many.` : null;
  return finding('concurrent', `At most ${visitorCount(most.count)} at once; the limit is ${limit}.`, failure);
}

/** A session is granted only for a called position: the next board that was read after it must show that. */
function checkCalled({ boards, clockAccuracyMs, timeZone }: Evidence, admissions: readonly Admission[]): Finding {
  const received = admissions.toSorted((a, b) => a.receivedAt - b.receivedAt);
  let checked = 0;
  let failure: string | null = null;
  let next = 0;
  for (const { receivedAt, position, epoch, visitor } of received) {
    while (next < boards.length && (boards[next]?.asOf ?? 0) < receivedAt + clockAccuracyMs) next++;
    const board = boards[next];
    if (board === undefined) break;
    if (board.epoch !== epoch) continue;
    checked++;
    if (position > board.called) {
      failure ??= `Visitor ${visitor.number} has a session for position ${position}; the board at ${clock(board.asOf, timeZone)} had called up to ${board.called}.`;
    }
  }
  const observed = `${checked} of ${admissions.length} admissions could be compared with a later board.`;
  const inconclusive = checked === 0 && admissions.length > 0 ? 'No board was read after the admissions.' : null;
  return finding('called', observed, failure, inconclusive);
}

interface Overtaken {
  visitor: VisitorRecord;
  position: number;
  /** Later positions whose slot opened earlier. */
  by: number;
  allowed: number;
}

/** The visitor whom most others overtook, beyond the number allowed for that visitor. */
export function mostOvertaken(
  admissions: readonly Admission[],
  among: 'all' | 'prompt',
  allowed: (admission: Admission) => number = () => 0,
): Overtaken | null {
  const entered: number[] = [];
  let most: Overtaken | null = null;
  for (const admission of admissions) {
    const { position, visitor } = admission;
    const at = insertionIndex(entered, position);
    const by = entered.length - at;
    entered.splice(at, 0, position);
    if (among === 'prompt' && !isPrompt(visitor)) continue;
    const overtaken = { visitor, position, by, allowed: allowed(admission) };
    if (most === null || overtaken.by - overtaken.allowed > most.by - most.allowed) most = overtaken;
  }
  return most;
}

function isPrompt({ lostClaims, slowestMs }: VisitorRecord): boolean {
  return lostClaims === 0 && slowestMs <= PROMPT_MS_MAX;
}

function insertionIndex(ascending: readonly number[], value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function checkOrder({ boards }: Evidence, admissions: readonly Admission[], limits: Limits): Finding {
  if (admissions.length === 0) return finding('order', NONE_ADMITTED, null);
  const prompt = admissions.filter(({ visitor }) => isPrompt(visitor)).length;
  const [first, last] = [admissions[0]?.admitAt ?? 0, admissions.at(-1)?.admitAt ?? 0];
  const perMinute = limits.newUsersPerMinute ?? highestRate(boards, first, last);
  const atTheRate = Math.max(1, Math.ceil((perMinute * OVERTAKEN_MS_MAX) / MINUTE_MS));
  const calledSoonAfter = callsSoonAfter(boards);
  const most = mostOvertaken(admissions, 'prompt', (admission) => Math.max(atTheRate, calledSoonAfter(admission)));
  const slow = `${admissions.length - prompt} of ${admissions.length} visitors lost a connection or waited longer than ${PROMPT_MS_MAX / 1000} s for a response`;
  if (most === null) return finding('order', `${slow}.`, null, 'No visitor had responses fast enough to judge by.');
  const observed = `Of the visitors with fast responses, the one closest to the limit was overtaken by ${most.by} later positions; ${most.allowed} were called within 10 s of that visitor.`;
  const inconclusive = prompt < admissions.length / 2 ? `${slow}: too few are left to judge by.` : null;
  const failure =
    most.by > most.allowed
      ? `Visitor ${most.visitor.number} (position ${most.position}) was overtaken by ${most.by} later positions; ${most.allowed} were called within 10 s.`
      : null;
  return finding('order', observed, failure, inconclusive);
}

/** How many positions were called within ten seconds after that of an admission, by the boards that were read. */
function callsSoonAfter(boards: readonly ObservedBoard[]): (admission: Admission) => number {
  const epochs = new Map(
    [...Map.groupBy(boards, ({ epoch }) => epoch)].map(([epoch, of]) => [
      epoch,
      { asOf: of.map((board) => board.asOf), called: of.map((board) => board.called) },
    ]),
  );
  return ({ position, epoch }) => {
    const { asOf, called } = epochs.get(epoch) ?? { asOf: [], called: [] };
    const calledAt = asOf[insertionIndex(called, position - 1)];
    if (calledAt === undefined) return 0;
    return (called[insertionIndex(asOf, calledAt + OVERTAKEN_MS_MAX) - 1] ?? position) - position;
  };
}

function checkUnique({ visitors }: Evidence, admissions: readonly Admission[]): Finding {
  const holders = new Map<string, number>();
  const sessions = new Map<string, Admission>();
  let failure: string | null = null;
  for (const { number, places } of visitors) {
    for (const { epoch, entry, position } of places) {
      for (const [kind, value] of [['entry', entry] as const, ['position', position] as const]) {
        if (value === null) continue;
        const place = `${kind} ${value} of epoch ${epoch}`;
        const other = holders.get(place) ?? number;
        holders.set(place, other);
        if (other !== number) failure ??= `Visitors ${other} and ${number} both have ${place}.`;
      }
    }
  }
  for (const admission of admissions) {
    const { epoch, position, sid, visitor } = admission;
    for (const key of [`position ${position} of epoch ${epoch}`, `session ${sid}`]) {
      const other = sessions.get(key);
      sessions.set(key, other ?? admission);
      if (other === undefined) continue;
      failure ??=
        other.visitor.number === visitor.number
          ? `Visitor ${visitor.number} received two sessions for ${key}.`
          : `Visitors ${other.visitor.number} and ${visitor.number} were both admitted with ${key}.`;
    }
    const holder = holders.get(`position ${position} of epoch ${epoch}`);
    if (holder !== undefined && holder !== visitor.number) {
      failure ??= `Visitor ${visitor.number} was admitted with position ${position}, which belongs to visitor ${holder}.`;
    }
  }
  const held = visitors.filter(({ places }) => places.length > 0).length;
  const observed = `${held} places and ${admissions.length} sessions, each of one visitor.`;
  return finding('unique', observed, failure);
}

/**
 * Numbers that the room gave during the rehearsal and that no simulated visitor has: gateways leased them and nobody came for them,
 * other people are in the room, or a response was lost and the retry received another place.
 */
export function unownedPlaces({ boards, visitors }: Pick<Evidence, 'boards' | 'visitors'>): number {
  const last = boards.at(-1);
  const first = boards.find(({ epoch }) => epoch === last?.epoch);
  if (first === undefined || last === undefined) return 0;
  const given = Math.max(last.issued, last.entries) - Math.max(first.issued, first.entries);
  const held = new Set<string>();
  for (const { places } of visitors) {
    for (const { epoch, entry, position, visitorId } of places) {
      if (epoch === last.epoch && visitorId !== null) held.add(entry === null ? `p${position}` : `e${entry}`);
    }
  }
  return Math.max(0, given - held.size);
}

function checkStable({ visitors, gateways }: Evidence): Finding {
  let failure: string | null = null;
  for (const { number, places } of visitors) {
    for (const field of ['visitorId', 'entry', 'position'] as const) {
      const byEpoch = new Map<number, string | number>();
      for (const place of places) {
        const value = place[field];
        if (value === null) continue;
        const before = byEpoch.get(place.epoch) ?? value;
        byEpoch.set(place.epoch, before);
        if (before !== value) failure ??= `Visitor ${number} had ${FIELD_NAMES[field]} ${before} and later ${value}.`;
      }
    }
  }
  const sum = (count: (visitor: VisitorRecord) => number) =>
    visitors.reduce((total, visitor) => total + count(visitor), 0);
  const cutOff = `Joins cut off: ${sum(({ lostJoins }) => lostJoins)}, claims cut off: ${sum(({ lostClaims }) => lostClaims)}`;
  const lost = visitors.flatMap((visitor) => visitor.withheldPlaces.map((place) => ({ visitor, place })));
  const asAnswered = lost.filter(({ visitor, place }) => visitor.places.some((other) => isSamePlace(place, other)));
  const another = lost.find(
    (one) => !asAnswered.includes(one) && one.visitor.places.some(({ epoch }) => epoch === one.place.epoch),
  );
  const observed =
    `${cutOff}, visitors with two tabs: ${sum(({ tabs }) => (tabs === 2 ? 1 : 0))}. ` +
    `Of ${lost.length} joins whose answer did not arrive, ${asAnswered.length} got the same place with the retry.`;
  if (another === undefined) return finding('stable', observed, failure);
  // Another gateway, or one that was restarted meanwhile, does not know the first answer.
  const sentence = `Visitor ${another.visitor.number} got another place with the retry of a join whose answer did not arrive.`;
  switch (gateways) {
    case 'one':
      return finding('stable', observed, failure ?? `${sentence} One gateway answered both.`);
    case 'several':
      return finding(
        'stable',
        `${observed} Another gateway, or a restarted one, answered a retry with another place.`,
        failure,
      );
    case null:
      return finding(
        'stable',
        observed,
        failure,
        `${sentence} That is right only where another gateway, or a restarted one, answered the retry. An operator key shows whether one did.`,
      );
  }
}

function isSamePlace(a: ObservedPlace, b: ObservedPlace): boolean {
  return a.epoch === b.epoch && (a.entry === null ? a.position === b.position : a.entry === b.entry);
}

const FIELD_NAMES = { visitorId: 'the id', entry: 'entry', position: 'position' } as const;

function checkMonotonic({ boards, visitors, timeZone }: Evidence): Finding {
  let failure: string | null = null;
  for (const [index, board] of boards.entries()) {
    const before = boards[index - 1];
    if (before === undefined || before.epoch !== board.epoch || before.asOf === board.asOf) continue;
    for (const field of ['called', 'issued', 'entries'] as const) {
      if (board[field] < before[field]) {
        failure ??= `"${field}" fell from ${before[field]} to ${board[field]} at ${clock(board.asOf, timeZone)}.`;
      }
    }
  }
  let pages = 0;
  for (const { number, shown } of visitors) {
    const last = new Map<string, number>();
    for (const { at, tab, epoch, position, ahead } of shown) {
      pages++;
      const place = `${tab} ${epoch} ${position}`;
      const before = last.get(place) ?? ahead;
      last.set(place, ahead);
      if (ahead > before) {
        failure ??= `Visitor ${number} at position ${position} saw ${before} people ahead, and ${ahead} at ${clock(at, timeZone)}.`;
      }
    }
  }
  return finding(
    'monotonic',
    `${boards.length} boards were read, and ${pages} numbers of people ahead shown.`,
    failure,
  );
}

function checkDraw({ boards, visitors, timeZone }: Evidence): Finding {
  const drawn = boards.findLast(({ proof }) => proof !== null);
  const entered = visitors.filter(({ places }) => places.some(({ entry }) => entry !== null));
  if (entered.length === 0) return finding('draw', 'No simulated visitor came before the opening.', null);
  if (drawn?.proof == null) {
    return finding('draw', `${entered.length} entries.`, null, 'The room had not published its draw at the end.');
  }
  const { secret, beacon, entries, seed } = drawn.proof;
  const problem = drawProblem(drawn, boards, visitors, timeZone);
  if (problem !== null) return finding('draw', `${entries} entries.`, problem);
  if (entries > DRAW_ENTRIES_MAX) {
    return finding('draw', `${entries} entries.`, null, 'The draw is too large to be recomputed here.');
  }
  const positions = unshuffleList(
    Uint32Array.from({ length: entries }, (_, index) => index),
    Buffer.from(seed, 'hex'),
    SHUFFLE_ROUNDS,
  );
  let checked = 0;
  let failure: string | null = null;
  for (const { number, places, sessions } of entered) {
    const entry = places.find((place) => place.epoch === drawn.epoch && place.entry !== null)?.entry;
    if (entry == null) continue;
    const drawnPosition = (positions[entry - 1] ?? Number.NaN) + 1;
    for (const { epoch, position } of [...places, ...sessions]) {
      if (epoch !== drawn.epoch || position === null) continue;
      checked++;
      if (position !== drawnPosition) {
        failure ??= `Visitor ${number} with entry ${entry} has position ${position}; the draw gives ${drawnPosition}.`;
      }
    }
  }
  const beaconClause = /^0*$/.test(beacon) ? 'without a public beacon' : 'with a public beacon';
  const observed = `${entries} entries, ${beaconClause}; secret ${secret.slice(0, 8)}… opens the commitment; ${checked} positions recomputed.`;
  return finding('draw', observed, failure);
}

/** Whether secret, seed and every queue token belong to the commitment that was public before. */
function drawProblem(
  drawn: ObservedBoard,
  boards: readonly ObservedBoard[],
  visitors: readonly VisitorRecord[],
  timeZone: string,
): string | null {
  const { secret, beacon, entries, seed } = drawn.proof ?? { secret: '', beacon: '', entries: 0, seed: '' };
  const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest('hex');
  const hex = (text: string) => Buffer.from(text, 'hex');
  if (sha256(hex(secret)) !== drawn.commitment) return 'The published secret does not open the commitment.';
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(entries));
  if (sha256(Buffer.from('fairgate/draw/v1'), hex(secret), hex(beacon), count) !== seed) {
    return 'The published seed does not follow from secret, beacon and number of entries.';
  }
  const changed = boards.find(({ epoch, commitment }) => epoch === drawn.epoch && commitment !== drawn.commitment);
  if (changed !== undefined) return `The board at ${clock(changed.asOf, timeZone)} showed another commitment.`;
  for (const { number, places } of visitors) {
    for (const { epoch, commitment } of places) {
      if (epoch === drawn.epoch && commitment !== null && commitment !== drawn.commitment) {
        return `The token of visitor ${number} names another commitment.`;
      }
    }
  }
  return null;
}

function checkAdmitted({ visitors }: Evidence): Finding {
  const expected = visitors.filter(({ intent, arrivedAt, end }) => {
    return intent === 'visit' && arrivedAt !== null && end !== 'turnedAway';
  });
  const inside = expected.filter(({ insideAt }) => insideAt !== null);
  const lapsed = expected.find(({ end }) => end === 'lapsed');
  const pending = expected.length - inside.length - expected.filter(({ end }) => end === 'lapsed').length;
  const failure =
    lapsed === undefined
      ? null
      : `Visitor ${lapsed.number} polled as required, and the claim window ended before the claim.`;
  const inconclusive = pending > 0 ? `${pending} were still in line when the rehearsal ended.` : null;
  return finding(
    'admitted',
    `${inside.length} of ${expected.length} visitors who waited were admitted.`,
    failure,
    inconclusive,
  );
}

function checkBypass({ attempts, timeZone }: Evidence): Finding {
  const tried = attempts.filter(({ outcome }) => outcome !== 'admitted');
  const refused = tried.filter(({ outcome }) => outcome === 'refused').length;
  const bypassed = tried.find(({ outcome }) => outcome === 'bypassed');
  const noResponse = tried.filter(({ outcome }) => outcome === 'noResponse').length;
  const failure =
    bypassed === undefined
      ? null
      : `Visitor ${bypassed.visitor}, ${ATTEMPTS[bypassed.kind]} at ${clock(bypassed.at, timeZone)}: the response was ${bypassed.response}.`;
  const inconclusive =
    noResponse > 0
      ? `${noResponse} had no response: they did not succeed, but they were not refused either.`
      : tried.length === 0
        ? 'No attempt was made.'
        : null;
  return finding('bypass', `${refused} of ${tried.length} attempts refused.`, failure, inconclusive);
}

function visitorCount(count: number): string {
  return count === 1 ? '1 visitor' : `${count} visitors`;
}

function duration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Time of day, with the name of its zone. */
function clock(at: number, timeZone: string): string {
  const time = new Date(at).toLocaleTimeString('en-GB', { timeZone, hourCycle: 'h23' });
  return `${time}.${String(Math.floor(at % 1_000)).padStart(3, '0')} ${timeZone}`;
}
