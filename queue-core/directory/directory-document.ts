// The directory's document: which rooms there are and what they protect, and the operators' keys. One for a deployment.

import { type Actor, type AuditHead, NO_RECORD, type Role } from '../audit.ts';
import type { Severity } from '../document/alarms-state.ts';
import type { Exemption } from '../exemption.ts';
import type { Message, RoomSettings } from '../policy.ts';
import { SCHEMA_VERSION } from '../schema-version.ts';
import type { EpochMs } from '../time.ts';

/** What a room protects and how it presents itself; what happens in its line is the room's own policy. */
export interface Site {
  title: { ko: string; en: string };
  /** Host names without port, lower case; `*` is every host. */
  hosts: string[];
  paths: string[];
  exempt: Exemption[];
  /** The protected site, as an origin without path. */
  origin: string;
  /** The host that the origin is asked for: `origin`, its own; `visitor`, the visitor's; or this one. */
  originHost: string;
  /** Further origins by which the site calls itself. */
  originAliases: string[];
  /** Until the header of its response, from the last progress of the request on. */
  originTimeoutSeconds: number;
  /** `aud` of the room's admission tokens. */
  audience: string;
  timeZone: string;
  /** What happens to paths of the room's hosts that no room protects. */
  outside: 'refuse' | 'pass';
  /** Languages that visitors are offered, the first where the browser prefers none of them. */
  languages: ('ko' | 'en')[];
  /** Number of the operator's own waiting page in the table `template`; null: the gateway's pages. */
  template: number | null;
  /** Visitors that the operators expect; an alarm compares with it. */
  expectedVisitors: number | null;
  /** Other origins whose pages may act for their visitors here (CORS). */
  corsOrigins: string[];
  /** Where admitted visitors are sent back to with a code: origins of sites that check it themselves, with a path prefix. */
  handOff: string[];
}

export interface DirectoryRoom {
  id: string;
  site: Site;
  /** What the room begins with; later changes are the room's own. */
  settings: RoomSettings;
  /** Digest of the settings file's entry last applied; null: created by an operator. */
  seed: string | null;
  archivedAt: EpochMs | null;
  version: number;
}

export interface OperatorKey {
  id: string;
  name: string;
  role: Role;
  /** SHA-256 of the key, hex. The key itself is not stored. */
  digest: string;
  /** The key's first characters, which name it (KEY_PREFIX_CHARS); null: a key from before they were stored. */
  prefix: string | null;
  createdAt: EpochMs;
  /** Sign-ins from before this are over. */
  signInsFrom: EpochMs;
  /** From then on it is refused, with its sessions; null: never. */
  expiresAt: EpochMs | null;
  /** It sees and changes these rooms alone; null: all, and what is nobody's room. Never of an owner. */
  rooms: string[] | null;
  /** To within KEY_USE_MS, and the network; null: not since such uses are stored. */
  lastUse: { at: EpochMs; from: string } | null;
}

/** Where alarms are told: a webhook. */
export interface AlarmTarget {
  id: string;
  name: string;
  /** May hold a secret of the service that it leads to. */
  url: string;
  /** `standard`: Standard Webhooks; `slack`: `{ "text": … }`. */
  form: 'standard' | 'slack';
  language: 'ko' | 'en';
  /** null: all. */
  rooms: string[] | null;
  severityMin: Severity;
  /** Sealed by a gateway's keys. */
  secret: string;
  /** Messages are signed with it too until then. */
  formerSecret: { sealed: string; until: EpochMs } | null;
}

/**
 * Wrong keys, counted for those who wait together: one network (`from`), attempts that name a key where it was never used
 * (`key`), attempts that name a key in one network where it was used (both), and all further networks (neither).
 */
export interface Attempts {
  key: string | null;
  from: string | null;
  failures: number;
  lastAt: EpochMs;
}

/** A key and a network from which it was accepted. */
export interface KeyNetwork {
  key: string;
  from: string;
}

export interface KeptMessage {
  id: string;
  text: Message['text'];
}

export interface DirectoryDocument {
  schemaVersion: typeof SCHEMA_VERSION;
  at: EpochMs;
  version: number;
  rooms: DirectoryRoom[];
  keys: OperatorKey[];
  /** Sign-ins that were signed out, until when their sessions could look valid. */
  endedSignIns: { sid: string; until: EpochMs }[];
  alarmTargets: AlarmTarget[];
  templateSeq: number;
  /** Messages to waiting visitors that operators keep, in the order in which they were kept. */
  messages: KeptMessage[];
  attempts: Attempts[];
  /** The latest networks of each key, oldest first: wrong keys of others there do not keep its operator out. */
  keyNetworks: KeyNetwork[];
  wrongKeys: { unrecorded: number; recordedAt: EpochMs };
  /** Latest changes by their ids, so that a repeated one is made once. */
  recentChanges: { id: string; version: number; at: EpochMs }[];
  audit: AuditHead;
}

/** What a gateway caches of the directory: everything but the attempts. */
export type DirectoryView = Pick<
  DirectoryDocument,
  'version' | 'rooms' | 'keys' | 'keyNetworks' | 'endedSignIns' | 'alarmTargets' | 'messages' | 'audit'
>;

export interface SeedRoom {
  id: string;
  site: Site;
  settings: RoomSettings;
  digest: string;
}

export type DirectoryChange =
  /**
   * With `ifVersion` null a new room; with `any` the room as it is. `pageOf`: a new room gets the waiting page of that one. `confirm`:
   * which consequences it was decided for; a change that has others is not made.
   */
  | {
      kind: 'putRoom';
      room: string;
      ifVersion: number | 'any' | null;
      site: Site;
      settings: RoomSettings | null;
      pageOf?: string;
      confirm?: RoomConfirmation;
    }
  | { kind: 'setTemplate'; room: string; ifVersion: number | 'any'; html: string | null }
  /** The room is not routed any more; its log and history stay. */
  | { kind: 'archiveRoom'; room: string; ifVersion: number | 'any' }
  | { kind: 'keepMessage'; message: KeptMessage }
  | { kind: 'dropMessage'; message: string }
  | { kind: 'addKey'; key: Omit<OperatorKey, 'createdAt' | 'signInsFrom' | 'lastUse'> }
  | { kind: 'removeKey'; key: string }
  /** `url` null: as it was. A new target comes with its secret. */
  | {
      kind: 'putAlarmTarget';
      isNew: boolean;
      target: Omit<AlarmTarget, 'url' | 'secret' | 'formerSecret'> & { url: string | null; secret: string | null };
    }
  | { kind: 'rotateAlarmTarget'; target: string; secret: string }
  | { kind: 'removeAlarmTarget'; target: string }
  | { kind: 'signOut'; sid: string; until: EpochMs };

export type DirectoryCommand =
  /** The settings file's rooms and the owner's key of the environment; what is there already and unchanged stays. */
  | { kind: 'seed'; by: Actor; rooms: SeedRoom[]; ownerKey: PresentedKey }
  | { kind: 'change'; id: string; by: Actor; change: DirectoryChange }
  /**
   * `from` names the network that waits after a wrong key; the address is for the log. A session is recorded, a single request
   * with a key in its header is not.
   */
  | { kind: 'signIn'; key: PresentedKey; purpose: 'session' | 'request'; address: string | null; from: string }
  /** Records a sign-in that the operators' identity provider has confirmed. */
  | { kind: 'acceptSignIn'; by: Actor }
  /** A key, by its id, or one of its sessions was used from a network. */
  | { kind: 'useKey'; key: string; from: string };

/** Who signed in, and what bounds that. */
export type KnownOperator = Pick<OperatorKey, 'id' | 'name' | 'role' | 'expiresAt' | 'rooms'>;

/** A key as it leaves the gateway: what names it, and its SHA-256 in hex. */
export type PresentedKey = { prefix: string; digest: string };

export type DirectoryRefusal =
  | 'exists'
  | 'unknownRoom'
  | 'archived'
  | 'unknownKey'
  | 'keyExpired'
  /** An owner's key of single rooms. */
  | 'ownersRooms'
  /** An end that is not ahead. */
  | 'past'
  | 'unknownTarget'
  | 'unknownMessage'
  | 'ownersKey'
  | 'full'
  /** A template that takes more than TEMPLATE_STORED_BYTES_MAX when it is stored. */
  | 'tooLarge'
  | 'logFull';

/** What a new room, or another site of one, does to people at once. */
export interface RoomConsequences {
  opensNow: boolean;
  takesFrom: TakenFrom[];
}

/** A room that would lose addresses, and which. */
export interface TakenFrom {
  room: string;
  /** Host and path prefix, as `example.org/book`. */
  routes: string[];
}

/** What the change was decided for: rooms by their ids. */
export interface RoomConfirmation {
  opensNow?: true | undefined;
  takesFrom?: readonly string[] | undefined;
}

/** A route that another room has already. */
export interface RouteTaken {
  reason: 'routeTaken';
  /** Host and path prefix, as `example.org/book`. */
  route: string;
  by: string;
}

/** A room of the settings file that was not applied; what the directory has of it, if anything, stays. */
export type SeedRefusal = { room: string } & ({ reason: 'full' } | RouteTaken);

export type DirectoryReply =
  | { kind: 'seeded'; refused: SeedRefusal[] }
  | { kind: 'changed'; version: number; at: EpochMs }
  | { kind: 'unchanged'; version: number }
  | { kind: 'conflict'; version: number }
  | { kind: 'unconfirmed'; consequences: RoomConsequences }
  | { kind: 'refused'; reason: DirectoryRefusal }
  | ({ kind: 'refused' } & RouteTaken)
  | { kind: 'signedIn'; key: KnownOperator; at: EpochMs }
  | { kind: 'wrongKey'; waitMs: number }
  /** The key was not compared: the wait after earlier wrong keys is not over. */
  | { kind: 'mustWait'; waitMs: number };

export type DirectoryReplyTo<C extends DirectoryCommand> = C extends { kind: 'signIn' }
  ? Extract<DirectoryReply, { kind: 'signedIn' | 'wrongKey' | 'mustWait' | 'refused' }>
  : C extends { kind: 'acceptSignIn' }
    ? Extract<DirectoryReply, { kind: 'signedIn' | 'refused' }>
    : C extends { kind: 'useKey' }
      ? Extract<DirectoryReply, { kind: 'unchanged' }>
      : C extends { kind: 'change' }
        ? Extract<DirectoryReply, { kind: 'changed' | 'unchanged' | 'conflict' | 'unconfirmed' | 'refused' }>
        : Extract<DirectoryReply, { kind: 'seeded' }>;

/** The owner's key of the environment, which no operator can remove. */
export const OWNER_KEY_ID = 'owner';

export function emptyDirectory(now: EpochMs): DirectoryDocument {
  return {
    schemaVersion: SCHEMA_VERSION,
    at: now,
    version: 0,
    rooms: [],
    keys: [],
    endedSignIns: [],
    alarmTargets: [],
    templateSeq: 0,
    messages: [],
    attempts: [],
    keyNetworks: [],
    wrongKeys: { unrecorded: 0, recordedAt: 0 },
    recentChanges: [],
    audit: NO_RECORD,
  };
}

export function directoryView(directory: DirectoryDocument): DirectoryView {
  const { version, rooms, keys, keyNetworks, endedSignIns, alarmTargets, messages, audit } = directory;
  return { version, rooms, keys, keyNetworks, endedSignIns, alarmTargets, messages, audit };
}
