// A room draws with public randomness: from the schedule that an operator sets to a document that a stranger verifies, with code that
// shares nothing with the gateway. The chain is one of our own; its relay is asked by the gateway's own code.

import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Board } from '../../queue-core/board.ts';
import { roundTime } from '../../queue-core/draw.ts';
import { encodeDocument } from '../../queue-core/stored-format.ts';
import { verifyDraw } from '../../scripts/draw/draw-checks.ts';
import { fetchBeacon } from '../../worker/beacon/fetch-beacon.ts';
import { drawSchema, type PublishedDraw } from '../../worker/contract/draw-schema.ts';
import type { OperationName } from '../../worker/contract/operator-api.ts';
import { StoreUnavailable } from '../../worker/store/room-store.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { type DrandRelay, privateChain, startDrandRelay } from '../drand-relay.ts';
import { ask, onCurrentVersion, withKey } from '../operators/operator-client.ts';
import {
  type InProcessGateway,
  InProcessVisitor,
  ManualClock,
  NOON,
  startBeside,
  startInProcess,
} from './in-process.ts';
import { AS_PAGE } from './visitor-client.ts';

const OPENS_AT = NOON + 60_000;
const CHAIN = privateChain();
const BEACON = { deadlineSeconds: 120, afterDeadline: 'wait' as const };

let keys: SigningKeys;
beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

/** As an operator who has the present version before them. */
async function asOwner(gateway: InProcessGateway, name: OperationName, { body }: { body?: unknown }) {
  return ask(gateway, name, { headers: await onCurrentVersion(gateway), ...(body === undefined ? {} : { body }) });
}

let relay: DrandRelay | null = null;
afterEach(async () => {
  await relay?.stop();
  relay = null;
});

interface Started {
  gateway: InProcessGateway;
  clock: ManualClock;
  relay: DrandRelay;
}

/** A room that opens in a minute, as an operator has scheduled it. */
async function scheduled(
  beacon: typeof BEACON | { deadlineSeconds: number; afterDeadline: 'withoutBeacon' } | null,
): Promise<Started> {
  const clock = new ManualClock();
  relay = await startDrandRelay(CHAIN, { now: clock.now });
  const { chain } = relay;
  const gateway = await startInProcess({
    keys,
    clock,
    beaconChain: chain,
    beacon: (each, round) => fetchBeacon(each, round, { fetch: (url, init) => fetch(url, init) }),
    room: { schedule: { opensAt: new Date(NOON + 3_600_000).toISOString() } },
  });
  const body = { opensAt: new Date(OPENS_AT).toISOString(), beacon };
  expect((await asOwner(gateway, 'setSchedule', { body })).status).toBe(200);
  return { gateway, clock, relay };
}

async function published(gateway: InProcessGateway, epoch?: number): Promise<PublishedDraw> {
  const query = epoch === undefined ? '' : `?epoch=${epoch}`;
  const response = await gateway.request(`/_fairgate/rooms/demo/draw${query}`);
  expect(response.status).toBe(200);
  return drawSchema.parse(await response.json());
}

async function boardOf(gateway: InProcessGateway): Promise<Board> {
  return (await (await gateway.request('/_fairgate/rooms/demo/board')).json()) as Board;
}

/** Lets seconds pass in which somebody reads the board, until the room has drawn or so many have passed. */
async function passing(gateway: InProcessGateway, clock: ManualClock, seconds: number): Promise<PublishedDraw> {
  for (let second = 0; second < seconds; second++) {
    clock.advance(1_000);
    await gateway.request('/_fairgate/rooms/demo/board');
    await new Promise((resolve) => setTimeout(resolve, 30));
    const draw = await published(gateway);
    if (draw.state === 'drawn') return draw;
  }
  return published(gateway);
}

async function entered(gateway: InProcessGateway, count: number): Promise<InProcessVisitor[]> {
  const visitors = Array.from({ length: count }, () => new InProcessVisitor(gateway));
  for (const visitor of visitors) await visitor.act('join');
  return visitors;
}

async function verdictOf(
  gateway: InProcessGateway,
  draw: PublishedDraw,
  earlier: PublishedDraw[],
  tokens: string[],
  chain: string,
) {
  return verifyDraw({
    draw,
    earlier: earlier.map((each, index) => ({ name: `copy ${index}`, draw: each })),
    tokens: tokens.map((jwt, index) => ({ name: `token ${index}`, jwt })),
    keys: await (await gateway.request('/.well-known/jwks.json')).json(),
    entries: [],
    trustedChain: chain,
    requireBeacon: true,
    relays: null,
  });
}

const tokenOf = ({ jar }: InProcessVisitor) => /fairgate-queue-demo=([^;]+)/.exec(jar.header)?.[1] ?? '';

const storedText = ({ store }: InProcessGateway) => {
  const room = store.inner.rooms.get('demo');
  if (room?.document == null) throw new TypeError('The store has no such room.');
  return encodeDocument(room.document) + JSON.stringify(Object.values(room.tables).map((rows) => [...rows.values()]));
};

describe('a draw with a beacon', () => {
  it('is verified by a stranger, from the copies, tokens and keys that were public', async () => {
    const {
      gateway,
      clock,
      relay: { chain },
    } = await scheduled(BEACON);
    const committed = await published(gateway);
    expect(committed).toMatchObject({ state: 'committed', entries: null, secret: null, seed: null });
    expect((await boardOf(gateway)).draw).toMatchObject({ beacon: true, proof: null });
    const visitors = await entered(gateway, 40);
    clock.advance(OPENS_AT - clock.now());
    const drawing = await passing(gateway, clock, 1);
    expect(drawing).toMatchObject({ state: 'drawing', secret: null, seed: null, beacon: { randomness: null } });
    const drawn = await passing(gateway, clock, 12);
    expect(drawn.state).toBe('drawn');
    expect((await boardOf(gateway)).draw.beacon).toBe(true);
    const verdict = await verdictOf(gateway, drawn, [committed, drawing], visitors.map(tokenOf), chain.hash);
    expect(verdict.checks.filter(({ outcome }) => outcome === 'fails')).toEqual([]);
    expect(verdict).toMatchObject({ proven: true, withPublicRandomness: true });
    const positions = await Promise.all(visitors.map(async (visitor) => (await visitor.status()).position));
    expect(verdict.places.map(({ position }) => position)).toEqual(positions);
  });

  it('asks no relay before the round is due, and stores no secret before it draws', async () => {
    const { gateway, clock, relay: asked } = await scheduled(BEACON);
    await entered(gateway, 3);
    const due = roundTime(asked.chain, (await published(gateway)).beacon?.round ?? 0);
    expect(due).toBeGreaterThanOrEqual(OPENS_AT + 3_000);
    while (clock.now() < due - 1_000) {
      await passing(gateway, clock, 1);
      expect(asked.requests).toEqual([]);
    }
    const before = storedText(gateway);
    const { secret } = await passing(gateway, clock, 12);
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(before).not.toContain(secret);
    expect(asked.requests.length).toBeGreaterThan(0);
  });

  it.each([
    { kind: 'down' },
    { kind: 'replay', rounds: 1, relabelled: true },
    { kind: 'replay', rounds: 1, relabelled: false },
    { kind: 'flipped', field: 'signature' },
    { kind: 'flipped', field: 'randomness' },
    { kind: 'forged', by: privateChain({ seed: 'another chain' }) },
    { kind: 'late', ms: Number.POSITIVE_INFINITY },
  ] as const)('waits while its relay is not honest ($kind), and draws once one is', async (behaviour) => {
    const { gateway, clock, relay: asked } = await scheduled(BEACON);
    const [visitor] = await entered(gateway, 3);
    asked.behaviour = behaviour;
    clock.advance(OPENS_AT - clock.now());
    expect((await passing(gateway, clock, 20)).state).toBe('drawing');
    expect((await visitor?.status())?.position).toBeNull();
    asked.behaviour = { kind: 'honest' };
    expect((await passing(gateway, clock, 10)).state).toBe('drawn');
  });

  it('goes on without the beacon after the deadline where the operator chose so, and is not proven then', async () => {
    const { gateway, clock, relay: asked } = await scheduled({ deadlineSeconds: 30, afterDeadline: 'withoutBeacon' });
    const visitors = await entered(gateway, 5);
    asked.behaviour = { kind: 'down' };
    clock.advance(OPENS_AT - clock.now());
    expect((await passing(gateway, clock, 28)).state).toBe('drawing');
    const drawn = await passing(gateway, clock, 5);
    expect(drawn).toMatchObject({ state: 'drawn', beacon: { randomness: null, signature: null } });
    expect((await boardOf(gateway)).draw.beacon).toBe(false);
    expect((await verdictOf(gateway, drawn, [], visitors.map(tokenOf), asked.chain.hash)).proven).toBe(false);
  });

  it('is made by whichever gateway is there, once', async () => {
    const { gateway, clock, relay: asked } = await scheduled(BEACON);
    await entered(gateway, 3);
    const others = await Promise.all(
      [1, 2, 3].map(() =>
        startBeside(gateway, {
          beaconChain: asked.chain,
          beacon: (each, round) => fetchBeacon(each, round, { fetch: (url, init) => fetch(url, init) }),
        }),
      ),
    );
    clock.advance(OPENS_AT + 10_000 - clock.now());
    for (let second = 0; second < 4; second++) {
      clock.advance(1_000);
      await Promise.all([gateway, ...others].map((each) => each.request('/_fairgate/rooms/demo/board')));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    clock.advance(2_000);
    const draws = await Promise.all([gateway, ...others].map((each) => published(each)));
    expect(new Set(draws.map((draw) => JSON.stringify(draw))).size).toBe(1);
    expect(draws[0]?.state).toBe('drawn');
  });

  it.each([0, 1])('of %i entries is made and proven, and later visitors come after them', async (count) => {
    const { gateway, clock, relay: asked } = await scheduled(BEACON);
    const visitors = await entered(gateway, count);
    clock.advance(OPENS_AT - clock.now());
    const drawn = await passing(gateway, clock, 12);
    // Of a lease that was not used up, what was returned before the opening is no entry.
    expect(drawn.entries).toBeGreaterThanOrEqual(count);
    const verdict = await verdictOf(gateway, drawn, [], visitors.map(tokenOf), asked.chain.hash);
    expect(verdict).toMatchObject({ proven: true, withPublicRandomness: true });
    const late = new InProcessVisitor(gateway);
    await late.act('join');
    const { position, state } = await late.status();
    expect(state === 'admitted' || (position ?? 0) > (drawn.entries ?? 0)).toBe(true);
    if (count === 0) expect(drawn.entries).toBe(0);
  });

  it('of an opening that was cancelled is not made; another time for it keeps the seal and every entry', async () => {
    const { gateway, clock, relay: asked } = await scheduled(BEACON);
    const cancelled = await published(gateway);
    const [visitor] = await entered(gateway, 3);
    const receipt = tokenOf(visitor as InProcessVisitor);
    await asOwner(gateway, 'cancelOpening', {});
    clock.advance(OPENS_AT + 10_000 - clock.now());
    expect((await passing(gateway, clock, 3)).state).toBe('committed');
    expect(asked.requests).toEqual([]);
    const body = { opensAt: new Date(clock.now() + 60_000).toISOString(), beacon: BEACON };
    expect((await asOwner(gateway, 'setSchedule', { body })).status).toBe(200);
    const next = await published(gateway);
    expect([next.epoch, next.commitments]).toEqual([cancelled.epoch, cancelled.commitments]);
    expect(next.beacon?.round).toBeGreaterThan(cancelled.beacon?.round ?? 0);
    await entered(gateway, 2);
    clock.advance(61_000);
    const drawn = await passing(gateway, clock, 12);
    expect(drawn).toMatchObject({ state: 'drawn', entries: 5 });
    expect((await verdictOf(gateway, drawn, [], [receipt], asked.chain.hash)).proven).toBe(true);
  });

  it('keeps the choice where a later schedule says nothing of it, and the round follows the opening', async () => {
    const { gateway } = await scheduled(BEACON);
    const before = await published(gateway);
    await asOwner(gateway, 'setSchedule', { body: { opensAt: new Date(OPENS_AT + 30_000).toISOString() } });
    const moved = await published(gateway);
    expect(moved.commitments).toEqual(before.commitments);
    expect(moved.beacon?.round).toBe((before.beacon?.round ?? 0) + 10);
    await asOwner(gateway, 'setSchedule', { body: { opensAt: new Date(OPENS_AT).toISOString(), beacon: null } });
    expect((await published(gateway)).beacon).toBeNull();
  });
});

describe('a draw without a beacon', () => {
  it('is made by the first read after the opening, also where its visitors alone are there', async () => {
    const { gateway, clock } = await scheduled(null);
    const [visitor] = await entered(gateway, 4);
    expect((await boardOf(gateway)).draw.beacon).toBe(false);
    clock.advance(OPENS_AT + 50 - clock.now());
    expect((await visitor?.status())?.position).toBeGreaterThan(0);
    expect((await published(gateway)).state).toBe('drawn');
  });

  it('waits where the key that sealed its secret is gone, and goes on when it is back', async () => {
    const { gateway, clock } = await scheduled(null);
    await entered(gateway, 3);
    const others = { keys: [await newSigningKey(0)] };
    const without = await startBeside(gateway, { keys: others });
    clock.advance(OPENS_AT + 1_000 - clock.now());
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    expect((await passing(without, clock, 5)).state).toBe('drawing');
    // Once, however often the room is read.
    expect(log.mock.calls.flat().filter((text) => String(text).includes('SIGNING_KEYS'))).toHaveLength(1);
    log.mockRestore();
    const rotated = await startBeside(gateway, { keys: { keys: [...others.keys, ...keys.keys] } });
    expect((await passing(rotated, clock, 2)).state).toBe('drawn');
  });

  it.each([
    { how: 'refuses it at once', ms: 0 },
    { how: 'fails after a while', ms: 2_500 },
  ])(
    'leaves the room readable while the store $how, logs that once, and is made once the store takes it',
    async ({ ms }) => {
      const { gateway, clock } = await scheduled(null);
      const [visitor] = await entered(gateway, 3);
      const { store } = gateway;
      const apply = store.apply.bind(store);
      let attempts = 0;
      store.apply = async (room, commands) => {
        if (!commands.some(({ kind }) => kind === 'draw')) return apply(room, commands);
        attempts++;
        clock.advance(ms);
        throw new StoreUnavailable(`the room is recovering (${attempts})`);
      };
      const log = vi.spyOn(console, 'error').mockImplementation(() => {});
      clock.advance(OPENS_AT + 500 - clock.now());
      for (let second = 0; second < 8; second++) {
        const board = await boardOf(gateway);
        expect(board.state).toBe('drawing');
        // What the draw took does not put the gateway's time behind the store's.
        expect(Date.parse(board.serverTime)).toBe(clock.now());
        expect((await visitor?.status())?.state).toBe('entered');
        const { document } = await ask(gateway, 'live', { headers: withKey() });
        expect(document).toMatchObject({ storeReachable: true, draw: { state: 'drawing', waitsFor: 'store' } });
        clock.advance(1_000);
      }
      expect(attempts).toBeGreaterThan(3);
      expect(log.mock.calls.flat()).toEqual([expect.stringContaining('could not draw; trying on')]);
      log.mockRestore();
      store.apply = apply;
      expect((await passing(gateway, clock, 2)).state).toBe('drawn');
    },
  );

  it('can be checked after the opening is over', async () => {
    const { gateway, clock } = await scheduled(null);
    await entered(gateway, 3);
    clock.advance(OPENS_AT + 1_000 - clock.now());
    const drawn = await passing(gateway, clock, 2);
    await asOwner(gateway, 'close', {});
    expect(await published(gateway)).toEqual(drawn);
    await asOwner(gateway, 'setSchedule', { body: { opensAt: new Date(clock.now() + 600_000).toISOString() } });
    expect((await published(gateway)).epoch).not.toBe(drawn.epoch);
    expect(await published(gateway, drawn.epoch)).toEqual(drawn);
    for (const epoch of ['0', '-1', '7', 'x', '9'.repeat(30)]) {
      expect((await gateway.request(`/_fairgate/rooms/demo/draw?epoch=${epoch}`)).status).toBe(404);
    }
  });

  it('can be checked after the room is archived, where its hosts lead, and nothing else of the room answers', async () => {
    const { gateway, clock } = await scheduled(null);
    const [visitor] = await entered(gateway, 3);
    clock.advance(OPENS_AT + 1_000 - clock.now());
    const drawn = await passing(gateway, clock, 2);
    await asOwner(gateway, 'close', {});
    expect((await asOwner(gateway, 'archiveRoom', {})).status).toBe(200);
    expect(await published(gateway)).toEqual(drawn);
    expect(await published(gateway, drawn.epoch)).toEqual(drawn);
    const proof = await visitor?.send('/_fairgate/rooms/demo/proof', { headers: AS_PAGE });
    expect(await proof?.text()).toContain(tokenOf(visitor as InProcessVisitor));
    for (const name of ['board', 'status', 'wait', 'pass']) {
      expect([name, (await gateway.request(`/_fairgate/rooms/demo/${name}`)).status]).toEqual([name, 404]);
    }
    for (const name of ['join', 'claim', 'leave']) {
      const response = await gateway.request(`/_fairgate/rooms/demo/${name}`, { method: 'POST' });
      expect([name, response.status]).toEqual([name, 404]);
    }
  });

  it('shows that its secret was replaced before the opening', async () => {
    const {
      gateway,
      clock,
      relay: { chain },
    } = await scheduled(null);
    const before = await published(gateway);
    expect((await asOwner(gateway, 'recommit', {})).status).toBe(200);
    await entered(gateway, 3);
    clock.advance(OPENS_AT + 1_000 - clock.now());
    const drawn = await passing(gateway, clock, 2);
    expect(drawn.commitments).toHaveLength(2);
    expect(drawn.commitments[0]).toEqual(before.commitments[0]);
    expect((await verdictOf(gateway, drawn, [before], [], chain.hash)).proven).toBe(false);
    expect((await asOwner(gateway, 'recommit', {})).status).toBe(409);
  });
});
