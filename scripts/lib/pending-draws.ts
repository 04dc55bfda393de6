// Which signing keys a gateway's rooms still need: each opening that is not drawn yet has a secret that one of them sealed. Where
// any room cannot be asked, nobody knows.

import type * as z from 'zod';
import { isLoopback } from '../../worker/contract/loopback.ts';
import { liveSchema, OPERATIONS, OPERATOR_PATH } from '../../worker/contract/operator-api.ts';

const ANSWER_MS_MAX = 10_000;

const neededFields = liveSchema.pick({ storeReachable: true, opensAt: true, draw: true });

export interface PendingDraw {
  room: string;
  /** The key (kid) that sealed its secret. */
  key: string;
  opensAt: string;
}

/** @param operatorKey any role, of all rooms. @throws Error where a room does not say which key it needs */
export async function pendingDraws(url: string, operatorKey: string): Promise<PendingDraw[]> {
  const gateway = URL.parse(url);
  if (gateway === null || !(gateway.protocol === 'https:' || isLoopback(gateway.hostname))) {
    throw new Error(`--url ${url} must be the https address of the console (http only on this machine).`);
  }
  const ask = async <S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> => {
    const address = new URL(`${OPERATOR_PATH}${path}`, gateway);
    const response = await fetch(address, {
      headers: { Authorization: `Bearer ${operatorKey}`, Accept: 'application/json' },
      // The key goes to no other address.
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    }).catch((error: unknown) => {
      throw new Error(`${address.origin} does not answer: ${error instanceof Error ? error.message : error}.`);
    });
    if (response.status === 401) throw new Error(`${address.origin} does not know this OPERATOR_KEY.`);
    if (response.status !== 200) throw new Error(`${address} answered with HTTP ${response.status}.`);
    const parsed = schema.safeParse(await response.json().catch(() => null));
    if (parsed.success) return parsed.data;
    throw new Error(`${address} answered with something else than this version of Fairgate.`);
  };
  const { operator } = await ask(OPERATIONS.session.path, OPERATIONS.session.answer);
  if (operator.rooms !== null) throw new Error('This OPERATOR_KEY is for single rooms: use one of all rooms.');
  const { rooms } = await ask(OPERATIONS.rooms.path, OPERATIONS.rooms.answer);
  const pending: PendingDraw[] = [];
  for (const { id } of rooms.filter(({ archivedAt }) => archivedAt === null)) {
    const path = OPERATIONS.live.path.replace('{room}', encodeURIComponent(id));
    const { storeReachable, opensAt, draw } = await ask(path, neededFields);
    if (!storeReachable) throw new Error(`The store of room "${id}" does not respond.`);
    if (draw.sealedBy !== null) pending.push({ room: id, key: draw.sealedBy, opensAt });
  }
  return pending;
}
