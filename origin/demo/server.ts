// Starts the demo origin on Node: `ORIGIN_PORT=8788 ... node origin/demo/server.ts`, or from a test. Listens on loopback
// unless told, because the gateway is what people should meet; closes cleanly on SIGTERM and SIGINT.

import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { z } from 'zod';
import { openLedger } from './bookings.ts';
import type { EpochMs } from './clinics.ts';
import { createDemoApp } from './demo-app.ts';

/** Four people at each of six times; with five clinics 120 places, which an opening at 60 a minute sells in minutes. */
const SLOTS_PER_CLINIC_DEFAULT = 24;

/** Longer than gateways keep an unused connection: whoever closes first must not be the one who is about to be asked. */
const KEEP_ALIVE_MS = 75_000;

/** A form on a bad network takes seconds; a request that trickles for longer only holds a socket. */
const REQUEST_TIMEOUT_MS = 15_000;

/** Answers take milliseconds. Whoever still holds a connection two seconds after the end is cut off. */
const CLOSE_GRACE_MS = 2_000;

export interface DemoOriginOptions {
  /** 0 for any free port. */
  port: number;
  hostname?: string;
  /** Directory for `origin.sqlite`; made if it does not exist. */
  dataDir: string;
  issuer: string;
  audience: string;
  jwksUrl: string;
  /** Seats that each clinic offers when the ledger is first filled; an existing ledger keeps its own. */
  slotsPerClinic?: number;
  now?: () => EpochMs;
}

export interface DemoOrigin {
  url: string;
  port: number;
  close(): Promise<void>;
}

export async function startDemoOrigin(options: DemoOriginOptions): Promise<DemoOrigin> {
  const { port, hostname = '127.0.0.1', dataDir, issuer, audience, jwksUrl } = options;
  const { slotsPerClinic = SLOTS_PER_CLINIC_DEFAULT, now = () => Date.now() } = options;
  const ledger = openLedger({ dataDir, slotsPerClinic, now: now() });
  let server: Server;
  try {
    const log = (error: unknown) => console.error('Demo origin:', error);
    const app = createDemoApp({ ledger, verifier: { issuer, audience, jwksUrl, now }, now, log });
    server = createAdaptorServer({
      fetch: app.fetch,
      serverOptions: { requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS },
    }) as Server;
    await listen(server, port, hostname);
  } catch (error) {
    ledger.close();
    throw error;
  }
  const address = server.address();
  const portInUse = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${portInUse}`,
    port: portInUse,
    close: async () => {
      await closeServer(server);
      ledger.close();
    },
  };
}

function listen(server: Server, port: number, hostname: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, hostname, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cutOff = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(cutOff);
      resolve();
    });
    server.closeIdleConnections();
  });
}

const Settings = z.object({
  ORIGIN_PORT: z.coerce.number('put a port number, for instance 8788').int().min(0).max(65_535).default(8788),
  DATA_DIR: z.string().min(1, 'put the directory for the bookings').default('.fairgate'),
  FAIRGATE_ISSUER: z.string('put the "iss" of the gateway\'s tokens').min(1, 'put the "iss" of the gateway\'s tokens'),
  FAIRGATE_AUDIENCE: z
    .string('put the "aud" that the gateway uses for this site')
    .min(1, 'put the "aud" that the gateway uses for this site'),
  FAIRGATE_JWKS_URL: z.url("put the address of the gateway's keys, https://<gateway>/.well-known/jwks.json"),
});

async function main(): Promise<void> {
  const settings = Settings.safeParse(process.env);
  if (!settings.success) {
    const faults = settings.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    return fail(`The demo origin does not start. ${faults.join('; ')}.`);
  }
  const { ORIGIN_PORT, DATA_DIR, FAIRGATE_ISSUER, FAIRGATE_AUDIENCE, FAIRGATE_JWKS_URL } = settings.data;
  try {
    const origin = await startDemoOrigin({
      port: ORIGIN_PORT,
      dataDir: DATA_DIR,
      issuer: FAIRGATE_ISSUER,
      audience: FAIRGATE_AUDIENCE,
      jwksUrl: FAIRGATE_JWKS_URL,
    });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void origin.close());
    console.log(`Demo origin on ${origin.url} (answers only visitors with an admission).`);
  } catch (error) {
    fail(`The demo origin does not start. ${error instanceof Error ? error.message : String(error)}`);
  }
}

function fail(sentence: string): void {
  console.error(sentence);
  process.exitCode = 1;
}

if (import.meta.main) await main();
