// `npm run verify-draw` against operators who cheat: each way by the check that finds it, and no other draw is called proven. The
// honest draws are made with the gateway's own code, which the command does not use.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawnPosition } from '../../queue-core/draw.ts';
import { isPermutation } from '../../scripts/draw/all-positions.ts';
import {
  type CheckName,
  type DrawEvidence,
  type DrawVerdict,
  positionsCheck,
  verifyDraw,
} from '../../scripts/draw/draw-checks.ts';
import { shuffledIndices } from '../../scripts/draw/spec-shuffle.ts';
import { listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import type { BeaconAnswer } from '../../worker/beacon/fetch-beacon.ts';
import type { PublishedDraw } from '../../worker/contract/draw-schema.ts';
import { beaconOf, CHEATING, HONEST } from '../cheating-draws.ts';
import { flipped, privateChain, startDrandRelay } from '../drand-relay.ts';
import { exampleDraw, positionsOf, SIZES } from '../draw-vectors.ts';
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

let issuer: Issuer;
beforeAll(async () => {
  issuer = await newIssuer();
});

function verify(draw: PublishedDraw, evidence: Partial<DrawEvidence> = {}): Promise<DrawVerdict> {
  const keys = evidence.tokens === undefined ? null : issuer.keys;
  return verifyDraw({
    ...{ draw, keys, earlier: [], tokens: [], entries: [], requireBeacon: false, relays: null },
    trustedChain: CHAIN.chain.hash,
    ...evidence,
  });
}

const failed = ({ checks }: DrawVerdict) => [
  ...new Set(checks.filter(({ outcome }) => outcome === 'fails').map(({ check }) => check)),
];
const textsOf = ({ checks }: DrawVerdict) => checks.map(({ text }) => text).join('\n');
const named = (jwts: string[]) => jwts.map((jwt, index) => ({ name: `token ${index + 1}`, jwt }));

/** Checks that every verdict has. */
const ALWAYS: CheckName[] = ['state', 'commitments', 'secret', 'beacon', 'seed', 'positions'];

const WITHOUT_BEACON = honestDraw({ chain: null });
describe('an honest draw', () => {
  test('is proven, with the positions of its tokens and entries', async () => {
    const entries = [1, 2, 299, ENTRIES];
    const jwts = await Promise.all(entries.map((number) => issuer.token(HONEST, { kind: 'entry', number })));
    jwts.push(await issuer.token(HONEST, { kind: 'position', number: ENTRIES + 1 }, { issuedAt: OPENS_AT + 1 }));
    const verdict = await verify(HONEST, { tokens: named(jwts), entries: [7] });
    expect([verdict.proven, verdict.withPublicRandomness, failed(verdict)]).toEqual([true, true, []]);
    const drawn = (entry: number) => drawnPosition(entry, ENTRIES, HONEST.seed ?? '');
    expect(verdict.places).toEqual([
      ...entries.map((entry, index) => ({ name: `token ${index + 1}`, entry, position: drawn(entry) })),
      { name: 'token 5', entry: null, position: ENTRIES + 1 },
      { name: 'entry 7', entry: 7, position: drawn(7) },
    ]);
  });

  test('with a real beacon of quicknet is proven', async () => {
    const example = exampleDraw();
    const verdict = await verify(example, { trustedChain: example.beacon?.chain.hash ?? '' });
    expect([verdict.proven, failed(verdict)]).toEqual([true, []]);
  });

  test('agrees with what was published before, also where the opening was moved before it', async () => {
    const moved = honestDraw({ opensAt: OPENS_AT - 600_000 });
    const earlier = [
      { name: 'first.json', draw: earlierState({ ...moved, commitments: HONEST.commitments }, 'committed') },
      { name: 'second.json', draw: earlierState(HONEST, 'committed') },
      { name: 'third.json', draw: earlierState(HONEST, 'drawing') },
      { name: 'fourth.json', draw: HONEST },
    ];
    const verdict = await verify(HONEST, { earlier });
    expect([verdict.proven, failed(verdict)]).toEqual([true, []]);
    expect(textsOf(verdict)).toContain('The opening was moved from 2027-08-05T10:50:00.000Z (first.json)');
  });

  test('without a beacon is proven, says what that leaves open, and is not where a beacon is required', async () => {
    const verdict = await verify(WITHOUT_BEACON);
    expect([verdict.proven, verdict.withPublicRandomness]).toEqual([true, false]);
    expect(textsOf(verdict)).toContain('could try how many entries to add');
    expect(failed(await verify(WITHOUT_BEACON, { requireBeacon: true }))).toEqual(['beacon']);
  });

  test('of no entries, or of a room that was open from the start, is proven', async () => {
    expect((await verify(honestDraw({ entries: 0 }))).proven).toBe(true);
    const late = [
      { ...HONEST.commitments[0], commitment: HONEST.commitments[0]?.commitment ?? '', at: '2027-08-05T11:00:01.000Z' },
    ];
    expect((await verify({ ...honestDraw({ entries: 0 }), commitments: late })).proven).toBe(true);
  });

  test('of any size, opening, secret and chain is proven', async () => {
    const hex32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));
    const chains = fc.record({
      genesisTime: fc.integer({ min: 1, max: 1_800_000_000 }),
      period: fc.integer({ min: 1, max: 60 }),
      seed: fc.string(),
    });
    await fc.assert(
      fc.asyncProperty(
        chains,
        hex32,
        fc.integer({ min: 0, max: 600 }),
        fc.integer({ min: 1_600_000_000_000, max: 2_000_000_000_000 }),
        async (settings, secret, entries, opensAt) => {
          const chain = privateChain(settings);
          const verdict = await verify(honestDraw({ chain, secret, entries, opensAt }), {
            trustedChain: chain.chain.hash,
          });
          expect([verdict.proven, failed(verdict)]).toEqual([true, []]);
        },
      ),
      { numRuns: 10 },
    );
  });
});

describe('an operator who', () => {
  test.each(CHEATING)('%s is found', async (_, draw, checks) => {
    const verdict = await verify(draw);
    expect([verdict.proven, failed(verdict)]).toEqual([false, checks]);
    // What cannot be checked is a check that failed, not one that is missing.
    const made = verdict.checks.map(({ check }) => check);
    for (const check of ALWAYS) expect(made).toContain(check);
  });

  test('changes any one value of the document is found', async () => {
    const paths = [
      'secret',
      'seed',
      'beacon.randomness',
      'beacon.signature',
      'beacon.chain.hash',
      'beacon.chain.groupHash',
    ];
    const change = fc.record({ path: fc.constantFrom(...paths), bit: fc.nat() });
    await fc.assert(
      fc.asyncProperty(change, async ({ path, bit }) => {
        const changed = structuredClone(HONEST) as unknown as Record<string, Record<string, unknown>>;
        const names = path.split('.');
        const last = names.pop() ?? '';
        let parent: Record<string, unknown> = changed;
        for (const name of names) parent = parent[name] as Record<string, unknown>;
        const hex = parent[last] as string;
        parent[last] = flipped(hex, bit % (hex.length * 4));
        expect((await verify(changed as unknown as PublishedDraw)).proven).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  const entryToken = (number: number, change = {}) => issuer.token(HONEST, { kind: 'entry', number }, change);

  const BY_TOKEN: [string, () => Promise<string[]>, string][] = [
    ['has lowered N', async () => [await entryToken(ENTRIES + 1)], 'has entry 301, but N is 300'],
    [
      'has replaced the commitment',
      async () => [await entryToken(1, { commitment: 'e9'.repeat(32) })],
      'was given under another commitment, e9e9',
    ],
    [
      'has given an entry after the opening',
      async () => [await entryToken(1, { issuedAt: OPENS_AT + 1_000 })],
      'was issued after the opening, at 2027-08-05T11:00:01.000Z',
    ],
    [
      'has given one entry twice',
      async () => [await entryToken(5), await entryToken(6), await entryToken(5)],
      'token 3 has entry 5, and so has token 1, of another visitor: it was given twice',
    ],
    [
      'has given a position that the draw gives',
      async () => [await issuer.token(HONEST, { kind: 'position', number: ENTRIES })],
      'has position 300 without a draw',
    ],
    [
      'shows a token of another opening',
      async () => [await entryToken(1, { epoch: 2 })],
      'is of opening 2, not of opening 3',
    ],
    [
      'shows a token of another room',
      async () => [await entryToken(1, { room: 'other' })],
      'is of room other, not of demo',
    ],
    [
      'has swapped the signing keys',
      async () => [await (await newIssuer()).token(HONEST, { kind: 'entry', number: 1 })],
      'is not signed by any of the given keys',
    ],
    [
      'shows an edited token',
      async () => {
        const [header = '', payload = '', signature = ''] = (await entryToken(2)).split('.');
        const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
        const edited = Buffer.from(JSON.stringify({ ...claims, entry: 1 })).toString('base64url');
        return [`${header}.${edited}.${signature}`];
      },
      'is not signed by any of the given keys',
    ],
    [
      'shows an unsigned token',
      async () => {
        const [, payload = ''] = (await entryToken(2)).split('.');
        return [`${Buffer.from('{"alg":"none","typ":"queue+jwt"}').toString('base64url')}.${payload}.`];
      },
      'is not signed by any of the given keys',
    ],
    ['shows a token of another kind', async () => [await issuer.admission(HONEST)], 'no queue token (admission+jwt)'],
    ['shows no token at all', async () => ['not a token'], 'is not signed by any of the given keys'],
  ];

  test.each(BY_TOKEN)('%s is found by a token', async (_, jwts, text) => {
    const verdict = await verify(HONEST, { tokens: named(await jwts()) });
    expect([verdict.proven, failed(verdict)]).toEqual([false, ['token']]);
    expect(textsOf(verdict)).toContain(text);
  });

  test('withholds the public keys is found by a token', async () => {
    const tokens = named([await entryToken(1)]);
    expect(failed(await verify(HONEST, { tokens, keys: null }))).toEqual(['token']);
  });

  test('moved the opening is found by the tokens from before', async () => {
    const planned = honestDraw({ opensAt: OPENS_AT - 60_000 });
    const jwt = await issuer.token(planned, { kind: 'entry', number: 1 });
    const verdict = await verify(HONEST, { tokens: named([jwt]) });
    expect(verdict.proven).toBe(true);
    expect(textsOf(verdict)).toContain('the opening was planned for 2027-08-05T10:59:00.000Z; it was moved');
  });

  const drawing = earlierState(HONEST, 'drawing');
  const BY_COPY: [string, PublishedDraw, PublishedDraw, string][] = [
    ['raised N when the beacon was known', honestDraw({ entries: 400 }), drawing, 'N was 300 and is 400'],
    ['lowered N when the beacon was known', honestDraw({ entries: 200 }), drawing, 'N was 300 and is 200'],
    [
      'removed the first commitment',
      honestDraw({ secret: 'd8'.repeat(32) }),
      earlierState(HONEST, 'committed'),
      'the list of commitments was',
    ],
    ['dropped the beacon', WITHOUT_BEACON, earlierState(HONEST, 'committed'), 'the choice of the beacon was {"chain"'],
    [
      'changed what happens after the deadline',
      honestDraw({ afterDeadline: 'withoutBeacon' }),
      earlierState(HONEST, 'committed'),
      '"afterDeadline":"wait"',
    ],
    [
      'moved the opening after it',
      honestDraw({ opensAt: OPENS_AT + 6_000 }),
      { ...drawing, commitments: honestDraw({ opensAt: OPENS_AT + 6_000 }).commitments },
      'the opening was "2027-08-05T11:00:00.000Z"',
    ],
    ['drew again', honestDraw({ entries: 200 }), HONEST, 'the seed was'],
    ['repeated the opening', { ...HONEST, epoch: 4 }, drawing, 'is of opening 3 of room demo, not of opening 4'],
  ];

  test.each(BY_COPY)('%s is found by a copy from before', async (_, draw, copy, text) => {
    const verdict = await verify(draw, { earlier: [{ name: 'copy.json', draw: copy }] });
    expect([verdict.proven, failed(verdict)]).toEqual([false, ['earlier copy']]);
    expect(textsOf(verdict)).toContain(text);
  });

  test('withheld the beacon is shown that relays have it', async () => {
    const { round } = beaconOf(HONEST);
    const withheld = reseeded({ ...HONEST, beacon: { ...beaconOf(HONEST), randomness: null, signature: null } });
    const relays: BeaconAnswer = {
      kind: 'beacon',
      beacon: CHAIN.sign(round),
      relay: 'https://relay.example',
      faults: [],
    };
    const verdict = await verify(withheld, { relays });
    expect(failed(verdict)).toEqual(['beacon', 'relays']);
    expect(textsOf(verdict)).toContain(
      `https://relay.example has it, with the randomness ${CHAIN.sign(round).randomness}`,
    );
    expect((await verify(HONEST, { relays })).proven).toBe(true);
    const other: BeaconAnswer = { ...relays, beacon: CHAIN.sign(round + 1) };
    expect(failed(await verify(HONEST, { relays: other }))).toEqual(['relays']);
    const faults = [{ relay: 'https://relay.example', fault: 'unreachable' as const, reason: 'could not be reached' }];
    expect((await verify(HONEST, { relays: { kind: 'failed', faults } })).proven).toBe(true);
  });

  test('shows an entry that took no part is found', async () => {
    expect(failed(await verify(HONEST, { entries: [ENTRIES + 1] }))).toEqual(['entry']);
  });
});

test('the checks import nothing of the gateway but types', async () => {
  const { metafile } = await build({
    entryPoints: [resolve(import.meta.dirname, '../../scripts/draw/draw-checks.ts')],
    ...{ bundle: true, write: false, metafile: true, format: 'esm', platform: 'node', packages: 'external' },
  });
  const files = Object.keys(metafile.inputs).map((file) => file.replace(/^.*(?=scripts\/|worker\/|queue-core\/)/, ''));
  expect(files.toSorted()).toEqual(
    ['all-positions', 'draw-checks', 'spec-shuffle'].map((name) => `scripts/draw/${name}.ts`),
  );
});

describe('the shuffle of the command', () => {
  test('whose positions are not those from 1 to N proves nothing', () => {
    const positions = Uint32Array.from([1, 1]);
    expect(positionsCheck({ entries: 2, state: 'drawn' }, { positions, by: 'a broken shuffle' }).outcome).toBe('fails');
  });

  test.each(SIZES)('from the specification is that of another project, for N = %i', (entries) => {
    const seed = 'f0'.repeat(32);
    const own = shuffledIndices(entries, Buffer.from(seed, 'hex')).map((index) => index + 1);
    expect(Buffer.from(own.buffer).equals(Buffer.from(positionsOf(entries, seed).buffer))).toBe(true);
    expect(isPermutation(own)).toBe(true);
  });

  test('of no entries is empty; a list with a number twice or out of range is no permutation', () => {
    expect(shuffledIndices(0, Buffer.alloc(32))).toHaveLength(0);
    expect([[1, 2], [2, 1], []].map((list) => isPermutation(Uint32Array.from(list)))).toEqual([true, true, true]);
    expect(
      [
        [1, 1],
        [0, 1],
        [1, 3],
      ].map((list) => isPermutation(Uint32Array.from(list))),
    ).toEqual([false, false, false]);
  });
});

describe('npm run verify-draw', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairgate-draw-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function fileOf(name: string, content: unknown): string {
    const file = join(folder, name);
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  }

  async function command(...args: string[]) {
    const script = resolve(import.meta.dirname, '../../scripts/verify-draw.ts');
    try {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, ...args], { encoding: 'utf8' });
      return { code: 0, stdout, stderr };
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string };
    }
  }

  const trusted = ['--chain', CHAIN.chain.hash];

  test('says in words that a draw is proven, and exits with 0', async () => {
    const draw = fileOf('draw.json', { ...HONEST, aFieldOfALaterVersion: true });
    const tokens = fileOf('tokens.txt', `# mine\n\n${await issuer.token(HONEST, { kind: 'entry', number: 9 })}\n`);
    const jwks = fileOf('jwks.json', issuer.keys);
    const copy = fileOf('copy.json', earlierState(HONEST, 'drawing'));
    const { code, stdout } = await command(
      draw,
      ...trusted,
      '--tokens',
      tokens,
      '--jwks',
      jwks,
      '--earlier',
      copy,
      '--entry',
      '1',
    );
    expect([code, stdout]).toEqual([0, expect.stringContaining('PROVEN: the order follows')]);
    const position = (entry: number) => drawnPosition(entry, ENTRIES, HONEST.seed ?? '');
    expect(stdout).toContain(`tokens.txt:3 is genuine: entry 9 has position ${position(9)}.`);
    expect(stdout).toContain(`Entry 1 has position ${position(1)}.`);
    expect(stdout).not.toContain('FAIL');
  });

  test('names the checks that failed, and exits with 1', async () => {
    const draw = fileOf('changed.json', { ...HONEST, entries: ENTRIES + 1 });
    const { code, stdout } = await command(draw, ...trusted);
    expect([code, stdout]).toEqual([1, expect.stringContaining('NOT PROVEN: seed.')]);
    expect(stdout).toMatch(/^FAIL {2}seed/m);
  });

  test.each(['committed', 'drawing'] as const)(
    'says of a draw that is %s that nothing is wrong so far',
    async (state) => {
      const draw = earlierState(HONEST, state);
      const jwt = await issuer.token(HONEST, { kind: 'entry', number: 9 });
      const jwks = fileOf('jwks.json', issuer.keys);
      const file = fileOf('early.json', draw);
      const { code, stdout } = await command(file, ...trusted, '--token', jwt, '--jwks', jwks, '--entry', '9');
      expect([code, stdout]).toEqual([
        1,
        expect.stringContaining('NOT PROVEN YET: the draw is not made, and nothing is wrong so far.'),
      ]);
      expect(stdout).not.toMatch(/FAIL|NOT PROVEN:|left out|took no part/);
    },
  );

  test.each<[CheckName, 'committed' | 'drawing', Partial<PublishedDraw>, string[]]>([
    ['commitments', 'committed', { commitments: [...HONEST.commitments, ...HONEST.commitments] }, []],
    ['round', 'committed', { opensAt: '2027-08-05T12:00:00.000Z' }, []],
    ['secret', 'drawing', { secret: 'ab'.repeat(32) }, []],
    ['entry', 'drawing', {}, ['--entry', String(ENTRIES + 1)]],
  ])('names a wrong %s of a draw that is %s, and nothing that is awaited', async (check, state, change, options) => {
    const draw = fileOf('early.json', { ...earlierState(HONEST, state), ...change });
    const { code, stdout } = await command(draw, ...trusted, ...options);
    expect([code, stdout]).toEqual([1, expect.stringContaining(`NOT PROVEN: ${check}.`)]);
  });

  test('calls nothing awaited once the draw says that it is drawn', async () => {
    const verdict = await verify({ ...earlierState(HONEST, 'committed'), state: 'drawn' }, { entries: [9] });
    expect(verdict.checks.filter(({ awaitsDraw }) => awaitsDraw)).toEqual([]);
    expect(failed(verdict)).toEqual(['secret', 'beacon', 'seed', 'positions', 'entry']);
  });

  test('trusts quicknet alone unless told otherwise', async () => {
    const { code, stdout } = await command(fileOf('draw.json', HONEST));
    expect([code, stdout]).toEqual([1, expect.stringContaining('NOT PROVEN: chain.')]);
    expect((await command(fileOf('example.json', exampleDraw()))).code).toBe(0);
  });

  test('says in the verdict that there was no public randomness', async () => {
    const draw = fileOf('without.json', WITHOUT_BEACON);
    const { code, stdout } = await command(draw);
    expect([code, stdout]).toEqual([0, expect.stringContaining('PROVEN, WITHOUT PUBLIC RANDOMNESS')]);
    expect((await command(draw, '--require-beacon')).code).toBe(1);
  });

  test('prints JSON with every check, and never a token', async () => {
    const draw = fileOf('draw.json', HONEST);
    const jwt = await issuer.token(HONEST, { kind: 'entry', number: 9 });
    const jwks = fileOf('jwks.json', issuer.keys);
    const { code, stdout } = await command(draw, ...trusted, '--token', jwt, '--jwks', jwks, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'proven',
      room: 'demo',
      epoch: 3,
      entries: ENTRIES,
      withPublicRandomness: true,
      places: [{ name: 'token 1', entry: 9, position: drawnPosition(9, ENTRIES, HONEST.seed ?? '') }],
    });
    expect(stdout).not.toContain(jwt.split('.')[2]);
  });

  test('asks a gateway and its keys, and a relay', async () => {
    const relay = await startDrandRelay(CHAIN, { now: () => OPENS_AT + 60_000 });
    const server = createServer((request, response) => {
      const answers: Record<string, unknown> = {
        '/_fairgate/rooms/demo/draw': HONEST,
        '/.well-known/jwks.json': issuer.keys,
      };
      const answer = answers[request.url ?? ''];
      if (request.url === '/moved') return void response.writeHead(302, { Location: '/elsewhere' }).end();
      if (request.url === '/large') return void response.end(' '.repeat(300_000));
      response.writeHead(answer === undefined ? 404 : 200, { 'Content-Type': 'application/json' });
      response.end(
        JSON.stringify(answer ?? { type: 'x', title: 'No such room', status: 404, detail: 'Check the address.' }),
      );
    });
    const url = `http://127.0.0.1:${await listenOnLoopback(server)}`;
    const jwt = await issuer.token(HONEST, { kind: 'entry', number: 9 });
    const draw = `${url}/_fairgate/rooms/demo/draw`;
    const asked = await command(draw, ...trusted, '--token', jwt, '--relay', relay.url);
    expect([asked.code, asked.stdout]).toEqual([0, expect.stringContaining('has the same beacon for round')]);
    expect(relay.requests).toEqual([`/${CHAIN.chain.hash}/public/${beaconOf(HONEST).round}`]);
    const unreadable = async (address: string) => {
      const { code, stderr } = await command(address);
      return [code, stderr];
    };
    expect(await unreadable(`${url}/_fairgate/rooms/no/draw`)).toEqual([
      2,
      expect.stringContaining('No such room. Check the address.'),
    ]);
    expect(await unreadable(`${url}/moved`)).toEqual([2, expect.stringContaining('redirects to /elsewhere')]);
    expect(await unreadable(`${url}/large`)).toEqual([2, expect.stringContaining('more than 262144 bytes')]);
    server.closeAllConnections();
    server.close();
    await relay.stop();
    expect(await unreadable(draw)).toEqual([2, expect.stringContaining('cannot be fetched')]);
    expect(await unreadable('http://gate.example/draw')).toEqual([
      2,
      expect.stringContaining('is not an https address'),
    ]);
  });

  test('reads a visitor’s evidence: the draw, their token by keys from elsewhere, and copies that they saw', async () => {
    const receipt = await issuer.token(HONEST, { kind: 'entry', number: 7 });
    const [chain, forged] = [HONEST.beacon?.chain.hash ?? '', await newIssuer()];
    const evidence = { format: 'fairgate/evidence/v1', receipt, keys: issuer.keys.keys, draw: HONEST, earlier: [] };
    const file = fileOf('evidence.json', evidence);
    const keys = fileOf('jwks.json', issuer.keys);
    const alone = await command(file, '--chain', chain);
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('has a queue token in it. Give --jwks')]);
    const proven = await command(file, '--chain', chain, '--jwks', keys);
    expect([proven.code, proven.stdout]).toEqual([0, expect.stringContaining('receipt is genuine: entry 7')]);
    const swapped = {
      ...evidence,
      receipt: await forged.token(HONEST, { kind: 'entry', number: 7 }),
      keys: forged.keys.keys,
    };
    expect((await command(fileOf('swapped.json', swapped), '--chain', chain, '--jwks', keys)).code).toBe(1);
    const copied = { ...evidence, earlier: [{ ...earlierState(HONEST, 'drawing'), entries: ENTRIES + 1 }] };
    const { code, stdout } = await command(fileOf('copied.json', copied), '--chain', chain, '--jwks', keys);
    expect([code, stdout]).toEqual([1, expect.stringContaining(`N was ${ENTRIES + 1} and is ${ENTRIES}`)]);
    const unheld = fileOf('unheld.json', { ...evidence, receipt: null });
    expect((await command(unheld, '--chain', chain)).code).toBe(0);
  });

  const UNREADABLE: [string, unknown, string][] = [
    ['a page', '<!doctype html>', 'is a page'],
    ['no JSON', '{"format": ', 'is not JSON'],
    ['another document', { hello: 1 }, 'is not a published draw'],
    ['a board', { room: 'demo', nextPollSeconds: 2 }, 'is a board. Its draw is at …/draw'],
    [
      'another format',
      { ...HONEST, format: 'fairgate/draw/v2' },
      'has the format fairgate/draw/v2, which this version does not know',
    ],
    [
      'a refusal',
      { type: 'x', title: 'No such room', status: 404, detail: 'Check it.' },
      'is a refusal of the gateway: No such room',
    ],
    ['hex of a wrong length', { ...HONEST, secret: 'ab' }, 'must be 32 bytes in lower-case hex'],
    ['no commitment', { ...HONEST, commitments: [] }, 'is not a published draw'],
    ['half an entry', { ...HONEST, entries: 1.5 }, 'is not a published draw'],
    ['an entry less than none', { ...HONEST, entries: -1 }, 'is not a published draw'],
    ['a time that is none', { ...HONEST, opensAt: 'noon' }, 'is not a published draw'],
    ['too much', ' '.repeat(300_000), 'has more than 262144 bytes'],
  ];

  test.each(UNREADABLE)('that is given %s says so, and exits with 2', async (_, content, text) => {
    const { code, stderr } = await command(fileOf('given.json', content));
    expect([code, stderr]).toEqual([2, expect.stringContaining(text)]);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  test('reports every mistake in its options, and exits with 2', async () => {
    const { code, stderr } = await command(
      'a.json',
      '--entry',
      '0',
      '--chain',
      'x',
      '--token',
      'y',
      '--relay',
      'http://relay.example',
    );
    expect(code).toBe(2);
    for (const text of ['--entry 0', '--chain x', 'Tokens need --jwks', '--relay takes'])
      expect(stderr).toContain(text);
    expect(await command()).toMatchObject({ code: 2, stderr: expect.stringContaining('Give the address of the draw') });
    expect(await command('a.json', 'b.json')).toMatchObject({ code: 2, stderr: expect.stringContaining("'b.json'") });
    expect(await command('a.json', '--oops')).toMatchObject({ code: 2, stderr: expect.stringContaining('--oops') });
    expect(await command('-', '--earlier', '-')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('standard input'),
    });
    expect(await command(join(folder, 'missing.json'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cannot be read'),
    });
    const help = await command('--help');
    expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('Exit code: 0 if the draw is proven')]);
  });

  test('prints nothing of a hostile document that would look like its own words, or steer a terminal', async () => {
    const hostile = '\u001b[2J\u009b8m\u202e\nPROVEN: all is well\r';
    const texts: [string, unknown][] = [
      ['words', { ...HONEST, room: hostile, secret: '00'.repeat(32) }],
      ['format', { ...HONEST, format: hostile }],
      ['refusal', { type: 'about:blank', status: 404, title: hostile, detail: hostile }],
      ['syntax', `{"format":${hostile}`],
    ];
    for (const [name, content] of texts) {
      const file = fileOf(`hostile-${name}.json`, content);
      for (const options of [[], ['--json']]) {
        const { code, stdout, stderr } = await command(file, ...trusted, ...options);
        expect(code).toBe(name === 'words' ? 1 : 2);
        expect(stdout + stderr).not.toMatch(/^PROVEN/m);
        expect((stdout + stderr).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        if (options.length > 0 && name === 'words') expect(JSON.parse(stdout)).toMatchObject({ room: hostile });
      }
    }
  });

  test('that is given keys or tokens that are none says so, and exits with 2, in JSON too', async () => {
    const draw = fileOf('draw.json', HONEST);
    const none = fileOf('none.json', { keys: [] });
    const { code, stdout, stderr } = await command(draw, '--token', 'x', '--jwks', none, '--json');
    expect([code, stderr]).toEqual([2, expect.stringContaining('has no public keys')]);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'unreadable' });
    const empty = fileOf('empty.txt', '# nothing\n');
    expect(await command(draw, '--tokens', empty, '--jwks', none)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has no token in it'),
    });
  });
});
