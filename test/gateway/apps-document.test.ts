// docs/apps.md against a running gateway: its commands as they stand, and its documents as the OpenAPI description has them.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CURL, JQ, requireInstalled } from '../../scripts/lib/system-packages.ts';
import {
  answerSchema,
  boardSchema,
  statusSchema,
  visitorProblemSchema,
  waitingSchema,
} from '../../worker/contract/visitor-schema.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import { AS_JSON, GateVisitor, until } from './visitor-client.ts';

const DOCUMENT = readFileSync(resolve(import.meta.dirname, '../../docs/apps.md'), 'utf8');
const COMMANDS = [...DOCUMENT.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);

/** The shortest session has its second half from 30 s on. */
const SECOND_HALF_SECONDS = 31;

let fairgate: Running;
let folder: string;

beforeAll(async () => {
  for (const needed of [CURL, JQ]) requireInstalled(needed);
  folder = mkdtempSync(join(tmpdir(), 'fairgate-apps-'));
  fairgate = await startFairgate({ room: { policy: { totalActiveUsers: 1, sessionMinutes: 1 } } });
});

afterAll(async () => {
  await fairgate?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function run(script: string): Promise<{ code: number | null; out: string; err: string }> {
  const env = { PATH: process.env['PATH'], GATE: fairgate.url, ROOM: 'demo' };
  const shell = spawn('bash', ['-euo', 'pipefail'], { cwd: folder, env });
  let [out, err] = ['', ''];
  shell.stdout.on('data', (chunk) => {
    out += chunk;
  });
  shell.stderr.on('data', (chunk) => {
    err += chunk;
  });
  shell.stdin.end(script);
  return new Promise((done) => shell.on('close', (code) => done({ code, out, err })));
}

it('the commands take a visitor through the line, in, and out; a renewed token is used on', {
  timeout: 120_000,
}, async () => {
  expect(COMMANDS).toHaveLength(6);
  const port = Number(new URL(fairgate.url).port);
  const occupant = new GateVisitor(port, 'demo', `127.0.0.1:${port}`);
  await until(
    () => occupant.page(),
    () => occupant.admissionToken !== undefined,
  );
  await occupant.page();
  const isWaiting = until(
    () => occupant.board(),
    ({ issued }) => issued === 2,
  ).then(() => occupant.act('leave'));
  const [leave = ''] = COMMANDS.slice(-1);
  const renewal = `
    before=$admission
    sleep ${SECOND_HALF_SECONDS}
    request / > later.html
    [ "$admission" != "$before" ] && echo renewed
    request / > later.html`;
  const { code, out, err } = await run([...COMMANDS.slice(0, -1), renewal, leave].join('\n'));
  await isWaiting;
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/"outcome": "joined".*"position": 2.*"state": "admitted".*^renewed$.*^left$/ms);
  for (const file of ['page.html', 'later.html']) {
    expect(readFileSync(join(folder, file), 'utf8')).toContain('새봄시 예방접종 사전예약');
  }
  await until(
    () => occupant.board(),
    ({ active }) => active === 0,
  );
});

it('every document has the fields that the OpenAPI description gives it, and no other', async () => {
  const get = async (path: string, headers = {}) => (await fetch(`${fairgate.url}${path}`, { headers })).json();
  const act = async (action: string, headers: Record<string, string> = AS_JSON) =>
    (await fetch(`${fairgate.url}/_fairgate/rooms/demo/${action}`, { method: 'POST', headers })).json();
  boardSchema.parse(await get('/_fairgate/rooms/demo/board'));
  statusSchema.parse(await get('/_fairgate/rooms/demo/status'));
  const first = answerSchema.parse(await act('join'));
  const second = answerSchema.parse(await act('join'));
  const bearer = { ...AS_JSON, Authorization: `Bearer ${second.queueToken}` };
  statusSchema.parse(await get('/_fairgate/rooms/demo/status', bearer));
  answerSchema.parse(await act('claim', bearer));
  waitingSchema.parse(await get('/', bearer));
  expect(visitorProblemSchema.strict().parse(await get('/', { Accept: '*/*' })).join).toBe(
    '/_fairgate/rooms/demo/join',
  );
  for (const { queueToken } of [first, second]) {
    expect(answerSchema.parse(await act('leave', { ...AS_JSON, Authorization: `Bearer ${queueToken}` })).outcome).toBe(
      'left',
    );
  }
});
