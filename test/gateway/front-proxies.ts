// nginx, HAProxy and Caddy with TLS in front of a gateway, as docs/behind-proxies.md describes them: the recipes themselves are
// run, with this machine's ports and a certificate of its own.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { nginxConfiguration } from '../../scripts/lib/nginx-recipe.ts';
import { CADDY, HAPROXY, NGINX, OPENSSL, requireInstalled } from '../../scripts/lib/system-packages.ts';
import { CookieJar, isNewcomerPage } from '../running-gateway.ts';
import { HAPROXY_ARGS, NGINX_ARGS, type ServerProcess, startServer } from './server-process.ts';
import { AS_JSON, AS_PAGE } from './visitor-client.ts';

/** The gateway behind a proxy, or beside the site that it stands in front of. */
const DOCUMENTS = { behind: 'behind-proxies.md', beside: 'forward-auth.md' };
export const FRONT_HOST = 'booking.example';

export interface Front {
  /** The authority that signed the front's certificate, as PEM. */
  ca: string;
  stop(): Promise<void>;
}

/** A self-signed certificate for these names, which is its own authority. */
export function makeCertificate(dir: string, names: readonly string[]): { certificate: string; key: string } {
  requireInstalled(OPENSSL);
  const [certificateFile, keyFile] = [join(dir, 'certificate.pem'), join(dir, 'key.pem')];
  const entries = names.map((name) => `${/^[\d.]+$/.test(name) ? 'IP' : 'DNS'}:${name}`).join(',');
  execFileSync(
    OPENSSL.file,
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
      .concat(['-keyout', keyFile, '-out', certificateFile, '-subj', `/CN=${names[0]}`])
      .concat(['-addext', `subjectAltName=${entries}`]),
    { stdio: 'ignore' },
  );
  return { certificate: readFileSync(certificateFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}

/** The recipe of a document in this language. */
function recipe(language: string, where: keyof typeof DOCUMENTS = 'behind'): string {
  const document = resolve(import.meta.dirname, '../../docs', DOCUMENTS[where]);
  const text = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(readFileSync(document, 'utf8'))?.[1];
  if (text === undefined) throw new Error(`${document} has no example in ${language}.`);
  return text;
}

const FRONTS = {
  nginx: {
    server: NGINX,
    args: NGINX_ARGS,
    config: (text: string, port: number, dir: string) =>
      nginxConfiguration(dir, text.replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)),
  },
  HAProxy: {
    server: HAPROXY,
    args: HAPROXY_ARGS,
    config: (text: string, port: number) =>
      text
        .replace('bind :443', `bind 127.0.0.1:${port}`)
        .replace(`-m str https://${FRONT_HOST}`, `$&:${port}`)
        .replaceAll(/\bmain\b/g, 'demo'),
  },
  Caddy: {
    server: CADDY,
    args: (_dir: string, file: string) => ['run', '--config', file, '--adapter', 'caddyfile'],
    config: (text: string, port: number) =>
      `{\n  admin off\n  auto_https disable_redirects\n}\n${text.replace('booking.example {', `https://booking.example:${port} {\n  bind 127.0.0.1`)}`,
  },
};

export const FRONT_NAMES = Object.keys(FRONTS) as (keyof typeof FRONTS)[];

/** A command of the document, for this gateway. */
export function besideCommand(holding: string, gatewayPort: number): string {
  const text = readFileSync(resolve(import.meta.dirname, '../../docs', DOCUMENTS.beside), 'utf8');
  const found = [...text.matchAll(/```sh\n(.*?)```/gs)].find(([, block]) => block?.includes(holding))?.[1];
  if (found === undefined) throw new Error(`${DOCUMENTS.beside} has no command with ${holding}.`);
  return found.replaceAll('127.0.0.1:8787', `127.0.0.1:${gatewayPort}`);
}

/** The rest of what a recipe names. */
interface Behind {
  gatewayPort: number;
  /** The site that the gateway is beside; null: it is behind the gateway. */
  sitePort?: number | null;
  /** Files that the recipe names, beside certificate and key. */
  files?: Record<string, string>;
}

export async function startFront(
  name: keyof typeof FRONTS,
  port: number,
  { gatewayPort, sitePort = null, files = {} }: Behind,
): Promise<Front> {
  const { server, args, config } = FRONTS[name];
  let ca = '';
  const { stop } = await startServer({
    server,
    port,
    args,
    config(dir) {
      const { certificate, key } = makeCertificate(dir, [FRONT_HOST]);
      ca = certificate;
      writeFileSync(join(dir, 'certificate-and-key.pem'), certificate + key);
      for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text);
      return config(recipe(name.toLowerCase(), sitePort === null ? 'behind' : 'beside'), port, dir)
        .replaceAll('/etc/ssl/booking.example/', `${dir}/`)
        .replaceAll('127.0.0.1:8080', `127.0.0.1:${sitePort}`)
        .replaceAll('127.0.0.1:8787', `127.0.0.1:${gatewayPort}`);
    },
  });
  return { ca, stop };
}

export interface FrontResponse {
  status: number;
  fields: IncomingHttpHeaders;
  headers: Headers;
  text: string;
}

/** A visitor with cookies who comes through a front. */
export class FrontVisitor {
  readonly jar = new CookieJar();
  readonly #port: number;
  readonly #ca: string;
  readonly #address: string;

  constructor(port: number, { ca }: Front, address = '127.0.0.5') {
    this.#port = port;
    this.#ca = ca;
    this.#address = address;
  }

  options(path: string, more: RequestOptions = {}): RequestOptions {
    return {
      host: '127.0.0.1',
      localAddress: this.#address,
      port: this.#port,
      path,
      servername: FRONT_HOST,
      ca: this.#ca,
      agent: false,
      ...more,
      headers: {
        Host: `${FRONT_HOST}:${this.#port}`,
        ...(this.jar.header === '' ? {} : { Cookie: this.jar.header }),
        ...more.headers,
      },
    };
  }

  async send(path: string, more: RequestOptions = {}, body?: string | Buffer): Promise<FrontResponse> {
    const outgoing = request(this.options(path, more)).end(body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    const headers = new Headers();
    for (const line of response.headers['set-cookie'] ?? []) headers.append('Set-Cookie', line);
    this.jar.keep({ headers });
    return { status: response.statusCode ?? 0, fields: response.headers, headers, text };
  }

  /** Opens a page as a person does, and waits in the line for it. */
  async page(path: string, isThere: (response: FrontResponse) => boolean, secondsMax = 60): Promise<FrontResponse> {
    const end = performance.now() + 1_000 * secondsMax;
    for (;;) {
      const response = await this.send(path, { headers: AS_PAGE });
      if (isThere(response)) return response;
      if (performance.now() > end)
        throw new Error(`${path} was not there: ${response.status} ${response.text.slice(0, 300)}`);
      if (isNewcomerPage(response.text)) {
        const headers = { ...AS_JSON, 'Sec-Fetch-Site': 'same-origin' };
        await this.send('/_fairgate/rooms/demo/join', { method: 'POST', headers });
      }
      await pause(200);
    }
  }
}

/** A recipe that lets through whatever its server can be told to, and shares its connections to the gateway between all visitors. */
const LENIENT = {
  nginx: {
    server: NGINX,
    args: NGINX_ARGS,
    config: (port: number, dir: string) =>
      nginxConfiguration(
        dir,
        recipe('nginx')
          .replace(
            'listen 443 ssl;',
            `listen 127.0.0.1:${port}; ignore_invalid_headers off; underscores_in_headers on;`,
          )
          .replaceAll(/^ *(?:ssl_|limit_conn).*$/gm, ''),
      ),
  },
  HAProxy: {
    server: HAPROXY,
    args: HAPROXY_ARGS,
    config: (port: number) =>
      recipe('haproxy')
        .replace(/bind :443.*/, `bind 127.0.0.1:${port}\n  option accept-invalid-http-request`)
        .replaceAll(/^ *(?:stick-table|tcp-request).*$/gm, '')
        .replace('backend fairgate', 'backend fairgate\n  http-reuse always\n  option accept-invalid-http-response'),
  },
};

export const LENIENT_NAMES = Object.keys(LENIENT) as (keyof typeof LENIENT)[];

/** Without TLS, so that a test can send any bytes. */
export async function startLenientFront(name: keyof typeof LENIENT, gatewayPort: number): Promise<ServerProcess> {
  const { server, args, config } = LENIENT[name];
  const port = await freePort();
  return startServer({
    server,
    port,
    args,
    config: (dir) => config(port, dir).replaceAll('127.0.0.1:8787', `127.0.0.1:${gatewayPort}`),
  });
}
