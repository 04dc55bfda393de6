// What the origin says is left: which reports count, how many people may be inside for it, and what of it is shown.

import type { OriginReply, StockReport } from './command.ts';
import type { Lot, Stock } from './document/origin-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import type { OriginKeyId } from './document/session-record.ts';
import { LOTS_MAX } from './limits.ts';
import type { StepContext } from './machine.ts';
import { note } from './origin-calls.ts';
import type { Policy } from './policy.ts';
import type { EpochMs } from './time.ts';

/** Takes over each number that is as new as the one that is known. */
export function takeStock(room: RoomDocument, report: StockReport, context: StepContext): OriginReply {
  const before = room.origin.stock;
  const asOf = Math.min(report.asOf, context.now);
  if (!(asOf >= 0)) return { kind: 'outdated' };
  const lots = report.lots === undefined ? countedLots(before, report, asOf) : allLots(before, report.lots, asOf);
  const total = totalOf(before, report.remaining, asOf, lots) ?? before;
  if (total === null || (total === before && lots === before.lots)) return { kind: 'outdated' };
  const after = { ...total, lots };
  room.origin.stock = after;
  if (showsAnother(before, after, room.config.policy, context.now))
    noteStock(room, before, after, report.by ?? null, context);
  return { kind: 'done' };
}

type Read = Pick<Stock, 'remaining' | 'asOf'>;

/**
 * Whether a number takes the place of another. Of two of one moment the lower one counts: something may be taken meanwhile, and a replay
 * must bring nothing back.
 */
function supersedes(one: Read, other: Read): boolean {
  return one.asOf > other.asOf || (one.asOf === other.asOf && one.remaining <= other.remaining);
}

/** What either side of a loss knows: of each number the one that counts. */
export function joinedStock(a: Stock | null, b: Stock | null): Stock | null {
  if (a === null || b === null) return a ?? b;
  const [later, earlier] = supersedes(a, b) ? [a, b] : [b, a];
  const lots = later.lots.map((lot) => {
    const same = earlier.lots.find(({ id }) => id === lot.id);
    return same === undefined || supersedes(lot, same) ? lot : same;
  });
  return { ...later, lots };
}

/** The total that counts from now on; null: the one that is known. A sum is as old as the oldest lot in it. */
function totalOf(before: Stock | null, remaining: number | null, asOf: EpochMs, lots: readonly Lot[]): Read | null {
  if (remaining !== null) {
    const total = { remaining, asOf };
    return before === null || supersedes(total, before) ? total : null;
  }
  if (lots.length === 0) return null;
  const oldest = Math.min(...lots.map((lot) => lot.asOf));
  if (before !== null && oldest < before.asOf) return null;
  return { remaining: lots.reduce((sum, lot) => sum + lot.remaining, 0), asOf: oldest };
}

function allLots(before: Stock | null, reported: readonly Omit<Lot, 'asOf'>[], asOf: EpochMs): readonly Lot[] {
  const known = before?.lots ?? [];
  // A lot that is not there any more has nothing left.
  const remainingOf = (id: string) => reported.find((lot) => lot.id === id)?.remaining ?? 0;
  if (!known.every((lot) => supersedes({ remaining: remainingOf(lot.id), asOf }, lot))) return known;
  return reported.slice(0, LOTS_MAX).map((lot) => ({ ...lot, asOf }));
}

function countedLots(before: Stock | null, { counts = [] }: StockReport, asOf: EpochMs): readonly Lot[] {
  let lots = before?.lots ?? [];
  for (const { id, remaining, name, price } of counts) {
    const index = lots.findIndex((lot) => lot.id === id);
    const known = lots[index];
    const isNews = known === undefined ? lots.length < LOTS_MAX : supersedes({ remaining, asOf }, known);
    if (!isNews) continue;
    const named = { ko: id, en: id, ...known?.name, ...name };
    const lot = { id, name: named, remaining, asOf, price: price ?? known?.price ?? null };
    lots = known === undefined ? [...lots, lot] : lots.with(index, lot);
  }
  return lots;
}

/** Whether visitors see something else than before: another number, another lot, or a number again after it was too old. */
function showsAnother(before: Stock | null, after: Stock, policy: Policy, now: EpochMs): boolean {
  if (before === null || before.remaining !== after.remaining || isOld(before, policy, now)) return true;
  return before.lots.length !== after.lots.length || changedLots(before, after).length > 0;
}

function changedLots(before: Stock | null, after: Stock): Lot[] {
  const shown = ({ asOf: _, ...lot }: Lot) => JSON.stringify(lot);
  return after.lots.filter((lot) => {
    const known = before?.lots.find(({ id }) => id === lot.id);
    return known === undefined || shown(known) !== shown(lot);
  });
}

function noteStock(
  room: RoomDocument,
  before: Stock | null,
  stock: Stock,
  by: OriginKeyId,
  context: StepContext,
): void {
  const { remaining, asOf } = stock;
  note(room, { kind: 'stock', by, remaining, asOf, lots: changedLots(before, stock) }, context);
}

/** Whether a number was read too long ago to be shown. */
export function isOld({ asOf }: { asOf: EpochMs }, { stock }: Pick<Policy, 'stock'>, now: EpochMs): boolean {
  return now - asOf > stock.freshSeconds * 1_000;
}

/** People who may be inside for what is left; null: it sets no limit. While anything is left, one may. */
export function peopleForStock({ origin, config }: Pick<RoomDocument, 'config' | 'origin'>): number | null {
  const { peoplePercent } = config.policy.stock;
  if (origin.stock === null || peoplePercent === null) return null;
  return Math.max(1, Math.floor((origin.stock.remaining * peoplePercent) / 100));
}
