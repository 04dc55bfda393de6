// A look at the directory that never ends, as when the request that began it was broken off: whoever was an operator then is
// not one for as long as somebody keeps such looks coming.

import { expect, it, vi } from 'vitest';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { playBeside, playGateway } from '../gateway/in-process.ts';
import { ask, etag, problemIn, withKey } from './operator-client.ts';

it('a removed key changes nothing while looks at the directory are broken off, and watches no longer than with a lost store', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const first = await playGateway({ keys: { keys: [await newSigningKey(0)] } });
  const beside = await playBeside(first);
  const made = await ask(first, 'addKey', { body: { name: 'Night', role: 'operator' }, headers: withKey() });
  const { id, key } = made.document as { id: string; key: string };
  first.clock.advance(2_000);
  const ifMatch = await etag(first);
  expect((await ask(beside, 'session', { headers: withKey(key) })).status).toBe(200);
  await ask(first, 'removeKey', { at: { key: id }, headers: withKey() });

  const answering = beside.store.directory;
  const view = () => new Promise<never>(() => {});
  vi.spyOn(beside.store, 'directory', 'get').mockReturnValue({ ...answering, view });
  const breakOff = async () => {
    first.clock.advance(4_500);
    void ask(beside, 'session', { headers: withKey(key) });
    await new Promise((resolve) => setImmediate(resolve));
  };
  await breakOff();
  await breakOff();
  const late = await ask(beside, 'resume', { headers: { ...withKey(key), 'If-Match': ifMatch } });
  expect([late.status, problemIn(late)]).toEqual([503, 'store-unreachable']);
  expect((await ask(beside, 'session', { headers: withKey(key) })).status).toBe(200);
  first.clock.advance(6 * 60_000);
  await breakOff();
  expect((await ask(beside, 'session', { headers: withKey(key) })).status).toBe(503);
});
