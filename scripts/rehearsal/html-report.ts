// The report as one HTML file: style, plots and a little script stand in it, and its own policy forbids the network. The
// numbers are those of the terminal.

import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { html, raw } from 'hono/html';
import { type Finding, LAWS } from './auditor.ts';
import { ATTEMPTS, REQUESTS } from './event-log.ts';
import type { Figures, PromisedWait } from './figures.ts';
import { fromOpening, type Html, type Line, scatterPlot, type TimeAxis, type TimePlot, timePlot } from './plots.ts';
import {
  headline,
  milliseconds,
  number,
  percent,
  seconds,
  silence,
  summary,
  time,
  VERDICTS,
} from './report-strings.ts';
import { troubles } from './terminal-report.ts';

export interface Occasion {
  room: string;
  address: string;
  /** Plays the same people again. */
  command: string;
  /** What was played, in sentences. */
  introduction: string;
}

export async function htmlReport(figures: Figures, occasion: Occasion): Promise<string> {
  const [style, script] = await Promise.all([bundled('report.css'), bundled('report-cursor.ts')]);
  const axis = axisOf(figures);
  const plots = timePlots(figures, axis);
  const points = raw(JSON.stringify(cursorPoints(plots, axis)).replaceAll('<', '\\u003c'));
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${sha256(script)}'`;
  const title = `Rehearsal of the room “${occasion.room}”`;
  const page = await html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width,initial-scale=1" />
    <meta http-equiv="Content-Security-Policy" content="${policy}" />
    <meta name="color-scheme" content="light dark" />
    <title>${headline(figures)} ${title}</title>
    <style>${raw(style)}</style>
  </head>
  <body>
    <main>
      <header>
        <h1>${title}</h1>
        <p class="soft">${occasion.address}, ${new Date(figures.endedAt).toLocaleDateString('en-GB', { dateStyle: 'long' })}, opening at ${time(figures.opensAt)}</p>
      </header>
      <div class="verdict ${figures.verdict}">${shape(figures.verdict)}<p>${headline(figures)}</p></div>
      <section class="card">${tiles(figures)}</section>
      <section class="card">
        <h2>The laws</h2>
        <ul class="laws">${figures.findings.map(lawItem)}</ul>
      </section>
      <section class="card">
        <h2>How it went</h2>
        <p class="soft">All charts share one time axis, in minutes and seconds from ${axis.opensAt === null ? 'the first arrival' : 'the opening, the upright line'}.</p>
        ${plots.map((plot) => timePlot(plot, axis))}
      </section>
      <section class="card">
        <h2>Waiting times, told and real</h2>
        ${promisedPlot(figures)}
      </section>
      <section class="card">
        <h2>The numbers</h2>
        <div class="pairs">${summary(figures).map(pairs)}</div>
      </section>
      <section class="card">
        <h2>Ways around the line</h2>
        ${attemptsTable(figures)}
      </section>
      <section class="card">
        <h2>Answers</h2>
        ${requestsTable(figures)}
        ${silence(figures) === null ? '' : html`<p>${silence(figures)}</p>`}
        <p>${figures.generator.sentence}</p>
      </section>
      <section class="card">
        <h2>What was played</h2>
        ${occasion.introduction.split('\n').map((line) => html`<p class="soft">${line}</p>`)}
        <p>The same people again:</p>
        <code>${occasion.command}</code>
      </section>
    </main>
    <script type="application/json" id="points">${points}</script>
    <script>${raw(script)}</script>
  </body>
</html>
`;
  return String(page);
}

async function bundled(file: 'report.css' | 'report-cursor.ts'): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [resolve(import.meta.dirname, file)],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    charset: 'utf8',
    tsconfigRaw: {},
  });
  return (outputFiles[0]?.text ?? '').trim();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

function axisOf({ series, opensAt, endedAt }: Figures): TimeAxis {
  const to = Math.max(endedAt, series.from + series.binMs * series.bins.length);
  return { from: series.from, to, opensAt: opensAt >= series.from && opensAt <= to ? opensAt : null };
}

function tiles({ people, limits, waits }: Figures): Html {
  const atOnce = limits.totalActiveUsers === null ? 'limit not told' : `of ${number(limits.totalActiveUsers)} allowed`;
  const called = waits.calledToInside;
  const entries: [string, string][] = [
    [number(people.entered), `entered, of ${number(people.planned)} who were to come`],
    [number(limits.minute?.most ?? 0), `most admissions in a minute, of ${number(limits.newUsersPerMinute)} allowed`],
    [number(limits.mostAtOnce), `most inside at once, ${atOnce}`],
    limits.rateUsed === null
      ? ['–', 'nobody waited']
      : [percent(limits.rateUsed), 'of the rate used while people waited'],
    called === null
      ? ['–', 'nobody was called']
      : [seconds(called.median), `from the call to being inside; 99 % within ${seconds(called.high)}`],
  ];
  return html`<dl class="tiles">${entries.map(
    ([value, name]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>`;
}

const SHAPES = {
  kept: 'M4 12.5l5.5 5.5L20 6.5',
  broken: 'M6 6l12 12M18 6L6 18',
  unproven: 'M8.5 8.5a3.5 3.5 0 1 1 4.6 3.3c-.8.3-1.1.8-1.1 1.7v1M12 18.5v.2',
} as const;

function shape(verdict: Finding['verdict']): Html {
  return html`<svg class="shape" viewBox="0 0 24 24" aria-hidden="true"><path d="${SHAPES[verdict]}" /></svg>`;
}

function lawItem({ law, verdict, seen, example }: Finding): Html {
  return html`<li class="${verdict}">
    <span class="word">${shape(verdict)}${VERDICTS[verdict]}</span>
    <div>
      <b>${LAWS[law]}</b>
      <p class="soft">${seen}</p>
      ${example === null ? '' : html`<p class="example">${verdict === 'broken' ? 'First' : 'Why'}: ${example}</p>`}
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
      unit: `people per ${binMs / 1000} s`,
      says: `Most arrivals ${peak((bin) => bin.arrivals)}; most admissions ${peak((bin) => bin.admissions)}.`,
      lines: [
        { look: 'grey', name: 'arrivals', points: inBins((bin) => bin.arrivals), area: true, steps: true },
        { look: 'blue', name: 'admissions', points: inBins((bin) => bin.admissions), steps: true },
        limitLine('allowed', perBin),
      ],
      table: table(['arrivals', 'admissions'], (bin) => [bin.arrivals, bin.admissions]),
    },
    {
      title: 'Waiting',
      unit: 'people',
      says: `Most people waiting ${peak((bin) => bin.waiting)}. Numbers not yet called include those of people who will not come back.`,
      lines: [
        { look: 'grey', name: 'people waiting', points: atBinEnds((bin) => bin.waiting), area: true },
        {
          look: 'blue',
          name: 'numbers not yet called, by the board',
          points: series.boards.map(({ at: when, uncalled }) => ({ at: when, value: uncalled })),
        },
      ],
      table: table(['people waiting at the end'], (bin) => [bin.waiting]),
    },
    {
      title: 'Inside',
      unit: 'people',
      says: `Most people inside at once ${number(limits.mostAtOnce)}${atOnceLimit === null ? '; the limit was not told' : ` of ${number(atOnceLimit)} allowed`}. Places are taken a few seconds before their people are inside.`,
      lines: [
        { look: 'blue', name: 'inside', points: atBinEnds((bin) => bin.inside), area: true },
        {
          look: 'dashed',
          name: 'places taken, by the board',
          points: series.boards.map(({ at: when, active }) => ({ at: when, value: active })),
        },
        ...(atOnceLimit === null ? [] : [limitLine('allowed', atOnceLimit)]),
      ],
      table: table(['inside at the end'], (bin) => [bin.inside]),
    },
    {
      title: 'Answers',
      unit: 'milliseconds, all kinds of request',
      says: latencySays(figures),
      lines: [
        { look: 'blue', name: 'half within', points: series.latency.map((one) => ({ at: one.at, value: one.median })) },
        { look: 'dashed', name: '99 % within', points: series.latency.map((one) => ({ at: one.at, value: one.high })) },
      ],
      format: (value) => number(Math.round(value * 10) / 10),
      table: {
        head: ['about', 'half within', '99 % within'],
        rows: series.latency.map(({ at: when, median, high }) => {
          return [fromOpening(when - zero), milliseconds(median), milliseconds(high)];
        }),
      },
    },
  ];
}

function latencySays({ series }: Figures): string {
  const slowest = series.latency.toSorted((a, b) => b.high - a.high)[0];
  if (slowest === undefined) return 'Nothing was answered.';
  return `In the slowest five seconds, 99 % of the answers came within ${milliseconds(slowest.high)}.`;
}

function cursorPoints(plots: readonly TimePlot[], { from, to }: TimeAxis) {
  const charts = plots.map(({ lines, format = number }) =>
    Object.fromEntries(
      lines.map(({ name, points }) => [name, points.map(({ at, value }) => ({ at, text: format(value) }))]),
    ),
  );
  return { from, to, charts };
}

/** Groups of what was told, for the table beside the scatter. */
const TOLD_GROUPS_SECONDS = [10, 30, 60, 120, 300, 600, 1_200, 3_600, Number.POSITIVE_INFINITY];

function promisedPlot({ waits }: Figures): Html {
  if (waits.promised.length === 0) return html`<p class="soft">Nobody was told a waiting time.</p>`;
  const holds = ({ low, high, real }: PromisedWait) => real >= low - 5 && real <= high + 5;
  const rows = TOLD_GROUPS_SECONDS.flatMap((upTo, index) => {
    const above = TOLD_GROUPS_SECONDS[index - 1] ?? 0;
    const group = waits.promised.filter(({ high }) => high > above && high <= upTo);
    if (group.length === 0) return [];
    const reals = group.map(({ real }) => real).sort((a, b) => a - b);
    const told = upTo === Number.POSITIVE_INFINITY ? `more than ${seconds(above)}` : `up to ${seconds(upTo)}`;
    const share = group.filter(holds).length / group.length;
    return [[told, number(group.length), percent(share), seconds(reals[reals.length >> 1] ?? 0)]];
  });
  return scatterPlot({
    title: 'Told and real',
    unit: 'time until the call; equal steps are equal ratios',
    says:
      `${percent(waits.inRange / waits.promised.length)} of ${number(waits.promised.length)} people were called within the range that ` +
      `they were told first, give or take 5 s; ${number(waits.sooner)} sooner, ${number(waits.later)} later. ` +
      `The longest time told was ${waits.width.toFixed(1)} times the shortest, in the middle.`,
    ranges: waits.promised.map((one) => ({ ...one, holds: holds(one) })),
    names: { x: 'how long it really took', y: 'the range that was told' },
    table: { head: ['longest told', 'people', 'called in range', 'real, median'], rows },
  });
}

function pairs({ title, rows }: { title: string; rows: [string, string][] }): Html {
  return html`<div>
    <h3>${title}</h3>
    <table><tbody>${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table>
  </div>`;
}

function attemptsTable({ attempts }: Figures): Html {
  if (attempts.length === 0) return html`<p class="soft">None was tried.</p>`;
  return html`<table>
    <thead><tr><th scope="col">way</th><th scope="col" class="figure">tried</th><th scope="col" class="figure">refused</th></tr></thead>
    <tbody>${attempts.map(({ kind, tried, refused, through, unanswered, turns }) => {
      const notes = [
        ...(through > 0 ? [`${number(through)} came through`] : []),
        ...(unanswered > 0 ? [`${number(unanswered)} unanswered`] : []),
        ...(turns > 0 ? [`${number(turns)} more came when their turn had come`] : []),
      ].join(', ');
      return html`<tr><th scope="row">${ATTEMPTS[kind]}${notes === '' ? '' : ` (${notes})`}</th><td class="figure">${number(tried)}</td><td class="figure">${number(refused)}</td></tr>`;
    })}</tbody>
  </table>`;
}

function requestsTable({ requests }: Figures): Html {
  return html`<table>
    <thead><tr><th scope="col">request</th><th scope="col" class="figure">answers</th><th scope="col" class="figure">median</th><th scope="col" class="figure">99 %</th></tr></thead>
    <tbody>${requests.map((row) => {
      const trouble = troubles(row);
      return html`<tr><th scope="row">${REQUESTS[row.kind]}${trouble === 'none' ? '' : `: ${trouble}`}</th><td class="figure">${number(row.answers)}</td><td class="figure">${milliseconds(row.median)}</td><td class="figure">${milliseconds(row.high)}</td></tr>`;
    })}</tbody>
  </table>`;
}
