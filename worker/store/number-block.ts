// A leased block of numbers in memory: of a gateway that gives them to visitors, or of a relay that hands out parts.

import type { Command, LeaseReply } from '../../queue-core/command.ts';
import type { Stopwatch } from './steady-clock.ts';

export type Leased = Extract<LeaseReply, { kind: 'leased' }>;

export interface NumberBlock extends Omit<Leased, 'first' | 'count' | 'forMs'> {
  /** The next number, and the last one. */
  next: number;
  end: number;
  /** When it ends, by the holder's clock, and how often that had been set back when the block was asked for. */
  until: number;
  setBacks: number;
}

/**
 * @param asked when, and how often the clock had been set back
 * @param now when the reply has come: positions are for those who wait for it, however long the way to the room took
 */
export function blockOf(
  { first, count, forMs, ...lease }: Leased,
  asked: { at: number; setBacks: number },
  now: number,
): NumberBlock {
  const servedUntil = lease.places === 'position' ? now + 1 : 0;
  return {
    ...lease,
    next: first,
    end: first + count - 1,
    until: Math.max(asked.at + forMs, servedUntil),
    setBacks: asked.setBacks,
  };
}

/** A clock that was set back says nothing of how long a block has lived. */
export function isAlive({ until, setBacks }: NumberBlock, clock: Stopwatch): boolean {
  return setBacks === clock.setBacks && clock.now() < until;
}

export function leftIn(block: NumberBlock | undefined): number {
  return block === undefined ? 0 : block.end - block.next + 1;
}

/** Gives the rest of a block of entries back. */
export function returnOf(block: NumberBlock): Extract<Command, { kind: 'returnLease' }> {
  const { epoch, lease, next: first } = block;
  return { kind: 'returnLease', epoch, lease, first, count: leftIn(block) };
}
