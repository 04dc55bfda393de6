// The two languages of the console. English gives the shape; the compiler holds Korean to it.

import { en } from './strings-en.ts';
import { ko } from './strings-ko.ts';

export type Words = typeof en;

export const WORDS: Record<'ko' | 'en', Words> = { ko, en };
