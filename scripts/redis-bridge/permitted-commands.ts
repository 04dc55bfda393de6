// What the token of a bridge permits: the commands that worker/store/redis sends, its own scripts, and keys of Fairgate. Nobody can
// read or remove anything else in this Redis with it, or change how Redis runs.

import { SCRIPTS } from '../../worker/store/redis/redis-scripts.ts';

/** Every key begins so (worker/store/redis/redis-schema.ts). */
const KEY_PREFIX = 'fairgate:{';

/** WAIT blocks its connection: below what one request may take. */
const WAIT_MS_MAX = 600;

type Check = (given: readonly string[]) => boolean;

const isOwnKey = (key: string | undefined): boolean => key?.startsWith(KEY_PREFIX) ?? false;
const any: Check = () => true;
const firstKey: Check = ([key]) => isOwnKey(key);
const allKeys: Check = (keys) => keys.length > 0 && keys.every(isOwnKey);

/** By the arguments after the name. */
const PERMITTED: Readonly<Record<string, Check>> = {
  PING: any,
  TIME: any,
  HMGET: firstKey,
  HGETALL: firstKey,
  HSET: firstKey,
  ZADD: firstKey,
  ZRANGE: firstKey,
  PEXPIRE: firstKey,
  EXISTS: allKeys,
  DEL: allKeys,
  EVAL: ([script = '', count = '', ...rest]) => {
    if (!SCRIPTS.has(script) || !/^\d{1,5}$/.test(count) || Number(count) > rest.length) return false;
    return allKeys(rest.slice(0, Number(count)));
  },
  // Its pattern is what keeps the names of other keys secret; of two the last one would count.
  SCAN: ([cursor = '', match, pattern, ...rest]) => {
    const isCounted =
      rest.length === 0 || (rest.length === 2 && rest[0]?.toUpperCase() === 'COUNT' && /^\d{1,4}$/.test(rest[1] ?? ''));
    return /^\d+$/.test(cursor) && match?.toUpperCase() === 'MATCH' && isOwnKey(pattern) && isCounted;
  },
};

/** Alone in a request: it waits for the writes of all connections. */
export function isWait(commands: readonly (readonly string[])[]): boolean {
  const [[name = '', replicas = '', ms = ''] = []] = commands;
  if (commands.length !== 1 || name.toUpperCase() !== 'WAIT') return false;
  return /^\d{1,3}$/.test(replicas) && /^\d{1,4}$/.test(ms) && Number(ms) > 0 && Number(ms) <= WAIT_MS_MAX;
}

/** @returns what is not permitted, without a value of anybody; null: everything is */
export function notPermitted(commands: readonly (readonly string[])[]): string | null {
  if (isWait(commands)) return null;
  for (const [name = '', ...given] of commands) {
    const command = name.toUpperCase();
    const check = Object.hasOwn(PERMITTED, command) ? PERMITTED[command] : undefined;
    if (check?.(given)) continue;
    const known = /^[A-Z]{1,20}$/.test(command) ? command : 'a command';
    return check === undefined ? known : `${known} with these keys or this script`;
  }
  return null;
}
