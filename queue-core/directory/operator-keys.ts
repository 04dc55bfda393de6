// Operators' keys and sign-outs. The owner's key comes from the environment; an owner adds and removes the others.

import type { Actor } from '../audit.ts';
import { ENDED_SIGN_INS_MAX, KEY_USE_MS, OPERATOR_KEYS_MAX } from '../limits.ts';
import type { StepContext } from '../machine.ts';
import type { EpochMs } from '../time.ts';
import {
  type DirectoryChange,
  type DirectoryDocument,
  type DirectoryReply,
  type OperatorKey,
  OWNER_KEY_ID,
  type PresentedKey,
} from './directory-document.ts';
import { recordInDirectory } from './directory-log.ts';
import type { DirectoryDone } from './directory-rooms.ts';

type Context = Pick<StepContext, 'now' | 'effects'>;

/** Takes over the owner's key of the environment where it is new. */
export function seedOwnerKey(
  directory: DirectoryDocument,
  { prefix, digest }: PresentedKey,
  by: Actor,
  context: Context,
): void {
  const owner = directory.keys.find(({ id }) => id === OWNER_KEY_ID);
  if (owner?.digest === digest) {
    if (owner.prefix !== prefix) setPrefix(directory, OWNER_KEY_ID, prefix);
    return;
  }
  const { now } = context;
  // Sessions of the former key end, also one of the second that has begun: tokens count their time of issue in seconds.
  const signInsFrom = owner === undefined ? now : now + 1_000;
  const named = { id: OWNER_KEY_ID, name: 'owner', role: 'owner', digest, prefix } as const;
  const key: OperatorKey = { ...named, createdAt: now, signInsFrom, expiresAt: null, rooms: null, lastUse: null };
  dropKey(directory, OWNER_KEY_ID);
  directory.keys = [key, ...directory.keys];
  recordInDirectory(directory, { by, action: 'ownerKey', from: null, to: null }, context);
}

export function addKey(
  directory: DirectoryDocument,
  { key }: Extract<DirectoryChange, { kind: 'addKey' }>,
  { now }: Context,
): DirectoryDone | DirectoryReply {
  const { id, name, role, digest, prefix, expiresAt, rooms } = key;
  if (directory.keys.length >= OPERATOR_KEYS_MAX) return { kind: 'refused', reason: 'full' };
  if (directory.keys.some((other) => other.id === id || other.digest === digest)) {
    return { kind: 'refused', reason: 'exists' };
  }
  if (rooms !== null && role === 'owner') return { kind: 'refused', reason: 'ownersRooms' };
  if (rooms !== null && !rooms.every((room) => directory.rooms.some((known) => known.id === room))) {
    return { kind: 'refused', reason: 'unknownRoom' };
  }
  if (expiresAt !== null && expiresAt <= now) return { kind: 'refused', reason: 'past' };
  const bounds = { expiresAt, rooms };
  const added = { id, name, role, digest, prefix, createdAt: now, signInsFrom: now, ...bounds, lastUse: null };
  directory.keys = [...directory.keys, added];
  return { version: directory.version, from: null, to: { id, name, role, ...bounds } };
}

/** Whether a key has ended, by the clock of the one who asks. */
export function hasExpired({ expiresAt }: Pick<OperatorKey, 'expiresAt'>, now: EpochMs): boolean {
  return expiresAt !== null && expiresAt <= now;
}

/** Notes a use, unless one was noted lately: it is no change that others wait for. */
export function noteUse(directory: DirectoryDocument, id: string, from: string, { now }: Context): void {
  directory.keys = directory.keys.map((key) => {
    const isDue = key.lastUse === null || now - key.lastUse.at >= KEY_USE_MS;
    return key.id === id && isDue ? { ...key, lastUse: { at: now, from } } : key;
  });
}

export function removeKey(
  directory: DirectoryDocument,
  { key: id }: Extract<DirectoryChange, { kind: 'removeKey' }>,
): DirectoryDone | DirectoryReply {
  if (id === OWNER_KEY_ID) return { kind: 'refused', reason: 'ownersKey' };
  const key = directory.keys.find((one) => one.id === id);
  if (key === undefined) return { kind: 'refused', reason: 'unknownKey' };
  const { name, role } = key;
  dropKey(directory, id);
  return { version: directory.version, from: { id, name, role }, to: null };
}

/** Stores what names a key that is from before prefixes were stored. */
export function setPrefix(directory: DirectoryDocument, id: string, prefix: string): void {
  directory.keys = directory.keys.map((key) => (key.id === id ? { ...key, prefix } : key));
}

/** Removes a key with what is remembered of its use, which must not count for a later key of this id. */
function dropKey(directory: DirectoryDocument, id: string): void {
  directory.keys = directory.keys.filter((other) => other.id !== id);
  directory.keyNetworks = directory.keyNetworks.filter(({ key }) => key !== id);
  directory.attempts = directory.attempts.filter(({ key }) => key !== id);
}

/**
 * Ends one sign-in. Beyond the bound every earlier one with the same key ends too, which needs no memory; nobody signs others out. A person
 * without a key has nothing of that kind: then those of everybody end, and operators sign in again.
 */
export function signOut(
  directory: DirectoryDocument,
  { sid, until }: { sid: string; until: EpochMs },
  by: string,
  { now }: Context,
): DirectoryDone {
  const living = directory.endedSignIns.filter((ended) => ended.until > now && ended.sid !== sid);
  if (living.length < ENDED_SIGN_INS_MAX) directory.endedSignIns = [...living, { sid, until }];
  else {
    // Tokens count their time of issue in whole seconds: the second that has begun is over as well.
    const isKey = directory.keys.some(({ id }) => id === by);
    directory.keys = directory.keys.map((key) => (isKey && key.id !== by ? key : { ...key, signInsFrom: now + 1_000 }));
    directory.endedSignIns = isKey ? living : [];
  }
  return { version: directory.version, from: null, to: { sid } };
}
