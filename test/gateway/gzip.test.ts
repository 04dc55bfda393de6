// The gateway's own gzip against everybody's gunzip.

import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gzip } from '../../worker/http/gzip.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 400 });

describe('gzip in two parts', () => {
  test('is what any other gunzip reads as both parts, whatever they are, as often as it is made', () => {
    fc.assert(
      fc.property(text, text, text, (opening, one, other) => {
        for (const rest of [one, other]) {
          expect(gunzipSync(gzip(opening, rest)).toString()).toBe(opening + rest);
        }
      }),
    );
  });

  test('is hardly larger than if it were compressed as one', () => {
    const words = Array.from({ length: 4_000 }, (_, index) => (index * 7919) % 523).join(' ');
    const whole = gzipSync(words + words.slice(0, 5_000)).length;
    expect(gzip(words, words.slice(0, 5_000)).length).toBeLessThanOrEqual(whole * 1.02 + 16);
  });
});
