// The report as one HTML file: style, plots and a small script are inside, and its own policy forbids network requests. The
// numbers are those of the terminal.

import { html } from 'hono/html';
import { median } from '../lib/median.ts';
import type { Finding } from './auditor.ts';
import { ESTIMATE_TOLERANCE_SECONDS, type Figures, type WaitEstimate } from './figures.ts';
import { fromOpening, type Html, type Line, rangePlot, type TimeAxis, type TimePlot, timePlot } from './plots.ts';
import type { RehearsalTexts } from './rehearsal-texts-en.ts';
import { milliseconds, number, percent, time } from './report-format.ts';
import { pairs, reportPage, shape } from './report-parts.ts';
import { attemptNotes, generatorSentence, headline, outage, requestFailures, summary } from './report-strings.ts';

interface Scenario {
  room: string;
  address: string;
  /** Of the times in the report, which it names. */
  timeZone: string;
  /** Runs the same rehearsal again. */
  command: string;
  /** What was simulated, in sentences. */
  description: string;
}

export function htmlReport(figures: Figures, t: RehearsalTexts, scenario: Scenario): Promise<string> {
  const axis = axisOf(figures);
  const plots = timePlots(figures, axis, t);
  const { address, timeZone } = scenario;
  const locale = { ko: 'ko-KR', en: 'en-GB' }[t.language];
  const date = new Date(figures.endedAt).toLocaleDateString(locale, { dateStyle: 'long', timeZone });
  return reportPage({
    language: t.language,
    title: t.title(scenario.room),
    subtitle: t.subtitle(address, date, `${time(figures.opensAt, timeZone)} ${timeZone}`),
    verdict: figures.verdict,
    headline: headline(figures, t),
    plots,
    axis,
    sections: html`<section class="card">${tiles(figures, t)}</section>
    <section class="card">
      <h2>${t.checksTitle}</h2>
      <ul class="checks">${figures.findings.map((finding) => checkItem(finding, t))}</ul>
    </section>
    <section class="card">
      <h2>${t.timeline}</h2>
      <p class="soft">${t.timelineNote(axis.opensAt !== null)}</p>
      ${plots.map((plot) => timePlot(plot, axis, t.plots))}
    </section>
    <section class="card">
      <h2>${t.estimatesTitle}</h2>
      ${estimatesPlot(figures, t)}
    </section>
    <section class="card">
      <h2>${t.numbers}</h2>
      <div class="pairs">${summary(figures, t).map(pairs)}</div>
    </section>
    <section class="card">
      <h2>${t.attemptsTitle}</h2>
      ${attemptsTable(figures, t)}
    </section>
    <section class="card">
      <h2>${t.responses}</h2>
      ${requestsTable(figures, t)}
      ${outage(figures, t) === null ? '' : html`<p>${outage(figures, t)}</p>`}
      <p>${generatorSentence(figures, t)}</p>
    </section>
    <section class="card">
      <h2>${t.scenario}</h2>
      ${scenario.description.split('\n').map((line) => html`<p class="soft">${line}</p>`)}
      <p>${t.again}</p>
      <code>${scenario.command}</code>
    </section>`,
  });
}

function axisOf({ series, opensAt, endedAt }: Figures): TimeAxis {
  const to = Math.max(endedAt, series.from + series.binMs * series.bins.length);
  return { from: series.from, to, opensAt: opensAt >= series.from && opensAt <= to ? opensAt : null };
}

function tiles({ visitors, limits, waits }: Figures, t: RehearsalTexts): Html {
  const called = waits.calledToInside;
  const entries: [string, string][] = [
    [number(visitors.entered), t.enteredOf(visitors.planned)],
    [number(limits.minute?.most ?? 0), t.minuteOf(limits.newUsersPerMinute)],
    [number(limits.mostAtOnce), t.insideOf(limits.totalActiveUsers)],
    limits.rateUsed === null ? ['–', t.nobodyWaited] : [percent(limits.rateUsed), t.rateUsedTile],
    called === null ? ['–', t.nobodyCalled] : [t.seconds(called.median), t.callToInsideTile(t.seconds(called.p99))],
  ];
  return html`<dl class="tiles">${entries.map(
    ([value, name]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>`;
}

function checkItem({ check, verdict, observed, example }: Finding, t: RehearsalTexts): Html {
  return html`<li class="${verdict}">
    <span class="verdict-name">${shape(verdict)}${t.verdicts[verdict]}</span>
    <div>
      <b>${t.checks[check]}</b>
      <p class="soft">${observed}</p>
      ${example === null ? '' : html`<p class="example">${verdict === 'failed' ? t.first : t.why}: ${example}</p>`}
    </div>
  </li>`;
}

function timePlots(figures: Figures, axis: TimeAxis, t: RehearsalTexts): TimePlot[] {
  const { series, limits } = figures;
  const { bins, binMs } = series;
  const zero = axis.opensAt ?? axis.from;
  const at = (index: number) => series.from + index * binMs;
  const inBins = (pick: (bin: (typeof bins)[number]) => number) =>
    [...bins, bins.at(-1)].flatMap((bin, index) => (bin === undefined ? [] : [{ at: at(index), value: pick(bin) }]));
  const atBinEnds = (pick: (bin: (typeof bins)[number]) => number) => [
    { at: series.from, value: 0 },
    ...bins.map((bin, index) => ({ at: at(index + 1), value: pick(bin) })),
  ];
  const level = (value: number) => [
    { at: Math.max(axis.from, axis.opensAt ?? axis.from), value },
    { at: axis.to, value },
  ];
  const perBin = (limits.newUsersPerMinute * binMs) / 60_000;
  const peak = (pick: (bin: (typeof bins)[number]) => number) => {
    const most = Math.max(0, ...bins.map(pick));
    const index = bins.findIndex((bin) => pick(bin) === most);
    return t.peak(most, fromOpening(at(index) - zero));
  };
  const table = (head: string[], row: (bin: (typeof bins)[number]) => number[]) => ({
    head: [t.from, ...head],
    rows: bins.map((bin, index) => [fromOpening(at(index) - zero), ...row(bin).map(number)]),
  });
  const limitLine = (name: string, value: number): Line => ({ look: 'limit', name, points: level(value) });
  const atOnceLimit = limits.totalActiveUsers;
  return [
    {
      title: t.arrivalsPlot,
      unit: t.perSeconds(binMs / 1000),
      caption: t.arrivalsCaption(
        peak((bin) => bin.arrivals),
        peak((bin) => bin.admissions),
      ),
      lines: [
        { look: 'grey', name: t.arrivals, points: inBins((bin) => bin.arrivals), area: true, steps: true },
        { look: 'blue', name: t.admissions, points: inBins((bin) => bin.admissions), steps: true },
        limitLine(t.limit, perBin),
      ],
      table: table([t.arrivals, t.admissions], (bin) => [bin.arrivals, bin.admissions]),
    },
    {
      title: t.waitingPlot,
      unit: t.visitorsUnit,
      caption: t.waitingCaption(peak((bin) => bin.waiting)),
      lines: [
        { look: 'grey', name: t.waiting, points: atBinEnds((bin) => bin.waiting), area: true },
        {
          look: 'blue',
          name: t.uncalled,
          points: series.boards.map(({ at: when, uncalled }) => ({ at: when, value: uncalled })),
        },
      ],
      table: table([t.waitingAtEnd], (bin) => [bin.waiting]),
    },
    {
      title: t.insidePlot,
      unit: t.visitorsUnit,
      caption: t.insideCaption(limits.mostAtOnce, atOnceLimit),
      lines: [
        { look: 'blue', name: t.inside, points: atBinEnds((bin) => bin.inside), area: true },
        {
          look: 'dashed',
          name: t.sessions,
          points: series.boards.map(({ at: when, active }) => ({ at: when, value: active })),
        },
        ...(atOnceLimit === null ? [] : [limitLine(t.limit, atOnceLimit)]),
      ],
      table: table([t.insideAtEnd], (bin) => [bin.inside]),
    },
    {
      title: t.responsePlot,
      unit: t.responseUnit,
      caption: latencyCaption(figures, t),
      lines: [
        {
          look: 'blue',
          name: t.median,
          points: series.latency.map((slice) => ({ at: slice.at, value: slice.median })),
        },
        { look: 'dashed', name: 'p99', points: series.latency.map((slice) => ({ at: slice.at, value: slice.p99 })) },
      ],
      format: (value) => number(Math.round(value * 10) / 10),
      table: {
        head: [t.at, t.median, 'p99'],
        rows: series.latency.map((slice) => {
          return [fromOpening(slice.at - zero), milliseconds(slice.median), milliseconds(slice.p99)];
        }),
      },
    },
  ];
}

function latencyCaption({ series }: Figures, t: RehearsalTexts): string {
  const slowest = series.latency.toSorted((a, b) => b.p99 - a.p99)[0];
  if (slowest === undefined) return t.noResponses;
  return t.slowest(milliseconds(slowest.p99));
}

/** Groups of estimates by their upper bound, for the table below the plot. */
const ESTIMATE_GROUPS_SECONDS = [10, 30, 60, 120, 300, 600, 1_200, 3_600, Number.POSITIVE_INFINITY];

function estimatesPlot({ waits }: Figures, t: RehearsalTexts): Html {
  const { estimates } = waits;
  if (estimates.length === 0) return html`<p class="soft">${t.noEstimates}</p>`;
  const isRight = ({ low, high, actual }: WaitEstimate) =>
    actual >= low - ESTIMATE_TOLERANCE_SECONDS && actual <= high + ESTIMATE_TOLERANCE_SECONDS;
  const rows = ESTIMATE_GROUPS_SECONDS.flatMap((upTo, index) => {
    const above = ESTIMATE_GROUPS_SECONDS[index - 1] ?? 0;
    const group = estimates.filter(({ high }) => high > above && high <= upTo);
    if (group.length === 0) return [];
    const bounds = upTo === Number.POSITIVE_INFINITY ? t.moreThan(t.seconds(above)) : t.upTo(t.seconds(upTo));
    const share = group.filter(isRight).length / group.length;
    return [[bounds, number(group.length), percent(share), t.seconds(median(group.map(({ actual }) => actual)))]];
  });
  return rangePlot(
    {
      title: t.estimatesPlot,
      unit: t.estimatesUnit,
      caption: t.estimatesCaption({
        share: waits.inRange / estimates.length,
        all: estimates.length,
        tolerance: ESTIMATE_TOLERANCE_SECONDS,
        sooner: waits.sooner,
        later: waits.later,
        width: waits.width.toFixed(1),
      }),
      ranges: estimates.map((estimate) => ({ ...estimate, isRight: isRight(estimate) })),
      names: { x: t.actualWait, y: t.estimateAxis },
      table: { head: t.estimateHead, rows },
    },
    t.plots,
  );
}

function attemptsTable({ attempts }: Figures, t: RehearsalTexts): Html {
  if (attempts.length === 0) return html`<p class="soft">${t.noAttempts}</p>`;
  return html`<table>
    <thead><tr>${heads(t.attemptsHead)}</tr></thead>
    <tbody>${attempts.map((row) => {
      const notes = attemptNotes(row, t).join(', ');
      return html`<tr><th scope="row">${t.attempts[row.kind]}${notes === '' ? '' : ` (${notes})`}</th><td class="figure">${number(row.tried)}</td><td class="figure">${number(row.refused)}</td></tr>`;
    })}</tbody>
  </table>`;
}

function requestsTable({ requests }: Figures, t: RehearsalTexts): Html {
  return html`<table>
    <thead><tr>${heads(t.requestsHead)}</tr></thead>
    <tbody>${requests.map((row) => {
      const failures = requestFailures(row, t).join(', ');
      return html`<tr><th scope="row">${t.requests[row.kind]}${failures === '' ? '' : `: ${failures}`}</th><td class="figure">${number(row.responses)}</td><td class="figure">${milliseconds(row.median)}</td><td class="figure">${milliseconds(row.p99)}</td></tr>`;
    })}</tbody>
  </table>`;
}

/** The first column has names, the others numbers. */
function heads(names: readonly string[]): Html {
  return html`${names.map((name, index) => html`<th scope="col" class="${index === 0 ? '' : 'figure'}">${name}</th>`)}`;
}
