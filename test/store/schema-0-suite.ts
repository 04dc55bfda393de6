// Opens what the version before schema versions stored (test/fixtures/schema-0/) and shows that nothing of it is lost, on any
// store: the board, every visitor's place or session, the log, the history, the directory.

import { beforeAll, describe, expect, test } from 'vitest';
import { faultIn } from '../../queue-core/audit.ts';
import type { Command } from '../../queue-core/command.ts';
import { SCHEMA_VERSION } from '../../queue-core/schema-version.ts';
import { join, lease } from '../core/sample-rooms.ts';
import type { StoreUnderTest } from './conformance.ts';
import type { StoredLedger } from './stored-text.ts';

export interface StoredVisitor {
  room: string;
  /** What the room knew of the visitor. */
  state:
    | 'entered'
    | 'waiting'
    | 'called'
    | 'standby'
    | 'admitted'
    | 'left'
    | 'completed'
    | 'revoked'
    | 'expired'
    | 'lapsed';
  /** As in the queue token. */
  place: { kind: 'entry' | 'position'; number: number };
  /** After the draw; null in a room that has not opened. */
  position: number | null;
  visitor: string;
  sid: string | null;
}

export interface Schema0 {
  ledgers: Record<'room:demo' | 'room:later' | 'directory', StoredLedger>;
  visitors: { redis: StoredVisitor[]; embedded: (StoredVisitor & { queueToken: string })[] };
}

/** The document's time and half a second. */
const NOW = 1_795_662_287_885;
const EPOCH = 1_795_662_190;

const NO_ENDINGS_SEEN = { endingsAfter: 0, report: null };
const ALL = { after: 0, limit: 1_000 };

/** @param start a store that holds the fixture's ledgers and nothing else */
export function opensSchema0(name: string, fixture: Schema0, start: () => Promise<StoreUnderTest>): void {
  // In this order, on one store.
  describe(`state without a schema version: ${name}`, () => {
    let opened: Awaited<ReturnType<typeof start>>;
    beforeAll(async () => {
      opened = await start();
      opened.clock.now = NOW;
    });
    const send = async (command: Command, room = 'demo') => (await opened.store.apply(room, [command]))[0];
    const rowsOf = (ledger: keyof Schema0['ledgers'], table: string) =>
      fixture.ledgers[ledger].rows.filter((row) => row.table === table).map(({ json }) => JSON.parse(json));

    test('the board has the numbers that the old version showed', async () => {
      const { draw } = JSON.parse(fixture.ledgers['room:demo'].document);
      const { board, policy, live } = await opened.store.view('demo', NO_ENDINGS_SEEN);
      expect(board).toMatchObject({
        ...{ room: 'demo', epoch: EPOCH, state: 'open', entries: 30, issued: 45, called: 30, active: 18 },
        ...{
          newUsersPerMinute: 300,
          message: { text: { en: 'Everybody enters in order.' } },
          stock: { remaining: 120 },
        },
        draw: { commitment: draw.commitment, proof: { entries: 30, seed: draw.seed } },
      });
      expect(policy).toMatchObject({ totalActiveUsers: 18, sessionMs: 1_800_000, claimWindowMs: 300_000 });
      expect(live.version).toBe(11);
    });

    test.each(fixture.visitors.redis.filter(({ room }) => room === 'demo'))(
      'position $position is still $state',
      async ({ state, position, visitor, sid }) => {
        const claim = { kind: 'claim', epoch: EPOCH, position: position ?? 0, visitor, sid: 'another-sid' } as const;
        const reply = await send(claim);
        switch (state) {
          case 'admitted':
            expect(reply).toMatchObject({ kind: 'admitted', position, sid });
            expect(await send({ kind: 'renew', epoch: EPOCH, position: position ?? 0, sid: sid ?? '' })).toEqual(reply);
            expect(await send({ ...claim, visitor: 'another-visitor' })).toEqual({
              kind: 'refused',
              reason: 'foreignPosition',
            });
            return;
          case 'waiting':
            expect(reply).toEqual({ kind: 'waiting', ahead: (position ?? 0) - 31 });
            return;
          case 'called':
          case 'standby':
            // Every place is taken; both keep their turn.
            expect(reply).toMatchObject({ kind: 'standby' });
            return;
          case 'lapsed':
            expect(reply).toEqual({ kind: 'lapsed' });
            return;
          default:
            expect(reply).toMatchObject({ kind: 'ended', reason: state });
        }
      },
    );

    test('the next commit writes the present schema version and keeps every number', async () => {
      const before = await opened.store.view('demo', NO_ENDINGS_SEEN);
      expect(await send(join('new'))).toMatchObject({ place: { kind: 'position', number: 46 } });
      expect(await send(lease(2))).toMatchObject({ places: 'position', first: 47, count: 2 });
      const text = await opened.stored.document('room:demo');
      expect(JSON.parse(text ?? '').schemaVersion).toBe(SCHEMA_VERSION);
      await opened.reload('demo');
      const { board } = await opened.store.view('demo', NO_ENDINGS_SEEN);
      expect(board).toEqual({ ...before.board, issued: 48 });
    });

    test('a free place goes to the visitor on standby', async () => {
      const [first] = fixture.visitors.redis.filter(({ state }) => state === 'admitted');
      const [standby] = fixture.visitors.redis.filter(({ state }) => state === 'standby');
      const { position, sid } = first ?? {};
      const leave = { kind: 'end', epoch: EPOCH, position: position ?? 0, sid: sid ?? '', reason: 'left' } as const;
      expect(await send(leave)).toMatchObject({ kind: 'ended', reason: 'left' });
      const claim = { kind: 'claim', epoch: EPOCH, position: 29, visitor: standby?.visitor ?? '', sid: 's29' } as const;
      expect(await send(claim)).toMatchObject({ kind: 'admitted', position: 29, sid: 's29' });
      expect(await send({ ...claim, sid: 's29-again' })).toMatchObject({ kind: 'admitted', sid: 's29' });
    });

    test('the early endings are listed, and the next one follows them', async () => {
      const sids = rowsOf('room:demo', 'ending').map(({ sid }) => sid);
      expect(sids).toHaveLength(5);
      const { endings } = await opened.store.view('demo', NO_ENDINGS_SEEN);
      expect(endings.slice(0, 5).map(({ sid }) => sid)).toEqual(sids);
      expect(endings.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    });

    test('the log is whole and goes on', async () => {
      const log = await opened.store.rows('demo', 'audit', ALL);
      expect(log.map(({ hash }) => hash)).toEqual(rowsOf('room:demo', 'audit').map(({ hash }) => hash));
      const by = { id: 'k', name: 'Night shift', role: 'operator', address: null } as const;
      await send({ kind: 'change', id: 'pause', by, ifVersion: 11, change: { kind: 'setFlow', flow: 'paused' } });
      await send({ kind: 'change', id: 'run', by, ifVersion: 12, change: { kind: 'setFlow', flow: 'running' } });
      const longer = await opened.store.rows('demo', 'audit', ALL);
      expect(longer).toHaveLength(18);
      expect(longer.slice(0, 16)).toEqual(log);
      expect(faultIn(longer)).toBeNull();
      expect((await opened.store.view('demo', NO_ENDINGS_SEEN)).live.audit.hash).toBe(longer.at(-1)?.hash);
    });

    test('the history is there', async () => {
      const history = await opened.store.rows('demo', 'history', ALL);
      const counts = ({ at, arrived, called, admitted, lapsed }: Record<string, number>) => [
        at,
        arrived,
        called,
        admitted,
        lapsed,
      ];
      expect(history.map((row) => counts({ ...row } as never))).toEqual(rowsOf('room:demo', 'history').map(counts));
    });

    test('a room before its opening keeps its entries', async () => {
      expect((await opened.store.view('later', NO_ENDINGS_SEEN)).board).toMatchObject({
        ...{ room: 'later', state: 'prequeue', entries: 5, opensAt: '2040-05-04T09:00:00.000Z' },
      });
      expect(await send(join('later'), 'later')).toMatchObject({ place: { kind: 'entry', number: 6 } });
    });

    test('the directory has its rooms, keys, waiting page and log', async () => {
      const { directory } = opened.store;
      const view = await directory.view(null);
      expect(view?.rooms.map(({ id, version }) => [id, version])).toEqual([
        ['demo', 2],
        ['later', 1],
      ]);
      expect(view?.keys.map(({ name, role }) => [name, role])).toEqual([
        ['owner', 'owner'],
        ['Night shift', 'operator'],
        ['Guest', 'viewer'],
      ]);
      expect(await directory.template(view?.rooms[0]?.site.template ?? 0)).toContain('Fixture waiting page');
      expect(view?.endedSignIns).toHaveLength(1);
      const log = await directory.rows('audit', ALL);
      expect(log).toHaveLength(12);
      expect(faultIn(log)).toBeNull();
      expect(log.at(-1)?.hash).toBe(view?.audit.hash);
    });
  });
}
