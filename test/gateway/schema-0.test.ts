// The SQLite files of a gateway from before schema versions, under the gateway of today on workerd: over HTTP the room shows
// the same numbers, visitors' tokens give their places, and operators see the same log and history.

import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader, importJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Board } from '../../queue-core/board.ts';
import { type RunningGateway, startGateway } from '../../scripts/lib/gateway-process.ts';
import { requestAsHost } from '../../scripts/lib/host-request.ts';
import type { RoomInput } from '../../worker/settings.ts';
import type { SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { SCHEMA_0, schema0 } from '../fixtures/schema-0.ts';
import type { StoredVisitor } from '../store/schema-0-suite.ts';

/** The settings of the gateway that wrote the files. */
const DEMO_ROOM: RoomInput = {
  id: 'demo',
  title: { ko: '백신 사전예약', en: 'Vaccine pre-registration' },
  hosts: ['*'],
  paths: ['/'],
  origin: 'http://127.0.0.1:18788',
  audience: 'urn:fairgate:origin:demo',
  schedule: { opensAt: '+25s' },
  policy: { newUsersPerMinute: 600, totalActiveUsers: 20, sessionMinutes: 30 },
};
const PUBLIC_URL = 'http://localhost:18787';
const OPERATOR_KEY = 'fixture-owner-beu95pKqjdfWpFJL21MjucFbQgFTfFwO';

const dataDir = mkdtempSync(join(tmpdir(), 'fairgate-schema-0-'));
const keys: SigningKeys = JSON.parse(readFileSync(join(SCHEMA_0, 'embedded/signing-keys.json'), 'utf8'));
const visitors = schema0().visitors.embedded;
const log: string[] = [];
let gateway: RunningGateway;

beforeAll(async () => {
  cpSync(join(SCHEMA_0, 'embedded'), dataDir, { recursive: true });
  const settings = { rooms: [DEMO_ROOM], keys, publicUrl: PUBLIC_URL, operatorKey: OPERATOR_KEY };
  gateway = await startGateway({ settings, port: 0, dataDir, log: (line) => log.push(line) });
});
afterAll(async () => {
  await gateway?.stop('SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

/** The visitor's stored queue token with a later end, because this test runs at any date. */
async function lasting(queueToken: string): Promise<string> {
  const [key] = keys.keys;
  return new SignJWT({ ...decodeJwt(queueToken), exp: Math.floor(Date.now() / 1000) + 3_600 })
    .setProtectedHeader({ alg: 'ES256', ...decodeProtectedHeader(queueToken) })
    .sign(await importJWK({ ...key, signFrom: undefined }, 'ES256'));
}

const get = async <T>(path: string, token?: string): Promise<T> => {
  const headers = { Accept: 'application/json', ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) };
  const host = path.startsWith('rooms/later/') ? 'later.example.test' : '*';
  const { status, body } = await requestAsHost(host, `${gateway.url}/_fairgate/${path}`, { headers });
  expect(status, `${path}: ${log.join('\n')}`).toBe(200);
  return JSON.parse(body) as T;
};

async function post(room: string, action: 'claim' | 'join', queueToken?: string) {
  const authorization = queueToken === undefined ? {} : { Authorization: `Bearer ${await lasting(queueToken)}` };
  const response = await fetch(`${gateway.url}/_fairgate/rooms/${room}/${action}`, {
    method: 'POST',
    headers: { Accept: 'application/json', ...authorization },
  });
  return response.json() as Promise<{ outcome: string; queueToken?: string }>;
}

const visitorWith = (of: StoredVisitor['state'], position: number | null = null) => {
  const found = visitors.find(({ state, ...other }) => state === of && (position ?? other.position) === other.position);
  if (found === undefined) throw new TypeError(`No visitor "${of}" in the fixture.`);
  return found;
};

test('the board shows the stored numbers', async () => {
  const board = await get<Board>('rooms/demo/board');
  expect(board).toMatchObject({
    ...{ epoch: 1, state: 'open', entries: 30, issued: 45, newUsersPerMinute: 300 },
    message: { text: { en: 'Everybody enters in order.' } },
    stock: { remaining: null, lots: [] },
    draw: { proof: { entries: 30 } },
  });
  // Sessions of the fixture end half an hour after it was written, and their places call the next visitors.
  expect(board.active).toBeLessThanOrEqual(18);
  expect(board.called).toBeGreaterThanOrEqual(30);
  expect(await get('rooms/later/board')).toMatchObject({ state: 'prequeue', entries: 5 });
});

test.each(visitors.map((visitor) => ({ ...visitor, name: `${visitor.room} ${visitor.state}` })))(
  'a stored queue token gives its place: $name, position $position',
  async ({ room, queueToken, position, place }) => {
    const status = await get(`rooms/${room}/status`, await lasting(queueToken));
    expect(status).toMatchObject({ position, ...(place.kind === 'entry' ? { entry: place.number } : {}) });
  },
);

test('a place that was used or lapsed stays so, and the next position follows the last one', async () => {
  expect(await post('demo', 'claim', visitorWith('revoked').queueToken)).toMatchObject({ outcome: 'ended' });
  expect(await post('demo', 'claim', visitorWith('left').queueToken)).toMatchObject({ outcome: 'ended' });
  expect(await post('demo', 'claim', visitorWith('lapsed').queueToken)).toMatchObject({ outcome: 'lapsed' });
  const { queueToken } = await post('demo', 'join');
  expect(decodeJwt(queueToken ?? '')).toMatchObject({ epoch: 1, position: 46 });
  expect((await get<Board>('rooms/demo/board')).entries).toBe(30);
});

test('operators see the stored log, history, rooms and keys, and nothing was configured again', async () => {
  const { whole, records } = await get<{ whole: boolean; records: { hash: string }[] }>(
    'operator/rooms/demo/audit.json',
    OPERATOR_KEY,
  );
  expect(whole).toBe(true);
  expect(records.map(({ hash }) => hash)).toHaveLength(16);
  expect(records.at(-1)?.hash).toBe('fc96ee8586587ac3641bf70ad9c36233e41400e3fc6b23cada9b14f7311e0572');
  const { buckets } = await get<{ buckets: { arrived: number; admitted: number }[] }>(
    'operator/rooms/demo/history',
    OPERATOR_KEY,
  );
  expect(buckets.length).toBeGreaterThanOrEqual(10);
  expect(buckets.slice(0, 10).reduce((sum, { arrived }) => sum + arrived, 0)).toBe(45);
  const directoryLog = await get<{ whole: boolean; records: unknown[] }>('operator/audit.json', OPERATOR_KEY);
  expect(directoryLog).toMatchObject({ whole: true });
  expect(directoryLog.records).toHaveLength(12);
  const { rooms } = await get<{ rooms: { id: string }[] }>('operator/rooms', OPERATOR_KEY);
  expect(rooms.map(({ id }) => id)).toEqual(['demo', 'later']);
  const { keys: operatorKeys } = await get<{ keys: { name: string }[] }>('operator/keys', OPERATOR_KEY);
  expect(operatorKeys.map(({ name }) => name)).toEqual(['owner', 'Night shift', 'Guest']);
});

test('what the new version has written opens again', async () => {
  await gateway.stop('SIGTERM');
  const settings = { rooms: [DEMO_ROOM], keys, publicUrl: PUBLIC_URL, operatorKey: OPERATOR_KEY };
  gateway = await startGateway({ settings, port: 0, dataDir, log: (line) => log.push(line) });
  expect(await get<Board>('rooms/demo/board')).toMatchObject({ epoch: 1, state: 'open', entries: 30, issued: 46 });
  expect(await get('rooms/demo/status', await lasting(visitorWith('waiting', 45).queueToken))).toMatchObject({
    position: 45,
  });
});
