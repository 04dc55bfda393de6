// The first step of `npm test`, and the only one that installs anything: Chromium, Korean fonts, Redis, nginx,
// HAProxy, Caddy, OpenSSL, curl, jq, Python and systemd from Debian, as root. Anywhere else it says what to install and fails.

import { runCommand } from './run-command.ts';
import { installPackages, isInstalled, TEST_PACKAGES } from './system-packages.ts';

const USAGE = `node scripts/lib/install-test-services.ts\nInstalls what the tests need, on Debian as root.`;

await runCommand(
  async () =>
    installPackages(
      'npm test',
      TEST_PACKAGES.filter((needed) => !isInstalled(needed)).map(({ name }) => name),
    ),
  USAGE,
);
