// The past of a room, in the buckets that the store keeps.

import { LATENCY_BOUNDS_MS } from '../../queue-core/document/history-state.ts';
import { bucketKey } from '../../queue-core/history.ts';
import { HISTORY_BUCKET_MS, ROWS_PER_PAGE_MAX } from '../../queue-core/limits.ts';
import { epochMs } from '../../queue-core/time.ts';
import type { History } from '../contract/operator-api.ts';
import type { Gateway } from '../gateway.ts';
import { json } from '../http/responses.ts';
import { bucketDocument } from './document-parts.ts';
import type { Handlers } from './operation-context.ts';
import { nextAfter } from './row-pages.ts';

export function historyHandlers({ store }: Pick<Gateway, 'store'>): Handlers<'history'> {
  return {
    async history(c) {
      const { since, after, limit: requested } = c.var.query;
      const limit = Math.min(requested, ROWS_PER_PAGE_MAX);
      const first = since === undefined ? after : Math.max(after, bucketKey(epochMs(since)));
      const rows = await store.rows(c.var.room.config.id, 'history', { after: first, limit });
      return json({
        bucketSeconds: HISTORY_BUCKET_MS / 1000,
        latencyBoundsMs: [...LATENCY_BOUNDS_MS],
        buckets: rows.map(bucketDocument),
        next: nextAfter(rows, limit, ({ at }) => bucketKey(at)),
      } satisfies History);
    },
  };
}
