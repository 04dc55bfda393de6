// An exported log, checked by whoever has nothing but the file.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { AuditRecord } from '../../queue-core/audit.ts';
import { CheckedRoom, change, configure, settings, T0 } from '../core/sample-rooms.ts';

const folder = mkdtempSync(join(tmpdir(), 'fairgate-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

function logOfANight(): AuditRecord[] {
  const room = new CheckedRoom();
  room.one(T0, configure(settings()));
  room.one(T0 + 1_000, change({ kind: 'setFlow', flow: 'paused' }));
  room.one(T0 + 2_000, change({ kind: 'setMessage', text: { ko: '잠시만요', en: 'One moment' } }));
  room.one(T0 + 3_000, change({ kind: 'setFlow', flow: 'running' }));
  return room.log;
}

function check(records: unknown[], ...options: string[]) {
  const file = join(folder, 'log.json');
  writeFileSync(file, JSON.stringify({ log: 'demo', exportedAt: '2027-08-05T12:00:00.000Z', records, whole: true }));
  const script = resolve(import.meta.dirname, '../../scripts/check-log.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, file, ...options], { encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

describe('an exported log', () => {
  test('that is whole is said to be, and one that says so itself is not believed', () => {
    const log = logOfANight();
    expect(check(log)).toMatchObject({ status: 0, said: expect.stringContaining('4 records') });
    expect(check(log.toSpliced(1, 1))).toMatchObject({ status: 1, said: expect.stringContaining('record 3') });
  });

  test('with an edited line shows which', () => {
    const log = logOfANight();
    const edited = log.map((record) =>
      record.seq === 2 ? { ...record, by: { ...record.by, name: 'Day shift' } } : record,
    );
    expect(check(edited)).toMatchObject({ status: 1, said: expect.stringContaining('record 2') });
  });

  test('cut off at its end shows it against the hash that the console showed', () => {
    const log = logOfANight();
    const head = log.at(-1)?.hash ?? '';
    expect(check(log, '--head', head).status).toBe(0);
    expect(check(log.slice(0, -1), '--head', head)).toMatchObject({
      status: 1,
      said: expect.stringContaining('missing'),
    });
  });
});
