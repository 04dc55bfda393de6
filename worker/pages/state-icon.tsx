// The icon of each page: one outline on a 24 by 24 grid. States differ by shape, so that colour never carries meaning alone.

import type { PageKind } from './model.ts';

const WARNING = 'M12 4l9 16H3zM12 10v4M12 17h.01';

const CLOCK = 'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 7v5l3 3';

const TICKET = 'M3 7h18v3.5a1.5 1.5 0 0 0 0 3V17H3v-3.5a1.5 1.5 0 0 0 0-3zM14 7v10';

const OUTLINES: Record<PageKind, string> = {
  newcomer: TICKET,
  scheduled: CLOCK,
  entered: 'M4 4h16v16H4zM8 12l3 3l5-6',
  drawing: 'M3 7h4l10 10h4M3 17h4L17 7h4M18 4l3 3l-3 3',
  waiting: TICKET,
  called: 'M13 4h6v16h-6M4 12h10M10 8l4 4l-4 4',
  standby: 'M6 6l6 6l-6 6M13 6l6 6l-6 6',
  paused: 'M9 5v14M15 5v14',
  soldOut: 'M4 7h16v12H4zM9 12h6',
  closed: 'M6 11h12v9H6zM9 11V5h6v6',
  lapsed: 'M6 4h12L6 20h12z',
  ended: 'M5 12l5 5L19 7',
  tooManyJoins: CLOCK,
  cookiesNeeded: WARNING,
  storeUnreachable: WARNING,
  originUnreachable: WARNING,
  originError: WARNING,
  badRequest: WARNING,
};

export function StateIcon({ kind }: { kind: PageKind }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={OUTLINES[kind]} />
    </svg>
  );
}
