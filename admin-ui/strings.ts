// The console's two languages. English defines the shape; the compiler holds Korean to it.

import { en, type Strings } from './strings-en.ts';
import { ko } from './strings-ko.ts';

export const STRINGS: Record<'ko' | 'en', Strings> = { ko, en };
