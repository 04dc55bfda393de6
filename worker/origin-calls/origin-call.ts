// The addresses at which protected sites call, each call signed with a key of the room (Standard Webhooks 1.0). Who has no key learns
// nothing: not which rooms there are, nor which have keys. A call that cannot be judged by the store's time does nothing.

import { rfc3339 } from '../../queue-core/time.ts';
import { ORIGIN_ACTIONS, ORIGIN_CALLS_PATH, type OriginAction } from '../contract/origin-call-schema.ts';
import type { Gateway } from '../gateway.ts';
import { problemResponse } from '../http/problems.ts';
import { BodyTooSlow, readBytes } from '../http/request-body.ts';
import type { Background } from '../http/request-env.ts';
import { json } from '../http/responses.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import { performCall, type SignedCall } from './call-actions.ts';
import { readWebhookSignature, signedMessage } from './webhook-signature.ts';

/** Fifty lots with their names in two languages, all of it escaped, are 45 kB. */
const BODY_BYTES_MAX = 65_536;

/** How far the time of signing may be from the store's (Standard Webhooks, "Verifying the timestamp"). */
const TOLERANCE_MS = 5 * 60_000;

const ADDRESS = new RegExp(`^${ORIGIN_CALLS_PATH}/([^/]+)/(${ORIGIN_ACTIONS.join('|')})$`);

type Parts = Pick<Gateway, 'directory' | 'metrics' | 'observations' | 'originCalls' | 'originKeys' | 'store'> &
  Pick<Gateway, 'tokens' | 'views' | 'wait'>;

export async function answerOriginCall(
  gateway: Parts,
  request: Request,
  path: string,
  background: Background,
): Promise<Response> {
  try {
    return await answer(gateway, request, path, background);
  } catch (error) {
    if (error instanceof BodyTooSlow) return problemResponse('body-too-slow');
    if (error instanceof StoreUnavailable) {
      console.error(...error.logArguments);
      return storeUnreachable();
    }
    console.error('A call of a protected site failed unexpectedly:', error);
    return problemResponse('unexpected', {}, { detail: SEND_AGAIN });
  }
}

async function answer(gateway: Parts, request: Request, path: string, background: Background): Promise<Response> {
  const [, roomId = '', action] = ADDRESS.exec(path) ?? [];
  if (action === undefined) return problemResponse('not-found');
  if (request.method !== 'POST') return problemResponse('method-not-allowed', { Allow: 'POST' });
  const type = request.headers.get('Content-Type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') return problemResponse('bad-body', {}, { detail: 'Send application/json.' });
  const count = (outcome: string, signed: { room?: string; key?: string } = {}) =>
    gateway.metrics.count('fairgate_origin_calls_total', { ...signed, action, outcome });

  const signature = readWebhookSignature(request.headers);
  const body = signature === null ? null : await readBytes(request, BODY_BYTES_MAX);
  if (signature !== null && body === null) {
    return problemResponse('body-too-large', {}, { detail: `Send at most ${BODY_BYTES_MAX / 1_024} KiB.` });
  }
  const rooms = await gateway.directory.rooms(background);
  const room = rooms.find(({ id }) => id === roomId);
  const by =
    signature === null || body === null
      ? null
      : await gateway.originKeys.signerOf(roomId, signedMessage(signature, body), signature.signatures);
  if (signature === null || body === null || by === null) {
    count('unsigned');
    if (room !== undefined) gateway.observations.refused(room.id, 'badToken');
    return problemResponse('call-unsigned');
  }
  if (room === undefined) return problemResponse('not-found', {}, { detail: 'This gateway has no such room now.' });
  const seconds = gateway.originCalls.secondsToWait(`${room.id}:${by}`);
  if (seconds > 0) {
    count('tooOften', { room: room.id, key: by });
    gateway.observations.refused(room.id, 'tooOften');
    return problemResponse('too-many-requests', { 'Retry-After': String(seconds) }, { detail: TOO_MANY });
  }
  const snapshot = await gateway.views.read(room, background);
  if (snapshot === null) return storeUnreachable();
  const call: SignedCall = {
    room,
    action: action as OriginAction,
    by,
    id: signature.id,
    signedAt: signature.at,
    now: snapshot.now,
  };
  if (Math.abs(call.now - call.signedAt) > TOLERANCE_MS) {
    count('untimely', { room: room.id, key: by });
    return problemResponse('call-untimely', {}, { detail: untimelyDetail(call) });
  }
  const outcome = await performCall(gateway, call, body);
  count(outcome.kind === 'answered' ? outcome.document.outcome : 'refused', { room: room.id, key: by });
  return outcome.kind === 'answered' ? json(outcome.document) : outcome.response;
}

const SEND_AGAIN = 'It is unknown whether the call was obeyed. Send it again with the same webhook-id.';
const TOO_MANY = 'The call was not obeyed. Send it again after the seconds in Retry-After, with the same webhook-id.';

function storeUnreachable(): Response {
  return problemResponse('store-unreachable', {}, { detail: SEND_AGAIN });
}

function untimelyDetail({ signedAt, now }: SignedCall): string {
  return `webhook-timestamp says ${rfc3339(signedAt)}, and here it is ${rfc3339(now)}. Set the clock of the site, and sign the call anew, with the same webhook-id.`;
}
