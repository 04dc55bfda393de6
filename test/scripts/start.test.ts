// `npm start` as a person runs it: the demo room's opening counts from the start and not from the first visit, and a wrong
// setting ends the start with a message that names it, the reason and a right value.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Board } from '../../queue-core/board.ts';
import { localSettings } from '../../scripts/lib/local-settings.ts';
import { freePort, listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import { SettingsError } from '../../worker/settings.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';

const START = resolve(import.meta.dirname, '../../scripts/start.ts');

let folder: string;
let started: ChildProcess | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairgate-start-'));
});

afterEach(async () => {
  if (started !== null && started.exitCode === null) {
    started.kill('SIGTERM');
    await once(started, 'exit');
  }
  started = null;
  rmSync(folder, { recursive: true, force: true });
});

/** Starts it in an empty folder with only these variables; resolves when it runs or has exited. `outputNow`: with what came since. */
async function start(variables: Record<string, string>) {
  const env = { PATH: process.env['PATH'] ?? '', DATA_DIR: join(folder, 'state'), ...variables };
  const child = spawn(process.execPath, [START], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  started = child;
  let output = '';
  const running = new Promise<void>((done) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('Fairgate is running.')) done();
      });
    }
  });
  await Promise.race([running, once(child, 'close')]);
  return { code: child.exitCode, output, outputNow: () => output };
}

describe('--check', () => {
  const check = (variables: Record<string, string>, ...options: string[]) =>
    spawnSync(process.execPath, [START, '--check', ...options], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', DATA_DIR: join(folder, 'state'), ...variables },
      encoding: 'utf8',
    });

  it('says that settings are right, and writes nothing', () => {
    const { status, stdout } = check({ PROCESSES: '2' });
    expect([status, stdout]).toEqual([
      0,
      `The settings are right. Gateway processes: 2. Rooms: demo, stored in ${join(folder, 'state')}.\n`,
    ]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says what is wrong in the sentences of a start', () => {
    const { status, stderr } = check({ PORT: 'x', TRUSTED_PROXIES: 'y' });
    expect([status, stderr]).toEqual([1, expect.stringContaining('PORT is "x"')]);
  });

  it('reads a file of settings, in which JSON may go over several lines; the environment wins', () => {
    const file = join(folder, 'fairgate.env');
    writeFileSync(
      file,
      `PROCESSES=3\nROOMS='[\n  {"id": "second", "title": {"ko": "둘", "en": "Two"}, "hosts": ["two.example"], "origin": "http://127.0.0.1:9",\n   "schedule": {"opensAt": "+1h"}, "policy": {"newUsersPerMinute": 60, "totalActiveUsers": 10, "sessionMinutes": 5}}\n]'\n`,
    );
    const { status, stdout, stderr } = check({ PROCESSES: '4' }, '--config', file);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Gateway processes: 4. Rooms: demo, second,');
  });
});

it('the demo room opens 50 s after the start, not after the first visit', async () => {
  const [port, originPort] = [await freePort(), await freePort()];
  const { code, output } = await start({ PORT: String(port), ORIGIN_PORT: String(originPort) });
  expect([code, output]).toEqual([null, expect.stringContaining('opens 50s after its first start')]);
  const runningAt = Date.now();
  const board = (await (await fetch(`http://127.0.0.1:${port}/_fairgate/rooms/demo/board`)).json()) as Board;
  expect(board.state).toBe('prequeue');
  expect(Date.parse(board.opensAt)).toBeLessThanOrEqual(runningAt + 50_000);
  expect((await fetch(`http://127.0.0.1:${originPort}/book`)).status).toBe(403);
  expect(output).toContain('refuses requests that did not come through the gateway (status 403)');
});

describe('with a site of one’s own (ORIGIN_URL)', () => {
  /** A site that answers everybody with this status. */
  async function site(status: number): Promise<string> {
    const server = createHttpServer((_, response) => {
      response.writeHead(status).end('<h1>My site</h1>');
    });
    const port = await listenOnLoopback(server);
    onTestFinished(() => void server.close().closeAllConnections());
    return `http://127.0.0.1:${port}`;
  }

  it('there is no demo: one room for that site, with its own titles, and no other site', async () => {
    const [port, originPort] = [await freePort(), await freePort()];
    const variables = {
      TITLE_KO: '봄 축제',
      TITLE_EN: 'Spring festival',
      OPENS_AT: '+1h',
      ORIGIN_URL: await site(200),
    };
    const { output } = await start({ PORT: String(port), ORIGIN_PORT: String(originPort), ...variables });
    expect(output).toContain('the room "main" opens 1h after its first start');
    expect(output).not.toMatch(/demo|deep link|Vaccine|백신/i);
    const board = await fetch(`http://127.0.0.1:${port}/_fairgate/rooms/main/board`);
    expect(await board.json()).toMatchObject({ room: 'main' });
    expect((await fetch(`http://127.0.0.1:${port}/_fairgate/rooms/demo/board`)).status).toBe(404);
    const page = await (await fetch(`http://127.0.0.1:${port}/`, { headers: { Accept: 'text/html' } })).text();
    expect(page).toMatch(/봄 축제|Spring festival/);
    expect(page).not.toMatch(/demo|Vaccine|백신/i);
    await expect(fetch(`http://127.0.0.1:${originPort}/`)).rejects.toThrow();
  });

  it('the title is the site’s host name, and ROOM_ID names the room, unless they are set', async () => {
    const [port, originUrl] = [await freePort(), await site(403)];
    const { output } = await start({ PORT: String(port), ORIGIN_URL: originUrl, ROOM_ID: 'spring', OPENS_AT: '+1h' });
    expect(output).toContain('the room "spring"');
    const page = await fetch(`http://127.0.0.1:${port}/`, { headers: { Accept: 'text/html' } });
    expect(await page.text()).toMatch(/<title>[^<]*127\.0\.0\.1/);
  });

  it('the welcome says that a site answers everybody', async () => {
    const { output } = await start({ PORT: String(await freePort()), ORIGIN_URL: await site(200) });
    expect(output).toContain('The origin answers everybody: status 200');
    expect(output).not.toContain('refuses requests that');
  });

  it('the welcome names no room as not served that is, on whatever host, and tells the opening of the room’s own', async () => {
    const port = String(await freePort());
    const list = rooms({}, { id: 'main', paths: ['/예약'], hosts: ['tickets.example'], schedule: { opensAt: '+2h' } });
    const { output } = await start({ PORT: port, ORIGIN_URL: await site(200), ROOMS: list });
    expect(output).toContain('the room "main" opens 2h after its first start');
    expect(output).not.toContain('is not served');
  });

  it('the welcome says that the room is not served where another stored room has its hosts', async () => {
    const port = String(await freePort());
    const first = await start({ PORT: port, ORIGIN_PORT: String(await freePort()) });
    expect(first.output).not.toContain('is not served');
    started?.kill('SIGTERM');
    await once(started as ChildProcess, 'exit');
    const { outputNow } = await start({ PORT: port, ORIGIN_URL: await site(200) });
    // The reason is on the other stream, and may come later.
    await expect.poll(outputNow).toContain('Room "main" is not served');
    await expect.poll(outputNow).toContain('"demo" protects */ already');
  });
});

const ROOM = {
  id: 'booking',
  title: { ko: '예약', en: 'Booking' },
  hosts: ['booking.example'],
  origin: 'https://origin.booking.example',
  schedule: { opensAt: '2027-03-02T20:00:00+09:00' },
  policy: { newUsersPerMinute: 600, totalActiveUsers: 3_000, sessionMinutes: 10 },
};
/** A file where a folder is expected. */
const FILE = () => {
  writeFileSync(join(folder, 'file'), '');
  return join(folder, 'file');
};
const rooms = (...changes: object[]) => JSON.stringify(changes.map((change) => ({ ...ROOM, ...change })));

it('signs with SIGNING_KEYS, which several gateways share, and takes operators from Cloudflare Access', async () => {
  const keys = { keys: [await newSigningKey(0)] };
  const access = { teamUrl: 'https://team.cloudflareaccess.com', audience: 'tag', roles: { 'a@b.example': 'owner' } };
  const { settings } = await localSettings({
    DATA_DIR: folder,
    SIGNING_KEYS: JSON.stringify(keys),
    ACCESS_TEAM_URL: access.teamUrl,
    ACCESS_AUDIENCE: access.audience,
    ACCESS_ROLES: JSON.stringify(access.roles),
  });
  expect(settings).toMatchObject({ keys, access });
  expect(existsSync(join(folder, 'signing-keys.json'))).toBe(false);
});

const OIDC = {
  OIDC_ISSUER: 'https://id.example/realms/night',
  OIDC_CLIENT_ID: 'fairgate',
  OIDC_CLIENT_SECRET: 'secret',
  OIDC_ROLES: '{"emails": {"kim@example.org": "owner"}}',
};

it('takes operators from an identity provider, whose secret it does not print', async () => {
  const { settings } = await localSettings({ DATA_DIR: folder, ...OIDC });
  expect(settings.oidc).toEqual({
    ...{ issuer: OIDC.OIDC_ISSUER, clientId: 'fairgate', clientSecret: 'secret' },
    roles: { emails: { 'kim@example.org': 'owner' }, claim: null },
  });
});

describe('does not start with', () => {
  it.each<[string, Record<string, string>, string]>([
    ['a guessable operator key', { OPERATOR_KEY: 'admin' }, 'OPERATOR_KEY is too easy to guess (5 characters)'],
    ['an empty operator key', { OPERATOR_KEY: '' }, 'OPERATOR_KEY is missing'],
    ['plain http for visitors', { PUBLIC_URL: 'http://booking.example' }, 'PUBLIC_URL is http://booking.example'],
    ['plain http for operators', { CONSOLE_URL: 'http://console.example' }, 'CONSOLE_URL is http://console.example'],
    ['a public address without a scheme', { PUBLIC_URL: 'booking.example' }, 'PUBLIC_URL is "booking.example"'],
    ['a public address with a path', { PUBLIC_URL: 'https://booking.example/b' }, 'without a path, such as'],
    ['a port that does not exist', { PORT: '99999' }, 'PORT is "99999": it must be a whole number from 1 to 65535'],
    ['half of an identity provider', { OIDC_ISSUER: 'https://a.example' }, 'OIDC_CLIENT_SECRET is missing'],
    [
      'an identity provider without TLS',
      { ...OIDC, OIDC_ISSUER: 'http://id.example' },
      'OIDC_ISSUER is "http://id.example". Set it to the provider’s issuer',
    ],
    ['an identity provider that gives nobody a role', { ...OIDC, OIDC_ROLES: '{}' }, 'must give at least one role'],
    [
      'a role that there is not',
      { ...OIDC, OIDC_ROLES: '{"emails": {"kim@example.org": "admin"}}' },
      'OIDC_ROLES emails.kim@example.org',
    ],
    ['half of Cloudflare Access', { ACCESS_TEAM_URL: 'https://a.example' }, 'ACCESS_ROLES is missing'],
    [
      'signing keys that are none',
      { SIGNING_KEYS: '{}' },
      'SIGNING_KEYS keys: is missing. Set SIGNING_KEYS to the output',
    ],
    ['an empty title', { ORIGIN_URL: 'https://site.example', TITLE_KO: ' ' }, 'TITLE_KO is " ": it must not be empty.'],
    [
      'the same port for gateway and demo site',
      { PORT: '8790', ORIGIN_PORT: '8790' },
      'PORT and ORIGIN_PORT are both 8790',
    ],
    ['an opening that is not a time', { OPENS_AT: 'tomorrow' }, 'OPENS_AT is "tomorrow"'],
    ['an opening without a zone', { OPENS_AT: '2027-03-02T20:00:00' }, 'OPENS_AT is "2027-03-02T20:00:00"'],
    ['a rate of 0', { NEW_USERS_PER_MINUTE: '0' }, 'NEW_USERS_PER_MINUTE is "0": it must be a whole number from 1 to'],
    [
      'a limit that is not a number',
      { TOTAL_ACTIVE_USERS: 'many' },
      'TOTAL_ACTIVE_USERS is "many": it must be a whole number',
    ],
    ['a limit of joins that is not a number', { JOINS_PER_NETWORK: 'many' }, 'JOINS_PER_NETWORK is "many"'],
    [
      'sessions of ten hours',
      { SESSION_MINUTES: '600' },
      'SESSION_MINUTES is "600": it must be a number of minutes from 1 to 30',
    ],
    ['an origin with a path', { ORIGIN_URL: 'https://site.example/app' }, 'it must not have a path'],
    ['the gateway itself as the origin', { PORT: '8790', ORIGIN_URL: 'http://127.0.0.1:8790' }, 'the gateway itself'],
    [
      'its public address as the origin',
      { PUBLIC_URL: 'https://booking.example', ORIGIN_URL: 'https://booking.example.:443' },
      'ORIGIN_URL: https://booking.example.:443 is the gateway itself (PUBLIC_URL)',
    ],
    [
      'its listening port as the origin of a further room',
      { PORT: '8790', PUBLIC_URL: 'https://booking.example', ROOMS: rooms({ origin: 'http://[::1]:8790' }) },
      'Room "booking", origin: http://[::1]:8790 is the gateway itself (the listening port)',
    ],
    [
      'a Redis address without its token',
      { UPSTASH_REDIS_REST_URL: 'https://redis.example' },
      'UPSTASH_REDIS_REST_TOKEN is missing',
    ],
    ['a title without a site', { TITLE_EN: 'Spring' }, 'TITLE_EN is for a site of your own, and ORIGIN_URL is missing'],
    ['a room id that no address can have', { ORIGIN_URL: 'https://site.example', ROOM_ID: 'A b' }, 'ROOM_ID is "A b"'],
    [
      'a title that no phone shows',
      { ORIGIN_URL: 'https://site.example', TITLE_KO: '긴'.repeat(200) },
      'TITLE_KO is "긴긴',
    ],
    ['rooms that are not a list', { ROOMS: '{"id":"booking"}' }, 'ROOMS is not a JSON list of rooms'],
    [
      'a room whose opening is not a time',
      { ROOMS: rooms({ schedule: { opensAt: 'soon' } }) },
      'Room "booking", schedule.opensAt: must',
    ],
    ['a room without hosts', { ROOMS: rooms({ hosts: undefined }) }, 'Room "booking", hosts: is missing. Set ROOMS to'],
    ['a room without an id', { ROOMS: rooms({ id: undefined }) }, 'ROOMS, a room without an id, id: is missing.'],
    ['a room of another kind', { ROOMS: '[7]' }, 'ROOMS, a room without an id: must be an object.'],
    [
      'a room with no limit',
      { ROOMS: rooms({ policy: { ...ROOM.policy, totalActiveUsers: 0 } }) },
      'policy.totalActiveUsers: must be at least 1',
    ],
    ['a misspelt limit', { ROOMS: rooms({ policy: { ...ROOM.policy, totalActive: 1 } }) }, 'has no "totalActive"'],
    [
      'two rooms at one address',
      { ROOMS: rooms({}, { id: 'other' }) },
      '"other": "booking" protects booking.example/ already',
    ],
  ])('%s', async (_, variables, expected) => {
    const refusal = await localSettings({ DATA_DIR: folder, ...variables }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(SettingsError);
    expect(String(refusal)).toContain('Fairgate does not start:\n  - ');
    expect(String(refusal)).toContain(expected);
  });

  it.each([
    ['one below a file', () => join(FILE(), 'state')],
    ['one that is a file', FILE],
    ['one that the system does not let anybody create', () => '/proc/fairgate'],
  ])('a folder of state in which nothing can be stored: %s', async (_, dataDir) => {
    const refusal = await localSettings({ DATA_DIR: dataDir() }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(SettingsError);
    expect(String(refusal)).toContain('Set it to a folder in which this user may write.');
  });

  it.each(['{', '{}', ''])('stored signing keys that are %j, and leaves the file as it is', async (text) => {
    const file = join(folder, 'signing-keys.json');
    writeFileSync(file, text);
    const refusal = await localSettings({ DATA_DIR: folder }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(SettingsError);
    expect(String(refusal)).toContain(`${file}: `);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('an origin that is no address, which is said once', async () => {
    const refusal = await localSettings({ DATA_DIR: folder, ORIGIN_URL: 'site' }).catch((error: unknown) => error);
    expect(String(refusal).split('\n').slice(1)).toEqual([
      '  - ORIGIN_URL is "site": it must be the http(s) address of the protected site.',
    ]);
  });

  it('wrong settings: it says so without a stack, and exits with 1', async () => {
    const { code, output } = await start({ ROOMS: rooms({ schedule: { opensAt: 'soon' } }) });
    expect(code).toBe(1);
    expect(output).toContain('Fairgate does not start:\n  - ');
    expect(output).toContain('schedule.opensAt');
    expect(output).not.toMatch(/^ {4}at /m);
  });

  it('a settings file with a misspelt name, without the rest of the settings', async () => {
    const file = join(folder, 'fairgate.env');
    writeFileSync(file, 'PROT=9000\nHOST=0.0.0.0\n# a remark\nnothing\n');
    const { status, stderr } = spawnSync(process.execPath, [START, '--check', '--config', file], { encoding: 'utf8' });
    expect([status, stderr.trim().split('\n')]).toEqual([
      1,
      [
        'Fairgate does not start:',
        `  - ${file}: PROT is not a setting. Remove the line, or correct the name; --help lists all.`,
        `  - ${file}, line 4: it has no "=". Write NAME=value, or begin the line with #.`,
      ],
    ]);
  });

  it.each([
    [{ PROCESSES: '0' }, 'PROCESSES is "0": it must be a whole number from 1 to 64.'],
    [{ PROCESSES: '2', PORT: '65535', ORIGIN_URL: 'https://site.example' }, 'would use the ports 65535 to 65536'],
    [{ PROCESSES: '4', ORIGIN_PORT: '8789' }, 'The gateways use the ports 8787 to 8790, and ORIGIN_PORT is 8789'],
    [{ LOG_FORMAT: 'xml' }, 'LOG_FORMAT is "xml": it must be one of text, json.'],
  ])('%j', async (variables, sentence) => {
    const refusal = await localSettings({ DATA_DIR: folder, ...variables }).catch((error: unknown) => error);
    expect(String(refusal)).toContain(sentence);
  });

  it('a port that another program uses', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    const { code, output } = await start({ PORT: port, ORIGIN_PORT: String(await freePort()) });
    other.close();
    expect([code, output]).toEqual([1, expect.stringContaining(`PORT is ${port}, which another program uses.`)]);
  });
});
