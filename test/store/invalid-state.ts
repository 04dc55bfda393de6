// What every store does with stored state that it cannot read, or that a batch would break: it refuses, writes nothing, logs
// the reason once, and goes on as soon as the state is sound again.

import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Command } from '../../queue-core/command.ts';
import { directoryMachine } from '../../queue-core/directory/directory-machine.ts';
import { CoreError } from '../../queue-core/errors.ts';
import { SCHEMA_VERSION } from '../../queue-core/schema-version.ts';
import { roomMachine } from '../../queue-core/step.ts';
import { type DirectoryStore, StoreUnavailable } from '../../worker/store/room-store.ts';
import { claim, configure, join, OPERATOR, settings, T0 } from '../core/sample-rooms.ts';
import { OWNER_DIGEST, type StoreUnderTest } from './conformance.ts';

const NO_ENDINGS_SEEN = { endingsAfter: 0, report: null };

/** The text with the schema version of a Fairgate that does not exist yet. */
function newer(text: string | null): string {
  return JSON.stringify({ ...JSON.parse(text ?? ''), schemaVersion: 999 });
}

export function refusesInvalidState(name: string, start: () => StoreUnderTest): void {
  let rooms = 0;

  async function opened() {
    const { store, clock, stored, reload } = start();
    const room = `${name}-invalid-${++rooms}`;
    clock.now = T0;
    await store.apply(room, [configure(settings())]);
    clock.now = T0 + 1_000;
    const send = async (command: Command) => (await store.apply(room, [command]))[0];
    await send(join('a', true));
    const ledger = `room:${room}`;
    const replace = async (change: (text: string | null) => string) => {
      const sound = (await stored.document(ledger)) ?? '';
      const text = change(sound);
      await stored.setDocument(ledger, text);
      await reload(room);
      return { text, sound };
    };
    return { store: start().store, stored, room, send, ledger, replace };
  }

  function loggedErrors(): string[] {
    const lines: string[] = [];
    vi.spyOn(console, 'error').mockImplementation((...line) => void lines.push(line.map(String).join(' ')));
    return lines;
  }

  afterEach(() => void vi.restoreAllMocks());

  describe(`invalid stored state: ${name}`, () => {
    test('a document of a newer version is refused to every command and view, and stays byte for byte', async () => {
      const { store, stored, room, ledger, replace } = await opened();
      const lines = loggedErrors();
      const { text, sound } = await replace(newer);
      const commands: Command[] = [
        join('b', true),
        claim(1, 'a'),
        { kind: 'renew', epoch: 1, position: 1, sid: 'sid-a' },
        { kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' },
        configure(settings({ newUsersPerMinute: 7 }), 'second'),
        { kind: 'tick' },
      ];
      for (const command of commands) {
        const refused = store.apply(room, [command]);
        await expect(refused, command.kind).rejects.toThrow(StoreUnavailable);
        await expect(refused).rejects.toThrow(
          `Room "${room}": room document: schemaVersion 999 is newer than ${SCHEMA_VERSION}, the newest that this Fairgate reads. Upgrade it`,
        );
      }
      await expect(store.view(room, NO_ENDINGS_SEEN)).rejects.toThrow('Upgrade it');
      expect(await stored.document(ledger)).toBe(text);
      expect(lines).toEqual([expect.stringContaining('schemaVersion 999')]);
      // A restored backup, or this gateway upgraded: the next call reads the document again.
      await stored.setDocument(ledger, sound);
      expect(await store.apply(room, [claim(1, 'a')])).toMatchObject([{ kind: 'admitted', sid: 'sid-a' }]);
      expect(await store.apply(room, [join('b')])).toMatchObject([{ place: { number: 2 } }]);
    });

    test('a document with a broken field is refused by its name', async () => {
      const { store, stored, room, ledger, replace } = await opened();
      const lines = loggedErrors();
      const { text } = await replace((sound) => (sound ?? '').replace(/"issued":\d+/, '"issued":"many"'));
      await expect(store.apply(room, [join('b')])).rejects.toThrow(/room document: \S*issued /);
      await expect(store.view(room, NO_ENDINGS_SEEN)).rejects.toThrow(StoreUnavailable);
      expect(await stored.document(ledger)).toBe(text);
      expect(lines).toHaveLength(1);
      expect(lines.join()).not.toMatch(/visitor-a|sid-a/);
    });

    test('a session of a newer version is refused to the batch that needs it, and to no other', async () => {
      const { store, stored, room, ledger, send } = await opened();
      loggedErrors();
      const row = newer(await stored.row(ledger, 'session', 1));
      await stored.setRow(ledger, 'session', 1, row);
      const before = await stored.document(ledger);
      await expect(send(claim(1, 'a'))).rejects.toThrow('Upgrade it');
      await expect(send({ kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' })).rejects.toThrow(
        StoreUnavailable,
      );
      expect(await stored.document(ledger)).toBe(before);
      const [refused, joined] = await Promise.allSettled([send(claim(1, 'a')), send(join('b', true))]);
      expect(refused.status).toBe('rejected');
      expect(joined).toMatchObject({ status: 'fulfilled', value: { place: { number: 2 } } });
      expect(await stored.row(ledger, 'session', 1)).toBe(row);
      expect((await store.view(room, NO_ENDINGS_SEEN)).board).toMatchObject({ issued: 2, active: 2 });
    });

    test('rows of a newer version are refused, and rows of this one are served', async () => {
      const { store, stored, room, ledger } = await opened();
      loggedErrors();
      const page = { after: 0, limit: 10 };
      expect(await store.rows(room, 'audit', page)).toHaveLength(1);
      await stored.setRow(ledger, 'audit', 1, newer(await stored.row(ledger, 'audit', 1)));
      await expect(store.rows(room, 'audit', page)).rejects.toThrow('Upgrade it');
    });

    test('a batch that would break an invariant is refused alone; the document stays as it was', async () => {
      const { store, stored, room, ledger, send } = await opened();
      const lines = loggedErrors();
      const run = roomMachine.run;
      vi.spyOn(roomMachine, 'run').mockImplementation((document, sessions, commands, now) => {
        const outcome = run.call(roomMachine, document, sessions, commands, now);
        if (commands.some((command) => command.kind === 'join' && command.visitor === 'visitor-bad')) {
          throw new CoreError('brokenInvariant', 'room document: active must be at least 0, got -1');
        }
        return outcome;
      });
      const [bad, good] = await Promise.allSettled([send(join('bad', true)), send(join('good', true))]);
      expect(bad).toMatchObject({ status: 'rejected', reason: { name: 'StoreUnavailable' } });
      expect(good).toMatchObject({ status: 'fulfilled', value: { place: { number: 2 } } });
      const before = await stored.document(ledger);
      const view = await store.view(room, NO_ENDINGS_SEEN);
      for (let times = 0; times < 3; times++) await expect(send(join('bad', true))).rejects.toThrow('active must be');
      expect(await stored.document(ledger)).toBe(before);
      expect(await store.view(room, NO_ENDINGS_SEEN)).toEqual(view);
      expect(lines).toEqual([expect.stringContaining(`Room "${room}": room document: active must be at least 0`)]);
      vi.restoreAllMocks();
      expect(await send(join('bad', true))).toMatchObject({ place: { number: 3 } });
    });

    test('a document that cannot be encoded is not written, and neither are its rows', async () => {
      const { store, stored, room, ledger, send } = await opened();
      loggedErrors();
      const [document, view] = [await stored.document(ledger), await store.view(room, NO_ENDINGS_SEEN)];
      vi.spyOn(roomMachine, 'encode').mockImplementation(() => {
        throw new CoreError('brokenInvariant', 'room document: called must be a finite number, got NaN');
      });
      await expect(send(join('b', true))).rejects.toThrow('called must be a finite number');
      vi.restoreAllMocks();
      expect(await stored.document(ledger)).toBe(document);
      expect(await stored.row(ledger, 'session', 2)).toBeNull();
      expect(await store.view(room, NO_ENDINGS_SEEN)).toEqual(view);
      expect(await send(join('c', true))).toMatchObject({ place: { number: 2 } });
    });

    test('a directory of a newer version is refused and stays byte for byte', async () => {
      const { store, clock, stored, reloadDirectory } = start();
      clock.now = Math.max(clock.now, T0);
      const seed = (digest: string, directory: DirectoryStore) =>
        directory.apply([{ kind: 'seed', by: OPERATOR, ownerKey: { prefix: digest.slice(0, 8), digest }, rooms: [] }]);
      await seed(OWNER_DIGEST, store.directory);
      const sound = (await stored.document('directory')) ?? '';
      loggedErrors();
      await stored.setDocument('directory', newer(sound));
      await reloadDirectory();
      const { directory } = start().store;
      await expect(directory.view(null)).rejects.toThrow(/^Directory: .*Upgrade it/);
      await expect(seed('0e'.repeat(32), directory)).rejects.toThrow(StoreUnavailable);
      expect(await stored.document('directory')).toBe(newer(sound));
      await stored.setDocument('directory', sound);
      expect(await directory.view(null)).toMatchObject({ version: directoryMachine.decode(sound).version });
    });
  });
}
