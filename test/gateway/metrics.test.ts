// The metrics: what they say of rooms and of the gateway, that they are right where there are many gateways and openings, and that no
// number of visitors or requests makes more series.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Histogram } from '../../worker/histogram.ts';
import { VERSION } from '../../worker/version.ts';
import { ask, onCurrentVersion, startGateway, withKey } from '../operators/operator-client.ts';
import { type InProcessGateway, InProcessVisitor, startBeside } from './in-process.ts';

// These tests lose the store on purpose, which is logged.
beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

type Series = Map<string, number>;

async function scraped(gateway: InProcessGateway): Promise<Series> {
  const response = await gateway.request('/_fairgate/metrics', { headers: withKey() });
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

async function visitors(gateway: InProcessGateway, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await new InProcessVisitor(gateway).page();
  gateway.clock.advance(1_100);
  await scraped(gateway);
}

const of = (room: string, more = '') => `{room="${room}"${more}}`;

describe('the metrics of a room', () => {
  it('have its limits as they are set and in force, its line, its health and what is left', async () => {
    const gateway = await startGateway({
      room: { policy: { newUsersPerMinute: 600, totalActiveUsers: 3, stock: { peoplePercent: 100 } } },
    });
    await visitors(gateway, 5);
    const asOf = gateway.clock.now() - 4_000;
    await gateway.store.apply('demo', [{ kind: 'reportStock', remaining: 2, asOf }]);
    gateway.clock.advance(1_100);
    await scraped(gateway);
    const series = await scraped(gateway);
    const read = (name: string, more = '') => series.get(`${name}${of('demo', more)}`);
    expect(read('fairgate_room_total_active_users', ',limit="configured"')).toBe(3);
    // Two are left, and nobody beyond that may be inside for them.
    expect(read('fairgate_room_total_active_users', ',limit="in_force"')).toBe(2);
    expect(read('fairgate_room_new_users_per_minute', ',limit="in_force"')).toBe(600);
    expect(read('fairgate_room_state', ',state="open"')).toBe(1);
    expect(read('fairgate_room_issued')).toBe(5);
    expect(read('fairgate_room_arrived_total')).toBe(5);
    expect(read('fairgate_room_admitted_total')).toBe(read('fairgate_room_active'));
    expect(read('fairgate_room_waiting')).toBe(5 - (read('fairgate_room_called') ?? 0));
    expect(read('fairgate_room_health_stage', ',stage="steady"')).toBe(1);
    expect(read('fairgate_room_health_ratio')).toBe(1);
    expect(read('fairgate_room_stock_remaining')).toBe(2);
    expect(read('fairgate_room_stock_age_seconds')).toBeGreaterThanOrEqual(4);
    expect(read('fairgate_room_gateways')).toBe(1);
  });

  it('are the same on every gateway, so that the largest counts', async () => {
    const gateway = await startGateway();
    const other = await startBeside(gateway);
    await visitors(gateway, 4);
    await visitors(other, 3);
    await scraped(gateway);
    const [a, b] = [await scraped(gateway), await scraped(other)];
    const ofRooms = (series: Series) =>
      [...series].filter(([name]) => /^fairgate_room_/.test(name) && !name.startsWith('fairgate_room_view_age'));
    expect(ofRooms(a)).toEqual(ofRooms(b));
    expect(a.get(`fairgate_room_arrived_total${of('demo')}`)).toBe(7);
  });

  it('count on where another opening begins', async () => {
    const gateway = await startGateway();
    await visitors(gateway, 3);
    const before = await scraped(gateway);
    await ask(gateway, 'close', { headers: await onCurrentVersion(gateway) });
    gateway.clock.advance(1_100);
    await ask(gateway, 'openNow', { headers: await onCurrentVersion(gateway) });
    gateway.clock.advance(1_100);
    await visitors(gateway, 2);
    const after = await scraped(gateway);
    expect(after.get(`fairgate_room_issued${of('demo')}`)).toBe(2);
    expect(after.get(`fairgate_room_arrived_total${of('demo')}`)).toBe(5);
    for (const [name, value] of before) {
      if (/_total\{/.test(name))
        expect([name, after.get(name) ?? 0]).toEqual([name, expect.toSatisfy((now) => now >= value)]);
    }
  });

  it('have each alarm with its severity while it is raised, the lost store included', async () => {
    const gateway = await startGateway({ room: { expectedVisitors: 1 } });
    const alarm = (kind: string, severity: string) =>
      `fairgate_alarm${of('demo', `,kind="${kind}",severity="${severity}"`)}`;
    expect([...(await scraped(gateway)).keys()].filter((name) => name.startsWith('fairgate_alarm{'))).toEqual([]);
    await visitors(gateway, 2);
    expect((await scraped(gateway)).get(alarm('arrivalsAbovePlan', 'warning'))).toBe(1);
    gateway.store.mode = 'fails';
    gateway.clock.advance(5_000);
    await scraped(gateway);
    expect((await scraped(gateway)).get(alarm('storeUnreachable', 'critical'))).toBe(1);
  });
});

describe('the metrics of a gateway', () => {
  it('name its version, which is that of the package, and when it began to answer', async () => {
    const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8'));
    expect(VERSION).toBe(version);
    const gateway = await startGateway();
    const series = await scraped(gateway);
    expect(series.get(`fairgate_build_info{version="${version}"}`)).toBe(1);
    expect(series.get('fairgate_start_time_seconds')).toBe(gateway.clock.now() / 1_000);
  });

  it('count joins by their outcome, and requests, stores and origins by their time', async () => {
    const gateway = await startGateway({ room: { policy: { totalActiveUsers: 2 } }, joinsPerNetwork: 3 });
    for (let index = 0; index < 6; index++) await new InProcessVisitor(gateway).act('join');
    const series = await scraped(gateway);
    const joins = (outcome: string) => series.get(`fairgate_joins_total${of('demo', `,outcome="${outcome}"`)}`) ?? 0;
    expect(joins('limited')).toBe(3);
    expect(joins('position') + joins('admitted') + joins('entry')).toBe(3);
    expect(series.get('fairgate_request_duration_seconds_count{kind="join"}')).toBe(6);
    expect(series.get('fairgate_store_operation_duration_seconds_count{kind="join"}')).toBeGreaterThan(0);
    expect(series.get(`fairgate_gateway_leased_numbers${of('demo')}`)).toBeGreaterThanOrEqual(0);
    await new InProcessVisitor(gateway).page();
    await visitors(gateway, 1);
    expect((await scraped(gateway)).get('fairgate_request_duration_seconds_count{kind="visit"}')).toBeGreaterThan(0);
  });

  it('have no more series, whatever visitors ask for', async () => {
    const gateway = await startGateway();
    await visitors(gateway, 3);
    await gateway.request('/_fairgate/rooms/demo/board');
    await gateway.request('/_fairgate/rooms/demo/other');
    await gateway.request('/_fairgate/rooms/demo/status');
    const before = [...(await scraped(gateway)).keys()].length;
    for (let index = 0; index < 50; index++) {
      const visitor = new InProcessVisitor(gateway);
      await visitor.page(`/book/${index}?visitor=${index}`);
      await gateway.request(`/_fairgate/rooms/demo/x${index}`);
      await gateway.request(`/_fairgate/rooms/room-${index}/board`);
      await gateway.request(`/_fairgate/x${index}`);
    }
    const after = [...(await scraped(gateway)).keys()];
    expect(after.length).toBeLessThan(before + 20);
    expect(after.join('\n')).not.toMatch(/visitor=|x\d|room-\d/);
  });
});

it('a histogram puts each duration below its bound, and adds up', () => {
  const histogram = new Histogram('h_seconds', 'Help.', 'kind');
  for (const ms of [0, 5, 6, 1_000, 60_000, -3]) histogram.observe('visit', ms);
  const lines = histogram.lines();
  const bucket = (le: string) => lines.find((line) => line.startsWith(`h_seconds_bucket{kind="visit",le="${le}"}`));
  expect(bucket('0.005')).toMatch(/ 3$/);
  expect(bucket('0.01')).toMatch(/ 4$/);
  expect(bucket('1')).toMatch(/ 5$/);
  expect(bucket('30')).toMatch(/ 5$/);
  expect(bucket('+Inf')).toMatch(/ 6$/);
  expect(lines).toContain('h_seconds_sum{kind="visit"} 61.011');
  expect(lines).toContain('h_seconds_count{kind="visit"} 6');
});
