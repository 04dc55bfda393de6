// Operators who have the room on the console: gateways say so with their reports.

import type { ChangesState, PresentOperator, SeenOperator } from './document/changes-state.ts';
import { OPERATOR_SEEN_MS, OPERATORS_SEEN_MAX } from './limits.ts';
import type { EpochMs } from './time.ts';

/** Who has the room on a console: since when, and that they are still there. */
export function notePresent(changes: ChangesState, seen: readonly SeenOperator[], now: EpochMs): void {
  if (seen.length === 0 && changes.operators.length === 0) return;
  const isSeen = ({ id }: SeenOperator) => seen.some((one) => one.id === id);
  const others = presentAt(changes, now).filter((one) => !isSeen(one));
  const here = seen.map(({ id, name, role }) => {
    const known = presentAt(changes, now).find((one) => one.id === id);
    return { id, name, role, since: known?.since ?? now, seenAt: now };
  });
  changes.operators = [...others, ...here].slice(-OPERATORS_SEEN_MAX);
}

/** Operators of whom a gateway has said lately that the room is on their console. */
export function presentAt({ operators }: Pick<ChangesState, 'operators'>, now: EpochMs): PresentOperator[] {
  return operators.filter(({ seenAt }) => now - seenAt <= OPERATOR_SEEN_MS);
}
