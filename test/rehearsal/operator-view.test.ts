// What a rehearsal learns of the room by an operator's key, from a running gateway.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { OperatorRefused, OperatorView } from '../../scripts/rehearsal/operator-view.ts';
import { OPERATOR_PATH } from '../../worker/contract/operator-api.ts';
import { OPERATOR_KEY, type Running, startFairgate } from '../running-gateway.ts';

let fairgate: Running;
beforeAll(async () => {
  fairgate = await startFairgate({
    room: { timeZone: 'America/New_York', policy: { newUsersPerMinute: 60, totalActiveUsers: 40, sessionMinutes: 5 } },
  });
});
afterAll(() => fairgate?.stop());

async function setPeople(totalActiveUsers: number): Promise<void> {
  const address = `${fairgate.url}${OPERATOR_PATH}/rooms/demo`;
  const headers = { Authorization: `Bearer ${OPERATOR_KEY}` };
  const etag = (await fetch(address, { headers })).headers.get('ETag') ?? '';
  const response = await fetch(`${address}/policy`, {
    method: 'PUT',
    headers: { ...headers, 'If-Match': etag, 'Content-Type': 'application/json' },
    body: JSON.stringify({ newUsersPerMinute: 60, totalActiveUsers, sessionMinutes: 5 }),
  });
  expect(response.status).toBe(200);
}

test('the zone, the highest limit that was set meanwhile, and that one gateway answered', async () => {
  const view = await OperatorView.open(fairgate.url, 'demo', OPERATOR_KEY);
  expect(view.timeZone).toBe('America/New_York');
  expect(await view.facts()).toEqual({ totalActiveUsers: 40, gateways: 'one' });
  await setPeople(90);
  await setPeople(20);
  await expect.poll(() => view.facts()).toEqual({ totalActiveUsers: 90, gateways: 'one' });
});

test('a key that is not known, and an address without the API, are refused with what to do', async () => {
  const refused = await OperatorView.open(fairgate.url, 'demo', 'x'.repeat(40)).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(OperatorRefused);
  expect((refused as Error).message).toMatch(/HTTP 401.*or none/s);
  await expect(OperatorView.open('http://127.0.0.1:9', 'demo', OPERATOR_KEY)).rejects.toThrow(/--operator-url/);
});
