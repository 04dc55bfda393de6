// Polls one room once a second and holds what its screens need: the numbers now, the history, the settings, the log. A poll
// that fails changes none of it; the snapshot then says since when no new data has come.

import type { Client } from '../worker/contract/api-client.ts';
import type { AuditRecord, Bucket, Live, RoomDetail } from '../worker/contract/operator-api.ts';
import type { Problem } from '../worker/contract/problem-schema.ts';
import { BUCKET_MS, isGapBefore, mergeBuckets } from './buckets.ts';
import { type ServerTime, serverTime } from './server-time.ts';

export interface RoomSnapshot {
  room: string;
  live: Live | null;
  /** null: the last poll succeeded. */
  lostSinceMs: number | null;
  /** Polls that failed in a row. */
  failures: number;
  /** The gateway's reply to the last poll where it was a problem. */
  problem: Problem | null;
  /** The gateway speaks another version of the contract than this page. */
  isOutdated: boolean;
  detail: RoomDetail | null;
  buckets: Bucket[];
  /** Start of the loaded history; null: none is loaded yet. */
  historyFromMs: number | null;
  latencyBoundsMs: readonly number[];
  /** The newest records of the log, oldest first. */
  records: AuditRecord[];
}

export interface RoomWatch {
  readonly time: ServerTime;
  snapshot(): RoomSnapshot;
  /** Polls at once, for example after a change. */
  poll(): Promise<void>;
  /** Loads the settings; null: they could not be loaded. */
  loadDetail(): Promise<RoomDetail | null>;
  loadHistorySince(fromMs: number): Promise<void>;
  /** Loads the page of the log before the records that are loaded. */
  loadEarlierRecords(): Promise<void>;
  stop(): void;
}

interface WatchEnvironment {
  client: Client;
  monotonicMs(): number;
  /** @returns cancels it */
  schedule(ms: number, callback: () => void): () => void;
  changed(): void;
}

const POLL_MS = 1_000;
/** After failures polls become rarer, but a gateway that is back is noticed within this time. */
const POLL_MS_MAX = 5_000;

/** What the charts show at first. */
const INITIAL_HISTORY_MS = 30 * 60_000;

/** Records loaded at a time; the log of one opening has fewer. */
const RECORDS_PAGE = 200;
const NEW_RECORDS_MAX = 1_000;
const HISTORY_PAGE = 1_000;
/** Pages of two days, and one to spare. */
const HISTORY_PAGES_MAX = 19;

export function watchRoom(room: string, { client, monotonicMs, schedule, changed }: WatchEnvironment): RoomWatch {
  const params = { room };
  const time = serverTime(monotonicMs);
  let snapshot: RoomSnapshot = {
    room,
    live: null,
    lostSinceMs: null,
    failures: 0,
    problem: null,
    isOutdated: false,
    detail: null,
    buckets: [],
    historyFromMs: null,
    latencyBoundsMs: [],
    records: [],
  };
  let stopped = false;
  let cancelNext = () => {};
  let polling: Promise<void> | null = null;
  let loadingDetail: Promise<RoomDetail | null> | null = null;
  let isLoadingRecords = false;
  /** How far back a screen wants the history, and how far the request in flight reaches. */
  let wantedFromMs = Number.POSITIVE_INFINITY;
  let loadingFromMs = Number.POSITIVE_INFINITY;
  /** Buckets may be missing from here on; null: none are. */
  let gapFromMs: number | null = null;
  let isFillingGap = false;

  const update = (changes: Partial<RoomSnapshot>) => {
    if (stopped) return;
    snapshot = { ...snapshot, ...changes };
    changed();
  };

  async function pollOnce(): Promise<void> {
    const outcome = await client.call('live', { params });
    if (outcome.kind !== 'reply') {
      update({
        lostSinceMs: snapshot.lostSinceMs ?? monotonicMs(),
        failures: snapshot.failures + 1,
        problem: outcome.kind === 'problem' ? outcome.problem : null,
        isOutdated: outcome.kind === 'unreadable',
      });
      return;
    }
    const live = outcome.value;
    time.observe(live.serverTime);
    const isFirst = snapshot.live === null;
    const lastAt = snapshot.buckets.at(-1)?.at;
    const hasGap = isGapBefore(snapshot.buckets, live.buckets);
    update({
      live,
      buckets: mergeBuckets(snapshot.buckets, live.buckets),
      ...{ lostSinceMs: null, failures: 0, problem: null, isOutdated: false },
    });
    if (isFirst) void loadHistorySince(Date.parse(live.serverTime) - INITIAL_HISTORY_MS);
    else if (hasGap && lastAt !== undefined) gapFromMs ??= Date.parse(lastAt) - BUCKET_MS;
    // Retries what failed before, once the store responds.
    if (live.storeReachable) {
      if (gapFromMs !== null) void fillGap(gapFromMs);
      if (wantedFromMs !== Number.POSITIVE_INFINITY) void loadHistorySince(wantedFromMs);
    }
    if (snapshot.detail === null || snapshot.detail.etag !== live.etag) void loadDetail();
    if ((snapshot.records.at(-1)?.seq ?? 0) < live.audit.seq) void loadNewRecords(live.audit.seq);
  }

  function poll(): Promise<void> {
    polling ??= pollOnce().finally(() => {
      polling = null;
      cancelNext();
      const ms = Math.min(POLL_MS_MAX, POLL_MS * (1 + snapshot.failures));
      if (!stopped) cancelNext = schedule(ms, () => void poll());
    });
    return polling;
  }

  async function loadDetail(): Promise<RoomDetail | null> {
    loadingDetail ??= (async () => {
      const outcome = await client.call('room', { params });
      if (outcome.kind !== 'reply') return null;
      update({ detail: outcome.value });
      return outcome.value;
    })().finally(() => {
      loadingDetail = null;
    });
    return loadingDetail;
  }

  /** All buckets from `fromMs` on; null where a page could not be loaded. */
  async function loadHistory(fromMs: number): Promise<Bucket[] | null> {
    const found: Bucket[] = [];
    let after = 0;
    for (let page = 0; page < HISTORY_PAGES_MAX; page++) {
      const query = { since: new Date(fromMs).toISOString(), after, limit: HISTORY_PAGE };
      const outcome = await client.call('history', { params, query });
      if (outcome.kind !== 'reply') return null;
      snapshot = { ...snapshot, latencyBoundsMs: outcome.value.latencyBoundsMs };
      found.push(...outcome.value.buckets);
      if (outcome.value.next === null) break;
      after = outcome.value.next;
    }
    return found;
  }

  async function fillGap(fromMs: number): Promise<void> {
    if (isFillingGap) return;
    isFillingGap = true;
    const found = await loadHistory(fromMs);
    isFillingGap = false;
    if (found === null) return;
    gapFromMs = null;
    // The buckets of the last poll are newer than any page.
    update({ buckets: mergeBuckets(mergeBuckets(snapshot.buckets, found), snapshot.live?.buckets ?? []) });
  }

  async function loadHistorySince(fromMs: number): Promise<void> {
    if (snapshot.historyFromMs !== null && snapshot.historyFromMs <= fromMs) return;
    wantedFromMs = Math.min(wantedFromMs, fromMs);
    if (loadingFromMs <= fromMs) return;
    loadingFromMs = fromMs;
    const found = await loadHistory(fromMs);
    if (loadingFromMs === fromMs) loadingFromMs = Number.POSITIVE_INFINITY;
    if (found === null) return;
    const historyFromMs = Math.min(snapshot.historyFromMs ?? fromMs, fromMs);
    update({ buckets: mergeBuckets(found, snapshot.buckets), historyFromMs });
  }

  async function loadRecords(after: number, limit: number): Promise<AuditRecord[]> {
    if (isLoadingRecords) return [];
    isLoadingRecords = true;
    const outcome = await client.call('audit', { params, query: { after, limit } });
    isLoadingRecords = false;
    return outcome.kind === 'reply' ? outcome.value.records : [];
  }

  async function loadNewRecords(lastSeq: number): Promise<void> {
    const after = snapshot.records.at(-1)?.seq ?? Math.max(0, lastSeq - RECORDS_PAGE);
    const found = await loadRecords(after, NEW_RECORDS_MAX);
    if (found.length > 0) update({ records: [...snapshot.records, ...found] });
  }

  async function loadEarlierRecords(): Promise<void> {
    const first = snapshot.records[0]?.seq ?? 1;
    if (first <= 1) return;
    const after = Math.max(0, first - 1 - RECORDS_PAGE);
    const found = await loadRecords(after, first - 1 - after);
    if (found.length > 0) update({ records: [...found, ...snapshot.records] });
  }

  void poll();
  return {
    time,
    snapshot: () => snapshot,
    poll,
    loadDetail,
    loadHistorySince,
    loadEarlierRecords,
    stop() {
      stopped = true;
      cancelNext();
    },
  };
}
