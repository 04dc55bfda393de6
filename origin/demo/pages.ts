// The demo site's pages, as HTML that needs no script. Guarantees: everything that comes from a visitor is escaped by the
// `html` tag, every page says first what is true and then what to do, and a slot is shown only with the time at which it
// was counted. Decides nothing; app.ts does.

import { html, raw } from 'hono/html';
import type { Booking, ClinicStock, Stock } from './bookings.ts';
import { CLINICS, type EpochMs } from './clinics.ts';
import { formatDate, formatDay, formatMoment, formatTime, joinDayAndTime, type Language, WORDS } from './strings.ts';
import { STYLE } from './style.ts';

export type Html = ReturnType<typeof html>;

/** Longest value that a field takes; app.ts refuses what is longer, whatever a browser lets through. */
export const NAME_LENGTH_MAX = 40;
export const PHONE_END_LENGTH = 4;

export interface Page {
  language: Language;
  title: string;
  /** Path of the menu entry that this page belongs to. */
  current: '/' | '/book' | '/booking' | null;
  /** Without menu and language switch: the visit is over, nothing on this site can be reached any more. */
  isLast?: boolean;
  body: Html;
}

export function layout({ language, title, current, isLast = false, body }: Page): Html {
  const words = WORDS[language];
  const other: Language = language === 'ko' ? 'en' : 'ko';
  const menu: [string, string][] = [
    ['/', words.navigation.front],
    ['/book', words.navigation.book],
    ['/booking', words.navigation.booking],
  ];
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} - ${words.siteName}</title>
<link rel="icon" href="${ICON}">
<style>${raw(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">${words.skip}</a>
<header class="top">
<div class="notice"><p class="wrap">${words.demoNotice}</p></div>
<div class="wrap bar">
<div class="brand">
${
  isLast
    ? html`<p class="name">${EMBLEM}<span>${words.siteName}</span></p>`
    : html`<a class="name" href="/">${EMBLEM}<span>${words.siteName}</span></a>
<a class="lang" href="?lang=${other}" hreflang="${other}" lang="${other}">${words.otherLanguage}</a>`
}
</div>
${
  isLast
    ? ''
    : html`<nav aria-label="${words.navigation.label}"><ul>${menu.map(
        ([path, name]) =>
          html`<li><a href="${path}"${path === current ? raw(' aria-current="page"') : ''}>${name}</a></li>`,
      )}</ul></nav>`
}
</div></header>
<main id="main" class="wrap" tabindex="-1">${body}</main>
</body>
</html>`;
}

export function frontPage(language: Language, stock: Stock, booking: Booking | null): Page {
  const words = WORDS[language].front;
  const { soldOutTitle, soldOutText } = WORDS[language].book;
  const { recordedTitle } = WORDS[language].booking;
  return {
    language,
    title: words.title,
    current: '/',
    body: html`
<div><h1>${words.title}</h1><p class="lead">${words.lead}</p></div>
${
  booking === null
    ? stock.remaining === 0
      ? message('plain', soldOutTitle, 'h2', html`<p>${soldOutText}</p>`)
      : message('good', words.admittedTitle, 'h2', html`<p>${words.admittedText}</p>`)
    : message(
        'good',
        recordedTitle,
        'h2',
        html`<p class="count">${booking.clinic.name[language]}, ${appointment(booking.startsAt, language)}</p>`,
      )
}
<section class="card">
<div class="big"><h2>${words.stockLabel}</h2><p class="count">${stock.remaining}</p></div>
<p class="soft small">${words.readAt(formatMoment(stock.asOf, language))}</p>
<div class="actions">${
      booking !== null
        ? html`<a class="button" href="/booking">${WORDS[language].navigation.booking}</a>`
        : stock.remaining > 0
          ? html`<a class="button" href="/book">${words.start}</a>`
          : ''
    }${booking === null ? html`<p class="center"><a href="/booking">${words.find}</a></p>` : ''}</div>
</section>
<section class="card">
<h2>${words.clinicsTitle}</h2>
<ul class="list">${CLINICS.map((clinic) => {
      const remaining = stock.clinics.find((entry) => entry.clinic.id === clinic.id)?.remaining ?? 0;
      return html`<li><span>${clinic.name[language]}</span>${
        remaining === 0
          ? html`<span class="none">${words.none}</span>`
          : html`<span class="count">${words.left(remaining)}</span>`
      }</li>`;
    })}</ul>
<ul class="points small">${words.notes.map((note) => html`<li>${note}</li>`)}</ul>
</section>`,
  };
}

/** What a visitor has put into the booking form so far, as they typed it. */
export interface BookDraft {
  slot: string;
  name: string;
  phoneEnd: string;
}

export type BookField = keyof BookDraft;

export interface BookPageInput {
  language: Language;
  stock: Stock;
  formToken: string;
  draft: BookDraft;
  problem:
    | { kind: 'none' }
    | { kind: 'invalid'; fields: readonly BookField[] }
    /** The slot went to somebody else in between. */
    | { kind: 'taken'; startsAt: EpochMs };
}

export function bookPage({ language, stock, formToken, draft, problem }: BookPageInput): Page {
  const words = WORDS[language].book;
  if (stock.remaining === 0) return soldOutPage(language, formToken);
  const invalid = problem.kind === 'invalid' ? problem.fields : [];
  const errors: [BookField, string, string][] = [
    ['slot', 'slots', words.errorSlot],
    ['name', 'name', words.errorName],
    ['phoneEnd', 'phone-end', words.errorPhoneEnd],
  ];
  const title = problem.kind === 'taken' ? words.takenTitle : words.title;
  return {
    language,
    title,
    current: '/book',
    body: html`
${
  problem.kind === 'taken'
    ? message('bad', words.takenTitle, 'h1', html`<p>${words.takenText(appointment(problem.startsAt, language))}</p>`)
    : html`<h1>${words.title}</h1>`
}
${
  invalid.length === 0
    ? ''
    : html`<div role="alert">${message(
        'bad',
        words.errorTitle,
        'h2',
        html`<ul>${errors
          .filter(([field]) => invalid.includes(field))
          .map(([, id, text]) => html`<li><a href="#${id}">${text}</a></li>`)}</ul>`,
      )}</div>`
}
<form class="card" method="post" action="/book">
<fieldset id="slots" tabindex="-1">
<legend><h2>${words.timeLegend}</h2></legend>
<p class="soft small">${words.timeHint(formatMoment(stock.asOf, language))}</p>
${invalid.includes('slot') ? html`<p class="error">${words.errorSlot}</p>` : ''}
${stock.clinics.map((clinic) => clinicTimes(language, clinic, draft.slot))}
</fieldset>
<div class="clinic"><fieldset>
<legend><h2>${words.personLegend}</h2></legend>
${textField({
  id: 'name',
  name: 'name',
  label: words.name,
  hint: words.nameHint,
  error: invalid.includes('name') ? words.errorName : null,
  value: draft.name,
  attributes: `maxlength="${NAME_LENGTH_MAX}" autocomplete="name"`,
})}
${phoneEndField(language, draft.phoneEnd, invalid.includes('phoneEnd'))}
</fieldset></div>
<div class="actions"><button class="button" type="submit">${words.submit}</button>
<p class="center soft small">${words.submitHint}</p></div>
${hiddenToken(formToken)}</form>`,
  };
}

function clinicTimes(language: Language, { clinic, times }: ClinicStock, chosen: string): Html {
  const words = WORDS[language].book;
  const firstDay = times[0] === undefined ? '' : formatDay(times[0].startsAt, language);
  return html`<div class="clinic" role="group" aria-labelledby="clinic-${clinic.id}">
<h3 id="clinic-${clinic.id}">${clinic.name[language]}</h3>
<p class="where">${clinic.address[language]} · ${firstDay}</p>
<div class="times">${times.map(({ startsAt, remaining }) => {
    const time = formatTime(startsAt, language);
    // A ledger kept over several openings holds several days: then every time says its own.
    const day = formatDay(startsAt, language);
    const shown = day === firstDay ? html`<b>${time}</b>` : html`<b>${time}</b><span>${day}</span>`;
    if (remaining === 0) return html`<div class="time gone">${shown}<span>${words.gone}</span></div>`;
    const value = `${clinic.id}.${startsAt}`;
    const checked = value === chosen ? raw(' checked') : '';
    return html`<label class="time"><input type="radio" name="slot" value="${value}" required${checked} aria-label="${clinic.name[language]}, ${day} ${time}, ${words.left(remaining)}">${TICK}${shown}<span class="count">${words.left(remaining)}</span></label>`;
  })}</div>
</div>`;
}

function soldOutPage(language: Language, formToken: string): Page {
  const words = WORDS[language].book;
  return {
    language,
    title: words.soldOutTitle,
    current: '/book',
    body: html`${message('plain', words.soldOutTitle, 'h1', html`<p>${words.soldOutText}</p>`)}
<section class="card"><p>${words.soldOutFinish}</p>${finishForm(language, formToken)}</section>`,
  };
}

export function bookingPage(language: Language, booking: Booking, formToken: string, isEarlier: boolean): Page {
  const words = WORDS[language].booking;
  return {
    language,
    title: words.recordedTitle,
    current: '/booking',
    body: html`
${message('good', words.recordedTitle, 'h1', html`<p>${isEarlier ? words.keptText : words.recordedText}</p>`)}
${receipt(language, booking)}
<section class="card unprinted">
<h2>${words.finishTitle}</h2>
<p>${words.finishText}</p>
${finishForm(language, formToken)}
</section>`,
  };
}

export interface LookupPageInput {
  language: Language;
  formToken: string;
  number: string;
  phoneEnd: string;
  problem: 'none' | 'notFound' | 'tooManyTries';
}

export function lookupPage({ language, formToken, number, phoneEnd, problem }: LookupPageInput): Page {
  const words = WORDS[language].booking;
  if (problem === 'tooManyTries') return noticePage(language, words.tooManyTitle, words.tooManyText, '/booking');
  return {
    language,
    title: problem === 'notFound' ? words.notFoundTitle : words.findTitle,
    current: '/booking',
    body: html`
<div><h1>${words.findTitle}</h1><p class="lead">${words.findText}</p></div>
${
  problem === 'notFound'
    ? html`<div role="alert">${message('bad', words.notFoundTitle, 'h2', html`<p>${words.notFoundText}</p>`)}</div>`
    : ''
}
<form class="card" method="post" action="/booking">
${textField({
  id: 'number',
  name: 'number',
  label: words.number,
  hint: words.numberHint,
  error: null,
  value: number,
  attributes: 'maxlength="12" inputmode="numeric" autocomplete="off" class="digits"',
})}
${phoneEndField(language, phoneEnd, false)}
<div class="actions"><button class="button" type="submit">${words.find}</button></div>
${hiddenToken(formToken)}</form>`,
  };
}

export function finishPage(language: Language, hasBooking: boolean, formToken: string): Page {
  const words = WORDS[language].done;
  return {
    language,
    title: words.confirmTitle,
    current: null,
    body: html`<section class="card">
<h1>${words.confirmTitle}</h1>
<p>${hasBooking ? words.confirmText : words.confirmWithoutBooking}</p>
${finishForm(language, formToken, html`<a class="button second quiet" href="${hasBooking ? '/booking' : '/book'}">${words.back}</a>`)}
</section>`,
  };
}

export function donePage(language: Language, booking: Booking | null): Page {
  const words = WORDS[language].done;
  return {
    language,
    title: words.title,
    current: null,
    isLast: true,
    body: html`
${message('good', words.title, 'h1', html`<p>${booking === null ? words.withoutBooking : words.withBooking}</p>`)}
${booking === null ? '' : html`${receipt(language, booking)}<p class="soft small">${words.later}</p>`}`,
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
<div class="actions pair"><a class="button" href="/">${WORDS[language].errors.toFront}</a>
<a class="button second quiet" href="/booking">${WORDS[language].navigation.booking}</a></div>
</section>`,
  };
}

function receipt(language: Language, booking: Booking): Html {
  const words = WORDS[language].booking;
  const { startsAt } = booking;
  const when = joinDayAndTime(formatDate(startsAt, language), formatTime(startsAt, language), language);
  const on = formatDate(booking.bookedAt, language);
  const bookedAt = joinDayAndTime(on, formatMoment(booking.bookedAt, language), language);
  return html`<section class="card receipt">
<dl class="number"><dt>${words.number}</dt><dd>${booking.number}</dd></dl>
<dl class="facts">
<div><dt>${words.time}</dt><dd class="count">${when}</dd></div>
<div><dt>${words.clinic}</dt><dd>${booking.clinic.name[language]}</dd></div>
<div class="minor"><dt>${words.address}</dt><dd>${booking.clinic.address[language]}</dd></div>
<div><dt>${words.name}</dt><dd>${booking.name}</dd></div>
<div class="minor"><dt>${words.bookedAt}</dt><dd class="count">${bookedAt}</dd></div>
</dl>
<p class="small soft">${words.keepText}</p>
</section>`;
}

function appointment(startsAt: EpochMs, language: Language): string {
  return joinDayAndTime(formatDay(startsAt, language), formatTime(startsAt, language), language);
}

function finishForm(language: Language, formToken: string, beside: Html | '' = ''): Html {
  return html`<form method="post" action="/done">
<div class="actions${beside === '' ? '' : ' pair'}">${beside}<button class="button second" type="submit">${WORDS[language].done.finish}</button></div>
${hiddenToken(formToken)}</form>`;
}

function hiddenToken(formToken: string): Html {
  return html`<input type="hidden" name="formToken" value="${formToken}">`;
}

function phoneEndField(language: Language, value: string, isInvalid: boolean): Html {
  const words = WORDS[language].book;
  return textField({
    id: 'phone-end',
    name: 'phoneEnd',
    label: words.phoneEnd,
    hint: words.phoneEndHint,
    error: isInvalid ? words.errorPhoneEnd : null,
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
  /** Written by this file, never by a visitor: not escaped. */
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
  return html`<div class="message ${kind}">${SIGNS[kind]}<div>${heading}${text}</div></div>`;
}

const TICK = raw(
  '<svg class="tick" viewBox="0 0 16 16" aria-hidden="true"><path d="M3 8.5l3.5 3.5L13 5" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/></svg>',
);

/** A shape for each kind of message, so that it is never told by colour alone. */
const SIGNS = {
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

/** A plain sprout: deliberately unlike any government's emblem. */
const SPROUT = 'M14 26V14M14 16C14 9 9.5 5.5 3 5.5 3 12 7.5 16 14 16zm0-3c0-6 4-9.5 11-10C25 9.5 20.5 13 14 13z';

const EMBLEM = raw(
  `<svg viewBox="0 0 28 28" aria-hidden="true"><path d="${SPROUT}" fill="currentColor" stroke="currentColor" stroke-width="2" stroke-linejoin="round"/></svg>`,
);

const ICON = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 28"><path d="${SPROUT}" fill="#256ef4" stroke="#256ef4" stroke-width="2" stroke-linejoin="round"/></svg>`,
)}`;
