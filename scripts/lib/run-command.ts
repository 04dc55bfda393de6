// What every command has in common: `--help`, and how it fails.

import { CoreError } from '../../queue-core/errors.ts';
import { SettingsError } from '../../worker/settings.ts';

/**
 * Runs a command and exits with 1 where it throws. An `Error`, wrong settings, wrong arguments, files and damaged stored state say
 * in their message what the person can change; any other class is a fault of the program and is printed with its stack.
 *
 * @param usage printed by `--help`, which does nothing else
 */
export async function runCommand(command: () => Promise<void>, usage: string): Promise<void> {
  if (process.argv.slice(2).includes('--help')) {
    console.log(usage);
    return;
  }
  try {
    await command();
  } catch (error) {
    exitWith(error);
  }
}

/** What `work` returns; where it throws, the command ends as in `runCommand`. */
export async function orExit<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    return exitWith(error);
  }
}

/** What `read` returns; where it throws, the command ends as in `runCommand`. */
export function readOrExit<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    return exitWith(error);
  }
}

/** @throws Error for a command that takes none */
export function refuseArguments(usage: string): void {
  const [argument] = process.argv.slice(2);
  if (argument !== undefined) throw new Error(`Unexpected argument '${argument}'.\n${usage}`);
}

function exitWith(error: unknown): never {
  console.error(error instanceof Error && isForPerson(error) ? error.message : error);
  process.exit(1);
}

function isForPerson(error: Error): boolean {
  if (error.constructor === Error || error instanceof SettingsError || error instanceof CoreError) return true;
  // Of `parseArgs`; of the file system, whose message names the file.
  return 'code' in error && (String(error.code).startsWith('ERR_PARSE_ARGS_') || 'syscall' in error);
}
