// One chart of the shared time axis, drawn by uPlot on a canvas. Its lines and their values at the cursor are text above it, so
// the canvas itself is hidden from screen readers.

import { useRef, useState } from 'hono/jsx/dom';
import uPlot from 'uplot';
import type { ConsoleState } from '../console-state.ts';
import { useEffect } from '../parts/effect.ts';
import { type Column, isAllZero } from '../series.ts';

/** In rem, so that charts scale with the type. All charts share this width, so that the same time is at the same x. */
export const AXIS_WIDTH_REM = 3.25;
const HEIGHT_REM = 6.25;
const EMPTY_HEIGHT_REM = 1;
const AXIS_HEIGHT_REM = 1.625;
/** Charts with this key share one cursor. */
const CURSOR_KEY = 'dashboard';

export interface Line {
  name: string;
  /** A custom property of the style sheet. */
  colour: string;
  values: Column;
  isLimit: boolean;
  dash: number[];
}

export interface ChartProps {
  state: ConsoleState;
  title: string;
  unit: string;
  kind: 'area' | 'line' | 'steps';
  lines: Line[];
  /** Seconds since 1970, as uPlot counts; so are the next three. */
  times: number[];
  span: [number, number];
  changeTimes: number[];
  opening: number;
  /** Index of the time under the cursor; null: the cursor is elsewhere. */
  cursor: number | null;
  onCursor(index: number | null): void;
  isLast: boolean;
  formatValue(value: number): string;
}

export function Chart(props: ChartProps) {
  const { state, title, unit, lines, times, cursor, formatValue } = props;
  const measured = lines.filter(({ isLimit }) => !isLimit).map(({ values }) => values);
  const isEmpty = lines.length === 0 || isAllZero(...measured);
  return (
    <div class="plot">
      <p class="plot-head">
        <b>{title}</b>
        {unit === '' ? null : <small>{unit}</small>}
        {isEmpty ? (
          <span class="none">{state.strings.charts.allZero}</span>
        ) : (
          lines.map((line) => (
            <span key={line.name} class="legend">
              <Stroke line={line} />
              {lines.length > 1 || line.name !== title ? line.name : ''}{' '}
              <output>{valueAt(line.values, cursor, formatValue)}</output>
            </span>
          ))
        )}
        {cursor === null || isEmpty ? null : <time>{state.format.time((times[cursor] ?? 0) * 1000)}</time>}
      </p>
      {!isEmpty || props.isLast ? (
        <Canvas {...props} lines={isEmpty ? [] : lines} key={`canvas ${isEmpty ? 0 : lines.length}`} />
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

/** The value under the cursor, or the last known one. */
function valueAt(values: Column, cursor: number | null, formatValue: (value: number) => string): string {
  const value = cursor === null ? values.findLast((one) => one !== null) : values[cursor];
  return value == null ? '–' : formatValue(value);
}

function Canvas(props: ChartProps) {
  const container = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  // The hooks of the plot outlive the render that created them, and read the latest props here.
  const latest = useRef(props);
  latest.current = props;
  const [width, setWidth] = useState(0);
  const { state, lines, times, span } = props;
  const { theme, language } = state.preferences;
  const appearance = `${theme} ${language} ${width} ${lines.map(({ name }) => name).join()}`;

  useEffect(() => {
    const element = container.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const element = container.current;
    if (element === null || width === 0) return;
    const created = new uPlot(
      optionsOf(() => latest.current as ChartProps, element, width),
      dataOf(latest.current as ChartProps),
      element,
    );
    created.setScale('x', { min: span[0], max: span[1] });
    plot.current = created;
    return () => {
      created.destroy();
      plot.current = null;
    };
  }, [appearance]);

  useEffect(() => {
    if (plot.current === null) return;
    plot.current.setData(dataOf(latest.current as ChartProps), false);
    plot.current.setScale('x', { min: span[0], max: span[1] });
  }, [times.at(-1), times.length, span[1]]);

  return <div class="canvas" ref={container} aria-hidden="true" style={{ height: `${heightRem(props)}rem` }} />;
}

/** Without lines, only the time axis is left. */
function heightRem({ lines, isLast }: ChartProps): number {
  return (lines.length === 0 ? EMPTY_HEIGHT_REM : HEIGHT_REM) + (isLast ? AXIS_HEIGHT_REM : 0);
}

function dataOf({ times, lines }: ChartProps): uPlot.AlignedData {
  return [times, ...lines.map(({ values }) => values)];
}

function optionsOf(current: () => ChartProps, element: HTMLElement, width: number): uPlot.Options {
  const { state, lines, kind, isLast } = current();
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
      sync: { key: CURSOR_KEY },
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
        values: (plot, splits, _axis, _space, step) => {
          const label = step < 60 ? state.format.time : state.format.shortTime;
          // A label that the edge would clip is left out.
          const fits = (at: number) => plot.valToPos(at, 'x') <= plot.bbox.width / devicePixelRatio - 1.5 * rem;
          return splits.map((at) => (fits(at) ? label(at * 1000) : ''));
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
            lines.length === 0 ? '' : kind === 'steps' ? latencyLabel(value) : state.format.compact(value),
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
        (plot) => {
          const index = plot.cursor.idx ?? null;
          if (plot.cursor.event !== undefined && index !== current().cursor) current().onCursor(index);
        },
      ],
      draw: [
        (plot) => drawTimes(plot, current().changeTimes, colour('--marker'), [3, 3]),
        (plot) => drawTimes(plot, [current().opening], colour('--c-limit'), []),
      ],
    },
  };
}

export function latencyLabel(ms: number): string {
  return ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`;
}

/** Vertical lines at these seconds. */
function drawTimes(plot: uPlot, times: number[], stroke: string, dash: number[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = Math.max(1, devicePixelRatio);
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  for (const time of times) {
    const x = Math.round(plot.valToPos(time, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, 0);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
