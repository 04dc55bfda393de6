// Whether a text is a receipt of a completed visit in this room, as the person at a counter asks. Pure: the page and its tests call it.

import { REFERENCE_CHARS_MAX } from '../../queue-core/limits.ts';
import { isNumber, isSeconds, type PublicKey, readToken } from './signed-token.ts';

/** What a genuine receipt says. */
export interface CompletedVisit {
  room: string;
  position: number;
  /** ms */
  completedAt: number;
  /** What the site calls that which was completed; null: it did not say. */
  reference: string | null;
}

/** Of a receipt that is not genuine nothing is shown: it says what its maker wants. */
export type ReceiptCheck =
  | { kind: 'valid'; visit: CompletedVisit }
  /** Genuine, of another room of this gateway. */
  | { kind: 'otherRoom'; visit: CompletedVisit }
  | { kind: 'unreadable' | 'unknownKey' | 'forged' | 'otherGateway' };

/** Who has issued the receipts that count here. */
export interface ReceiptIssuer {
  issuer: string;
  room: string;
  keys: readonly PublicKey[];
}

const REFERENCE = new RegExp(`^[\\x20-\\x7e]{1,${REFERENCE_CHARS_MAX}}$`);

/** @param text a receipt, or an address with one behind its `#` */
export function checkReceipt(text: string, { issuer, room, keys }: ReceiptIssuer): ReceiptCheck {
  const read = readToken(text.slice(text.lastIndexOf('#') + 1), 'receipt+jwt', keys);
  if (read.kind !== 'genuine') return { kind: read.kind };
  const visit = visitOf(read.payload);
  if (visit === null) return { kind: 'unreadable' };
  if (read.payload['iss'] !== issuer) return { kind: 'otherGateway' };
  return { kind: visit.room === room ? 'valid' : 'otherRoom', visit };
}

function visitOf({ aud, position, iat, reference = null }: Record<string, unknown>): CompletedVisit | null {
  if (typeof aud !== 'string' || !isNumber(position) || !isSeconds(iat)) return null;
  if (reference !== null && !(typeof reference === 'string' && REFERENCE.test(reference))) return null;
  return { room: aud, position, completedAt: iat * 1_000, reference: reference as string | null };
}
