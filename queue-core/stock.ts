// What the origin says is left: which reports count, how many people may be inside for it, and what of it is shown.

import type { Command, OriginReply } from './command.ts';
import type { Lot, Stock } from './document/origin-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import type { OriginKeyId } from './document/session-record.ts';
import { LOTS_MAX } from './limits.ts';
import type { StepContext } from './machine.ts';
import { note } from './origin-calls.ts';
import type { Policy } from './policy.ts';
import type { EpochMs } from './time.ts';

type Report = Extract<Command, { kind: 'reportStock' }>;

/** Takes over each number that is as new as the one that is known. */
export function takeStock(room: RoomDocument, report: Report, context: StepContext): OriginReply {
  const before = room.origin.stock;
  const asOf = Math.min(report.asOf, context.now);
  if (!(asOf >= 0)) return { kind: 'outdated' };
  const lots = report.lots === undefined ? countedLots(before, report, asOf) : allLots(before, report.lots, asOf);
  const total = totalOf(before, report.remaining, asOf, lots);
  if (total === null && lots === before?.lots) return { kind: 'outdated' };
  const stock = total ?? before;
  if (stock === null) return { kind: 'outdated' };
  room.origin.stock = { ...stock, lots };
  const after = room.origin.stock;
  if (showsAnother(before, after, room.config.policy, context.now))
    noteStock(room, before, after, report.by ?? null, context);
  return { kind: 'done' };
}

/**
 * The total that counts from now on; null: the one that is known. Of two of one moment the lower one counts: something may be taken
 * meanwhile, and a replay must bring nothing back. A sum is as old as the oldest lot in it.
 */
function totalOf(
  before: Stock | null,
  remaining: number | null,
  asOf: EpochMs,
  lots: readonly Lot[],
): Pick<Stock, 'remaining' | 'asOf'> | null {
  if (remaining !== null) {
    const isNewer = before === null || asOf > before.asOf || (asOf === before.asOf && remaining <= before.remaining);
    return isNewer ? { remaining, asOf } : null;
  }
  if (lots.length === 0) return null;
  const oldest = Math.min(...lots.map((lot) => lot.asOf));
  if (before !== null && oldest < before.asOf) return null;
  return { remaining: lots.reduce((sum, lot) => sum + lot.remaining, 0), asOf: oldest };
}

function allLots(before: Stock | null, reported: readonly Omit<Lot, 'asOf'>[], asOf: EpochMs): readonly Lot[] {
  const known = before?.lots ?? [];
  if (known.some((lot) => lot.asOf > asOf || (lot.asOf === asOf && isHigher(reported, lot)))) return known;
  return reported.slice(0, LOTS_MAX).map((lot) => ({ ...lot, asOf }));
}

/** Of two numbers of one moment the lower one counts. */
function isHigher(reported: readonly Omit<Lot, 'asOf'>[], { id, remaining }: Lot): boolean {
  const again = reported.find((lot) => lot.id === id);
  return again !== undefined && again.remaining > remaining;
}

function countedLots(before: Stock | null, { counts = [] }: Report, asOf: EpochMs): readonly Lot[] {
  let lots = before?.lots ?? [];
  for (const { id, remaining, name, price } of counts) {
    const index = lots.findIndex((lot) => lot.id === id);
    const known = lots[index] ?? { name: { ko: id, en: id }, price: null, asOf };
    const isOlder =
      asOf < known.asOf || (asOf === known.asOf && index !== -1 && remaining > (lots[index]?.remaining ?? 0));
    if (isOlder || (index === -1 && lots.length >= LOTS_MAX)) continue;
    const lot = { id, name: { ...known.name, ...name }, remaining, asOf, price: price ?? known.price };
    lots = index === -1 ? [...lots, lot] : lots.with(index, lot);
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
