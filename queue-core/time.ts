// Times on every document are RFC 3339 in UTC. `Date` only formats and reads given times here; the core never asks
// what time it is.

import type { EpochMs } from './room.ts';

export function rfc3339(at: EpochMs): string {
  // biome-ignore lint/style/noRestrictedGlobals: formats a given time
  return new Date(at).toISOString();
}

/** @param text RFC 3339 with a zone; NaN where it is none */
export function epochMs(text: string): EpochMs {
  // biome-ignore lint/style/noRestrictedGlobals: reads a given time
  return Date.parse(text);
}
