// One chart of the shared time axis, drawn by uPlot on a canvas. What its lines mean and their values at the cursor stand
// above it as text; the canvas itself is decoration for a screen reader.

import { useRef, useState } from 'hono/jsx/dom';
import uPlot from 'uplot';
import type { Desk } from '../console-state.ts';
import { useEffect } from '../parts/effect.ts';
import { type Column, isSilent } from '../series.ts';

/** In rem, so that charts grow with the wall. Room for the axis' numbers is the same in all: moments lie above each other. */
export const AXIS_WIDTH_REM = 3.25;
const HEIGHT_REM = 6.25;
const SILENT_HEIGHT_REM = 1;
const AXIS_HEIGHT_REM = 1.625;
const SYNC = 'night';

export interface Line {
  name: string;
  /** Custom property of the style sheet. */
  colour: string;
  values: Column;
  isLimit: boolean;
  dash: number[];
}

export interface ChartProps {
  desk: Desk;
  title: string;
  unit: string;
  kind: 'area' | 'line' | 'steps';
  lines: Line[];
  times: number[];
  /** Seconds shown. */
  span: [number, number];
  /** Seconds at which something was changed. */
  marks: number[];
  /** The second of the opening. */
  opening: number;
  /** Index under the cursor; null: nowhere. */
  at: number | null;
  onAt(index: number | null): void;
  isLast: boolean;
  format(value: number): string;
}

export function Chart(props: ChartProps) {
  const { desk, title, unit, lines, times, at, format } = props;
  const silent = lines.length === 0 || isSilent(...lines.filter(({ isLimit }) => !isLimit).map(({ values }) => values));
  return (
    <div class="plot">
      <p class="plot-head">
        <b>{title}</b>
        {unit === '' ? null : <small>{unit}</small>}
        {silent ? (
          <span class="none">{desk.words.charts.noneOf}</span>
        ) : (
          lines.map((line) => (
            <span key={line.name} class="key">
              <Stroke line={line} />
              {lines.length > 1 || line.name !== title ? line.name : ''}{' '}
              <output>{valueAt(line.values, at, format)}</output>
            </span>
          ))
        )}
        {at === null || silent ? null : <time>{desk.figures.second((times[at] ?? 0) * 1000)}</time>}
      </p>
      {!silent || props.isLast ? (
        <Canvas {...props} lines={silent ? [] : lines} key={`canvas ${silent ? 0 : lines.length}`} />
      ) : null}
    </div>
  );
}

function Stroke({ line }: { line: Line }) {
  return (
    <svg class="stroke" viewBox="0 0 18 6" aria-hidden="true">
      <path d="M0 3h18" style={{ stroke: `var(${line.colour})`, 'stroke-dasharray': line.dash.join(' ') }} />
    </svg>
  );
}

/** The value under the cursor, or the last one that is known. */
function valueAt(values: Column, at: number | null, format: (value: number) => string): string {
  const value = at === null ? values.findLast((one) => one !== null) : values[at];
  return value == null ? '–' : format(value);
}

function Canvas(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  // What the drawing hooks read: they outlive the render that made them.
  const latest = useRef(props);
  latest.current = props;
  const [width, setWidth] = useState(0);
  const { desk, lines, times, span } = props;
  const look = `${desk.preferences.theme} ${desk.preferences.language} ${width} ${lines.map(({ name }) => name).join()}`;

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const element = place.current;
    if (element === null || width === 0) return;
    const made = new uPlot(
      optionsOf(() => latest.current as ChartProps, element, width),
      dataOf(latest.current as ChartProps),
      element,
    );
    made.setScale('x', { min: span[0], max: span[1] });
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [look]);

  useEffect(() => {
    if (plot.current === null) return;
    plot.current.setData(dataOf(latest.current as ChartProps), false);
    plot.current.setScale('x', { min: span[0], max: span[1] });
  }, [times.at(-1), times.length, span[1]]);

  return <div class="canvas" ref={place} aria-hidden="true" style={{ height: `${heightRem(props)}rem` }} />;
}

/** Without lines only the times are left. */
function heightRem({ lines, isLast }: ChartProps): number {
  return (lines.length === 0 ? SILENT_HEIGHT_REM : HEIGHT_REM) + (isLast ? AXIS_HEIGHT_REM : 0);
}

function dataOf({ times, lines }: ChartProps): uPlot.AlignedData {
  return [times, ...lines.map(({ values }) => values)];
}

function optionsOf(current: () => ChartProps, element: HTMLElement, width: number): uPlot.Options {
  const { desk, lines, kind, isLast } = current();
  const styles = getComputedStyle(element);
  const colour = (name: string) => styles.getPropertyValue(name).trim();
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const font = `${0.75 * rem}px ${styles.fontFamily}`;
  const grid = { stroke: colour('--grid'), width: 1 };
  const steps = uPlot.paths.stepped?.({ align: 1 });
  return {
    width,
    height: heightRem(current()) * rem,
    // Half a line of the axis' numbers at both ends.
    padding: [0.5 * rem, 0, isLast ? 0 : 0.5 * rem, 0],
    legend: { show: false },
    cursor: {
      sync: { key: SYNC },
      drag: { x: false, y: false },
      points: { size: 7 },
      y: false,
    },
    scales: { x: { time: true, auto: false }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.12 : 1] } },
    axes: [
      {
        show: isLast,
        size: AXIS_HEIGHT_REM * rem,
        space: 4.5 * rem,
        font,
        stroke: colour('--soft'),
        grid: { show: false },
        ticks: { show: false },
        values: (made, splits, _axis, _space, step) => {
          const said = step < 60 ? desk.figures.second : desk.figures.minute;
          // A number that would be cut off at the edge is left out.
          const isWhole = (at: number) => made.valToPos(at, 'x') <= made.bbox.width / devicePixelRatio - 1.5 * rem;
          return splits.map((at) => (isWhole(at) ? said(at * 1000) : ''));
        },
      },
      {
        size: AXIS_WIDTH_REM * rem,
        space: 2 * rem,
        font,
        stroke: colour('--soft'),
        grid,
        ticks: { show: false },
        values: (_, splits) =>
          splits.map((value) =>
            lines.length === 0 ? '' : kind === 'steps' ? milliseconds(value) : desk.figures.compact(value),
          ),
      },
    ],
    series: [
      {},
      ...lines.map((line): uPlot.Series => {
        const stroke = colour(line.colour);
        return {
          stroke,
          width: line.isLimit ? 1.5 : 2,
          dash: line.dash,
          points: { show: false },
          ...(kind === 'area' && !line.isLimit ? { fill: `${stroke}26` } : {}),
          ...((kind === 'steps' || line.isLimit) && steps !== undefined ? { paths: steps } : {}),
        };
      }),
    ],
    hooks: {
      setCursor: [
        (made) => {
          const index = made.cursor.idx ?? null;
          if (made.cursor.event !== undefined && index !== current().at) current().onAt(index);
        },
      ],
      draw: [
        (made) => drawMarks(made, current().marks, colour('--mark'), [3, 3]),
        (made) => drawMarks(made, [current().opening], colour('--c-limit'), []),
      ],
    },
  };
}

export function milliseconds(value: number): string {
  return value >= 1000 ? `${value / 1000} s` : `${value} ms`;
}

function drawMarks(made: uPlot, marks: number[], stroke: string, dash: number[]): void {
  const { ctx, bbox } = made;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = Math.max(1, devicePixelRatio);
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  for (const mark of marks) {
    const x = Math.round(made.valToPos(mark, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, 0);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
