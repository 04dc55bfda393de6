// The gateway's gzip with a cached prefix, read by Node's gunzip.

import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gzip } from '../../worker/http/gzip.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 400 });

describe('gzip with a cached prefix', () => {
  test('decompresses to prefix and rest, also when the prefix comes from the cache', () => {
    fc.assert(
      fc.property(text, text, text, (prefix, first, second) => {
        for (const rest of [first, second]) {
          expect(gunzipSync(gzip(prefix, rest)).toString()).toBe(prefix + rest);
        }
      }),
    );
  });

  test('is at most 2 % larger than prefix and rest compressed together', () => {
    const numbers = Array.from({ length: 4_000 }, (_, index) => (index * 7919) % 523).join(' ');
    const whole = gzipSync(numbers + numbers.slice(0, 5_000)).length;
    expect(gzip(numbers, numbers.slice(0, 5_000)).length).toBeLessThanOrEqual(whole * 1.02 + 16);
  });
});
