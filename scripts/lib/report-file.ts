// The file of a report, checked before a run that takes minutes, so that its result is not lost at the end.

import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Why no report can be written there; null: it can. */
export function reportFileProblem(path: string): string | null {
  try {
    const existing = statSync(path, { throwIfNoEntry: false });
    if (existing?.isDirectory()) return `--report ${path} is a folder; name a file in it.`;
    if (existing !== undefined) accessSync(path, constants.W_OK);
    else accessSync(`${dirname(resolve(path))}/`, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `--report ${path} cannot be written (${reason}); name a file in a folder that exists and that you may write to.`;
  }
}
