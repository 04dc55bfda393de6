// Parts that every report as an HTML file is made of: style and script, bundled into it; the sign of a verdict; rows of names and
// values; the points that the cursor shows.

import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { html } from 'hono/html';
import type { Html, TimeAxis, TimePlot } from './plots.ts';
import { number } from './report-format.ts';

export async function bundled(file: 'report.css' | 'report-cursor.ts'): Promise<string> {
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

/** For a Content-Security-Policy. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

const SHAPES = {
  passed: 'M4 12.5l5.5 5.5L20 6.5',
  failed: 'M6 6l12 12M18 6L6 18',
  inconclusive: 'M8.5 8.5a3.5 3.5 0 1 1 4.6 3.3c-.8.3-1.1.8-1.1 1.7v1M12 18.5v.2',
} as const;

export function shape(verdict: keyof typeof SHAPES): Html {
  return html`<svg class="shape" viewBox="0 0 24 24" aria-hidden="true"><path d="${SHAPES[verdict]}" /></svg>`;
}

export function cursorPoints(plots: readonly TimePlot[], { from, to }: TimeAxis) {
  const charts = plots.map(({ lines, format = number }) =>
    Object.fromEntries(
      lines.map(({ name, points }) => [name, points.map(({ at, value }) => ({ at, text: format(value) }))]),
    ),
  );
  return { from, to, charts };
}

export function pairs({ title, rows }: { title: string; rows: [string, string][] }): Html {
  return html`<div>
    <h3>${title}</h3>
    <table><tbody>${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table>
  </div>`;
}
