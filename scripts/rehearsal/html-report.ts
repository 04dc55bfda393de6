// The report as one HTML file: style, plots and a small script are inside, and its own policy forbids network requests. The
// numbers are those of the terminal.

import { html } from 'hono/html';
import { median } from '../lib/median.ts';
import { CHECKS, type Finding } from './auditor.ts';
import { ATTEMPTS, REQUESTS } from './event-log.ts';
import { ESTIMATE_TOLERANCE_SECONDS, type Figures, type WaitEstimate } from './figures.ts';
import { fromOpening, type Html, type Line, rangePlot, type TimeAxis, type TimePlot, timePlot } from './plots.ts';
import { milliseconds, number, percent, seconds, time } from './report-format.ts';
import { pairs, reportPage, shape } from './report-parts.ts';
import { attemptNotes, headline, outage, requestFailures, summary, VERDICTS } from './report-strings.ts';

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

export function htmlReport(figures: Figures, scenario: Scenario): Promise<string> {
  const axis = axisOf(figures);
  const plots = timePlots(figures, axis);
  return reportPage({
    title: `Rehearsal of the room “${scenario.room}”`,
    subtitle: `${scenario.address}, ${new Date(figures.endedAt).toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: scenario.timeZone })}, opening at ${time(figures.opensAt, scenario.timeZone)} ${scenario.timeZone}`,
    verdict: figures.verdict,
    headline: headline(figures),
    plots,
    axis,
    sections: html`<section class="card">${tiles(figures)}</section>
    <section class="card">
      <h2>Checks</h2>
      <ul class="checks">${figures.findings.map(checkItem)}</ul>
    </section>
    <section class="card">
      <h2>Timeline</h2>
      <p class="soft">All charts share one time axis, in minutes and seconds from ${axis.opensAt === null ? 'the first arrival' : 'the opening (vertical line)'}.</p>
      ${plots.map((plot) => timePlot(plot, axis))}
    </section>
    <section class="card">
      <h2>Estimated and actual waiting times</h2>
      ${estimatesPlot(figures)}
    </section>
    <section class="card">
      <h2>Numbers</h2>
      <div class="pairs">${summary(figures).map(pairs)}</div>
    </section>
    <section class="card">
      <h2>Bypass attempts</h2>
      ${attemptsTable(figures)}
    </section>
    <section class="card">
      <h2>Responses</h2>
      ${requestsTable(figures)}
      ${outage(figures) === null ? '' : html`<p>${outage(figures)}</p>`}
      <p>${figures.generator.sentence}</p>
    </section>
    <section class="card">
      <h2>Scenario</h2>
      ${scenario.description.split('\n').map((line) => html`<p class="soft">${line}</p>`)}
      <p>To simulate the same visitors again:</p>
      <code>${scenario.command}</code>
    </section>`,
  });
}

function axisOf({ series, opensAt, endedAt }: Figures): TimeAxis {
  const to = Math.max(endedAt, series.from + series.binMs * series.bins.length);
  return { from: series.from, to, opensAt: opensAt >= series.from && opensAt <= to ? opensAt : null };
}

function tiles({ visitors, limits, waits }: Figures): Html {
  const atOnce = limits.totalActiveUsers === null ? 'limit unknown' : `of ${number(limits.totalActiveUsers)} allowed`;
  const called = waits.calledToInside;
  const entries: [string, string][] = [
    [number(visitors.entered), `entered, of ${number(visitors.planned)} visitors`],
    [number(limits.minute?.most ?? 0), `most admissions in 60 s, of ${number(limits.newUsersPerMinute)} allowed`],
    [number(limits.mostAtOnce), `most inside at once, ${atOnce}`],
    limits.rateUsed === null
      ? ['–', 'no visitor waited']
      : [percent(limits.rateUsed), 'of the rate used while visitors waited'],
    called === null
      ? ['–', 'no visitor was called']
      : [seconds(called.median), `from the call to being inside, median; p99 ${seconds(called.p99)}`],
  ];
  return html`<dl class="tiles">${entries.map(
    ([value, name]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>`;
}

function checkItem({ check, verdict, observed, example }: Finding): Html {
  return html`<li class="${verdict}">
    <span class="verdict-name">${shape(verdict)}${VERDICTS[verdict]}</span>
    <div>
      <b>${CHECKS[check]}</b>
      <p class="soft">${observed}</p>
      ${example === null ? '' : html`<p class="example">${verdict === 'failed' ? 'First' : 'Why'}: ${example}</p>`}
    </div>
  </li>`;
}

function timePlots(figures: Figures, axis: TimeAxis): TimePlot[] {
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
    return `${number(most)} at ${fromOpening(at(index) - zero)}`;
  };
  const table = (head: string[], row: (bin: (typeof bins)[number]) => number[]) => ({
    head: ['from', ...head],
    rows: bins.map((bin, index) => [fromOpening(at(index) - zero), ...row(bin).map(number)]),
  });
  const limitLine = (name: string, value: number): Line => ({ look: 'limit', name, points: level(value) });
  const atOnceLimit = limits.totalActiveUsers;
  return [
    {
      title: 'Arrivals and admissions',
      unit: `visitors per ${binMs / 1000} s`,
      caption: `Most arrivals ${peak((bin) => bin.arrivals)}; most admissions ${peak((bin) => bin.admissions)}.`,
      lines: [
        { look: 'grey', name: 'arrivals', points: inBins((bin) => bin.arrivals), area: true, steps: true },
        { look: 'blue', name: 'admissions', points: inBins((bin) => bin.admissions), steps: true },
        limitLine('limit', perBin),
      ],
      table: table(['arrivals', 'admissions'], (bin) => [bin.arrivals, bin.admissions]),
    },
    {
      title: 'Waiting',
      unit: 'visitors',
      caption: `Most visitors waiting ${peak((bin) => bin.waiting)}. Positions not yet called include those of visitors who do not come back.`,
      lines: [
        { look: 'grey', name: 'visitors waiting', points: atBinEnds((bin) => bin.waiting), area: true },
        {
          look: 'blue',
          name: 'positions not yet called, by the board',
          points: series.boards.map(({ at: when, uncalled }) => ({ at: when, value: uncalled })),
        },
      ],
      table: table(['waiting at the end'], (bin) => [bin.waiting]),
    },
    {
      title: 'Inside',
      unit: 'visitors',
      caption: `Most visitors inside at once ${number(limits.mostAtOnce)}${atOnceLimit === null ? '; the limit is unknown' : ` of ${number(atOnceLimit)} allowed`}. A session begins a few seconds before its visitor is inside.`,
      lines: [
        { look: 'blue', name: 'inside', points: atBinEnds((bin) => bin.inside), area: true },
        {
          look: 'dashed',
          name: 'sessions, by the board',
          points: series.boards.map(({ at: when, active }) => ({ at: when, value: active })),
        },
        ...(atOnceLimit === null ? [] : [limitLine('limit', atOnceLimit)]),
      ],
      table: table(['inside at the end'], (bin) => [bin.inside]),
    },
    {
      title: 'Response times',
      unit: 'milliseconds, all kinds of request',
      caption: latencyCaption(figures),
      lines: [
        {
          look: 'blue',
          name: 'median',
          points: series.latency.map((slice) => ({ at: slice.at, value: slice.median })),
        },
        { look: 'dashed', name: 'p99', points: series.latency.map((slice) => ({ at: slice.at, value: slice.p99 })) },
      ],
      format: (value) => number(Math.round(value * 10) / 10),
      table: {
        head: ['at', 'median', 'p99'],
        rows: series.latency.map((slice) => {
          return [fromOpening(slice.at - zero), milliseconds(slice.median), milliseconds(slice.p99)];
        }),
      },
    },
  ];
}

function latencyCaption({ series }: Figures): string {
  const slowest = series.latency.toSorted((a, b) => b.p99 - a.p99)[0];
  if (slowest === undefined) return 'There was no response.';
  return `In the slowest five seconds, p99 was ${milliseconds(slowest.p99)}.`;
}

/** Groups of estimates by their upper bound, for the table below the plot. */
const ESTIMATE_GROUPS_SECONDS = [10, 30, 60, 120, 300, 600, 1_200, 3_600, Number.POSITIVE_INFINITY];

function estimatesPlot({ waits }: Figures): Html {
  const { estimates } = waits;
  if (estimates.length === 0) return html`<p class="soft">No visitor saw an estimated waiting time.</p>`;
  const isRight = ({ low, high, actual }: WaitEstimate) =>
    actual >= low - ESTIMATE_TOLERANCE_SECONDS && actual <= high + ESTIMATE_TOLERANCE_SECONDS;
  const rows = ESTIMATE_GROUPS_SECONDS.flatMap((upTo, index) => {
    const above = ESTIMATE_GROUPS_SECONDS[index - 1] ?? 0;
    const group = estimates.filter(({ high }) => high > above && high <= upTo);
    if (group.length === 0) return [];
    const bounds = upTo === Number.POSITIVE_INFINITY ? `more than ${seconds(above)}` : `up to ${seconds(upTo)}`;
    const share = group.filter(isRight).length / group.length;
    return [[bounds, number(group.length), percent(share), seconds(median(group.map(({ actual }) => actual)))]];
  });
  return rangePlot({
    title: 'Estimated and actual wait',
    unit: 'time until the call, logarithmic',
    caption:
      `${percent(waits.inRange / estimates.length)} of ${number(estimates.length)} visitors were called within their first ` +
      `estimate, ±${ESTIMATE_TOLERANCE_SECONDS} s; ${number(waits.sooner)} sooner, ${number(waits.later)} later. ` +
      `The upper bound of an estimate was ${waits.width.toFixed(1)} times its lower bound (median).`,
    ranges: estimates.map((estimate) => ({ ...estimate, isRight: isRight(estimate) })),
    names: { x: 'actual wait', y: 'estimate, from lower to upper bound' },
    table: { head: ['upper bound', 'visitors', 'called within', 'actual, median'], rows },
  });
}

function attemptsTable({ attempts }: Figures): Html {
  if (attempts.length === 0) return html`<p class="soft">No attempt was made.</p>`;
  return html`<table>
    <thead><tr><th scope="col">attempt</th><th scope="col" class="figure">tried</th><th scope="col" class="figure">refused</th></tr></thead>
    <tbody>${attempts.map((row) => {
      const notes = attemptNotes(row).join(', ');
      return html`<tr><th scope="row">${ATTEMPTS[row.kind]}${notes === '' ? '' : ` (${notes})`}</th><td class="figure">${number(row.tried)}</td><td class="figure">${number(row.refused)}</td></tr>`;
    })}</tbody>
  </table>`;
}

function requestsTable({ requests }: Figures): Html {
  return html`<table>
    <thead><tr><th scope="col">request</th><th scope="col" class="figure">responses</th><th scope="col" class="figure">median</th><th scope="col" class="figure">p99</th></tr></thead>
    <tbody>${requests.map((row) => {
      const failures = requestFailures(row).join(', ');
      return html`<tr><th scope="row">${REQUESTS[row.kind]}${failures === '' ? '' : `: ${failures}`}</th><td class="figure">${number(row.responses)}</td><td class="figure">${milliseconds(row.median)}</td><td class="figure">${milliseconds(row.p99)}</td></tr>`;
    })}</tbody>
  </table>`;
}
