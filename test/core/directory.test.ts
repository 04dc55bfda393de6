// The directory's rooms: what seeding and operators' changes may do to them, whose routes are whose, and what bounds them.

import { beforeEach, describe, expect, test } from 'vitest';
import { faultIn } from '../../queue-core/audit.ts';
import type { DirectoryChange, SeedRoom, Site } from '../../queue-core/directory/directory-document.ts';
import { readOnlyExemption } from '../../queue-core/exemption.ts';
import { ROOMS_BYTES_MAX, ROOMS_MAX, TEMPLATE_STORED_BYTES_MAX } from '../../queue-core/limits.ts';
import { CheckedDirectory, SEED_ROOM, SITE, seed, siteAt } from './checked-directory.ts';
import { T0 } from './sample-rooms.ts';

let directory: CheckedDirectory;
beforeEach(() => {
  directory = new CheckedDirectory();
});

/** Seeds the room `demo` with edited settings. */
function seedDemo(changes: Partial<SeedRoom> = {}) {
  return directory.send(seed([{ ...SEED_ROOM, ...changes }]));
}

describe('seeding', () => {
  test('seeding the same settings twice changes neither the document nor the log', () => {
    const { document } = directory;
    const records = directory.log.length;
    seedDemo();
    expect(directory.document).toEqual(document);
    expect(directory.log).toHaveLength(records);
  });

  test('a seeded room keeps operators’ changes until its settings are edited', () => {
    directory.putRoom('demo', 1, { ...SITE, expectedVisitors: 7 });
    seedDemo();
    expect(directory.document.rooms[0]?.site.expectedVisitors).toBe(7);
    seedDemo({ digest: 'second' });
    expect(directory.document.rooms[0]).toMatchObject({ version: 3, site: { expectedVisitors: null } });
  });

  test('an archived room stays archived when its settings are edited, and refuses every change', () => {
    directory.change({ kind: 'archiveRoom', room: 'demo', ifVersion: 1 });
    const { archivedAt } = directory.document.rooms[0] ?? {};
    expect(archivedAt).toBe(T0);
    for (const digest of ['first', 'second']) {
      seedDemo({ digest });
      expect(directory.document.rooms[0]?.archivedAt).toBe(archivedAt);
    }
    const ifVersion = directory.document.rooms[0]?.version ?? 0;
    const changes: DirectoryChange[] = [
      { kind: 'putRoom', room: 'demo', ifVersion, site: SITE, settings: null },
      { kind: 'setTemplate', room: 'demo', ifVersion, html: 'mine' },
    ];
    for (const wanted of changes) {
      expect(directory.change(wanted)).toEqual({ kind: 'refused', reason: 'archived' });
    }
    expect(directory.putRoom('demo')).toEqual({ kind: 'refused', reason: 'exists' });
  });
});

describe('routes', () => {
  test('a route that one room has is refused to every other room', () => {
    const putRoom = (id: string, ifVersion: number | null, site: Site) => directory.putRoom(id, ifVersion, site);
    putRoom('second', null, siteAt('other.test', '/a', '/b'));
    const taken = { kind: 'refused', reason: 'routeTaken', route: 'other.test/b', by: 'second' };
    expect(putRoom('third', null, siteAt('other.test', '/B', '/c'))).toEqual(taken);
    expect(putRoom('demo', 1, siteAt('other.test', '/b'))).toEqual(taken);
    expect(putRoom('third', null, siteAt('other.test', '/b/'))).toEqual(taken);
    expect(putRoom('third', null, siteAt('book.test', '/'))).toMatchObject({ route: 'book.test/', by: 'demo' });
    expect(putRoom('third', null, siteAt('other.test', '/c'))).toMatchObject({ kind: 'changed' });
  });

  test('the routes of an archived room are free', () => {
    directory.change({ kind: 'archiveRoom', room: 'demo', ifVersion: 1 });
    expect(directory.putRoom('second', null, SITE)).toMatchObject({ kind: 'changed' });
  });

  test('seeding refuses a room whose route an operator gave to another room, and seeds the others', () => {
    directory.putRoom('second', null, siteAt('other.test'));
    const rooms: SeedRoom[] = [
      { ...SEED_ROOM, digest: 'edited', site: siteAt('other.test') },
      { ...SEED_ROOM, id: 'fresh', digest: 'new', site: siteAt('fresh.test') },
    ];
    const before = directory.document.rooms;
    expect(directory.send(seed(rooms))).toEqual({
      kind: 'seeded',
      refused: [{ room: 'demo', reason: 'routeTaken', route: 'other.test/', by: 'second' }],
    });
    expect(directory.document.rooms.slice(0, 2)).toEqual(before);
    expect(directory.document.rooms[2]?.id).toBe('fresh');
    expect(faultIn(directory.log)).toBeNull();
  });

  test('seeded rooms may exchange routes; a room that waits for the route of a refused one is refused as well', () => {
    const sites = [siteAt('a.test'), siteAt('b.test')];
    const seedSites = (digest: string, order: Site[]) =>
      directory.send(seed(order.map((site, index) => ({ ...SEED_ROOM, id: `room-${index}`, digest, site }))));
    seedSites('first', sites);
    expect(seedSites('swapped', sites.toReversed())).toEqual({ kind: 'seeded', refused: [] });
    directory.putRoom('operators', null, siteAt('c.test'));
    expect(seedSites('moved', [siteAt('c.test'), siteAt('b.test')])).toMatchObject({
      refused: [
        { room: 'room-0', by: 'operators' },
        { room: 'room-1', by: 'room-0' },
      ],
    });
  });
});

describe('changes of the directory', () => {
  test('a change of an older version is a conflict; a repeated one is made once', () => {
    const wanted = { kind: 'setTemplate', room: 'demo', ifVersion: 1, html: 'mine' } as const;
    const first = directory.change(wanted, 'once');
    const before = directory.document;
    expect(directory.change(wanted, 'once')).toEqual(first);
    expect(directory.change(wanted, 'twice')).toEqual({ kind: 'conflict', version: 2 });
    expect(directory.document).toEqual(before);
    expect(faultIn(directory.log)).toBeNull();
  });
});

describe('bounds of the directory', () => {
  test('the number of rooms is bounded; archived rooms count, because their ids and logs stay', () => {
    for (let index = 1; index < ROOMS_MAX; index++) {
      expect(directory.putRoom(`room-${index}`)).toMatchObject({ kind: 'changed' });
    }
    expect(directory.putRoom('one-more')).toEqual({ kind: 'refused', reason: 'full' });
    directory.change({ kind: 'archiveRoom', room: 'demo', ifVersion: 1 });
    expect(directory.putRoom('one-more')).toEqual({ kind: 'refused', reason: 'full' });
    expect(directory.document.rooms).toHaveLength(ROOMS_MAX);
  });

  test('the size of all rooms is bounded, for operators and for seeding', () => {
    const paths = Array.from({ length: 50 }, (_, index) => `/${'a'.repeat(190)}${index}`);
    const largeSite = (id: string) => ({ ...siteAt(id, ...paths), exempt: paths.map(readOnlyExemption) });
    const replies = Array.from({ length: 20 }, (_, index) => {
      return directory.putRoom(`large-${index}`, null, largeSite(`large-${index}`));
    });
    expect(replies[0]).toMatchObject({ kind: 'changed' });
    expect(replies.at(-1)).toEqual({ kind: 'refused', reason: 'full' });
    expect(directory.putRoom('demo', 1, largeSite('demo'))).toEqual({ kind: 'refused', reason: 'full' });
    const seeded = seedDemo({ id: 'large', site: largeSite('large') });
    expect(seeded).toEqual({ kind: 'seeded', refused: [{ room: 'large', reason: 'full' }] });
    expect(JSON.stringify(directory.document.rooms).length).toBeLessThanOrEqual(ROOMS_BYTES_MAX);
  });
});

test('a waiting page is bounded as it is stored, not as it was sent', () => {
  const put = (html: string) => {
    const ifVersion = directory.document.rooms[0]?.version ?? 0;
    return directory.change({ kind: 'setTemplate', room: 'demo', ifVersion, html });
  };
  const storedLength = (html: string) => new TextEncoder().encode(JSON.stringify(html)).length;
  const MIB = 1_048_576;
  for (const unit of ['<p class="a">\n', '가', '\u0001', '"', '\\', '\u2028', '<b>x</b>']) {
    const html = unit.repeat(Math.floor(MIB / new TextEncoder().encode(unit).length));
    const fits = storedLength(html) <= TEMPLATE_STORED_BYTES_MAX;
    expect([unit, put(html).kind]).toEqual([unit, fits ? 'changed' : 'refused']);
  }
  expect(put('\u0001'.repeat(MIB))).toEqual({ kind: 'refused', reason: 'tooLarge' });
  for (const row of directory.tables.template.values()) {
    expect(storedLength(row.html)).toBeLessThanOrEqual(TEMPLATE_STORED_BYTES_MAX);
  }
});
