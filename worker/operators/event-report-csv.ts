// The files of an event report for spreadsheets: every minute, and every act. They begin with a byte order mark, without which Excel
// takes Korean text for another encoding.

import { LATENCY_BOUNDS_MS, REFUSAL_REASONS } from '../../queue-core/document/history-state.ts';
import { type MinuteBucket, WAIT_BOUNDS_SECONDS } from '../../queue-core/document/minute-state.ts';
import { countIn, highestLimits } from '../../queue-core/minutes.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import { csvLine } from '../http/csv.ts';
import type { Act } from './event-report-acts.ts';
import { FLOW_NAMES } from './event-report-figures.ts';
import type { ReportStrings } from './event-report-strings.ts';
import { type ReportTimes, waitClass } from './event-report-times.ts';

const BYTE_ORDER_MARK = '\ufeff';
const WAITS = ['real', 'toldLow', 'toldHigh'] as const;
const COMPARED = ['within', 'sooner', 'later'] as const;
const WAIT_CLASSES = Array.from({ length: WAIT_BOUNDS_SECONDS.length + 1 }, (_, index) => index);

export async function* minutesCsv(
  minutes: AsyncIterable<MinuteBucket>,
  strings: ReportStrings,
  times: ReportTimes,
): AsyncGenerator<string> {
  const { csv, flow, refusals, origin } = strings;
  const { levels } = csv;
  const latency = [
    ...LATENCY_BOUNDS_MS.map((bound) => origin.upToMs(String(bound))),
    origin.slower(String(LATENCY_BOUNDS_MS.at(-1))),
  ];
  yield BYTE_ORDER_MARK;
  yield csvLine([
    ...[csv.time(times.zone), csv.utc, csv.epoch, csv.state],
    ...FLOW_NAMES.map((name) => flow[name]),
    ...[levels.entries, levels.waiting, levels.waitingMax, levels.active, levels.activeMax],
    ...[levels.newUsersPerMinute, levels.rateMax, levels.totalActiveUsers, levels.peopleMax, levels.stock],
    ...REFUSAL_REASONS.map((reason) => refusals[reason]),
    refusals.exempt,
    ...[origin.answers, origin.errors, origin.unreachable],
    ...latency.map((range) => csv.latency(range)),
    ...WAITS.flatMap((what) =>
      WAIT_CLASSES.map((index) => {
        const { from, to } = waitClass(index);
        return csv.wait(what, strings.waitRange(from, to));
      }),
    ),
    ...COMPARED.map((name) => csv.compared[name]),
  ]);
  for await (const minute of minutes) yield minuteLine(minute, strings, times);
}

function minuteLine(minute: MinuteBucket, { states }: ReportStrings, times: ReportTimes): string {
  const { at, epoch, state, newUsersPerMinute, totalActiveUsers, refused, origin, waits, stock } = minute;
  const highest = highestLimits(minute);
  return csvLine([
    ...[times.sortable(at), rfc3339(at), epoch, states[state]],
    ...FLOW_NAMES.map((name) => countIn(minute, name)),
    ...(['entries', 'waiting', 'waitingMax', 'active', 'activeMax'] as const).map((name) => countIn(minute, name)),
    ...[newUsersPerMinute, highest.newUsersPerMinute, totalActiveUsers, highest.totalActiveUsers, stock ?? ''],
    ...REFUSAL_REASONS.map((reason) => refused?.[reason] ?? 0),
    countIn(minute, 'exempt'),
    ...(['answers', 'errors', 'unreachable'] as const).map((name) => origin?.[name] ?? 0),
    ...Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, (_, index) => origin?.latency[index] ?? 0),
    ...WAITS.flatMap((what) => WAIT_CLASSES.map((index) => waits?.[what][index] ?? 0)),
    ...COMPARED.map((name) => waits?.[name] ?? 0),
  ]);
}

export async function* actsCsv(
  acts: AsyncIterable<Act>,
  { acts: t, csv }: ReportStrings,
  times: ReportTimes,
): AsyncGenerator<string> {
  yield BYTE_ORDER_MARK;
  yield csvLine([csv.time(times.zone), csv.utc, t.who, csv.role, t.what, csv.from, csv.to, csv.record]);
  for await (const { at, who, role, what, from, to, record } of acts) {
    yield csvLine([times.sortable(at), rfc3339(at), who, role ?? '', what, from, to, record ?? '']);
  }
}
