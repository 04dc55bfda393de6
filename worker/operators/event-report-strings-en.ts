// The English texts of an event report.

import type { ReportStrings, SummaryFacts } from './event-report-strings.ts';
import { formatCount } from './event-report-times.ts';

/** "45 s", "10 min", "2 h" */
function waitEnd(seconds: number): string {
  if (seconds < 90) return `${seconds} s`;
  return seconds < 7_200 ? `${seconds / 60} min` : `${seconds / 3_600} h`;
}

function summaryText(facts: SummaryFacts): string[] {
  const { opened, arrived, before, after, waitingMost, admitted, admittedMost, activeMost, waits } = facts;
  const sentences = [
    opened === null ? `From ${facts.from} to ${facts.to}.` : `“${facts.title}” opened on ${opened}.`,
    before === null || after === null
      ? `${arrived} places were given.`
      : `${arrived} places were given: ${before} before the opening, in the draw, and ${after} after it, in the order of arrival.`,
  ];
  if (waitingMost !== null) {
    sentences.push(`At most ${waitingMost.count} people waited at once, at ${waitingMost.at}.`);
  }
  if (admittedMost === null || activeMost === null) sentences.push('Nobody was admitted.');
  else {
    sentences.push(
      `${admitted} were admitted: at most ${admittedMost.count} in one minute, where ${admittedMost.limit} were allowed, and at most ${activeMost.count} people were inside at once, where ${activeMost.limit} were allowed.`,
      facts.isWithinLimits ? 'No limit was exceeded in any minute.' : 'A limit was exceeded; see below.',
    );
  }
  if (waits !== null) {
    sentences.push(
      `Half of those whose wait is known waited ${waits.half} or less, nine in ten ${waits.most} or less.`,
    );
  }
  if (facts.lapsed !== '0') sentences.push(`${facts.lapsed} who were called did not come in time.`);
  if (facts.completed !== null) sentences.push(`The site reported ${facts.completed} visits as completed.`);
  if (facts.answered !== null) {
    const stops =
      facts.stops === 0
        ? ''
        : `; admissions were stopped for its health ${facts.stops === 1 ? 'once' : `${formatCount(facts.stops)} times`}`;
    sentences.push(`The site answered ${facts.answered} of requests without an error${stops}.`);
  }
  return sentences;
}

export const eventReportEn: ReportStrings = {
  language: 'en',
  reportTitle: 'Event report',
  about: ({ room, from, to, zone, madeAt, gateway }) =>
    `Room ${room} of ${gateway}. ${from} to ${to}. Times are those of ${zone}. Made ${madeAt}.`,
  summary: 'Summary',
  summaryText,
  nothing: 'Nothing is on record of this time: no visitor came, or no gateway was running.',
  contents: {
    line: 'Arrivals and waiting',
    waits: 'Waiting times, told and real',
    limits: 'Admissions and limits',
    outcomes: 'What became of the places, and what was turned away',
    origin: 'The site’s answers',
    stock: 'What was left',
    acts: 'Who did what, and when',
    unknown: 'What this report does not know',
    numbers: 'The numbers of the charts',
  },
  tiles: {
    arrived: 'places given',
    waitingMost: 'waiting at most',
    admitted: 'admitted',
    halfWait: 'half waited no longer',
    lapsed: 'called and not come',
    over: 'admitted beyond a limit',
  },
  none: 'none',
  unknown: 'unknown',
  upTo: (wait) => `≤ ${wait}`,
  waitRange: (from, to) => (to === null ? `more than ${waitEnd(from)}` : `${waitEnd(from)} to ${waitEnd(to)}`),
  waitEnd,
  flow: {
    arrived: 'Places given',
    called: 'Called',
    admitted: 'Admitted',
    completed: 'Completed their visit, by the site’s word',
    left: 'Left by themselves',
    expired: 'Stayed until their session ended',
    revoked: 'Sent out',
    lapsed: 'Called, and did not come in time',
  },
  stillInside: 'Inside at the end',
  stillWaiting: 'Waiting at the end',
  refusals: {
    noAdmission: 'Requests without admission',
    badToken: 'Forged or foreign tokens',
    prefetch: 'Prefetches',
    tooOften: 'Too many joins of one network, or polls',
    crossSite: 'From other sites',
    exempt: 'Let through by an exemption, as the room’s settings say',
  },
  states: {
    scheduled: 'scheduled',
    prequeue: 'taking entries',
    drawing: 'drawing',
    open: 'open',
    paused: 'paused',
    soldOut: 'sold out',
    closed: 'closed',
  },
  chart: {
    arrivals: 'Arrivals',
    arrivalsCaption: (step, most, at) =>
      `Places given in each step of ${step}. The busiest minute was ${at}, with ${most}.`,
    waiting: 'People waiting',
    waitingCaption: (most, at) => `The most in each step. The peak was ${most}, at ${at}.`,
    admissions: 'Admissions a minute',
    admissionsCaption: 'The fullest minute of each step, and the limit that was in force for it.',
    inside: 'People inside at once',
    insideCaption:
      'The most in each step, and the limit in force. Above a limit that was lowered, nobody was admitted; who was inside stayed until the end of the session.',
    origin: 'The site’s answers',
    originCaption: (slow) =>
      `Requests in each step: all, those that failed, and those answered after more than ${slow}.`,
    stock: 'What was left',
    stockCaption: 'What the site said at the end of each step.',
    people: 'people',
    perMinute: 'people a minute',
    requests: 'requests',
    left: 'left',
    arrived: 'places given',
    limit: 'limit',
    answers: 'answers',
    failures: 'errors and no answer',
    asTable: 'The same as a table',
    opening: 'opening',
    step: (minutes) =>
      minutes < 60
        ? `${minutes} min`
        : minutes < 1_440
          ? `${minutes / 60} h`
          : minutes === 1_440
            ? '1 day'
            : `${minutes / 1_440} days`,
    shown: (from, to) =>
      `The charts and the table below show ${from} to ${to}; all other numbers are of the whole time.`,
  },
  limits: {
    intro:
      'The gateway keeps the two limits by refusing, not by aiming at them. The following compares, minute by minute, what was counted with the highest limit in force.',
    rateHeld: (minutes, most, limit, at) =>
      `In none of ${minutes} minutes were more people admitted than allowed. The fullest minute was ${at}: ${most} of ${limit}.`,
    rateBroken: (minutes, by) => `In ${minutes} minutes more people were admitted than allowed, by ${by} at most.`,
    peopleHeld: (most, limit, at) =>
      `At no time were more people inside than allowed. The most were ${most} of ${limit}, at ${at}.`,
    peopleBroken: (minutes, by) => `In ${minutes} minutes more people were inside than allowed, by ${by} at most.`,
    lowered: (people) =>
      `When the limit was lowered, up to ${people} more were inside than it then allowed. They had been admitted before, and nobody was admitted until there was a vacancy.`,
    noAdmission: 'Nobody was admitted.',
    overshoot: (count) => `Admitted beyond a limit: ${count}.`,
  },
  waits: {
    intro:
      'Real: from the join, or from the opening for those who were there before it, to the moment of admission. Told: the range that the page showed at the join. Both of people who were admitted, in classes: “20 s” stands for “15 to 20 s”.',
    real: 'Real wait',
    toldLow: 'Told: at least',
    toldHigh: 'Told: at most',
    known: 'People counted',
    share: (percent) => (percent === 50 ? 'half' : `${percent}%`),
    compared: ({ told, within, sooner, later }) =>
      `Of ${told} people who were told a range, ${within} were admitted within it (5 s more or less do not count), ${sooner} sooner and ${later} later.`,
    none: 'No wait is known.',
  },
  origin: {
    none: 'No request was sent to the site.',
    answers: 'Answers',
    errors: 'Of those, errors of the site (status 500 or more)',
    unreachable: 'Requests without an answer',
    latency: 'Time until the answer began',
    upToMs: (ms) => `up to ${ms} ms`,
    slower: (ms) => `more than ${ms} ms`,
    share: 'Share',
    count: 'Count',
  },
  stock: (first, last, least) => `At first ${first}, at the end ${last}, never fewer than ${least}.`,
  acts: {
    intro:
      'From the log of the room, which proves itself (npm run check-log). What machines did has the machine’s name. Changes of the state are from the counted minutes, so their time is that of the minute.',
    none: 'Nobody changed anything.',
    at: 'Time',
    who: 'Who',
    what: 'What',
    details: 'From → to',
    more: (count) => `${count} more are in the file of acts.`,
    actions: {
      setFlow: 'Line',
      setPolicy: 'Limits',
      setMessage: 'Message',
      setSchedule: 'Schedule',
      openNow: 'Opened by hand',
      recommit: 'Draw sealed again',
      close: 'Closed',
      revokeAll: 'Everyone sent out',
      endSession: 'One visitor sent out',
      givePass: 'Operator’s pass given',
      usePass: 'Operator’s pass used',
      clockLeap: 'Held: the store’s clock leapt',
      originSlowed: 'Admissions slowed for the site’s health',
      originStopped: 'Admissions stopped for the site’s health',
      originSteady: 'Admissions back to the operator’s limits',
      peopleFound: 'People at once lowered for the site’s health',
      recover: 'Recovered after the store came back older',
      gatewayStarted: 'Gateways started',
      alarmDelivered: 'Alarm sent',
      alarmNotDelivered: 'Alarm not sent',
      configure: 'Settings applied',
      seedRoom: 'Settings file applied',
      putRoom: 'Site',
      setTemplate: 'Custom waiting page',
      archiveRoom: 'Room archived',
    },
    fields: {
      newUsersPerMinute: 'people a minute',
      totalActiveUsers: 'people at once',
      sessionMs: 'session',
      sessionTotalMsMax: 'longest stay',
      claimWindowMs: 'claim window',
      sessionRenewal: 'renewal',
      flow: 'line',
      opensAt: 'opening',
      closesAt: 'closing',
      prequeueAt: 'entries from',
      epoch: 'round',
      active: 'people inside',
      position: 'position',
      closed: 'closed',
      'text.ko': 'Korean',
      'text.en': 'English',
      stage: 'site',
      'cause.kind': 'cause',
      'cause.percent': 'failed (%)',
      'cause.ms': 'response (ms)',
      'cause.usualMs': 'usual response',
      peopleFound: 'people at once',
      started: 'started',
      restarted: 'again after they had ended by themselves',
      until: 'until',
      time: 'time',
    },
    machines: {
      store: 'store',
      settings: 'settings file',
      health: 'site health',
      gateway: 'gateway',
      alarms: 'alarms',
      clock: 'room',
    },
    yes: 'yes',
    no: 'no',
    becomes: (state) => `State: ${state}`,
    flows: {
      running: 'running',
      paused: 'calling paused',
      held: 'entry held',
      steady: 'steady',
      slowed: 'slowed',
      stopped: 'stopped',
    },
  },
  unknownNotes: ({ kept, waitsKnown, admitted, upTo }) => [
    `Minutes are kept for ${kept}, and a minute in which nothing happened has no row: from the numbers alone, a room that nobody visited looks like one whose gateway was off.`,
    `Waits are known of ${waitsKnown} of ${admitted} admissions. Of people who left the line, or never came back, nothing is stored, so their wait is unknown; a place that was given may stand for nobody, because gateways lease numbers in blocks.`,
    'A place is a browser, not a person. Who a person is, the gateway does not know.',
    'Answers of the site are counted as the gateways saw them, and are lost with a gateway that fails within a second.',
    `The minute under way is left out: the report ends at ${upTo}.`,
  ],
  numbers: {
    intro: (step) => `One line for each step of ${step}. Every single minute is in the file of minutes.`,
    time: 'From',
    columns: {
      arrived: 'Places given',
      waitingMax: 'Waiting, most',
      admitted: 'Admitted',
      admittedMax: 'In the fullest minute',
      rateLimit: 'Limit a minute',
      activeMax: 'Inside, most',
      peopleLimit: 'Limit inside',
      lapsed: 'Did not come',
      completed: 'Completed',
      answers: 'Answers',
      failures: 'Failed',
      slow: 'Slow',
      stock: 'Left',
    },
  },
  csv: {
    time: (zone) => `Time (${zone})`,
    utc: 'Time (UTC)',
    epoch: 'Opening',
    state: 'State',
    levels: {
      entries: 'Entries so far',
      waiting: 'Waiting at the end',
      waitingMax: 'Waiting, most',
      active: 'Inside at the end',
      activeMax: 'Inside, most',
      newUsersPerMinute: 'Limit a minute, at the end',
      rateMax: 'Limit a minute, highest',
      totalActiveUsers: 'Limit inside, at the end',
      peopleMax: 'Limit inside, highest',
      stock: 'Left',
    },
    wait: (what, range) =>
      `${{ real: 'Real wait', toldLow: 'Told, at least', toldHigh: 'Told, at most' }[what]}: ${range}`,
    compared: { within: 'Within the told range', sooner: 'Sooner than told', later: 'Later than told' },
    latency: (range) => `Answered in ${range}`,
    record: 'Record of the log',
    role: 'Role',
    from: 'From',
    to: 'To',
  },
};
