// The checks of the proof page: an honest draw is proven, each kind of cheating that a visitor's browser can see is shown as failed in its
// step, and what can only be known later is never shown as done.

import { p256 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { CheckName } from '../../scripts/draw/draw-checks.ts';
import { chainHash } from '../../worker/beacon/chain-hash.ts';
import { drawSchema, type PublishedDraw } from '../../worker/contract/draw-schema.ts';
import { checkDraw, type Finding } from '../../worker/pages/proof-checks.ts';
import { DRAW_CHARS_MAX, readDraw } from '../../worker/pages/proof-document.ts';
import { evidenceJson, evidencePage, readPasted, savedModel } from '../../worker/pages/proof-evidence.ts';
import { sentence } from '../../worker/pages/proof-page.tsx';
import { movesShown, SHOWN_ALL_MAX } from '../../worker/pages/proof-picture.tsx';
import { readReceipt } from '../../worker/pages/proof-receipt.ts';
import type { StepName } from '../../worker/pages/proof-steps.ts';
import { proofEn } from '../../worker/pages/proof-strings-en.ts';
import { proofKo } from '../../worker/pages/proof-strings-ko.ts';
import { TOKEN_CHARS_MAX as PAGE_TOKEN_CHARS_MAX, type PublicKey } from '../../worker/pages/signed-token.ts';
import { TOKEN_CHARS_MAX } from '../../worker/tokens/tokens.ts';
import { CHEATING, HONEST } from '../cheating-draws.ts';
import { privateChain } from '../drand-relay.ts';
import { exampleDraw, positionsOf, SIZES } from '../draw-vectors.ts';
import { REAL_BEACON } from '../fixtures/drand-beacons.ts';
import {
  CHAIN,
  ENTRIES,
  earlierState,
  honestDraw,
  type Issuer,
  newIssuer,
  OPENS_AT,
  reseeded,
} from '../published-draws.ts';
import { asRead, keysOf, proofModel } from './built-proof.ts';

let issuer: Issuer;
let other: Issuer;
let keys: PublicKey[];
beforeAll(async () => {
  [issuer, other] = await Promise.all([newIssuer(), newIssuer()]);
  keys = keysOf(issuer);
});

const trusted = CHAIN.chain.hash;
const check = (draw: PublishedDraw, token: string | null = null, earlier: PublishedDraw[] = []) =>
  checkDraw({ draw: asRead(draw), receipt: token === null ? null : readReceipt(token, keys), earlier, trusted });
const entry = (number: number) => ({ kind: 'entry', number }) as const;
const position = (number: number) => ({ kind: 'position', number }) as const;
const outcomes = (result: ReturnType<typeof check>) =>
  Object.fromEntries(result.steps.map(({ name, outcome }) => [name, outcome]));
const texts = (result: ReturnType<typeof check>, outcome: Finding['outcome']) =>
  result.steps.flatMap(({ findings }) => findings.filter((one) => one.outcome === outcome).map(({ text }) => text));

describe('an honest draw', () => {
  test('is proven step by step, and the position is the one of the rule', async () => {
    const result = check(HONEST, await issuer.token(HONEST, entry(17)));
    expect(result.verdict).toBe('proven');
    expect(new Set(Object.values(outcomes(result)))).toEqual(new Set(['done']));
    expect(result.mine).toEqual({ entry: 17, position: positionsOf(ENTRIES, HONEST.seed ?? '')[16] });
  });

  test('of quicknet is proven with the chain that is pinned in the page, which is that of the gateway', () => {
    const { verdict, steps } = checkDraw({ draw: asRead(exampleDraw()), receipt: null });
    expect(verdict).toBe('proven');
    expect(steps.find(({ name }) => name === 'randomness')?.outcome).toBe('done');
    expect(exampleDraw().beacon?.chain).toEqual(REAL_BEACON.chain);
  });

  test('on another chain is weaker, and names the chain as none that the page knows', () => {
    const { verdict, steps } = checkDraw({ draw: asRead(HONEST), receipt: null });
    expect(verdict).toBe('weaker');
    const { findings } = steps.find(({ name }) => name === 'randomness') ?? { findings: [] };
    expect(findings.map(({ text }) => text)).toEqual(['roundDue', 'unknownChain', 'randomnessOfSignature']);
    expect(findings[1]?.values).toMatchObject({ hash: CHAIN.chain.hash });
  });

  test('on another chain that did not sign the round has failed', () => {
    const { beacon } = honestDraw({ chain: privateChain({ seed: 'one more chain' }) });
    if (HONEST.beacon === null || beacon === null) throw new TypeError('Both draws have a beacon.');
    const { randomness, signature } = beacon;
    const draw = reseeded({ ...HONEST, beacon: { ...HONEST.beacon, randomness, signature } });
    const { verdict, steps } = checkDraw({ draw: asRead(draw), receipt: null });
    expect(verdict).toBe('failed');
    expect(steps.find(({ name }) => name === 'randomness')?.findings.map(({ text }) => text)).toContain(
      'chainDidNotSign',
    );
  });

  test.each(SIZES.filter((size) => size <= 1_000))('of %i entries has the positions of other code', (entries) => {
    const draw = honestDraw({ entries });
    const all = positionsOf(entries, draw.seed ?? '');
    for (const { entry: number, position: drawn } of movesShown({ entries, seed: draw.seed ?? '' }, 1)) {
      expect(drawn).toBe(all[number - 1]);
    }
  });

  test('without a beacon is weaker, and says that it rests on the sealed secret alone', async () => {
    const draw = honestDraw({ chain: null });
    const result = check(draw, await issuer.token(draw, entry(3)));
    expect(result.verdict).toBe('weaker');
    expect(texts(result, 'note')).toEqual(['noRandomness']);
    expect(result.mine?.entry).toBe(3);
  });

  test.each(['committed', 'drawing'] as const)('that is %s shows what is not known yet as such', async (state) => {
    const draw = earlierState(HONEST, state);
    const result = check(draw, await issuer.token(draw, entry(17)));
    expect(result).toMatchObject({ verdict: state === 'drawing' ? 'drawing' : 'pending', mine: null, shuffle: null });
    const isCounted = state === 'drawing';
    expect(outcomes(result)).toEqual({
      seal: 'pending',
      entries: isCounted ? 'done' : 'pending',
      randomness: 'pending',
      entry: isCounted ? 'done' : 'pending',
      position: 'pending',
    });
    expect(texts(result, 'done')).toContain('sealInReceipt');
  });

  test('in which nobody took part is proven and has nothing to show', () => {
    const result = check(honestDraw({ entries: 0 }));
    expect(result.verdict).toBe('proven');
    expect(movesShown(result.shuffle ?? { entries: 1, seed: '' }, null)).toEqual([]);
  });
});

describe('an operator who', () => {
  const STEP_OF: Partial<Record<CheckName, StepName>> = {
    commitments: 'seal',
    secret: 'seal',
    chain: 'randomness',
    round: 'randomness',
    beacon: 'randomness',
    seed: 'position',
    positions: 'position',
  };

  test.each(CHEATING)(
    '%s is shown as failed in the step that finds it, or as not drawn yet',
    async (_how, draw, finds) => {
      for (const token of [null, await issuer.token(HONEST, entry(17))]) {
        const result = check(draw, token);
        const failedSteps = result.steps.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name);
        const isDrawn = draw.state === 'drawn';
        if (draw.beacon !== null && isDrawn && chainHash(draw.beacon.chain) !== trusted && failedSteps.length === 0) {
          // A chain of their own proves no more than no beacon, and the page says so.
          expect(result.verdict).toBe('weaker');
          expect(texts(result, 'note')).toContain('unknownChain');
          continue;
        }
        expect(result.verdict).toBe(isDrawn ? 'failed' : draw.state === 'drawing' ? 'drawing' : 'pending');
        if (isDrawn) expect(failedSteps).toEqual(expect.arrayContaining(finds.map((name) => STEP_OF[name])));
        else expect(result.mine).toBeNull();
      }
    },
  );

  test('withholds the beacon after the deadline is not proven, also where that was chosen at scheduling', () => {
    const honest = honestDraw({ afterDeadline: 'withoutBeacon' });
    const beacon = honest.beacon && { ...honest.beacon, randomness: null, signature: null };
    const result = check(reseeded({ ...honest, beacon }));
    expect(result.verdict).toBe('failed');
    expect(texts(result, 'failed')).toEqual(['beaconWithheld']);
  });

  const BY_RECEIPT: [string, (draw: PublishedDraw) => Promise<string>, Finding['text']][] = [
    [
      'swaps the secret after the visitor joined',
      (draw) => issuer.token(draw, entry(17), { commitment: 'e9'.repeat(32) }),
      'otherSealInReceipt',
    ],
    ['leaves the visitor out', (draw) => issuer.token(draw, entry(ENTRIES + 1)), 'entryLeftOut'],
    [
      'gives an entry after the opening',
      (draw) => issuer.token(draw, entry(17), { issuedAt: OPENS_AT + 60_000 }),
      'entryLate',
    ],
    ['gives a position of the draw without it', (draw) => issuer.token(draw, position(ENTRIES)), 'positionWithoutDraw'],
    ['swaps the keys', (draw) => other.token(draw, entry(17)), 'receiptUnknownKey'],
  ];

  test.each(BY_RECEIPT)('%s is found by the receipt', async (_how, token, text) => {
    const result = check(HONEST, await token(HONEST));
    expect(result).toMatchObject({ verdict: 'failed', mine: null });
    expect(texts(result, 'failed')).toContain(text);
  });

  const BY_COPY: [string, (draw: PublishedDraw) => PublishedDraw][] = [
    ['raises N with a seed that fits', (draw) => reseeded({ ...draw, entries: ENTRIES + 1 })],
    ['commits again and hides it', (draw) => ({ ...honestDraw({ secret: 'd8'.repeat(32) }), epoch: draw.epoch })],
    ['drops the beacon', (draw) => reseeded({ ...draw, beacon: null })],
    ['moves the opening', () => honestDraw({ opensAt: OPENS_AT + 60_000 })],
  ];

  test.each(BY_COPY)('%s is found by a copy from before', (_how, cheat) => {
    const draw = cheat(HONEST);
    expect(texts(check(draw), 'failed')).toEqual([]);
    expect(texts(check(draw, null, [earlierState(HONEST, 'drawing')]), 'failed')).toEqual(['copyDiffers']);
    expect(texts(check(HONEST, null, [earlierState(HONEST, 'drawing')]), 'done')).toContain('copyAgrees');
  });

  const BY_COPY_BEFORE_OPENING: [string, (draw: PublishedDraw) => PublishedDraw][] = [
    ['commits again and hides it', () => honestDraw({ secret: 'd8'.repeat(32) })],
    ['drops the beacon', (draw) => reseeded({ ...draw, beacon: null })],
    ['chooses afterwards to draw without a beacon', () => honestDraw({ afterDeadline: 'withoutBeacon' })],
  ];

  test.each(BY_COPY_BEFORE_OPENING)('%s is found by a copy from before the opening', (_how, cheat) => {
    const before = [earlierState(HONEST, 'committed')];
    expect(texts(check(cheat(HONEST), null, before), 'failed')).toEqual(['copyDiffers']);
    expect(texts(check(HONEST, null, before), 'done')).toContain('copyAgrees');
  });

  test('changes any one hex digit of the document is found', () => {
    const text = JSON.stringify(HONEST);
    const places = [...text.matchAll(/(?<=[0-9a-f]{20})[0-9a-f](?=[0-9a-f]{20})/g)].map(({ index }) => index);
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.integer({ min: 1, max: 15 }), (place, by) => {
        const digit = (Number.parseInt(text[place] ?? '', 16) ^ by).toString(16);
        const draw = readDraw(`${text.slice(0, place)}${digit}${text.slice(place + 1)}`);
        expect(draw).not.toBeNull();
        if (draw !== null) expect(checkDraw({ draw, receipt: null, trusted }).verdict).toBe('failed');
      }),
      { numRuns: 60 },
    );
  });
});

describe('a receipt', () => {
  test('with a position is of somebody who came later, and takes no part', async () => {
    const result = check(HONEST, await issuer.token(HONEST, position(ENTRIES + 5)));
    expect(result.verdict).toBe('proven');
    expect(result.mine).toEqual({ entry: null, position: ENTRIES + 5 });
    expect(texts(result, 'note')).toEqual(['positionByArrival']);
  });

  test('of another opening or room is no part of this draw, and no place of it is shown', async () => {
    for (const [change, text] of [
      [{ epoch: 4 }, 'otherEpoch'],
      [{ room: 'another' }, 'otherRoom'],
    ] as const) {
      const result = check(HONEST, await issuer.token(HONEST, entry(17), change));
      expect(result.mine).toBeNull();
      expect(texts(result, 'note')).toEqual([text]);
      expect(texts(result, 'done')).not.toContain('sealInReceipt');
    }
  });

  test('with any one character changed is refused', async () => {
    const token = await issuer.token(HONEST, entry(17));
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(...'Aa0_'), (place, character) => {
        // The last character of a signature has bits that no byte has.
        fc.pre(token[place] !== '.' && token[place] !== character && place < token.length - 1);
        const changed = `${token.slice(0, place)}${character}${token.slice(place + 1)}`;
        expect(readReceipt(changed, keys).kind).not.toBe('genuine');
        expect(check(HONEST, changed)).toMatchObject({ verdict: 'failed', mine: null });
      }),
      { numRuns: 100 },
    );
  });

  test('is no admission token, no token of another algorithm, and nothing without a signature', async () => {
    const token = await issuer.token(HONEST, entry(17));
    const [, payload = '', signature = ''] = token.split('.');
    const header = (fields: object) => Buffer.from(JSON.stringify(fields)).toString('base64url');
    const kid = keys[0]?.kid;
    const forgeries = [
      await issuer.admission(HONEST),
      `${header({ alg: 'none', typ: 'queue+jwt', kid })}.${payload}.`,
      `${header({ alg: 'HS256', typ: 'queue+jwt', kid })}.${payload}.${signature}`,
      `${header({ alg: 'ES256', typ: 'JWT', kid })}.${payload}.${signature}`,
      `${token}.x`,
      `${token}${'A'.repeat(PAGE_TOKEN_CHARS_MAX)}`,
      '',
      '..',
      'null.null.null',
    ];
    for (const forgery of forgeries) expect(readReceipt(forgery, keys), forgery).toEqual({ kind: 'unreadable' });
    expect(PAGE_TOKEN_CHARS_MAX).toBe(TOKEN_CHARS_MAX);
  });

  test('verifies with either value of s, as WebCrypto signs', async () => {
    const token = await issuer.token(HONEST, entry(17));
    const [header, payload, signature = ''] = token.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`);
    const n = p256.Point.Fn.ORDER;
    const other = Buffer.concat([bytes.subarray(0, 32), Buffer.from((n - s).toString(16).padStart(64, '0'), 'hex')]);
    for (const each of [bytes, other]) {
      expect(readReceipt(`${header}.${payload}.${each.toString('base64url')}`, keys).kind).toBe('genuine');
    }
  });

  test('of any form never throws and is never genuine', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.base64String(), { maxLength: 4 }).map((all) => all.join('.')),
        ),
        (text) => {
          expect(readReceipt(text, keys).kind).toBe('unreadable');
        },
      ),
    );
  });
});

describe('the document', () => {
  test('is read as the gateway’s schema reads it, with fields of later versions', () => {
    for (const draw of [HONEST, earlierState(HONEST, 'drawing'), earlierState(HONEST, 'committed'), exampleDraw()]) {
      expect(readDraw(JSON.stringify(drawSchema.parse(draw)))).toEqual(draw);
    }
    expect(readDraw(JSON.stringify({ ...HONEST, later: 1 }))?.epoch).toBe(HONEST.epoch);
  });

  test('with any field missing or of another kind is not read', () => {
    const paths = pathsIn(HONEST as unknown as Json);
    fc.assert(
      fc.property(
        fc.constantFrom(...paths),
        fc.constantFrom<unknown>(undefined, true, [], { a: 1 }, -1, 'x', 0.5),
        (path, value) => {
          // A room may have any name; so may a chain, and its scheme and its first nodes decide nothing.
          fc.pre(!(typeof value === 'string' && /^(room|beacon\.chain\.(beaconId|scheme))$/.test(path.join('.'))));
          expect(readDraw(JSON.stringify(changed(HONEST as unknown as Json, path, value)))).toBeNull();
        },
      ),
      { numRuns: 500 },
    );
    expect(readDraw(JSON.stringify({ ...HONEST, format: 'fairgate/draw/v2' }))).toBeNull();
    expect(readDraw(`${JSON.stringify(HONEST)}${' '.repeat(DRAW_CHARS_MAX)}`)).toBeNull();
    expect(readDraw('{')).toBeNull();
  });
});

type Json = { [name: string]: Json } | null | string | number;

function pathsIn(value: Json): string[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  return Object.entries(value).flatMap(([name, inner]) => pathsIn(inner).map((path) => [name, ...path]));
}

function changed(value: Json, [name, ...rest]: string[], to: unknown): unknown {
  if (name === undefined || typeof value !== 'object' || value === null) return to;
  const inner = changed(value[name] ?? null, rest, to);
  return Array.isArray(value) ? Object.assign([...value], { [name]: inner }) : { ...value, [name]: inner };
}

describe('the picture', () => {
  test('shows all of a few entries, and of many a bounded sample with the visitor’s own and both ends', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3_000_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (entries, part) => {
          const own = 1 + Math.floor(part * entries);
          const shown = movesShown({ entries, seed: HONEST.seed ?? '' }, own).map((move) => move.entry);
          expect(shown).toEqual([...new Set(shown)].sort((a, b) => a - b));
          expect(shown).toEqual(expect.arrayContaining([1, own, entries]));
          expect(shown.length).toBeLessThanOrEqual(Math.max(SHOWN_ALL_MAX, 33));
          if (entries <= SHOWN_ALL_MAX) expect(shown).toHaveLength(entries);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('the texts', () => {
  const words = { number: (value: number) => String(value), moment: (at: number) => new Date(at).toISOString() };
  const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

  function leaves(value: unknown, path = ''): [string, string][] {
    if (typeof value === 'string') return [[path, value]];
    return Object.entries(value as object).flatMap(([name, inner]) => leaves(inner, `${path}.${name}`));
  }

  test('of both languages have the same values in them', () => {
    const [en, ko] = [new Map(leaves(proofEn)), new Map(leaves(proofKo))];
    expect([...ko.keys()]).toEqual([...en.keys()]);
    for (const [name, text] of en) expect([name, placeholders(ko.get(name) ?? '')]).toEqual([name, placeholders(text)]);
  });

  test('of every finding are complete sentences in both languages', async () => {
    const tokens = await Promise.all([
      issuer.token(HONEST, entry(17)),
      issuer.token(HONEST, position(ENTRIES + 1)),
      issuer.token(HONEST, position(1)),
      issuer.token(HONEST, entry(ENTRIES + 1)),
      issuer.token(HONEST, entry(17), { epoch: 9 }),
      issuer.token(HONEST, entry(17), { room: 'another' }),
      issuer.token(HONEST, entry(17), { issuedAt: OPENS_AT + 5_000 }),
    ]);
    const draws = [HONEST, honestDraw({ chain: null }), ...CHEATING.map(([, draw]) => draw)];
    const results = draws.flatMap((draw) => [null, ...tokens].map((token) => check(draw, token, [HONEST])));
    const findings = results.flatMap(({ steps }) => steps.flatMap((step) => step.findings));
    expect(new Set(findings.map(({ text }) => text)).size).toBeGreaterThan(35);
    for (const found of findings) {
      for (const strings of [proofEn, proofKo]) {
        expect(sentence(found, strings, words)).toMatch(/^[^{}]+[.]$/);
        expect(sentence(found, strings, words)).not.toMatch(/undefined|NaN|\[object/);
      }
    }
  });
});

describe('the evidence', () => {
  test('as JSON has the receipt, the one key that signed it and the document, and is read again', async () => {
    const token = await issuer.token(HONEST, entry(17));
    const model = proofModel({ receipt: token, keys: [...keysOf(other), ...keys] });
    const before = earlierState(HONEST, 'drawing');
    const saved = savedModel(model, HONEST, [before], readReceipt(token, model.keys), '2027-08-05T12:00:00.000Z');
    const json = evidenceJson(saved);
    expect(JSON.parse(json)).toMatchObject({ receipt: token, draw: HONEST, earlier: [before], keys: issuer.keys.keys });
    expect(readPasted(json)).toEqual({ receipt: token, earlier: [before, HONEST] });
  });

  test('never brings a key of its own: who writes a file could sign with it', async () => {
    const forged = JSON.stringify({
      receipt: await other.token(HONEST, entry(1)),
      keys: other.keys.keys,
      draw: HONEST,
    });
    const { receipt, ...rest } = readPasted(forged);
    expect(Object.keys(rest)).toEqual(['earlier']);
    expect(check(HONEST, receipt)).toMatchObject({ verdict: 'failed', mine: null });
  });

  test('as a page holds any text without ending an element', () => {
    const hostile = '</script><script>alert(1)</script><!--<script>';
    const model = proofModel({
      receipt: hostile,
      room: { id: 'demo', title: { ko: hostile, en: hostile }, timeZone: 'x' },
    });
    const html = evidencePage(model, '{}', hostile, 'style', 'script');
    expect(html.match(/<script/g)).toHaveLength(3);
    expect(html).not.toContain('<!--');
  });

  test('that is pasted in parts, or is something else, is a receipt that cannot be read', () => {
    for (const text of ['', '{', '{"receipt":1}', 'x'.repeat(5_000_000)]) {
      expect(readReceipt(readPasted(text).receipt, keys)).toEqual({ kind: 'unreadable' });
    }
  });
});
