// Runs an operator's actions and keeps the last few, each with its outcome and a way to undo it: the undo list. It never
// overwrites a change that the operator has not seen, and it acts only on the room that is on the screen.

import type { Client } from '../worker/contract/api-client.ts';
import { isSameSecond, type Live } from '../worker/contract/operator-api.ts';
import { type Action, isStop, type Phase, phaseOf, rebased, reversal, sendAction } from './actions.ts';
import { phaseText } from './failures.ts';
import type { Strings } from './strings-en.ts';
import type { RoomWatch } from './watch.ts';

export interface ActionRecord {
  id: number;
  room: string;
  action: Action;
  /** The version that the operator decided on. */
  etag: string;
  /** Sent with every retry, so that the gateway makes the change once. */
  idempotencyKey: string;
  phase: Phase;
  /** By the gateway's clock, when its outcome was known; null: it is being sent. */
  settledAt: number | null;
  /** This action undoes an earlier one. */
  isUndo: boolean;
  /** A later action has undone this one. */
  undone: boolean;
}

interface ActionOptions {
  /** By default the version that is on the screen. */
  etag?: string;
  idempotencyKey?: string;
  isUndo?: boolean;
  /** Recorded only once it is done: the caller itself shows what stands in the way. */
  isQuiet?: boolean;
}

/** A question in a dialog before something irreversible. */
export interface Confirmation {
  title: string;
  text: string;
  confirmLabel: string;
  isFinal: boolean;
  onConfirm(): void;
}

/** What the list needs of the console. */
interface ActionHost {
  readonly client: Client;
  readonly watch: RoomWatch | null;
  /** The room on the screen; null: none. */
  readonly room: string | null;
  readonly strings: Strings;
  /** The gateway's time. */
  readonly now: number;
  announce(text: string): void;
  confirm(confirmation: Confirmation): void;
  redraw(): void;
}

/** Older actions are in the room's log. */
const RECORDS_MAX = 3;

export class ActionLog {
  records: ActionRecord[] = [];
  readonly #host: ActionHost;
  #lastId = 0;

  constructor(host: ActionHost) {
    this.#host = host;
  }

  async run(action: Action, options: ActionOptions = {}): Promise<Phase> {
    const { etag = this.#etagOnScreen(), idempotencyKey = randomKey(), isUndo = false, isQuiet = false } = options;
    const host = this.#host;
    const room = host.room ?? '';
    this.#lastId += 1;
    const request = { room, action, etag, idempotencyKey, isUndo };
    const record: ActionRecord = {
      ...{ id: this.#lastId, ...request },
      phase: { kind: 'sending' },
      settledAt: null,
      undone: false,
    };
    if (!isQuiet) this.#add(record);
    host.redraw();
    const { sent, phase } = await this.#send(room, action, etag, idempotencyKey);
    const settled = { action: sent, phase, settledAt: host.now };
    if (!isQuiet) this.#update(record.id, settled);
    else if (phase.kind === 'done') this.#add({ ...record, ...settled });
    host.announce(
      phase.kind === 'done' ? labelOf({ action: sent, isUndo }, host.strings) : phaseText(phase, host.strings),
    );
    if (phase.kind !== 'signedOut') void host.watch?.poll();
    if (phase.kind === 'done') void host.watch?.loadDetail();
    return phase;
  }

  async undo(id: number): Promise<void> {
    const record = this.#find(id);
    if (record?.phase.kind !== 'done') return;
    const action = reversal(record.action);
    if (action === null) return;
    const phase = await this.run(action, { etag: record.phase.etag, isUndo: true });
    if (phase.kind === 'done' || phase.kind === 'unchanged') this.#update(id, { undone: true });
    this.#host.redraw();
  }

  /** The last action in this room that `undo` can reverse. */
  lastUndoable(): ActionRecord | undefined {
    const live = this.#host.watch?.snapshot().live ?? null;
    return this.records.find((record) => record.room === this.#host.room && canUndo(record, live));
  }

  /** What the list shows: the newest, and the earlier ones that still need a decision, as long as they are true. */
  shown(room: string, live: Live | null): ActionRecord[] {
    return this.records
      .filter((record) => record.room === room)
      .filter(
        (record, index) => (index === 0 || needsDecision(record.phase)) && isCurrent(record, live, this.#host.now),
      );
  }

  /**
   * Runs it again. After a conflict it is rebased on the room as it is now; what it would do to people beyond what the operator has
   * confirmed, the gateway refuses. After no response it is sent unchanged, so that a conflict that the operator has not seen still shows.
   */
  async retry(id: number): Promise<void> {
    const record = this.#find(id);
    if (record === undefined) return;
    const { action, etag, idempotencyKey, isUndo } = record;
    if (record.phase.kind !== 'conflict') {
      this.dismiss(id);
      await this.run(action, { etag, idempotencyKey, isUndo });
      return;
    }
    const host = this.#host;
    const latest = await host.watch?.loadDetail();
    if (latest == null || this.#find(id) === undefined) return;
    const now = rebased(action, latest);
    this.dismiss(id);
    await this.run(now, { etag: latest.etag, isUndo });
  }

  dismiss(id: number): void {
    this.records = this.records.filter((record) => record.id !== id);
    this.#host.redraw();
  }

  /** A stop is sent even when the room changed meanwhile; its undo is offered only where the previous flow is known. */
  async #send(
    room: string,
    action: Action,
    etag: string,
    idempotencyKey: string,
  ): Promise<{ sent: Action; phase: Phase }> {
    const { client, watch } = this.#host;
    const send = async (what: Action, version: string | null) => ({
      sent: what,
      phase: phaseOf(await sendAction(client, room, what, version, idempotencyKey)),
    });
    const first = await send(action, etag);
    if (first.phase.kind !== 'conflict' || !isStop(action)) return first;
    const latest = await watch?.loadDetail();
    if (latest?.id === room) {
      const now = { ...action, from: latest.flow };
      if (!isStop(now)) return first;
      const second = await send(now, latest.etag);
      if (second.phase.kind !== 'conflict') return second;
    }
    return send({ ...action, from: null }, null);
  }

  #find(id: number): ActionRecord | undefined {
    return this.records.find((record) => record.id === id && record.room === this.#host.room);
  }

  #etagOnScreen(): string {
    const { live, detail } = this.#host.watch?.snapshot() ?? {};
    return live?.etag ?? detail?.etag ?? '';
  }

  /** An earlier one of the same kind that failed is settled by this one. */
  #add(record: ActionRecord): void {
    const isSettled = ({ action, phase, room }: ActionRecord) =>
      room === record.room && action.kind === record.action.kind && phase.kind !== 'done' && phase.kind !== 'sending';
    const others = this.records.filter((other) => !isSettled(other));
    this.records = [record, ...others].slice(0, RECORDS_MAX);
  }

  #update(id: number, changes: Partial<ActionRecord>): void {
    this.records = this.records.map((record) => (record.id === id ? { ...record, ...changes } : record));
  }
}

export function labelOf({ action, isUndo }: Pick<ActionRecord, 'action' | 'isUndo'>, t: Strings): string {
  return isUndo ? t.actionLog.undoOf(t.actionLabel(action)) : t.actionLabel(action);
}

/** The opening that a room has had cannot be taken back by the schedule from before it. */
export function canUndo({ phase, isUndo, undone, action }: ActionRecord, live: Live | null): boolean {
  if (phase.kind !== 'done' || isUndo || undone || reversal(action) === null) return false;
  return (
    action.kind === 'cancelOpening' || action.kind !== 'schedule' || live?.hasOpened !== true || isSameOpening(action)
  );
}

function isSameOpening({ from, to }: Extract<Action, { kind: 'schedule' }>): boolean {
  return isSameSecond(Date.parse(from.opensAt), Date.parse(to.opensAt));
}

export function needsDecision({ kind }: Phase): boolean {
  return kind !== 'done' && kind !== 'unchanged' && kind !== 'sending';
}

/** How long the outcome of an action stands there: it is read long before, and the log has it. */
const SHOWN_MS_MAX = 60_000;

/** Whether what a record says is still so: nobody has changed the same thing since, and it is not an old story. */
function isCurrent({ action, phase, settledAt }: ActionRecord, live: Live | null, now: number): boolean {
  if (settledAt === null) return true;
  if (needsDecision(phase)) return live === null || !isFulfilled(action, live);
  if (now - settledAt > SHOWN_MS_MAX) return false;
  // Numbers from before the change say nothing about it.
  if (live === null || phase.kind !== 'done' || phase.at === null) return true;
  const isNewer = Date.parse(live.asOf) >= Date.parse(phase.at) && Date.parse(live.changedAt) > Date.parse(phase.at);
  return !isNewer || isFulfilled(action, live);
}

/** Whether the room is as the action wanted it, as far as the live numbers tell. */
function isFulfilled(action: Action, live: Live): boolean {
  switch (action.kind) {
    case 'flow':
      return live.flow === action.to;
    case 'policy':
      return (
        live.newUsersPerMinute === action.to.newUsersPerMinute && live.totalActiveUsers === action.to.totalActiveUsers
      );
    case 'message':
      return (live.message?.text.ko ?? null) === (action.to?.ko ?? null) && live.message?.text.en === action.to?.en;
    case 'schedule':
      return isSameSecond(Date.parse(live.opensAt), Date.parse(action.to.opensAt)) && live.state !== 'closed';
    case 'cancelOpening':
      return live.state === 'closed' && !live.hasOpened;
    case 'openNow':
      return live.state !== 'closed';
    case 'close':
      return live.state === 'closed';
    default:
      return true;
  }
}

/** Random bytes rather than `crypto.randomUUID`, which browsers lack on plain HTTP. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
