// Alarms of a room's draw: what this gateway cannot draw without, and what keeps a draw longer than it should take.

import type { RoomView } from '../../queue-core/board.ts';
import { roundAfter, roundTime } from '../../queue-core/draw.ts';
import { mayGoWithout } from '../../queue-core/opening.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import type { BeaconChain } from '../beacon/chain.ts';
import { relayHost } from '../beacon/relay-test.ts';
import type { Alarm } from '../contract/operator-api.ts';
import type { Draws } from '../gate/draws.ts';
import type { DrawSeals } from '../tokens/draw-seals.ts';
import { sealingKey } from '../tokens/sealing-keys.ts';
import type { RoomSnapshot } from '../views/room-views.ts';

/** What a gateway draws with. */
export interface DrawTools {
  beaconChain: BeaconChain;
  draws: Pick<Draws, 'relayFaults'>;
  seals: Pick<DrawSeals, 'canOpen'>;
}

/** From when a round that is due has to be there: relays have it within a second, and a gateway asks within two more. */
const LATE_MS = 5_000;

/** @returns what this gateway cannot draw without, and what keeps a draw longer than it should take */
export function drawAlarms({ beaconChain, draws, seals }: DrawTools, { view, now }: RoomSnapshot): Alarm[] {
  const { choice, sealed, opensAt } = view.draw;
  if (!isPending(view)) return [];
  const isDrawing = view.board.state === 'drawing';
  const alarms: Alarm[] = [];
  if (sealed !== null && !seals.canOpen(sealed)) {
    alarms.push({ kind: 'drawKeyMissing', key: sealingKey(sealed), isDrawing });
  }
  if (choice === null) return alarms;
  if (choice.chain.hash !== beaconChain.hash) {
    alarms.push({ kind: 'beaconChainDiffers', chain: choice.chain.hash, isDrawing });
    return alarms;
  }
  const round = roundAfter(choice.chain, opensAt);
  const dueAt = roundTime(choice.chain, round);
  if (isDrawing && now >= dueAt + LATE_MS && !mayGoWithout(choice, opensAt, now)) {
    const faults = draws
      .relayFaults(view.board.room, view)
      .map(({ relay, fault }) => ({ relay: relayHost(relay), fault }));
    const { afterDeadline, deadlineMs } = choice;
    const deadline = rfc3339(opensAt + deadlineMs);
    alarms.push({ kind: 'beaconLate', round, dueAt: rfc3339(dueAt), deadline, afterDeadline, faults });
  }
  return alarms;
}

/** Whether the draw is still to be made: a room that was closed before it has none. */
export function isPending({ board, draw }: RoomView): boolean {
  return draw.seed === null && board.state !== 'closed';
}
