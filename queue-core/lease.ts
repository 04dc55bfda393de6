// Numbers in blocks, which gateways give to visitors by themselves: in a rush an arrival costs the room no operation. A number is
// leased once; an entry that comes back unused is leased again.

import type { Command, LeaseReply } from './command.ts';
import type { LineState } from './document/line-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import { ENTRY_LEASE_MS, FREE_RANGES_MAX, LEASE_NUMBERS_MAX, LEASES_MAX, POSITION_LEASE_MS } from './limits.ts';
import type { StepContext } from './machine.ts';
import { noPlacesIn, stateOf } from './room-state.ts';

type Range = LineState['free'][number];

type CommandOf<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>;

export function lease(room: RoomDocument, { count, ahead }: CommandOf<'lease'>, { now }: StepContext): LeaseReply {
  const reason = noPlacesIn(stateOf(room, now));
  if (reason !== null) return { kind: 'refused', reason };
  const { epoch, line, draw, config } = room;
  const { commitment } = draw;
  const wanted = Math.min(numbersIn(count, 1) + numbersIn(ahead, 0), LEASE_NUMBERS_MAX);
  if (draw.entries !== null) {
    const first = line.issued + 1;
    line.issued += wanted;
    const forMs = POSITION_LEASE_MS;
    return { kind: 'leased', epoch, lease: 0, places: 'position', first, count: wanted, commitment, forMs };
  }
  const forMs = Math.min(ENTRY_LEASE_MS, config.schedule.opensAt - now);
  line.leasedUntil = Math.max(line.leasedUntil, now + forMs);
  const range = takeEntries(line, wanted);
  line.leaseSeq++;
  line.leases = [...line.leases, [line.leaseSeq, range] as const].slice(-LEASES_MAX);
  const [first, given] = range;
  return { kind: 'leased', epoch, lease: line.leaseSeq, places: 'entry', first, count: given, commitment, forMs };
}

/** The first free entries that are at least half as many as wanted, because a lease is one range; else new ones. */
function takeEntries(line: LineState, wanted: number): Range {
  const index = line.free.findIndex(([, available]) => 2 * available >= wanted);
  const free = line.free[index];
  if (free === undefined) {
    line.entries += wanted;
    return [line.entries - wanted + 1, wanted];
  }
  const [first, available] = free;
  const given = Math.min(wanted, available);
  line.free = line.free.toSpliced(index, 1, ...rangesOf([first + given, available - given]));
  return [first, given];
}

/** Repeated, or once the room has opened, it changes nothing: each entry of a lease can be returned once. */
export function returnLease(room: RoomDocument, { epoch, lease: name, first, count }: CommandOf<'returnLease'>): void {
  const { line } = room;
  const end = first + count;
  const index = line.leases.findIndex(([one, [from, length]]) => one === name && from <= first && end <= from + length);
  const found = line.leases[index];
  const isWhole = Number.isSafeInteger(first) && Number.isSafeInteger(count);
  if (found === undefined || !isWhole || count < 1 || room.epoch !== epoch) return;
  const [, [from, length]] = found;
  const left = [...rangesOf([from, first - from]), ...rangesOf([end, from + length - end])];
  line.leases = line.leases.toSpliced(index, 1, ...left.map((range) => [name, range] as const)).slice(-LEASES_MAX);
  line.free = joined([...line.free, [first, count] as const].sort(([a], [b]) => a - b));
  if (line.free.length <= FREE_RANGES_MAX) return;
  const shortest = Math.min(...line.free.map((range) => range[1]));
  line.free = line.free.toSpliced(
    line.free.findIndex((range) => range[1] === shortest),
    1,
  );
}

/** So many numbers as a caller asks for, within the bounds of a lease, whatever was sent. */
export function numbersIn(asked: number, min: number): number {
  return Number.isNaN(asked) ? min : Math.min(LEASE_NUMBERS_MAX, Math.max(min, Math.floor(asked)));
}

function rangesOf(range: Range): Range[] {
  return range[1] > 0 ? [range] : [];
}

/** @param ranges ascending and disjoint */
function joined(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const [first, count] of ranges) {
    const last = result.at(-1);
    if (last !== undefined && last[0] + last[1] === first) result[result.length - 1] = [last[0], last[1] + count];
    else result.push([first, count]);
  }
  return result;
}
