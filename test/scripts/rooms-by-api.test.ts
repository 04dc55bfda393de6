// A gateway that was given no rooms, as one at Cloudflare whose rooms are more than a variable holds: it starts, lets nobody through, and is
// filled by `npm run rooms -- apply`. A restart without the variable keeps them.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningGateway, startGateway } from '../../scripts/lib/gateway-process.ts';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { readSettings } from '../../worker/settings.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';

const COMMAND = resolve(import.meta.dirname, '../../scripts/plan-rooms.ts');
const ROOMS = Array.from({ length: 24 }, (_, index) => ({
  id: `room-${index}`,
  title: { ko: `방 ${index}`, en: `Room ${index}` },
  hosts: ['127.0.0.1'],
  paths: [`/room-${index}`],
  origin: 'https://site.example',
  schedule: { opensAt: '2030-01-01T00:00:00Z' },
  policy: { newUsersPerMinute: 60, totalActiveUsers: 100, sessionMinutes: 5 },
}));

let folder: string;
let port: number;
let url: string;
let keys: SigningKeys;
let gateway: RunningGateway;

const start = async () => {
  const settings = { rooms: [], keys, publicUrl: url, operatorKey: OPERATOR_KEY };
  gateway = await startGateway({ settings, port, dataDir: join(folder, 'state'), log: () => {} });
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairgate-no-rooms-'));
  port = await freePort();
  url = `http://127.0.0.1:${port}`;
  keys = { keys: [await newSigningKey(0)] };
  await start();
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function rooms(action: string, ...more: string[]) {
  const file = join(folder, 'rooms.json');
  writeFileSync(file, JSON.stringify(ROOMS));
  const command = spawn(process.execPath, [COMMAND, action, file, '--url', url, ...more], {
    env: { ...process.env, OPERATOR_KEY },
  });
  const [printed, errors, [code]] = await Promise.all([
    text(command.stdout),
    text(command.stderr),
    once(command, 'exit'),
  ]);
  return { code, text: printed + errors };
}

it('no variable is the same as an empty list', () => {
  const variables = { SIGNING_KEYS: JSON.stringify(keys), PUBLIC_URL: url, OPERATOR_KEY };
  expect(readSettings(variables)).toEqual(readSettings({ ...variables, ROOMS: '[]' }));
});

it('lets nobody through, takes more rooms than a variable holds, and has them after a restart', async () => {
  expect((await fetch(`${url}/_fairgate/healthz`)).status).toBe(200);
  const stranger = await fetch(`${url}/room-7/x`, { headers: { Accept: '*/*' } });
  expect([stranger.status, stranger.headers.get('Content-Type')]).toEqual([
    404,
    expect.stringContaining('problem+json'),
  ]);

  expect(JSON.stringify(ROOMS).length).toBeGreaterThan(5 * 1_024);
  expect(await rooms('apply', '--yes')).toMatchObject({ code: 0, text: expect.stringContaining('Applied') });
  const board = () => fetch(`${url}/_fairgate/rooms/room-7/board`);
  await expect.poll(async () => (await board()).status).toBe(200);

  await gateway.stop();
  await start();
  expect((await rooms('plan')).code).toBe(0);
  await expect.poll(async () => (await board()).status).toBe(200);
  expect((await fetch(`${url}/room-7/x`, { headers: { Accept: '*/*' } })).status).toBe(403);
});
