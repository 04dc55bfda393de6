// Django's admin on gunicorn, with the settings that its documentation names behind a proxy: CSRF checks of forms, upload, and the
// log-out by POST; once with a browser, once without.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { AS_PAGE } from '../gateway/visitor-client.ts';
import { AS_SCRIPT, PICTURE, type Site } from './site-trial.ts';

const PASSWORD = randomBytes(12).toString('hex');
/** Debian's, which has Debian's Django. */
const PYTHON = '/usr/bin/python3';
const LOGIN = '/admin/login/?next=/admin/';

const csrfTokenIn = (text: string) => /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(text)?.[1] ?? '';

export const django: Site = {
  title: 'Django on gunicorn',
  packages: ['python3-django', 'python3-whitenoise', 'gunicorn', 'chromium-headless-shell'],
  originHost: 'visitor',

  async start(trial) {
    const cwd = trial.copy('django');
    const env = {
      ...process.env,
      DJANGO_SETTINGS_MODULE: 'clinic.settings',
      DJANGO_SUPERUSER_USERNAME: 'editor',
      DJANGO_SUPERUSER_PASSWORD: PASSWORD,
      DJANGO_SUPERUSER_EMAIL: 'editor@booking.example',
    };
    for (const args of [
      ['collectstatic', '--noinput'],
      ['migrate', '--run-syncdb'],
      ['createsuperuser', '--noinput'],
    ]) {
      trial.run(PYTHON, ['-m', 'django', ...args], { cwd, env: { ...env, PYTHONPATH: cwd } });
    }
    await trial.serve('gunicorn', ['--bind', `127.0.0.1:${trial.sitePort}`, '--threads', '4', 'clinic.wsgi'], {
      cwd,
      env,
    });
  },

  async visit(trial) {
    const { publicUrl } = trial;
    const page = await trial.enteredInBrowser('/admin/', '#id_username');
    trial.step(
      'Django’s redirect to the log-in keeps the host',
      page.url().startsWith(`${publicUrl}/admin/login/`),
      page.url(),
    );
    await page.fill('#id_username', 'editor');
    await page.fill('#id_password', PASSWORD);
    await page.click('[type=submit]');
    await page.waitForSelector('#user-tools');
    trial.step('the log-in with its CSRF token leads to the admin', page.url() === `${publicUrl}/admin/`, page.url());
    const isStyled = await page.evaluate(
      () => [...document.styleSheets].length > 0 && getComputedStyle(document.body).margin === '0px',
    );
    trial.step('its styles are loaded', isStyled, await page.content());
    await page.goto(`${publicUrl}/admin/booking/booking/add/`);
    await page.fill('#id_name', 'Hana');
    await page.setInputFiles('#id_picture', join(import.meta.dirname, 'picture.png'));
    await page.click('[name=_save]');
    await page.waitForSelector('.messagelist .success');
    trial.step(
      'a booking with an upload is saved',
      (await page.locator('#result_list').textContent())?.includes('Hana') === true,
      '',
    );
    await page.click('#result_list a:has-text("Hana")');
    const link = await page.locator('.file-upload a').getAttribute('href');
    const length = await page.evaluate(
      async (url) => (await (await fetch(url)).arrayBuffer()).byteLength,
      String(link),
    );
    trial.step('and its file is shown', length === PICTURE.length, `${link} ${length}`);
    // A link up to Django 4, a form since.
    await page.locator('#logout-form button, #user-tools a[href$="/admin/logout/"]').first().click();
    await page.waitForFunction(
      () => document.cookie !== null && !document.querySelector('#user-tools a[href*="logout"]'),
    );
    await page.goto(`${publicUrl}/admin/`);
    trial.step('the log-out closes the admin', page.url().startsWith(`${publicUrl}/admin/login/`), page.url());
    await trial.leaveInBrowser(page);

    const visitor = trial.visitor();
    const login = await visitor.page(LOGIN, ({ text }) => text.includes('id_username'));
    const noReferer = await visitor.send(LOGIN, {
      method: 'POST',
      headers: { ...AS_PAGE, 'Sec-Fetch-Site': 'same-origin' },
    });
    trial.step('a form without token and Referer is refused by Django', noReferer.status === 403, noReferer.text);
    const loggedIn = await trial.sendForm(visitor, LOGIN, {
      csrfmiddlewaretoken: csrfTokenIn(login.text),
      username: 'editor',
      password: PASSWORD,
      next: '/admin/',
    });
    trial.step(
      'without a browser the log-in works too',
      loggedIn.status === 302,
      `${loggedIn.status} ${loggedIn.text}`,
    );
    const admin = await visitor.send('/admin/password_change/', { headers: AS_PAGE });
    const token = csrfTokenIn(admin.text);
    await trial.strangersAreRefused(
      {
        'log-in by a form': [
          LOGIN,
          { method: 'POST', headers: { ...AS_PAGE, 'Sec-Fetch-Site': 'same-origin', Origin: publicUrl } },
          `csrfmiddlewaretoken=${token}&username=editor&password=${PASSWORD}`,
        ],
        'request with the visitor’s Django session': [
          '/admin/booking/booking/',
          { headers: { ...AS_SCRIPT, Cookie: `sessionid=${visitor.jar.get('sessionid')}` } },
        ],
        'style sheet': ['/static/admin/css/base.css', { headers: AS_SCRIPT }],
        upload: ['/media/pictures/picture.png', { headers: AS_SCRIPT }],
      },
      /Hana|id_username|Django/,
    );
    const loggedOut = await trial.sendForm(visitor, '/admin/logout/', { csrfmiddlewaretoken: token });
    const isOut = [200, 302].includes(loggedOut.status) && visitor.jar.get('sessionid') === undefined;
    trial.step('the log-out by POST ends Django’s session', isOut, `${loggedOut.status} ${loggedOut.text}`);
    await trial.leave(visitor);
  },
};
