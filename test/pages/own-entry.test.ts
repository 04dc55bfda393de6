// The board is up to two seconds old, a visitor's own entry is not: both stand on one page and must not contradict.

import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { board, buildPages, model, NOW, rfc3339, status } from './built-pages.ts';

let pages: Awaited<ReturnType<typeof buildPages>>;

beforeAll(async () => {
  pages = await buildPages();
});

it('nobody with an entry reads that fewer take part in the draw', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9_999_999 }), fc.nat(9_999_999), (entry, entries) => {
      const html = pages.renderPage({
        ...model('entered', { language: 'en' }),
        board: board({ state: 'prequeue', called: 0, entries, opensAt: rfc3339(NOW + 60_000) }),
        status: status({ state: 'entered', entry, position: null, ahead: null, waitSeconds: null }),
      });
      const [, shown = ''] = /In the draw<\/dt><dd>([\d,]+)/.exec(html) ?? [];
      expect(Number(shown.replaceAll(',', ''))).toBe(Math.max(entry, entries));
    }),
  );
});
