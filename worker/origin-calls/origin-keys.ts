// The keys with which protected sites sign their calls, by room. A room may have several at once, so that one can take the place of
// another while both count. No key leaves this file.

/** As the setting ORIGIN_KEYS names it. */
export interface OriginKey {
  room: string;
  /** Names the key in records. */
  id: string;
  /** Base64. */
  secret: string;
}

interface LoadedOriginKey {
  id: string;
  key: CryptoKey;
}

const HMAC = { name: 'HMAC', hash: 'SHA-256' };

export class OriginKeys {
  readonly #byRoom: ReadonlyMap<string, readonly LoadedOriginKey[]>;
  /** Compared where a room has no key, so that the time of an answer does not tell. */
  readonly #decoy: readonly LoadedOriginKey[];

  private constructor(byRoom: ReadonlyMap<string, readonly LoadedOriginKey[]>, decoy: readonly LoadedOriginKey[]) {
    this.#byRoom = byRoom;
    this.#decoy = decoy;
  }

  static async load(keys: readonly OriginKey[]): Promise<OriginKeys> {
    const loaded = await Promise.all(
      keys.map(async ({ room, id, secret }) => {
        const bytes = Uint8Array.fromBase64(secret);
        return { room, id, key: await crypto.subtle.importKey('raw', bytes, HMAC, false, ['verify']) };
      }),
    );
    const decoy = (await crypto.subtle.generateKey(HMAC, false, ['sign', 'verify'])) as CryptoKey;
    return new OriginKeys(
      Map.groupBy(loaded, ({ room }) => room),
      [{ id: '', key: decoy }],
    );
  }

  /** @returns the id of the room's key that made one of the signatures; null: none did */
  async signerOf(
    room: string,
    message: Uint8Array<ArrayBuffer>,
    signatures: readonly Uint8Array<ArrayBuffer>[],
  ): Promise<string | null> {
    const own = this.#byRoom.get(room);
    for (const { id, key } of own ?? this.#decoy) {
      for (const signature of signatures) {
        // In constant time.
        const isSigned = await crypto.subtle.verify('HMAC', key, signature, message);
        if (isSigned && own !== undefined) return id;
      }
    }
    return null;
  }
}
