// Visitors' pages as the server renders them: complete in both languages, self-contained, correct numbers, safe against
// hostile text, and small.

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Board } from '../../queue-core/board.ts';
import { gzip } from '../../worker/http/gzip.ts';
import type { PageModel } from '../../worker/pages/model.ts';
import { board, buildPages, LARGEST, MODELS, model, NOW, rfc3339, status, stock } from './built-pages.ts';

/** A page fits the first ten packets of a TCP connection (RFC 6928). */
const PAGE_GZIP_BYTES_MAX = 14 * 1024;

let pages: Awaited<ReturnType<typeof buildPages>>;
beforeAll(async () => {
  pages = await buildPages();
});

const LANGUAGES = ['ko', 'en'] as const;
const EVERY_PAGE = Object.values(MODELS).flatMap((page) => LANGUAGES.map((language) => ({ ...page, language })));

/** The visible text: without style, script and tags. */
function textOf(html: string): string {
  return html
    .replaceAll(/<(style|script|noscript)[^>]*>.*?<\/\1>/gs, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll(/ +/g, ' ');
}

describe('every page', () => {
  test.each(EVERY_PAGE)('$kind in $language is complete and in one language', (page) => {
    const html = pages.renderPage(page);
    const text = textOf(html);
    expect(html.startsWith('<!doctype html><html lang=')).toBe(true);
    expect(html).toContain(`<html lang="${page.language}">`);
    expect(textOf(/<h1 tabindex="-1">(.*?)<\/h1>/s.exec(html)?.[1] ?? '').trim()).not.toBe('');
    expect(html).toMatch(/<title>[^<]+<\/title>/);
    expect(text).not.toMatch(/undefined|null|NaN|Invalid|\[object|1970/);
    expect(text, 'a number is not grouped').not.toMatch(/(?<![\w,])\d{4,}/);
    const korean = /[가-힣]/.test(text.replace('한국어', '').replace(page.room?.title.ko ?? '', ''));
    expect(korean).toBe(page.language === 'ko' && page.kind !== 'badRequest');
  });

  test.each(EVERY_PAGE)('$kind in $language loads nothing and links only to its own origin', (page) => {
    const html = pages.renderPage(page).replaceAll(/<(style|script)[^>]*>.*?<\/\1>/gs, '');
    expect(html).not.toMatch(/\s(src|srcset|poster|data|style|on\w+)=/);
    expect(html).not.toMatch(/<(link|iframe|object|embed|base|img)\b/);
    expect([...html.matchAll(/(?:href|action)="([^"]*)"/g)].every(([, target]) => /^\/(?!\/)/.test(target ?? ''))).toBe(
      true,
    );
  });

  test.each(EVERY_PAGE)('$kind in $language reloads without a script exactly if it can change by itself', (page) => {
    const html = pages.renderPage(page);
    const refresh = /<noscript><meta http-equiv="refresh" content="(\d+)/.exec(html);
    const isFinal = ['newcomer', 'cookiesNeeded', 'lapsed', 'ended', 'closed', 'badRequest'].includes(page.kind);
    expect(refresh === null).toBe(isFinal);
    if (refresh !== null) expect(Number(refresh[1])).toBeGreaterThanOrEqual(3);
  });
});

describe('without a script', () => {
  const seconds = (page: PageModel) => Number(/http-equiv="refresh" content="(\d+)/.exec(pages.renderPage(page))?.[1]);
  const entry = (msLeft: number) =>
    model('entered', {
      board: board({ state: 'prequeue', opensAt: rfc3339(NOW + msLeft) }),
      status: status({ state: 'entered', position: null }),
    });

  test('a page with an entry reloads at most every 20 s, and just after the opening', () => {
    expect(seconds(entry(3_600_000))).toBe(30);
    expect(seconds(entry(40_000))).toBe(20);
    expect(seconds(entry(12_000))).toBe(13);
    expect(seconds(entry(500))).toBe(5);
  });

  test('a called visitor whose slot is in the future reloads when it opens', () => {
    expect(seconds({ ...MODELS.called, admitAt: rfc3339(NOW + 6200) })).toBe(7);
  });

  test('claim, join and leave are forms that post to the room', () => {
    expect(pages.renderPage(MODELS.called)).toContain('<form method="post" action="/_fairgate/rooms/vaccine/claim">');
    for (const kind of ['lapsed', 'ended'] as const) {
      expect(pages.renderPage(MODELS[kind])).toContain('<form method="post" action="/_fairgate/rooms/vaccine/join">');
    }
    for (const kind of ['waiting', 'entered'] as const) {
      expect(pages.renderPage(MODELS[kind])).toContain('<form method="post" action="/_fairgate/rooms/vaccine/leave">');
    }
  });
});

describe('numbers and times', () => {
  test('the waiting page shows the number, the number called, the people ahead, the wait and the time of the numbers', () => {
    const text = textOf(pages.renderPage({ ...MODELS.waiting, language: 'en' }));
    for (const shown of ['87,654', '46,901', '40,752', 'about 15 to 30 minutes', 'As of 20:03:11']) {
      expect(text).toContain(shown);
    }
  });

  test('a number older than a minute is shown with its age, and an unknown wait as unknown', () => {
    const old = model('waiting', { language: 'en', board: board({ asOf: rfc3339(NOW - 200_000), pace: null }) });
    const text = textOf(pages.renderPage(old));
    expect(text).toContain('(3 min ago)');
    expect(text).toContain('Estimated wait Not known yet');
    expect(text).not.toContain('about');
    expect(textOf(pages.renderPage({ ...old, language: 'ko' }))).toContain('예상 대기 시간 아직 알 수 없음');
  });

  test('stock is shown with the time at which the origin counted it', () => {
    expect(textOf(pages.renderPage(LARGEST))).toMatch(/남은 수량\s+8,412\s+20:03:08 기준/);
  });

  test('the number of entries is never smaller than the visitor’s own entry, although the board may be older', () => {
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

  test('times are in the room’s time zone, and the page names it', () => {
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

describe('what is left', () => {
  const withStock = (language: 'ko' | 'en', left: ReturnType<typeof stock>, kind: PageModel['kind'] = 'waiting') =>
    pages.renderPage({ ...MODELS[kind], language, board: { ...board(), ...MODELS[kind].board, stock: left } });

  test('is shown by lots: a number, sold out, or being checked, with the time of its own where it has another', () => {
    const en = textOf(withStock('en', stock(1_204, 6)));
    expect(en).toContain('Still available 1,204 As of 20:03:08');
    expect(en).toContain('Gangnam Health Centre ₩30,000–₩45,000 ');
    expect(en).toMatch(/Seocho Vaccination Centre Sold out /);
    expect(en).toMatch(/Mapo Medical Clinic Being checked As of 20:01:37 \(1 min ago\)/);
    const ko = textOf(withStock('ko', stock(1_204, 6)));
    expect(ko).toMatch(/서초 예방접종센터 소진 /);
    expect(ko).toMatch(/마포내과의원 확인 중 20:01:37 기준 \(1분 전\)/);
    expect(ko).toContain('₩32,000~₩47,000');
  });

  test('is in the page without a script, all of fifty lots; those beyond the first six are folded', () => {
    const html = withStock('ko', stock(9_000, 50));
    const [, unfolded = '', folded = ''] = /<ul class="lots">(.*?)<\/ul><details>(.*?)<\/details>/s.exec(html) ?? [];
    expect(unfolded.match(/<li>/g)).toHaveLength(6);
    expect(folded.match(/<li>/g)).toHaveLength(44);
    expect(folded).toContain('<summary>44곳 더 보기</summary>');
    expect(textOf(withStock('ko', stock(9_000, 6)))).not.toContain('더 보기');
  });

  test.each(['newcomer', 'entered', 'waiting', 'paused', 'soldOut', 'called', 'standby'] as const)(
    'stands on the page %s',
    (kind) => {
      expect(textOf(withStock('en', stock(77, 2), kind))).toMatch(/Still available 77 .*Gangnam Health Centre/);
    },
  );

  test('of a room whose site does not respond stands beside that the line has stopped', () => {
    const stopped = board({ state: 'paused', pausedBy: 'origin', stock: { ...stock(9, 2), remaining: null } });
    const text = textOf(pages.renderPage({ ...MODELS.paused, language: 'en', board: stopped }));
    expect(text).toContain('The site cannot take visitors now. You keep your number.');
    expect(text).toMatch(/Still available Being checked As of 20:03:08/);
    expect(text).not.toMatch(/Still available 9/);
  });

  test.each([
    ['KRW', '₩120,000–₩1,500,000'],
    ['EUR', '€1,200.00–€15,000.00'],
    ['KWD', 'KWD 120.000–KWD 1,500.000'],
  ])('costs what the smallest unit of %s makes', (currency, shown) => {
    const [lot] = stock(1, 1).lots;
    const lots = [{ ...(lot as NonNullable<typeof lot>), price: { low: 120_000, high: 1_500_000, currency } }];
    expect(textOf(withStock('en', { ...stock(1), lots })).replaceAll('\u00a0', ' ')).toContain(shown);
    const single = [{ ...(lot as NonNullable<typeof lot>), price: { low: 120_000, high: 120_000, currency } }];
    expect(textOf(withStock('en', { ...stock(1), lots: single }))).not.toContain('–');
  });

  test('comes to an end at once, and the page says that the line goes on where something is returned', () => {
    expect(textOf(pages.renderPage({ ...MODELS.soldOut, language: 'en' }))).toMatch(
      /Nothing is available at the moment You do not need to wait. If something is returned, the line goes on in the same order, and your place stays./,
    );
    expect(textOf(pages.renderPage(MODELS.soldOut))).toContain('취소분이 나오면 같은 순서로 이어서 호출합니다.');
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

  test('never opens or closes an element, and arrives unchanged in the script’s model', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (title, message, path) => {
        const named = (text: string): PageModel => ({
          ...LARGEST,
          room: { id: 'vaccine', title: { ko: text, en: text }, timeZone: 'Asia/Seoul' },
          board: LARGEST.board && { ...LARGEST.board, message: { text: { ko: text, en: text }, at: rfc3339(NOW) } },
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

  test('never adds an element to the page of a refused request', () => {
    fc.assert(
      fc.property(hostile, hostile, (title, detail) => {
        const html = pages.renderPage({ ...MODELS.badRequest, served: { kind: 'badRequest', title, detail } });
        expect(skeleton(html)).toEqual(skeleton(pages.renderPage(MODELS.badRequest)));
      }),
    );
  });

  test('a return address on another origin is replaced by /', () => {
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

describe.each(LANGUAGES)('the draw on a page in %s', (language) => {
  const entered = (draw: Partial<Board['draw']>, kind: 'entered' | 'drawing' = 'entered') => {
    const page = MODELS[kind];
    const board = page.board && { ...page.board, draw: { ...page.board.draw, ...draw } };
    return pages.renderPage({ ...page, language, board });
  };
  const randomness = language === 'ko' ? '공개 난수' : 'public randomness';
  const without = language === 'ko' ? '공개 난수 없이' : 'no public randomness';
  const nobody = language === 'ko' ? '운영자도 결과를 고를 수 없' : 'no one, including the operator, chose';

  test('says whether it uses public randomness, and claims no more than that proves', () => {
    const withBeacon = textOf(entered({ beacon: true }));
    expect(withBeacon).toContain(randomness);
    expect(withBeacon).toContain(nobody);
    expect(withBeacon).not.toContain(without);
    const alone = textOf(entered({ beacon: false }));
    expect(alone).toContain(without);
    expect(alone).not.toContain(nobody);
  });

  test('says while it is made that it takes seconds, and links to the result only once there is one', () => {
    expect(textOf(entered({}, 'drawing'))).toContain(language === 'ko' ? '몇 초' : 'a few seconds');
    const link = 'href="/_fairgate/rooms/vaccine/proof"';
    for (const kind of ['entered', 'drawing'] as const) expect(entered({}, kind)).not.toContain(link);
    expect(pages.renderPage({ ...LARGEST, language })).toContain(link);
  });
});

describe('Content-Security-Policy', () => {
  const digest = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

  test.each(LANGUAGES)('allows the script and only the style of the %s page', (language) => {
    const html = pages.renderPage({ ...LARGEST, language });
    const scripts = [...html.matchAll(/<script type="module">(.*?)<\/script>/gs)].map(([, text = '']) => digest(text));
    const styles = [...html.matchAll(/<style>(.*?)<\/style>/gs)].map(([, text = '']) => digest(text));
    expect(scripts).toHaveLength(1);
    expect(styles).toHaveLength(1);
    expect(/script-src ([^;]*)/.exec(pages.contentSecurityPolicy)?.[1]?.split(' ')).toEqual(
      expect.arrayContaining(scripts),
    );
    expect(/style-src ([^;]*)/.exec(pages.contentSecurityPolicy)?.[1]?.split(' ')).toEqual(styles);
  });

  test('denies by default and has no wildcard, scheme or unsafe source', () => {
    expect(pages.contentSecurityPolicy).toContain("default-src 'none'");
    expect(pages.contentSecurityPolicy).not.toMatch(/unsafe|\*|https?:|data:/);
    for (const directive of ["base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'", "connect-src 'self'"]) {
      expect(pages.contentSecurityPolicy).toContain(directive);
    }
  });
});

test.each(LANGUAGES)('the largest %s page, style and script included, stays below 14 KiB with gzip', (language) => {
  const { opening, rest } = pages.pageParts({ ...LARGEST, language });
  expect(gzip(opening, rest).length).toBeLessThanOrEqual(PAGE_GZIP_BYTES_MAX);
});

/** One round trip more, where a room lists as many lots as it may. */
const LOTS_GZIP_BYTES_MAX = 3 * 1024;

test.each(LANGUAGES)('fifty lots on the largest %s page cost less than 3 KiB with gzip', (language) => {
  const { opening, rest } = pages.pageParts({
    ...LARGEST,
    language,
    board: LARGEST.board && { ...LARGEST.board, stock: stock(8412, 50) },
  });
  expect(gzip(opening, rest).length).toBeLessThanOrEqual(PAGE_GZIP_BYTES_MAX + LOTS_GZIP_BYTES_MAX);
});

describe('an opening that was moved or cancelled', () => {
  const moved = { was: '2027-08-05T11:00:00.000Z', at: rfc3339(NOW) };
  const opensAt = '2027-08-05T12:00:00.000Z';

  test.each(LANGUAGES)('is told with the time that visitors knew, before it opens, in %s', (language) => {
    for (const kind of ['scheduled', 'entered', 'newcomer'] as const) {
      const state = kind === 'scheduled' ? ('scheduled' as const) : ('prequeue' as const);
      const page = { ...MODELS[kind], language, board: board({ state, opensAt, entriesAt: moved.was }) };
      const [before, after] = [page, { ...page, board: { ...page.board, moved } }].map((one) =>
        textOf(pages.renderPage(one)),
      );
      const said = language === 'ko' ? '시작 시각 변경: 20:00 → 21:00' : 'The opening was moved to 21:00 (was 20:00).';
      expect(before).not.toContain(said);
      expect(after).toContain(said);
    }
  });

  test.each(LANGUAGES)('is told as cancelled, and that entries are kept, in %s', (language) => {
    const closed = { ...MODELS.closed, language, board: board({ state: 'closed', moved }) };
    const text = textOf(pages.renderPage(closed));
    expect(text).toContain(language === 'ko' ? '시작이 취소되었습니다' : 'The opening was cancelled');
    expect(text).toContain(language === 'ko' ? '20:00에 시작하지 않습니다' : 'It does not open at 20:00.');
    expect(text).not.toContain(language === 'ko' ? '마감되었습니다' : 'no longer possible');
  });
});

test.each(LANGUAGES)('how long a turn is kept, and when entries begin, is told from the start in %s', (language) => {
  const scheduled = textOf(pages.renderPage({ ...MODELS.scheduled, language }));
  const entered = textOf(pages.renderPage({ ...MODELS.entered, language }));
  for (const text of [scheduled, entered])
    expect(text).toContain(language === 'ko' ? '5분 동안' : 'kept for 5 minutes');
  expect(scheduled).toMatch(language === 'ko' ? /19:00부터/ : /begins at .*19:00/);
});
