// What a rehearsal's reports say in English, besides what the auditor found.

import { CHECKS, type Finding } from './auditor.ts';
import { auditTextsEn } from './auditor-texts-en.ts';
import { ATTEMPTS, REQUESTS, type VisitorEnd } from './event-log.ts';
import type { Mix } from './plan.ts';
import { ENGLISH } from './plots.ts';
import { number, percent, seconds } from './report-format.ts';

const verdicts: Record<Finding['verdict'], string> = {
  passed: 'passed',
  failed: 'failed',
  inconclusive: 'inconclusive',
};

const ends: Record<VisitorEnd, string> = {
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

const early = {
  complete: '',
  timeLimit: ' The rehearsal reached its time limit.',
  interrupted: ' The rehearsal was interrupted.',
};

export const rehearsalTextsEn = {
  description: (mix: Mix) =>
    [
      `Seed ${mix.seed}. ${number(mix.visitors)} visitors arrive over ${seconds(mix.overMs / 1000)}, ${percent(mix.before)} of them before the opening.`,
      `Of all visitors, ${percent(mix.noShow)} never come back, ${percent(mix.leaveLine)} leave the line, ${percent(mix.losses)} lose the network` +
        ` while joining and as many while claiming, ${percent(mix.doubleTabs)} use two tabs, ${percent(mix.deepLinks)} arrive at the deep link,` +
        ` ${percent(mix.attempts)} try to bypass the line.`,
      `Visitors stay inside for ${seconds(mix.stayMs / 1000)} on average; ${percent(mix.runOut)} of them let the session expire.`,
    ].join('\n'),
  language: 'en' as 'en' | 'ko',
  audit: auditTextsEn,
  checks: CHECKS as Record<keyof typeof CHECKS, string>,
  attempts: ATTEMPTS as Record<keyof typeof ATTEMPTS, string>,
  requests: REQUESTS as Record<keyof typeof REQUESTS, string>,
  verdicts,
  ends,
  early,
  seconds,
  outage: (silent: string) =>
    `The gateway did not respond to any request for ${silent}: it was down or could not be reached.`,
  allPassed: (total: number) => `All ${total} checks passed.`,
  someFailed: (failed: number, total: number) => `${failed} of ${total} checks failed.`,
  someInconclusive: (count: number, total: number) => `No check failed; ${count} of ${total} were inconclusive.`,
  bypassed: (count: number) => `${number(count)} BYPASSED THE LINE`,
  withoutResponse: (count: number) => `${number(count)} without a response`,
  admittedMeanwhile: (count: number) => `${number(count)} more were called in the meantime and admitted`,
  serverErrors: (count: number) => `${number(count)} server errors (5xx)`,
  rateLimited: (count: number) => `${number(count)} rate limited (429)`,
  otherErrors: (count: number) => `${number(count)} other errors`,
  of: (part: number, whole: number) => `${number(part)} of ${number(whole)}`,
  first: 'First',
  why: 'Why',
  noFailures: 'none',
  visitors: 'Visitors',
  arrivedBefore: 'arrived before the opening',
  arrivedAfter: 'arrived after it',
  lostJoining: 'lost the network while joining',
  lostClaiming: 'lost the network while claiming',
  twoTabs: 'used two tabs',
  unowned: 'places that no simulated visitor has',
  limits: 'Limits',
  rateLimit: (isGiven: boolean) => `admissions per minute, limit${isGiven ? '' : ' from the board'}`,
  tenSeconds: 'most admissions in any 10 s',
  minute: 'most admissions in any 60 s',
  mostInside: 'most visitors inside at once',
  limitUnknown: (count: number) => `${number(count)} (limit unknown)`,
  overshoot: 'overshoot of any limit',
  rateUsed: 'use of the rate while visitors waited',
  nobodyWaited: 'no visitor waited',
  timeFull: 'of that time, capacity at least 95 % occupied',
  orderAndWaiting: 'Order and waiting',
  admitted: 'admitted',
  mostOvertaken: 'most overtaken by later positions',
  sawEstimate: 'saw an estimated waiting time',
  inEstimate: 'called within the estimate',
  sooner: 'called sooner',
  later: 'called later',
  width: 'upper bound ÷ lower bound of the estimate, median',
  callToInside: 'from the call to being inside',
  medianAndP99: (median: string, p99: string) => `median ${median}, p99 ${p99}`,
  generator: (facts: { isOnTime: boolean; usual: string; worst: string; socket: string; connections: number }) => {
    const figures =
      `99 % of its actions were at most ${facts.usual} late, the latest ${facts.worst}; ` +
      `99 % of its requests waited at most ${facts.socket} for one of its ${facts.connections} connections`;
    return facts.isOnTime
      ? `The load generator was on time: ${figures}.`
      : `The load generator fell behind: ${figures}. Waiting and response times here include that delay; simulate fewer ` +
          'visitors, or run the rehearsal on another machine.';
  },
  title: (room: string) => `Rehearsal of the room “${room}”`,
  subtitle: (address: string, date: string, opening: string) => `${address}, ${date}, opening at ${opening}`,
  checksTitle: 'Checks',
  timeline: 'Timeline',
  timelineNote: (fromOpening: boolean) =>
    `All charts share one time axis, in minutes and seconds from ${fromOpening ? 'the opening (vertical line)' : 'the first arrival'}.`,
  estimatesTitle: 'Estimated and actual waiting times',
  numbers: 'Numbers',
  attemptsTitle: 'Bypass attempts',
  attemptsTerminal: 'Bypass attempts, refused of tried',
  responses: 'Responses',
  scenario: 'Scenario',
  again: 'To simulate the same visitors again:',
  enteredOf: (visitors: number) => `entered, of ${number(visitors)} visitors`,
  minuteOf: (limit: number) => `most admissions in 60 s, of ${number(limit)} allowed`,
  insideOf: (limit: number | null) =>
    `most inside at once, ${limit === null ? 'limit unknown' : `of ${number(limit)} allowed`}`,
  rateUsedTile: 'of the rate used while visitors waited',
  nobodyCalled: 'no visitor was called',
  callToInsideTile: (p99: string) => `from the call to being inside, median; p99 ${p99}`,
  peak: (count: number, at: string) => `${number(count)} at ${at}`,
  from: 'from',
  arrivalsPlot: 'Arrivals and admissions',
  perSeconds: (length: number) => `visitors per ${length} s`,
  arrivalsCaption: (arrivals: string, admissions: string) =>
    `Most arrivals ${arrivals}; most admissions ${admissions}.`,
  arrivals: 'arrivals',
  admissions: 'admissions',
  limit: 'limit',
  waitingPlot: 'Waiting',
  visitorsUnit: 'visitors',
  waitingCaption: (most: string) =>
    `Most visitors waiting ${most}. Positions not yet called include those of visitors who do not come back.`,
  waiting: 'visitors waiting',
  uncalled: 'positions not yet called, by the board',
  waitingAtEnd: 'waiting at the end',
  insidePlot: 'Inside',
  insideCaption: (most: number, limit: number | null) =>
    `Most visitors inside at once ${number(most)}${limit === null ? '; the limit is unknown' : ` of ${number(limit)} allowed`}. A session begins a few seconds before its visitor is inside.`,
  inside: 'inside',
  sessions: 'sessions, by the board',
  insideAtEnd: 'inside at the end',
  responsePlot: 'Response times',
  responseUnit: 'milliseconds, all kinds of request',
  median: 'median',
  at: 'at',
  noResponses: 'There was no response.',
  slowest: (p99: string) => `In the slowest five seconds, p99 was ${p99}.`,
  noEstimates: 'No visitor saw an estimated waiting time.',
  moreThan: (wait: string) => `more than ${wait}`,
  upTo: (wait: string) => `up to ${wait}`,
  estimatesPlot: 'Estimated and actual wait',
  estimatesUnit: 'time until the call, logarithmic',
  estimatesCaption: (facts: {
    share: number;
    all: number;
    tolerance: number;
    sooner: number;
    later: number;
    width: string;
  }) =>
    `${percent(facts.share)} of ${number(facts.all)} visitors were called within their first ` +
    `estimate, ±${facts.tolerance} s; ${number(facts.sooner)} sooner, ${number(facts.later)} later. ` +
    `The upper bound of an estimate was ${facts.width} times its lower bound (median).`,
  actualWait: 'actual wait',
  estimateAxis: 'estimate, from lower to upper bound',
  estimateHead: ['upper bound', 'visitors', 'called within', 'actual, median'],
  attemptsHead: ['attempt', 'tried', 'refused'],
  requestsHead: ['request', 'responses', 'median', 'p99'],
  noAttempts: 'No attempt was made.',
  plots: ENGLISH,
};

export type RehearsalTexts = typeof rehearsalTextsEn;
