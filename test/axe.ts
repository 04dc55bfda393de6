// What axe-core finds wrong with a page. Through the devtools protocol, which a page's Content-Security-Policy does not
// forbid.

import { readFileSync } from 'node:fs';
import type AxeCore from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/** One line a violation, with the elements it is in; none, by law. */
export async function complaints(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const found = (await page.evaluate('axe.run()')) as AxeCore.AxeResults;
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
