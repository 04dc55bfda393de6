// The history as columns for charts over one time axis. Where buckets are missing, the lines break. Pure.

import type { Bucket } from '../worker/contract/operator-api.ts';
import { BUCKET_MS } from './buckets.ts';
import { quantile, type UpperBound } from './latency-quantile.ts';

/** null: the line breaks. */
export type Column = (number | null)[];

export interface Columns {
  /** Seconds since 1970: what the chart library counts in. */
  at: number[];
  arrived: Column;
  admitted: Column;
  /** The rate limit, as people per bucket. */
  rateLimit: Column;
  waiting: Column;
  active: Column;
  activeLimit: Column;
  refused: Record<Reason, Column>;
  /** Upper bounds of the latency classes that hold the median and the 95th percentile, ms; above the last bound: beyond it. */
  median: Column;
  p95: Column;
  errors: Column;
  unreachable: Column;
  /** Conflicting commits and repeated requests at a shared store. */
  conflicts: Column;
  retries: Column;
}

export const REASONS = ['noAdmission', 'badToken', 'prefetch', 'tooOften', 'crossSite'] as const;
export type Reason = (typeof REASONS)[number];

/**
 * Each bucket is drawn at its end, when its counts are complete.
 * @param asOf when the last numbers were read: the counts of a bucket that is still open are left out, because the line would
 * drop at its end
 */
export function columnsOf(buckets: readonly Bucket[], boundsMs: readonly number[], asOf: number): Columns {
  const columns: Columns = {
    at: [],
    ...{ arrived: [], admitted: [], rateLimit: [], waiting: [], active: [], activeLimit: [] },
    refused: { noAdmission: [], badToken: [], prefetch: [], tooOften: [], crossSite: [] },
    ...{ median: [], p95: [], errors: [], unreachable: [], conflicts: [], retries: [] },
  };
  let lastMs: number | null = null;
  for (const bucket of buckets) {
    const ms = Date.parse(bucket.at);
    const end = ms + BUCKET_MS;
    if (lastMs !== null && ms - lastMs > BUCKET_MS)
      add(columns, (lastMs + 2 * BUCKET_MS) / 1000, null, false, boundsMs);
    add(columns, Math.min(end, Math.max(asOf, ms + 1)) / 1000, bucket, end > asOf, boundsMs);
    lastMs = ms;
  }
  return columns;
}

function add(columns: Columns, at: number, bucket: Bucket | null, isOpen: boolean, boundsMs: readonly number[]): void {
  const counted = bucket === null || isOpen ? null : bucket;
  columns.at.push(at);
  columns.arrived.push(counted?.arrived ?? null);
  columns.admitted.push(counted?.admitted ?? null);
  columns.rateLimit.push(bucket === null ? null : (bucket.newUsersPerMinute * BUCKET_MS) / 60_000);
  columns.waiting.push(bucket?.waiting ?? null);
  columns.active.push(bucket?.active ?? null);
  columns.activeLimit.push(bucket?.totalActiveUsers ?? null);
  for (const reason of REASONS) columns.refused[reason].push(counted === null ? null : (counted.refused[reason] ?? 0));
  const { origin } = counted ?? {};
  columns.median.push(origin === undefined ? null : level(quantile(origin.latency, boundsMs, 0.5)));
  columns.p95.push(origin === undefined ? null : level(quantile(origin.latency, boundsMs, 0.95)));
  columns.errors.push(origin?.errors ?? null);
  columns.unreachable.push(origin?.unreachable ?? null);
  columns.conflicts.push(counted === null ? null : (counted.store?.conflicts ?? 0));
  columns.retries.push(counted === null ? null : (counted.store?.retries ?? 0));
}

/** Beyond the last class the latency is not known; a value just above its bound says so. */
function level(bound: UpperBound | null): number | null {
  return bound === null ? null : bound.ms + (bound.isBeyond ? 1 : 0);
}

export function isAllZero(...columns: Column[]): boolean {
  return columns.every((column) => column.every((value) => value === null || value === 0));
}
