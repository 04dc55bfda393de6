// Every script that Fairgate runs in Redis. The bridge (scripts/redis-bridge) runs these and no other: a new script needs a new bridge
// before the first new gateway.

/**
 * The one script that writes: it compares and writes; TypeScript has decided what.
 * The record comes first: when memory is full, Redis refuses a script's first write, and nothing is half written.
 */
export const COMMIT = `
-- KEYS[1] record   KEYS[2] receipt of this commit   KEYS[3...] tables that change
-- ARGV[1] token in the record ('': there is no record)   ARGV[2] token of this commit   ARGV[3] ms that its receipt lives
-- ARGV[4] document   ARGV[5] acts   ARGV[6] server   ARGV[7] parts
-- ARGV[8...] changes of five each: kind, index in KEYS, a, b, ms to live
if (redis.call('HGET', KEYS[1], 'token') or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'token', ARGV[2], 'document', ARGV[4], 'acts', ARGV[5], 'server', ARGV[6], 'parts', ARGV[7])
redis.call('SET', KEYS[2], '', 'PX', ARGV[3])
for i = 8, #ARGV, 5 do
  local kind, key, a, b, ttl = ARGV[i], KEYS[tonumber(ARGV[i + 1])], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  if kind == 'hash' then redis.call('HSET', key, a, b)
  elseif kind == 'sorted' then redis.call('ZREMRANGEBYSCORE', key, a, a) redis.call('ZADD', key, a, b)
  elseif kind == 'drop' then redis.call('ZREMRANGEBYSCORE', key, a, b)
  elseif kind == 'clear' then redis.call('UNLINK', key) end
  if ttl ~= '' then redis.call('PEXPIRE', key, ttl) end
end
return 1`;

/** Names the process of the store that answers; the name changes with every restart and every failover. */
export const SERVER_INFO = `
-- KEYS[1] record, so that the same node of a cluster answers
return redis.call('INFO', 'server')`;

/** What it says of its memory and its disk. */
export const STORAGE_INFO = `
-- KEYS[1] record, as above
return redis.call('INFO', 'memory') .. redis.call('INFO', 'persistence')`;

export const SCRIPTS: ReadonlySet<string> = new Set([COMMIT, SERVER_INFO, STORAGE_INFO]);
