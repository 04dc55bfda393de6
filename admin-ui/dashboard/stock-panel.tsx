// What the site says is left: in total, by lots, how old each number is, and what it means for how many people may be inside.

import type { Live } from '../../worker/contract/operator-api.ts';
import type { ConsoleState } from '../console-state.ts';
import { formatCount } from '../number-format.ts';
import { Note } from '../parts/note.tsx';

export function StockPanel({ state, live }: { state: ConsoleState; live: Live }) {
  const { stock, totalActiveUsers, inForce } = live;
  if (stock === null) return null;
  const t = state.strings.stock;
  const limits = inForce.totalActiveUsers < totalActiveUsers && stock.remaining !== null && stock.remaining > 0;
  return (
    <section class="card stock" aria-labelledby="stock-title">
      <h2 id="stock-title">{t.title}</h2>
      <p class="stock-total">
        <b>{numberText(state, stock.remaining)}</b> <small>{t.asOf(state.format.time(Date.parse(stock.asOf)))}</small>
      </p>
      {stock.lots.length === 0 ? null : (
        <section class="stock-lots" tabindex={0} aria-label={t.lots} key="lots">
          <table>
            <thead>
              <tr>
                <th scope="col">{t.lot}</th>
                <th scope="col">{t.left}</th>
                <th scope="col">{t.read}</th>
              </tr>
            </thead>
            <tbody>
              {stock.lots.map((lot) => (
                <tr key={lot.id}>
                  <th scope="row">{lot.name[state.preferences.language]}</th>
                  <td>{numberText(state, lot.remaining)}</td>
                  <td>{state.format.time(Date.parse(lot.asOf))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      <Note key="limits" text={limits ? t.people(formatCount(inForce.totalActiveUsers)) : null} />
    </section>
  );
}

/** A number that is too old is not shown: visitors do not see it either. */
function numberText({ strings: { stock } }: ConsoleState, remaining: number | null): string {
  if (remaining === null) return stock.checking;
  return remaining === 0 ? stock.soldOut : formatCount(remaining);
}
