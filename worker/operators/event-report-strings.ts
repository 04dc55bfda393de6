// The texts of an event report, in both languages.

import type { RefusalReason } from '../../queue-core/document/history-state.ts';
import type { RoomState } from '../../queue-core/policy.ts';
import type { FLOW_NAMES } from './event-report-figures.ts';
import type { ReportLanguage } from './event-report-times.ts';

type FlowName = (typeof FLOW_NAMES)[number];

/** What the summary says, as text: counts are grouped, times are in the room's zone. */
export interface SummaryFacts {
  title: string;
  /** null: the report is about a range of time. */
  opened: string | null;
  from: string;
  to: string;
  arrived: string;
  /** null: it was no opening, or it has not come. */
  before: string | null;
  after: string | null;
  waitingMost: { count: string; at: string } | null;
  admitted: string;
  admittedMost: { count: string; limit: string } | null;
  activeMost: { count: string; limit: string } | null;
  isWithinLimits: boolean;
  /** Upper ends of the classes in which half and nine tenths of the waits lie. */
  waits: { half: string; most: string } | null;
  lapsed: string;
  completed: string | null;
  /** Share of the answers without an error; null: the site was not asked. */
  answered: string | null;
  /** How often the room stopped admissions by itself. */
  stops: number;
}

export interface ReportStrings {
  language: ReportLanguage;
  reportTitle: string;
  about: (facts: { room: string; from: string; to: string; zone: string; madeAt: string; gateway: string }) => string;
  summary: string;
  summaryText: (facts: SummaryFacts) => string[];
  nothing: string;
  contents: Record<
    'line' | 'waits' | 'limits' | 'outcomes' | 'origin' | 'stock' | 'acts' | 'unknown' | 'numbers',
    string
  >;
  tiles: Record<'arrived' | 'waitingMost' | 'admitted' | 'halfWait' | 'lapsed' | 'over', string>;
  none: string;
  unknown: string;
  upTo: (wait: string) => string;
  waitRange: (from: number, to: number | null) => string;
  waitEnd: (seconds: number) => string;
  flow: Record<FlowName, string>;
  stillInside: string;
  stillWaiting: string;
  refusals: Record<RefusalReason | 'exempt', string>;
  states: Record<RoomState, string>;
  chart: {
    arrivals: string;
    arrivalsCaption: (step: string, most: string, at: string) => string;
    waiting: string;
    waitingCaption: (most: string, at: string) => string;
    admissions: string;
    admissionsCaption: string;
    inside: string;
    insideCaption: string;
    origin: string;
    originCaption: (slowSeconds: string) => string;
    stock: string;
    stockCaption: string;
    people: string;
    perMinute: string;
    requests: string;
    left: string;
    arrived: string;
    limit: string;
    answers: string;
    failures: string;
    asTable: string;
    opening: string;
    step: (minutes: number) => string;
    shown: (from: string, to: string) => string;
  };
  limits: {
    intro: string;
    rateHeld: (minutes: string, most: string, limit: string, at: string) => string;
    rateBroken: (minutes: string, by: string) => string;
    peopleHeld: (most: string, limit: string, at: string) => string;
    peopleBroken: (minutes: string, by: string) => string;
    lowered: (people: string) => string;
    noAdmission: string;
    overshoot: (count: string) => string;
  };
  waits: {
    intro: string;
    real: string;
    toldLow: string;
    toldHigh: string;
    known: string;
    share: (percent: number) => string;
    compared: (facts: { told: string; within: string; sooner: string; later: string }) => string;
    none: string;
  };
  origin: {
    none: string;
    answers: string;
    errors: string;
    unreachable: string;
    latency: string;
    upToMs: (ms: string) => string;
    slower: (ms: string) => string;
    share: string;
    count: string;
  };
  stock: (first: string, last: string, least: string) => string;
  acts: {
    intro: string;
    none: string;
    at: string;
    who: string;
    what: string;
    details: string;
    more: (count: string) => string;
    actions: Readonly<Record<string, string>>;
    fields: Readonly<Record<string, string>>;
    machines: { store: string; settings: string; health: string; gateway: string; alarms: string; clock: string };
    becomes: (state: string) => string;
    yes: string;
    no: string;
    flows: Readonly<Record<string, string>>;
  };
  unknownNotes: (facts: { kept: string; waitsKnown: string; admitted: string; upTo: string }) => string[];
  numbers: {
    intro: (step: string) => string;
    time: string;
    columns: Record<
      | 'arrived'
      | 'waitingMax'
      | 'admitted'
      | 'admittedMax'
      | 'rateLimit'
      | 'activeMax'
      | 'peopleLimit'
      | 'lapsed'
      | 'completed'
      | 'answers'
      | 'failures'
      | 'slow'
      | 'stock',
      string
    >;
  };
  csv: {
    time: (zone: string) => string;
    utc: string;
    epoch: string;
    state: string;
    levels: Record<
      | 'entries'
      | 'waiting'
      | 'waitingMax'
      | 'active'
      | 'activeMax'
      | 'newUsersPerMinute'
      | 'rateMax'
      | 'totalActiveUsers'
      | 'peopleMax'
      | 'stock',
      string
    >;
    wait: (what: 'real' | 'toldLow' | 'toldHigh', range: string) => string;
    compared: Record<'within' | 'sooner' | 'later', string>;
    latency: (range: string) => string;
    record: string;
    role: string;
    from: string;
    to: string;
  };
}
