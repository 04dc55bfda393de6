// The first step of `npm test`, and the only one that installs anything: Chromium, Korean fonts, Redis, nginx, HAProxy, Caddy,
// OpenSSL, curl, jq, Python, PHP, Go and systemd from Debian, as root, and Node 18 from npm. Anywhere else it says what to install
// from Debian and fails.

import { installOldNode } from './old-node.ts';
import { runCommand } from './run-command.ts';
import { installPackages, isInstalled, TEST_PACKAGES } from './system-packages.ts';

const USAGE = `node scripts/lib/install-test-services.ts\nInstalls what the tests need, on Debian as root.`;

await runCommand(async () => {
  const missing = TEST_PACKAGES.filter((needed) => !isInstalled(needed)).map(({ name }) => name);
  installPackages('npm test', missing);
  installOldNode();
}, USAGE);
