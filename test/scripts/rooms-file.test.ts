// `npm run rooms` as a person who keeps rooms in a file uses it: against a gateway in workerd, by the command itself; and its plan as a
// law over any rooms.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDone, type PresentRoom, planOf as planAt } from '../../scripts/rooms/room-plan.ts';
import { roomsOf } from '../../scripts/rooms/rooms-file.ts';
import { OPERATOR_KEY, type Running, startFairgate } from '../running-gateway.ts';

const COMMAND = resolve(import.meta.dirname, '../../scripts/plan-rooms.ts');
const folder = mkdtempSync(join(tmpdir(), 'fairgate-rooms-'));

const ROOM = {
  id: 'booking',
  title: { ko: '예약', en: 'Booking' },
  hosts: ['booking.example'],
  paths: ['/book'],
  origin: 'https://origin.booking.example',
  schedule: { opensAt: '2030-03-02T20:00:00+09:00' },
  policy: { newUsersPerMinute: 600, totalActiveUsers: 3_000, sessionMinutes: 10 },
};

const NOW = Date.parse('2029-01-01T00:00:00Z');
const planOf = (wanted: Parameters<typeof planAt>[0], present: PresentRoom[]) => planAt(wanted, present, NOW);

const detailOf = (json: unknown): PresentRoom => {
  const [room] = roomsOf([json]);
  const state = { epoch: 1, state: 'prequeue', flow: 'running', message: null, hasTemplate: false, archivedAt: null };
  const people = { hasOpened: false, waiting: 40, active: 2 };
  return { ...room, ...state, ...people, etag: '"1"' } as unknown as PresentRoom;
};

describe('the plan of a file', () => {
  const changed = fc.record(
    {
      paths: fc.constantFrom(['/book'], ['/reserve']),
      timeZone: fc.constantFrom('Asia/Seoul', 'Europe/Berlin'),
      schedule: fc.constantFrom({ opensAt: '2030-03-02T11:00:00Z' }, { opensAt: '2030-03-03T11:00:00Z' }),
      policy: fc.record({
        newUsersPerMinute: fc.constantFrom(600, 700),
        totalActiveUsers: fc.constant(3_000),
        sessionMinutes: fc.constant(10),
        health: fc.constantFrom({}, { mode: 'find' }),
        stock: fc.constantFrom({}, { peoplePercent: null }),
      }),
    },
    { requiredKeys: [] },
  );

  it('is empty exactly where the gateway has what the file says, however both are spelled', () => {
    fc.assert(
      fc.property(changed, changed, (file, present) => {
        const wanted = roomsOf([{ ...ROOM, ...file }]);
        const there = detailOf({ ...ROOM, ...present });
        const isSame = (of: object) => JSON.stringify(detailOf({ ...ROOM, ...of }), momentsAlike);
        expect(isDone(planOf(wanted, [there]))).toBe(isSame(file) === isSame(present));
      }),
    );
  });

  it('says what a schedule does to how many people, by the same rule as the room', () => {
    const planned = (opensAt: string, there: Partial<PresentRoom>, closesAt: string | null = null) => {
      const [plan] = planOf(roomsOf([{ ...ROOM, schedule: { opensAt, closesAt } }]), [
        { ...detailOf(ROOM), ...there },
      ]).rooms;
      return plan?.kind === 'change' ? plan.consequences : null;
    };
    const [later, past] = ['2031-01-01T00:00:00Z', '2028-01-01T00:00:00Z'];
    const nothing = { opensNow: null, closesNow: null, endsPlaces: null, takesFrom: [] };
    const people = { waiting: 40, active: 2 };
    expect(planned(later, {})).toEqual(nothing);
    expect(planned(past, {})).toEqual({ ...nothing, opensNow: { entries: 40 } });
    for (const state of ['drawing', 'open', 'paused', 'soldOut', 'closed'] as const) {
      expect(planned(later, { state, hasOpened: true })).toEqual({ ...nothing, endsPlaces: people });
    }
    expect(planned(later, { state: 'closed' })).toEqual(nothing);
    const running = {
      state: 'open',
      hasOpened: true,
      schedule: { prequeueAt: null, opensAt: past, closesAt: null },
    } as const;
    expect(planned(past, running, '2028-06-01T00:00:00Z')).toEqual({ ...nothing, closesNow: people });
  });

  it('says what a room takes from those that are there, and from those that come with the file', () => {
    const [outer, inner] = [
      detailOf({ ...ROOM, id: 'outer', paths: ['/'] }),
      { ...ROOM, id: 'inner', paths: ['/book/late'] },
    ];
    const takes = (file: object[], present: PresentRoom[]) =>
      planOf(roomsOf(file), present).rooms.map((plan) =>
        plan.kind === 'create' || plan.kind === 'change' ? plan.consequences.takesFrom : [],
      );
    expect(takes([ROOM], [outer])).toMatchObject([[{ room: 'outer', routes: ['booking.example/book'], waiting: 40 }]]);
    expect(takes([ROOM, inner], [outer])).toMatchObject([
      [{ room: 'outer' }],
      expect.arrayContaining([expect.objectContaining({ room: 'booking', routes: ['booking.example/book/late'] })]),
    ]);
    expect(takes([ROOM], [{ ...outer, archivedAt: '2028-01-01T00:00:00Z' }])).toEqual([[]]);
  });

  it.each([
    [{}, /list of rooms/],
    [[{ ...ROOM, id: undefined }], /Room 1, id: is missing\./],
    [
      [{ ...ROOM, policy: { ...ROOM.policy, sessionMinutes: 99 } }],
      /Room "booking", policy\.sessionMinutes: must be at most 30\./,
    ],
    [[{ ...ROOM, host: ['x'] }], /Room "booking", site: has no "host": check the spelling\./],
    [[{ ...ROOM, schedule: { opensAt: '+50s' } }], /schedule\.opensAt: "\+50s" counts from a start/],
    [[ROOM, ROOM], /"booking" is in the file twice/],
  ])('is not made of a file with a mistake: %j', (json, said) => {
    expect(() => roomsOf(json)).toThrow(said);
  });
});

function momentsAlike(_name: string, value: unknown): unknown {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : value;
}

describe('npm run rooms', () => {
  let fairgate: Running;
  beforeAll(async () => {
    fairgate = await startFairgate();
  });
  afterAll(async () => {
    await fairgate?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function rooms(
    action: string,
    json: unknown,
    ...more: string[]
  ): Promise<{ code: number | null; text: string }> {
    const file = join(folder, 'rooms.json');
    writeFileSync(file, JSON.stringify(json));
    const env = { ...process.env, OPERATOR_KEY };
    const child = spawn(process.execPath, [COMMAND, action, file, '--url', fairgate.url, ...more], { env });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
    const code = await new Promise<number | null>((ended) => child.on('close', ended));
    return { code, text };
  }

  it('shows, applies, and changes nothing the second time; rooms that the file does not have are left alone', async () => {
    const planned = await rooms('plan', [ROOM]);
    expect(planned.text).toContain('+ booking: a new room for booking.example/book');
    expect(planned.text).toContain('Not in the file, and left alone: demo.');
    expect(planned.code).toBe(1);
    // The demo room is there for every host.
    expect(planned.text).toMatch(/! It takes booking\.example\/book from demo, where \d+ (person|people) are now\./);
    expect((await rooms('apply', [ROOM], '--yes')).text).toContain('or give --take-addresses.');
    const asked = await rooms('apply', [ROOM], '--take-addresses');
    expect(asked.text).toContain('Not applied: nobody can be asked here. Give --yes.');
    expect(await rooms('apply', [ROOM], '--yes', '--take-addresses')).toMatchObject({
      code: 0,
      text: expect.stringContaining('Applied'),
    });
    expect(await rooms('apply', [ROOM], '--yes')).toMatchObject({
      code: 0,
      text: expect.stringContaining('= booking'),
    });

    const policy = { ...ROOM.policy, newUsersPerMinute: 900, health: { mode: 'find' } };
    const changed = [
      { ...ROOM, paths: ['/book', '/reserve'], policy, schedule: { opensAt: '2030-03-03T20:00:00+09:00' } },
    ];
    const { text } = await rooms('plan', changed);
    expect(text).toContain('site.paths: ["/book"] -> ["/book","/reserve"]');
    expect(text).toContain('policy.newUsersPerMinute: 600 -> 900');
    expect(text).toContain('policy.health.mode: "protect" -> "find"');
    expect(text).toContain('schedule.opensAt:');
    expect((await rooms('apply', changed, '--yes', '--take-addresses')).code).toBe(0);
    expect((await rooms('plan', changed)).code).toBe(0);
  });

  it('ends no places by itself: another opening of a room that has opened needs its own word', async () => {
    const demo = {
      id: 'demo',
      title: { ko: '백신 사전예약', en: 'Vaccine pre-registration' },
      hosts: ['*'],
      audience: 'urn:fairgate:origin:demo',
      origin: fairgate.origin.url,
      schedule: { opensAt: '2030-01-01T00:00:00Z' },
      policy: { newUsersPerMinute: 600, totalActiveUsers: 200, sessionMinutes: 5 },
    };
    const refused = await rooms('apply', [demo], '--yes');
    expect(refused).toMatchObject({ code: 1, text: expect.stringContaining('or give --end-places.') });
    expect(refused.text).toMatch(
      /! It ends all places of the room: \d+ (person|people) inside, and \d+ (person|people) who wait\./,
    );
    expect(await rooms('apply', [demo], '--yes', '--end-places')).toMatchObject({ code: 0 });
  });

  it('says what the gateway refuses, and what cannot be read', async () => {
    const taken = await rooms('apply', [{ ...ROOM, id: 'other' }], '--yes', '--take-addresses');
    expect(taken.code).toBe(2);
    expect(taken.text).toMatch(/booking/);
    expect((await rooms('plan', { a: 1 })).text).toContain('list of rooms');
    expect((await rooms('plan', [ROOM], '--yes')).text).toContain('Options of apply, not of plan: --yes.');
  });
});
