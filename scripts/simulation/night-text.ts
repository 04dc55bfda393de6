// The sentences and rows of a simulated night, for the terminal and for the page.

import { milliseconds, number, percent, seconds } from '../rehearsal/report-format.ts';
import type { NightReport } from './night.ts';
import { NIGHT_CHECKS } from './night-auditor.ts';
import type { OperatorChange, OriginFault, Scenario } from './scenario.ts';

const SYMBOLS = { passed: '✓', failed: '✗', inconclusive: '?' } as const;

export const isBroken = ({ audited }: NightReport): boolean =>
  audited.findings.some(({ verdict }) => verdict === 'failed');

export function nightHeadline({ audited }: NightReport): string {
  const count = (wanted: string) => audited.findings.filter(({ verdict }) => verdict === wanted).length;
  const [failed, inconclusive, total] = [count('failed'), count('inconclusive'), audited.findings.length];
  if (failed > 0) return `${failed} of ${total} promises ${failed === 1 ? 'was' : 'were'} broken.`;
  if (inconclusive > 0) return `No promise was broken; ${inconclusive} of ${total} could not be judged.`;
  return `All ${total} promises were kept.`;
}

/** What was measured, in groups of rows. */
export function nightFigures(report: NightReport): { title: string; rows: [string, string][] }[] {
  const { samples, totals, audited, opensAtMs, endedAtMs } = report;
  const peak = (of: (sample: NightReport['samples'][number]) => number) => number(Math.max(0, ...samples.map(of)));
  const { answerMs, origin } = totals;
  const { inversions, numbers } = audited;
  return [
    {
      title: 'Joins',
      rows: [
        ['arrived', number(totals.arrived)],
        ['received a place', number(totals.answered)],
        ['gave up', number(totals.gaveUp)],
        ['time to the answer, median', milliseconds(answerMs.median)],
        ['p99', milliseconds(answerMs.p99)],
        ['slowest', milliseconds(answerMs.most)],
      ],
    },
    {
      title: 'The room’s object',
      rows: [
        ['requests', number(totals.requests)],
        ['most in one second', peak(({ requests }) => requests)],
        ['reads, most in one second', peak(({ views }) => views)],
        ['leases, most in one second', peak(({ leases }) => leases)],
        ['batches refused as too many', number(totals.busy)],
      ],
    },
    {
      title: 'Numbers',
      rows: [
        ['given', number(numbers.given)],
        ['returned', number(numbers.returned)],
        ['leased and left unused', number(numbers.unused)],
        ['positions behind a later arrival', number(inversions.overtaken)],
        ['most, beyond the wait for the number', milliseconds(inversions.largestMs)],
      ],
    },
    {
      title: 'Admissions',
      rows: [
        ['visitors admitted', number(totals.admitted)],
        ['rate used while people waited', rateUsed(report)],
        ['most inside at once', number(origin.mostInside)],
        ['responses of the site', number(origin.answers)],
        ['of them errors', number(origin.errors)],
      ],
    },
    {
      title: 'The run',
      rows: [
        ['virtual time', seconds(endedAtMs / 1_000)],
        ['of it before the opening', seconds(opensAtMs / 1_000)],
        ['events', number(totals.events)],
        ['lines that gateways would have logged', number(totals.logLines)],
      ],
    },
  ];
}

/** Admissions in the seconds that began and ended with people waiting, against the rate in force. */
function rateUsed({ samples, opensAtMs }: NightReport): string {
  const busy = samples.filter(({ waiting }, index) => {
    const before = samples[index - 1];
    return index * 1_000 > opensAtMs && waiting > 0 && (before?.waiting ?? 0) > 0;
  });
  const allowed = busy.reduce((sum, { perMinute }) => sum + perMinute / 60, 0);
  return allowed === 0 ? '–' : percent(busy.reduce((sum, { admitted }) => sum + admitted, 0) / allowed);
}

/** Every parameter of a night by name. */
export function scenarioRows(scenario: Scenario): [string, string][] {
  const ms = (value: number) => (value < 1_000 ? `${value} ms` : seconds(value / 1_000));
  return [
    ['scenario', scenario.shape],
    ['seed', String(scenario.seed)],
    ['visitors', number(scenario.visitors)],
    ['they arrive over', ms(scenario.overMs)],
    ['gateways', number(scenario.gateways)],
    ['relays', number(scenario.relays)],
    ['admissions a minute', number(scenario.newUsersPerMinute)],
    ['people at once', number(scenario.totalActiveUsers)],
    ['length of a session', ms(scenario.sessionMs)],
    ['time to claim', ms(scenario.claimWindowMs)],
    ['mean stay', ms(scenario.stayMs)],
    ['never come back', percent(scenario.noShow)],
    ['ghosts', percent(scenario.ghosts)],
    ['answers lost', percent(scenario.losses)],
    ['one way to the room, median', ms(scenario.latencyMs)],
    ['object: time for a request', ms(scenario.serviceMs)],
    ['object: time to write', ms(scenario.commitMs)],
    ['site slow from', `${number(scenario.originPeople)} people`],
    ['pages of a visitor', scenario.pageMs === 0 ? 'the first' : `one in ${ms(scenario.pageMs)}`],
    ['faults of the site', scenario.originFaults.map(originFaultText).join(', ') || 'none'],
    ['health of the site', scenario.health],
    ['faults of the store', scenario.faults],
    ['changes by operators', scenario.changes.map(changeText).join(', ') || 'none'],
    ['visitors watched', number(scenario.watched)],
  ];
}

function originFaultText(fault: OriginFault): string {
  const at = seconds(fault.atMs / 1_000);
  if (fault.kind === 'slow') return `${at}: ${fault.times} times slower`;
  return fault.kind === 'flap' ? `${at}: errors in turns of ${fault.seconds} s` : `${at}: ${fault.kind}`;
}

function changeText(change: OperatorChange): string {
  const at = seconds(change.atMs / 1_000);
  switch (change.kind) {
    case 'rate':
      return `${at}: rate ${number(change.perMinute)}`;
    case 'capacity':
      return `${at}: capacity ${number(change.people)}`;
    case 'pause':
    case 'hold':
    case 'resume':
      return `${at}: ${change.kind}`;
  }
}

export function nightOnTerminal(report: NightReport): string {
  const lines = ['', nightHeadline(report), ''];
  for (const { check, verdict, observed, example } of report.audited.findings) {
    lines.push(`  ${SYMBOLS[verdict]} ${NIGHT_CHECKS[check]}. ${observed}`);
    if (example !== null)
      lines.push(`      ${verdict === 'failed' ? `Seed ${report.scenario.seed}` : 'Why'}: ${example}`);
  }
  for (const { title, rows } of nightFigures(report)) {
    const width = Math.max(...rows.map(([name]) => name.length));
    lines.push('', title, ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`));
  }
  return [...lines, ''].join('\n');
}
