// Shows how far a simulated night is: one line that redraws itself on a terminal, and a plain line every few seconds elsewhere, so that a
// log file stays readable. The only place here with a clock of the machine.

import { number } from '../rehearsal/report-format.ts';
import type { Progress } from './night.ts';

const REDRAW_MS = 250;
const PLAIN_LINE_MS = 5_000;

interface NightProgress {
  show(progress: Progress): void;
  /** Leaves the terminal's cursor on an empty line. */
  end(): void;
}

export function nightProgress(out: { isTTY?: boolean; columns?: number; write(text: string): unknown }): NightProgress {
  const intervalMs = out.isTTY ? REDRAW_MS : PLAIN_LINE_MS;
  let shownAt = performance.now();
  let [requestsThen, virtualThen] = [0, 0];
  return {
    show(progress) {
      const now = performance.now();
      if (now - shownAt < intervalMs) return;
      const virtualSeconds = (progress.virtualMs - virtualThen) / 1_000;
      const text = line(progress, (progress.requests - requestsThen) / virtualSeconds);
      [shownAt, requestsThen, virtualThen] = [now, progress.requests, progress.virtualMs];
      if (out.isTTY) out.write(`\r\x1b[2K${text.slice(0, (out.columns ?? 100) - 1)}`);
      else out.write(`${text}\n`);
    },
    end() {
      if (out.isTTY) out.write('\r\x1b[2K');
    },
  };
}

function line({ virtualMs, arrived, visitors, waiting, admitted }: Progress, perSecond: number): string {
  return [
    clock(virtualMs),
    `arrived ${number(arrived)} of ${number(visitors)}`,
    `waiting ${number(waiting)}`,
    `admitted ${number(admitted)}`,
    `${number(Math.round(perSecond))} operations/s`,
  ].join(' · ');
}

/** Hours, minutes and seconds of virtual time. */
function clock(ms: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const all = Math.floor(ms / 1_000);
  return `${two(Math.floor(all / 3_600))}:${two(Math.floor(all / 60) % 60)}:${two(all % 60)}`;
}
