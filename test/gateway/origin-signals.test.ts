// What the origin tells the gateway in its responses' header: obeyed on an admitted visitor's request only, because anyone can
// have any other response of the origin, and never passed on.

import { beforeAll, expect, it } from 'vitest';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { ask, withKey } from '../operators/operator-client.ts';
import { InProcessVisitor, startInProcess } from './in-process.ts';
import { MARKER } from './recording-origin.ts';

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A gateway whose origin says the same on every path, and a visitor inside. */
async function start(fields: Record<string, string>) {
  let headers = {};
  const gateway = await startInProcess({
    keys,
    room: { paths: ['/book'], exempt: ['/book/static'], outside: 'pass' },
    fetchOrigin: async () => new Response(MARKER, { headers }),
  });
  const inside = new InProcessVisitor(gateway);
  gateway.clock.advance(1_000);
  await inside.page('/book');
  gateway.clock.advance(2_100);
  expect(await (await inside.page('/book')).text()).toBe(MARKER);
  headers = fields;
  return { gateway, inside };
}

it.each([
  ['Fairgate-Stock', '0', 'reportStock'],
  ['Fairgate-Overload', '60', 'reportOverload'],
  ['Fairgate-Command', 'complete', 'end'],
  ['Fairgate-Command', 'revoke', 'end'],
] as const)(
  '%s: %s is obeyed on an admitted visitor’s request only, and never passed on',
  async (name, value, kind) => {
    const { gateway, inside } = await start({ [name]: value });
    const { document } = await ask(gateway, 'givePass', { headers: withKey() });
    const { admissionToken } = document as { admissionToken: string };
    const applied = () => gateway.store.applied.filter((command) => command === kind).length;
    const responses = [
      await gateway.request('/news'),
      await gateway.request('/book/static/a.js'),
      await inside.page('/news'),
      await inside.page('/book/static/a.js'),
      await gateway.request('/book', { headers: { Authorization: `Bearer ${admissionToken}` } }),
    ];
    await settle();
    expect(applied()).toBe(0);
    responses.push(await inside.page('/book'));
    await settle();
    expect(applied()).toBe(1);
    for (const response of responses) {
      expect(await response.text()).toBe(MARKER);
      expect([...response.headers.keys()].filter((field) => field.startsWith('fairgate'))).toEqual([]);
    }
  },
);
