// The commits that a document contains: short ids of the last of them, oldest first. From two such histories a client sees
// whether one continues the other, or whether they diverged.

import type { Witness } from '../../../queue-core/machine.ts';

/** Characters of a commit id: 24 bits, so that two ids of one history collide once in thirty thousand losses. */
const ID_CHARS = 4;

/** Commits remembered: more than any store makes in the seconds that it can lose. */
const COMMITS_MAX = 512;

/** @param token of the new commit; its first characters are its id */
export function appendCommitId(history: string, token: string): string {
  return (history + token.slice(0, ID_CHARS)).slice(-COMMITS_MAX * ID_CHARS);
}

/** How what a client saw relates to what is stored; see `Witness`. */
export function relationOf(seen: string, stored: string): Witness<unknown>['relation'] {
  if (contains(stored, seen.slice(-ID_CHARS))) return 'before';
  return stored === '' || contains(seen, stored.slice(-ID_CHARS)) ? 'after' : 'diverged';
}

/** The history of a document that was recovered from what a client saw and what is stored. */
export function recoveredHistory(seen: string, stored: string): string {
  switch (relationOf(seen, stored)) {
    case 'after':
      return seen;
    case 'before':
      return stored;
    case 'diverged': {
      const missing = ids(seen).filter((id) => !contains(stored, id));
      return (missing.join('') + stored).slice(-COMMITS_MAX * ID_CHARS);
    }
  }
}

function contains(history: string, id: string): boolean {
  return ids(history).includes(id);
}

function ids(history: string): string[] {
  return history.match(/.{4}/gs) ?? [];
}
