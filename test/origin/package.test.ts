// The package that a site installs: packed as `npm run build:origin` packs it, installed from the tarball without a network, and used by
// the examples of docs/origin.md, each in the newest and in the oldest Node that it is for.

import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text as body } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stopProcess, whenReady } from '../../scripts/lib/child-process.ts';
import { freePort, listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import { oldNode } from '../../scripts/lib/old-node.ts';
import { PHP, PYTHON } from '../../scripts/lib/system-packages.ts';
import { listens } from '../gateway/server-process.ts';
import { installPackage } from './installed-package.ts';
import { ISSUER, type Issuer, makeKey, mint, startIssuer } from './issuer.ts';

const run = promisify(execFile);

const ROOT = resolve(import.meta.dirname, '../..');
const AUDIENCE = 'urn:fairgate:origin:booking';

/** Frameworks of the examples, from the project's own packages. */
const FRAMEWORKS = ['express', 'fastify', 'hono', 'ws', '@hono/node-server', '@types/node'];

const NODES = [
  { node: 'Node 18', file: () => oldNode() },
  { node: 'the newest Node', file: () => process.execPath },
];

const EXAMPLES = [...readFileSync(join(ROOT, 'docs/origin.md'), 'utf8').matchAll(/^```js\n(.*?)^```$/gms)].map(
  ([, text = '']) => text,
);

let folder: string;
let site: string;
let issuer: Issuer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairgate-package-'));
  site = join(folder, 'site');
  mkdirSync(site);
  issuer = await startIssuer();
  await installPackage(folder, site, FRAMEWORKS);
}, 120_000);

afterAll(async () => {
  await issuer?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The example that has this text, with the issuer of this test, and a free port. */
function example(marker: string, port = 0): string {
  const text = EXAMPLES.find((one) => one.includes(marker));
  if (text === undefined) throw new Error(`docs/origin.md has no example with ${marker}.`);
  return text.replaceAll('https://gate.example/.well-known/jwks.json', issuer.jwksUrl).replaceAll('8080', String(port));
}

let files = 0;

/** A module of the site; an example that uses `require` is CommonJS. */
function write(text: string): string {
  files++;
  const file = join(site, `site-${files}.${text.includes('require(') ? 'cjs' : 'mjs'}`);
  writeFileSync(file, text);
  return file;
}

/** Good and bad tokens, and how a site answers them. */
async function requests(): Promise<[string, string | null, RegExp][]> {
  const claims = { aud: AUDIENCE, sub: 'visitor-1' };
  return [
    ['no token', null, /^403 .*"missing"/],
    ['no token at all, but a text', 'x', /^403 .*"malformed"/],
    ['a queue token', await issuer.mint({ claims, header: { typ: 'queue+jwt' } }), /^403 .*"type"/],
    ['a token of another site', await issuer.mint(), /^403 .*"audience"/],
    [
      'a token of another gateway',
      await issuer.mint({ claims: { ...claims, iss: `${ISSUER}.evil` } }),
      /^403 .*"issuer"/,
    ],
    ['an expired token', await issuer.mint({ claims: { ...claims, exp: 1 } }), /^403 .*"expired"/],
    [
      'a foreign key',
      await mint({ key: await makeKey(), claims, header: { kid: issuer.key.kid } }),
      /^403 .*"signature"/,
    ],
    ['a good token', await issuer.mint({ claims }), /^200 visitor visitor-1$/],
  ];
}

async function answers(ask: (token: string | null) => Promise<string>): Promise<void> {
  for (const [name, token, expected] of await requests())
    expect([name, await ask(token)]).toEqual([name, expect.stringMatching(expected)]);
}

/** Runs a server of the site while `use` asks it. */
async function serving(
  node: string,
  text: (port: number) => string,
  use: (port: number) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  const child = spawn(node, [write(text(port))], { cwd: site, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (printed) => (output += printed));
  try {
    await whenReady(child, 'The example', listens(port), () => output);
    await use(port);
  } finally {
    await stopProcess(child, 'SIGKILL');
  }
}

const overHttp = (port: number) => async (token: string | null) => {
  const headers: Record<string, string> = token === null ? {} : { 'Fairgate-Admission': token };
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers });
  return `${response.status} ${await response.text()}`;
};

/** The first line, and what was sent after an upgrade. */
function upgrade(port: number, token: string | null): Promise<string> {
  return new Promise((done) => {
    let received = '';
    const field = token === null ? '' : `Fairgate-Admission: ${token}\r\n`;
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(
        `GET / HTTP/1.1\r\nHost: site\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${field}\r\n`,
      ),
    );
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (/welcome|"reason"/.test(received)) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      const status = /^HTTP\/1\.1 (\d+)/.exec(received)?.[1];
      done(
        status === '101' && received.includes('welcome')
          ? '200 visitor visitor-1'
          : `${status} ${received.split('\r\n\r\n')[1]}`,
      );
    });
  });
}

describe.each(NODES)('in $node', ({ node: name, file }) => {
  it('a CommonJS site with Express is guarded', () =>
    serving(
      file(),
      (port) => example("require('express')", port),
      (port) => answers(overHttp(port)),
    ));

  // Fastify 5 and the server of Hono need Node 20.
  it.runIf(name !== 'Node 18')('an ESM site with Fastify is guarded, its unknown addresses too', () =>
    serving(
      file(),
      (port) => example("from 'fastify'", port),
      async (port) => {
        await answers(overHttp(port));
        expect((await fetch(`http://127.0.0.1:${port}/unknown`)).status).toBe(403);
        expect((await fetch(`http://127.0.0.1:${port}/%zz`)).status).toBeGreaterThanOrEqual(400);
      },
    ),
  );

  it.runIf(name !== 'Node 18')('a site with Hono is guarded', () =>
    serving(
      file(),
      (port) => example("from '@hono/node-server'", port),
      (port) => answers(overHttp(port)),
    ),
  );

  it('node:http is guarded', () =>
    serving(
      file(),
      (port) => example("from 'node:http'", port),
      (port) => answers(overHttp(port)),
    ));

  it('upgrades to WebSockets are guarded', () => {
    const both = (port: number) => {
      const [sockets, http] = [example("from 'ws'"), example("from 'node:http'", port)];
      const [importLine = ''] = /^import.*\n/m.exec(sockets) ?? [];
      return `${importLine}${http}${sockets.replace(importLine, '')}`;
    };
    return serving(file(), both, (port) => answers((token) => upgrade(port, token)));
  });

  it('a Fetch handler is guarded', async () => {
    await asked(
      file(),
      `${example('withAdmission').replace('export default', 'const handler =')}\nconst handle = (request) => handler.fetch(request);`,
    );
  });

  it('the proxy of Next.js is guarded, with import', async () => {
    const goesOn = `const handle = async (request) => (await proxy(request)) ?? new Response('visitor visitor-1');`;
    await asked(file(), `${example('admissionProxy').replace('export const', 'const')}\n${goesOn}`);
  });

  it('calls the gateway, signed as the library of Standard Webhooks verifies it', async () => {
    const key = `whsec_${randomBytes(32).toString('base64')}`;
    const received: unknown[] = [];
    const gateway = createServer(async (request, response) => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([field, value]) => [field, String(value)]),
      );
      received.push(request.url, new Webhook(key).verify(await body(request), headers));
      response.end('{"outcome":"completed"}');
    });
    const address = `http://127.0.0.1:${await listenOnLoopback(gateway)}`;
    try {
      const [, text = ''] =
        /^```js\n(import \{ createGatewayCalls.*?)^```$/ms.exec(
          readFileSync(join(ROOT, 'docs/origin-calls.md'), 'utf8'),
        ) ?? [];
      const env = { ...process.env, FAIRGATE_KEY: key, ADMISSION: 'a.b.c' };
      const { stdout } = await run(file(), [write(text.replace('https://gate.example', address))], { cwd: site, env });
      expect(stdout).toBe('completed\n');
      expect(received).toEqual([
        '/_fairgate/origin/rooms/booking/complete',
        { type: 'complete', room: 'booking', data: { admission: 'a.b.c', reference: 'A-123' } },
      ]);
    } finally {
      gateway.close();
    }
  });

  it('every module can be loaded by import and by require, with the same names', async () => {
    const { exports } = JSON.parse(readFileSync(join(site, 'node_modules/@fairgate/origin/package.json'), 'utf8')) as {
      exports: object;
    };
    const modules = Object.keys(exports)
      .filter((path) => !path.endsWith('.json'))
      .map((path) => `@fairgate/origin${path.slice(1)}`);
    expect(modules).toHaveLength(7);
    const text = `
      import { createRequire } from 'node:module';
      for (const name of ${JSON.stringify(modules)}) {
        const names = (module) => Object.keys(module).filter((one) => one !== 'default' && one !== 'module.exports').sort().join();
        const [esm, cjs] = [names(await import(name)), names(createRequire(import.meta.url)(name))];
        console.log(esm === cjs && esm !== '' ? 'same' : name + ': ' + esm + ' / ' + cjs);
      }`;
    const { stdout } = await run(file(), [write(text)], { cwd: site });
    expect(stdout.trim().split('\n')).toEqual(modules.map(() => 'same'));
  });

  /** A module with `handle(request)`, asked in one process for each token of the table. */
  async function asked(node: string, text: string): Promise<void> {
    const table = await requests();
    const tokens = JSON.stringify(table.map(([, token]) => token));
    const module = write(`${text}
      for (const token of ${tokens}) {
        const headers = token === null ? {} : { 'Fairgate-Admission': token };
        const response = await handle(new Request('https://site.example/', { headers }));
        console.log(response.status + ' ' + (await response.text()));
      }`);
    const { stdout } = await run(node, [module], { cwd: site });
    expect(stdout.trim().split('\n')).toEqual(table.map(([, , expected]) => expect.stringMatching(expected)));
  }
});

describe('the package', () => {
  const manifest = () => JSON.parse(readFileSync(join(site, 'node_modules/@fairgate/origin/package.json'), 'utf8'));

  it('has no dependencies, no scripts, and its own README, CHANGELOG and license', () => {
    const { version, dependencies, scripts, license } = manifest();
    expect({ dependencies, scripts, license }).toEqual({ license: 'Apache-2.0' });
    const home = join(site, 'node_modules/@fairgate/origin');
    for (const name of ['README.md', 'CHANGELOG.md', 'LICENSE'])
      expect([name, existsSync(join(home, name))]).toEqual([name, true]);
    expect(readFileSync(join(home, 'CHANGELOG.md'), 'utf8')).toMatch(new RegExp(`^## \\[?${version}`, 'm'));
    expect(readFileSync(join(ROOT, 'docs/origin.md'), 'utf8')).toContain(`fairgate-origin-${version}.tgz`);
    for (const name of ['fairgate.py', 'fairgate.php', 'fairgate.go', 'fairgate-njs.js']) {
      expect([name, existsSync(join(home, 'other-languages', name))]).toEqual([name, true]);
    }
  });

  it('names nothing that only Node has in the modules that edge runtimes load', () => {
    const folder = join(site, 'node_modules/@fairgate/origin/dist/esm');
    const seen = new Set<string>();
    const visit = (name: string) => {
      if (seen.has(name)) return;
      seen.add(name);
      const text = readFileSync(join(folder, name), 'utf8');
      for (const [, imported = ''] of text.matchAll(/(?:from|import) ["']([^"']+)["']/g)) {
        expect(imported.startsWith('./')).toBe(true);
        visit(imported.slice(2));
      }
      expect([name, /\b(?:Buffer|process|require|__dirname)\b/.exec(text)?.[0] ?? null]).toEqual([name, null]);
    };
    for (const name of ['fairgate-origin.js', 'fetch.js', 'hono.js', 'next-proxy.js']) visit(name);
  });

  it('is well-formed, as publint sees it', async () => {
    const { messages } = await publint({ pkgDir: join(site, 'node_modules/@fairgate/origin'), strict: true });
    expect(messages).toEqual([]);
  });

  it.each([
    ['nodenext', 'mts'],
    ['nodenext', 'cts'],
    ['bundler', 'ts'],
  ])('has types for a site in TypeScript: %s, .%s', async (resolution, extension) => {
    const project = join(site, `types-${resolution}-${extension}`);
    mkdirSync(project);
    writeFileSync(
      join(project, `site.${extension}`),
      `import { createGatewayCalls, createVerifier, stockHeaders, type Verdict, VerifierOptionsError } from '@fairgate/origin';
import { admission } from '@fairgate/origin/express';
import { admission as fastify } from '@fairgate/origin/fastify';
import { withAdmission } from '@fairgate/origin/fetch';
import { type AdmissionEnv, admission as hono } from '@fairgate/origin/hono';
import { admissionProxy } from '@fairgate/origin/next';
import { createServer } from 'node:http';
const options = { jwksUrl: 'https://a.example/', issuer: 'a', audience: 'b' };
const check = admission(options);
createServer((q, s) => check(q, s, () => s.end(q.admission?.sub)));
const verdict: Promise<Verdict> = createVerifier(options)('x');
const handler: (request: Request) => Promise<Response> = withAdmission(options, (_, { sub }) => new Response(sub));
const proxy: (request: Request) => Promise<Response | undefined> = admissionProxy(options);
export type Env = AdmissionEnv;
export const calls = createGatewayCalls({ gateway: 'https://a.example', room: 'a', key: 'b' });
export const outcome: Promise<string> = calls.complete('x', { reference: 'y' }).then((reply) => reply.outcome);
export { check, fastify, handler, hono, proxy, stockHeaders, verdict, VerifierOptionsError };
// @ts-expect-error a misspelt option
createVerifier({ ...options, rooms: 'a' });
`,
    );
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          module: resolution === 'bundler' ? 'esnext' : 'nodenext',
          moduleResolution: resolution,
          strict: true,
          noEmit: true,
          skipLibCheck: false,
          lib: ['ES2024', 'DOM', 'DOM.Iterable'],
          types: ['node'],
          exactOptionalPropertyTypes: true,
        },
        files: [`site.${extension}`],
      }),
    );
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [tsc, '-p', project]).catch((error: { stdout: string }) => error);
    // Other packages' own declarations are not checked here.
    expect(stdout.split('\n').filter((line) => /fairgate|site\.[mc]?ts/.test(line))).toEqual([]);
  });
});

describe('the secret in a header, as docs/origin.md compares it', () => {
  const [first, second] = ['a'.repeat(32), 'b'.repeat(32)];
  const SENT = [first, second, '', undefined, `${first} ${second}`, first.slice(1), `${first}x`, ' ', 'a'];
  const document = readFileSync(join(ROOT, 'docs/origin.md'), 'utf8');
  const blockOf = (language: string, marker: string): string => {
    const blocks = [...document.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))];
    return blocks.map(([, text = '']) => text).find((text) => text.includes(marker)) ?? '';
  };

  /** Prints a list: whether each value, as JSON in SENT, is accepted. */
  const LANGUAGES: [string, () => { file: string; args: string[] }][] = [
    [
      'Node',
      () => ({
        file: process.execPath,
        args: [
          write(`${example('timingSafeEqual').replace('export function', 'function')}
            const sent = JSON.parse(process.env.SENT).map((value) => value ?? undefined);
            console.log(JSON.stringify(sent.map((value) => comesFromTheGateway({ 'fairgate-origin-secret': value }))));`),
        ],
      }),
    ],
    [
      'Python',
      () => ({
        file: PYTHON.file,
        args: [
          '-c',
          `${blockOf('python', 'compare_digest')}
import json
fields = [{} if value is None else {"HTTP_FAIRGATE_ORIGIN_SECRET": value} for value in json.loads(os.environ["SENT"])]
print(json.dumps([comes_from_the_gateway(field) for field in fields]))`,
        ],
      }),
    ],
    [
      'PHP',
      () => ({
        file: PHP.file,
        args: [
          '-r',
          `$accepted = [];
foreach (json_decode(getenv('SENT')) as $value) {
    $_SERVER['HTTP_FAIRGATE_ORIGIN_SECRET'] = $value;
    $accepted[] = (function () {
        ${blockOf('php', 'hash_equals').replace(/exit\(.*\);/, 'return false;')}
        return true;
    })();
}
echo json_encode($accepted);`,
        ],
      }),
    ],
  ];

  it.each(LANGUAGES)('in %s: one of two is accepted, and nothing else', async (_, program) => {
    const asked = async (secrets: string) => {
      const { file, args } = program();
      const env = { ...process.env, FAIRGATE_ORIGIN_SECRETS: secrets, SENT: JSON.stringify(SENT) };
      return JSON.parse((await run(file, args, { cwd: site, env })).stdout) as boolean[];
    };
    const others = SENT.slice(2).map(() => false);
    expect(await asked(`${first} ${second}`)).toEqual([true, true, ...others]);
    expect(await asked(second)).toEqual([false, true, ...others]);
    expect(await asked('')).toEqual([false, false, ...others]);
  });
});
