// `npm run keys`: creates and rotates the gateway's signing keys, in the form of the setting SIGNING_KEYS.
//   npm run keys -- create FILE      writes a first key into a new file that only its owner can read
//   npm run -s keys                  prints a first key (without -s, npm prints lines of its own before it)
//   npm run keys -- rotate FILE      adds a key that signs in ten minutes, when every verifier has it
//   npm run keys -- prune FILE       drops keys whose last tokens have expired

import { renameSync, writeFileSync } from 'node:fs';
import { newSigningKey, type SigningKeys, signingKeysSchema } from '../worker/tokens/signing-keys.ts';
import { readJsonFile } from './lib/json-file.ts';
import { runCommand } from './lib/run-command.ts';

/** Twice the time for which verifiers may cache the JWKS: each has the new key before it signs. */
const PUBLISH_AHEAD_SECONDS = 600;

/** The longest life of a token, a queue token's, counted generously. */
const TOKEN_SECONDS_MAX = 30 * 24 * 3_600;

const USAGE = 'Usage: npm run keys -- create FILE | rotate FILE | prune FILE, or npm run -s keys to print a key';

function readKeys(path: string): SigningKeys {
  const parsed = signingKeysSchema.safeParse(readJsonFile(path));
  if (parsed.success) return parsed.data;
  throw new Error(`${path} does not contain signing keys. Create it: npm run keys -- create ${path}`);
}

/** @throws Error where the file exists: tokens that its keys signed would become invalid */
function createKeys(path: string, keys: SigningKeys): void {
  try {
    writeFileSync(path, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Error(`${path} exists already. To add a key to it: npm run keys -- rotate ${path}`);
  }
}

/** Replaces the file as a whole, so that a crash leaves the old keys or the new ones. */
function writeKeys(path: string, keys: SigningKeys): void {
  const checked = signingKeysSchema.parse(keys);
  writeFileSync(`${path}.new`, `${JSON.stringify(checked, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

await runCommand(async () => {
  const [action, file, ...more] = process.argv.slice(2);
  if (more.length > 0) throw new Error(USAGE);
  const nowSeconds = Math.floor(Date.now() / 1000);
  if (action === undefined) {
    console.log(JSON.stringify({ keys: [await newSigningKey(0)] }));
  } else if (action === 'create' && file !== undefined) {
    createKeys(file, { keys: [await newSigningKey(0)] });
    console.log(`Wrote a signing key into ${file}. Keep the file safe: rotating the keys needs it.`);
  } else if (action === 'rotate' && file !== undefined) {
    const { keys } = readKeys(file);
    const signFrom = nowSeconds + PUBLISH_AHEAD_SECONDS;
    writeKeys(file, { keys: [...keys, await newSigningKey(signFrom)] });
    console.log(`Added a key to ${file}; it signs from ${new Date(signFrom * 1000).toISOString()} on.`);
    console.log('Give the file to the gateway now: restart it, or run `wrangler secret put SIGNING_KEYS`.');
  } else if (action === 'prune' && file !== undefined) {
    const { keys } = readKeys(file);
    const signing = keys.filter(({ signFrom }) => signFrom <= nowSeconds).sort((a, b) => b.signFrom - a.signFrom);
    const [current, ...former] = signing;
    // A key stops signing when the next one begins.
    const expired = former.filter((_, index) => (signing[index]?.signFrom ?? 0) + TOKEN_SECONDS_MAX < nowSeconds);
    if (current === undefined) throw new Error(`${file} has no key that signs yet.`);
    writeKeys(file, { keys: keys.filter((key) => !expired.includes(key)) });
    console.log(`Dropped ${expired.length} of ${keys.length} keys.`);
  } else {
    throw new Error(USAGE);
  }
}, USAGE);
