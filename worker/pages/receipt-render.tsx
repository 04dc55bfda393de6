// Renders the page with a receipt as one self-contained HTML document, which also works saved and without a network. The gateway adds the
// headers.

import { raw } from 'hono/html';
import { Kept } from '../../queue-core/kept.ts';
import { documentOpening } from './document-opening.ts';
import { keptTimeFormat } from './kept-time-formats.ts';
import { QrCode } from './qr-code.tsx';
import type { CompletedVisit } from './receipt-check.ts';
import script, { sha256 as scriptSha256 } from './receipt-client.tsx?bundle';
import type { ReceiptModel } from './receipt-model.ts';
import { ReceiptFacts, ReceiptIcon } from './receipt-page.tsx';
import type { ReceiptStrings } from './receipt-strings.ts';
import { receiptEn } from './receipt-strings-en.ts';
import { receiptKo } from './receipt-strings-ko.ts';
import style, { sha256 as styleSha256 } from './receipt-style.css?bundle';
import { longMoments } from './time-format.ts';

const LANGUAGES = {
  ko: { strings: receiptKo, opening: documentOpening(receiptKo.language, style, script) },
  en: { strings: receiptEn, opening: documentOpening(receiptEn.language, style, script) },
};

/** A gateway has few rooms; beyond this the cache is cleared. */
const FORMATS_MAX = 32;
const moments = new Kept<(at: number) => string>(FORMATS_MAX);

/** For the pages that `receiptParts` returns, and for nothing else. Their script can send nothing anywhere. */
export const receiptPolicy = [
  "default-src 'none'",
  `script-src 'sha256-${scriptSha256}'`,
  `style-src 'sha256-${styleSha256}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** In two parts: the first is the same for every page of a language, so it has to be compressed only once. */
export function receiptParts(model: ReceiptModel): { opening: readonly string[]; rest: string } {
  const { strings, opening } = LANGUAGES[model.language];
  const { room, own, languages, address, joinFor } = model;
  const other = strings.otherLanguage;
  const title = room.title[strings.language];
  const now = own?.visit.completedAt ?? 0;
  const body = (
    <body>
      <header>
        <p>{title}</p>
        {languages.includes(other.language) && (
          <a
            href={`/_fairgate/language?to=${other.language}&return=${encodeURIComponent(address)}`}
            lang={other.language}
            hreflang={other.language}
          >
            {other.name}
          </a>
        )}
      </header>
      <main>
        <div id="own">
          {own === null ? (
            <NoReceipt room={room.id} strings={strings} />
          ) : (
            <OwnReceipt {...own} model={model} strings={strings} />
          )}
        </div>
        <div id="checked" hidden />
        <div class="below">
          {joinFor !== null && own !== null && <AnotherPlace room={room.id} joinFor={joinFor} strings={strings} />}
          <div id="scan" hidden />
          <p class="zone">{strings.zone(keptTimeFormat(strings.language, room.timeZone).zone(now))}</p>
        </div>
      </main>
      <p id="announcements" class="visually-hidden" role="status" />
      <script type="application/json" id="fairgate">
        {raw(JSON.stringify({ ...model, own: null }).replaceAll('<', '\\u003c'))}
      </script>
    </body>
  );
  const heading = own === null ? strings.title : strings.own.heading;
  const head = <title>{`${heading} · ${title}`}</title>;
  return { opening, rest: `${head}</head>${body}</html>` };
}

function OwnReceipt({
  visit,
  url,
  model: { room },
  strings,
}: {
  visit: CompletedVisit;
  url: string;
  model: ReceiptModel;
  strings: ReceiptStrings;
}) {
  const { own, language } = strings;
  const moment = moments.of(`${language} ${room.timeZone}`, () => longMoments(language, room.timeZone));
  const words = { number: (value: number) => numbers.format(value), moment };
  return (
    <>
      <article class="ticket" data-kind="receipt">
        <section class="stub">
          <h1 tabindex={-1}>
            <ReceiptIcon outline="valid" />
            {own.heading}
          </h1>
          <p class="lead">{own.lead}</p>
        </section>
        <section class="board">
          <ReceiptFacts visit={visit} room={room.title[language]} strings={strings} words={words} />
          <QrCode content={url} label={own.qr} />
          <p class="note">{own.qrText}</p>
        </section>
      </article>
      <section class="below">
        <ul>
          {[own.keep, own.validity].map(({ heading, text }) => (
            <li>
              <b>{heading}</b>
              {text}
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

function NoReceipt({ room, strings: { none, noScript } }: { room: string; strings: ReceiptStrings }) {
  return (
    <article class="ticket" data-kind="none">
      <section class="stub">
        <h1 tabindex={-1}>
          <ReceiptIcon outline="sheet" />
          {none.heading}
        </h1>
        <p class="lead">{none.text}</p>
      </section>
      <section class="board">
        <noscript>
          <p class="note">{noScript}</p>
        </noscript>
        <a class="button secondary" href={`/_fairgate/rooms/${room}/wait`}>
          {none.toWaitingPage}
        </a>
      </section>
    </article>
  );
}

/** Folded: nobody who has what they came for should think that there is more to press. */
function AnotherPlace({
  room,
  joinFor,
  strings: { another },
}: {
  room: string;
  joinFor: string;
  strings: ReceiptStrings;
}) {
  return (
    <details>
      <summary>{another.open}</summary>
      <p>{another.text}</p>
      <form method="post" action={`/_fairgate/rooms/${room}/join`}>
        <input type="hidden" name="return" value={joinFor} />
        <button class="button secondary" type="submit">
          {another.button}
        </button>
      </form>
    </details>
  );
}

const numbers = new Intl.NumberFormat('en');
