// What each call does, once its signature and its time are checked: its body is read here, and says again which room and which kind
// of call it is for, because the signature covers nothing else.

import type * as z from 'zod';
import type { Command, OriginCall, OriginReply, StockReport } from '../../queue-core/command.ts';
import { type EpochMs, epochMs, rfc3339 } from '../../queue-core/time.ts';
import { ORIGIN_CALLS, type OriginAction, type StockInput } from '../contract/origin-call-schema.ts';
import { plainIssue } from '../contract/plain-issues.ts';
import type { FieldError } from '../contract/problem-schema.ts';
import type { Gateway } from '../gateway.ts';
import { fieldErrors } from '../http/field-errors.ts';
import { problemResponse } from '../http/problems.ts';
import type { RoomConfig } from '../settings.ts';
import { answered, type Outcome, problem, refused, visitOutcome, wrongInput } from './call-answers.ts';
import { applyToVisit, calledVisit, type NamedVisit, type VisitAction } from './called-visit.ts';

/**
 * A number that is dated ahead waits until it is of the past. Dated back to now instead, a replay of it would be newer than what the
 * site said since. A gateway's idea of the store's time is late by as much as the answer was under way, up to 4 s.
 */
const AHEAD_MS_MAX = 5_000;

type Parts = Pick<Gateway, 'metrics' | 'store' | 'tokens' | 'views' | 'wait'>;

export interface SignedCall {
  room: RoomConfig;
  action: OriginAction;
  /** Id of the key that signed it. */
  by: string;
  /** The site's own for it: a retry has the same. */
  id: string;
  /** In whole seconds. */
  signedAt: EpochMs;
  /** The store's time. */
  now: EpochMs;
}

type DataOf<A extends OriginAction> = z.output<(typeof ORIGIN_CALLS)[A]>['data'];
type Action<A extends OriginAction> = (gateway: Parts, call: SignedCall, data: DataOf<A>) => Promise<Outcome>;

const ACTIONS: { [A in OriginAction]: Action<A> } = {
  async complete(gateway, call, { reference = null, stock, ...named }) {
    const report = stock === undefined ? null : await stockReport(gateway, call, stock, 'data.stock.asOf');
    if (report !== null && 'detail' in report) return wrongInput(report);
    const before = report === null ? [] : [report];
    return aboutVisit(gateway, call, named, { kind: 'end', reason: 'completed', reference }, before);
  },
  readmit: (gateway, call, named) => aboutVisit(gateway, call, named, { kind: 'readmit' }),
  revoke: (gateway, call, named) => aboutVisit(gateway, call, named, { kind: 'end', reason: 'revoked' }),
  async stock(gateway, call, stock) {
    const report = await stockReport(gateway, call, stock, 'data.asOf');
    return 'detail' in report ? wrongInput(report) : aboutRoom(gateway, call, report);
  },
  overload: (gateway, call, { seconds }) =>
    aboutRoom(gateway, call, { kind: 'reportOverload', forMs: seconds * 1_000, call: markOf(call) }),
};

/** @throws StoreUnavailable */
export async function performCall(gateway: Parts, call: SignedCall, body: Uint8Array): Promise<Outcome> {
  const { action, room } = call;
  const json = jsonIn(body);
  if (json === undefined) return problem(problemResponse('bad-body', {}, { detail: 'Send JSON in UTF-8.' }));
  const read = ORIGIN_CALLS[action].safeParse(json, { reportInput: true, error: plainIssue });
  if (!read.success) return wrongInput(...fieldErrors(read.error));
  if (read.data.room !== room.id) {
    return wrongInput({ field: 'room', detail: `must be ${JSON.stringify(room.id)}, as in the address` });
  }
  // `ACTIONS` checks each one against its own schema; here they all have the same type.
  return (ACTIONS[action] as Action<OriginAction>)(gateway, call, read.data.data);
}

/** A site sends a call again under its id; the same id of another kind of call is another call. */
function markOf({ action, by, id, signedAt }: SignedCall): OriginCall {
  return { by, mark: { id: `${action}:${id}`, at: signedAt } };
}

async function aboutVisit(
  gateway: Parts,
  call: SignedCall,
  named: NamedVisit,
  action: VisitAction,
  before: readonly StockReport[] = [],
): Promise<Outcome> {
  const visit = await calledVisit(gateway, call.room, named, call.now);
  if (visit === null) {
    return wrongInput({ field: 'data.admission', detail: 'must be the admission token of a visitor of this room' });
  }
  return visitOutcome(await applyToVisit(gateway, call.room, visit, action, markOf(call), before));
}

type RoomReport = StockReport | Extract<Command, { kind: 'reportOverload' }>;

async function aboutRoom({ metrics, store }: Parts, { room }: SignedCall, report: RoomReport): Promise<Outcome> {
  const [reply] = (await metrics.operation(report.kind, store.apply(room.id, [report]))) as [OriginReply];
  return reply.kind === 'outdated' ? refused('outdatedCall') : answered({ outcome: 'taken' });
}

/** @param field of the time @returns what is wrong with it, where something is */
async function stockReport(
  { wait }: Pick<Gateway, 'wait'>,
  { by, signedAt, now }: SignedCall,
  { remaining, lots, counts, asOf: readAt }: StockInput,
  field: string,
): Promise<StockReport | FieldError> {
  const asOf = readAt === undefined ? signedAt : epochMs(readAt);
  if (asOf >= signedAt + 1_000) return { field, detail: 'must not be later than webhook-timestamp' };
  if (asOf > now + AHEAD_MS_MAX) {
    return { field, detail: `is ${rfc3339(asOf)}, and here it is ${rfc3339(now)}: set the clock of the site` };
  }
  if (asOf > now) await wait(asOf - now);
  const named = {
    ...(lots && { lots }),
    ...(counts && { counts: Object.entries(counts).map(([id, remaining]) => ({ id, remaining })) }),
  };
  return { kind: 'reportStock', remaining: remaining ?? null, asOf, ...named, by };
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @returns undefined for anything but JSON in UTF-8 */
function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined; // TypeError: not UTF-8; SyntaxError: not JSON
  }
}
