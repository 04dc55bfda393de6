// What leaves the gateway holds no secret: not the signing key, no operator's key, no draw's secret before its time, and no
// visitor's token where a script could read it.

import { beforeAll, expect, it } from 'vitest';
import { OPERATIONS, type OperationName } from '../../worker/contract/operator-api.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { NOON, playGateway } from '../gateway/in-process.ts';
import { AS_JSON, AS_PAGE } from '../gateway/visitor-client.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';
import { ask, etag, signIn } from './operator-client.ts';

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

it('a tour of every address of operators and visitors shows no secret', async () => {
  const played = await playGateway({ keys, room: { schedule: { opensAt: new Date(NOON + 600_000).toISOString() } } });
  const told: string[] = [];
  const visit = async (path: string, init: RequestInit = {}) => {
    const answer = await played.ask(path, init);
    told.push(await answer.text(), ...[...answer.headers].filter(([name]) => name !== 'set-cookie').map(String));
  };
  const browser = {
    ...AS_PAGE,
    'Sec-Fetch-Site': 'same-origin',
    Origin: 'http://127.0.0.1:8787',
    Host: '127.0.0.1:8787',
  };
  await visit('/', { headers: browser });
  for (const wish of ['join', 'claim']) {
    await visit(`/_fairgate/rooms/demo/${wish}`, { method: 'POST', headers: { ...browser, ...AS_JSON } });
  }
  for (const path of ['rooms/demo/board', 'rooms/demo/status', 'metrics', 'healthz', 'openapi.json', 'console/']) {
    await visit(`/_fairgate/${path}`, { headers: browser });
  }
  await visit('/.well-known/jwks.json');

  const own = await signIn(played);
  const made = await ask(played, 'addKey', { body: { name: 'Night', role: 'operator' }, headers: own });
  const { key } = made.document as { key: string };
  const query = { newUsersPerMinute: '100', totalActiveUsers: '10', sessionMinutes: '5' };
  for (const name of Object.keys(OPERATIONS) as OperationName[]) {
    if (name === 'addKey' || name === 'signOut') continue;
    const headers = { ...own, 'If-Match': await etag(played) };
    const answer = await ask(played, name, { headers, ...(name === 'forecast' ? { query } : {}) });
    // The code in a pass's address leads in once and within seconds; what it leads to is in a cookie.
    const text = name === 'givePass' ? answer.text.replace(/\?code=eyJ[\w.-]+/, '') : answer.text;
    told.push(text, ...[...answer.headers].filter(([header]) => header !== 'set-cookie').map(String));
  }

  const document = played.store.inner.rooms.get('demo')?.document;
  const secrets = [keys.keys[0]?.d, OPERATOR_KEY, key, document?.draw.secret];
  const everything = told.join('\n');
  for (const secret of secrets) {
    expect(secret?.length).toBeGreaterThan(20);
    expect(everything).not.toContain(secret);
  }
  // A token of any kind begins like this.
  expect(everything).not.toMatch(/eyJ[A-Za-z0-9_-]{10,}\./);
});
