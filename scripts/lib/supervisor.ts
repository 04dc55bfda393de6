// Keeps one process running: one that ends by itself, or that no longer answers, is started again, after pauses that grow up to a
// bound, so that a gateway that cannot run does not use up the machine. Visitors keep their places: they are in their tokens and on
// the disk.

import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { RunningProcess } from './gateway-process.ts';
import type { LogLevel } from './runtime-log.ts';

/** The first pause; each that follows soon is twice as long. */
export const PAUSE_MS_MIN = 500;

/** The longest: somebody who has repaired the cause does not wait for longer. */
export const PAUSE_MS_MAX = 30_000;

/** A process that has run for so long is healthy; the next pause is the first one again. */
export const HEALTHY_MS = 60_000;

/** How often a process is asked whether it answers. */
export const ASK_MS = 1_000;

/** One that has not answered for so long hangs; under load an answer takes a second or two. */
export const HANGS_MS = 30_000;

interface SupervisorOptions<Running> {
  /** For the log, as the beginning of a sentence. */
  name: string;
  start: () => Promise<Running>;
  /** Whether it answers; absent: it is never asked. */
  answers?: (running: Running) => Promise<boolean>;
  log: (line: string, level: LogLevel) => void;
  /** Monotonic, in ms. */
  now?: () => number;
  wait?: (ms: number, stopped: AbortSignal) => Promise<void>;
}

interface Supervised<Running> {
  /** What was started first; later ones listen at the same address. */
  first: Running;
  /** Ends the process, and starts none any more. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>;
}

/** @throws Error where the first start fails: its settings or its port are wrong, which only a person can repair */
export async function supervise<Running extends RunningProcess>(
  options: SupervisorOptions<Running>,
): Promise<Supervised<Running>> {
  const { name, start, answers, log, now = performance.now.bind(performance), wait = pause } = options;
  const stopping = new AbortController();
  const isStopping = () => stopping.signal.aborted;
  const first = await start();
  let running: Running | null = first;

  /** Kills it where it hangs; resolves when it has ended. */
  async function watch(watched: Running): Promise<void> {
    const ended = new AbortController();
    watched.process.once('exit', () => ended.abort());
    const over = AbortSignal.any([stopping.signal, ended.signal]);
    let answeredAt = now();
    while (answers !== undefined && !over.aborted) {
      await wait(ASK_MS, over);
      if (over.aborted || (await answers(watched))) answeredAt = now();
      if (now() - answeredAt < HANGS_MS) continue;
      log(`${name} has not answered for ${HANGS_MS / 1000} s. It is ended.`, 'error');
      await watched.stop('SIGKILL');
    }
  }

  async function keepRunning(): Promise<void> {
    let pauseMs = PAUSE_MS_MIN;
    let startedAt = now();
    while (!isStopping()) {
      let end = 'could not be started again';
      if (running !== null) {
        const watched = watch(running);
        end = `ended by itself with ${await endOf(running)}`;
        await watched;
        running = null;
        if (now() - startedAt >= HEALTHY_MS) pauseMs = PAUSE_MS_MIN;
      }
      if (isStopping()) return;
      log(`${name} ${end}. It is started again in ${pauseMs / 1000} s; visitors keep their places.`, 'error');
      await wait(pauseMs, stopping.signal);
      pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX);
      if (isStopping()) return;
      startedAt = now();
      try {
        running = await start();
        log(`${name} runs again.`, 'warn');
      } catch (error) {
        log(error instanceof Error ? error.message : String(error), 'error');
      }
    }
  }

  const kept = keepRunning();
  return {
    first,
    async stop(signal, graceMs) {
      stopping.abort();
      await running?.stop(signal, graceMs);
      await kept;
      // It was being started.
      await running?.stop(signal, graceMs);
    },
  };
}

async function endOf({ process: child }: RunningProcess): Promise<string> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.signalCode ?? `code ${child.exitCode}`;
}

async function pause(ms: number, stopped: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal: stopped });
  } catch {
    // AbortError: what it waits for has stopped.
  }
}
