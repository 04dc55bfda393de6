// A deployment whose versions have different stored formats: what a rollback does to a room, and what gateways of two versions do while
// Cloudflare brings the new one to them. The version before is taken from this repository's history.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { until } from '../gateway/visitor-client.ts';
import { hasBefore, versionBefore } from '../version-before.ts';
import { type ClusterGateway, ClusterVisitor, startGatewayCluster } from './gateway-cluster.ts';

const NEW = resolve(import.meta.dirname, '../../dist/worker.js');
/** Four places inside, so that others wait. */
const POLICY = { newUsersPerMinute: 6_000, totalActiveUsers: 4, sessionMinutes: 5 };

let folder: string;
let old: string;
let keys: SigningKeys;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairgate-versions-'));
  keys = { keys: [await newSigningKey(0)] };
  if (!hasBefore) return;
  const before = versionBefore(folder);
  execFileSync(process.execPath, [join(before, 'scripts/build.ts')]);
  old = join(before, 'dist/worker.js');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = (storage: string, ...bundles: string[]) =>
  startGatewayCluster({ gateways: bundles.length, bundles, policy: POLICY, keys, storage: join(folder, storage) });

const firstOf = ({ gateways }: { gateways: ClusterGateway[] }) => gateways[0] as ClusterGateway;

/** Visitors who joined in this order; as many as there are places are inside. */
async function crowd(gateway: ClusterGateway, size: number): Promise<ClusterVisitor[]> {
  const visitors: ClusterVisitor[] = [];
  for (let index = 0; index < size; index++) {
    const visitor = new ClusterVisitor();
    await visitor.act(gateway, 'join');
    visitors.push(visitor);
  }
  const inside = visitors.slice(0, POLICY.totalActiveUsers);
  for (const visitor of inside) {
    await until(
      () => visitor.act(gateway, 'claim'),
      ({ outcome }) => outcome === 'admitted',
    );
  }
  return visitors;
}

const positionAt = async (gateway: ClusterGateway, visitor: ClusterVisitor) =>
  (await visitor.act(gateway, 'join')).status.position;

it.skipIf(!hasBefore)(
  'a rollback across a stored format closes the room and loses nothing: the newer version goes on',
  async () => {
    const before = await start('rollback', NEW);
    const visitors = await crowd(firstOf(before), 7);
    const positions = [];
    for (const visitor of visitors) positions.push(await positionAt(firstOf(before), visitor));
    await before[Symbol.asyncDispose]();

    const rolledBack = await start('rollback', old);
    const gate = firstOf(rolledBack);
    // Nobody is let through, those who were inside neither: this gateway has never read the room. All are told to come again.
    const board = await gate.fetch('/_fairgate/rooms/demo/board');
    expect([board.status, board.headers.get('Retry-After')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
    const seenBy = await Promise.all([...visitors, new ClusterVisitor()].map((visitor) => visitor.statusAt(gate)));
    const outside = visitors.length + 1 - POLICY.totalActiveUsers;
    expect(seenBy).toEqual([...Array(POLICY.totalActiveUsers).fill(503), ...Array(outside).fill(403)]);
    for (const visitor of visitors) {
      expect(await visitor.act(gate, 'claim')).toMatchObject({
        status: 503,
        type: expect.stringMatching(/store-unreachable$/),
      });
    }
    const page = await gate.fetch('/book', { headers: { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate' } });
    expect([page.status, await page.text()]).toEqual([503, expect.stringContaining('data-kind="storeUnreachable"')]);
    await rolledBack[Symbol.asyncDispose]();

    await using again = await start('rollback', NEW);
    const gateAgain = firstOf(again);
    const later = [];
    for (const visitor of visitors) later.push(await positionAt(gateAgain, visitor));
    expect(later).toEqual(positions);
    const [first = new ClusterVisitor()] = visitors;
    expect(await first.statusAt(gateAgain)).toBe(200);
    expect(await new ClusterVisitor().statusAt(gateAgain)).toBe(403);
    const newcomer = new ClusterVisitor();
    expect((await newcomer.act(gateAgain, 'join')).status.position).toBeGreaterThan(Math.max(...positions));
  },
);

it.skipIf(!hasBefore)(
  'gateways of both versions around a room of the newer one: each place counts at the newer, and neither lets a stranger through',
  async () => {
    await using cluster = await start('mixed', NEW, old);
    const [newer, older] = cluster.gateways as [ClusterGateway, ClusterGateway];
    const visitors = await crowd(newer, 6);
    const [inside] = visitors as [ClusterVisitor];
    const waiting = visitors.at(-1) as ClusterVisitor;
    expect(await new ClusterVisitor().statusAt(older)).toBe(403);
    expect(await waiting.statusAt(older)).toBe(403);
    expect(await inside.statusAt(older)).toBe(200);
    expect(await positionAt(older, waiting)).toBe(await positionAt(newer, waiting));
    // Numbers that both give are each other's successors, never twice the same.
    const given = new Set<number>();
    for (let index = 0; index < 10; index++) {
      given.add(await positionAt(index % 2 === 0 ? older : newer, new ClusterVisitor()));
    }
    expect(given.size).toBe(10);
    expect(await waiting.statusAt(newer)).toBe(403);
    expect(await inside.statusAt(newer)).toBe(200);
  },
);
