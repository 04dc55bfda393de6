// Texts of a visitor's page that only the server needs, in each language: the page carries those that it shows, and its script none.

import type { Language, ServedKind } from './model.ts';

/** What their sentences mention. */
export interface ServedFacts {
  /** Formatted, in whole minutes that the visitor has for certain; null: not known. */
  admittedUntil: string | null;
}

export interface ServedStrings {
  /** The other language and its own name, for the switch. */
  otherLanguage: { language: Language; name: string };
  /** Heading and text of pages that only the server begins; a refused request brings its own. */
  served: Record<Exclude<ServedKind, 'badRequest'>, (facts: ServedFacts) => { title: string; detail: string }>;
  noScript(seconds: number): string;
}
