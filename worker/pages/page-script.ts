// The script of a waiting page: decides which request to send next and what follows from the response. It shows what the
// server returned and decides nothing about the line. Every request has a time limit, every repetition a rate limit, and a
// failure only ever leads to a retry. Everything that belongs to the browser is passed in as `Browser`.

import type { Board, Status } from '../../queue-core/board.ts';
import { laterBoard } from '../../queue-core/board-order.ts';
import { aheadOf, POLL_JITTER, pollSeconds, pollSecondsBeforeOpening } from '../../queue-core/wait.ts';
import { canJoin, pageKind } from './kind.ts';
import type { Notice, PageModel, StatusAnswer, VisitorAction, VisitorAnswer } from './model.ts';
import { serverClock } from './server-clock.ts';

export interface Browser {
  fetch(path: string, init: RequestInit): Promise<Response>;
  monotonicMs(): number;
  /** 0 to 1, exclusive. */
  random(): number;
  /** An unguessable value for the `Idempotency-Key` of one action. */
  key(): string;
  /** Navigates to a path of this origin; `isCopy`: this page was a copy, and must not be what answers again. */
  go(path: string, isCopy: boolean): void;
  /** Runs while no other tab of this browser does: two that join at once would take two places. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

export interface PageState {
  model: PageModel;
  notice: Notice | null;
  /** The request of a pressed button is on its way. */
  busy: boolean;
}

export interface Visit {
  /** Server time in epoch milliseconds. */
  now(): number;
  /** The network is back or the tab is visible: runs the next task now instead of later. */
  wake(): void;
  /** The browser restored the page from its back/forward cache. */
  restored(): void;
  /** The browser reports that the network is gone; the next response clears the notice. */
  wentOffline(): void;
  press(action: VisitorAction): void;
}

/**
 * No usable response. `rejected`: the same request would be answered the same way. `limited`: too many requests.
 * `cookiesRefused`: it came without any of the gateway's cookies.
 */
type Failure = { retryMs: number; rejected?: boolean; limited?: boolean; cookiesRefused?: boolean };

/** What the script does next; `idle` waits for a press. */
type Task = 'board' | 'status' | VisitorAction | 'enter' | 'probe' | 'idle';

/** A request without a response is aborted after this long, and retried. */
const REQUEST_MS_MAX = 10_000;
/** Minimum between two tasks, however often the page is woken or refused. */
const TASK_INTERVAL_MS_MIN = 1_000;
/** Ceiling of the exponential backoff; lower while a claim window is running out. */
const BACKOFF_SECONDS_MAX = 30;
const BACKOFF_SECONDS_CALLED_MAX = 5;
/** A longer `Retry-After` is taken for a mistake. */
const RETRY_AFTER_SECONDS_MAX = 120;
/** A visitor on standby claims this often. */
const STANDBY_SECONDS = 3;
/** On standby the board is also read, this often, for the operator's message. */
const STANDBY_BOARD_MS = 15_000;
/** Entries and drawn positions are requested spread over this time, so that a million pages do not ask in one second. */
const OPENING_SPREAD_MS = 3_000;
/** This long after the opening, a board that still shows the time before it is considered stale: a cache held it. */
const OPENING_GRACE_MS = 10_000;
/** Pages behind one limited network join again spread over this time. */
const JOIN_SPREAD_MS = 10_000;
/** Interval of requests to an unreachable origin. */
const PROBE_SECONDS = 8;
/** A page that says that a form was not sent stays at least so long. */
const FORM_NOTICE_MS = 6_000;
/** A page older than this when it was requested is a copy; a shared cache may hold a page for a moment. */
const COPY_MS_MIN = 5_000;
/** A copy leads to the site after as long as it is old, which doubles with each time, and at the latest after this. */
const COPY_PAUSE_MS_MAX = 30_000;
/** How long a slow site may take to replace the page; navigating again earlier would abort the first navigation. */
const NAVIGATION_MS_MAX = 60_000;

/**
 * Starts the script and never ends by itself.
 * @param show called with the page's state after every task
 * @param revisited the page came from the browser's history and may be old: the first task runs at once
 */
export function visit(first: PageModel, browser: Browser, show: (state: PageState) => void, revisited: boolean): Visit {
  const model = { ...first };
  const clock = serverClock(browser.monotonicMs);
  const firstTime = first.board?.serverTime ?? first.status?.serverTime;
  if (firstTime !== undefined) clock.sync(firstTime);

  let nextTask: Task = firstTask(first);
  let pressed: VisitorAction | null = null;
  let notice: Notice | null = null;
  let failures = 0;
  let refusals = 0;
  let idempotencyKey = browser.key();
  let navigating = false;
  let cookiesRefused = false;
  /** How much older this page is than the browser's request for it: a service worker of the site may have stored it. */
  let copyMs = revisited ? 0 : Number.NaN;
  let lastTaskMs = Number.NEGATIVE_INFINITY;
  let endSleep: (() => void) | null = null;

  const isCopy = () => copyMs > COPY_MS_MIN;
  const publish = () =>
    show({ model: { ...model }, notice: notice ?? (isCopy() ? 'copy' : null), busy: pressed !== null });
  const sync = (serverTime: string) => {
    clock.sync(serverTime);
    if (Number.isNaN(copyMs)) copyMs = clock.now() - Date.parse(firstTime ?? serverTime) - browser.monotonicMs();
  };
  const jitter = (seconds: number) => seconds * 1000 * (1 + POLL_JITTER * (2 * browser.random() - 1));
  const schedule = (task: Task, seconds = 0) => {
    nextTask = task;
    return seconds === 0 ? 0 : jitter(seconds);
  };

  void run();
  return {
    now: clock.now,
    wake: () => endSleep?.(),
    restored() {
      navigating = false;
      endSleep?.();
    },
    wentOffline() {
      if (nextTask === 'idle') return;
      notice = 'offline';
      publish();
    },
    press(action) {
      pressed = action;
      publish();
      endSleep?.();
    },
  };

  async function run(): Promise<never> {
    let pauseMs = revisited ? 0 : firstPauseMs();
    for (;;) {
      await sleep(pauseMs);
      lastTaskMs = browser.monotonicMs();
      navigating = false;
      const task = pressed ?? nextTask;
      pauseMs = await perform(task);
      if (pressed === task) pressed = null;
      publish();
    }
  }

  /** `endSleep` cuts it short, but never below the minimum interval between tasks. */
  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      let timer = 0;
      const resolveAfter = (delayMs: number) => {
        clearTimeout(timer);
        if (delayMs < Number.POSITIVE_INFINITY) timer = setTimeout(resolve, delayMs) as unknown as number;
      };
      endSleep = () => {
        if ((nextTask !== 'idle' && !navigating) || pressed !== null) {
          resolveAfter(lastTaskMs + TASK_INTERVAL_MS_MIN - browser.monotonicMs());
        }
      };
      resolveAfter(ms);
      if (pressed !== null) endSleep();
    });
  }

  /** Returns the milliseconds until the next task. */
  async function perform(task: Task): Promise<number> {
    switch (task) {
      case 'idle':
        return Number.POSITIVE_INFINITY;
      case 'enter':
        return enter();
      case 'probe': {
        // Any response below 500 counts, also a page of the waiting room: it knows the current state.
        const result = await request(model.returnTo as string, { method: 'HEAD', redirect: 'manual' });
        return 'retryMs' in result ? result.retryMs : navigate('probe');
      }
      case 'board': {
        const result = await read<Board>('board', { credentials: 'omit' });
        return 'document' in result ? applyBoard(result.document) : result.retryMs;
      }
      case 'status': {
        const result = await read<StatusAnswer>('status', {});
        return 'document' in result ? applyStatus(result.document) : result.retryMs;
      }
      case 'join':
      case 'claim':
      case 'leave': {
        // After a lost response, a retry with the same key returns the same place instead of a second one.
        const headers = { Accept: 'application/json', 'Idempotency-Key': idempotencyKey };
        const result = await browser.alone(() => read<VisitorAnswer>(task, { method: 'POST', headers }));
        if ('document' in result) {
          idempotencyKey = browser.key();
          cookiesRefused = false;
          return applyAnswer(result.document);
        }
        if (task === 'join' && result.limited) return joinLater(result.retryMs);
        if (result.cookiesRefused) return withoutCookies();
        if (!result.rejected) nextTask = task;
        else if (nextTask !== 'idle') nextTask = 'status';
        return result.retryMs;
      }
    }
  }

  function applyBoard(board: Board): number {
    sync(board.serverTime);
    const before = model.board;
    const current = laterBoard(before, board);
    model.board = current;
    if (model.kind === 'standby') return schedule('claim', STANDBY_SECONDS);
    const status = model.status;
    if (status === null || model.kind === 'storeUnreachable' || refusals > 0) return schedule('status');
    if (before === null || current.epoch !== before.epoch) return schedule('status');
    const joins = status.state === 'none' && canJoin(current);
    if (current.state !== before.state || joins) {
      model.kind = pageKind(current, status) ?? model.kind;
      // A visitor without a place has no status worth a request.
      nextTask = joins ? 'join' : 'status';
      const changesForEveryone = isBeforeOpening(before) || before.state === 'drawing';
      return changesForEveryone ? browser.random() * OPENING_SPREAD_MS : 0;
    }
    const { position } = status;
    // A position that the room does not know was lost, as after a restored backup: the token proves it.
    if (position !== null && (position <= current.called || position > current.issued)) return schedule('status');
    if (isBeforeOpening(current) && clock.now() > Date.parse(current.opensAt) + OPENING_GRACE_MS) {
      return schedule('status');
    }
    return schedule('board', pollInterval());
  }

  function applyStatus(status: StatusAnswer): number {
    sync(status.serverTime);
    if (status.receipt) return showReceipt();
    model.status = status;
    const board = model.board;
    if (board === null) return schedule('board');
    // A called visitor whose claim was refused while the room is not open sees the room's state instead of their turn.
    const shown: Status =
      refusals > 0 && board.state !== 'open' && status.state === 'called' ? { ...status, state: 'waiting' } : status;
    model.kind = pageKind(board, shown) ?? model.kind;
    switch (status.state) {
      case 'none':
        return canJoin(board) ? schedule('join') : schedule('board', pollInterval());
      case 'called':
        return schedule('claim');
      case 'admitted':
        // Claimed in another tab. Claiming again returns the same answer, with the time at which the slot opens.
        model.kind = 'called';
        return schedule('claim');
      case 'completed':
      case 'lapsed':
        return schedule('idle');
      case 'entered':
      case 'waiting':
        refusals = 0;
        return schedule('board', pollInterval());
    }
  }

  function applyAnswer(answer: VisitorAnswer): number {
    const { outcome, status } = answer;
    sync(status.serverTime);
    refusals = outcome === 'refused' ? refusals + 1 : 0;
    model.standbyAhead = answer.standbyAhead;
    switch (outcome) {
      case 'admitted':
        model.status = status;
        model.kind = 'called';
        model.admitAt = answer.admitAt;
        return schedule('enter');
      case 'standby':
        model.status = status;
        model.kind = 'standby';
        if (model.board === null || clock.now() - Date.parse(model.board.asOf) > STANDBY_BOARD_MS) {
          return schedule('board', 1);
        }
        return schedule('claim', STANDBY_SECONDS);
      case 'lapsed':
      case 'ended':
        if (answer.receipt) return showReceipt();
        model.status = status;
        model.kind = outcome;
        return schedule('idle');
      case 'left':
        model.status = { ...status, state: 'none' };
        model.kind = 'ended';
        return schedule('idle');
      case 'refused':
        // A lost response gave a session for this place, which a repeated join does not get: it takes a new place.
        nextTask = answer.reason === 'foreignPosition' ? 'join' : 'board';
        return backoffMs(refusals);
      case 'joined':
      case 'waiting':
        if (model.ownPage) return navigate('status');
        // The board in the model may be old: numbers are complete once the next board or status has arrived.
        model.status = status;
        model.kind = (model.board && pageKind(model.board, status)) ?? model.kind;
        return schedule(model.kind === 'waiting' || model.kind === 'entered' ? 'board' : 'status', 1);
    }
  }

  /** The refusal set a cookie. If it does not come back either, the visitor has to allow cookies. */
  function withoutCookies(): number {
    nextTask = cookiesRefused ? 'idle' : 'join';
    if (cookiesRefused) model.kind = 'cookiesNeeded';
    cookiesRefused = !cookiesRefused;
    return 0;
  }

  /** Too many visitors of this network have joined: joins again when the server allows it. */
  function joinLater(waitMs: number): number {
    const pauseMs = waitMs + browser.random() * JOIN_SPREAD_MS;
    nextTask = 'join';
    model.kind = 'tooManyJoins';
    model.retryAt = new Date(clock.now() + pauseMs).toISOString();
    return pauseMs;
  }

  function enter(): number {
    const untilSlot = model.admitAt === null ? 0 : Date.parse(model.admitAt) - clock.now();
    const stayMs = isCopy() ? Math.min(copyMs, COPY_PAUSE_MS_MAX) : first.formNotSent ? FORM_NOTICE_MS : 0;
    const msLeft = Math.max(untilSlot, stayMs - browser.monotonicMs());
    nextTask = 'enter';
    return msLeft > 0 ? msLeft : navigate('status');
  }

  /** The visit was completed: its receipt has a page of its own. */
  function showReceipt(): number {
    model.returnTo = `/_fairgate/rooms/${model.room?.id}/receipt?return=${encodeURIComponent(model.returnTo as string)}`;
    return navigate('idle');
  }

  /** Goes to the address that the visitor requested; `otherwise` runs if the page is still open long after. */
  function navigate(otherwise: Task): number {
    nextTask = otherwise;
    navigating = true;
    browser.go(model.returnTo as string, isCopy());
    return NAVIGATION_MS_MAX;
  }

  function firstPauseMs(): number {
    if (model.retryAt !== null) return joinLater(Math.max(0, Date.parse(model.retryAt) - clock.now()));
    if (nextTask === 'probe') return jitter(PROBE_SECONDS);
    if (model.kind === 'standby') return jitter(STANDBY_SECONDS);
    return nextTask === 'board' ? jitter(pollInterval()) : 0;
  }

  /** Seconds until the board is worth reading again. */
  function pollInterval(): number {
    const { board, status } = model;
    if (board === null) return STANDBY_SECONDS;
    if (isBeforeOpening(board)) return pollSecondsBeforeOpening(Date.parse(board.opensAt) - clock.now());
    if (model.kind === 'waiting' && status?.position != null) {
      return pollSeconds(aheadOf(status.position, board.called), board);
    }
    return Math.max(1, board.nextPollSeconds);
  }

  async function read<T>(path: string, init: RequestInit): Promise<{ document: T } | Failure> {
    const result = await request(`/_fairgate/rooms/${model.room?.id}/${path}`, init);
    if ('retryMs' in result) return result;
    try {
      const document = await result.response.json();
      // The response to an action has an outcome whatever its status code; a problem document has none.
      if (result.response.ok || 'outcome' in document) return { document };
      if (String(document.type).endsWith('/cookies-needed')) return { retryMs: 0, cookiesRefused: true };
      return { ...failure('unanswered'), rejected: true };
    } catch {
      // Not JSON: a captive portal's page, or a truncated response.
      return failure('offline');
    }
  }

  async function request(path: string, init: RequestInit): Promise<{ response: Response } | Failure> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), REQUEST_MS_MAX);
    try {
      const response = await browser.fetch(path, {
        // Shared caches may answer polls; the browser's own cache would only repeat an old response.
        cache: 'no-store',
        headers: { Accept: 'application/json' },
        signal: abort.signal,
        ...init,
      });
      const retryAfterMs = Math.min(Number(response.headers.get('Retry-After')) || 0, RETRY_AFTER_SECONDS_MAX) * 1000;
      // Not a failure worth a notice: the page waits as long as the server requires.
      if (response.status === 429) {
        return { retryMs: Math.max(retryAfterMs, TASK_INTERVAL_MS_MIN) + jitter(1), limited: true };
      }
      if (response.status >= 500) return failure('unanswered', retryAfterMs);
      notice = null;
      failures = 0;
      return { response };
    } catch {
      // No network, a name that does not resolve, or a request aborted by the time limit.
      return failure('offline');
    } finally {
      clearTimeout(timer);
    }
  }

  function failure(reason: Notice, retryAfterMs = 0): Failure {
    notice = reason;
    failures += 1;
    return { retryMs: Math.max(retryAfterMs, backoffMs(failures)) };
  }

  function backoffMs(attempts: number): number {
    const ceiling =
      model.kind === 'called' || model.kind === 'standby' ? BACKOFF_SECONDS_CALLED_MAX : BACKOFF_SECONDS_MAX;
    return jitter(Math.min(ceiling, 2 ** (attempts - 1)));
  }
}

function firstTask({ kind, room, admitAt }: PageModel): Task {
  switch (kind) {
    case 'called':
      return admitAt === null ? 'claim' : 'enter';
    case 'standby':
      return 'claim';
    case 'newcomer':
    case 'tooManyJoins':
      return 'join';
    case 'originUnreachable':
    case 'originError':
      return 'probe';
    case 'lapsed':
    case 'ended':
    case 'cookiesNeeded':
    case 'badRequest':
      return 'idle';
    default:
      return room === null ? 'probe' : 'board';
  }
}

function isBeforeOpening({ state }: Board): boolean {
  return state === 'scheduled' || state === 'prequeue';
}
