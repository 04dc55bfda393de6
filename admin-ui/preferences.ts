// The operator's preferences: language, theme, sound, single-key shortcuts. Nothing else is stored in the browser, and none
// of it is secret.

import type { Language } from './number-format.ts';

export interface Preferences {
  language: Language;
  theme: 'dark' | 'light';
  /** A sound with each new alarm. */
  sound: boolean;
  /** Single-key shortcuts, which users of speech input must be able to turn off (WCAG 2.1.4). */
  shortcuts: boolean;
}

const KEY = 'fairgate-console';

export function readPreferences(storage: Storage | null, pageLanguage: string): Preferences {
  const preferences: Preferences = {
    language: pageLanguage.startsWith('en') ? 'en' : 'ko',
    theme: 'dark',
    sound: false,
    shortcuts: true,
  };
  try {
    const stored: unknown = JSON.parse(storage?.getItem(KEY) ?? '{}');
    if (typeof stored !== 'object' || stored === null) return preferences;
    const { language, theme, shortcuts } = stored as Record<string, unknown>;
    if (language === 'ko' || language === 'en') preferences.language = language;
    if (theme === 'dark' || theme === 'light') preferences.theme = theme;
    if (typeof shortcuts === 'boolean') preferences.shortcuts = shortcuts;
    // Sound starts off with every page: browsers play none before the first click.
  } catch {
    // Storage is disabled or holds something else: start with the defaults.
  }
  return preferences;
}

export function savePreferences(storage: Storage | null, preferences: Preferences): void {
  try {
    storage?.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // Storage is disabled or full: the choice lasts until the page is closed.
  }
}
