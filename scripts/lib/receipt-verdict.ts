// Whether a text is a receipt of a completed visit, by the gateway's public keys alone (RFC 7519, ES256). What is not valid says nothing but
// why: its claims are what its maker wants them to be.

import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import * as z from 'zod';
import { isReference } from '../../worker/contract/origin-call-schema.ts';
import { Unreadable } from '../draw/draw-files.ts';

export type ReceiptVerdict =
  | {
      valid: true;
      room: string;
      epoch: number;
      position: number;
      /** RFC 3339 in UTC. */
      completedAt: string;
      reference: string | null;
      issuer: string;
    }
  | { valid: false; reason: string };

export interface ReceiptTrust {
  keys: JSONWebKeySet;
  /** null: any. */
  room: string | null;
  issuer: string | null;
}

/** The gateway's tokens have about 500 characters; the rest is an address. */
const TEXT_CHARS_MAX = 8_192;

/** Beyond this, in seconds since 1970, no date exists. */
const SECONDS_MAX = 253_402_300_799;

const claimsSchema = z.object({
  iss: z.string(),
  aud: z.string(),
  epoch: z.int().positive(),
  position: z.int().positive(),
  iat: z.int().nonnegative().max(SECONDS_MAX),
  reference: z.string().refine(isReference).optional(),
});

/** @param text a receipt, or an address with one behind its `#` @throws Unreadable where the keys cannot be used */
export async function verifyReceipt(text: string, { keys, room, issuer }: ReceiptTrust): Promise<ReceiptVerdict> {
  if (text.length > TEXT_CHARS_MAX) return no('it is too long for a receipt');
  const token = text.slice(text.lastIndexOf('#') + 1).trim();
  const signed = await payloadOf(token, keys);
  if ('reason' in signed) return no(signed.reason);
  const parsed = claimsSchema.safeParse(signed.payload);
  if (!parsed.success) return no('the gateway signed it, but not with the claims of a receipt');
  const { iss, aud, epoch, position, iat, reference = null } = parsed.data;
  if (room !== null && aud !== room) return no(`it is of the room ${aud}, not of ${room}`);
  if (issuer !== null && iss !== issuer) return no(`it was issued by ${iss}, not by ${issuer}`);
  const named = addressIn(text);
  if (named !== null && (named.origin !== iss || named.room !== aud)) {
    return no(`its address is of ${named.origin}, room ${named.room}, but it was issued by ${iss} for the room ${aud}`);
  }
  const completedAt = new Date(iat * 1_000).toISOString();
  return { valid: true, room: aud, epoch, position, completedAt, reference, issuer: iss };
}

const NO_RECEIPT = [
  errors.JWSInvalid,
  errors.JWTInvalid,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
];

const no = (reason: string): ReceiptVerdict => ({ valid: false, reason });

async function payloadOf(token: string, keys: JSONWebKeySet): Promise<{ payload: JWTPayload } | { reason: string }> {
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), { algorithms: ['ES256'], typ: 'receipt+jwt' });
    return { payload };
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return { reason: 'none of the keys has signed it' };
    if (error instanceof errors.JWSSignatureVerificationFailed) return { reason: 'it was changed after it was signed' };
    if (NO_RECEIPT.some((kind) => error instanceof kind)) return { reason: 'it is not a receipt' };
    // DOMException or JOSEError: a key of the set is damaged, or two have one id.
    throw new Unreadable(`The keys cannot be used: ${error instanceof Error ? error.message : error}`);
  }
}

/** What an address says of its receipt; null: the text is no address of one. */
function addressIn(text: string): { origin: string; room: string } | null {
  const url = text.includes('#') ? URL.parse(text.trim()) : null;
  const room = /^\/_fairgate\/rooms\/([\w-]+)\/receipt$/.exec(url?.pathname ?? '')?.[1];
  return url === null || room === undefined ? null : { origin: url.origin, room };
}
