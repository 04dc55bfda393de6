// Alarms from the production runtime: to a service on the same machine, without following it elsewhere, by health checks alone.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AlarmTest, Live } from '../../worker/contract/operator-api.ts';
import { OPERATOR_KEY, type Running, startFairgate } from '../running-gateway.ts';
import { until } from './visitor-client.ts';

let fairgate: Running;
let receiver: Server;
let secret: string;
let target: string;
const received: { headers: Record<string, string>; body: string }[] = [];
let status = 204;

async function api<T>(path: string, method = 'GET', body?: unknown): Promise<T> {
  const response = await fetch(`${fairgate.url}/_fairgate/operator${path}`, {
    method,
    headers: { Authorization: `Bearer ${OPERATOR_KEY}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as T;
}

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      received.push({ headers: request.headers as Record<string, string>, body });
      response.writeHead(status, status === 302 ? { Location: '/elsewhere' } : {}).end();
    });
  });
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/alarms`;
  fairgate = await startFairgate({ room: { expectedVisitors: 1 } });
  const body = { name: 'Mail', url, form: 'standard', language: 'ko', rooms: null, severityMin: 'warning' };
  ({ id: target, secret } = await api<{ id: string; secret: string }>('/alarm-targets', 'POST', body));
});

afterAll(async () => {
  await fairgate?.stop();
  receiver?.close();
});

it('a test says what the service answers, and a redirect leads nowhere', async () => {
  const test = () => api<AlarmTest>(`/alarm-targets/${target}/test`, 'POST');
  expect(await test()).toMatchObject({ isDelivered: true, status: 204, fault: null });
  status = 302;
  expect(await test()).toMatchObject({ isDelivered: false, status: 302, fault: 'redirect' });
  status = 204;
  expect(received).toHaveLength(2);
  received.length = 0;
});

it('an alarm arrives signed, and is recorded, while nobody but a health check looks', async () => {
  for (let index = 0; index < 2; index++) {
    await fetch(`${fairgate.url}/_fairgate/rooms/demo/join`, {
      method: 'POST',
      headers: { Accept: 'application/json' },
    });
  }
  await until(
    async () => {
      await fetch(`${fairgate.url}/_fairgate/healthz`);
      return received;
    },
    ({ length }) => length > 0,
  );
  const [{ body, headers } = { body: '', headers: {} }] = received;
  expect(new Webhook(secret).verify(body, headers)).toMatchObject({
    type: 'fairgate.alarm.raised',
    data: { alarm: 'arrivalsAbovePlan', text: '예상 1명보다 많은 2명이 방문했습니다.' },
  });
  const { raised } = await until(
    () => api<Live>('/rooms/demo/live'),
    (live) => live.raised[0]?.deliveries[0]?.state === 'delivered',
  );
  expect(raised).toHaveLength(1);
  expect(received).toHaveLength(1);
});
