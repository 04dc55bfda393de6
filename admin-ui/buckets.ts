// A room's history as the console keeps it: one list of ten-second buckets in order of time, put together from pages of
// the past and the last few that come along with each look. Pure.

import type { Bucket } from '../worker/contract/operator-api.ts';

export const BUCKET_MS = 10_000;

/** Two days, as long as the gateway remembers. */
export const BUCKETS_MAX = (48 * 3_600_000) / BUCKET_MS;

/** Both lists together by time; where both have a bucket, `fresh` knows it later. Oldest first, bounded. */
export function mergeBuckets(known: readonly Bucket[], fresh: readonly Bucket[]): Bucket[] {
  const [first] = fresh;
  if (first === undefined) return [...known];
  const firstAt = Date.parse(first.at);
  let keep = known.length;
  while (keep > 0 && Date.parse(known[keep - 1]?.at ?? '') >= firstAt) keep -= 1;
  const tail = new Map<string, Bucket>();
  for (const bucket of known.slice(keep)) tail.set(bucket.at, bucket);
  for (const bucket of fresh) tail.set(bucket.at, bucket);
  const later = [...tail.values()].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return [...known.slice(0, keep), ...later].slice(-BUCKETS_MAX);
}

/**
 * Whether buckets may lie between what is known and what has just come. The last known one was still open when it was
 * seen; if it is not among the fresh ones, neither its end nor what followed is known.
 */
export function isGapBefore(known: readonly Bucket[], fresh: readonly Bucket[]): boolean {
  const last = known.at(-1);
  const [first] = fresh;
  return last !== undefined && first !== undefined && Date.parse(last.at) < Date.parse(first.at);
}

export type CountName = 'arrived' | 'called' | 'admitted' | 'completed' | 'left' | 'revoked' | 'expired' | 'lapsed';

/** Buckets that "a minute" is made of. */
const MINUTE_BUCKETS = 6;

/**
 * How many came in the last minute of closed buckets before `asOf`; null before there is one. The open bucket is left out:
 * with it every number would rise for ten seconds and fall again. What is known of less than a minute is scaled up to one.
 */
export function perMinute(buckets: readonly Bucket[], name: CountName, asOf: number): number | null {
  const end = Math.floor(asOf / BUCKET_MS) * BUCKET_MS;
  const begin = Math.max(end - MINUTE_BUCKETS * BUCKET_MS, Date.parse(buckets[0]?.at ?? ''));
  if (!(begin < end)) return null;
  let sum = 0;
  for (const bucket of since(buckets, begin)) if (Date.parse(bucket.at) < end) sum += bucket[name];
  return Math.round((sum * MINUTE_BUCKETS * BUCKET_MS) / (end - begin));
}

export function closedOf(buckets: readonly Bucket[], now: number): readonly Bucket[] {
  const last = buckets.at(-1);
  return last !== undefined && Date.parse(last.at) + BUCKET_MS > now ? buckets.slice(0, -1) : buckets;
}

/** The part of the history that begins at `fromMs` or later. */
export function since(buckets: readonly Bucket[], fromMs: number): readonly Bucket[] {
  let from = buckets.length;
  while (from > 0 && Date.parse(buckets[from - 1]?.at ?? '') >= fromMs) from -= 1;
  return buckets.slice(from);
}
