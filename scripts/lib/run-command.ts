// What every command has in common: how it fails.

import { CoreError } from '../../queue-core/errors.ts';
import { SettingsError } from '../../worker/settings.ts';

/**
 * Runs a command and exits with 1 where it throws. An `Error`, wrong settings, wrong arguments and damaged stored state say
 * in their message what the person can change; any other class is a fault of the program and is printed with its stack.
 */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    console.error(error instanceof Error && isForPerson(error) ? error.message : error);
    process.exit(1);
  }
}

function isForPerson(error: Error): boolean {
  if (error.constructor === Error || error instanceof SettingsError || error instanceof CoreError) return true;
  return 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}
