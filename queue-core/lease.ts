// Numbers in blocks, which gateways give to visitors by themselves: in a rush an arrival costs the room no operation. A number is
// leased once; an entry that comes back unused is leased again.

import type { Command, LeaseReply } from './command.ts';
import type { LineState } from './document/line-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import { ENTRY_LEASE_MS, FREE_RANGES_MAX, LEASE_NUMBERS_MAX, LEASES_MAX, POSITION_LEASE_MS } from './limits.ts';
import type { StepContext } from './machine.ts';
import { noPlacesIn, stateOf } from './room-state.ts';

type CommandOf<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>;

export function lease(room: RoomDocument, { count }: CommandOf<'lease'>, { now }: StepContext): LeaseReply {
  const reason = noPlacesIn(stateOf(room, now));
  if (reason !== null) return { kind: 'refused', reason };
  const { epoch, line, draw, config } = room;
  const { commitment } = draw;
  const wanted = Math.min(count, LEASE_NUMBERS_MAX);
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

/** Free entries first, as many as follow each other; else new ones. */
function takeEntries(line: LineState, wanted: number): LineState['free'][number] {
  const [free, ...others] = line.free;
  if (free === undefined) {
    line.entries += wanted;
    return [line.entries - wanted + 1, wanted];
  }
  const [first, available] = free;
  const given = Math.min(wanted, available);
  line.free = given < available ? [[first + given, available - given], ...others] : others;
  return [first, given];
}

/** Repeated, or once the room has opened, it changes nothing: a lease can be returned once. */
export function returnLease(room: RoomDocument, { epoch, lease: name, from }: CommandOf<'returnLease'>): void {
  const { line } = room;
  const found = line.leases.find(([one]) => one === name);
  if (found === undefined || room.epoch !== epoch) return;
  line.leases = line.leases.filter((one) => one !== found);
  const [, [first, count]] = found;
  const end = first + count;
  if (from < first || from >= end) return;
  const free = [...line.free, [from, end - from] as const].sort(([a], [b]) => a - b);
  if (free.length > FREE_RANGES_MAX) {
    const shortest = Math.min(...free.map(([, length]) => length));
    free.splice(
      free.findIndex(([, length]) => length === shortest),
      1,
    );
  }
  line.free = free;
}
