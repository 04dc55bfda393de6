// Child processes that serve something: waits until they are ready, stops them, and never leaves one behind.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A machine under load may take a while to map a binary of 120 MB; beyond this something is wrong. */
const START_MS_MAX = 20_000;

/**
 * Waits for `ready`. From then on the child is killed when this process exits.
 * @param output what the child has printed, for the error
 * @throws where the child exits or takes too long before it is ready
 */
export async function whenReady<T>(
  child: ChildProcess,
  name: string,
  ready: Promise<T>,
  output: () => string = () => '',
): Promise<T> {
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  let timer: NodeJS.Timeout | undefined;
  const failure = (what: string) => new Error(`${name} ${what}\n${output()}`.trim());
  try {
    return await Promise.race([
      ready,
      once(child, 'exit').then(
        ([code, signal]) => {
          throw failure(`exited with ${signal ?? `code ${code}`} before it was ready.`);
        },
        // `once` rejects with the event "error": the program is missing, or the system has no process or descriptor left.
        (error) => {
          throw failure(`could not be started: ${error instanceof Error ? error.message : error}`);
        },
      ),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(failure(`was not ready within ${START_MS_MAX / 1000} s.`)), START_MS_MAX);
      }),
    ]);
  } catch (error) {
    kill();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Sends the signal and waits until the process has exited; one that takes longer than `graceMs` is killed. */
export async function stopProcess(child: ChildProcess, signal: NodeJS.Signals, graceMs?: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const timer = graceMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), graceMs);
  await exited;
  clearTimeout(timer);
}
