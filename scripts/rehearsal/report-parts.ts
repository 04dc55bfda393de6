// Parts that every report as an HTML file is made of: style and script, bundled into it; the sign of a verdict; rows of names and
// values; the points that the cursor shows.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { html, raw } from 'hono/html';
import { builtFile } from '../lib/program-files.ts';
import type { Html, TimeAxis, TimePlot } from './plots.ts';
import { number } from './report-format.ts';

interface ReportPage {
  /** English unless another is given. */
  language?: 'ko' | 'en';
  title: string;
  /** Under the title. */
  subtitle: string;
  verdict: keyof typeof SHAPES;
  headline: string;
  plots: readonly TimePlot[];
  axis: TimeAxis;
  /** What follows the verdict. */
  sections: Html;
}

/** One file with style, data and script inside; its own policy forbids network requests. */
export async function reportPage({
  language = 'en',
  title,
  subtitle,
  verdict,
  headline,
  plots,
  axis,
  sections,
}: ReportPage): Promise<string> {
  const [style, script] = await Promise.all([bundled('report.css'), bundled('report-cursor.js')]);
  const points = raw(JSON.stringify(cursorPoints(plots, axis)).replaceAll('<', '\\u003c'));
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${sha256(script)}'`;
  const page = await html`<!doctype html>
<html lang="${language}">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width,initial-scale=1" />
    <meta http-equiv="Content-Security-Policy" content="${policy}" />
    <meta name="color-scheme" content="light dark" />
    <title>${headline} ${title}</title>
    <style>${raw(style)}</style>
  </head>
  <body>
    <main>
      <header>
        <h1>${title}</h1>
        <p class="soft">${subtitle}</p>
      </header>
      <div class="verdict ${verdict}">${shape(verdict)}<p>${headline}</p></div>
      ${sections}
    </main>
    <script type="application/json" id="points">${points}</script>
    <script>${raw(script)}</script>
  </body>
</html>
`;
  return String(page);
}

async function bundled(file: 'report.css' | 'report-cursor.js'): Promise<string> {
  return readFileSync(await builtFile(file), 'utf8').trim();
}

/** For a Content-Security-Policy. */
function sha256(text: string): string {
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

function cursorPoints(plots: readonly TimePlot[], { from, to }: TimeAxis) {
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
