// Which operator keys a gateway starts with: random ones of every usual form, and none that a person made up by repeating.

import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkOperatorKey } from '../../worker/setting-checks.ts';

function problemWith(key: unknown): string | undefined {
  const problems: string[] = [];
  checkOperatorKey({ OPERATOR_KEY: key }, problems);
  return problems[0];
}

describe('OPERATOR_KEY', () => {
  it.each([
    ['a missing one', '', 'missing'],
    ['a short one', 'xK4vT9qLw2ZpR7mYb3NcJ8', '22 characters'],
    ['a word on the keyboard', 'password', '8 characters'],
    ['one character', 'a'.repeat(64), 'only 1 different characters'],
    ['few kinds of characters', '0123456789'.repeat(5), 'only 10 different characters'],
    ['mostly one character', `${'a'.repeat(30)}0123456789bcdef`, 'one character occurs 30 times'],
    ['a repeated piece', 'Sommer+Wind-2026!'.repeat(2), 'repeats its first 17 characters'],
    [
      'a repeated piece, cut off',
      'correct-horse-battery-97!'.repeat(3).slice(0, 60),
      'repeats its first 25 characters',
    ],
    ['one with a space', 'xK4vT9qLw2ZpR7mYb3 NcJ8sDfGhVtQe5', 'not usable in a header'],
    ['one longer than a sign-in takes', randomBytes(200).toString('base64url'), 'too long'],
  ])('is refused, with the way to a good one: %s', (_, key, reason) => {
    expect(problemWith(key)).toContain(reason);
    expect(problemWith(key)).toContain('openssl rand -base64 32');
  });

  it.each<[string, (bytes: Buffer) => string]>([
    ['base64 of 24 bytes', (bytes) => bytes.subarray(0, 24).toString('base64')],
    ['base64url of 32 bytes', (bytes) => bytes.toString('base64url')],
    ['hex of 32 bytes', (bytes) => bytes.toString('hex')],
  ])('is accepted where it is random: %s', (_, encode) => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(() => randomBytes(32));
    fc.assert(fc.property(bytes, (random) => problemWith(encode(random)) === undefined));
  });
});
