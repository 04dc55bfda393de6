// Threats: forged, copied, edited, replayed or outdated tokens.

import { generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';
import { change } from '../core/sample-rooms.ts';
import { AUDIENCE } from '../running-gateway.ts';
import { admissionToken, encode, payloadOf, queueToken } from './forged-tokens.ts';
import { forgeries } from './forgeries.ts';
import { InProcessVisitor, NOON, pageKindOf, startInProcess } from './in-process.ts';
import { MARKER } from './recording-origin.ts';
import { setsAdmission, useSite } from './threat-site.ts';
import { AS_JSON, AS_PAGE, enter, type GateVisitor, send, until } from './visitor-client.ts';

const site = useSite('before', 'open', 'full');

const BEFORE_AUDIENCE = 'urn:fairgate:origin:before';

describe('a forged token', () => {
  it('differs in one detail from a genuine token, which is accepted', async () => {
    const token = await admissionToken(site.signer, 'before', BEFORE_AUDIENCE);
    for (const headers of [{ Authorization: `Bearer ${token}` }, { Cookie: `fairgate-admission-before=${token}` }]) {
      expect((await site.send('/', { host: 'before.test', headers })).text).toContain(MARKER);
    }
  });

  it('is refused by the gateway as cookie, Bearer token and header', async () => {
    for (const [, token] of await forgeries(site.signer, 'before', BEFORE_AUDIENCE)) {
      for (const headers of [{ Authorization: `Bearer ${token}` }, { Cookie: `fairgate-admission-before=${token}` }]) {
        await site.expectClosed('before', '/', { headers });
      }
      await site.expectClosed('before', '/', { headers: { 'Fairgate-Admission': token } });
    }
    for (const claims of [{ room: 'open' }, { room: undefined }, { epoch: 2 }, { epoch: 0 }, { epoch: undefined }]) {
      const token = await admissionToken(site.signer, 'before', BEFORE_AUDIENCE, { claims });
      await site.expectClosed('before', '/', { headers: { Authorization: `Bearer ${token}` } });
    }
  });

  it('is refused by the origin', async () => {
    for (const [name, token] of await forgeries(site.signer, 'demo', AUDIENCE)) {
      const response = await send(site.fairgate.origin.port, '/', { headers: { 'Fairgate-Admission': token } });
      expect([name, response.status]).toEqual([name, 403]);
      expect(response.headers.get('Content-Type')).toBe('application/problem+json');
    }
  });

  it('for a place is ignored: with another key, of another kind, or of another room', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    for (const token of [
      await queueToken(site.signer, 'open', { signWith: privateKey }),
      await queueToken(site.signer, 'before'),
      await queueToken(site.signer, 'open', { header: { typ: 'JWT' } }),
      await admissionToken(site.signer, 'open', 'open', { claims: { entry: 1, draw: '0'.repeat(64) } }),
    ]) {
      const headers = { Cookie: `fairgate-queue-open=${token}` };
      const response = await site.send('/_fairgate/rooms/open/status', { host: 'open.test', headers });
      expect(JSON.parse(response.text).state).toBe('none');
    }
    const bearer = await queueToken(site.signer, 'open', { signWith: privateKey });
    const refused = await site.send('/_fairgate/rooms/open/status', {
      host: 'open.test',
      headers: { Authorization: `Bearer ${bearer}` },
    });
    expect(refused.status).toBe(401);
  });

  it('with another visitor’s position brings no session, even if the gateway’s key signed it', async () => {
    const owner = site.visitor('open');
    await enter(owner);
    const { position } = payloadOf(owner.queueToken ?? '');
    const stolen = await queueToken(site.signer, 'open', { claims: { position } });
    const headers = { ...AS_JSON, Cookie: `fairgate-queue-open=${stolen}` };
    const response = await until(
      () => site.send('/_fairgate/rooms/open/claim', { host: 'open.test', method: 'POST', headers }),
      ({ status }) => status !== 202, // The gateway's view may be a second old.
    );
    expect([response.status, JSON.parse(response.text).reason]).toEqual([409, 'foreignPosition']);
  });
});

it('flags, edited pages and edited tokens from the browser’s console change nothing', async () => {
  const visitor = site.visitor('full');
  await visitor.page();
  site.origin.requests.length = 0;
  const token = visitor.queueToken ?? '';
  const [header = '', , signature = ''] = token.split('.');
  const edited = `${header}.${encode({ ...payloadOf(token), position: 1 })}.${signature}`;
  const cookies = visitor.jar.header;
  for (const headers of [
    { Cookie: `${cookies}; admitted=true; state=admitted; fairgate-admission-full=true` },
    { Cookie: `fairgate-queue-full=${edited}` },
    { Cookie: `fairgate-admission-full=${token}` },
    { Cookie: `fairgate-queue-full=${edited}; fairgate-admission-full=${edited}` },
    { Cookie: cookies, 'Fairgate-Admission': 'true', 'Fairgate-State': 'admitted' },
    { Cookie: cookies, 'X-Fairgate-Position': '1' },
  ]) {
    await site.expectClosed('full', '/book?state=admitted&position=1&called=999', { headers });
    const claimed = await site.send('/_fairgate/rooms/full/claim', {
      host: 'full.test',
      method: 'POST',
      headers: { ...AS_JSON, 'Content-Type': 'application/json', ...headers },
      body: '{"position":1,"called":999,"state":"admitted","admitted":true}',
    });
    expect([202, 409]).toContain(claimed.status);
    expect(setsAdmission(claimed)).toBe(false);
    expect(claimed.text).not.toContain('admissionToken');
  }
});

describe('an outdated token', () => {
  it('of another room, opening or audience is refused', async () => {
    for (const token of [
      await admissionToken(site.signer, 'before', BEFORE_AUDIENCE, { claims: { epoch: 2 } }),
      await admissionToken(site.signer, 'before', BEFORE_AUDIENCE, { claims: { epoch: 99 } }),
      await admissionToken(site.signer, 'open', BEFORE_AUDIENCE),
      await admissionToken(site.signer, 'before', 'urn:fairgate:origin:open'),
      await admissionToken(site.signer, 'open', 'urn:fairgate:origin:open'),
    ]) {
      await site.expectClosed('before', '/', { headers: { Authorization: `Bearer ${token}` } });
      await site.expectClosed('before', '/', { headers: { Cookie: `fairgate-admission-before=${token}` } });
    }
  });

  it('of an earlier opening is refused once the room has a new one, and so is the place', async () => {
    const gateway = await startInProcess({ keys: site.fairgate.keys });
    const visitor = new InProcessVisitor(gateway);
    for (let seconds = 0; seconds < 4; seconds++) {
      gateway.clock.advance(1_000);
      await visitor.page();
    }
    expect(gateway.forwarded.length).toBeGreaterThan(0);
    const schedule = { prequeueAt: null, opensAt: NOON + 3_600_000, closesAt: null, beacon: null };
    await gateway.store.inner.apply('demo', [change({ kind: 'setSchedule', schedule, secret: '77'.repeat(32) })]);
    gateway.clock.advance(3_000);
    gateway.forwarded.length = 0;
    expect((await visitor.send('/')).status).toBe(403);
    expect(await pageKindOf(await visitor.page())).toBe('entered');
    expect(payloadOf(visitor.jar.get('fairgate-queue-demo') ?? '')).toMatchObject({ entry: 1 });
    expect(gateway.forwarded).toEqual([]);
  });
});

describe('a copied token', () => {
  it('for admission belongs to the same session everywhere, and ends with it', async () => {
    const visitor = site.visitor('open');
    await enter(visitor);
    const copy = site.visitor('open');
    copy.jar.set('fairgate-admission-open', visitor.admissionToken ?? '');
    await copy.send('/copied');
    const tokens = site.origin.requests.map(({ headers }) => payloadOf(headers['fairgate-admission'] ?? ''));
    expect(new Set(tokens.map(({ sub, sid }) => `${sub} ${sid}`)).size).toBe(1);
    await visitor.act('leave');
    site.origin.requests.length = 0;
    expect((await copy.send('/copied')).status).toBe(403);
    expect(site.origin.requests).toEqual([]);
  });

  it('for a place claims the same session, never a second one', async () => {
    const visitor = site.visitor('open');
    await enter(visitor);
    const copy = site.visitor('open');
    copy.jar.set('fairgate-queue-open', visitor.queueToken ?? '');
    const { text } = await until(
      () => copy.act('claim'),
      ({ status }) => status !== 202, // The gateway's view may be a second old.
    );
    expect(payloadOf(JSON.parse(text).admissionToken)['sid']).toBe(payloadOf(visitor.admissionToken ?? '')['sid']);
    await visitor.act('leave');
    const repeated = await copy.act('claim');
    expect(repeated.status).toBe(410);
    expect(JSON.parse(repeated.text).outcome).toBe('ended');
  });
});

describe('a replayed token', () => {
  const ENDINGS: [string, (visitor: GateVisitor) => Promise<unknown>, page: string][] = [
    ['the origin completed the session', (visitor) => visitor.send('/complete'), 'Your booking was recorded'],
    ['the origin revoked the session', (visitor) => visitor.send('/revoke'), '"kind":"ended"'],
    ['the visitor left', (visitor) => visitor.act('leave'), '"kind":"ended"'],
  ];
  it.each(ENDINGS)('is refused as cookie and as Bearer token after %s, and so is the place', async (_, end, page) => {
    for (const command of ['complete', 'revoke']) {
      site.origin.handlers.set(`/${command}`, (_request, response) => {
        response.writeHead(200, { 'Fairgate-Command': command }).end('thanks');
      });
    }
    const visitor = site.visitor('open');
    await enter(visitor);
    const { admissionToken: admission, queueToken: place } = visitor;
    expect((await visitor.send('/x')).status).toBe(200);
    await end(visitor);
    site.origin.requests.length = 0;
    for (const headers of [
      { Cookie: `fairgate-admission-open=${admission}` },
      { Authorization: `Bearer ${admission}` },
    ]) {
      expect((await site.send('/x', { host: 'open.test', headers })).status).toBe(403);
    }
    const both = { ...AS_PAGE, Cookie: `fairgate-admission-open=${admission}; fairgate-queue-open=${place}` };
    expect((await site.send('/x', { host: 'open.test', headers: both })).text).toContain(page);
    expect(site.origin.requests).toEqual([]);
  });

  it('is refused from the exact end of its session on, and renewal does not bring it back', async () => {
    const room = { policy: { sessionRenewal: false } };
    const gateway = await startInProcess({ keys: site.fairgate.keys, room });
    const visitor = new InProcessVisitor(gateway);
    for (let seconds = 0; seconds < 3; seconds++) {
      gateway.clock.advance(1_000);
      await visitor.page();
    }
    const { exp, nbf } = payloadOf(visitor.jar.get('fairgate-admission-demo') ?? '');
    expect(Number(exp) - Number(nbf)).toBeLessThanOrEqual(300);
    gateway.clock.at = Number(exp) * 1_000 - 1;
    expect((await visitor.send('/')).status).toBe(200);
    gateway.clock.advance(1);
    for (const ms of [0, 1, 1_000, 60_000]) {
      gateway.clock.advance(ms);
      expect((await visitor.send('/')).status).toBe(403);
      expect(await pageKindOf(await visitor.page())).toBe('ended');
    }
  });

  it('is refused once it has expired', async () => {
    const exp = Math.floor(Date.now() / 1000) + 2;
    const token = await admissionToken(site.signer, 'before', BEFORE_AUDIENCE, { claims: { exp, position: 0 } });
    const headers = { Authorization: `Bearer ${token}` };
    expect((await site.send('/x', { host: 'before.test', headers })).text).toContain(MARKER);
    await until(
      () => site.send('/x', { host: 'before.test', headers }),
      ({ status }) => status === 403,
    );
    await site.expectClosed('before', '/x', { headers });
  });
});
