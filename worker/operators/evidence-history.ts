// The history of an evidence pack: every closed bucket of ten seconds as JSON and as CSV, what was turned away, the sums of each
// opening, and what the board showed when. The store drops old buckets while a pack is made, so they are read once for all files.

import type { AuditRecord, Json } from '../../queue-core/audit.ts';
import { type HistoryBucket, LATENCY_BOUNDS_MS, REFUSAL_REASONS } from '../../queue-core/document/history-state.ts';
import { bucketKey } from '../../queue-core/history.ts';
import { HISTORY_BUCKET_MS } from '../../queue-core/limits.ts';
import type { Page } from '../../queue-core/machine.ts';
import { type EpochMs, epochMs, rfc3339 } from '../../queue-core/time.ts';
import { csvLine } from '../http/csv.ts';
import { bucketDocument } from './document-parts.ts';
import { Disclosure } from './evidence-disclosure.ts';
import { type ReadRecords, recordsUpTo } from './evidence-log.ts';
import { allPages } from './row-pages.ts';

/** The closed buckets of a room, in pages as JSON: a page is parsed while it is written. About 7 MB of text at most. */
export class HeldHistory {
  readonly #pages: readonly string[];

  private constructor(pages: readonly string[]) {
    this.#pages = pages;
  }

  /** @param until buckets that end later are left out */
  static async read(read: (page: Page) => Promise<HistoryBucket[]>, until: EpochMs): Promise<HeldHistory> {
    const pages: string[] = [];
    for await (const page of allPages(read, ({ at }) => bucketKey(at))) {
      const closed = page.filter(({ at }) => at + HISTORY_BUCKET_MS <= until);
      if (closed.length > 0) pages.push(JSON.stringify(closed));
      if (closed.length < page.length) break;
    }
    return new HeldHistory(pages);
  }

  *pages(): Generator<HistoryBucket[]> {
    for (const page of this.#pages) yield JSON.parse(page) as HistoryBucket[];
  }
}

const FLOW = ['arrived', 'called', 'admitted', 'completed', 'left', 'revoked', 'expired', 'lapsed'] as const;
const LEVELS = ['waiting', 'active', 'newUsersPerMinute', 'totalActiveUsers'] as const;
const ORIGIN = ['answers', 'errors', 'unreachable'] as const;

const COLUMNS = [
  ...['at', 'epoch', 'state', ...FLOW, ...LEVELS],
  ...REFUSAL_REASONS.map((reason) => `refused.${reason}`),
  ...ORIGIN.map((name) => `origin.${name}`),
  'exempt',
];

/** What was counted during one opening. */
export interface OpeningSums extends Record<(typeof FLOW)[number], number> {
  epoch: number;
  from: string;
  to: string;
  activeMax: number;
  refused: Record<string, number>;
  exempt: number;
  origin: Record<(typeof ORIGIN)[number], number>;
}

export interface HistorySums {
  buckets: number;
  from: EpochMs | null;
  to: EpochMs | null;
  openings: OpeningSums[];
}

export function* historyJsonParts(history: HeldHistory, done: (sums: HistorySums) => void): Generator<string> {
  yield `{"bucketSeconds":${HISTORY_BUCKET_MS / 1000},"latencyBoundsMs":${JSON.stringify(LATENCY_BOUNDS_MS)},"buckets":[`;
  const sums: HistorySums = { buckets: 0, from: null, to: null, openings: [] };
  for (const buckets of history.pages()) {
    yield `${sums.buckets === 0 ? '\n' : ',\n'}${buckets.map((one) => JSON.stringify(bucketDocument(one))).join(',\n')}`;
    for (const bucket of buckets) add(sums, bucket);
  }
  yield '\n]}\n';
  done(sums);
}

export function* historyCsvParts(history: HeldHistory): Generator<string> {
  yield csvLine(COLUMNS);
  for (const buckets of history.pages()) yield buckets.map(bucketLine).join('');
}

function bucketLine(bucket: HistoryBucket): string {
  return csvLine([
    ...[rfc3339(bucket.at), bucket.epoch, bucket.state],
    ...[...FLOW, ...LEVELS].map((name) => bucket[name]),
    ...REFUSAL_REASONS.map((reason) => bucket.refused[reason] ?? 0),
    ...ORIGIN.map((name) => bucket.origin[name]),
    bucket.exempt ?? 0,
  ]);
}

/** A value that the board showed from a moment on, and where that is known from. */
interface Shown {
  at: string;
  what: string;
  value: Json;
  /** Number of the record in the log; null: from the history, to within ten seconds. */
  record: number | null;
}

/** What of a record's values the board shows. */
const SHOWN_FIELDS = ['epoch', 'opensAt', 'closesAt', 'newUsersPerMinute', 'totalActiveUsers', 'flow', 'closed'];

/** What the board showed when, in the order of time. */
export async function* shownParts(
  history: HeldHistory,
  log: { read: ReadRecords; last: number },
  form: 'json' | 'csv',
): AsyncGenerator<string> {
  if (form === 'csv') yield csvLine(['at', 'what', 'value', 'record']);
  else yield '{"shown":[';
  let isFirst = true;
  for await (const { at, what, value, record } of inOrderOfTime(shownByLog(log), shownByHistory(history))) {
    if (form === 'csv') yield csvLine([at, what, JSON.stringify(value), record ?? '']);
    else yield `${isFirst ? '\n' : ',\n'}${JSON.stringify({ at, what, value, record })}`;
    isFirst = false;
  }
  if (form === 'json') yield '\n]}\n';
}

async function* shownByLog({ read, last }: { read: ReadRecords; last: number }): AsyncGenerator<Shown> {
  const disclosure = new Disclosure();
  for await (const records of recordsUpTo(read, last)) {
    for (const record of records) yield* shownBy(disclosure.ofRoom(record));
  }
}

function* shownBy({
  at,
  seq: record,
  action,
  to,
}: Pick<AuditRecord, 'at' | 'seq' | 'action' | 'to'>): Generator<Shown> {
  if (typeof to !== 'object' || to === null || Array.isArray(to)) return;
  const values = to as { readonly [name: string]: Json };
  const isMessage = action === 'setMessage' && 'text' in values;
  if (isMessage) yield { at, what: 'message', value: values['text'] ?? null, record };
  // A room's first record has its limits in one object.
  const limits = typeof values['policy'] === 'object' && action === 'configure' ? values['policy'] : null;
  const all = { ...(limits as { readonly [name: string]: Json } | null), ...values };
  if (!isMessage) {
    for (const what of SHOWN_FIELDS) if (what in all) yield { at, what, value: all[what] ?? null, record };
  }
}

async function* shownByHistory(history: HeldHistory): AsyncGenerator<Shown> {
  let last: HistoryBucket['state'] | null = null;
  for (const buckets of history.pages()) {
    for (const { at, state } of buckets) {
      if (state !== last) yield { at: rfc3339(at), what: 'state', value: state, record: null };
      last = state;
    }
  }
}

async function* inOrderOfTime(a: AsyncGenerator<Shown>, b: AsyncGenerator<Shown>): AsyncGenerator<Shown> {
  let [nextA, nextB] = [await a.next(), await b.next()];
  while (!nextA.done || !nextB.done) {
    if (!nextA.done && (nextB.done || epochMs(nextA.value.at) <= epochMs(nextB.value.at))) {
      yield nextA.value;
      nextA = await a.next();
    } else if (!nextB.done) {
      yield nextB.value;
      nextB = await b.next();
    }
  }
}

function add(sums: HistorySums, bucket: HistoryBucket): void {
  const [begins, ends] = [bucket.at, bucket.at + HISTORY_BUCKET_MS];
  sums.buckets++;
  sums.from ??= begins;
  sums.to = ends;
  let opening = sums.openings.findLast(({ epoch }) => epoch === bucket.epoch);
  if (opening === undefined) {
    const none = Object.fromEntries(FLOW.map((name) => [name, 0])) as Record<(typeof FLOW)[number], number>;
    const origin = { answers: 0, errors: 0, unreachable: 0 };
    const refused = Object.fromEntries(REFUSAL_REASONS.map((reason) => [reason, 0]));
    const from = rfc3339(begins);
    opening = { epoch: bucket.epoch, from, to: from, ...none, activeMax: 0, refused, exempt: 0, origin };
    sums.openings.push(opening);
  }
  opening.to = rfc3339(ends);
  for (const name of FLOW) opening[name] += bucket[name];
  for (const name of ORIGIN) opening.origin[name] += bucket.origin[name];
  for (const reason of REFUSAL_REASONS)
    opening.refused[reason] = (opening.refused[reason] ?? 0) + (bucket.refused[reason] ?? 0);
  opening.activeMax = Math.max(opening.activeMax, bucket.active);
  opening.exempt += bucket.exempt ?? 0;
}
