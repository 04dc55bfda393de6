// Upstash's REST form in front of one Redis: a command, a pipeline, a transaction; statuses and bodies as the service has them, base64
// where it is asked for. What is not permitted runs neither itself nor anything beside it.

import { createHash, timingSafeEqual } from 'node:crypto';
import { BridgeFailure } from './bridge-failure.ts';
import { isWait, notPermitted } from './permitted-commands.ts';
import type { RedisPool, Say } from './redis-pool.ts';
import { ARGUMENTS_MAX, COMMANDS_MAX } from './request-bounds.ts';
import { RedisError, type RespValue } from './resp.ts';

const PATHS = ['/', '/pipeline', '/multi-exec'] as const;
type Path = (typeof PATHS)[number];

export interface RestRequest {
  method: string;
  path: string;
  /** Of the header `Upstash-Encoding`. */
  encoding: string | undefined;
  body: string;
}

export interface RestAnswer {
  status: number;
  /** JSON. */
  body: string;
}

export class RestApi {
  readonly #digest: Buffer;
  readonly #pool: Pick<RedisPool, 'run'>;
  readonly #say: Say;

  constructor(token: string, pool: Pick<RedisPool, 'run'>, say: Say) {
    this.#digest = digest(token);
    this.#pool = pool;
    this.#say = say;
  }

  /** Asked before the body is read. @throws BridgeFailure */
  authorize(authorization: string | undefined): void {
    const [, given = ''] = /^Bearer (.*)$/i.exec(authorization ?? '') ?? [];
    if (timingSafeEqual(digest(given), this.#digest)) return;
    this.#say(
      'A request without the token of this bridge was refused. Compare BRIDGE_TOKEN with that of the gateway.',
      'warn',
    );
    throw new BridgeFailure('unauthorized');
  }

  /** Of a request that is authorized. */
  async answer(request: RestRequest): Promise<RestAnswer> {
    try {
      return await this.#answered(request);
    } catch (error) {
      return failureAnswer(error, this.#say);
    }
  }

  async #answered({ method, path, encoding, body }: RestRequest): Promise<RestAnswer> {
    const known = PATHS.find((one) => one === path);
    if (known === undefined || method !== 'POST') throw new BridgeFailure('notFound');
    const commands = commandsIn(body, known);
    const forbidden = notPermitted(commands) ?? (isWait(commands) && known !== '/' ? 'WAIT in a pipeline' : null);
    if (forbidden !== null) {
      this.#say(`A request with ${forbidden} was refused: the bridge permits only what Fairgate sends.`, 'warn');
      return errorAnswer(403, `NOPERM the bridge does not permit ${forbidden}`);
    }
    const isBase64 = encoding === 'base64';
    if (known === '/multi-exec') return this.#transaction(commands, isBase64);
    const replies = isWait(commands) ? await this.#waited(commands) : await this.#pool.run(commands);
    const results = replies.map((reply) => resultText(reply, isBase64));
    if (known === '/pipeline') return { status: 200, body: `[${results.join(',')}]` };
    return { status: replies[0] instanceof RedisError ? 400 : 200, body: results[0] ?? '' };
  }

  /** WAIT covers its connection's last write; a PUBLISH now comes after the writes of all connections. */
  async #waited(wait: readonly (readonly string[])[]): Promise<RespValue[]> {
    const [published = null, ...replicas] = await this.#pool.run([['PUBLISH', WAIT_CHANNEL, ''], ...wait]);
    return published instanceof RedisError ? [published] : replicas;
  }

  async #transaction(commands: readonly (readonly string[])[], isBase64: boolean): Promise<RestAnswer> {
    const replies = await this.#pool.run([['MULTI'], ...commands, ['EXEC']]);
    const executed = replies.at(-1) ?? null;
    // Redis refused a command before it ran any: the reason is its own reply.
    const refused = replies.find((reply) => reply instanceof RedisError);
    if (!Array.isArray(executed)) return errorAnswer(400, refused?.message ?? 'EXECABORT Transaction discarded');
    return { status: 200, body: `[${executed.map((reply) => resultText(reply, isBase64)).join(',')}]` };
  }
}

const WAIT_CHANNEL = 'fairgate:wait';

export function failureAnswer(error: unknown, say: Say): RestAnswer {
  if (error instanceof BridgeFailure) return errorAnswer(error.status, error.message);
  say(`The bridge failed: ${error instanceof Error ? error.stack : error}`, 'error');
  const { status, message } = new BridgeFailure('internal');
  return errorAnswer(status, message);
}

function errorAnswer(status: number, error: string): RestAnswer {
  return { status, body: JSON.stringify({ error }) };
}

/** @throws BridgeFailure */
function commandsIn(body: string, path: Path): string[][] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new BridgeFailure('malformed'); // SyntaxError, whose message has a part of the body.
  }
  const commands: unknown = path === '/' ? [parsed] : parsed;
  if (!Array.isArray(commands) || commands.length === 0) throw new BridgeFailure('malformed');
  if (commands.length > COMMANDS_MAX) throw new BridgeFailure('manyCommands');
  let count = 0;
  return commands.map((command: unknown) => {
    if (!Array.isArray(command) || command.length === 0) throw new BridgeFailure('malformed');
    count += command.length;
    if (count > ARGUMENTS_MAX) throw new BridgeFailure('manyCommands');
    return command.map((argument: unknown) => {
      if (typeof argument !== 'string' && typeof argument !== 'number') throw new BridgeFailure('malformed');
      return String(argument);
    });
  });
}

function resultText(reply: RespValue, isBase64: boolean): string {
  if (reply instanceof RedisError) return JSON.stringify({ error: reply.message });
  return `{"result":${valueText(reply, isBase64)}}`;
}

/** Integers are written digit by digit: JSON has no bound, and JavaScript's numbers do. */
function valueText(value: RespValue, isBase64: boolean): string {
  if (value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map((one) => valueText(one, isBase64)).join(',')}]`;
  const bytes = value instanceof RedisError ? Buffer.from(value.message) : Buffer.from(value as string);
  return JSON.stringify(isBase64 && value !== 'OK' ? bytes.toString('base64') : bytes.toString());
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
