// Bypass attempts as requests, and which responses count as a refusal: a clear refusal or the waiting page, and no session.
// A response that is not recognised as one of those counts as a successful bypass.

import { type Forgery, forgedToken } from '../lib/token-forgeries.ts';
import type { Attempt, AttemptKind } from './event-log.ts';
import type { Outcome, OutgoingRequest, ReceivedResponse } from './network.ts';

interface AttemptMaterial {
  room: string;
  epoch: number;
  deepLink: string;
  queueCookie: string;
  admissionCookie: string;
  /** The visitor's own genuine queue token. */
  queueToken: string;
  /** Of the session that the visitor has left. */
  endedToken: string | null;
  /** A genuine token of another room. */
  otherRoomToken: string | null;
  /** The id of a key that the gateway publishes, so that only the signature of a forged token is wrong. */
  kid: string;
}

/** Kinds that send a request to the origin's own address. */
export function goesToOrigin(kind: AttemptKind): boolean {
  return kind === 'originBare' || kind === 'originForged';
}

export function attemptRequest(kind: AttemptKind, material: AttemptMaterial): OutgoingRequest {
  const { room, deepLink, queueCookie, admissionCookie, queueToken } = material;
  const own = `${queueCookie}=${queueToken}`;
  const page = { Accept: 'text/html' };
  const anything = { Accept: '*/*' };
  const withAdmission = (token: string, queue = own) => ({
    ...anything,
    Cookie: queue === '' ? `${admissionCookie}=${token}` : `${queue}; ${admissionCookie}=${token}`,
  });
  const get = (headers: Record<string, string>): OutgoingRequest => ({ kind: 'attempt', path: deepLink, headers });
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
  switch (kind) {
    case 'deepLinkBefore':
    case 'deepLinkWaiting':
      return get({ ...page, Cookie: own });
    case 'postBefore':
    case 'postWaiting':
      return { ...get({ ...anything, ...form, Cookie: own }), method: 'POST', body: 'slot=1&name=Hong' };
    case 'claimEarly':
      return {
        kind: 'attempt',
        path: `/_fairgate/rooms/${room}/claim`,
        method: 'POST',
        headers: { Accept: 'application/json', Cookie: own },
      };
    case 'forgedSignature':
      return get(withAdmission(forged('ownKey', material)));
    case 'unsigned':
      return get(withAdmission(forged('unsigned', material)));
    case 'queueAsAdmission':
      return get(withAdmission(queueToken));
    case 'ownHeader':
      return get({ ...anything, Cookie: own, 'Fairgate-Admission': forged('ownKey', material) });
    case 'endedSession':
      return get(withAdmission(material.endedToken ?? '', ''));
    case 'otherRoom':
      return get(withAdmission(material.otherRoomToken ?? '', `${queueCookie}=${material.otherRoomToken ?? ''}`));
    case 'originBare':
      return get(page);
    case 'originForged':
      return get({ ...page, 'Fairgate-Admission': forged('ownKey', material) });
  }
}

/** @param admitted whether the response contained a session of the visitor's own */
export function judgeAttempt(
  kind: AttemptKind,
  outcome: Outcome,
  admitted: boolean,
): Pick<Attempt, 'outcome' | 'response'> {
  if (outcome.kind === 'lost') return { outcome: 'noResponse', response: outcome.reason };
  const response = `${outcome.status} ${outcome.headers['content-type']?.split(';')[0] ?? ''}`.trim();
  if (admitted) return { outcome: 'admitted', response };
  if (outcome.status >= 500) return { outcome: 'noResponse', response };
  const refused = goesToOrigin(kind) ? outcome.status >= 400 : isRefusal(outcome);
  return { outcome: refused ? 'refused' : 'bypassed', response };
}

function isRefusal({ status, headers, text }: ReceivedResponse): boolean {
  const type = headers['content-type'] ?? '';
  if (type.startsWith('application/problem+json')) return status >= 400;
  if (type.startsWith('text/html')) return text.includes('id="fairgate"');
  if (!type.startsWith('application/json')) return false;
  return /"outcome":"(?:joined|waiting|standby|lapsed|ended|refused)"/.test(text) && !text.includes('"admissionToken"');
}

function forged(forgery: Forgery, { queueToken, room, epoch, kid }: AttemptMaterial): string {
  const genuine = JSON.parse(Buffer.from(queueToken.split('.')[1] ?? '', 'base64url').toString());
  const audience = `urn:fairgate:origin:${room}`;
  return forgedToken(forgery, { issuer: genuine.iss, subject: genuine.sub, audience, room, epoch }, { kid });
}
