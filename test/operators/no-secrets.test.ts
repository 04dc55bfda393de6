// No response of the gateway has a secret in it: not the signing key, no key of an operator or a site, no secret of a draw before the opening,
// and no token of a visitor where a script could read it.

import { expect, it } from 'vitest';
import { OPERATIONS, type OperationName } from '../../worker/contract/operator-api.ts';
import { CallingSite, newSiteKey, originKeysOf } from '../gateway/calling-site.ts';
import { NOON } from '../gateway/in-process.ts';
import { AS_JSON, AS_PAGE } from '../gateway/visitor-client.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';
import { ask, etag, FORECAST_QUERY, signIn, startGateway, TARGET } from './operator-client.ts';

it('no address of operators or visitors reveals a secret', async () => {
  const siteKey = newSiteKey('first');
  const gateway = await startGateway({
    room: { schedule: { opensAt: new Date(NOON + 600_000).toISOString() } },
    originKeys: originKeysOf(siteKey),
  });
  const received: string[] = [];
  const receive = (text: string, headers: Headers) => {
    received.push(text, ...[...headers].filter(([name]) => name !== 'set-cookie').map(String));
  };
  const visit = async (path: string, init: RequestInit = {}) => {
    const response = await gateway.request(path, init);
    receive(await response.text(), response.headers);
  };
  const browser = {
    ...AS_PAGE,
    'Sec-Fetch-Site': 'same-origin',
    Origin: 'http://127.0.0.1:8787',
    Host: '127.0.0.1:8787',
  };
  await visit('/', { headers: browser });
  for (const action of ['join', 'claim']) {
    await visit(`/_fairgate/rooms/demo/${action}`, { method: 'POST', headers: { ...browser, ...AS_JSON } });
  }
  for (const path of ['rooms/demo/board', 'rooms/demo/status', 'metrics', 'healthz', 'openapi.json', 'console/']) {
    await visit(`/_fairgate/${path}`, { headers: browser });
  }
  await visit('/.well-known/jwks.json');

  for (const data of [{ remaining: 12 }, { remaining: -1 }, { secret: siteKey.secret }]) {
    const { path, headers, body } = new CallingSite(gateway, siteKey).signed('stock', data);
    for (const init of [
      { headers, body },
      { headers: { ...headers, 'webhook-id': 'another' }, body },
    ])
      await visit(path, { method: 'POST', ...init });
  }

  const own = await signIn(gateway);
  const created = await ask(gateway, 'addKey', { body: { name: 'Night', role: 'operator' }, headers: own });
  const { key } = created.document as { key: string };
  const address = { url: 'https://hooks.example/services/secret-part-of-the-address' };
  const target = await ask(gateway, 'addAlarmTarget', { body: { ...TARGET, ...address }, headers: own });
  const { id, secret } = target.document as { id: string; secret: string };
  for (const name of Object.keys(OPERATIONS) as OperationName[]) {
    if (name === 'addKey' || name === 'signOut') continue;
    const headers = { ...own, 'If-Match': await etag(gateway) };
    // Its test is of another file; a new secret is meant to be in its answer.
    const at = name === 'changeAlarmTarget' ? { at: { target: id } } : {};
    const response = await ask(gateway, name, {
      headers,
      ...at,
      ...(name === 'forecast' ? { query: FORECAST_QUERY } : {}),
    });
    // The code in the address of a pass works once, within seconds; the token that it is exchanged for is in a cookie.
    const text = name === 'givePass' ? response.text.replace(/\?code=eyJ[\w.-]+/, '') : response.text;
    receive(text, response.headers);
  }

  const sealed = gateway.store.inner.rooms.get('demo')?.document?.draw.sealed ?? '';
  const known = [gateway.keys.keys[0]?.d, OPERATOR_KEY, key, siteKey.secret, secret, 'secret-part-of-the-address'];
  const secrets = [...known, sealed, gateway.parts.seals.open(sealed) ?? undefined];
  const everything = received.join('\n');
  for (const secret of secrets) {
    expect(secret?.length).toBeGreaterThan(20);
    expect(everything).not.toContain(secret);
  }
  // Every JWT starts like this.
  expect(everything).not.toMatch(/eyJ[A-Za-z0-9_-]{10,}\./);
});
