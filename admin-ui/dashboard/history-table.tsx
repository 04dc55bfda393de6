// The last minutes of the charts as a table.

import type { ConsoleState } from '../console-state.ts';
import { formatCount } from '../number-format.ts';
import type { Column, Columns } from '../series.ts';

/** Five minutes. */
const ROWS_MAX = 30;

export function HistoryTable({ state, columns }: { state: ConsoleState; columns: Columns }) {
  const { charts: t, numbers } = state.strings;
  const rows = columns.at
    .map((_, index) => index)
    .filter((index) => columns.waiting[index] != null)
    .slice(-ROWS_MAX)
    .reverse();
  const shown: [string, Column][] = [
    [numbers.arrived, columns.arrived],
    [t.admitted, columns.admitted],
    [numbers.waiting, columns.waiting],
    [numbers.inside, columns.active],
    [t.errors, columns.errors],
  ];
  return (
    <details class="table" key="table">
      <summary>{t.table}</summary>
      <section class="scroll" tabindex={0} aria-label={t.table}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t.time}</th>
              {shown.map(([label]) => (
                <th scope="col" key={label}>
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((index) => (
              <tr key={String(columns.at[index])}>
                <th scope="row">{state.format.time((columns.at[index] ?? 0) * 1000)}</th>
                {shown.map(([label, column]) => {
                  const value = column[index];
                  return <td key={label}>{value == null ? '' : formatCount(value)}</td>;
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}
