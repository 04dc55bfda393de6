// Provides what the tests need beyond npm, from Debian, when root: Chromium with Korean fonts, and redis-server; otherwise a
// clear sentence.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const NEEDED = [
  { package: 'chromium', file: '/usr/bin/chromium' },
  { package: 'fonts-noto-cjk', file: '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc' },
  { package: 'redis-server', file: '/usr/bin/redis-server' },
];

const missing = NEEDED.filter(({ file }) => !existsSync(file)).map((needed) => needed.package);
if (missing.length > 0) {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !existsSync('/usr/bin/apt-get')) {
    console.error(`The tests need ${missing.join(' and ')}. On Debian: sudo apt-get install ${missing.join(' ')}`);
    process.exit(1);
  }
  console.log(`Installing ${missing.join(', ')} from Debian for the tests.`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', ...missing]]) {
    const { status } = spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0) {
      console.error(
        `apt-get ${args[0]} failed (status ${status}). Install ${missing.join(' ')} by hand and run again.`,
      );
      process.exit(1);
    }
  }
}
