// Several cookies of one name in a request: browsers send those of every path and domain, in an order that nobody controls, and
// a script of the site or a page of a neighbouring host can add one. A stale or foreign one takes nothing from its visitor.

import { beforeAll, describe, expect, it } from 'vitest';
import { foreignCookies, setsOwnCookie, VisitorCookies } from '../../worker/tokens/cookies.ts';
import { admissionToken, queueToken } from './forged-tokens.ts';
import { MARKER } from './recording-origin.ts';
import { useSite } from './threat-site.ts';
import { enter, type GateVisitor, type RawResponse, sendRaw } from './visitor-client.ts';

const site = useSite('before', 'open');

/** Sends Cookie fields as they are. */
function get(path: string, host: string, cookieFields: string[]): Promise<RawResponse> {
  const fields = [
    `Host: ${host}`,
    'Accept: */*',
    'Connection: close',
    ...cookieFields.map((value) => `Cookie: ${value}`),
  ];
  return sendRaw(site.port, `GET ${path} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`);
}

describe('of several cookies of one name', () => {
  let visitor: GateVisitor;
  beforeAll(async () => {
    visitor = site.visitor('open');
    await enter(visitor);
  });

  const stale = async () => [
    'stale',
    await admissionToken(site.signer, 'open', 'urn:fairgate:origin:open', { claims: { epoch: 1 } }),
    await admissionToken(site.signer, 'before', 'urn:fairgate:origin:before'),
  ];

  it('the admission that is valid counts, in every order', async () => {
    const name = 'fairgate-admission-open';
    const valid = `${name}=${visitor.admissionToken}`;
    for (const token of await stale()) {
      for (const pairs of [
        [`${name}=${token}`, valid],
        [valid, `${name}=${token}`],
        ['site=1', `${name}=${token}`, `${name}=`, valid, `${name}=${token}`],
      ]) {
        expect((await get('/x', 'open.test', [pairs.join('; ')])).body).toContain(MARKER);
        expect((await get('/x', 'open.test', pairs)).body).toContain(MARKER);
      }
      expect((await get('/x', 'open.test', [`${name}=${token}; ${name}=${token}`])).status).toBe(403);
    }
  });

  it('the place of this opening counts, in every order', async () => {
    const holder = site.visitor('before');
    await holder.page();
    const name = 'fairgate-queue-before';
    const valid = `${name}=${holder.queueToken}`;
    const { entry } = await holder.status();
    for (const token of ['stale', await queueToken(site.signer, 'before', { claims: { epoch: 1 } })]) {
      for (const pairs of [
        [`${name}=${token}`, valid],
        [valid, `${name}=${token}`],
      ]) {
        const { body } = await get('/_fairgate/rooms/before/status', 'before.test', [pairs.join('; ')]);
        expect(JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1))).toMatchObject({ entry });
      }
    }
  });

  it('an operator’s session that is valid counts, and not one beyond the first 16', () => {
    const cookies = new VisitorCookies('https://gate.example');
    const name = cookies.operatorCookie;
    const of = (pairs: string[]) => cookies.operatorTokens(new Headers({ Cookie: pairs.join('; ') }));
    expect(of([`${name}=stale`, `x${name}=other`, `${name}="valid"`])).toEqual(['stale', 'valid']);
    expect(of(Array.from({ length: 100 }, (_, index) => `${name}=${index}`))).toHaveLength(16);
  });
});

describe('several Cookie fields', () => {
  it('are read as one, and the site gets its own cookies of all of them', async () => {
    const visitor = site.visitor('open');
    await enter(visitor);
    const own = `fairgate-admission-open=${visitor.admissionToken}`;
    for (const fields of [
      ['a=1', own],
      [own, 'a=1'],
      ['fairgate-queue-open=x', own, 'a=1'],
    ]) {
      site.origin.requests.length = 0;
      expect((await get('/x', 'open.test', fields)).body).toContain(MARKER);
      expect(site.origin.requests[0]?.headers['cookie']).toBe('a=1');
    }
  });
});

describe('a cookie without a name, which browsers send as one with a name', () => {
  it.each(['=', '= ', '=\t', ' =  '])('is the gateway’s own after %j', (before) => {
    for (const cookie of ['fairgate-admission-open=x', '__Host-fairgate-queue-open=x', 'Fairgate-Operator=x']) {
      expect(setsOwnCookie(`${before}${cookie}; Path=/`)).toBe(true);
      expect(foreignCookies(`a=1; ${before}${cookie}; b=2`)).toBe('a=1; b=2');
      expect(foreignCookies(`a=1, ${before}${cookie}, b=2`)).toBe('a=1; b=2');
    }
  });
});
