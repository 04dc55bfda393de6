// Two operators at once, each at a desk of their own over the gateway: nobody overwrites unseen what the other did, and
// whoever signs out is out.

import { beforeEach, describe, expect, test, vi } from 'vitest';
import { reversal } from '../../admin-ui/actions.ts';
import { Desk } from '../../admin-ui/console-state.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { type Played, playGateway } from '../gateway/in-process.ts';
import { ask, etag, signIn, withKey } from '../operators/operator-client.ts';

const POLICY = { newUsersPerMinute: 600, totalActiveUsers: 100, sessionMinutes: 5 };
const TEXT = { ko: '잠시만요.', en: 'A moment.' };

let keys: SigningKeys;
let played: Played;
let desk: Desk;
/** What the desk's next change meets instead of an answer. */
let lost: 'nothing' | 'request' | 'answer';
/** The desk's looks find nobody. */
let blind: boolean;

beforeEach(async () => {
  keys ??= { keys: [await newSigningKey(0)] };
  played = await playGateway({ keys, room: { policy: POLICY } });
  lost = 'nothing';
  blind = false;
  const cookie = await signIn(played);
  desk = new Desk(
    {
      fetch: async (address, init) => {
        const isChange = init.method !== 'GET';
        if (isChange ? lost === 'request' : blind) throw new TypeError('gone');
        const headers = { ...cookie, ...(init.headers as Record<string, string>) };
        const { method = 'GET', body } = init;
        const response = await played.ask(address, { method, headers, ...(body == null ? {} : { body }) });
        if (isChange && lost === 'answer') throw new TypeError('gone');
        return response;
      },
      monotonicMs: () => played.clock.now(),
      later: () => () => {},
      changed: () => {},
      keep: () => {},
      chime: () => {},
    },
    { language: 'en', theme: 'dark', sound: false, shortcuts: true },
    '#/rooms/demo',
  );
  await desk.begin();
  await looked();
});

/** A second passes, and the desk looks again. */
async function looked(): Promise<void> {
  played.clock.advance(1_000);
  await desk.watch?.look();
  await desk.watch?.lookAtDetail();
}

const policy = () => desk.seen?.detail?.policy ?? expect.fail('The room was not read.');
const faster = () => ({ kind: 'policy', from: policy(), to: { ...policy(), newUsersPerMinute: 900 } }) as const;
const last = () => desk.deeds[0] ?? expect.fail('Nothing was done.');

async function other(name: Parameters<typeof ask>[1], body?: unknown): Promise<void> {
  const headers = { ...withKey(), 'If-Match': await etag(played) };
  const { status } = await ask(played, name, { headers, ...(body === undefined ? {} : { body }) });
  expect(status).toBe(200);
}

async function inForce() {
  const { document } = await ask(played, 'room', { headers: withKey() });
  return document as { policy: Record<string, unknown>; flow: string; epoch: number; schedule: { opensAt: string } };
}

describe('a change that somebody else was faster than', () => {
  test('done nevertheless changes what it was for and leaves the rest as the other made it', async () => {
    const deed = faster();
    await other('setPolicy', { ...POLICY, totalActiveUsers: 7 });
    await other('setMessage', { text: TEXT });
    expect(await desk.do(deed)).toEqual({ kind: 'conflict' });
    await looked();
    await desk.doAnyway(last().id);
    expect((await inForce()).policy).toMatchObject({ newUsersPerMinute: 900, totalActiveUsers: 7 });
    await desk.undo(last().id);
    expect((await inForce()).policy).toMatchObject({ newUsersPerMinute: 600, totalActiveUsers: 7 });
  });

  test('is not done by trying again what found no answer; what was done after all is said to be', async () => {
    for (const [how, becomes] of [
      ['request', 'conflict'],
      ['answer', 'done'],
    ] as const) {
      lost = how;
      expect(await desk.do(faster())).toEqual({ kind: 'unknown' });
      lost = 'nothing';
      await other('setPolicy', { ...POLICY, newUsersPerMinute: 30 });
      await looked();
      await desk.doAnyway(last().id);
      expect(last().phase.kind).toBe(becomes);
      expect((await inForce()).policy).toMatchObject({ newUsersPerMinute: 30 });
      await other('setPolicy', POLICY);
      await looked();
    }
  });

  test('and that would now begin a new opening is asked about first', async () => {
    await other('close');
    await other('setSchedule', { opensAt: new Date(played.clock.now() + 600_000).toISOString() });
    await looked();
    const from = desk.seen?.detail?.schedule ?? expect.fail('The room was not read.');
    const to = { ...from, opensAt: new Date(played.clock.now() + 900_000).toISOString() };
    await desk.do({ kind: 'schedule', from, to, beginsAnew: false });
    await other('openNow');
    await looked();
    const { epoch } = await inForce();
    await desk.undo(last().id);
    expect(last().phase.kind).toBe('conflict');
    await desk.doAnyway(last().id);
    expect((await inForce()).epoch).toBe(epoch);
    desk.question?.act();
    await vi.waitFor(async () => expect((await inForce()).epoch).toBe(epoch + 1));
  });
});

describe('a line that somebody else had stopped before', () => {
  test('is not let go by taking one’s own stop back', async () => {
    const from = desk.seen?.live?.flow ?? expect.fail('The room was not read.');
    await other('pause');
    expect((await desk.do({ kind: 'flow', from, to: 'held' })).kind).toBe('done');
    expect((await inForce()).flow).toBe('held');
    await desk.undo(last().id);
    expect((await inForce()).flow).toBe('paused');
  });

  test('is not loosened by a pause that was pressed before the hold was seen', async () => {
    await other('hold');
    expect((await desk.do({ kind: 'flow', from: 'running', to: 'paused' })).kind).toBe('conflict');
    expect((await inForce()).flow).toBe('held');
  });

  test('is stopped further although the room cannot be read, and then offers no way back', async () => {
    await other('pause');
    blind = true;
    expect((await desk.do({ kind: 'flow', from: 'running', to: 'held' })).kind).toBe('done');
    expect((await inForce()).flow).toBe('held');
    expect(reversal(last().deed)).toBe(null);
  });

  test('is let go again by whoever stopped it, where nobody else did anything', async () => {
    await desk.do({ kind: 'flow', from: 'running', to: 'paused' });
    await looked();
    await desk.undo(last().id);
    expect((await inForce()).flow).toBe('running');
  });
});

test('what was done in one room is never done again in another', async () => {
  await other('pause');
  await looked();
  lost = 'request';
  await desk.do({ kind: 'flow', from: 'paused', to: 'running' });
  lost = 'nothing';
  const asked = vi.spyOn(played, 'ask');
  const { id } = last();
  desk.go('#/rooms');
  await desk.doAnyway(id);
  expect(asked.mock.calls.filter(([, init]) => init?.method === 'POST')).toEqual([]);
});

test('a sign-out that did not come about is said, and nobody is shown as signed out', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  played.store.mood = 'fails';
  played.clock.advance(2_000);
  await desk.signOut();
  expect(desk.signIn).toBe('signedIn');
  expect(desk.said).not.toBe('');
  played.store.mood = 'answers';
  played.clock.advance(5_000);
  await looked();
  await desk.signOut();
  expect(desk.signIn).toBe('signedOut');
});
