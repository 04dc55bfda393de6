// RELAYS and LOCATION_HINT: what is accepted, and what the message says otherwise.

import { expect, it } from 'vitest';
import { checkLocationHint, checkRelays } from '../../worker/setting-checks.ts';

function checked<T>(check: (env: Record<string, unknown>, problems: string[]) => T, env: Record<string, unknown>) {
  const problems: string[] = [];
  return { value: check(env, problems), problem: problems[0] };
}

it.each([
  [undefined, 0],
  ['0', 0],
  ['1', 1],
  ['32', 32],
  ['128', 128],
])('RELAYS=%s is %i relays', (text, relays) => {
  const env = text === undefined ? {} : { RELAYS: text };
  expect(checked(checkRelays, env)).toEqual({ value: relays, problem: undefined });
});

it.each(['', ' ', '-1', '1.5', '129', '1e2', 'many', '0x10'])('RELAYS=%j is refused, with what to set', (text) => {
  expect(checked(checkRelays, { RELAYS: text }).problem).toContain('a whole number from 1 to 128, or to 0 for none');
});

it('the old name of the setting is refused with the new one', () => {
  expect(checked(checkRelays, { REDIS_RELAYS: '4' }).problem).toContain('REDIS_RELAYS is called RELAYS now');
});

it('LOCATION_HINT is a region of Cloudflare, or left out', () => {
  expect(checked(checkLocationHint, {}).value).toBeNull();
  expect(checked(checkLocationHint, { LOCATION_HINT: '' })).toEqual({ value: null, problem: undefined });
  expect(checked(checkLocationHint, { LOCATION_HINT: 'apac' })).toEqual({ value: 'apac', problem: undefined });
  for (const wrong of ['APAC', 'asia', 'icn', 7]) {
    expect(checked(checkLocationHint, { LOCATION_HINT: wrong }).problem).toContain('one of wnam, enam');
  }
});
