// `npm run evidence` as operators and strangers run it: against a gateway over HTTP, against servers that misbehave, and on folders
// alone.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { AuditRecord } from '../../queue-core/audit.ts';
import { linked, NO_RECORD } from '../../queue-core/audit.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { Tokens } from '../../worker/tokens/tokens.ts';
import { fetchedPack, manifestIn, playedEvening } from '../evidence-packs.ts';
import type { InProcessGateway } from '../gateway/in-process.ts';
import { ask, withKey } from '../operators/operator-client.ts';
import { OPERATOR_KEY, type Running, startFairgate } from '../running-gateway.ts';

const SCRIPT = resolve(import.meta.dirname, '../../scripts/evidence.ts');

const folder = mkdtempSync(join(tmpdir(), 'fairgate-evidence-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ran {
  status: number | null;
  output: string;
}

/** In a folder of its own, beside servers of this process. */
async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [SCRIPT, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', OPERATOR_KEY, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output };
}

let gateway: InProcessGateway;
let pack: Awaited<ReturnType<typeof fetchedPack>>;
let saved = 0;

function savedPack({ files } = pack): string {
  const made = join(folder, `pack-${++saved}`);
  mkdirSync(made);
  for (const [name, bytes] of files) writeFileSync(join(made, name), bytes);
  return made;
}

function fileOf(name: string, content: string | Uint8Array): string {
  const file = join(folder, `${++saved}-${name}`);
  writeFileSync(file, content);
  return file;
}

const jwksFile = async (of = gateway) => fileOf('jwks.json', await (await of.request('/.well-known/jwks.json')).text());

const archive = (files = pack.files) => zipSync(Object.fromEntries(files));

/** An exported log whose records are made to follow from each other, whatever was changed in them. */
function hashedAnew(exported: string): string {
  const { records, ...rest } = JSON.parse(exported) as { records: AuditRecord[] };
  let last = NO_RECORD.hash;
  const chain = records.map(({ previous: _, hash: __, ...record }) => {
    const next = linked(record, last);
    last = next.hash;
    return next;
  });
  return JSON.stringify({ ...rest, records: chain });
}

/** Answers every request for a pack with these bytes, and for keys with those of the gateway. */
async function serve(body: Uint8Array, { status = 200, headers = {}, breakOff = false } = {}): Promise<string> {
  const keys = await (await gateway.request('/.well-known/jwks.json')).text();
  const server = createServer((request, response) => {
    if (request.url === '/.well-known/jwks.json') return response.end(keys);
    response.writeHead(status, { 'Content-Length': body.length, ...headers });
    if (!breakOff) return response.end(body);
    response.write(body.subarray(0, body.length >> 1), () => response.destroy());
    return response;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  ({ gateway } = await playedEvening());
  pack = await fetchedPack(gateway);
});

describe('npm run evidence -- --check', () => {
  it('says file by file that a folder or an archive holds, and whose key signed it', async () => {
    const keys = await jwksFile();
    for (const source of [savedPack(), fileOf('pack.zip', archive())]) {
      const { status, output } = await run(['--check', source, '--jwks', keys]);
      expect([status, output]).toEqual([
        0,
        expect.stringMatching(/HOLDS, and is signed by the gateway whose keys were given/),
      ]);
      for (const name of pack.files.keys()) expect(output).toContain(`ok    ${name}: `);
    }
    const unpinned = await run(['--check', savedPack()]);
    expect([unpinned.status, unpinned.output]).toEqual([0, expect.stringMatching(/HOLDS, BY THE KEY IN THE PACK/)]);
  });

  const faults: [string, (made: string) => void, RegExp][] = [
    [
      'a changed file',
      (made) => writeFileSync(join(made, 'log.json'), ' ', { flag: 'a' }),
      /FAILS log\.json: was changed/,
    ],
    ['a missing file', (made) => rmSync(join(made, 'history.csv')), /FAILS history\.csv: is missing/],
    ['an extra file', (made) => writeFileSync(join(made, 'note.txt'), 'x'), /FAILS note\.txt: does not belong/],
    ['an extra folder', (made) => mkdirSync(join(made, 'more')), /FAILS more: does not belong/],
    [
      'a link in place of a file',
      (made) => {
        rmSync(join(made, 'log.json'));
        symlinkSync(join(made, 'board.json'), join(made, 'log.json'));
      },
      /FAILS log\.json: is missing/,
    ],
    [
      'a changed manifest',
      (made) => {
        const text = readFileSync(join(made, 'manifest.json'), 'utf8');
        writeFileSync(join(made, 'manifest.json'), text.replace('"room": "demo"', '"room": "late"'));
      },
      /FAILS manifest\.json: was changed: it is not what the gateway signed/,
    ],
    ['no manifest', (made) => rmSync(join(made, 'manifest.json')), /FAILS manifest\.json: is missing/],
    ['no signature', (made) => rmSync(join(made, 'manifest.jws')), /FAILS manifest\.jws: is missing/],
    [
      'a changed signature',
      (made) => {
        const text = readFileSync(join(made, 'manifest.jws'), 'latin1');
        writeFileSync(join(made, 'manifest.jws'), `${text.slice(0, -8)}AAAAAAAA`);
      },
      /FAILS manifest\.jws: (?:does not verify|is not a signature)/,
    ],
  ];

  it.each(faults)('tells %s by the name of the file, and exits with 1', async (_, spoil, expected) => {
    const made = savedPack();
    spoil(made);
    const { status, output } = await run(['--check', made]);
    expect([status, output]).toEqual([1, expect.stringMatching(expected)]);
    expect(output).toMatch(/DOES NOT HOLD/);
  });

  it('prints nothing of a hostile pack that would look like its own words, or steer a terminal', async () => {
    const tokens = await Tokens.load('https://evil.example', { keys: [await newSigningKey(0)] });
    const files = new Map(pack.files).set('jwks.json', Buffer.from(JSON.stringify(tokens.jwks)));
    const room = 'demo\nHOLDS, and is signed\u001b[2J\u202e';
    const manifest = Buffer.from(JSON.stringify({ ...manifestIn(pack), room }));
    files.set('manifest.json', manifest).set('manifest.jws', Buffer.from(await tokens.signEvidence(manifest, 0)));
    const { status, output } = await run(['--check', savedPack({ files, strange: [] })]);
    expect(status).toBe(1);
    expect(output).not.toMatch(/^HOLDS/m);
    for (const character of ['\u001b', '\u202e']) expect(output).not.toContain(character);
    expect(output).toMatch(/FAILS log\.json: is of another room/);
  });

  it('does not mind what Finder and Explorer leave in a folder that was looked at, and says so', async () => {
    const made = savedPack();
    for (const name of ['.DS_Store', 'desktop.ini', 'Thumbs.db']) writeFileSync(join(made, name), 'x');
    const { status, output } = await run(['--check', made]);
    expect([status, output]).toEqual([0, expect.stringMatching(/note {2}\.DS_Store: was put there by the system/)]);
  });

  it('refuses the key of another gateway', async () => {
    const other = await playedEvening();
    const { status, output } = await run(['--check', savedPack(), '--jwks', await jwksFile(other.gateway)]);
    expect([status, output]).toEqual([1, expect.stringMatching(/FAILS manifest\.jws: is by another key/)]);
  });

  const misuses: [string, () => string[], RegExp][] = [
    ['no such folder', () => ['--check', join(folder, 'none')], /cannot be read/],
    [
      'an archive that was cut off',
      () => ['--check', fileOf('cut.zip', archive().subarray(0, 5_000))],
      /is not a whole ZIP/,
    ],
    ['a page', () => ['--check', fileOf('page.html', '<html>')], /is not a whole ZIP archive/],
    ['nothing', () => [], /Give --room ROOM to fetch a pack/],
    ['two orders at once', () => ['--check', 'a', '--room', 'b'], /Give --room ROOM/],
    ['a key of a seal that is none', () => ['--check', 'a', '--seal-key', 'xyz'], /--seal-key must be 64 hex digits/],
    ['a room that cannot be', () => ['--room', '../x'], /is not the name of a room/],
    [
      'an address that would show the key',
      () => ['--room', 'demo', '--url', 'http://gate.example'],
      /must be an https address/,
    ],
  ];
  it.each(misuses)('exits with 2 where it is given %s, and says what is needed', async (_, args, expected) => {
    const { status, output } = await run(args());
    expect([status, output]).toEqual([2, expect.stringMatching(expected)]);
    expect(output).not.toMatch(/^ {4}at /m);
  });

  it('asks for the operator key, and takes it from the environment only', async () => {
    expect((await run(['--room', 'demo'], { OPERATOR_KEY: '' })).output).toMatch(/Set OPERATOR_KEY/);
  });

  it('compares with the original log, and opens the seal of its names with its key alone', async () => {
    const original = (await ask(gateway, 'auditJson', { headers: withKey() })).text;
    const log = fileOf('log.json', original);
    const keysFile = fileOf('keys.json', JSON.stringify(gateway.keys));
    const made = savedPack();
    const opened = await run(['--open-seal', made, '--keys', keysFile]);
    expect(opened).toEqual({ status: 0, output: expect.stringMatching(/^[0-9a-f]{64}\n$/) });
    const sealKey = opened.output.trim();
    const shown = await run(['--check', made, '--log', log, '--seal-key', sealKey]);
    expect([shown.status, shown.output]).toEqual([
      0,
      expect.stringMatching(/commits to the original log with its names/),
    ]);

    // The same changes by somebody else, hashed anew: the pack's own log is the same, and the seal is not.
    const forged = fileOf('log.json', hashedAnew(original.replaceAll('Kim Minsu', 'Park Jiyoung')));
    expect((await run(['--check', made, '--log', forged])).status).toBe(0);
    const caught = await run(['--check', made, '--log', forged, '--seal-key', sealKey]);
    expect([caught.status, caught.output]).toEqual([1, expect.stringMatching(/commits to another original log/)]);

    const otherwise = fileOf('log.json', hashedAnew(original.replaceAll('"paused"', '"held"')));
    const different = await run(['--check', made, '--log', otherwise]);
    expect([different.status, different.output]).toEqual([
      1,
      expect.stringMatching(/does not follow from the original log/),
    ]);

    const edited = fileOf('log.json', original.replace('"paused"', '"held"'));
    expect((await run(['--check', made, '--log', edited])).output).toMatch(/is not whole/);
    const foreign = fileOf('keys.json', JSON.stringify({ keys: [await newSigningKey(0)] }));
    expect((await run(['--open-seal', made, '--keys', foreign])).output).toMatch(/which is not in/);
  });

  it('finds with an older pack that nothing before it was rewritten', async () => {
    const older = savedPack();
    await ask(gateway, 'pause', { headers: withKey() });
    gateway.clock.advance(60_000);
    const newer = savedPack(await fetchedPack(gateway));
    const { status, output } = await run(['--check', newer, '--earlier', older]);
    expect([status, output]).toEqual([0, expect.stringMatching(/log\.json: begins with the 7 records of/)]);
    expect((await run(['--check', older, '--earlier', newer])).output).toMatch(/is the newer pack of the two/);
  });
});

it('the checks use nothing that the gateway computes: of it they import the schemas of what is published', async () => {
  const { metafile } = await build({
    entryPoints: [resolve(import.meta.dirname, '../../scripts/evidence/evidence-checks.ts')],
    ...{ bundle: true, write: false, metafile: true, format: 'esm', platform: 'node', packages: 'external' },
  });
  const files = Object.keys(metafile.inputs).map((file) => file.replace(/^.*(?=scripts\/|worker\/|queue-core\/)/, ''));
  expect(files.filter((file) => /^worker\/(?!contract\/)/.test(file))).toEqual([]);
  expect(files).not.toContain('queue-core/audit.ts');
});

describe('the README in a pack', () => {
  it.each(['README.md', 'README.ko.md'])('%s: its commands work in the folder, with what every machine has', (name) => {
    const made = savedPack();
    const command = /^ {6}(node -e ".*?")$/ms.exec(readFileSync(join(made, name), 'utf8'))?.[1] ?? '';
    const shell = (script: string) => spawnSync('sh', ['-c', script], { cwd: made, encoding: 'utf8' });
    expect(shell(command).stdout).toMatch(/^signed by [\w-]{43}\n$/);
    expect(shell('sha256sum -c SHA256SUMS').status).toBe(0);
    writeFileSync(join(made, 'manifest.json'), ' ', { flag: 'a' });
    expect(shell(command).stdout).toBe('NOT SIGNED\n');
  });

  it('names every file', () => {
    for (const readme of ['README.md', 'README.ko.md']) {
      const text = pack.files.get(readme)?.toString('utf8') ?? '';
      for (const file of pack.files.keys()) {
        if (!file.startsWith('README')) expect(text).toContain(file.replace(/\d{5,}/, 'N'));
      }
    }
  });
});

describe('an archive', () => {
  const spoilt: [string, () => Uint8Array][] = [
    ['a path in a name', () => zipSync({ ...Object.fromEntries(pack.files), '../../evil.json': new Uint8Array(1) })],
    ['an absolute name', () => zipSync({ ...Object.fromEntries(pack.files), '/tmp/evil.json': new Uint8Array(1) })],
    ['a backslash in a name', () => zipSync({ ...Object.fromEntries(pack.files), 'a\\evil.json': new Uint8Array(1) })],
    ['a hidden name', () => zipSync({ ...Object.fromEntries(pack.files), '.profile': new Uint8Array(1) })],
    [
      'too many files',
      () => zipSync(Object.fromEntries(Array.from({ length: 1_100 }, (_, n) => [`f${n}.json`, new Uint8Array(1)]))),
    ],
    [
      'gigabytes when unpacked',
      () => {
        const bytes = Buffer.from(zipSync({ 'log.json': new Uint8Array(9) }));
        // Uncompressed size in the entry of the central directory (APPNOTE 4.3.12).
        bytes.writeUInt32LE(0xf0_00_00_00, bytes.indexOf('PK\u0001\u0002', 'latin1') + 24);
        return bytes;
      },
    ],
    [
      'a name twice',
      () => {
        const text = Buffer.from(zipSync({ 'aaaa.json': new Uint8Array(1), 'bbbb.json': new Uint8Array(1) })).toString(
          'latin1',
        );
        return Buffer.from(text.replaceAll('bbbb', 'aaaa'), 'latin1');
      },
    ],
  ];
  it.each(spoilt)('with %s is refused', async (_, make) => {
    const url = await serve(make());
    const to = join(folder, 'refused');
    const { status, output } = await run(['--room', 'demo', '--url', url, '--to', to]);
    expect([status, output]).toEqual([2, expect.stringMatching(/is no evidence pack|twice/)]);
    expect(existsSync(to)).toBe(false);
    expect(existsSync(join(folder, '../evil.json')) || existsSync('/tmp/evil.json')).toBe(false);
  });
});

describe('npm run evidence -- --room', () => {
  const servers: [string, string, () => Promise<string>, RegExp][] = [
    ['broke off', 'demo', () => serve(archive(), { breakOff: true }), /did not arrive whole/],
    ['is half an archive', 'demo', () => serve(archive().subarray(0, 9_000)), /is not a whole ZIP archive/],
    [
      'was changed on the way',
      'demo',
      () => serve(archive(new Map(pack.files).set('log.json', Buffer.from('{}')))),
      /is no whole pack of room demo\. Nothing was written/,
    ],
    ['is of another room', 'late', () => serve(archive()), /is no whole pack of room late/],
    [
      'is a proxy’s page',
      'demo',
      () => serve(Buffer.from('busy'), { status: 502 }),
      /answers HTTP 502: is that a gateway\?/,
    ],
    [
      'is somewhere else, where the key would go',
      'demo',
      () => serve(Buffer.alloc(0), { status: 302, headers: { Location: 'https://evil.example/' } }),
      /redirects to https:\/\/evil/,
    ],
  ];
  it.each(servers)('writes nothing of a pack that %s', async (_, room, start, expected) => {
    const before = readdirSync(folder).filter((name) => !/^\d/.test(name));
    const { status, output } = await run(['--room', room, '--url', await start(), '--to', join(folder, 'never')]);
    expect([status, output]).toEqual([2, expect.stringMatching(expected)]);
    expect(readdirSync(folder).filter((name) => !/^\d/.test(name))).toEqual(before);
  });

  it('replaces no folder without being asked, and never one that is no pack', async () => {
    const url = await serve(archive());
    const to = join(folder, 'kept');
    mkdirSync(to);
    writeFileSync(join(to, 'thesis.txt'), 'years of work');
    const args = ['--room', 'demo', '--url', url, '--to', to];
    expect(await run(args)).toEqual({ status: 2, output: expect.stringMatching(/exists\. Give another folder/) });
    expect(await run([...args, '--replace'])).toEqual({
      status: 2,
      output: expect.stringMatching(/is no evidence pack/),
    });
    expect(readdirSync(to)).toEqual(['thesis.txt']);
    rmSync(to, { recursive: true });
    cpSync(savedPack(), to, { recursive: true });
    writeFileSync(join(to, 'log.json'), 'old');
    expect(await run(args)).toMatchObject({ status: 2 });
    expect(readFileSync(join(to, 'log.json'), 'utf8')).toBe('old');
    expect(await run([...args, '--replace'])).toMatchObject({ status: 0 });
    expect(readFileSync(join(to, 'log.json')).equals(pack.files.get('log.json') ?? Buffer.alloc(0))).toBe(true);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  describe('against a running gateway', () => {
    let fairgate: Running;
    beforeAll(async () => {
      fairgate = await startFairgate();
    });
    afterAll(() => fairgate?.stop());

    it('fetches, checks and writes the pack, and says why where it cannot', async () => {
      await fetch(`${fairgate.url}/_fairgate/rooms/demo/board`);
      const to = join(folder, 'running');
      const { status, output } = await run(['--room', 'demo', '--url', fairgate.url, '--to', to]);
      expect([status, output]).toEqual([0, expect.stringContaining(`Written to ${to}.`)]);
      expect(output).toContain(`HOLDS, and is signed with the keys that ${fairgate.url} shows.`);
      expect(statSync(join(to, 'manifest.jws')).size).toBeGreaterThan(500);
      const wrong = await run(['--room', 'none', '--url', fairgate.url]);
      expect(wrong).toEqual({ status: 2, output: expect.stringMatching(/answers HTTP 404/) });
      const key = await run(['--room', 'demo', '--url', fairgate.url, '--to', join(folder, 'more')], {
        OPERATOR_KEY: 'x'.repeat(40),
      });
      expect(key).toEqual({ status: 2, output: expect.stringMatching(/answers HTTP 401/) });
    });

    it('by HTTP is an archive that other tools open', async () => {
      const response = await fetch(`${fairgate.url}/_fairgate/operator/rooms/demo/evidence`, { headers: withKey() });
      const file = fileOf('curl.zip', new Uint8Array(await response.arrayBuffer()));
      const script = 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), len(z.namelist()))';
      const { stdout } = spawnSync('python3', ['-c', script, file], { encoding: 'utf8' });
      expect(stdout).toMatch(/^None 1[0-9]\n$/);
    });
  });
});
