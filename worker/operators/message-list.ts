// Messages to waiting visitors that operators keep to use again, one list for all of them.

import type { KeptMessage as StoredMessage } from '../../queue-core/directory/directory-document.ts';
import type { Gateway } from '../gateway.ts';
import { json } from '../http/responses.ts';
import { changeDirectory, type DirectoryChangeGateway } from './directory-changes.ts';
import type { Handlers } from './operation-context.ts';

export function messageHandlers(
  gateway: DirectoryChangeGateway & Pick<Gateway, 'randomId'>,
): Handlers<'messages' | 'keepMessage' | 'dropMessage'> {
  const list = (messages: readonly StoredMessage[]) => json({ messages });
  return {
    messages: (c) => list(c.var.directory.messages),

    async keepMessage(c) {
      const message = { id: gateway.randomId(6), text: c.var.body.text };
      const outcome = await changeDirectory(gateway, c.var, { kind: 'keepMessage', message });
      if (outcome.kind === 'refused') return outcome.response;
      return list((await gateway.directory.forOperators(c.var.background, 'change'))?.messages ?? []);
    },

    async dropMessage(c) {
      const message = c.req.param('message') ?? '';
      const outcome = await changeDirectory(gateway, c.var, { kind: 'dropMessage', message });
      if (outcome.kind === 'refused') return outcome.response;
      return list((await gateway.directory.forOperators(c.var.background, 'change'))?.messages ?? []);
    },
  };
}
