// What the origin said: each number that visitors were shown, each call about a visit, each signal.

import type { Gateway } from '../gateway.ts';
import { json } from '../http/responses.ts';
import { originDocument } from './document-parts.ts';
import type { Handlers } from './operation-context.ts';
import { nextAfter } from './row-pages.ts';

export function originRecordHandlers({ store }: Pick<Gateway, 'store'>): Handlers<'originCalls'> {
  return {
    async originCalls(c) {
      const { after, limit } = c.var.query;
      const rows = await store.rows(c.var.room.config.id, 'origin', { after, limit });
      return json({ records: rows.map(originDocument), next: nextAfter(rows, limit, ({ seq }) => seq) });
    },
  };
}
