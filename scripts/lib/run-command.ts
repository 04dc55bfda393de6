// What every command has in common: how it fails.

import { SettingsError } from '../../worker/settings.ts';

/**
 * Runs a command and exits with 1 where it throws. An `Error` says in its message what the person can change; any other
 * class (TypeError, RangeError, ...) is a fault of the program and is printed with its stack.
 */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    const isForPerson = error instanceof Error && (error.constructor === Error || error instanceof SettingsError);
    console.error(isForPerson ? error.message : error);
    process.exit(1);
  }
}
