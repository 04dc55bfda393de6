// Tells the room what its origin says in responses to admitted visitors: that it wants no more of them for a while, and what is left.
// Once a second at most, however many responses say it; that nothing is left at once.

import type { BoardStock } from '../../queue-core/board.ts';
import type { StockReport } from '../../queue-core/command.ts';
import { type EpochMs, epochMs } from '../../queue-core/time.ts';
import type { RoomConfig } from '../settings.ts';
import type { RoomStore } from '../store/room-store.ts';
import type { RoomSnapshot } from '../views/room-views.ts';
import type { StockSignal } from './origin-signals.ts';

const REPORT_INTERVAL_MS = 1_000;

interface Reported {
  at: number;
  report: StockReport;
  isDue: boolean;
}

export class OriginReports {
  readonly #store: RoomStore;
  readonly #now: () => number;
  readonly #wait: (ms: number) => Promise<void>;
  readonly #overload = new Map<string, { seconds: number; at: number }>();
  readonly #stock = new Map<string, Reported>();

  constructor(store: RoomStore, now: () => number, wait: (ms: number) => Promise<void>) {
    this.#store = store;
    this.#now = now;
    this.#wait = wait;
  }

  /** @param seconds for which it wants no visitors; 0: it takes them @returns the report on its way; null: there is no news */
  overload(room: RoomConfig, seconds: number, { view }: RoomSnapshot): Promise<void> | null {
    const { stage, cause } = view.live.health;
    const isKnown = stage === 'stopped' && cause?.kind === 'signal';
    if (seconds === 0 && !isKnown) return null;
    const last = this.#overload.get(room.id);
    if (last?.seconds === seconds && this.#now() - last.at < REPORT_INTERVAL_MS) return null;
    this.#overload.set(room.id, { seconds, at: this.#now() });
    return this.#sendOverload(room, seconds);
  }

  async #sendOverload({ id }: RoomConfig, seconds: number): Promise<void> {
    try {
      await this.#store.apply(id, [{ kind: 'reportOverload', forMs: seconds * 1_000 }]);
    } catch (error) {
      // The next response says it again.
      this.#overload.delete(id);
      console.error(`That the origin of room "${id}" wants no visitors for ${seconds} s could not be reported:`, error);
    }
  }

  /** @returns the report on its way; null: there is no news, or the latest is on its way with it */
  stock(room: RoomConfig, signal: StockSignal, { view, now }: RoomSnapshot): Promise<void> | null {
    const report = stockReport(signal, now);
    if (isKnown(report, view.board.stock)) return null;
    const last = this.#stock.get(room.id);
    const isSoldOut = report.remaining === 0 && last?.report.remaining !== 0;
    if (last === undefined || isSoldOut || this.#now() - last.at >= REPORT_INTERVAL_MS) {
      this.#stock.set(room.id, { at: this.#now(), report, isDue: false });
      return this.#sendStock(room, report);
    }
    const isFirst = !last.isDue;
    Object.assign(last, { report: joined(last.isDue ? last.report : null, report), isDue: true });
    return isFirst ? this.#sendLater(room, last) : null;
  }

  async #sendLater(room: RoomConfig, last: Reported): Promise<void> {
    await this.#wait(Math.max(0, last.at + REPORT_INTERVAL_MS - this.#now()));
    // A later word, that nothing is left, has gone before it.
    if (this.#stock.get(room.id) !== last) return;
    last.isDue = false;
    last.at = this.#now();
    await this.#sendStock(room, last.report);
  }

  async #sendStock({ id }: RoomConfig, report: StockReport): Promise<void> {
    try {
      await this.#store.apply(id, [report]);
    } catch (error) {
      this.#stock.delete(id);
      console.error(`What is left at the origin of room "${id}" could not be reported:`, error);
    }
  }
}

/** @param now the store's time */
export function stockReport({ remaining, asOfSeconds, counts }: StockSignal, now: EpochMs): StockReport {
  // A number may be shown as older than it is, never as newer.
  const asOf = Math.floor(asOfSeconds === null ? now : Math.min(now, asOfSeconds * 1_000));
  return { kind: 'reportStock', remaining, asOf, counts };
}

/** Whether everybody sees these numbers, and no number is about to be too old. */
function isKnown({ remaining, asOf, counts = [] }: StockReport, stock: BoardStock | null): boolean {
  if (stock === null) return false;
  const isFresh = (since: string) => asOf - epochMs(since) < (stock.freshSeconds * 1_000) / 4;
  const isSame = remaining === null || (stock.remaining === remaining && isFresh(stock.asOf));
  return (
    isSame &&
    counts.every(({ id, remaining, name, price }) => {
      const lot = stock.lots.find((one) => one.id === id);
      if (lot === undefined || lot.remaining !== remaining || !isFresh(lot.asOf)) return false;
      const told = { ...lot, name: { ...lot.name, ...name }, price: price ?? lot.price };
      return JSON.stringify(told) === JSON.stringify(lot);
    })
  );
}

/** Numbers of an earlier report that the later one does not have are kept. */
function joined(before: StockReport | null, report: StockReport): StockReport {
  if (before === null || report.asOf < before.asOf) return before ?? report;
  const counts = new Map([...(before.counts ?? []), ...(report.counts ?? [])].map((lot) => [lot.id, lot]));
  return { ...report, remaining: report.remaining ?? before.remaining, counts: [...counts.values()] };
}
