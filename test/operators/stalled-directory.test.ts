// Reads of the directory that never end, as when the runtime cancels the request that started them, count as a lost store: a key
// that was removed meanwhile may not be accepted for as long as they go on.

import { expect, it, vi } from 'vitest';
import { startBeside } from '../gateway/in-process.ts';
import { ask, createKey, etag, problemIn, startGateway, withKey } from './operator-client.ts';

it('a removed key changes nothing while reads of the directory stall, and watches no longer than while the store is lost', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const first = await startGateway();
  const second = await startBeside(first);
  const { id, key } = await createKey(first, 'operator');
  first.clock.advance(2_000);
  const ifMatch = await etag(first);
  expect((await ask(second, 'session', { headers: withKey(key) })).status).toBe(200);
  await ask(first, 'removeKey', { at: { key: id }, headers: withKey() });

  const { directory } = second.store;
  const view = () => new Promise<never>(() => {});
  vi.spyOn(second.store, 'directory', 'get').mockReturnValue({ ...directory, view });
  const stalledRead = async () => {
    first.clock.advance(4_500);
    void ask(second, 'session', { headers: withKey(key) });
    await new Promise((resolve) => setImmediate(resolve));
  };
  await stalledRead();
  await stalledRead();
  const late = await ask(second, 'resume', { headers: { ...withKey(key), 'If-Match': ifMatch } });
  expect([late.status, problemIn(late)]).toEqual([503, 'store-unreachable']);
  expect((await ask(second, 'session', { headers: withKey(key) })).status).toBe(200);
  first.clock.advance(6 * 60_000);
  await stalledRead();
  expect((await ask(second, 'session', { headers: withKey(key) })).status).toBe(503);
});
