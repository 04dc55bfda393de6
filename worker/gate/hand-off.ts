// The hand-off, for a site that the gateway does not stand before: it sends a visitor here, and gets them back with a code in the
// address once they are admitted. The code proves a session for a minute, to one site, and only with the verifier that the site
// kept in its visitor's browser (PKCE, RFC 7636): what is read in an address, a log or a referrer is worth nothing.

import type { Gateway } from '../gateway.ts';
import type { Problem } from '../http/problem-texts.ts';
import type { RoomConfig } from '../settings.ts';
import { OPERATOR_PASS_POSITION } from '../tokens/tokens.ts';
import { type HandOffAddress, handOffAddress, withCode } from './hand-off-address.ts';
import type { Visitor } from './visitor.ts';

/** SHA-256 in base64url without padding (RFC 7636, 4.2: S256). The plain method proves nothing and is not known. */
const CHALLENGE = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

export interface HandOff {
  kind: 'handOff';
  address: HandOffAddress;
  challenge: string;
}

/** What a site asks for when it sends a visitor: `return`, and the `challenge` of its verifier. */
export function readHandOff(room: RoomConfig, url: string): HandOff | { kind: 'refused'; problem: Problem } {
  const { searchParams } = new URL(url);
  const only = (name: string) => {
    const values = searchParams.getAll(name);
    return values.length === 1 ? values[0] : undefined;
  };
  const address = handOffAddress(room, only('return'));
  if (address === null) return { kind: 'refused', problem: 'hand-off-address' };
  const challenge = only('challenge') ?? '';
  return CHALLENGE.test(challenge)
    ? { kind: 'handOff', address, challenge }
    : { kind: 'refused', problem: 'hand-off-challenge' };
}

/**
 * Sends an admitted visitor back with a code.
 * @returns null where the store does not respond: the code could not be exchanged
 */
export async function handOver(
  { tokens }: Pick<Gateway, 'tokens'>,
  { room, admission, snapshot, now }: Visitor,
  { address, challenge }: HandOff,
): Promise<{ kind: 'handedOver'; response: Response } | { kind: 'refused'; problem: Problem } | null> {
  if (admission?.kind !== 'valid' || snapshot === null || snapshot.unreachable) return null;
  // No record of the room could tell that the code of a pass was used.
  if (admission.token.position === OPERATOR_PASS_POSITION) return { kind: 'refused', problem: 'hand-off-pass' };
  const { presentBy: _, ...session } = admission.token;
  const code = await tokens.issueHandOff({ ...session, issuedAt: now, site: address.site, challenge }, room.audience);
  const headers = { Location: withCode(address, code), 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' };
  return { kind: 'handedOver', response: new Response(null, { status: 303, headers }) };
}
