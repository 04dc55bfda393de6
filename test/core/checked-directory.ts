// The directory in memory for tests: every step runs on deeply frozen input.

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Actor, AuditRecord } from '../../queue-core/audit.ts';
import {
  type DirectoryChange,
  type DirectoryCommand,
  type DirectoryDocument,
  type DirectoryReply,
  type OperatorKey,
  OWNER_KEY_ID,
  type PresentedKey,
  type SeedRoom,
  type Site,
} from '../../queue-core/directory/directory-document.ts';
import { directoryMachine } from '../../queue-core/directory/directory-machine.ts';
import { KEY_PREFIX_CHARS } from '../../queue-core/limits.ts';
import { NO_SESSIONS } from '../../queue-core/session-overlay.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { deepFreeze } from './deep-freeze.ts';
import { settings, T0 } from './sample-rooms.ts';
import { EMPTY_TABLES, type Tables, writtenTo } from './tables.ts';

export const OWNER: Actor = { id: OWNER_KEY_ID, name: 'owner', role: 'owner', address: null };
export const OWNER_DIGEST = '0d'.repeat(32);

export const SITE: Site = {
  title: { ko: '예약', en: 'Booking' },
  hosts: ['book.test'],
  paths: ['/'],
  exempt: [],
  origin: 'http://origin.test',
  originHost: 'origin',
  originAliases: [],
  originTimeoutSeconds: 30,
  audience: 'urn:fairgate:origin:demo',
  timeZone: 'Asia/Seoul',
  outside: 'refuse',
  languages: ['ko', 'en'],
  template: null,
  expectedVisitors: null,
  corsOrigins: [],
  handOff: [],
};

export const SEED_ROOM: SeedRoom = { id: 'demo', site: SITE, settings: settings(), digest: 'first' };

/** A site at a host of its own. */
export function siteAt(host: string, ...paths: string[]): Site {
  return { ...SITE, hosts: [host], paths: paths.length === 0 ? ['/'] : paths };
}

export function seed(rooms: SeedRoom[] = [SEED_ROOM], ownerDigest = OWNER_DIGEST): DirectoryCommand {
  return { kind: 'seed', by: OWNER, rooms, ownerKey: presented(ownerDigest) };
}

/** A digest as the gateway computes it of a key, for any name. */
export function digestOf(name: string): string {
  return bytesToHex(sha256(utf8ToBytes(name)));
}

/** A key as it is presented. Of a test's key only the digest exists; its start names it. */
export function presented(digest: string): PresentedKey {
  return { prefix: digest.slice(0, KEY_PREFIX_CHARS), digest };
}

/** A directory that was seeded with the room `demo` and the owner's key. */
export class CheckedDirectory {
  now: EpochMs = T0;
  tables: Tables = EMPTY_TABLES;
  #document: DirectoryDocument | null = null;
  #changes = 0;

  constructor() {
    this.send(seed());
  }

  get document(): DirectoryDocument {
    if (this.#document === null) throw new Error('The directory is not seeded yet.');
    return this.#document;
  }

  /** Replaces the stored document, for states that take too many steps to reach. */
  set document(document: DirectoryDocument) {
    this.#document = document;
  }

  get log(): AuditRecord[] {
    return [...this.tables.audit.values()];
  }

  send(command: DirectoryCommand): DirectoryReply {
    deepFreeze([this.#document, command]);
    const { document, replies, effects } = directoryMachine.run(this.#document, NO_SESSIONS, [command], this.now);
    this.#document = document;
    this.tables = writtenTo(this.tables, effects);
    const [reply] = replies;
    if (reply === undefined) throw new Error(`${command.kind} got no reply.`);
    return reply;
  }

  change(wanted: DirectoryChange, id = `change-${++this.#changes}`): DirectoryReply {
    return this.send({ kind: 'change', id, by: OWNER, change: wanted });
  }

  putRoom(id: string, ifVersion: number | null = null, site = siteAt(id)): DirectoryReply {
    const confirm = { opensNow: true, takesFrom: this.document.rooms.map((room) => room.id) } as const;
    return this.change({ kind: 'putRoom', room: id, ifVersion, site, settings: settings(), confirm });
  }

  /** @param bounds of the key; by default it has none */
  addKey(id: string, bounds: Partial<Pick<OperatorKey, 'role' | 'expiresAt' | 'rooms'>> = {}): DirectoryReply {
    const key = { id, name: id, role: 'operator', expiresAt: null, rooms: null, ...presented(digestOf(id)) } as const;
    return this.change({ kind: 'addKey', key: { ...key, ...bounds } });
  }

  signIn(
    key: string | PresentedKey,
    address: string | null = '192.0.2.1',
    purpose: 'session' | 'request' = 'session',
  ): DirectoryReply {
    const named = typeof key === 'string' ? presented(key) : key;
    return this.send({ kind: 'signIn', key: named, purpose, address, from: address ?? 'unknown' });
  }
}

type PutAlarmTarget = Extract<DirectoryChange, { kind: 'putAlarmTarget' }>;

/** A target as an owner adds or changes it. */
export function alarmTarget(id: string, more: Partial<PutAlarmTarget['target']> = {}): PutAlarmTarget['target'] {
  const chosen = { form: 'standard', language: 'ko', rooms: null, severityMin: 'warning' } as const;
  return { id, name: `Target ${id}`, url: 'https://hooks.test/alarm', secret: 'key-1.salt', ...chosen, ...more };
}
