// Which changes a browser sends for the console itself. The origin has to be equal, scheme included: an attacker on the network
// can write any http page, and an older browser sends cookies with its requests.

import { expect, it } from 'vitest';
import { isCrossSiteChange } from '../../worker/operators/auth.ts';

const CONSOLE = { consoleUrl: 'https://console.test:8443' };

function isCrossSite(origin: string | null, site: string | null, method = 'POST'): boolean {
  const headers = new Headers({ Host: 'console.test:8443' });
  if (origin !== null) headers.set('Origin', origin);
  if (site !== null) headers.set('Sec-Fetch-Site', site);
  return isCrossSiteChange(new Request('http://gateway.internal/', { method, headers }), CONSOLE);
}

it.each([
  [null, null],
  ['null', null],
  ['', null],
  ['http://console.test:8443', null],
  ['https://console.test', null],
  ['https://evil.test', null],
  ['https://console.test:8443.evil.test', null],
  ['https://console.test:8443', 'same-site'],
  ['https://console.test:8443', 'cross-site'],
  ['https://console.test:8443', 'none'],
  ['https://evil.test', 'same-origin'],
  [null, 'none'],
])('a change with origin %s and site %s is cross-site', (origin, site) => {
  expect(isCrossSite(origin, site)).toBe(true);
  expect(isCrossSite(origin, site, 'GET')).toBe(false);
});

it.each([
  ['https://console.test:8443', 'same-origin'],
  ['https://console.test:8443', null],
  [null, 'same-origin'],
])('a change with origin %s and site %s is from the console', (origin, site) => {
  expect(isCrossSite(origin, site)).toBe(false);
});
