// A page that sends another site's form again, from this site. It is left at once; the button is for a browser without
// scripts, and for a visitor who comes back to it.

import { raw } from 'hono/html';
import type { Language } from './model.ts';
import { StateIcon } from './state-icon.tsx';
import style, { sha256 as styleSha256 } from './style.css?bundle';
import submit, { sha256 as submitSha256 } from './submit-form.ts?bundle';

/** The one field of its form. */
export const RELAYED_FIELD = 'fairgate-form';

/** Where the form goes is this site's; where the site answers it with a redirect to, browsers check as well. */
export const relayPolicy = [
  "default-src 'none'",
  `script-src 'sha256-${submitSha256}'`,
  `style-src 'sha256-${styleSha256}'`,
  'form-action http: https:',
  "base-uri 'none'",
  // A payment page in a frame of this site's own page posts back into the frame.
  "frame-ancestors 'self'",
].join('; ');

const TEXTS: Record<Language, { heading: string; lead: string; note: string; send: string }> = {
  ko: {
    heading: '신청 내용을 보내고 있습니다',
    lead: '다른 사이트에서 입력하신 내용을 이 사이트로 전달합니다.',
    note: '화면이 그대로이면 아직 전송되지 않은 것입니다. 버튼을 눌러 주세요.',
    send: '보내기',
  },
  en: {
    heading: 'Sending your form',
    lead: 'You filled in a form on another site. It is passed on to this site now.',
    note: 'If this page stays, nothing has been sent yet. Please press the button.',
    send: 'Send the form',
  },
};

export interface RelayModel {
  language: Language;
  /** Title of the room. */
  title: string;
  /** Path and query that the form was sent to. */
  action: string;
  /** The form as one text (gate/form-relay.ts). */
  relayed: string;
}

export function renderRelayPage({ language, title, action, relayed }: RelayModel): string {
  const t = TEXTS[language];
  const page = (
    <html lang={language}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${t.heading} · ${title}`}</title>
        <style>{raw(style)}</style>
        <script type="module">{raw(submit)}</script>
      </head>
      <body>
        <header>
          <p>{title}</p>
        </header>
        <main id="page">
          <article class="ticket">
            <section class="stub">
              <h1>
                <StateIcon kind="called" />
                {t.heading}
              </h1>
              <p class="lead">{t.lead}</p>
            </section>
            <section class="board">
              <p class="note">{t.note}</p>
              <form method="post" action={action} enctype="text/plain">
                <input type="hidden" name={RELAYED_FIELD} value={relayed} />
                <button class="button" type="submit">
                  {t.send}
                </button>
              </form>
            </section>
          </article>
        </main>
      </body>
    </html>
  );
  return `<!doctype html>${page}`;
}
