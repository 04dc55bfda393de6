// How often a page without a running script reloads itself. Every reload is a whole page, so it polls less often than the
// script does.

import { pollSeconds, pollSecondsBeforeOpening } from '../../queue-core/wait.ts';
import type { PageModel } from './model.ts';
import { aheadIn } from './page-text.ts';

/** Lower bound in general, and for an entry whose opening is far away. */
const REFRESH_SECONDS_MIN = 5;
const REFRESH_SECONDS_MIN_ENTERED = 20;

/** Nearer than the lower bound: a called visitor's page is about to be left. */
const REFRESH_SECONDS_CALLED = 3;

/** Without a board or a status there is no interval from the server. */
const REFRESH_SECONDS_DEFAULT = 10;

/** Seconds until the reload; null where the page cannot change by itself. */
export function refreshSeconds({ kind, status, board, admitAt, retryAt }: PageModel, now: number): number | null {
  const atLeast = (seconds: number) => Math.max(REFRESH_SECONDS_MIN, seconds);
  switch (kind) {
    case 'newcomer':
    case 'lapsed':
    case 'ended':
    case 'closed':
    case 'cookiesNeeded':
    case 'badRequest':
      return null;
    case 'scheduled':
    case 'entered': {
      if (board === null) return REFRESH_SECONDS_DEFAULT;
      const msLeft = Date.parse(board.opensAt) - now;
      const interval = Math.max(REFRESH_SECONDS_MIN_ENTERED, pollSecondsBeforeOpening(msLeft));
      // The last reload before the opening is timed to happen just after it.
      return atLeast(Math.min(interval, Math.ceil(msLeft / 1000) + 1));
    }
    case 'called':
      return admitAt === null ? REFRESH_SECONDS_CALLED : Math.max(1, Math.ceil((Date.parse(admitAt) - now) / 1000));
    case 'tooManyJoins':
      return atLeast(retryAt === null ? REFRESH_SECONDS_DEFAULT : Math.ceil((Date.parse(retryAt) - now) / 1000) + 1);
    case 'standby':
      return REFRESH_SECONDS_MIN;
    case 'waiting': {
      const ahead = aheadIn({ board, status });
      if (ahead !== null && board !== null) return atLeast(pollSeconds(ahead, board));
      return atLeast(status?.nextPollSeconds ?? REFRESH_SECONDS_DEFAULT);
    }
    default:
      return atLeast(status?.nextPollSeconds ?? REFRESH_SECONDS_DEFAULT);
  }
}
