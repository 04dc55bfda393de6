// Debian's Chromium, headless, for tests and screenshots: without its sandbox, because it runs as root in containers, and
// without the network requests that a browser makes by itself.

import { type Browser, chromium } from 'playwright-core';
import { CHROMIUM, requireInstalled } from './system-packages.ts';

/** @param hosts names that lead to this machine instead of where DNS says */
export async function launchChromium(hosts: readonly string[] = []): Promise<Browser> {
  requireInstalled(CHROMIUM);
  return chromium.launch({
    executablePath: CHROMIUM.file,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...(hosts.length === 0 ? [] : [`--host-resolver-rules=${hosts.map((host) => `MAP ${host} 127.0.0.1`).join()}`]),
    ],
  });
}
