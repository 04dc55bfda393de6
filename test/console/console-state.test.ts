// Actions of two operators at once, through the real gateway in this process: neither overwrites a change of the other unseen.
// And signing out, which only the gateway can do.

import { beforeEach, describe, expect, test, vi } from 'vitest';
import { canUndo } from '../../admin-ui/action-log.ts';
import { HARMLESS, reversal } from '../../admin-ui/actions.ts';
import { ConsoleState } from '../../admin-ui/console-state.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { type InProcessGateway, startInProcess } from '../gateway/in-process.ts';
import { ask, etag, signIn, withKey } from '../operators/operator-client.ts';

const POLICY = { newUsersPerMinute: 600, totalActiveUsers: 100, sessionMinutes: 5 };
const TEXT = { ko: '잠시만요.', en: 'A moment.' };

let keys: SigningKeys;
let gateway: InProcessGateway;
let state: ConsoleState;
/** What the network loses of the console's next changes. */
let lost: 'nothing' | 'request' | 'response';
/** The console's reads fail. */
let readsFail: boolean;

beforeEach(async () => {
  keys ??= { keys: [await newSigningKey(0)] };
  gateway = await startInProcess({ keys, room: { policy: POLICY } });
  lost = 'nothing';
  readsFail = false;
  const cookie = await signIn(gateway);
  state = new ConsoleState(
    {
      fetch: async (address, init) => {
        const isChange = init.method !== 'GET';
        if (isChange ? lost === 'request' : readsFail) throw new TypeError('gone');
        const headers = { ...cookie, ...(init.headers as Record<string, string>) };
        const { method = 'GET', body } = init;
        const response = await gateway.request(address, { method, headers, ...(body == null ? {} : { body }) });
        if (isChange && lost === 'response') throw new TypeError('gone');
        return response;
      },
      monotonicMs: () => gateway.clock.now(),
      schedule: () => () => {},
      changed: () => {},
      savePreferences: () => {},
      chime: () => {},
    },
    { language: 'en', theme: 'dark', sound: false, shortcuts: true },
    '#/rooms/demo',
  );
  await state.start();
  await pollLater();
});

/** A second passes and the console polls. */
async function pollLater(): Promise<void> {
  gateway.clock.advance(1_000);
  await state.watch?.poll();
  await state.watch?.loadDetail();
}

const policy = () => state.snapshot?.detail?.policy ?? expect.fail('The room is not loaded.');
const raiseRate = () => ({ kind: 'policy', from: policy(), to: { ...policy(), newUsersPerMinute: 900 } }) as const;
const lastAction = () => state.actions.records[0] ?? expect.fail('The undo list is empty.');

async function otherOperator(name: Parameters<typeof ask>[1], body?: object): Promise<void> {
  const headers = { ...withKey(), 'If-Match': await etag(gateway) };
  const { status } = await ask(gateway, name, { headers, ...(body === undefined ? {} : { body }) });
  expect(status).toBe(200);
}

async function roomInForce() {
  const { document } = await ask(gateway, 'room', { headers: withKey() });
  return document as { policy: Record<string, unknown>; flow: string; epoch: number; schedule: { opensAt: string } };
}

describe('an action on a room that another operator has changed', () => {
  test('when retried after the conflict, changes only its own fields and keeps the other operator’s', async () => {
    const action = raiseRate();
    await otherOperator('setPolicy', { ...POLICY, totalActiveUsers: 7 });
    await otherOperator('setMessage', { text: TEXT });
    expect(await state.actions.run(action)).toEqual({ kind: 'conflict' });
    await pollLater();
    await state.actions.retry(lastAction().id);
    expect((await roomInForce()).policy).toMatchObject({ newUsersPerMinute: 900, totalActiveUsers: 7 });
    await state.actions.undo(lastAction().id);
    expect((await roomInForce()).policy).toMatchObject({ newUsersPerMinute: 600, totalActiveUsers: 7 });
  });

  test.each([
    ['request', 'conflict'],
    ['response', 'done'],
  ] as const)('when its %s was lost, its retry reports "%s" and overwrites nothing', async (part, outcome) => {
    lost = part;
    expect(await state.actions.run(raiseRate())).toEqual({ kind: 'unknown' });
    lost = 'nothing';
    await otherOperator('setPolicy', { ...POLICY, newUsersPerMinute: 30 });
    await pollLater();
    await state.actions.retry(lastAction().id);
    expect(lastAction().phase.kind).toBe(outcome);
    expect((await roomInForce()).policy).toMatchObject({ newUsersPerMinute: 30 });
  });

  test('never starts a new round by an undo, whatever is retried: the gateway refuses what nobody confirmed', async () => {
    await otherOperator('close');
    const opensAt = new Date(gateway.clock.now() + 600_000).toISOString();
    await otherOperator('setSchedule', { opensAt, confirm: { endsPlaces: true } });
    await pollLater();
    const from = state.snapshot?.detail?.schedule ?? expect.fail('The room is not loaded.');
    const to = { ...from, opensAt: new Date(gateway.clock.now() + 900_000).toISOString() };
    await state.actions.run({ kind: 'schedule', from, to, confirmed: HARMLESS });
    const moved = lastAction();
    expect(canUndo(moved, state.snapshot?.live ?? null)).toBe(true);
    await otherOperator('openNow', { confirm: { opensNow: true } });
    await pollLater();
    const { epoch } = await roomInForce();
    expect(canUndo(moved, state.snapshot?.live ?? null)).toBe(false);
    await state.actions.undo(moved.id);
    expect(lastAction().phase.kind).toBe('conflict');
    await state.actions.retry(lastAction().id);
    expect(lastAction().phase).toMatchObject({ kind: 'refused', problem: { consequences: { endsPlaces: {} } } });
    expect((await roomInForce()).epoch).toBe(epoch);
  });
});

describe('a hold or pause where another operator has already stopped the line', () => {
  test('when undone, leaves the other operator’s pause in force', async () => {
    const from = state.snapshot?.live?.flow ?? expect.fail('The room is not loaded.');
    await otherOperator('pause');
    expect((await state.actions.run({ kind: 'flow', from, to: 'held' })).kind).toBe('done');
    expect((await roomInForce()).flow).toBe('held');
    await state.actions.undo(lastAction().id);
    expect((await roomInForce()).flow).toBe('paused');
  });

  test('is a conflict where a pause would loosen a hold that the operator had not seen', async () => {
    await otherOperator('hold');
    expect((await state.actions.run({ kind: 'flow', from: 'running', to: 'paused' })).kind).toBe('conflict');
    expect((await roomInForce()).flow).toBe('held');
  });

  test('is made even when the room cannot be read, and then cannot be undone', async () => {
    await otherOperator('pause');
    readsFail = true;
    expect((await state.actions.run({ kind: 'flow', from: 'running', to: 'held' })).kind).toBe('done');
    expect((await roomInForce()).flow).toBe('held');
    expect(reversal(lastAction().action)).toBe(null);
  });
});

test('undoing a pause resumes the line where no other operator acted', async () => {
  await state.actions.run({ kind: 'flow', from: 'running', to: 'paused' });
  await pollLater();
  await state.actions.undo(lastAction().id);
  expect((await roomInForce()).flow).toBe('running');
});

test('an action of one room is not retried from another screen', async () => {
  await otherOperator('pause');
  await pollLater();
  lost = 'request';
  await state.actions.run({ kind: 'flow', from: 'paused', to: 'running' });
  lost = 'nothing';
  const requests = vi.spyOn(gateway, 'request');
  const { id } = lastAction();
  state.navigate('#/rooms');
  await state.actions.retry(id);
  expect(requests.mock.calls.filter(([, init]) => init?.method === 'POST')).toEqual([]);
});

test('a sign-out that the store did not confirm is reported, and the console stays signed in', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  gateway.store.mode = 'fails';
  gateway.clock.advance(2_000);
  await state.signOut();
  expect(state.signInState).toBe('signedIn');
  expect(state.announcement).not.toBe('');
  gateway.store.mode = 'answers';
  gateway.clock.advance(5_000);
  await pollLater();
  await state.signOut();
  expect(state.signInState).toBe('signedOut');
});
