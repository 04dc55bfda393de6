// A leased block of numbers in memory: of a gateway that gives them to visitors, or of a relay that hands out parts.

import type { Command, LeaseReply } from '../../queue-core/command.ts';

export type Leased = Extract<LeaseReply, { kind: 'leased' }>;

export interface NumberBlock extends Omit<Leased, 'first' | 'count' | 'forMs'> {
  /** The next number, and the last one. */
  next: number;
  end: number;
  /** When it was asked for, and when it ends, by the holder's clock. */
  from: number;
  until: number;
}

/** @param now when the reply has come: positions are for those who wait for it, however long the way to the room took */
export function blockOf({ first, count, forMs, ...lease }: Leased, askedAt: number, now: number): NumberBlock {
  const servedUntil = lease.places === 'position' ? now + 1 : 0;
  return {
    ...lease,
    next: first,
    end: first + count - 1,
    from: askedAt,
    until: Math.max(askedAt + forMs, servedUntil),
  };
}

/** A clock that was set back says nothing of how long a block has lived. */
export function isAlive({ from, until }: NumberBlock, now: number): boolean {
  return from <= now && now < until;
}

export function leftIn(block: NumberBlock | undefined): number {
  return block === undefined ? 0 : block.end - block.next + 1;
}

/** Gives the rest of a block of entries back. */
export function returnOf(block: NumberBlock): Extract<Command, { kind: 'returnLease' }> {
  const { epoch, lease, next: first } = block;
  return { kind: 'returnLease', epoch, lease, first, count: leftIn(block) };
}
