// The routes of the demo site. Guarantees: every path requires a valid admission, nothing changes without a form of this
// site, and every response to a visitor carries the current stock. Time and bookings are passed in; pages.ts renders.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { setCookie } from 'hono/cookie';
import { languageDetector } from 'hono/language';
import { z } from 'zod';
import { type AdmissionEnv, admission } from '../hono.ts';
import { commandHeaders, overloadHeaders, stockHeaders } from '../response-headers.ts';
import type { VerifierOptions } from '../verifier-options.ts';
import type { Bookings } from './bookings.ts';
import type { EpochMs } from './clinics.ts';
import {
  type BookDraft,
  type BookField,
  bookingPage,
  bookPage,
  donePage,
  finishPage,
  frontPage,
  type Html,
  layout,
  lookupPage,
  NAME_LENGTH_MAX,
  noticePage,
  type Page,
  PHONE_END_LENGTH,
} from './pages.ts';
import { LANGUAGES, type Language, STRINGS } from './strings.ts';
import { STYLE_SOURCE } from './style.ts';

/** The longest form has a name, four digits, a slot and a token: under 1 kB even with every character escaped. */
const BODY_BYTES_MAX = 4_096;

const LANGUAGE_COOKIE = 'lang';
const LANGUAGE_COOKIE_SECONDS = 31_536_000;

/** How long the error lasts that a visitor may try out, and for how long the site then wants nobody. */
const TROUBLE_MS = 12_000;
const OVERLOAD_SECONDS = 30;

/** No scripts, frames or external resources. `same-origin` keeps the Origin header of forms, which `no-referrer` removes. */
const SECURITY_HEADERS = {
  'Content-Security-Policy': `default-src 'none'; style-src ${STYLE_SOURCE}; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
};

interface DemoAppOptions {
  bookings: Bookings;
  verifier: VerifierOptions;
  now: () => EpochMs;
  /** Receives unexpected errors; visitors see only a general message. */
  log: (error: unknown) => void;
}

type Env = { Variables: AdmissionEnv['Variables'] & { language: Language; form: Record<string, unknown> } };

export function createDemoApp({ bookings, verifier, now, log }: DemoAppOptions): Hono<Env> {
  const app = new Hono<Env>();
  const show = (c: Context<Env>, page: Page, status: 200 | 400 | 403 | 404 | 409 | 413 | 422 | 429 | 500 = 200) => {
    c.header('Content-Language', page.language);
    return c.html(layout(page) as Html, status);
  };
  const formToken = (c: Context<Env>) => tokenFor(bookings.formSecret, c.get('admission').sub);

  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.header(name, value);
  });

  app.use(admission(verifier));

  app.use(async (c, next) => {
    await next();
    // Counted after the handler, so that a seat which it has just booked is excluded.
    const countedAt = now();
    const { remaining, clinics } = bookings.stock(countedAt);
    const lots = clinics.map(({ clinic, remaining }) => ({ id: clinic.id, name: clinic.name, remaining }));
    say(c, stockHeaders(remaining, countedAt, lots));
  });

  app.use(
    languageDetector({
      supportedLanguages: [...LANGUAGES],
      fallbackLanguage: 'ko',
      lookupCookie: LANGUAGE_COOKIE,
      caches: false,
    }),
  );

  app.use(async (c, next) => {
    // Only an explicit choice is stored, never the browser's preference.
    if (c.req.query('lang') === c.get('language')) {
      setCookie(c, LANGUAGE_COOKIE, c.get('language'), {
        path: '/',
        httpOnly: true,
        sameSite: 'Lax',
        secure: c.req.header('X-Forwarded-Proto') === 'https',
        maxAge: LANGUAGE_COOKIE_SECONDS,
      });
    }
    await next();
  });

  app.post(
    '*',
    bodyLimit({
      maxSize: BODY_BYTES_MAX,
      onError: (c: Context<Env>) => {
        const { tooLargeTitle, tooLargeText } = STRINGS[c.get('language')].errors;
        return show(c, noticePage(c.get('language'), tooLargeTitle, tooLargeText), 413);
      },
    }),
    async (c, next) => {
      const strings = STRINGS[c.get('language')].errors;
      // The site's forms use this encoding only.
      if (!/^application\/x-www-form-urlencoded\b/i.test(c.req.header('Content-Type') ?? '')) {
        return show(c, noticePage(c.get('language'), strings.tooLargeTitle, strings.tooLargeText), 400);
      }
      c.set('form', await c.req.parseBody());
      if (!isFromOwnPage(c) || !isToken(c.get('form').formToken, formToken(c))) {
        return show(c, noticePage(c.get('language'), strings.staleFormTitle, strings.staleFormText), 403);
      }
      return next();
    },
  );

  app.get('/', (c) => {
    const [language, booking] = [c.get('language'), bookings.bookingOf(c.get('admission').sub)];
    const tryOut = { troubleUntil: now() + TROUBLE_MS, formToken: formToken(c) };
    return show(c, frontPage(language, bookings.stock(now()), booking, tryOut));
  });

  app.get('/book', (c) => {
    if (bookings.bookingOf(c.get('admission').sub) !== null) return c.redirect('/booking', 303);
    return show(
      c,
      bookPage({
        language: c.get('language'),
        stock: bookings.stock(now()),
        formToken: formToken(c),
        draft: { slot: '', name: '', phoneEnd: '' },
        problem: { kind: 'none' },
      }),
    );
  });

  app.post('/book', (c) => {
    const visitor = c.get('admission').sub;
    const draft = readDraft(c.get('form'));
    const form = BookForm.safeParse(draft);
    const formAgain = (problem: Parameters<typeof bookPage>[0]['problem']) =>
      bookPage({ language: c.get('language'), stock: bookings.stock(now()), formToken: formToken(c), draft, problem });
    if (!form.success) {
      if (bookings.bookingOf(visitor) !== null) return c.redirect('/booking', 303);
      const fields = form.error.issues.map((issue) => issue.path[0] as BookField);
      return show(c, formAgain({ kind: 'invalid', fields }), 422);
    }
    const { slot, name, phoneEnd } = form.data;
    const outcome = bookings.book({ visitor, ...slot, name, phoneEnd }, now());
    switch (outcome.kind) {
      case 'booked':
        return c.redirect('/booking', 303);
      case 'alreadyBooked': {
        // A second click of the same button is a success; a request for another slot leads to the existing booking.
        const isSameSlot = outcome.booking.clinic.id === slot.clinicId && outcome.booking.startsAt === slot.startsAt;
        return c.redirect(isSameSlot ? '/booking' : '/booking?kept', 303);
      }
      case 'taken':
        return show(c, formAgain({ kind: 'taken', startsAt: slot.startsAt }), 409);
    }
  });

  app.get('/booking', (c) => {
    const language = c.get('language');
    const booking = bookings.bookingOf(c.get('admission').sub);
    if (booking === null) {
      return show(c, lookupPage({ language, formToken: formToken(c), number: '', phoneEnd: '', problem: 'none' }));
    }
    return show(c, bookingPage(language, booking, formToken(c), c.req.query('kept') !== undefined));
  });

  app.post('/booking', (c) => {
    const language = c.get('language');
    const typed = LookupForm.safeParse(c.get('form'));
    const again = { language, formToken: formToken(c), number: '', phoneEnd: '' };
    if (!typed.success) return show(c, lookupPage({ ...again, problem: 'notFound' }), 422);
    const { number, phoneEnd } = typed.data;
    const outcome = bookings.lookup(c.get('admission').sub, number, phoneEnd);
    switch (outcome.kind) {
      case 'found':
        return show(c, bookingPage(language, outcome.booking, formToken(c), false));
      case 'notFound':
        return show(c, lookupPage({ ...again, number, phoneEnd, problem: 'notFound' }), 422);
      case 'tooManyAttempts':
        return show(c, lookupPage({ ...again, problem: 'tooManyAttempts' }), 429);
    }
  });

  app.post('/cancel', (c) => {
    bookings.cancel(c.get('admission').sub);
    return c.redirect('/book', 303);
  });

  // For trying out: an error that goes by, after which the visitor is inside again without waiting.
  app.get('/trouble', (c) => {
    const until = Number(c.req.query('until'));
    if (!(until > now() && until <= now() + TROUBLE_MS)) return c.redirect('/', 303);
    say(c, commandHeaders('readmit'));
    const { failedTitle, failedText } = STRINGS[c.get('language')].errors;
    return show(c, noticePage(c.get('language'), failedTitle, failedText), 500);
  });

  // For trying out: nobody else is let in for a while.
  app.post('/overload', (c) => {
    say(c, overloadHeaders(OVERLOAD_SECONDS));
    const { overloadTitle, overloadText } = STRINGS[c.get('language')].tryOut;
    return show(c, noticePage(c.get('language'), overloadTitle, overloadText(OVERLOAD_SECONDS)));
  });

  app.get('/done', (c) => {
    const hasBooking = bookings.bookingOf(c.get('admission').sub) !== null;
    return show(c, finishPage(c.get('language'), hasBooking, formToken(c)));
  });

  app.post('/done', (c) => {
    // Not a redirect: after this response the gateway no longer admits the visitor.
    const { sub, room } = c.get('admission');
    const booking = bookings.bookingOf(sub);
    say(c, booking === null ? commandHeaders('revoke') : commandHeaders('complete', { reference: booking.number }));
    return show(c, donePage(c.get('language'), booking, `/_fairgate/rooms/${room}/receipt`));
  });

  app.notFound((c) => {
    const { notFoundTitle, notFoundText } = STRINGS[c.get('language')].errors;
    return show(c, noticePage(c.get('language'), notFoundTitle, notFoundText), 404);
  });

  app.onError((error, c) => {
    log(error);
    // An error before language detection is shown in Korean.
    const language = c.get('language') ?? 'ko';
    const { failedTitle, failedText } = STRINGS[language].errors;
    return show(c, noticePage(language, failedTitle, failedText), 500);
  });

  return app;
}

/** Tells the gateway something with the response. */
function say(c: Context, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
}

/** Values as the visitor entered them, to show them again; a file or a repeated field counts as empty. */
function readDraft(form: Record<string, unknown>): BookDraft {
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return { slot: text(form.slot), name: text(form.name), phoneEnd: text(form.phoneEnd) };
}

/** Korean keyboards can produce full-width digits; NFKC converts them to ASCII. */
const plainText = z.string().transform((text) => text.normalize('NFKC').trim());

const phoneEndText = plainText.pipe(z.string().regex(new RegExp(`^\\d{${PHONE_END_LENGTH}}$`)));

const BookForm = z.object({
  slot: z
    .string()
    .regex(/^[a-z]{1,20}\.\d{1,15}$/)
    .transform((value) => {
      const [clinicId = '', startsAt = ''] = value.split('.');
      return { clinicId, startsAt: Number(startsAt) };
    }),
  // No control or format characters: a name is displayed, printed and read out.
  name: plainText.pipe(
    z
      .string()
      .min(1)
      .max(NAME_LENGTH_MAX)
      .regex(/^\P{C}+$/u),
  ),
  phoneEnd: phoneEndText,
});

const LookupForm = z.object({
  number: plainText
    .transform((text) => text.replace(/[\s-]/g, ''))
    .pipe(z.string().regex(/^\d{8}$/))
    .transform((digits) => `${digits.slice(0, 4)}-${digits.slice(4)}`),
  phoneEnd: phoneEndText,
});

/**
 * True if the form was sent from the host that the browser sees (CSRF protection). The gateway sets X-Forwarded-Host, and
 * another site's page cannot change the Origin that a browser sends with every form.
 */
function isFromOwnPage(c: Context): boolean {
  const origin = c.req.header('Origin');
  const host = c.req.header('X-Forwarded-Host') ?? c.req.header('Host') ?? '';
  if (origin === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  if (protocol !== 'https:' && protocol !== 'http:') return false;
  const own = `${protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === originHost;
}

/** Bound to the visitor's id, so that another visitor cannot submit the form; valid as long as the id. */
function tokenFor(secret: Uint8Array, visitor: string): string {
  return createHmac('sha256', secret).update(visitor).digest('base64url');
}

function isToken(received: unknown, expected: string): boolean {
  if (typeof received !== 'string' || received.length !== expected.length) return false;
  return timingSafeEqual(Buffer.from(received), Buffer.from(expected));
}
