// What gateways report along with their one read a second: what they saw, and which version of the room they have.

import { takeAlarms } from './alarms.ts';
import type { Command } from './command.ts';
import type { ChangesState } from './document/changes-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import { observeHealth } from './health.ts';
import { observe } from './history.ts';
import { GATEWAYS_MAX, VIEW_STALE_MS_MAX } from './limits.ts';
import type { EpochMs } from './time.ts';

/**
 * Takes a gateway's report, once. A repeated one, whose response was lost, is answered with a view of now, so its gateway
 * counts as heard of now.
 */
export function takeReport(room: RoomDocument, report: Extract<Command, { kind: 'report' }>, now: EpochMs): void {
  const { changes } = room;
  const { gateway: id, seq, version, gateways = 1, observed, alarms } = report;
  const known = changes.gateways.find((other) => other.id === id);
  if (known !== undefined && seq < known.seq) return;
  if (known === undefined || seq > known.seq) {
    observe(room, observed);
    observeHealth(room, observed.health, now);
    takeAlarms(room, alarms, now);
  }
  const others = changes.gateways.filter((other) => other.id !== id);
  changes.gateways = [...others, { id, seq, at: now, version, gateways }].slice(-GATEWAYS_MAX);
  if (changes.inForceAt === null && isInForce(changes, now)) changes.inForceAt = now;
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
