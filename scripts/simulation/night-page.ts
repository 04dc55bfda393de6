// The report of a simulated night as one HTML file, with the look of a rehearsal's: style, plots and a small script are inside, and
// its own policy forbids network requests.

import { html } from 'hono/html';
import { median } from '../lib/median.ts';
import {
  barPlot,
  fromOpening,
  type Html,
  type Line,
  rangePlot,
  type TimeAxis,
  type TimePlot,
  timePlot,
} from '../rehearsal/plots.ts';
import { number, percent, seconds } from '../rehearsal/report-format.ts';
import { pairs, reportPage, shape } from '../rehearsal/report-parts.ts';
import type { NightReport, Sample } from './night.ts';
import {
  INVERSION_CLASS_MS,
  NIGHT_CHECKS,
  type NightFinding,
  ORDER_MS_MAX,
  WAIT_TOLERANCE_SECONDS,
} from './night-auditor.ts';
import { isBroken, nightFigures, nightHeadline, scenarioRows } from './night-text.ts';

/** As many points as a line of a plot can show. */
const BINS_MAX = 400;

export function nightPage(report: NightReport, command: string): Promise<string> {
  const axis: TimeAxis = { from: 0, to: Math.max(1_000, report.endedAtMs), opensAt: report.opensAtMs };
  const plots = plotsOf(report);
  const { shape, visitors, seed } = report.scenario;
  return reportPage({
    title: 'A night in virtual time',
    subtitle: `Scenario ${shape}, ${number(visitors)} visitors, seed ${seed}`,
    verdict: isBroken(report) ? 'failed' : nightVerdict(report),
    headline: nightHeadline(report),
    plots,
    axis,
    sections: html`<section class="card">
      <h2>Promises</h2>
      <ul class="checks">${report.audited.findings.map(findingItem)}</ul>
    </section>
    <section class="card">
      <h2>Timeline</h2>
      <p class="soft">All charts over time share one axis, in minutes and seconds from the opening (vertical line).</p>
      ${plots.map((plot) => timePlot(plot, axis))}
    </section>
    <section class="card">
      <h2>Joining</h2>
      ${answersPlot(report)}
      ${orderPlot(report)}
    </section>
    <section class="card">
      <h2>Told and real waiting times</h2>
      ${waitsPlot(report)}
    </section>
    <section class="card">
      <h2>Numbers</h2>
      <div class="pairs">${nightFigures(report).map(pairs)}</div>
    </section>
    <section class="card">
      <h2>Scenario</h2>
      <div class="pairs">${pairs({ title: 'Every parameter', rows: scenarioRows(report.scenario) })}</div>
      <p>To play the same night again:</p>
      <code>${command}</code>
    </section>`,
  });
}

function nightVerdict({ audited }: NightReport): NightFinding['verdict'] {
  return audited.findings.some(({ verdict }) => verdict === 'inconclusive') ? 'inconclusive' : 'passed';
}

const VERDICT_NAMES: Record<NightFinding['verdict'], string> = {
  passed: 'kept',
  failed: 'broken',
  inconclusive: 'not judged',
};

function findingItem({ check, verdict, observed, example }: NightFinding): Html {
  return html`<li class="${verdict}">
    <span class="verdict-name">${shape(verdict)}${VERDICT_NAMES[verdict]}</span>
    <div>
      <b>${NIGHT_CHECKS[check]}</b>
      <p class="soft">${observed}</p>
      ${example === null ? '' : html`<p class="example">${verdict === 'failed' ? 'First' : 'Why'}: ${example}</p>`}
    </div>
  </li>`;
}

interface Bin {
  at: number;
  samples: Sample[];
}

function plotsOf({ samples, opensAtMs }: NightReport): TimePlot[] {
  const perBin = Math.max(1, Math.ceil(samples.length / BINS_MAX));
  const bins: Bin[] = [];
  for (let first = 0; first < samples.length; first += perBin) {
    bins.push({ at: first * 1_000, samples: samples.slice(first, first + perBin) });
  }
  const mean = (of: (sample: Sample) => number) => (bin: Bin) => {
    return bin.samples.reduce((sum, sample) => sum + of(sample), 0) / bin.samples.length;
  };
  const most = (of: (sample: Sample) => number) => (bin: Bin) => Math.max(...bin.samples.map(of));
  const last = (of: (sample: Sample) => number) => (bin: Bin) => of(bin.samples.at(-1) as Sample);
  const line = (look: Line['look'], name: string, of: (bin: Bin) => number, area = false): Line => ({
    look,
    name,
    points: bins.map((bin) => ({ at: bin.at, value: of(bin) })),
    area,
  });
  const rounded = (value: number) => number(Math.round(value));
  const plot = (title: string, unit: string, caption: string, lines: Line[]): TimePlot => ({
    title,
    unit,
    caption,
    lines,
    format: rounded,
    table: {
      head: ['from', ...lines.map(({ name }) => name)],
      rows: bins.map(({ at }, index) => [
        fromOpening(at - opensAtMs),
        ...lines.map(({ points }) => rounded(points[index]?.value ?? 0)),
      ]),
    },
  });
  const peak = (of: (sample: Sample) => number) => {
    const value = Math.max(0, ...samples.map(of));
    return `${number(Math.round(value))} at ${fromOpening(1_000 * samples.findIndex((sample) => of(sample) === value) - opensAtMs)}`;
  };
  const binText = perBin === 1 ? 'each second' : `${perBin} s`;
  return [
    plot(
      'Arrivals and answers',
      'a second',
      `Most arrivals ${peak(({ arrived }) => arrived)}; most answers ${peak(({ answered }) => answered)}. Mean of ${binText}.`,
      [
        line(
          'grey',
          'arrivals',
          mean(({ arrived }) => arrived),
          true,
        ),
        line(
          'blue',
          'answers',
          mean(({ answered }) => answered),
        ),
      ],
    ),
    plot(
      'Requests to the room’s object',
      'a second',
      `Most ${peak(({ requests }) => requests)}; most reads ${peak(({ views }) => views)}. Highest second of ${binText}.`,
      [
        line(
          'grey',
          'requests',
          most(({ requests }) => requests),
          true,
        ),
        line(
          'blue',
          'reads',
          most(({ views }) => views),
        ),
        line(
          'dashed',
          'leases',
          most(({ leases }) => leases),
        ),
      ],
    ),
    plot(
      'Waiting',
      'numbers given or leased and not called',
      `Most ${peak(({ waiting }) => waiting)}; before the opening, entries.`,
      [
        line(
          'blue',
          'waiting',
          last(({ waiting }) => waiting),
          true,
        ),
      ],
    ),
    plot('Admissions', 'a second', `Mean of ${binText}, by the moment at which each visitor may enter.`, [
      line(
        'blue',
        'admissions',
        mean(({ admitted }) => admitted),
        true,
      ),
      line(
        'limit',
        'rate',
        last(({ perMinute }) => perMinute / 60),
      ),
    ]),
    plot(
      'Inside',
      'visitors',
      `Most sessions ${peak(({ active }) => active)}; most visitors inside ${peak(({ inside }) => inside)}.`,
      [
        line(
          'blue',
          'inside',
          last(({ inside }) => inside),
          true,
        ),
        line(
          'dashed',
          'sessions, by the room',
          last(({ active }) => active),
        ),
        line(
          'limit',
          'limit',
          last(({ capacity }) => capacity),
        ),
      ],
    ),
    plot('Use of the capacity', 'percent', 'Sessions of those allowed, and admissions of those allowed.', [
      line(
        'blue',
        'sessions',
        last(({ active, capacity }) => (100 * active) / capacity),
      ),
      line(
        'dashed',
        'admissions',
        mean(({ admitted, perMinute }) => (6_000 * admitted) / perMinute),
      ),
    ]),
    plot('The site', 'milliseconds until it responds', `Most ${peak(({ originMs }) => originMs)} ms.`, [
      line(
        'blue',
        'response time',
        last(({ originMs }) => originMs),
      ),
    ]),
  ];
}

/** Upper ends of classes of the time to an answer, in ms. */
const ANSWER_CLASSES_MS = [10, 50, 100, 200, 500, 1_000, 2_000, 3_000, 10_000, Number.POSITIVE_INFINITY];

function answersPlot({ totals }: NightReport): Html {
  const bars = ANSWER_CLASSES_MS.map((upTo, index) => {
    const from = ANSWER_CLASSES_MS[index - 1] ?? 0;
    const counts = totals.answerCounts.slice(from, Math.min(upTo, totals.answerCounts.length));
    const name =
      upTo === Number.POSITIVE_INFINITY ? `> ${from / 1_000} s` : upTo < 1_000 ? `${upTo} ms` : `${upTo / 1_000} s`;
    return { name, value: counts.reduce((sum, count) => sum + count, 0) };
  });
  const goal = ANSWER_CLASSES_MS.indexOf(3_000) + 1;
  return barPlot({
    title: 'Time from arrival to the answer',
    unit: 'visitors, by upper end of the class',
    caption: `Median ${totals.answerMs.median} ms, p99 ${totals.answerMs.p99} ms, slowest ${totals.answerMs.most} ms. Line: 3 s.`,
    bars,
    limitBefore: goal,
    table: { head: ['up to', 'visitors'], rows: bars.map(({ name, value }) => [name, number(value)]) },
  });
}

function orderPlot({ audited }: NightReport): Html {
  const { classes, overtaken, positions, largestMs } = audited.inversions;
  const bars = classes.map((value, index) => ({ name: `${index * INVERSION_CLASS_MS} ms`, value }));
  return barPlot({
    title: 'Order of arrival',
    unit: 'visitors who stand behind a later arrival, by how much later beyond their own wait for the number',
    caption: `${number(overtaken)} of ${number(positions)} positions; at most ${Math.round(largestMs)} ms. Line: the bound of ${ORDER_MS_MAX} ms.`,
    bars,
    limitBefore: ORDER_MS_MAX / INVERSION_CLASS_MS,
    table: { head: ['from', 'visitors'], rows: bars.map(({ name, value }) => [name, number(value)]) },
  });
}

/** Groups of told waits by people ahead, for the table below the plot. */
const AHEAD_GROUPS = [100, 1_000, 10_000, 100_000, Number.POSITIVE_INFINITY];

function waitsPlot({ audited }: NightReport): Html {
  const { waits } = audited;
  if (waits.length === 0) return html`<p class="soft">No visitor was told a wait and entered.</p>`;
  const isRight = ({ low, high, actual }: (typeof waits)[number]) =>
    actual >= low - WAIT_TOLERANCE_SECONDS && actual <= high + WAIT_TOLERANCE_SECONDS;
  const rows = AHEAD_GROUPS.flatMap((upTo, index) => {
    const from = AHEAD_GROUPS[index - 1] ?? -1;
    const group = waits.filter(({ ahead }) => ahead > from && ahead <= upTo);
    if (group.length === 0) return [];
    const bounds = upTo === Number.POSITIVE_INFINITY ? `more than ${number(from)}` : `up to ${number(upTo)}`;
    const width = median(group.map(({ low, high }) => high / Math.max(1, low)));
    return [
      [
        bounds,
        number(group.length),
        percent(group.filter(isRight).length / group.length),
        width.toFixed(2),
        seconds(median(group.map(({ actual }) => actual))),
      ],
    ];
  });
  return rangePlot({
    title: 'Told and real wait',
    unit: 'time until they can enter, logarithmic',
    caption: `${percent(waits.filter(isRight).length / waits.length)} of ${number(waits.length)} told ranges held, give or take ${WAIT_TOLERANCE_SECONDS} s.`,
    ranges: waits.map((wait) => ({ ...wait, isRight: isRight(wait) })),
    names: { x: 'real wait', y: 'told wait, from lower to upper end' },
    table: { head: ['people ahead', 'told', 'held', 'upper end by lower, median', 'real wait, median'], rows },
  });
}
