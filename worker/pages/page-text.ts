// Texts of a page that depend on its model: heading, window title, screen reader announcements, notices, times. Pure; the
// wording itself is in the strings of each language.

import { aheadOf, waitSeconds } from '../../queue-core/wait.ts';
import type { Notice, PageKind, PageModel } from './model.ts';
import type { HeadingKey, PageFacts, Strings } from './strings.ts';
import type { TimeFormat } from './time-format.ts';
import { waitRange } from './wait-range.ts';

/** Numbers older than this are shown with their age. */
const AGE_SHOWN_MS = 60_000;

const numbers = new Intl.NumberFormat('en');

/** 1,200 in both languages. */
export function grouped(count: number): string {
  return numbers.format(count);
}

/** What the page came with for its kind, if that is still its kind. */
export function servedText({ kind, served }: PageModel): PageModel['served'] {
  return served?.kind === kind ? served : null;
}

/** Where the page has come with its text, this has none. */
export function headingKey({ kind, status, board }: PageModel): HeadingKey {
  if (kind === 'closed' && board?.moved) return 'cancelled';
  return kind === 'ended' && status?.state === 'none' ? 'gaveUp' : (kind as HeadingKey);
}

export function headingText(model: PageModel, strings: Strings): string {
  return servedText(model)?.title ?? strings.heading[headingKey(model)];
}

/** The visitor is admitted, and the site is not there for them. */
export function isOriginAway(kind: PageKind): boolean {
  return kind === 'originUnreachable' || kind === 'originError';
}

/** The window title: the number ahead while waiting, else the heading. */
export function titleText(model: PageModel, strings: Strings): string {
  const ahead = model.kind === 'waiting' ? aheadIn(model) : null;
  const title = ahead === null ? headingText(model, strings) : strings.aheadTitle(grouped(ahead));
  return model.room === null ? title : `${title} · ${model.room.title[strings.language]}`;
}

/** What a screen reader announces. */
export function spokenText(model: PageModel, strings: Strings): string {
  const heading = headingText(model, strings);
  const ahead = model.kind === 'waiting' ? aheadIn(model) : null;
  if (ahead === null) return heading;
  const wait = estimatedWait(model, strings);
  return `${heading}. ${strings.ahead}: ${strings.people(grouped(ahead))}. ${strings.estimate}: ${wait}.`;
}

/** null where the page itself already says that a server does not respond. */
export function noticeText({ kind, status }: PageModel, strings: Strings, notice: Notice): string | null {
  if (notice === 'unanswered' && (kind === 'storeUnreachable' || isOriginAway(kind))) return null;
  const over = kind === 'lapsed' || kind === 'ended' || kind === 'closed';
  const hasPlace = !over && (status?.position ?? status?.entry ?? null) !== null;
  return hasPlace ? `${strings[notice]} ${strings.placeKept}` : strings[notice];
}

export function aheadIn({ status, board }: Pick<PageModel, 'status' | 'board'>): number | null {
  if (status?.position != null && board !== null) return aheadOf(status.position, board.called);
  return status?.ahead ?? null;
}

export function estimatedWait(model: PageModel, strings: Strings): string {
  const ahead = aheadIn(model);
  const seconds = ahead === null || model.board === null ? null : waitSeconds(ahead, model.board.pace);
  const range = seconds && waitRange(seconds);
  return range === null ? strings.waitUnknown : strings.wait(range);
}

/** "As of 20:03:12 (3 min ago)" for a time in RFC 3339. */
export function asOfText(asOf: string, now: number, strings: Strings, time: TimeFormat): string {
  const ageMs = now - Date.parse(asOf);
  return strings.asOf(time.second(Date.parse(asOf)), ageMs < AGE_SHOWN_MS ? null : grouped(Math.floor(ageMs / 60_000)));
}

export function pageFacts({ board, status, admitAt }: PageModel, time: TimeFormat, now: number): PageFacts {
  const moment = (at: string | null | undefined) => (at == null ? null : time.moment(Date.parse(at), now));
  return {
    opens: moment(board?.opensAt),
    entries: moment(board?.entriesAt),
    closes: moment(board?.closesAt),
    was: moment(board?.moved?.was),
    siteDown: board?.pausedBy === 'origin',
    claimBy: moment(status?.claimBy),
    admit: moment(admitAt),
  };
}
