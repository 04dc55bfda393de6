// What several gateways promise together, on the built bundle: one line, one session for each place, and changes that reach
// every gateway within their bound.

import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../gateway/visitor-client.ts';
import { type ClusterGateway, ClusterVisitor, type GatewayCluster, startGatewayCluster } from './gateway-cluster.ts';

const JOINS = 90;

const RUSH = 800;
const RUSH_MS = 3_000;

/** A session that ended early is refused everywhere within this (docs/decisions/0006-early-endings.md). */
const ENDED_MS_MAX = 3_000;

/** Longer than any gateway serves an older view. */
const LATER_MS = 2_500;

/** Joins at one gateway and claims at another as soon as that one's board has called the position. */
async function admitted(joinsAt: ClusterGateway, claimsAt: ClusterGateway): Promise<ClusterVisitor> {
  const visitor = new ClusterVisitor();
  const { status } = await visitor.act(joinsAt, 'join');
  await until(
    () => claimsAt.board(),
    ({ called }) => called >= status.position,
  );
  await until(
    () => visitor.act(claimsAt, 'claim'),
    ({ outcome }) => outcome === 'admitted',
  );
  return visitor;
}

/** A room in its object alone, and behind two relays: the promises and their bounds are the same. */
describe.each([
  { relays: 0, way: 'straight to the room' },
  { relays: 2, way: 'through two relays' },
])('three gateways $way', ({ relays }) => {
  let cluster: GatewayCluster;
  let north: ClusterGateway;
  let middle: ClusterGateway;
  let south: ClusterGateway;

  beforeAll(async () => {
    const policy = { newUsersPerMinute: 6_000, totalActiveUsers: 1_000, sessionMinutes: 5 };
    cluster = await startGatewayCluster({ gateways: 3, policy, relays });
    [north, middle, south] = cluster.gateways as [ClusterGateway, ClusterGateway, ClusterGateway];
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  test('joins spread over three gateways get each number exactly once', async () => {
    const joins = Array.from({ length: JOINS / 3 }, () => [north, middle, south]).flat();
    const joined = await Promise.all(joins.map((gateway) => new ClusterVisitor().act(gateway, 'join')));
    const numbers = joined.map(({ status }) => status.position).toSorted((a, b) => a - b);
    // Numbers that a gateway leased and did not give out are missing.
    expect(new Set(numbers).size).toBe(JOINS);
    expect(numbers.at(-1)).toBeLessThan(2 * JOINS);
  });

  test('a visitor joins at one gateway, is admitted at another, and reaches the origin through the third', async () => {
    const visitor = await admitted(north, middle);
    expect(await visitor.statusAt(south)).toBe(200);
    expect(await new ClusterVisitor().statusAt(south)).toBe(403);
  });

  test('a session that ends at one gateway is refused at all within 3 s, and stays refused', async () => {
    const visitor = await admitted(middle, south);
    for (const gateway of cluster.gateways) expect(await visitor.statusAt(gateway)).toBe(200);
    // The response to `leave` deletes the cookie; a copy of the token must not work either.
    const copy = new ClusterVisitor();
    copy.jar.set('fairgate-admission-demo', visitor.jar.get('fairgate-admission-demo') ?? '');
    await visitor.act(north, 'leave');
    const refused = (gateway: ClusterGateway) =>
      until(
        () => copy.statusAt(gateway),
        (status) => status === 403,
        { msMax: ENDED_MS_MAX },
      );
    await Promise.all(cluster.gateways.map(refused));
    for (const gateway of cluster.gateways) expect(await copy.statusAt(gateway)).toBe(403);
  });

  test('a change is reported as in force once every gateway serves it, and that moment stays the same', async () => {
    const text = { ko: '곧 다시 시작합니다', en: 'We resume shortly' };
    for (const gateway of cluster.gateways) await gateway.board();
    const headers = { 'If-Match': (await north.operator('')).headers.get('ETag') ?? '' };
    const response = await north.operator('/message', { method: 'PUT', headers, body: JSON.stringify({ text }) });
    expect(response.status).toBe(200);
    const { at } = (await response.json()) as { at: string };

    let pendingReports = 0;
    const firstReport = async (gateway: ClusterGateway) => {
      const { inForceAt } = await until(
        () => gateway.live(),
        ({ changedAt, inForceAt: moment }) => {
          if (changedAt === at && moment === null) pendingReports++;
          return changedAt === at && moment !== null;
        },
      );
      const boards = await Promise.all(cluster.gateways.map((each) => each.board()));
      return { inForceAt, messages: boards.map(({ message }) => message?.text.en) };
    };
    const reports = await Promise.all(cluster.gateways.map(firstReport));
    const [{ inForceAt } = { inForceAt: null }] = reports;
    expect(reports).toEqual(cluster.gateways.map(() => ({ inForceAt, messages: [text.en, text.en, text.en] })));
    expect(pendingReports).toBeGreaterThan(0);
    expect(Date.parse(inForceAt ?? '')).toBeGreaterThan(Date.parse(at));

    for (const gateway of cluster.gateways) {
      const later = await until(
        () => gateway.live(),
        ({ asOf }) => Date.parse(asOf) > Date.parse(inForceAt ?? '') + LATER_MS,
      );
      expect(later).toMatchObject({ inForceAt, gateways: 3 });
    }
  });
});

test('relays end in the middle of a rush before the opening: every visitor has a number of their own, and nobody loses one', async () => {
  const policy = { newUsersPerMinute: 6_000, totalActiveUsers: 1_000, sessionMinutes: 5 };
  await using cluster = await startGatewayCluster({ gateways: 4, policy, relays: 2, opensAt: '+600s' });
  const visitors = Array.from({ length: RUSH }, () => new ClusterVisitor());
  const asked = visitors.map(async (visitor, index) => {
    await pause((index * RUSH_MS) / RUSH);
    const gateway = cluster.gateways[index % 4] as ClusterGateway;
    const { status } = await visitor.act(gateway, 'join');
    return status.entry;
  });
  for (let index = 0; index < 6; index++) {
    await pause(RUSH_MS / 7);
    await cluster.endRelay(index % 2);
  }
  const entries = await Promise.all(asked);
  const board = await cluster.gateways[0]?.board();
  const figures = `${RUSH} joins in ${RUSH_MS / 1_000} s at 4 gateways through 2 relays, which ended six times: ${new Set(entries).size} numbers up to ${Math.max(...entries)}`;
  console.log(figures);
  expect(new Set(entries).size).toBe(RUSH);
  await expect
    .poll(async () => (await cluster.gateways[1]?.board())?.entries)
    .toBeGreaterThanOrEqual(Math.max(...entries));
  expect(board).not.toBeUndefined();
  // Each visitor still has it, at whichever gateway they ask.
  for (const [index, visitor] of visitors.entries()) {
    if (index % 40 !== 0) continue;
    const again = await visitor.act(cluster.gateways[(index + 1) % 4] as ClusterGateway, 'join');
    expect(again.status.entry).toBe(entries[index]);
  }
});
