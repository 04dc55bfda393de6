// Sends changes of the directory (sites, keys, sign-outs) to the store, and turns its refusals into problems.

import type { DirectoryChange, DirectoryReply } from '../../queue-core/directory/directory-document.ts';
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
): Promise<ChangeOutcome> {
  const [reply] = await store.directory.apply([{ kind: 'change', id: changeId, by: principal.actor, change }]);
  directory.invalidate();
  switch (reply.kind) {
    case 'changed':
    case 'unchanged':
      return { kind: 'applied', reply };
    case 'conflict':
      return { kind: 'refused', response: operatorProblem('changed-meanwhile') };
    case 'refused':
      return { kind: 'refused', response: refusalProblem(reply, change) };
  }
}

function refusalProblem(refusal: Extract<DirectoryReply, { kind: 'refused' }>, { kind }: DirectoryChange): Response {
  switch (refusal.reason) {
    case 'exists':
      // A new key or target has a random id: only a fault of the random source makes it exist already.
      return operatorProblem(kind === 'putRoom' ? 'room-exists' : 'unexpected');
    case 'routeTaken': {
      const { route, by: room } = refusal;
      const cause = { kind: 'overlap', room, place: route } as const;
      const errors: FieldError[] = [{ field: 'site.paths', detail: routeTakenText(refusal), cause }];
      return operatorProblem('bad-input', {}, { errors });
    }
    case 'unknownRoom':
    case 'unknownKey':
    case 'unknownTarget':
      return operatorProblem('not-found');
    case 'archived':
      return operatorProblem('room-archived');
    case 'ownersKey':
      return operatorProblem('owners-key');
    case 'full':
      if (kind === 'putAlarmTarget') return operatorProblem('targets-full');
      return operatorProblem(kind === 'addKey' ? 'keys-full' : 'rooms-full');
    case 'tooLarge': {
      const detail = `The page takes more than ${TEMPLATE_STORED_BYTES_MAX / 1024} KiB when it is stored: remove control characters, and move images and fonts out of it.`;
      return operatorProblem('body-too-large', {}, { detail });
    }
    case 'logFull':
      return operatorProblem('log-full');
  }
}
