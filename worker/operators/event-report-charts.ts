// Charts of an event report as inline SVG, drawn on the server: they need no script, open offline and print. The SVG is stretched and has no
// text; the labels of its axes are HTML, so that they have the same size on a phone, on a desktop and on paper.

import { html } from 'hono/html';
import { formatCount } from './event-report-times.ts';

export type Html = ReturnType<typeof html>;

export interface ChartSeries {
  /** Colour and stroke, as in event-report.css. */
  look: 'bars' | 'line' | 'second' | 'limit';
  name: string;
  /** One value a step; null: unknown. */
  values: readonly (number | null)[];
}

export interface ChartSpec {
  id: string;
  title: string;
  unit: string;
  caption: string;
  series: readonly ChartSeries[];
  axis: ChartAxis;
  /** Where the same numbers are as a table. */
  table: { href: string; text: string };
}

export interface ChartAxis {
  steps: number;
  /** Labels by the step at whose beginning they stand. */
  labels: readonly { step: number; text: string }[];
  /** The opening, as a part of the axis; null: it is not on it. */
  opening: { share: number; text: string } | null;
}

/** Units of the drawing for each step and for its height. */
const [STEP, HEIGHT] = [10, 100];

export function chart({ id, title, unit, caption, series, axis, table }: ChartSpec): Html {
  const top = niceTop(highest(series));
  const ticks = ticksUpTo(top);
  const width = Math.max(1, axis.steps) * STEP;
  return html`<figure aria-labelledby="${id}">
    <figcaption>
      <h3 id="${id}">${title} <span class="unit">${unit}</span></h3>
      <p>${caption}</p>
      <p class="legend" aria-hidden="true">${series.map(
        ({ look, name }) => html`<span><i class="${look}"></i>${name}</span>`,
      )}</p>
    </figcaption>
    <div class="plot">
      <div class="y" aria-hidden="true">${ticks.map(
        (tick) => html`<span style="bottom:${percent(tick / top)}">${formatCount(tick)}</span>`,
      )}</div>
      <svg viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${title}. ${caption}">
        ${ticks.map((tick) => html`<path class="grid" d="M0 ${y(tick, top)}H${width}" />`)}
        ${series.map(({ look, values }) => html`<path class="${look}" d="${look === 'bars' ? bars(values, top) : steps(values, top)}" />`)}
        ${axis.opening === null ? '' : html`<path class="opening" d="M${round(axis.opening.share * width)} 0V${HEIGHT}" />`}
      </svg>
      <div class="x" aria-hidden="true">${axis.labels.map(
        ({ step, text }) => html`<span style="left:${percent(step / Math.max(1, axis.steps))}">${text}</span>`,
      )}${axis.opening === null ? '' : html`<span class="opening" style="left:${percent(axis.opening.share)}">${axis.opening.text}</span>`}</div>
    </div>
    <p class="table"><a href="${table.href}">${table.text}</a></p>
  </figure>`;
}

/** What is counted fills the chart; a limit far above it is left out, and stands in the table. */
function highest(series: readonly ChartSeries[]): number {
  const most = (looks: (look: ChartSeries['look']) => boolean, isShown: (value: number) => boolean) =>
    Math.max(
      0,
      ...series.flatMap(({ look, values }) => (looks(look) ? values.map((value) => value ?? 0).filter(isShown) : [])),
    );
  const counted = most(
    (look) => look !== 'limit',
    () => true,
  );
  return Math.max(
    counted,
    most(
      (look) => look === 'limit',
      (value) => value <= LIMIT_SHOWN * counted,
    ),
  );
}

const LIMIT_SHOWN = 2.5;

/** The next number of 1, 2 or 5 times a power of ten, so that ticks are round. */
function niceTop(most: number): number {
  if (most <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 5, 10].map((factor) => factor * power).find((top) => top >= most) ?? 10 * power;
}

function ticksUpTo(top: number): number[] {
  const parts = [5, 4].find((count) => Number.isInteger(top / count)) ?? 4;
  return Array.from({ length: parts + 1 }, (_, index) => (top * index) / parts);
}

function bars(values: readonly (number | null)[], top: number): string {
  return values
    .map((value, index) =>
      value === null || value <= 0
        ? ''
        : `M${index * STEP + 1} ${HEIGHT}V${y(value, top)}H${(index + 1) * STEP - 1}V${HEIGHT}Z`,
    )
    .join('');
}

/** A line that is level within each step. */
function steps(values: readonly (number | null)[], top: number): string {
  let isDrawing = false;
  return values
    .map((value, index) => {
      if (value === null || value > top) {
        isDrawing = false;
        return '';
      }
      const level = `${isDrawing ? 'V' : `M${index * STEP} `}${y(value, top)}H${(index + 1) * STEP}`;
      isDrawing = true;
      return level;
    })
    .join('');
}

function y(value: number, top: number): number {
  return round(HEIGHT - (HEIGHT * Math.max(0, value)) / top);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function percent(share: number): string {
  return `${round(100 * share)}%`;
}
