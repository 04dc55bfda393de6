// A ledger is what a store keeps for one machine of the core: one document and its tables of rows. There is one for each
// room (`room:demo`) and one for the directory of rooms and operators (`directory`).

import { directoryMachine } from '../../queue-core/directory/directory-machine.ts';
import type { Machine, Table } from '../../queue-core/machine.ts';
import { roomMachine } from '../../queue-core/step.ts';

export const TABLES: readonly Table[] = [
  'session',
  'ending',
  'history',
  'minute',
  'audit',
  'draw',
  'origin',
  'template',
];

/** How the document of a ledger becomes text and back, for code that stores, checks or moves any ledger. */
export function documentFormat(ledger: string): Pick<Machine<unknown, unknown, unknown>, 'encode' | 'decode'> {
  return ledger === 'directory' ? directoryMachine : roomMachine;
}
