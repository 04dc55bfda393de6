// What a change would do to people at once, told before it is made. The rules are the core's; here each room that would lose addresses
// gets its title and its numbers, and the site of a new room is asked whether it answers.

import { consequencesOf } from '../../queue-core/consequences.ts';
import type { DirectoryView, RoomConsequences } from '../../queue-core/directory/directory-document.ts';
import { consequencesOfRoom } from '../../queue-core/directory/directory-rooms.ts';
import { routeTaken } from '../../queue-core/directory/taken-routes.ts';
import type { Consequences, RoomPreview, SiteAnswer, TakenFromRoom } from '../contract/operator-api.ts';
import type { Gateway } from '../gateway.ts';
import { operatorProblem } from '../http/problems.ts';
import type { Background } from '../http/request-env.ts';
import { json } from '../http/responses.ts';
import { askOrigin } from '../proxy/ask-origin.ts';
import type { OwnAddresses } from '../proxy/loops.ts';
import { siteOf } from '../settings.ts';
import { roomConfigOf } from '../views/room-directory.ts';
import { routeTakenProblem } from './directory-changes.ts';
import type { Handlers } from './operation-context.ts';
import { scheduleOf } from './room-changes.ts';
import { loopFault } from './site-faults.ts';

/** Longer than a site that works takes, and less than an operator waits for a form. */
const ANSWER_MS_MAX = 5_000;

type ConsequenceGateway = OwnAddresses &
  Pick<Gateway, 'beaconChain' | 'fetchOrigin' | 'ownTime' | 'siteTrials' | 'stopwatch' | 'views'>;

export function consequenceHandlers(gateway: ConsequenceGateway): Handlers<'previewRoom' | 'previewSchedule'> {
  return {
    previewSchedule(c) {
      const { now, view } = c.var.room.snapshot;
      const { schedule } = c.var.body;
      const wanted = schedule === null ? { opensAt: now, closesAt: null } : scheduleOf(schedule, gateway.beaconChain);
      return json({ ...consequencesOf(view.live.opening, wanted, now), takesFrom: [] } satisfies Consequences);
    },

    async previewRoom(c) {
      const { background, directory, principal } = c.var;
      const { id, site: given, schedule } = c.var.body;
      const site = siteOf(id, given);
      const fault = loopFault(gateway, directory, { id, site }, 'site.');
      if (fault !== null) return fault;
      const taken = routeTaken(directory.rooms, { id, site });
      if (taken !== null) return routeTakenProblem(taken);
      const seconds = gateway.siteTrials.secondsToWait(principal.actor.id);
      if (seconds > 0) return operatorProblem('too-many-requests', { 'Retry-After': String(seconds) });
      const opensAt = schedule === undefined ? null : scheduleOf(schedule, gateway.beaconChain).opensAt;
      const found = consequencesOfRoom(directory.rooms, { id, site, opensAt }, gateway.ownTime());
      const [consequences, siteAnswer] = await Promise.all([
        toldConsequences(gateway, directory, found, background),
        siteAnswerOf(gateway, site),
      ]);
      return json({ ...consequences, siteAnswer } satisfies RoomPreview);
    },
  };
}

/** With the titles and the numbers of the rooms that lose addresses. */
export async function toldConsequences(
  { views }: Pick<Gateway, 'views'>,
  { rooms }: Pick<DirectoryView, 'rooms'>,
  { opensNow, takesFrom }: RoomConsequences,
  background: Background,
): Promise<Consequences> {
  const told = takesFrom.map(async ({ room, routes }): Promise<TakenFromRoom> => {
    const entry = rooms.find(({ id }) => id === room);
    const view = entry === undefined ? null : ((await views.read(roomConfigOf(entry), background))?.view ?? null);
    const { waiting, active } = view?.live.opening ?? { waiting: null, active: null };
    return { room, title: entry?.site.title ?? { ko: room, en: room }, routes, waiting, active };
  });
  return {
    opensNow: opensNow ? { entries: 0 } : null,
    closesNow: null,
    endsPlaces: null,
    takesFrom: await Promise.all(told),
  };
}

async function siteAnswerOf(
  { fetchOrigin, stopwatch }: Pick<Gateway, 'fetchOrigin' | 'stopwatch'>,
  site: Parameters<typeof askOrigin>[0],
): Promise<SiteAnswer> {
  const startedAt = stopwatch();
  const answer = await askOrigin(site, '/', ANSWER_MS_MAX, fetchOrigin);
  switch (answer.kind) {
    case 'answered':
      return { ...answer, ms: Math.max(0, Math.round(stopwatch() - startedAt)) };
    case 'late':
      return { kind: 'late', seconds: ANSWER_MS_MAX / 1_000 };
    case 'unreachable':
      return answer;
  }
}
