// The auditor: checks the event log of a rehearsal against the promises of the gateway. Each check passes, fails with its first
// example, or is inconclusive where the log is not enough. It shares no code with the queue's rules, the gateway or the
// simulation: it has its own windows and comparisons, and recomputes the draw with another implementation.

import { createHash } from 'node:crypto';
import { unshuffleList } from '@chainsafe/swap-or-not-shuffle';
import type { AuditTexts } from './auditor-texts.ts';
import type { Attempt, ObservedBoard, ObservedPlace, ObservedSession, VisitorRecord } from './event-log.ts';

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

/** @param says what was found, in the reader's language */
export function audit(evidence: Evidence, limits: Limits, says: AuditTexts): Finding[] {
  const admissions = admissionsOf(evidence.visitors);
  return [
    checkOpening(evidence, admissions, says),
    checkRate('tenSeconds', TEN_SECONDS_MS, evidence, admissions, limits, says),
    checkRate('minute', MINUTE_MS, evidence, admissions, limits, says),
    checkConcurrent(evidence, admissions, limits, says),
    checkCalled(evidence, admissions, says),
    checkOrder(evidence, admissions, limits, says),
    checkUnique(evidence, admissions, says),
    checkStable(evidence, says),
    checkMonotonic(evidence, says),
    checkDraw(evidence, says),
    checkAdmitted(evidence, says),
    checkBypass(evidence, says),
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

function checkOpening(
  { boards, visitors, clockAccuracyMs }: Evidence,
  admissions: readonly Admission[],
  says: AuditTexts,
): Finding {
  const opensAt = new Map(boards.map((board) => [board.epoch, board.opensAt]));
  const early = admissions.find(({ epoch, admitAt }) => admitAt < (opensAt.get(epoch) ?? 0) - ROUNDING_MS);
  const withoutSession = visitors.find(({ insideAt, sessions }) => insideAt !== null && sessions.length === 0);
  const first = boards.length === 0 ? 0 : Math.min(...boards.map((board) => board.opensAt));
  const entered = visitors.find(({ insideAt }) => insideAt !== null && insideAt < first - clockAccuracyMs);
  const failure =
    (early &&
      says.slotBeforeOpening(early.visitor.number, early.position, (opensAt.get(early.epoch) ?? 0) - early.admitAt)) ??
    (withoutSession && says.withoutSession(withoutSession.number)) ??
    (entered && says.insideBeforeOpening(entered.number, first - (entered.insideAt ?? 0)));
  const earliest = admissions[0];
  const observed =
    earliest === undefined ? says.noneAdmitted : says.firstSlot(earliest.admitAt - (opensAt.get(earliest.epoch) ?? 0));
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
  says: AuditTexts,
): Finding {
  const worst = fullestWindow(admissions, windowMs, boards, limits);
  if (worst === null) return finding(check, says.noneAdmitted, null);
  const { from, count, limit } = worst;
  const observed = says.fullestWindow(count, windowMs / 1000, limit);
  return finding(
    check,
    observed,
    count > limit ? says.windowTooFull(count, clock(from, timeZone), count - limit) : null,
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
  says: AuditTexts,
): Finding {
  const most = fullestMoment(admissions, clockAccuracyMs);
  const limit = limits.totalActiveUsers;
  if (most === null) return finding('concurrent', says.noneAdmitted, null);
  if (limit === null) {
    return finding('concurrent', says.mostAtOnce(most.count), null, says.limitUnknown);
  }
  const failure =
    most.count > limit ? says.atOnceTooMany(most.count, clock(most.at, timeZone), most.count - limit) : null;
  return finding('concurrent', says.mostAtOnceOf(most.count, limit), failure);
}

/** A session is granted only for a called position: the next board that was read after it must show that. */
function checkCalled(
  { boards, clockAccuracyMs, timeZone }: Evidence,
  admissions: readonly Admission[],
  says: AuditTexts,
): Finding {
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
      failure ??= says.notCalled(visitor.number, position, clock(board.asOf, timeZone), board.called);
    }
  }
  const observed = says.comparedWithBoards(checked, admissions.length);
  const inconclusive = checked === 0 && admissions.length > 0 ? says.noLaterBoard : null;
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

function checkOrder({ boards }: Evidence, admissions: readonly Admission[], limits: Limits, says: AuditTexts): Finding {
  if (admissions.length === 0) return finding('order', says.noneAdmitted, null);
  const prompt = admissions.filter(({ visitor }) => isPrompt(visitor)).length;
  const [first, last] = [admissions[0]?.admitAt ?? 0, admissions.at(-1)?.admitAt ?? 0];
  const perMinute = limits.newUsersPerMinute ?? highestRate(boards, first, last);
  const atTheRate = Math.max(1, Math.ceil((perMinute * OVERTAKEN_MS_MAX) / MINUTE_MS));
  const calledSoonAfter = callsSoonAfter(boards);
  const most = mostOvertaken(admissions, 'prompt', (admission) => Math.max(atTheRate, calledSoonAfter(admission)));
  const slow = says.slowVisitors(admissions.length - prompt, admissions.length, PROMPT_MS_MAX / 1000);
  if (most === null) return finding('order', `${slow}.`, null, says.noFastResponses);
  const observed = says.overtaken(most.by, most.allowed);
  const inconclusive = prompt < admissions.length / 2 ? says.tooFewToJudge(slow) : null;
  const failure =
    most.by > most.allowed ? says.overtakenTooOften(most.visitor.number, most.position, most.by, most.allowed) : null;
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

function checkUnique({ visitors }: Evidence, admissions: readonly Admission[], says: AuditTexts): Finding {
  const holders = new Map<string, number>();
  const sessions = new Map<string, Admission>();
  let failure: string | null = null;
  for (const { number, places } of visitors) {
    for (const { epoch, entry, position } of places) {
      for (const [kind, value] of [['entry', entry] as const, ['position', position] as const]) {
        if (value === null) continue;
        const place = says.place(kind, value, epoch);
        const other = holders.get(place) ?? number;
        holders.set(place, other);
        if (other !== number) failure ??= says.sharedPlace(other, number, place);
      }
    }
  }
  for (const admission of admissions) {
    const { epoch, position, sid, visitor } = admission;
    for (const key of [says.place('position', position, epoch), says.session(sid)]) {
      const other = sessions.get(key);
      sessions.set(key, other ?? admission);
      if (other === undefined) continue;
      failure ??=
        other.visitor.number === visitor.number
          ? says.twoSessions(visitor.number, key)
          : says.admittedTwice(other.visitor.number, visitor.number, key);
    }
    const holder = holders.get(says.place('position', position, epoch));
    if (holder !== undefined && holder !== visitor.number) {
      failure ??= says.foreignPosition(visitor.number, position, holder);
    }
  }
  const held = visitors.filter(({ places }) => places.length > 0).length;
  const observed = says.heldPlaces(held, admissions.length);
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

function checkStable({ visitors, gateways }: Evidence, says: AuditTexts): Finding {
  let failure: string | null = null;
  for (const { number, places } of visitors) {
    for (const field of ['visitorId', 'entry', 'position'] as const) {
      const byEpoch = new Map<number, string | number>();
      for (const place of places) {
        const value = place[field];
        if (value === null) continue;
        const before = byEpoch.get(place.epoch) ?? value;
        byEpoch.set(place.epoch, before);
        if (before !== value) failure ??= says.changedPlace(number, field, before, value);
      }
    }
  }
  const sum = (count: (visitor: VisitorRecord) => number) =>
    visitors.reduce((total, visitor) => total + count(visitor), 0);
  const lost = visitors.flatMap((visitor) => visitor.withheldPlaces.map((place) => ({ visitor, place })));
  const asAnswered = lost.filter(({ visitor, place }) => visitor.places.some((other) => isSamePlace(place, other)));
  const another = lost.find(
    (one) => !asAnswered.includes(one) && one.visitor.places.some(({ epoch }) => epoch === one.place.epoch),
  );
  const observed = says.retries({
    joins: sum(({ lostJoins }) => lostJoins),
    claims: sum(({ lostClaims }) => lostClaims),
    twoTabs: sum(({ tabs }) => (tabs === 2 ? 1 : 0)),
    lost: lost.length,
    same: asAnswered.length,
  });
  if (another === undefined) return finding('stable', observed, failure);
  // Another gateway, or one that was restarted meanwhile, does not know the first answer.
  const sentence = says.anotherPlace(another.visitor.number);
  switch (gateways) {
    case 'one':
      return finding('stable', observed, failure ?? `${sentence} ${says.oneGateway}`);
    case 'several':
      return finding('stable', `${observed} ${says.severalGateways}`, failure);
    case null:
      return finding('stable', observed, failure, `${sentence} ${says.gatewaysUnknown}`);
  }
}

function isSamePlace(a: ObservedPlace, b: ObservedPlace): boolean {
  return a.epoch === b.epoch && (a.entry === null ? a.position === b.position : a.entry === b.entry);
}

function checkMonotonic({ boards, visitors, timeZone }: Evidence, says: AuditTexts): Finding {
  let failure: string | null = null;
  for (const [index, board] of boards.entries()) {
    const before = boards[index - 1];
    if (before === undefined || before.epoch !== board.epoch || before.asOf === board.asOf) continue;
    for (const field of ['called', 'issued', 'entries'] as const) {
      if (board[field] < before[field]) {
        failure ??= says.boardFell(field, before[field], board[field], clock(board.asOf, timeZone));
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
        failure ??= says.aheadRose(number, position, before, ahead, clock(at, timeZone));
      }
    }
  }
  return finding('monotonic', says.readAndShown(boards.length, pages), failure);
}

function checkDraw({ boards, visitors, timeZone }: Evidence, says: AuditTexts): Finding {
  const drawn = boards.findLast(({ proof }) => proof !== null);
  const entered = visitors.filter(({ places }) => places.some(({ entry }) => entry !== null));
  if (entered.length === 0) return finding('draw', says.noEntries, null);
  if (drawn?.proof == null) {
    return finding('draw', says.entries(entered.length), null, says.notDrawn);
  }
  const { secret, beacon, entries, seed } = drawn.proof;
  const problem = drawProblem(drawn, { boards, visitors, timeZone }, says);
  if (problem !== null) return finding('draw', says.entries(entries), problem);
  if (entries > DRAW_ENTRIES_MAX) {
    return finding('draw', says.entries(entries), null, says.drawTooLarge);
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
        failure ??= says.drawDiffers(number, entry, position, drawnPosition);
      }
    }
  }
  const observed = says.drawn(entries, !/^0*$/.test(beacon), secret.slice(0, 8), checked);
  return finding('draw', observed, failure);
}

/** Whether secret, seed and every queue token belong to the commitment that was public before. */
function drawProblem(
  drawn: ObservedBoard,
  { boards, visitors, timeZone }: Pick<Evidence, 'boards' | 'visitors' | 'timeZone'>,
  says: AuditTexts,
): string | null {
  const { secret, beacon, entries, seed } = drawn.proof ?? { secret: '', beacon: '', entries: 0, seed: '' };
  const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest('hex');
  const hex = (text: string) => Buffer.from(text, 'hex');
  if (sha256(hex(secret)) !== drawn.commitment) return says.secretDiffers;
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(entries));
  if (sha256(Buffer.from('fairgate/draw/v1'), hex(secret), hex(beacon), count) !== seed) {
    return says.seedDiffers;
  }
  const changed = boards.find(({ epoch, commitment }) => epoch === drawn.epoch && commitment !== drawn.commitment);
  if (changed !== undefined) return says.boardCommitment(clock(changed.asOf, timeZone));
  for (const { number, places } of visitors) {
    for (const { epoch, commitment } of places) {
      if (epoch === drawn.epoch && commitment !== null && commitment !== drawn.commitment) {
        return says.tokenCommitment(number);
      }
    }
  }
  return null;
}

function checkAdmitted({ visitors }: Evidence, says: AuditTexts): Finding {
  const expected = visitors.filter(({ intent, arrivedAt, end }) => {
    return intent === 'visit' && arrivedAt !== null && end !== 'turnedAway';
  });
  const inside = expected.filter(({ insideAt }) => insideAt !== null);
  const lapsed = expected.find(({ end }) => end === 'lapsed');
  const pending = expected.length - inside.length - expected.filter(({ end }) => end === 'lapsed').length;
  const failure = lapsed === undefined ? null : says.lapsed(lapsed.number);
  const inconclusive = pending > 0 ? says.stillInLine(pending) : null;
  return finding('admitted', says.waitedAndAdmitted(inside.length, expected.length), failure, inconclusive);
}

function checkBypass({ attempts, timeZone }: Evidence, says: AuditTexts): Finding {
  const tried = attempts.filter(({ outcome }) => outcome !== 'admitted');
  const refused = tried.filter(({ outcome }) => outcome === 'refused').length;
  const bypassed = tried.find(({ outcome }) => outcome === 'bypassed');
  const noResponse = tried.filter(({ outcome }) => outcome === 'noResponse').length;
  const failure =
    bypassed === undefined
      ? null
      : says.bypassed(bypassed.visitor, bypassed.kind, clock(bypassed.at, timeZone), bypassed.response);
  const inconclusive = noResponse > 0 ? says.attemptsLost(noResponse) : tried.length === 0 ? says.noAttempts : null;
  return finding('bypass', says.attemptsRefused(refused, tried.length), failure, inconclusive);
}

/** Time of day, with the name of its zone. */
function clock(at: number, timeZone: string): string {
  const time = new Date(at).toLocaleTimeString('en-GB', { timeZone, hourCycle: 'h23' });
  return `${time}.${String(Math.floor(at % 1_000)).padStart(3, '0')} ${timeZone}`;
}
