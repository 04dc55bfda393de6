// One chart over time, drawn by uPlot: all charts of a room share their time axis and the line under the pointer, and show the
// moments at which somebody changed something. What a chart says now also stands beside it as text.

import { useRef } from 'hono/jsx/dom';
import uPlot from 'uplot';
import { useEffect } from './effect.ts';

export interface Series {
  label: string;
  /** Name of a custom property with the colour. */
  colour: string;
  values: (number | null)[];
  /** A limit: dashed, without area. */
  limit?: boolean;
}

const HEIGHT_PX = 132;

export function Chart(props: {
  title: string;
  times: number[];
  series: Series[];
  marks: number[];
  range: { from: number; to: number };
  said: string;
  lang: string;
  timeZone: string;
}) {
  const { title, times, series, marks, range, said, lang, timeZone } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const marked = useRef<number[]>(marks);
  const shownRange = useRef(range);
  marked.current = marks;
  shownRange.current = range;

  const names = series.map(({ label }) => label).join('|');
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    // Whatever stood here before, in another language, zone or light.
    plot.current?.destroy();
    element.replaceChildren();
    const ink = (name: string) => getComputedStyle(element).getPropertyValue(name).trim();
    const axis = { stroke: ink('--soft'), grid: { stroke: ink('--line'), width: 1 }, ticks: { show: false } };
    const made = new uPlot(
      {
        width: Math.max(240, element.clientWidth),
        height: HEIGHT_PX,
        cursor: { sync: { key: 'fairgate' }, points: { show: false }, drag: { x: false, y: false } },
        legend: { show: false },
        scales: {
          x: { time: true, range: () => [shownRange.current.from / 1000, shownRange.current.to / 1000] },
          y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] },
        },
        axes: [
          { ...axis, space: 70, values: (_, ticks) => ticks.map((tick) => hourAndMinute(tick * 1000, timeZone)) },
          { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString(lang)) },
        ],
        series: [
          {},
          ...series.map(({ label, colour, limit }) => ({
            label,
            stroke: ink(colour),
            width: limit ? 1.5 : 2,
            points: { show: false },
            ...(limit ? { dash: [6, 5] } : { fill: `${ink(colour)}22` }),
          })),
        ],
        hooks: { draw: [(chart) => drawMarks(chart, marked.current, ink('--mark'))] },
      },
      [[], ...series.map(() => [])],
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: Math.max(240, element.clientWidth), height: HEIGHT_PX }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [names, lang, timeZone, document.documentElement.dataset['theme']]);

  useEffect(() => {
    plot.current?.setData([times.map((at) => at / 1000), ...series.map(({ values }) => values)] as uPlot.AlignedData);
  });

  return (
    <figure class="chart">
      <figcaption>
        <b>{title}</b>
        {series.map(({ label, colour, limit }) => (
          <span class={limit ? 'key limit' : 'key'} data-colour={colour}>
            {label}
          </span>
        ))}
        <span class="said">{said}</span>
      </figcaption>
      <div ref={place} class="plot" role="img" aria-label={`${title}. ${said}`} />
    </figure>
  );
}

function hourAndMinute(at: number, timeZone: string): string {
  const shown = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone } as const;
  return new Intl.DateTimeFormat('en', shown).format(at);
}

function drawMarks(chart: uPlot, marks: number[], colour: string): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash([2, 3]);
  for (const at of marks) {
    const x = Math.round(chart.valToPos(at / 1000, 'x', true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
