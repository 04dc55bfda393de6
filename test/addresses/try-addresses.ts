// `npm run try-addresses`: what the gate leaves open is sent to real servers, and none of it may reach a protected handler. As
// root on Debian it installs the servers that are missing; it leaves none running. With one seed it does the same again.

import { parseArgs } from 'node:util';
import { buildWorker } from '../../scripts/build.ts';
import { readOrExit } from '../../scripts/lib/run-command.ts';
import { installPackages, isInstalled } from '../../scripts/lib/system-packages.ts';
import { type Leak, type Outcome, openAddresses, startGated, tryGated, trySite } from './address-run.ts';
import {
  APACHE_SITES,
  CADDY_SITES,
  type GroupDescription,
  HAPROXY_SITES,
  installExpress4,
  NGINX_SITES,
  nodeSites,
  PYTHON_SITES,
  TOMCAT_SITES,
} from './sites.ts';

const USAGE = `npm run try-addresses -- [--addresses 300000] [--gated 2000] [--seed N] [--servers nginx,node,…]
Sends odd addresses that the gate leaves open to real servers, and reports which of them reached a protected page. Takes ten
minutes; on Debian, as root, it installs the servers that are missing, and leaves none running.
  --addresses  how many are made; what the gate leaves open of them is sent to every server
  --gated      how many more are sent through a running gateway in front of each server
  --seed       a number; the same one makes the same addresses
  --servers    some of nginx, node, caddy, haproxy, apache, python, tomcat; all unless given`;

const { values } = readOrExit(() =>
  parseArgs({
    options: {
      addresses: { type: 'string', default: '300000' },
      gated: { type: 'string', default: '2000' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      servers: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  }),
);
const [count, gatedCount, seed] = [Number(values.addresses), Number(values.gated), Number(values.seed)];
if (values.help || ![count, gatedCount, seed].every((each) => Number.isSafeInteger(each) && each >= 0)) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 2);
}

const groups: Record<string, () => Promise<GroupDescription>> = {
  nginx: async () => NGINX_SITES,
  node: async () => nodeSites(await installExpress4()),
  caddy: async () => CADDY_SITES,
  haproxy: async () => HAPROXY_SITES,
  apache: async () => APACHE_SITES,
  python: async () => PYTHON_SITES,
  tomcat: async () => TOMCAT_SITES,
};
const chosen = values.servers?.split(',') ?? Object.keys(groups);
const unknown = chosen.filter((name) => !(name in groups));
if (unknown.length > 0) {
  console.error(`There is no server "${unknown.join(', ')}". Choose from ${Object.keys(groups).join(', ')}.`);
  process.exit(2);
}

function install({ packages }: GroupDescription): void {
  const missing = packages.filter((needed) => !isInstalled(needed)).map(({ name }) => name);
  installPackages('npm run try-addresses', missing);
}

const columns = (site: string, ...numbers: (string | number)[]) =>
  console.log(site.padEnd(58) + numbers.map((each) => String(each).padStart(10)).join(''));

let leaks = 0;
function report({ site, tried, leftOpen, reachedOpen, reachedNone, reachedProtected, leaks: found }: Outcome): void {
  columns(site, tried, leftOpen, reachedOpen, reachedNone, reachedProtected);
  leaks += reachedProtected;
  for (const leak of found) console.log(`    ${described(leak)}`);
}

function described({ roomCase, method, target, seen }: Leak): string {
  return `room ${roomCase}: ${method} ${JSON.stringify(target)}: ${seen}`;
}

// The servers end with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

console.log(`Seed ${seed}, ${count} addresses, and ${gatedCount} more through the gateway before each server`);
const open = openAddresses(seed, count);
if (gatedCount > 0) await buildWorker();
columns('', 'tried', 'left open', 'open', 'none', 'PROTECTED');
for (const name of chosen) {
  const description = await groups[name]?.();
  if (description === undefined) continue;
  install(description);
  const { version, sites, stop } = await description.start();
  try {
    console.log(version);
    for (const site of sites) {
      report(await trySite(site, open, count));
      if (gatedCount === 0) continue;
      const gated = await startGated(site);
      try {
        const outcome = await tryGated(gated, seed, gatedCount);
        report({ ...outcome, site: '  the same behind the gateway' });
      } finally {
        await gated.stop();
      }
    }
  } finally {
    await stop();
  }
}
console.log(leaks === 0 ? 'No protected handler was reached.' : `${leaks} requests reached a protected handler.`);
process.exit(leaks === 0 ? 0 : 1);
