// In the reader's browser: a vertical line at the same moment in all charts over time, with the values there next to the names.
// Without it the page has the same numbers in its tables.

interface Charts {
  from: number;
  to: number;
  /** In the order of the page; lines by name, points by time. */
  charts: Record<string, { at: number; text: string }[]>[];
}

const { from, to, charts }: Charts = JSON.parse(document.getElementById('points')?.textContent ?? '{}');
const figures = [...document.querySelectorAll<HTMLElement>('[data-chart]')];
const main = document.querySelector<HTMLElement>('main');

function show(share: number | null): void {
  for (const [index, chart] of figures.entries()) {
    const cursor = chart.querySelector<HTMLElement>('[data-cursor]');
    if (cursor !== null) {
      cursor.style.left = `${(share ?? 0) * 100}%`;
      cursor.style.opacity = share === null ? '0' : '1';
    }
    const outputs = chart.parentElement?.querySelectorAll<HTMLElement>('[data-line]') ?? [];
    for (const output of outputs) {
      const points = charts[index]?.[output.dataset['line'] ?? ''] ?? [];
      const at = from + (share ?? 0) * (to - from);
      const point = share === null ? undefined : points.findLast((candidate) => candidate.at <= at);
      output.textContent = point === undefined ? '' : point.text;
    }
  }
}

for (const chart of figures) {
  const area = chart.querySelector<HTMLElement>('[data-area]');
  area?.addEventListener('pointermove', ({ clientX }) => {
    const { left, width } = area.getBoundingClientRect();
    show(Math.min(1, Math.max(0, (clientX - left) / width)));
  });
}
main?.addEventListener('pointerleave', () => show(null));
