// Threats: a way in that operators left open. There is no test mode, passes are short and logged, and no key is a default.

import { describe, expect, it } from 'vitest';
import { startGateway } from '../../scripts/lib/gateway-process.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';
import { payloadOf } from './forged-tokens.ts';
import { MARKER } from './recording-origin.ts';
import { roomInput, useSite } from './threat-site.ts';

const site = useSite('before', 'before-too', 'open');

describe('an operator’s way in', () => {
  it('is no address, parameter, header or cookie: none opens a room before its opening', async () => {
    for (const path of ['/?test=1', '/?preview=true', '/?fairgate=open', '/?operator=1', '/test', '/book?bypass=1']) {
      await site.expectClosed('before', path);
    }
    for (const headers of [
      { 'X-Test': '1' },
      { 'X-Fairgate-Operator': OPERATOR_KEY },
      { Authorization: `Bearer ${OPERATOR_KEY}` },
      { Cookie: `fairgate-operator=${OPERATOR_KEY}; operator=1; preview=1` },
    ]) {
      await site.expectClosed('before', '/', { headers });
    }
  });

  it('is not created without an operator key, nor for an unknown room', async () => {
    expect((await site.operator('/rooms/nowhere/pass', OPERATOR_KEY)).status).toBe(404);
    for (const key of [null, '', 'admin', OPERATOR_KEY.slice(0, -1), `${OPERATOR_KEY}x`]) {
      const response = await site.operator('/rooms/before/pass', key);
      // A wrong key is slowed down: one that comes too soon after another is not compared.
      expect([401, 429]).toContain(response.status);
      expect(JSON.parse(response.text).type).toMatch(/\/problems\/(?:operator-key|wrong-key|too-many-requests)$/);
    }
  });

  it('is a signed token for one room and ten minutes, and its creation is logged', async () => {
    const created = await site.operator('/rooms/before/pass', OPERATOR_KEY);
    expect(created.status).toBe(200);
    const { admissionToken } = JSON.parse(created.text);
    const claims = payloadOf(admissionToken);
    expect(claims).toMatchObject({ room: 'before', epoch: expect.any(Number), position: 0 });
    expect(Number(claims['exp']) - Number(claims['iat'])).toBeLessThanOrEqual(600);
    const log = await site.send('/_fairgate/operator/rooms/before/audit', {
      headers: { Authorization: `Bearer ${OPERATOR_KEY}` },
    });
    const passes = JSON.parse(log.text).records.filter(({ action }: { action: string }) => action === 'givePass');
    expect(passes).toMatchObject([{ by: { id: 'owner', address: '127.0.0.1' }, to: { sid: claims['sid'] } }]);
    const headers = { Authorization: `Bearer ${admissionToken}` };
    await site.expectClosed('before-too', '/', { headers });
    expect((await site.send('/x', { host: 'before.test', headers })).text).toContain(MARKER);
    await site.expectClosed('before', '/');
  });
});

describe('a default password', () => {
  it.each(['', 'admin', 'password', 'fairgate', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'short-0123456789'])(
    'keeps the gateway from starting: OPERATOR_KEY=%j',
    async (operatorKey) => {
      const settings = {
        rooms: [roomInput('x', site.origin.url, { hosts: ['*'] })],
        keys: site.fairgate.keys,
        publicUrl: 'http://127.0.0.1:1',
        operatorKey,
      };
      const started = startGateway({ settings, port: 0, dataDir: site.fairgate.dataDir, log: () => {} });
      await expect(started).rejects.toThrow('OPERATOR_KEY');
    },
  );

  it('opens no operator address', async () => {
    for (const path of ['/rooms/open/pass', '/', '/rooms', '/anything']) {
      for (const key of [null, '', 'admin', 'undefined', 'null', '*']) {
        // A wrong key is slowed down: one that comes too soon after another is not checked at all.
        expect([401, 429]).toContain((await site.operator(path, key)).status);
      }
    }
  });
});
