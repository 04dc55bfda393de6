// Sends changes of the directory (sites, keys, sign-outs) to the store, and turns its refusals into problems.

import type {
  DirectoryChange,
  DirectoryReply,
  RoomConsequences,
  RouteTaken,
} from '../../queue-core/directory/directory-document.ts';
import { TEMPLATE_STORED_BYTES_MAX } from '../../queue-core/limits.ts';
import type { FieldError } from '../contract/problem-schema.ts';
import type { Gateway } from '../gateway.ts';
import { operatorProblem } from '../http/problems.ts';
import { routeTakenText } from '../settings.ts';
import type { ChangeOutcome, ChangeRequest } from './change-response.ts';

export type DirectoryChangeGateway = Pick<Gateway, 'directory' | 'store'>;

export async function changeDirectory(
  { directory, store }: DirectoryChangeGateway,
  { principal, changeId }: ChangeRequest,
  change: DirectoryChange,
  onUnconfirmed?: (consequences: RoomConsequences) => Promise<Response>,
): Promise<ChangeOutcome> {
  const [reply] = await store.directory.apply([{ kind: 'change', id: changeId, by: principal.actor, change }]);
  directory.invalidate();
  switch (reply.kind) {
    case 'changed':
    case 'unchanged':
      return { kind: 'applied', reply };
    case 'unconfirmed':
      // Only changes of rooms have consequences.
      return {
        kind: 'refused',
        response: (await onUnconfirmed?.(reply.consequences)) ?? operatorProblem('unexpected'),
      };
    case 'conflict':
      return { kind: 'refused', response: operatorProblem('changed-meanwhile') };
    case 'refused':
      return { kind: 'refused', response: refusalProblem(reply, change) };
  }
}

function refusalProblem(refusal: Extract<DirectoryReply, { kind: 'refused' }>, { kind }: DirectoryChange): Response {
  switch (refusal.reason) {
    case 'exists':
      // Keys, targets and messages have random ids: only a fault of the random source makes one exist already.
      return operatorProblem(kind === 'putRoom' ? 'room-exists' : 'unexpected');
    case 'routeTaken':
      return routeTakenProblem(refusal);
    case 'unknownRoom':
      return kind === 'addKey' ? fieldProblem('rooms', 'names a room that there is not') : operatorProblem('not-found');
    case 'past':
      return fieldProblem('expiresAt', 'must be ahead');
    case 'ownersRooms':
      return fieldProblem('rooms', 'must be null for the role owner, which is about all rooms');
    case 'keyExpired':
      return operatorProblem('key-expired');
    case 'unknownKey':
    case 'unknownMessage':
    case 'unknownTarget':
      return operatorProblem('not-found');
    case 'archived':
      return operatorProblem('room-archived');
    case 'ownersKey':
      return operatorProblem('owners-key');
    case 'full':
      if (kind === 'putAlarmTarget') return operatorProblem('targets-full');
      return operatorProblem(kind === 'addKey' ? 'keys-full' : kind === 'keepMessage' ? 'messages-full' : 'rooms-full');
    case 'tooLarge': {
      const detail = `The page takes more than ${TEMPLATE_STORED_BYTES_MAX / 1024} KiB when it is stored: remove control characters, and move images and fonts out of it.`;
      return operatorProblem('body-too-large', {}, { detail });
    }
    case 'logFull':
      return operatorProblem('log-full');
  }
}

function fieldProblem(field: string, detail: string): Response {
  return operatorProblem('bad-input', {}, { errors: [{ field, detail, cause: { kind: 'form' } }] });
}

export function routeTakenProblem(taken: RouteTaken): Response {
  const cause = { kind: 'overlap', room: taken.by, place: taken.route } as const;
  const errors: FieldError[] = [{ field: 'site.paths', detail: routeTakenText(taken), cause }];
  return operatorProblem('bad-input', {}, { errors });
}
