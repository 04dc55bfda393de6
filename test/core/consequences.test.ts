// What a schedule, a new room or another site does to people at once: found by the core, and made only where the command names it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { viewOf } from '../../queue-core/board.ts';
import type { Command } from '../../queue-core/command.ts';
import { type Confirmation, consequencesOf } from '../../queue-core/consequences.ts';
import { routeTaken, takenFrom } from '../../queue-core/directory/taken-routes.ts';
import { presentOpening } from '../../queue-core/opening.ts';
import { readPath } from '../../queue-core/paths.ts';
import { epochMs } from '../../queue-core/time.ts';
import { routeTo } from '../../worker/http/request-target.ts';
import type { RoomConfig } from '../../worker/settings.ts';
import { CheckedDirectory, SITE, siteAt } from './checked-directory.ts';
import { CheckedRoom } from './checked-room.ts';
import { change, claim, configure, epochAt, join, OTHER_SECRET, settings, T0 } from './sample-rooms.ts';

/** With two entries, before its opening. */
function waiting(): CheckedRoom {
  const room = new CheckedRoom();
  room.send(T0, configure(settings({}, { opensInMs: 600_000 })));
  for (const name of ['a', 'b']) room.send(T0 + 1_000, join(name));
  return room;
}

/** One inside, two in line. */
function opened(): CheckedRoom {
  const room = new CheckedRoom();
  room.send(T0, configure(settings({ totalActiveUsers: 1 })));
  for (const name of ['inside', 'second', 'third']) room.send(T0 + 1_000, join(name, true));
  return room;
}

function scheduled(opensAt: number, closesAt: number | null = null, confirm: Confirmation = {}): Command {
  const schedule = { prequeueAt: null, opensAt, closesAt, beacon: null };
  return { ...change({ kind: 'setSchedule', schedule, secret: OTHER_SECRET }), confirm };
}

const NOTHING = { opensNow: null, closesNow: null, endsPlaces: null };

describe('a change that says nothing of its consequences', () => {
  test('opens no room at once, whether the time was typed wrong or not', () => {
    const room = waiting();
    const before = room.document;
    const consequences = { ...NOTHING, opensNow: { entries: 2 } };
    expect(room.send(T0 + 2_000, scheduled(T0 - 43_200_000))).toEqual({ kind: 'unconfirmed', consequences });
    const openNow = { ...change({ kind: 'openNow', secret: OTHER_SECRET }), confirm: {} };
    expect(room.send(T0 + 2_000, openNow)).toEqual({ kind: 'unconfirmed', consequences });
    expect(room.document.changes).toEqual(before.changes);
    expect(room.document.draw).toEqual(before.draw);
    expect(room.send(T0 + 2_000, scheduled(T0 - 43_200_000, null, { opensNow: true }))).toMatchObject({
      kind: 'changed',
    });
    expect(room.document.draw.entries).toBe(2);
  });

  test('ends nobody’s place, and closes no room at once', () => {
    const room = opened();
    const people = { waiting: 2, active: 1 };
    const { epoch, config } = room.document;
    expect(room.send(T0 + 2_000, scheduled(T0 + 60_000))).toEqual({
      kind: 'unconfirmed',
      consequences: { ...NOTHING, endsPlaces: people },
    });
    expect(room.send(T0 + 2_000, scheduled(config.schedule.opensAt, T0 + 2_000))).toEqual({
      kind: 'unconfirmed',
      consequences: { ...NOTHING, closesNow: people },
    });
    expect(room.document).toMatchObject({ epoch, line: { issued: 3 }, sessions: { active: 1 } });
  });

  test('is made where it has none: it moves an opening that is ahead, or the closing', () => {
    const early = waiting();
    expect(early.send(T0 + 2_000, scheduled(T0 + 300_000))).toMatchObject({ kind: 'changed' });
    const open = opened();
    const { opensAt } = open.document.config.schedule;
    expect(open.send(T0 + 2_000, scheduled(opensAt, T0 + 60_000))).toMatchObject({ kind: 'changed' });
  });
});

test('no schedule opens, closes or begins another opening unless all that it does was named, and the view foretells it', () => {
  const time = fc.integer({ min: -10, max: 10 }).map((minutes) => T0 + minutes * 60_000);
  const flag = fc.constantFrom(true as const, undefined);
  const confirmation = fc.record({ opensNow: flag, closesNow: flag, endsPlaces: flag });
  const start = fc.constantFrom('waiting', 'opened', 'closed', 'cancelled');
  fc.assert(
    fc.property(start, time, fc.option(time), confirmation, (state, opensAt, closes, confirm) => {
      const room = state === 'waiting' || state === 'cancelled' ? waiting() : opened();
      if (state === 'closed') room.send(T0 + 2_000, change({ kind: 'close' }));
      if (state === 'cancelled') room.send(T0 + 2_000, change({ kind: 'cancelOpening' }));
      const now = T0 + 3_000;
      const closesAt = closes !== null && closes > opensAt ? closes : null;
      const foretold = consequencesOf(viewOf(room.document, [], now).live.opening, { opensAt, closesAt }, now);
      const before = room.document;
      const reply = room.send(now, scheduled(opensAt, closesAt, confirm));
      const after = room.document;
      const isNamed = (['opensNow', 'closesNow', 'endsPlaces'] as const).every(
        (name) => foretold[name] === null || confirm[name] === true,
      );
      expect(reply.kind === 'unconfirmed').toBe(!isNamed);
      if (reply.kind === 'unconfirmed') {
        expect(reply.consequences).toEqual(foretold);
        expect([after.epoch, after.config, after.draw]).toEqual([before.epoch, before.config, before.draw]);
        return;
      }
      // What the room is like then is what had been foretold.
      room.send(now + 3_000, { kind: 'tick' });
      const later = viewOf(room.document, [], now + 3_000).board;
      expect(after.epoch !== before.epoch).toBe(foretold.endsPlaces !== null);
      const wasOpen = before.draw.entries !== null && after.epoch === before.epoch;
      expect(room.document.draw.entries !== null && !wasOpen).toBe(foretold.opensNow !== null);
      if (foretold.closesNow !== null) expect(later.state).toBe('closed');
    }),
  );
});

describe('an opening that is cancelled', () => {
  test('closes the room, keeps every entry for another opening, and is told with the time that visitors knew', () => {
    const room = waiting();
    const { commitment } = room.document.draw;
    expect(room.send(T0 + 2_000, change({ kind: 'cancelOpening' }))).toMatchObject({ kind: 'changed' });
    const board = () => viewOf(room.document, [], room.document.at).board;
    expect(board()).toMatchObject({ state: 'closed', moved: { was: board().opensAt } });
    expect(room.send(T0 + 3_000, join('c'))).toEqual({ kind: 'refused', reason: 'closed' });
    // The time at which it would have opened passes.
    room.send(T0 + 700_000, { kind: 'tick' });
    expect(room.document.draw.entries).toBeNull();
    expect(room.send(T0 + 800_000, scheduled(T0 + 900_000))).toMatchObject({ kind: 'changed' });
    expect(room.document).toMatchObject({
      epoch: 1,
      line: { entries: 2 },
      draw: { commitment },
      config: { closed: false },
    });
    expect(epochMs(board().moved?.was ?? '')).toBe(T0 + 600_000);
    room.send(T0 + 900_000, { kind: 'tick' });
    expect(room.document.draw.entries).toBe(2);
    expect(board().moved).toBeNull();
  });

  test('is refused once it has come, and a second time', () => {
    const room = opened();
    expect(room.send(T0 + 2_000, change({ kind: 'cancelOpening' }))).toEqual({
      kind: 'refused',
      reason: 'alreadyOpen',
    });
    const early = waiting();
    early.send(T0 + 2_000, change({ kind: 'cancelOpening' }));
    expect(early.send(T0 + 3_000, change({ kind: 'cancelOpening' }))).toEqual({
      kind: 'refused',
      reason: 'alreadyClosed',
    });
  });

  test('is what closing a room before its opening does', () => {
    const room = waiting();
    room.send(T0 + 2_000, change({ kind: 'close' }));
    room.send(T0 + 3_000, scheduled(T0 + 600_000));
    expect(room.document).toMatchObject({ epoch: 1, line: { entries: 2 }, config: { closed: false, moved: null } });
  });
});

describe('a moved opening', () => {
  const movedOf = (room: CheckedRoom) => room.document.config.moved;

  test('is told with the time before it, until the room opens', () => {
    const room = waiting();
    room.send(T0 + 2_000, scheduled(T0 + 900_000));
    expect(movedOf(room)).toEqual({ was: T0 + 600_000, at: T0 + 2_000 });
    // Another closing moves no opening.
    room.send(T0 + 3_000, scheduled(T0 + 900_000, T0 + 3_600_000));
    expect(movedOf(room)).toEqual({ was: T0 + 600_000, at: T0 + 2_000 });
    room.send(T0 + 4_000, scheduled(T0 + 600_000));
    expect(movedOf(room)).toEqual({ was: T0 + 900_000, at: T0 + 4_000 });
  });

  test('of a room that began closed was never announced: nothing is told', () => {
    const room = new CheckedRoom();
    room.send(T0, configure({ ...settings({}, { opensInMs: 600_000 }), closed: true }));
    expect(room.send(T0 + 1_000, join('a'))).toEqual({ kind: 'refused', reason: 'closed' });
    expect(room.send(T0 + 2_000, scheduled(T0 + 900_000))).toMatchObject({ kind: 'changed' });
    expect(movedOf(room)).toBeNull();
    expect(room.send(T0 + 3_000, join('a'))).toMatchObject({ kind: 'joined' });
    expect(room.document.epoch).toBe(1);
  });

  test('is forgotten by the next round', () => {
    const room = waiting();
    room.send(T0 + 2_000, scheduled(T0 + 900_000));
    room.send(T0 + 900_000, { kind: 'tick' });
    room.send(T0 + 901_000, change({ kind: 'close' }));
    room.send(T0 + 902_000, scheduled(T0 + 1_900_000, null, { endsPlaces: true }));
    expect(room.document).toMatchObject({ epoch: epochAt(T0 + 902_000), config: { moved: null } });
    expect(presentOpening(room.document, T0 + 903_000)).toMatchObject({ hasOpened: false, waiting: 0, active: 0 });
  });
});

test('who is called and not inside waits, too', () => {
  const room = opened();
  room.send(T0 + 2_000, claim(2, 'second'));
  expect(presentOpening(room.document, T0 + 2_000)).toMatchObject({ waiting: 2, active: 1 });
});

describe('addresses that a room takes from another', () => {
  const rooms = (...sites: [string, ReturnType<typeof siteAt>][]) => sites.map(([id, site]) => ({ id, site }));

  test.each([
    ['a path below another room’s', siteAt('book.test', '/event'), [{ room: 'demo', routes: ['book.test/event'] }]],
    [
      'a host that a room for every host had',
      siteAt('other.test'),
      [{ room: 'all', routes: ['other.test/', 'other.test/sale'] }],
    ],
    ['a path that nobody has', siteAt('shop.test', '/free'), []],
    ['the inner of two', siteAt('book.test', '/in/deep'), [{ room: 'inner', routes: ['book.test/in/deep'] }]],
  ])('%s', (_, site, expected) => {
    const present = rooms(
      ['demo', siteAt('book.test')],
      ['inner', siteAt('book.test', '/in')],
      ['all', siteAt('*', '/', '/sale')],
      ['shop', siteAt('shop.test', '/cart')],
      ['everywhere', siteAt('nowhere.test')],
    ).filter(({ id }) => !(expected.length === 0 && id === 'all'));
    expect(takenFrom(present, { id: 'new', site })).toEqual(expected);
  });

  test('are exactly those that lead to the new room, and led to another one', () => {
    const host = fc.constantFrom('a.test', 'b.test', '*');
    const path = fc.constantFrom('/', '/x', '/x/y', '/X/z', '/w');
    const site = fc
      .tuple(fc.uniqueArray(host, { minLength: 1 }), fc.uniqueArray(path, { minLength: 1 }))
      .map(([hosts, paths]) => ({ ...SITE, hosts, paths }));
    fc.assert(
      fc.property(fc.array(site, { maxLength: 3 }), site, (sites, added) => {
        const present: { id: string; site: typeof SITE }[] = [];
        for (const [index, one] of sites.entries()) {
          const room = { id: `room-${index}`, site: one };
          if (routeTaken(present, room) === null) present.push(room);
        }
        const wanted = { id: 'new', site: added };
        fc.pre(routeTaken(present, wanted) === null);
        const leads = (all: typeof present, at: string, to: string) => {
          const read = readPath(to);
          if (read.kind !== 'path') throw new Error(to);
          const routed = routeTo(
            all.map(
              ({ id, site: { hosts, paths, outside } }) => ({ id, hosts, paths, outside }) as unknown as RoomConfig,
            ),
            { host: at, read: read.path },
          );
          return routed.kind === 'room' ? routed.room.id : null;
        };
        const found = new Set<string>();
        for (const at of ['a.test', 'b.test', 'c.test']) {
          for (const to of ['/', '/x', '/x/y', '/x/z', '/w', '/other']) {
            const before = leads(present, at, to);
            if (before !== null && leads([...present, wanted], at, to) === 'new') found.add(before);
          }
        }
        expect(
          takenFrom(present, wanted)
            .map(({ room }) => room)
            .toSorted(),
        ).toEqual([...found].toSorted());
      }),
    );
  });

  test('are not taken unless the rooms are named; those that a room has already need no name', () => {
    const directory = new CheckedDirectory();
    const put = (ifVersion: number | null, paths: string[], takesFrom: string[]) =>
      directory.change({
        ...{ kind: 'putRoom', room: 'event', ifVersion, site: siteAt('book.test', ...paths) },
        ...{ settings: settings({}, { opensAt: T0 + 60_000 }), confirm: { takesFrom } },
      });
    const consequences = { opensNow: false, takesFrom: [{ room: 'demo', routes: ['book.test/event'] }] };
    expect(put(null, ['/event'], [])).toEqual({ kind: 'unconfirmed', consequences });
    expect(directory.document.rooms).toHaveLength(1);
    expect(put(null, ['/event'], ['demo'])).toMatchObject({ kind: 'changed' });
    expect(put(1, ['/event', '/event/late'], [])).toMatchObject({ kind: 'unconfirmed' });
    directory.putRoom('event', 1, { ...siteAt('book.test', '/event'), expectedVisitors: 7 });
    expect(put(2, ['/event'], [])).toMatchObject({ kind: 'changed' });
  });

  test('a new room that opens at once says so, or begins closed', () => {
    const directory = new CheckedDirectory();
    const put = (room: string, more: object, confirm = {}) =>
      directory.change({
        ...{ kind: 'putRoom', room, ifVersion: null, site: siteAt(`${room}.test`), confirm },
        settings: { ...settings({}, { opensAt: T0 - 1 }), ...more },
      });
    expect(put('late', {})).toEqual({ kind: 'unconfirmed', consequences: { opensNow: true, takesFrom: [] } });
    expect(put('late', { closed: true })).toMatchObject({ kind: 'changed' });
    expect(put('now', {}, { opensNow: true })).toMatchObject({ kind: 'changed' });
  });
});

describe('kept messages', () => {
  const keep = (directory: CheckedDirectory, id: string, text = id) =>
    directory.change({ kind: 'keepMessage', message: { id, text: { ko: text, en: text } } });

  test('are kept once each, up to their bound, and recorded', () => {
    const directory = new CheckedDirectory();
    expect(keep(directory, 'a')).toMatchObject({ kind: 'changed' });
    expect(keep(directory, 'b', 'a')).toMatchObject({ kind: 'unchanged' });
    for (let index = 1; index < 20; index++) expect(keep(directory, `m-${index}`)).toMatchObject({ kind: 'changed' });
    expect(keep(directory, 'one-more')).toEqual({ kind: 'refused', reason: 'full' });
    expect(directory.change({ kind: 'dropMessage', message: 'a' })).toMatchObject({ kind: 'changed' });
    expect(directory.change({ kind: 'dropMessage', message: 'a' })).toEqual({
      kind: 'refused',
      reason: 'unknownMessage',
    });
    expect(directory.log.at(-1)).toMatchObject({ action: 'dropMessage', from: { id: 'a' }, to: null });
  });
});

test('a room with the waiting page of another keeps it when that one gets another page', () => {
  const directory = new CheckedDirectory();
  directory.change({ kind: 'setTemplate', room: 'demo', ifVersion: 1, html: '<p>first</p>' });
  directory.change({
    ...{ kind: 'putRoom', room: 'copy', ifVersion: null, site: siteAt('copy.test'), pageOf: 'demo' },
    settings: settings({}, { opensAt: T0 + 60_000 }),
  });
  const pageOf = (id: string) => {
    const template = directory.document.rooms.find((room) => room.id === id)?.site.template ?? 0;
    return directory.tables.template.get(template)?.html;
  };
  expect(pageOf('copy')).toBe('<p>first</p>');
  directory.change({ kind: 'setTemplate', room: 'demo', ifVersion: 2, html: '<p>second</p>' });
  expect([pageOf('demo'), pageOf('copy')]).toEqual(['<p>second</p>', '<p>first</p>']);
  directory.change({ kind: 'setTemplate', room: 'copy', ifVersion: 1, html: null });
  expect(directory.tables.template.size).toBe(1);
});
