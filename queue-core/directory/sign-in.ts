// Signing in with a key. After a wrong key its network waits, twice as long each time, and no key is compared meanwhile.
// Wrong keys are recorded in sums, so that the log cannot be filled with them.

import type { Actor } from '../audit.ts';
import {
  ATTEMPTS_REMEMBERED_MAX,
  AUDIT_RECORDS_MAX,
  SIGN_INS_UP_TO,
  WRONG_KEY_FORGOTTEN_MS,
  WRONG_KEY_RECORD_MS,
  WRONG_KEY_RECORDS_UP_TO,
  WRONG_KEY_WAIT_MS_MAX,
} from '../limits.ts';
import type { StepContext } from '../machine.ts';
import {
  type Attempts,
  type DirectoryCommand,
  type DirectoryDocument,
  type DirectoryReplyTo,
  OWNER_KEY_ID,
} from './directory-document.ts';
import { recordInDirectory } from './directory-log.ts';

type SignIn = Extract<DirectoryCommand, { kind: 'signIn' }>;
type Context = Pick<StepContext, 'now' | 'effects'>;

export function signIn(directory: DirectoryDocument, command: SignIn, context: Context): DirectoryReplyTo<SignIn> {
  const { digest, address, from } = command;
  const { now } = context;
  if (directory.audit.seq >= AUDIT_RECORDS_MAX) return { kind: 'refused', reason: 'logFull' };
  const remembered = directory.attempts.filter(({ lastAt }) => now - lastAt < WRONG_KEY_FORGOTTEN_MS);
  const others = remembered.filter((one) => one.from !== from);
  const { failures, lastAt } = remembered.find((one) => one.from === from) ?? { failures: 0, lastAt: now };
  const waitMs = lastAt + waitAfter(failures) - now;
  if (waitMs > 0) return { kind: 'wrongKey', waitMs };

  const key = directory.keys.find((one) => one.digest === digest);
  if (key === undefined) {
    noteWrongKey(directory, address, [...others, { from, failures: failures + 1, lastAt: now }], context);
    return { kind: 'wrongKey', waitMs: waitAfter(failures + 1) };
  }
  const { id, name, role, signInsFrom } = key;
  if (id !== OWNER_KEY_ID && directory.audit.seq >= SIGN_INS_UP_TO) return { kind: 'refused', reason: 'logFull' };
  directory.attempts = others;
  recordInDirectory(directory, { by: { id, name, role, address }, action: 'signIn', from: null, to: null }, context);
  // Not before the moment up to which sign-ins are over, which may be most of a second ahead.
  return { kind: 'signedIn', key: { id, name, role }, at: Math.max(now, signInsFrom) };
}

function noteWrongKey(
  directory: DirectoryDocument,
  address: string | null,
  attempts: Attempts[],
  context: Context,
): void {
  const { now } = context;
  directory.attempts = attempts.slice(-ATTEMPTS_REMEMBERED_MAX);
  const { recordedAt } = directory.wrongKeys;
  const times = directory.wrongKeys.unrecorded + 1;
  directory.wrongKeys = { unrecorded: times, recordedAt };
  if (now - recordedAt < WRONG_KEY_RECORD_MS || directory.audit.seq >= WRONG_KEY_RECORDS_UP_TO) return;
  const by: Actor = { id: 'nobody', name: 'nobody', role: 'viewer', address };
  recordInDirectory(directory, { by, action: 'wrongKey', from: null, to: { times } }, context);
  directory.wrongKeys = { unrecorded: 0, recordedAt: now };
}

function waitAfter(failures: number): number {
  return failures === 0 ? 0 : Math.min(WRONG_KEY_WAIT_MS_MAX, 1_000 * 2 ** (failures - 1));
}
