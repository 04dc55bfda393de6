// Whose wish a change is: a browser's word for where it comes from counts only whole, scheme included. Somebody on the way
// can write any page of http, and an older browser sends cookies along from there.

import { expect, it } from 'vitest';
import { isCrossSiteChange } from '../../worker/operators/auth.ts';

const CONSOLE = { consoleUrl: 'https://console.test:8443' };

function isElsewhere(origin: string | null, site: string | null, method = 'POST'): boolean {
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
])('a change from origin %s, site %s, is another’s', (origin, site) => {
  expect(isElsewhere(origin, site)).toBe(true);
  expect(isElsewhere(origin, site, 'GET')).toBe(false);
});

it.each([
  ['https://console.test:8443', 'same-origin'],
  ['https://console.test:8443', null],
  [null, 'same-origin'],
])('a change from origin %s, site %s, is the console’s own', (origin, site) => {
  expect(isElsewhere(origin, site)).toBe(false);
});
