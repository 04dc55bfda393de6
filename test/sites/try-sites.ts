// `npm run try-sites -- NAME ...`: real applications behind Fairgate, behind nginx with TLS, started by a person. Prints each step;
// exits with 1 where one does not hold, and leaves nothing running. The applications know nothing of Fairgate, but WordPress
// has the plugin that checks admissions.

import { buildWorker } from '../../scripts/build.ts';
import { onNpmEnded } from '../../scripts/lib/npm-parent.ts';
import { runCommand } from '../../scripts/lib/run-command.ts';
import { django } from './django.ts';
import { flask } from './flask.ts';
import { next } from './next.ts';
import { nodeRed } from './node-red.ts';
import { type Site, SiteTrial } from './site-trial.ts';
import { socketIo } from './socket-io.ts';
import { wordpress } from './wordpress.ts';

const SITES: Record<string, Site> = { next, 'socket.io': socketIo, 'node-red': nodeRed, flask, django, wordpress };

const USAGE = `Usage: npm run try-sites -- NAME ..., of ${Object.keys(SITES).join(', ')}.
Installs these applications, on Debian as root also the packages that they need, and tries each behind the gateway behind nginx
with TLS: through the line, log in, upload, stream, end of the visit. Takes minutes, and leaves nothing running.`;

const giveUp = () => void SiteTrial.stopAll().finally(() => process.exit(1));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, giveUp);
onNpmEnded(giveUp);

await runCommand(async () => {
  const names = process.argv.slice(2);
  const unknown = names.filter((name) => !Object.hasOwn(SITES, name));
  if (names.length === 0 || unknown.length > 0) {
    const wrong = unknown.length === 0 ? '' : `There is no site ${unknown.join(', ')}. `;
    throw new Error(`${wrong}${USAGE}`);
  }
  await buildWorker();
  const failed: string[] = [];
  for (const name of names) {
    const site = SITES[name];
    if (site !== undefined && (await SiteTrial.run(site)) > 0) failed.push(name);
  }
  if (failed.length > 0) throw new Error(`Steps failed with ${failed.join(', ')}.`);
}, USAGE);
