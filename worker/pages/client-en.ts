// Entry point of the English page's script; bundles the English strings only.

import { startClient } from './client.tsx';
import { en } from './strings-en.ts';

startClient(en);
