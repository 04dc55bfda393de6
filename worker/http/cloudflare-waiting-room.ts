// The JSON that clients of Cloudflare's waiting room read. Field names and meanings are that interface's; what it has no
// field for (a position, the message, the stock) has our own names.

import type { Board, Status } from '../../queue-core/board.ts';
import { epochMs } from '../../queue-core/time.ts';

export interface CloudflareWaitingRoom {
  inWaitingRoom: true;
  waitTimeKnown: boolean;
  waitTime: number;
  waitTime25Percentile: number;
  waitTime50Percentile: number;
  waitTime75Percentile: number;
  waitTimeFormatted: string;
  queueIsFull: boolean;
  queueAll: boolean;
  lastUpdated: string;
  refreshIntervalSeconds: number;
  queueingMethod: 'fifo' | 'random' | 'reject';
  isFIFOQueue: boolean;
  isRandomQueue: boolean;
  isPassthroughQueue: boolean;
  isRejectQueue: boolean;
  isEventActive: boolean;
  isEventPrequeueing: boolean;
  timeUntilEventStart: number;
  timeUntilEventStartFormatted: string;
  timeUntilEventEnd: number;
  timeUntilEventEndFormatted: string;
  shuffleAtEventStart: boolean;
  turnstile: string;
  infiniteQueue: boolean;
  position: number | null;
  usersAhead: number | null;
  totalWaiting: number;
  nextPollSeconds: number;
  serverTime: string;
  message: Board['message'];
  stock: Board['stock'];
  soldOut: boolean;
}

export function cloudflareWaitingRoom(board: Board, status: Status): CloudflareWaitingRoom {
  const { waitSeconds, position, ahead, nextPollSeconds, serverTime } = status;
  const now = epochMs(serverTime);
  const untilStart = minutesUntil(board.opensAt, now);
  const untilEnd = board.closesAt === null ? 0 : minutesUntil(board.closesAt, now);
  const low = toMinutes(waitSeconds?.low ?? 0);
  const high = toMinutes(waitSeconds?.high ?? 0);
  const middle = Math.round((low + high) / 2);
  const isRejecting = board.state === 'closed' || board.state === 'soldOut';
  const isPrequeue = board.state === 'scheduled' || board.state === 'prequeue' || board.state === 'drawing';
  const method = isRejecting ? 'reject' : isPrequeue ? 'random' : 'fifo';
  return {
    inWaitingRoom: true,
    waitTimeKnown: waitSeconds !== null,
    waitTime: middle,
    waitTime25Percentile: low,
    waitTime50Percentile: middle,
    waitTime75Percentile: high,
    waitTimeFormatted: waitSeconds === null ? 'unavailable' : formatMinutes(middle),
    queueIsFull: false,
    queueAll: board.state === 'paused' || isPrequeue,
    lastUpdated: board.asOf,
    refreshIntervalSeconds: isRejecting ? 0 : nextPollSeconds,
    queueingMethod: method,
    isFIFOQueue: method === 'fifo',
    isRandomQueue: method === 'random',
    isPassthroughQueue: false,
    isRejectQueue: isRejecting,
    isEventActive: board.state === 'open' || board.state === 'paused',
    isEventPrequeueing: isPrequeue,
    timeUntilEventStart: untilStart,
    timeUntilEventStartFormatted: formatMinutes(untilStart),
    timeUntilEventEnd: untilEnd,
    timeUntilEventEndFormatted: formatMinutes(untilEnd),
    shuffleAtEventStart: true,
    turnstile: '',
    infiniteQueue: false,
    position,
    usersAhead: ahead,
    totalWaiting: isPrequeue ? board.entries : board.issued - board.called,
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

function formatMinutes(minutes: number): string {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  const parts = [
    hours > 0 ? `${hours} hour${hours === 1 ? '' : 's'}` : '',
    rest > 0 || hours === 0 ? `${rest} minute${rest === 1 ? '' : 's'}` : '',
  ];
  return parts.filter(Boolean).join(' ');
}
