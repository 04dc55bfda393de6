// What an operator decided before the opening or the closing, and what comes of it when the request arrives after it.

import { beforeEach, describe, expect, it } from 'vitest';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { NOON, type Played, PlayedClock, PlayedVisitor, playGateway } from '../gateway/in-process.ts';
import { ask, etag, problemIn, withKey } from './operator-client.ts';

const OPENS = new Date(NOON + 60_000).toISOString();
const LATER = new Date(NOON + 600_000).toISOString();

describe('a schedule that was decided on', () => {
  let played: Played;
  let visitor: PlayedVisitor;

  beforeEach(async () => {
    const clock = new PlayedClock();
    const keys = { keys: [await newSigningKey(0)] };
    played = await playGateway({ keys, clock, room: { schedule: { opensAt: OPENS, closesAt: LATER } } });
    visitor = new PlayedVisitor(played);
    await visitor.wish('join');
  });

  it('before the opening costs nobody their place when it arrives after it: it is a conflict', async () => {
    const headers = { ...withKey(), 'If-Match': await etag(played) };
    played.clock.advance(60_200);
    const late = await ask(played, 'setSchedule', { body: { opensAt: LATER }, headers });
    expect([late.status, problemIn(late)]).toEqual([412, 'changed-meanwhile']);
    expect(await visitor.status()).toMatchObject({ position: 1 });
  });

  it('before the closing sends nobody out when it arrives after it: it is a conflict', async () => {
    played.clock.advance(120_000);
    await visitor.wish('claim');
    const headers = { ...withKey(), 'If-Match': await etag(played) };
    const { document } = await ask(played, 'room', { headers: withKey() });
    const { epoch, schedule } = document as { epoch: number; schedule: { opensAt: string } };
    played.clock.advance(500_000);
    const body = { opensAt: schedule.opensAt, closesAt: new Date(NOON + 3_600_000).toISOString() };
    const late = await ask(played, 'setSchedule', { body, headers });
    expect([late.status, problemIn(late)]).toEqual([412, 'changed-meanwhile']);
    expect((await ask(played, 'room', { headers: withKey() })).document).toMatchObject({ epoch, state: 'closed' });
  });

  it('on the room as it is now is done, and its answer names what the room is then', async () => {
    for (const opensAt of [LATER, new Date(NOON + 900_000).toISOString(), OPENS]) {
      const headers = { ...withKey(), 'If-Match': await etag(played) };
      const done = await ask(played, 'setSchedule', { body: { opensAt }, headers });
      expect([done.status, done.headers.get('ETag')]).toEqual([200, await etag(played)]);
    }
    for (const name of ['openNow', 'close', 'openNow'] as const) {
      const done = await ask(played, name, { headers: { ...withKey(), 'If-Match': await etag(played) } });
      expect([done.status, done.headers.get('ETag')]).toEqual([200, await etag(played)]);
    }
  });
});
