// The first step of `npm test`, and the only one that installs anything: Chromium, Korean fonts, Redis, nginx,
// HAProxy, Caddy, OpenSSL, curl, jq and systemd from Debian, as root. Anywhere else it says what to install and fails.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isInstalled, TEST_PACKAGES } from './system-packages.ts';

const missing = TEST_PACKAGES.filter((needed) => !isInstalled(needed)).map(({ name }) => name);

if (missing.length > 0) {
  const names = missing.join(' ');
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.error(`npm test needs these Debian packages: ${names}. Install them: sudo apt-get install ${names}`);
    process.exit(1);
  }
  console.log(`npm test needs these Debian packages and installs them now, with apt-get: ${names}`);
  aptGet('update');
  aptGet('install', '--yes', '--no-install-recommends', ...missing);
}

function aptGet(...args: string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status } = spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status === 0) return;
  console.error(`apt-get ${args.join(' ')} failed with status ${status}. Install by hand: ${missing.join(' ')}`);
  process.exit(1);
}
