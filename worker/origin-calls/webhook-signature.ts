// The header of a signed call or message, as Standard Webhooks 1.0 defines it: an id, the time of signing, and signatures of both with
// the body.

import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes } from '@noble/hashes/utils.js';
import { CALL_ID_CHARS_MAX } from '../../queue-core/limits.ts';
import type { EpochMs } from '../../queue-core/time.ts';

export interface WebhookSignature {
  id: string;
  /** When it was signed, in whole seconds. */
  at: EpochMs;
  /** What is signed before the body. */
  prefix: string;
  signatures: readonly Uint8Array<ArrayBuffer>[];
}

/** A site changes its key with two; more are no rotation. */
const SIGNATURES_MAX = 4;

/** Visible, and without the full stop that separates it from the time. */
const ID = new RegExp(`^[!-\\-/-~]{1,${CALL_ID_CHARS_MAX}}$`);
const SECONDS = /^\d{1,11}$/;

/** Base64 of 32 bytes. Signatures of other versions are not read. */
const V1 = /^v1,([A-Za-z0-9+/]{43}=)$/;

const encoder = new TextEncoder();

/** @returns null: there is no signature that could count */
export function readWebhookSignature(headers: Headers): WebhookSignature | null {
  const [id = '', seconds = '', list = ''] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(
    (name) => headers.get(name) ?? '',
  );
  if (!ID.test(id) || !SECONDS.test(seconds)) return null;
  const signatures = list.split(' ').flatMap((one) => {
    const text = V1.exec(one)?.[1];
    return text === undefined ? [] : [Uint8Array.fromBase64(text)];
  });
  if (signatures.length === 0 || signatures.length > SIGNATURES_MAX) return null;
  return { id, at: Number(seconds) * 1_000, prefix: `${id}.${seconds}.`, signatures };
}

/** The bytes that are signed. */
export function signedMessage({ prefix }: Pick<WebhookSignature, 'prefix'>, body: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatBytes(encoder.encode(prefix), body) as Uint8Array<ArrayBuffer>;
}

/** The header fields of a message that the gateway signs, with each of the secrets. @param id without a full stop */
export function signedHeaders(
  secrets: readonly Uint8Array[],
  id: string,
  at: EpochMs,
  body: string,
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const seconds = Math.floor(at / 1_000);
  const message = signedMessage({ prefix: `${id}.${seconds}.` }, encoder.encode(body));
  const signatures = secrets.map((secret) => `v1,${hmac(sha256, secret, message).toBase64()}`);
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': signatures.join(' ') };
}
