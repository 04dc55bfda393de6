// Writes test/fixtures/schema-N/ for the present schema version N. stored-format.test.ts says when to run it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { SCHEMA_VERSION } from '../../queue-core/schema-version.ts';
import { storedDirectory, storedRoom } from './stored-samples.ts';

const folder = resolve(import.meta.dirname, `../fixtures/schema-${SCHEMA_VERSION}`);
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}/room.json`, JSON.stringify(storedRoom()));
writeFileSync(`${folder}/directory.json`, JSON.stringify(storedDirectory()));
