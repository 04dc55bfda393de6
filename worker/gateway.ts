// Everything the gateway is built of, put together once by the composition root (index.ts) and handed to whoever needs
// it. Time, randomness and the network come in here, so that tests can give their own.

import type { EpochMs } from '../queue-core/room.ts';
import type { VisitorCookies } from './credentials.ts';
import type { Directory } from './directory.ts';
import type { LostPlaces } from './lost-places.ts';
import type { Metrics } from './metrics.ts';
import type { Observations } from './observations.ts';
import type { Access } from './operators/access.ts';
import type { OriginHealth } from './origin-health.ts';
import type { OriginFetch } from './proxy.ts';
import type { RateLimit } from './rate-limit.ts';
import type { RoomViews } from './room-views.ts';
import type { RoomStore } from './store/room-store.ts';
import type { Templates } from './template.ts';
import type { Tokens } from './tokens.ts';

export interface Gateway {
  directory: Directory;
  tokens: Tokens;
  cookies: VisitorCookies;
  store: RoomStore;
  views: RoomViews;
  lostPlaces: LostPlaces;
  observations: Observations;
  templates: Templates;
  metrics: Metrics;
  originHealth: OriginHealth;
  polls: RateLimit;
  /** Tries of operators' keys, by address. */
  signIns: RateLimit;
  access: Access | null;
  /** Where operators reach the console; where it differs from the visitors' address, it is the only one that answers them. */
  consoleUrl: string;
  publicUrl: string;
  fetchOrigin: OriginFetch;
  /** Random bytes as base64url; 8: join ids, 12: sessions, 16: visitors. */
  randomId(bytes: number): string;
  /** 32 random bytes, hex. */
  secret(): string;
  /** SHA-256, hex. */
  digest(text: string): string;
  ownTime(): EpochMs;
  wait(ms: number): Promise<void>;
}

/** Keeps work alive beyond the answer to the request that began it. */
export type Background = (work: Promise<unknown>) => void;
