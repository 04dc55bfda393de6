// A gateway that begins without rooms, as one at Cloudflare does whose rooms are more than a variable holds: it answers, lets nobody
// through, and gets its rooms by the operators' API.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startGateway } from '../../scripts/lib/gateway-process.ts';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';

it('starts, refuses visitors, and takes a room from an operator', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'fairgate-no-rooms-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const keys = { keys: [await newSigningKey(0)] };
  const settings = { rooms: [], keys, publicUrl: url, operatorKey: OPERATOR_KEY, joinsPerNetwork: '0' };
  const gateway = await startGateway({ settings, host: '127.0.0.1', port, originCa: null, dataDir, log: () => {} });
  onTestFinished(async () => {
    await gateway.stop('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  });
  const visit = () => fetch(`${url}/book`, { headers: { Accept: 'text/html' } });
  expect((await visit()).status).toBe(404);
  expect((await fetch(`${url}/_fairgate/console/`)).status).toBe(200);
  const room = {
    id: 'spring',
    site: { title: { ko: '봄', en: 'Spring' }, hosts: ['*'], origin: 'http://127.0.0.1:9' },
    policy: { newUsersPerMinute: 60, totalActiveUsers: 10, sessionMinutes: 5 },
    schedule: { opensAt: '2031-03-02T20:00:00+09:00' },
  };
  const created = await fetch(`${url}/_fairgate/operator/rooms`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${OPERATOR_KEY}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(room),
  });
  expect(created.status).toBe(200);
  await expect.poll(async () => (await visit()).status).toBe(503);
  expect(await (await visit()).text()).toContain('봄');
});
