// A whole rehearsal: looks at the gateway, waits for the people's hour, lets everybody arrive on time, and ends when all are
// done, when its own time is up, or when it is told to stop. Returns what happened; judges nothing.

import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod';
import type { Board } from '../../queue-core/board.ts';
import {
  ATTEMPTS,
  type Attempt,
  type AttemptKind,
  type BoardSeen,
  type GeneratorFigures,
  type History,
} from './event-log.ts';
import { Latencies } from './latency-samples.ts';
import { Network } from './network.ts';
import type { VisitorPlan } from './plan.ts';
import type { Target } from './rehearsal-target.ts';
import { PlayedVisitor, type Stage } from './rehearsed-visitor.ts';

export interface Playing {
  target: Target;
  /** The origin's own address, to knock at. */
  originTarget: Target | null;
  room: string;
  /** Another room of the same gateway, whose tokens are tried here. */
  otherRoom: string | null;
  /** Host that the room is known by, where it differs from the target's. */
  asHost: string | null;
  path: string;
  deepLink: string;
  connections: number;
  /** The rehearsal ends after this, wherever everybody stands. */
  msMax: number;
}

export interface Progress {
  /** Until the first arrival; 0 from then on. */
  startsInMs: number;
  arrived: number;
  waiting: number;
  inside: number;
  gone: number;
  visitors: number;
  requests: number;
  /** How long ago the last answer came. */
  silentMs: number;
  /** How late the player's own timers ran lately. */
  lateMs: number;
}

/** The player's own lateness is looked at this often. */
const PULSE_MS = 100;
/** A gateway reads the store at most once a second; asking more often shows nothing new. */
const WITNESS_MS = 1_000;
/** Readings of the gateway's clock; the one with the shortest way there and back counts. */
const CLOCK_READINGS = 6;
/** A board is carried forward by the gateway from the store's answer on; it may lag by that answer's way. */
const STORE_WAY_MS = 10;
/** One board a second for each gateway behind the name: enough for an hour with five of them. */
const BOARDS_MAX = 20_000;
/** An opening further off is not waited for: the machine would sleep, the shell would close. */
export const WAIT_MS_MAX = 60 * 60_000;

const boardShape = z.object({
  room: z.string(),
  epoch: z.int(),
  state: z.string(),
  serverTime: z.iso.datetime(),
  asOf: z.iso.datetime(),
  opensAt: z.iso.datetime(),
  entries: z.int(),
  issued: z.int(),
  called: z.int(),
  newUsersPerMinute: z.number(),
  active: z.int(),
  draw: z.object({ commitment: z.string(), proof: z.unknown() }),
});

/** The rehearsal cannot be played as asked; the message says why and what to do. */
export class CannotPlay extends Error {}

export interface Met {
  playing: Playing;
  network: Network;
  origin: Network | null;
  board: Board;
  /** What the gateway's clock shows when this machine's stopwatch shows 0. */
  clock: { offsetMs: number; accuracyMs: number };
  kid: string;
  otherRoomToken: string | null;
}

/** Looks at gateway, room and paths before anybody comes. @throws CannotPlay */
export async function meet(playing: Playing): Promise<Met> {
  const network = new Network(playing.target, playing.connections, playing.asHost);
  const origin = playing.originTarget === null ? null : new Network(playing.originTarget, ORIGIN_CONNECTIONS);
  try {
    const { board, clock } = await readClock(network, playing);
    if (board.state === 'closed' || board.state === 'soldOut') {
      throw new CannotPlay(
        `The room "${playing.room}" is ${board.state === 'closed' ? 'closed' : 'sold out'}: nobody can join. ` +
          'Schedule a new opening, or start a gateway with a fresh DATA_DIR.',
      );
    }
    for (const path of new Set([playing.path, playing.deepLink])) await checkProtected(network, path);
    if (origin !== null) await checkOrigin(origin, playing.deepLink);
    const kid = await publishedKey(network);
    const otherRoomToken = playing.otherRoom === null ? null : await tokenOf(network, playing.otherRoom);
    return { playing, network, origin, board, clock, kid, otherRoomToken };
  } catch (error) {
    network.close();
    origin?.close();
    throw error;
  }
}

/** The origin is only knocked at, never loaded. */
const ORIGIN_CONNECTIONS = 4;

/** Attempts that can be made with what was given. */
export function possibleAttempts({ origin, otherRoomToken }: Met): AttemptKind[] {
  return (Object.keys(ATTEMPTS) as AttemptKind[]).filter((kind) => {
    if (kind === 'otherRoom') return otherRoomToken !== null;
    return kind === 'originBare' || kind === 'originForged' ? origin !== null : true;
  });
}

async function readClock(network: Network, { room, target }: Playing) {
  let best: { board: Board; clock: Met['clock'] } | null = null;
  for (let reading = 0; reading < CLOCK_READINGS; reading++) {
    const askedAt = performance.now();
    const outcome = await network.ask({ kind: 'board', path: boardPath(room) });
    const answeredAt = performance.now();
    if (outcome.kind === 'lost') {
      throw new CannotPlay(
        `No gateway answers at ${target.origin} (${outcome.why}). Start one with npm start, or put --url where yours is.`,
      );
    }
    if (outcome.status === 404) {
      throw new CannotPlay(
        `The gateway at ${target.origin} knows no room "${room}". Put --room with one of its rooms.`,
      );
    }
    const board = boardShape.safeParse(jsonIn(outcome.text));
    if (!board.success) {
      throw new CannotPlay(`What answers at ${target.origin} is no Fairgate gateway (status ${outcome.status}).`);
    }
    const accuracyMs = (answeredAt - askedAt) / 2 + STORE_WAY_MS;
    const offsetMs = Date.parse(board.data.serverTime) - (askedAt + answeredAt) / 2;
    if (best === null || accuracyMs < best.clock.accuracyMs) {
      best = { board: board.data as unknown as Board, clock: { offsetMs, accuracyMs } };
    }
  }
  if (best === null) throw new CannotPlay(`The board at ${target.origin} could not be read.`);
  return best;
}

async function checkProtected(network: Network, path: string): Promise<void> {
  const outcome = await network.ask({ kind: 'attempt', path, headers: { Accept: '*/*' } });
  if (outcome.kind === 'answered' && outcome.status === 403 && outcome.text.includes('/no-admission')) return;
  const answer = outcome.kind === 'answered' ? `status ${outcome.status}` : outcome.why;
  throw new CannotPlay(
    `${path} is not behind the line: without an admission the gateway should refuse it with 403, and answered with ` +
      `${answer}. Put --path and --deep-link to addresses that the room protects.`,
  );
}

async function checkOrigin(origin: Network, path: string): Promise<void> {
  const outcome = await origin.ask({ kind: 'attempt', path });
  if (outcome.kind === 'answered') return;
  throw new CannotPlay(
    `Nothing answers at ${origin.target.origin} (${outcome.why}). An origin that cannot be reached from here needs no ` +
      'knocking: leave --origin-url away. Else correct it.',
  );
}

async function publishedKey(network: Network): Promise<string> {
  const outcome = await network.ask({ kind: 'attempt', path: '/.well-known/jwks.json' });
  const shape = z.object({ keys: z.array(z.object({ kid: z.string() })).min(1) });
  const keys = shape.safeParse(outcome.kind === 'answered' ? jsonIn(outcome.text) : null);
  const kid = keys.data?.keys[0]?.kid;
  if (kid === undefined) throw new CannotPlay('The gateway shows no public keys at /.well-known/jwks.json.');
  return kid;
}

async function tokenOf(network: Network, room: string): Promise<string> {
  const outcome = await network.ask({
    kind: 'attempt',
    path: `/_fairgate/rooms/${encodeURIComponent(room)}/join`,
    method: 'POST',
    headers: { Accept: 'application/json' },
  });
  const shape = z.object({ queueToken: z.string(), admissionToken: z.string().optional() });
  const answer = shape.safeParse(outcome.kind === 'answered' ? jsonIn(outcome.text) : null);
  if (answer.success) return answer.data.admissionToken ?? answer.data.queueToken;
  throw new CannotPlay(
    `The room "${room}" gave no place to try here. Leave --other-room away, or put a room that opens.`,
  );
}

/** Plays everybody. `signal` ends it early, with what happened so far. */
export async function rehearse(
  met: Met,
  plans: readonly VisitorPlan[],
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<History> {
  const { playing, network, origin, clock } = met;
  const boards = new Map<string, BoardSeen>();
  const attempts: Attempt[] = [];
  const arrivalsLate = new Latencies();
  const timersLate = new Latencies();
  const now = () => performance.now() + clock.offsetMs;
  const sawBoard = (board: Board) => {
    if (!boards.has(board.asOf) && boards.size < BOARDS_MAX) boards.set(board.asOf, boardSeen(board));
  };
  sawBoard(met.board);
  const stage: Stage = {
    network,
    origin,
    room: playing.room,
    deepLink: playing.deepLink,
    kid: met.kid,
    otherRoomToken: met.otherRoomToken,
    now,
    sawBoard,
    attempted: (attempt) => attempts.push(attempt),
  };
  const visitors = plans.map((plan) => new PlayedVisitor(plan, stage));
  const startedAt = now();
  const arrivals = arrivalTimes(plans, met.board, startedAt);
  const firstArrival = arrivals[0]?.at ?? startedAt;
  const everybodyDone = Promise.all(visitors.map(({ done }) => done)).then(() => 'complete' as const);

  let lateMs = 0;
  let dueAt = performance.now() + PULSE_MS;
  const pulse = setInterval(() => {
    lateMs = Math.max(0, performance.now() - dueAt);
    timersLate.note(lateMs);
    dueAt = performance.now() + PULSE_MS;
    onProgress(progressOf(visitors, network, Math.max(0, firstArrival - now()), lateMs));
  }, PULSE_MS);

  // Boards are the auditor's witnesses: they are read also while nobody waits.
  const witness = setInterval(async () => {
    const outcome = await network.ask({ kind: 'board', path: boardPath(playing.room) });
    const board = boardShape.safeParse(outcome.kind === 'answered' ? jsonIn(outcome.text) : null);
    if (board.success) sawBoard(board.data as unknown as Board);
  }, WITNESS_MS);

  const ending = new AbortController();
  const interrupted = new Promise<'interrupted'>((resolve) => {
    if (signal.aborted) resolve('interrupted');
    signal.addEventListener('abort', () => resolve('interrupted'), { once: true });
  });
  const timeBound = pause(playing.msMax + Math.max(0, firstArrival - startedAt), 'timeBound' as const, {
    signal: ending.signal,
  }).catch(() => 'timeBound' as const);
  void letArrive(arrivals, visitors, now, arrivalsLate, ending.signal);
  const ended = await Promise.race([everybodyDone, interrupted, timeBound]);
  ending.abort();
  for (const visitor of visitors) visitor.stop();
  clearInterval(pulse);
  clearInterval(witness);
  const endedAt = now();
  const last = await network.ask({ kind: 'board', path: boardPath(playing.room) });
  const board = boardShape.safeParse(last.kind === 'answered' ? jsonIn(last.text) : null);
  if (board.success) sawBoard(board.data as unknown as Board);
  network.close();
  origin?.close();
  const generator: GeneratorFigures = {
    connections: playing.connections,
    arrivalsLate,
    timersLate,
    socketWait: network.socketWait,
  };
  return {
    ended,
    startedAt,
    endedAt,
    clockAccuracyMs: clock.accuracyMs,
    boards: [...boards.values()].sort((a, b) => a.asOf - b.asOf),
    visitors: visitors.map(({ history }) => history),
    attempts,
    traffic: network.traffic,
    generator,
  };
}

interface Arrival {
  index: number;
  at: number;
}

/**
 * When each visitor comes, by the gateway's clock. Where less time is left before the opening than the plan has, those
 * before it come closer together; where it is past, everybody comes from now on.
 * @throws CannotPlay where the opening is too far off
 */
function arrivalTimes(plans: readonly VisitorPlan[], board: Board, startedAt: number): Arrival[] {
  const opensAt = Date.parse(board.opensAt);
  const earliest = Math.min(0, ...plans.map(({ arrivesMs }) => arrivesMs));
  const left = opensAt - startedAt - GETTING_READY_MS;
  const untilFirst = left + earliest;
  if (untilFirst > WAIT_MS_MAX) {
    throw new CannotPlay(
      `The room opens at ${board.opensAt}, in more than an hour. A rehearsal plays the opening itself: schedule one for ` +
        'today on a room made for it (OPENS_AT=+2m with a DATA_DIR of its own), and keep the real one for the real night.',
    );
  }
  const isOpen = left <= 0;
  const squeeze = earliest < -left ? left / -earliest : 1;
  return plans
    .map(({ arrivesMs }, index) => {
      // In a room that is open, those who would have come before it come in the same rush, mirrored.
      const relative = isOpen ? Math.abs(arrivesMs) : arrivesMs < 0 ? arrivesMs * squeeze : arrivesMs;
      return { index, at: (isOpen ? startedAt + GETTING_READY_MS : opensAt) + relative };
    })
    .sort((a, b) => a.at - b.at);
}

/** Between the plan and the first arrival, so that the first are not late already. */
const GETTING_READY_MS = 200;

async function letArrive(
  arrivals: readonly Arrival[],
  visitors: readonly PlayedVisitor[],
  now: () => number,
  late: Latencies,
  signal: AbortSignal,
): Promise<void> {
  for (const { index, at } of arrivals) {
    const ms = at - now();
    if (ms > 0) await pause(ms, undefined, { signal }).catch(() => {}); // AbortError: the rehearsal is over
    if (signal.aborted) return;
    late.note(Math.max(0, now() - at));
    visitors[index]?.arrive();
  }
}

function progressOf(
  visitors: readonly PlayedVisitor[],
  network: Network,
  startsInMs: number,
  lateMs: number,
): Progress {
  const progress: Progress = {
    startsInMs,
    arrived: 0,
    waiting: 0,
    inside: 0,
    gone: 0,
    visitors: visitors.length,
    requests: Object.values(network.traffic.kinds).reduce((sum, { answers }) => sum + answers.count, 0),
    silentMs: network.silentMs,
    lateMs,
  };
  for (const { history } of visitors) {
    if (history.arrivedAt === null) continue;
    progress.arrived++;
    if (history.endedAt !== null) progress.gone++;
    else if (history.end === 'inside') progress.inside++;
    else progress.waiting++;
  }
  return progress;
}

function boardSeen(board: Board): BoardSeen {
  const { epoch, state, entries, issued, called, newUsersPerMinute, active, draw } = board;
  const numbers = { entries, issued, called, newUsersPerMinute, active };
  return {
    asOf: Date.parse(board.asOf),
    epoch,
    state,
    opensAt: Date.parse(board.opensAt),
    ...numbers,
    commitment: draw.commitment,
    proof: draw.proof,
  };
}

function boardPath(room: string): string {
  return `/_fairgate/rooms/${encodeURIComponent(room)}/board`;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // SyntaxError: no Fairgate document
  }
}
