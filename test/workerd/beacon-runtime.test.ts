// The beacon inside the production runtime: its arithmetic is checked there, and its fetch is asked with options that exist.

import { expect, test } from 'vitest';
import { QUICKNET } from '../../worker/beacon/chain.ts';
import { fetchBeacon } from '../../worker/beacon/fetch-beacon.ts';
import { verifyBeacon } from '../../worker/beacon/verify-beacon.ts';
import { REAL_BEACON, SISTER_BEACON } from '../fixtures/drand-beacons.ts';

const { beacon } = REAL_BEACON;

test('a real beacon verifies in the production runtime, and as one of another round or chain it does not', () => {
  expect(verifyBeacon(QUICKNET, beacon)).toEqual({ kind: 'genuine', beacon });
  expect(verifyBeacon(QUICKNET, { ...beacon, round: beacon.round + 1 })).toMatchObject({ fault: 'signature' });
  expect(verifyBeacon(SISTER_BEACON.chain, beacon)).toMatchObject({ fault: 'signature' });
});

test('relays are asked with options that the runtime supports, and a redirect is not followed', async () => {
  const ask = (response: () => Response) =>
    fetchBeacon(QUICKNET, beacon.round, {
      fetch: async (url, init) => {
        new Request(url, init); // Throws where the runtime does not support such a request.
        return response();
      },
      relays: ['https://relay.example'],
    });
  expect(await ask(() => Response.json(beacon))).toEqual({
    kind: 'beacon',
    beacon,
    relay: 'https://relay.example',
    faults: [],
  });
  expect(await ask(() => new Response(null, { status: 302, headers: { Location: 'https://other.example' } }))).toEqual({
    kind: 'failed',
    faults: [
      {
        relay: 'https://relay.example',
        reason: 'redirects (HTTP 302), which is not followed',
        fault: 'redirect',
      },
    ],
  });
});
