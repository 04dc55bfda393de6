// What a change needs from its request, what becomes of it, and the responses to changes that the store has applied.

import type { EpochMs } from '../../queue-core/time.ts';
import type { Changed, Consequences } from '../contract/operator-api.ts';
import { operatorProblem } from '../http/problems.ts';
import type { Principal } from './auth.ts';
import { rfc3339OrNull } from './document-parts.ts';
import { etagOf, taggedJson, type Versions } from './versions.ts';

export interface ChangeRequest {
  principal: Principal;
  changeId: string;
}

type Applied = { kind: 'changed'; version: number; at: EpochMs } | { kind: 'unchanged'; version: number };
export type ChangeOutcome<Reply = Applied> =
  | { kind: 'applied'; reply: Reply }
  | { kind: 'refused'; response: Response };

/** @param versions of the room after the change. @param spreadMsMax until every gateway uses the change */
export function changeResponse(reply: Applied, versions: Versions, spreadMsMax: number): Response {
  const at = reply.kind === 'changed' ? reply.at : null;
  return taggedJson({
    outcome: reply.kind,
    at: rfc3339OrNull(at),
    inForceBy: rfc3339OrNull(at === null ? null : at + spreadMsMax),
    etag: etagOf(versions),
  } satisfies Changed);
}

/** The change was not made: its request does not name what it would do. */
export function confirmationNeeded(consequences: Consequences): Response {
  return operatorProblem('confirmation-needed', {}, { consequences });
}

export function noContent(): Response {
  return new Response(null, { status: 204, headers: { 'Cache-Control': 'no-store' } });
}
