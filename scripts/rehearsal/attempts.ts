// Ways around the line, as requests, and what counts as refused: a clear refusal or the waiting page, and no session.
// Whatever cannot be recognised as one of those is taken for a way through.

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { Attempt, AttemptKind } from './event-log.ts';
import type { Answered, Outcome, Wanted } from './network.ts';

export interface Forging {
  room: string;
  epoch: number;
  deepLink: string;
  queueCookie: string;
  admissionCookie: string;
  /** The visitor's own genuine queue token. */
  queueToken: string;
  /** The session that the visitor has left. */
  endedToken: string | null;
  /** A genuine token of another room. */
  otherRoomToken: string | null;
  /** A key that the gateway publishes, so that only the signature of a forgery is wrong. */
  kid: string;
}

/** Kinds that knock at the origin's own address. */
export function knocksAtOrigin(kind: AttemptKind): boolean {
  return kind === 'originBare' || kind === 'originForged';
}

export function attemptRequest(kind: AttemptKind, forging: Forging): Wanted {
  const { room, deepLink, queueCookie, admissionCookie, queueToken } = forging;
  const own = `${queueCookie}=${queueToken}`;
  const page = { Accept: 'text/html' };
  const anything = { Accept: '*/*' };
  const pretending = (token: string, queue = own) => ({
    ...anything,
    Cookie: queue === '' ? `${admissionCookie}=${token}` : `${queue}; ${admissionCookie}=${token}`,
  });
  const get = (headers: Record<string, string>): Wanted => ({ kind: 'attempt', path: deepLink, headers });
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
      return get(pretending(forged(forging)));
    case 'unsigned':
      return get(pretending(unsigned(forging)));
    case 'queueAsAdmission':
      return get(pretending(queueToken));
    case 'ownHeader':
      return get({ ...anything, Cookie: own, 'Fairgate-Admission': forged(forging) });
    case 'endedSession':
      return get(pretending(forging.endedToken ?? '', ''));
    case 'otherRoom':
      return get(pretending(forging.otherRoomToken ?? '', `${queueCookie}=${forging.otherRoomToken ?? ''}`));
    case 'originBare':
      return get(page);
    case 'originForged':
      return get({ ...page, 'Fairgate-Admission': forged(forging) });
  }
}

/** @param letIn the answer brought a session of the visitor's own */
export function judgeAttempt(kind: AttemptKind, outcome: Outcome, letIn: boolean): Pick<Attempt, 'outcome' | 'answer'> {
  if (outcome.kind === 'lost') return { outcome: 'unanswered', answer: outcome.why };
  const answer = `${outcome.status} ${outcome.headers['content-type']?.split(';')[0] ?? ''}`.trim();
  if (letIn) return { outcome: 'turn', answer };
  if (outcome.status >= 500) return { outcome: 'unanswered', answer };
  const refused = knocksAtOrigin(kind) ? outcome.status >= 400 : isRefusal(outcome);
  return { outcome: refused ? 'refused' : 'through', answer };
}

function isRefusal({ status, headers, text }: Answered): boolean {
  const type = headers['content-type'] ?? '';
  if (type.startsWith('application/problem+json')) return status >= 400;
  if (type.startsWith('text/html')) return text.includes('id="fairgate"');
  if (!type.startsWith('application/json')) return false;
  return /"outcome":"(?:joined|waiting|standby|lapsed|ended|refused)"/.test(text) && !text.includes('"admissionToken"');
}

const forgersKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

const encoded = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** Right in everything but the key. */
function forged(forging: Forging): string {
  const text = `${encoded({ alg: 'ES256', typ: 'admission+jwt', kid: forging.kid })}.${encoded(claimsOf(forging))}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key: forgersKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

function unsigned(forging: Forging): string {
  return `${encoded({ alg: 'none', typ: 'admission+jwt' })}.${encoded(claimsOf(forging))}.`;
}

function claimsOf({ queueToken, room, epoch }: Forging): Record<string, unknown> {
  const genuine = JSON.parse(Buffer.from(queueToken.split('.')[1] ?? '', 'base64url').toString());
  const seconds = Math.floor(Date.now() / 1000);
  return {
    iss: genuine.iss,
    sub: genuine.sub,
    aud: `urn:fairgate:origin:${room}`,
    room,
    epoch,
    position: 1,
    sid: randomBytes(12).toString('base64url'),
    iat: seconds - 5,
    nbf: seconds - 5,
    exp: seconds + 300,
  };
}
