// Which language a visitor reads: chosen with the switch on the page, else the browser's preference, else the room's first.

import type { Language } from '../pages/model.ts';

export const ALL_LANGUAGES: readonly Language[] = ['ko', 'en'];

const LANGUAGE_COOKIE = 'fairgate-language';

/** Browsers send a handful; reading is bounded because the header is not. */
const ACCEPTED_LANGUAGES_MAX = 20;

export function languageOf(headers: Headers, offered = ALL_LANGUAGES): Language {
  const isOffered = (language: string | undefined): language is Language => offered.some((each) => each === language);
  const chosen = /(?:^|; *)fairgate-language=(ko|en)(?:;|$)/.exec(headers.get('Cookie') ?? '')?.[1];
  if (isOffered(chosen)) return chosen;
  const [preferred] = (headers.get('Accept-Language') ?? '')
    .split(',')
    .slice(0, ACCEPTED_LANGUAGES_MAX)
    .map((item) => {
      const [tag = '', weight] = item.trim().toLowerCase().split(/; *q=/);
      return { language: tag.split('-')[0], weight: weight === undefined ? 1 : Number(weight) || 0 };
    })
    .filter(({ language, weight }) => isOffered(language) && weight > 0)
    .sort((a, b) => b.weight - a.weight);
  return isOffered(preferred?.language) ? preferred.language : (offered[0] ?? 'ko');
}

/** Lasts a year: the choice says nothing about the visitor. */
export function languageCookie(language: Language): string {
  return `${LANGUAGE_COOKIE}=${language}; Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax`;
}
