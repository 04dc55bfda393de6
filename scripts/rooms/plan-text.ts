// A plan as a person reads it before saying yes.

import { printable } from '../lib/printable-text.ts';
import type { Difference, Plan, RoomPlan } from './room-plan.ts';

export function planText({ rooms, others }: Plan): string {
  const lines = rooms.flatMap(roomLines);
  if (others.length > 0) lines.push(`Not in the file, and left alone: ${others.map(printable).join(', ')}.`);
  return lines.join('\n');
}

function roomLines(plan: RoomPlan): string[] {
  switch (plan.kind) {
    case 'unchanged':
      return [`= ${plan.id}: as in the file`];
    case 'archived':
      return [`! ${plan.id}: archived. Its id cannot be used again; give the room of the file another one.`];
    case 'create': {
      const { id, site, schedule } = plan.room;
      return [
        `+ ${id}: a new room for ${site.hosts.join(', ')}${(site.paths ?? ['/']).join(', ')}, opening ${schedule.opensAt}`,
      ];
    }
    case 'change': {
      const parts = Object.entries(plan.differences).flatMap(([part, differences]) =>
        (differences ?? []).map((one) => `    ${part}.${differenceText(one)}`),
      );
      const warning = plan.endsPlaces
        ? ['    ! The room has opened: another opening ends all places and sessions.']
        : [];
      return [`~ ${plan.room.id}`, ...parts, ...warning];
    }
  }
}

function differenceText({ field, from, to }: Difference): string {
  return `${field}: ${valueText(from)} -> ${valueText(to)}`;
}

function valueText(value: unknown): string {
  return value === undefined ? 'not set' : printable(JSON.stringify(value));
}
