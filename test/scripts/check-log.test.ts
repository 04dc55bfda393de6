// `npm run check-log`, which needs nothing but the exported file.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { AuditRecord } from '../../queue-core/audit.ts';
import { CheckedRoom } from '../core/checked-room.ts';
import { change, configure, settings, T0 } from '../core/sample-rooms.ts';

const folder = mkdtempSync(join(tmpdir(), 'fairgate-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

function sampleLog(): AuditRecord[] {
  const room = new CheckedRoom();
  room.send(T0, configure(settings()));
  room.send(T0 + 1_000, change({ kind: 'setFlow', flow: 'paused' }));
  room.send(T0 + 2_000, change({ kind: 'setMessage', text: { ko: '잠시만요', en: 'One moment' } }));
  room.send(T0 + 3_000, change({ kind: 'setFlow', flow: 'running' }));
  return room.log;
}

function check(records: unknown[], ...options: string[]) {
  const file = join(folder, 'log.json');
  writeFileSync(file, JSON.stringify({ log: 'demo', exportedAt: '2027-08-05T12:00:00.000Z', records, whole: true }));
  const script = resolve(import.meta.dirname, '../../scripts/check-log.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, file, ...options], { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

describe('check-log', () => {
  test('accepts a complete log, and rejects one with a missing record although the file calls itself complete', () => {
    const log = sampleLog();
    expect(check(log)).toMatchObject({ status: 0, output: expect.stringContaining('4 records') });
    expect(check(log.toSpliced(1, 1))).toMatchObject({ status: 1, output: expect.stringContaining('record 3') });
  });

  test('names the record that was edited', () => {
    const log = sampleLog();
    const edited = log.map((record) =>
      record.seq === 2 ? { ...record, by: { ...record.by, name: 'Day shift' } } : record,
    );
    expect(check(edited)).toMatchObject({ status: 1, output: expect.stringContaining('record 2') });
  });

  test('finds records missing at the end with the hash that the console shows', () => {
    const log = sampleLog();
    const head = log.at(-1)?.hash ?? '';
    expect(check(log, '--head', head).status).toBe(0);
    expect(check(log.slice(0, -1), '--head', head)).toMatchObject({
      status: 1,
      output: expect.stringContaining('missing'),
    });
  });
});
