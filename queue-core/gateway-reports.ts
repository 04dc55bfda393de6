// What gateways report along with their one read a second: what they saw, and which version of the room they have.

import { takeAlarms } from './alarms.ts';
import type { Actor } from './audit.ts';
import { record } from './change.ts';
import type { Command } from './command.ts';
import type { ChangesState } from './document/changes-state.ts';
import type { Observed } from './document/history-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import { observeHealth } from './health.ts';
import { observe } from './history.ts';
import { GATEWAYS_MAX, STARTS_RECORD_MS, STARTS_RECORDS_UP_TO, VIEW_STALE_MS_MAX } from './limits.ts';
import type { StepContext } from './machine.ts';
import { notePresent } from './present-operators.ts';
import type { EpochMs } from './time.ts';

/** Gateways, as the author of what they do by themselves. */
export const GATEWAY_ACTOR: Actor = { id: 'gateway', name: 'gateway', role: 'owner', address: null };

/**
 * Takes a gateway's report, once. A repeated one, whose response was lost, is answered with a view of now, so its gateway
 * counts as heard of now.
 */
export function takeReport(
  room: RoomDocument,
  report: Extract<Command, { kind: 'report' }>,
  context: StepContext,
): void {
  const { changes } = room;
  const { now } = context;
  const { gateway: id, seq, version, gateways = 1, observed, alarms, operators = [] } = report;
  const known = changes.gateways.find((other) => other.id === id);
  if (known !== undefined && seq < known.seq) return;
  if (known === undefined || seq > known.seq) {
    observe(room, observed);
    observeHealth(room, observed.health, now);
    takeAlarms(room, alarms, now);
    noteStarts(room, observed, context);
    notePresent(changes, operators, now);
  }
  const others = changes.gateways.filter((other) => other.id !== id);
  changes.gateways = [...others, { id, seq, at: now, version, gateways }].slice(-GATEWAYS_MAX);
  if (changes.inForceAt === null && isInForce(changes, now)) changes.inForceAt = now;
}

/** Records starts of gateways. One that fails again and again must not fill the log, so several have one record. */
function noteStarts(room: RoomDocument, { starts }: Observed, context: StepContext): void {
  const { changes } = room;
  const { recordedAt } = changes.starts;
  const started = changes.starts.started + (starts?.started ?? 0);
  const restarted = changes.starts.restarted + (starts?.restarted ?? 0);
  if (started + restarted === 0) return;
  const isDue = recordedAt === null || context.now - recordedAt >= STARTS_RECORD_MS;
  if (isDue && changes.audit.seq < STARTS_RECORDS_UP_TO) {
    record(room, { by: GATEWAY_ACTOR, action: 'gatewayStarted', from: null, to: { started, restarted } }, context);
    changes.starts = { started: 0, restarted: 0, recordedAt: context.now };
  } else changes.starts = { started, restarted, recordedAt };
}

/**
 * A change is in force everywhere as soon as every gateway that could still answer from an older view has reported a newer
 * one; a gateway that has been silent for longer reads again before it answers. With more gateways than are remembered, or
 * new ones all the time, the age that views may reach decides.
 */
function isInForce({ gateways, version, changedAt }: ChangesState, now: EpochMs): boolean {
  if (now - changedAt > VIEW_STALE_MS_MAX) return true;
  const answering = gateways.filter(({ at }) => now - at <= VIEW_STALE_MS_MAX);
  return answering.length < GATEWAYS_MAX && answering.every((gateway) => gateway.version >= version);
}
