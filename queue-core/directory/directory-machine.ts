// The directory as a pure state machine, changed like a room: once, on the version a change was decided on, with a record.
// A step edits one draft that `run` copied from the document.

import type { Actor } from '../audit.ts';
import { assertDirectory } from '../invariants.ts';
import { AUDIT_RECORDS_MAX, RECENT_CHANGES_MAX } from '../limits.ts';
import type { Effect, Machine, StepContext } from '../machine.ts';
import { decodeDirectory, encodeDocument } from '../stored-format.ts';
import { putAlarmTarget, removeAlarmTarget, rotateAlarmTarget } from './alarm-targets.ts';
import {
  type DirectoryChange,
  type DirectoryCommand,
  type DirectoryDocument,
  type DirectoryReply,
  emptyDirectory,
} from './directory-document.ts';
import { recordInDirectory } from './directory-log.ts';
import { archiveRoom, type DirectoryDone, putRoom, seedRooms, setTemplate } from './directory-rooms.ts';
import { dropMessage, keepMessage } from './kept-messages.ts';
import { addKey, noteUse, removeKey, seedOwnerKey, signOut } from './operator-keys.ts';
import { acceptSignIn, signIn } from './sign-in.ts';

type Context = Pick<StepContext, 'now' | 'effects'>;

export const directoryMachine: Machine<DirectoryDocument, DirectoryCommand, DirectoryReply> = {
  encode: encodeDocument,
  decode: decodeDirectory,
  begins: ({ kind }) => kind === 'seed',
  sessionNeeded: () => null,
  run(document, _, commands, now) {
    if (document !== null) assertDirectory(document);
    const effects: Effect[] = [];
    const draft = document === null ? emptyDirectory(now) : { ...document };
    const replies = commands.map((command) => {
      draft.at = Math.max(now, draft.at);
      return apply(draft, command, { now: draft.at, effects });
    });
    assertDirectory(draft);
    return { document: draft, replies, effects };
  },
  recover(stored, witness, _, now) {
    if (witness === null) return stored === null ? null : { document: stored, effects: [] };
    if (stored !== null && stored.version >= witness.document.version) {
      // A client that had only read it may have restored the document: the rows come from the client that wrote them.
      return { document: stored, effects: witness.relation === 'before' ? [...witness.rows] : [] };
    }
    const at = Math.max(now, stored?.at ?? 0, witness.document.at);
    return { document: { ...witness.document, at }, effects: [...witness.rows] };
  },
  isRecovering: () => false,
};

function apply(directory: DirectoryDocument, command: DirectoryCommand, context: Context): DirectoryReply {
  switch (command.kind) {
    case 'seed': {
      const { by, rooms, ownerKey } = command;
      seedOwnerKey(directory, ownerKey, by, context);
      const { seeded, refused } = seedRooms(directory, rooms);
      for (const differs of seeded) recordInDirectory(directory, { by, action: 'seedRoom', ...differs }, context);
      return { kind: 'seeded', refused };
    }
    case 'change':
      return change(directory, command, context);
    case 'signIn':
      return signIn(directory, command, context);
    case 'acceptSignIn':
      return acceptSignIn(directory, command, context);
    case 'useKey':
      noteUse(directory, command.key, command.from, context);
      return { kind: 'unchanged', version: directory.version };
  }
}

function change(
  directory: DirectoryDocument,
  { id, by, change: wanted }: Extract<DirectoryCommand, { kind: 'change' }>,
  context: Context,
): DirectoryReply {
  const { now } = context;
  const repeated = directory.recentChanges.find((one) => one.id === id);
  if (repeated !== undefined) return { kind: 'changed', version: repeated.version, at: repeated.at };
  if (directory.audit.seq >= AUDIT_RECORDS_MAX) return { kind: 'refused', reason: 'logFull' };
  const outcome = make(directory, wanted, by, context);
  if ('kind' in outcome) return outcome;
  const { from, to, version } = outcome;
  recordInDirectory(directory, { by, action: wanted.kind, from, to }, context);
  directory.recentChanges = [...directory.recentChanges, { id, version, at: now }].slice(-RECENT_CHANGES_MAX);
  return { kind: 'changed', version, at: now };
}

function make(
  directory: DirectoryDocument,
  wanted: DirectoryChange,
  by: Actor,
  context: Context,
): DirectoryDone | DirectoryReply {
  switch (wanted.kind) {
    case 'putRoom':
      return putRoom(directory, wanted, context);
    case 'setTemplate':
      return setTemplate(directory, wanted, context);
    case 'archiveRoom':
      return archiveRoom(directory, wanted, context);
    case 'keepMessage':
      return keepMessage(directory, wanted);
    case 'dropMessage':
      return dropMessage(directory, wanted);
    case 'addKey':
      return addKey(directory, wanted, context);
    case 'removeKey':
      return removeKey(directory, wanted);
    case 'putAlarmTarget':
      return putAlarmTarget(directory, wanted);
    case 'rotateAlarmTarget':
      return rotateAlarmTarget(directory, wanted, context);
    case 'removeAlarmTarget':
      return removeAlarmTarget(directory, wanted);
    case 'signOut':
      return signOut(directory, wanted, by.id, context);
  }
}
