// A whole rehearsal: inspects the gateway, waits for the opening, lets every visitor arrive on time, and ends when all are done,
// at its time limit or when it is interrupted. Returns what happened and judges nothing.

import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod';
import type { Board } from '../../queue-core/board.ts';
import { goesToOrigin } from './attempts.ts';
import { ATTEMPTS, type Attempt, type AttemptKind, type EventLog, type ObservedBoard } from './event-log.ts';
import { LatencySamples } from './latency-samples.ts';
import { jsonIn, Network, type Outcome } from './network.ts';
import type { VisitorPlan } from './plan.ts';
import type { Target } from './rehearsal-target.ts';
import { SimulatedVisitor, type VisitorContext } from './simulated-visitor.ts';

export interface RehearsalOptions {
  target: Target;
  /** The origin's own address, for attempts that go around the gateway. */
  originTarget: Target | null;
  room: string;
  /** Another room of the same gateway, whose tokens are tried in this one. */
  otherRoom: string | null;
  /** The room's host name, where it differs from the target's. */
  asHost: string | null;
  path: string;
  deepLink: string;
  connections: number;
  /** The time limit, from the first arrival. */
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
  /** Since the last response. */
  silentMs: number;
  /** How late the last timer of the rehearsal was. */
  lateMs: number;
}

/** How often the rehearsal measures its own lateness. */
const PULSE_MS = 100;
/** A gateway reads the store at most once a second; more requests would show nothing new. */
const BOARD_MS = 1_000;
/** Readings of the gateway's clock; the one with the shortest round trip counts. */
const CLOCK_READINGS = 6;
/** A gateway carries a board forward from the store's response on, so it may be late by that round trip. */
const STORE_ROUND_TRIP_MS = 10;
/** One board a second for each gateway behind the name: an hour with five of them. */
const BOARDS_MAX = 20_000;
/** A rehearsal does not wait longer for its opening: the machine would sleep, the shell would close. */
const WAIT_MS_MAX = 60 * 60_000;
/** Attempts go to the origin's own address one by one. */
const ORIGIN_CONNECTIONS = 4;
/** Before the first arrival, so that it is not late already. */
const PREPARATION_MS = 200;

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

/** The rehearsal cannot run with these options; the message says why and what to change. */
export class RehearsalError extends Error {}

interface Clock {
  /** The gateway's time when this machine's stopwatch shows 0. */
  offsetMs: number;
  accuracyMs: number;
}

interface PreparedRehearsal {
  options: RehearsalOptions;
  network: Network;
  origin: Network | null;
  board: Board;
  clock: Clock;
  /** The id of a key that the gateway publishes. */
  kid: string;
  otherRoomToken: string | null;
}

/** Checks gateway, room and paths before any visitor arrives. @throws RehearsalError */
export async function prepareRehearsal(options: RehearsalOptions): Promise<PreparedRehearsal> {
  const network = new Network(options.target, options.connections, options.asHost);
  const origin = options.originTarget === null ? null : new Network(options.originTarget, ORIGIN_CONNECTIONS);
  try {
    const { board, clock } = await readClock(network, options);
    if (board.state === 'closed' || board.state === 'soldOut') {
      throw new RehearsalError(
        `The room "${options.room}" is ${board.state === 'closed' ? 'closed' : 'sold out'}, so no visitor can join. ` +
          'Schedule a new opening, or start a gateway with a new DATA_DIR.',
      );
    }
    for (const path of new Set([options.path, options.deepLink])) await checkProtected(network, path);
    if (origin !== null) await checkOrigin(origin, options.deepLink);
    const kid = await publishedKey(network);
    const otherRoomToken = options.otherRoom === null ? null : await tokenOf(network, options.otherRoom);
    return { options, network, origin, board, clock, kid, otherRoomToken };
  } catch (error) {
    network.close();
    origin?.close();
    throw error;
  }
}

/** The attempts that these options allow. */
export function possibleAttempts({ origin, otherRoomToken }: PreparedRehearsal): AttemptKind[] {
  return (Object.keys(ATTEMPTS) as AttemptKind[]).filter((kind) => {
    if (kind === 'otherRoom') return otherRoomToken !== null;
    return goesToOrigin(kind) ? origin !== null : true;
  });
}

async function readClock(network: Network, { room, target }: RehearsalOptions) {
  let best: { board: Board; clock: Clock } | null = null;
  for (let reading = 0; reading < CLOCK_READINGS; reading++) {
    const sentAt = performance.now();
    const outcome = await requestBoard(network, room);
    const receivedAt = performance.now();
    if (outcome.kind === 'lost') {
      throw new RehearsalError(
        `No gateway responds at ${target.origin} (${outcome.reason}). Start one with npm start, or set --url to its address.`,
      );
    }
    if (outcome.status === 404) {
      throw new RehearsalError(
        `The gateway at ${target.origin} has no room "${room}". Set --room to the id of one of its rooms.`,
      );
    }
    const board = boardIn(outcome);
    if (board === null) {
      throw new RehearsalError(
        `The server at ${target.origin} is not a Fairgate gateway: it responded with status ${outcome.status} and no board.`,
      );
    }
    const accuracyMs = (receivedAt - sentAt) / 2 + STORE_ROUND_TRIP_MS;
    const offsetMs = Date.parse(board.serverTime) - (sentAt + receivedAt) / 2;
    if (best === null || accuracyMs < best.clock.accuracyMs) best = { board, clock: { offsetMs, accuracyMs } };
  }
  if (best === null) throw new RehearsalError(`The board at ${target.origin} could not be read.`);
  return best;
}

async function checkProtected(network: Network, path: string): Promise<void> {
  const outcome = await network.send({ kind: 'attempt', path, headers: { Accept: '*/*' } });
  if (outcome.kind === 'response' && outcome.status === 403 && outcome.text.includes('/no-admission')) return;
  const response = outcome.kind === 'response' ? `status ${outcome.status}` : outcome.reason;
  throw new RehearsalError(
    `${path} is not protected by the room: without a session the gateway should refuse it with status 403, but the response was ` +
      `${response}. Set --path and --deep-link to paths that the room protects.`,
  );
}

async function checkOrigin(origin: Network, path: string): Promise<void> {
  const outcome = await origin.send({ kind: 'attempt', path });
  if (outcome.kind === 'response') return;
  throw new RehearsalError(
    `No origin responds at ${origin.target.origin} (${outcome.reason}). Correct --origin-url, or omit it where visitors cannot ` +
      'reach the origin either.',
  );
}

async function publishedKey(network: Network): Promise<string> {
  const outcome = await network.send({ kind: 'attempt', path: '/.well-known/jwks.json' });
  const shape = z.object({ keys: z.array(z.object({ kid: z.string() })).min(1) });
  const keys = shape.safeParse(outcome.kind === 'response' ? jsonIn(outcome.text) : null);
  const kid = keys.data?.keys[0]?.kid;
  if (kid === undefined) throw new RehearsalError('The gateway publishes no keys at /.well-known/jwks.json.');
  return kid;
}

async function tokenOf(network: Network, room: string): Promise<string> {
  const outcome = await network.send({
    kind: 'attempt',
    path: `/_fairgate/rooms/${encodeURIComponent(room)}/join`,
    method: 'POST',
    headers: { Accept: 'application/json' },
  });
  const shape = z.object({ queueToken: z.string(), admissionToken: z.string().optional() });
  const joined = shape.safeParse(outcome.kind === 'response' ? jsonIn(outcome.text) : null);
  if (joined.success) return joined.data.admissionToken ?? joined.data.queueToken;
  throw new RehearsalError(
    `The room "${room}" gave no place, so its tokens cannot be tried. Omit --other-room, or set it to a room that can be joined at the host of --url.`,
  );
}

/** Simulates every visitor. `signal` ends it early, with what has happened until then. */
export async function runRehearsal(
  prepared: PreparedRehearsal,
  plans: readonly VisitorPlan[],
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
  timeZone: string,
): Promise<EventLog> {
  const { options, network, origin, clock } = prepared;
  const boards = new Map<string, ObservedBoard>();
  const attempts: Attempt[] = [];
  const arrivalsLate = new LatencySamples();
  const timersLate = new LatencySamples();
  const now = () => performance.now() + clock.offsetMs;
  const onBoard = (board: Board) => {
    if (!boards.has(board.asOf) && boards.size < BOARDS_MAX) boards.set(board.asOf, observedBoard(board));
  };
  const readBoard = async () => {
    const board = boardIn(await requestBoard(network, options.room));
    if (board !== null) onBoard(board);
  };
  onBoard(prepared.board);
  const context: VisitorContext = {
    network,
    origin,
    room: options.room,
    deepLink: options.deepLink,
    kid: prepared.kid,
    otherRoomToken: prepared.otherRoomToken,
    now,
    onBoard,
    onAttempt: (attempt) => attempts.push(attempt),
  };
  const visitors = plans.map((plan) => new SimulatedVisitor(plan, context));
  const startedAt = now();
  const arrivals = arrivalTimes(plans, prepared.board, startedAt);
  const firstArrival = arrivals[0]?.at ?? startedAt;
  const allDone = Promise.all(visitors.map(({ done }) => done)).then(() => 'complete' as const);

  let dueAt = performance.now() + PULSE_MS;
  const pulse = setInterval(() => {
    const lateMs = Math.max(0, performance.now() - dueAt);
    timersLate.add(lateMs);
    dueAt = performance.now() + PULSE_MS;
    onProgress(progressOf(visitors, network, Math.max(0, firstArrival - now()), lateMs));
  }, PULSE_MS);
  // The auditor compares with boards, so they are read also while no visitor polls.
  const boardReads = setInterval(() => void readBoard(), BOARD_MS);

  const ending = new AbortController();
  const interrupted = new Promise<'interrupted'>((resolve) => {
    if (signal.aborted) resolve('interrupted');
    signal.addEventListener('abort', () => resolve('interrupted'), { once: true });
  });
  const timeLimit = pause(options.msMax + Math.max(0, firstArrival - startedAt), 'timeLimit' as const, {
    signal: ending.signal,
  }).catch(() => 'timeLimit' as const);
  void letArrive(arrivals, visitors, now, arrivalsLate, ending.signal);
  const ended = await Promise.race([allDone, interrupted, timeLimit]);
  ending.abort();
  for (const visitor of visitors) visitor.stop();
  clearInterval(pulse);
  clearInterval(boardReads);
  const endedAt = now();
  await readBoard();
  network.close();
  origin?.close();
  return {
    ended,
    startedAt,
    endedAt,
    clockAccuracyMs: clock.accuracyMs,
    timeZone,
    gateways: null,
    boards: [...boards.values()].sort((a, b) => a.asOf - b.asOf),
    visitors: visitors.map(({ record }) => record),
    attempts,
    traffic: network.traffic,
    generator: { connections: options.connections, arrivalsLate, timersLate, socketWait: network.socketWait },
  };
}

interface Arrival {
  index: number;
  at: number;
}

/**
 * When each visitor arrives, by the gateway's clock. With less time before the opening than the plan needs, the early visitors
 * arrive closer together; after the opening, all arrive from now on.
 * @throws RehearsalError where the opening is too far ahead
 */
function arrivalTimes(plans: readonly VisitorPlan[], board: Board, startedAt: number): Arrival[] {
  const opensAt = Date.parse(board.opensAt);
  const earliest = Math.min(0, ...plans.map(({ arrivesMs }) => arrivesMs));
  const left = opensAt - startedAt - PREPARATION_MS;
  const untilFirst = left + earliest;
  if (untilFirst > WAIT_MS_MAX) {
    throw new RehearsalError(
      `The room opens at ${board.opensAt}, in more than an hour. Rehearse with a room of its own that opens soon ` +
        '(OPENS_AT=+2m with a separate DATA_DIR), not with the real opening.',
    );
  }
  const isOpen = left <= 0;
  const squeeze = earliest < -left ? left / -earliest : 1;
  return plans
    .map(({ arrivesMs }, index) => {
      // In an open room, early visitors arrive in the same rush, mirrored.
      const relative = isOpen ? Math.abs(arrivesMs) : arrivesMs < 0 ? arrivesMs * squeeze : arrivesMs;
      return { index, at: (isOpen ? startedAt + PREPARATION_MS : opensAt) + relative };
    })
    .sort((a, b) => a.at - b.at);
}

async function letArrive(
  arrivals: readonly Arrival[],
  visitors: readonly SimulatedVisitor[],
  now: () => number,
  late: LatencySamples,
  signal: AbortSignal,
): Promise<void> {
  for (const { index, at } of arrivals) {
    const ms = at - now();
    if (ms > 0) await pause(ms, undefined, { signal }).catch(() => {}); // AbortError: the rehearsal has ended
    if (signal.aborted) return;
    late.add(Math.max(0, now() - at));
    visitors[index]?.arrive();
  }
}

function progressOf(
  visitors: readonly SimulatedVisitor[],
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
    requests: Object.values(network.traffic.kinds).reduce((sum, { responses }) => sum + responses.count, 0),
    silentMs: network.silentMs,
    lateMs,
  };
  for (const { record } of visitors) {
    if (record.arrivedAt === null) continue;
    progress.arrived++;
    if (record.endedAt !== null) progress.gone++;
    else if (record.end === 'inside') progress.inside++;
    else progress.waiting++;
  }
  return progress;
}

function observedBoard(board: Board): ObservedBoard {
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

function requestBoard(network: Network, room: string): Promise<Outcome> {
  return network.send({ kind: 'board', path: `/_fairgate/rooms/${encodeURIComponent(room)}/board` });
}

/** null where the response is not a board. */
function boardIn(outcome: Outcome): Board | null {
  const board = boardShape.safeParse(outcome.kind === 'response' ? jsonIn(outcome.text) : null);
  return board.success ? (board.data as unknown as Board) : null;
}
