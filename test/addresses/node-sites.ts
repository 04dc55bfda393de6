// Sites in Node, as a process of their own: bare `http` with the ways in which its programs read a target, Express, and
// @hono/node-server. Prints the port of each as JSON. Arguments: names of sites, and `express4=FOLDER` where it is installed.

import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { posix } from 'node:path';
import querystring from 'node:querystring';
import { parse } from 'node:url';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import { HANDLERS, type HandlerName, handlerMark } from './site-handlers.ts';

/** By whole segments. */
function handlerOf(path: string): HandlerName {
  for (const [name, served] of Object.entries(HANDLERS)) {
    if (path === served || path.startsWith(`${served}/`)) return name as HandlerName;
  }
  return 'front';
}

/** Ways in which programs take the path from a request. One that throws answers 400. */
const READINGS: readonly ((target: string) => string)[] = [
  (target) => target.split('?')[0] ?? '',
  (target) => new URL(target, 'http://localhost').pathname,
  (target) => decodeURIComponent(new URL(target, 'http://localhost').pathname),
  (target) => new URL(`http://localhost${target}`).pathname,
  (target) => decodeURI(new URL(`http://localhost${target}`).pathname),
  (target) => parse(target).pathname ?? '',
  (target) => querystring.unescape(parse(target).pathname ?? ''),
  (target) => posix.normalize(decodeURIComponent(target.split('?')[0] ?? '')),
  (target) => decodeURIComponent(posix.normalize(target.split('?')[0] ?? '')),
  (target) => decodeURIComponent(decodeURIComponent(new URL(target, 'http://localhost').pathname)),
  (target) => new URL(decodeURIComponent(target), 'http://localhost').pathname,
  (target) => posix.join('/', decodeURIComponent(target.replace(/[?#].*/, ''))),
  (target) =>
    `/${target
      .replace(/[?#].*/, '')
      .split('/')
      .filter(Boolean)
      .map(decodeURIComponent)
      .join('/')}`,
];

/** As middleware for forms that cannot send DELETE does. */
function methodOf({ method = '', headers, url = '' }: IncomingMessage): string {
  const asked = new URL(`http://localhost${url}`).searchParams.get('_method') ?? headers['x-http-method-override'];
  return method === 'POST' && typeof asked === 'string' ? asked.toUpperCase() : method;
}

const bare: RequestListener = (request, response) => {
  const { url = '' } = request;
  const marks = new Set<string>();
  for (const reading of READINGS) {
    try {
      marks.add(handlerMark(handlerOf(reading(url)), methodOf(request)));
    } catch {
      // URIError or ERR_INVALID_URL: a program that reads it so answers 400.
    }
  }
  // The target for the comparison with what the gate was expected to forward.
  response.setHeader('Target', encodeURIComponent(url));
  response.end([...marks].join(''));
};

type Answer = (request: IncomingMessage, response: { send(text: string): void }) => void;

/** As much of Express 4 and 5 as is used here. */
interface Express {
  (): RequestListener & {
    all(paths: string[], answer: Answer): void;
    post(path: string, answer: Answer): void;
    use(path: string, answer: Answer | RequestListener): void;
    use(answer: Answer | RequestListener): void;
  };
  static(folder: string, options: { extensions: string[] }): RequestListener;
}

const express = createRequire(import.meta.url)('express') as Express;

/** Routes as applications declare them, with the defaults: any letter case, and with a slash at the end or without. */
function expressApp(framework: Express, below: string): RequestListener {
  const app = framework();
  for (const [name, path] of Object.entries(HANDLERS)) {
    const answer: Answer = (request, response) => response.send(handlerMark(name as HandlerName, request.method ?? ''));
    const written = encodeURI(path);
    if (name === 'webhook') app.post(written, answer);
    else if (name === 'book') app.use(written, answer);
    else app.all([written, `${written}${below}`], answer);
  }
  app.use((request: IncomingMessage, response: { send(text: string): void }) =>
    response.send(handlerMark('front', request.method ?? '')),
  );
  return app;
}

/** A folder of files, with folders of handlers in it. */
const expressFiles = (folder: string): RequestListener => {
  const app = express();
  app.use('/files', express.static(`${folder}/static`, { extensions: ['html'] }));
  app.use(express.static(folder, { extensions: ['html'] }));
  return app;
};

function honoSite(): Server {
  const app = new Hono();
  for (const [name, path] of Object.entries(HANDLERS)) {
    for (const pattern of [path, `${path}/*`]) {
      app.all(pattern, (c) => c.text(handlerMark(name as HandlerName, c.req.method)));
    }
  }
  app.all('*', (c) => c.text(handlerMark('front', c.req.method)));
  return createAdaptorServer({ fetch: app.fetch }) as Server;
}

const sites: Record<string, (folder: string) => Server> = {
  bare: () => createServer(bare),
  express5: () => createServer(expressApp(express, '/{*rest}')),
  expressFiles: (folder) => createServer(expressFiles(folder)),
  hono: honoSite,
  express4: (folder) => createServer(expressApp(createRequire(`${folder}/`)('express') as Express, '/*')),
};

if (import.meta.main) {
  const ports: Record<string, number> = {};
  for (const argument of process.argv.slice(2)) {
    const [name = '', folder = ''] = argument.split('=');
    const server = sites[name]?.(folder);
    if (server === undefined) throw new TypeError(`There is no site "${name}".`);
    server.keepAliveTimeout = 60_000;
    ports[name] = await listenOnLoopback(server);
  }
  console.log(JSON.stringify(ports));
}
