// Whether the npm that runs this script is still there. npm runs scripts through a shell; neither hands every signal on, and
// a killed npm says nothing at all, so a script that serves has to look for itself.

import { readFileSync } from 'node:fs';

/** How soon a script ends after its npm. */
const CHECK_MS = 500;

/** Calls back once npm, or the shell between, has ended. Does nothing where the script was not started by npm. */
export function onNpmEnded(callback: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  // Some shells stay between, others make way for the script; the parent of npm itself may end as it likes.
  const grandparent = isShell(parent) ? parentOf(parent) : null;
  const timer = setInterval(() => {
    if (process.ppid === parent && (grandparent === null || parentOf(parent) === grandparent)) return;
    clearInterval(timer);
    callback();
  }, CHECK_MS);
  timer.unref();
}

function isShell(pid: number): boolean {
  try {
    return /^(?:ba|da|z|k)?sh$/.test(readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
  } catch {
    return false; // as in parentOf
  }
}

/** @returns null where the system does not say, and for a process that has ended */
function parentOf(pid: number): string | null {
  try {
    // The second field, the name, may contain spaces and parentheses.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) \S+ (\d+) .*$/s, '$1');
  } catch {
    return null; // no /proc (macOS, Windows), or no such process any more
  }
}
