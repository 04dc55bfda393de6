// A visitor's page as one self-contained HTML document: style and script stand in it, nothing else is fetched, and the
// Content-Security-Policy allows exactly these two texts. The gateway chooses the status code and the headers.

import { raw } from 'hono/html';
import clientEn, { sha256 as clientEnSha256 } from './client-en.ts?bundle';
import clientKo, { sha256 as clientKoSha256 } from './client-ko.ts?bundle';
import type { PageModel } from './model.ts';
import { noScriptSeconds, Page, titleOf } from './page.tsx';
import type { Words } from './strings.ts';
import { en } from './strings-en.ts';
import { ko } from './strings-ko.ts';
import style, { sha256 as styleSha256 } from './style.css?bundle';

const LANGUAGES = {
  ko: { words: ko, opening: openingOf(ko, clientKo) },
  en: { words: en, opening: openingOf(en, clientEn) },
};

/** For every page that `renderPage` makes, and for nothing else. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `script-src 'sha256-${clientKoSha256}' 'sha256-${clientEnSha256}'`,
  `style-src 'sha256-${styleSha256}'`,
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A page in two parts: the first is the same for every page of a language, so it has to be compressed only once. */
export interface PageParts {
  opening: string;
  rest: string;
}

export function renderPage(model: PageModel): string {
  const { opening, rest } = pageParts(model);
  return opening + rest;
}

export function pageParts(given: PageModel): PageParts {
  const model = { ...given, returnTo: localPath(given.returnTo) };
  const { words, opening } = LANGUAGES[model.language];
  const other = words.otherLanguage;
  const now = Date.parse(model.board?.serverTime ?? model.status?.serverTime ?? '') || 0;
  const seconds = noScriptSeconds(model, now);
  const head = (
    <>
      <title>{titleOf({ model, words })}</title>
      {seconds !== null && (
        <noscript>
          <meta http-equiv="refresh" content={`${seconds};url=${model.returnTo}`} />
        </noscript>
      )}
    </>
  );
  const body = (
    <body>
      <header>
        <p>{model.room?.title[words.language]}</p>
        {model.languages.includes(other.language) && (
          <a
            href={`/_fairgate/language?to=${other.language}&return=${encodeURIComponent(model.returnTo)}`}
            lang={other.language}
            hreflang={other.language}
          >
            {other.name}
          </a>
        )}
      </header>
      <main id="page">
        <Page model={model} words={words} now={now} scripted={null} />
      </main>
      <p id="spoken" class="unseen" role="status" />
      <script type="application/json" id="fairgate">
        {raw(embeddedJson(model))}
      </script>
    </body>
  );
  return { opening, rest: `${head}</head>${body}</html>` };
}

/** Everything that does not depend on the visitor. The script is a module, so it runs when the page is there. */
function openingOf(words: Words, client: string): string {
  return [
    `<!doctype html><html lang="${words.language}"><head>`,
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">',
    '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">',
    '<meta name="format-detection" content="telephone=no">',
    `<style>${style}</style><script type="module">${client}</script>`,
  ].join('');
}

/** A path on this origin, whatever was asked for. Browsers take `//host`, `/\host` and both with a tab inside for others. */
function localPath(path: string): string {
  return /^\/(?![/\\])\P{Cc}*$/u.test(path) ? path : '/';
}

/** JSON that cannot end the script element it stands in, nor open a comment there. */
function embeddedJson(model: PageModel): string {
  return JSON.stringify(model).replaceAll('<', '\\u003c');
}
