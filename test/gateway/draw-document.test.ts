// docs/draw.md: its test vectors against other code and against the gateway's own, and its figures and names against the code.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  commitTo,
  drawnPosition,
  drawSeed,
  NO_BEACON,
  ROUND_AFTER_OPENING_MS,
  roundAfter,
} from '../../queue-core/draw.ts';
import { epochMs } from '../../queue-core/time.ts';
import { QUICKNET } from '../../worker/beacon/chain.ts';
import { BEACON_BYTES_MAX, HEAD_START_MS, RELAY_MS_MAX } from '../../worker/beacon/fetch-beacon.ts';
import { verifyBeacon } from '../../worker/beacon/verify-beacon.ts';
import { drandChainFields, drawSchema } from '../../worker/contract/draw-schema.ts';
import { drawVectors, SIZES, sizeVectors } from '../draw-vectors.ts';

const TEXT = readFileSync(resolve(import.meta.dirname, '../../docs/draw.md'), 'utf8');
const vectorOf = (name: string): unknown => {
  const [, json = ''] = new RegExp(`<!-- ${name} -->\\n\`\`\`json\\n([^]*?)\`\`\``).exec(TEXT) ?? [];
  return JSON.parse(json);
};
const EXAMPLE = drawSchema.parse(vectorOf('example'));

describe('the test vectors of docs/draw.md', () => {
  test.each(Object.entries(drawVectors()))('are those of other code than the gateway’s: %s', (name, vector) => {
    expect(vectorOf(name)).toEqual(vector);
  });

  test('are what the gateway draws with the published secret, beacon and N', () => {
    const { secret, seed, entries, commitments, beacon, opensAt } = EXAMPLE;
    expect(commitTo(secret ?? '')).toBe(commitments[0]?.commitment);
    expect(drawSeed(secret ?? '', beacon?.randomness ?? '', entries ?? 0)).toBe(seed);
    const positions = Array.from({ length: entries ?? 0 }, (_, index) =>
      drawnPosition(index + 1, entries ?? 0, seed ?? ''),
    );
    expect(positions).toEqual(vectorOf('positions'));
    expect(roundAfter(QUICKNET, epochMs(opensAt))).toBe(beacon?.round);
    expect(verifyBeacon(QUICKNET, beacon).kind).toBe('genuine');
  });

  test.each(SIZES)('are what the gateway draws for N = %i', (entries) => {
    const vector = sizeVectors().find((one) => one.entries === entries);
    const seed = drawSeed(EXAMPLE.secret ?? '', NO_BEACON, entries);
    expect(seed).toBe(vector?.seed);
    expect(drawnPosition(1, entries, seed)).toBe(vector?.first);
    expect(drawnPosition(entries, entries, seed)).toBe(vector?.last);
    if (entries > 1_000) return; // All positions of a large draw: test/core/draw-sizes.test.ts.
    const all = Buffer.alloc(4 * entries);
    for (let entry = 1; entry <= entries; entry++) {
      all.writeUInt32BE(drawnPosition(entry, entries, seed), 4 * (entry - 1));
    }
    expect(createHash('sha256').update(all).digest('hex')).toBe(vector?.all);
  });
});

describe('docs/draw.md', () => {
  test('names every field of the published document', () => {
    const beacon = drawSchema.shape.beacon.unwrap();
    const fields = [...Object.keys(drawSchema.shape), ...Object.keys(beacon.shape), ...Object.keys(drandChainFields)];
    expect(fields.filter((field) => !TEXT.includes(`\`${field}\``) && !TEXT.includes(`.${field}\``))).toEqual([]);
  });

  test('has the bounds of the code', () => {
    expect(TEXT).toContain(`plus ${ROUND_AFTER_OPENING_MS / 1000} s or later`);
    expect(TEXT).toContain(`a head start of ${HEAD_START_MS / 1000} s`);
    expect(TEXT).toContain(`at most ${RELAY_MS_MAX / 1000} s, follows`);
    expect(TEXT).toContain(`at most ${BEACON_BYTES_MAX / 1024} KB`);
    expect(TEXT).toContain(QUICKNET.hash);
  });
});
