// `npm run rooms` as a person who keeps rooms in a file uses it: against a gateway in workerd, by the command itself; and its plan as a
// law over any rooms.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDone, planOf } from '../../scripts/rooms/room-plan.ts';
import { roomsOf } from '../../scripts/rooms/rooms-file.ts';
import type { RoomDetail } from '../../worker/contract/operator-api.ts';
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

const detailOf = (json: unknown): RoomDetail => {
  const [room] = roomsOf([json]);
  const state = { epoch: 1, state: 'prequeue', flow: 'running', message: null, hasTemplate: false, archivedAt: null };
  return { ...room, ...state, etag: '"1"' } as unknown as RoomDetail;
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

  it('says that another opening ends places only where the room has opened', () => {
    const wanted = roomsOf([{ ...ROOM, schedule: { opensAt: '2031-01-01T00:00:00Z' } }]);
    const endsPlaces = (state: RoomDetail['state']) => planOf(wanted, [{ ...detailOf(ROOM), state }]).rooms[0];
    expect(endsPlaces('prequeue')).toMatchObject({ kind: 'change', endsPlaces: false });
    for (const state of ['drawing', 'open', 'paused', 'soldOut', 'closed'] as const) {
      expect(endsPlaces(state)).toMatchObject({ kind: 'change', endsPlaces: true });
    }
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
    expect((await rooms('apply', [ROOM])).text).toContain('Not applied: nobody can be asked here. Give --yes.');
    expect(await rooms('apply', [ROOM], '--yes')).toMatchObject({ code: 0, text: expect.stringContaining('Applied') });
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
    expect((await rooms('apply', changed, '--yes')).code).toBe(0);
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
    expect(refused).toMatchObject({ code: 1, text: expect.stringContaining('would end all places') });
    expect(await rooms('apply', [demo], '--yes', '--end-places')).toMatchObject({ code: 0 });
  });

  it('says what the gateway refuses, and what cannot be read', async () => {
    const taken = await rooms('apply', [{ ...ROOM, id: 'other' }], '--yes');
    expect(taken.code).toBe(2);
    expect(taken.text).toMatch(/booking/);
    expect((await rooms('plan', { a: 1 })).text).toContain('list of rooms');
    expect((await rooms('plan', [ROOM], '--yes')).text).toContain('are of apply');
  });
});
