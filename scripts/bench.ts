// `npm run bench`: what each kind of request costs, as a share of what a bare worker reaches on the same workerd in the same
// run. Rounds are interleaved and medians taken, because a machine's speed drifts; absolute figures mean little.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { newSigningKey } from '../worker/tokens/signing-keys.ts';
import { BenchGateway } from './bench/bench-gateway.ts';
import { foundPeople } from './bench/found-people.ts';
import { gatewaysBehindNginx } from './bench/gateways-behind-nginx.ts';
import { LOAD_CORE, respondAt, saturate } from './bench/load.ts';
import { machine, pin, processorMs } from './bench/measured-machine.ts';
import { memoryOfVisitors } from './bench/memory.ts';
import { firstResponse } from './bench/node-load.ts';
import { positionCosts } from './bench/position-cost.ts';
import { requestsToRedis } from './bench/redis-requests.ts';
import { type Row, reportText } from './bench/report.ts';
import {
  BARE_PROXY,
  BARE_TEXT,
  bareSubjects,
  CLAIM,
  entriesFor,
  gatewaySubjects,
  type Subject,
} from './bench/subjects.ts';
import { buildWorker } from './build.ts';
import { runWorkerd, startGateway } from './lib/gateway-process.ts';
import { freePort, listenOnLoopback } from './lib/loopback-ports.ts';
import { median } from './lib/median.ts';
import { readOrExit, runCommand } from './lib/run-command.ts';

const USAGE = `npm run bench -- [options]

  --rounds N       interleaved rounds (5)
  --seconds N      length of a round (2)
  --only TEXT      only subjects whose names contain the text, beside the bare ones
  --beside FOLDER  another checkout with a built worker: its gateway is measured in the same rounds, and each subject
                   printed as a share of it
  --memory         also the memory of workerd for 100,000 waiting and 100,000 active visitors
  --no-latency     without response times at half of the load
  --no-redis       without the requests to Redis
  --processes      only what one and two gateway processes serve behind nginx (three minutes)
  --find           only how well a gateway finds what a site carries (four minutes)
  --help

A whole bench, without --only and --beside, also writes docs/bench.md.`;

/** The core that the measured process runs on. */
const MEASURED_CORE = 0;

const LATENCY_SECONDS = 3;

/** Claims prepared for a second of load. The next one of the same visitor would only repeat it. */
const ONCE_PER_SECOND_MAX = 3_000;

const root = resolve(import.meta.dirname, '..');

const { values: options } = readOrExit(() =>
  parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      only: { type: 'string', default: '' },
      beside: { type: 'string' },
      memory: { type: 'boolean', default: false },
      latency: { type: 'boolean', default: true },
      redis: { type: 'boolean', default: true },
      find: { type: 'boolean', default: false },
      processes: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    allowNegative: true,
  }),
);

interface Measured {
  subject: Subject;
  perSecond: number[];
  /** Of the measured process, for one request. */
  processorUs: number[];
  responses: number;
  storeOperations: Map<string, number>;
  latency: Row['latency'];
}

interface Contender {
  pid: number;
  /** null: not a gateway. */
  bench: BenchGateway | null;
  measured: Measured[];
}

async function bench(): Promise<void> {
  const rounds = wholeNumber('rounds', options.rounds);
  const seconds = wholeNumber('seconds', options.seconds);
  if (options.beside !== undefined && !existsSync(resolve(options.beside, 'dist/worker.js'))) {
    throw new Error(`--beside ${options.beside} has no dist/worker.js. Run npm ci and npm run build there.`);
  }
  const measuredOn = machine();
  if (options.find) {
    const folder = mkdtempSync(join(tmpdir(), 'fairgate-bench-'));
    await buildWorker();
    console.log((await foundPeople(folder).finally(() => rmSync(folder, { recursive: true, force: true }))).join('\n'));
    return;
  }
  const folders: string[] = [];
  const started: { stop(): Promise<void> }[] = [];
  const dataDir = () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairgate-bench-'));
    folders.push(folder);
    return folder;
  };
  await Promise.all([
    buildWorker(),
    bundle('scripts/bench/bare-app.ts', 'dist/bare-app.js'),
    bundle('scripts/bench/bare-proxy.ts', 'dist/bare-proxy.js'),
  ]);
  const origin = createServer(answerOk);
  const originUrl = `http://127.0.0.1:${await listenOnLoopback(origin)}`;
  if (options.processes) {
    const lines = await gatewaysBehindNginx({ origin: originUrl, folder: dataDir(), rounds, seconds });
    origin.close();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    console.log(lines.join('\n'));
    return;
  }
  const isPinned = pin(process.pid, LOAD_CORE);
  try {
    const proxyPort = await freePort();
    const bare = await runWorkerd(
      resolve(root, 'scripts/bench/bare.capnp'),
      { port: 0 },
      [`--socket-addr=proxy=127.0.0.1:${proxyPort}`],
      { ORIGIN: `${originUrl}/` },
      (line) => console.error(line),
    );
    started.push(bare);
    pin(bare.process.pid, MEASURED_CORE);

    const loadSeconds = 1 + rounds * seconds + (options.latency ? LATENCY_SECONDS : 0);
    const claims = 1 + (isMeasured(CLAIM) ? loadSeconds * ONCE_PER_SECOND_MAX : 0);
    const contender = async (start: typeof startGateway): Promise<Contender> => {
      const keys = { keys: [await newSigningKey(0)] };
      const running = await BenchGateway.start(start, {
        keys,
        origin: originUrl,
        dataDir: dataDir(),
        entries: entriesFor(claims),
      });
      started.push(running.gateway);
      pin(running.gateway.process.pid, MEASURED_CORE);
      const subjects = await gatewaySubjects(running, claims);
      return {
        pid: running.gateway.process.pid ?? 0,
        bench: running,
        measured: subjects.filter(({ name }) => isMeasured(name)).map(unmeasured),
      };
    };
    const contenders: Contender[] = [
      { pid: bare.process.pid ?? 0, bench: null, measured: bareSubjects(bare.port, proxyPort).map(unmeasured) },
      await contender(startGateway),
    ];
    if (contenders[1]?.measured.length === 0) {
      throw new Error(`--only ${options.only}: no subject has this in its name. docs/bench.md lists them.`);
    }
    if (options.beside !== undefined) {
      const other = await import(resolve(options.beside, 'scripts/lib/gateway-process.ts'));
      contenders.push(await contender((other as { startGateway: typeof startGateway }).startGateway));
    }

    for (const { measured } of contenders) for (const { subject } of measured) await check(subject);
    for (let turn = 0; turn <= rounds; turn++) {
      // The first round is for the compiler and the caches.
      const isCounted = turn > 0;
      const [longest = 0] = contenders.map(({ measured }) => measured.length).toSorted((a, b) => b - a);
      for (let index = 0; index < longest; index++) {
        for (const contender of contenders) {
          const each = contender.measured[index];
          if (each !== undefined) await measureRound(contender, each, isCounted ? seconds : 1, isCounted);
        }
      }
      console.error(isCounted ? `round ${turn} of ${rounds}` : 'warmed up');
    }
    const [bareOnes, ours, others] = contenders;
    if (options.latency) {
      for (const { measured } of contenders.slice(0, 2)) for (const each of measured) await measureLatency(each);
    }
    for (const { stop } of started.splice(0)) await stop();

    const isWhole = options.only === '' && options.beside === undefined;
    const all = [...(bareOnes?.measured ?? []), ...(ours?.measured ?? [])];
    const setUp = { machine: measuredOn, rounds, seconds, isPinned };
    const measured = { ...setUp, rows: rowsOf(all), positions: positionCosts(), memory: [], redis: [] };
    const write = (report: string) => {
      if (isWhole) writeFileSync(resolve(root, 'docs/bench.md'), report);
    };
    // What comes now takes minutes more, and may fail.
    write(reportText(measured));
    const redis = options.redis ? await requestsToRedis() : [];
    const memory = options.memory ? await memoryOfVisitors(dataDir()) : [];
    const report = reportText({ ...measured, memory, redis });
    write(report);
    console.log(report);
    if (others !== undefined) printShares(ours?.measured ?? [], others.measured);
  } finally {
    origin.close();
    await Promise.all(started.map(({ stop }) => stop()));
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

function isMeasured(name: string): boolean {
  return name.includes(options.only);
}

function unmeasured(subject: Subject): Measured {
  return { subject, perSecond: [], processorUs: [], responses: 0, storeOperations: new Map(), latency: null };
}

/** @throws where the response is not that of the subject: another one would be measured */
async function check({ name, port, requests, expected }: Subject): Promise<void> {
  const response = await firstResponse(port, requests(1)[0] ?? '');
  if (!expected.test(response)) throw new Error(`${name}: ${expected} is not in the response:\n${response}`);
}

async function measureRound(
  { pid, bench }: Contender,
  measured: Measured,
  seconds: number,
  isCounted: boolean,
): Promise<void> {
  const { name, port, requests, once } = measured.subject;
  const before = await bench?.storeOperations();
  const load = { port, requests: requests(seconds * ONCE_PER_SECOND_MAX), seconds, once };
  const processorBefore = processorMs(pid);
  const { perSecond, responses } = await saturate(name, load);
  if (!isCounted) return;
  measured.processorUs.push(((processorMs(pid) - processorBefore) * 1_000) / responses);
  measured.perSecond.push(perSecond);
  measured.responses += responses;
  for (const [kind, count] of (await bench?.storeOperations()) ?? []) {
    const during = count - (before?.get(kind) ?? 0);
    if (during > 0) measured.storeOperations.set(kind, (measured.storeOperations.get(kind) ?? 0) + during);
  }
}

async function measureLatency(measured: Measured): Promise<void> {
  const { name, port, requests, once } = measured.subject;
  const perSecond = median(measured.perSecond) / 2;
  const load = { port, requests: requests(LATENCY_SECONDS * ONCE_PER_SECOND_MAX), seconds: LATENCY_SECONDS, once };
  measured.latency = await respondAt(name, perSecond, load);
}

function rowsOf(all: readonly Measured[]): Row[] {
  const reached = (name: string) => median(all.find(({ subject }) => subject.name === name)?.perSecond ?? []);
  const [text, proxy] = [reached(BARE_TEXT), reached(BARE_PROXY)];
  return all.map(({ subject, perSecond, processorUs, responses, storeOperations, latency }) => ({
    name: subject.name,
    perSecond: median(perSecond),
    processorUs: Math.min(...processorUs),
    ofText: median(perSecond) / text,
    ofProxy: subject.isForwarded ? median(perSecond) / proxy : null,
    latency,
    storeOperations: new Map([...storeOperations].map(([kind, count]) => [kind, count / responses])),
  }));
}

/** Each round against the same round of the other checkout; processor time against the lowest of the other. */
function printShares(ours: readonly Measured[], others: readonly Measured[]): void {
  console.log(`of ${options.beside}, in the same rounds: requests a second, processor time for each`);
  for (const [index, { subject, perSecond, processorUs }] of ours.entries()) {
    const other = others[index];
    const rate = median(perSecond.map((figure, round) => figure / (other?.perSecond[round] ?? Number.NaN)));
    const shares = [rate, Math.min(...processorUs) / Math.min(...(other?.processorUs ?? []))];
    console.log(subject.name.padEnd(40) + shares.map((share) => share.toFixed(2).padStart(8)).join(''));
  }
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${name} ${text}: give a whole number above 0.`);
}

function bundle(entry: string, outfile: string) {
  return build({ entryPoints: [resolve(root, entry)], outfile: resolve(root, outfile), bundle: true, format: 'esm' });
}

/** The cheapest origin that keeps connections open: requests come one at a time on each, and have no body. */
function answerOk(socket: Socket): void {
  socket.on('error', () => {});
  socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok'));
}

await runCommand(bench, USAGE);
