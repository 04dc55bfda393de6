// `npm run rehearse`: simulates an opening with thousands of visitors against a running gateway and reports whether it kept its
// promises. This file handles arguments, the progress line, Ctrl-C and the exit code.

import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { repeatedCommand, runWithOptions } from './lib/command-options.ts';
import { reportFileProblem } from './lib/report-file.ts';
import { type RehearsalArguments, readArguments } from './rehearsal/arguments.ts';
import { type Figures, figuresOf } from './rehearsal/figures.ts';
import { htmlReport } from './rehearsal/html-report.ts';
import { OperatorRefused, OperatorView } from './rehearsal/operator-view.ts';
import { planVisitors } from './rehearsal/plan.ts';
import { progressDisplay } from './rehearsal/progress-display.ts';
import { possibleAttempts, prepareRehearsal, RehearsalError, runRehearsal } from './rehearsal/rehearsal.ts';
import { rehearsalTextsEn } from './rehearsal/rehearsal-texts-en.ts';
import { rehearsalTextsKo } from './rehearsal/rehearsal-texts-ko.ts';
import { ownZone } from './rehearsal/report-format.ts';
import { terminalReport } from './rehearsal/terminal-report.ts';

/** No check failed; a check failed; the rehearsal could not run. */
const [PASSED, FAILED, MISUSE] = [0, 1, 2];

const argv = process.argv.slice(2);

async function main(given: RehearsalArguments): Promise<number> {
  const problem = reportFileProblem(given.report);
  if (problem !== null) {
    console.error(problem);
    return MISUSE;
  }
  try {
    const figures = await run(given, repeatedCommand('rehearse', argv, given.mix.seed));
    return figures.verdict === 'failed' ? FAILED : PASSED;
  } catch (error) {
    if (!(error instanceof RehearsalError || error instanceof OperatorRefused)) throw error;
    console.error(error.message);
    return MISUSE;
  }
}

async function run(
  { options, mix, limits, report, operator, timeZone: wantedZone, language }: RehearsalArguments,
  command: string,
): Promise<Figures> {
  const texts = language === 'ko' ? rehearsalTextsKo : rehearsalTextsEn;
  const view = operator === null ? null : await OperatorView.open(operator.url, options.room, operator.key);
  const timeZone = wantedZone ?? view?.timeZone ?? ownZone();
  console.log(texts.description(mix));
  const prepared = await prepareRehearsal(options);
  const interruption = new AbortController();
  process.once('SIGINT', () => interruption.abort());
  process.once('SIGTERM', () => interruption.abort());
  const display = progressDisplay(process.stdout);
  const plans = planVisitors(mix, possibleAttempts(prepared));
  const log = await runRehearsal(prepared, plans, interruption.signal, display.show, timeZone);
  display.end();
  const facts = view === null ? null : await view.facts();
  const known = { ...limits, totalActiveUsers: limits.totalActiveUsers ?? facts?.totalActiveUsers ?? null };
  const figures = figuresOf({ ...log, gateways: facts?.gateways ?? null }, known, texts.audit);
  console.log(terminalReport(figures, texts));
  const { room, target } = options;
  writeFileSync(
    report,
    await htmlReport(figures, texts, {
      room,
      address: target.origin,
      timeZone,
      command,
      description: texts.description(mix),
    }),
  );
  console.log(`HTML report: ${report}`);
  return figures;
}

// Timers of visitors who have gone would keep the process alive.
process.exit(
  await runWithOptions(
    readArguments(argv, () => randomInt(2 ** 32), process.env['OPERATOR_KEY']),
    main,
  ),
);
