// What every room store promises. Each store runs this suite by one line in its own test file.

import { describe, expect, test } from 'vitest';
import { faultIn, NO_RECORD } from '../../queue-core/audit.ts';
import type { RoomView } from '../../queue-core/board.ts';
import type { Command } from '../../queue-core/command.ts';
import type { DirectoryChange, DirectoryCommand, SeedRoom } from '../../queue-core/directory/directory-document.ts';
import { NOTHING_OBSERVED } from '../../queue-core/document/history-state.ts';
import { ENDINGS_PER_VIEW_MAX, HISTORY_BUCKET_MS, HISTORY_BUCKETS_MAX, MINUTE_MS } from '../../queue-core/limits.ts';
import { type RoomStore, UnknownDirectory, UnknownRoom } from '../../worker/store/room-store.ts';
import {
  change,
  claim,
  configure,
  epochAt,
  join,
  lease,
  numbersOf,
  OPERATOR,
  OTHER_SECRET,
  policy,
  settings,
  T0,
} from '../core/sample-rooms.ts';
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

/** A view request without a report. */
const since = (endingsAfter: number) => ({ endingsAfter, report: null });

/** A view without how it came here. */
export function withoutWay({ relayed: _, ...view }: RoomView): RoomView {
  return view;
}

export function conformance(name: string, start: () => StoreUnderTest): void {
  let rooms = 0;

  /** A new room of this test's own, open since T0. */
  async function opened(changes: Parameters<typeof settings>[0] = {}) {
    const { store, clock, reload } = start();
    const room = `${name}-${++rooms}`;
    clock.now = T0;
    await store.apply(room, [configure(settings(changes))]);
    clock.now = T0 + 1_000;
    const send = async (command: Command) => (await store.apply(room, [command]))[0];
    return { store, clock, room, send, reload: () => reload(room) };
  }

  describe(`room store: ${name}`, () => {
    test('a room that was never configured is unknown to apply and to view', async () => {
      const { store } = start();
      await expect(store.apply(`${name}-unknown`, [{ kind: 'tick' }])).rejects.toThrow(UnknownRoom);
      await expect(store.view(`${name}-unknown`, since(0))).rejects.toThrow(UnknownRoom);
    });

    test('configuring again with the same settings changes nothing, not even the secret of the draw', async () => {
      const { store, room, send } = await opened();
      await send(join('a'));
      const before = await store.view(room, since(0));
      await send(configure(settings(), 'first', OTHER_SECRET));
      expect((await store.view(room, since(0))).board).toEqual(before.board);
    });

    test('changed settings change the policy and keep every position', async () => {
      const { store, room, send } = await opened();
      await send(join('a'));
      await send(configure(settings({ newUsersPerMinute: 77 }), 'second', OTHER_SECRET));
      const { board } = await store.view(room, since(0));
      expect(board).toMatchObject({ newUsersPerMinute: 77, issued: 1, epoch: 1 });
    });

    test('a batch is applied at one moment, and its replies are in order', async () => {
      const { store, room } = await opened();
      const replies = await store.apply(room, [join('a', true), join('b', true), claim(1, 'a')]);
      expect(replies[0]).toMatchObject({ place: { number: 1 }, claim: { kind: 'admitted', admitAt: T0 + 1_000 } });
      expect(replies[1]).toMatchObject({ place: { number: 2 }, claim: { kind: 'admitted', admitAt: T0 + 1_100 } });
      expect(replies[2]).toEqual(replies[0].kind === 'joined' ? replies[0].claim : null);
    });

    test('100 concurrent joins get 100 different positions without a gap', async () => {
      const { store, room } = await opened();
      const replies = await Promise.all(
        Array.from({ length: 100 }, (_, index) => store.apply(room, [join(`${index}`)])),
      );
      const numbers = replies.map(([reply]) => (reply.kind === 'joined' ? reply.place.number : 0));
      expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    });

    test('20 concurrent claims of one position get the same session', async () => {
      const { store, room, send } = await opened();
      await send(join('a'));
      const claims = Array.from({ length: 20 }, (_, index) => ({ ...claim(1, 'a'), sid: `sid-${index}` }) as const);
      const replies = await Promise.all(claims.map((command) => store.apply(room, [command])));
      const sids = new Set(replies.map(([reply]) => (reply.kind === 'admitted' ? reply.sid : reply.kind)));
      expect(sids.size).toBe(1);
      expect((await store.view(room, since(0))).board.active).toBe(1);
    });

    test('concurrent claims never exceed the limit of active users', async () => {
      const { store, room } = await opened({ totalActiveUsers: 10, newUsersPerMinute: 60_000 });
      const joins = Array.from({ length: 64 }, (_, index) => store.apply(room, [join(`${index}`, true)]));
      const replies = (await Promise.all(joins)).map(([reply]) => reply);
      const admitted = replies.filter((reply) => reply.kind === 'joined' && reply.claim?.kind === 'admitted');
      expect(admitted).toHaveLength(10);
    });

    test('a repeated claim gets the same reply, also after a reload', async () => {
      const { send, reload } = await opened();
      await send(join('a'));
      const claimed = await send(claim(1, 'a'));
      expect(claimed.kind).toBe('admitted');
      await reload();
      expect(await send({ ...claim(1, 'a'), sid: 'another' } as Command)).toEqual(claimed);
    });

    test('concurrent leases and joins get disjoint numbers, also after a reload', async () => {
      const { store, room, reload } = await opened();
      const ask = async () => {
        const commands = Array.from({ length: 24 }, (_, index) =>
          index % 3 === 0 ? join(`${index}`) : lease(index + 1),
        );
        const replies = await Promise.all(commands.map((command) => store.apply(room, [command])));
        return replies.flatMap(([reply]) => numbersOf(reply));
      };
      const before = await ask();
      await reload();
      const numbers = [...before, ...(await ask())];
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(Math.max(...numbers)).toBeLessThanOrEqual((await store.view(room, since(0))).board.issued);
    });

    test('positions, calls, sessions, endings and the clock survive a reload', async () => {
      const { store, clock, room, send, reload } = await opened({ totalActiveUsers: 2 });
      for (const name of ['a', 'b', 'c']) await send(join(name, true));
      clock.now += 5_000;
      await send({ kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' });
      const before = await store.view(room, since(0));
      await reload();
      expect(await store.view(room, since(0))).toEqual(before);
      await reload();
      expect(await send(claim(1, 'a'))).toMatchObject({ kind: 'ended', reason: 'left' });
    });

    test('a position that a view showed as called is still called after a reload', async () => {
      const { store, clock, room, send, reload } = await opened({ newUsersPerMinute: 60 });
      for (let index = 0; index < 30; index++) await send(join(`${index}`));
      clock.now += 4_000;
      const { called } = (await store.view(room, since(0))).board;
      expect(called).toBeGreaterThan(0);
      await reload();
      expect((await store.view(room, since(0))).board.called).toBeGreaterThanOrEqual(called);
    });

    test('a clock that jumps back changes nothing in the view', async () => {
      const { store, clock, room, send } = await opened();
      await send(join('a', true));
      const before = await store.view(room, since(0));
      clock.now -= 60_000;
      expect(withoutWay(await store.view(room, since(0)))).toEqual(withoutWay(before));
    });

    test('a view lists the endings after the given number, in order, until their tokens have expired', async () => {
      const { store, clock, room, send } = await opened();
      for (const name of ['a', 'b', 'c']) await send(join(name, true));
      for (const [index, name] of ['a', 'b', 'c'].entries()) {
        clock.now += 1_000;
        await send({ kind: 'end', epoch: 1, position: index + 1, sid: `sid-${name}`, reason: 'completed' });
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

    test('a new epoch deletes the sessions of the last one, and their positions can be claimed again', async () => {
      const { clock, send } = await opened();
      await send(join('a', true));
      clock.now += 1_000;
      const schedule = { prequeueAt: null, opensAt: clock.now + 1_000, closesAt: null, beacon: null };
      await send(change({ kind: 'setSchedule', schedule, secret: OTHER_SECRET }));
      const epoch = epochAt(clock.now);
      await send(join('b'));
      clock.now += 3_000;
      expect(await send(claim(1, 'a'))).toEqual({ kind: 'refused', reason: 'wrongEpoch' });
      expect(await send(claim(1, 'b', epoch))).toMatchObject({ kind: 'admitted', position: 1 });
    });

    test('the log comes in pages, in order, with an unbroken hash chain, and is the same after a reload', async () => {
      const { store, room, send, reload } = await opened();
      for (let changes = 1; changes <= 7; changes++) {
        await send(change({ kind: 'setPolicy', policy: policy({ newUsersPerMinute: changes }) }));
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

    test('calls of the origin are obeyed once however many arrive at the same time, and what it said is rows, in pages', async () => {
      const { store, room, send, reload } = await opened();
      await send(join('a', true));
      const visit = { epoch: 1, position: 1, visitor: 'visitor-a' };
      const end = { kind: 'end', ...visit, reason: 'revoked' } as const;
      const calls = Array.from({ length: 20 }, (_, index) => {
        const call = { by: 'key', mark: { id: `call-${index % 2}`, at: T0 } };
        return store.apply(room, [
          { kind: 'lookUp', ...visit },
          { ...end, call },
        ]);
      });
      const replies = await Promise.all(calls);
      expect(new Set(replies.map(([, reply]) => JSON.stringify(reply))).size).toBe(1);
      expect(replies.filter(([found]) => found.kind === 'admitted')).toHaveLength(1);
      expect((await store.view(room, since(0))).endings).toHaveLength(1);
      for (let index = 1; index <= 18; index++) {
        await store.apply(room, [{ kind: 'reportStock', remaining: index, asOf: T0 + index, by: 'key' }]);
      }
      await reload();
      const first = await store.rows(room, 'origin', { after: 0, limit: 15 });
      const rest = await store.rows(room, 'origin', { after: 15, limit: 15 });
      expect([...first, ...rest].map(({ seq }) => seq)).toEqual(calls.map((_, index) => index + 1));
      // Two calls; what was sent again is no row.
      expect(first[1]).toMatchObject({ kind: 'revoke', by: 'key', position: 1, refused: null });
      expect(first[2]).toMatchObject({ kind: 'stock', by: 'key', remaining: 1 });
    });

    test('a repeated change is made once, and a change of an old version is a conflict', async () => {
      const { store, room, send, reload } = await opened();
      const close = change({ kind: 'close' }, 1);
      const changed = await send(close);
      expect(changed).toMatchObject({ kind: 'changed', version: 2 });
      await reload();
      expect(await send(close)).toEqual(changed);
      const late = { kind: 'conflict', version: 2, changedSeq: 2 };
      expect(await send(change({ kind: 'setMessage', text: null }, 1))).toEqual(late);
      expect(await store.rows(room, 'audit', { after: 0, limit: 10 })).toHaveLength(2);
    });

    test('the history has a row for every observed ten seconds, and drops the oldest after two days', async () => {
      const { store, clock, room, send, reload } = await opened();
      for (let bucket = 0; bucket < 3; bucket++) {
        await send(join(`history-${bucket}`, true));
        clock.now += HISTORY_BUCKET_MS;
      }
      await send({ kind: 'tick' });
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
      await send({ kind: 'tick' });
      clock.now += HISTORY_BUCKET_MS;
      await send({ kind: 'tick' });
      const remaining = await store.rows(room, 'history', { after: 0, limit: 1_000 });
      expect(remaining.map(({ at }) => at)).not.toContain(first?.at);
      expect(remaining.map(({ at }) => at)).toContain(second?.at);
    });

    test('minutes have a row each, are read in ranges, and survive a reload', async () => {
      const { store, clock, room, send, reload } = await opened();
      for (let minute = 0; minute < 3; minute++) {
        await send(join(`minute-${minute}`, true));
        clock.now += MINUTE_MS;
      }
      await send({ kind: 'tick' });
      await reload();
      const rows = await store.rows(room, 'minute', { after: 0, limit: 1_000 });
      expect(rows.map(({ arrived, admitted }) => [arrived, admitted])).toEqual([
        [1, 1],
        [1, 1],
        [1, 1],
      ]);
      const [first, second] = rows;
      const key = (first?.at ?? 0) / MINUTE_MS;
      expect(await store.rows(room, 'minute', { after: key, limit: 1 })).toEqual([second]);
    });

    test('a report that is sent three times counts once', async () => {
      const { store, clock, room } = await opened();
      const observed = { ...NOTHING_OBSERVED, refused: { noAdmission: 3 } };
      const report = { kind: 'report', gateway: 'g1', seq: 1, version: 1, observed } as const;
      for (let times = 0; times < 3; times++) await store.view(room, { endingsAfter: 0, report });
      const { live } = await store.view(room, since(0));
      expect(live.buckets.at(-1)?.refused).toEqual({ noAdmission: 3 });
      // A relay reports in its own name.
      expect(live.gateways).toMatchObject([{ at: clock.now, version: 1, gateways: 1 }]);
    });

    test('a room that was never configured is unknown to rows', async () => {
      const { store } = start();
      const page = { after: 0, limit: 10 };
      await expect(store.rows(`${name}-unknown`, 'audit', page)).rejects.toThrow(UnknownRoom);
    });

    test('rooms share no state', async () => {
      const first = await opened();
      await first.send(join('a', true));
      const second = await opened();
      expect((await second.store.view(second.room, since(0))).board).toMatchObject({ issued: 0, active: 0 });
    });
  });

  describe(`directory: ${name}`, () => {
    const owner = { kind: 'seed', by: OPERATOR, ownerKey: { prefix: 'the-owne', digest: OWNER_DIGEST } } as const;
    const site = (title: string, room: string): SeedRoom['site'] => ({
      title: { ko: title, en: title },
      hosts: [`${room}.example`],
      paths: ['/book'],
      exempt: [],
      origin: 'https://origin.example',
      originHost: 'origin',
      originAliases: [],
      originTimeoutSeconds: 30,
      audience: 'urn:origin',
      timeZone: 'Asia/Seoul',
      outside: 'refuse',
      languages: ['ko', 'en'],
      template: null,
      expectedVisitors: null,
      corsOrigins: [],
      handOff: [],
    });
    let changes = 0;
    const commandOf = (change: DirectoryChange): DirectoryCommand => {
      changes++;
      return { kind: 'change', id: `${name}-change-${changes}`, by: OPERATOR, change };
    };
    /** The directory with a new room of this test's own. */
    async function seeded() {
      const { store, clock, reloadDirectory: reload } = start();
      clock.now = Math.max(clock.now, T0);
      const room = `${name}-${++rooms}`;
      await store.directory.apply([{ ...owner, rooms: [] }]);
      const put = commandOf({ kind: 'putRoom', room, ifVersion: null, site: site('One', room), settings: settings() });
      const [putReply] = await store.directory.apply([put]);
      const stored = async () => (await store.directory.view(null))?.rooms.find(({ id }) => id === room);
      return { directory: store.directory, clock, reload, room, put, putReply, stored };
    }

    test('a directory that was never seeded is unknown to apply, view and rows', async () => {
      const { directory } = start().store;
      await expect(directory.view(null)).rejects.toThrow(UnknownDirectory);
      await expect(directory.apply([commandOf({ kind: 'removeKey', key: 'none' })])).rejects.toThrow(UnknownDirectory);
      await expect(directory.rows('audit', { after: 0, limit: 10 })).rejects.toThrow(UnknownDirectory);
    });

    test('the same seed again changes nothing, and a view of the known version is null', async () => {
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

    test('a repeated change is made once, a change of an old version is a conflict, and both survive a reload', async () => {
      const { directory, room, put, putReply, stored, reload } = await seeded();
      expect(putReply).toMatchObject({ kind: 'changed', version: 1 });
      await reload();
      expect(await directory.apply([put])).toEqual([putReply]);
      const edit = (ifVersion: number, title: string) =>
        directory.apply([commandOf({ kind: 'putRoom', room, ifVersion, site: site(title, room), settings: null })]);
      expect(await edit(1, 'Two')).toEqual([expect.objectContaining({ kind: 'changed', version: 2 })]);
      expect(await edit(1, 'Three')).toEqual([{ kind: 'conflict', version: 2 }]);
      await reload();
      expect(await stored()).toMatchObject({ version: 2, site: { title: { en: 'Two' } } });
    });

    test('of six concurrent changes of one version exactly one is made', async () => {
      const { directory, room } = await seeded();
      const titles = Array.from({ length: 6 }, (_, index) => `Title ${index}`);
      const changes = titles.map((title) =>
        directory.apply([commandOf({ kind: 'putRoom', room, ifVersion: 1, site: site(title, room), settings: null })]),
      );
      const kinds = (await Promise.all(changes)).map(([reply]) => reply?.kind);
      expect(kinds.filter((kind) => kind === 'changed')).toHaveLength(1);
      expect(kinds.filter((kind) => kind === 'conflict')).toHaveLength(5);
    });

    test('templates are stored by number, and a replaced one is deleted', async () => {
      const { directory, room, stored, reload } = await seeded();
      const html = '<!doctype html><title>줄</title> {{position}} "quotes": \\ \n';
      await directory.apply([commandOf({ kind: 'setTemplate', room, ifVersion: 1, html })]);
      const first = (await stored())?.site.template ?? 0;
      await reload();
      expect(await directory.template(first)).toBe(html);
      await directory.apply([commandOf({ kind: 'setTemplate', room, ifVersion: 2, html: 'second' })]);
      const second = (await stored())?.site.template ?? 0;
      expect(await directory.template(first)).toBeNull();
      expect(await directory.template(second)).toBe('second');
    });

    test('the log comes in pages with an unbroken hash chain', async () => {
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

    test('each wrong key doubles the wait, across reloads', async () => {
      const { directory, clock, reload } = await seeded();
      clock.now += 3_600_000;
      const signIn = (digest: string, from: string) => {
        const key = { prefix: digest.slice(0, 8), digest };
        return { kind: 'signIn', key, purpose: 'session', address: null, from } as const;
      };
      const tryKey = () => directory.apply([signIn('wrong', `192.0.2.${rooms}`)]);
      expect(await tryKey()).toEqual([{ kind: 'wrongKey', waitMs: 1_000 }]);
      await reload();
      clock.now += 1_000;
      expect(await tryKey()).toEqual([{ kind: 'wrongKey', waitMs: 2_000 }]);
      const right = await directory.apply([signIn(OWNER_DIGEST, 'another')]);
      expect(right).toEqual([expect.objectContaining({ kind: 'signedIn' })]);
    });
  });
}
