// docs/monitoring in a real Prometheus that scrapes a real gateway: the configuration and the rules load, every expression names
// series that there are, and each alert fires and is over when it should.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEVERITY_OF } from '../../queue-core/document/alarms-state.ts';
import { stopProcess, whenReady } from '../../scripts/lib/child-process.ts';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { PROMETHEUS, PROMTOOL, requireInstalled } from '../../scripts/lib/system-packages.ts';
import { OPERATOR_KEY, type Running, startFairgate } from '../running-gateway.ts';
import { ALERT_CASES } from './alert-cases.ts';

const FOLDER = resolve(import.meta.dirname, '../../docs/monitoring');
const RULES = 'fairgate-alerts.yml';
const text = (file: string) => readFileSync(join(FOLDER, file), 'utf8');

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { h: number; w: number; x: number; y: number };
  repeat?: string;
  datasource?: { type: string; uid: string };
  fieldConfig?: { defaults: { unit?: string } };
  targets?: { expr: string; datasource: { uid: string } }[];
}
const dashboard = JSON.parse(text('fairgate-dashboard.json')) as {
  __inputs: { name: string; type: string; pluginId: string }[];
  uid: string;
  templating: { list: { name: string; query: { query: string } }[] };
  panels: Panel[];
};

let fairgate: Running;
let prometheus: ChildProcess;
let api: string;
let folder: string;
let logged = '';

async function poll<T>(what: string, read: () => Promise<T | null>): Promise<T> {
  for (const until = Date.now() + 30_000; Date.now() < until; ) {
    const found = await read().catch(() => null);
    if (found !== null) return found;
    await new Promise((next) => setTimeout(next, 50));
  }
  throw new Error(`${what} within 30 s. ${logged}`);
}

/** @returns `data` of a response */
async function ask<T>(path: string): Promise<T> {
  const response = await fetch(`${api}/api/v1/${path}`);
  const answer = (await response.json()) as { status: string; error?: string; data: T };
  if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
  return answer.data;
}

const promtool = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(PROMTOOL.file, args, { cwd: folder, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
};

beforeAll(async () => {
  requireInstalled(PROMETHEUS);
  fairgate = await startFairgate();
  await fetch(`${fairgate.url}/_fairgate/rooms/demo/board`);
  await fetch(`${fairgate.url}/_fairgate/rooms/demo/join`, { method: 'POST', headers: { Accept: 'application/json' } });
  folder = mkdtempSync(join(tmpdir(), 'fairgate-prometheus-'));
  copyFileSync(join(FOLDER, RULES), join(folder, RULES));
  writeFileSync(join(folder, 'key'), OPERATOR_KEY);
  const own = text('prometheus.yml')
    .replace('scheme: https', 'scheme: http')
    .replace('/etc/prometheus/fairgate-key', join(folder, 'key'))
    .replace('gate.example.org', new URL(fairgate.url).host)
    .replaceAll(/(scrape_interval|evaluation_interval): 5s/g, '$1: 1s')
    .replace('scrape_timeout: 4s', 'scrape_timeout: 1s');
  writeFileSync(join(folder, 'prometheus.yml'), own);
  const port = await freePort();
  api = `http://127.0.0.1:${port}`;
  prometheus = spawn(
    PROMETHEUS.file,
    [
      ...[`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`],
      ...[`--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  prometheus.stderr?.on('data', (chunk) => {
    logged += chunk;
  });
  const ready = poll('Prometheus was not ready', async () => ((await fetch(`${api}/-/ready`)).ok ? true : null));
  await whenReady(prometheus, 'Prometheus', ready, () => logged);
});

afterAll(async () => {
  if (prometheus !== undefined) await stopProcess(prometheus, 'SIGTERM', 5_000);
  await fairgate?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

/** Names that the gateway exposes, whether or not they have a series yet. */
async function exposedNames(): Promise<Set<string>> {
  const response = await fetch(`${fairgate.url}/_fairgate/metrics`, {
    headers: { Authorization: `Bearer ${OPERATOR_KEY}` },
  });
  const types = [...(await response.text()).matchAll(/^# TYPE (\w+) (\w+)$/gm)];
  const names = types.flatMap(([, name = '', type]) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => `${name}${part}`) : [name],
  );
  return new Set(names);
}

const namesIn = (expression: string) => [...expression.matchAll(/\bfairgate_\w+/g)].map(([name]) => name);

/** Expressions of the dashboard, with values for its variables. */
const dashboardExpressions = () =>
  dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      title,
      written: expr,
      expr: expr
        .replaceAll('$__rate_interval', '10s')
        .replaceAll('$room', 'demo')
        .replaceAll('$instance', new URL(fairgate.url).host),
    })),
  );

interface Rule {
  name: string;
  query: string;
  health: string;
  lastError?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}
const rulesOf = ({ groups }: { groups: { rules: Rule[] }[] }) => groups.flatMap(({ rules }) => rules);

describe('the configuration', () => {
  it('and the rules are what promtool accepts', () => {
    expect(promtool('check', 'config', 'prometheus.yml')).toMatchObject({ status: 0 });
    expect(promtool('check', 'rules', RULES)).toMatchObject({ status: 0 });
  });

  it('scrapes the gateway with the key', async () => {
    const target = await poll('The target was not up', async () => {
      const { activeTargets } = await ask<{ activeTargets: { health: string; lastError: string }[] }>('targets');
      return activeTargets.find(({ health }) => health === 'up') ?? null;
    });
    expect(target.lastError).toBe('');
    const [sample] = (await ask<{ result: { value: [number, string] }[] }>('query?query=fairgate_room_issued')).result;
    expect(sample?.value[1]).toBe('1');
  });

  it('finds the gateway down that does not take the key', async () => {
    const response = await fetch(`${fairgate.url}/_fairgate/metrics`, { headers: { Authorization: 'Bearer wrong' } });
    expect(response.status).toBe(401);
  });
});

describe('every expression', () => {
  it('of the rules is evaluated, and names what the gateway exposes', async () => {
    const rules = await poll('The rules were not evaluated', async () => {
      const found = rulesOf(await ask('rules'));
      return found.length > 0 && found.every(({ health }) => health !== 'unknown') ? found : null;
    });
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    const exposed = await exposedNames();
    const unknown = rules.flatMap(({ query }) => namesIn(query)).filter((name) => !exposed.has(name));
    expect(unknown).toEqual([]);
  });

  it('of the rules names alarms that there are, each one that needs somebody, and each severity as the gateway has it', async () => {
    const rules = rulesOf(await ask('rules'));
    const kinds = rules.flatMap(({ query, labels }) =>
      [...query.matchAll(/fairgate_alarm\{kind=~?"([\w|]+)"/g)].flatMap(([, list = '']) =>
        list.split('|').map((kind) => ({ kind, severity: labels['severity'] })),
      ),
    );
    const needed = Object.entries(SEVERITY_OF).filter(([, severity]) => severity !== 'info');
    expect(kinds.toSorted((a, b) => a.kind.localeCompare(b.kind))).toEqual(
      needed.map(([kind, severity]) => ({ kind, severity })).toSorted((a, b) => a.kind.localeCompare(b.kind)),
    );
  });

  it('of the dashboard is evaluated, and names what the gateway exposes', async () => {
    const exposed = await exposedNames();
    const expressions = dashboardExpressions();
    expect(expressions.length).toBeGreaterThan(40);
    for (const { title, written, expr } of expressions) {
      await ask(`query?query=${encodeURIComponent(expr)}`).catch((error) => {
        throw new Error(`${title}: ${written}`, { cause: error });
      });
      expect([title, namesIn(expr).filter((name) => !exposed.has(name))]).toEqual([title, []]);
    }
    for (const { query } of dashboard.templating.list) {
      expect(namesIn(query.query).filter((name) => !exposed.has(name))).toEqual([]);
    }
  });

  it('of the dashboard about a room or its gateway has a value, where there is something to count', async () => {
    const seldom =
      /Redis|Messages about alarms|Alarms that are raised|What is left|Age of what is left|^Left$|Share that comes|Health of the site|Response time of the site|Responses of sites|Failing store operations|Time of the store|Numbers leased|Decisions/;
    for (const { title, expr } of dashboardExpressions()) {
      if (seldom.test(title)) continue;
      await poll(`"${title}" has no value: ${expr}`, async () => {
        const { result } = await ask<{ result: unknown[] }>(`query?query=${encodeURIComponent(expr)}`);
        return result.length > 0 ? true : null;
      });
    }
  });
});

describe('each alert', () => {
  it('fires, and is over when its cause is', () => {
    const tests = Object.entries(ALERT_CASES).map(([alertname, { series, firesAt, overAt }]) => ({
      interval: '1m',
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      // The texts are checked against the rules below; here it matters when an alert fires.
      promql_expr_test: [
        {
          expr: `count(ALERTS{alertname="${alertname}",alertstate="firing"})`,
          eval_time: `${firesAt}m`,
          exp_samples: [{ value: 1, labels: '{}' }],
        },
        { expr: `ALERTS{alertname="${alertname}"}`, eval_time: `${overAt}m`, exp_samples: [] },
        { expr: `ALERTS{alertname="${alertname}",alertstate="firing"}`, eval_time: '0m', exp_samples: [] },
      ],
    }));
    // YAML reads JSON.
    const file = join(folder, 'alerts-test.yml');
    writeFileSync(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: '15s', tests }));
    expect(promtool('test', 'rules', file)).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') });
  });

  it('has a case here, a severity, and sentences with a next step and a section that exists', async () => {
    const rules = rulesOf(await ask('rules'));
    expect(rules.map(({ name }) => name).toSorted()).toEqual(Object.keys(ALERT_CASES).toSorted());
    const anchors = new Set(
      [...readFileSync(resolve(FOLDER, '../debugging.md'), 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
        title
          .toLowerCase()
          .replaceAll(/[^\w\s-]/g, '')
          .replaceAll(' ', '-'),
      ),
    );
    for (const { name, labels, annotations } of rules) {
      expect([name, labels['severity']]).toEqual([name, expect.stringMatching(/^(critical|warning)$/)]);
      for (const sentence of [annotations['summary'], annotations['description']]) expect(sentence).toMatch(/[.:]$/);
      const [, anchor = ''] = annotations['runbook']?.split('docs/debugging.md#') ?? [];
      expect([name, anchors.has(anchor)]).toEqual([name, true]);
    }
  });

  it('of a healthy room stays silent', async () => {
    const { alerts } = await ask<{ alerts: { state: string; labels: Record<string, string> }[] }>('alerts');
    expect(alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels['alertname'])).toEqual([]);
  });
});

describe('the dashboard', () => {
  it('asks for its data source when it is imported, and every panel uses that', () => {
    expect(dashboard.__inputs).toMatchObject([{ name: 'DS_PROMETHEUS', type: 'datasource', pluginId: 'prometheus' }]);
    const sources = dashboard.panels.flatMap(({ datasource, targets = [] }) => [
      ...(datasource === undefined ? [] : [datasource.uid]),
      ...targets.map((target) => target.datasource.uid),
    ]);
    expect(sources.length).toBeGreaterThan(40);
    expect(sources.filter((uid) => !/^\$\{DS_PROMETHEUS\}$/.test(uid))).toEqual([]);
  });

  it('has rows for each room and each gateway, units everywhere, and no panel on another', () => {
    expect(dashboard.panels.flatMap(({ repeat }) => repeat ?? [])).toEqual(['room', 'instance']);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const placed = dashboard.panels.map(({ title, gridPos }) => ({ title, ...gridPos }));
    for (const [index, a] of placed.entries()) {
      expect([a.title, a.x + a.w]).toEqual([a.title, expect.toSatisfy((right) => right <= 24)]);
      for (const b of placed.slice(index + 1)) {
        const isApart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
        expect([a.title, b.title, isApart]).toEqual([a.title, b.title, true]);
      }
    }
    const withoutUnit = dashboard.panels.filter(
      ({ type, fieldConfig }) => type !== 'row' && !fieldConfig?.defaults.unit,
    );
    expect(withoutUnit).toEqual([]);
  });
});
