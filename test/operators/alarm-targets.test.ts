// Targets of alarms: what owners see and never see again, where alarms may go, and what a test of a target says.

import { describe, expect, it } from 'vitest';
import { ALARM_TARGETS_MAX } from '../../queue-core/limits.ts';
import type { AlarmTarget, AlarmTest } from '../../worker/contract/operator-api.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { type InProcessGateway, type InProcessOptions, startInProcess } from '../gateway/in-process.ts';
import { ask, causesIn, problemIn, startGateway, TARGET, withKey } from './operator-client.ts';

const headers = withKey();
const targetsOf = async (gateway: InProcessGateway) =>
  ((await ask(gateway, 'alarmTargets', { headers })).document as { targets: AlarmTarget[] }).targets;
const add = async (gateway: InProcessGateway, more: object = {}) => {
  gateway.clock.advance(1_100);
  return ask(gateway, 'addAlarmTarget', { body: { ...TARGET, ...more }, headers });
};
const created = async (gateway: InProcessGateway, more: object = {}) =>
  (await add(gateway, more)).document as { id: string; secret: string | null };

describe('a target of alarms', () => {
  it('shows its secret once and its address never: neither in the list, nor in the log, nor in the store', async () => {
    const gateway = await startGateway();
    const { id, secret } = await created(gateway);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const list = await ask(gateway, 'alarmTargets', { headers });
    expect(list.document).toMatchObject({
      targets: [{ id, name: 'Chat', host: 'https://hooks.example', canSign: true }],
    });
    const log = await ask(gateway, 'directoryAudit', { headers });
    expect(log.text).toContain('https://hooks.example');
    for (const text of [list.text, log.text]) {
      expect(text).not.toContain('secret-path');
      expect(text).not.toContain(String(secret));
    }
    const stored = JSON.stringify(await gateway.store.inner.directory.view(null));
    expect(stored).not.toContain(String(secret).slice(6));
  });

  it('keeps its address and its secret where only the rest is changed', async () => {
    const gateway = await startGateway();
    const { id } = await created(gateway);
    const before = (await gateway.store.inner.directory.view(null))?.alarmTargets[0];
    const body = { ...TARGET, url: null, name: 'Pager', severityMin: 'critical', rooms: ['demo'] };
    expect((await ask(gateway, 'changeAlarmTarget', { at: { target: id }, body, headers })).status).toBe(204);
    const after = (await gateway.store.inner.directory.view(null))?.alarmTargets[0];
    expect(after).toEqual({ ...before, name: 'Pager', severityMin: 'critical', rooms: ['demo'] });
  });

  it('gets another secret, beside which the former one counts for a day', async () => {
    const gateway = await startGateway();
    const { id, secret } = await created(gateway);
    const rotated = await ask(gateway, 'rotateAlarmTarget', { at: { target: id }, headers });
    expect((rotated.document as { secret: string }).secret).not.toBe(secret);
    gateway.clock.advance(1_100);
    const until = Date.parse((await targetsOf(gateway))[0]?.formerSecretUntil ?? '');
    expect(until - gateway.clock.now()).toBeGreaterThan(86_000_000);
    gateway.clock.advance(86_400_000);
    expect((await targetsOf(gateway))[0]?.formerSecretUntil).toBeNull();
  });

  it('cannot sign where the key is gone that its secret comes from, and says so', async () => {
    const first = await startGateway();
    const { id } = await created(first);
    const other = await startInProcess({
      keys: { keys: [await newSigningKey(0)] },
      clock: first.clock,
      store: first.store,
    });
    expect(await targetsOf(other)).toMatchObject([{ canSign: false }]);
    const { document } = await ask(other, 'testAlarmTarget', { at: { target: id }, headers });
    expect(document).toMatchObject({ isDelivered: false, status: null, fault: 'cannotSign' });
  });

  it('is one of a few', async () => {
    const gateway = await startGateway();
    for (let index = 0; index < ALARM_TARGETS_MAX; index++) expect((await add(gateway)).status).toBe(200);
    expect(problemIn(await add(gateway))).toBe('targets-full');
  });

  it.each(['changeAlarmTarget', 'rotateAlarmTarget', 'testAlarmTarget', 'removeAlarmTarget'] as const)(
    'that is unknown is not found: %s',
    async (name) => {
      const gateway = await startGateway();
      const body = name === 'changeAlarmTarget' ? { body: TARGET } : {};
      expect((await ask(gateway, name, { at: { target: 'unknown' }, headers, ...body })).status).toBe(404);
    },
  );
});

describe('the address of a target', () => {
  const own: Partial<InProcessOptions> = { listenUrl: 'http://127.0.0.1:8787' };

  it.each([
    ['http://hooks.example/', {}, 'notPublic'],
    ['http://hooks.example/', own, 'notPublic'],
    ['http://127.0.0.1:9999/', {}, 'notPublic'],
    ['https://127.0.0.1:9999/', {}, 'notPublic'],
    ['https://10.0.0.8/', {}, 'notPublic'],
    ['https://192.168.1.1/hook', {}, 'notPublic'],
    ['https://[fd00::1]/', {}, 'notPublic'],
    ['https://169.254.169.254/latest/meta-data', {}, 'notPublic'],
    ['http://127.0.0.1:8787/_fairgate/operator/keys', own, 'ownAddress'],
    ['http://localhost:8787/', own, 'ownAddress'],
    ['https://user:password@hooks.example/', {}, undefined],
    ['ftp://hooks.example/', {}, undefined],
    ['/hook', {}, undefined],
  ] as const)('%s is refused', async (url, options, kind) => {
    const gateway = await startGateway(options);
    const refused = await add(gateway, { url });
    expect([refused.status, problemIn(refused)]).toEqual([422, 'bad-input']);
    if (kind !== undefined) expect(causesIn(refused)['url']).toMatchObject({ kind });
    expect(await targetsOf(gateway)).toEqual([]);
  });

  it.each([
    ['https://hooks.example/T0/x', {}],
    ['http://127.0.0.1:9999/', own],
    ['http://localhost:9999/mail', own],
    ['https://10.0.0.8/', own],
  ] as const)('%s is taken', async (url, options) => {
    expect((await add(await startGateway(options), { url })).status).toBe(200);
  });
});

describe('a test of a target', () => {
  async function testOf(answer: () => Promise<Response>, more: object = {}) {
    const sent: { url: string; init: RequestInit }[] = [];
    const gateway = await startGateway({
      fetch: async (url, init) => {
        sent.push({ url, init });
        return answer();
      },
    });
    const { id } = await created(gateway, more);
    const send = () => ask(gateway, 'testAlarmTarget', { at: { target: id }, headers });
    return { gateway, sent, send };
  }

  it.each([
    [() => new Response(null, { status: 204 }), { isDelivered: true, status: 204, fault: null }],
    [() => new Response('no such hook', { status: 404 }), { isDelivered: false, status: 404, fault: null }],
    [
      () => new Response(null, { status: 302, headers: { Location: 'http://127.0.0.1/' } }),
      { isDelivered: false, status: 302, fault: 'redirect' },
    ],
  ])('says the status of the response: %s', async (answer, said) => {
    const { send } = await testOf(async () => answer());
    expect((await send()).document).toMatchObject(said);
  });

  it.each([
    [new TypeError('connection refused'), 'unreachable'],
    [new DOMException('too long', 'TimeoutError'), 'noAnswer'],
  ])('says why there was none: %s', async (error, fault) => {
    const { send } = await testOf(() => Promise.reject(error));
    expect((await send()).document as AlarmTest).toMatchObject({ isDelivered: false, status: null, fault });
  });

  it('goes to the whole address, without following a redirect, and says that it is a test and by whom', async () => {
    const { send, sent } = await testOf(async () => new Response(null), { form: 'slack' });
    await send();
    expect(sent).toMatchObject([{ url: TARGET.url, init: { method: 'POST', redirect: 'manual' } }]);
    expect(JSON.parse(String(sent[0]?.init.body))).toEqual({
      text: 'This is a test by owner. Alarms of the waiting room will come here.',
    });
  });

  it('is not made as often as anybody likes', async () => {
    const { send, sent } = await testOf(async () => new Response(null));
    const statuses = [];
    for (let index = 0; index < 20; index++) statuses.push((await send()).status);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(10);
    expect(sent.length).toBeLessThan(10);
  });
});
