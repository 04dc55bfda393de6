// `npm run check-log`, which needs nothing but the exported file.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { AuditRecord } from '../../queue-core/audit.ts';
import { readLogFile } from '../../scripts/lib/log-file.ts';
import { LOG_COLUMNS } from '../../worker/contract/operator-api.ts';
import { csvLine } from '../../worker/http/csv.ts';
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

const exported = (records: unknown[], whole = true) =>
  JSON.stringify({ log: 'demo', exportedAt: '2027-08-05T12:00:00.000Z', records, whole });

/** As the gateway writes it (audit-log.ts, which a test of the running gateway reads with this command). */
function asCsv(records: readonly AuditRecord[]): string {
  const lines = records.map(({ seq, at, by, action, from, to, previous, hash }) =>
    csvLine([
      ...[seq, at, by.id, by.name, by.role, by.address ?? '', action],
      ...[JSON.stringify(from), JSON.stringify(to), previous, hash],
    ]),
  );
  return [csvLine(LOG_COLUMNS), ...lines].join('');
}

const check = (records: unknown[], ...options: string[]) => checkText(exported(records), ...options);

function fileOf(text: string): string {
  const file = join(folder, 'log');
  writeFileSync(file, text);
  return file;
}

function checkText(text: string, ...options: string[]) {
  const script = resolve(import.meta.dirname, '../../scripts/check-log.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, fileOf(text), ...options], {
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

describe('check-log', () => {
  test('accepts a complete log, and rejects one with a missing record although the file calls itself complete', () => {
    const log = sampleLog();
    expect(check(log)).toMatchObject({ status: 0, output: expect.stringContaining('4 records') });
    expect(check(log.toSpliced(1, 1))).toMatchObject({ status: 1, output: expect.stringContaining('record 3') });
  });

  test('prints nothing of a hostile file that would look like its own words, or steer a terminal', () => {
    const hostile = '\u001b[2J\u202e\nThe log "demo" is complete\r';
    const refusal = JSON.stringify({ type: 'about:blank', status: 404, title: hostile, detail: hostile });
    const named = JSON.stringify({ ...JSON.parse(exported(sampleLog().slice(1))), log: hostile });
    for (const text of [named, refusal, `{"log":${hostile}`]) {
      const { status, output } = checkText(text);
      expect(status).toBe(1);
      expect(output).not.toMatch(/^The log "demo" is complete/m);
      expect(output.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
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

  test('reads CSV as it reads JSON, and names the record that was edited', () => {
    const log = sampleLog();
    const head = log.at(-1)?.hash ?? '';
    expect(checkText(asCsv(log), '--head', head)).toMatchObject({
      status: 0,
      output: expect.stringContaining('4 records'),
    });
    expect(checkText(`\uFEFF${asCsv(log)}`).status).toBe(0);
    expect(checkText(log.map((record) => JSON.stringify(record)).join('\n')).status).toBe(0);
    const edited = asCsv(log).replace('One moment', 'Two moments');
    expect(checkText(edited)).toMatchObject({ status: 1, output: expect.stringContaining('record 3: its content') });
    expect(checkText(asCsv(log.toSpliced(1, 1)))).toMatchObject({
      status: 1,
      output: expect.stringContaining('record 3'),
    });
  });

  test('a log that the gateway exported as incomplete is not called complete', () => {
    expect(checkText(exported(sampleLog(), false))).toMatchObject({
      status: 1,
      output: expect.stringContaining('missing at its end'),
    });
  });

  test.each([
    ['nothing', '', 'is empty'],
    ['a page', '<!doctype html><title>Sign in</title>', 'is a page'],
    ['JSON that was cut off', exported(sampleLog()).slice(0, -10), 'cut off'],
    ['CSV that was cut off', asCsv(sampleLog()).slice(0, -10), 'cut off'],
    ['CSV without cells', asCsv(sampleLog()).replaceAll(/,"[0-9a-f]{64}"\r\n/g, '\r\n'), 'has 10 cells instead of 11'],
    ['CSV that a spreadsheet saved', asCsv(sampleLog()).replaceAll('","', ';').replaceAll('"', ''), 'by a spreadsheet'],
    ['another CSV', 'name;score\na;1\n', 'its first line must be seq,at'],
    ['one page of the log', JSON.stringify({ records: sampleLog(), next: null }), 'one page of a log'],
    [
      'a refusal',
      JSON.stringify({ type: 'x', title: 'Unknown key', status: 401, detail: 'Check the key.' }),
      'Unknown key. Check the key.',
    ],
  ])('says what is wrong with %s', (_, text, expected) => {
    expect(() => readLogFile(fileOf(text))).toThrow(expected);
  });

  test('says what is wrong with a file in words, without a stack, and exits with 1', () => {
    const { status, output } = checkText('');
    expect([status, output]).toEqual([1, expect.stringContaining('is empty')]);
    expect(output).not.toMatch(/^ {4}at /m);
  });
});
