// Load on one server: as much as it can answer, by wrk where that is installed and by Node otherwise; and a fixed rate below
// that, by Node, for the time of single responses. wrk has no fixed rate.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { isInstalled, WRK } from '../lib/system-packages.ts';
import { sendRaw } from './node-load.ts';

export const CONNECTIONS = 64;

/** The core that load and origin run on; the measured process has the other one. */
export const LOAD_CORE = 1;

export interface Load {
  port: number;
  /** As they go over the wire; sent in turn. */
  requests: readonly string[];
  seconds: number;
  /** Each request must be sent once. */
  once: boolean;
  /** Nothing is measured, so a machine that is too busy to answer some of it does no harm. */
  mayFail?: boolean;
}

export interface Saturation {
  responses: number;
  perSecond: number;
}

/** What generates the load of a saturated server. */
export const GENERATOR = isInstalled(WRK) ? 'wrk' : 'node';

/** As many requests as the server answers, on 64 connections. @throws where a response has a status of 400 or more */
export async function saturate(name: string, load: Load): Promise<Saturation> {
  const { responses, sent, seconds, failures } = await (GENERATOR === 'wrk' ? runWrk(load, 0) : runNode(load, null));
  if (failures > 0 && load.mayFail !== true) {
    throw new Error(`${name}: ${failures} of ${responses} requests failed; leave this machine to the bench`);
  }
  if (load.once && sent > load.requests.length) {
    throw new Error(
      `${name}: ${sent} requests were sent, but only ${load.requests.length} were prepared; prepare more`,
    );
  }
  return { responses, perSecond: responses / seconds };
}

export interface ResponseTimes {
  /** The rate that was reached. */
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

/**
 * Times of responses at about a rate below saturation. wrk knows no rate: each of its connections pauses at random, for so long
 * in the mean that all together send at the rate.
 */
export async function respondAt(name: string, perSecond: number, load: Load): Promise<ResponseTimes> {
  const pauseMs = Math.round((CONNECTIONS * 1_000) / perSecond);
  const result = await (GENERATOR === 'wrk'
    ? runWrk(load, pauseMs)
    : runNode(load, Math.min(NODE_PER_SECOND_MAX, perSecond)));
  const { responses, seconds, failures, p50Ms, p99Ms } = result;
  if (failures > 0) throw new Error(`${name}: ${failures} of ${responses} requests failed at ${perSecond} a second`);
  return { perSecond: responses / seconds, p50Ms, p99Ms };
}

/** Beyond it Node itself would be what is measured. */
const NODE_PER_SECOND_MAX = 2_000;

/** A command that runs on one core, where the system can do that. */
function pinned(core: number, command: string[]): string[] {
  return process.platform === 'linux' ? ['taskset', '-c', String(core), ...command] : command;
}

interface Generated {
  responses: number;
  sent: number;
  seconds: number;
  failures: number;
  p50Ms: number;
  p99Ms: number;
}

const run = promisify(execFile);

async function runWrk({ port, requests, seconds }: Load, pauseMs: number): Promise<Generated> {
  const folder = mkdtempSync(join(tmpdir(), 'fairgate-bench-wrk-'));
  try {
    const file = join(folder, 'requests');
    writeFileSync(file, requests.map((request) => `${request.length}\n${request}`).join(''), 'latin1');
    const [command = '', ...args] = pinned(LOAD_CORE, ['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`]);
    const script = resolve(import.meta.dirname, 'wrk.lua');
    const lua = ['-s', script, `http://127.0.0.1:${port}/`, '--', file, String(pauseMs)];
    const { stdout } = await run(command, [...args, ...lua]);
    const figures = /^bench ([\d ]+)$/m.exec(stdout)?.[1];
    if (figures === undefined) throw new Error(`wrk printed no result:\n${stdout}`);
    const [responses = 0, duration = 0, sent = 0, refused = 0, broken = 0, p50 = 0, p99 = 0] = figures
      .split(' ')
      .map(Number);
    const times = { seconds: duration / 1e6, p50Ms: p50 / 1e3, p99Ms: p99 / 1e3 };
    return { responses, sent, failures: refused + broken, ...times };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runNode({ port, requests, seconds }: Load, perSecond: number | null): Promise<Generated> {
  const load = { connections: CONNECTIONS, seconds, perSecond };
  const { latenciesMs, sent, failures, elapsedMs } = await sendRaw(port, requests, load);
  const inOrder = latenciesMs.toSorted((a, b) => a - b);
  const quantile = (share: number) => inOrder[Math.floor(share * (inOrder.length - 1))] ?? 0;
  const times = { seconds: elapsedMs / 1_000, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
  return { responses: latenciesMs.length, sent, failures, ...times };
}
