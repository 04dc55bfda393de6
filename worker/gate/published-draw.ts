// `GET /_fairgate/rooms/{room}/draw`: what a stranger needs to recompute the draw (docs/draw.md), from the gateway's view; of an opening
// that is over, from the store.

import type { DrawView } from '../../queue-core/board.ts';
import { roundAfter } from '../../queue-core/draw.ts';
import type { PastDraw } from '../../queue-core/past-draw.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import type { PublishedDraw } from '../contract/draw-schema.ts';
import { problemResponse } from '../http/problems.ts';
import type { RoomStore } from '../store/room-store.ts';
import type { RoomSnapshot } from '../views/room-views.ts';

/** A draw that is made stays as it is, but a browser asks again after a moment: the opening may be over and another one planned. */
const CACHE = 'public, max-age=1, stale-while-revalidate=2';

/** @param wanted the opening; null: the present one */
export async function drawResponse(
  store: RoomStore,
  room: string,
  { view }: RoomSnapshot,
  wanted: string | null,
): Promise<Response> {
  const { epoch } = view.board;
  if (wanted === null || wanted === String(epoch)) return answer(publishedDraw(room, epoch, view.draw));
  if (!/^[1-9]\d{0,15}$/.test(wanted)) return problemResponse('not-found');
  const [past] = await store.rows(room, 'draw', { after: Number(wanted) - 1, limit: 1 });
  if (past?.epoch !== Number(wanted)) return problemResponse('not-found');
  return answer(publishedDraw(room, past.epoch, past));
}

function answer(draw: PublishedDraw): Response {
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': CACHE, 'Access-Control-Allow-Origin': '*' };
  return new Response(JSON.stringify(draw), { headers });
}

/** The document of one draw; without the secret until it is drawn. */
export function publishedDraw(room: string, epoch: number, draw: DrawView | PastDraw): PublishedDraw {
  const { opensAt, commitments, choice, beacon, entries, secret, seed } = draw;
  return {
    format: 'fairgate/draw/v1',
    room,
    epoch,
    state: seed !== null ? 'drawn' : entries === null ? 'committed' : 'drawing',
    commitments: commitments.map(({ commitment, at }) => ({ commitment, at: rfc3339(at) })),
    opensAt: rfc3339(opensAt),
    beacon: choice && {
      chain: choice.chain,
      round: roundAfter(choice.chain, opensAt),
      randomness: beacon?.randomness ?? null,
      signature: beacon?.signature ?? null,
      deadline: rfc3339(opensAt + choice.deadlineMs),
      afterDeadline: choice.afterDeadline,
    },
    entries,
    secret,
    seed,
  };
}
