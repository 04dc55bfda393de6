// What a site is answered: how the visit stands now, or why the room did nothing.

import type { ClaimReply, ReadmitReply, Refusal } from '../../queue-core/command.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import type { OriginReplyDocument } from '../contract/origin-call-schema.ts';
import type { FieldError } from '../contract/problem-schema.ts';
import { problemResponse } from '../http/problems.ts';

export type Outcome = { kind: 'answered'; document: OriginReplyDocument } | { kind: 'problem'; response: Response };

export function visitOutcome(reply: ClaimReply | ReadmitReply): Outcome {
  switch (reply.kind) {
    case 'ended': {
      const outcome = reply.reason === 'completed' || reply.reason === 'revoked' ? reply.reason : 'ended';
      return answered({ outcome, at: rfc3339(reply.at), reference: reply.reference });
    }
    case 'admitted':
      return answered({ outcome: 'inside', until: rfc3339(reply.expiresAt) });
    case 'readmitted':
      return answered({ outcome: 'readmitted' });
    case 'refused':
      return refused(reply.reason);
    case 'waiting':
    case 'standby':
    case 'lapsed':
      throw new TypeError(`A room replied "${reply.kind}" to a call about a visit.`);
  }
}

/** What a site can do about each refusal that it may meet; of the others the reason says enough. */
const REFUSED: Partial<Record<Refusal, string>> = {
  completed: 'The visit is completed, which is the last word about it.',
  outdatedCall: 'The room has had this call, or one that was signed later. A new call needs a new webhook-id.',
  unknownPosition: 'The room knows no session of this visit: its visitor has not entered, or its record was lost.',
  foreignPosition: 'The position belongs to another visitor.',
  wrongEpoch: 'The visit was of another opening of this room, and is over.',
};

export function refused(reason: Refusal): Outcome {
  const detail = REFUSED[reason];
  return problem(problemResponse('call-refused', {}, { reason, ...(detail === undefined ? {} : { detail }) }));
}

export function answered(known: Pick<OriginReplyDocument, 'outcome'> & Partial<OriginReplyDocument>): Outcome {
  return { kind: 'answered', document: { at: null, until: null, reference: null, ...known } };
}

export function wrongInput(...errors: FieldError[]): Outcome {
  return problem(problemResponse('bad-input', {}, { errors }));
}

export function problem(response: Response): Outcome {
  return { kind: 'problem', response };
}
