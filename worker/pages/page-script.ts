// The visit that a page's script makes: when to ask which document, and what follows from the answer. It shows what the
// server says and decides nothing about the line. Every request has a bound in time, every repetition a bound in rate,
// and a failure only ever leads to asking again. The browser's own things come in through `Browser`.

import type { Board, Status } from '../../queue-core/board.ts';
import { POLL_JITTER } from '../../queue-core/limits.ts';
import { aheadOf, pollSeconds, pollSecondsBeforeOpening } from '../../queue-core/wait.ts';
import { canJoin, pageKind } from './kind.ts';
import type { PageModel, VisitorAnswer } from './model.ts';
import type { Notice, Wish } from './page.tsx';
import { serverClock } from './server-clock.ts';

export interface Browser {
  fetch(path: string, init: RequestInit): Promise<Response>;
  monotonicMs(): number;
  random(): number;
  /** A name that nobody can guess, for the `Idempotency-Key` of one wish. */
  key(): string;
  /** Leaves the page for a path of the own origin. */
  go(path: string): void;
}

export interface Shown {
  model: PageModel;
  notice: Notice | null;
  busy: boolean;
}

export interface Visit {
  now(): number;
  /** Something changed (network, tab in view): do the next errand now instead of later. */
  wake(): void;
  /** The browser brought the page back after it had been left. */
  revive(): void;
  /** The network is known to be gone; said at once, the next answer takes it back. */
  lost(): void;
  press(wish: Wish): void;
}

/** Asked in vain: when to ask again, and whether the same question would be in vain again. */
type Again = { againMs: number; refused?: boolean };

/** The one thing to do next; `rest` waits for a press. */
type Errand = 'board' | 'status' | 'claim' | 'join' | 'leave' | 'enter' | 'probe' | 'rest';

/** A request that has not answered by now is asked again rather than waited for. */
const REQUEST_MS_MAX = 10_000;
/** Errands follow each other no faster, however often the page is woken or refused. */
const ERRAND_GAP_MS = 1_000;
/** Ceiling of the growing pause after failures, in seconds; lower while a call is running out. */
const BACKOFF_SECONDS_MAX = 30;
const BACKOFF_SECONDS_CALLED_MAX = 5;
/** A `Retry-After` beyond this is taken for a mistake. */
const RETRY_AFTER_SECONDS_MAX = 120;
/** A visitor on standby asks this often for the next free place. */
const STANDBY_SECONDS = 3;
/** On standby the board is read beside the claims, for the operator's message. */
const STANDBY_BOARD_MS = 15_000;
/** Entries and drawn places are fetched within this time, so that a million pages do not ask in the same second. */
const OPENING_SPREAD_MS = 3_000;
/** From so long after the opening a board that still tells of the time before it is not believed: a cache kept it. */
const OPENING_GRACE_MS = 10_000;
/** An unreachable origin is asked this often whether it answers again. */
const PROBE_SECONDS = 8;
/** A slow site is given this long to show itself; leaving a second time would break off the first. */
const LEAVING_MS_MAX = 60_000;

export function visit(first: PageModel, browser: Browser, show: (shown: Shown) => void, revisited: boolean): Visit {
  const model = { ...first };
  const clock = serverClock(browser.monotonicMs);
  const stamp = first.board?.serverTime ?? first.status?.serverTime;
  if (stamp !== undefined) clock.read(stamp);

  let errand: Errand = firstErrand(first);
  let wish: Errand | null = null;
  let notice: Notice | null = null;
  let failures = 0;
  let refusals = 0;
  let joinKey = browser.key();
  let leaving = false;
  let lastErrandMs = Number.NEGATIVE_INFINITY;
  let awaken: (() => void) | null = null;

  const publish = () => show({ model: { ...model }, notice, busy: wish !== null });
  const jitter = (seconds: number) => seconds * 1000 * (1 + POLL_JITTER * (2 * browser.random() - 1));
  const soon = (next: Errand) => {
    errand = next;
    return 0;
  };
  const later = (next: Errand, seconds: number) => {
    errand = next;
    return jitter(seconds);
  };

  void run();
  return {
    now: clock.now,
    wake: () => awaken?.(),
    revive() {
      leaving = false;
      awaken?.();
    },
    lost() {
      if (errand === 'rest') return;
      notice = 'offline';
      publish();
    },
    press(pressed) {
      wish = pressed;
      publish();
      awaken?.();
    },
  };

  async function run(): Promise<never> {
    let pauseMs = revisited ? 0 : jitter(firstSeconds());
    for (;;) {
      await sleep(pauseMs);
      lastErrandMs = browser.monotonicMs();
      leaving = false;
      const current = wish ?? errand;
      pauseMs = await perform(current);
      if (wish === current) wish = null;
      publish();
    }
  }

  /** Ends early when woken, but never before the gap to the previous errand has passed. */
  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      let timer = 0;
      const until = (delay: number) => {
        clearTimeout(timer);
        if (delay < Number.POSITIVE_INFINITY) timer = setTimeout(resolve, delay) as unknown as number;
      };
      awaken = () => {
        if ((errand !== 'rest' && !leaving) || wish !== null)
          until(lastErrandMs + ERRAND_GAP_MS - browser.monotonicMs());
      };
      until(ms);
      if (wish !== null) awaken();
    });
  }

  /** Returns the milliseconds until the next errand. */
  async function perform(current: Errand): Promise<number> {
    switch (current) {
      case 'rest':
        return Number.POSITIVE_INFINITY;
      case 'enter':
        return enter();
      case 'probe': {
        // Whether anything behind the address answers again; a page of the waiting room counts, it has the news.
        const reply = await request(model.returnTo, { method: 'HEAD', redirect: 'manual' });
        return 'againMs' in reply ? reply.againMs : leave('probe');
      }
      case 'board': {
        const reply = await read<Board>('board', { credentials: 'omit' });
        return 'document' in reply ? applyBoard(reply.document) : reply.againMs;
      }
      case 'status': {
        const reply = await read<Status>('status', {});
        return 'document' in reply ? applyStatus(reply.document) : reply.againMs;
      }
      default: {
        // Asked again after a lost answer, the same key brings the same place instead of a second one.
        const headers = { Accept: 'application/json', 'Idempotency-Key': joinKey };
        const reply = await read<VisitorAnswer>(current, { method: 'POST', headers });
        if ('document' in reply) {
          joinKey = browser.key();
          return applyAnswer(reply.document);
        }
        // Turned down without an outcome: asking the same again would be turned down again.
        if (!reply.refused) errand = current;
        else if (errand !== 'rest') errand = 'status';
        return reply.againMs;
      }
    }
  }

  function applyBoard(board: Board): number {
    clock.read(board.serverTime);
    const before = model.board;
    // Gateways hold boards of slightly different age; the line never moves backwards on a screen.
    const older = before?.epoch === board.epoch && Date.parse(board.asOf) < Date.parse(before.asOf);
    if (!older) model.board = board;
    if (model.kind === 'standby') return later('claim', STANDBY_SECONDS);
    const status = model.status;
    const current = model.board ?? board;
    if (status === null || model.kind === 'storeUnreachable' || refusals > 0) return soon('status');
    if (before === null || current.epoch !== before.epoch) return soon('status');
    if (current.state !== before.state || (status.state === 'none' && canJoin(current))) {
      model.kind = pageKind(current, status) ?? model.kind;
      errand = 'status';
      const together = beforeOpening(before) || before.state === 'drawing';
      return together ? browser.random() * OPENING_SPREAD_MS : 0;
    }
    if (status.position !== null && status.position <= current.called) return soon('status');
    if (beforeOpening(current) && clock.now() > Date.parse(current.opensAt) + OPENING_GRACE_MS) return soon('status');
    return pollLater();
  }

  function applyStatus(status: Status): number {
    clock.read(status.serverTime);
    model.status = status;
    const board = model.board;
    if (board === null) return soon('board');
    // A refused call with the door shut is shown as what the room is, not as a turn that does not come.
    const asKnown: Status =
      refusals > 0 && board.state !== 'open' && status.state === 'called' ? { ...status, state: 'waiting' } : status;
    model.kind = pageKind(board, asKnown) ?? model.kind;
    switch (status.state) {
      case 'none':
        return canJoin(board) ? soon('join') : pollLater();
      case 'called':
        return soon('claim');
      case 'admitted':
        // Claimed in another tab. Claiming again gets the same answer, with the moment that the slot opens.
        model.kind = 'called';
        return soon('claim');
      case 'completed':
      case 'lapsed':
        return soon('rest');
      case 'entered':
      case 'waiting':
        refusals = 0;
        return pollLater();
    }
  }

  function applyAnswer(answer: VisitorAnswer): number {
    const { outcome, status } = answer;
    clock.read(status.serverTime);
    refusals = outcome === 'refused' ? refusals + 1 : 0;
    model.standbyAhead = answer.standbyAhead;
    switch (outcome) {
      case 'admitted':
        model.status = status;
        model.kind = 'called';
        model.admitAt = answer.admitAt;
        return soon('enter');
      case 'standby':
        model.status = status;
        model.kind = 'standby';
        if (model.board === null || clock.now() - Date.parse(model.board.asOf) > STANDBY_BOARD_MS)
          return later('board', 1);
        return later('claim', STANDBY_SECONDS);
      case 'lapsed':
      case 'ended':
        model.status = status;
        model.kind = outcome;
        return soon('rest');
      case 'left':
        model.status = { ...status, state: 'none' };
        model.kind = 'ended';
        return soon('rest');
      case 'refused':
        errand = 'board';
        return backoffMs(refusals);
      case 'joined':
      case 'waiting':
        // The board held here may be from long before; the numbers are shown once both are of now.
        model.status = status;
        model.kind = (model.board && pageKind(model.board, status)) ?? model.kind;
        return later(model.kind === 'waiting' || model.kind === 'entered' ? 'board' : 'status', 1);
    }
  }

  function enter(): number {
    const left = model.admitAt === null ? 0 : Date.parse(model.admitAt) - clock.now();
    errand = 'enter';
    return left > 0 ? left : leave('status');
  }

  /** Goes to where the visitor wanted to go; `otherwise` is done if the page is still here long after. */
  function leave(otherwise: Errand): number {
    errand = otherwise;
    leaving = true;
    browser.go(model.returnTo);
    return LEAVING_MS_MAX;
  }

  function firstSeconds(): number {
    if (errand === 'probe') return PROBE_SECONDS;
    if (model.kind === 'standby') return STANDBY_SECONDS;
    return errand === 'board' ? nextSeconds() : 0;
  }

  function pollLater(): number {
    return later('board', nextSeconds());
  }

  function nextSeconds(): number {
    const { board, status } = model;
    if (board === null) return STANDBY_SECONDS;
    if (beforeOpening(board)) return pollSecondsBeforeOpening(Date.parse(board.opensAt) - clock.now());
    if (model.kind === 'waiting' && status?.position != null) {
      return pollSeconds(aheadOf(status.position, board.called), board);
    }
    return Math.max(1, board.nextPollSeconds);
  }

  async function read<T>(path: string, init: RequestInit): Promise<{ document: T } | Again> {
    const reply = await request(`/_fairgate/rooms/${encodeURIComponent(model.room?.id ?? '')}/${path}`, init);
    if ('againMs' in reply) return reply;
    try {
      const document = await reply.response.json();
      // An answer to a press says its outcome whatever the status code; a problem document says what went wrong.
      if (reply.response.ok || 'outcome' in document) return { document };
      return { ...failed('unanswered'), refused: true };
    } catch {
      // A captive portal's page, or an answer cut off on its way: as good as no answer.
      return failed('offline');
    }
  }

  async function request(path: string, init: RequestInit): Promise<{ response: Response } | Again> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), REQUEST_MS_MAX);
    try {
      const response = await browser.fetch(path, {
        // Polls are answered by caches on the way; only the browser's own would repeat an old answer.
        cache: 'no-store',
        headers: { Accept: 'application/json' },
        signal: abort.signal,
        ...init,
      });
      const askedMs = Math.min(Number(response.headers.get('Retry-After')) || 0, RETRY_AFTER_SECONDS_MAX) * 1000;
      // Too early is no failure: the page keeps to what it is told and nobody needs to read about it.
      if (response.status === 429) return { againMs: Math.max(askedMs, ERRAND_GAP_MS) + jitter(1) };
      if (response.status >= 500) return failed('unanswered', askedMs);
      notice = null;
      failures = 0;
      return { response };
    } catch {
      // No network, a name that does not resolve, a request aborted by the bound above.
      return failed('offline');
    } finally {
      clearTimeout(timer);
    }
  }

  function failed(why: Notice, askedMs = 0): Again {
    notice = why;
    failures += 1;
    return { againMs: Math.max(askedMs, backoffMs(failures)) };
  }

  function backoffMs(times: number): number {
    const ceiling =
      model.kind === 'called' || model.kind === 'standby' ? BACKOFF_SECONDS_CALLED_MAX : BACKOFF_SECONDS_MAX;
    return jitter(Math.min(ceiling, 2 ** (times - 1)));
  }
}

function firstErrand({ kind, room, admitAt }: PageModel): Errand {
  switch (kind) {
    case 'called':
      return admitAt === null ? 'claim' : 'enter';
    case 'standby':
      return 'claim';
    case 'originUnreachable':
      return 'probe';
    case 'lapsed':
    case 'ended':
    case 'badRequest':
      return 'rest';
    default:
      return room === null ? 'probe' : 'board';
  }
}

function beforeOpening({ state }: Board): boolean {
  return state === 'scheduled' || state === 'prequeue';
}
