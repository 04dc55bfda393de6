// `node test/write-draw-vectors.ts` writes the test vectors into docs/draw.md.

import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { drawVectors } from './draw-vectors.ts';

const FILE = resolve(import.meta.dirname, '../docs/draw.md');

let text = readFileSync(FILE, 'utf8');
for (const [name, vector] of Object.entries(drawVectors())) {
  const rows = Array.isArray(vector) && typeof vector[0] === 'object';
  const json = rows
    ? `[\n${vector.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]`
    : JSON.stringify(vector, null, Array.isArray(vector) ? 0 : 2);
  text = text.replace(
    new RegExp(`(<!-- ${name} -->\\n\`\`\`json\\n)[^]*?(\`\`\`\\n)`),
    (_, before: string, after: string) => `${before}${json}\n${after}`,
  );
}
writeFileSync(FILE, text);
