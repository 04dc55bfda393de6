// Everything the gateway is built of, put together once by the composition root (index.ts) and handed to whoever needs
// it. Time, randomness and the network come in here, so that tests can give their own.

import type { EpochMs } from '../queue-core/room.ts';
import type { PlaceRestore } from './gate/place-restore.ts';
import type { Templates } from './http/custom-page.ts';
import type { RateLimit } from './http/rate-limit.ts';
import type { Metrics } from './metrics.ts';
import type { Access } from './operators/access.ts';
import type { OriginFetch } from './proxy/forward.ts';
import type { OriginHealth } from './proxy/origin-health.ts';
import type { RoomStore } from './store/room-store.ts';
import type { VisitorCookies } from './tokens/cookies.ts';
import type { Tokens } from './tokens/tokens.ts';
import type { Observations } from './views/observations.ts';
import type { RoomDirectory } from './views/room-directory.ts';
import type { RoomViews } from './views/room-views.ts';

export interface Gateway {
  directory: RoomDirectory;
  tokens: Tokens;
  cookies: VisitorCookies;
  store: RoomStore;
  views: RoomViews;
  placeRestore: PlaceRestore;
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
