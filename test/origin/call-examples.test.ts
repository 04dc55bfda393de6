// Every example of docs/origin-calls.md, run as a site would run it beside a gateway: it completes the visit of a visitor who is inside, with
// its own reference, and says so. The same with a key that the gateway does not have changes nothing.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PHP, PYTHON } from '../../scripts/lib/system-packages.ts';
import { newSiteKey, originKeysOf, type SiteKey } from '../gateway/calling-site.ts';
import { type Running, startFairgate, TestVisitor } from '../running-gateway.ts';

const run = promisify(execFile);

const ROOT = resolve(import.meta.dirname, '../..');
const PACKAGE = pathToFileURL(join(ROOT, 'origin/fairgate-origin.ts')).href;
const KEY = newSiteKey('first');

const EXAMPLES = [
  ...readFileSync(join(ROOT, 'docs/origin-calls.md'), 'utf8').matchAll(/^```(js|python|php)\n(.*?)^```$/gms),
].map(([, language = '', text = '']) => ({
  name: text.includes('@fairgate/origin') ? 'the package' : language,
  language,
  text,
}));

const PROGRAMS: Record<string, { file: string; extension: string }> = {
  js: { file: process.execPath, extension: 'mjs' },
  python: { file: PYTHON.file, extension: 'py' },
  php: { file: PHP.file, extension: 'php' },
};

let fairgate: Running;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairgate-calls-'));
  fairgate = await startFairgate({ originKeys: originKeysOf(KEY) });
});
afterAll(async () => {
  await fairgate?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Inside {
  visitor: TestVisitor;
  /** By which the visitor is inside, as the site gets it. */
  admission: string;
}

async function inside(): Promise<Inside> {
  const visitor = new TestVisitor(fairgate.url);
  const { admissionToken } = (await (await visitor.act('join')).json()) as { admissionToken?: string };
  if (admissionToken === undefined) throw new Error('The visitor was not admitted at once.');
  return { visitor, admission: admissionToken };
}

let files = 0;

async function printed(
  { language, text }: (typeof EXAMPLES)[number],
  key: SiteKey,
  admission: string,
): Promise<string> {
  const { file, extension } = PROGRAMS[language] ?? { file: '', extension: '' };
  const code = text
    .replaceAll('https://gate.example', fairgate.url)
    .replaceAll(/\bbooking\b/g, 'demo')
    .replace("'@fairgate/origin'", `'${PACKAGE}'`);
  const script = join(folder, `site-${++files}.${extension}`);
  writeFileSync(script, `${language === 'php' ? '<?php\n' : ''}${code}`);
  const env = { PATH: process.env['PATH'] ?? '', FAIRGATE_KEY: `whsec_${key.secret}`, ADMISSION: admission };
  return run(file, [script], { env }).then(({ stdout }) => stdout.trim(), String);
}

describe.each(EXAMPLES)('the example of docs/origin-calls.md with $name', (example) => {
  it('completes a visit, and says so again when it is repeated', async () => {
    const { visitor, admission } = await inside();
    expect(await printed(example, KEY, admission)).toBe('completed');
    expect((await visitor.status()).state).toBe('completed');
    expect(await printed(example, KEY, admission)).toBe('completed');
  });

  it('changes nothing with a key that the gateway does not have', async () => {
    const { visitor, admission } = await inside();
    expect(await printed(example, newSiteKey('first'), admission)).toMatch(/No signature that counts here/);
    expect((await visitor.status()).state).toBe('admitted');
  });
});

it('every language of the document has an example', () => {
  expect(EXAMPLES.map(({ name }) => name)).toEqual(['the package', 'js', 'python', 'php']);
});
