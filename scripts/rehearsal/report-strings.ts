// The sentences and rows of both reports: the terminal and the HTML report say the same.

import type { Finding } from './auditor.ts';
import type { VisitorEnd } from './event-log.ts';
import type { AttemptRow, Figures, RequestRow } from './figures.ts';
import type { RehearsalTexts } from './rehearsal-texts-en.ts';
import { milliseconds, number, percent } from './report-format.ts';

/** The rehearsal requests the board every second; without any response for this long the gateway was down. */
const SILENT_MS = 5_000;

/** A sentence where the gateway was down for a while; null where it always responded. */
export function outage({ silentMs }: Figures, t: RehearsalTexts): string | null {
  if (silentMs < SILENT_MS) return null;
  return t.outage(t.seconds(silentMs / 1_000));
}

export function headline({ verdict, findings, ended }: Figures, t: RehearsalTexts): string {
  const count = (wanted: Finding['verdict']) => findings.filter((finding) => finding.verdict === wanted).length;
  const total = findings.length;
  const early = t.early[ended];
  switch (verdict) {
    case 'passed':
      return `${t.allPassed(total)}${early}`;
    case 'failed':
      return `${t.someFailed(count('failed'), total)}${early}`;
    case 'inconclusive':
      return `${t.someInconclusive(count('inconclusive'), total)}${early}`;
  }
}

/** What happened to attempts that were not simply refused; empty: nothing. */
export function attemptNotes({ bypassed, noResponse, admitted }: AttemptRow, t: RehearsalTexts): string[] {
  return [
    ...(bypassed > 0 ? [t.bypassed(bypassed)] : []),
    ...(noResponse > 0 ? [t.withoutResponse(noResponse)] : []),
    ...(admitted > 0 ? [t.admittedMeanwhile(admitted)] : []),
  ];
}

/** Failures of one kind of request; empty: none. */
export function requestFailures(row: RequestRow, t: RehearsalTexts): string[] {
  const counts: [number, (count: number) => string][] = [
    [row.serverErrors, t.serverErrors],
    [row.rateLimited, t.rateLimited],
    [row.unexpected, t.otherErrors],
    [row.noResponse, t.withoutResponse],
  ];
  return counts.filter(([count]) => count > 0).map(([count, text]) => text(count));
}

/** How well the load generator kept up. */
export function generatorSentence({ generator }: Figures, t: RehearsalTexts): string {
  const { usualMs, worstMs, socketMs, ...facts } = generator;
  const times = { usual: milliseconds(usualMs), worst: milliseconds(worstMs), socket: milliseconds(socketMs) };
  return t.generator({ ...facts, ...times });
}

/** Who came, what the limits were and what was measured. */
export function summary(figures: Figures, t: RehearsalTexts): { title: string; rows: [string, string][] }[] {
  const { visitors, limits, waits, order } = figures;
  const ofLimit = (pair: { most: number; limit: number } | null) => (pair === null ? '–' : t.of(pair.most, pair.limit));
  const ends = (Object.keys(t.ends) as VisitorEnd[]).flatMap((end): [string, string][] =>
    visitors.ends[end] === 0 ? [] : [[t.ends[end], number(visitors.ends[end])]],
  );
  const { timeFull } = limits;
  return [
    {
      title: t.visitors,
      rows: [
        [t.arrivedBefore, number(visitors.arrivedBefore)],
        [t.arrivedAfter, number(visitors.arrivedAfter)],
        ...ends,
        [t.lostJoining, number(visitors.lostJoining)],
        [t.lostClaiming, number(visitors.lostClaiming)],
        [t.twoTabs, number(visitors.twoTabs)],
        [t.unowned, number(visitors.unownedPlaces)],
      ],
    },
    {
      title: t.limits,
      rows: [
        [t.rateLimit(limits.isRateGiven), `${number(limits.newUsersPerMinute)}`],
        [t.tenSeconds, ofLimit(limits.tenSeconds)],
        [t.minute, ofLimit(limits.minute)],
        [
          t.mostInside,
          limits.totalActiveUsers === null
            ? t.limitUnknown(limits.mostAtOnce)
            : t.of(limits.mostAtOnce, limits.totalActiveUsers),
        ],
        [t.overshoot, number(limits.overshoot)],
        [t.rateUsed, limits.rateUsed === null ? t.nobodyWaited : percent(limits.rateUsed)],
        ...(timeFull === null ? [] : ([[t.timeFull, percent(timeFull)]] as [string, string][])),
      ],
    },
    {
      title: t.orderAndWaiting,
      rows: [
        [t.admitted, number(order.admitted)],
        [t.mostOvertaken, number(order.mostOvertakenBy)],
        [t.sawEstimate, number(waits.estimates.length)],
        ...(waits.estimates.length === 0
          ? []
          : ([
              [t.inEstimate, `${percent(waits.inRange / waits.estimates.length)}`],
              [t.sooner, number(waits.sooner)],
              [t.later, number(waits.later)],
              [t.width, waits.width.toFixed(1)],
            ] as [string, string][])),
        [
          t.callToInside,
          waits.calledToInside === null
            ? '–'
            : t.medianAndP99(t.seconds(waits.calledToInside.median), t.seconds(waits.calledToInside.p99)),
        ],
      ],
    },
  ];
}
