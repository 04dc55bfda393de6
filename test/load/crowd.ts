// A crowd of visitors played over HTTP against a running gateway: each joins, polls the board as told, claims when called,
// stays a while and leaves, or never comes back. What happened to each is kept for the audit afterwards.

import { decodeJwt } from 'jose';
import type { Board, Status } from '../../queue-core/board.ts';
import { POLL_JITTER } from '../../queue-core/limits.ts';
import { aheadOf, pollSeconds } from '../../queue-core/wait.ts';
import type { VisitorAnswer } from '../../worker/pages/model.ts';
import { TestVisitor } from '../running.ts';

export interface Played {
  visitor: TestVisitor;
  comesBack: boolean;
  position: number | null;
  /** The first range told, and when (ms of this process's clock). */
  told: { low: number; high: number; at: number } | null;
  calledAt: number | null;
  session: { sid: string; admitAt: number; until: number } | null;
  outcome: VisitorAnswer['outcome'] | 'never came back' | null;
}

export interface CrowdRules {
  url: string;
  visitors: number;
  noShow: number;
  /** How long each admitted visitor stays before leaving, ms. */
  stayMs: () => number;
  /** Sees every board that any visitor read. */
  onBoard?: (board: Board) => void;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A joined crowd: everybody has a place, nobody has been called. `noShow` of them will never come back. */
export async function gather({ url, visitors, noShow }: CrowdRules, atOnce = 50): Promise<Played[]> {
  const crowd: Played[] = [];
  for (let from = 0; from < visitors; from += atOnce) {
    const group = Array.from({ length: Math.min(atOnce, visitors - from) }, (_, index) => ({
      visitor: new TestVisitor(url),
      // Spread evenly over the crowd; the draw does the mixing.
      comesBack: (from + index) % 10 >= noShow * 10,
      position: null,
      told: null,
      calledAt: null,
      session: null,
      outcome: null,
    }));
    await Promise.all(group.map(({ visitor }) => visitor.wish('join')));
    crowd.push(...group);
  }
  return crowd;
}

/** Plays everybody to the end of their visit. */
export async function play(crowd: Played[], rules: CrowdRules): Promise<void> {
  await Promise.all(crowd.map((played) => playOne(played, rules)));
}

async function playOne(played: Played, { url, stayMs, onBoard }: CrowdRules): Promise<void> {
  const { visitor } = played;
  for (;;) {
    const board = (await (await fetch(`${url}/_fairgate/rooms/demo/board`)).json()) as Board;
    onBoard?.(board);
    if (board.state !== 'open') {
      await pause(board.nextPollSeconds * 1000 * jitter());
      continue;
    }
    if (played.position === null) await learnPosition(played);
    const position = played.position ?? Number.POSITIVE_INFINITY;
    if (position > board.called) {
      await pause(pollSeconds(aheadOf(position, board.called), board) * 1000 * jitter());
      continue;
    }
    played.calledAt ??= Date.now();
    if (!played.comesBack) {
      played.outcome = 'never came back';
      return;
    }
    const answer = (await (await visitor.wish('claim')).json()) as VisitorAnswer;
    played.outcome = answer.outcome;
    if (answer.outcome === 'admitted') {
      await stay(played, answer, stayMs());
      return;
    }
    if (answer.outcome === 'lapsed' || answer.outcome === 'ended') return;
    await pause(3_000 * jitter());
  }
}

async function learnPosition(played: Played): Promise<void> {
  const status = (await played.visitor.status()) as Status;
  played.position = status.position;
  if (status.waitSeconds !== null) played.told = { ...status.waitSeconds, at: Date.now() };
}

async function stay(played: Played, { admissionToken }: VisitorAnswer, ms: number): Promise<void> {
  const { sid, nbf = 0, exp = 0 } = decodeJwt<{ sid: string }>(admissionToken ?? '');
  played.session = { sid, admitAt: nbf * 1000, until: exp * 1000 };
  await pause(Math.max(0, nbf * 1000 - Date.now()) + ms);
  await played.visitor.wish('leave');
  // The place is free from some moment between request and answer on; the earliest is the strictest reading.
  played.session.until = Math.min(played.session.until, Date.now());
}

function jitter(): number {
  return 1 + Math.random() * POLL_JITTER;
}

/** The most of these moments in any half-open window of that length. */
export function mostInWindow(moments: readonly number[], windowMs: number): number {
  const sorted = moments.toSorted((a, b) => a - b);
  let most = 0;
  let from = 0;
  for (const [index, moment] of sorted.entries()) {
    while (moment - (sorted[from] ?? moment) >= windowMs) from++;
    most = Math.max(most, index - from + 1);
  }
  return most;
}

/** The most intervals that overlap at one moment. */
export function mostAtOnce(intervals: readonly { from: number; until: number }[]): number {
  const changes = intervals.flatMap(({ from, until }) => [
    { at: from, by: 1 },
    { at: until, by: -1 },
  ]);
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  let now = 0;
  let most = 0;
  for (const { by } of changes) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}
