// `npm run check-receipt`: valid for what the gateway signed as a receipt, for nothing else; and nothing that is given steers the terminal.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import type { JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ReceiptTrust, verifyReceipt } from '../../scripts/lib/receipt-verdict.ts';
import { signJwt } from '../../worker/tokens/sign-jwt.ts';
import { loadKeys, newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { Tokens } from '../../worker/tokens/tokens.ts';

const ISSUER = 'https://gate.example';
const AT = Date.parse('2027-08-05T11:07:31.000Z');
const VISIT = { room: 'demo', epoch: 3, position: 51_204, completedAt: AT, reference: 'A-123' };
const ADDRESS = `${ISSUER}/_fairgate/rooms/demo/receipt#`;

const folder = mkdtempSync(join(tmpdir(), 'fairgate-check-receipt-'));
const keysFile = join(folder, 'jwks.json');
let keys: SigningKeys;
let tokens: Tokens;
let receipt: string;
let trust: ReceiptTrust;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
  tokens = await Tokens.load(ISSUER, keys);
  receipt = await tokens.issueReceipt(VISIT, AT);
  trust = { keys: tokens.jwks as JSONWebKeySet, room: null, issuer: null };
  writeFileSync(keysFile, JSON.stringify(tokens.jwks));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function signed(claims: Record<string, string | number>, typ = 'receipt+jwt'): Promise<string> {
  const [key] = await loadKeys(keys);
  if (key === undefined) throw new TypeError('There is no key.');
  return signJwt(key, typ, { iss: ISSUER, aud: 'demo', epoch: 3, position: 5, iat: AT / 1_000, ...claims });
}

function run(...options: string[]): Promise<{ code: number; out: string; err: string }> {
  const script = resolve(import.meta.dirname, '../../scripts/check-receipt.ts');
  return new Promise((done) => {
    execFile(process.execPath, [script, ...options], (error, out, err) => {
      done({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

describe('a receipt', () => {
  test('is valid alone and behind its address, and says what was issued', async () => {
    for (const text of [receipt, ADDRESS + receipt, `#${receipt}\n`]) {
      expect(await verifyReceipt(text, { ...trust, room: 'demo', issuer: ISSUER })).toEqual({
        valid: true,
        room: 'demo',
        epoch: 3,
        position: 51_204,
        completedAt: '2027-08-05T11:07:31.000Z',
        reference: 'A-123',
        issuer: ISSUER,
      });
    }
  });

  test.each<[string, () => Promise<string>, RegExp]>([
    ['a queue token', () => signed({ draw: 'x' }, 'queue+jwt'), /not a receipt/],
    ['of no position', () => signed({ position: 0 }), /claims of a receipt/],
    ['with a reference that steers a screen', () => signed({ reference: '\u202e\u001b[2J' }), /claims of a receipt/],
    [
      'behind the address of another gateway',
      async () => `https://evil.example/_fairgate/rooms/demo/receipt#${receipt}`,
      /its address/,
    ],
    [
      'behind the address of another room',
      async () => `${ISSUER}/_fairgate/rooms/other/receipt#${receipt}`,
      /its address/,
    ],
    ['text', async () => 'hello', /not a receipt/],
    ['far too long', async () => 'A'.repeat(10_000), /too long/],
  ])('%s is not valid', async (_what, text, reason) => {
    expect(await verifyReceipt(await text(), trust)).toEqual({ valid: false, reason: expect.stringMatching(reason) });
  });

  test('of another room or gateway is not valid where that is asked for', async () => {
    expect(await verifyReceipt(receipt, { ...trust, room: 'other' })).toMatchObject({ valid: false });
    expect(await verifyReceipt(receipt, { ...trust, issuer: 'https://other.example' })).toMatchObject({ valid: false });
    const other = await Tokens.load(ISSUER, { keys: [await newSigningKey(0)] });
    expect(await verifyReceipt(await other.issueReceipt(VISIT, AT), trust)).toEqual({
      valid: false,
      reason: 'none of the keys has signed it',
    });
  });

  test('with one character changed is never valid', async () => {
    const alphabet = [...'ABCXYZabcxyz0189-_.'];
    await fc.assert(
      fc.asyncProperty(fc.nat(receipt.length - 2), fc.constantFrom(...alphabet), async (at, character) => {
        fc.pre(receipt[at] !== character);
        const changed = receipt.slice(0, at) + character + receipt.slice(at + 1);
        expect((await verifyReceipt(changed, trust)).valid).toBe(false);
      }),
      { numRuns: 150 },
    );
  });
});

describe('the command', () => {
  test('prints what a valid receipt says, exits with 0, and opens no address', async () => {
    const { code, out, err } = await run('--keys', keysFile, ADDRESS + receipt);
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(
      'Valid\n  reference A-123\n  recorded  2027-08-05T11:07:31.000Z\n  position  51204\n  room      demo\n  issuer    https://gate.example\n',
    );
    const json = await run('--keys', keysFile, '--json', receipt);
    expect(JSON.parse(json.out)).toMatchObject({ valid: true, position: 51_204 });
  });

  test('exits with 1 for what is not valid, and with 2 for what cannot be read or is left out', async () => {
    expect(await run('--keys', keysFile, `${receipt.slice(0, -12)}AAAAAAAAAAAA`)).toMatchObject({
      code: 1,
      out: 'Not valid: it was changed after it was signed\n',
    });
    expect((await run('--keys', join(folder, 'missing'), receipt)).code).toBe(2);
    expect((await run(receipt)).code).toBe(2);
    expect((await run('--help')).out).toContain('npm run check-receipt');
    const damaged = join(folder, 'damaged.json');
    const [key] = tokens.jwks.keys;
    writeFileSync(damaged, JSON.stringify({ keys: [{ ...key, x: 'AAAA' }] }));
    expect(await run('--keys', damaged, receipt)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^The keys cannot be used/),
    });
  });

  test('prints nothing that moves a cursor, whatever it is given', async () => {
    const hostile = ['\u001b[2J\u001b]0;x\u0007', '\u202egnp.exe', '\u0000', 'a\nValid'];
    const room = await signed({ aud: '\u001b[31mdemo\u202e\nValid' });
    const outputs = [
      await run('--keys', keysFile, room),
      await run('--keys', keysFile, '--json', room),
      await run('--keys', keysFile, '--room', hostile[0] ?? '', receipt),
      await run('--keys', hostile[1] ?? '', receipt),
      await run('--keys', keysFile, `https://\u001b[2J.example/_fairgate/rooms/demo/receipt#${receipt}`),
      await run('--keys', keysFile, hostile[3] ?? ''),
    ];
    for (const { out, err } of outputs) {
      const lines = `${out}${err}`.replaceAll('\n', '');
      expect(lines).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(out.split('\n').slice(1).join()).not.toMatch(/^Valid/m);
    }
  });
});
