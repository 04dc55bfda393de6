// The real servers whose readings are tried: what each is, how it is started, and how it is asked. All serve the handlers of
// site-handlers.ts, as their documents advise to; what a server makes of an address is its own.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { stopProcess, whenReady } from '../../scripts/lib/child-process.ts';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { nginxConfiguration } from '../../scripts/lib/nginx-recipe.ts';
import { CADDY, HAPROXY, NGINX, type SystemPackage } from '../../scripts/lib/system-packages.ts';
import { HAPROXY_ARGS, listens, NGINX_ARGS, startServer } from '../gateway/server-process.ts';
import type { Pipeline } from './pipelined-requests.ts';
import { HANDLERS, type HandlerName, handlerMark } from './site-handlers.ts';

export interface Site extends Pipeline {
  name: string;
  port: number;
  /** Files alone: the mark of one does not tell the method. */
  servesFiles?: boolean;
  /** Its answers tell the target that it got (the field `Target`). */
  tellsTarget?: boolean;
  /** Handlers that it does not have. */
  lacks?: readonly HandlerName[];
}

export interface SiteGroup {
  version: string;
  sites: Site[];
  stop(): Promise<void>;
}

export interface GroupDescription {
  name: string;
  packages: readonly SystemPackage[];
  start(): Promise<SiteGroup>;
}

const MANY = { connections: 8, depth: 32 };

const served = Object.entries(HANDLERS) as [HandlerName, string][];

const versionOf = (file: string, args: string[]) =>
  execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

const debianVersion = (name: string) => versionOf('dpkg-query', ['-W', '-f', `${name} \${Version}`, name]);

/** Stops in the reverse order of starting, also where a later start fails. */
class Stops {
  readonly #stops: (() => unknown)[] = [];

  add(stop: () => unknown): void {
    this.#stops.push(stop);
  }

  async all(): Promise<void> {
    for (const stop of this.#stops.splice(0).toReversed()) await stop();
  }
}

async function group(start: (stops: Stops) => Promise<Omit<SiteGroup, 'stop'>>): Promise<SiteGroup> {
  const stops = new Stops();
  try {
    return { ...(await start(stops)), stop: () => stops.all() };
  } catch (error) {
    await stops.all();
    throw error;
  }
}

function temporaryFolder(stops: Stops): string {
  const dir = mkdtempSync(join(tmpdir(), 'fairgate-addresses-'));
  // Servers with a user of their own read it.
  execFileSync('chmod', ['755', dir]);
  stops.add(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** @param named names of node-sites.ts, `express4=FOLDER` or `expressFiles=FOLDER` */
async function startNode(stops: Stops, named: string[]): Promise<Record<string, number>> {
  const file = resolve(import.meta.dirname, 'node-sites.ts');
  const child = spawn(process.execPath, ['--disable-warning=DEP0169', file, ...named], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, problems] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    problems += text;
  });
  stops.add(() => stopProcess(child, 'SIGKILL'));
  const ready = new Promise<void>((done) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.endsWith('\n')) done();
    });
  });
  await whenReady(child, 'Node’s sites', ready, () => problems);
  return JSON.parse(output) as Record<string, number>;
}

/** Folders and files: one for each handler. @param extension of the files; PHP writes the method, HTML stands for GET */
function writeFiles(folder: string, extension: 'php' | 'html'): void {
  for (const [name, path] of served) {
    const isScript = path.endsWith('.php');
    const file = join(folder, isScript ? path : `${path}/index.${extension}`);
    mkdirSync(dirname(file), { recursive: true });
    const method = extension === 'php' ? "<?= $_SERVER['REQUEST_METHOD'] ?>" : 'GET';
    writeFileSync(file, handlerMark(name, method));
  }
  writeFileSync(join(folder, 'static/app.css'), handlerMark('static', 'GET'));
  mkdirSync(join(folder, 'static/x'));
  writeFileSync(join(folder, 'static/x/y.js'), handlerMark('static', 'GET'));
}

const nginxBlock = (name: HandlerName) =>
  `default_type text/plain; return 200 "${handlerMark(name, '$request_method')}";`;
const nginxServer = (port: number, content: string) => `server { listen 127.0.0.1:${port}; ${content} }`;

/** Each handler, by the path alone and by what lies under it. */
const bySegments = (locations: (path: string) => string[]) =>
  served
    .flatMap(([name, path]) => locations(path).map((location) => `location ${location} { ${nginxBlock(name)} }`))
    .concat(`location / { ${nginxBlock('front')} }`)
    .join('\n');

const escaped = (path: string) => path.replaceAll('.', '\\.');

function nginxSites(ports: number[], folder: string, nodePort: number): Record<string, string> {
  const [prefix = 0, exact = 0, regex = 0, files = 0, proxy = 0, rewrite = 0] = ports;
  const byPrefix = bySegments((path) => [`= ${path}`, `${path}/`]);
  const up = `http://127.0.0.1:${nodePort}`;
  return {
    'nginx, locations by prefix': nginxServer(prefix, byPrefix),
    'nginx, exact and ^~, merge_slashes off': nginxServer(
      exact,
      `merge_slashes off; ${bySegments((path) => [`= ${path}`, `^~ ${path}/`])}`,
    ),
    'nginx, regular expressions': nginxServer(
      regex,
      bySegments((path) => [`~* "^${escaped(path)}(/|$)"`]),
    ),
    'nginx, files and alias': nginxServer(
      files,
      `root ${folder}; charset utf-8; index index.html;
       location / { try_files $uri $uri/index.html $uri.html =404; }
       location /files/ { alias ${folder}/static/; }
       location /assets { alias ${folder}/static/; }
       location ~ ^/media/(.*)$ { alias ${folder}/static/$1; }`,
    ),
    'nginx, proxy_pass with a path': nginxServer(
      proxy,
      `location / { proxy_pass ${up}; } location /static/ { proxy_pass ${up}/static/; }
       location /api/ { proxy_pass ${up}/api/; } location /files { proxy_pass ${up}/files/; }
       location /assets { proxy_pass ${up}/static/; }
       location ~ ^/media/(.*)$ { proxy_pass ${up}/static/$1; }
       location /book { proxy_pass ${up}/book; }`,
    ),
    'nginx, rewrite': nginxServer(
      rewrite,
      `rewrite ^/index\\.php(/.*)$ $1; rewrite ^(.+)\\.(?:html|php|json)$ $1; rewrite ^(.+)/index$ $1; rewrite ^(.+)/$ $1;
       ${bySegments((path) => [`= ${path.replace('.php', '')}`, `${path.replace('.php', '')}/`])}`,
    ),
  };
}

export const NGINX_SITES: GroupDescription = {
  name: 'nginx',
  packages: [NGINX],
  start: () =>
    group(async (stops) => {
      const folder = temporaryFolder(stops);
      writeFiles(folder, 'html');
      const { bare = 0 } = await startNode(stops, ['bare']);
      const ports = await Promise.all(Array.from({ length: 6 }, freePort));
      const configured = nginxSites(ports, folder, bare);
      const server = await startServer({
        server: NGINX,
        port: ports[0] ?? 0,
        args: NGINX_ARGS,
        config: (dir) =>
          nginxConfiguration(
            dir,
            `keepalive_requests 100000000; proxy_http_version 1.1; ${Object.values(configured).join('\n')}`,
          ),
      });
      stops.add(server.stop);
      const sites = Object.keys(configured).map((name, index) => {
        return { name, port: ports[index] ?? 0, servesFiles: name.includes('files'), ...MANY };
      });
      return { version: debianVersion('nginx'), sites };
    }),
};

/** @param folder4 where Express 4 is installed; null: it is not tried */
export const nodeSites = (folder4: string | null): GroupDescription => ({
  name: 'node',
  packages: [],
  start: () =>
    group(async (stops) => {
      const folder = temporaryFolder(stops);
      writeFiles(folder, 'html');
      const also = folder4 === null ? [] : [`express4=${folder4}`];
      const ports = await startNode(stops, ['bare', 'express5', `expressFiles=${folder}`, 'hono', ...also]);
      const names: Record<string, string> = {
        bare: 'Node, http with URL, url.parse and others',
        express5: 'Express 5, routes',
        expressFiles: 'Express 5, express.static',
        hono: 'Hono on @hono/node-server',
        express4: 'Express 4, routes',
      };
      const sites = Object.entries(ports).map(([name, port]) => {
        return {
          name: names[name] ?? name,
          port,
          servesFiles: name === 'expressFiles',
          tellsTarget: name === 'bare',
          ...MANY,
        };
      });
      return { version: `node ${process.versions.node}`, sites };
    }),
});

export const CADDY_SITES: GroupDescription = {
  name: 'caddy',
  packages: [CADDY],
  start: () =>
    group(async (stops) => {
      const folder = temporaryFolder(stops);
      writeFiles(folder, 'html');
      const [routes, files] = [await freePort(), await freePort()];
      const handles = served.map(
        ([name, path]) =>
          `@${name} path ${path} ${path}/*\n handle @${name} {\n respond "${handlerMark(name, '{method}')}"\n }`,
      );
      const server = await startServer({
        server: CADDY,
        port: routes,
        args: (_dir, file) => ['run', '--config', file, '--adapter', 'caddyfile'],
        config: () => `{\n admin off\n auto_https off\n}
http://:${routes} {\n bind 127.0.0.1\n ${handles.join('\n')}\n handle {\n respond "${handlerMark('front', '{method}')}"\n }\n}
http://:${files} {\n bind 127.0.0.1\n root * ${folder}\n handle_path /files/* {\n root * ${folder}/static\n file_server\n }
 handle {\n try_files {path} {path}/index.html {path}.html\n file_server\n }\n}\n`,
      });
      stops.add(server.stop);
      await listens(files);
      const sites = [
        { name: 'Caddy, handle by path', port: routes, ...MANY },
        { name: 'Caddy, file_server', port: files, servesFiles: true, ...MANY },
      ];
      return { version: debianVersion('caddy'), sites };
    }),
};

export const HAPROXY_SITES: GroupDescription = {
  name: 'haproxy',
  packages: [HAPROXY],
  start: () =>
    group(async (stops) => {
      const [raw, decoded] = [await freePort(), await freePort()];
      const answers = (path: string) =>
        served
          .flatMap(([name, at]) =>
            [`${path} -m str`, `${path} -m beg`].map((match, index) => {
              const file = `${path.includes('url_dec') ? at : encodeURI(at)}${index === 0 ? '' : '/'}`;
              return `http-request return status 200 content-type text/plain lf-string "${handlerMark(name, '%[method]')}" if { ${match} ${file} }`;
            }),
          )
          .concat(
            `http-request return status 200 content-type text/plain lf-string "${handlerMark('front', '%[method]')}"`,
          )
          .join('\n  ');
      const front = (name: string, port: number, content: string) =>
        `frontend ${name}\n  bind 127.0.0.1:${port}\n  ${content}\n`;
      const server = await startServer({
        server: HAPROXY,
        port: raw,
        args: HAPROXY_ARGS,
        config: () => `global
  expose-experimental-directives
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
${front('raw', raw, answers('path'))}
${front(
  'decoded',
  decoded,
  `http-request normalize-uri percent-decode-unreserved
  http-request normalize-uri path-merge-slashes
  http-request normalize-uri path-strip-dot
  http-request normalize-uri path-strip-dotdot full
  ${answers('path,url_dec')}`,
)}`,
      });
      stops.add(server.stop);
      const sites = [
        { name: 'HAProxy, path as sent', port: raw, ...MANY },
        { name: 'HAProxy, normalize-uri and url_dec', port: decoded, ...MANY },
      ];
      return { version: debianVersion('haproxy'), sites };
    }),
};

const APACHE_MODULES = '/usr/lib/apache2/modules';

/** A front controller that shows what each of the usual ways to find the path makes of it. */
const PHP_FRONT = `<?php
function handler_of($path) {
  foreach ([${served.map(([name, path]) => `'${name}' => '${path}'`).join(', ')}] as $name => $served)
    if ($path === $served || str_starts_with($path, "$served/")) return $name;
  return 'front';
}
$uri = $_SERVER['REQUEST_URI'];
$before = explode('?', $uri)[0];
$paths = [$before, rawurldecode($before), urldecode($before), rawurldecode(rawurldecode($before)), urldecode(urldecode($before))];
foreach (['PATH_INFO', 'ORIG_PATH_INFO', 'REDIRECT_URL'] as $name) {
  if (($_SERVER[$name] ?? '') === '') continue;
  $paths[] = $_SERVER[$name];
  $paths[] = rawurldecode($_SERVER[$name]);
  $paths[] = '/' . implode('/', array_map('rawurldecode', array_filter(explode('/', $_SERVER[$name]), 'strlen')));
}
$parsed = parse_url($uri, PHP_URL_PATH);
if (is_string($parsed)) array_push($paths, $parsed, rawurldecode($parsed), urldecode($parsed));
$parsed = parse_url("http://localhost$uri", PHP_URL_PATH);
if (is_string($parsed)) array_push($paths, $parsed, rawurldecode($parsed));
// CodeIgniter 3: the name of the script is cut off the start; empty segments and dot segments are left out.
$after = str_starts_with($before, $_SERVER['SCRIPT_NAME']) ? substr($before, strlen($_SERVER['SCRIPT_NAME'])) : $before;
$paths[] = '/' . implode('/', array_map('rawurldecode', array_filter(explode('/', $after), fn($s) => $s !== '' && $s !== '..')));
$paths[] = '/' . implode('/', array_filter(explode('/', rawurldecode($before)), 'strlen'));
if (stream_resolve_include_path('Symfony/Component/HttpFoundation/autoload.php') !== false) {
  require_once 'Symfony/Component/HttpFoundation/autoload.php';
  $path = Symfony\\Component\\HttpFoundation\\Request::createFromGlobals()->getPathInfo();
  array_push($paths, $path, rawurldecode($path));
}
$method = $_SERVER['REQUEST_METHOD'];
if ($method === 'POST' && isset($_REQUEST['_method'])) $method = strtoupper($_REQUEST['_method']);
foreach (array_unique(array_map('handler_of', $paths)) as $name) echo "[handler $name $method]";
`;

export const APACHE_SITES: GroupDescription = {
  name: 'apache',
  packages: [
    { name: 'apache2', file: '/usr/sbin/apache2' },
    { name: 'libapache2-mod-php', file: `${APACHE_MODULES}/libphp8.2.so` },
    { name: 'php-symfony-http-foundation', file: '/usr/share/php/Symfony/Component/HttpFoundation/autoload.php' },
  ],
  start: () =>
    group(async (stops) => {
      const folder = temporaryFolder(stops);
      const [files, front] = [join(folder, 'files'), join(folder, 'front')];
      writeFiles(files, 'php');
      writeFileSync(join(files, 'index.php'), PHP_FRONT);
      mkdirSync(front);
      writeFileSync(join(front, 'index.php'), PHP_FRONT);
      const { bare = 0 } = await startNode(stops, ['bare']);
      const names = [
        'mpm_prefork',
        'authz_core',
        'dir',
        'mime',
        'rewrite',
        'alias',
        'negotiation',
        'speling',
        'proxy',
        'proxy_http',
        'headers',
      ];
      const php = ['8.2', '8.3', '8.4'].find((version) => existsSync(`${APACHE_MODULES}/libphp${version}.so`));
      const locations = served
        .map(([name, path]) => {
          const value = handlerMark(name, '%{REQUEST_METHOD}');
          return `<Location "${path}">\nHeader always set X-Handler "expr=${value}"\n</Location>`;
        })
        .join('\n');
      const configured: Record<string, string> = {
        'Apache and PHP, files, PATH_INFO and MultiViews': `DocumentRoot ${files}\nAcceptPathInfo On\n<Directory ${files}>\nOptions +MultiViews\n</Directory>`,
        'Apache and PHP, files, AllowEncodedSlashes On, mod_speling': `DocumentRoot ${files}\nAllowEncodedSlashes On\nCheckSpelling On\nMergeSlashes Off\nAliasMatch "^/media(/.*)?$" "${files}/static$1"\nAlias /assets ${files}/static/`,
        'Apache and PHP, rewrite to index.php/$1': `DocumentRoot ${front}\nAllowEncodedSlashes On\n<Directory ${front}>\nRewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^(.*)$ index.php/$1 [L]\n</Directory>`,
        'Apache and PHP, FallbackResource, NoDecode': `DocumentRoot ${front}\nAllowEncodedSlashes NoDecode\nMergeSlashes Off\n<Directory ${front}>\nFallbackResource /index.php\n</Directory>`,
        'Apache, <Location>, RewriteRule and ProxyPass': `AllowEncodedSlashes NoDecode\n${locations}
RewriteEngine On
RewriteRule "^/media/(.*)$" "http://127.0.0.1:${bare}/static/$1" [P]
ProxyPass /api/ http://127.0.0.1:${bare}/api/ nocanon
ProxyPass /files http://127.0.0.1:${bare}/files
ProxyPass / http://127.0.0.1:${bare}/`,
      };
      const ports = await Promise.all(Object.keys(configured).map(freePort));
      const file = join(folder, 'apache.conf');
      writeFileSync(
        file,
        `ServerName site.test
PidFile ${folder}/apache.pid
ErrorLog ${folder}/apache.log
LogLevel crit
KeepAlive On
KeepAliveTimeout 1
MaxKeepAliveRequests 0
${names.map((name) => `LoadModule ${name}_module ${APACHE_MODULES}/mod_${name}.so`).join('\n')}
LoadModule php_module ${APACHE_MODULES}/libphp${php}.so
TypesConfig /etc/mime.types
User www-data
Group www-data
DirectoryIndex index.php
<Directory />
Require all granted
</Directory>
<FilesMatch "\\.php$">
SetHandler application/x-httpd-php
</FilesMatch>
${ports.map((port) => `Listen 127.0.0.1:${port}`).join('\n')}
${Object.values(configured)
  .map((content, index) => `<VirtualHost 127.0.0.1:${ports[index]}>\n${content}\n</VirtualHost>`)
  .join('\n')}
`,
      );
      // One process, so that nothing is left behind when it is killed: it serves one connection at a time.
      const child = spawn('/usr/sbin/apache2', ['-X', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
      let problems = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        problems += text;
      });
      stops.add(() => stopProcess(child, 'SIGKILL'));
      await whenReady(child, 'Apache', listens(ports[0] ?? 0), () => problems);
      const sites = Object.keys(configured).map((name, index) => ({
        name,
        port: ports[index] ?? 0,
        connections: 1,
        depth: 64,
        // FallbackResource leaves the names of scripts to PHP.
        ...(name.includes('FallbackResource') ? { lacks: ['script' as const] } : {}),
      }));
      return { version: `${debianVersion('apache2')}, ${debianVersion(`libapache2-mod-php${php}`)}`, sites };
    }),
};

export const PYTHON_SITES: GroupDescription = {
  name: 'python',
  packages: [
    { name: 'gunicorn', file: '/usr/bin/gunicorn' },
    { name: 'python3-flask', file: '/usr/lib/python3/dist-packages/flask/__init__.py' },
    { name: 'python3-django', file: '/usr/lib/python3/dist-packages/django/__init__.py' },
  ],
  start: () =>
    group(async (stops) => {
      const apps = { plain: 'gunicorn, plain WSGI', flask_site: 'gunicorn, Flask', django_site: 'gunicorn, Django' };
      const sites: Site[] = [];
      for (const [app, name] of Object.entries(apps)) {
        const port = await freePort();
        const args = ['--chdir', import.meta.dirname, '--bind', `127.0.0.1:${port}`, '--worker-class', 'gthread'];
        const more = ['--threads', '8', '--keep-alive', '30', '--log-level', 'critical', `wsgi_sites:${app}`];
        const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
        const child = spawn('/usr/bin/gunicorn', [...args, ...more], { env, stdio: ['ignore', 'ignore', 'pipe'] });
        let problems = '';
        child.stderr.setEncoding('utf8').on('data', (text: string) => {
          problems += text;
        });
        // Its worker notices that its parent is gone, but only gunicorn's own signal ends both at once.
        stops.add(() => stopProcess(child, 'SIGTERM', 5_000));
        await whenReady(child, name, listens(port), () => problems);
        // A pipelined request would wait for the next byte on the connection.
        sites.push({ name, port, connections: 8, depth: 1 });
      }
      const versions = ['gunicorn', 'python3-flask', 'python3-werkzeug', 'python3-django'].map(debianVersion);
      return { version: versions.join(', '), sites };
    }),
};

const TOMCAT_HOME = '/usr/share/tomcat10';

/** Shows the handler that Tomcat chose, and those of a program that reads the address itself. */
const jsp = (
  name: HandlerName,
) => `<%@ page contentType="text/plain;charset=UTF-8" pageEncoding="UTF-8" session="false" import="java.net.URLDecoder" %><%!
  static final String[][] SERVED = {${served.map(([each, path]) => `{"${each}", "${path}"}`).join(', ')}};
  static String handlerOf(String path) {
    for (String[] each : SERVED) if (path.equals(each[1]) || path.startsWith(each[1] + "/")) return each[0];
    return "front";
  }
%><%
  String method = request.getMethod();
  String uri = request.getRequestURI();
  java.util.Set<String> names = new java.util.TreeSet<>();
  names.add("${name}");
  names.add(handlerOf(uri));
  names.add(handlerOf(uri.replaceAll(";[^/]*", "")));
  try {
    names.add(handlerOf(URLDecoder.decode(uri, "UTF-8")));
    names.add(handlerOf(URLDecoder.decode(uri.replaceAll(";[^/]*", ""), "UTF-8")));
    names.add(handlerOf(URLDecoder.decode(uri, "UTF-8").replaceAll(";[^/]*", "")));
    names.add(handlerOf(new java.net.URI(uri).normalize().getPath()));
    names.add(handlerOf(java.nio.file.Path.of(URLDecoder.decode(uri, "UTF-8")).normalize().toString()));
  } catch (Exception malformed) { }
  for (String each : names) out.print("[handler " + each + " " + method + "]");
%>`;

export const TOMCAT_SITES: GroupDescription = {
  name: 'tomcat',
  packages: [{ name: 'tomcat10', file: `${TOMCAT_HOME}/bin/bootstrap.jar` }],
  start: () =>
    group(async (stops) => {
      const base = temporaryFolder(stops);
      const root = join(base, 'webapps/ROOT');
      for (const folder of ['conf', 'logs', 'temp', 'work', 'webapps/ROOT/WEB-INF/jsp']) {
        mkdirSync(join(base, folder), { recursive: true });
      }
      const [plain, decoding, passing] = [await freePort(), await freePort(), await freePort()];
      const connector = (port: number, more: string) =>
        `<Connector address="127.0.0.1" port="${port}" protocol="HTTP/1.1" maxKeepAliveRequests="-1" URIEncoding="UTF-8" ${more}/>`;
      writeFileSync(
        join(base, 'conf/server.xml'),
        `<Server port="-1"><Service name="Catalina">
${connector(plain, '')}
${connector(decoding, 'encodedSolidusHandling="decode" allowBackslash="true"')}
${connector(passing, 'encodedSolidusHandling="passthrough" rejectIllegalHeader="false"')}
<Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps" autoDeploy="false"/></Engine>
</Service></Server>`,
      );
      cpSync(`${TOMCAT_HOME}/etc/web.xml`, join(base, 'conf/web.xml'));
      const servlets = [...served, ['front', ''] as const].map(([name, path]) => {
        writeFileSync(join(root, `WEB-INF/jsp/${name}.jsp`), jsp(name));
        const patterns = path === '' ? ['/'] : path.endsWith('.php') ? [path, `${path}/*`] : [`${path}/*`];
        return `<servlet><servlet-name>${name}</servlet-name><jsp-file>/WEB-INF/jsp/${name}.jsp</jsp-file></servlet>
<servlet-mapping><servlet-name>${name}</servlet-name>${patterns.map((each) => `<url-pattern>${each}</url-pattern>`).join('')}</servlet-mapping>`;
      });
      writeFileSync(
        join(root, 'WEB-INF/web.xml'),
        `<?xml version="1.0" encoding="UTF-8"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">${servlets.join('\n')}</web-app>`,
      );
      const jars = [`${TOMCAT_HOME}/bin/bootstrap.jar`, `${TOMCAT_HOME}/bin/tomcat-juli.jar`].join(':');
      const settings = [`-Dcatalina.home=${TOMCAT_HOME}`, `-Dcatalina.base=${base}`, `-Djava.io.tmpdir=${base}/temp`];
      cpSync(`${TOMCAT_HOME}/etc/catalina.properties`, join(base, 'conf/catalina.properties'));
      const java = ['-cp', jars, ...settings, '-Xmx512m', 'org.apache.catalina.startup.Bootstrap', 'start'];
      const child = spawn('/usr/bin/java', java, { stdio: ['ignore', 'ignore', 'pipe'] });
      let problems = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        problems = (problems + text).slice(-20_000);
      });
      stops.add(() => stopProcess(child, 'SIGKILL'));
      await whenReady(child, 'Tomcat', Promise.all([plain, decoding, passing].map(listens)), () => problems);
      const sites = [
        { name: 'Tomcat, servlet mappings', port: plain, ...MANY },
        { name: 'Tomcat, encoded slashes decoded, backslashes allowed', port: decoding, ...MANY },
        { name: 'Tomcat, encoded slashes passed through', port: passing, ...MANY },
      ];
      return { version: debianVersion('tomcat10'), sites };
    }),
};

/** Installs Express 4 into a temporary folder. @returns null where the registry cannot be reached */
export async function installExpress4(): Promise<string | null> {
  const dir = mkdtempSync(join(tmpdir(), 'fairgate-express4-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, 'package.json'), '{"private":true}');
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', 'express@4'];
  const child = spawn('npm', args, { cwd: dir, stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0 ? dir : null;
}
