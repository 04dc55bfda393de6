// Time as the core handles it: a number that callers pass in. `Date` only formats and parses given times here; the core
// never reads a clock.

/** Milliseconds since 1970-01-01T00:00Z by the store's clock. */
export type EpochMs = number;

/** Formats a time as RFC 3339 in UTC. */
export function rfc3339(at: EpochMs): string {
  // biome-ignore lint/style/noRestrictedGlobals: formats a given time
  return new Date(at).toISOString();
}

/** A form shows an opening that was set to "now" to the second only, and sends that back. */
export function isSameSecond(a: EpochMs, b: EpochMs): boolean {
  return Math.floor(a / 1000) === Math.floor(b / 1000);
}

/** @param text RFC 3339 with a zone; the result is NaN for anything else */
export function epochMs(text: string): EpochMs {
  // biome-ignore lint/style/noRestrictedGlobals: parses a given time
  return Date.parse(text);
}
