// Options of a command that has many, each with its line in `--help`, and the command that does the same again.

import { parseArgs } from 'node:util';

export interface CommandOption {
  example: string;
  help: string;
  /** What stands behind the help text where no value is given; null: nothing. */
  fallback?: string | null;
}

export type ReadOptions<Run> =
  | { kind: 'run'; run: Run }
  | { kind: 'help'; text: string }
  | { kind: 'misuse'; problems: string[] };

type Values = Partial<Record<string, string | boolean | string[]>>;
type Given = { kind: 'given'; values: Values };

/** @param repeatable the one option that may be given several times */
export function givenOptions(
  argv: readonly string[],
  options: Record<string, CommandOption>,
  repeatable: string,
  help: () => string,
): Given | Exclude<ReadOptions<never>, { kind: 'run' }> {
  try {
    const texts = Object.fromEntries(
      Object.keys(options).map((name) => [name, { type: 'string' as const, multiple: name === repeatable }]),
    );
    const parsed = parseArgs({ args: [...argv], options: { ...texts, help: { type: 'boolean' } }, tokens: true });
    const values: Values = parsed.values;
    const names = parsed.tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
    const twice = new Set(names.filter((name, index) => name !== repeatable && names.indexOf(name) !== index));
    twice.delete('help');
    if (twice.size > 0 && values['help'] !== true) {
      return {
        kind: 'misuse',
        problems: [...twice].map((name) => `--${name} was given more than once; give it once.`),
      };
    }
    return values['help'] === true ? { kind: 'help', text: help() } : { kind: 'given', values };
  } catch (error) {
    const message = error instanceof Error ? error.message.split('.')[0] : String(error);
    return { kind: 'misuse', problems: [`${message}. --help shows all options.`] };
  }
}

/** Lines of `--help`. @param width of names and examples */
export function optionLines(options: Record<string, CommandOption>, width: number): string {
  const lines = Object.entries(options).map(([name, { example, help, fallback = null }]) => {
    return `  --${name} ${example}`.padEnd(width) + help + (fallback === null ? '' : ` (${fallback})`);
  });
  return lines.join('\n');
}

/** The command that does the same again. */
export function repeatedCommand(name: string, argv: readonly string[], seed: number): string {
  const withSeed = argv.some((argument) => /^--seed(?:=|$)/.test(argument)) ? argv : [...argv, '--seed', String(seed)];
  const quoted = withSeed.map((argument) => (/^[\w./:=@-]+$/.test(argument) ? argument : `'${argument}'`));
  return `npm run ${name} -- ${quoted.join(' ')}`;
}
