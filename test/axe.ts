// Accessibility check of a page with axe-core, injected over the devtools protocol, which a page's Content-Security-Policy
// does not block.

import { readFileSync } from 'node:fs';
import type AxeCore from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/** One line per violation, with the HTML of the elements. Pages must have none. */
export async function complaints(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const results = (await page.evaluate('axe.run()')) as AxeCore.AxeResults;
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
