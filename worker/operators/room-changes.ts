// Changes of a room's own state: limits, schedule, message, flow, sessions. They are in force on every gateway once it has read
// the room again.

import type * as z from 'zod';
import type { Change, ChangeRefusal, ChangeReply } from '../../queue-core/command.ts';
import type { Confirmation } from '../../queue-core/consequences.ts';
import { ROOM_ALARM_KINDS } from '../../queue-core/document/alarms-state.ts';
import { VIEW_STALE_MS_MAX } from '../../queue-core/limits.ts';
import type { NewSchedule } from '../../queue-core/policy.ts';
import { epochMs } from '../../queue-core/time.ts';
import type { BeaconChain } from '../beacon/chain.ts';
import type { OperatorProblem } from '../contract/problem-schema.ts';
import type { scheduleSchema } from '../contract/room-schema.ts';
import type { Gateway } from '../gateway.ts';
import { operatorProblem } from '../http/problems.ts';
import { beaconChoiceOf, momentOf, policyOf } from '../settings.ts';
import { type RoomStore, StoreUnavailable } from '../store/room-store.ts';
import { type ChangeOutcome, type ChangeRequest, changeResponse, confirmationNeeded } from './change-response.ts';
import type { CurrentRoom, Handlers } from './operation-context.ts';
import type { ChangeBase } from './versions.ts';

export type RoomChangeGateway = Pick<Gateway, 'metrics' | 'store' | 'views'>;

type Setting = 'setPolicy' | 'setSchedule' | 'setMessage';
type Act =
  | 'openNow'
  | 'cancelOpening'
  | 'recommit'
  | 'pause'
  | 'hold'
  | 'resume'
  | 'close'
  | 'revokeAll'
  | 'endSession'
  | 'acknowledgeAlarm';

export function roomChangeHandlers(
  gateway: RoomChangeGateway & Pick<Gateway, 'beaconChain' | 'seals'>,
): Handlers<Setting | Act> {
  const respond = async (request: RoomChangeRequest, change: Change, confirm: Confirmation = {}): Promise<Response> => {
    const outcome = await changeRoom(gateway, request, change, confirm);
    if (outcome.kind === 'refused') return outcome.response;
    const { reply } = outcome;
    const { versions } = request.room;
    const stage = reply.kind === 'changed' ? reply.stage : versions.stage;
    return changeResponse(reply, { ...versions, room: reply.version, stage }, VIEW_STALE_MS_MAX);
  };
  return {
    setPolicy: (c) => respond(c.var, { kind: 'setPolicy', policy: policyOf(c.var.body) }),
    setSchedule(c) {
      const { confirm, ...schedule } = c.var.body;
      const secret = gateway.seals.seal();
      const change = { kind: 'setSchedule', schedule: scheduleOf(schedule, gateway.beaconChain), secret } as const;
      return respond(c.var, change, confirm);
    },
    setMessage: (c) => respond(c.var, { kind: 'setMessage', text: c.var.body.text }),
    openNow: (c) => respond(c.var, { kind: 'openNow', secret: gateway.seals.seal() }, c.var.body.confirm),
    cancelOpening: (c) => respond(c.var, { kind: 'cancelOpening' }),
    recommit: (c) => respond(c.var, { kind: 'recommit', secret: gateway.seals.seal() }),
    pause: (c) => respond(c.var, { kind: 'setFlow', flow: 'paused' }),
    hold: (c) => respond(c.var, { kind: 'setFlow', flow: 'held' }),
    resume: (c) => respond(c.var, { kind: 'setFlow', flow: 'running' }),
    close: (c) => respond(c.var, { kind: 'close' }),
    revokeAll: (c) => respond(c.var, { kind: 'revokeAll' }),
    acknowledgeAlarm(c) {
      const alarm = ROOM_ALARM_KINDS.find((kind) => kind === c.req.param('alarm'));
      if (alarm === undefined) return operatorProblem('alarm-unknown');
      return respond(c.var, { kind: 'acknowledgeAlarm', alarm });
    },
    endSession(c) {
      const position = c.req.param('position') ?? '';
      if (!/^[1-9]\d{0,11}$/.test(position)) return operatorProblem('session-unknown');
      return respond(c.var, { kind: 'endSession', position: Number(position) });
    },
  };
}

type RoomChangeRequest = ChangeRequest & { room: CurrentRoom; ifMatch: ChangeBase | null };

/** Sends a change to the store, decided on the version of `If-Match` where the request names one. */
export async function changeRoom(
  { metrics, store, views }: RoomChangeGateway,
  { principal, room, ifMatch, changeId }: RoomChangeRequest,
  change: Change,
  confirm: Confirmation = {},
): Promise<ChangeOutcome<Exclude<ChangeReply, { kind: 'conflict' | 'unconfirmed' | 'refused' }>>> {
  const { config, entry } = room;
  if (entry.archivedAt !== null) return refused('room-archived');
  // Once the room has opened or closed, these would start a new opening and end the places that there are.
  const dependsOnStage = STAGE_BOUND.includes(change.kind);
  const command = {
    kind: 'change',
    id: changeId,
    by: principal.actor,
    ifVersion: ifMatch === 'any' ? ifMatch : (ifMatch?.room ?? null),
    ...(dependsOnStage && ifMatch !== null && ifMatch !== 'any' ? { ifStage: ifMatch.stage } : {}),
    confirm,
    change,
  } as const;
  const [reply] = await metrics.operation('change', store.apply(config.id, [command]));
  views.invalidate(config);
  switch (reply.kind) {
    case 'changed':
    case 'unchanged':
      return { kind: 'applied', reply };
    case 'unconfirmed':
      return { kind: 'refused', response: confirmationNeeded({ ...reply.consequences, takesFrom: [] }) };
    case 'conflict':
      if (ifMatch === null) return refused('if-match-needed');
      return { kind: 'refused', response: await changedMeanwhile(store, config.id, reply.changedSeq) };
    case 'refused':
      return refused(problemOf(reply.reason));
  }
}

/** The refusal names who was first, and what they did; where only time has passed, nobody. */
async function changedMeanwhile(store: RoomStore, room: string, seq: number): Promise<Response> {
  if (seq === 0) return operatorProblem('changed-meanwhile');
  try {
    const record = (await store.rows(room, 'audit', { after: seq - 1, limit: 1 }))[0];
    if (record?.seq !== seq) return operatorProblem('changed-meanwhile');
    const { by, action, at, from, to } = record;
    const lastChange = { by: { id: by.id, name: by.name }, action, at, from, to };
    return operatorProblem('changed-meanwhile', {}, { lastChange });
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    return operatorProblem('changed-meanwhile');
  }
}

const STAGE_BOUND: readonly Change['kind'][] = ['setSchedule', 'openNow', 'cancelOpening'];

function refused(problem: OperatorProblem): ChangeOutcome<never> {
  return { kind: 'refused', response: operatorProblem(problem) };
}

function problemOf(reason: ChangeRefusal): OperatorProblem {
  switch (reason) {
    case 'alreadyOpen':
      return 'already-open';
    case 'alreadyClosed':
      return 'already-closed';
    case 'unknownPosition':
      return 'session-unknown';
    case 'unknownAlarm':
      return 'alarm-unknown';
    case 'logFull':
      return 'log-full';
    // Refuses `usePass`, which comes from the site's own host (pass.ts).
    case 'passSpent':
      return 'unexpected';
  }
}

/** A schedule of the API as the core takes it. */
export function scheduleOf(
  { prequeueAt, opensAt, closesAt, beacon }: z.output<typeof scheduleSchema>,
  chain: BeaconChain,
): NewSchedule {
  const times = { prequeueAt: momentOf(prequeueAt), opensAt: epochMs(opensAt), closesAt: momentOf(closesAt) };
  return beacon === undefined ? times : { ...times, beacon: beacon && beaconChoiceOf(beacon, chain) };
}
