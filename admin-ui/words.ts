// The two languages of the console. English gives the shape; the compiler holds Korean to it.

import { en } from './words-en.ts';
import { ko } from './words-ko.ts';

export type Words = typeof en;

export const WORDS: Record<'ko' | 'en', Words> = { ko, en };
