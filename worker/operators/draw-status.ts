// The draw of a room as its operators see it: what it rests on, what it waits for, and what keeps this gateway from making it.

import type { RoomView } from '../../queue-core/board.ts';
import { roundAfter, roundTime } from '../../queue-core/draw.ts';
import { mayGoWithout } from '../../queue-core/opening.ts';
import { type EpochMs, rfc3339 } from '../../queue-core/time.ts';
import { relayHost } from '../beacon/relay-test.ts';
import type { Alarm, DrawStatus } from '../contract/operator-api.ts';
import type { Gateway } from '../gateway.ts';
import { visitorAddress } from '../http/public-address.ts';
import type { RoomConfig } from '../settings.ts';
import { sealingKey } from '../tokens/draw-seals.ts';
import type { RoomSnapshot } from '../views/room-views.ts';

export type DrawGateway = Pick<Gateway, 'beaconChain' | 'draws' | 'publicUrl' | 'seals'>;

/** From when a round that is due has to be there: relays have it within a second, and a gateway asks within two more. */
const LATE_MS = 5_000;

export function drawStatusOf(gateway: DrawGateway, config: RoomConfig, { view, now }: RoomSnapshot): DrawStatus {
  const { choice, commitments, beacon, entries, seed, opensAt } = view.draw;
  const round = choice === null ? null : roundAfter(choice.chain, opensAt);
  const address = (what: string) => visitorAddress(`/_fairgate/rooms/${config.id}/${what}`, gateway.publicUrl, config);
  return {
    state: seed !== null ? 'drawn' : entries === null ? 'committed' : 'drawing',
    commitment: view.board.draw.commitment,
    commitments: commitments.length,
    sealedBy: isPending(view) && view.draw.sealed !== null ? sealingKey(view.draw.sealed) : null,
    beacon:
      choice === null || round === null
        ? null
        : {
            round,
            dueAt: rfc3339(roundTime(choice.chain, round)),
            deadline: rfc3339(opensAt + choice.deadlineMs),
            afterDeadline: choice.afterDeadline,
            hasArrived: beacon !== null,
          },
    entries,
    waitsFor: waitsFor(gateway, view, now),
    proof: address('proof'),
    document: address('draw'),
  };
}

/** @returns what this gateway cannot draw without, and what keeps a draw longer than it should take */
export function drawAlarms({ beaconChain, draws, seals }: DrawGateway, { view, now }: RoomSnapshot): Alarm[] {
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
function isPending({ board, draw }: RoomView): boolean {
  return draw.seed === null && board.state !== 'closed';
}

function waitsFor(
  { beaconChain, seals }: DrawGateway,
  { board, draw }: RoomView,
  now: EpochMs,
): DrawStatus['waitsFor'] {
  const { choice, sealed, opensAt } = draw;
  if (board.state !== 'drawing') return null;
  if (sealed !== null && !seals.canOpen(sealed)) return 'key';
  if (choice === null || mayGoWithout(choice, opensAt, now)) return 'store';
  if (choice.chain.hash !== beaconChain.hash) return 'chain';
  return now < roundTime(choice.chain, roundAfter(choice.chain, opensAt)) ? 'round' : 'beacon';
}
