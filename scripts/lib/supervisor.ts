// Keeps one gateway running: one that ends by itself is started again, after pauses that grow up to a bound, so that a gateway
// that cannot run does not use up the machine. Visitors keep their places: they are in their tokens and on the disk.

import { once } from 'node:events';
import type { RunningGateway } from './gateway-process.ts';

/** The first pause; each that follows soon is twice as long. */
export const PAUSE_MS_MIN = 500;

/** The longest: somebody who has repaired the cause does not wait for longer. */
export const PAUSE_MS_MAX = 30_000;

/** A gateway that has run for so long is healthy; the next pause is the first one again. */
export const HEALTHY_MS = 60_000;

interface SupervisorOptions {
  start: () => Promise<RunningGateway>;
  log: (line: string) => void;
  /** Monotonic, in ms. */
  now?: () => number;
  wait?: (ms: number, stopped: AbortSignal) => Promise<void>;
}

export interface SupervisedGateway {
  /** The gateway that was started first; later ones listen at the same address. */
  url: string;
  /** Ends the gateway, and starts none any more. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>;
}

/** @throws Error where the first start fails: its settings or its port are wrong, which only a person can repair */
export async function supervise(options: SupervisorOptions): Promise<SupervisedGateway> {
  const { start, log, now = performance.now.bind(performance), wait = pause } = options;
  const stopping = new AbortController();
  const isStopping = () => stopping.signal.aborted;
  let running: RunningGateway | null = await start();
  const { url } = running;

  async function keepRunning(): Promise<void> {
    let pauseMs = PAUSE_MS_MIN;
    let startedAt = now();
    while (!isStopping()) {
      let end = 'could not be started again';
      if (running !== null) {
        end = `ended by itself with ${await endOf(running)}`;
        running = null;
        if (now() - startedAt >= HEALTHY_MS) pauseMs = PAUSE_MS_MIN;
      }
      if (isStopping()) return;
      log(`The gateway ${end}. It is started again in ${pauseMs / 1000} s; visitors keep their places.`);
      await wait(pauseMs, stopping.signal);
      pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX);
      if (isStopping()) return;
      startedAt = now();
      try {
        running = await start();
        log('The gateway runs again.');
      } catch (error) {
        log(error instanceof Error ? error.message : String(error));
      }
    }
  }

  const kept = keepRunning();
  return {
    url,
    async stop(signal, graceMs) {
      stopping.abort();
      await running?.stop(signal, graceMs);
      await kept;
      // It was being started.
      await running?.stop(signal, graceMs);
    },
  };
}

async function endOf({ process: child }: RunningGateway): Promise<string> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.signalCode ?? `code ${child.exitCode}`;
}

async function pause(ms: number, stopped: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    stopped.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
