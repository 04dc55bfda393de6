// Programs that npm does not install: where tests, bench and screenshots expect them, and the Debian package of each.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export interface SystemPackage {
  name: string;
  /** Exists where the package is installed. */
  file: string;
}

/** Chromium without a window: the same engine, and a third of the time. */
export const CHROMIUM: SystemPackage = { name: 'chromium-headless-shell', file: '/usr/bin/chromium-headless-shell' };
export const REDIS: SystemPackage = { name: 'redis-server', file: '/usr/bin/redis-server' };
export const NGINX: SystemPackage = { name: 'nginx', file: '/usr/sbin/nginx' };
export const HAPROXY: SystemPackage = { name: 'haproxy', file: '/usr/sbin/haproxy' };
export const CADDY: SystemPackage = { name: 'caddy', file: '/usr/bin/caddy' };
export const OPENSSL: SystemPackage = { name: 'openssl', file: '/usr/bin/openssl' };
export const CURL: SystemPackage = { name: 'curl', file: '/usr/bin/curl' };
/** Generates the load of `npm run bench`. */
export const WRK: SystemPackage = { name: 'wrk', file: '/usr/bin/wrk' };
/** Runs docs/verify_draw.py. */
export const PYTHON: SystemPackage = { name: 'python3', file: '/usr/bin/python3' };
/** What origin/other-languages/fairgate.py needs. */
export const PYTHON_CRYPTOGRAPHY: SystemPackage = {
  name: 'python3-cryptography',
  file: '/usr/lib/python3/dist-packages/cryptography/__init__.py',
};
/** These run the other verifiers of origin/other-languages. */
export const PHP: SystemPackage = { name: 'php-cli', file: '/usr/bin/php' };
export const GO: SystemPackage = { name: 'golang-go', file: '/usr/bin/go' };
export const NGINX_NJS: SystemPackage = {
  name: 'libnginx-mod-http-js',
  file: '/usr/lib/nginx/modules/ngx_http_js_module.so',
};
/** Loads docs/monitoring; nothing of it stays running. */
export const PROMETHEUS: SystemPackage = { name: 'prometheus', file: '/usr/bin/prometheus' };
export const PROMTOOL: SystemPackage = { name: 'prometheus', file: '/usr/bin/promtool' };
export const JQ: SystemPackage = { name: 'jq', file: '/usr/bin/jq' };
/** For `systemd-analyze`; nothing is started by it. */
const SYSTEMD: SystemPackage = { name: 'systemd', file: '/usr/bin/systemd-analyze' };
const KOREAN_FONTS: SystemPackage = {
  name: 'fonts-noto-cjk',
  file: '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc',
};

const ORIGIN_CHECKS = [PYTHON_CRYPTOGRAPHY, PHP, GO, NGINX_NJS];

export const TEST_PACKAGES = [
  ...[CHROMIUM, KOREAN_FONTS, REDIS, NGINX, HAPROXY, CADDY, OPENSSL, CURL, JQ, PYTHON, SYSTEMD, PROMETHEUS],
  ...ORIGIN_CHECKS,
];

export function isInstalled({ file }: SystemPackage): boolean {
  return existsSync(file);
}

/** @throws with the command that installs it */
export function requireInstalled(needed: SystemPackage): void {
  if (isInstalled(needed)) return;
  throw new Error(`${needed.file} does not exist. Install it: sudo apt-get install ${needed.name}`);
}

/** How long apt-get waits for another one. */
const LOCK_SECONDS_MAX = 300;

/**
 * Installs Debian packages as root. @param neededBy the command that needs them, for the message
 * @throws anywhere else, with the command that installs them
 */
export function installPackages(neededBy: string, missing: readonly string[]): void {
  if (missing.length === 0) return;
  const names = missing.join(' ');
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error(`${neededBy} needs these Debian packages: ${names}. Install them: sudo apt-get install ${names}`);
  }
  console.log(`${neededBy} needs these Debian packages and installs them now, with apt-get: ${names}`);
  aptGet(names, 'update');
  aptGet(names, 'install', '--yes', '--no-install-recommends', ...missing);
}

function aptGet(names: string, ...args: string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const waiting = ['-o', `DPkg::Lock::Timeout=${LOCK_SECONDS_MAX}`];
  const { status } = spawnSync('apt-get', [...waiting, ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status === 0) return;
  throw new Error(`apt-get ${args.join(' ')} failed with status ${status}. Install by hand: ${names}`);
}
