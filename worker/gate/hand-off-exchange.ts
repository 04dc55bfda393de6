// The other half of the hand-off: a site's server presents a code with its verifier, and gets the admission token of the session.
// It needs no key: a code is signed, lives a minute, belongs to one site, and its verifier is known to that site alone. The room
// uses each code once, by its own clock; a code that is presented with anything wrong about it is used all the same.

import type * as z from 'zod';
import type { ClaimReply } from '../../queue-core/command.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import { parseJson } from '../contract/json-text.ts';
import { exchangeInput } from '../contract/visitor-schema.ts';
import type { Gateway } from '../gateway.ts';
import { problemResponse } from '../http/problems.ts';
import { readText } from '../http/request-body.ts';
import { isBrowser } from '../http/request-client.ts';
import type { Background } from '../http/request-env.ts';
import { json } from '../http/responses.ts';
import type { RoomConfig } from '../settings.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import type { HandOffCode } from '../tokens/tokens.ts';
import { applyToSession } from './session-commands.ts';
import { loadSnapshot } from './visitor.ts';

type Parts = Pick<
  Gateway,
  'leases' | 'metrics' | 'observations' | 'originProbe' | 'polls' | 'store' | 'tokens' | 'views'
>;

type Input = z.output<typeof exchangeInput>;

/** A code, a verifier and an origin. */
const BODY_BYTES_MAX = 4_096;

/** Reads the site's request. A browser is refused: what its page could read here, a cookie has to keep from it. */
export async function exchange(
  gateway: Parts,
  request: Request,
  room: RoomConfig,
  background: Background,
): Promise<Response> {
  if (isBrowser(request)) return refuse(gateway, room, 'hand-off-browser');
  const text = await readText(request, BODY_BYTES_MAX);
  if (text === null) return problemResponse('body-too-large');
  const input = exchangeInput.safeParse(parseJson(text));
  if (!input.success) return refuse(gateway, room, 'hand-off-input');
  try {
    return await exchangeCode(gateway, room, input.data, background);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    console.error(...error.logArguments);
    return problemResponse('store-unreachable');
  }
}

/** @throws StoreUnavailable */
export async function exchangeCode(gateway: Parts, room: RoomConfig, input: Input, background: Background) {
  const snapshot = await loadSnapshot(gateway, room, background);
  if (snapshot === null) return problemResponse('store-unreachable');
  const { now } = snapshot;
  const read = await gateway.tokens.readHandOff(input.code, room.audience, now);
  // Rooms may share an audience: a code is of one of them.
  if (read.kind === 'invalid' || read.token.room !== room.id) return refuse(gateway, room, 'hand-off-code');
  if (read.kind === 'expired') return refuse(gateway, room, 'hand-off-expired');
  const code = read.token;
  const seconds = gateway.polls.secondsToWait(`${room.id} exchange ${code.sid}`);
  if (seconds > 0) return problemResponse('too-many-requests', { 'Retry-After': String(seconds) });
  const { visitor, epoch, position, sid } = code;
  const redeem = { kind: 'redeem', epoch, position, sid, issuedAt: code.issuedAt } as const;
  const [reply] = await applyToSession(gateway, room.id, [redeem], { proof: code });
  if (reply.kind === 'refused' && reply.reason === 'codeUsed') return refuse(gateway, room, 'hand-off-used');
  if (reply.kind !== 'admitted') return refuse(gateway, room, 'hand-off-over');
  // Used by now: somebody has the code without the verifier, and gets no second try.
  if (code.site !== input.site || code.challenge !== (await challengeOf(input.verifier))) {
    return refuse(gateway, room, 'hand-off-verifier');
  }
  const presented = reply.presentBy === null ? reply : await present(gateway, room, code);
  if (presented.kind !== 'admitted') return refuse(gateway, room, 'hand-off-over');
  const { admitAt, expiresAt } = presented;
  const session = { room: room.id, visitor, epoch, position, sid, admitAt, expiresAt, presentBy: null };
  const admissionToken = await gateway.tokens.issueAdmission({ ...session, issuedAt: now }, room.audience);
  gateway.metrics.count('fairgate_requests_total', { decision: 'handOff', reason: 'exchanged' });
  const times = { admitAt: rfc3339(admitAt), expiresAt: rfc3339(expiresAt), serverTime: rfc3339(now) };
  return json({ admissionToken, ...times });
}

/** The visitor has come to the site: the session is provisional no more. */
async function present(
  { metrics, store }: Parts,
  { id }: RoomConfig,
  { epoch, position, sid }: HandOffCode,
): Promise<ClaimReply> {
  const [reply] = await metrics.operation('renew', store.apply(id, [{ kind: 'renew', epoch, position, sid }]));
  return reply;
}

/** RFC 7636, 4.6. */
async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  return new Uint8Array(digest).toBase64({ alphabet: 'base64url', omitPadding: true });
}

type ExchangeProblem = Extract<Parameters<typeof problemResponse>[0], `hand-off-${string}`>;

function refuse({ metrics, observations }: Parts, { id }: RoomConfig, problem: ExchangeProblem): Response {
  metrics.count('fairgate_requests_total', { decision: 'handOff', reason: problem });
  observations.refused(id, 'badToken');
  return problemResponse(problem);
}
