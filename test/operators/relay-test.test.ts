// The test of the relays of public randomness: what it says of each relay, what it costs, and what a caller can make of it.

import { afterEach, describe, expect, it } from 'vitest';
import type { BeaconChain } from '../../worker/beacon/chain.ts';
import { fetchBeacon } from '../../worker/beacon/fetch-beacon.ts';
import { TEST_EVERY_MS } from '../../worker/beacon/relay-test.ts';
import type { BeaconTest } from '../../worker/contract/operator-api.ts';
import { type DrandRelay, privateChain, type RelayBehaviour, startDrandRelay } from '../drand-relay.ts';
import { type InProcessGateway, ManualClock } from '../gateway/in-process.ts';
import { ask, logLength, problemIn, startGateway, withKey } from './operator-client.ts';

const CHAIN = privateChain();
const OTHER = privateChain({ seed: 'another chain' });

let relays: DrandRelay[] = [];
afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  relays = [];
});

interface Started {
  gateway: InProcessGateway;
  clock: ManualClock;
}

/** A gateway whose chain has relays that behave like this. */
async function startWith(
  behaviours: readonly RelayBehaviour[],
  { skewMs = 0, path = '' }: { skewMs?: number; path?: string } = {},
): Promise<Started> {
  const clock = new ManualClock();
  relays = await Promise.all(behaviours.map((behaviour) => startDrandRelay(CHAIN, { behaviour, now: clock.now })));
  const beaconChain: BeaconChain = { ...CHAIN.chain, relays: relays.map(({ url }) => url + path) };
  const gateway = await startGateway({
    clock,
    beaconChain,
    ownTime: () => clock.now() + skewMs,
    beacon: (chain, round) => {
      const isSilent = relays.find(({ url }) => chain.relays[0]?.startsWith(url))?.behaviour.kind === 'silent';
      const timeoutMs = isSilent ? 50 : 30_000;
      return fetchBeacon(chain, round, { fetch: (url, init) => fetch(url.replace(path, ''), init), timeoutMs });
    },
  });
  return { gateway, clock };
}

const test = async ({ gateway }: Started) => ask(gateway, 'testBeacon', { headers: withKey() });
const faultsIn = (document: unknown) => (document as BeaconTest).relays.map(({ fault }) => fault);

describe('a test of the relays', () => {
  it('verifies the latest round of each relay, and names what is wrong with the others', async () => {
    const behaviours: RelayBehaviour[] = [
      { kind: 'honest' },
      { kind: 'down' },
      { kind: 'silent' },
      { kind: 'replay', rounds: 1, relabelled: true },
      { kind: 'replay', rounds: 1, relabelled: false },
      { kind: 'forged', by: OTHER },
      { kind: 'answer', status: 302, body: '', headers: { Location: 'http://127.0.0.1:1/' } },
      { kind: 'late', ms: Number.POSITIVE_INFINITY },
    ];
    const started = await startWith(behaviours);
    const { status, document } = await test(started);
    expect(status).toBe(200);
    const { round, at, chain, relays: told } = document as BeaconTest;
    expect(faultsIn(document)).toEqual([
      null,
      'unreachable',
      'noAnswer',
      'notGenuine',
      'otherRound',
      'notGenuine',
      'redirect',
      'notYet',
    ]);
    expect(told.map(({ relay }) => `http://${relay}`)).toEqual(relays.map(({ url }) => url));
    expect(chain).toEqual({ hash: CHAIN.chain.hash, genesisTime: CHAIN.chain.genesisTime, period: CHAIN.chain.period });
    const age = Date.parse(at) - (CHAIN.chain.genesisTime + (round - 1) * CHAIN.chain.period) * 1_000;
    expect(age).toBeGreaterThanOrEqual(2_000);
    expect(age).toBeLessThan(2_000 + CHAIN.chain.period * 1_000);
    // The request to the silent one may be given up before it arrives.
    const asked = relays.filter(({ behaviour }) => behaviour.kind !== 'silent');
    for (const { requests } of asked) expect(requests).toEqual([`/${CHAIN.chain.hash}/public/${round}`]);
  });

  it('shows that this gateway’s clock is ahead', async () => {
    const { document } = await test(await startWith([{ kind: 'honest' }], { skewMs: 60_000 }));
    expect(faultsIn(document)).toEqual(['notYet']);
  });

  it('is made once in ten seconds, however often and by however many it is asked for', async () => {
    const started = await startWith([{ kind: 'slow', ms: 50 }]);
    const all = await Promise.all(Array.from({ length: 20 }, () => test(started)));
    const tested = all.filter(({ status }) => status === 200);
    expect(tested).toHaveLength(1);
    for (const refused of all.filter((response) => response !== tested[0])) {
      expect([refused.status, problemIn(refused), refused.headers.get('Retry-After')]).toEqual([
        429,
        'too-many-requests',
        '2',
      ]);
    }
    for (let second = 1; second < TEST_EVERY_MS / 1_000; second++) {
      started.clock.advance(1_000);
      expect((await test(started)).document).toEqual(tested[0]?.document);
    }
    expect(relays[0]?.requests).toHaveLength(1);
    started.clock.advance(1_000);
    expect((await test(started)).document).not.toEqual(tested[0]?.document);
    expect(relays[0]?.requests).toHaveLength(2);
  });

  it('is made again where the request that made one was cancelled', async () => {
    const { gateway, clock } = await startWith([{ kind: 'honest' }]);
    const [relay] = relays;
    if (relay !== undefined) relay.behaviour = { kind: 'slow', ms: 86_400_000 };
    // What a cancelled request leaves: a test that has not ended.
    void ask(gateway, 'testBeacon', { headers: withKey() });
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(TEST_EVERY_MS);
    if (relay !== undefined) relay.behaviour = { kind: 'honest' };
    expect(faultsIn((await ask(gateway, 'testBeacon', { headers: withKey() })).document)).toEqual([null]);
  });

  it('takes nothing from who asks, records nothing, and tells of a relay’s address its host alone', async () => {
    const started = await startWith([{ kind: 'honest' }], { path: '/secret-of-the-relay' });
    const { gateway } = started;
    const before = await logLength(gateway);
    const headers = { ...withKey(), 'Idempotency-Key': 'x', 'If-Match': '"1.1.ahead"' };
    const body = { relays: ['http://169.254.169.254/'], round: 1, chain: OTHER.chain };
    const query = { relay: 'http://169.254.169.254/', round: '1' };
    const { status, text, document } = await ask(gateway, 'testBeacon', { headers, body, query });
    expect([status, faultsIn(document)]).toEqual([200, [null]]);
    expect(text).not.toContain('secret');
    expect(relays[0]?.requests).toEqual([`/${CHAIN.chain.hash}/public/${(document as BeaconTest).round}`]);
    expect(await logLength(gateway)).toBe(before);
  });
});
