// What every trial of a real application shares: a temporary folder, the application's processes, Fairgate and nginx with TLS in
// front of it, visitors, a browser, and steps that are printed. What a trial starts ends with it.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { stopProcess, whenReady } from '../../scripts/lib/child-process.ts';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { installPackages } from '../../scripts/lib/system-packages.ts';
import { FRONT_HOST, type Front, type FrontResponse, FrontVisitor, startFront } from '../gateway/front-proxies.ts';
import { listens } from '../gateway/server-process.ts';
import { AS_JSON, AS_PAGE, isClearRefusal } from '../gateway/visitor-client.ts';
import { OPERATOR_KEY, type RunningOptions, startFairgate } from '../running-gateway.ts';

/** One application. */
export interface Site {
  /** What runs, for the first line that is printed. */
  title: string;
  /** Debian packages that it needs. */
  packages: readonly string[];
  /** The host that it is asked for: by default that of its own address. */
  originHost?: 'visitor';
  /** Starts it on `trial.sitePort`. */
  start(trial: SiteTrial): Promise<void>;
  /** What its visitors do, and strangers who have no admission. */
  visit(trial: SiteTrial): Promise<void>;
}

/** A request of a stranger. */
export type Attempt = [path: string, options?: RequestOptions, body?: string | Buffer];

const PICTURE_FILE = join(import.meta.dirname, 'picture.png');
/** A small picture, for uploads and pages. */
export const PICTURE = readFileSync(PICTURE_FILE);

/** The room opens this long after the gateway has started, so that visitors wait. */
const OPENS_AT = '+6s';
/** A step in a browser may take so long, the wait in the line included. */
const BROWSER_MS_MAX = 40_000;
/** A server that has not stopped by then is killed. */
const STOP_MS_MAX = 5_000;

const JOIN = '/_fairgate/rooms/demo/join';
const SAME_ORIGIN = { 'Sec-Fetch-Site': 'same-origin' };
/** What a browser sends with a request of a script of the site's own pages. */
export const AS_SCRIPT = { ...SAME_ORIGIN, Accept: '*/*', 'Sec-Fetch-Dest': 'empty', 'Sec-Fetch-Mode': 'cors' };
/** What a browser sends with a request for a WebSocket. */
export const AS_SOCKET = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

const running = new Set<SiteTrial>();

export class SiteTrial {
  readonly dir = mkdtempSync(join(tmpdir(), 'fairgate-site-'));
  readonly sitePort: number;
  readonly publicUrl: string;
  /** Where the gateway itself listens, once the site is visited. */
  gatewayUrl = '';
  /** How many steps did not hold. */
  failures = 0;
  readonly #frontPort: number;
  readonly #stops: (() => Promise<unknown>)[] = [];
  #stopped: Promise<void> | null = null;
  #front: Front | null = null;
  #browser: Browser | null = null;

  private constructor(sitePort: number, frontPort: number) {
    this.sitePort = sitePort;
    this.#frontPort = frontPort;
    this.publicUrl = `https://${FRONT_HOST}:${frontPort}`;
  }

  /** Runs the trial of one application. @returns how many steps did not hold */
  static async run(site: Site): Promise<number> {
    const trial = new SiteTrial(await freePort(), await freePort());
    running.add(trial);
    try {
      trial.#installPackages(site.packages);
      console.log(`${site.title}, behind Fairgate, behind nginx with TLS …`);
      await site.start(trial);
      await trial.#startGateway(site.originHost ?? 'origin');
      await site.visit(trial);
    } finally {
      await trial.#stop();
    }
    return trial.failures;
  }

  /** Stops what is running, where a person has had enough. */
  static async stopAll(): Promise<void> {
    for (const trial of running) await trial.#stop();
  }

  #stop(): Promise<void> {
    this.#stopped ??= this.#stopInOrder();
    return this.#stopped;
  }

  async #stopInOrder(): Promise<void> {
    for (const stop of this.#stops.toReversed()) await stop();
    rmSync(this.dir, { recursive: true, force: true });
    running.delete(this);
  }

  #installPackages(packages: readonly string[]): void {
    const isMissing = (name: string) => spawnSync('dpkg', ['-s', name], { stdio: 'ignore' }).status !== 0;
    installPackages('npm run try-sites', [...packages, 'nginx', 'openssl'].filter(isMissing));
  }

  async #startGateway(originHost: 'origin' | 'visitor'): Promise<void> {
    const options: RunningOptions = {
      originUrl: `http://127.0.0.1:${this.sitePort}`,
      publicUrl: this.publicUrl,
      trustedProxies: '127.0.0.1',
      room: { originHost, schedule: { opensAt: OPENS_AT } },
    };
    const fairgate = await startFairgate(options);
    this.#stops.push(() => fairgate.stop());
    this.gatewayUrl = fairgate.url;
    const front = await startFront('nginx', this.#frontPort, { gatewayPort: fairgate.gateway.port });
    this.#stops.push(() => front.stop());
    this.#front = front;
  }

  /** Copies an application's sources and the picture. @returns their folder */
  copy(source: string): string {
    const folder = join(this.dir, 'site');
    cpSync(join(import.meta.dirname, source), folder, { recursive: true });
    cpSync(PICTURE_FILE, join(folder, 'picture.png'));
    return folder;
  }

  /** Installs what the folder's package.json names. */
  npmInstall(folder: string): void {
    console.log('Installing npm packages …');
    this.run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], { cwd: folder });
  }

  /** Runs a program to its end. @throws with what it printed */
  run(command: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): void {
    try {
      execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...options });
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`);
    }
  }

  /** Starts a program that runs until the trial is over. @param ready by default, that it listens on `sitePort` */
  async serve(
    command: string,
    args: readonly string[],
    options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
    ready: Promise<unknown> = listens(this.sitePort),
  ): Promise<void> {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    this.#stops.push(() => stopProcess(child, 'SIGTERM', STOP_MS_MAX));
    await whenReady(child, command, ready, () => output);
  }

  /** Prints whether a step holds. @param seen what there was instead */
  step(what: string, holds: boolean, seen: unknown): void {
    console.log(`${holds ? '  ok  ' : 'FAILED'} ${what}${holds ? '' : `: ${String(seen).slice(0, 600)}`}`);
    if (!holds) this.failures++;
  }

  /** A visitor without a browser. @param address the visitor's own, on loopback */
  visitor(address?: string): FrontVisitor {
    return new FrontVisitor(this.#frontPort, this.#startedFront, address);
  }

  /** A visitor who has waited in the line and opened the page. @param marker a text of the page */
  async entered(path: string, marker: string): Promise<{ visitor: FrontVisitor; page: FrontResponse }> {
    const visitor = this.visitor();
    const early = await visitor.send(path, { headers: AS_PAGE });
    this.step('before the opening the page is the waiting page', isWaitingPage(early.text, marker), early.text);
    const page = await visitor.page(path, ({ text }) => text.includes(marker));
    this.step('after the wait it is the site’s', page.status === 200, page.status);
    return { visitor, page };
  }

  /** A visitor with a browser who has waited in the line and opened the page. @param selector an element of the page */
  async enteredInBrowser(path: string, selector: string): Promise<Page> {
    const page = await this.browserPage();
    await page.goto(`${this.publicUrl}${path}`);
    const isWaiting = (await page.locator('#fairgate').count()) > 0 && (await page.locator(selector).count()) === 0;
    this.step('before the opening the browser shows the waiting page', isWaiting, await page.content());
    await page.locator(selector).first().waitFor();
    this.step('after the wait it shows the site’s', true, '');
    return page;
  }

  /** An empty page of a visitor of its own. */
  async browserPage(): Promise<Page> {
    if (this.#browser === null) {
      const browser = await launchChromium([FRONT_HOST]);
      this.#stops.push(() => browser.close());
      this.#browser = browser;
    }
    const context = await this.#browser.newContext({ locale: 'en-US', ignoreHTTPSErrors: true });
    const page = await context.newPage();
    page.setDefaultTimeout(BROWSER_MS_MAX);
    return page;
  }

  /** Nothing of the site is shown to strangers, and each is told so in a way that a program can act on. */
  async strangersAreRefused(attempts: Record<string, Attempt>, marker: RegExp): Promise<void> {
    for (const [what, [path, options, body]] of Object.entries(attempts)) {
      const stranger = this.visitor('127.0.0.9');
      const answer = await stranger.send(path, options, body);
      const { status, headers, text, fields } = answer;
      for (const name of ['content-type', 'link']) headers.set(name, String(fields[name] ?? ''));
      // A person sees the waiting page, which says that the form was not sent; a program reads where to join.
      const isPage = text.includes('id="fairgate"');
      const isTold = isPage ? status === 503 : status === 403 && JSON.parse(text).join === JOIN;
      const holds = isTold && isClearRefusal(answer) && !marker.test(text);
      const kind = fields['content-type']?.split(';')[0];
      this.step(`a stranger’s ${what} is refused: ${status} ${kind}`, holds, `${status} ${text}`);
      const isPlaceless = !stranger.jar.header.includes('queue') && !stranger.jar.header.includes('admission');
      if (!isPlaceless) this.step('and takes no place', false, stranger.jar.header);
    }
  }

  async leave(visitor: FrontVisitor): Promise<void> {
    const headers = { ...AS_JSON, ...SAME_ORIGIN, Origin: this.publicUrl };
    const left = await visitor.send('/_fairgate/rooms/demo/leave', { method: 'POST', headers });
    this.step('the visitor leaves', left.status === 200 && JSON.parse(left.text).outcome === 'left', left.text);
  }

  async leaveInBrowser(page: Page): Promise<void> {
    const status = await page.evaluate(async () => {
      const left = await fetch('/_fairgate/rooms/demo/leave', {
        method: 'POST',
        headers: { Accept: 'application/json' },
      });
      return left.status;
    });
    this.step('the visitor leaves', status === 200, status);
  }

  /** While the room is paused, newcomers wait. */
  async setRoom(action: 'pause' | 'resume'): Promise<void> {
    const operator = this.visitor('127.0.0.8');
    const room = '/_fairgate/operator/rooms/demo';
    const headers = { Authorization: `Bearer ${OPERATOR_KEY}` };
    const { fields } = await operator.send(room, { headers });
    const onThis = { ...headers, 'If-Match': String(fields.etag) };
    const changed = await operator.send(`${room}/${action}`, { method: 'POST', headers: onThis });
    if (changed.status !== 200) throw new Error(`The room did not ${action}: ${changed.status} ${changed.text}`);
    const isPaused = async () =>
      JSON.parse((await operator.send('/_fairgate/rooms/demo/board')).text).state === 'paused';
    const endMs = performance.now() + BROWSER_MS_MAX;
    while ((await isPaused()) !== (action === 'pause')) {
      if (performance.now() > endMs) throw new Error(`The board of the room does not show that it did ${action}.`);
      await pause(200);
    }
  }

  /** When each piece of a response arrived, in milliseconds. */
  async arrivals(visitor: FrontVisitor, path: string): Promise<{ atMs: number; text: string }[]> {
    const outgoing = request(visitor.options(path, { headers: AS_PAGE })).end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const pieces: { atMs: number; text: string }[] = [];
    for await (const text of response.setEncoding('utf8')) pieces.push({ atMs: performance.now(), text });
    return pieces;
  }

  /** Sends a form of one of the site's own pages, as a browser does. @param files if given, the form is multipart */
  sendForm(
    visitor: FrontVisitor,
    path: string,
    fields: Record<string, string>,
    files?: Record<string, Buffer>,
  ): Promise<FrontResponse> {
    const { type, body } = encodedForm(fields, files);
    const headers = {
      ...AS_PAGE,
      ...SAME_ORIGIN,
      Origin: this.publicUrl,
      Referer: `${this.publicUrl}${path}`,
      'Content-Type': type,
      'Content-Length': String(body.length),
    };
    return visitor.send(path, { method: 'POST', headers }, body);
  }

  get #startedFront(): Front {
    if (this.#front === null) throw new Error('Visitors come after the gateway has started.');
    return this.#front;
  }
}

function isWaitingPage(text: string, marker: string): boolean {
  return text.includes('id="fairgate"') && !text.includes(marker);
}

const BOUNDARY = 'fairgate-trial-boundary';

function encodedForm(
  fields: Record<string, string>,
  files: Record<string, Buffer> | undefined,
): { type: string; body: Buffer } {
  if (files === undefined) {
    return { type: 'application/x-www-form-urlencoded', body: Buffer.from(new URLSearchParams(fields).toString()) };
  }
  const part = (head: string, content: string | Buffer) => [
    Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ];
  const body = [
    ...Object.entries(fields).flatMap(([name, value]) => part(`name="${name}"`, value)),
    ...Object.entries(files).flatMap(([name, bytes]) =>
      part(`name="${name}"; filename="picture.png"\r\nContent-Type: image/png`, bytes),
    ),
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ];
  return { type: `multipart/form-data; boundary=${BOUNDARY}`, body: Buffer.concat(body) };
}
