// Starts the demo origin on Node, as a program (`ORIGIN_PORT=8788 ... node origin/demo/server.ts`) or from a test. Listens on
// loopback by default, because visitors come through the gateway; shuts down cleanly on SIGTERM and SIGINT.

import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { z } from 'zod';
import { GatewayCallError, type GatewayCalls } from '../gateway-calls.ts';
import { type Bookings, openBookings } from './bookings.ts';
import type { EpochMs } from './clinics.ts';
import { createDemoApp } from './demo-app.ts';

/** Eight seats at each of six times: 240 at five clinics, more than the people whom `npm start` lets in at once, and booked within minutes. */
const SLOTS_PER_CLINIC_DEFAULT = 48;

/** Longer than gateways keep an idle connection: closing first would fail a request that is being sent. */
const KEEP_ALIVE_MS = 75_000;

/** A form takes seconds on a bad network; a slower request only occupies a socket. */
const REQUEST_TIMEOUT_MS = 15_000;

/** Responses take milliseconds; connections that are open this long after the shutdown began are closed. */
const CLOSE_GRACE_MS = 2_000;

/** A few times within the time for which a number counts. */
const STOCK_INTERVAL_MS = 10_000;

interface DemoOriginOptions {
  /** 0 for any free port. */
  port: number;
  hostname?: string;
  /** Directory for `origin.sqlite`; created if missing. */
  dataDir: string;
  issuer: string;
  audience: string;
  jwksUrl: string;
  /** Seats per clinic when the database is created; an existing database keeps its own. */
  slotsPerClinic?: number;
  now?: () => EpochMs;
  /** Where what is left is told while nobody is inside; without it, only responses tell it. */
  calls?: GatewayCalls;
}

export interface DemoOrigin {
  url: string;
  port: number;
  close(): Promise<void>;
}

export async function startDemoOrigin(options: DemoOriginOptions): Promise<DemoOrigin> {
  const { port, hostname = '127.0.0.1', dataDir, issuer, audience, jwksUrl } = options;
  const { slotsPerClinic = SLOTS_PER_CLINIC_DEFAULT, now = () => Date.now() } = options;
  const bookings = openBookings({ dataDir, slotsPerClinic, now: now() });
  const log = (error: unknown) => console.error('Demo origin:', error);
  let server: Server;
  try {
    const app = createDemoApp({ bookings, verifier: { issuer, audience, jwksUrl, now }, now, log });
    server = createAdaptorServer({
      fetch: app.fetch,
      serverOptions: { requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS },
    }) as Server;
    await listen(server, port, hostname);
  } catch (error) {
    bookings.close();
    throw error;
  }
  const reporting = options.calls === undefined ? null : reportStock(bookings, options.calls, now, log);
  const address = server.address();
  const portInUse = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${portInUse}`,
    port: portInUse,
    close: async () => {
      reporting?.stop();
      await closeServer(server);
      bookings.close();
    },
  };
}

/** Tells the gateway what is left, so that people see it before anybody is inside. What it cannot tell is logged once. */
function reportStock(
  bookings: Bookings,
  calls: GatewayCalls,
  now: () => EpochMs,
  log: (error: unknown) => void,
): { stop(): void } {
  let isFailing = false;
  const report = async () => {
    const { asOf, remaining, clinics } = bookings.stock(now());
    const lots = clinics.map((each) => ({ id: each.clinic.id, name: each.clinic.name, remaining: each.remaining }));
    try {
      await calls.stock({ remaining, lots, asOfEpochMs: asOf });
      isFailing = false;
    } catch (error) {
      // A response has told a later number meanwhile.
      if (error instanceof GatewayCallError && error.reason === 'outdatedCall') return;
      if (!isFailing) log(error);
      isFailing = true;
    }
  };
  const timer = setInterval(report, STOCK_INTERVAL_MS);
  void report();
  return { stop: () => clearInterval(timer) };
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
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

const requiredText = (expected: string) => z.string(`set it to ${expected}`).min(1, `set it to ${expected}`);

const Settings = z.object({
  ORIGIN_PORT: z.coerce.number('set it to a port number, for example 8788').int().min(0).max(65_535).default(8788),
  DATA_DIR: z.string().min(1, 'set it to the directory for the bookings').default('.fairgate'),
  FAIRGATE_ISSUER: requiredText('the "iss" claim of the gateway\'s tokens'),
  FAIRGATE_AUDIENCE: requiredText('the "aud" claim of the gateway\'s tokens for this site'),
  FAIRGATE_JWKS_URL: z.url("set it to the address of the gateway's keys, https://<gateway>/.well-known/jwks.json"),
});

async function main(): Promise<void> {
  const settings = Settings.safeParse(process.env);
  if (!settings.success) {
    const problems = settings.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    return fail(`The demo origin cannot start. ${problems.join('; ')}.`);
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
    console.log(`Demo origin on ${origin.url} (refuses requests without an admission token).`);
  } catch (error) {
    fail(`The demo origin cannot start. ${error instanceof Error ? error.message : String(error)}`);
  }
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}

if (import.meta.main) await main();
