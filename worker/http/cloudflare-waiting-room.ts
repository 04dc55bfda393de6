// The JSON that clients of Cloudflare's waiting room read. Field names and meanings are that interface's; what it has no
// field for (a position, the message, the stock) has our own names.

import type { Board, Status } from '../../queue-core/board.ts';
import { epochMs } from '../../queue-core/time.ts';
import type { CloudflareWaitingRoom } from '../contract/visitor-schema.ts';

export function cloudflareWaitingRoom(board: Board, status: Status): CloudflareWaitingRoom {
  const { waitSeconds, position, ahead, nextPollSeconds, serverTime } = status;
  const now = epochMs(serverTime);
  const low = toMinutes(waitSeconds?.low ?? 0);
  const high = toMinutes(waitSeconds?.high ?? 0);
  const middle = Math.round((low + high) / 2);
  const isRejecting = board.state === 'closed' || board.state === 'soldOut';
  const isBeforeOpening = board.state === 'scheduled' || board.state === 'prequeue' || board.state === 'drawing';
  const method = isRejecting ? 'reject' : isBeforeOpening ? 'random' : 'fifo';
  // There the pre-queue is the first part of the event, and nothing is said of an event that has not begun or is over.
  const isEventActive = board.state !== 'scheduled' && !isRejecting;
  const isEventPrequeueing = isEventActive && isBeforeOpening;
  const untilStart = isEventPrequeueing ? minutesUntil(board.opensAt, now) : null;
  const untilEnd = isEventActive && board.closesAt !== null ? minutesUntil(board.closesAt, now) : null;
  const isOver = status.state === 'lapsed' || status.state === 'completed';
  return {
    inWaitingRoom: true,
    waitTimeKnown: waitSeconds !== null,
    waitTime: middle,
    waitTime25Percentile: low,
    waitTime50Percentile: middle,
    waitTime75Percentile: high,
    waitTimeFormatted: formatMinutes(waitSeconds === null ? null : middle),
    queueIsFull: false,
    queueAll: board.state === 'paused' || isBeforeOpening,
    lastUpdated: board.asOf,
    refreshIntervalSeconds: isRejecting ? 0 : nextPollSeconds,
    queueingMethod: method,
    isFIFOQueue: method === 'fifo',
    isRandomQueue: method === 'random',
    isPassthroughQueue: false,
    isRejectQueue: isRejecting,
    isEventActive,
    isEventPrequeueing,
    timeUntilEventStart: untilStart ?? 0,
    timeUntilEventStartFormatted: formatMinutes(untilStart),
    timeUntilEventEnd: untilEnd ?? 0,
    timeUntilEventEndFormatted: formatMinutes(untilEnd),
    shuffleAtEventStart: isEventActive,
    turnstile: '',
    infiniteQueue: false,
    position: isOver ? null : position,
    usersAhead: isOver ? null : ahead,
    totalWaiting: isBeforeOpening ? board.entries : board.issued - board.called,
    nextPollSeconds,
    serverTime,
    message: board.message,
    stock: board.stock,
    soldOut: board.state === 'soldOut',
  };
}

function toMinutes(seconds: number): number {
  return Math.ceil(seconds / 60);
}

function minutesUntil(time: string, now: number): number {
  return Math.max(0, Math.ceil((epochMs(time) - now) / 60_000));
}

/** In English, as there. */
function formatMinutes(minutes: number | null): string {
  if (minutes === null) return 'unavailable';
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  const parts = [
    hours > 0 ? `${hours} hour${hours === 1 ? '' : 's'}` : '',
    rest > 0 || hours === 0 ? `${rest} minute${rest === 1 ? '' : 's'}` : '',
  ];
  return parts.filter(Boolean).join(' ');
}
