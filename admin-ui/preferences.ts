// What this operator likes: language, light, sound, single-key shortcuts. The only things that stay in the browser; nothing
// among them is secret.

import type { Language } from './number-format.ts';

export interface Preferences {
  language: Language;
  theme: 'dark' | 'light';
  /** A sound with each new alarm. */
  sound: boolean;
  /** Single keys act. Whoever speaks to the browser or presses keys by accident switches them off (WCAG 2.1.4). */
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
    const kept: unknown = JSON.parse(storage?.getItem(KEY) ?? '{}');
    if (typeof kept !== 'object' || kept === null) return preferences;
    const { language, theme, shortcuts } = kept as Record<string, unknown>;
    if (language === 'ko' || language === 'en') preferences.language = language;
    if (theme === 'dark' || theme === 'light') preferences.theme = theme;
    if (typeof shortcuts === 'boolean') preferences.shortcuts = shortcuts;
    // Sound begins switched off with every page: browsers keep it silent until somebody presses something.
  } catch {
    // Storage is switched off, or holds something else: begin with what everybody begins with.
  }
  return preferences;
}

export function keepPreferences(storage: Storage | null, preferences: Preferences): void {
  try {
    storage?.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // Storage is switched off or full: the choice holds until the page is closed.
  }
}
