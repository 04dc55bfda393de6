// How the embedded store calls its objects: what is retried, and what is not.

import { describe, expect, it } from 'vitest';
import { StoreOverloaded } from '../../worker/store/deadline.ts';
import { DurableStore } from '../../worker/store/durable-objects/durable-store.ts';
import { ownObjects } from '../../worker/store/durable-objects/ledger-calls.ts';
import { StoreUnavailable } from '../../worker/store/room-store.ts';

/** A store whose objects fail with these errors in turn, then answer. */
function failing(...errors: Error[]) {
  let calls = 0;
  const answer = async (result: object) => {
    const error = errors[calls++];
    if (error !== undefined) throw error;
    return result;
  };
  const object = {
    apply: () => answer({ kind: 'applied', replies: [{ kind: 'ticked' }] }),
    view: () => answer({ kind: 'viewed', view: null }),
  };
  const namespace = { idFromName: (name: string) => name, get: () => object };
  const store = new DurableStore(
    ownObjects({ ROOM_OBJECTS: namespace as never, DIRECTORY_OBJECTS: namespace as never }),
  );
  return { store, calls: () => calls };
}

/** As the runtime marks an error (Cloudflare, Durable Objects: error handling). */
function marked(marks: { overloaded?: boolean; retryable?: boolean; remote?: boolean }): Error {
  return Object.assign(new Error('Durable Object is overloaded. Too many requests queued.'), marks);
}

describe('a call of a Durable Object', () => {
  it('is not retried at once where the object is overloaded, whatever else the error says', async () => {
    for (const error of [marked({ overloaded: true }), marked({ overloaded: true, retryable: true })]) {
      const { store, calls } = failing(error, error);
      const attempt = store.apply('demo', [{ kind: 'tick' }]);
      await expect(attempt).rejects.toThrow('The Durable Object is overloaded');
      await expect(attempt).rejects.toBeInstanceOf(StoreOverloaded);
      await expect(store.directory.view(null)).rejects.toThrow(StoreUnavailable);
      expect(calls()).toBe(2);
    }
  });

  it.each([
    ['that the runtime calls retryable', marked({ retryable: true, overloaded: false })],
    ['of the connection', new Error('Network connection lost.')],
  ])('is retried once after an error %s', async (_, error) => {
    const { store, calls } = failing(error);
    expect(await store.apply('demo', [{ kind: 'tick' }])).toEqual([{ kind: 'ticked' }]);
    expect(calls()).toBe(2);
    const twice = failing(error, error, error);
    await expect(twice.store.apply('demo', [{ kind: 'tick' }])).rejects.toThrow('The Durable Object failed');
    expect(twice.calls()).toBe(2);
  });
});
