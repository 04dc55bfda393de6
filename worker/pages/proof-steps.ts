// The steps of checking a draw, and what can come of each: what the checks, the texts and the page have in common.

export const STEPS = ['seal', 'entries', 'randomness', 'entry', 'position'] as const;
export type StepName = (typeof STEPS)[number];

/** `note`: true and worth knowing, and less than the step could prove. */
export type Outcome = 'done' | 'failed' | 'pending' | 'note';

/** `weaker`: everything holds, and there was no randomness of the public chain. `pending`: before the opening. `drawing`: N is frozen. */
export type Verdict = 'proven' | 'weaker' | 'pending' | 'drawing' | 'failed';
