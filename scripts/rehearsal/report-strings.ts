// The sentences and rows of both reports: the terminal and the HTML report say the same.

import type { Finding } from './auditor.ts';
import type { VisitorEnd } from './event-log.ts';
import type { AttemptRow, Figures, RequestRow } from './figures.ts';
import { number, percent, seconds } from './report-format.ts';

export const VERDICTS: Record<Finding['verdict'], string> = {
  passed: 'passed',
  failed: 'failed',
  inconclusive: 'inconclusive',
};

const ENDS: Record<VisitorEnd, string> = {
  visited: 'entered and left',
  expired: 'entered and let the session expire',
  inside: 'still inside at the end',
  waiting: 'still in line at the end',
  neverCameBack: 'never came back',
  leftLine: 'left the line',
  lapsed: 'missed the claim window although they polled as required',
  turnedAway: 'turned away: sold out or closed',
  noResponse: 'received neither a place nor a page',
  notArrived: 'had not arrived at the end',
};

/** The rehearsal requests the board every second; without any response for this long the gateway was down. */
const SILENT_MS = 5_000;

/** A sentence where the gateway was down for a while; null where it always responded. */
export function outage({ silentMs }: Figures): string | null {
  if (silentMs < SILENT_MS) return null;
  return `The gateway did not respond to any request for ${seconds(silentMs / 1_000)}: it was down or could not be reached.`;
}

export function headline({ verdict, findings, ended }: Figures): string {
  const count = (wanted: Finding['verdict']) => findings.filter((finding) => finding.verdict === wanted).length;
  const total = findings.length;
  const early = {
    complete: '',
    timeLimit: ' The rehearsal reached its time limit.',
    interrupted: ' The rehearsal was interrupted.',
  }[ended];
  switch (verdict) {
    case 'passed':
      return `All ${total} checks passed.${early}`;
    case 'failed':
      return `${count('failed')} of ${total} checks failed.${early}`;
    case 'inconclusive':
      return `No check failed; ${count('inconclusive')} of ${total} were inconclusive.${early}`;
  }
}

/** What happened to attempts that were not simply refused; empty: nothing. */
export function attemptNotes({ bypassed, noResponse, admitted }: AttemptRow): string[] {
  return [
    ...(bypassed > 0 ? [`${number(bypassed)} BYPASSED THE LINE`] : []),
    ...(noResponse > 0 ? [`${number(noResponse)} without a response`] : []),
    ...(admitted > 0 ? [`${number(admitted)} more were called in the meantime and admitted`] : []),
  ];
}

/** Failures of one kind of request; empty: none. */
export function requestFailures({ serverErrors, rateLimited, unexpected, noResponse }: RequestRow): string[] {
  const counts: [number, string][] = [
    [serverErrors, 'server errors (5xx)'],
    [rateLimited, 'rate limited (429)'],
    [unexpected, 'other errors'],
    [noResponse, 'without a response'],
  ];
  return counts.filter(([count]) => count > 0).map(([count, name]) => `${number(count)} ${name}`);
}

/** Who came, what the limits were and what was measured. */
export function summary(figures: Figures): { title: string; rows: [string, string][] }[] {
  const { visitors, limits, waits, order } = figures;
  const ofLimit = (pair: { most: number; limit: number } | null) =>
    pair === null ? '–' : `${number(pair.most)} of ${number(pair.limit)}`;
  const ends = (Object.keys(ENDS) as VisitorEnd[]).flatMap((end): [string, string][] =>
    visitors.ends[end] === 0 ? [] : [[ENDS[end], number(visitors.ends[end])]],
  );
  const { timeFull } = limits;
  return [
    {
      title: 'Visitors',
      rows: [
        ['arrived before the opening', number(visitors.arrivedBefore)],
        ['arrived after it', number(visitors.arrivedAfter)],
        ...ends,
        ['lost the network while joining', number(visitors.lostJoining)],
        ['lost the network while claiming', number(visitors.lostClaiming)],
        ['used two tabs', number(visitors.twoTabs)],
        ['places that no simulated visitor has', number(visitors.unownedPlaces)],
      ],
    },
    {
      title: 'Limits',
      rows: [
        [
          `admissions per minute, limit${limits.isRateGiven ? '' : ' from the board'}`,
          `${number(limits.newUsersPerMinute)}`,
        ],
        ['most admissions in any 10 s', ofLimit(limits.tenSeconds)],
        ['most admissions in any 60 s', ofLimit(limits.minute)],
        [
          'most visitors inside at once',
          limits.totalActiveUsers === null
            ? `${number(limits.mostAtOnce)} (limit unknown)`
            : `${number(limits.mostAtOnce)} of ${number(limits.totalActiveUsers)}`,
        ],
        ['overshoot of any limit', number(limits.overshoot)],
        [
          'use of the rate while visitors waited',
          limits.rateUsed === null ? 'no visitor waited' : percent(limits.rateUsed),
        ],
        ...(timeFull === null
          ? []
          : ([['of that time, capacity at least 95 % occupied', percent(timeFull)]] as [string, string][])),
      ],
    },
    {
      title: 'Order and waiting',
      rows: [
        ['admitted', number(order.admitted)],
        ['most overtaken by later positions', number(order.mostOvertakenBy)],
        ['saw an estimated waiting time', number(waits.estimates.length)],
        ...(waits.estimates.length === 0
          ? []
          : ([
              ['called within the estimate', `${percent(waits.inRange / waits.estimates.length)}`],
              ['called sooner', number(waits.sooner)],
              ['called later', number(waits.later)],
              ['upper bound ÷ lower bound of the estimate, median', waits.width.toFixed(1)],
            ] as [string, string][])),
        [
          'from the call to being inside',
          waits.calledToInside === null
            ? '–'
            : `median ${seconds(waits.calledToInside.median)}, p99 ${seconds(waits.calledToInside.p99)}`,
        ],
      ],
    },
  ];
}
