// Operators' keys and sign-outs. The owner's key comes from the environment; an owner adds and removes the others.

import type { Actor } from '../audit.ts';
import { ENDED_SIGN_INS_MAX, OPERATOR_KEYS_MAX } from '../limits.ts';
import type { StepContext } from '../machine.ts';
import type { EpochMs } from '../time.ts';
import {
  type DirectoryChange,
  type DirectoryDocument,
  type DirectoryReply,
  type OperatorKey,
  OWNER_KEY_ID,
} from './directory-document.ts';
import { recordInDirectory } from './directory-log.ts';
import type { DirectoryDone } from './directory-rooms.ts';

type Context = Pick<StepContext, 'now' | 'effects'>;

/** Takes over the owner's key of the environment where it is new. */
export function seedOwnerKey(directory: DirectoryDocument, digest: string, by: Actor, context: Context): void {
  const owner = directory.keys.find(({ id }) => id === OWNER_KEY_ID);
  if (owner?.digest === digest) return;
  const { now } = context;
  // Sessions of the former key end, also one of the second that has begun: tokens count their time of issue in seconds.
  const signInsFrom = owner === undefined ? now : now + 1_000;
  const key: OperatorKey = { id: OWNER_KEY_ID, name: 'owner', role: 'owner', digest, createdAt: now, signInsFrom };
  directory.keys = [key, ...directory.keys.filter(({ id }) => id !== OWNER_KEY_ID)];
  recordInDirectory(directory, { by, action: 'ownerKey', from: null, to: null }, context);
}

export function addKey(
  directory: DirectoryDocument,
  { key }: Extract<DirectoryChange, { kind: 'addKey' }>,
  { now }: Context,
): DirectoryDone | DirectoryReply {
  const { id, name, role, digest } = key;
  if (directory.keys.length >= OPERATOR_KEYS_MAX) return { kind: 'refused', reason: 'full' };
  if (directory.keys.some((other) => other.id === id || other.digest === digest)) {
    return { kind: 'refused', reason: 'exists' };
  }
  directory.keys = [...directory.keys, { id, name, role, digest, createdAt: now, signInsFrom: now }];
  return { version: directory.version, from: null, to: { id, name, role } };
}

export function removeKey(
  directory: DirectoryDocument,
  { key: id }: Extract<DirectoryChange, { kind: 'removeKey' }>,
): DirectoryDone | DirectoryReply {
  if (id === OWNER_KEY_ID) return { kind: 'refused', reason: 'ownersKey' };
  const key = directory.keys.find((one) => one.id === id);
  if (key === undefined) return { kind: 'refused', reason: 'unknownKey' };
  const { name, role } = key;
  directory.keys = directory.keys.filter((other) => other.id !== id);
  return { version: directory.version, from: { id, name, role }, to: null };
}

/** Ends one sign-in. Beyond the bound all earlier sign-ins of every key end instead: operators then sign in again. */
export function signOut(
  directory: DirectoryDocument,
  { sid, until }: { sid: string; until: EpochMs },
  { now }: Context,
): DirectoryDone {
  const living = directory.endedSignIns.filter((ended) => ended.until > now && ended.sid !== sid);
  if (living.length < ENDED_SIGN_INS_MAX) directory.endedSignIns = [...living, { sid, until }];
  else {
    // Tokens count their time of issue in whole seconds: the second that has begun is over as well.
    directory.keys = directory.keys.map((key) => ({ ...key, signInsFrom: now + 1_000 }));
    directory.endedSignIns = [];
  }
  return { version: directory.version, from: null, to: { sid } };
}
