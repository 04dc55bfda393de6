// The browser script of the Korean page; it carries the Korean words only.

import { start } from './client.tsx';
import { ko } from './strings-ko.ts';

start(ko);
