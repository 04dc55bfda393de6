// The report of the bench: the same Markdown on the terminal and in docs/bench.md.

import { CONNECTIONS } from './load.ts';

export interface Row {
  name: string;
  /** Requests a second at saturation. */
  perSecond: number;
  /** Processor time of the measured process for one request: the lowest of the rounds, because what disturbs it only adds. */
  processorUs: number;
  ofText: number;
  /** null: the request is not forwarded. */
  ofProxy: number | null;
  /** At half of `perSecond`; null: not measured. */
  latency: { perSecond: number; p50Ms: number; p99Ms: number } | null;
  /** Operations on the store for each request, by kind. */
  storeOperations: ReadonlyMap<string, number>;
}

export interface Report {
  /** Name and value of what the figures depend on. */
  machine: readonly (readonly [string, string])[];
  rows: readonly Row[];
  rounds: number;
  seconds: number;
  isPinned: boolean;
  positions: readonly string[];
  memory: readonly string[];
  redis: readonly string[];
}

export function reportText({ machine, rows, rounds, seconds, isPinned, positions, memory, redis }: Report): string {
  const cores = isPinned
    ? 'The measured process has one core, load and origin have another.'
    : 'Nothing is pinned to a core: the load generator competes with what it measures.';
  return [
    '# What a request costs',
    '',
    'Written by `npm run bench`. Each kind of request is a share of what the least possible worker reaches on the same runtime,',
    'on the same core and in the same run: a Hono app that answers `ok`, and for requests that are forwarded also a proxy that',
    'does nothing but `fetch(origin)`. Absolute figures depend on the machine and on its mood; the shares are the point.',
    '',
    `${new Date().toISOString().slice(0, 10)}.`,
    '',
    ...table([['', ''], ...machine]),
    '',
    `${CONNECTIONS} connections; medians of ${rounds} interleaved rounds of ${seconds} s. ${cores} Times of responses`,
    'are those at about half of the measured load, on as many connections with random pauses. Processor time is the lowest that',
    'the measured process used for a request in any round: what disturbs it only adds. The store is the embedded one. Its operations are',
    'counted for each answered request, those of the last requests of a round, which are not waited for, too; beside them the gateway',
    'reads a room once a second. Every claim is the first one of its visitor. Status polls and pages with a place are of 3,000 visitors:',
    'where fewer than that are answered in all rounds, each is the first one of its visitor, whose token has to be verified.',
    '',
    ...table([
      ['request', 'per second', 'of bare text', 'of a bare proxy', 'processor', 'at', 'p50', 'p99', 'store operations'],
      ...rows.map(cells),
    ]),
    '',
    '## The draw',
    '',
    ...positions,
    ...(memory.length === 0 ? [] : ['', '## Memory', '', ...memory]),
    ...(redis.length === 0 ? [] : ['', '## Rooms in Redis', '', ...redis]),
    '',
  ].join('\n');
}

function cells({ name, perSecond, processorUs, ofText, ofProxy, latency, storeOperations }: Row): string[] {
  const operations = [...storeOperations].map(([kind, count]) => `${kind} ${rounded(count)}`);
  return [
    name,
    perSecond.toFixed(0),
    ofText.toFixed(2),
    ofProxy?.toFixed(2) ?? '',
    `${processorUs.toFixed(0)} µs`,
    latency === null ? '' : `${latency.perSecond.toFixed(0)}/s`,
    latency === null ? '' : `${latency.p50Ms.toFixed(1)} ms`,
    latency === null ? '' : `${latency.p99Ms.toFixed(1)} ms`,
    operations.join(', ') || 'none',
  ];
}

function rounded(perRequest: number): string {
  return perRequest > 0.995 ? perRequest.toFixed(2) : perRequest.toFixed(4);
}

/** Aligned, so that it reads on a terminal as well; the first column to the left, figures to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => (column === 0 ? (row[0] ?? '').padEnd(width) : (row[column] ?? '').padStart(width))).join(' | ')} |`;
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), `| ${rule.join(' | ')} |`, ...body.map(line)];
}
