// Sites behind each verifier, as the examples of docs/origin.md set them up: in this process for those of the package, as processes of
// their own in other languages. All answer an admitted visitor with "visitor" and the visitor's id.

import { execFile, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { serve } from '@hono/node-server';
import { build } from 'esbuild';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { Miniflare } from 'miniflare';
import { admission as fastifyAdmission } from '../../origin/fastify.ts';
import { withAdmission } from '../../origin/fetch.ts';
import { type AdmissionEnv, admission as honoAdmission } from '../../origin/hono.ts';
import { admissionProxy } from '../../origin/next-proxy.ts';
import { admission as nodeAdmission } from '../../origin/node.ts';
import { stopProcess, whenReady } from '../../scripts/lib/child-process.ts';
import { freePort, listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import {
  GO,
  HAPROXY,
  NGINX,
  NGINX_NJS,
  PHP,
  PYTHON,
  PYTHON_CRYPTOGRAPHY,
  requireInstalled,
  type SystemPackage,
} from '../../scripts/lib/system-packages.ts';
import { HAPROXY_ARGS, listens, NGINX_ARGS, startServer } from '../gateway/server-process.ts';
import { ISSUER } from './issuer.ts';
import { SITE } from './token-cases.ts';

/** The package is without types. */
const express = createRequire(import.meta.url)('express') as () => RequestListener & {
  use(...handlers: unknown[]): void;
};

/** Asynchronous, because this process serves the keys meanwhile. */
const run = promisify(execFile);

const LANGUAGES = resolve(import.meta.dirname, '../../origin/other-languages');
const DOCUMENT = readFileSync(resolve(import.meta.dirname, '../../docs/origin.md'), 'utf8');

export interface Site {
  port: number;
  stop(): Promise<unknown>;
}

export interface Verifier {
  name: string;
  start(jwksUrl: string, options?: { room: string }): Promise<Site>;
  /** Its refusals name no reason. */
  isSilent?: true;
  /** It gets its keys from files, and admits from one room only. */
  hasKeyFiles?: true;
  /** What it refuses although others admit it: values that the gateway spells otherwise. */
  refuses?: RegExp;
}

/** An example of docs/origin.md, with the address of a key set, and a room. */
function example(language: string, marker: string, jwksUrl: string, room?: string): string {
  const blocks = [...DOCUMENT.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))];
  const text = blocks.map(([, block = '']) => block).find((block) => block.includes(marker));
  if (text === undefined) throw new Error(`docs/origin.md has no example in ${language} with ${marker}.`);
  const withRoom: Record<string, [string | RegExp, string]> = {
    python: [`audience="${SITE}"`, `audience="${SITE}", room="${room}"`],
    php: [/('audience' => '[^']+')/, `$1, 'room' => '${room}'`],
    go: [`Audience: "${SITE}"`, `Audience: "${SITE}", Room: "${room}"`],
    nginx: ['auth_request /_fairgate_check;', `auth_request /_fairgate_check;\n  set $fairgate_room "${room}";`],
  };
  const [place, change] = withRoom[language] ?? ['', ''];
  const roomed = room === undefined ? text : text.replace(place, change);
  return roomed.replaceAll('https://gate.example/.well-known/jwks.json', jwksUrl);
}

function optionsOf(jwksUrl: string, more: { room?: string } = {}) {
  return { jwksUrl, issuer: ISSUER, audience: SITE, ...more };
}

async function served(server: Server): Promise<Site> {
  const port = await listenOnLoopback(server);
  return {
    port,
    stop: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A Fetch handler behind a server. */
function fetchServer(handle: (request: Request) => Response | Promise<Response>): Promise<Site> {
  return new Promise((resolve) => {
    const server = serve({ fetch: handle, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
      resolve({ port, stop: async () => void (server as Server).close() });
    }) as Server;
  });
}

/** The example in the runtime of Workers, without the modules of Node. */
async function workersSite(text: string, more: { room?: string } = {}): Promise<Site> {
  const { outputFiles } = await build({
    stdin: { contents: text.replace(`'${SITE}'`, `'${SITE}', ...${JSON.stringify(more)}`), resolveDir: LANGUAGES },
    alias: { '@fairgate/origin/fetch': resolve(LANGUAGES, '../fetch.ts') },
    bundle: true,
    format: 'esm',
    write: false,
  });
  const contents = outputFiles[0]?.text ?? '';
  const manifest = { mainModule: 'site.js', modules: { 'site.js': { type: 'esm' as const, contents } } };
  const config = { name: 'site', compatibilityDate: '2026-11-01', manifest };
  const miniflare = new Miniflare({ workers: [{ config }], host: '127.0.0.1', port: 0 });
  const { port } = await miniflare.ready;
  return { port: Number(port), stop: () => miniflare.dispose() };
}

/** A program that serves a folder of its own. */
async function startProgram(
  needs: SystemPackage[],
  files: Record<string, string>,
  command: (dir: string, port: number) => { file: string; args: string[]; env?: NodeJS.ProcessEnv },
  prepare: (dir: string) => unknown = () => {},
): Promise<Site> {
  for (const needed of needs) requireInstalled(needed);
  const dir = mkdtempSync(join(tmpdir(), 'fairgate-verifier-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(dir, name, '..'), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  await prepare(dir);
  const port = await freePort();
  const { file, args, env = {} } = command(dir, port);
  const child = spawn(file, args, { cwd: dir, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = `${output}${text}`.slice(-8_000);
    });
  }
  await whenReady(child, `${file} ${args.join(' ')}`, listens(port), () => output);
  return {
    port,
    stop: async () => {
      await stopProcess(child, 'SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const copyOf = (name: string) => readFileSync(join(LANGUAGES, name), 'utf8');

const PYTHON_SERVER = `
import asyncio, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
`;

const WSGI_SITE = `${PYTHON_SERVER}
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [("visitor " + environ["fairgate.admission"]["sub"]).encode()]
EXAMPLE
class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
class Handler(WSGIRequestHandler):
    def log_message(self, *_):
        pass
make_server("127.0.0.1", int(sys.argv[1]), application, Server, Handler).serve_forever()
`;

/** A server of its own, because no package has to be installed for it: all requests run in one loop. */
const ASGI_SITE = `${PYTHON_SERVER}
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"visitor " + scope["fairgate.admission"]["sub"].encode()})
EXAMPLE
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    def log_message(self, *_):
        pass
    def do_GET(self):
        is_socket = self.path == "/socket"
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in self.headers.items()]
        scope = {"type": "websocket" if is_socket else "http", "method": self.command, "path": self.path, "headers": headers}
        sent = []
        async def receive():
            return {"type": "websocket.connect" if is_socket else "http.request"}
        async def send(event):
            sent.append(event)
        asyncio.run_coroutine_threadsafe(app(scope, receive, send), loop).result()
        if is_socket:
            sent = [{"status": 403, "headers": []}, {"body": sent[0]["type"].encode()}]
        self.send_response(sent[0]["status"])
        for name, value in sent[0]["headers"]:
            if name != b"content-length":
                self.send_header(name.decode(), value.decode())
        self.send_header("Content-Length", str(len(sent[1]["body"])))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(sent[1]["body"])
    do_HEAD = do_POST = do_DELETE = do_OPTIONS = do_GET
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
`;

const GO_SITE = `package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"site/fairgate"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "visitor ", fairgate.FromContext(r.Context()).Subject)
	})
	listen := "127.0.0.1:" + os.Args[1]
EXAMPLE
}
`;

function python(name: string, marker: string, site: string): Verifier {
  return {
    name,
    start: (jwksUrl, options) =>
      startProgram(
        [PYTHON, PYTHON_CRYPTOGRAPHY],
        {
          'fairgate.py': copyOf('fairgate.py'),
          'site.py': site.replace('EXAMPLE', () => example('python', marker, jwksUrl, options?.room)),
        },
        (dir, port) => ({ file: PYTHON.file, args: [join(dir, 'site.py'), String(port)] }),
      ),
  };
}

/** @param flags before the server's own */
function phpServer(
  files: Record<string, string>,
  flags: (dir: string) => string[] = () => [],
  env: (dir: string) => NodeJS.ProcessEnv = () => ({}),
): Promise<Site> {
  return startProgram(
    [PHP],
    { ...files, 'private/.keep': '' },
    (dir, port) => ({
      file: PHP.file,
      args: [...flags(dir), '-d', 'display_errors=0', '-S', `127.0.0.1:${port}`, '-t', dir],
      env: { PHP_CLI_SERVER_WORKERS: '4', ...env(dir) },
    }),
    (dir) => {
      chmodSync(join(dir, 'private'), 0o700);
      for (const [name, text] of Object.entries(files)) {
        writeFileSync(join(dir, name), text.replaceAll('/var/lib/site', join(dir, 'private')));
      }
    },
  );
}

/** What WordPress does on the way to a page, as far as a must-use plugin sees it: settings first, then these plugins, then the site. */
const WORDPRESS_SITE = (settings: string) => `<?php
${settings}
define('ABSPATH', __DIR__ . '/');
function add_action() {}
foreach (glob(ABSPATH . 'wp-content/mu-plugins/*.php') as $plugin) include_once $plugin;
echo 'visitor ', $fairgate_admission['sub'];
`;

function goSite(jwksUrl: string, room?: string): Promise<Site> {
  return startProgram(
    [GO],
    {
      'go.mod': 'module site\n\ngo 1.19\n',
      'fairgate/fairgate.go': copyOf('fairgate.go'),
      'main.go': GO_SITE.replace('EXAMPLE', () =>
        example('go', 'fairgate.New', jwksUrl, room).replace('":8080"', 'listen'),
      ),
    },
    (dir, port) => ({ file: join(dir, 'site'), args: [String(port)] }),
    (dir) => {
      const env = { ...process.env, GOFLAGS: '-mod=mod', GOPROXY: 'off', GOTOOLCHAIN: 'local', CGO_ENABLED: '0' };
      return run(GO.file, ['build', '-o', 'site', '.'], {
        cwd: dir,
        env: { ...env, GOCACHE: join(tmpdir(), 'fairgate-go-cache') },
      });
    },
  );
}

/** A site that checks nothing, and tells whose token it got. */
const openSite: RequestListener = (request, response) => {
  const payload = String(request.headers['fairgate-admission']).split('.')[1] ?? '';
  response.end(`visitor ${/"sub":"([\w-]+)"/.exec(Buffer.from(payload, 'base64url').toString())?.[1]}`);
};

/** Reads lines of a time and a token, and prints a verdict for each. */
const PYTHON_LINES = `
import sys, fairgate
now = [0.0]
verifier = fairgate.Verifier(jwks_url=sys.argv[1], issuer=sys.argv[2], audience=sys.argv[3], now=lambda: now[0])
for line in sys.stdin:
    at, token = line.split()
    now[0] = float(at)
    verdict = verifier.verify(token)
    print(verdict.reason if isinstance(verdict, fairgate.Refused) else type(verdict).__name__.lower(), flush=True)
`;

/** Verdicts of Python's verifier at times of the test's own. @param act runs at each text of the list that is no question */
export async function pythonVerdicts(
  jwksUrl: string,
  questions: (ask: (at: number, token: string) => string) => string[],
  act: () => void,
): Promise<string[]> {
  for (const needed of [PYTHON, PYTHON_CRYPTOGRAPHY]) requireInstalled(needed);
  const child = spawn(PYTHON.file, ['-c', PYTHON_LINES, jwksUrl, ISSUER, SITE], {
    env: { ...process.env, PYTHONPATH: LANGUAGES, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const verdicts: string[] = [];
  for (const question of questions((at, token) => `${at} ${token}`)) {
    if (!question.includes(' ')) {
      act();
      continue;
    }
    child.stdin.write(`${question}\n`);
    verdicts.push((await lines.next()).value ?? 'ended');
  }
  child.stdin.end();
  return verdicts;
}

/** What is set wrongly, and the sites that are closed by it: they answer everybody with 503, or do not start. */
export const WRONGLY_SET: { name: string; closed: (jwksUrl: string) => Promise<Site> }[] = [
  {
    name: 'WordPress without its settings',
    closed: () =>
      phpServer({
        'wp-content/mu-plugins/fairgate.php': copyOf('fairgate.php'),
        'index.php': WORDPRESS_SITE(''),
      }),
  },
  {
    name: 'WordPress with an empty room',
    closed: (jwksUrl) =>
      phpServer({
        'wp-content/mu-plugins/fairgate.php': copyOf('fairgate.php'),
        'index.php': WORDPRESS_SITE(
          `${example('php', "define('FAIRGATE_KEYS_FILE'", jwksUrl)}define('FAIRGATE_ROOM', '');`,
        ),
      }),
  },
  {
    name: 'PHP with keys in a folder in which every user can write',
    closed: (jwksUrl) =>
      phpServer({
        'fairgate.php': copyOf('fairgate.php'),
        'index.php': `<?php\nmkdir(__DIR__ . '/open'); chmod(__DIR__ . '/open', 0777);\n${example('php', 'guard(', jwksUrl).replace("'/var/lib/site/", "__DIR__ . '/open/")}\necho 'visitor ', $admission['sub'];\n`,
      }),
  },
  {
    name: 'PHP with keys over plain HTTP from another machine',
    closed: () =>
      phpServer({
        'fairgate.php': copyOf('fairgate.php'),
        'index.php': `<?php\n${example('php', 'guard(', 'http://gate.example/jwks.json')}\necho 'visitor ', $admission['sub'];\n`,
      }),
  },
];

/** Python and Go do not start. */
export const REFUSED_AT_START: [string, () => Promise<Site>, RegExp][] = [
  [
    'Python with keys over plain HTTP from another machine',
    () => python('', 'fairgate.wsgi', WSGI_SITE).start('http://gate.example/jwks.json'),
    /jwks_url is 'http:\/\/gate\.example/,
  ],
  [
    'Python with an empty room',
    () => python('', 'fairgate.wsgi', WSGI_SITE).start('https://gate.example/', { room: '' }),
    /room is ''/,
  ],
  [
    'Go with keys over plain HTTP from another machine',
    () => goSite('http://gate.example/jwks.json'),
    /JWKSURL is "http:\/\/gate\.example/,
  ],
];

export const VERIFIERS: Verifier[] = [
  {
    name: 'Express',
    start: (jwksUrl, more) => {
      const app = express();
      app.use(nodeAdmission(optionsOf(jwksUrl, more)));
      const greet: RequestListener = (request, response) => void response.end(`visitor ${request.admission?.sub}`);
      app.use(greet);
      return served(createServer(app));
    },
  },
  {
    name: 'Fastify',
    start: async (jwksUrl, more) => {
      const app = Fastify();
      await app.register(fastifyAdmission, optionsOf(jwksUrl, more));
      app.get('/', async (request) => `visitor ${request.admission?.sub}`);
      const address = await app.listen({ port: 0, host: '127.0.0.1' });
      return { port: Number(new URL(address).port), stop: () => app.close() };
    },
  },
  {
    name: 'Hono',
    start: (jwksUrl, more) => {
      const app = new Hono<AdmissionEnv>();
      app.use(honoAdmission(optionsOf(jwksUrl, more)));
      app.get('/', (c) => c.text(`visitor ${c.get('admission').sub}`));
      return fetchServer((request) => app.fetch(request));
    },
  },
  {
    name: 'Fetch',
    start: (jwksUrl, more) =>
      fetchServer(withAdmission(optionsOf(jwksUrl, more), (_, { sub }) => new Response(`visitor ${sub}`))),
  },
  {
    name: 'Next.js proxy',
    start: (jwksUrl, more) => {
      const proxy = admissionProxy(optionsOf(jwksUrl, more));
      return fetchServer(async (request) => (await proxy(request)) ?? new Response(`visitor ${subjectOf(request)}`));
    },
  },
  {
    name: 'Workers',
    start: (jwksUrl, more) => workersSite(example('js', 'withAdmission', jwksUrl), more),
  },
  {
    name: 'node:http',
    start: (jwksUrl, more) => {
      const check = nodeAdmission(optionsOf(jwksUrl, more));
      return served(
        createServer((request, response) =>
          check(request, response, () => void response.end(`visitor ${request.admission?.sub}`)),
        ),
      );
    },
  },
  python('Python, WSGI', 'fairgate.wsgi', WSGI_SITE),
  python('Python, ASGI', 'fairgate.asgi', ASGI_SITE),
  {
    name: 'PHP',
    start: (jwksUrl, options) =>
      phpServer({
        'fairgate.php': copyOf('fairgate.php'),
        'index.php': `<?php\n${example('php', 'guard(', jwksUrl, options?.room)}\necho 'visitor ', $admission['sub'];\n`,
      }),
  },
  {
    name: 'PHP, auto_prepend_file',
    start: (jwksUrl, options) =>
      phpServer(
        { 'fairgate.php': copyOf('fairgate.php'), 'index.php': `<?php echo 'visitor ', $fairgate_admission['sub'];` },
        (dir) => ['-d', `auto_prepend_file=${join(dir, 'fairgate.php')}`],
        (dir) => ({
          FAIRGATE_JWKS_URL: jwksUrl,
          FAIRGATE_ISSUER: ISSUER,
          FAIRGATE_AUDIENCE: SITE,
          FAIRGATE_KEYS_FILE: join(dir, 'private/keys'),
          ...(options === undefined ? {} : { FAIRGATE_ROOM: options.room }),
        }),
      ),
  },
  {
    name: 'WordPress',
    start: (jwksUrl, options) => {
      const room = options === undefined ? '' : `define('FAIRGATE_ROOM', '${options.room}');\n`;
      return phpServer({
        'wp-content/mu-plugins/fairgate.php': copyOf('fairgate.php'),
        'index.php': WORDPRESS_SITE(example('php', "define('FAIRGATE_KEYS_FILE'", jwksUrl) + room),
      });
    },
  },
  {
    name: 'Go',
    start: (jwksUrl, options) => goSite(jwksUrl, options?.room),
  },
  {
    name: 'nginx',
    start: async (jwksUrl, options) => {
      requireInstalled(NGINX_NJS);
      const [port, site] = [await freePort(), await served(createServer(openSite))];
      const server = await startServer({
        server: NGINX,
        port,
        args: NGINX_ARGS,
        config: (dir) => {
          cpSync(join(LANGUAGES, 'fairgate-njs.js'), join(dir, 'fairgate-njs.js'));
          const http = example('nginx', 'js_import', jwksUrl, options?.room)
            .replace('/etc/nginx/fairgate-njs.js', join(dir, 'fairgate-njs.js'))
            .replace('/var/cache/nginx/fairgate', join(dir, 'cache'))
            .replace('listen 8080', `listen 127.0.0.1:${port}`)
            .replace('127.0.0.1:3000', `127.0.0.1:${site.port}`);
          const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
            (kind) => `${kind}_temp_path ${dir}/${kind};`,
          );
          return `load_module ${NGINX_NJS.file};
            daemon off; master_process off; pid ${dir}/pid; error_log stderr;
            ${process.getuid?.() === 0 ? 'user root;' : ''}
            events {}
            http { access_log off; ${temporary.join(' ')} ${http} }`;
        },
      });
      return { port, stop: () => Promise.all([server.stop(), site.stop()]) };
    },
  },
  {
    name: 'HAProxy',
    isSilent: true,
    hasKeyFiles: true,
    refuses: /twice|escapes|with a point|the largest numbers|nobody knows/,
    start: async (jwksUrl) => {
      const keys = mkdtempSync(join(tmpdir(), 'fairgate-keys-'));
      const command = example('sh', 'BEGIN PUBLIC KEY', '').replaceAll('$GATE/.well-known/jwks.json', jwksUrl);
      const { stdout } = await run('bash', ['-e', '-o', 'pipefail', '-c', command], { cwd: keys });
      // A key set of the tests has other keys too; the gateway’s ids are thumbprints.
      const kid = stdout.split('\n').find((line) => line.length === 43) ?? '';
      const [port, site] = [await freePort(), await served(createServer(openSite))];
      const server = await startServer({
        server: HAPROXY,
        port,
        args: HAPROXY_ARGS,
        config: () =>
          `defaults\n  timeout client 10s\n  timeout server 10s\n  timeout connect 5s\n${example('haproxy', 'jwt_verify', jwksUrl)}`
            .replaceAll('KEY_ID', kid)
            .replace('/etc/haproxy/fairgate', keys)
            .replace('bind :8080', `bind 127.0.0.1:${port}`)
            .replace('127.0.0.1:3000', `127.0.0.1:${site.port}`),
      });
      return {
        port,
        stop: async () => {
          await Promise.all([server.stop(), site.stop()]);
          rmSync(keys, { recursive: true });
        },
      };
    },
  },
];

function subjectOf(request: Request): string {
  const payload = request.headers.get('Fairgate-Admission')?.split('.')[1] ?? '';
  return JSON.parse(Buffer.from(payload, 'base64url').toString()).sub;
}
