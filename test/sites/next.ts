// Next.js with the app router: server rendering, client navigation, a Server Action with and without script, route handlers,
// pictures, streaming and redirects, and what its client does when the session is over.

import type { Request as BrowserRequest, Page } from 'playwright-core';
import { AS_PAGE } from '../gateway/visitor-client.ts';
import { AS_SCRIPT, type Attempt, type Site, type SiteTrial } from './site-trial.ts';

const NEXT = 'node_modules/next/dist/bin/next';

export const next: Site = {
  title: 'Next.js',
  packages: ['chromium-headless-shell'],

  async start(trial) {
    const cwd = trial.copy('next');
    const env: NodeJS.ProcessEnv = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' };
    trial.npmInstall(cwd);
    console.log('Building …');
    trial.run(process.execPath, [NEXT, 'build'], { cwd, env });
    await trial.serve(process.execPath, [NEXT, 'start', '-H', '127.0.0.1', '-p', String(trial.sitePort)], { cwd, env });
  },

  async visit(trial) {
    const page = await trial.enteredInBrowser('/', 'h1:has-text("Clinic")');
    const navigation = await visitPages(trial, page);
    const action = await bookInBrowser(trial, page);
    const script = String(await page.locator('script[src^="/_next/static/"]').first().getAttribute('src'));
    await trial.strangersAreRefused(
      {
        'RSC request of a client navigation': await withoutCookies(navigation),
        'Server Action': await withoutCookies(action),
        'Server Action of a form without script': await visitWithoutBrowser(trial),
        'read of a route handler': ['/api/slots', { headers: AS_SCRIPT }],
        'post to a route handler': [
          '/api/slots',
          { method: 'POST', headers: { ...AS_SCRIPT, Origin: trial.publicUrl, 'Content-Type': 'application/json' } },
          '{"name":"Eve"}',
        ],
        'script of the site': [script, { headers: AS_SCRIPT }],
        picture: ['/_next/image?url=%2Fpicture.png&w=64&q=75', { headers: AS_SCRIPT }],
      },
      /Clinic|09:00|Hana|"Eve"|turbopack/i,
    );
    await endInBrowser(trial, page);
    await recoverInBrowser(trial, page);
  },
};

/** @returns the request by which the client fetched a page */
async function visitPages(trial: SiteTrial, page: Page): Promise<BrowserRequest> {
  const { publicUrl } = trial;
  const host = await page.locator('#host').textContent();
  trial.step('the page is rendered with the visitor’s host', `https://${host}` === publicUrl, host);
  const widths = await page.evaluate(async () => {
    const picture = document.querySelector('img');
    await picture?.decode();
    return [picture?.naturalWidth, picture?.currentSrc.includes('/_next/image')];
  });
  trial.step('its picture comes from the image optimizer', Number(widths[0]) > 0 && widths[1] === true, widths);

  await page.evaluate('window.stayed = true');
  const fetched = page.waitForRequest(
    (request) =>
      request.headers()['rsc'] === '1' && !request.headers()['next-router-prefetch'] && /slots/.test(request.url()),
  );
  await page.click('nav a:has-text("Slots")');
  await page.waitForSelector('li:has-text("10:00")');
  const navigation = await fetched;
  const answer = await navigation.response();
  trial.step(
    'a click navigates by an RSC request, without loading a page',
    (await page.evaluate('window.stayed')) === true && navigation.url().includes('_rsc=') && answer?.status() === 200,
    `${navigation.url()} ${answer?.status()}`,
  );
  const caching = answer?.headers()['cache-control'];
  trial.step('which no shared cache may keep', /private/.test(String(caching)), caching);
  const scripts = await page.evaluate(async () => {
    const script = document.querySelector<HTMLScriptElement>('script[src^="/_next/static/"]');
    return (await fetch(script?.src ?? '')).headers.get('Cache-Control');
  });
  trial.step(
    'and the browser keeps scripts for long',
    /private/.test(`${scripts}`) && /immutable/.test(`${scripts}`),
    scripts,
  );
  await page.goto(`${publicUrl}/old`);
  await page.waitForSelector('li:has-text("10:00")');
  trial.step('a redirect of a page leads on', page.url() === `${publicUrl}/slots`, page.url());
  const posted = await page.evaluate(async () => {
    const body = JSON.stringify({ name: 'Hana' });
    const response = await fetch('/api/slots', { method: 'POST', body });
    return `${response.status} ${await response.text()}`;
  });
  trial.step('a route handler takes a post', posted === '201 {"hello":"Hana"}', posted);
  return navigation;
}

/** @returns the request of the Server Action */
async function bookInBrowser(trial: SiteTrial, page: Page): Promise<BrowserRequest> {
  await page.click('nav a:has-text("Book")');
  await page.fill('[name=name]', 'Hana');
  const sent = page.waitForRequest((request) => request.method() === 'POST');
  await page.click('button');
  await page.waitForSelector('#booking');
  const action = await sent;
  const booking = await page.locator('#booking').textContent();
  const isAction = action.headers()['next-action'] !== undefined && page.url() === `${trial.publicUrl}/booked`;
  trial.step(
    'a Server Action saves, sets a cookie and redirects',
    isAction && booking === 'Number 1 for Hana',
    booking,
  );
  return action;
}

/** @returns the same form as strangers send it */
async function visitWithoutBrowser(trial: SiteTrial): Promise<Attempt> {
  const visitor = trial.visitor();
  const page = await visitor.page('/book', ({ text }) => text.includes('<h1>Book</h1>'));
  const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?/g)];
  const fields = Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value]));
  const booked = await trial.sendForm(visitor, '/book', { ...fields, name: 'Duri' }, {});
  const { location } = booked.fields;
  trial.step(
    'without script the form is a Server Action too',
    booked.status === 303,
    `${booked.status} ${booked.text}`,
  );
  const shown = await visitor.send(new URL(String(location), trial.publicUrl).pathname, { headers: AS_PAGE });
  trial.step('and its redirect shows the booking', /Number.*2.*for.*Duri/s.test(shown.text), shown.text);
  const [first, ...rest] = await trial.arrivals(visitor, '/slots');
  const later = rest.find(({ text }) => text.includes('10:00'));
  const isStreamed =
    first?.text.includes('Reading the slots') === true && later !== undefined && later.atMs > first.atMs;
  trial.step('a page is streamed: first what it waits for, then the rest', isStreamed, first?.text);
  const lines = await trial.arrivals(visitor, '/api/slots');
  trial.step('so is a route handler', lines.length === 2, JSON.stringify(lines));
  await trial.leave(visitor);
  const headers = { ...AS_PAGE, 'Sec-Fetch-Site': 'same-origin', Origin: trial.publicUrl };
  const type = 'application/x-www-form-urlencoded';
  return [
    '/book',
    { method: 'POST', headers: { ...headers, 'Content-Type': type } },
    new URLSearchParams({ ...fields, name: 'Eve' }).toString(),
  ];
}

/** The client acts on what the gateway answers. */
async function endInBrowser(trial: SiteTrial, page: Page): Promise<void> {
  const { publicUrl } = trial;
  const bookings = await page.evaluate(async () => (await fetch('/api/slots')).text());
  trial.step('the site has the visitors’ bookings, and no stranger’s', bookings.includes('["Hana","Duri"]'), bookings);
  await page.click('nav a:has-text("Book")');
  await page.fill('[name=name]', 'Late');
  await trial.setRoom('pause');
  await trial.leaveInBrowser(page);
  await page.click('button');
  await page.waitForSelector('#failed');
  trial.step('a Server Action after the end shows the site’s error page', true, '');
  await page.click('nav a:has-text("Slots")');
  await page.waitForSelector('#fairgate', { state: 'attached' });
  trial.step('a click after the end leads to the waiting page', page.url() === `${publicUrl}/slots`, page.url());
  await trial.setRoom('resume');
  await page.waitForSelector('li:has-text("10:00")');
  trial.step(
    'and, when the turn has come, to the page that was clicked',
    page.url() === `${publicUrl}/slots`,
    page.url(),
  );
}

/** With the gateway's script for a site's pages, as `docs/apps.md` describes it, in the page of the form. */
async function recoverInBrowser(trial: SiteTrial, page: Page): Promise<void> {
  const script = await page.evaluate(async () => (await fetch('/_fairgate/recover-1.js')).text());
  await page.addInitScript({ content: `if (location.pathname === '/book') {${script}}` });
  await page.goto(`${trial.publicUrl}/book`);
  await page.fill('[name=name]', 'Saenal');
  await trial.setRoom('pause');
  await trial.leaveInBrowser(page);
  await page.click('button');
  await page.waitForSelector('#fairgate', { state: 'attached' });
  trial.step('with the gateway’s script, a Server Action after the end leads to the waiting page', true, '');
  await trial.setRoom('resume');
  await page.waitForFunction(() => document.querySelector<HTMLInputElement>('[name=name]')?.value === 'Saenal');
  trial.step('and back to the form, with what was typed', true, '');
  await page.click('button');
  await page.waitForSelector('#booking');
  const booking = await page.locator('#booking').textContent();
  trial.step('which is then sent', booking === 'Number 3 for Saenal', booking);
}

async function withoutCookies(request: BrowserRequest): Promise<Attempt> {
  const { pathname, search } = new URL(request.url());
  const sent = Object.entries(await request.allHeaders());
  const headers = Object.fromEntries(
    sent.filter(([name]) => !/^(?::.*|cookie|host|connection|content-length)$/.test(name)),
  );
  const body = request.postDataBuffer();
  const options = { method: request.method(), headers };
  return body === null ? [`${pathname}${search}`, options] : [`${pathname}${search}`, options, body];
}
