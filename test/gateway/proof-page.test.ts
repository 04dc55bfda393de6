// The server's part of the page on which a visitor checks the draw: whose queue token stands on it, for which requests, and what caches,
// other sites and other visitors get.

import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProofModel } from '../../worker/pages/proof-model.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { type InProcessGateway, InProcessVisitor, NOON, PUBLIC_URL, startInProcess } from './in-process.ts';
import { AS_PAGE } from './visitor-client.ts';

const PROOF = '/_fairgate/rooms/demo/proof';
const COOKIE = 'fairgate-queue-demo';

let keys: SigningKeys;
let gateway: InProcessGateway;
let visitor: InProcessVisitor;
let token: string;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

beforeEach(async () => {
  gateway = await startInProcess({
    keys,
    room: { schedule: { opensAt: new Date(NOON + 600_000).toISOString() } },
    moreRooms: [{ id: 'other', hosts: ['other.test'] }],
  });
  visitor = new InProcessVisitor(gateway);
  await visitor.act('join');
  token = visitor.jar.get(COOKIE) ?? '';
  expect(token).toMatch(/^eyJ/);
});

/** The page's data. */
async function modelOn(response: Response): Promise<ProofModel> {
  const text = await response.text();
  return JSON.parse(/<script type="application\/json" id="fairgate">(.*?)<\/script>/s.exec(text)?.[1] ?? 'null');
}

const withCookie = (value: string, headers: Record<string, string> = {}) =>
  gateway.request(PROOF, { headers: { ...AS_PAGE, ...headers, Cookie: value } });

describe('the proof page', () => {
  it('has the queue token of its visitor, and the public keys of the gateway and nothing of the private ones', async () => {
    const response = await visitor.send(PROOF, { headers: AS_PAGE });
    const [{ d = '', x, y } = {}] = keys.keys as { d?: string; x?: string; y?: string }[];
    const text = await response.clone().text();
    const model = await modelOn(response);
    expect(response.status).toBe(200);
    expect(model).toMatchObject({ receipt: token, withheld: false, keys: [{ x, y }], saved: null });
    expect(model.drawUrl).toBe(`${PUBLIC_URL}/_fairgate/rooms/demo/draw`);
    expect(text).not.toContain(d);
  });

  it('is stored by no cache, shown in no frame, and closed to scripts of the site by an origin of its own', async () => {
    for (const headers of [AS_PAGE, { ...AS_PAGE, 'Accept-Encoding': 'gzip' }]) {
      const response = await visitor.send(PROOF, { headers });
      expect(response.headers.get('Cache-Control')).toBe('private, no-store');
      expect(response.headers.get('Vary')).toContain('Cookie');
      expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(response.headers.get('Cross-Origin-Resource-Policy')).toBe('same-origin');
      expect(response.headers.get('Referrer-Policy')).toBe('no-referrer');
      expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull();
      expect(response.headers.get('Set-Cookie')).toBeNull();
      const policy = (response.headers.get('Content-Security-Policy') ?? '').split('; ');
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("base-uri 'none'");
      expect(policy).toContain('sandbox allow-scripts allow-downloads');
      expect(policy.join()).not.toMatch(/unsafe|\*/);
    }
  });

  it('has no token for any request but a visitor’s own page load', async () => {
    const own = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };
    // Most requests differ from a visitor's own in few fields, so that each field alone decides often enough.
    const field = (usual: string | null, ...values: (string | null)[]) =>
      fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...values) });
    const request = fc.record({
      method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD'),
      'Sec-Fetch-Site': field('same-origin', 'none', 'same-site', 'cross-site', 'x', null),
      'Sec-Fetch-Mode': field('navigate', 'cors', 'no-cors', 'same-origin', null),
      'Sec-Fetch-Dest': field('document', 'iframe', 'frame', 'embed', 'object', 'empty', 'script', null),
      Origin: field(null, 'null', PUBLIC_URL, 'https://evil.test'),
      'Sec-Purpose': field(null, 'prefetch', 'prefetch;prerender'),
      'Service-Worker-Navigation-Preload': field(null, 'true'),
      Accept: field('text/html', 'application/json', '*/*'),
    });
    let embedded = 0;
    await fc.assert(
      fc.asyncProperty(request, async ({ method, ...fields }) => {
        const headers = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as Record<
          string,
          string
        >;
        const response = await gateway.request(PROOF, {
          method,
          headers: { ...headers, Cookie: `${COOKIE}=${token}` },
        });
        const isOwn =
          ['same-origin', 'none'].includes(fields['Sec-Fetch-Site'] ?? '') &&
          Object.entries(own).every(([name, value]) => headers[name] === value) &&
          !('Origin' in headers || 'Sec-Purpose' in headers || 'Service-Worker-Navigation-Preload' in headers);
        const text = await response.text();
        if (method === 'HEAD') {
          expect(text).toBe('');
          return;
        }
        if (isOwn) embedded++;
        expect(text.includes(token)).toBe(isOwn);
        expect(text.includes('"withheld":true')).toBe(!isOwn);
      }),
      {
        numRuns: 600,
      },
    );
    expect(embedded).toBeGreaterThan(0);
  });

  it('never has the token of another visitor, room or kind, nor one that an app sends', async () => {
    const second = new InProcessVisitor(gateway);
    await second.act('join');
    const theirs = second.jar.get(COOKIE) ?? '';
    const [first, other] = await Promise.all(
      [visitor, second].map(async (one) => modelOn(await one.send(PROOF, { headers: AS_PAGE }))),
    );
    expect([first?.receipt, other?.receipt]).toEqual([token, theirs]);
    expect((await modelOn(await gateway.request(PROOF, { headers: AS_PAGE }))).receipt).toBeNull();
    for (const cookie of [
      `fairgate-queue-other=${token}`,
      `fairgate-admission-demo=${token}`,
      `xfairgate-queue-demo=${token}`,
    ]) {
      expect(await modelOn(await withCookie(cookie))).toMatchObject({ receipt: null, withheld: false });
    }
    const bearer = await gateway.request(PROOF, { headers: { ...AS_PAGE, Authorization: `Bearer ${token}` } });
    expect(await bearer.text()).not.toContain(token);
  });

  it('takes of several cookies of one name the genuine one, in every order, also after its end', async () => {
    for (const ahead of [0, 30 * 86_400_000]) {
      gateway.clock.advance(ahead);
      for (const values of [
        [token, 'a.b.c'],
        ['a.b.c', token],
        ['a.b.c', 'd.e.f', token],
      ]) {
        const cookie = values.map((value) => `${COOKIE}=${value}`).join('; ');
        expect((await modelOn(await withCookie(cookie))).receipt).toBe(token);
      }
    }
  });

  it('keeps a receipt whose key is gone, so that its visitor learns that the keys were exchanged', async () => {
    const after = await startInProcess({ keys: { keys: [await newSigningKey(0)] } });
    const response = await after.request(PROOF, { headers: { ...AS_PAGE, Cookie: `${COOKIE}=${token}` } });
    expect((await modelOn(response)).receipt).toBe(token);
  });

  it('repeats nothing of a cookie or an address that is no token', async () => {
    for (const value of ['</script><script>alert(1)</script>', 'a.b', 'a.b.c.d', `a.b.${'c'.repeat(3_000)}`, '<!--']) {
      expect((await modelOn(await withCookie(`${COOKIE}=${value}`))).receipt).toBeNull();
    }
    const response = await visitor.send(`${PROOF}?epoch=%3C/script%3E-marker`, { headers: AS_PAGE });
    expect(await response.text()).not.toContain('-marker');
  });

  it('is in the language that was chosen, else the browser’s, else the room’s, and offers the room’s languages alone', async () => {
    const languageOf = async (headers: Record<string, string>) =>
      (await gateway.request(PROOF, { headers: { ...AS_PAGE, ...headers } })).headers.get('Content-Language');
    expect(await languageOf({ 'Accept-Language': 'en' })).toBe('en');
    expect(await languageOf({ 'Accept-Language': 'ko-KR,en;q=0.5' })).toBe('ko');
    expect(await languageOf({ 'Accept-Language': 'en', Cookie: 'fairgate-language=ko' })).toBe('ko');
    expect(await languageOf({ 'Accept-Language': 'fr' })).toBe('ko');
    const english = await startInProcess({ keys, room: { languages: ['en'] } });
    const response = await english.request(PROOF, { headers: { ...AS_PAGE, Cookie: 'fairgate-language=ko' } });
    expect(response.headers.get('Content-Language')).toBe('en');
    expect(await response.text()).not.toContain('/_fairgate/language');
    expect(await (await gateway.request(PROOF, { headers: AS_PAGE })).text()).toContain(
      `/_fairgate/language?to=ko&amp;return=${encodeURIComponent(PROOF)}`,
    );
  });

  it('is a room’s, on its own hosts', async () => {
    expect((await gateway.request('/_fairgate/rooms/none/proof', { headers: AS_PAGE })).status).toBe(404);
    expect((await gateway.request('/_fairgate/rooms/other/proof', { headers: AS_PAGE })).status).toBe(404);
    const elsewhere = await gateway.request(
      '/_fairgate/rooms/other/proof',
      { headers: { ...AS_PAGE, Host: 'other.test' } },
      'http://other.test',
    );
    expect(elsewhere.status).toBe(200);
  });

  it('can read refusals for the draw, which it asks for from an origin of its own', async () => {
    for (const path of ['demo/draw?epoch=999', 'none/draw']) {
      const headers = { Accept: 'application/json', Origin: 'null', 'Sec-Fetch-Site': 'cross-site' };
      const response = await gateway.request(`/_fairgate/rooms/${path}`, { headers });
      expect(response.status).toBe(404);
      expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
      expect(response.headers.get('Access-Control-Allow-Credentials')).toBeNull();
    }
    const page = await gateway.request(PROOF, { headers: { ...AS_PAGE, Origin: 'null' } });
    expect(page.headers.get('Access-Control-Allow-Origin')).toBeNull();
  });

  it('asks no store and takes no place', async () => {
    const { applied, views } = gateway.store;
    const before = [applied.length, views];
    await visitor.send(PROOF, { headers: AS_PAGE });
    await gateway.request(PROOF, { headers: AS_PAGE });
    expect([gateway.store.applied.length, gateway.store.views]).toEqual(before);
  });
});
