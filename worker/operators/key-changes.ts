// Operators' keys. The directory stores the SHA-256 of a key; the key itself is only in the response that creates it.

import { OWNER_KEY_ID } from '../../queue-core/directory/directory-document.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import type { Key } from '../contract/operator-api.ts';
import type { Gateway } from '../gateway.ts';
import { operatorProblem } from '../http/problems.ts';
import { json } from '../http/responses.ts';
import { noContent } from './change-response.ts';
import { changeDirectory, type DirectoryChangeGateway } from './directory-changes.ts';
import { rfc3339OrNull } from './document-parts.ts';
import type { Handlers } from './operation-context.ts';
import { presentedKey } from './sign-in-limit.ts';

export function keyHandlers(
  gateway: DirectoryChangeGateway & Pick<Gateway, 'digest' | 'randomId'>,
): Handlers<'keys' | 'addKey' | 'removeKey'> {
  return {
    async keys() {
      // A use is no new version of the directory, which gateways keep: it is read again.
      const { keys } = (await gateway.store.directory.view(null)) ?? { keys: [] };
      return json({
        keys: keys.map(({ id, name, role, rooms, createdAt, expiresAt, lastUse }): Key => {
          const used = lastUse === null ? null : { at: rfc3339(lastUse.at), from: lastUse.from };
          return {
            id,
            name,
            role,
            rooms,
            createdAt: rfc3339(createdAt),
            expiresAt: rfc3339OrNull(expiresAt),
            lastUse: used,
          };
        }),
      });
    },

    async addKey(c) {
      const key = gateway.randomId(32);
      const { name, role, rooms, expiresAt: end } = c.var.body;
      const operator = { id: gateway.randomId(6), name, role, rooms };
      const expiresAt = end === null ? null : Date.parse(end);
      const added = { ...operator, expiresAt, ...presentedKey(key, gateway.digest) };
      const outcome = await changeDirectory(gateway, c.var, { kind: 'addKey', key: added });
      if (outcome.kind === 'refused') return outcome.response;
      return json({ ...operator, expiresAt: rfc3339OrNull(expiresAt), key });
    },

    async removeKey(c) {
      const key = c.req.param('key') ?? '';
      if (key === OWNER_KEY_ID) return operatorProblem('owners-key');
      const outcome = await changeDirectory(gateway, c.var, { kind: 'removeKey', key });
      return outcome.kind === 'refused' ? outcome.response : noContent();
    },
  };
}
