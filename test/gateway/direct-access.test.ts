// Threats: reaching the origin without the line, by a deep link, by the origin's own address, or as a crawler.

import { generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';
import { AUDIENCE } from '../running-gateway.ts';
import { admissionToken } from './forged-tokens.ts';
import { useSite } from './threat-site.ts';
import { AS_PAGE, send } from './visitor-client.ts';

const site = useSite('before');

describe('a deep link', () => {
  it('is closed before the opening for every path, and its visitor gets a place in line', async () => {
    for (const path of [
      '/',
      '/book',
      '/book/step/3?clinic=7',
      '/api/v1/reservations',
      '/index.html',
      '/admin',
      '/.env',
    ]) {
      await site.expectClosed('before', path);
    }
    const visitor = site.visitor('before');
    await visitor.page('/book');
    expect((await visitor.status()).state).toBe('entered');
  });

  it('is closed before the opening for every method', async () => {
    const host = 'before.test';
    expect((await site.send('/book', { host, method: 'HEAD', headers: AS_PAGE })).headers.has('X-Robots-Tag')).toBe(
      true,
    );
    for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      expect((await site.send('/book', { host, method, headers: AS_PAGE })).status).toBe(403);
    }
    const posted = await site.send('/book', { host, method: 'POST', headers: AS_PAGE, body: 'slot=1' });
    expect(posted.status).toBe(503);
    expect(posted.text).toContain('id="fairgate"');
    expect(site.origin.requests).toEqual([]);
  });
});

describe('the origin at its own address', () => {
  const reasonOfRefusal = async (headers: Record<string, string>) => {
    const response = await send(site.fairgate.origin.port, '/book', { headers });
    expect(response.status).toBe(403);
    expect(response.headers.get('Content-Type')).toBe('application/problem+json');
    return JSON.parse(response.text).reason;
  };

  it('refuses requests without an admission token, whatever Host or forwarding fields they have', async () => {
    const { host } = new URL(site.fairgate.url);
    expect(await reasonOfRefusal({})).toBe('missing');
    expect(await reasonOfRefusal({ Host: host })).toBe('missing');
    expect(await reasonOfRefusal({ 'X-Forwarded-Host': host, 'X-Forwarded-For': '127.0.0.1' })).toBe('missing');
  });

  it('refuses requests through another gateway on the same network: only its own gateway’s token counts', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const network = { 'CF-Worker': 'evil.example', 'CF-Connecting-IP': '127.0.0.1', 'CF-Ray': '1', Via: 'fairgate' };
    expect(await reasonOfRefusal(network)).toBe('missing');
    const foreign = await admissionToken(site.signer, 'demo', AUDIENCE, { signWith: privateKey });
    expect(await reasonOfRefusal({ ...network, 'Fairgate-Admission': foreign })).toBe('signature');
    const otherIssuer = { ...site.signer, issuer: 'http://evil.example' };
    const ofOtherIssuer = await admissionToken(otherIssuer, 'demo', AUDIENCE);
    expect(await reasonOfRefusal({ 'Fairgate-Admission': ofOtherIssuer })).toBe('issuer');
  });

  it('accepts a request with its gateway’s admission token', async () => {
    const headers = { 'Fairgate-Admission': await admissionToken(site.signer, 'demo', AUDIENCE) };
    expect((await send(site.fairgate.origin.port, '/book', { headers })).status).toBe(200);
  });
});

it.each([
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'Mozilla/5.0 (compatible; Yeti/1.1; +http://naver.me/spd)',
  'Cloudflare-Healthchecks/1.0',
  'Fairgate/1.0',
  '',
])('the User-Agent %j opens nothing', async (agent) => {
  await site.expectClosed('before', '/', { headers: { 'User-Agent': agent } });
});
