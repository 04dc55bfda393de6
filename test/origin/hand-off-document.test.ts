// docs/hand-off.md as a reader follows it: its room on a running gateway, its example of Express with the package as it is packed, and
// its page in PHP, each visited by a browser-like client on two hosts.

import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stopProcess, whenReady } from '../../scripts/lib/child-process.ts';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { oldNode } from '../../scripts/lib/old-node.ts';
import { PHP, requireInstalled } from '../../scripts/lib/system-packages.ts';
import type { RoomInput } from '../../worker/settings.ts';
import { listens } from '../gateway/server-process.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import { TwoOriginBrowser } from '../two-origin-browser.ts';
import { installPackage } from './installed-package.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const DOCUMENT = readFileSync(join(ROOT, 'docs/hand-off.md'), 'utf8');

function blockOf(language: string): string {
  const [only, ...others] = [...DOCUMENT.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, name]) => name === language);
  if (only?.[2] === undefined || others.length > 0)
    throw new Error(`docs/hand-off.md has not one block of ${language}.`);
  return only[2];
}

let folder: string;
let fairgate: Running;
const ports: Record<string, number> = {};

const SITES: [string, (port: number) => { file: string; args: string[] }][] = [
  ['Express in the newest Node', (port) => ({ file: process.execPath, args: [expressSite(port)] })],
  ['Express in Node 18', (port) => ({ file: oldNode(), args: [expressSite(port)] })],
  ['PHP', (port) => ({ file: PHP.file, args: ['-d', 'display_errors=1', '-S', `127.0.0.1:${port}`, phpSite(port)] })],
];

beforeAll(async () => {
  requireInstalled(PHP);
  folder = mkdtempSync(join(tmpdir(), 'fairgate-hand-off-'));
  for (const [name] of SITES) ports[name] = await freePort();
  const [room] = JSON.parse(blockOf('json')) as RoomInput[];
  if (room === undefined) throw new Error('docs/hand-off.md has no room.');
  const handOff = Object.values(ports).map((port) => `http://localhost:${port}/book`);
  expect(room.hosts).toEqual(['gate.example']);
  expect(room.handOff).toEqual(['https://shop.example/book']);
  const here = { hosts: ['127.0.0.1'], origin: 'http://127.0.0.1:9', handOff, schedule: { opensAt: '+0s' } };
  await Promise.all([
    installPackage(folder, folder, ['express']),
    startFairgate({ room: { hosts: ['demo.test'] }, moreRooms: () => [{ ...room, ...here }] }).then((running) => {
      fairgate = running;
    }),
  ]);
  mkdirSync(join(folder, 'keys'), { mode: 0o700 });
  copyFileSync(join(ROOT, 'origin/other-languages/fairgate.php'), join(folder, 'fairgate.php'));
}, 120_000);

afterAll(async () => {
  await fairgate?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A block with the addresses of this test in place of its own. */
function onThisMachine(text: string, port: number): string {
  const replaced = text
    .replaceAll('https://gate.example', fairgate.url)
    .replaceAll('https://shop.example', `http://localhost:${port}`);
  expect(replaced).not.toBe(text);
  return replaced.replaceAll('8080', String(port)).replaceAll('/var/lib/site/', join(folder, 'keys', `${port}-`));
}

function expressSite(port: number): string {
  const file = join(folder, `site-${port}.cjs`);
  writeFileSync(file, onThisMachine(blockOf('js'), port));
  return file;
}

function phpSite(port: number): string {
  const file = join(folder, `site-${port}.php`);
  writeFileSync(file, onThisMachine(blockOf('php'), port));
  return file;
}

const wait = () => new Promise<void>((done) => setTimeout(done, 50));

describe.each(SITES)('the example of %s', (name, program) => {
  it('guards its page, and leads a visitor through the room to it', async () => {
    const port = ports[name] ?? 0;
    const site = `http://localhost:${port}`;
    const { file, args } = program(port);
    const child = spawn(file, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (printed) => {
        output += printed;
      });
    }
    try {
      await whenReady(child, `The example of ${name}`, listens(port), () => output);
      const browser = new TwoOriginBrowser((url, init) => fetch(url, init));
      const script = await browser.request(`${site}/book`, { headers: { Accept: '*/*', 'Sec-Fetch-Dest': 'empty' } });
      expect(script.status).toBe(403);
      const shown = await browser.comeIn(`${site}/book?day=2`, 'booking', wait);
      expect([shown.url.href, shown.text]).toEqual([
        `${site}/book?day=2`,
        expect.stringMatching(/^visitor [\w-]{22}$/),
      ]);
      expect(shown.response.headers.get('Cache-Control')).toBe('private');
      const token = browser.jar('localhost').get('site-admission-booking') ?? '';
      expect(decodeJwt(token)).toMatchObject({
        iss: fairgate.url,
        aud: 'urn:fairgate:origin:booking',
        room: 'booking',
      });
      expect(browser.jar('localhost').get('site-verifier-booking')).toBe(undefined);

      // The address with the code, in the hands of somebody else: it leads to the room, and there to a page.
      const spent = browser.visited.find((url) => url.searchParams.has('fairgate_code')) as URL;
      const thief = new TwoOriginBrowser((url, init) => fetch(url, init));
      const led = await thief.open(spent);
      expect([led.url.origin, led.text.includes('id="fairgate"')]).toEqual([fairgate.url, true]);
      // In the visitor's own it is taken out of the address.
      expect((await browser.open(spent)).url.href).toBe(`${site}/book?day=2`);

      // A browser that keeps none of the site's cookies is told so, and does not go round for ever.
      const gate = browser.jar('127.0.0.1');
      const forgetful = new TwoOriginBrowser((url, init) => fetch(url, init));
      forgetful.jars.set('127.0.0.1', gate);
      forgetful.keepsCookies = false;
      const refused = await forgetful.open(`${site}/book`);
      expect([refused.response.status, refused.text]).toEqual([403, expect.stringContaining('allow cookies')]);
      expect(output).not.toMatch(/Warning|Error/);
    } finally {
      await stopProcess(child, 'SIGKILL');
    }
  });
});
