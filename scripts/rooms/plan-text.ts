// A plan as a person reads it before saying yes.

import type { Consequences } from '../../worker/contract/operator-api.ts';
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
        ...warnings(plan.consequences),
      ];
    }
    case 'change': {
      const parts = Object.entries(plan.differences).flatMap(([part, differences]) =>
        (differences ?? []).map((one) => `    ${part}.${differenceText(one)}`),
      );
      return [`~ ${plan.room.id}`, ...parts, ...warnings(plan.consequences)];
    }
  }
}

function warnings(consequences: Consequences): string[] {
  return consequenceTexts(consequences).map((text) => `    ! It ${text}.`);
}

/** What the gateway does at once, and nothing takes back, as the end of "It …". */
export function consequenceTexts({ opensNow, closesNow, endsPlaces, takesFrom }: Consequences): string[] {
  return [
    ...(endsPlaces === null
      ? []
      : [
          `ends all places of the room: ${people(endsPlaces.active)} inside, and ${people(endsPlaces.waiting)} who wait`,
        ]),
    ...(opensNow === null ? [] : [`opens at once, for ${people(opensNow.entries)} with an entry`]),
    ...(closesNow === null ? [] : [`closes at once, before ${people(closesNow.waiting)} who wait`]),
    ...takesFrom.map(({ room, routes, waiting, active }) => {
      const there = waiting === null || active === null ? 'an unknown number of people' : people(waiting + active);
      return `takes ${routes.map(printable).join(', ')} from ${printable(room)}, where ${there} are now`;
    }),
  ];
}

function people(count: number): string {
  return `${count} ${count === 1 ? 'person' : 'people'}`;
}

function differenceText({ field, from, to }: Difference): string {
  return `${field}: ${valueText(from)} -> ${valueText(to)}`;
}

function valueText(value: unknown): string {
  return value === undefined ? 'not set' : printable(JSON.stringify(value));
}
