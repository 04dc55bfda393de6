// `npm run keys`: makes and rotates the gateway's signing keys, as the setting SIGNING_KEYS takes them.
//   npm run keys                     prints a first key
//   npm run keys -- rotate <file>    adds a key that begins to sign in ten minutes; every verifier has it by then
//   npm run keys -- prune <file>     drops keys whose last tokens have run out

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { newSigningKey, type SigningKeys, signingKeysSchema } from '../worker/tokens/signing-keys.ts';

/** Twice the time that the JWKS may be cached: whoever verifies has seen the new key before it signs. */
const PUBLISH_AHEAD_SECONDS = 600;

/** The longest life of a token, a queue token's, counted generously. */
const TOKEN_SECONDS_MAX = 30 * 24 * 3_600;

const USAGE = 'Use: npm run keys | npm run keys -- rotate FILE | npm run keys -- prune FILE';

const [action, file] = process.argv.slice(2);
const nowSeconds = Math.floor(Date.now() / 1000);

function readKeys(path: string): SigningKeys {
  const parsed = signingKeysSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(`${path} does not hold signing keys. Put what \`npm run keys\` prints.`);
}

/** Replaces the file as a whole, so that a crash leaves the old keys or the new, never half of them. */
function writeKeys(path: string, keys: SigningKeys): void {
  const checked = signingKeysSchema.parse(keys);
  writeFileSync(`${path}.new`, `${JSON.stringify(checked, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

try {
  if (action === undefined) {
    console.log(JSON.stringify({ keys: [await newSigningKey(0)] }));
  } else if (action === 'rotate' && file !== undefined) {
    const { keys } = readKeys(file);
    writeKeys(file, { keys: [...keys, await newSigningKey(nowSeconds + PUBLISH_AHEAD_SECONDS)] });
    console.log(`A new key signs from ${new Date((nowSeconds + PUBLISH_AHEAD_SECONDS) * 1000).toISOString()} on.`);
    console.log('Hand the file to the gateway now (restart it, or `wrangler secret put SIGNING_KEYS`).');
  } else if (action === 'prune' && file !== undefined) {
    const { keys } = readKeys(file);
    const signing = keys.filter(({ signFrom }) => signFrom <= nowSeconds).sort((a, b) => b.signFrom - a.signFrom);
    const [current, ...former] = signing;
    // A key stops signing when the next one begins.
    const over = former.filter((_, index) => (signing[index]?.signFrom ?? 0) + TOKEN_SECONDS_MAX < nowSeconds);
    if (current === undefined) throw new Error(`${file} has no key that signs yet.`);
    writeKeys(file, { keys: keys.filter((key) => !over.includes(key)) });
    console.log(`${over.length} of ${keys.length} keys dropped.`);
  } else {
    throw new Error(USAGE);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
