// The options that every command that serves has in common: settings from a file, a check of them, its health and its version.

import { type CommandOption, givenOptions, optionLines, type ReadOptions } from './command-options.ts';
import type { ProgramLog } from './program-log.ts';
import { isReadableByAll, settingsOfFile } from './settings-file.ts';

export interface ServiceArguments {
  action: 'run' | 'check' | 'health' | 'version';
  /** null: the environment alone. */
  file: string | null;
}

interface Service {
  /** As `npm start`. */
  command: string;
  /** What `--health` asks. */
  health: string;
  /** What stands below its options. */
  about: string;
}

export function readServiceArguments(
  argv: readonly string[],
  { command, health, about }: Service,
): ReadOptions<ServiceArguments> {
  const options: Record<string, CommandOption> = {
    config: { example: 'fairgate.env', help: 'settings from a file, a line NAME=value each' },
    check: { example: '', flag: true, help: 'says whether the settings are right, and starts nothing' },
    health: { example: '', flag: true, help: `says whether ${health}, and starts nothing` },
    version: { example: '', flag: true, help: 'says which version this is' },
  };
  const given = givenOptions(argv, options, () => `${command} -- [options]\n${optionLines(options, 28)}\n\n${about}`);
  if (given.kind !== 'given') return given;
  const { config } = given.values;
  const actions = (['check', 'health', 'version'] as const).filter((name) => given.values[name] === true);
  if (actions.length > 1) return { kind: 'misuse', problems: [`--${actions.join(' and --')} exclude each other.`] };
  return { kind: 'run', run: { action: actions[0] ?? 'run', file: typeof config === 'string' ? config : null } };
}

/** Of the file and the environment, which wins. @throws SettingsError */
export function variablesOf({ file }: ServiceArguments, known: readonly string[]): NodeJS.ProcessEnv {
  return { ...(file === null ? {} : settingsOfFile(file, known)), ...process.env };
}

export function warnOfReadableFile({ file }: ServiceArguments, process: string, log: ProgramLog): void {
  if (file === null || !isReadableByAll(file)) return;
  const advice = `Keep secrets in it private: chmod 600 ${file}`;
  log.add(process, `${file} can be read by every user of this machine. ${advice}`, 'warn');
}
