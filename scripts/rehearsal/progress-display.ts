// How a rehearsal shows that it goes on: one line that redraws itself on a terminal, a plain line every few seconds
// elsewhere, so that a log stays readable.

import type { Progress } from './rehearsal.ts';
import { milliseconds, number, seconds, time } from './report-strings.ts';

const REDRAW_MS = 250;
const PLAIN_MS = 5_000;

/** The board is asked for every second; after this long without any answer the line says so. */
const SILENT_SHOWN_MS = 5_000;

/** Below this the player is on time; above it the line says so while it lasts. */
const LATE_SHOWN_MS = 250;

export interface ProgressDisplay {
  show(progress: Progress): void;
  /** Leaves the terminal's cursor on a fresh line. */
  end(): void;
}

export function progressDisplay(out: {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}): ProgressDisplay {
  const everyMs = out.isTTY ? REDRAW_MS : PLAIN_MS;
  let shownAt = Number.NEGATIVE_INFINITY;
  let requestsThen = 0;
  let lateMs = 0;
  return {
    show(progress) {
      lateMs = Math.max(lateMs, progress.lateMs);
      const now = performance.now();
      if (now - shownAt < everyMs) return;
      const perSecond = ((progress.requests - requestsThen) * 1000) / Math.min(now - shownAt, now);
      const text = line(progress, Math.max(0, perSecond), lateMs);
      [shownAt, requestsThen, lateMs] = [now, progress.requests, 0];
      if (out.isTTY) out.write(`\r\x1b[2K${text.slice(0, (out.columns ?? 100) - 1)}`);
      else out.write(`${text}\n`);
    },
    end() {
      if (out.isTTY) out.write('\r\x1b[2K');
    },
  };
}

function line(
  { startsInMs, arrived, visitors, waiting, inside, gone, silentMs }: Progress,
  perSecond: number,
  lateMs: number,
) {
  const now = time(Date.now());
  if (startsInMs > 0) return `${now}  the first visitors come in ${seconds(startsInMs / 1000)}`;
  if (silentMs > SILENT_SHOWN_MS) return `${now}  THE GATEWAY HAS NOT ANSWERED FOR ${seconds(silentMs / 1000)}`;
  const parts = [
    `arrived ${number(arrived)} of ${number(visitors)}`,
    `waiting ${number(waiting)}`,
    `inside ${number(inside)}`,
    `gone ${number(gone)}`,
    `${number(Math.round(perSecond))} requests/s`,
  ];
  if (lateMs > LATE_SHOWN_MS) parts.push(`the player is ${milliseconds(lateMs)} late`);
  return `${now}  ${parts.join(' · ')}`;
}
