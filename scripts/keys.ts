// `npm run keys`: creates and rotates the gateway's signing keys, in the form of the setting SIGNING_KEYS, and makes keys with which
// protected sites sign their calls, in the form of ORIGIN_KEYS.
//   npm run keys -- create FILE      writes a first key into a new file that only its owner can read
//   npm run -s keys                  prints a first key (without -s, npm prints lines of its own before it)
//   npm run keys -- rotate FILE      adds a key that signs in ten minutes, when every verifier has it
//   npm run keys -- prune FILE       drops keys whose last tokens have expired and that no draw needs: --url asks the gateway's rooms,
//                                    with OPERATOR_KEY; --no-draw-is-pending says that no opening waits for its draw
//   npm run -s keys -- origin --room ROOM
//                                    prints a key for the site of a room

import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { roomId } from '../worker/contract/room-schema.ts';
import {
  keyId,
  newSigningKey,
  type SigningKey,
  type SigningKeys,
  signingKeysSchema,
} from '../worker/tokens/signing-keys.ts';
import { readJsonFile } from './lib/json-file.ts';
import { pendingDraws } from './lib/pending-draws.ts';
import { runCommand } from './lib/run-command.ts';

/** Twice the time for which verifiers may cache the JWKS: each has the new key before it signs. */
const PUBLISH_AHEAD_SECONDS = 600;

/** The longest life of a token, a queue token's, counted generously. */
const TOKEN_SECONDS_MAX = 30 * 24 * 3_600;

/** As long as the hash of the signature (RFC 2104, 3). */
const ORIGIN_KEY_BYTES = 32;

const USAGE = `Usage: npm run keys -- create FILE | rotate FILE | prune FILE [--url URL | --no-draw-is-pending], or npm run -s keys to print a key,
or npm run -s keys -- origin --room ROOM
  create  writes a first key into a new file
  rotate  adds a key that signs in ten minutes
  prune   drops keys whose last tokens have expired. A key may have sealed the secret of a draw that is still to be made:
          --url URL             asks every room of this gateway, with the operator's key in OPERATOR_KEY, and keeps what they need
          --no-draw-is-pending  you know that every opening which was scheduled while the keys signed has been drawn
  origin  prints a key with which the site of this room signs its calls, for the setting ORIGIN_KEYS (docs/origin-calls.md)`;

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

/**
 * Ids of the keys that draws still need.
 * @throws Error where nobody says so: a draw whose key is gone can never be made
 */
async function neededIds(
  file: string,
  expired: readonly SigningKey[],
  { url, 'no-draw-is-pending': isNonePending }: { url?: string; 'no-draw-is-pending'?: boolean },
): Promise<Set<string>> {
  if (expired.length === 0 || isNonePending === true) return new Set();
  if (url === undefined) {
    const again = `npm run keys -- prune ${file}`;
    throw new Error(
      [
        `Dropped nothing: ${expired.length} of the keys in ${file} sign no valid token any more, but an opening that was scheduled`,
        'while they signed can never be drawn without them. Either let this command ask the rooms (the key of any operator will do):',
        `  OPERATOR_KEY=... ${again} --url https://gate.example`,
        'or, if you know that every such opening has been drawn:',
        `  ${again} --no-draw-is-pending`,
      ].join('\n'),
    );
  }
  const operatorKey = process.env['OPERATOR_KEY'] ?? '';
  if (operatorKey === '')
    throw new Error('Dropped nothing: set OPERATOR_KEY to the key of an operator, to ask the rooms.');
  const pending = await pendingDraws(url, operatorKey).catch((error: unknown) => {
    throw new Error(`Dropped nothing: ${error instanceof Error ? error.message : error}`);
  });
  const ids = await Promise.all(expired.map(keyId));
  for (const { room, key, opensAt } of pending.filter(({ key }) => ids.includes(key))) {
    console.log(`Kept the key ${key}: room "${room}", which opens at ${opensAt}, cannot be drawn without it.`);
  }
  return new Set(pending.map(({ key }) => key));
}

/** An entry of ORIGIN_KEYS. Its id is random, so that a second key of a room has another one. */
function newOriginKey(room: string): string {
  const parsed = roomId.safeParse(room);
  if (!parsed.success) throw new Error(`--room ${JSON.stringify(room)} ${parsed.error.issues[0]?.message}.`);
  return `${room}:${randomBytes(3).toString('hex')}:whsec_${randomBytes(ORIGIN_KEY_BYTES).toString('base64')}`;
}

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    options: { url: { type: 'string' }, 'no-draw-is-pending': { type: 'boolean' }, room: { type: 'string' } },
    allowPositionals: true,
  });
  const [action, file, ...more] = positionals;
  const { room, ...pruneValues } = values;
  if (action === 'origin' && room !== undefined && file === undefined && Object.keys(pruneValues).length === 0) {
    console.log(newOriginKey(room));
    return;
  }
  const isPrune = action === 'prune' && file !== undefined;
  if (more.length > 0 || room !== undefined || (!isPrune && Object.keys(values).length > 0)) throw new Error(USAGE);
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
  } else if (isPrune) {
    const { keys } = readKeys(file);
    const signing = keys.filter(({ signFrom }) => signFrom <= nowSeconds).sort((a, b) => b.signFrom - a.signFrom);
    const [current, ...former] = signing;
    // A key stops signing when the next one begins.
    const expired = former.filter((_, index) => (signing[index]?.signFrom ?? 0) + TOKEN_SECONDS_MAX < nowSeconds);
    if (current === undefined) throw new Error(`${file} has no key that signs yet.`);
    const needed = await neededIds(file, expired, pruneValues);
    const ids = await Promise.all(expired.map(keyId));
    const dropped = expired.filter((_, index) => !needed.has(ids[index] ?? ''));
    if (dropped.length > 0) writeKeys(file, { keys: keys.filter((key) => !dropped.includes(key)) });
    console.log(`Dropped ${dropped.length} of ${keys.length} keys.`);
  } else {
    throw new Error(USAGE);
  }
}, USAGE);
