// The browser script of the English page; it carries the English words only.

import { start } from './client.tsx';
import { en } from './strings-en.ts';

start(en);
