// WordPress as Debian packages it, on Apache, behind Fairgate, behind nginx with TLS: waits in the line, logs in, uploads a picture,
// publishes, edits, moves to the trash and logs out. Started by a person with `npm run try-wordpress`, as root on Debian: it
// installs what is missing, and leaves no service running. WordPress' code is a copy of Debian's, unchanged.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildWorker } from '../../scripts/build.ts';
import { stopProcess, whenReady } from '../../scripts/lib/child-process.ts';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { FRONT_HOST, FrontVisitor, startFront } from '../gateway/front-proxies.ts';
import { listens } from '../gateway/server-process.ts';
import { AS_PAGE } from '../gateway/visitor-client.ts';
import { startFairgate } from '../running-gateway.ts';

const PACKAGES = [
  'wordpress',
  'wordpress-theme-twentytwentythree',
  'apache2',
  'libapache2-mod-php',
  'php-mysql',
  'php-gd',
  'mariadb-server',
  'nginx',
  'openssl',
];
const MODULES = '/usr/lib/apache2/modules';
const PASSWORD = randomBytes(12).toString('hex');
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC',
  'base64',
);

const isMissing = (name: string) => spawnSync('dpkg', ['-s', name], { stdio: 'ignore' }).status !== 0;
const missing = PACKAGES.filter(isMissing);
if (missing.length > 0) {
  console.log(`Installing ${missing.join(', ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('apt-get', ['install', '--yes', '--no-install-recommends', ...missing], { env, stdio: 'ignore' });
}

const dir = mkdtempSync(join(tmpdir(), 'fairgate-wordpress-'));
const [sitePort, frontPort] = [await freePort(), await freePort()];
const publicUrl = `https://${FRONT_HOST}:${frontPort}`;
const stops: (() => Promise<void>)[] = [];

async function startDatabase(): Promise<void> {
  execFileSync('chown', ['mysql', dir]);
  execFileSync('chmod', ['755', dir]);
  const data = `--datadir=${dir}/db`;
  execFileSync('mariadb-install-db', [data, '--user=mysql', '--auth-root-authentication-method=normal'], {
    stdio: 'ignore',
  });
  const socket = join(dir, 'db.sock');
  const child = spawn('mariadbd', [data, '--user=mysql', '--skip-networking', `--socket=${socket}`], {
    stdio: 'ignore',
  });
  stops.push(() => stopProcess(child, 'SIGKILL'));
  for (let tries = 0; tries < 100; tries++) {
    const asked = spawnSync('mariadb', [
      `--socket=${socket}`,
      '-uroot',
      '-e',
      'create database if not exists wordpress',
    ]);
    if (asked.status === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('MariaDB did not start.');
}

async function startSite(): Promise<void> {
  cpSync('/usr/share/wordpress', join(dir, 'site'), { recursive: true, dereference: true });
  const config = `<?php
define('DB_NAME', 'wordpress'); define('DB_USER', 'root'); define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:${dir}/db.sock'); define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
define('DISABLE_WP_CRON', true); define('WP_HTTP_BLOCK_EXTERNAL', true); define('AUTOMATIC_UPDATER_DISABLED', true);
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
`;
  writeFileSync(join(dir, 'site/wp-config.php'), config);
  execFileSync('chown', ['-R', 'www-data', join(dir, 'site')]);
  const php = ['8.2', '8.3', '8.4'].find((version) => existsSync(`${MODULES}/libphp${version}.so`));
  const load = (name: string, file = `mod_${name}.so`) => `LoadModule ${name}_module ${MODULES}/${file}`;
  writeFileSync(
    join(dir, 'apache.conf'),
    `ServerName ${FRONT_HOST}
Listen 127.0.0.1:${sitePort}
PidFile ${dir}/apache.pid
ErrorLog ${dir}/apache.log
${['mpm_prefork', 'authz_core', 'dir', 'mime', 'rewrite', 'setenvif'].map((name) => load(name)).join('\n')}
${load('php', `libphp${php}.so`)}
TypesConfig /etc/mime.types
User www-data
Group www-data
DocumentRoot ${dir}/site
DirectoryIndex index.php
<Directory ${dir}/site>
  AllowOverride All
  Require all granted
</Directory>
<FilesMatch "\\.php$">
  SetHandler application/x-httpd-php
</FilesMatch>
SetEnvIf X-Forwarded-Proto https HTTPS=on
`,
  );
  const child = spawn('apache2', ['-X', '-f', join(dir, 'apache.conf')], { stdio: ['ignore', 'ignore', 'inherit'] });
  stops.push(() => stopProcess(child, 'SIGKILL'));
  await whenReady(child, 'Apache', listens(sitePort), () => '');
}

/** The site's own address, as an installer uses it. */
async function install(): Promise<void> {
  const { request } = await import('node:http');
  const form = new URLSearchParams({
    weblog_title: 'Booking',
    user_name: 'editor',
    admin_password: PASSWORD,
    admin_password2: PASSWORD,
    pw_weak: '1',
    admin_email: 'editor@booking.example',
    language: '',
  }).toString();
  const headers = {
    Host: `${FRONT_HOST}:${frontPort}`,
    'X-Forwarded-Proto': 'https',
    'Content-Type': 'application/x-www-form-urlencoded',
    'Content-Length': Buffer.byteLength(form),
  };
  const text = await new Promise<string>((resolve, reject) => {
    const path = '/wp-admin/install.php?step=2';
    request({ host: '127.0.0.1', port: sitePort, path, method: 'POST', headers }, async (response) => {
      let body = '';
      for await (const chunk of response.setEncoding('utf8')) body += chunk;
      resolve(body);
    })
      .on('error', reject)
      .end(form);
  });
  if (!/Success|install-success/.test(text)) throw new Error(`WordPress was not installed: ${text.slice(0, 500)}`);
}

function passed(what: string, holds: boolean, seen: string): void {
  console.log(`${holds ? '  ok  ' : 'FAILED'} ${what}${holds ? '' : `: ${seen.slice(0, 400)}`}`);
  if (!holds) process.exitCode = 1;
}

try {
  console.log('WordPress on Apache, MariaDB, Fairgate, nginx with TLS …');
  await buildWorker();
  await startDatabase();
  await startSite();
  await install();
  const fairgate = await startFairgate({
    originUrl: `http://127.0.0.1:${sitePort}`,
    publicUrl,
    trustedProxies: '127.0.0.1',
    room: { originHost: 'visitor', schedule: { opensAt: '+6s' } },
  });
  stops.push(() => fairgate.stop());
  const front = await startFront('nginx', frontPort, fairgate.gateway.port);
  stops.push(() => front.stop());

  const visitor = new FrontVisitor(frontPort, front);
  const early = await visitor.send('/wp-login.php', { headers: AS_PAGE });
  passed('before the opening the login page is the waiting page', !early.text.includes('loginform'), early.text);
  const login = await visitor.page('/wp-login.php', ({ text }) => text.includes('id="loginform"'));
  passed('the login page is there after the wait, once', login.status === 200, String(login.status));
  const styles = [...login.text.matchAll(/href='(https?:[^']+\.css[^']*)'/g)].map(([, url = '']) => url);
  passed(
    `its ${styles.length} styles are by https on the visitor's host`,
    styles.length > 0 && styles.every((url) => url.startsWith(publicUrl)),
    styles.join(),
  );

  const sendForm = (path: string, fields: Record<string, string>) => {
    const body = new URLSearchParams(fields).toString();
    const headers = {
      ...AS_PAGE,
      'Sec-Fetch-Site': 'same-origin',
      Origin: publicUrl,
      'Content-Type': 'application/x-www-form-urlencoded',
      'Content-Length': String(Buffer.byteLength(body)),
    };
    return visitor.send(path, { method: 'POST', headers }, body);
  };
  const loggedIn = await sendForm('/wp-login.php', {
    log: 'editor',
    pwd: PASSWORD,
    'wp-submit': 'Log In',
    testcookie: '1',
  });
  passed(
    'logging in leads to the dashboard, by https',
    loggedIn.status === 302 && loggedIn.fields.location === `${publicUrl}/wp-admin/`,
    `${loggedIn.status} ${loggedIn.fields.location}`,
  );
  const dashboard = await visitor.send('/wp-admin/', { headers: AS_PAGE });
  passed(
    'the dashboard opens',
    dashboard.status === 200 && dashboard.text.includes('wp-admin-bar-logout'),
    String(dashboard.status),
  );

  const editor = await visitor.send('/wp-admin/post-new.php', { headers: AS_PAGE });
  const nonce = /createNonceMiddleware\( "([0-9a-f]+)" \)/.exec(editor.text)?.[1] ?? '';
  passed('the block editor opens', nonce !== '', editor.text);
  const api = (route: string, body: string | Buffer, headers: Record<string, string>) =>
    visitor.send(
      `/index.php?rest_route=${route}`,
      {
        method: 'POST',
        headers: {
          Accept: 'application/json, */*;q=0.1',
          Origin: publicUrl,
          'Sec-Fetch-Site': 'same-origin',
          'Sec-Fetch-Mode': 'cors',
          'Sec-Fetch-Dest': 'empty',
          'X-WP-Nonce': nonce,
          'Content-Length': String(Buffer.byteLength(body)),
          ...headers,
        },
      },
      body,
    );
  const asJson = { 'Content-Type': 'application/json' };
  const media = await api('/wp/v2/media', PICTURE, {
    'Content-Type': 'image/png',
    'Content-Disposition': 'attachment; filename="a.png"',
  });
  const picture = media.status === 201 ? String(JSON.parse(media.text).source_url) : '';
  passed('a picture is uploaded', picture.startsWith(`${publicUrl}/wp-content/`), media.text);
  const shown = await visitor.send(new URL(picture || publicUrl).pathname);
  passed('and shown', shown.fields['content-type'] === 'image/png', String(shown.status));
  const post = await api(
    '/wp/v2/posts',
    JSON.stringify({ title: 'Dose 2', content: 'Tomorrow', status: 'publish' }),
    asJson,
  );
  const id = post.status === 201 ? Number(JSON.parse(post.text).id) : 0;
  passed('a post is published', id > 0, post.text);
  const edited = await api(`/wp/v2/posts/${id}`, JSON.stringify({ title: 'Dose 3' }), {
    ...asJson,
    'X-HTTP-Method-Override': 'PUT',
  });
  passed(
    'and edited, by a method override',
    edited.status === 200 && JSON.parse(edited.text).title.raw === 'Dose 3',
    edited.text,
  );
  const other = new FrontVisitor(frontPort, front, '127.0.0.6');
  const read = await other.page(`/?p=${id}`, ({ text }) => text.includes('Dose 3'));
  passed('another visitor reads it', read.text.includes('Tomorrow'), read.text);
  const trashed = await api(`/wp/v2/posts/${id}`, '', { 'X-HTTP-Method-Override': 'DELETE' });
  passed(
    'it is moved to the trash, by a method override',
    trashed.status === 200 && JSON.parse(trashed.text).status === 'trash',
    trashed.text,
  );

  const out =
    /href="([^"]*action=logout[^"]*)"/.exec(dashboard.text)?.[1]?.replaceAll('&#038;', '&').replaceAll('&amp;', '&') ??
    '';
  const { pathname, search } = new URL(out || publicUrl);
  const loggedOut = await visitor.send(`${pathname}${search}`, { headers: AS_PAGE });
  passed(
    'logging out',
    loggedOut.status === 302 && String(loggedOut.fields.location).includes('loggedout=true'),
    `${loggedOut.status} ${loggedOut.fields.location}`,
  );
  const closed = await visitor.send('/wp-admin/', { headers: AS_PAGE });
  passed(
    'closes the dashboard',
    closed.status === 302 && String(closed.fields.location).startsWith(`${publicUrl}/wp-login.php`),
    `${closed.status} ${closed.fields.location}`,
  );
} finally {
  for (const stop of stops.toReversed()) await stop();
  rmSync(dir, { recursive: true, force: true });
}
