// What a store holds of a ledger as text, for tests of its stored form.

import type { Table } from '../../queue-core/machine.ts';
import type { RedisClient } from '../../worker/store/redis/redis-client.ts';
import { memberOf, RedisKeys, rowIn, sessionPart } from '../../worker/store/redis/redis-schema.ts';

export interface StoredText {
  /** @param ledger as `room:demo`, or `directory` */
  document(ledger: string): Promise<string | null>;
  setDocument(ledger: string, text: string): Promise<void>;
  row(ledger: string, table: Table, key: number): Promise<string | null>;
  setRow(ledger: string, table: Table, key: number, text: string): Promise<void>;
}

export interface StoredLedger {
  document: string;
  rows: { table: Table; key: number; json: string }[];
}

export async function fill(stored: StoredText, ledger: string, { document, rows }: StoredLedger): Promise<void> {
  for (const { table, key, json } of rows) await stored.setRow(ledger, table, key, json);
  await stored.setDocument(ledger, document);
}

export function redisText(client: RedisClient): StoredText {
  return {
    async document(ledger) {
      const [text] = await client.results((pipeline) => pipeline.hget(new RedisKeys(ledger).record, 'document'));
      return text as string | null;
    },
    async setDocument(ledger, document) {
      await client.results((pipeline) => pipeline.hset(new RedisKeys(ledger).record, { document }));
    },
    async row(ledger, table, key) {
      const keys = new RedisKeys(ledger);
      if (table === 'session') {
        const [text] = await client.results((pipeline) => pipeline.hget(keys.sessions(sessionPart(key)), String(key)));
        return text as string | null;
      }
      const [members] = await client.results((pipeline) =>
        pipeline.zrange(keys.table(table), key, key, { byScore: true }),
      );
      const [member] = members as string[];
      return member === undefined ? null : rowIn(member);
    },
    async setRow(ledger, table, key, text) {
      const keys = new RedisKeys(ledger);
      await client.results((pipeline) => {
        if (table === 'session') pipeline.hset(keys.sessions(sessionPart(key)), { [key]: text });
        else {
          pipeline.zremrangebyscore(keys.table(table), key, key);
          pipeline.zadd(keys.table(table), { score: key, member: memberOf(key, text) });
        }
      });
    },
  };
}
