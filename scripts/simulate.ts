// `npm run simulate`: plays a night in virtual time and says whether every promise was kept. This file handles arguments, the
// progress line and the exit code.

import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { repeatedCommand, runWithOptions } from './lib/command-options.ts';
import { reportFileProblem } from './lib/report-file.ts';
import { simulate } from './simulation/night.ts';
import { nightPage } from './simulation/night-page.ts';
import { nightProgress } from './simulation/night-progress.ts';
import { isBroken, nightOnTerminal, scenarioRows } from './simulation/night-text.ts';
import { readSimulationArguments, type SimulationArguments } from './simulation/simulation-arguments.ts';

/** No promise was broken; one was; the options cannot be used. */
const [KEPT, BROKEN, MISUSE] = [0, 1, 2];

const argv = process.argv.slice(2);

async function main({ scenario, report: file }: SimulationArguments): Promise<number> {
  const problem = reportFileProblem(file);
  if (problem !== null) {
    console.error(problem);
    return MISUSE;
  }
  console.log(
    scenarioRows(scenario)
      .map(([name, value]) => `${name} ${value}`)
      .join(' · '),
  );
  const progress = nightProgress(process.stdout);
  const report = await simulate(scenario, { onProgress: progress.show });
  progress.end();
  console.log(nightOnTerminal(report));
  writeFileSync(file, await nightPage(report, repeatedCommand('simulate', argv, scenario.seed)));
  console.log(`HTML report: ${file}`);
  return isBroken(report) ? BROKEN : KEPT;
}

process.exitCode = await runWithOptions(
  readSimulationArguments(argv, () => randomInt(2 ** 32)),
  main,
);
