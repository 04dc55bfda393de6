// nginx, HAProxy and Caddy with TLS in front of a gateway, as docs/behind-proxies.md describes them: the recipes themselves are
// run, with this machine's ports and a certificate of its own.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stopProcess, whenReady } from '../../scripts/lib/child-process.ts';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { CADDY, HAPROXY, NGINX, OPENSSL, requireInstalled } from '../../scripts/lib/system-packages.ts';
import { listens } from './caching-proxies.ts';

const DOCUMENT = resolve(import.meta.dirname, '../../docs/behind-proxies.md');
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

/** The recipe of the document in this language. */
function recipe(language: string): string {
  const text = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(readFileSync(DOCUMENT, 'utf8'))?.[1];
  if (text === undefined) throw new Error(`${DOCUMENT} has no example in ${language}.`);
  return text;
}

const FRONTS = {
  nginx: {
    server: NGINX,
    args: (dir: string) => ['-p', dir, '-e', 'stderr', '-c', join(dir, 'front.conf')],
    config: (port: number, dir: string) => `
      daemon off; master_process off; pid ${dir}/pid; error_log stderr;
      ${process.getuid?.() === 0 ? 'user root;' : ''}
      events {}
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${dir}/${kind};`).join(' ')}
        ${recipe('nginx').replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)}
      }`,
  },
  HAProxy: {
    server: HAPROXY,
    args: (dir: string) => ['-db', '-f', join(dir, 'front.conf')],
    config: (port: number) => recipe('haproxy').replace('bind :443', `bind 127.0.0.1:${port}`),
  },
  Caddy: {
    server: CADDY,
    args: (dir: string) => ['run', '--config', join(dir, 'front.conf'), '--adapter', 'caddyfile'],
    config: (port: number) =>
      `{\n  admin off\n  auto_https disable_redirects\n}\n${recipe('caddy').replace('booking.example {', `https://booking.example:${port} {\n  bind 127.0.0.1`)}`,
  },
};

export const FRONT_NAMES = Object.keys(FRONTS) as (keyof typeof FRONTS)[];

export async function startFront(name: keyof typeof FRONTS, port: number, gatewayPort: number): Promise<Front> {
  const { server, args, config } = FRONTS[name];
  requireInstalled(server);
  const dir = mkdtempSync(join(tmpdir(), 'fairgate-front-'));
  const { certificate, key } = makeCertificate(dir, [FRONT_HOST]);
  writeFileSync(join(dir, 'certificate-and-key.pem'), certificate + key);
  const text = config(port, dir)
    .replaceAll('/etc/ssl/booking.example/', `${dir}/`)
    .replaceAll('127.0.0.1:8787', `127.0.0.1:${gatewayPort}`);
  writeFileSync(join(dir, 'front.conf'), text);
  const env = { ...process.env, HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir };
  const child = spawn(server.file, args(dir), { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (line: string) => {
    output += line;
  });
  await whenReady(child, `${name} before port ${gatewayPort}`, listens(port), () => output);
  return {
    ca: certificate,
    async stop() {
      await stopProcess(child, 'SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export { freePort };
