// The beacon of a draw: which round it is, and that nothing but the one signature of the chain for that round is accepted, from
// whatever relays. The real beacons are of chains of drand; the others of a private chain with relays on loopback.

import { createHash } from 'node:crypto';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import fc from 'fast-check';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { roundAfter, roundTime } from '../../queue-core/draw.ts';
import { beaconChainSchema, QUICKNET } from '../../worker/beacon/chain.ts';
import { chainHash } from '../../worker/beacon/chain-hash.ts';
import { BEACON_BYTES_MAX, type BeaconAnswer, fetchBeacon } from '../../worker/beacon/fetch-beacon.ts';
import { BEACON_FAULTS, type BeaconFault, verifyBeacon } from '../../worker/beacon/verify-beacon.ts';
import { isLoopback } from '../../worker/contract/loopback.ts';
import { type DrandRelay, flipped, privateChain, type RelayBehaviour, startDrandRelay } from '../drand-relay.ts';
import { REAL_BEACON, SISTER_BEACON } from '../fixtures/drand-beacons.ts';

const PRIVATE = privateChain();
const REAL = [REAL_BEACON, SISTER_BEACON];
const sha256 = (hex: string) => createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex');

describe('a chain', () => {
  test.each(REAL)('has the hash of its own parameters: $chain.beaconId', ({ chain }) => {
    expect(chainHash(chain)).toBe(chain.hash);
  });

  test('is quicknet by default, with the parameters that drand publishes', () => {
    const { relays, ...parameters } = QUICKNET;
    expect(parameters).toEqual(REAL_BEACON.chain);
    expect(relays.length).toBeGreaterThan(1);
    expect(beaconChainSchema.parse(QUICKNET)).toEqual(QUICKNET);
  });

  test('of drand’s default name leaves the name out of its hash', () => {
    const named = (beaconId: string) => chainHash({ ...QUICKNET, beaconId });
    const times = Buffer.alloc(12);
    times.writeUInt32BE(3, 0);
    times.writeBigInt64BE(1_692_803_367n, 4);
    const unnamed = Buffer.concat([times, Buffer.from(QUICKNET.publicKey + QUICKNET.groupHash, 'hex')]);
    expect(named('default')).toBe(sha256(unnamed.toString('hex')));
  });

  test('with any parameter changed is refused: its hash is another one', () => {
    const changes: Record<string, unknown>[] = [
      { genesisTime: QUICKNET.genesisTime + 1 },
      { period: 30 },
      { beaconId: 'quicknet-t' },
      { groupHash: flipped(QUICKNET.groupHash) },
      { publicKey: flipped(QUICKNET.publicKey) },
      { hash: flipped(QUICKNET.hash) },
    ];
    for (const change of changes) {
      const parsed = beaconChainSchema.safeParse({ ...QUICKNET, ...change });
      expect(parsed.error?.issues.map(({ path, message }) => `${path}: ${message}`)).toEqual([
        expect.stringMatching(/^hash: must be the hash of the other parameters, which is [0-9a-f]{64}/),
      ]);
    }
  });

  test.each([
    ['another scheme', { scheme: 'pedersen-bls-chained' }],
    ['a shorter key', { publicKey: QUICKNET.publicKey.slice(2) }],
    ['capital letters', { hash: QUICKNET.hash.toUpperCase() }],
    ['no period', { period: 0 }],
    ['half a second', { period: 0.5 }],
    ['an unknown field', { threshold: 3 }],
    ['no relay', { relays: [] }],
    ['too many relays', { relays: Array.from({ length: 9 }, (_, index) => `https://relay-${index}.example`) }],
    ['a relay by http', { relays: ['http://api.drand.sh'] }],
    ['a relay that only looks like loopback', { relays: ['http://127.0.0.1.example'] }],
    ['a relay with a user', { relays: ['https://user@api.drand.sh'] }],
    ['a relay with a query', { relays: ['https://api.drand.sh/?a'] }],
    ['a relay of another kind', { relays: ['file:///etc/passwd'] }],
  ])('with %s is refused', (_, change) => {
    expect(beaconChainSchema.safeParse({ ...QUICKNET, ...change }).success).toBe(false);
  });

  test('takes http relays on loopback only, and leaves out slashes at the end', () => {
    const relays = ['http://127.0.0.1:8080/', 'http://[::1]:80', 'http://localhost', 'https://drand.example/relay//'];
    expect(beaconChainSchema.parse({ ...QUICKNET, relays }).relays).toEqual([
      'http://127.0.0.1:8080',
      'http://[::1]:80',
      'http://localhost',
      'https://drand.example/relay',
    ]);
  });

  test('loopback is this machine, not a name that begins like its address', () => {
    const hosts = ['127.0.0.1', '127.1', '2130706433', '[::1]', 'localhost', 'a.localhost'];
    expect(hosts.filter((host) => !isLoopback(new URL(`http://${host}`).hostname))).toEqual([]);
    const others = ['127.evil.example', '127.0.0.1.example', '128.0.0.1', '[::2]', 'localhost.example', 'notlocalhost'];
    expect(others.filter((host) => isLoopback(new URL(`http://${host}`).hostname))).toEqual([]);
  });
});

describe('the round of an opening', () => {
  const chains = fc.record({
    genesisTime: fc.integer({ min: 1, max: 2 ** 32 }),
    period: fc.integer({ min: 1, max: 86_400 }),
  });

  test('is the first one that is due at least 3 s after it', () => {
    const opening = fc.integer({ min: 0, max: 253_402_300_799_999 });
    fc.assert(
      fc.property(chains, opening, (chain, opensAt) => {
        const round = roundAfter(chain, opensAt);
        expect(roundTime(chain, round)).toBeGreaterThanOrEqual(opensAt + 3_000);
        if (round > 1) expect(roundTime(chain, round - 1)).toBeLessThan(opensAt + 3_000);
      }),
      { numRuns: 2_000 },
    );
  });

  test('counts a round that is due exactly 3 s later, and not one a millisecond earlier', () => {
    fc.assert(
      fc.property(chains, fc.integer({ min: 1, max: 2_000_000 }), (chain, round) => {
        const opensAt = roundTime(chain, round) - 3_000;
        expect(roundAfter(chain, opensAt - 1)).toBe(round);
        expect(roundAfter(chain, opensAt)).toBe(round);
        expect(roundAfter(chain, opensAt + 1)).toBe(round + 1);
      }),
      { numRuns: 2_000 },
    );
  });

  test('is round 1 of a chain that begins later', () => {
    expect(roundAfter({ genesisTime: 1_000_000, period: 30 }, 0)).toBe(1);
  });

  test('of quicknet is a known one', () => {
    expect(roundTime(QUICKNET, 27_946_612)).toBe(Date.parse('2026-04-20T00:00:00.000Z'));
    expect(roundAfter(QUICKNET, Date.parse('2026-04-19T23:59:57.000Z'))).toBe(27_946_612);
    expect(roundAfter(QUICKNET, Date.parse('2026-04-20T00:00:00.000Z'))).toBe(27_946_613);
  });

  test('of a time that is none, and a round that is none, throw', () => {
    for (const opensAt of [Number.NaN, Number.POSITIVE_INFINITY, 0.5])
      expect(() => roundAfter(QUICKNET, opensAt)).toThrow(RangeError);
    for (const round of [0, -1, 1.5, Number.NaN]) expect(() => roundTime(QUICKNET, round)).toThrow(RangeError);
  });
});

/** Where a signature is replaced, the randomness follows it, so that another check has to refuse it. */
const signedBy = (signature: string) => ({ signature, randomness: sha256(signature) });

/** x coordinates from 4 on, compressed: the first one on the curve is outside of the subgroup of G1. */
function pointOutsideOfTheSubgroup(): string {
  const { Fp } = bls12_381.fields;
  for (let x = 4n; ; x++) {
    const squared = Fp.create(x ** 3n + 4n);
    try {
      Fp.sqrt(squared);
    } catch {
      continue; // No such point.
    }
    const bytes = Buffer.from(x.toString(16).padStart(96, '0'), 'hex');
    bytes[0] = 0x80;
    return bytes.toString('hex');
  }
}

function pointOutsideOfTheCurve(): string {
  const { Fp } = bls12_381.fields;
  for (let x = 4n; ; x++) {
    try {
      Fp.sqrt(Fp.create(x ** 3n + 4n));
    } catch {
      const bytes = Buffer.from(x.toString(16).padStart(96, '0'), 'hex');
      bytes[0] = 0x80;
      return bytes.toString('hex');
    }
  }
}

const IDENTITY = `c0${'00'.repeat(47)}`;

describe('a beacon', () => {
  test.each(REAL)('as a real chain published it verifies: $chain.beaconId', ({ chain, beacon }) => {
    expect(verifyBeacon(chain, beacon)).toEqual({ kind: 'genuine', beacon });
  });

  const { beacon } = REAL_BEACON;
  const { signature } = beacon;

  const TAMPERED: [string, object, BeaconFault][] = [
    ['of another round', { round: beacon.round + 1 }, 'signature'],
    ['of round 0', { round: 0 }, 'form'],
    ['of half a round', { round: 1000.5 }, 'form'],
    ['of a round beyond whole numbers', { round: 2 ** 53 }, 'form'],
    ['of a round as text', { round: '1000' }, 'form'],
    ['of another chain', { ...SISTER_BEACON.beacon }, 'signature'],
    ['of another chain, for this round', PRIVATE.sign(beacon.round), 'signature'],
    ['with other randomness', { randomness: flipped(beacon.randomness) }, 'randomness'],
    ['with shorter randomness', { randomness: beacon.randomness.slice(2) }, 'form'],
    ['without randomness', { randomness: null }, 'form'],
    ['with a longer signature', signedBy(`${signature}00`), 'form'],
    ['with a shorter signature', signedBy(signature.slice(2)), 'form'],
    ['in capital letters', { signature: signature.toUpperCase() }, 'form'],
    ['with an empty signature', signedBy(''), 'form'],
    ['signed by the identity', signedBy(IDENTITY), 'point'],
    ['signed by a point outside of the curve', signedBy(pointOutsideOfTheCurve()), 'point'],
    ['signed by a point outside of the subgroup', signedBy(pointOutsideOfTheSubgroup()), 'point'],
    ['signed by a point that is not compressed', signedBy(flipped(signature, 0)), 'point'],
    ['signed by the negated point', signedBy(flipped(signature, 2)), 'signature'],
    ['signed by an x coordinate beyond the field', signedBy(`9f${'ff'.repeat(47)}`), 'point'],
    ['signed by the generator', signedBy(bls12_381.G1.Point.BASE.toHex(true)), 'signature'],
  ];

  test.each(TAMPERED)('%s is refused', (_, change, fault) => {
    expect(verifyBeacon(QUICKNET, { ...beacon, ...change })).toEqual({ kind: 'refused', fault });
    expect(BEACON_FAULTS[fault]).not.toBe('');
  });

  test.each([null, undefined, 'beacon', [], {}])('that is %j is refused', (given) => {
    expect(verifyBeacon(QUICKNET, given)).toEqual({ kind: 'refused', fault: 'form' });
  });

  test('with any bit of its signature flipped is refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 383 }), (bit) => {
        expect(verifyBeacon(QUICKNET, { ...beacon, ...signedBy(flipped(signature, bit)) }).kind).toBe('refused');
      }),
      { numRuns: 40 },
    );
  });

  test('of a chain whose key or scheme cannot sign is refused', () => {
    const scheme = 'bls-unchained-on-g1' as 'bls-unchained-g1-rfc9380';
    const keyless = { ...QUICKNET, publicKey: `c0${'00'.repeat(95)}` };
    expect(verifyBeacon(keyless, beacon)).toEqual({ kind: 'refused', fault: 'publicKey' });
    // With the identity as key, the identity would be the signature of every round.
    expect(verifyBeacon(keyless, { round: 1, ...signedBy(IDENTITY) })).toEqual({ kind: 'refused', fault: 'publicKey' });
    expect(verifyBeacon({ ...QUICKNET, publicKey: '00'.repeat(96) }, beacon)).toMatchObject({ fault: 'publicKey' });
    expect(verifyBeacon({ ...QUICKNET, scheme }, beacon)).toEqual({ kind: 'refused', fault: 'scheme' });
  });
});

describe('asking relays', () => {
  const relays: DrandRelay[] = [];
  afterAll(() => Promise.all(relays.map((relay) => relay.stop())));

  const ROUND = 100;
  const due = roundTime(PRIVATE.chain, ROUND);

  async function relay(behaviour: RelayBehaviour, now: () => number = () => due): Promise<DrandRelay> {
    const started = await startDrandRelay(PRIVATE, { behaviour, now });
    relays.push(started);
    return started;
  }

  async function ask(behaviours: RelayBehaviour[], now?: () => number, timeoutMs = 20_000): Promise<BeaconAnswer> {
    const asked = await Promise.all(behaviours.map((behaviour) => relay(behaviour, now)));
    // No head start, so that a relay that never answers does not hold up the test.
    return fetchBeacon(PRIVATE.chain, ROUND, { fetch, relays: asked.map(({ url }) => url), timeoutMs, headStartMs: 0 });
  }

  const genuine = { kind: 'beacon', beacon: PRIVATE.sign(ROUND) };
  const honest: RelayBehaviour = { kind: 'honest' };

  test('an honest one gives the round, by an address with the hash of the chain', async () => {
    const one = await relay(honest);
    expect(await fetchBeacon(one.chain, ROUND, { fetch })).toEqual({ ...genuine, relay: one.url, faults: [] });
    expect(one.requests).toEqual([`/${PRIVATE.chain.hash}/public/${ROUND}`]);
  });

  const FAULTY: [string, RelayBehaviour, string][] = [
    ['is down', { kind: 'down' }, 'could not be reached (TypeError)'],
    [
      'replays an older round',
      { kind: 'replay', rounds: 1, relabelled: false },
      'answered with round 99 instead of 100',
    ],
    [
      'calls an older round by this number',
      { kind: 'replay', rounds: 1, relabelled: true },
      `answered with a beacon that does not verify: ${BEACON_FAULTS.signature}`,
    ],
    [
      'signs with another chain’s key',
      { kind: 'forged', by: privateChain({ seed: 'another' }) },
      `answered with a beacon that does not verify: ${BEACON_FAULTS.signature}`,
    ],
    [
      'flips a bit of the signature',
      { kind: 'flipped', field: 'signature' },
      `answered with a beacon that does not verify: ${BEACON_FAULTS.randomness}`,
    ],
    [
      'flips a bit of the randomness',
      { kind: 'flipped', field: 'randomness' },
      `answered with a beacon that does not verify: ${BEACON_FAULTS.randomness}`,
    ],
    ['fails', { kind: 'answer', status: 500, body: 'secret of the relay' }, 'answered with HTTP 500'],
    [
      'redirects',
      { kind: 'answer', status: 302, body: '', headers: { Location: 'http://127.0.0.1:9/' } },
      'redirects (HTTP 302), which is not followed',
    ],
    ['answers a page', { kind: 'answer', status: 200, body: '<p>Hello' }, 'answered with something that is no beacon'],
    ['answers nothing', { kind: 'answer', status: 200, body: '' }, 'answered with something that is no beacon'],
    [
      'answers without end',
      { kind: 'answer', status: 200, body: ' '.repeat(BEACON_BYTES_MAX + 1) },
      `answered with more than ${BEACON_BYTES_MAX} bytes`,
    ],
    [
      'does not know the chain',
      { kind: 'answer', status: 404, body: 'there is no BeaconHandler' },
      'does not serve this chain, or has no such address (HTTP 404)',
    ],
  ];

  test.each(FAULTY)('one that %s is told, and the next one is asked', async (_, behaviour, reason) => {
    const answer = await ask([behaviour, behaviour, honest]);
    expect(answer).toMatchObject(genuine);
    const alone = await ask([behaviour, behaviour]);
    expect(alone.kind).toBe('failed');
    expect(alone.faults.map((fault) => fault.reason)).toEqual([reason, reason]);
    expect(JSON.stringify(alone)).not.toContain('secret of the relay');
  });

  test('a silent one does not hold up the others, and is told after its time', async () => {
    expect(await ask([{ kind: 'silent' }, honest])).toMatchObject(genuine);
    expect(await ask([{ kind: 'silent' }], undefined, 20)).toMatchObject({
      kind: 'failed',
      faults: [{ reason: 'did not answer within 20 ms' }],
    });
  });

  test('one that answers in parts without end is given up after its time', async () => {
    const stream = () => new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
    const answer = await fetchBeacon(PRIVATE.chain, ROUND, {
      fetch: async () => new Response(stream()),
      relays: ['https://relay.example'],
      timeoutMs: 20,
    });
    expect(answer).toMatchObject({ kind: 'failed', faults: [{ reason: 'did not answer within 20 ms' }] });
  });

  test('the second one is asked only where the first has not answered within its head start, and has failed at once', async () => {
    const [first, second] = [await relay(honest), await relay(honest)];
    const urls = [first.url, second.url];
    await fetchBeacon(PRIVATE.chain, ROUND, { fetch, relays: urls, headStartMs: 60_000 });
    expect([first.requests.length, second.requests.length]).toEqual([1, 0]);
    first.behaviour = { kind: 'down' };
    expect(await fetchBeacon(PRIVATE.chain, ROUND, { fetch, relays: urls, headStartMs: 60_000 })).toMatchObject({
      ...genuine,
      relay: second.url,
      faults: [{ relay: first.url }],
    });
  });

  test('the requests that are no longer needed are aborted', async () => {
    const signals: AbortSignal[] = [];
    const spied = vi.fn(async (url: string, init: RequestInit) => {
      signals.push(init.signal as AbortSignal);
      if (url.startsWith('https://slow.example')) return new Promise<Response>(() => {});
      return Response.json(PRIVATE.sign(ROUND));
    });
    const urls = ['https://slow.example', 'https://good.example', 'https://unneeded.example'];
    const answer = await fetchBeacon(PRIVATE.chain, ROUND, { fetch: spied, relays: urls, headStartMs: 0 });
    expect(answer).toMatchObject({ ...genuine, relay: 'https://good.example' });
    expect(signals.every((signal) => signal.aborted)).toBe(true);
  });

  test('a round that is not out yet is told apart from a failure', async () => {
    const early = () => due - 1;
    const down: RelayBehaviour = { kind: 'down' };
    expect((await ask([honest, honest], early)).kind).toBe('notYet');
    expect((await ask([down, honest, down], early)).kind).toBe('notYet');
    expect((await ask([{ kind: 'late', ms: Number.POSITIVE_INFINITY }])).kind).toBe('notYet');
    expect((await ask([{ kind: 'answer', status: 425, body: 'too early' }])).kind).toBe('notYet');
    expect((await ask([down, down], early)).kind).toBe('failed');
    // One relay is behind, another has it.
    expect(await ask([{ kind: 'late', ms: 60_000 }, honest])).toMatchObject(genuine);
  });

  test('of none, or for a round that no chain has, says so', async () => {
    expect(await fetchBeacon(PRIVATE.chain, ROUND, { fetch, relays: [] })).toEqual({ kind: 'failed', faults: [] });
    await expect(fetchBeacon(PRIVATE.chain, 0, { fetch })).rejects.toThrow(RangeError);
  });
});

describe('the private chain of tests', () => {
  test('is served with drand’s addresses', async () => {
    const { chain, sign } = PRIVATE;
    const relay = await startDrandRelay(PRIVATE, { now: () => roundTime(chain, 7) + 1 });
    const json = async (path: string) => (await fetch(`${relay.url}${path}`)).json();
    expect(await json('/chains')).toEqual([chain.hash]);
    expect(await json(`/${chain.hash}/info`)).toMatchObject({ hash: chain.hash, metadata: { beaconID: 'private' } });
    expect(await json('/info')).toEqual(await json(`/${chain.hash}/info`));
    expect(await json('/public/latest')).toEqual(sign(7));
    expect(await json('/public/3')).toEqual(sign(3));
    const early = await fetch(`${relay.url}/public/8`);
    expect([early.status, await early.text()]).toEqual([404, '']);
    await relay.stop();
  });
});
