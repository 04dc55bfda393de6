// The draw of a room as its operators see it: what it rests on, what it waits for, and what keeps this gateway from making it.

import type { RoomView } from '../../queue-core/board.ts';
import { roundAfter, roundTime } from '../../queue-core/draw.ts';
import { mayGoWithout } from '../../queue-core/opening.ts';
import { type EpochMs, rfc3339 } from '../../queue-core/time.ts';
import type { DrawStatus } from '../contract/operator-api.ts';
import type { Gateway } from '../gateway.ts';
import { visitorAddress } from '../http/public-address.ts';
import type { RoomConfig } from '../settings.ts';
import { sealingKey } from '../tokens/sealing-keys.ts';
import type { RoomSnapshot } from '../views/room-views.ts';
import { isPending } from './draw-alarms.ts';

export type DrawGateway = Pick<Gateway, 'beaconChain' | 'draws' | 'publicUrl' | 'seals'>;

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
