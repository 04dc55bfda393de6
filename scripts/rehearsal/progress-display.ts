// Shows the progress of a rehearsal: one line that redraws itself on a terminal, and a plain line every few seconds elsewhere,
// so that a log file stays readable.

import type { Progress } from './rehearsal.ts';
import { milliseconds, number, seconds, time } from './report-format.ts';

const REDRAW_MS = 250;
const PLAIN_LINE_MS = 5_000;

/** The board is requested every second; after this long without any response the line says so. */
const SILENT_MS_MAX = 5_000;

/** Timers of the rehearsal that are later than this are shown. */
const LATE_MS_MAX = 250;

interface ProgressDisplay {
  show(progress: Progress): void;
  /** Leaves the terminal's cursor on an empty line. */
  end(): void;
}

export function progressDisplay(out: {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}): ProgressDisplay {
  const intervalMs = out.isTTY ? REDRAW_MS : PLAIN_LINE_MS;
  let shownAt = Number.NEGATIVE_INFINITY;
  let requestsThen = 0;
  let lateMs = 0;
  return {
    show(progress) {
      lateMs = Math.max(lateMs, progress.lateMs);
      const now = performance.now();
      if (now - shownAt < intervalMs) return;
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
  if (startsInMs > 0) return `${now}  the first visitors arrive in ${seconds(startsInMs / 1000)}`;
  if (silentMs > SILENT_MS_MAX) return `${now}  NO RESPONSE FROM THE GATEWAY FOR ${seconds(silentMs / 1000)}`;
  const parts = [
    `arrived ${number(arrived)} of ${number(visitors)}`,
    `waiting ${number(waiting)}`,
    `inside ${number(inside)}`,
    `gone ${number(gone)}`,
    `${number(Math.round(perSecond))} requests/s`,
  ];
  if (lateMs > LATE_MS_MAX) parts.push(`load generator ${milliseconds(lateMs)} late`);
  return `${now}  ${parts.join(' · ')}`;
}
