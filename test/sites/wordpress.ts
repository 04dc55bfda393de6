// WordPress as Debian packages it, on Apache with MariaDB: logs in, uploads a picture, publishes, edits, moves to the trash and
// logs out. Needs root. WordPress' code is a copy of Debian's, unchanged but for the plugin that checks admissions, as docs/origin.md
// describes it.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FRONT_HOST, type FrontVisitor } from '../gateway/front-proxies.ts';
import { AS_PAGE } from '../gateway/visitor-client.ts';
import { AS_SCRIPT, PICTURE, type Site, type SiteTrial } from './site-trial.ts';

const MODULES = '/usr/lib/apache2/modules';
const PASSWORD = randomBytes(12).toString('hex');

export const wordpress: Site = {
  title: 'WordPress on Apache and MariaDB',
  packages: [
    'wordpress',
    'wordpress-theme-twentytwentythree',
    'apache2',
    'libapache2-mod-php',
    'php-mysql',
    'php-gd',
    'mariadb-server',
  ],
  originHost: 'visitor',

  async start(trial) {
    await startDatabase(trial);
    await startApache(trial);
    await install(trial);
  },

  async visit(trial) {
    const { publicUrl } = trial;
    await guard(trial);
    const { visitor, page } = await trial.entered('/wp-login.php', 'id="loginform"');
    const styles = [...page.text.matchAll(/href='(https?:[^']+\.css[^']*)'/g)].map(([, url = '']) => url);
    trial.step(
      `its ${styles.length} styles are by https on the visitor’s host`,
      styles.length > 0 && styles.every((url) => url.startsWith(publicUrl)),
      styles,
    );
    const login = { log: 'editor', pwd: PASSWORD, 'wp-submit': 'Log In', testcookie: '1' };
    const loggedIn = await trial.sendForm(visitor, '/wp-login.php', login);
    trial.step(
      'logging in leads to the dashboard, by https',
      loggedIn.status === 302 && loggedIn.fields.location === `${publicUrl}/wp-admin/`,
      `${loggedIn.status} ${loggedIn.fields.location}`,
    );
    const dashboard = await visitor.send('/wp-admin/', { headers: AS_PAGE });
    const isOpen = dashboard.status === 200 && dashboard.text.includes('wp-admin-bar-logout');
    trial.step('the dashboard opens', isOpen, dashboard.status);

    const nonce = await publish(trial, visitor);
    await trial.strangersAreRefused(
      {
        'post by the API': [
          '/index.php?rest_route=/wp/v2/posts',
          { method: 'POST', headers: { ...AS_SCRIPT, Origin: publicUrl, 'X-WP-Nonce': nonce } },
          '{"title":"Eve","status":"publish"}',
        ],
        'log-in by a form': [
          '/wp-login.php',
          { method: 'POST', headers: { ...AS_PAGE, 'Sec-Fetch-Site': 'same-origin', Origin: publicUrl } },
          new URLSearchParams(login).toString(),
        ],
        'XML-RPC call': ['/xmlrpc.php', { method: 'POST' }, '<methodCall/>'],
      },
      /loginform|wp-admin-bar|Dose/,
    );

    const out = /href="([^"]*action=logout[^"]*)"/.exec(dashboard.text)?.[1] ?? publicUrl;
    const { pathname, search } = new URL(out.replaceAll('&#038;', '&').replaceAll('&amp;', '&'));
    const loggedOut = await visitor.send(`${pathname}${search}`, { headers: AS_PAGE });
    const isOut = loggedOut.status === 302 && String(loggedOut.fields.location).includes('loggedout=true');
    trial.step('logging out', isOut, `${loggedOut.status} ${loggedOut.fields.location}`);
    const closed = await visitor.send('/wp-admin/', { headers: AS_PAGE });
    trial.step(
      'closes the dashboard',
      closed.status === 302 && String(closed.fields.location).startsWith(`${publicUrl}/wp-login.php`),
      `${closed.status} ${closed.fields.location}`,
    );
    await trial.leave(visitor);
  },
};

async function startDatabase(trial: SiteTrial): Promise<void> {
  const { dir } = trial;
  trial.run('chown', ['mysql', dir]);
  trial.run('chmod', ['755', dir]);
  const data = `--datadir=${dir}/db`;
  trial.run('mariadb-install-db', [data, '--user=mysql', '--auth-root-authentication-method=normal']);
  const socket = `--socket=${dir}/db.sock`;
  await trial.serve('mariadbd', [data, '--user=mysql', '--skip-networking', socket], {}, databaseMade(socket));
}

/** Resolves when the database has been made. */
async function databaseMade(socket: string): Promise<void> {
  const make = [socket, '-uroot', '-e', 'create database if not exists wordpress'];
  while (spawnSync('mariadb', make).status !== 0) await pause(200);
}

async function startApache(trial: SiteTrial): Promise<void> {
  const { dir, sitePort } = trial;
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
  trial.run('chown', ['-R', 'www-data', join(dir, 'site')]);
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
  await trial.serve('apache2', ['-X', '-f', join(dir, 'apache.conf')]);
}

/** By the site's own address, as an installer uses it. */
async function install({ sitePort, publicUrl }: SiteTrial): Promise<void> {
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
    Host: new URL(publicUrl).host,
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

/** Puts the plugin in, with the settings that docs/origin.md shows; nothing is reached past the gateway from then on. */
async function guard(trial: SiteTrial): Promise<void> {
  const { dir, sitePort, gatewayUrl, publicUrl } = trial;
  const [plugins, keys] = [join(dir, 'site/wp-content/mu-plugins'), join(dir, 'keys')];
  for (const folder of [plugins, keys]) mkdirSync(folder, { recursive: true, mode: 0o755 });
  trial.run('chown', ['www-data', keys]);
  const source = join(import.meta.dirname, '../../origin/other-languages/fairgate.php');
  cpSync(source, join(plugins, 'fairgate.php'));
  const config = join(dir, 'site/wp-config.php');
  const settings = `define('FAIRGATE_JWKS_URL', '${gatewayUrl}/.well-known/jwks.json'); define('FAIRGATE_ISSUER', '${publicUrl}');
define('FAIRGATE_AUDIENCE', 'urn:fairgate:origin:demo'); define('FAIRGATE_KEYS_FILE', '${keys}/fairgate-keys');`;
  writeFileSync(config, readFileSync(config, 'utf8').replace('<?php', `<?php\n${settings}`));
  const paths = [
    '/',
    '/wp-login.php',
    '/wp-admin/',
    '/index.php?rest_route=/wp/v2/posts',
    '/xmlrpc.php',
    '/wp-cron.php',
  ];
  for (const path of paths) {
    const answer = await fetch(`http://127.0.0.1:${sitePort}${path}`, { redirect: 'manual' });
    const text = await answer.text();
    trial.step(
      `past the gateway, ${path} is refused`,
      answer.status === 403 && text.includes('no-admission'),
      `${answer.status} ${text}`,
    );
  }
}

/** What an editor does in the block editor, by its API. @returns the editor's nonce */
async function publish(trial: SiteTrial, visitor: FrontVisitor): Promise<string> {
  const { publicUrl } = trial;
  const editor = await visitor.send('/wp-admin/post-new.php', { headers: AS_PAGE });
  const nonce = /createNonceMiddleware\( "([0-9a-f]+)" \)/.exec(editor.text)?.[1] ?? '';
  trial.step('the block editor opens', nonce !== '', editor.text);
  const api = (route: string, body: string | Buffer, headers: Record<string, string>) =>
    visitor.send(
      `/index.php?rest_route=${route}`,
      {
        method: 'POST',
        headers: {
          ...AS_SCRIPT,
          Accept: 'application/json, */*;q=0.1',
          Origin: publicUrl,
          'X-WP-Nonce': nonce,
          'Content-Length': String(Buffer.byteLength(body)),
          ...headers,
        },
      },
      body,
    );
  const asJson = { 'Content-Type': 'application/json' };
  const asPicture = { 'Content-Type': 'image/png', 'Content-Disposition': 'attachment; filename="a.png"' };
  const media = await api('/wp/v2/media', PICTURE, asPicture);
  const picture = media.status === 201 ? String(JSON.parse(media.text).source_url) : '';
  trial.step('a picture is uploaded', picture.startsWith(`${publicUrl}/wp-content/`), media.text);
  const shown = await visitor.send(new URL(picture || publicUrl).pathname);
  trial.step('and shown', shown.fields['content-type'] === 'image/png', shown.status);
  const draft = JSON.stringify({ title: 'Dose 2', content: 'Tomorrow', status: 'publish' });
  const post = await api('/wp/v2/posts', draft, asJson);
  const id = post.status === 201 ? Number(JSON.parse(post.text).id) : 0;
  trial.step('a post is published', id > 0, post.text);
  const title = JSON.stringify({ title: 'Dose 3' });
  const edited = await api(`/wp/v2/posts/${id}`, title, { ...asJson, 'X-HTTP-Method-Override': 'PUT' });
  const isEdited = edited.status === 200 && JSON.parse(edited.text).title.raw === 'Dose 3';
  trial.step('and edited, by a method override', isEdited, edited.text);
  const read = await trial.visitor('127.0.0.6').page(`/?p=${id}`, ({ text }) => text.includes('Dose 3'));
  trial.step('another visitor reads it', read.text.includes('Tomorrow'), read.text);
  const trashed = await api(`/wp/v2/posts/${id}`, '', { 'X-HTTP-Method-Override': 'DELETE' });
  const isTrashed = trashed.status === 200 && JSON.parse(trashed.text).status === 'trash';
  trial.step('it is moved to the trash, by a method override', isTrashed, trashed.text);
  return nonce;
}
