// The directory: which rooms there are and what they protect, and who may steer them. One document for a deployment,
// changed like a room (once, on the version it was decided on, with a record), and a pure machine like a room.

import { utf8ToBytes } from '@noble/hashes/utils.js';
import {
  type Actor,
  type AuditEntry,
  type AuditHead,
  difference,
  json,
  NO_RECORD,
  nextRecord,
  type Role,
} from './audit.ts';
import type { RoomSettings } from './command.ts';
import { CoreError } from './errors.ts';
import {
  ATTEMPTS_REMEMBERED_MAX,
  AUDIT_RECORDS_MAX,
  ENDED_SIGN_INS_MAX,
  OPERATOR_KEYS_MAX,
  RECENT_CHANGES_MAX,
  ROOMS_BYTES_MAX,
  ROOMS_MAX,
  SIGN_INS_UP_TO,
  WRONG_KEY_FORGOTTEN_MS,
  WRONG_KEY_RECORD_MS,
  WRONG_KEY_RECORDS_UP_TO,
  WRONG_KEY_WAIT_MS_MAX,
} from './limits.ts';
import type { Effect, Machine } from './machine.ts';
import type { EpochMs } from './room.ts';

/** What a room protects and how it presents itself; what happens in its line is the room's own policy. */
export interface Site {
  title: { ko: string; en: string };
  /** Host names without port, lower case; `*` is every host. */
  hosts: string[];
  paths: string[];
  /** Exact prefixes that pass without admission, GET and HEAD only. */
  exempt: string[];
  /** The protected site, as an origin without path. */
  origin: string;
  /** `aud` of the room's admission tokens. */
  audience: string;
  timeZone: string;
  /** What happens to paths of the room's hosts that no room protects. */
  outside: 'refuse' | 'pass';
  /** Languages that visitors are offered, the first where the browser asks for none of them. */
  languages: ('ko' | 'en')[];
  /** Number of the operator's own waiting page in the table `template`; null: the gateway's pages. */
  template: number | null;
  /** Visitors that the operators expect; an alarm compares with it. */
  expectedVisitors: number | null;
}

export interface DirectoryRoom {
  id: string;
  site: Site;
  /** What the room begins with; later changes are the room's own. */
  settings: RoomSettings;
  /** Digest of the settings file's entry last applied; null: made by an operator. */
  seed: string | null;
  archivedAt: EpochMs | null;
  version: number;
}

export interface OperatorKey {
  id: string;
  name: string;
  role: Role;
  /** SHA-256 of the key, hex. The key itself is nowhere. */
  digest: string;
  createdAt: EpochMs;
  /** Sign-ins from before this are over. */
  signInsFrom: EpochMs;
}

/** Wrong keys from one network. */
interface Attempts {
  from: string;
  failures: number;
  lastAt: EpochMs;
}

export interface DirectoryDocument {
  at: EpochMs;
  version: number;
  rooms: DirectoryRoom[];
  keys: OperatorKey[];
  /** Sign-ins that were signed out, until when their sessions could look valid. */
  endedSignIns: { sid: string; until: EpochMs }[];
  templateSeq: number;
  attempts: Attempts[];
  wrongKeys: { unrecorded: number; recordedAt: EpochMs };
  recentChanges: { id: string; version: number; at: EpochMs }[];
  audit: AuditHead;
}

/** What a gateway keeps of the directory: everything but the attempts. */
export type DirectoryView = Pick<DirectoryDocument, 'version' | 'rooms' | 'keys' | 'endedSignIns' | 'audit'>;

export interface SeedRoom {
  id: string;
  site: Site;
  settings: RoomSettings;
  digest: string;
}

export type DirectoryChange =
  /** With `ifVersion` null a new room. */
  | { kind: 'putRoom'; room: string; ifVersion: number | null; site: Site; settings: RoomSettings | null }
  | { kind: 'setTemplate'; room: string; ifVersion: number; html: string | null }
  /** The room is routed no more; its log and history stay. */
  | { kind: 'archiveRoom'; room: string; ifVersion: number }
  | { kind: 'addKey'; key: Pick<OperatorKey, 'id' | 'name' | 'role' | 'digest'> }
  | { kind: 'removeKey'; key: string }
  | { kind: 'signOut'; sid: string; until: EpochMs };

export type DirectoryCommand =
  /** Rooms of a settings file and the owner's key of the environment; what is there already and unchanged stays as it is. */
  | { kind: 'seed'; by: Actor; rooms: SeedRoom[]; ownerDigest: string }
  | { kind: 'change'; id: string; by: Actor; change: DirectoryChange }
  /** `from` names the network that waits after a wrong key; the address is for the log. */
  | { kind: 'signIn'; digest: string; address: string | null; from: string };

export type DirectoryRefusal = 'exists' | 'unknownRoom' | 'archived' | 'unknownKey' | 'ownersKey' | 'full' | 'logFull';

/** A place that another room protects already. */
export interface PlaceTaken {
  reason: 'placeTaken';
  place: string;
  by: string;
}

/** A room of the settings that was not taken over; what the directory says of it, if anything, stays. */
export type SeedRefusal = { room: string } & ({ reason: 'full' } | PlaceTaken);

export type DirectoryReply =
  | { kind: 'seeded'; refused: SeedRefusal[] }
  | { kind: 'changed'; version: number; at: EpochMs }
  | { kind: 'unchanged'; version: number }
  | { kind: 'conflict'; version: number }
  | { kind: 'refused'; reason: DirectoryRefusal }
  | ({ kind: 'refused' } & PlaceTaken)
  | { kind: 'signedIn'; key: Pick<OperatorKey, 'id' | 'name' | 'role'>; at: EpochMs }
  /** Not tried at all while `waitMs` from an earlier wrong key runs. */
  | { kind: 'wrongKey'; waitMs: number };

export type DirectoryReplyTo<C extends DirectoryCommand> = C extends { kind: 'signIn' }
  ? Extract<DirectoryReply, { kind: 'signedIn' | 'wrongKey' | 'refused' }>
  : C extends { kind: 'change' }
    ? Extract<DirectoryReply, { kind: 'changed' | 'unchanged' | 'conflict' | 'refused' }>
    : Extract<DirectoryReply, { kind: 'seeded' }>;

/** The owner's key of the environment, which no operator can remove. */
export const OWNER_KEY_ID = 'owner';

export const directoryMachine: Machine<DirectoryDocument, DirectoryCommand, DirectoryReply> = {
  encode: (document) => JSON.stringify(document),
  decode: (text) => JSON.parse(text),
  begins: ({ kind }) => kind === 'seed',
  sessionNeeded: () => null,
  run(document, _, commands, now) {
    const effects: Effect[] = [];
    let directory = document ?? emptyDirectory(now);
    const replies = commands.map((command) => {
      const stepped = step(directory, command, Math.max(now, directory.at), effects);
      directory = stepped.directory;
      return stepped.reply;
    });
    return { document: directory, replies, effects };
  },
  recover(stored, witness, _, now) {
    if (witness === null) return stored === null ? null : { document: stored, effects: [] };
    if (stored !== null && stored.version >= witness.document.version) {
      // Somebody who had only read it may have brought the document back: its rows come from whoever wrote them.
      return { document: stored, effects: witness.relation === 'before' ? [...witness.rows] : [] };
    }
    const at = Math.max(now, stored?.at ?? 0, witness.document.at);
    return { document: { ...witness.document, at }, effects: [...witness.rows] };
  },
  isRecovering: () => false,
};

export function directoryView({ version, rooms, keys, endedSignIns, audit }: DirectoryDocument): DirectoryView {
  return { version, rooms, keys, endedSignIns, audit };
}

function emptyDirectory(now: EpochMs): DirectoryDocument {
  return {
    at: now,
    version: 0,
    rooms: [],
    keys: [],
    endedSignIns: [],
    templateSeq: 0,
    attempts: [],
    wrongKeys: { unrecorded: 0, recordedAt: 0 },
    recentChanges: [],
    audit: NO_RECORD,
  };
}

interface Stepped {
  directory: DirectoryDocument;
  reply: DirectoryReply;
}

function step(before: DirectoryDocument, command: DirectoryCommand, now: EpochMs, effects: Effect[]): Stepped {
  const directory = { ...before, at: now };
  switch (command.kind) {
    case 'seed':
      return seeded(directory, command, now, effects);
    case 'change':
      return change(directory, command, now, effects);
    case 'signIn':
      return signIn(directory, command, now, effects);
  }
}

function seeded(
  directory: DirectoryDocument,
  { by, rooms, ownerDigest }: Extract<DirectoryCommand, { kind: 'seed' }>,
  now: EpochMs,
  effects: Effect[],
): Stepped {
  let grown = directory;
  const owner = grown.keys.find(({ id }) => id === OWNER_KEY_ID);
  if (owner?.digest !== ownerDigest) {
    // The former key's sessions end, also one of the second that has begun: tokens count their time of issue in seconds.
    const signInsFrom = owner === undefined ? now : now + 1_000;
    const key: OperatorKey = {
      ...{ id: OWNER_KEY_ID, name: 'owner', role: 'owner', digest: ownerDigest },
      ...{ createdAt: now, signInsFrom },
    };
    const keys = [key, ...grown.keys.filter(({ id }) => id !== OWNER_KEY_ID)];
    grown = recorded({ ...grown, keys }, { by, action: 'ownerKey', from: null, to: null }, now, effects);
  }
  const { sown, refused } = sow(grown, rooms);
  for (const room of sown) {
    const known = grown.rooms.find(({ id }) => id === room.id);
    const differs = known === undefined ? { from: null, to: json(room.site) } : difference(known.site, room.site);
    grown = recorded(
      withRoom(grown, room),
      { by, action: 'seedRoom', ...named(room.id, differs ?? { from: null, to: null }) },
      now,
      effects,
    );
  }
  return { directory: grown, reply: { kind: 'seeded', refused } };
}

/** The rooms of the settings that are new or edited, without those that have no room beside what is there. */
function sow(directory: DirectoryDocument, seeds: SeedRoom[]): { sown: DirectoryRoom[]; refused: SeedRefusal[] } {
  const refused: SeedRefusal[] = [];
  let sown = seeds.flatMap(({ id, site, settings, digest }): DirectoryRoom[] => {
    const known = directory.rooms.find((room) => room.id === id);
    // An archived room stays so: its place may have gone to another room meanwhile.
    if (known !== undefined && (known.seed === digest || known.archivedAt !== null)) return [];
    const kept = { ...site, template: known?.site.template ?? null };
    return [{ id, site: kept, settings, seed: digest, archivedAt: null, version: (known?.version ?? 0) + 1 }];
  });
  while (isTooMuch(sown.reduce(withRoom, directory).rooms)) {
    const last = sown.pop();
    if (last === undefined) break;
    refused.push({ room: last.id, reason: 'full' });
  }
  // One that is refused keeps its former places, which may take another one's: so all are looked at again.
  for (let before = -1; before < refused.length; ) {
    before = refused.length;
    const { rooms } = sown.reduce(withRoom, directory);
    sown = sown.filter((room) => {
      const taken = placeTaken(rooms, room);
      if (taken !== null) refused.push({ room: room.id, ...taken });
      return taken === null;
    });
  }
  return { sown, refused };
}

function change(
  directory: DirectoryDocument,
  { id, by, change: wanted }: Extract<DirectoryCommand, { kind: 'change' }>,
  now: EpochMs,
  effects: Effect[],
): Stepped {
  const made = directory.recentChanges.find((one) => one.id === id);
  if (made !== undefined) return { directory, reply: { kind: 'changed', version: made.version, at: made.at } };
  if (directory.audit.seq >= AUDIT_RECORDS_MAX) return { directory, reply: { kind: 'refused', reason: 'logFull' } };
  const outcome = carryOut(directory, wanted, now, effects);
  if ('kind' in outcome) return { directory, reply: outcome };
  const { from, to, version } = outcome;
  const changed = recorded(outcome.directory, { by, action: wanted.kind, from, to }, now, effects);
  const recentChanges = [...changed.recentChanges, { id, version, at: now }].slice(-RECENT_CHANGES_MAX);
  return { directory: { ...changed, recentChanges }, reply: { kind: 'changed', version, at: now } };
}

/** A directory with the change made, the version of what was changed, and the words for the log. */
type Effected = { directory: DirectoryDocument; version: number; from: AuditEntry['from']; to: AuditEntry['to'] };

function carryOut(
  directory: DirectoryDocument,
  wanted: DirectoryChange,
  now: EpochMs,
  effects: Effect[],
): Effected | DirectoryReply {
  switch (wanted.kind) {
    case 'putRoom':
      return putRoom(directory, wanted);
    case 'setTemplate': {
      const room = roomAt(directory, wanted.room, wanted.ifVersion);
      if ('kind' in room) return room;
      const former = room.site.template;
      if (former !== null) effects.push({ kind: 'drop', table: 'template', from: former, upTo: former });
      if (former === null && wanted.html === null) return { kind: 'unchanged', version: room.version };
      const templateSeq = directory.templateSeq + 1;
      const template = wanted.html === null ? null : templateSeq;
      if (wanted.html !== null)
        effects.push({ kind: 'put', table: 'template', key: templateSeq, row: { html: wanted.html } });
      const changed = { ...room, site: { ...room.site, template }, version: room.version + 1 };
      return effected({ ...withRoom(directory, changed), templateSeq }, changed, { template: former }, { template });
    }
    case 'archiveRoom': {
      const room = roomAt(directory, wanted.room, wanted.ifVersion);
      if ('kind' in room) return room;
      const archived = { ...room, archivedAt: now, version: room.version + 1 };
      return effected(withRoom(directory, archived), archived, { archived: false }, { archived: true });
    }
    case 'addKey': {
      const { id, name, role, digest } = wanted.key;
      if (directory.keys.length >= OPERATOR_KEYS_MAX) return { kind: 'refused', reason: 'full' };
      if (directory.keys.some((key) => key.id === id || key.digest === digest))
        return { kind: 'refused', reason: 'exists' };
      const keys = [...directory.keys, { id, name, role, digest, createdAt: now, signInsFrom: now }];
      return { directory: { ...directory, keys }, version: directory.version, from: null, to: { id, name, role } };
    }
    case 'removeKey': {
      if (wanted.key === OWNER_KEY_ID) return { kind: 'refused', reason: 'ownersKey' };
      const key = directory.keys.find(({ id }) => id === wanted.key);
      if (key === undefined) return { kind: 'refused', reason: 'unknownKey' };
      const { id, name, role } = key;
      const keys = directory.keys.filter((other) => other.id !== id);
      return { directory: { ...directory, keys }, version: directory.version, from: { id, name, role }, to: null };
    }
    case 'signOut':
      return { ...signedOut(directory, wanted, now), version: directory.version, from: null, to: { sid: wanted.sid } };
  }
}

function putRoom(
  directory: DirectoryDocument,
  { room: id, ifVersion, site, settings }: Extract<DirectoryChange, { kind: 'putRoom' }>,
): Effected | DirectoryReply {
  if (ifVersion === null) {
    if (directory.rooms.some((room) => room.id === id)) return { kind: 'refused', reason: 'exists' };
    const taken = placeTaken(directory.rooms, { id, site });
    if (taken !== null) return { kind: 'refused', ...taken };
    if (settings === null) throw new CoreError('unknownRoom', `A new room "${id}" came without settings; give them.`);
    const room = { id, site, settings, seed: null, archivedAt: null, version: 1 };
    if (isTooMuch([...directory.rooms, room])) return { kind: 'refused', reason: 'full' };
    return effected(withRoom(directory, room), room, null, json(site));
  }
  const room = roomAt(directory, id, ifVersion);
  if ('kind' in room) return room;
  const taken = placeTaken(directory.rooms, { id, site });
  if (taken !== null) return { kind: 'refused', ...taken };
  const differs = difference(room.site, { ...site, template: room.site.template });
  if (differs === null) return { kind: 'unchanged', version: room.version };
  const changed = { ...room, site: { ...site, template: room.site.template }, version: room.version + 1 };
  const after = withRoom(directory, changed);
  if (isTooMuch(after.rooms)) return { kind: 'refused', reason: 'full' };
  return effected(after, changed, differs.from, differs.to);
}

function isTooMuch(rooms: DirectoryRoom[]): boolean {
  return rooms.length > ROOMS_MAX || utf8ToBytes(JSON.stringify(rooms)).length > ROOMS_BYTES_MAX;
}

/**
 * Two rooms over the same place would leave it to chance who decides; the directory alone sees both in time.
 * @returns the first place of a room that another living one protects, and which one
 */
export function placeTaken(
  rooms: readonly { id: string; site: Pick<Site, 'hosts' | 'paths'>; archivedAt?: EpochMs | null }[],
  wanted: { id: string; site: Pick<Site, 'hosts' | 'paths'> },
): PlaceTaken | null {
  const places = new Set(placesOf(wanted.site));
  for (const { id, site, archivedAt = null } of rooms) {
    const place = id === wanted.id || archivedAt !== null ? undefined : placesOf(site).find((one) => places.has(one));
    if (place !== undefined) return { reason: 'placeTaken', place, by: id };
  }
  return null;
}

/** `/book` and `/book/` protect the same (paths.ts), whatever their case. */
function placesOf({ hosts, paths }: Pick<Site, 'hosts' | 'paths'>): string[] {
  return hosts.flatMap((host) => paths.map((path) => `${host}${path.toLowerCase().replace(/(?<=.)\/$/, '')}`));
}

function roomAt(directory: DirectoryDocument, id: string, ifVersion: number): DirectoryRoom | DirectoryReply {
  const room = directory.rooms.find((one) => one.id === id);
  if (room === undefined) return { kind: 'refused', reason: 'unknownRoom' };
  if (room.version !== ifVersion) return { kind: 'conflict', version: room.version };
  return room.archivedAt === null ? room : { kind: 'refused', reason: 'archived' };
}

function withRoom(directory: DirectoryDocument, room: DirectoryRoom): DirectoryDocument {
  const index = directory.rooms.findIndex(({ id }) => id === room.id);
  return { ...directory, rooms: index === -1 ? [...directory.rooms, room] : directory.rooms.with(index, room) };
}

function effected(
  directory: DirectoryDocument,
  { id, version }: DirectoryRoom,
  from: AuditEntry['from'],
  to: AuditEntry['to'],
): Effected {
  return { directory, version, ...named(id, { from, to }) };
}

/** The log of all rooms says of which one it speaks. */
function named(room: string, { from, to }: Pick<AuditEntry, 'from' | 'to'>): Pick<AuditEntry, 'from' | 'to'> {
  const withName = (value: AuditEntry['from']) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? { room, ...value } : { room };
  return { from: from === null ? null : withName(from), to: withName(to) };
}

/**
 * Ends one sign-in. Beyond the bound all earlier sign-ins of every key end instead: in doubt somebody signs in again.
 */
function signedOut(
  directory: DirectoryDocument,
  { sid, until }: { sid: string; until: EpochMs },
  now: EpochMs,
): { directory: DirectoryDocument } {
  const living = directory.endedSignIns.filter((ended) => ended.until > now && ended.sid !== sid);
  if (living.length < ENDED_SIGN_INS_MAX) {
    return { directory: { ...directory, endedSignIns: [...living, { sid, until }] } };
  }
  // Tokens count their time of issue in whole seconds: the second that has begun is over as well.
  const keys = directory.keys.map((key) => ({ ...key, signInsFrom: now + 1_000 }));
  return { directory: { ...directory, keys, endedSignIns: [] } };
}

/**
 * Looks a key up. After a wrong one its network waits, twice as long each time; what it tries meanwhile is not looked at.
 * Wrong keys are recorded in sums, so that nobody can fill the log with them.
 */
function signIn(
  directory: DirectoryDocument,
  { digest, address, from }: Extract<DirectoryCommand, { kind: 'signIn' }>,
  now: EpochMs,
  effects: Effect[],
): Stepped {
  if (directory.audit.seq >= AUDIT_RECORDS_MAX) return { directory, reply: { kind: 'refused', reason: 'logFull' } };
  const remembered = directory.attempts.filter(({ lastAt }) => now - lastAt < WRONG_KEY_FORGOTTEN_MS);
  const others = remembered.filter((one) => one.from !== from);
  const failures = remembered.find((one) => one.from === from)?.failures ?? 0;
  const lastAt = remembered.find((one) => one.from === from)?.lastAt ?? now;
  const waitMs = lastAt + waitAfter(failures) - now;
  if (waitMs > 0) return { directory, reply: { kind: 'wrongKey', waitMs } };

  const key = directory.keys.find((one) => one.digest === digest);
  if (key !== undefined) {
    const { id, name, role, signInsFrom } = key;
    if (id !== OWNER_KEY_ID && directory.audit.seq >= SIGN_INS_UP_TO) {
      return { directory, reply: { kind: 'refused', reason: 'logFull' } };
    }
    const by = { id, name, role, address };
    const entry = { by, action: 'signIn', from: null, to: null };
    return {
      directory: recorded({ ...directory, attempts: others }, entry, now, effects),
      // Not before the moment up to which sign-ins are over, which may be most of a second ahead.
      reply: { kind: 'signedIn', key: { id, name, role }, at: Math.max(now, signInsFrom) },
    };
  }
  const attempts = [...others, { from, failures: failures + 1, lastAt: now }].slice(-ATTEMPTS_REMEMBERED_MAX);
  const counted = { ...directory.wrongKeys, unrecorded: directory.wrongKeys.unrecorded + 1 };
  const noted = { ...directory, attempts, wrongKeys: counted };
  const reply: DirectoryReply = { kind: 'wrongKey', waitMs: waitAfter(failures + 1) };
  const isDue = now - counted.recordedAt >= WRONG_KEY_RECORD_MS && directory.audit.seq < WRONG_KEY_RECORDS_UP_TO;
  if (!isDue) return { directory: noted, reply };
  const by: Actor = { id: 'nobody', name: 'nobody', role: 'viewer', address };
  const entry = { by, action: 'wrongKey', from: null, to: { times: counted.unrecorded } };
  const written = { ...noted, wrongKeys: { unrecorded: 0, recordedAt: now } };
  return { directory: recorded(written, entry, now, effects), reply };
}

function waitAfter(failures: number): number {
  return failures === 0 ? 0 : Math.min(WRONG_KEY_WAIT_MS_MAX, 1_000 * 2 ** (failures - 1));
}

function recorded(directory: DirectoryDocument, entry: AuditEntry, now: EpochMs, effects: Effect[]): DirectoryDocument {
  const record = nextRecord(directory.audit, entry, now);
  effects.push({ kind: 'put', table: 'audit', key: record.seq, row: record });
  return { ...directory, version: directory.version + 1, audit: { seq: record.seq, hash: record.hash } };
}
