// Renders the page on which a visitor checks the draw, before its script runs: one self-contained HTML document. The gateway adds the
// headers.

import { raw } from 'hono/html';
import { documentOpening } from './document-opening.ts';
import script, { sha256 as scriptSha256 } from './proof-client.tsx?bundle';
import { embeddedJson } from './proof-evidence.ts';
import type { ProofModel } from './proof-model.ts';
import { headingOf, ProofHeader, ProofPage } from './proof-page.tsx';
import { proofEn } from './proof-strings-en.ts';
import { proofKo } from './proof-strings-ko.ts';
import style, { sha256 as styleSha256 } from './proof-style.css?bundle';

const LANGUAGES = {
  ko: { strings: proofKo, opening: documentOpening(proofKo.language, style, script) },
  en: { strings: proofEn, opening: documentOpening(proofEn.language, style, script) },
};

/** Of both languages: the page switches between them by itself. */
const WORDS = embeddedJson({ ko: proofKo, en: proofEn });

/**
 * For the pages that `proofParts` returns, and for nothing else. The sandbox gives the page an origin of its own: a script of the site
 * that opens it in a window, or shares its process, reads neither the page nor the queue token on it. `connect-src 'self'` is
 * still this host.
 */
export const proofPolicy = [
  "default-src 'none'",
  `script-src 'sha256-${scriptSha256}'`,
  `style-src 'sha256-${styleSha256}'`,
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  'sandbox allow-scripts allow-downloads',
].join('; ');

/** In two parts: the first is the same for every page of a language, so it has to be compressed only once. */
export function proofParts(model: ProofModel): { opening: readonly string[]; rest: string } {
  const { strings, opening } = LANGUAGES[model.language];
  const view = { kind: 'start' } as const;
  const body = (
    <body>
      <header id="head">
        <ProofHeader model={model} strings={strings} />
      </header>
      <main id="page">
        <ProofPage model={model} strings={strings} view={view} words={null} actions={null} zone={null} />
      </main>
      <p id="announcements" class="visually-hidden" role="status" />
      <script type="application/json" id="words">
        {raw(WORDS)}
      </script>
      <script type="application/json" id="fairgate">
        {raw(embeddedJson(model))}
      </script>
    </body>
  );
  const title = `${headingOf(view, strings)} · ${model.room.title[strings.language]}`;
  const head = <title>{title}</title>;
  return { opening, rest: `${head}</head>${body}</html>` };
}
