// Which commits a document has in it: short names of the last of them, oldest first. Two clients that saw different ends of
// a history can tell from it whether one goes on from the other, or whether they parted.

/** Characters of a commit's short name: 24 bits, so that two of a line are alike once in thirty thousand losses. */
const NAME_CHARS = 4;

/** Commits remembered: more than any store makes in the seconds that it can lose. */
const ACTS_MAX = 512;

/** The line with one commit more. */
export function appendCommitId(acts: string, token: string): string {
  return (acts + token.slice(0, NAME_CHARS)).slice(-ACTS_MAX * NAME_CHARS);
}

/** What was seen, to what is stored; see `Witness`. */
export function relationOf(seen: string, stored: string): 'after' | 'before' | 'diverged' {
  if (includes(stored, seen.slice(-NAME_CHARS))) return 'before';
  return stored === '' || includes(seen, stored.slice(-NAME_CHARS)) ? 'after' : 'diverged';
}

/** Both lines in one, after a recovery took both. */
export function mergeCommitIds(seen: string, stored: string): string {
  const missing = names(seen).filter((name) => !includes(stored, name));
  return (missing.join('') + stored).slice(-ACTS_MAX * NAME_CHARS);
}

function includes(acts: string, name: string): boolean {
  return names(acts).includes(name);
}

function names(acts: string): string[] {
  return acts.match(/.{4}/gs) ?? [];
}
