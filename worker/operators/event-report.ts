// The event report: what happened at an opening, or in a range of time, as a page and as files for spreadsheets. Rows are read page by
// page and added up; a gateway holds neither the minutes nor the log.

import type { RoomView } from '../../queue-core/board.ts';
import type { MinuteBucket } from '../../queue-core/document/minute-state.ts';
import { MINUTE_BUCKETS_MAX, MINUTE_MS } from '../../queue-core/limits.ts';
import { minuteKey, minuteStart } from '../../queue-core/minutes.ts';
import type { PastDraw } from '../../queue-core/past-draw.ts';
import { type EpochMs, epochMs, rfc3339 } from '../../queue-core/time.ts';
import type { ReportQuery } from '../contract/operator-api.ts';
import type { Gateway } from '../gateway.ts';
import { operatorProblem } from '../http/problems.ts';
import type { RoomConfig } from '../settings.ts';
import { type Act, actsBetween } from './event-report-acts.ts';
import { actsCsv, minutesCsv } from './event-report-csv.ts';
import { ReportFigures } from './event-report-figures.ts';
import { reportPage, reportPolicy } from './event-report-page.ts';
import type { ReportStrings } from './event-report-strings.ts';
import { eventReportEn } from './event-report-strings-en.ts';
import { eventReportKo } from './event-report-strings-ko.ts';
import { type ReportTimes, reportTimes } from './event-report-times.ts';
import type { Handlers } from './operation-context.ts';
import { allPages } from './row-pages.ts';

type ReportGateway = Pick<Gateway, 'reports' | 'publicUrl' | 'store'>;
type Operations = 'report' | 'reportMinutes' | 'reportActs';

/** Acts in the page; the file has all. */
const ACTS_MAX = 1_000;

/** Around the opening, what the charts of an opening show: entries of days before would leave no room for it. */
const CHARTED_BEFORE_MS = 2 * 3_600_000;
const CHARTED_AFTER_MS = 22 * 3_600_000;

/** First openings are numbered by hand or by seconds; later ones by the moment at which they were scheduled, in ms. */
const EPOCH_OF_TIME = 1_000_000_000_000;

interface Period {
  from: EpochMs;
  to: EpochMs;
  /** The opening that the report is about; null: all in this time. */
  epoch: number | null;
  opensAt: EpochMs | null;
}

export function eventReportHandlers(gateway: ReportGateway): Handlers<Operations> {
  return {
    report: (c) => answer(gateway, c.var, async (source) => page(gateway, source)),
    reportMinutes: (c) =>
      answer(gateway, c.var, async ({ config, period, strings, times, view }) =>
        file(
          minutesCsv(minutesOf(gateway, config.id, period), strings, times),
          'text/csv; charset=utf-8',
          `${config.id}-report-${compact(view.at)}-minutes.csv`,
        ),
      ),
    reportActs: (c) =>
      answer(gateway, c.var, async ({ config, period, strings, times, view, siteHead }) =>
        file(
          actsCsv(actsBetween(sourcesOf(gateway, config.id, view, siteHead), period, strings, times), strings, times),
          'text/csv; charset=utf-8',
          `${config.id}-report-${compact(view.at)}-acts.csv`,
        ),
      ),
  };
}

interface Source {
  config: RoomConfig;
  view: RoomView;
  period: Period;
  siteHead: number;
  strings: ReportStrings;
  times: ReportTimes;
}

async function answer(
  gateway: ReportGateway,
  variables: Parameters<Handlers<'report'>['report']>[0]['var'],
  respond: (source: Source) => Promise<Response>,
): Promise<Response> {
  const { room, query, directory } = variables;
  const { config, snapshot } = room;
  const waitSeconds = gateway.reports.secondsToWait(config.id);
  if (waitSeconds > 0) return operatorProblem('too-many-requests', { 'Retry-After': String(waitSeconds) });
  const view = await gateway.store.view(config.id, { endingsAfter: snapshot.view.endingSeq, report: null });
  const period = await periodOf(gateway, config.id, view, query);
  if (typeof period === 'string') {
    const field = query.opening === undefined ? 'from' : 'opening';
    return operatorProblem('bad-input', {}, { errors: [{ field, detail: period, cause: { kind: 'form' } }] });
  }
  const language = query.language ?? config.languages[0] ?? 'ko';
  const times = reportTimes(language, config.timeZone, period.to);
  const strings = language === 'ko' ? eventReportKo : eventReportEn;
  return respond({ config, view, period, siteHead: directory.audit.seq, strings, times });
}

async function page(
  gateway: ReportGateway,
  { config, view, period, strings, times, siteHead }: Source,
): Promise<Response> {
  const { opensAt } = period;
  const isCharted = (at: EpochMs) =>
    opensAt === null || (at >= opensAt - CHARTED_BEFORE_MS && at < opensAt + CHARTED_AFTER_MS);
  const figures = new ReportFigures(isCharted, times.offsetMs(period.to));
  for await (const minute of minutesOf(gateway, config.id, period)) figures.add(minute);
  const { first } = figures;
  // The first minute on record says when the preparation began, where no number does.
  const from = period.from === 0 ? (first ?? period.to) : period.from;
  const acts: Act[] = [];
  let [actsLeftOut, stops] = [0, 0];
  const { machines, actions } = strings.acts;
  const byMachine = figures.states.map(({ at, state }): Act => {
    const what = strings.acts.becomes(strings.states[state]);
    return { at, who: machines.clock, role: null, what, from: '', to: '', record: null };
  });
  const sources = sourcesOf(gateway, config.id, view, siteHead);
  for await (const act of actsBetween(sources, period, strings, times)) {
    if (act.role === null && act.what === actions['originStopped']) stops++;
    if (acts.length < ACTS_MAX) acts.push(act);
    else actsLeftOut++;
  }
  const text = await reportPage({
    strings,
    times,
    room: config.id,
    title: config.title[strings.language],
    gateway: gateway.publicUrl,
    ...{ from, to: period.to, madeAt: view.at, opensAt: opensAt !== null && opensAt <= period.to ? opensAt : null },
    ...{ figures, acts: [...acts, ...byMachine].toSorted((a, b) => a.at - b.at), actsLeftOut, stops },
  });
  const name = `${config.id}-report-${compact(view.at)}-${strings.language}.html`;
  return file(inParts(text), 'text/html; charset=utf-8', name, { 'Content-Security-Policy': reportPolicy });
}

/** @returns what is wrong with the query, in a sentence */
async function periodOf(
  { store }: ReportGateway,
  room: string,
  view: RoomView,
  { from, to, opening }: ReportQuery,
): Promise<Period | string> {
  const { board } = view;
  // The minute under way is not counted yet.
  const end = minuteStart(view.at);
  if (from !== undefined || to !== undefined) {
    if (opening !== undefined) return 'Give an opening, or from and to.';
    const until = to === undefined ? end : Math.min(end, minuteStart(epochMs(to)));
    const since = from === undefined ? until - MINUTE_BUCKETS_MAX * MINUTE_MS : minuteStart(epochMs(from));
    if (since >= until) return `The range must begin before it ends, and before ${rfc3339(end)}.`;
    if (until - since > MINUTE_BUCKETS_MAX * MINUTE_MS) return 'A report is about a year at most.';
    return { from: since, to: until, epoch: null, opensAt: null };
  }
  const present = { epoch: board.epoch, opensAt: epochMs(board.opensAt) };
  const openings: { epoch: number; opensAt: EpochMs }[] = [];
  for await (const page of allPages<PastDraw>(
    (rows) => store.rows(room, 'draw', rows),
    ({ epoch }) => epoch,
  )) {
    openings.push(...page.filter(({ epoch }) => epoch !== present.epoch));
  }
  const all = [...openings, present];
  const hasCome = present.opensAt <= view.at;
  const wanted = opening ?? (hasCome ? present.epoch : (openings.at(-1)?.epoch ?? present.epoch));
  const index = all.findIndex(({ epoch }) => epoch === wanted);
  const found = all[index];
  if (found === undefined) {
    const known = all.map(({ epoch, opensAt }) => `${epoch} (${rfc3339(opensAt)})`).slice(-20);
    return `There is no opening ${wanted}; there are ${known.join(', ')}.`;
  }
  const next = all[index + 1];
  return {
    from: found.epoch < EPOCH_OF_TIME ? 0 : minuteStart(found.epoch),
    to: next === undefined || next.epoch < EPOCH_OF_TIME ? end : Math.min(end, minuteStart(next.epoch) + MINUTE_MS),
    ...found,
  };
}

/** The minutes of a period that have a row, in the order of time. */
async function* minutesOf(
  { store }: ReportGateway,
  room: string,
  { from, to, epoch }: Period,
): AsyncGenerator<MinuteBucket> {
  const read = (page: { after: number; limit: number }) =>
    store.rows(room, 'minute', { ...page, after: Math.max(page.after, minuteKey(from) - 1) });
  for await (const rows of allPages(read, ({ at }) => minuteKey(at))) {
    for (const row of rows) {
      if (row.at >= to) return;
      if (epoch === null || row.epoch === epoch) yield row;
    }
  }
}

function sourcesOf({ store }: ReportGateway, room: string, view: RoomView, siteHead: number) {
  return {
    room,
    log: {
      read: (page: { after: number; limit: number }) => store.rows(room, 'audit', page),
      last: view.live.audit.seq,
    },
    site: { read: (page: { after: number; limit: number }) => store.directory.rows('audit', page), last: siteHead },
  };
}

/** 20270805T120000Z, which every file system takes in a name. */
function compact(at: EpochMs): string {
  return rfc3339(at).replaceAll(/[-:]|\.\d+/g, '');
}

async function* inParts(text: string): AsyncGenerator<string> {
  yield text;
}

function file(
  parts: AsyncGenerator<string>,
  type: string,
  name: string,
  headers: Record<string, string> = {},
): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await parts.return(undefined);
    },
  });
  return new Response(body, {
    headers: {
      'Content-Type': type,
      'Content-Disposition': `attachment; filename="${name}"`,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...headers,
    },
  });
}
