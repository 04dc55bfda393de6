// What the origin gets of an address: the path and query as they were sent, where the visitor is admitted, where the path is
// exempt, and where no reading of it is protected.

import { describe, expect, it } from 'vitest';
import { MARKER } from './recording-origin.ts';
import { useSite } from './threat-site.ts';
import { enter } from './visitor-client.ts';

const site = useSite('narrow', 'exempt', 'open');

const RAW = [
  ...['/api/v4/projects/a%2Fb', '/wiki/AC%2FDC', '/wiki/AC%2fDC', '/img/https://x/a.png', '//cdn//x', '/a//', '/a/'],
  ...[
    '/%7Euser/%C3%A9%c3%a9',
    '/a;v=1/b;w',
    '/a+b%20c%2B',
    '/100%25',
    '/x%252Fy',
    '/a.b.c',
    "/-._~!$&'()*+,;=:@",
    '/%5Cx',
  ],
  ...['/%EB%B0%B1%EC%8B%A0', '/a%3Fb%23c', '/a?x=%2F..%2F&y=//b', '/a?', '/?a=/../news'],
];

describe('a path', () => {
  it.each(RAW)('%s reaches the origin as it was sent', async (raw) => {
    const inside = site.visitor('open');
    await enter(inside);
    site.origin.requests.length = 0;
    expect((await inside.send(raw)).text).toContain(MARKER);
    expect((await site.send(raw, { host: 'narrow.test' })).text).toContain(MARKER);
    expect(site.origin.requests.map(({ url }) => url)).toEqual([raw, raw]);
  });

  it('below an exemption reaches the origin as it was sent, with its body', async () => {
    const raw = '/static/a%2Fb//c;d';
    expect((await site.send(raw, { host: 'exempt.test' })).text).toContain(MARKER);
    expect(site.origin.requests.map(({ url }) => url)).toEqual([raw]);
  });

  it('with dot segments reaches the origin without them, as the URL standard has them', async () => {
    const raws = ['/x/../news', '/x/%2e%2e/news', '/./news'];
    for (const raw of raws) await site.sendRaw(`GET ${raw} HTTP/1.1\r\nHost: narrow.test\r\nConnection: close\r\n\r\n`);
    expect(site.origin.requests.map(({ url }) => url)).toEqual(raws.map(() => '/news'));
  });

  it('that begins with two slashes is no address of another host in a page that the gateway makes', async () => {
    const form = await site.send('//evil.example/x', {
      host: 'open.test',
      method: 'POST',
      headers: {
        Accept: 'text/html',
        'Content-Type': 'application/x-www-form-urlencoded',
        'Sec-Fetch-Site': 'cross-site',
        'Sec-Fetch-Mode': 'navigate',
        'Sec-Fetch-Dest': 'document',
        Origin: 'https://pay.example',
      },
      body: 'a=1',
    });
    const [, action = ''] = /action="([^"]*)"/.exec(form.text) ?? [];
    expect(new URL(action, 'http://open.test/').href).toBe('http://open.test//evil.example/x');
  });
});
