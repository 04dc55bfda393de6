// The secrets that `npm start` creates where none are set, in files of DATA_DIR that only their owner can read: the operator key and
// the signing keys.

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '../../worker/contract/json-text.ts';
import { SettingsError } from '../../worker/settings.ts';
import { newSigningKey, type SigningKeys, signingKeysSchema } from '../../worker/tokens/signing-keys.ts';

export const OPERATOR_KEY_FILE = 'operator-key';
export const SIGNING_KEYS_FILE = 'signing-keys.json';

/** Files of secrets in DATA_DIR, which only their owner can read. */
export class StoredSecrets {
  readonly #dataDir: string;
  readonly #isCheck: boolean;

  /** @param isCheck none is written */
  constructor(dataDir: string, isCheck: boolean) {
    this.#dataDir = dataDir;
    this.#isCheck = isCheck;
  }

  path(name: string): string {
    return join(this.#dataDir, name);
  }

  /** The text of a file; written first where it does not exist. @throws SettingsError where it cannot be read or written */
  readOrCreate(name: string, create: () => string): string {
    const file = this.path(name);
    try {
      if (existsSync(file)) return readFileSync(file, 'utf8').trim();
      const created = create();
      if (!this.#isCheck) writeFileSync(file, `${created}\n`, { mode: 0o600 });
      return created;
    } catch (error) {
      throw new SettingsError([
        `${error instanceof Error ? error.message : error}. Make it readable for this user only.`,
      ]);
    }
  }
}

export function storedOperatorKey(stored: StoredSecrets): string {
  return stored.readOrCreate(OPERATOR_KEY_FILE, () => randomBytes(32).toString('base64url'));
}

export async function storedSigningKeys(stored: StoredSecrets, problems: string[]): Promise<SigningKeys | null> {
  const generated = { keys: [await newSigningKey(0)] };
  const text = stored.readOrCreate(SIGNING_KEYS_FILE, () => JSON.stringify(generated, null, 2));
  const json = parseJson(text);
  const parsed = signingKeysSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const fault = json === undefined ? 'it is not JSON' : 'it does not contain signing keys';
  problems.push(
    `${stored.path(SIGNING_KEYS_FILE)}: ${fault}. Restore the file from a backup; if there is none, delete it: places and sessions given so far then end.`,
  );
  return null;
}
