// English, for somebody who reads it at night with a telephone at the ear: what is, then what to do.

import type { Alarm, Role } from '../worker/contract/operator-api.ts';
import { type OperatorProblem, type Problem, problemKind } from '../worker/contract/problem-schema.ts';
import type { Deed, Flow, Phase } from './actions.ts';
import type { Figures, Language, WaitSpan } from './number-format.ts';

type State = 'scheduled' | 'prequeue' | 'drawing' | 'open' | 'paused' | 'soldOut' | 'closed';

const roles: Record<Role, string> = { viewer: 'viewer', operator: 'operator', owner: 'owner' };

const flows: Record<Flow, string> = { running: 'moving', paused: 'paused', held: 'held' };

const states: Record<State, string> = {
  scheduled: 'Scheduled',
  prequeue: 'Taking entries',
  drawing: 'Drawing',
  open: 'Open',
  paused: 'Paused',
  soldOut: 'Sold out',
  closed: 'Closed',
};

const problems: Record<OperatorProblem, string> = {
  'operator-key': 'You are not signed in. Sign in with your key again.',
  'wrong-key': 'This key is not known. Check it for a missing letter at either end.',
  'too-many-requests': 'Not done: it was asked too often. Press again in a moment.',
  'role-too-small': 'Your role does not allow this. Ask somebody whose role does.',
  'cross-site-request':
    'Not done: it cannot be told that this page asked. Check the address above and load the page again.',
  'if-match-needed': 'Not done: it was not said which state it was decided on. Load the page again.',
  'changed-meanwhile': 'Not done: somebody changed it first. Look at what it is now and decide again.',
  'bad-body': 'Not done: the gateway cannot read what was sent. Load the page again.',
  'body-too-large': 'Not taken: it is too large. A waiting page may have 1 MiB.',
  'headers-too-large': 'Not taken: the cookies are too large. Clear those of this address and sign in again.',
  'bad-input': 'Not saved. Something in it is not right; the reason stands beside each field.',
  'not-found': 'It is not there, or not any more. Choose again from the list.',
  'already-open': 'It is open already. To open anew, close it first.',
  'already-closed': 'It is closed already. Set a new time, or open it anew.',
  'not-closed': 'Not archived: it is not closed. Close it first.',
  'session-unknown': 'Nobody is inside with that position. Check the number; the visit may be over.',
  'room-exists': 'There is a room with this id. Choose another; an archived room keeps its own.',
  'room-archived': 'The room is archived. Its log and history stay readable.',
  'rooms-full': 'No further room can be made; archived ones count too. Set up another gateway.',
  'keys-full': 'No further key can be made. Remove one first.',
  'owners-key': 'This is the owner’s key of the settings. Change OPERATOR_KEY there.',
  'log-full':
    'Not done: the log is full, and nothing is done that cannot be recorded. Export it and go on in a new room.',
  'store-unreachable': 'The store does not answer. Nothing was done; press again in a few seconds.',
  'change-unconfirmed':
    'The store did not answer in time. It may have been done: look at the room, and press again if not.',
  'not-configured': 'The gateway is not set up. Its log says what is missing.',
  unexpected: 'Something went wrong in the gateway. It may have been done: look at the room, and press again if not.',
};

const fields: Record<string, string> = {
  room: 'Room',
  id: 'Id',
  title: 'Title',
  'title.ko': 'Title in Korean',
  'title.en': 'Title in English',
  'text.ko': 'In Korean',
  'text.en': 'In English',
  text: 'Message',
  hosts: 'Hosts',
  paths: 'Protected paths',
  exempt: 'Exempt paths',
  origin: 'Site behind the line',
  audience: 'Audience',
  timeZone: 'Time zone',
  outside: 'Other paths',
  languages: 'Languages',
  expectedVisitors: 'Visitors expected',
  newUsersPerMinute: 'People a minute',
  totalActiveUsers: 'People at once',
  sessionMinutes: 'Session',
  sessionMs: 'Session',
  sessionRenewal: 'Renewal',
  claimWindowMinutes: 'Claim window',
  claimWindowMs: 'Claim window',
  queueingStatusCode: 'Status code',
  prequeueAt: 'Entries from',
  opensAt: 'Opening',
  closesAt: 'Closing',
  epoch: 'Opening number',
  beacon: 'Public randomness',
  'beacon.round': 'Round of the public randomness',
  flow: 'State',
  closed: 'Closed',
  active: 'People inside',
  position: 'Position',
  sid: 'Session',
  until: 'Until',
  template: 'Own waiting page',
  archived: 'Archived',
  name: 'Name',
  role: 'Role',
  times: 'Times',
  entries: 'Entries given',
  issued: 'Positions given',
  silent: 'Gateways not heard of',
};

export const en = {
  language: 'en' as Language,
  product: 'Fairgate',
  loading: 'Reading the room …',
  nothing: 'none',
  yes: 'yes',
  no: 'no',
  cancel: 'Cancel',
  close: 'Close',
  save: 'Save',
  remove: 'Remove',
  retry: 'Try again',
  copy: 'Copy',
  copied: 'Copied',
  states,
  stateOf: (state: State, flow: Flow) => (state === 'paused' && flow === 'held' ? 'Held' : states[state]),
  stateNotes: {
    scheduled: 'Nobody gets an entry yet.',
    prequeue: 'Everybody who comes now takes part in the draw.',
    drawing: 'The order is being drawn. Nobody is called.',
    open: 'The line moves.',
    paused: 'Nobody further is called. Those already called may enter.',
    held: 'Nobody is called and nobody enters. Those inside go on.',
    soldOut: 'The site reports that nothing is left. Nobody is called.',
    closed: 'Nobody enters any more.',
  },
  stateUnknown: 'Not known',
  roles,

  signIn: {
    title: 'Operators’ console',
    lead: 'Sign in with your key. It is exchanged for a session at once and kept nowhere in this browser.',
    key: 'Key',
    show: 'Show key',
    hide: 'Hide key',
    submit: 'Sign in',
    sending: 'Signing in …',
    wrong: 'This key is not known. Check it for a missing letter at either end.',
    wait: (seconds: number) =>
      `The next try is taken in ${seconds} s. Each wrong key doubles the wait, so that nobody can guess one.`,
    unreachable: 'The gateway does not answer. Nothing is wrong with your key; try again in a moment.',
    again: 'Your session has ended',
    againLead: 'Sign in again to go on. Everything you typed is still there.',
    out: 'Sign out',
    until: (time: string) => `Signed in until ${time}`,
    stillIn: (why: string) => `You are still signed in: ${why}.`,
    asking: 'Asking the gateway …',
  },

  menu: {
    rooms: 'Rooms',
    allRooms: 'All rooms',
    now: 'Now',
    log: 'Log',
    settings: 'Settings',
    preview: 'Visitors’ pages',
    keys: 'Keys',
    directoryLog: 'Log of rooms and keys',
    you: 'Your menu',
    help: 'Keys and help',
    theme: 'Light screen',
    sound: 'Sound with new alarms',
    shortcuts: 'Single-key shortcuts',
    other: '한국어',
    otherLanguage: 'ko' as Language,
    skip: 'Skip to the room',
    serverTime: 'Gateway’s time',
  },

  forbidden: (role: Role) => `Your key is a ${roles[role]}’s. Ask somebody whose role allows this.`,
  contact: {
    lost: 'No connection to the gateway',
    store: 'The store does not answer',
    shownFrom: (time: string) => `What you see is from ${time}.`,
    retrying: 'Trying again by itself.',
    stale: (seconds: number) => `Numbers are ${seconds} s old`,
    missing: 'There is no such room',
    outdated: 'The gateway was updated. Load this page again.',
    reload: 'Load again',
  },
  unanswered: 'No answer came. It may have been done or not; the room above shows which.',
  unreadable: 'The gateway answered in a form that this page does not know. Load the page again.',
  problem(problem: Problem): string {
    const kind = problemKind(problem);
    return kind === null ? `${problem.title}. ${problem.detail}` : problems[kind];
  },

  rooms: {
    title: 'Rooms',
    empty: 'There are no rooms yet',
    emptyOwner: 'Make the first one: which site it protects, how fast its line moves and when it opens.',
    emptyOther: 'An owner can make one. It then appears here by itself.',
    make: 'New room',
    waiting: 'waiting',
    active: 'inside',
    opensAt: 'Opening',
    archivedAt: (time: string) => `Archived ${time}`,
    unknown: 'The store of this room does not answer',
  },

  clock: {
    until: 'Until the opening',
    since: 'Since the opening',
    closed: 'Opened',
    opening: (time: string) => `Opening ${time}`,
    closing: (time: string) => `closes ${time}`,
    entries: (time: string) => `entries from ${time}`,
    days: (days: number) => `${days} d`,
  },
  force: {
    since: (time: string, gateways: number) =>
      gateways > 1 ? `In force everywhere since ${time} (${gateways} gateways)` : `In force everywhere since ${time}`,
    spreading: 'Being spread to all gateways',
    by: (time: string) => `Being spread; on all gateways by ${time}`,
    changed: (time: string) => `Last change ${time}`,
  },

  numbers: {
    waiting: 'Waiting',
    entered: 'In the draw',
    admitted: 'Admitted a minute',
    inside: 'Inside',
    arrived: 'Arrived',
    ofLimit: (limit: string) => `of ${limit}`,
    waitUnknown: 'how long a newcomer waits is not known yet',
    waitNow: (wait: string) => `whoever comes now: ${wait}`,
    called: (count: string) => `called ${count} a minute`,
    outstanding: (count: string) => `${count} called and still to come`,
    standby: (count: string) => `${count} called, waiting for a place`,
    show: (share: string) => `${share} of those called come`,
    expected: (count: string) => `of ${count} expected`,
    perMinute: (count: string) => `${count} a minute now`,
    places: (count: string) => `${count} places free`,
    overLimit: (count: string) => `${count} above the limit; they go on to the end of their sessions`,
    unknown: 'not known yet',
    trend: (text: string) => `Last 15 minutes: ${text}`,
    fromTo: (from: string, to: string) => `from ${from} to ${to}`,
    stock: (count: string, time: string) => `${count} left, read at ${time}`,
  },
  wait(span: WaitSpan): string {
    switch (span.kind) {
      case 'unknown':
        return 'not known yet';
      case 'none':
        return 'no wait';
      case 'minutes':
        if (span.low === 0) return `under ${span.high} min`;
        return span.low === span.high ? `${span.low} min` : `${span.low} to ${span.high} min`;
      case 'hours':
        return span.low === span.high ? `${span.low} h` : `${span.low} to ${span.high} h`;
    }
  },

  flow: {
    title: 'The line',
    pause: 'Pause',
    pauseNote: 'Nobody further is called; those called may enter.',
    hold: 'Hold',
    holdNote: 'Nobody is called, nobody enters.',
    resume: 'Move on',
    resumeNote: 'The line moves again.',
    running: 'Moving',
    runningNote: 'The line moves.',
    freeNote: 'Nobody stops the line.',
    before: 'Before the opening this decides how the line begins.',
  },
  limits: {
    title: 'Speed',
    rate: 'People a minute',
    places: 'People at once',
    less: (label: string) => `${label}: 10 % less`,
    more: (label: string) => `${label}: 10 % more`,
    apply: 'Apply',
    reset: 'Leave as it is',
    now: 'Now',
    after: 'Then',
    wait: 'Wait for whoever comes now',
    onceItMoves: 'Counted from when the line moves again.',
    most: (count: string) => `at most ${count} a minute`,
    byRate: 'limited by the speed',
    byPlaces: 'limited by free places',
    asking: 'Working it out …',
    noForecast: 'What it will do cannot be worked out at the moment.',
    unchanged: 'Type other numbers to see what they will do.',
    changedMeanwhile: (rate: string, places: string) =>
      `Meanwhile somebody set ${rate} a minute and ${places} at once.`,
    between: (min: string, max: string) => `A whole number from ${min} to ${max}.`,
  },
  deeds: {
    title: 'Just done',
    undo: 'Undo',
    undone: 'Undone',
    dismiss: 'Put away',
    sending: 'Being sent …',
    final: 'Cannot be undone.',
    unchanged: 'It was so already.',
    conflict: 'Not done: somebody changed the room first.',
    conflictBy: (who: string, what: string, time: string) => `${who} at ${time}: ${what}`,
    anyway: 'Do it anyway',
    look: 'Look at the log',
    leave: 'Leave it',
    again: 'Try again',
    signedOut: 'Not done: your session had ended.',
    at: (what: string, time: string) => `${what} at ${time} by you.`,
    back: (what: string) => `Put back: ${what}`,
  },
  deed(deed: Deed): string {
    switch (deed.kind) {
      case 'flow':
        return deed.to === 'paused' ? 'Paused' : deed.to === 'held' ? 'Held' : 'Moving on';
      case 'policy': {
        const { from, to } = deed;
        const changes = [
          from.newUsersPerMinute === to.newUsersPerMinute
            ? null
            : `people a minute ${from.newUsersPerMinute} → ${to.newUsersPerMinute}`,
          from.totalActiveUsers === to.totalActiveUsers
            ? null
            : `people at once ${from.totalActiveUsers} → ${to.totalActiveUsers}`,
        ].filter((change) => change !== null);
        return changes.length === 0 ? 'Policy changed' : `Changed ${changes.join(', ')}`;
      }
      case 'message':
        return deed.to === null ? 'Message taken away' : 'Message put up';
      case 'schedule':
        return deed.beginsAnew ? 'New opening scheduled' : 'Opening moved';
      case 'site':
        return 'Site changed';
      case 'openNow':
        return 'Opened';
      case 'close':
        return 'Closed';
      case 'revokeAll':
        return 'Everybody inside was sent out';
      case 'endSession':
        return `Session of position ${deed.position} ended`;
      case 'setTemplate':
        return `Own waiting page put up (${deed.name})`;
      case 'removeTemplate':
        return 'Own waiting page taken away';
      case 'archive':
        return 'Room archived';
    }
  },
  deedSaid(deed: Deed, phase: Phase, isUndo: boolean): string {
    const what = isUndo ? en.deeds.back(en.deed(deed)) : en.deed(deed);
    switch (phase.kind) {
      case 'sending':
        return '';
      case 'done':
        return what;
      case 'unchanged':
        return en.deeds.unchanged;
      case 'conflict':
        return en.deeds.conflict;
      case 'refused':
        return en.problem(phase.problem);
      case 'unknown':
        return en.unanswered;
      case 'signedOut':
        return en.deeds.signedOut;
    }
  },

  message: {
    title: 'Message to those waiting',
    none: 'No message is up.',
    write: 'Write',
    change: 'Change',
    ko: 'In Korean',
    en: 'In English',
    left: (count: number) => (count >= 0 ? `${count} characters left` : `${-count} characters too many`),
    both: 'Write it in both languages: everybody who waits reads their own.',
    putUp: 'Put up',
    takeAway: 'Take away',
    upSince: (time: string) => `Up since ${time}`,
    preview: 'As visitors will see it',
    lead: 'Everybody who waits sees it at their next look, within 30 s at the latest.',
  },
  danger: {
    title: 'What cannot be undone',
    hold: 'Press for one second',
    holdOn: 'Keep pressing …',
    short: 'Keep it pressed for one second.',
    openNow: 'Open now',
    openNote: 'The opening is at once. Entries are frozen and drawn.',
    openAnew: 'Open anew',
    openAnewNote: 'Begins a new opening. Places of the last one are no longer valid.',
    close: 'Close',
    closeNote: 'Nobody enters any more. Those inside stay to the end of their sessions. Only a new opening follows.',
    revokeAll: 'Send everybody out',
    revokeNote: (count: string) =>
      `${count} people inside are sent out within 3\u00a0s. Those who wait keep their places.`,
    end: 'End one session',
    endPosition: 'Position',
    endNote: 'The visitor of this position is sent out within 3\u00a0s.',
    sure: (what: string) => `${what}?`,
    pass: 'Look at the site yourself',
    passNote: 'A pass for ten minutes, for this browser only. It takes nobody’s place and is recorded.',
    passGet: 'Give me a pass',
    passUntil: (time: string) => `Your pass holds until ${time}.`,
    passOpen: 'Open the site',
    passLeft: (seconds: number) => `Opens once, within ${seconds}\u00a0s.`,
  },

  alarms: {
    title: 'Alarms',
    count: (count: number) => (count === 1 ? '1 alarm' : `${count} alarms`),
  },
  alarm(alarm: Alarm, figures: Figures): { what: string; next: string } {
    switch (alarm.kind) {
      case 'storeUnreachable':
        return {
          what: `The store does not answer; the last numbers are ${Math.round(alarm.ageSeconds)} s old.`,
          next: 'Nobody is let in past it and no place is lost. Look at the store; changes wait until it answers.',
        };
      case 'originFailing':
        return {
          what: `The site behind the line has been failing since ${figures.second(Date.parse(alarm.since))}.`,
          next: 'Nobody is called meanwhile. Look at the site; calling goes on by itself when it answers.',
        };
      case 'originErrors':
        return {
          what: `${figures.count(alarm.sharePercent)} % of the site’s answers are errors.`,
          next: 'Lower the people a minute, or hold the line and look at the site.',
        };
      case 'originSlow':
        return {
          what: `The site answers in ${seconds(alarm.latencyMs)} s, usually ${seconds(alarm.usualMs)} s.`,
          next: 'Lower the people a minute, or look at the site.',
        };
      case 'arrivalsAbovePlan':
        return {
          what: `${figures.count(alarm.arrived)} people have come, ${figures.count(alarm.expected)} were expected.`,
          next: 'Waits become longer than planned. Tell those waiting, and raise the speed if the site can bear it.',
        };
      case 'showShareFalling':
        return {
          what: `Only ${alarm.sharePercent} % of those called come, earlier ${alarm.beforePercent} %.`,
          next: 'The line makes up for it by itself. If it stays so, look whether visitors can reach the site.',
        };
      case 'limitReached':
        return {
          what: `All ${figures.count(alarm.active)} places are taken.`,
          next: 'People enter only as others leave. Allow more at once if the site can bear it.',
        };
    }
  },

  charts: {
    title: 'Course',
    ranges: { quarter: '15 min', hour: '1 h', sixHours: '6 h', all: '2 days' },
    range: 'Time shown',
    empty: 'Nothing has happened yet. The course appears ten seconds after the first visitor.',
    reading: 'Reading what was before …',
    arrived: 'Arrived',
    admitted: 'Admitted',
    waiting: 'Waiting',
    active: 'Inside',
    limit: 'limit',
    refused: 'Turned away',
    reasons: {
      noAdmission: 'without a pass',
      badToken: 'bad token',
      prefetch: 'prefetch',
      tooOften: 'too often',
      crossSite: 'other site',
    },
    latency: 'Site’s answers',
    median: 'half',
    p95: '95 %',
    errors: 'Site’s errors',
    unreachable: 'no answer',
    store: 'Shared store',
    conflicts: 'met another gateway',
    retries: 'asked again',
    per10: 'per 10 s',
    within: (ms: string) => `≤ ${ms}`,
    beyond: (ms: string) => `> ${ms}`,
    noneOf: 'none in this time',
    table: 'As a table',
    time: 'Time',
    marks: 'Changes',
    mark: (time: string, what: string) => `${time} ${what}`,
  },

  log: {
    title: 'Log',
    directoryTitle: 'Log of rooms and keys',
    who: 'Who',
    what: 'What',
    search: 'Search',
    kind: 'Kind',
    all: 'Everything',
    kinds: {
      flow: 'Opening and line',
      limits: 'Speed',
      schedule: 'Times',
      message: 'Messages',
      sessions: 'Sessions and passes',
      site: 'Site',
      people: 'Keys and sign-ins',
    },
    empty: 'Nothing has been changed yet.',
    emptyFilter: 'Nothing matches.',
    earlier: 'Earlier ones',
    csv: 'As CSV',
    json: 'As JSON',
    check: 'Check the chain',
    checking: 'Checking …',
    whole: (count: string, time: string) =>
      `Whole: each of the ${count} records follows from the one before (checked ${time}).`,
    broken:
      'Not whole: a record does not follow from the one before. Keep the export and find out who has had the store.',
    from: 'from',
    to: 'to',
    address: 'from',
  },
  action(action: string): string {
    return actions[action] ?? action;
  },
  field: (name: string) => fields[name] ?? name,
  flowWord: (flow: Flow) => flows[flow],
  minutes: (minutes: number) => `${minutes} min`,

  editor: {
    title: 'Settings',
    site: 'What it protects',
    policy: 'How the line moves',
    schedule: 'When it opens',
    template: 'Own waiting page',
    archive: 'Take out of service',
    saved: 'Saved.',
    sending: 'Saving …',
    reset: 'Discard what I typed',
    unchanged: 'Nothing is changed.',
    fix: 'Something in it is not right. Each field says what.',
    perLine: 'One a line.',
    id: 'Id',
    idNote: 'Part of addresses and tokens: a-z, 0-9 and -. It stays for good.',
    titleKo: 'Title in Korean',
    titleEn: 'Title in English',
    hosts: 'Hosts',
    hostsNote: 'Names without port, or * for every host.',
    paths: 'Protected paths',
    pathsNote: 'Everything below them needs a pass.',
    exempt: 'Exempt paths',
    exemptNote: 'Passed without a place in line, for reading only: styles, pictures.',
    origin: 'Site behind the line',
    originNote: 'Its address, as https://origin.example. No path.',
    audience: 'Audience of admission tokens',
    audienceNote: 'What the site expects as “aud”. Empty: made from the id.',
    timeZone: 'Time zone',
    timeZoneNote: 'As Asia/Seoul. All times of this room are shown in it.',
    outside: 'Other paths of these hosts',
    outsideRefuse: 'Refuse',
    outsideRefuseNote: 'Pro: no forgotten path is a back door. Con: everything public must be named as exempt.',
    outsidePass: 'Pass through',
    outsidePassNote: 'Pro: the rest of the site works as ever. Con: a path that was forgotten is open to everybody.',
    languages: 'Languages of the visitors’ pages',
    languagesNote: 'The first is shown where the browser asks for none of them.',
    languageNames: { ko: '한국어', en: 'English' },
    languageOrders: {
      'ko,en': 'Korean, then English',
      'en,ko': 'English, then Korean',
      ko: 'Korean only',
      en: 'English only',
    },
    expected: 'Visitors expected',
    expectedNote: 'An alarm tells when more come. Empty: none expected.',
    rate: 'People a minute',
    rateNote: 'Hard limit. Pro of more: shorter waits. Con: the site gets more at once.',
    places: 'People at once',
    placesNote: 'Hard limit of sessions alive. Pro of more: the line moves on. Con: the site carries more.',
    session: 'Session, minutes',
    sessionNote: 'Pro of longer: time for the form. Con: places come free later.',
    renewal: 'Activity extends the session',
    renewalNote:
      'Pro: nobody is thrown out while filling in a form. Con: places come free later, the line moves more slowly.',
    claim: 'Claim window, minutes',
    claimNote:
      'How long a call waits for its visitor. Pro of longer: nobody misses their turn. Con: no-shows are noticed later.',
    status: 'Status code of the waiting page',
    statuses: {
      200: 'Pro: what every client and cache understands. Con: machines take it for the page itself.',
      202: 'Pro: says “not yet” to machines. Con: few expect it.',
      429: 'Pro: keeps robots away. Con: some proxies replace the page.',
    },
    prequeue: 'Entries for the draw from',
    prequeueNote: 'Empty: from now on.',
    opens: 'Opening',
    opensNote: 'Before it the opening moves and everybody keeps their entry.',
    openedNote: 'With the same opening only the closing moves. Another opening would begin a new one.',
    anewNote: 'The room has opened: saving begins a new opening, and places of the last one are no longer valid.',
    closes: 'Closing',
    closesNote: 'Empty: until somebody closes it.',
    inZone: (zone: string) => `In the room’s time, ${zone}`,
    timeHere: (time: string) => `here ${time}`,
    timeUtc: (time: string) => `UTC ${time}`,
    skipped: 'This time does not exist: clocks are put forward over it.',
    twice: 'This time exists twice that night; the earlier one is meant.',
    templateHas: 'The room shows its own page.',
    templateNone: 'The room shows Fairgate’s pages.',
    templateNote: 'An HTML file with Mustache variables, up to 1 MiB.',
    templateChoose: 'Choose a file',
    templatePut: 'Put it up',
    templateRemove: 'Back to Fairgate’s pages',
    archiveNote: 'A closed room can be taken out of service for good. Its log and history stay readable.',
    archiveFirst: 'Close it first.',
    archiveDo: 'Archive',
    archivedNote: 'This room is archived. Its log and history stay readable.',
    conflictTitle: 'Somebody changed it meanwhile',
    conflictLead: 'Nothing of yours is lost. Where both of you changed the same:',
    conflictField: 'Field',
    conflictTheirs: 'Theirs, in force',
    conflictMine: 'Mine, typed here',
    conflictTakeTheirs: 'Take theirs',
    conflictKeepMine: 'Save mine over it',
    conflictNone: 'None of these fields differs; the change was elsewhere in the room.',
    newTitle: 'New room',
    create: 'Make the room',
    createdLead: 'The room is made.',
    fields: {
      required: 'This is needed.',
      tooLong: (max: number) => `At most ${max} characters.`,
      between: (min: string, max: string) => `From ${min} to ${max}.`,
      number: 'A number.',
      host: 'A host name in lower case without port, or *.',
      path: 'A path as /book, without %-encoding or //.',
      origin: 'An http(s) address without a path.',
      zone: 'A time zone as Asia/Seoul.',
      id: 'Up to 40 of a-z, 0-9 and - inside.',
      time: 'A date and a time.',
      before: 'Must be before the opening.',
      after: 'Must be after the opening.',
      form: 'This value is not taken.',
      tooMany: (max: number) => `At most ${max} of them.`,
      tooSmall: (min: string) => `At least ${min}.`,
      tooLarge: (max: string) => `At most ${max}.`,
      overlap: (room: string, place: string) => `The room “${room}” protects ${place} already. Keep it in one of them.`,
      template: 'The {{…}} do not match. Look at the tags and upload the file again.',
      templateAt: (line: number) => `The {{…}} do not match, seen in line ${line}. Look at the tags there.`,
    },
  },

  preview: {
    title: 'Visitors’ pages',
    lead: 'What a visitor sees in each state, with made-up numbers, at a phone’s width.',
    language: 'Language',
    page: 'Page',
    all: 'All at once',
    frame: (kind: string) => `Page “${kind}”`,
    kinds: {
      scheduled: 'Not open yet',
      entered: 'In the draw',
      drawing: 'Drawing',
      waiting: 'Waiting',
      called: 'Called',
      standby: 'Called, no place free',
      paused: 'Paused',
      soldOut: 'Sold out',
      closed: 'Closed',
      lapsed: 'Turn missed',
      ended: 'Visit over',
      storeUnreachable: 'Store does not answer',
      originUnreachable: 'Site does not answer',
    },
  },

  keys: {
    title: 'Keys',
    lead: 'One key a person, so that the log says who it was. The keys themselves are stored nowhere.',
    name: 'Name',
    role: 'Role',
    since: 'Since',
    roleNotes: {
      viewer: 'sees everything, changes nothing',
      operator: 'steers rooms: speed, line, messages, times',
      owner: 'also makes rooms and keys',
    },
    make: 'Make a key',
    made: (name: string) => `Key for ${name}`,
    madeLead: 'It is shown this once. Hand it over now; it cannot be shown again.',
    done: 'I have handed it over',
    remove: 'Remove',
    removeNote: (name: string) => `${name}’s key and sign-ins end at once.`,
    removed: (name: string) => `The key of ${name} is removed.`,
    settings: 'from the settings',
    you: 'you',
  },

  help: {
    title: 'Keys and help',
    lead: 'Shortcuts work wherever you are not typing. They can be switched off in your menu.',
    keys: {
      p: 'Pause: nobody further is called',
      h: 'Hold: nobody is called, nobody enters',
      r: 'Move on',
      z: 'Undo what was just done',
      l: 'Change the speed',
      m: 'Message to those waiting',
      n: 'The room now, log, settings, visitors’ pages: 1 2 3 4',
      help: 'This help',
    },
    danger:
      'What cannot be undone is pressed for one second; with Space or Enter too. A screen reader’s click asks instead.',
    stale: 'Numbers older than 3 s say how old they are. What is not known is not shown.',
  },
};

const actions: Record<string, string> = {
  setFlow: 'Line',
  setPolicy: 'Speed and sessions',
  setMessage: 'Message',
  setSchedule: 'Times',
  openNow: 'Opened by hand',
  close: 'Closed',
  revokeAll: 'Everybody sent out',
  endSession: 'Session ended',
  givePass: 'Pass given',
  usePass: 'Pass taken up',
  recover: 'Store came back older',
  configure: 'Settings file read',
  seedRoom: 'Settings file read',
  ownerKey: 'Owner’s key of the settings',
  putRoom: 'Site',
  setTemplate: 'Own waiting page',
  archiveRoom: 'Room archived',
  addKey: 'Key made',
  removeKey: 'Key removed',
  signIn: 'Signed in',
  signOut: 'Signed out',
  wrongKey: 'Wrong keys',
};

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
