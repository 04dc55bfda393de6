import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { gzip } from '../../worker/http/gzip.ts';
import type { PageModel } from '../../worker/pages/model.ts';
import { board, buildPages, FULLEST, MODELS, model, NOW, rfc3339, status } from './built-pages.ts';

/** One page on a phone's first packets; a number of the design, not of this machine. */
const PAGE_GZIP_BYTES_MAX = 14 * 1024;

let pages: Awaited<ReturnType<typeof buildPages>>;
beforeAll(async () => {
  pages = await buildPages();
});

const LANGUAGES = ['ko', 'en'] as const;
const EVERY_PAGE = Object.values(MODELS).flatMap((page) => LANGUAGES.map((language) => ({ ...page, language })));

/** What a reader sees: without style, script and tags. */
function textOf(html: string): string {
  return html
    .replaceAll(/<(style|script|noscript)[^>]*>.*?<\/\1>/gs, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'");
}

describe('every page', () => {
  test.each(EVERY_PAGE)('$kind in $language says everything in its language and nothing is missing', (page) => {
    const html = pages.renderPage(page);
    const text = textOf(html);
    expect(html.startsWith('<!doctype html><html lang=')).toBe(true);
    expect(html).toContain(`<html lang="${page.language}">`);
    expect(textOf(/<h1 tabindex="-1">(.*?)<\/h1>/s.exec(html)?.[1] ?? '').trim()).not.toBe('');
    expect(html).toMatch(/<title>[^<]+<\/title>/);
    expect(text).not.toMatch(/undefined|null|NaN|Invalid|\[object|1970/);
    const korean = /[가-힣]/.test(text.replace('한국어', '').replace(page.room?.title.ko ?? '', ''));
    expect(korean).toBe(page.language === 'ko' && page.kind !== 'badRequest');
  });

  test.each(EVERY_PAGE)('$kind in $language fetches nothing from anywhere', (page) => {
    const html = pages.renderPage(page).replaceAll(/<(style|script)[^>]*>.*?<\/\1>/gs, '');
    expect(html).not.toMatch(/\s(src|srcset|poster|data|style|on\w+)=/);
    expect(html).not.toMatch(/<(link|iframe|object|embed|base|img)\b/);
    expect([...html.matchAll(/(?:href|action)="([^"]*)"/g)].every(([, target]) => /^\/(?!\/)/.test(target ?? ''))).toBe(
      true,
    );
  });

  test.each(EVERY_PAGE)(
    '$kind in $language refreshes itself without a script exactly where something will change',
    (page) => {
      const html = pages.renderPage(page);
      const refresh = /<noscript><meta http-equiv="refresh" content="(\d+);url=([^"]*)"/.exec(html);
      const still = ['lapsed', 'ended', 'closed', 'badRequest'].includes(page.kind);
      expect(refresh === null).toBe(still);
      if (refresh !== null) expect(Number(refresh[1])).toBeGreaterThanOrEqual(3);
    },
  );
});

describe('without a script', () => {
  const seconds = (page: PageModel) => Number(/http-equiv="refresh" content="(\d+)/.exec(pages.renderPage(page))?.[1]);
  const entry = (msLeft: number) =>
    model('entered', {
      board: board({ state: 'prequeue', opensAt: rfc3339(NOW + msLeft) }),
      status: status({ state: 'entered', position: null }),
    });

  test('an entry looks again every 20 s at the most, and just after the opening', () => {
    expect(seconds(entry(3_600_000))).toBe(30);
    expect(seconds(entry(40_000))).toBe(20);
    expect(seconds(entry(12_000))).toBe(13);
    expect(seconds(entry(500))).toBe(5);
  });

  test('a turn whose slot is still to open is asked for when it opens', () => {
    expect(seconds({ ...MODELS.called, admitAt: rfc3339(NOW + 6200) })).toBe(7);
  });

  test('the one thing to do is a form', () => {
    expect(pages.renderPage(MODELS.called)).toContain('<form method="post" action="/_fairgate/rooms/vaccine/claim">');
    for (const kind of ['lapsed', 'ended'] as const) {
      expect(pages.renderPage(MODELS[kind])).toContain('<form method="post" action="/_fairgate/rooms/vaccine/join">');
    }
    for (const kind of ['waiting', 'entered'] as const) {
      expect(pages.renderPage(MODELS[kind])).toContain('<form method="post" action="/_fairgate/rooms/vaccine/leave">');
    }
  });
});

describe('numbers are true or not shown', () => {
  test('the waiting page has the number, the number called, how many are between, the wait and when it was read', () => {
    const text = textOf(pages.renderPage({ ...MODELS.waiting, language: 'en' }));
    for (const shown of ['87,654', '46,901', '40,752', 'about 15 to 30 minutes', 'Read at 20:03:11']) {
      expect(text).toContain(shown);
    }
  });

  test('an old number comes with its age, an unknown wait is called unknown', () => {
    const old = model('waiting', { language: 'en', board: board({ asOf: rfc3339(NOW - 200_000), pace: null }) });
    const text = textOf(pages.renderPage(old));
    expect(text).toContain('(3 min ago)');
    expect(text).toContain('not known yet');
  });

  test('stock comes with the time at which it was read', () => {
    expect(textOf(pages.renderPage(FULLEST))).toMatch(/남은 수량\s+8,412\s+20:03:08 기준/);
  });

  test('times are in the room’s zone, and the page names it', () => {
    const abroad = model('scheduled', {
      language: 'en',
      room: { id: 'a', title: { ko: '방', en: 'Room' }, timeZone: 'Europe/Paris' },
      board: board({ state: 'scheduled', opensAt: '2027-08-09T11:00:00.000Z' }),
      status: status({ state: 'none', entry: null, position: null }),
    });
    const text = textOf(pages.renderPage(abroad));
    expect(text).toMatch(/Mon 9 August,? 13:00/);
    expect(text).toContain('Central European Summer Time');
  });
});

describe('hostile text', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(
        fc.constantFrom(
          ...[
            '</script>',
            '<!--',
            '<script>',
            '"',
            "'",
            '`',
            '&',
            '\\u003c',
            '\u2028',
            ']]>',
            '</title>',
            'onerror=',
            '//',
            '/',
            '\\',
          ],
          ...['</style>', '<svg/onload=alert(1)>', 'javascript:', '\t', '\n', '\0', 'a'],
        ),
        { maxLength: 12 },
      )
      .map((parts) => parts.join('')),
  );
  const skeleton = (html: string) => [...html.matchAll(/<\/?[a-z!][a-z0-9]*/gi)].map(([tag]) => tag);

  test('never opens or closes an element, and arrives in the script’s model as it was', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (title, message, path) => {
        const named = (text: string): PageModel => ({
          ...FULLEST,
          room: { id: 'vaccine', title: { ko: text, en: text }, timeZone: 'Asia/Seoul' },
          board: FULLEST.board && { ...FULLEST.board, message: { text: { ko: text, en: text }, at: rfc3339(NOW) } },
        });
        const page = { ...named(title + message), returnTo: path };
        const html = pages.renderPage(page);
        const plain = pages.renderPage({ ...named('plain'), returnTo: '/plain' });
        expect(skeleton(html)).toEqual(skeleton(plain));
        const json = /<script type="application\/json" id="fairgate">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
        const carried: PageModel = JSON.parse(json);
        expect(carried.room?.title.ko).toBe(title + message);
        expect(carried.board?.message?.text.ko).toBe(title + message);
      }),
    );
  });

  test('never makes a problem’s page more than a page', () => {
    fc.assert(
      fc.property(hostile, hostile, (title, detail) => {
        const html = pages.renderPage({ ...MODELS.badRequest, problem: { title, detail } });
        expect(skeleton(html)).toEqual(skeleton(pages.renderPage(MODELS.badRequest)));
      }),
    );
  });

  test('a return address on another site becomes the front page, wherever it stands', () => {
    const others = [
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      'https://evil.example',
      'javascript:0',
      '',
      '\\',
    ];
    for (const returnTo of others) {
      const html = pages.renderPage({ ...MODELS.called, returnTo });
      expect(html).toContain('name="return" value="/"');
      expect(html).not.toContain('evil.example');
    }
    fc.assert(
      fc.property(hostile, (path) => {
        const html = pages.renderPage({ ...MODELS.called, returnTo: path });
        const json = /id="fairgate">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
        expect(new URL(JSON.parse(json).returnTo, 'https://own.example').origin).toBe('https://own.example');
      }),
    );
  });
});

describe('Content-Security-Policy', () => {
  const digest = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

  test.each(LANGUAGES)('allows exactly the script and the style of the %s page', (language) => {
    const html = pages.renderPage({ ...FULLEST, language });
    const scripts = [...html.matchAll(/<script type="module">(.*?)<\/script>/gs)].map(([, text = '']) => digest(text));
    const styles = [...html.matchAll(/<style>(.*?)<\/style>/gs)].map(([, text = '']) => digest(text));
    expect(scripts).toHaveLength(1);
    expect(styles).toHaveLength(1);
    expect(/script-src ([^;]*)/.exec(pages.contentSecurityPolicy)?.[1]?.split(' ')).toEqual(
      expect.arrayContaining(scripts),
    );
    expect(/style-src ([^;]*)/.exec(pages.contentSecurityPolicy)?.[1]?.split(' ')).toEqual(styles);
  });

  test('starts from nothing and has no loophole', () => {
    expect(pages.contentSecurityPolicy).toContain("default-src 'none'");
    expect(pages.contentSecurityPolicy).not.toMatch(/unsafe|\*|https?:|data:/);
    for (const directive of ["base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'", "connect-src 'self'"]) {
      expect(pages.contentSecurityPolicy).toContain(directive);
    }
  });
});

test.each(LANGUAGES)('the fullest %s page, style and script included, is small', (language) => {
  const { opening, rest } = pages.pageParts({ ...FULLEST, language });
  expect(gzip(opening, rest).length).toBeLessThanOrEqual(PAGE_GZIP_BYTES_MAX);
});
