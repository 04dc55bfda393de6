// The receipt of a completed visit: the visitor's own page, its JSON, and the same page for a stranger who checks a receipt. A receipt gives
// no right, so a page of this site may read it; caches and other sites get none.

import { rfc3339 } from '../../queue-core/time.ts';
import type { Gateway } from '../gateway.ts';
import { languageOf } from '../http/language.ts';
import { problemResponse } from '../http/problems.ts';
import { returnAddress } from '../http/request-target.ts';
import { HtmlDocument, json, withFormTargets } from '../http/responses.ts';
import { canJoin } from '../pages/kind.ts';
import type { ReceiptAnswer } from '../pages/model.ts';
import { receiptParts, receiptPolicy } from '../pages/receipt-render.tsx';
import { StoreUnavailable } from '../store/room-store.ts';
import { handOffSites } from './hand-off-address.ts';
import { pageKeys } from './proof-response.ts';
import type { PresentedReceipt, Visitor } from './visitor.ts';

type Parts = Pick<Gateway, 'polls' | 'publicUrl' | 'tokens'>;

export function receiptAnswer({ completedAt, reference, token }: PresentedReceipt): ReceiptAnswer {
  return { completedAt: rfc3339(completedAt), reference, token };
}

/**
 * The latest receipt of a visitor. Where none of the present visit is known the store is asked, as often as a visitor may poll: the site may
 * have completed the visit by a call of its own. An unreachable store leaves what is known.
 */
export async function latestReceipt(
  { polls }: Pick<Gateway, 'polls'>,
  visitor: Visitor,
): Promise<PresentedReceipt | null> {
  const id = visitor.knownId;
  if (id === null || (await visitor.receiptOfVisit()) !== null) return visitor.receipt();
  if (polls.secondsToWait(`${visitor.room.id} ${id}`) > 0) return visitor.receipt();
  try {
    return await visitor.fetchReceipt();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    console.error(...error.logArguments);
    return visitor.receipt();
  }
}

/** At the receipt's own address. */
export async function receiptResponse(
  gateway: Parts,
  request: Request,
  visitor: Visitor,
  format: 'page' | 'json' | 'other',
): Promise<Response> {
  const receipt = await latestReceipt(gateway, visitor);
  if (format === 'page') {
    const { searchParams } = new URL(request.url);
    const returnTo = returnAddress(searchParams.get('return'));
    const address = `/_fairgate/rooms/${visitor.room.id}/receipt?return=${encodeURIComponent(returnTo)}`;
    return receiptPage(gateway, request, visitor, receipt, { address, returnTo });
  }
  if (receipt === null) return problemResponse('no-receipt');
  const { room, epoch, position } = receipt;
  const answer = { room, epoch, position, ...receiptAnswer(receipt), url: urlOf(gateway, receipt) };
  return visitor.withTokens(json(answer));
}

/** @param places the page's own address; where a visitor wants to go who takes another number */
export function receiptPage(
  gateway: Parts,
  { headers }: Pick<Request, 'headers'>,
  visitor: Visitor,
  receipt: PresentedReceipt | null,
  { address, returnTo }: { address: string; returnTo: string },
): Response {
  const { id, title, timeZone, languages } = visitor.room;
  const language = languageOf(headers, languages);
  const takesPlaces = visitor.board !== null && canJoin(visitor.board);
  const { opening, rest } = receiptParts({
    language,
    languages,
    room: { id, title, timeZone },
    issuer: { issuer: gateway.publicUrl, keys: pageKeys(gateway) },
    own: receipt && { visit: receipt, url: urlOf(gateway, receipt) },
    address,
    joinFor: takesPlaces ? returnTo : null,
  });
  const response = new HtmlDocument(opening, rest, {
    'Cache-Control': 'private, no-store',
    'Content-Language': language,
    'Content-Security-Policy': withFormTargets(receiptPolicy, handOffSites(visitor.room)),
    'Cross-Origin-Resource-Policy': 'same-origin',
    Vary: 'Accept, Accept-Encoding, Accept-Language, Cookie',
  }).respond(headers, 200);
  return visitor.withTokens(response);
}

/** What the code says: the address of the page that checks it, with the receipt where no server gets it. */
function urlOf({ publicUrl }: Parts, { room, token }: PresentedReceipt): string {
  return `${publicUrl}/_fairgate/rooms/${room}/receipt#${token}`;
}
