// Options of a command that has many, each with its line in `--help`, and the command that does the same again.

import { parseArgs } from 'node:util';

export interface CommandOption {
  example: string;
  help: string;
  /** What stands behind the help text where no value is given; null: nothing. */
  fallback?: string | null;
  /** It takes no value. */
  flag?: true;
  /** It may be given several times. */
  repeatable?: true;
}

export type ReadOptions<Run> =
  | { kind: 'run'; run: Run }
  | { kind: 'help'; text: string }
  | { kind: 'misuse'; problems: string[] };

const [HELPED, MISUSE] = [0, 2];

/** What every such command does before it runs. @returns the exit code: 0 after `--help`, 2 where options cannot be used */
export async function runWithOptions<Run>(
  read: ReadOptions<Run>,
  run: (given: Run) => Promise<number>,
): Promise<number> {
  switch (read.kind) {
    case 'help':
      console.log(read.text);
      return HELPED;
    case 'misuse':
      for (const problem of read.problems) console.error(problem);
      return MISUSE;
    case 'run':
      return run(read.run);
  }
}

type Values = Partial<Record<string, string | boolean | string[]>>;
/** `operands` are the arguments that belong to no option. */
type Given = { kind: 'given'; values: Values; operands: string[] };

/** @param operandsMax arguments that belong to no option */
export function givenOptions(
  argv: readonly string[],
  options: Record<string, CommandOption>,
  help: () => string,
  operandsMax = 0,
): Given | Exclude<ReadOptions<never>, { kind: 'run' }> {
  try {
    const types = Object.entries(options).map(([name, { flag, repeatable = false }]) => {
      return [name, { type: flag ? ('boolean' as const) : ('string' as const), multiple: repeatable }] as const;
    });
    const parsed = parseArgs({
      args: [...argv],
      options: { ...Object.fromEntries(types), help: { type: 'boolean' } },
      allowPositionals: operandsMax > 0,
      tokens: true,
    });
    const { positionals: operands } = parsed;
    const values = parsed.values as Values;
    if (values['help'] === true) return { kind: 'help', text: help() };
    const names = parsed.tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
    const twice = new Set(names.filter((name, index) => !options[name]?.repeatable && names.indexOf(name) !== index));
    const surplus = operands[operandsMax];
    const problems = [
      ...[...twice].map((name) => `--${name} was given more than once; give it once.`),
      ...(surplus === undefined ? [] : [`Unexpected argument '${surplus}'. --help shows all options.`]),
    ];
    return problems.length > 0 ? { kind: 'misuse', problems } : { kind: 'given', values, operands };
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
