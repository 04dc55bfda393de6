// Alarms told by several gateways of the built bundle around one room: by the platform's schedule alone where nobody visits, and once.

import { Response } from 'miniflare';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../gateway/visitor-client.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';
import { type ClusterGateway, ClusterVisitor, type GatewayCluster, startGatewayCluster } from './gateway-cluster.ts';

interface Live {
  alarms: { kind: string }[];
  raised: { kind: string; deliveries: { target: string; state: string; status: number }[] }[];
}

describe.each([0, 2])('three gateways with %i relays', (relays) => {
  let cluster: GatewayCluster;
  let first: ClusterGateway;
  const told: { id: string | null; type: string }[] = [];
  const typesTold = () => told.map(({ type }) => type);

  beforeAll(async () => {
    const policy = { newUsersPerMinute: 6_000, totalActiveUsers: 1_000, sessionMinutes: 5 };
    const outside = async (request: {
      url: string;
      headers: { get(name: string): string | null };
      text(): Promise<string>;
    }) => {
      if (new URL(request.url).host !== 'hooks.example') return new Response('ok');
      const { type } = JSON.parse(await request.text()) as { type: string };
      told.push({ id: request.headers.get('webhook-id'), type });
      return new Response(null, { status: 202 });
    };
    cluster = await startGatewayCluster({ gateways: 3, policy, relays, expectedVisitors: 1, outside });
    first = cluster.gateways[0] as ClusterGateway;
    const target = {
      ...{ name: 'Chat', url: 'https://hooks.example/x', form: 'standard', language: 'en' },
      ...{ rooms: ['demo'], severityMin: 'warning' },
    };
    const added = await first.fetch('/_fairgate/operator/alarm-targets', {
      method: 'POST',
      headers: { Authorization: `Bearer ${OPERATOR_KEY}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(target),
    });
    expect(added.status).toBe(200);
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  const live = async (gateway: ClusterGateway) => (await (await gateway.operator('/live')).json()) as Live;

  it('tell nothing while nothing is wrong', async () => {
    await Promise.all([first.fetch('/scheduled'), ...cluster.gateways.map((gateway) => gateway.board())]);
    expect(told).toEqual([]);
  });

  it('tell an alarm once, by the schedule alone', async () => {
    for (let index = 0; index < 2; index++) await new ClusterVisitor().act(first, 'join');
    await until(
      async () => {
        await first.fetch('/scheduled');
        return typesTold();
      },
      (types) => types.length > 0,
    );
    // All of them look now.
    await until(
      async () => {
        await Promise.all(cluster.gateways.map((gateway) => gateway.fetch('/_fairgate/healthz')));
        return live(first);
      },
      ({ raised }) => raised[0]?.deliveries[0]?.state === 'delivered',
    );
    expect(typesTold()).toEqual(['fairgate.alarm.raised']);
    for (const gateway of cluster.gateways) {
      const seen = await until(
        () => live(gateway),
        ({ raised }) => raised[0]?.deliveries[0]?.state === 'delivered',
      );
      expect(seen.raised).toMatchObject([
        { kind: 'arrivalsAbovePlan', deliveries: [{ target: 'Chat', state: 'delivered', status: 202 }] },
      ]);
    }
    expect(told).toHaveLength(1);
  });
});
