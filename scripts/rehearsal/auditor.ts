// The auditor: reads what a rehearsal wrote down and says of each law whether it was kept, with the first example where it
// was broken, and "not proven" where the history cannot tell. It shares no code with the queue's rules, the gateway or
// the player: windows, shuffles and comparisons are made here, the draw with another implementation.

import { createHash } from 'node:crypto';
import { unshuffleList } from '@chainsafe/swap-or-not-shuffle';
import { ATTEMPTS, type Attempt, type BoardSeen, type SessionSeen, type VisitorHistory } from './event-log.ts';

/** What the auditor needs of a history. */
export interface Evidence {
  boards: readonly BoardSeen[];
  visitors: readonly VisitorHistory[];
  attempts: readonly Attempt[];
  clockAccuracyMs: number;
}

export interface Limits {
  /** null: what the boards said at the time. */
  newUsersPerMinute: number | null;
  /** null: not told, and no board tells it. */
  totalActiveUsers: number | null;
}

export const LAWS = {
  opening: 'Nobody is inside before the opening',
  tenSeconds: 'No ten seconds admit more people than the limit',
  minute: 'No minute admits more people than the limit',
  atOnce: 'Never more people inside at once than the limit',
  called: 'Nobody enters before their number is called',
  order: 'Whoever is called first enters first',
  once: 'One place for each visitor, one visitor for each place, one visit for each place',
  kept: 'A place stays the same through reloads, second tabs and lost networks',
  forward: 'The line never moves backwards',
  draw: 'The order of those who came early is the draw that was promised',
  arrives: 'Whoever comes when called gets in',
  bypass: 'Every way around the line is refused',
} as const;

export type LawName = keyof typeof LAWS;

export interface Finding {
  law: LawName;
  verdict: 'kept' | 'broken' | 'unproven';
  /** What was looked at and found, in one sentence. */
  seen: string;
  /** The first thing that broke the law, or why it could not be judged. */
  example: string | null;
}

/** Moments come from tokens as fractions of seconds; adding and dividing moves them by less than this. */
const ROUNDING_MS = 0.01;

const TEN_SECONDS_MS = 10_000;
const MINUTE_MS = 60_000;

/** Boards are a second or two apart: a changed limit was in force from some moment between two of them. */
const BOARD_GAP_MS = 3_000;

/**
 * Calls reach people by their next poll, and slots are up to a few seconds ahead: those called within ten seconds may
 * enter in any order among themselves, and nobody may be overtaken by more.
 */
const OVERTAKEN_MS_MAX = 10_000;

/** Whose own requests took longer than this came late by the network, not by the line. */
const PROMPT_MS_MAX = 2_000;

/** SHUFFLE_ROUND_COUNT of the Ethereum consensus specification. */
const SHUFFLE_ROUNDS = 90;

/** Rounds of a list of this many take seconds; beyond it the draw is better verified with its own command. */
const DRAW_ENTRIES_MAX = 5_000_000;

export interface Admission extends SessionSeen {
  visitor: VisitorHistory;
}

export function audit(evidence: Evidence, limits: Limits): Finding[] {
  const admissions = admissionsOf(evidence.visitors);
  return [
    opening(evidence, admissions),
    rate('tenSeconds', TEN_SECONDS_MS, evidence, admissions, limits),
    rate('minute', MINUTE_MS, evidence, admissions, limits),
    atOnce(evidence, admissions, limits),
    called(evidence, admissions),
    order(evidence, admissions, limits),
    once(evidence, admissions),
    kept(evidence),
    forward(evidence),
    draw(evidence),
    arrives(evidence),
    bypass(evidence),
  ];
}

/** Every session that was given, by the moment its slot opened. */
export function admissionsOf(visitors: readonly VisitorHistory[]): Admission[] {
  return visitors
    .flatMap((visitor) => visitor.sessions.map((session) => ({ ...session, visitor })))
    .sort((a, b) => a.admitAt - b.admitAt);
}

function finding(law: LawName, seen: string, broken: string | null, unproven: string | null = null): Finding {
  if (broken !== null) return { law, verdict: 'broken', seen, example: broken };
  return { law, verdict: unproven === null ? 'kept' : 'unproven', seen, example: unproven };
}

const NOBODY_ADMITTED = 'Nobody was admitted in this rehearsal.';

function opening({ boards, visitors, clockAccuracyMs }: Evidence, admissions: readonly Admission[]): Finding {
  const opensAt = new Map(boards.map((board) => [board.epoch, board.opensAt]));
  const early = admissions.find(({ epoch, admitAt }) => admitAt < (opensAt.get(epoch) ?? 0) - ROUNDING_MS);
  const withoutSession = visitors.find(({ insideAt, sessions }) => insideAt !== null && sessions.length === 0);
  const first = boards.length === 0 ? 0 : Math.min(...boards.map((board) => board.opensAt));
  const entered = visitors.find(({ insideAt }) => insideAt !== null && insideAt < first - clockAccuracyMs);
  const broken =
    (early &&
      `Visitor ${early.visitor.number} (position ${early.position}) has a slot ${inMs((opensAt.get(early.epoch) ?? 0) - early.admitAt)} before the opening.`) ??
    (withoutSession && `Visitor ${withoutSession.number} reached the origin without ever having been admitted.`) ??
    (entered && `Visitor ${entered.number} was inside ${inMs(first - (entered.insideAt ?? 0))} before the opening.`);
  const earliest = admissions[0];
  const seen =
    earliest === undefined
      ? NOBODY_ADMITTED
      : `First slot ${inMs(earliest.admitAt - (opensAt.get(earliest.epoch) ?? 0))} after the opening.`;
  return finding('opening', seen, broken ?? null);
}

interface Window {
  from: number;
  count: number;
  limit: number;
}

/**
 * The fullest window against its limit: half-open, beginning at each admission in turn. A rate that does not divide the
 * window lets the window hold the next whole number, since slots keep their distance and nothing else.
 */
export function fullestWindow(
  admissions: readonly Admission[],
  windowMs: number,
  boards: readonly BoardSeen[],
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

function highestRate(boards: readonly BoardSeen[], from: number, to: number): number {
  const first = boards[0];
  if (first === undefined) return 0;
  if (boards.every((board) => board.newUsersPerMinute === first.newUsersPerMinute)) return first.newUsersPerMinute;
  const near = boards.filter(({ asOf }) => asOf > from - BOARD_GAP_MS && asOf < to + BOARD_GAP_MS);
  const before = boards.findLast(({ asOf }) => asOf <= from - BOARD_GAP_MS);
  return Math.max(...[before ?? first, ...near].map((board) => board.newUsersPerMinute));
}

function rate(
  law: 'tenSeconds' | 'minute',
  windowMs: number,
  { boards }: Evidence,
  admissions: readonly Admission[],
  limits: Limits,
): Finding {
  const worst = fullestWindow(admissions, windowMs, boards, limits);
  if (worst === null) return finding(law, NOBODY_ADMITTED, null);
  const { from, count, limit } = worst;
  const seen = `At most ${people(count)} in any ${windowMs / 1000} s; the limit is ${limit}.`;
  const over = count > limit ? `${count} slots from ${clock(from)} on: ${count - limit} too many.` : null;
  return finding(law, seen, over);
}

/** Until when a session surely held a place: its visitor asked to leave, or its time ran out. */
export function heldUntil({ expiresAt, visitor }: Admission, clockAccuracyMs: number): number {
  const asked = visitor.leaveAskedAt;
  return asked === null ? expiresAt : Math.min(expiresAt, asked - clockAccuracyMs);
}

/** The most people inside at one moment, and that moment; null where nobody was. */
export function fullestMoment(
  admissions: readonly Admission[],
  clockAccuracyMs: number,
): { at: number; count: number } | null {
  const changes = admissions.flatMap((admission) => {
    const until = heldUntil(admission, clockAccuracyMs);
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

function atOnce({ clockAccuracyMs }: Evidence, admissions: readonly Admission[], limits: Limits): Finding {
  const most = fullestMoment(admissions, clockAccuracyMs);
  const limit = limits.totalActiveUsers;
  if (most === null) return finding('atOnce', NOBODY_ADMITTED, null);
  if (limit === null) {
    const told = 'The limit is not on the board: say it with --total-active-users to have this judged.';
    return finding('atOnce', `At most ${people(most.count)} at once.`, null, told);
  }
  const over = most.count > limit ? `${most.count} at ${clock(most.at)}: ${most.count - limit} too many.` : null;
  return finding('atOnce', `At most ${people(most.count)} at once; the limit is ${limit}.`, over);
}

/** A session that has been handed out stood for a called number: the next board read after it must say so. */
function called({ boards, clockAccuracyMs }: Evidence, admissions: readonly Admission[]): Finding {
  const received = admissions.toSorted((a, b) => a.receivedAt - b.receivedAt);
  let checked = 0;
  let broken: string | null = null;
  let next = 0;
  for (const { receivedAt, position, epoch, visitor } of received) {
    while (next < boards.length && (boards[next]?.asOf ?? 0) < receivedAt + clockAccuracyMs) next++;
    const board = boards[next];
    if (board === undefined) break;
    if (board.epoch !== epoch) continue;
    checked++;
    if (position > board.called) {
      broken ??= `Visitor ${visitor.number} holds a session for position ${position}; the board at ${clock(board.asOf)} had called ${board.called}.`;
    }
  }
  const seen = `${checked} of ${admissions.length} admissions could be held against a later board.`;
  const unproven = checked === 0 && admissions.length > 0 ? 'No board was read after the admissions.' : null;
  return finding('called', seen, broken, unproven);
}

export interface Overtaken {
  visitor: VisitorHistory;
  position: number;
  /** Later positions whose slot came before. */
  by: number;
  allowed: number;
}

/** The visitor who was overtaken by most, with how many may have: beyond that number by most, where it is told. */
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
    const one = { visitor, position, by, allowed: allowed(admission) };
    if (most === null || one.by - one.allowed > most.by - most.allowed) most = one;
  }
  return most;
}

function isPrompt({ lostClaims, slowestMs }: VisitorHistory): boolean {
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

function order({ boards }: Evidence, admissions: readonly Admission[], limits: Limits): Finding {
  if (admissions.length === 0) return finding('order', NOBODY_ADMITTED, null);
  const prompt = admissions.filter(({ visitor }) => isPrompt(visitor)).length;
  const [first, last] = [admissions[0]?.admitAt ?? 0, admissions.at(-1)?.admitAt ?? 0];
  const perMinute = limits.newUsersPerMinute ?? highestRate(boards, first, last);
  const atTheRate = Math.max(1, Math.ceil((perMinute * OVERTAKEN_MS_MAX) / MINUTE_MS));
  const soonAfter = callsSoonAfter(boards);
  const most = mostOvertaken(admissions, 'prompt', (admission) => Math.max(atTheRate, soonAfter(admission)));
  const slow = `${admissions.length - prompt} of ${admissions.length} lost the network or waited longer than ${PROMPT_MS_MAX / 1000} s for an answer`;
  if (most === null) return finding('order', slow, null, 'Nobody was answered soon enough to be judged by.');
  const seen = `Nobody whose requests were answered soon was overtaken by more later numbers than were called within ten seconds of their own; nearest to that ${most.by} of ${most.allowed}.`;
  const unproven = prompt < admissions.length / 2 ? `${slow}: too few are left to judge by.` : null;
  const broken =
    most.by > most.allowed
      ? `Visitor ${most.visitor.number} (position ${most.position}) was overtaken by ${most.by} later numbers; ${most.allowed} were called within ten seconds.`
      : null;
  return finding('order', seen, broken, unproven);
}

/** Positions that were called within ten seconds after one's own, by the boards that were read. */
function callsSoonAfter(boards: readonly BoardSeen[]): (admission: Admission) => number {
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

function once({ boards, visitors }: Evidence, admissions: readonly Admission[]): Finding {
  const holders = new Map<string, number>();
  const sessions = new Map<string, Admission>();
  let broken: string | null = null;
  for (const { number, places } of visitors) {
    for (const { epoch, entry, position } of places) {
      for (const [word, value] of [['entry', entry] as const, ['position', position] as const]) {
        if (value === null) continue;
        const key = `${word} ${value} of opening ${epoch}`;
        const other = holders.get(key) ?? number;
        holders.set(key, other);
        if (other !== number) broken ??= `Visitors ${other} and ${number} both hold ${key}.`;
      }
    }
  }
  for (const admission of admissions) {
    const { epoch, position, sid, visitor } = admission;
    for (const key of [`position ${position} of opening ${epoch}`, `session ${sid}`]) {
      const other = sessions.get(key);
      sessions.set(key, other ?? admission);
      if (other === undefined) continue;
      broken ??=
        other.visitor.number === visitor.number
          ? `Visitor ${visitor.number} got two sessions for ${key}.`
          : `Visitors ${other.visitor.number} and ${visitor.number} both got in with ${key}.`;
    }
    const holder = holders.get(`position ${position} of opening ${epoch}`);
    if (holder !== undefined && holder !== visitor.number) {
      broken ??= `Visitor ${visitor.number} got in with position ${position}, which is visitor ${holder}'s.`;
    }
  }
  const strangers = placesNobodyHolds({ boards, visitors });
  const lostJoins = visitors.reduce((sum, { lostJoins: lost }) => sum + lost, 0);
  const held = visitors.filter(({ places }) => places.length > 0).length;
  const seen = `${held} places and ${admissions.length} visits, each with one owner.`;
  const unproven =
    strangers > 0 && lostJoins > 0
      ? `The room gave ${strangers} places that no visitor of the rehearsal holds: other people in the room, or answers ` +
        `lost on the way for which a second place was given (${lostJoins} joins were broken off on purpose).`
      : null;
  return finding('once', seen, broken, unproven);
}

/** Places that the room gave during the rehearsal and no played visitor knows of. */
export function placesNobodyHolds({ boards, visitors }: Pick<Evidence, 'boards' | 'visitors'>): number {
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

function kept({ visitors }: Evidence): Finding {
  let broken: string | null = null;
  for (const { number, places } of visitors) {
    for (const word of ['visitorId', 'entry', 'position'] as const) {
      const byEpoch = new Map<number, string | number>();
      for (const place of places) {
        const value = place[word];
        if (value === null) continue;
        const before = byEpoch.get(place.epoch) ?? value;
        byEpoch.set(place.epoch, before);
        if (before !== value) broken ??= `Visitor ${number} had ${NOUN[word]} ${before} and later ${value}.`;
      }
    }
  }
  const sum = (count: (visitor: VisitorHistory) => number) => visitors.reduce((all, one) => all + count(one), 0);
  const lost = `${sum((one) => one.lostJoins)} joins and ${sum((one) => one.lostClaims)} claims broken off`;
  return finding('kept', `${lost}, ${sum((one) => (one.tabs === 2 ? 1 : 0))} visitors in two tabs.`, broken);
}

const NOUN = { visitorId: 'the id', entry: 'entry', position: 'position' } as const;

function forward({ boards }: Evidence): Finding {
  let broken: string | null = null;
  for (const [index, board] of boards.entries()) {
    const before = boards[index - 1];
    if (before === undefined || before.epoch !== board.epoch || before.asOf === board.asOf) continue;
    for (const word of ['called', 'issued', 'entries'] as const) {
      if (board[word] < before[word]) {
        broken ??= `"${word}" fell from ${before[word]} to ${board[word]} at ${clock(board.asOf)}.`;
      }
    }
  }
  return finding('forward', `${boards.length} boards were read.`, broken);
}

function draw({ boards, visitors }: Evidence): Finding {
  const drawn = boards.findLast(({ proof }) => proof !== null);
  const entered = visitors.filter(({ places }) => places.some(({ entry }) => entry !== null));
  if (entered.length === 0) return finding('draw', 'Nobody of the rehearsal came before the opening.', null);
  if (drawn?.proof == null) {
    return finding('draw', `${entered.length} entries.`, null, 'The room had not published its draw at the end.');
  }
  const { secret, beacon, entries, seed } = drawn.proof;
  const problem = drawProblem(drawn, boards, visitors);
  if (problem !== null) return finding('draw', `${entries} entries.`, problem);
  if (entries > DRAW_ENTRIES_MAX) {
    return finding('draw', `${entries} entries.`, null, 'The list is too long to be recomputed here.');
  }
  const positions = unshuffleList(
    Uint32Array.from({ length: entries }, (_, index) => index),
    Buffer.from(seed, 'hex'),
    SHUFFLE_ROUNDS,
  );
  let checked = 0;
  let broken: string | null = null;
  for (const { number, places, sessions } of entered) {
    const entry = places.find((place) => place.epoch === drawn.epoch && place.entry !== null)?.entry;
    const told = [...places, ...sessions].filter(({ epoch }) => epoch === drawn.epoch);
    if (entry == null) continue;
    const drawnPosition = (positions[entry - 1] ?? Number.NaN) + 1;
    for (const { position } of told) {
      if (position === null) continue;
      checked++;
      if (position !== drawnPosition) {
        broken ??= `Visitor ${number} with entry ${entry} stands at ${position}; the draw gives ${drawnPosition}.`;
      }
    }
  }
  const beaconWord = /^0*$/.test(beacon) ? 'without a public beacon' : 'with the public beacon';
  const seen = `${entries} entries, ${beaconWord}; secret ${secret.slice(0, 8)}… opens the commitment; ${checked} positions recomputed.`;
  return finding('draw', seen, broken);
}

/** Whether secret, seed and every receipt belong to the commitment that was public before. */
function drawProblem(
  drawn: BoardSeen,
  boards: readonly BoardSeen[],
  visitors: readonly VisitorHistory[],
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
  if (changed !== undefined) return `The board at ${clock(changed.asOf)} showed another commitment.`;
  for (const { number, places } of visitors) {
    for (const { epoch, commitment } of places) {
      if (epoch === drawn.epoch && commitment !== null && commitment !== drawn.commitment) {
        return `Visitor ${number}'s token names another commitment.`;
      }
    }
  }
  return null;
}

function arrives({ visitors }: Evidence): Finding {
  const wanted = visitors.filter(({ intent, arrivedAt, end }) => {
    return intent === 'visit' && arrivedAt !== null && end !== 'turnedAway';
  });
  const inside = wanted.filter(({ insideAt }) => insideAt !== null);
  const lapsed = wanted.find(({ end }) => end === 'lapsed');
  const pending = wanted.length - inside.length - wanted.filter(({ end }) => end === 'lapsed').length;
  const broken =
    lapsed === undefined ? null : `Visitor ${lapsed.number} polled as told and was called too late to come.`;
  const unproven = pending > 0 ? `${pending} were still on their way when the rehearsal ended.` : null;
  return finding('arrives', `${inside.length} of ${wanted.length} who stayed to be called got in.`, broken, unproven);
}

function bypass({ attempts }: Evidence): Finding {
  const tried = attempts.filter(({ outcome }) => outcome !== 'turn');
  const refused = tried.filter(({ outcome }) => outcome === 'refused').length;
  const through = tried.find(({ outcome }) => outcome === 'through');
  const unanswered = tried.length - refused - tried.filter(({ outcome }) => outcome === 'through').length;
  const broken =
    through === undefined
      ? null
      : `Visitor ${through.visitor}, ${ATTEMPTS[through.kind]} at ${clock(through.at)}: answered ${through.answer}.`;
  const unproven =
    unanswered > 0
      ? `${unanswered} got no answer; nobody came through, but nothing refused them either.`
      : tried.length === 0
        ? 'None was tried.'
        : null;
  return finding('bypass', `${refused} of ${tried.length} attempts refused.`, broken, unproven);
}

function people(count: number): string {
  return count === 1 ? '1 person' : `${count} people`;
}

function inMs(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Time of day in UTC, as the tokens have it. */
function clock(at: number): string {
  return `${new Date(at).toISOString().slice(11, 23)} UTC`;
}
