// `npm run keys -- prune` never drops a key that a draw still needs: it asks the rooms of a gateway, or is told that none waits.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import { keyId, newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { type InProcessGateway, startBeside } from '../gateway/in-process.ts';
import { ask, createKey, onCurrentVersion, startGateway } from '../operators/operator-client.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';

const folder = mkdtempSync(join(tmpdir(), 'fairgate-prune-'));
const FILE = join(folder, 'keys.json');
afterAll(() => rmSync(folder, { recursive: true }));

const DAY = 24 * 3_600;
const now = Math.floor(Date.now() / 1_000);
let keys: SigningKeys;
let [oldest, older]: string[] = [];

beforeEach(async () => {
  keys = {
    keys: await Promise.all([
      newSigningKey(now - 400 * DAY),
      newSigningKey(now - 100 * DAY),
      newSigningKey(now - 40 * DAY),
    ]),
  };
  [oldest, older] = await Promise.all(keys.keys.map(keyId));
  writeFileSync(FILE, JSON.stringify(keys));
});

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});

/** The gateway's operators' API over HTTP. */
async function serve(gateway: Pick<InProcessGateway, 'request'>): Promise<string> {
  server = createServer(async ({ url = '/', headers }, response) => {
    const answer = await gateway.request(url, { headers: { Authorization: headers.authorization ?? '' } });
    response.writeHead(answer.status, [...answer.headers].flat()).end(await answer.text());
  });
  return `http://127.0.0.1:${await listenOnLoopback(server)}`;
}

interface Printed {
  code: number;
  text: string;
}

function prune(options: string[] = [], operatorKey: string | null = OPERATOR_KEY): Promise<Printed> {
  const command = resolve(import.meta.dirname, '../../scripts/keys.ts');
  const { OPERATOR_KEY: _, ...env } = process.env;
  return new Promise((done) => {
    const all = { ...env, ...(operatorKey === null ? {} : { OPERATOR_KEY: operatorKey }) };
    execFile(process.execPath, [command, 'prune', FILE, ...options], { env: all }, (error, stdout, stderr) =>
      done({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, text: stdout + stderr }),
    );
  });
}

const kept = async () => {
  const { keys: left } = JSON.parse(readFileSync(FILE, 'utf8')) as SigningKeys;
  return Promise.all(left.map(keyId));
};

/** A gateway whose room was scheduled while only the first key was there. */
async function scheduledWithOldest(): Promise<InProcessGateway> {
  const first = await startGateway({ keys: { keys: keys.keys.slice(0, 1) } });
  const body = { opensAt: '2031-03-02T20:00:00+09:00' };
  await ask(first, 'close', { headers: await onCurrentVersion(first) });
  expect((await ask(first, 'setSchedule', { headers: await onCurrentVersion(first), body })).status).toBe(200);
  return startBeside(first, { keys });
}

describe('npm run keys -- prune', () => {
  it('drops nothing where nobody says that no draw needs the keys, and says how to', async () => {
    const { code, text } = await prune();
    expect(code).toBe(1);
    expect(text).toMatch(/Dropped nothing: 2 of the keys .*--url .*--no-draw-is-pending/s);
    expect(await kept()).toHaveLength(3);
    expect(await prune(['--no-draw-is-pending'])).toEqual({ code: 0, text: 'Dropped 2 of 3 keys.\n' });
    expect(await kept()).toHaveLength(1);
    // Nothing is left to drop, so there is nothing to ask.
    expect(await prune()).toEqual({ code: 0, text: 'Dropped 0 of 1 keys.\n' });
  });

  it('keeps a key that sealed the draw of a room far ahead, and names the room', async () => {
    const url = await serve(await scheduledWithOldest());
    const { code, text } = await prune(['--url', url]);
    expect(code).toBe(0);
    expect(text).toBe(
      `Kept the key ${oldest}: room "demo", which opens at 2031-03-02T11:00:00.000Z, cannot be drawn without it.\nDropped 1 of 3 keys.\n`,
    );
    expect(await kept()).toContain(oldest);
    expect(await kept()).not.toContain(older);
  });

  it('drops it once the room is drawn, with the key of a viewer', async () => {
    const gateway = await scheduledWithOldest();
    const { key } = await createKey(gateway, 'viewer');
    expect((await ask(gateway, 'openNow', { headers: await onCurrentVersion(gateway) })).status).toBe(200);
    gateway.clock.advance(2_000);
    await ask(gateway, 'live', { headers: { Authorization: `Bearer ${key}` } });
    expect(await prune(['--url', await serve(gateway)], key)).toEqual({ code: 0, text: 'Dropped 2 of 3 keys.\n' });
  });

  it('drops nothing where a room or the gateway does not say what it needs', async () => {
    const gateway = await scheduledWithOldest();
    const url = await serve(gateway);
    const refused = async (printed: Promise<Printed>, text: RegExp) => {
      expect(await printed).toEqual({ code: 1, text: expect.stringMatching(text) });
      expect(await kept()).toHaveLength(3);
    };
    await refused(prune(['--url', url], null), /^Dropped nothing: set OPERATOR_KEY/);
    await refused(
      prune(['--url', url], `${OPERATOR_KEY}x`),
      /^Dropped nothing: .*(does not know this OPERATOR_KEY|HTTP 429)/,
    );
    await refused(prune(['--url', 'http://gate.example']), /^Dropped nothing: --url .* must be the https address/);
    await refused(prune(['--url', 'http://127.0.0.1:9']), /^Dropped nothing: .* does not answer/);
    gateway.store.mode = 'fails';
    gateway.clock.advance(10_000);
    await refused(prune(['--url', url]), /^Dropped nothing: /);
    server?.close();
    const elsewhere = async (response: Response) => serve({ request: async () => response.clone() });
    await refused(
      prune(['--url', await elsewhere(Response.json({ rooms: 'none' }))]),
      /something else than this version/,
    );
    await refused(prune(['--url', await elsewhere(Response.redirect('http://127.0.0.1:9/'))]), /HTTP 302/);
  });

  it.each([
    ['rotate', '--no-draw-is-pending'],
    ['create', '--url=https://gate.example'],
  ])('has its options to itself: %s refuses %s', async (action, option) => {
    const command = resolve(import.meta.dirname, '../../scripts/keys.ts');
    const code = await new Promise((done) => {
      execFile(process.execPath, [command, action, join(folder, 'new.json'), option], (error) =>
        done(error?.code ?? 0),
      );
    });
    expect(code).toBe(1);
  });
});
