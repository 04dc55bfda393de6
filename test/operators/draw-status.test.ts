// What operators see of a draw before, while and after it is made, and the alarms while it cannot be made.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { roundAfter, roundTime } from '../../queue-core/draw.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import type { BeaconChain } from '../../worker/beacon/chain.ts';
import { fetchBeacon } from '../../worker/beacon/fetch-beacon.ts';
import type { Alarm, Live } from '../../worker/contract/operator-api.ts';
import type { Platform } from '../../worker/gateway.ts';
import { keyId, newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { type DrandRelay, privateChain, startDrandRelay } from '../drand-relay.ts';
import {
  type InProcessGateway,
  InProcessVisitor,
  ManualClock,
  NOON,
  PUBLIC_URL,
  startBeside,
} from '../gateway/in-process.ts';
import { ask, onCurrentVersion, startGateway, withKey } from './operator-client.ts';

const OPENS_AT = NOON + 60_000;
const CHAIN = privateChain();
const OTHER = privateChain({ seed: 'another chain' });
const ROUND = roundAfter(CHAIN.chain, OPENS_AT);
const DUE = roundTime(CHAIN.chain, ROUND);

let relay: DrandRelay | null = null;
beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(async () => {
  await relay?.stop();
  relay = null;
});

const overNetwork: Platform['beacon'] = (chain, round) =>
  fetchBeacon(chain, round, { fetch: (url, init) => fetch(url, init) });

interface Started {
  gateway: InProcessGateway;
  clock: ManualClock;
  chain: BeaconChain;
}

/** A room that opens in a minute, with three entries. */
async function scheduled(beacon: object | null): Promise<Started> {
  const clock = new ManualClock();
  relay = await startDrandRelay(CHAIN, { now: clock.now });
  const { chain } = relay;
  const schedule = { opensAt: rfc3339(NOON + 3_600_000) };
  const gateway = await startGateway({ clock, beaconChain: chain, beacon: overNetwork, room: { schedule } });
  const body = { opensAt: rfc3339(OPENS_AT), beacon };
  expect((await ask(gateway, 'setSchedule', { headers: await onCurrentVersion(gateway), body })).status).toBe(200);
  for (let count = 0; count < 3; count++) await new InProcessVisitor(gateway).act('join');
  return { gateway, clock, chain };
}

const live = async (gateway: InProcessGateway) => (await ask(gateway, 'live', { headers: withKey() })).document as Live;
const alarmsOf = async (gateway: InProcessGateway): Promise<Alarm[]> => (await live(gateway)).alarms;

/** Lets seconds pass in which the operator watches, until they see it. */
async function watched({ gateway, clock }: Started, isSeen: (live: Live) => boolean): Promise<Live> {
  for (let second = 0; second < 60; second++) {
    clock.advance(1_000);
    const seen = await live(gateway);
    if (isSeen(seen)) return seen;
    // What goes on in the background, however slow the machine is.
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  throw new Error('It was not seen within a minute.');
}

const isDrawn = ({ draw }: Live) => draw.state === 'drawn';

describe('the draw as its operators see it', () => {
  it('has its seal, key, round and deadline before the opening, and its entries and outcome after it', async () => {
    const started = await scheduled({ deadlineSeconds: 120, afterDeadline: 'withoutBeacon' });
    const { gateway, clock } = started;
    const before = await live(gateway);
    const kid = await keyId(gateway.keys.keys[0] ?? (await newSigningKey(0)));
    const beacon = {
      round: ROUND,
      dueAt: rfc3339(DUE),
      deadline: rfc3339(OPENS_AT + 120_000),
      afterDeadline: 'withoutBeacon',
      hasArrived: false,
    };
    expect(before.draw).toEqual({
      state: 'committed',
      commitment: expect.stringMatching(/^[0-9a-f]{64}$/),
      commitments: 1,
      sealedBy: kid,
      beacon,
      entries: null,
      waitsFor: null,
      proof: `${PUBLIC_URL}/_fairgate/rooms/demo/proof`,
      document: `${PUBLIC_URL}/_fairgate/rooms/demo/draw`,
    });
    expect(before.alarms).toEqual([]);
    clock.advance(OPENS_AT - clock.now());
    expect((await live(gateway)).draw).toMatchObject({
      state: 'drawing',
      entries: 3,
      waitsFor: 'round',
      sealedBy: kid,
    });
    const after = await watched(started, isDrawn);
    const drawn = {
      state: 'drawn',
      entries: 3,
      waitsFor: null,
      sealedBy: null,
      beacon: { ...beacon, hasArrived: true },
    };
    expect(after).toMatchObject({ alarms: [], draw: drawn });
    expect((await gateway.request(new URL(after.draw.document).pathname)).status).toBe(200);
  });

  it('is on a host of the room’s visitors, also where the console has one of its own', async () => {
    const gateway = await startGateway({ room: { hosts: ['booking.example', 'www.booking.example'] } });
    expect((await live(gateway)).draw.proof).toBe('http://booking.example:8787/_fairgate/rooms/demo/proof');
  });

  it('says that its secret was sealed again', async () => {
    const { gateway } = await scheduled(null);
    await ask(gateway, 'recommit', { headers: await onCurrentVersion(gateway) });
    expect((await live(gateway)).draw).toMatchObject({ commitments: 2, beacon: null });
  });
});

describe('an alarm of the draw', () => {
  it('names the key that sealed it, where this gateway does not have it: before the opening, and while drawing', async () => {
    const { gateway, clock } = await scheduled(null);
    const key = (await live(gateway)).draw.sealedBy;
    const keys = { keys: [await newSigningKey(0)] };
    const without = await startBeside(gateway, { keys });
    expect(await alarmsOf(without)).toEqual([{ kind: 'drawKeyMissing', key, isDrawing: false }]);
    expect(await alarmsOf(gateway)).toEqual([]);
    clock.advance(OPENS_AT + 500 - clock.now());
    expect(await live(without)).toMatchObject({
      alarms: [{ kind: 'drawKeyMissing', key, isDrawing: true }],
      draw: { waitsFor: 'key' },
    });
    const rotated = await startBeside(gateway, { keys: { keys: [...keys.keys, ...gateway.keys.keys] } });
    expect(await alarmsOf(rotated)).toEqual([]);
    clock.advance(2_000);
    // Drawn by the other gateway: this one needs the key no more.
    expect(await live(without)).toMatchObject({ alarms: [], draw: { state: 'drawn', sealedBy: null } });
  });

  it('is not raised for a room that was closed before its draw', async () => {
    const { gateway } = await scheduled(null);
    await ask(gateway, 'close', { headers: await onCurrentVersion(gateway) });
    const without = await startBeside(gateway, { keys: { keys: [await newSigningKey(0)] } });
    expect(await live(without)).toMatchObject({ state: 'closed', alarms: [], draw: { sealedBy: null } });
  });

  it('says that BEACON_CHAIN is another chain than the opening’s, before it and while drawing', async () => {
    const { gateway, clock, chain } = await scheduled({ afterDeadline: 'wait' });
    const other = await startBeside(gateway, { beaconChain: OTHER.chain, beacon: overNetwork });
    const alarm = { kind: 'beaconChainDiffers', chain: chain.hash };
    expect(await alarmsOf(other)).toEqual([{ ...alarm, isDrawing: false }]);
    clock.advance(OPENS_AT + 20_000 - clock.now());
    expect(await live(other)).toMatchObject({ alarms: [{ ...alarm, isDrawing: true }], draw: { waitsFor: 'chain' } });
  });

  it('says that the round is late and what each relay does wrong, until it is there', async () => {
    const started = await scheduled({ deadlineSeconds: 120, afterDeadline: 'wait' });
    const { clock } = started;
    if (relay !== null) relay.behaviour = { kind: 'answer', status: 500, body: '' };
    clock.advance(DUE - clock.now() - 1_000);
    const waiting = await watched(started, ({ draw }) => draw.waitsFor === 'beacon');
    expect(waiting.alarms).toEqual([]);
    const late = await watched(
      started,
      ({ alarms }) => alarms[0]?.kind === 'beaconLate' && alarms[0].faults.length > 0,
    );
    expect(clock.now()).toBeGreaterThanOrEqual(DUE + 5_000);
    expect(late.alarms).toEqual([
      {
        kind: 'beaconLate',
        round: ROUND,
        dueAt: rfc3339(DUE),
        deadline: rfc3339(OPENS_AT + 120_000),
        afterDeadline: 'wait',
        faults: [{ relay: new URL(relay?.url ?? '').host, fault: 'status' }],
      },
    ]);
    if (relay !== null) relay.behaviour = { kind: 'honest' };
    expect((await watched(started, isDrawn)).alarms).toEqual([]);
  });

  it('ends with the deadline, where the operator chose to draw without the beacon then', async () => {
    const started = await scheduled({ deadlineSeconds: 30, afterDeadline: 'withoutBeacon' });
    const { clock } = started;
    if (relay !== null) relay.behaviour = { kind: 'down' };
    clock.advance(OPENS_AT + 20_000 - clock.now());
    await watched(started, ({ alarms }) => alarms[0]?.kind === 'beaconLate');
    expect(clock.now()).toBeLessThan(OPENS_AT + 30_000);
    const after = await watched(started, isDrawn);
    expect(after).toMatchObject({ alarms: [], draw: { state: 'drawn', beacon: { hasArrived: false } } });
  });
});
