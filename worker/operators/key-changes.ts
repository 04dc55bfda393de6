// Operators' keys. The directory stores the SHA-256 of a key; the key itself is only in the response that creates it.

import { OWNER_KEY_ID } from '../../queue-core/directory/directory-document.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import type { Gateway } from '../gateway.ts';
import { operatorProblem } from '../http/problems.ts';
import { json } from '../http/responses.ts';
import { noContent } from './change-response.ts';
import { changeDirectory, type DirectoryChangeGateway } from './directory-changes.ts';
import type { Handlers } from './operation-context.ts';
import { presentedKey } from './sign-in-limit.ts';

export function keyHandlers(
  gateway: DirectoryChangeGateway & Pick<Gateway, 'digest' | 'randomId'>,
): Handlers<'keys' | 'addKey' | 'removeKey'> {
  return {
    keys(c) {
      const keys = c.var.directory.keys.map(({ id, name, role, createdAt }) => {
        return { id, name, role, createdAt: rfc3339(createdAt) };
      });
      return json({ keys });
    },

    async addKey(c) {
      const key = gateway.randomId(32);
      const operator = { id: gateway.randomId(6), ...c.var.body };
      const change = { kind: 'addKey', key: { ...operator, ...presentedKey(key, gateway.digest) } } as const;
      const outcome = await changeDirectory(gateway, c.var, change);
      return outcome.kind === 'refused' ? outcome.response : json({ ...operator, key });
    },

    async removeKey(c) {
      const key = c.req.param('key') ?? '';
      if (key === OWNER_KEY_ID) return operatorProblem('owners-key');
      const outcome = await changeDirectory(gateway, c.var, { kind: 'removeKey', key });
      return outcome.kind === 'refused' ? outcome.response : noContent();
    },
  };
}
