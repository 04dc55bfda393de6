// Looks at one room once a second and keeps what a screen needs of it: the numbers now, the history, the settings, the log.
// A look that fails changes nothing that was seen; it only says since when nothing new came.

import type { AuditRecord, Bucket, Live, RoomDetail } from '../worker/contract/operator-api.ts';
import type { Problem } from '../worker/contract/problem-schema.ts';
import type { Client } from './api-client.ts';
import { BUCKET_MS, isGapBefore, mergeBuckets } from './buckets.ts';
import { type ServerTime, serverTime } from './server-time.ts';

export interface Watched {
  room: string;
  live: Live | null;
  /** null: the last look was answered. */
  lostSinceMs: number | null;
  /** Looks that failed one after another. */
  failures: number;
  /** What the gateway answered to the last look instead of numbers; null: numbers, or nothing. */
  problem: Problem | null;
  /** The gateway and this page speak different versions of the contract. */
  isOutdated: boolean;
  detail: RoomDetail | null;
  buckets: Bucket[];
  /** From when on the history was asked for; null: not answered yet. */
  historyFromMs: number | null;
  boundsMs: readonly number[];
  /** The last records of the log, oldest first. */
  records: AuditRecord[];
}

export interface RoomWatch {
  readonly time: ServerTime;
  seen(): Watched;
  /** Looks at once, after a change. */
  look(): Promise<void>;
  /** Asks for the settings again, and returns them. */
  lookAtDetail(): Promise<RoomDetail | null>;
  /** Makes the history reach back to here. */
  reachBack(fromMs: number): Promise<void>;
  /** Adds earlier records of the log. */
  earlierRecords(): Promise<void>;
  stop(): void;
}

export interface Surroundings {
  client: Client;
  monotonicMs(): number;
  later(ms: number, then: () => void): () => void;
  changed(): void;
}

const LOOK_MS = 1_000;
/** After failures the looks become rarer, but never so rare that a gateway that is back stays unnoticed. */
const LOOK_MS_MAX = 5_000;

/** What the charts show at first. */
const HISTORY_AT_FIRST_MS = 30 * 60_000;

/** Records fetched at a time; an evening has fewer. */
const RECORDS_PAGE = 200;
const HISTORY_PAGE = 1_000;
/** Two days in pages, and one to spare. */
const HISTORY_PAGES_MAX = 19;

export function watchRoom(room: string, { client, monotonicMs, later, changed }: Surroundings): RoomWatch {
  const params = { room };
  const time = serverTime(monotonicMs);
  let watched: Watched = {
    room,
    live: null,
    lostSinceMs: null,
    failures: 0,
    problem: null,
    isOutdated: false,
    detail: null,
    buckets: [],
    historyFromMs: null,
    boundsMs: [],
    records: [],
  };
  let stopped = false;
  let cancel = () => {};
  let looking: Promise<void> | null = null;
  /** How far back somebody wants to see, and how far a request that is under way reaches. */
  let wantedFromMs = Number.POSITIVE_INFINITY;
  let reachingFromMs = Number.POSITIVE_INFINITY;
  /** From when on buckets may be missing; null: none are. */
  let missedFromMs: number | null = null;
  let isCatchingUp = false;
  let isReadingLog = false;
  let detailAsked: Promise<RoomDetail | null> | null = null;

  const update = (news: Partial<Watched>) => {
    if (stopped) return;
    watched = { ...watched, ...news };
    changed();
  };

  async function lookOnce(): Promise<void> {
    const outcome = await client.call('live', { params });
    if (outcome.kind !== 'answer') {
      update({
        lostSinceMs: watched.lostSinceMs ?? monotonicMs(),
        failures: watched.failures + 1,
        problem: outcome.kind === 'problem' ? outcome.problem : null,
        isOutdated: outcome.kind === 'unreadable',
      });
      return;
    }
    const live = outcome.value;
    time.read(live.serverTime);
    const gap = isGapBefore(watched.buckets, live.buckets);
    const before = watched.live;
    const lastAt = watched.buckets.at(-1)?.at;
    update({
      live,
      buckets: mergeBuckets(watched.buckets, live.buckets),
      ...{ lostSinceMs: null, failures: 0, problem: null, isOutdated: false },
    });
    if (before === null) void reachBack(Date.parse(live.serverTime) - HISTORY_AT_FIRST_MS);
    else if (gap && lastAt !== undefined) missedFromMs ??= Date.parse(lastAt) - BUCKET_MS;
    // What was not answered is asked for again, by and by, of a store that answers.
    if (live.storeReachable) {
      if (missedFromMs !== null) void catchUp(missedFromMs);
      if (wantedFromMs !== Number.POSITIVE_INFINITY) void reachBack(wantedFromMs);
    }
    if (watched.detail === null || watched.detail.etag !== live.etag) void lookAtDetail();
    if ((watched.records.at(-1)?.seq ?? 0) < live.audit.seq) void readLog(live.audit.seq);
  }

  function look(): Promise<void> {
    looking ??= lookOnce().finally(() => {
      looking = null;
      cancel();
      const ms = Math.min(LOOK_MS_MAX, LOOK_MS * (1 + watched.failures));
      if (!stopped) cancel = later(ms, () => void look());
    });
    return looking;
  }

  async function lookAtDetail(): Promise<RoomDetail | null> {
    detailAsked ??= (async () => {
      const outcome = await client.call('room', { params });
      if (outcome.kind !== 'answer') return null;
      update({ detail: outcome.value });
      return outcome.value;
    })().finally(() => {
      detailAsked = null;
    });
    return detailAsked;
  }

  /** Pages of the past from `fromMs` on; null where one is missing. */
  async function history(fromMs: number): Promise<Bucket[] | null> {
    const found: Bucket[] = [];
    let after = 0;
    for (let page = 0; page < HISTORY_PAGES_MAX; page++) {
      const query = { since: new Date(fromMs).toISOString(), after, limit: HISTORY_PAGE };
      const outcome = await client.call('history', { params, query });
      if (outcome.kind !== 'answer') return null;
      watched = { ...watched, boundsMs: outcome.value.latencyBoundsMs };
      found.push(...outcome.value.buckets);
      if (outcome.value.next === null) break;
      after = outcome.value.next;
    }
    return found;
  }

  /** What came meanwhile is newer than any page and stays. */
  async function catchUp(fromMs: number): Promise<void> {
    if (isCatchingUp) return;
    isCatchingUp = true;
    const found = await history(fromMs);
    isCatchingUp = false;
    if (found === null) return;
    missedFromMs = null;
    update({ buckets: mergeBuckets(mergeBuckets(watched.buckets, found), watched.live?.buckets ?? []) });
  }

  async function reachBack(fromMs: number): Promise<void> {
    if (watched.historyFromMs !== null && watched.historyFromMs <= fromMs) return;
    wantedFromMs = Math.min(wantedFromMs, fromMs);
    if (reachingFromMs <= fromMs) return;
    reachingFromMs = fromMs;
    const found = await history(fromMs);
    if (reachingFromMs === fromMs) reachingFromMs = Number.POSITIVE_INFINITY;
    if (found === null) return;
    const historyFromMs = Math.min(watched.historyFromMs ?? fromMs, fromMs);
    update({ buckets: mergeBuckets(found, watched.buckets), historyFromMs });
  }

  async function readLog(seq: number): Promise<void> {
    if (isReadingLog) return;
    isReadingLog = true;
    const after = watched.records.at(-1)?.seq ?? Math.max(0, seq - RECORDS_PAGE);
    const outcome = await client.call('audit', { params, query: { after, limit: 1_000 } });
    isReadingLog = false;
    if (outcome.kind === 'answer') update({ records: [...watched.records, ...outcome.value.records] });
  }

  async function earlierRecords(): Promise<void> {
    const first = watched.records[0]?.seq ?? 1;
    if (first <= 1 || isReadingLog) return;
    isReadingLog = true;
    const after = Math.max(0, first - 1 - RECORDS_PAGE);
    const outcome = await client.call('audit', { params, query: { after, limit: first - 1 - after } });
    isReadingLog = false;
    if (outcome.kind === 'answer') update({ records: [...outcome.value.records, ...watched.records] });
  }

  void look();
  return {
    time,
    seen: () => watched,
    look,
    lookAtDetail,
    reachBack,
    earlierRecords,
    stop() {
      stopped = true;
      cancel();
    },
  };
}
