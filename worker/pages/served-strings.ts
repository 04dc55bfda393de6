// Texts of a visitor's page that only the server needs, in each language: the page carries those that it shows, and its script none.

import type { Language, ServedKind } from './model.ts';
import type { PageFacts } from './strings.ts';

export interface ServedStrings {
  /** The other language and its own name, for the switch. */
  otherLanguage: { language: Language; name: string };
  /** Heading and text of pages that only the server begins; a refused request brings its own. */
  served: Record<Exclude<ServedKind, 'badRequest'>, (times: PageFacts) => { title: string; detail: string }>;
  noScript(seconds: number): string;
}
