// The origin's own name in its answers, in every spelling that a browser follows to it; no other name is touched.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapOwnName } from '../../worker/proxy/origin-name.ts';

const PUBLIC = 'https://booking.example';

function mapped(name: string, value: string, origins: readonly string[] = ['http://origin.test']): string | null {
  const headers = new Headers([[name, value]]);
  mapOwnName(headers, origins, PUBLIC);
  return headers.get(name);
}

describe('an address of the origin', () => {
  it.each([
    ['http://origin.test', ''],
    ['http://origin.test/', '/'],
    ['http://origin.test/x?a=1#b', '/x?a=1#b'],
    ['HTTP://ORIGIN.TEST/x', '/x'],
    ['//origin.test/x', '/x'],
    ['//ORIGIN.test', ''],
    ['http://origin.test?a=1', '?a=1'],
    ['http://origin.test#a', '#a'],
    ['http://origin.test:80/x', '/x'],
    ['https://origin.test/x', '/x'],
    ['https://origin.test:443/x', '/x'],
    ['http://origin.test./x', '/x'],
    ['http://user:password@origin.test/x', '/x'],
    ['\\\\origin.test\\x', '\\x'],
    ['/\\origin.test/x', '/x'],
    ['http:///origin.test/x', '/x'],
    ['http://origin.test//evil.example', '//evil.example'],
  ])('%s is replaced in Location and Content-Location', (address, rest) => {
    expect(mapped('Location', address)).toBe(`${PUBLIC}${rest}`);
    expect(mapped('Content-Location', address)).toBe(`${PUBLIC}${rest}`);
  });

  it.each([
    ...[
      '/x',
      'x',
      '',
      '?a=1',
      '#a',
      'https://other.example/x',
      '//other.example/x',
      'http://origin.test.evil.example/x',
    ],
    ...['http://origin.test:8080/x', '//origin.test:8080/x', 'http://origin.test@evil.example/', 'ftp://origin.test/x'],
    ...[
      'https://evil.example/?u=http://origin.test/',
      '/http://origin.test/',
      'http:origin.test',
      'mailto:a@origin.test',
    ],
    ...['http://sub.origin.test/', 'http://[bad/', 'http://'],
  ])('%s stays as it is', (address) => {
    expect(mapped('Location', address)).toBe(address);
  });

  it('with a port of its own is the same only with that port, whatever the scheme', () => {
    const origins = ['http://127.0.0.1:8788'];
    expect(mapped('Location', 'http://127.0.0.1:8788/x', origins)).toBe(`${PUBLIC}/x`);
    expect(mapped('Location', '//127.0.0.1:8788/x', origins)).toBe(`${PUBLIC}/x`);
    expect(mapped('Location', 'https://127.0.0.1:8788/x', origins)).toBe(`${PUBLIC}/x`);
    for (const other of ['http://127.0.0.1/x', 'http://127.0.0.1:8787/x', '//127.0.0.1/x']) {
      expect(mapped('Location', other, origins)).toBe(other);
    }
  });

  it('of several is any of them', () => {
    const origins = ['http://127.0.0.1:8788', 'https://www.site.example'];
    expect(mapped('Location', 'http://www.site.example/x', origins)).toBe(`${PUBLIC}/x`);
    expect(mapped('Location', 'http://127.0.0.1:8788/x', origins)).toBe(`${PUBLIC}/x`);
  });

  it('is replaced in Link, in each of its targets and anchors', () => {
    const links =
      '<http://origin.test/style.css>; rel=preload; as=style, <//other.example/x>; rel=next; anchor="//origin.test/a"';
    expect(mapped('Link', links)).toBe(
      `<${PUBLIC}/style.css>; rel=preload; as=style, <//other.example/x>; rel=next; anchor="${PUBLIC}/a"`,
    );
  });

  it.each([
    ['5; url=http://origin.test/x', `5; url=${PUBLIC}/x`],
    ["0;URL='//origin.test/x'", `0;URL='${PUBLIC}/x'`],
    ['1, http://origin.test/x', `1, ${PUBLIC}/x`],
    ['5', '5'],
    ['5; url=/x', '5; url=/x'],
  ])('is replaced in Refresh: %s', (before, after) => {
    expect(mapped('Refresh', before)).toBe(after);
  });

  it('is the domain of no cookie; a wider domain stays', () => {
    const cookies = [
      ['a=1; Domain=origin.test; Path=/', 'a=1; Path=/'],
      ['b=2; Path=/; domain = .ORIGIN.test', 'b=2; Path=/'],
      ['c=3; Domain=test; Secure', 'c=3; Domain=test; Secure'],
      ['d=4; Domain=other.test', 'd=4; Domain=other.test'],
      ['e=Domain=origin.test; Path=/', 'e=Domain=origin.test; Path=/'],
    ] as const;
    const headers = new Headers();
    for (const [before] of cookies) headers.append('Set-Cookie', before);
    mapOwnName(headers, ['http://origin.test'], PUBLIC);
    expect(headers.getSetCookie()).toEqual(cookies.map(([, after]) => after));
  });

  it('is replaced nowhere else', () => {
    const headers = {
      'X-Home': 'http://origin.test/',
      'Access-Control-Allow-Origin': 'http://origin.test',
      ETag: '"origin.test"',
    };
    for (const [name, value] of Object.entries(headers)) expect(mapped(name, value)).toBe(value);
  });

  it('never remains where a browser follows it, and no other host is taken for it', () => {
    const authority = fc.constantFrom(
      ...['origin.test', 'ORIGIN.test', 'origin.test:80', 'origin.test:443', 'origin.test:8080', 'u@origin.test'],
      ...['other.example', 'origin.test.example', 'origin.test@other.example', 'origin.test\\@other.example', ''],
    );
    const address = fc
      .tuple(fc.constantFrom('http:', 'https:', 'HTTP:', ''), fc.constantFrom('//', '/\\', '///'), authority)
      .chain(([scheme, slashes, host]) => {
        return fc.constantFrom('', '/', '/x', '?a', '#a', '\\x').map((rest) => `${scheme}${slashes}${host}${rest}`);
      });
    fc.assert(
      fc.property(address, (location) => {
        const followed = URL.parse(location, PUBLIC);
        const after = URL.parse(mapped('Location', location) ?? '', PUBLIC);
        const isOwn =
          followed?.hostname === 'origin.test' &&
          followed.port !== '8080' &&
          !(followed.port !== '' && !/^(80|443)$/.test(followed.port));
        expect(after?.hostname).toBe(isOwn ? 'booking.example' : followed?.hostname);
      }),
      { numRuns: 2_000 },
    );
  });
});
