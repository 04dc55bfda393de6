// A person signs in to the console with a real OpenID Connect provider (`oidc-provider`), in Chromium, on workerd.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import Provider from 'oidc-provider';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { launchChromium } from '../../scripts/lib/chromium.ts';
import { freePort, listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import { PROVIDER_CALLBACK_PATH } from '../../worker/contract/provider-addresses.ts';
import { complaints } from '../axe.ts';
import { OPERATOR_KEY, type Running, startFairgate } from '../running-gateway.ts';

const CLIENT = { clientId: 'fairgate', clientSecret: 'a-secret-of-the-test-0123456789' };
/** By the name that they type. */
const PEOPLE: Record<string, Record<string, unknown>> = {
  kim: { email: 'Kim@example.org', email_verified: true },
  lee: { email: 'kim@example.org', email_verified: false },
  park: { email: 'park@example.org', email_verified: true, groups: ['night-watch'] },
};

let provider: Server;
let fairgate: Running;
let browser: Browser;

beforeAll(async () => {
  const gatewayPort = await freePort();
  const gateway = `http://127.0.0.1:${gatewayPort}`;
  provider = createServer();
  const issuer = `http://127.0.0.1:${await listenOnLoopback(provider)}`;
  const oidc = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.clientId,
        client_secret: CLIENT.clientSecret,
        redirect_uris: [`${gateway}${PROVIDER_CALLBACK_PATH}`],
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    scopes: ['openid', 'email', 'groups'],
    findAccount: (_, sub) => ({ accountId: sub, claims: async () => ({ sub, ...PEOPLE[sub] }) }),
  });
  oidc.on('server_error', (_, error) => console.error(error));
  provider.on('request', oidc.callback());
  fairgate = await startFairgate({
    port: gatewayPort,
    oidc: {
      ...{ issuer, ...CLIENT },
      roles: {
        emails: { 'kim@example.org': 'owner' },
        claim: { name: 'groups', scope: 'groups', roles: { 'night-watch': 'viewer' } },
      },
    },
  });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await fairgate?.stop();
  provider?.close().closeAllConnections();
  if (provider?.listening) await once(provider, 'close');
});

async function consoleIn(language: 'ko' | 'en'): Promise<Page> {
  const context = await browser.newContext({ locale: language, viewport: { width: 1280, height: 900 } });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await page.goto(`${fairgate.url}/_fairgate/console/`);
  return page;
}

/** At the provider. */
async function confirmAs(page: Page, name: string): Promise<void> {
  await page.locator('input[name=login]').fill(name);
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

const providerLink = (page: Page) => page.locator('a.provider');

describe('the console', () => {
  it.each(['ko', 'en'] as const)(
    'in %s offers the provider beside the key, without a finding of axe',
    async (language) => {
      const page = await consoleIn(language);
      const text = language === 'ko' ? /127\.0\.0\.1:\d+ 계정으로 로그인/ : /Sign in with 127\.0\.0\.1:\d+/;
      expect(await providerLink(page).textContent()).toMatch(text);
      for (const width of [1280, 390, 320]) {
        await page.setViewportSize({ width, height: 900 });
        expect(await complaints(page)).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        const folder = process.env['PROVIDER_FOLDER'];
        if (folder !== undefined) await page.screenshot({ path: `${folder}/${language}-${width}.png` });
      }
    },
  );

  it('signs a person in, under their name, and out', async () => {
    const page = await consoleIn('en');
    await providerLink(page).click();
    await confirmAs(page, 'kim');
    await page.locator('h1').getByText('Rooms').waitFor();
    const response = await page.request.get(`${fairgate.url}/_fairgate/operator/session`);
    expect(await response.json()).toMatchObject({ operator: { name: 'kim@example.org', role: 'owner' } });
    expect(page.url()).toBe(`${fairgate.url}/_fairgate/console/`);
    await page.getByRole('link', { name: 'Log' }).first().click();
    await page.getByText('kim@example.org').first().waitFor();
    await page.locator('header summary, header button[aria-expanded]').first().click();
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await providerLink(page).waitFor();
    expect((await page.request.get(`${fairgate.url}/_fairgate/operator/session`)).status()).toBe(401);
  });

  it('refuses a code that was used, in another browser and in the one that used it', async () => {
    const page = await consoleIn('en');
    const returned = page.waitForRequest((request) => request.url().includes(PROVIDER_CALLBACK_PATH));
    await providerLink(page).click();
    await confirmAs(page, 'kim');
    const request = await returned;
    const { cookie = '' } = await request.allHeaders();
    await page.locator('h1').getByText('Rooms').waitFor();
    const again = async (headers: Record<string, string>) => {
      const response = await fetch(request.url(), { headers, redirect: 'manual' });
      expect(response.headers.getSetCookie().filter((line) => line.includes('fairgate-operator'))).toEqual([]);
      return response.headers.get('Location');
    };
    expect(await again({})).toBe('/_fairgate/console/#/sign-in/notBegun');
    // As if the cookie had been kept: then it is the provider that refuses.
    expect(cookie).toContain('fairgate-provider=');
    expect(await again({ cookie })).toBe('/_fairgate/console/#/sign-in/declined');
    const other = await consoleIn('en');
    await other.goto(request.url());
    await other.getByRole('alert').filter({ hasText: 'did not start in this browser' }).first().waitFor();
  });

  it('gives a role by a group', async () => {
    const page = await consoleIn('en');
    await providerLink(page).click();
    await confirmAs(page, 'park');
    await page.locator('h1').getByText('Rooms').waitFor();
    const response = await page.request.get(`${fairgate.url}/_fairgate/operator/session`);
    expect(await response.json()).toMatchObject({ operator: { name: 'park@example.org', role: 'viewer' } });
  });

  it.each(['ko', 'en'] as const)('in %s says why somebody who only claims an address gets none', async (language) => {
    const page = await consoleIn(language);
    await providerLink(page).click();
    await confirmAs(page, 'lee');
    const alert = page.getByRole('alert').filter({ hasText: /\S/ });
    await alert.first().waitFor();
    expect(await alert.first().textContent()).toMatch(
      language === 'ko' ? /확인된 메일 주소가 없어/ : /does not vouch for your mail address/,
    );
    expect(await complaints(page)).toEqual([]);
    const folder = process.env['PROVIDER_FOLDER'];
    if (folder !== undefined) await page.screenshot({ path: `${folder}/${language}-failed.png` });
    expect((await page.request.get(`${fairgate.url}/_fairgate/operator/session`)).status()).toBe(401);
  });

  it('goes on where a session ended, after a sign-in in another tab, with what was typed', async () => {
    const page = await consoleIn('en');
    await page.locator('#key').fill(OPERATOR_KEY);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.locator('h1').getByText('Rooms').waitFor();
    await page.goto(`${fairgate.url}/_fairgate/console/#/new`);
    const field = page.locator('main input').first();
    await field.fill('spring');
    await page.context().clearCookies();
    await page.evaluate("location.hash = '#/keys'");
    const link = page.getByRole('link', { name: /in a new tab/ });
    await link.waitFor();
    const [tab] = await Promise.all([page.context().waitForEvent('page'), link.click()]);
    await confirmAs(tab, 'kim');
    await tab.locator('h1').getByText('Rooms').waitFor();
    await tab.close();
    await page.bringToFront();
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await link.waitFor({ state: 'detached' });
    await page.evaluate("location.hash = '#/new'");
    expect(await page.locator('main input').first().inputValue()).toBe('spring');
  });
});
