// Signing in with a key. Whether it is compared at all is decided first: after a wrong key its network waits, twice as long
// each time, and so do attempts from elsewhere that name the same key by its first characters. In a network where a key was
// accepted before, only wrong keys that name it count against it, so that others behind the same address do not keep its
// operator out. Wrong keys from any number of networks displace no wait. They are recorded in sums, so that the log cannot be
// filled with them.

import type { Actor } from '../audit.ts';
import {
  AUDIT_RECORDS_MAX,
  KEY_NETWORKS_MAX,
  KNOWN_FAILURES_FREE,
  NETWORKS_ATTEMPTED_MAX,
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
  type DirectoryReply,
  type DirectoryReplyTo,
  OWNER_KEY_ID,
} from './directory-document.ts';
import { recordInDirectory } from './directory-log.ts';
import { hasExpired, noteUse, setPrefix } from './operator-keys.ts';

type SignIn = Extract<DirectoryCommand, { kind: 'signIn' }>;
type Context = Pick<StepContext, 'now' | 'effects'>;

/** For whom wrong keys are counted together. */
type Counter = Pick<Attempts, 'key' | 'from'>;

export function signIn(directory: DirectoryDocument, command: SignIn, context: Context): DirectoryReplyTo<SignIn> {
  const { key: presented, purpose, address } = command;
  const { now } = context;
  const recorded = directory.audit.seq;
  if (purpose === 'session' && recorded >= AUDIT_RECORDS_MAX) return { kind: 'refused', reason: 'logFull' };
  directory.attempts = directory.attempts.filter(({ lastAt }) => now - lastAt < WRONG_KEY_FORGOTTEN_MS);
  const counters = countersOf(directory, command);
  const waitMs = Math.max(...counters.map((counter) => waitLeft(directory, counter, now)));
  if (waitMs > 0) return { kind: 'mustWait', waitMs };

  const key = directory.keys.find(({ digest }) => digest === presented.digest);
  if (key === undefined) {
    const waits = counters.map((counter) => waitAfter(count(directory, counter, now)));
    recordWrongKey(directory, address, context);
    return { kind: 'wrongKey', waitMs: Math.max(...waits) };
  }
  if (hasExpired(key, now)) return { kind: 'refused', reason: 'keyExpired' };
  const { id, name, role, signInsFrom, expiresAt, rooms } = key;
  if (purpose === 'session' && id !== OWNER_KEY_ID && recorded >= SIGN_INS_UP_TO) {
    return { kind: 'refused', reason: 'logFull' };
  }
  remember(directory, id, command);
  noteUse(directory, id, command.from, context);
  if (purpose === 'session') {
    recordInDirectory(directory, { by: { id, name, role, address }, action: 'signIn', from: null, to: null }, context);
  }
  // Not before the moment up to which sign-ins are over, which may be most of a second ahead.
  return { kind: 'signedIn', key: { id, name, role, expiresAt, rooms }, at: Math.max(now, signInsFrom) };
}

/** A sign-in without a key: the provider has confirmed who it is. Like keys other than the owner's, it leaves a part of the log to the owner. */
export function acceptSignIn(
  directory: DirectoryDocument,
  { by }: Extract<DirectoryCommand, { kind: 'acceptSignIn' }>,
  context: Context,
): Extract<DirectoryReply, { kind: 'signedIn' | 'refused' }> {
  if (directory.audit.seq >= SIGN_INS_UP_TO) return { kind: 'refused', reason: 'logFull' };
  const { id, name, role } = by;
  // What ends all sign-ins sets it for every key, also the owner's.
  const signInsFrom = directory.keys.find((key) => key.id === OWNER_KEY_ID)?.signInsFrom ?? 0;
  recordInDirectory(directory, { by, action: 'signIn', from: null, to: null }, context);
  const key = { id, name, role, expiresAt: null, rooms: null };
  return { kind: 'signedIn', key, at: Math.max(context.now, signInsFrom) };
}

/** Whether a key was accepted from a network before. */
export function isUsedFrom(keyNetworks: DirectoryDocument['keyNetworks'], key: string, from: string): boolean {
  return keyNetworks.some((known) => known.key === key && known.from === from);
}

function countersOf(directory: DirectoryDocument, { key: { prefix }, from }: SignIn): Counter[] {
  const named = directory.keys.find((key) => key.prefix === prefix)?.id ?? null;
  if (named !== null && isUsedFrom(directory.keyNetworks, named, from)) return [{ key: named, from }];
  const networks = directory.attempts.filter((one) => one.key === null && one.from !== null);
  const isCounted = networks.length < NETWORKS_ATTEMPTED_MAX || networks.some((one) => one.from === from);
  const network = { key: null, from };
  if (named === null) return [isCounted ? network : { key: null, from: null }];
  // While too many networks try, an attempt that names a key waits for wrong keys that name it, not with all the others.
  return isCounted ? [network, { key: named, from: null }] : [{ key: named, from: null }];
}

function waitLeft({ attempts }: DirectoryDocument, counter: Counter, now: number): number {
  const counted = attempts.find((one) => isSame(one, counter));
  return counted === undefined ? 0 : counted.lastAt + waitAfter(counted) - now;
}

function count(directory: DirectoryDocument, counter: Counter, now: number): Attempts {
  const failures = (directory.attempts.find((one) => isSame(one, counter))?.failures ?? 0) + 1;
  const others = directory.attempts.filter((one) => !isSame(one, counter));
  const counted = { ...counter, failures, lastAt: now };
  directory.attempts = [...others, counted];
  return counted;
}

/**
 * The key was accepted from this network. Its own counts begin again; those of the network do not, or somebody with a key could
 * guess another without waiting.
 */
function remember(directory: DirectoryDocument, id: string, { key: { prefix }, from }: SignIn): void {
  if (directory.keys.some((key) => key.id === id && key.prefix !== prefix)) setPrefix(directory, id, prefix);
  directory.attempts = directory.attempts.filter((one) => one.key !== id || (one.from !== null && one.from !== from));
  const ofOthers = directory.keyNetworks.filter(({ key }) => key !== id);
  const earlier = directory.keyNetworks.filter((known) => known.key === id && known.from !== from);
  directory.keyNetworks = [...ofOthers, ...[...earlier, { key: id, from }].slice(-KEY_NETWORKS_MAX)];
  directory.attempts = directory.attempts.filter(
    (one) => one.key === null || one.from === null || isUsedFrom(directory.keyNetworks, one.key, one.from),
  );
}

function recordWrongKey(directory: DirectoryDocument, address: string | null, context: Context): void {
  const { now } = context;
  const { recordedAt } = directory.wrongKeys;
  const times = directory.wrongKeys.unrecorded + 1;
  directory.wrongKeys = { unrecorded: times, recordedAt };
  if (now - recordedAt < WRONG_KEY_RECORD_MS || directory.audit.seq >= WRONG_KEY_RECORDS_UP_TO) return;
  const by: Actor = { id: 'nobody', name: 'nobody', role: 'viewer', address };
  recordInDirectory(directory, { by, action: 'wrongKey', from: null, to: { times } }, context);
  directory.wrongKeys = { unrecorded: 0, recordedAt: now };
}

function isSame(one: Counter, other: Counter): boolean {
  return one.key === other.key && one.from === other.from;
}

function waitAfter({ key, from, failures }: Attempts): number {
  const slowed = key !== null && from !== null ? failures - KNOWN_FAILURES_FREE : failures;
  return slowed <= 0 ? 0 : Math.min(WRONG_KEY_WAIT_MS_MAX, 1_000 * 2 ** (slowed - 1));
}
