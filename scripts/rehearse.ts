// `npm run rehearse`: an opening played with thousands of visitors against a running gateway, and a report that says in
// words whether every promise was kept. Arguments, the line of progress, Ctrl-C and the exit code are here.

import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { type Asked, readArguments } from './rehearsal/arguments.ts';
import { type Figures, figuresOf } from './rehearsal/figures.ts';
import { htmlReport } from './rehearsal/html-report.ts';
import { type Mix, planVisitors } from './rehearsal/plan.ts';
import { progressDisplay } from './rehearsal/progress-display.ts';
import { CannotPlay, meet, possibleAttempts, rehearse } from './rehearsal/rehearsal.ts';
import { number, percent, seconds } from './rehearsal/report-strings.ts';
import { terminalReport } from './rehearsal/terminal-report.ts';

/** Nothing was broken; a law was broken; it could not be played as asked. */
const [KEPT, BROKEN, MISUSE] = [0, 1, 2];

async function main(argv: readonly string[]): Promise<number> {
  const read = readArguments(argv, () => randomInt(2 ** 32));
  switch (read.kind) {
    case 'help':
      console.log(read.text);
      return KEPT;
    case 'misuse':
      for (const problem of read.problems) console.error(problem);
      return MISUSE;
    case 'asked':
      break;
  }
  try {
    const figures = await play(read.asked, commandOf(argv, read.asked.mix.seed));
    return figures.verdict === 'broken' ? BROKEN : KEPT;
  } catch (error) {
    if (!(error instanceof CannotPlay)) throw error;
    console.error(error.message);
    return MISUSE;
  }
}

async function play({ playing, mix, limits, report }: Asked, command: string): Promise<Figures> {
  console.log(introduction(mix));
  const met = await meet(playing);
  const interruption = new AbortController();
  process.once('SIGINT', () => interruption.abort());
  process.once('SIGTERM', () => interruption.abort());
  const display = progressDisplay(process.stdout);
  const history = await rehearse(met, planVisitors(mix, possibleAttempts(met)), interruption.signal, display.show);
  display.end();
  const figures = figuresOf(history, limits);
  console.log(terminalReport(figures));
  const { room, target } = playing;
  const occasion = { room, address: target.origin, command, introduction: introduction(mix) };
  writeFileSync(report, await htmlReport(figures, occasion));
  console.log(`The page of this report: ${report}`);
  return figures;
}

/** The command that plays the same people again. */
function commandOf(argv: readonly string[], seed: number): string {
  const withSeed = argv.some((argument) => /^--seed(?:=|$)/.test(argument)) ? argv : [...argv, '--seed', String(seed)];
  return `npm run rehearse -- ${withSeed.map((word) => (/^[\w./:=@-]+$/.test(word) ? word : `'${word}'`)).join(' ')}`;
}

function introduction(mix: Mix): string {
  return [
    `Seed ${mix.seed}. ${number(mix.visitors)} visitors arrive over ${seconds(mix.overMs / 1000)}, ${percent(mix.before)} of them before the opening.`,
    `Of all: ${percent(mix.noShow)} never come back, ${percent(mix.leaveLine)} leave the line, ${percent(mix.losses)} lose the network` +
      ` while joining and as many while claiming, ${percent(mix.doubleTabs)} come in two tabs, ${percent(mix.deepLinks)} by the deep link,` +
      ` ${percent(mix.attempts)} try a way around.`,
    `Inside they stay ${seconds(mix.stayMs / 1000)} on average; ${percent(mix.runOut)} of them let the session run out.`,
  ].join('\n');
}

// Pages of visitors who have gone still hold timers; they must not hold up the end.
process.exit(await main(process.argv.slice(2)));
