// What every room store promises, told once. A store passes by one line in its own test file; `reload` makes it forget
// what it holds in memory (eviction, restart), where it has such a thing.

import { describe, expect, test } from 'vitest';
import { faultIn, NO_RECORD } from '../../queue-core/audit.ts';
import type { Command } from '../../queue-core/command.ts';
import type { DirectoryChange, DirectoryCommand, SeedRoom } from '../../queue-core/directory.ts';
import { NOTHING_OBSERVED } from '../../queue-core/history.ts';
import {
  ENDINGS_PER_VIEW_MAX,
  HISTORY_BUCKET_MS,
  HISTORY_BUCKETS_MAX,
  RECENT_JOINS_MAX,
} from '../../queue-core/limits.ts';
import { type RoomStore, UnknownDirectory, UnknownRoom } from '../../worker/store/room-store.ts';
import { change, claim, configure, join, OPERATOR, OTHER_SECRET, policy, settings, T0 } from '../core/sample-rooms.ts';
import type { StoredText } from './stored-text.ts';

export interface StoreUnderTest {
  store: RoomStore;
  /** The store's clock. */
  clock: { now: number };
  /** Beside the store: what it holds as text. */
  stored: StoredText;
  /** Makes the store forget what it holds of a room in memory: eviction, restart, another gateway. */
  reload(room: string): Promise<void>;
  /** The same for the directory. */
  reloadDirectory(): Promise<void>;
}

/** SHA-256 of the owner's key. */
export const OWNER_DIGEST = '0d'.repeat(32);

/** A look that reports nothing. */
const since = (endingsAfter: number) => ({ endingsAfter, report: null });

export function conformance(name: string, start: () => StoreUnderTest): void {
  let rooms = 0;

  /** A fresh room of its own, open since T0. */
  async function opened(changes: Parameters<typeof settings>[0] = {}) {
    const { store, clock, reload } = start();
    const room = `${name}-${++rooms}`;
    clock.now = T0;
    await store.apply(room, [configure(settings(changes))]);
    clock.now = T0 + 1_000;
    const one = async (command: Command) => (await store.apply(room, [command]))[0];
    return { store, clock, room, one, reload: () => reload(room) };
  }

  describe(`room store: ${name}`, () => {
    test('a room that was never configured is unknown, to apply and to view', async () => {
      const { store } = start();
      await expect(store.apply(`${name}-unknown`, [{ kind: 'tick' }])).rejects.toThrow(UnknownRoom);
      await expect(store.view(`${name}-unknown`, since(0))).rejects.toThrow(UnknownRoom);
    });

    test('configuring again with the same settings changes nothing, the secret included', async () => {
      const { store, room, one } = await opened();
      await one(join('a'));
      const before = await store.view(room, since(0));
      await one(configure(settings(), 'first', OTHER_SECRET));
      expect((await store.view(room, since(0))).board).toEqual(before.board);
    });

    test('an edited settings file changes the policy and keeps everybody', async () => {
      const { store, room, one } = await opened();
      await one(join('a'));
      await one(configure(settings({ newUsersPerMinute: 77 }), 'second', OTHER_SECRET));
      const { board } = await store.view(room, since(0));
      expect(board).toMatchObject({ newUsersPerMinute: 77, issued: 1, epoch: 1 });
    });

    test('a list is one act at one moment, answered in order', async () => {
      const { store, room } = await opened();
      const replies = await store.apply(room, [join('a', true), join('b', true), claim(1, 'a')]);
      expect(replies[0]).toMatchObject({ place: { number: 1 }, claim: { kind: 'admitted', admitAt: T0 + 1_000 } });
      expect(replies[1]).toMatchObject({ place: { number: 2 }, claim: { kind: 'admitted', admitAt: T0 + 1_100 } });
      expect(replies[2]).toEqual(replies[0].kind === 'joined' ? replies[0].claim : null);
    });

    test('many at once get each their own place, without a gap', async () => {
      const { store, room } = await opened();
      const replies = await Promise.all(
        Array.from({ length: 100 }, (_, index) => store.apply(room, [join(`${index}`)])),
      );
      const numbers = replies.map(([reply]) => (reply.kind === 'joined' ? reply.place.number : 0));
      expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    });

    test('of many claims at once for one position exactly one session comes', async () => {
      const { store, room, one } = await opened();
      await one(join('a'));
      const claims = Array.from({ length: 20 }, (_, index) => ({ ...claim(1, 'a'), sid: `sid-${index}` }) as const);
      const replies = await Promise.all(claims.map((wish) => store.apply(room, [wish])));
      const sids = new Set(replies.map(([reply]) => (reply.kind === 'admitted' ? reply.sid : reply.kind)));
      expect(sids.size).toBe(1);
      expect((await store.view(room, since(0))).board.active).toBe(1);
    });

    test('many claims at once never exceed the places', async () => {
      const { store, room } = await opened({ totalActiveUsers: 10, newUsersPerMinute: 60_000 });
      const wishes = Array.from({ length: 64 }, (_, index) => store.apply(room, [join(`${index}`, true)]));
      const replies = (await Promise.all(wishes)).map(([reply]) => reply);
      const inside = replies.filter((reply) => reply.kind === 'joined' && reply.claim?.kind === 'admitted');
      expect(inside).toHaveLength(10);
    });

    test('a repeated join or claim gets the same answer, also after the store forgot what it held in memory', async () => {
      const { one, reload } = await opened();
      const joined = await one(join('a'));
      await reload();
      expect(await one(join('a'))).toEqual(joined);
      const claimed = await one(claim(1, 'a'));
      expect(claimed.kind).toBe('admitted');
      await reload();
      expect(await one({ ...claim(1, 'a'), sid: 'another' } as Command)).toEqual(claimed);
    });

    test('a join repeated seconds later in a rush gets the same place, long after the room itself has forgotten it', async () => {
      const { store, one, room } = await opened();
      const joined = await one(join('a'));
      const rush = Array.from({ length: 2 * RECENT_JOINS_MAX }, (_, index) => join(`rush-${index}`));
      for (const command of rush) await store.apply(room, [command]);
      expect(await one(join('a'))).toEqual(joined);
      expect((await store.view(room, since(0))).board.issued).toBe(1 + rush.length);
    });

    test('a repeated join that let its visitor in gets the same session, also after a crash', async () => {
      const { clock, one, reload } = await opened();
      const joined = await one(join('a', true));
      expect(joined).toMatchObject({ claim: { kind: 'admitted' } });
      clock.now += 2_000;
      await reload();
      expect(await one(join('a', true))).toEqual(joined);
    });

    test('everything survives eviction and restart: places, calls, sessions, endings, clock', async () => {
      const { store, clock, room, one, reload } = await opened({ totalActiveUsers: 2 });
      for (const name of ['a', 'b', 'c']) await one(join(name, true));
      clock.now += 5_000;
      await one({ kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' });
      const before = await store.view(room, since(0));
      await reload();
      expect(await store.view(room, since(0))).toEqual(before);
      await reload();
      expect(await one(claim(1, 'a'))).toEqual({ kind: 'ended', reason: 'left' });
    });

    test('what was shown as called stays called after a crash', async () => {
      const { store, clock, room, one, reload } = await opened({ newUsersPerMinute: 60 });
      for (let index = 0; index < 30; index++) await one(join(`${index}`));
      clock.now += 4_000;
      const { called } = (await store.view(room, since(0))).board;
      expect(called).toBeGreaterThan(0);
      await reload();
      expect((await store.view(room, since(0))).board.called).toBeGreaterThanOrEqual(called);
    });

    test('a clock that jumps back moves nothing back', async () => {
      const { store, clock, room, one } = await opened();
      await one(join('a', true));
      const before = await store.view(room, since(0));
      clock.now -= 60_000;
      expect(await store.view(room, since(0))).toEqual(before);
    });

    test('endings are told once each, in order, from any number on', async () => {
      const { store, clock, room, one } = await opened();
      for (const name of ['a', 'b', 'c']) await one(join(name, true));
      for (const [index, name] of ['a', 'b', 'c'].entries()) {
        clock.now += 1_000;
        await one({ kind: 'end', epoch: 1, position: index + 1, sid: `sid-${name}`, reason: 'completed' });
      }
      const { endings, endingSeq } = await store.view(room, since(0));
      expect(endings.map(({ sid }) => sid)).toEqual(['sid-a', 'sid-b', 'sid-c']);
      expect((await store.view(room, since(endings[0]?.seq ?? 0))).endings.map(({ sid }) => sid)).toEqual([
        'sid-b',
        'sid-c',
      ]);
      expect((await store.view(room, since(endingSeq))).endings).toEqual([]);
      clock.now += 30 * 60_000;
      expect((await store.view(room, since(0))).endings).toEqual([]);
      expect(endings.length).toBeLessThanOrEqual(ENDINGS_PER_VIEW_MAX);
    });

    test('a new epoch forgets the sessions of the last, and their positions are free again', async () => {
      const { clock, one } = await opened();
      await one(join('a', true));
      clock.now += 1_000;
      const schedule = { prequeueAt: null, opensAt: clock.now + 1_000, closesAt: null, beacon: null };
      await one(change({ kind: 'setSchedule', schedule, secret: OTHER_SECRET }));
      await one(join('b'));
      clock.now += 3_000;
      expect(await one(claim(1, 'a'))).toEqual({ kind: 'refused', reason: 'wrongEpoch' });
      expect(await one(claim(1, 'b', 2))).toMatchObject({ kind: 'admitted', position: 1 });
    });

    test('the log comes in pages, in order and whole, and is the same after a crash', async () => {
      const { store, room, one, reload } = await opened();
      for (let changes = 1; changes <= 7; changes++) {
        await one(change({ kind: 'setPolicy', policy: policy({ newUsersPerMinute: changes }) }));
      }
      const first = await store.rows(room, 'audit', { after: 0, limit: 3 });
      expect(first.map(({ seq }) => seq)).toEqual([1, 2, 3]);
      await reload();
      const rest = await store.rows(room, 'audit', { after: 3, limit: 1_000 });
      expect(rest.map(({ seq }) => seq)).toEqual([4, 5, 6, 7, 8]);
      expect(faultIn([...first, ...rest], NO_RECORD)).toBeNull();
      expect(rest.at(-1)?.hash).toBe((await store.view(room, since(0))).live.audit.hash);
      expect(await store.rows(room, 'audit', { after: 8, limit: 10 })).toEqual([]);
    });

    test('a change is made once however often it is repeated, and not at all on a version that is gone', async () => {
      const { store, room, one, reload } = await opened();
      const wish = change({ kind: 'close' }, 1);
      const made = await one(wish);
      expect(made).toMatchObject({ kind: 'changed', version: 2 });
      await reload();
      expect(await one(wish)).toEqual(made);
      expect(await one(change({ kind: 'setMessage', text: null }, 1))).toEqual({ kind: 'conflict', version: 2 });
      expect(await store.rows(room, 'audit', { after: 0, limit: 10 })).toHaveLength(2);
    });

    test('the history has a row for each ten seconds that somebody saw, and forgets the oldest', async () => {
      const { store, clock, room, one, reload } = await opened();
      for (let bucket = 0; bucket < 3; bucket++) {
        await one(join(`history-${bucket}`, true));
        clock.now += HISTORY_BUCKET_MS;
      }
      await one({ kind: 'tick' });
      await reload();
      const rows = await store.rows(room, 'history', { after: 0, limit: 1_000 });
      expect(rows.map(({ arrived, admitted }) => [arrived, admitted])).toEqual([
        [1, 1],
        [1, 1],
        [1, 1],
      ]);
      const [first, second] = rows;
      const key = (first?.at ?? 0) / HISTORY_BUCKET_MS;
      expect(await store.rows(room, 'history', { after: key, limit: 1 })).toEqual([second]);
      clock.now += (HISTORY_BUCKETS_MAX - 3) * HISTORY_BUCKET_MS;
      await one({ kind: 'tick' });
      clock.now += HISTORY_BUCKET_MS;
      await one({ kind: 'tick' });
      const kept = await store.rows(room, 'history', { after: 0, limit: 1_000 });
      expect(kept.map(({ at }) => at)).not.toContain(first?.at);
      expect(kept.map(({ at }) => at)).toContain(second?.at);
    });

    test('what a gateway reports counts once, however often it is told', async () => {
      const { store, clock, room } = await opened();
      const observed = { ...NOTHING_OBSERVED, refused: { noAdmission: 3 } };
      const report = { kind: 'report', gateway: 'g1', seq: 1, version: 1, observed } as const;
      for (let times = 0; times < 3; times++) await store.view(room, { endingsAfter: 0, report });
      const { live } = await store.view(room, since(0));
      expect(live.buckets.at(-1)?.refused).toEqual({ noAdmission: 3 });
      expect(live.gateways).toEqual([{ id: 'g1', seq: 1, at: clock.now, version: 1 }]);
    });

    test('rows of an unknown room are refused like everything else of it', async () => {
      const { store } = start();
      const page = { after: 0, limit: 10 };
      await expect(store.rows(`${name}-unknown`, 'audit', page)).rejects.toThrow(UnknownRoom);
    });

    test('rooms know nothing of each other', async () => {
      const first = await opened();
      await first.one(join('a', true));
      const second = await opened();
      expect((await second.store.view(second.room, since(0))).board).toMatchObject({ issued: 0, active: 0 });
    });
  });

  describe(`directory: ${name}`, () => {
    const owner = { kind: 'seed', by: OPERATOR, ownerDigest: OWNER_DIGEST } as const;
    const site = (title: string, room: string): SeedRoom['site'] => ({
      title: { ko: title, en: title },
      hosts: [`${room}.example`],
      paths: ['/book'],
      exempt: [],
      origin: 'https://origin.example',
      audience: 'urn:origin',
      timeZone: 'Asia/Seoul',
      outside: 'refuse',
      languages: ['ko', 'en'],
      template: null,
      expectedVisitors: null,
    });
    let wishes = 0;
    const wish = (wanted: DirectoryChange): DirectoryCommand => {
      wishes++;
      return { kind: 'change', id: `${name}-wish-${wishes}`, by: OPERATOR, change: wanted };
    };
    /** A directory with a room that only this test knows. */
    async function seeded() {
      const { store, clock, reloadDirectory: reload } = start();
      clock.now = Math.max(clock.now, T0);
      const room = `${name}-${++rooms}`;
      await store.directory.apply([{ ...owner, rooms: [] }]);
      const put = wish({ kind: 'putRoom', room, ifVersion: null, site: site('One', room), settings: settings() });
      const [made] = await store.directory.apply([put]);
      const at = async () => (await store.directory.view(null))?.rooms.find(({ id }) => id === room);
      return { directory: store.directory, clock, reload, room, put, made, at };
    }

    test('one that was never seeded is unknown, to apply and to view', async () => {
      const { directory } = start().store;
      await expect(directory.view(null)).rejects.toThrow(UnknownDirectory);
      await expect(directory.apply([wish({ kind: 'removeKey', key: 'nobody' })])).rejects.toThrow(UnknownDirectory);
    });

    test('the same seed again changes nothing, and a view that is known is not sent again', async () => {
      const { store, clock } = start();
      const { directory } = store;
      clock.now = Math.max(clock.now, T0);
      const seed: DirectoryCommand = {
        ...owner,
        rooms: [{ id: `${name}-seeded`, site: site('Seeded', name), settings: settings(), digest: 'first' }],
      };
      await directory.apply([seed]);
      const before = await directory.view(null);
      await directory.apply([seed]);
      expect(await directory.view(null)).toEqual(before);
      expect(await directory.view(before?.version ?? 0)).toBeNull();
    });

    test('a change is made once, on the version it was decided on, and stays after a crash', async () => {
      const { directory, room, put, made, at, reload } = await seeded();
      expect(made).toMatchObject({ kind: 'changed', version: 1 });
      await reload();
      expect(await directory.apply([put])).toEqual([made]);
      const edit = (ifVersion: number, title: string) =>
        directory.apply([wish({ kind: 'putRoom', room, ifVersion, site: site(title, room), settings: null })]);
      expect(await edit(1, 'Two')).toEqual([expect.objectContaining({ kind: 'changed', version: 2 })]);
      expect(await edit(1, 'Three')).toEqual([{ kind: 'conflict', version: 2 }]);
      await reload();
      expect(await at()).toMatchObject({ version: 2, site: { title: { en: 'Two' } } });
    });

    test('of many changes of one version at once exactly one is made', async () => {
      const { directory, room } = await seeded();
      const titles = Array.from({ length: 6 }, (_, index) => `At once ${index}`);
      const changes = titles.map((title) =>
        directory.apply([wish({ kind: 'putRoom', room, ifVersion: 1, site: site(title, room), settings: null })]),
      );
      const kinds = (await Promise.all(changes)).map(([reply]) => reply?.kind);
      expect(kinds.filter((kind) => kind === 'changed')).toHaveLength(1);
      expect(kinds.filter((kind) => kind === 'conflict')).toHaveLength(5);
    });

    test('templates are kept by number; one that was replaced is gone', async () => {
      const { directory, room, at, reload } = await seeded();
      const html = '<!doctype html><title>줄</title> {{position}} "quotes": \\ \n';
      await directory.apply([wish({ kind: 'setTemplate', room, ifVersion: 1, html })]);
      const first = (await at())?.site.template ?? 0;
      await reload();
      expect(await directory.template(first)).toBe(html);
      await directory.apply([wish({ kind: 'setTemplate', room, ifVersion: 2, html: 'second' })]);
      const second = (await at())?.site.template ?? 0;
      expect(await directory.template(first)).toBeNull();
      expect(await directory.template(second)).toBe('second');
    });

    test('its log comes in pages and is whole', async () => {
      const { directory, reload } = await seeded();
      await reload();
      const records = [];
      for (let page = await directory.rows('audit', { after: 0, limit: 2 }); page.length > 0; ) {
        records.push(...page);
        page = await directory.rows('audit', { after: page.at(-1)?.seq ?? 0, limit: 2 });
      }
      expect(faultIn(records)).toBeNull();
      expect(records.at(-1)?.hash).toBe((await directory.view(null))?.audit.hash);
    });

    test('wrong keys wait longer each time, across crashes', async () => {
      const { directory, clock, reload } = await seeded();
      clock.now += 3_600_000;
      const tryKey = () =>
        directory.apply([{ kind: 'signIn', digest: 'wrong', address: null, from: `192.0.2.${rooms}` }]);
      expect(await tryKey()).toEqual([{ kind: 'wrongKey', waitMs: 1_000 }]);
      await reload();
      clock.now += 1_000;
      expect(await tryKey()).toEqual([{ kind: 'wrongKey', waitMs: 2_000 }]);
      const right = await directory.apply([{ kind: 'signIn', digest: OWNER_DIGEST, address: null, from: 'another' }]);
      expect(right).toEqual([expect.objectContaining({ kind: 'signedIn' })]);
    });
  });
}
