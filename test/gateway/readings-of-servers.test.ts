// What the gate leaves open, sent to nginx and to servers in Node as they are: none of it reaches a protected handler. A part of
// `npm run try-addresses`, which asks more servers with many more addresses.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAddresses, startGated, tryGated, trySite } from '../addresses/address-run.ts';
import { NGINX_SITES, nodeSites, type SiteGroup } from '../addresses/sites.ts';

const SEED = 28;
const COUNT = 5_000;
const GATED = 400;

const open = openAddresses(SEED, COUNT);

describe.each([
  ['nginx', NGINX_SITES, ['nginx, proxy_pass with a path']],
  ['Node and Express', nodeSites(null), ['Node, http with URL, url.parse and others', 'Express 5, routes']],
])('%s', (_, description, behindGateway) => {
  let group: SiteGroup;
  beforeAll(async () => {
    group = await description.start();
  });
  afterAll(() => group?.stop());

  it('reads nothing that the gate leaves open as a protected path', async () => {
    expect(open.length).toBeGreaterThan(700);
    for (const site of group.sites) {
      const outcome = await trySite(site, open, COUNT);
      expect(outcome).toMatchObject({ leftOpen: open.length, reachedProtected: 0, leaks: [] });
      expect(outcome.reachedOpen).toBeGreaterThan(10);
    }
  });

  it.each(behindGateway)('behind the gateway gets exactly what its code leaves open: %s', async (name) => {
    const site = group.sites.find((each) => each.name === name);
    if (site === undefined) throw new Error(`There is no site "${name}".`);
    const gated = await startGated(site);
    try {
      const outcome = await tryGated(gated, SEED, GATED);
      expect(outcome).toMatchObject({ reachedProtected: 0, leaks: [] });
      expect(outcome.reachedOpen).toBeGreaterThan(30);
    } finally {
      await gated.stop();
    }
  });
});
