// Every text of a visitor's page that its script needs, as one interface that each language implements. A page carries the strings of
// its own language only; served-strings.ts has those that only the server needs. Values arrive formatted: numbers grouped, times in the room's zone.

import type { Language, PageKind, ServedKind } from './model.ts';
import type { WaitRange } from './wait-range.ts';

/** What sentences mention: times, formatted, null where the page does not know them. */
export interface PageFacts {
  opens: string | null;
  /** From when on there are entries, where there are none yet. */
  entries: string | null;
  closes: string | null;
  /** The opening that visitors knew, before it was moved or cancelled. */
  was: string | null;
  /** The room is paused because the site does not respond. */
  siteDown: boolean;
  claimBy: string | null;
  admit: string | null;
}

/** `gaveUp`: kind `ended` for a visitor who left the line; `cancelled`: kind `closed` before the opening. */
export type HeadingKey = Exclude<PageKind, ServedKind> | 'gaveUp' | 'cancelled';

export interface Strings {
  language: Language;
  /** What is true, in one sentence. */
  heading: Record<HeadingKey, string>;
  /** What happens next, or what to do. */
  lead: Record<HeadingKey, (times: PageFacts) => string>;
  /** Window title while waiting. */
  aheadTitle(ahead: string): string;

  untilOpening: string;
  days(days: number, hours: number): string;
  /** The countdown as a screen reader reads it. */
  countdown(hours: number, minutes: number, seconds: number): string;
  serverTime: string;
  opensAt: string;
  /** That the opening was moved. */
  moved(facts: PageFacts): string;
  entry: string;
  entries: string;
  myNumber: string;
  nowCalled: string;
  noneCalled: string;
  ahead: string;
  people(count: string): string;
  progress: string;
  estimate: string;
  waitUnknown: string;
  wait(range: WaitRange): string;
  heldUntil: string;
  standbyAhead: string;
  retryAt: string;
  stock: string;
  /** The number is too old to be shown. */
  stockChecking: string;
  /** Nothing of a lot is left. */
  lotGone: string;
  /** Opens the rest of a long list of lots. */
  moreLots(count: number): string;
  /** "As of 20:03:12", with the age where it is a minute or more. */
  asOf(time: string, ageMinutes: string | null): string;
  message(time: string): string;

  offline: string;
  unanswered: string;
  copy: string;
  /** Follows either of these if the visitor has a place. */
  placeKept: string;

  /** For a visitor whose form did not reach the site. */
  formNotSent: string;
  takePlace: string;
  enterNow: string;
  newPlace: string;
  newPlaceNote: string;
  retry: string;
  alert: string;
  leave: { open: string; warning: string; confirm: string };

  reassurance: Record<'closing' | 'network' | 'noOtherWay', [string, string]> & {
    title: string;
    /** @param minutes that a called visitor has */
    turn(minutes: number): [string, string];
  };
  draw: { title: string; how: (beacon: boolean) => string; seal: string; verify: string };
  zone(name: string): string;
}
