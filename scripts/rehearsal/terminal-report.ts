// The report as text: verdict first, then the laws, the numbers, and what the player has to say about itself.

import { LAWS } from './auditor.ts';
import { ATTEMPTS, REQUESTS } from './event-log.ts';
import type { Figures, RequestRow } from './figures.ts';
import { headline, milliseconds, number, silence, summary, VERDICTS } from './report-strings.ts';

const MARKS = { kept: '✓', broken: '✗', unproven: '?' } as const;

export function terminalReport(figures: Figures): string {
  const lines: string[] = ['', headline(figures), ''];
  for (const { law, verdict, seen, example } of figures.findings) {
    lines.push(`  ${MARKS[verdict]} ${LAWS[law]}: ${VERDICTS[verdict]}. ${seen}`);
    if (example !== null) lines.push(`      ${verdict === 'broken' ? 'First' : 'Why'}: ${example}`);
  }
  for (const { title, rows } of summary(figures)) {
    lines.push('', title, ...aligned(rows));
  }
  lines.push('', 'Ways around the line, refused of tried');
  lines.push(
    ...aligned(
      figures.attempts.map(({ kind, tried, refused, through, unanswered, turns }) => [
        ATTEMPTS[kind],
        [
          `${number(refused)} of ${number(tried)}`,
          ...(through > 0 ? [`${number(through)} THROUGH`] : []),
          ...(unanswered > 0 ? [`${number(unanswered)} unanswered`] : []),
          ...(turns > 0 ? [`${number(turns)} more came when their turn had come`] : []),
        ].join(', '),
      ]),
    ),
  );
  lines.push(
    '',
    'Answers                     count   median     99 %   troubles',
    ...figures.requests.map(requestLine),
  );
  const away = silence(figures);
  lines.push('', ...(away === null ? [] : [away]), figures.generator.sentence, '');
  return lines.join('\n');
}

function aligned(rows: readonly (readonly [string, string] | string[])[]): string[] {
  const width = Math.max(...rows.map(([name = '']) => name.length), 0);
  return rows.map(([name = '', value = '']) => `  ${name.padEnd(width)}  ${value}`);
}

function requestLine(row: RequestRow): string {
  const { kind, answers, median, high } = row;
  const columns = [REQUESTS[kind].padEnd(24), number(answers).padStart(7), milliseconds(median).padStart(8)];
  return `  ${columns.join(' ')} ${milliseconds(high).padStart(8)}   ${troubles(row)}`;
}

export function troubles({ serverErrors, tooMany, unexpected, noAnswer }: RequestRow): string {
  const named: [number, string][] = [
    [serverErrors, 'answers of 500 and above'],
    [tooMany, 'asked too often (429)'],
    [unexpected, 'other refusals'],
    [noAnswer, 'without an answer'],
  ];
  const found = named.filter(([count]) => count > 0).map(([count, name]) => `${number(count)} ${name}`);
  return found.length === 0 ? 'none' : found.join(', ');
}
