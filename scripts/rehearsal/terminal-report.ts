// The report as text: the verdict first, then the checks, the numbers, and how well the load generator kept up.

import type { Figures, RequestRow } from './figures.ts';
import type { RehearsalTexts } from './rehearsal-texts-en.ts';
import { milliseconds, number } from './report-format.ts';
import { attemptNotes, generatorSentence, headline, outage, requestFailures, summary } from './report-strings.ts';

const SYMBOLS = { passed: '✓', failed: '✗', inconclusive: '?' } as const;

export function terminalReport(figures: Figures, t: RehearsalTexts): string {
  const lines: string[] = ['', headline(figures, t), ''];
  for (const { check, verdict, observed, example } of figures.findings) {
    lines.push(`  ${SYMBOLS[verdict]} ${t.checks[check]}: ${t.verdicts[verdict]}. ${observed}`);
    if (example !== null) lines.push(`      ${verdict === 'failed' ? t.first : t.why}: ${example}`);
  }
  for (const { title, rows } of summary(figures, t)) {
    lines.push('', title, ...aligned(rows));
  }
  lines.push(
    '',
    t.attemptsTerminal,
    ...aligned(
      figures.attempts.map((row) => [
        t.attempts[row.kind],
        [t.of(row.refused, row.tried), ...attemptNotes(row, t)].join(', '),
      ]),
    ),
    '',
    'Responses                   count   median      p99   failures',
    ...figures.requests.map((row) => requestLine(row, t)),
    '',
  );
  const downtime = outage(figures, t);
  lines.push(...(downtime === null ? [] : [downtime]), generatorSentence(figures, t), '');
  return lines.join('\n');
}

function aligned(rows: readonly (readonly [string, string] | string[])[]): string[] {
  const width = Math.max(...rows.map(([name = '']) => name.length), 0);
  return rows.map(([name = '', value = '']) => `  ${name.padEnd(width)}  ${value}`);
}

function requestLine(row: RequestRow, t: RehearsalTexts): string {
  const { kind, responses, median, p99 } = row;
  const columns = [t.requests[kind].padEnd(24), number(responses).padStart(7), milliseconds(median).padStart(8)];
  return `  ${columns.join(' ')} ${milliseconds(p99).padStart(8)}   ${requestFailures(row, t).join(', ') || t.noFailures}`;
}
