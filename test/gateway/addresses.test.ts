// Threats: addresses that the gateway and the origin might read differently, exemptions, and return addresses.

import { describe, expect, it } from 'vitest';
import { MARKER } from './recording-origin.ts';
import { useSite } from './threat-site.ts';
import { AS_OWN_FORM, AS_PAGE } from './visitor-client.ts';

const site = useSite('before', 'narrow', 'exempt', 'open');

/** Spellings of `/book`, and targets that an origin might read as `/book`. */
const SPELLINGS_OF_BOOK = [
  ...['/book', '/Book', '/BOOK', '/bOoK/', '/book/', '/book/x', '/%62ook', '/%42ook', '/b%6fo%6B', '/%62%6f%6f%6b'],
  ...['//book', '///book', '/./book', '/.//book', '/x/../book', '/x/./../book', '/x/y/../../book', '/x//../book'],
  ...['/%2e/book', '/x/%2e%2e/book', '/x/%2E%2E/book', '/x/.%2e/book', '/x/%2e./book', '/x/%2e%2e/%2e/book'],
  ...['/book;a=b', '/book;', '/book;/x', '/;a/book', '/x/..;/book', '/x/..;a=b/book', '/x;y/../book', '/book%3ba=b'],
  ...['/book.', '/book..', '/book%20', '/book.%20', '/book%2e', '/book/.', '/book/x/..', '/book.;x', '/book.json'],
  ...['/%2562ook', '/%252562ook', '/x/%252e%252e/book', '/x/%252e%252e/%252e%252e/book', '/x/%25252e%25252e/book'],
  ...['/x%252f..%252fbook', '/x%255c..%255cbook', '/book%252f..', '/book%2500.js', '/book%3fx', '/book%23x'],
  ...['/boo%E2%84%AA', '/%EF%BD%82ook', '/book?x', '/book?/../news', '/book#/news', '/book/../book'],
  ...['/%2fbook', '/x%2f..%2fbook', '/x/..%2fbook', '/%5cbook', '/x%5c..%5cbook', '/\\book', '\\book'],
  ...['/x\\..\\book', '/book%00', '/book%00.js', '/%00/book', '/book\u0000', '/book%0d%0aX:%201', '/book%09'],
  '/book%7f',
  ...['/..', '/../book', '/news/../../book', '/%2e%2e/book', '/%', '/%6', '/book%', '/%u0062ook', '/%zz/../book'],
  ...['/b\u00f6ok/../book', '/book\u00a0', '/book\t', '*', '', '/.%00/book'],
  ...['http://narrow.test/book', 'http://elsewhere.test/book', 'HTTP://NARROW.TEST/book', 'https://narrow.test/book'],
  ...['http://narrow.test//book', 'http://narrow.test/x/../book', 'http://narrow.test@elsewhere.test/book'],
  ...['http:///book', 'http:/book', 'ftp://narrow.test/book'],
];

/** Values of Host that name `narrow.test` or resemble it. */
const HOSTS = [
  ...['NARROW.TEST', 'Narrow.Test', 'narrow.test.', 'narrow.test:80', 'narrow.test:443', 'narrow.test.:8787'],
  ...['narrow.test:99999', 'narrow.test:', 'narrow.test:0x50', 'narrow.test:80:80', 'narrow.test..', '.narrow.test'],
  ...['narrow.test/news', 'narrow.test/news?', 'narrow.test#', 'narrow.test?x', 'narrow.test\\news', 'x@narrow.test'],
  ...['narrow.test@before.test', 'narrow.test, before.test', 'narrow.test before.test', '[narrow.test]'],
  'http://narrow.test',
  ...['nar%72ow.test', 'narrow%2etest', 'narrow.test%00', 'narrow.test\u0000.before.test', 'narrow\u3002test', '*'],
  ...['', ' '],
  ...['127.0.0.1.narrow.test', '0x7f.0.0.1', '2130706433', '1.2.3.999', '[::1]', '[::::]', '[::ffff:127.0.0.1]'],
  'localhost',
];

/** Paths that resemble exempt ones. */
const NOT_EXEMPT = [
  ...['/book/x.js', '/book.js', '/book/static/x.js', '/book;/static/x.js', '/book/favicon.ico', '/favicon.ico.html'],
  ...['/staticx', '/static.html', '/Static/x.js', '/STATIC/x.js', '/book?/static/x.js', '/static/../book'],
  ...['/static/%2e%2e/book', '/static/..;/book', '/static/%252e%252e/book', '/static/x/..;a/..;b/book'],
  ...['/static/%252e%252e%252fbook', '/static/%255c..%255c../book', '/static%252f..%252fbook', '/static%3f/../book'],
];

/** Return addresses on another site, or that a browser might read as one. */
const OTHER_SITES = [
  ...['https://evil.example/', '//evil.example', '///evil.example', '/\\evil.example', '\\\\evil.example'],
  '/%2f/evil.example',
  ...['javascript:alert(1)', 'data:text/html,x', 'evil.example', '/\t/evil.example', '/\n/evil.example'],
  ' //evil.example',
  ...['/%5cevil.example', '/..//evil.example', '/x/..//evil.example', '/.//evil.example', '/x\r\nX-Evil: 1'],
  '/#@evil.example',
  ...['/_fairgate/language?to=en&return=//evil.example', 'http:evil.example', '/;//evil.example', '@evil.example', ''],
];

const getRaw = (target: string, host: string, fields = '') =>
  site.sendRaw(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${fields}\r\n`);

describe('a protected path', () => {
  it('is the only closed one: a path outside of it is forwarded, as a misread address would be', async () => {
    expect((await getRaw('/news', 'narrow.test')).body).toContain(MARKER);
    expect(site.origin.requests.map(({ url }) => url)).toEqual(['/news']);
  });

  it('is closed or refused with 400 in every spelling', async () => {
    const forwarded: string[] = [];
    for (const spelling of SPELLINGS_OF_BOOK) {
      for (const accept of ['*/*', 'text/html']) {
        const response = await getRaw(spelling, 'narrow.test', `Accept: ${accept}\r\n`);
        const isClosed =
          !response.body.includes(MARKER) && [200, 400, 403, 404, 405, 501, 503].includes(response.status);
        if (!isClosed) forwarded.push(`${JSON.stringify(spelling)} ${response.status}`);
      }
    }
    expect(forwarded).toEqual([]);
    expect(site.origin.requests.filter(({ url }) => /book/i.test(url))).toEqual([]);
  }, 120_000);
});

describe('a request target', () => {
  it('without a path is the front page', async () => {
    for (const target of ['book', '.', 'http:book', 'narrow.test', 'http://narrow.test']) {
      await getRaw(target, 'narrow.test');
    }
    expect(new Set(site.origin.requests.map(({ url }) => url))).toEqual(new Set(['/']));
  });

  it('with a host name in its path selects no other host', async () => {
    for (const target of ['//before.test/news', '///before.test/news', 'http://narrow.test//before.test/news']) {
      await getRaw(target, 'narrow.test');
    }
    const [two, three] = ['//before.test/news', '///before.test/news'];
    expect(site.origin.requests.map(({ url }) => url)).toEqual([two, three, two]);
  });

  it('in a header field such as X-Original-URL is not forwarded', async () => {
    const fields =
      'X-Original-URL: /book\r\nX-Rewrite-URL: /book\r\nX_Original_URL: /book\r\nX-Forwarded-Uri: /book\r\n';
    await getRaw('/news', 'narrow.test', fields);
    expect(site.origin.requests).toHaveLength(1);
    expect(JSON.stringify(site.origin.requests)).not.toContain('/book');
  });
});

describe('a Host', () => {
  it('opens no other room in any spelling', async () => {
    const forwarded: string[] = [];
    for (const host of HOSTS) {
      const { body, status } = await getRaw('/book', host);
      if (body.includes(MARKER) || ![0, 400, 403, 404].includes(status)) forwarded.push(host);
    }
    expect(forwarded).toEqual([]);
    expect(site.origin.requests).toEqual([]);
  });

  it('that is missing or repeated is refused with 400', async () => {
    const before = site.origin.requests.length;
    for (const text of [
      'GET /news HTTP/1.1\r\nHost: narrow.test\r\nHost: open.test\r\n\r\n',
      'GET /news HTTP/1.1\r\nHost: narrow.test\r\nHost: narrow.test\r\n\r\n',
      'GET /news HTTP/1.1\r\n\r\n',
      'GET /news HTTP/1.0\r\n\r\n',
      'GET /news\r\n\r\n',
      'GET /news HTTP/1.1\r\n Host: narrow.test\r\n\r\n',
      'GET /news HTTP/1.1\r\nHost : narrow.test\r\n\r\n',
    ]) {
      expect((await site.sendRaw(text)).status).toBe(400);
    }
    expect(site.origin.requests.length).toBe(before);
  });
});

describe('an exemption', () => {
  it('is never given by a suffix, nor kept by a path that leaves the exempt prefix', async () => {
    for (const path of NOT_EXEMPT) await site.expectClosed('exempt', path);
    for (const path of ['/static%2f..%2fbook', '/static/..%2fbook', '/static\\..\\book', '/static/%00/../../book']) {
      const response = await site.sendRaw(`GET ${path} HTTP/1.1\r\nHost: exempt.test\r\n\r\n`);
      expect([400, 403]).toContain(response.status);
    }
    expect(site.origin.requests).toEqual([]);
  });

  it('is for GET and HEAD only, also where a header field overrides the method', async () => {
    const host = 'exempt.test';
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      expect((await site.send('/static/x.js', { host, method })).status).toBe(403);
    }
    expect(site.origin.requests).toEqual([]);
    const headers = { 'X-HTTP-Method-Override': 'DELETE', 'X-HTTP-Method': 'DELETE', 'X-Method-Override': 'DELETE' };
    expect((await site.send('/static/x.js', { host, headers })).text).toContain(MARKER);
    expect(JSON.stringify(site.origin.requests[0]?.headers)).not.toContain('DELETE');
  });
});

describe('a return address', () => {
  it('on another site is replaced by a path on this site, after joining and after choosing a language', async () => {
    for (const requested of OTHER_SITES) {
      const query = new URLSearchParams({ to: 'en', return: requested });
      const language = await site.send(`/_fairgate/language?${query}`, { host: 'open.test' });
      const joined = await site.send('/_fairgate/rooms/before/join', {
        host: 'before.test',
        method: 'POST',
        headers: AS_OWN_FORM,
        body: new URLSearchParams({ return: requested }).toString(),
      });
      for (const { status, headers } of [language, joined]) {
        expect(status).toBe(303);
        const location = headers.get('Location') ?? '';
        expect(location).toMatch(/^\/(?![/\\])[!-~]*$/);
        expect(new URL(location, 'http://open.test').host).toBe('open.test');
        expect(location).not.toContain('_fairgate');
        expect(headers.get('X-Evil')).toBeNull();
      }
    }
  });

  it('of a page that resembles another site is a path on this site, or the page’s own address', async () => {
    for (const path of ['//evil.example/x', '/x//evil.example', '/?u=//evil.example', '/.//evil.example']) {
      const { body } = await site.sendRaw(`GET ${path} HTTP/1.1\r\nHost: before.test\r\nAccept: text/html\r\n\r\n`);
      expect(body).toContain('"returnTo":null');
      const form = await site.send('/book', {
        host: 'before.test',
        method: 'POST',
        headers: { ...AS_PAGE, 'Sec-Fetch-Site': 'same-origin', Referer: `http://before.test${path}` },
        body: 'slot=1',
      });
      const [, returnTo] = /"returnTo":"([^"]*)"/.exec(form.text) ?? [];
      expect(returnTo).toMatch(/^\/(?!\/)/);
    }
  });

  it('on this site is kept', async () => {
    const query = new URLSearchParams({ to: 'en', return: '/book?clinic=7&a=//b' });
    const response = await site.send(`/_fairgate/language?${query}`, { host: 'open.test' });
    expect(response.headers.get('Location')).toBe('/book?clinic=7&a=//b');
  });
});
