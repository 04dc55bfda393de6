// A backup that was taken while visitors came, restored into a new folder: numbers that were given after the backup stay with their visitors, and no more people are inside than allowed. A file that is not whole restores nothing.

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESTORED_MS } from '../../queue-core/restored.ts';
import { backUp } from '../../scripts/backup.ts';
import { checkLedger } from '../../scripts/check-room.ts';
import { readBackup } from '../../scripts/lib/backup-file.ts';
import { diskLocation } from '../../scripts/lib/stored-ledgers.ts';
import { restore } from '../../scripts/restore.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import { payloadOf } from './forged-tokens.ts';
import { type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import { enter, GateVisitor, until } from './visitor-client.ts';

const CAPACITY = 10;

let fairgate: Running;
let origin: RecordingOrigin;
let folder: string;
let file: string;
/** Inside, and in line, before the backup and after it. */
let early: GateVisitor[];
let late: GateVisitor[];

const newcomers = (count: number) =>
  Array.from({ length: count }, () => new GateVisitor(fairgate.gateway.port, 'demo'));
const positionOf = ({ queueToken }: GateVisitor) => Number(payloadOf(queueToken ?? '')['position']);

beforeAll(async () => {
  origin = await startRecordingOrigin();
  folder = mkdtempSync(join(tmpdir(), 'fairgate-backups-'));
  fairgate = await startFairgate({
    originUrl: origin.url,
    room: {
      hosts: ['demo.test'],
      policy: { newUsersPerMinute: 60_000, totalActiveUsers: CAPACITY, sessionMinutes: 5 },
    },
  });
  early = newcomers(5);
  for (const visitor of early) await enter(visitor);
  file = join(folder, 'fairgate.backup');
  // Visitors come while it is taken.
  const coming = newcomers(10);
  const [sentence] = await Promise.all([
    backUp({ to: file, store: 'durable' }, { DATA_DIR: fairgate.dataDir }),
    ...coming.map((visitor) => visitor.page()),
  ]);
  expect(sentence).toContain('1 rooms and the directory');
  late = [...coming, ...newcomers(5)];
  for (const visitor of late) await visitor.page();
});

afterAll(async () => {
  await fairgate?.stop();
  await origin?.close();
  rmSync(folder, { recursive: true, force: true });
});

it('only its owner can read it, and it replaces nothing', async () => {
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const again = backUp({ to: file, store: 'durable' }, { DATA_DIR: fairgate.dataDir });
  await expect(again).rejects.toThrow('is there already');
});

describe('a file that is not whole', () => {
  const whole = () => gunzipSync(readFileSync(file)).toString();
  it.each([
    ['cut off', () => readFileSync(file).subarray(0, -20)],
    ['without its last line', () => gzipSync(`${whole().trim().split('\n').slice(0, -1).join('\n')}\n`)],
    ['without a row', () => gzipSync(whole().replace(/^\{"table":"session".*\n/m, ''))],
    ['with another document', () => gzipSync(whole().replace('totalActiveUsers\\":10', 'totalActiveUsers\\":99'))],
    ['followed by more', () => gzipSync(`${whole()}{"secret":"signing-keys.json","text":"{}"}\n`)],
    ['of another version', () => gzipSync(whole().replace('"fairgateBackup":1', '"fairgateBackup":2'))],
    ['that is something else', () => Buffer.from('hello')],
  ])('%s: nothing is restored', async (_, damaged) => {
    const copy = join(folder, 'damaged.backup');
    writeFileSync(copy, damaged());
    const dataDir = mkdtempSync(join(folder, 'target-'));
    await expect(restore({ from: copy, store: 'durable', drawAgain: false }, { DATA_DIR: dataDir })).rejects.toThrow();
    expect(existsSync(join(dataDir, 'signing-keys.json'))).toBe(false);
    const location = await diskLocation(dataDir).catch(() => null);
    expect((await location?.document('directory')) ?? null).toBeNull();
    await location?.close();
  });
});

it('is not restored over rooms that are there', async () => {
  const given = { from: file, store: 'durable', drawAgain: false };
  await expect(restore(given, { DATA_DIR: fairgate.dataDir })).rejects.toThrow('has rooms already');
});

it('restored, nothing is given until visitors have proven their places; then the numbers after theirs, within the limit', async () => {
  await fairgate.gateway.stop('SIGTERM');
  rmSync(join(fairgate.dataDir, 'rooms'), { recursive: true });
  const sentences = await restore({ from: file, store: 'durable', drawAgain: false }, { DATA_DIR: fairgate.dataDir });
  expect(sentences.join('\n')).toMatch(/room:demo: open/);
  expect(sentences.join('\n')).not.toMatch(/does not hold|not complete/);
  await fairgate.restart();
  const startedAt = Date.now();
  const [newcomer] = newcomers(1);
  if (newcomer === undefined) throw new TypeError('No visitor.');
  expect((await newcomer.act('join')).status).toBe(503);
  const highest = Math.max(...late.map(positionOf));
  await until(
    async () => {
      for (const visitor of late) await visitor.status();
      return newcomer.board();
    },
    ({ issued }) => issued >= highest,
    { msMax: RESTORED_MS, everyMs: 1_000 },
  );
  origin.requests.length = 0;
  for (const visitor of early) expect((await visitor.page()).status).toBe(200);
  await until(
    () => newcomer.act('join'),
    ({ status }) => status === 200,
    { msMax: RESTORED_MS + 20_000, everyMs: 1_000 },
  );
  expect(Date.now() - startedAt).toBeGreaterThan(RESTORED_MS / 2);
  expect(positionOf(newcomer)).toBeGreaterThan(highest);
  for (const visitor of [...late, newcomer]) await visitor.act('claim');
  const inside = new Set(origin.requests.map(({ headers }) => payloadOf(headers['fairgate-admission'] ?? '')['sid']));
  expect(inside.size).toBeLessThanOrEqual(CAPACITY);
  await fairgate.gateway.stop('SIGTERM');
  const location = await diskLocation(fairgate.dataDir);
  expect((await checkLedger(location, 'room:demo')).faults).toEqual([]);
  await location.close();
}, 180_000);

it('the head says of what it is, and when and by what it was made', async () => {
  for await (const line of readBackup(file)) {
    expect(line).toMatchObject({ fairgateBackup: 1, of: fairgate.dataDir, by: expect.stringMatching(/^\d/) });
    break;
  }
});
