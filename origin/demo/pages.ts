// The demo site's pages: HTML without scripts. The `html` tag escapes every value that comes from a visitor, and free seats
// are shown with the time at which they were counted. demo-app.ts decides which page is shown.

import { html, raw } from 'hono/html';
import type { Booking, ClinicStock, Stock } from './bookings.ts';
import { CLINICS, type EpochMs } from './clinics.ts';
import {
  formatCount,
  formatDate,
  formatDay,
  formatMoment,
  formatTime,
  joinDayAndTime,
  type Language,
  STRINGS,
} from './strings.ts';
import { STYLE } from './style.ts';

export type Html = ReturnType<typeof html>;

/** Bounds of the form fields; demo-app.ts enforces them too. */
export const NAME_LENGTH_MAX = 40;
export const PHONE_END_LENGTH = 4;

export interface Page {
  language: Language;
  title: string;
  /** Path of the menu entry that this page belongs to. */
  current: '/' | '/book' | '/booking' | null;
  /** Without menu and language switch: the visit is over and the visitor is no longer admitted. */
  isLast?: boolean;
  body: Html;
}

export function layout({ language, title, current, isLast = false, body }: Page): Html {
  const strings = STRINGS[language];
  const other: Language = language === 'ko' ? 'en' : 'ko';
  const menu: [string, string][] = [
    ['/', strings.navigation.front],
    ['/book', strings.navigation.book],
    ['/booking', strings.navigation.booking],
  ];
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} - ${strings.siteName}</title>
<link rel="icon" href="${FAVICON}">
<style>${raw(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">${strings.skip}</a>
<header class="top">
<div class="notice"><p class="wrap">${strings.demoNotice}</p></div>
<div class="wrap bar">
<div class="brand">
${
  isLast
    ? html`<p class="name">${EMBLEM}<span>${strings.siteName}</span></p>`
    : html`<a class="name" href="/">${EMBLEM}<span>${strings.siteName}</span></a>
<a class="lang" href="?lang=${other}" hreflang="${other}" lang="${other}">${strings.otherLanguage}</a>`
}
</div>
${
  isLast
    ? ''
    : html`<nav aria-label="${strings.navigation.label}"><ul>${menu.map(
        ([path, name]) =>
          html`<li><a href="${path}"${path === current ? raw(' aria-current="page"') : ''}>${name}</a></li>`,
      )}</ul></nav>`
}
</div></header>
<main id="main" class="wrap" tabindex="-1">${body}</main>
</body>
</html>`;
}

interface TryOut {
  troubleUntil: EpochMs;
  formToken: string;
}

export function frontPage(language: Language, stock: Stock, booking: Booking | null, tryOut: TryOut): Page {
  const strings = STRINGS[language].front;
  const { soldOutTitle, soldOutText } = STRINGS[language].book;
  const { recordedTitle } = STRINGS[language].booking;
  return {
    language,
    title: strings.title,
    current: '/',
    body: html`
<div><h1>${strings.title}</h1><p class="lead">${strings.lead}</p></div>
${
  booking === null
    ? stock.remaining === 0
      ? message('plain', soldOutTitle, 'h2', html`<p>${soldOutText}</p>`)
      : message('good', strings.admittedTitle, 'h2', html`<p>${strings.admittedText}</p>`)
    : message(
        'good',
        recordedTitle,
        'h2',
        html`<p class="count">${booking.clinic.name[language]}, ${appointment(booking.startsAt, language)}</p>`,
      )
}
<section class="card">
<div class="big"><h2>${strings.stockLabel}</h2><p class="count">${formatCount(stock.remaining)}</p></div>
<p class="soft small">${strings.asOf(formatMoment(stock.asOf, language))}</p>
<div class="actions">${
      booking !== null
        ? html`<a class="button" href="/booking">${STRINGS[language].navigation.booking}</a>`
        : stock.remaining > 0
          ? html`<a class="button" href="/book">${strings.start}</a>`
          : ''
    }${booking === null ? html`<p class="center"><a href="/booking">${strings.find}</a></p>` : ''}</div>
</section>
<section class="card">
<h2>${strings.clinicsTitle}</h2>
<ul class="list">${CLINICS.map((clinic) => {
      const remaining = stock.clinics.find((entry) => entry.clinic.id === clinic.id)?.remaining ?? 0;
      return html`<li><span>${clinic.name[language]}</span>${
        remaining === 0
          ? html`<span class="none">${STRINGS[language].full}</span>`
          : html`<span class="count">${STRINGS[language].left(formatCount(remaining))}</span>`
      }</li>`;
    })}</ul>
<ul class="points small">${strings.notes.map((note) => html`<li>${note}</li>`)}</ul>
</section>
${tryOutCard(language, tryOut)}`,
  };
}

function tryOutCard(language: Language, { troubleUntil, formToken }: TryOut): Html {
  const strings = STRINGS[language].tryOut;
  return html`<section class="card">
<h2>${strings.title}</h2>
<p class="soft small">${strings.text}</p>
<div class="actions pair"><a class="button second quiet" href="/trouble?until=${troubleUntil}">${strings.trouble}</a>
<form method="post" action="/overload">
<button class="button second quiet" type="submit">${strings.overload}</button>
${hiddenToken(formToken)}</form></div>
</section>`;
}

/** Fields of the booking form as the visitor entered them. */
export interface BookDraft {
  slot: string;
  name: string;
  phoneEnd: string;
}

export type BookField = keyof BookDraft;

interface BookPageInput {
  language: Language;
  stock: Stock;
  formToken: string;
  draft: BookDraft;
  problem:
    | { kind: 'none' }
    | { kind: 'invalid'; fields: readonly BookField[] }
    /** Another visitor booked the last seat in the meantime. */
    | { kind: 'taken'; startsAt: EpochMs };
}

export function bookPage({ language, stock, formToken, draft, problem }: BookPageInput): Page {
  const strings = STRINGS[language].book;
  if (stock.remaining === 0) return soldOutPage(language, formToken);
  const invalid = problem.kind === 'invalid' ? problem.fields : [];
  const errors: [BookField, string, string][] = [
    ['slot', 'slots', strings.errorSlot],
    ['name', 'name', strings.errorName],
    ['phoneEnd', 'phone-end', strings.errorPhoneEnd],
  ];
  const title = problem.kind === 'taken' ? strings.takenTitle : strings.title;
  return {
    language,
    title,
    current: '/book',
    body: html`
${
  problem.kind === 'taken'
    ? message(
        'bad',
        strings.takenTitle,
        'h1',
        html`<p>${strings.takenText(appointment(problem.startsAt, language))}</p>`,
      )
    : html`<h1>${strings.title}</h1>`
}
${
  invalid.length === 0
    ? ''
    : html`<div role="alert">${message(
        'bad',
        strings.errorTitle,
        'h2',
        html`<ul>${errors
          .filter(([field]) => invalid.includes(field))
          .map(([, id, text]) => html`<li><a href="#${id}">${text}</a></li>`)}</ul>`,
      )}</div>`
}
<form class="card" method="post" action="/book">
<fieldset id="slots" tabindex="-1">
<legend><h2>${strings.timeLegend}</h2></legend>
<p class="soft small">${strings.timeHint(formatMoment(stock.asOf, language))}</p>
${invalid.includes('slot') ? html`<p class="error">${strings.errorSlot}</p>` : ''}
${stock.clinics.map((clinic) => clinicTimes(language, clinic, draft.slot))}
</fieldset>
<div class="clinic"><fieldset>
<legend><h2>${strings.personLegend}</h2></legend>
${textField({
  id: 'name',
  name: 'name',
  label: strings.name,
  hint: strings.nameHint,
  error: invalid.includes('name') ? strings.errorName : null,
  value: draft.name,
  attributes: `maxlength="${NAME_LENGTH_MAX}" autocomplete="name"`,
})}
${phoneEndField(language, draft.phoneEnd, invalid.includes('phoneEnd'))}
</fieldset></div>
<div class="actions"><button class="button" type="submit">${strings.submit}</button>
<p class="center soft small">${strings.submitHint}</p></div>
${hiddenToken(formToken)}</form>`,
  };
}

function clinicTimes(language: Language, { clinic, times }: ClinicStock, chosen: string): Html {
  const strings = STRINGS[language];
  const firstDay = times[0] === undefined ? '' : formatDay(times[0].startsAt, language);
  return html`<div class="clinic" role="group" aria-labelledby="clinic-${clinic.id}">
<h3 id="clinic-${clinic.id}">${clinic.name[language]}</h3>
<p class="where">${clinic.address[language]} · ${firstDay}</p>
<div class="times">${times.map(({ startsAt, remaining }) => {
    const time = formatTime(startsAt, language);
    // After several openings the database has several days: then every time shows its day.
    const day = formatDay(startsAt, language);
    const shown = day === firstDay ? html`<b>${time}</b>` : html`<b>${time}</b><span>${day}</span>`;
    if (remaining === 0) return html`<div class="time gone">${shown}<span>${strings.full}</span></div>`;
    const value = `${clinic.id}.${startsAt}`;
    const checked = value === chosen ? raw(' checked') : '';
    return html`<label class="time"><input type="radio" name="slot" value="${value}" required${checked} aria-label="${clinic.name[language]}, ${day} ${time}, ${strings.left(formatCount(remaining))}">${TICK}${shown}<span class="count">${strings.left(formatCount(remaining))}</span></label>`;
  })}</div>
</div>`;
}

function soldOutPage(language: Language, formToken: string): Page {
  const strings = STRINGS[language].book;
  return {
    language,
    title: strings.soldOutTitle,
    current: '/book',
    body: html`${message('plain', strings.soldOutTitle, 'h1', html`<p>${strings.soldOutText}</p>`)}
<section class="card"><p>${strings.soldOutFinish}</p>${finishForm(language, formToken)}</section>`,
  };
}

export function bookingPage(language: Language, booking: Booking, formToken: string, isExisting: boolean): Page {
  const strings = STRINGS[language].booking;
  return {
    language,
    title: strings.recordedTitle,
    current: '/booking',
    body: html`
${message('good', strings.recordedTitle, 'h1', html`<p>${isExisting ? strings.existingText : strings.recordedText}</p>`)}
${receipt(language, booking)}
<section class="card unprinted">
<h2>${strings.finishTitle}</h2>
<p>${strings.finishText}</p>
${finishForm(language, formToken)}
<form method="post" action="/cancel"><div class="actions"><button class="button second quiet" type="submit">${strings.cancel}</button></div>
${hiddenToken(formToken)}</form>
</section>`,
  };
}

interface LookupPageInput {
  language: Language;
  formToken: string;
  number: string;
  phoneEnd: string;
  problem: 'none' | 'notFound' | 'tooManyAttempts';
}

export function lookupPage({ language, formToken, number, phoneEnd, problem }: LookupPageInput): Page {
  const strings = STRINGS[language].booking;
  if (problem === 'tooManyAttempts')
    return noticePage(language, strings.tooManyAttemptsTitle, strings.tooManyAttemptsText, '/booking');
  return {
    language,
    title: problem === 'notFound' ? strings.notFoundTitle : strings.findTitle,
    current: '/booking',
    body: html`
<div><h1>${strings.findTitle}</h1><p class="lead">${strings.findText}</p></div>
${
  problem === 'notFound'
    ? html`<div role="alert">${message('bad', strings.notFoundTitle, 'h2', html`<p>${strings.notFoundText}</p>`)}</div>`
    : ''
}
<form class="card" method="post" action="/booking">
${textField({
  id: 'number',
  name: 'number',
  label: strings.number,
  hint: strings.numberHint,
  error: null,
  value: number,
  attributes: 'maxlength="12" inputmode="numeric" autocomplete="off" class="digits"',
})}
${phoneEndField(language, phoneEnd, false)}
<div class="actions"><button class="button" type="submit">${strings.find}</button></div>
${hiddenToken(formToken)}</form>`,
  };
}

export function finishPage(language: Language, hasBooking: boolean, formToken: string): Page {
  const strings = STRINGS[language].done;
  return {
    language,
    title: strings.confirmTitle,
    current: null,
    body: html`<section class="card">
<h1>${strings.confirmTitle}</h1>
<p>${hasBooking ? strings.confirmText : strings.confirmWithoutBooking}</p>
${finishForm(language, formToken, html`<a class="button second quiet" href="${hasBooking ? '/booking' : '/book'}">${strings.back}</a>`)}
</section>`,
  };
}

/** @param receiptAddress where the gateway shows the receipt of the visit */
export function donePage(language: Language, booking: Booking | null, receiptAddress: string): Page {
  const strings = STRINGS[language].done;
  return {
    language,
    title: strings.title,
    current: null,
    isLast: true,
    body: html`
${message('good', strings.title, 'h1', html`<p>${booking === null ? strings.withoutBooking : strings.withBooking}</p>`)}
${
  booking === null
    ? ''
    : html`${receipt(language, booking)}<div class="actions"><a class="button" href="${receiptAddress}">${strings.receipt}</a></div>
<p class="soft small">${strings.later}</p>`
}`,
  };
}

export function noticePage(language: Language, title: string, text: string, current: Page['current'] = null): Page {
  return {
    language,
    title,
    current,
    body: html`<section class="card">
<h1>${title}</h1>
<p>${text}</p>
<div class="actions pair"><a class="button" href="/">${STRINGS[language].errors.toFront}</a>
<a class="button second quiet" href="/booking">${STRINGS[language].navigation.booking}</a></div>
</section>`,
  };
}

function receipt(language: Language, booking: Booking): Html {
  const strings = STRINGS[language].booking;
  const { startsAt } = booking;
  const when = joinDayAndTime(formatDate(startsAt, language), formatTime(startsAt, language), language);
  const on = formatDate(booking.bookedAt, language);
  const bookedAt = joinDayAndTime(on, formatMoment(booking.bookedAt, language), language);
  return html`<section class="card receipt">
<dl class="number"><dt>${strings.number}</dt><dd>${booking.number}</dd></dl>
<dl class="facts">
<div><dt>${strings.time}</dt><dd class="count">${when}</dd></div>
<div><dt>${strings.clinic}</dt><dd>${booking.clinic.name[language]}</dd></div>
<div class="minor"><dt>${strings.address}</dt><dd>${booking.clinic.address[language]}</dd></div>
<div><dt>${strings.name}</dt><dd>${booking.name}</dd></div>
<div class="minor"><dt>${strings.bookedAt}</dt><dd class="count">${bookedAt}</dd></div>
</dl>
<p class="small soft">${strings.keepText}</p>
</section>`;
}

function appointment(startsAt: EpochMs, language: Language): string {
  return joinDayAndTime(formatDay(startsAt, language), formatTime(startsAt, language), language);
}

function finishForm(language: Language, formToken: string, secondButton: Html | '' = ''): Html {
  return html`<form method="post" action="/done">
<div class="actions${secondButton === '' ? '' : ' pair'}">${secondButton}<button class="button second" type="submit">${STRINGS[language].done.finish}</button></div>
${hiddenToken(formToken)}</form>`;
}

function hiddenToken(formToken: string): Html {
  return html`<input type="hidden" name="formToken" value="${formToken}">`;
}

function phoneEndField(language: Language, value: string, isInvalid: boolean): Html {
  const strings = STRINGS[language].book;
  return textField({
    id: 'phone-end',
    name: 'phoneEnd',
    label: strings.phoneEnd,
    hint: strings.phoneEndHint,
    error: isInvalid ? strings.errorPhoneEnd : null,
    value,
    attributes: `maxlength="${PHONE_END_LENGTH}" inputmode="numeric" autocomplete="off" class="digits short"`,
  });
}

interface TextField {
  id: string;
  name: string;
  label: string;
  hint: string;
  error: string | null;
  value: string;
  /** Constant HTML from this file, not escaped. */
  attributes: string;
}

function textField({ id, name, label, hint, error, value, attributes }: TextField): Html {
  const described = error === null ? `${id}-hint` : `${id}-error ${id}-hint`;
  return html`<div class="field"><label for="${id}">${label}</label>
<p class="soft small" id="${id}-hint">${hint}</p>
${error === null ? '' : html`<p class="error" id="${id}-error">${error}</p>`}
<input id="${id}" name="${name}" type="text" value="${value}" required aria-describedby="${described}"${error === null ? '' : raw(' aria-invalid="true"')} ${raw(attributes)}></div>`;
}

function message(kind: 'good' | 'bad' | 'plain', title: string, level: 'h1' | 'h2', text: Html): Html {
  const heading = level === 'h1' ? html`<h1>${title}</h1>` : html`<h2>${title}</h2>`;
  return html`<div class="message ${kind}">${ICONS[kind]}<div>${heading}${text}</div></div>`;
}

const TICK = raw(
  '<svg class="tick" viewBox="0 0 16 16" aria-hidden="true"><path d="M3 8.5l3.5 3.5L13 5" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/></svg>',
);

/** Each kind of message has its own shape, so that colour never carries meaning alone. */
const ICONS = {
  good: raw(
    '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="11" fill="currentColor"/><path d="M7 12.5l3.5 3.5L17 9" fill="none" stroke="var(--card)" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/></svg>',
  ),
  bad: raw(
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 1.5L23.5 22H.5z" fill="currentColor"/><path d="M12 9v6m0 3v.1" fill="none" stroke="var(--card)" stroke-width="2.4" stroke-linecap="round"/></svg>',
  ),
  plain: raw(
    '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="11" fill="currentColor"/><path d="M12 11v6m0-10v.1" fill="none" stroke="var(--card)" stroke-width="2.4" stroke-linecap="round"/></svg>',
  ),
};

/** A sprout, deliberately unlike any government's emblem. */
const SPROUT = 'M14 26V14M14 16C14 9 9.5 5.5 3 5.5 3 12 7.5 16 14 16zm0-3c0-6 4-9.5 11-10C25 9.5 20.5 13 14 13z';

const EMBLEM = raw(
  `<svg viewBox="0 0 28 28" aria-hidden="true"><path d="${SPROUT}" fill="currentColor" stroke="currentColor" stroke-width="2" stroke-linejoin="round"/></svg>`,
);

const FAVICON = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 28"><path d="${SPROUT}" fill="#256ef4" stroke="#256ef4" stroke-width="2" stroke-linejoin="round"/></svg>`,
)}`;
