// A room's history in the console: ten-second buckets in order of time, merged from history pages and from the last few
// buckets that each poll returns. Pure.

import type { Bucket } from '../worker/contract/operator-api.ts';

export const BUCKET_MS = 10_000;

/** Two days, as much as the gateway stores. */
export const BUCKETS_MAX = (48 * 3_600_000) / BUCKET_MS;

/** All buckets of both, oldest first; where both have one, `fresh` is the newer version of it. */
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
 * Whether buckets may be missing between the two. The last known bucket was still open when it was loaded; if it is not among
 * the fresh ones, its final counts are missing too.
 */
export function isGapBefore(known: readonly Bucket[], fresh: readonly Bucket[]): boolean {
  const last = known.at(-1);
  const [first] = fresh;
  return last !== undefined && first !== undefined && Date.parse(last.at) < Date.parse(first.at);
}

type CountName = 'arrived' | 'called' | 'admitted' | 'completed' | 'left' | 'revoked' | 'expired' | 'lapsed' | 'exempt';

const BUCKETS_PER_MINUTE = 6;

/**
 * The count of the last minute of closed buckets before `asOf`, scaled up where the history is shorter; null: no closed bucket.
 * The open bucket is left out: with it every number would rise for ten seconds and fall again.
 */
export function perMinute(buckets: readonly Bucket[], name: CountName, asOf: number): number | null {
  const end = Math.floor(asOf / BUCKET_MS) * BUCKET_MS;
  const begin = Math.max(end - BUCKETS_PER_MINUTE * BUCKET_MS, Date.parse(buckets[0]?.at ?? ''));
  if (!(begin < end)) return null;
  let sum = 0;
  for (const bucket of since(buckets, begin)) if (Date.parse(bucket.at) < end) sum += bucket[name] ?? 0;
  return Math.round((sum * BUCKETS_PER_MINUTE * BUCKET_MS) / (end - begin));
}

export function closedOf(buckets: readonly Bucket[], now: number): readonly Bucket[] {
  const last = buckets.at(-1);
  return last !== undefined && Date.parse(last.at) + BUCKET_MS > now ? buckets.slice(0, -1) : buckets;
}

/** The buckets that begin at `fromMs` or later. */
export function since(buckets: readonly Bucket[], fromMs: number): readonly Bucket[] {
  let from = buckets.length;
  while (from > 0 && Date.parse(buckets[from - 1]?.at ?? '') >= fromMs) from -= 1;
  return buckets.slice(from);
}
