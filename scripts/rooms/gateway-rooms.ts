// Reads the rooms of a gateway by its operators' API, and makes the changes of a plan, each on the version that the plan was made for.

import { randomUUID } from 'node:crypto';
import { type Client, createClient, type Outcome } from '../../worker/contract/api-client.ts';
import { confirmationOf, roomConfirmationOf } from '../../worker/contract/operator-api.ts';
import type { PresentRoom, RoomPlan } from './room-plan.ts';

/** The gateway did not do, or did not say, what was asked. */
export class GatewayRefusal extends Error {}

/** @param url scheme, host and port: the key is sent there and nowhere else */
export function operatorClient(url: string, key: string): Client {
  return createClient(
    (path, init) => {
      const headers = { ...(init.headers as Record<string, string>), Authorization: `Bearer ${key}` };
      return fetch(`${url}${path}`, { ...init, headers, redirect: 'error' });
    },
    () => {},
  );
}

/** Every room, the archived ones too. @throws GatewayRefusal */
export async function roomsAt(client: Client, url: string): Promise<PresentRoom[]> {
  const { operator } = replyIn(await client.call('session', {}), url);
  if (operator.rooms !== null) {
    throw new GatewayRefusal(
      'This operator key is for single rooms, so it does not show which there are: use one of all rooms.',
    );
  }
  const { rooms } = replyIn(await client.call('rooms', {}), url);
  const present: PresentRoom[] = [];
  for (const { id, waiting, active } of rooms) {
    present.push({ ...replyIn(await client.call('room', { params: { room: id } }), url), waiting, active });
  }
  return present;
}

/**
 * Makes the changes of one room, one after the other. Each confirms what the plan says that it does to people; where it would do more by
 * now, the gateway refuses. A change whose answer was lost is sent again under its key, so it is made once.
 * @throws GatewayRefusal where one is not made; those before it are
 */
export async function applyRoom(client: Client, url: string, plan: RoomPlan): Promise<void> {
  if (plan.kind === 'create') {
    const body = { ...plan.room, confirm: roomConfirmationOf(plan.consequences) };
    const request = { body, idempotencyKey: randomUUID() };
    replyIn(await twice(() => client.call('createRoom', request)), url);
    return;
  }
  if (plan.kind !== 'change') return;
  const { room, differences, consequences } = plan;
  const params = { room: room.id };
  let ifMatch = plan.etag;
  if (differences.site !== undefined) {
    const { takesFrom } = roomConfirmationOf(consequences);
    const body = { ...room.site, confirm: { takesFrom } };
    const request = { params, ifMatch, body, idempotencyKey: randomUUID() };
    ({ etag: ifMatch } = replyIn(await twice(() => client.call('setSite', request)), url));
  }
  if (differences.policy !== undefined) {
    const request = { params, ifMatch, body: room.policy, idempotencyKey: randomUUID() };
    ({ etag: ifMatch } = replyIn(await twice(() => client.call('setPolicy', request)), url));
  }
  if (differences.schedule !== undefined) {
    const body = { ...room.schedule, confirm: confirmationOf(consequences) };
    const request = { params, ifMatch, body, idempotencyKey: randomUUID() };
    replyIn(await twice(() => client.call('setSchedule', request)), url);
  }
}

async function twice<T>(call: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  const first = await call();
  return first.kind === 'unreachable' ? call() : first;
}

function replyIn<T>(outcome: Outcome<T>, url: string): T {
  switch (outcome.kind) {
    case 'reply':
      return outcome.value;
    case 'problem': {
      const { title, detail, errors = [] } = outcome.problem;
      const lines = errors.map(({ field, detail: what }) => `  ${field}: ${what}`);
      throw new GatewayRefusal([`${title}. ${detail ?? ''}`.trim(), ...lines].join('\n'));
    }
    case 'unreachable':
      throw new GatewayRefusal(`${url} does not answer as a gateway. Give its address, or the console’s, by --url.`);
    case 'unreadable':
      throw new GatewayRefusal(
        `${url} answers in another way than this version of Fairgate. Use the same version on both sides.`,
      );
  }
}
