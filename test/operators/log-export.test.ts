// Exported logs: complete, safe to open in a spreadsheet, and honest about damage.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { faultIn } from '../../queue-core/audit.ts';
import { readLogFile } from '../../scripts/lib/log-file.ts';
import type { InProcessGateway } from '../gateway/in-process.ts';
import { ask, onCurrentVersion, startGateway, withKey } from './operator-client.ts';

let gateway: InProcessGateway;

beforeEach(async () => {
  gateway = await startGateway();
});

it('an export has every record; no cell of the CSV is a formula', async () => {
  const text = { ko: '=HYPERLINK("x")', en: 'a "b", c\nd' };
  await ask(gateway, 'setMessage', { body: { text }, headers: await onCurrentVersion(gateway) });
  await ask(gateway, 'addKey', { body: { name: '=1+1', role: 'viewer' }, headers: withKey() });
  const json = (await ask(gateway, 'auditJson', { headers: withKey() })).document;
  expect(json).toMatchObject({ whole: true, records: [{ seq: 1 }, { seq: 2, to: { text } }] });
  const csv = (await ask(gateway, 'directoryAuditCsv', { headers: withKey() })).text;
  const lines = csv.split('\r\n').filter((line) => line !== '');
  expect(lines.every((line) => /^"(?:seq|\d+)","/.test(line) && line.endsWith('"'))).toBe(true);
  expect(csv).not.toMatch(/(?:^|[,;])["']?=/m);
});

it('a CSV export is the whole log, with every text as it was', async () => {
  const text = { ko: "'=1;+2 \t-3", en: '@x\n;"=y"' };
  await ask(gateway, 'setMessage', { body: { text }, headers: await onCurrentVersion(gateway) });
  const folder = mkdtempSync(join(tmpdir(), 'fairgate-csv-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'demo-log.csv');
  writeFileSync(file, (await ask(gateway, 'auditCsv', { headers: withKey() })).text);
  const { records } = readLogFile(file);
  expect(records).toMatchObject([{ seq: 1 }, { seq: 2, to: { text } }]);
  expect(faultIn(records)).toBeNull();
});

it('an export of a damaged log is not whole, also where its last record is missing', async () => {
  for (const name of ['pause', 'hold'] as const) await ask(gateway, name, { headers: withKey() });
  const isWhole = async () =>
    ((await ask(gateway, 'auditJson', { headers: withKey() })).document as { whole: boolean }).whole;
  const audit = gateway.store.inner.rooms.get('demo')?.tables.audit;
  const [second, last] = [audit?.get(2), audit?.get(3)];
  if (audit === undefined || second === undefined || last === undefined) throw new TypeError('A record is missing.');
  const damages = [
    () => audit.set(2, JSON.stringify({ ...JSON.parse(second), to: { flow: 'held' } })),
    () => audit.delete(2),
    // The remaining records do not show that one after them is missing; the room's document does.
    () => audit.delete(3),
  ];
  for (const damage of damages) {
    damage();
    expect(await isWhole()).toBe(false);
    audit.set(2, second).set(3, last);
  }
  expect(await isWhole()).toBe(true);
});
