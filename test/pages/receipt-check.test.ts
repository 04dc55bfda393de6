// What the page with a receipt says of a text at the counter: valid for what the gateway of this room signed as a receipt, and for nothing
// else.

import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { REFERENCE_CHARS_MAX } from '../../queue-core/limits.ts';
import { checkReceipt, type ReceiptIssuer } from '../../worker/pages/receipt-check.ts';
import { signJwt } from '../../worker/tokens/sign-jwt.ts';
import { loadKeys, newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { Tokens } from '../../worker/tokens/tokens.ts';
import { keysOf } from './built-proof.ts';

const ISSUER = 'https://gate.example';
const AT = Date.parse('2027-08-05T11:07:31.000Z');
const VISIT = { room: 'demo', epoch: 3, position: 51_204, completedAt: AT, reference: 'A-123' };

let keys: SigningKeys;
let tokens: Tokens;
let issuer: ReceiptIssuer;
let receipt: string;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
  tokens = await Tokens.load(ISSUER, keys);
  issuer = { issuer: ISSUER, room: 'demo', keys: keysOf({ keys: tokens.jwks }) };
  receipt = await tokens.issueReceipt(VISIT, AT);
});

const kindOf = (text: string, by = issuer) => checkReceipt(text, by).kind;

/** A token of the gateway's own key with these claims. */
async function signed(claims: Record<string, string | number>, typ = 'receipt+jwt'): Promise<string> {
  const [key] = await loadKeys(keys);
  if (key === undefined) throw new TypeError('There is no key.');
  const usual = { iss: ISSUER, aud: 'demo', epoch: 3, position: 5, iat: AT / 1_000 };
  return signJwt(key, typ, { ...usual, ...claims });
}

describe('a receipt', () => {
  test('that the gateway issued is valid, alone or behind its address, and says what was issued', () => {
    for (const text of [
      receipt,
      `#${receipt}`,
      `  ${receipt}\n`,
      `${ISSUER}/_fairgate/rooms/demo/receipt#${receipt}`,
    ]) {
      expect(checkReceipt(text, issuer)).toEqual({
        kind: 'valid',
        visit: { room: 'demo', position: 51_204, completedAt: AT, reference: 'A-123' },
      });
    }
  });

  test('says what it was issued with, whatever that was', async () => {
    const printable = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: REFERENCE_CHARS_MAX,
    });
    const visits = fc.record({
      position: fc.integer({ min: 1, max: 10_000_000 }),
      seconds: fc.integer({ min: 0, max: 4_000_000_000 }),
      reference: fc.option(printable),
    });
    await fc.assert(
      fc.asyncProperty(visits, async ({ position, seconds, reference }) => {
        const completedAt = seconds * 1_000;
        const token = await tokens.issueReceipt({ room: 'demo', epoch: 3, position, completedAt, reference }, AT);
        expect(checkReceipt(token, issuer)).toEqual({
          kind: 'valid',
          visit: { room: 'demo', position, completedAt, reference },
        });
      }),
      { numRuns: 50 },
    );
  });

  test('with one character changed is never valid', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.';
    fc.assert(
      fc.property(fc.nat(receipt.length - 1), fc.constantFrom(...alphabet), (at, character) => {
        fc.pre(receipt[at] !== character);
        const changed = receipt.slice(0, at) + character + receipt.slice(at + 1);
        // The last character of the signature has bits that stand for nothing.
        fc.pre(at !== receipt.length - 1);
        expect(checkReceipt(changed, issuer)).not.toHaveProperty('visit');
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['of a queue token', () => signed({ draw: 'x', sub: 'A'.repeat(22) }, 'queue+jwt'), 'unreadable'],
    ['of an admission token', () => signed({ sid: 'x' }, 'admission+jwt'), 'unreadable'],
    ['of another issuer with the same keys', () => signed({ iss: 'https://other.example' }), 'otherGateway'],
    ['of another room', () => signed({ aud: 'other' }), 'otherRoom'],
    ['without a position', () => signed({ position: 0 }), 'unreadable'],
    ['with a time that no date has', () => signed({ iat: 1e15 }), 'unreadable'],
    ['with a reference that steers a screen', () => signed({ reference: '\u202eA' }), 'unreadable'],
    [
      'with a reference that is too long',
      () => signed({ reference: 'A'.repeat(REFERENCE_CHARS_MAX + 1) }),
      'unreadable',
    ],
  ] as const)('%s is not valid', async (_what, token, kind) => {
    expect(kindOf(await token())).toBe(kind);
  });

  test('by a key that is not on the page, or by another key of that name, is not valid', async () => {
    const other = await Tokens.load(ISSUER, { keys: [await newSigningKey(0)] });
    expect(kindOf(await other.issueReceipt(VISIT, AT))).toBe('unknownKey');
    const [own, foreign] = [issuer.keys[0], keysOf({ keys: other.jwks })[0]];
    const exchanged = { ...issuer, keys: [{ kid: own?.kid ?? '', x: foreign?.x ?? '', y: foreign?.y ?? '' }] };
    expect(kindOf(receipt, exchanged)).toBe('forged');
  });

  test('is nothing else, and nothing makes the check fail', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', '#', '..', 'a.b.c', '{}', `${'A'.repeat(5_000)}`),
    );
    fc.assert(
      fc.property(text, (given) => {
        expect(kindOf(given)).toBe('unreadable');
      }),
    );
    expect(kindOf(`${receipt}${'A'.repeat(3_000)}`)).toBe('unreadable');
  });
});
