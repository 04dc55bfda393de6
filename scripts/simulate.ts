// `npm run simulate`: plays a night in virtual time and says whether every promise was kept. This file handles arguments, the
// progress line and the exit code.

import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { repeatedCommand } from './lib/command-options.ts';
import { reportFileProblem } from './lib/report-file.ts';
import { simulate } from './simulation/night.ts';
import { nightPage } from './simulation/night-page.ts';
import { nightProgress } from './simulation/night-progress.ts';
import { isBroken, nightOnTerminal, scenarioRows } from './simulation/night-text.ts';
import { readSimulationArguments } from './simulation/simulation-arguments.ts';

/** No promise was broken; one was; the options cannot be used. */
const [KEPT, BROKEN, MISUSE] = [0, 1, 2];

async function main(argv: readonly string[]): Promise<number> {
  const read = readSimulationArguments(argv, () => randomInt(2 ** 32));
  switch (read.kind) {
    case 'help':
      console.log(read.text);
      return KEPT;
    case 'misuse':
      for (const problem of read.problems) console.error(problem);
      return MISUSE;
    case 'run':
      break;
  }
  const { scenario, report: file } = read.run;
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

process.exitCode = await main(process.argv.slice(2));
