// What the site says is left: in total, and by lots (clinics, tiers of tickets), each number with the time it was read. A number that is
// too old has gone from the board before it gets here (queue-core/board-at.ts).

import type { BoardStock } from '../../queue-core/board.ts';
import type { PriceRange } from '../../queue-core/document/origin-state.ts';
import type { Language } from './model.ts';
import { asOfText, grouped } from './page-text.ts';
import type { Strings } from './strings.ts';
import type { TimeFormat } from './time-format.ts';

/** What a phone shows beside the visitor's number; more lots are folded. */
const LOTS_UNFOLDED_MAX = 6;

interface StockLeftProps {
  stock: BoardStock;
  strings: Strings;
  now: number;
  time: TimeFormat;
  priceText: (price: PriceRange, language: Language) => string;
}

/** Of the board's list of facts. */
export function StockTotal({ stock: { remaining, asOf }, strings, now, time }: StockLeftProps) {
  return (
    <div class="wide">
      <dt>{strings.stock}</dt>
      <dd>
        {remaining === null ? strings.stockChecking : grouped(remaining)}
        <small>{asOfText(asOf, now, strings, time)}</small>
      </dd>
    </div>
  );
}

/** Under it. */
export function StockByLots(props: StockLeftProps) {
  const { lots } = props.stock;
  const folded = lots.slice(LOTS_UNFOLDED_MAX);
  return (
    <>
      {lots.length > 0 && <Lots {...props} lots={lots.slice(0, LOTS_UNFOLDED_MAX)} />}
      {folded.length > 0 && (
        <details>
          <summary>{props.strings.moreLots(folded.length)}</summary>
          <Lots {...props} lots={folded} />
        </details>
      )}
    </>
  );
}

/** The time of a lot is said where it is not that of the total. */
function Lots({ stock, lots, strings, now, time, priceText }: StockLeftProps & { lots: BoardStock['lots'] }) {
  return (
    <ul class="lots">
      {lots.map(({ name, remaining, asOf, price }) => (
        <li>
          <span>
            {name[strings.language]}
            {price && <small>{priceText(price, strings.language)}</small>}
          </span>
          <b>
            {remaining === null ? strings.stockChecking : remaining === 0 ? strings.lotGone : grouped(remaining)}
            {asOf !== stock.asOf && <small>{asOfText(asOf, now, strings, time)}</small>}
          </b>
        </li>
      ))}
    </ul>
  );
}
