// A view of a stored room: its document, and the endings that the gateway has not seen yet.

import { type RoomView, viewOf } from '../../queue-core/board.ts';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import type { Ending } from '../../queue-core/document/session-record.ts';
import { ENDINGS_PER_VIEW_MAX, ROWS_PER_PAGE_MAX } from '../../queue-core/limits.ts';
import type { Page } from '../../queue-core/machine.ts';
import { decodeRow } from '../../queue-core/stored-format.ts';

/**
 * Reads endings page by page; in most seconds there is none, and nothing is read.
 * @param rows the stored endings of a page
 * @throws CoreError where an ending cannot be read
 */
export async function readView(
  document: RoomDocument,
  endingsAfter: number,
  rows: (page: Page) => readonly string[] | Promise<readonly string[]>,
): Promise<RoomView> {
  const { at } = document;
  const last = document.endings.seq;
  const endings: Ending[] = [];
  for (let after = endingsAfter; after < last && endings.length < ENDINGS_PER_VIEW_MAX; ) {
    const page = (await rows({ after, limit: ROWS_PER_PAGE_MAX })).map((row) => decodeRow('ending', row));
    // Another commit may have added endings that the document does not know.
    endings.push(...page.filter(({ seq, until }) => seq <= last && until > at));
    if (page.length < ROWS_PER_PAGE_MAX) break;
    after = page.at(-1)?.seq ?? last;
  }
  return viewOf(document, endings.slice(0, ENDINGS_PER_VIEW_MAX), at);
}
