// The rows of a room or of the directory in memory, written as a store writes them.

import type { Effect, Rows, Table } from '../../queue-core/machine.ts';
import { deepFreeze } from './deep-freeze.ts';

export type Tables = { readonly [T in Table]: ReadonlyMap<number, Rows[T]> };

export const EMPTY_TABLES: Tables = {
  session: new Map(),
  ending: new Map(),
  history: new Map(),
  minute: new Map(),
  audit: new Map(),
  draw: new Map(),
  origin: new Map(),
  template: new Map(),
};

/** The tables after the effects of one step. Rows are frozen; the tables before the step stay as they are. */
export function writtenTo(tables: Tables, effects: readonly Effect[]): Tables {
  const written: { [name: string]: Map<number, unknown> } = {};
  for (const effect of deepFreeze(effects)) {
    const table = written[effect.table] ?? new Map<number, unknown>(tables[effect.table]);
    written[effect.table] = table;
    switch (effect.kind) {
      case 'put':
        table.set(effect.key, effect.row);
        break;
      case 'drop':
        for (const key of table.keys()) if (key >= effect.from && key <= effect.upTo) table.delete(key);
        break;
      case 'clear':
        table.clear();
        break;
    }
  }
  return { ...tables, ...written } as Tables;
}
