// How numbers and moments are written in both reports: the same words on the terminal and on the page.

import type { VisitorEnd } from './event-log.ts';
import type { Figures } from './figures.ts';

export const VERDICTS = { kept: 'kept', broken: 'broken', unproven: 'not proven' } as const;

export const ENDS: Record<VisitorEnd, string> = {
  visited: 'entered, and left when done',
  ranOut: 'entered, and let the session run out',
  inside: 'still inside at the end',
  waiting: 'still in line at the end',
  neverCameBack: 'never came back',
  leftLine: 'left the line',
  lapsed: 'came back too late, though they polled as told',
  turnedAway: 'turned away: sold out or closed',
  unanswered: 'never got a place or a page',
  notArrived: 'had not come yet at the end',
};

export function number(value: number): string {
  return value.toLocaleString('en-US');
}

/** Longer than the player's own rhythm of asking: the gateway was away. */
const SILENT_MS = 5_000;

/** A sentence where the gateway was away; null where it always answered. */
export function silence({ silentMs }: Figures): string | null {
  if (silentMs < SILENT_MS) return null;
  return `For ${seconds(silentMs / 1_000)} the gateway answered nothing at all: it was away, or could not be reached.`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

export function milliseconds(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

export function seconds(value: number): string {
  return value < 120 ? `${value.toFixed(1)} s` : `${(value / 60).toFixed(1)} min`;
}

/** Local time of the machine that prints: the people who read it look at the same clock. */
export function time(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB');
}

export function headline({ verdict, findings, ended }: Figures): string {
  const broken = findings.filter((finding) => finding.verdict === 'broken').length;
  const unproven = findings.filter((finding) => finding.verdict === 'unproven').length;
  const all = findings.length;
  const early = { complete: '', timeBound: ' The rehearsal ran out of time.', interrupted: ' It was ended early.' }[
    ended
  ];
  switch (verdict) {
    case 'kept':
      return `All ${all} laws were kept.${early}`;
    case 'broken':
      return `${broken} of ${all} laws ${broken === 1 ? 'was' : 'were'} broken.${early}`;
    case 'unproven':
      return `Nothing was broken; ${unproven} of ${all} laws could not be proven.${early}`;
  }
}

/** The rows that say who came, what was promised and what was measured, for both reports. */
export function summary(figures: Figures): { title: string; rows: [string, string][] }[] {
  const { people, limits, waits, order } = figures;
  const against = (pair: { most: number; limit: number } | null) =>
    pair === null ? '–' : `${number(pair.most)} of ${number(pair.limit)}`;
  const ends = (Object.keys(ENDS) as VisitorEnd[]).flatMap((end): [string, string][] =>
    people.ends[end] === 0 ? [] : [[ENDS[end], number(people.ends[end])]],
  );
  const full = limits.placesFull;
  return [
    {
      title: 'People',
      rows: [
        ['arrived before the opening', number(people.arrivedBefore)],
        ['arrived after it', number(people.arrivedAfter)],
        ...ends,
        ['lost the network while joining', number(people.lostJoining)],
        ['lost the network while claiming', number(people.lostClaiming)],
        ['came in two tabs', number(people.twoTabs)],
        ['places given that none of them holds', number(people.placesNobodyHolds)],
      ],
    },
    {
      title: 'Limits',
      rows: [
        [
          `admissions a minute allowed${limits.toldRate ? '' : ', by the board'}`,
          `${number(limits.newUsersPerMinute)}`,
        ],
        ['most admissions in any 10 s', against(limits.tenSeconds)],
        ['most admissions in any minute', against(limits.minute)],
        [
          'most people inside at once',
          limits.totalActiveUsers === null
            ? `${number(limits.mostAtOnce)} (limit not told)`
            : `${number(limits.mostAtOnce)} of ${number(limits.totalActiveUsers)}`,
        ],
        ['overshoot of any limit', number(limits.overshoot)],
        ['use of the rate while people waited', limits.rateUsed === null ? 'nobody waited' : percent(limits.rateUsed)],
        ...(full === null
          ? []
          : ([['of that time, at least 95 % of the places taken', percent(full)]] as [string, string][])),
      ],
    },
    {
      title: 'Order and waiting',
      rows: [
        ['admitted', number(order.admitted)],
        ['most overtaken by later numbers', number(order.mostOvertakenBy)],
        ['told a waiting time', number(waits.promised.length)],
        ...(waits.promised.length === 0
          ? []
          : ([
              ['called within the range told', `${percent(waits.inRange / waits.promised.length)}`],
              ['called sooner than told', number(waits.sooner)],
              ['called later than told', number(waits.later)],
              ['longest time told ÷ shortest, median', `${waits.width.toFixed(1)} times`],
            ] as [string, string][])),
        [
          'from the call to being inside',
          waits.calledToInside === null
            ? '–'
            : `median ${seconds(waits.calledToInside.median)}, 99 % within ${seconds(waits.calledToInside.high)}`,
        ],
      ],
    },
  ];
}
