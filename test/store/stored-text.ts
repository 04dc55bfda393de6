// What a store holds of a ledger as text, for tests of its stored form.

import type { Table } from '../../queue-core/machine.ts';
import type { RedisClient } from '../../worker/store/redis/redis-client.ts';
import { keyIn, memberOf, RedisKeys, rowIn, sessionPart } from '../../worker/store/redis/redis-schema.ts';

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
      const [texts] = await client.results((pipeline) => pipeline.hmget(new RedisKeys(ledger).record, 'document'));
      return (texts as (string | null)[])[0] ?? null;
    },
    async setDocument(ledger, document) {
      await client.results((pipeline) => pipeline.hset(new RedisKeys(ledger).record, { document }));
    },
    async row(ledger, table, key) {
      const keys = new RedisKeys(ledger);
      if (table === 'session') {
        const part = keys.sessions(sessionPart(key));
        const [texts] = await client.results((pipeline) => pipeline.hmget(part, String(key)));
        return (texts as (string | null)[])[0] ?? null;
      }
      const [members] = await client.results((pipeline) =>
        pipeline.zrange(keys.table(table), key, key, { byScore: true }),
      );
      const [member] = members as string[];
      return member === undefined ? null : rowIn(member);
    },
    async setRow(ledger, table, key, text) {
      const keys = new RedisKeys(ledger);
      if (table === 'session') {
        await client.results((pipeline) => pipeline.hset(keys.sessions(sessionPart(key)), { [key]: text }));
        return;
      }
      // The bridge permits no command that removes one member, because no gateway sends one.
      const name = keys.table(table);
      const [found] = await client.results((pipeline) => pipeline.zrange(name, '-inf', '+inf', { byScore: true }));
      const others = (found as string[]).filter((member) => keyIn(member) !== key);
      await client.results((pipeline) => {
        pipeline.del(name);
        for (const member of others) pipeline.zadd(name, { score: keyIn(member), member });
        pipeline.zadd(name, { score: key, member: memberOf(key, text) });
      });
    },
  };
}
