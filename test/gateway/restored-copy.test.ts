// An embedded store that was restored from an older copy, or lost while the signing keys stayed: what visitors hold tells the
// room, and no number or session of its other life is given to someone else.

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Running, startFairgate } from '../running-gateway.ts';
import { payloadOf } from './forged-tokens.ts';
import { MARKER, type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import { enter, GateVisitor, until } from './visitor-client.ts';

const CAPACITY = 10;

let fairgate: Running;
let origin: RecordingOrigin;
let backup: string;

beforeEach(async () => {
  origin = await startRecordingOrigin();
  backup = mkdtempSync(join(tmpdir(), 'fairgate-backup-'));
  fairgate = await startFairgate({
    originUrl: origin.url,
    room: {
      hosts: ['demo.test'],
      policy: { newUsersPerMinute: 60_000, totalActiveUsers: CAPACITY, sessionMinutes: 5 },
    },
  });
});
afterEach(async () => {
  await fairgate?.stop();
  await origin?.close();
  rmSync(backup, { recursive: true, force: true });
});

const newcomers = (count: number) =>
  Array.from({ length: count }, () => new GateVisitor(fairgate.gateway.port, 'demo'));
const positionOf = ({ queueToken }: GateVisitor) => Number(payloadOf(queueToken ?? '')['position']);

/** Changes the stored state while the gateway is stopped. */
async function whileStopped(change: () => void): Promise<void> {
  await fairgate.gateway.stop('SIGTERM');
  change();
  await fairgate.restart();
}

it('a restored copy: numbers given since are not given again, those inside stay, and no more than the limit are inside', async () => {
  const early = newcomers(5);
  for (const visitor of early) await enter(visitor);
  await whileStopped(() => cpSync(fairgate.dataDir, backup, { recursive: true }));
  const late = newcomers(5);
  for (const visitor of late) await enter(visitor);
  const waiting = newcomers(5);
  for (const visitor of waiting) await visitor.page();
  const numbers = [...early, ...late, ...waiting].map(positionOf);
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, index) => index + 1));

  await whileStopped(() => {
    rmSync(fairgate.dataDir, { recursive: true });
    cpSync(backup, fairgate.dataDir, { recursive: true });
  });
  const [witness] = waiting;
  if (witness === undefined) throw new TypeError('No visitor waits.');
  await until(
    async () => {
      for (const visitor of waiting) await visitor.status();
      return witness.board();
    },
    ({ issued }) => issued >= 15,
    { msMax: 30_000, everyMs: 500 },
  );
  origin.requests.length = 0;
  const others = newcomers(20);
  for (const visitor of others) await visitor.page();
  expect(others.map(positionOf).every((position) => position > 15)).toBe(true);
  expect((await witness.board()).active).toBeLessThanOrEqual(CAPACITY);
  for (const visitor of [...early, ...late]) expect((await visitor.page()).text).toContain(MARKER);
  for (const visitor of [...waiting, ...others]) expect((await visitor.act('claim')).text).not.toContain('"admitted"');
  const inside = new Set(origin.requests.map(({ headers }) => payloadOf(headers['fairgate-admission'] ?? '')['sid']));
  expect(inside.size).toBe(CAPACITY);
});

it('a lost store: tokens of its other life are no places and no admissions, although positions and keys are the same', async () => {
  const [visitor] = newcomers(1);
  if (visitor === undefined) throw new TypeError('No visitor.');
  await enter(visitor);
  const before = await visitor.board();
  await whileStopped(() => rmSync(fairgate.dataDir, { recursive: true }));
  const [other] = newcomers(1);
  if (other === undefined) throw new TypeError('No visitor.');
  await enter(other);
  expect((await other.board()).epoch).toBeGreaterThan(before.epoch);
  expect(positionOf(other)).toBe(positionOf(visitor));
  expect((await visitor.send('/', { headers: { Accept: '*/*' } })).status).toBe(403);
  expect((await visitor.status()).state).toBe('none');
});
