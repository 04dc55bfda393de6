// Entry point of the Korean page's script; bundles the Korean strings only.

import { startClient } from './client.tsx';
import { ko } from './strings-ko.ts';

startClient(ko);
