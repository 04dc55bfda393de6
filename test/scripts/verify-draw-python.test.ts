// docs/verify_draw.py, which needs nothing but Python: the same verdicts as `npm run verify-draw`, except on the beacon's signature,
// which it says that it does not check.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PYTHON } from '../../scripts/lib/system-packages.ts';
import { CHEATING, HONEST } from '../cheating-draws.ts';
import { exampleDraw, positionsOf, sizeVectors } from '../draw-vectors.ts';
import { CHAIN, earlierState, honestDraw } from '../published-draws.ts';

const SCRIPT = resolve(import.meta.dirname, '../../docs/verify_draw.py');

function verify(document: unknown, ...options: string[]) {
  const input = typeof document === 'string' ? document : JSON.stringify(document);
  const { status, stdout, stderr } = spawnSync(PYTHON.file, [SCRIPT, '-', ...options], { input, encoding: 'utf8' });
  return { status, stdout, stderr };
}

const sha256Hex = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

const trusted = ['--chain', CHAIN.chain.hash];
const NOT_CHECKED = 'NOT CHECKED: the beacon';

describe('docs/verify_draw.py', () => {
  test('verifies a draw with a real beacon, prints positions, and says what it does not check', () => {
    const example = exampleDraw();
    const { status, stdout } = verify(example, '--entry', '1', '--entry', '10');
    expect([status, stdout]).toEqual([0, expect.stringContaining(NOT_CHECKED)]);
    const positions = positionsOf(10, example.seed ?? '');
    expect(stdout).toContain(`entry 1 has position ${positions[0]}\n`);
    expect(stdout).toContain(`entry 10 has position ${positions[9]}\n`);
  });

  test.each(sizeVectors())('gives the positions of a draw of $entries entries', ({ entries, seed, first, last }) => {
    const secret = exampleDraw().secret ?? '';
    const draw = honestDraw({ chain: null, entries, secret });
    expect(draw.seed).toBe(seed);
    const { status, stdout } = verify(draw, '--entry', '1', '--entry', String(entries));
    expect([status, stdout]).toEqual([0, expect.stringContaining('Proven, without public randomness.')]);
    expect(stdout).toContain(`entry 1 has position ${first}\n`);
    expect(stdout).toContain(`entry ${entries} has position ${last}\n`);
    expect(stdout.includes('each once')).toBe(entries <= 100_000);
  });

  test('proves a draw of no entries', () => {
    expect(verify(honestDraw({ entries: 0 }), ...trusted).status).toBe(0);
  });

  test.each(CHEATING)('an operator who %s is found, unless by the signature alone', (how, draw) => {
    const { status, stdout } = verify(draw, ...trusted);
    const bySignature = [
      'signs with a key of their own for the trusted chain',
      'calls an older round by the right number',
    ];
    const alone = [...bySignature, 'publishes the identity as signature, and its hash'].includes(how);
    expect([status, stdout]).toEqual(
      alone ? [0, expect.stringContaining(NOT_CHECKED)] : [1, expect.stringContaining('NOT PROVEN')],
    );
  });

  test.each(['committed', 'drawing'] as const)('says of a draw that is %s that nothing is wrong so far', (state) => {
    const { status, stdout } = verify(earlierState(HONEST, state), ...trusted);
    expect([status, stdout]).toEqual([1, expect.stringContaining('NOT PROVEN YET')]);
    expect(stdout).not.toMatch(/FAIL|NOT PROVEN$/m);
  });

  test('finds what is wrong before the draw', () => {
    const draw = { ...earlierState(HONEST, 'committed'), opensAt: '2027-08-05T12:00:00.000Z' };
    const { status, stdout } = verify(draw, ...trusted);
    expect([status, stdout]).toEqual([1, expect.stringMatching(/^NOT PROVEN$/m)]);
    expect(stdout).toMatch(/^FAIL {2}the round is the first one/m);
  });

  test('trusts quicknet alone unless told otherwise', () => {
    const { status, stdout } = verify(HONEST);
    expect([status, stdout]).toEqual([1, expect.stringContaining('FAIL  the chain is the trusted one')]);
  });

  test('proves nothing of a secret that is not published, whatever the commitment is', () => {
    const commitment = sha256Hex('');
    const { at } = HONEST.commitments[0] ?? { at: '' };
    const count = Buffer.alloc(8);
    count.writeBigUInt64BE(BigInt(HONEST.entries ?? 0));
    const randomness = Buffer.from(HONEST.beacon?.randomness ?? '', 'hex');
    const seed = sha256Hex(Buffer.concat([Buffer.from('fairgate/draw/v1'), randomness, count]));
    const { status, stdout } = verify({ ...HONEST, commitments: [{ commitment, at }], secret: null, seed }, ...trusted);
    expect([status, stdout]).toEqual([1, expect.stringContaining('FAIL  the secret is published')]);
  });

  test('says that an entry took no part', () => {
    expect(verify(HONEST, ...trusted, '--entry', '301').status).toBe(1);
    expect(verify(HONEST, ...trusted, '--entry', '0').status).toBe(1);
  });

  test.each([
    ['no JSON', '{'],
    ['too much', ' '.repeat(300_000)],
    ['a list', '[]'],
    ['another document', { hello: 1 }],
    ['another format', { ...HONEST, format: 'fairgate/draw/v2' }],
    ['a secret with spaces', { ...HONEST, secret: `${HONEST.secret?.slice(2)} ${HONEST.secret?.slice(0, 2)}` }],
    ['a shorter secret', { ...HONEST, secret: HONEST.secret?.slice(2) }],
    ['half an entry', { ...HONEST, entries: 1.5 }],
    ['entries less than none', { ...HONEST, entries: -1 }],
    ['more entries than anybody has', { ...HONEST, entries: 1e12 }],
    ['true as a number of entries', { ...HONEST, entries: true }],
    ['a time that is none', { ...HONEST, opensAt: 'noon' }],
    ['a time of another zone', { ...HONEST, opensAt: HONEST.opensAt.replace('Z', '+09:00') }],
    ['a time with a tail', { ...HONEST, opensAt: `${HONEST.opensAt}Z` }],
    ['another scheme', { ...HONEST, beacon: { ...HONEST.beacon, chain: { ...CHAIN.chain, scheme: 'pedersen' } } }],
    ['brackets without end', '['.repeat(200_000)],
  ])('exits with 2 and one line for %s', (_, document) => {
    const { status, stderr } = verify(document, ...trusted);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^- is not a published draw.*\n$/)]);
  });
});
