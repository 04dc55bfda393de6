// Which operators have a room on their console, as this gateway sees it by their polls. It goes to the room with the report of each second,
// so that consoles on every gateway see each other; nothing is written for it alone.

import type { SeenOperator } from '../../queue-core/document/changes-state.ts';
import { OPERATORS_SEEN_MAX } from '../../queue-core/limits.ts';

/** A console polls once a second, and every few seconds while it gets no answer. */
const SEEN_MS = 5_000;

export class ConsolePresence {
  readonly #now: () => number;
  /** By room, then by the operator's id; the one seen last is at the end. */
  readonly #seen = new Map<string, Map<string, { operator: SeenOperator; at: number }>>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A console has asked for the room. */
  saw(room: string, { id, name, role }: SeenOperator): void {
    const operators = this.#seen.get(room) ?? new Map();
    this.#seen.set(room, operators);
    operators.delete(id);
    operators.set(id, { operator: { id, name, role }, at: this.#now() });
    const [oldest] = operators.keys();
    if (operators.size > OPERATORS_SEEN_MAX && oldest !== undefined) operators.delete(oldest);
  }

  of(room: string): SeenOperator[] {
    const operators = this.#seen.get(room);
    if (operators === undefined) return [];
    for (const [id, { at }] of operators) if (this.#now() - at > SEEN_MS) operators.delete(id);
    if (operators.size === 0) this.#seen.delete(room);
    return [...operators.values()].map(({ operator }) => operator);
  }
}
