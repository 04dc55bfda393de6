// What the night screen's numbers and curves are made of: pure functions of the documents that the gateway sends.

import type { AuditRecord, Bucket, Live } from '../worker/contract/operators.ts';

export const BUCKET_MS = 10_000;

/** Buckets kept in the browser: two days. */
const BUCKETS_MAX = 17_280;

/** Adds newer buckets; one that comes again is more complete than before. Ascending, without doubles. */
export function mergeBuckets(known: readonly Bucket[], more: readonly Bucket[]): Bucket[] {
  const byStart = new Map(known.map((bucket) => [bucket.at, bucket]));
  for (const bucket of more) byStart.set(bucket.at, bucket);
  return [...byStart.values()].sort((a, b) => (a.at < b.at ? -1 : 1)).slice(-BUCKETS_MAX);
}

/** Whether closed buckets are missing between what is known and what comes: then the history has to be read again. */
export function hasGap(known: readonly Bucket[], more: readonly Bucket[]): boolean {
  const last = known.at(-1);
  const first = more[0];
  return last !== undefined && first !== undefined && Date.parse(first.at) - Date.parse(last.at) > BUCKET_MS;
}

/** Visitors a minute over the last closed buckets, up to a minute of them. */
export function perMinute(buckets: readonly Bucket[], count: (bucket: Bucket) => number): number {
  const closed = buckets.slice(-7, -1);
  if (closed.length === 0) return 0;
  return Math.round((closed.reduce((sum, bucket) => sum + count(bucket), 0) * 6) / closed.length);
}

/** Upper end of the latency class in which the share of answers lies, ms; null without answers. */
export function latencyMs({ origin }: Bucket, share: number, boundsMs: readonly number[]): number | null {
  const total = origin.latency.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let seen = 0;
  for (const [index, count] of origin.latency.entries()) {
    seen += count;
    if (seen >= total * share) return boundsMs[index] ?? 2 * (boundsMs.at(-1) ?? 0);
  }
  return null;
}

export function refusedIn({ refused }: Bucket): number {
  return Object.values(refused).reduce((sum, count) => sum + (count ?? 0), 0);
}

/** `1:02:03` or `02:03`; never negative. */
export function clockText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
}

/** Changes that moved the line, for marks on the time axis. */
export function marksOf(records: readonly AuditRecord[]): { at: number; action: string }[] {
  return records.map(({ at, action }) => ({ at: Date.parse(at), action }));
}

/** Whether the room is between its opening and its end. */
export function isOpenState({ state }: Pick<Live, 'state'>): boolean {
  return state === 'open' || state === 'paused' || state === 'soldOut';
}
