// The report as text: the verdict first, then the checks, the numbers, and how well the load generator kept up.

import { CHECKS } from './auditor.ts';
import { ATTEMPTS, REQUESTS } from './event-log.ts';
import type { Figures, RequestRow } from './figures.ts';
import { milliseconds, number } from './report-format.ts';
import { attemptNotes, headline, outage, requestFailures, summary, VERDICTS } from './report-strings.ts';

const SYMBOLS = { passed: '✓', failed: '✗', inconclusive: '?' } as const;

export function terminalReport(figures: Figures): string {
  const lines: string[] = ['', headline(figures), ''];
  for (const { check, verdict, observed, example } of figures.findings) {
    lines.push(`  ${SYMBOLS[verdict]} ${CHECKS[check]}: ${VERDICTS[verdict]}. ${observed}`);
    if (example !== null) lines.push(`      ${verdict === 'failed' ? 'First' : 'Why'}: ${example}`);
  }
  for (const { title, rows } of summary(figures)) {
    lines.push('', title, ...aligned(rows));
  }
  lines.push(
    '',
    'Bypass attempts, refused of tried',
    ...aligned(
      figures.attempts.map((row) => [
        ATTEMPTS[row.kind],
        [`${number(row.refused)} of ${number(row.tried)}`, ...attemptNotes(row)].join(', '),
      ]),
    ),
    '',
    'Responses                   count   median      p99   failures',
    ...figures.requests.map(requestLine),
    '',
  );
  const downtime = outage(figures);
  lines.push(...(downtime === null ? [] : [downtime]), figures.generator.sentence, '');
  return lines.join('\n');
}

function aligned(rows: readonly (readonly [string, string] | string[])[]): string[] {
  const width = Math.max(...rows.map(([name = '']) => name.length), 0);
  return rows.map(([name = '', value = '']) => `  ${name.padEnd(width)}  ${value}`);
}

function requestLine(row: RequestRow): string {
  const { kind, responses, median, p99 } = row;
  const columns = [REQUESTS[kind].padEnd(24), number(responses).padStart(7), milliseconds(median).padStart(8)];
  return `  ${columns.join(' ')} ${milliseconds(p99).padStart(8)}   ${requestFailures(row).join(', ') || 'none'}`;
}
