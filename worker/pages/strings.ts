// Everything a visitor's page says, as one interface that each language fills in by its own hand. A page carries the
// words of its own language only. Values arrive formatted (numbers grouped, times in the room's zone).

import type { Language, PageKind } from './model.ts';
import type { WaitRange } from './wait-range.ts';

/** Moments that sentences mention, as text; null where the page does not know them. */
export interface Moments {
  opens: string | null;
  closes: string | null;
  claimBy: string | null;
  admit: string | null;
  admittedUntil: string | null;
}

export interface Words {
  language: Language;
  /** The other language, in its own words, for the switch. */
  otherLanguage: { language: Language; name: string };
  /** What is true, in one sentence. */
  heading: Record<PageKind | 'gaveUp', string>;
  /** What happens next, or what to do. */
  lead: Record<PageKind | 'gaveUp', (moments: Moments) => string>;
  /** Short form for the window's title. */
  title(kind: PageKind, ahead: string | null): string;

  untilOpening: string;
  days(days: number, hours: number): string;
  /** The countdown for a screen reader. */
  countdown(hours: number, minutes: number, seconds: number): string;
  serverTime: string;
  opensAt: string;
  entry: string;
  entries: string;
  myNumber: string;
  nowCalled: string;
  nobodyYet: string;
  ahead: string;
  people(count: string): string;
  /** Spoken now and then while waiting. */
  aheadSpoken(ahead: string, wait: string): string;
  progress: string;
  estimate: string;
  wait(range: WaitRange | null): string;
  heldUntil: string;
  standbyAhead: string;
  stock: string;
  /** "as of 20:03:12", with the age where it is more than a moment. */
  readAt(time: string, ageMinutes: number): string;
  message(time: string): string;
  noScript(seconds: number): string;

  offline: string;
  unanswered: string;
  /** After either of these, where there is a place. */
  placeKept: string;

  enterNow: string;
  newPlace: string;
  newPlaceNote: string;
  retry: string;
  alert: string;
  leave: { open: string; warning: string; confirm: string };

  promises: {
    title: string;
    items: Record<'closing' | 'network' | 'turn' | 'entryTurn' | 'backDoor', [string, string]>;
  };
  draw: { title: string; how: string; seal: string; verify: string };
  zone(name: string): string;
}
