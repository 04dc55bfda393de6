// Starts of gateways in the log of a room: recorded, and not able to fill it.

import { expect, test } from 'vitest';
import { NOTHING_OBSERVED } from '../../queue-core/document/history-state.ts';
import { STARTS_RECORDS_UP_TO } from '../../queue-core/limits.ts';
import { CheckedRoom } from './checked-room.ts';
import { configure, settings, T0 } from './sample-rooms.ts';

function begun(): CheckedRoom {
  const room = new CheckedRoom();
  room.send(T0, configure(settings()));
  return room;
}

function report(room: CheckedRoom, at: number, gateway: string, seq: number, starts?: [number, number]): void {
  const observed =
    starts === undefined
      ? NOTHING_OBSERVED
      : { ...NOTHING_OBSERVED, starts: { started: starts[0], restarted: starts[1] } };
  room.send(at, { kind: 'report', gateway, seq, version: 1, observed });
}

const recorded = (room: CheckedRoom) =>
  room.log.filter(({ action }) => action === 'gatewayStarted').map(({ by, to }) => [by.id, to]);

test('the start of a gateway is recorded by the gateway, once however often its report arrives', () => {
  const room = begun();
  for (let times = 0; times < 3; times++) report(room, T0 + 1_000, 'north', 1, [1, 0]);
  report(room, T0 + 2_000, 'north', 2);
  expect(recorded(room)).toEqual([['gateway', { started: 1, restarted: 0 }]]);
});

test('a gateway that tells of no start leaves no record', () => {
  const room = begun();
  for (let index = 0; index < 100; index++) report(room, T0 + index * 1_000, `isolate-${index}`, 1);
  expect(recorded(room)).toEqual([]);
});

test('a gateway that fails again and again has one record a minute, and none of its starts is lost', () => {
  const room = begun();
  for (let second = 0; second < 600; second++) report(room, T0 + second * 1_000, `g${second}`, 1, [0, 1]);
  report(room, T0 + 700_000, 'last', 1);
  const records = recorded(room);
  expect(records.length).toBeLessThanOrEqual(12);
  const restarted = records.reduce((sum, [, to]) => sum + (to as { restarted: number }).restarted, 0);
  expect(restarted).toBe(600);
});

test('starts do not use the half of the log that is left for operators', () => {
  const room = begun();
  const { document } = room;
  room.document = {
    ...document,
    changes: { ...document.changes, audit: { ...document.changes.audit, seq: STARTS_RECORDS_UP_TO } },
  };
  report(room, T0 + 1_000, 'north', 1, [1, 0]);
  expect(recorded(room)).toEqual([]);
  expect(room.document.changes.starts).toMatchObject({ started: 1, restarted: 0 });
});
