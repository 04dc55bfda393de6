// Plots as plain SVG inside HTML: they need no script, print as lines and follow the colour scheme by CSS. The SVG is stretched
// and contains no text, so text has the same size on a phone as on a desktop. Each plot has a caption and its numbers as a table.

import { html } from 'hono/html';
import { number } from './report-format.ts';

export type Html = ReturnType<typeof html>;

export interface TimeAxis {
  from: number;
  to: number;
  /** null: the opening is outside of this axis; then times count from its beginning. */
  opensAt: number | null;
}

export interface Line {
  /** Colour and stroke, as in report.css. */
  look: 'grey' | 'blue' | 'dashed' | 'limit';
  name: string;
  points: { at: number; value: number }[];
  /** Filled down to zero. */
  area?: boolean;
  /** Constant until the next point. */
  steps?: boolean;
}

export interface TimePlot {
  title: string;
  unit: string;
  caption: string;
  lines: Line[];
  format?: (value: number) => string;
  table: { head: string[]; rows: string[][] };
}

const WIDTH = 1_000;
const HEIGHT = 100;

/** Texts of plots; a report in another language has its own. */
export interface PlotTexts {
  table: string;
  tableName: string;
  right: string;
  wrong: string;
  exact: string;
  thinned: (every: number) => string;
  axes: (x: string, y: string) => string;
  ticks: readonly string[];
}

export const ENGLISH: PlotTexts = {
  table: 'Numbers as a table',
  tableName: 'Table',
  right: 'estimate that was right',
  wrong: 'estimate that was wrong',
  exact: 'exact estimate',
  thinned: (every) => ` One in ${every} is drawn.`,
  axes: (x, y) => `Horizontal: ${x}. Vertical: ${y}.`,
  ticks: ['1 s', '3 s', '10 s', '30 s', '2 min', '10 min', '30 min', '2 h', '1 day'],
};

export function timePlot(
  { title, unit, caption, lines, format = number, table }: TimePlot,
  axis: TimeAxis,
  texts = ENGLISH,
): Html {
  const max = niceMax(Math.max(0, ...lines.flatMap(({ points }) => points.map(({ value }) => value))));
  const x = (at: number) => ((at - axis.from) / (axis.to - axis.from)) * WIDTH;
  const y = (value: number) => HEIGHT - (value / max) * HEIGHT;
  const ticks = timeTicks(axis);
  return html`<figure class="plot">
    <figcaption>
      <h3>${title} <span class="unit">${unit}</span></h3>
      <p class="caption">${caption}</p>
      <p class="legend">${lines.map(legendItem)}</p>
    </figcaption>
    <div class="chart" role="img" aria-label="${title}, ${unit}. ${caption}" data-chart>
      <div class="scale">${valueTicks(max).map(
        (value) => html`<span style="bottom:${percentOf(value, max)}">${format(value)}</span>`,
      )}</div>
      <div class="area" data-area>
        <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
          ${valueTicks(max).map((value) => html`<path class="grid" d="M0 ${y(value)}H${WIDTH}" />`)}
          ${axis.opensAt === null ? '' : html`<path class="opening" d="M${round(x(axis.opensAt))} 0V${HEIGHT}" />`}
          ${lines.map(({ look, area = false, steps = false, points }) => {
            const path = pathOf(points, x, y, steps);
            const [first, last] = [points[0], points.at(-1)];
            const filled =
              !area || first === undefined || last === undefined
                ? ''
                : html`<path class="fill ${look}" d="${path}V${HEIGHT}H${round(x(first.at))}Z" />`;
            return html`${filled}<path class="line ${look}" d="${path}" />`;
          })}
        </svg>
        <i class="cursor" data-cursor></i>
      </div>
      <div class="times">${ticks.map(({ at, text }) => {
        return html`<span style="left:${percentOf(at - axis.from, axis.to - axis.from)}">${text}</span>`;
      })}</div>
    </div>
    ${details(table, texts)}
  </figure>`;
}

export interface BarPlot {
  title: string;
  unit: string;
  caption: string;
  bars: { name: string; value: number }[];
  /** Bars from this one on lie beyond a limit, which is drawn before it; null: there is none. */
  limitBefore: number | null;
  table: { head: string[]; rows: string[][] };
}

/** Counts by class, from left to right. */
export function barPlot({ title, unit, caption, bars, limitBefore, table }: BarPlot): Html {
  const max = niceMax(Math.max(0, ...bars.map(({ value }) => value)));
  const width = WIDTH / bars.length;
  const every = Math.ceil(bars.length / TICKS_MAX);
  return html`<figure class="plot">
    <figcaption>
      <h3>${title} <span class="unit">${unit}</span></h3>
      <p class="caption">${caption}</p>
    </figcaption>
    <div class="chart" role="img" aria-label="${title}, ${unit}. ${caption}">
      <div class="scale">${valueTicks(max).map(
        (value) => html`<span style="bottom:${percentOf(value, max)}">${number(value)}</span>`,
      )}</div>
      <div class="area">
        <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
          ${valueTicks(max).map((value) => html`<path class="grid" d="M0 ${HEIGHT - (value / max) * HEIGHT}H${WIDTH}" />`)}
          ${bars.map(({ value }, index) => {
            const [left, right] = [round(index * width + 0.1 * width), round((index + 0.9) * width)];
            return html`<path class="bar" d="M${left} ${HEIGHT}V${round(HEIGHT - (value / max) * HEIGHT)}H${right}V${HEIGHT}Z" />`;
          })}
          ${limitBefore === null ? '' : html`<path class="line limit" d="M${round(limitBefore * width)} 0V${HEIGHT}" />`}
        </svg>
      </div>
      <div class="times">${bars.map(({ name }, index) =>
        index % every === 0 ? html`<span style="left:${percentOf(index + 0.5, bars.length)}">${name}</span>` : '',
      )}</div>
    </div>
    ${details(table, ENGLISH)}
  </figure>`;
}

interface RangePlot {
  title: string;
  unit: string;
  caption: string;
  /** One vertical line each: from low to high, at the actual value. */
  ranges: { low: number; high: number; actual: number; isRight: boolean }[];
  names: { x: string; y: string };
  table: { head: string[]; rows: string[][] };
}

/** More lines than this overlap; then only every n-th is drawn, and the caption says so. */
const RANGES_MAX = 500;

export function rangePlot({ title, unit, caption, ranges, names, table }: RangePlot, texts = ENGLISH): Html {
  const every = Math.max(1, Math.ceil(ranges.length / RANGES_MAX));
  const shown = ranges.toSorted((a, b) => a.actual - b.actual).filter((_, index) => index % every === 0);
  const longest = Math.max(...shown.flatMap(({ high, actual }) => [high, actual]));
  const ticks = WAIT_TICKS_SECONDS.map((value, index) => ({ value, text: texts.ticks[index] ?? '' })).filter(
    ({ value }, index) => value <= longest || (WAIT_TICKS_SECONDS[index - 1] ?? 0) < longest,
  );
  const max = Math.max(10, ticks.at(-1)?.value ?? 0);
  const share = (value: number) => Math.log(Math.min(max, Math.max(1, value))) / Math.log(max);
  const x = (value: number) => round(share(value) * WIDTH);
  const y = (value: number) => round(HEIGHT - share(value) * HEIGHT);
  const thinned = every === 1 ? '' : texts.thinned(every);
  return html`<figure class="plot">
    <figcaption>
      <h3>${title} <span class="unit">${unit}</span></h3>
      <p class="caption">${caption}${thinned}</p>
      <p class="legend">
        <span><i class="key blue"></i>${texts.right}</span>
        <span><i class="key limit"></i>${texts.wrong}</span>
        <span><i class="key diagonal"></i>${texts.exact}</span>
      </p>
    </figcaption>
    <div class="chart square" role="img" aria-label="${title}, ${unit}. ${caption}">
      <div class="scale">${ticks.map(
        ({ value, text }) => html`<span style="bottom:${percentOf(share(value), 1)}">${text}</span>`,
      )}</div>
      <div class="area">
        <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
          ${ticks.map(({ value }) => html`<path class="grid" d="M0 ${y(value)}H${WIDTH}M${x(value)} 0V${HEIGHT}" />`)}
          ${[true, false].map((isRight) => {
            const path = shown
              .filter((range) => range.isRight === isRight)
              .map(({ low, high, actual }) => `M${x(actual)} ${y(low)}V${y(high)}`)
              .join('');
            return path === '' ? '' : html`<path class="range ${isRight ? 'blue' : 'limit'}" d="${path}" />`;
          })}
          <path class="diagonal" d="M0 ${HEIGHT}L${WIDTH} 0" />
        </svg>
      </div>
      <div class="times">${ticks.map(
        ({ value, text }) => html`<span style="left:${percentOf(share(value), 1)}">${text}</span>`,
      )}</div>
    </div>
    <p class="axes">${texts.axes(names.x, names.y)}</p>
    ${details(table, texts)}
  </figure>`;
}

/** A logarithmic axis from a second to a day: waits are compared by their ratio. */
const WAIT_TICKS_SECONDS = [1, 3, 10, 30, 120, 600, 1_800, 7_200, 86_400];

function details({ head, rows }: { head: string[]; rows: string[][] }, texts: PlotTexts): Html {
  return html`<details>
    <summary>${texts.table}</summary>
    <div class="wide" tabindex="0" role="group" aria-label="${texts.tableName}">
      <table>
        <thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
        <tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
      </table>
    </div>
  </details>`;
}

function legendItem({ look, name }: Line): Html {
  return html`<span><i class="key ${look}"></i>${name} <output data-line="${name}"></output></span>`;
}

function pathOf(
  points: Line['points'],
  x: (at: number) => number,
  y: (value: number) => number,
  steps: boolean,
): string {
  return points
    .map(({ at, value }, index) => {
      const [px, py] = [round(x(at)), round(y(value))];
      if (index === 0) return `M${px} ${py}`;
      return steps ? `H${px}V${py}` : `L${px} ${py}`;
    })
    .join('');
}

function percentOf(part: number, whole: number): string {
  return `${round((part / whole) * 100)}%`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The next of 1, 2, 5 times a power of ten above the value. */
function niceMax(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value * 1.02) ?? 10) * power;
}

function valueTicks(max: number): number[] {
  return [0, max / 2, max];
}

const TICK_STEPS_SECONDS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600];

/** As many labels as fit next to each other on a phone. */
const TICKS_MAX = 6;

/** Labels in minutes and seconds from the opening, or from the beginning of the axis where the opening is outside. */
function timeTicks({ from, to, opensAt }: TimeAxis): { at: number; text: string }[] {
  const zero = opensAt ?? from;
  const stepMs = 1000 * (TICK_STEPS_SECONDS.find((step) => (to - from) / 1000 / step <= TICKS_MAX) ?? 7_200);
  const ticks: { at: number; text: string }[] = [];
  for (let at = zero + Math.ceil((from - zero) / stepMs) * stepMs; at <= to; at += stepMs) {
    ticks.push({ at, text: fromOpening(at - zero) });
  }
  return ticks;
}

export function fromOpening(ms: number): string {
  const all = Math.round(Math.abs(ms) / 1000);
  const text = `${Math.floor(all / 60)}:${String(all % 60).padStart(2, '0')}`;
  return all === 0 ? text : `${ms < 0 ? '−' : '+'}${text}`;
}
