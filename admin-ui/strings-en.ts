// English strings: short, plain sentences with an actor. First what is true, then what to do.

import { alarmTextEn } from '../worker/contract/alarm-text-en.ts';
import type { Alarm, Consequences, Role, SiteAnswer, TakenFromRoom } from '../worker/contract/operator-api.ts';
import { type OperatorProblem, type Problem, problemKind } from '../worker/contract/problem-schema.ts';
import type { ProviderFailure } from '../worker/contract/provider-addresses.ts';
import type { Action, Flow } from './actions.ts';
import { formatCount, type Language, type NumberFormat, type WaitSpan } from './number-format.ts';

export type Strings = typeof en;

type State = 'scheduled' | 'prequeue' | 'drawing' | 'open' | 'paused' | 'soldOut' | 'closed';

const roles: Record<Role, string> = { viewer: 'viewer', operator: 'operator', owner: 'owner' };

const flows: Record<Flow, string> = { running: 'running', paused: 'paused', held: 'held' };

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
  'wrong-key': 'Unknown key. Check for missing characters at either end.',
  'too-many-requests': 'Too many requests. Nothing was changed; try again in a moment.',
  'key-expired': 'This key has expired. Ask an owner for another one.',
  'other-room': 'Your key is for other rooms. Ask an owner.',
  'role-too-small': 'Your role does not allow this. Ask someone with a higher role.',
  'cross-site-request':
    'Refused: the request did not come from this console. Check the address bar and reload the page.',
  'if-match-needed': 'Refused: the request named no version of the room. Reload the page.',
  'changed-meanwhile': 'Not done: the room changed in the meantime. Check its current state and decide again.',
  'confirmation-needed': 'Not done: it would do more than you confirmed.',
  'bad-body': 'The gateway could not read the request. Nothing was changed; reload the page.',
  'body-too-large': 'Too large. A waiting page may have up to 1 MiB.',
  'headers-too-large': 'The cookies are too large. Clear the cookies of this address and sign in again.',
  'bad-input': 'Not saved: some values are not valid. Each field says what to correct.',
  'not-found': 'Not found; it may have been removed. Choose again from the list.',
  'already-open': 'This room is already open. Close it before opening it again.',
  'already-closed': 'This room is already closed. Set a new opening, or open it again now.',
  'not-closed': 'This room is not closed. Close it before archiving it.',
  'session-unknown': 'No visitor with this position is inside. Check the number; the session may have ended.',
  'alarm-unknown': 'This alarm is not raised any more.',
  'room-exists': 'A room with this ID exists. Choose another; IDs of archived rooms cannot be reused.',
  'room-archived': 'This room is archived. You can still read its log.',
  'rooms-full': 'No more rooms can be created; archived rooms count too. Set up another gateway.',
  'keys-full': 'No more keys can be created. Remove one first.',
  'targets-full': 'No more targets can be added. Remove one first.',
  'messages-full': 'No more messages can be kept. Remove one first.',
  'owners-key': 'The settings define this owner key. Change OPERATOR_KEY there.',
  'log-full': 'The log is full, and every change must be recorded. Export the log and continue in a new room.',
  'store-unreachable': 'The store is not responding. Nothing was changed; try again in a few seconds.',
  'change-unconfirmed':
    'The store did not confirm in time. The change may have been made: check the room, and try again if not.',
  'not-configured': 'The gateway is not configured. Its log says what is missing.',
  unexpected: 'The gateway failed. The change may have been made: check the room, and try again if not.',
};

/** Values of the log and of forms, by the name that they have in the API. */
const fields: Record<string, string> = {
  room: 'Room',
  id: 'ID',
  title: 'Title',
  titleKo: 'Title in Korean',
  titleEn: 'Title in English',
  'title.ko': 'Title in Korean',
  'title.en': 'Title in English',
  'text.ko': 'Korean',
  'text.en': 'English',
  text: 'Message',
  hosts: 'Hosts',
  paths: 'Protected paths',
  exempt: 'Exempt requests',
  origin: 'Site address',
  originHost: 'Host sent to the site',
  originAliases: 'Other names of the site',
  originTimeoutSeconds: 'Time to answer (s)',
  audience: 'Audience (aud)',
  timeZone: 'Time zone',
  outside: 'Other paths',
  languages: 'Languages',
  expectedVisitors: 'Expected visitors',
  corsOrigins: 'Apps on other origins',
  handOff: 'Sites that check codes',
  newUsersPerMinute: 'People per minute',
  totalActiveUsers: 'People at once',
  sessionMinutes: 'Session',
  sessionMs: 'Session',
  sessionRenewal: 'Renewal',
  sessionTotalMinutes: 'Longest stay',
  sessionTotalMsMax: 'Longest stay',
  claimWindowMinutes: 'Claim window',
  claimWindowMs: 'Claim window',
  queueingStatusCode: 'Status code',
  'health.mode': 'Follow the site’s health',
  'health.errorPercentMax': 'Stop at failures of (%)',
  'health.slowFactor': 'Slow down at (times the usual)',
  'stock.peoplePercent': 'People inside per 100 left',
  'stock.freshSeconds': 'A number counts for (seconds)',
  'health.slowMs': 'Slow down at (ms)',
  'health.rateFloor': 'Least people per minute',
  'health.peopleFloor': 'Least people at once',
  'health.probePath': 'Path to probe',
  started: 'Started',
  restarted: 'Again, after they had ended by themselves',
  stage: 'Site',
  peopleFound: 'People at once, as found',
  'cause.kind': 'Cause',
  'cause.percent': 'Failed requests (%)',
  'cause.ms': 'Response time (ms)',
  'cause.usualMs': 'Usual response time (ms)',
  prequeueAt: 'Entries from',
  opensAt: 'Opening',
  closesAt: 'Closing',
  epoch: 'Round',
  beacon: 'Public randomness',
  'beacon.round': 'Public randomness, number',
  'beacon.chain': 'Public randomness, chain',
  'beacon.deadlineMs': 'Wait for public randomness',
  'beacon.afterDeadline': 'After that',
  deadlineSeconds: 'Wait for it at most (s)',
  afterDeadline: 'After that',
  commitment: 'Seal of the draw',
  flow: 'State',
  closed: 'Closed',
  active: 'People inside',
  position: 'Position',
  sid: 'Session',
  until: 'Until',
  template: 'Custom waiting page',
  archived: 'Archived',
  cancelled: 'Cancelled',
  name: 'Name',
  role: 'Role',
  times: 'Attempts',
  entries: 'Entries issued',
  issued: 'Positions issued',
  silent: 'Gateways not responding',
  alarm: 'Alarm',
  number: 'Number',
  event: 'Message',
  target: 'Target',
  status: 'Response',
  attempts: 'Attempts',
  since: 'Raised',
  host: 'Address',
  form: 'Form',
  language: 'Language',
  severityMin: 'From severity',
  rooms: 'Rooms',
};

/** What the log calls each recorded action. */
const auditActions: Record<string, string> = {
  setFlow: 'Line',
  setPolicy: 'Speed and sessions',
  setMessage: 'Message',
  setSchedule: 'Schedule',
  openNow: 'Opened by hand',
  cancelOpening: 'Opening cancelled',
  keepMessage: 'Message kept',
  dropMessage: 'Kept message removed',
  recommit: 'Draw sealed again',
  close: 'Closed',
  revokeAll: 'Everyone sent out',
  endSession: 'Session ended',
  givePass: 'Pass issued',
  usePass: 'Pass used',
  acknowledgeAlarm: 'Alarm acknowledged',
  alarmDelivered: 'Alarm delivered',
  alarmNotDelivered: 'Alarm not delivered',
  clockLeap: 'Held because the clock leapt',
  gatewayStarted: 'Gateways started',
  originSlowed: 'Site: fewer people admitted',
  originStopped: 'Site: admission stopped',
  originSteady: 'Site: back to the set limits',
  peopleFound: 'Site: fewer people at once',
  recover: 'Recovered from an older store',
  configure: 'Settings applied',
  seedRoom: 'Settings file applied',
  ownerKey: 'Owner key of the settings',
  putRoom: 'Site',
  setTemplate: 'Custom waiting page',
  archiveRoom: 'Room archived',
  addKey: 'Key created',
  removeKey: 'Key removed',
  putAlarmTarget: 'Alarm target',
  rotateAlarmTarget: 'New secret of an alarm target',
  removeAlarmTarget: 'Alarm target removed',
  signIn: 'Signed in',
  signOut: 'Signed out',
  wrongKey: 'Wrong keys',
};

export const en = {
  language: 'en' as Language,
  product: 'Fairgate',
  loading: 'Loading …',
  none: 'none',
  yes: 'yes',
  no: 'no',
  cancel: 'Cancel',
  close: 'Close',
  save: 'Save',
  retry: 'Try again',
  copy: 'Copy',
  copied: 'Copied',
  states,
  stateOf: (state: State, flow: Flow) =>
    state !== 'paused'
      ? states[state]
      : flow === 'held'
        ? 'Held'
        : flow === 'running'
          ? 'Site not responding'
          : states.paused,
  stateNotes: {
    scheduled: 'Entries are not open yet.',
    prequeue: 'Everyone who arrives now takes part in the draw.',
    drawing: 'The order is being drawn. No one is called yet.',
    open: 'The line is running.',
    paused: 'No new calls. Visitors already called may enter.',
    held: 'No calls, no entry. Visitors inside may stay.',
    siteDown: 'No calls, no entry until the site responds well. Visitors inside may stay.',
    soldOut: 'The site reports nothing left. No one is called.',
    closed: 'This room is closed. No one can enter.',
    planned: 'The opening is not announced yet, so no one gets an entry. Announce it in the settings.',
    cancelled: 'The opening is cancelled and visitors are told. Entries are kept: set another opening in the settings.',
  },
  stateUnknown: 'Unknown',
  roles,
  afterDeadline: { wait: 'waits on', withoutBeacon: 'draws without it' },

  signIn: {
    title: 'Operator console',
    lead: 'Sign in with your key. This browser exchanges it for a session and does not store it.',
    key: 'Key',
    show: 'Show key',
    hide: 'Hide key',
    submit: 'Sign in',
    sending: 'Signing in …',
    wait: (seconds: number) => `Try again in ${seconds} s. Each wrong key doubles the wait, to prevent guessing.`,
    unreachable: 'The gateway is not responding. Your key is not the problem; try again in a moment.',
    expired: 'Your session has ended',
    expiredLead: 'Sign in again to continue. Everything you typed is still here.',
    out: 'Sign out',
    until: (time: string) => `Signed in until ${time}`,
    stillIn: (reason: string) => `You are still signed in. ${reason}`,
    checking: 'Checking your session …',
    provider: (host: string) => `Sign in with ${host}`,
    providerInNewTab: (host: string) => `Sign in with ${host} in a new tab`,
    or: 'or',
    providerFailures: {
      notBegun:
        'This sign-in did not start in this browser, was used already, or took more than ten minutes. Start again.',
      declined: 'The identity provider did not confirm who you are. Try again, or use a key.',
      provider: 'The identity provider did not answer as it should. Use a key; the gateway’s log has the reason.',
      unverified:
        'The identity provider does not vouch for your mail address, so it gives you no role. Ask an owner, or use a key.',
      noRole: 'You have no role here. Ask an owner to give you one.',
      tooMany: 'Too many sign-ins from your network. Try again in a minute.',
      unrecorded: 'The gateway cannot record sign-ins at the moment, so it refuses them. Try again in a moment.',
    } satisfies Record<ProviderFailure, string>,
  },

  menu: {
    rooms: 'Rooms',
    allRooms: 'All rooms',
    now: 'Now',
    log: 'Log',
    settings: 'Settings',
    preview: 'Visitor pages',
    keys: 'Keys',
    alarmTargets: 'Alarms',
    you: 'Your menu',
    help: 'Shortcuts and help',
    theme: 'Light theme',
    sound: 'Sound for new alarms',
    shortcuts: 'Single-key shortcuts',
    other: '한국어',
    otherLanguage: 'ko' as Language,
    skip: 'Skip to content',
    serverTime: 'Gateway time',
    others: (names: string[]) => `Also on this room: ${names.join(', ')}`,
  },

  everyRoom: 'All rooms',
  otherRooms: 'Your key is for single rooms, and this is about all of them.',
  forbidden: (role: Role) => `Your key has the role ${roles[role]}, which does not allow this.`,
  connection: {
    lost: 'No connection to the gateway',
    store: 'The store is not responding',
    shownFrom: (time: string) => `Showing data as of ${time}.`,
    retrying: 'Retrying automatically.',
    stale: (seconds: number) => `Numbers are ${seconds} s old`,
    missing: 'This room does not exist',
    outdated: 'The gateway was updated. Reload this page.',
    reload: 'Reload',
  },
  unanswered: 'No response. The change may have been made: check the room before you try again.',
  unreadable: 'This page cannot read the gateway’s response. Reload the page.',
  problem(problem: Problem): string {
    const kind = problemKind(problem);
    if (kind === null) return `${problem.title}. ${problem.detail}`;
    return [problems[kind], ...(problem.consequences === undefined ? [] : en.consequences(problem.consequences))].join(
      ' ',
    );
  },
  /** What a change does to people at once, a sentence each; none: nothing. */
  consequences({ opensNow, closesNow, endsPlaces, takesFrom }: Consequences): string[] {
    return [
      endsPlaces === null ? '' : endsPlacesText(endsPlaces),
      opensNow === null ? '' : opensNowText(opensNow.entries),
      closesNow === null
        ? ''
        : `Closes NOW: ${waitingText(closesNow.waiting)} can no longer enter; ${plural(closesNow.active, 'person', 'people')} inside may stay until their sessions end.`,
      ...takesFrom.map(takesFromText),
    ].filter((sentence) => sentence !== '');
  },

  rooms: {
    empty: 'There are no rooms yet',
    emptyOwner: 'Create the first one: which site it protects, how fast its line moves and when it opens.',
    emptyOther: 'An owner can create one. It will appear here.',
    create: 'New room',
    waiting: 'waiting',
    active: 'inside',
    archivedAt: (time: string) => `Archived ${time}`,
    unknown: 'This room’s store is not responding',
  },

  clock: {
    until: 'Until the opening',
    since: 'Since the opening',
    closed: 'Opened',
    planned: 'Planned opening',
    movedFrom: (time: string) => `moved, was ${time}`,
    opening: (time: string) => `Opening ${time}`,
    closing: (time: string) => `closing ${time}`,
    entries: (time: string) => `entries from ${time}`,
    days: (days: number) => `${days} d`,
  },
  rollout: {
    since: (time: string, gateways: number) =>
      gateways > 1 ? `In force everywhere since ${time} (${gateways} gateways)` : `In force everywhere since ${time}`,
    pending: 'Rolling out to all gateways',
    by: (time: string) => `Rolling out; everywhere by ${time}`,
    changed: (time: string) => `Last change ${time}`,
  },

  numbers: {
    waiting: 'Waiting',
    entered: 'In the draw',
    admitted: 'Admitted per minute',
    inside: 'Inside',
    arrived: 'Arrived',
    ofLimit: (limit: number) => `of ${formatCount(limit)}`,
    setTo: (limit: number) => `You set ${formatCount(limit)}; fewer because of the site.`,
    carries: (people: number) => `So far the site is known to carry ${formatCount(people)}.`,
    waitNow(span: WaitSpan): string {
      if (span.kind === 'none') return 'No wait if you join now';
      return `Wait if you join now: ${en.wait(span)}`;
    },
    called: (count: number) => `${formatCount(count)} called per minute`,
    outstanding: (count: number) => `${formatCount(count)} called, not yet inside`,
    standby: (count: number) => `${formatCount(count)} called, waiting for a free place`,
    show: (share: string) => `${share} of those called enter`,
    expected: (count: number) => `of ${formatCount(count)} expected`,
    perMinute: (count: number) => `${formatCount(count)} per minute now`,
    exempt: (count: number) => `${plural(count, 'exempt request')} in the last minute`,
    free: (count: number) => `${plural(count, 'place')} free`,
    overLimit: (count: number) => `${formatCount(count)} over the limit; they may stay until their sessions end`,
    unknown: 'not known yet',
    trend: (from: number, to: number) => `Last 15 minutes: from ${formatCount(from)} to ${formatCount(to)}`,
    stockChecking: 'checking',
    stock: (count: number | string, time: string) =>
      `${typeof count === 'number' ? formatCount(count) : count} left · as of ${time}`,
  },
  wait(span: WaitSpan): string {
    switch (span.kind) {
      case 'unknown':
        return 'not known yet';
      case 'none':
        return 'no wait';
      case 'minutes':
        if (span.low === 0) return `under ${span.high} min`;
        return span.low === span.high ? `${span.low} min` : `${span.low}–${span.high} min`;
      case 'hours':
        return span.low === span.high ? `${span.low} h` : `${span.low}–${span.high} h`;
    }
  },

  flow: {
    title: 'Line',
    pause: 'Pause',
    pauseNote: 'No new calls; visitors already called may enter.',
    hold: 'Hold',
    holdNote: 'No calls, no entry.',
    resume: 'Resume',
    resumeNote: 'The line moves again.',
    running: 'Running',
    notStoppedNote: 'Neither paused nor held.',
    before: 'You choose how the line starts at the opening.',
  },
  limits: {
    title: 'Speed',
    less: (label: string) => `${label}: 10% less`,
    more: (label: string) => `${label}: 10% more`,
    apply: 'Apply',
    reset: 'Reset',
    now: 'Now',
    after: 'After',
    wait: 'Wait if you join now',
    onceItMoves: 'Counted from when the line moves again.',
    most: (count: number) => `up to ${formatCount(count)} per minute`,
    byRate: 'limited by the speed',
    byPlaces: 'limited by free places',
    calculating: 'Calculating …',
    noForecast: 'No forecast available right now.',
    unchanged: 'Change a number to see its effect first.',
    changedMeanwhile: (rate: number, places: number) =>
      `Changed in the meantime: now ${formatCount(rate)} per minute and ${formatCount(places)} at once.`,
    between: (min: number, max: number) => `A whole number from ${formatCount(min)} to ${formatCount(max)}.`,
  },
  actionLog: {
    title: 'Recent actions',
    undo: 'Undo',
    undone: 'Undone',
    undoByButton: 'Not undone: use the button. No shortcut moves an opening.',
    dismiss: 'Dismiss',
    sending: 'Sending …',
    final: 'Cannot be undone.',
    unchanged: 'No change: it was already so.',
    conflict: 'Not done: the room changed first.',
    /** @param who null: this operator */
    conflictBy: (who: string | null, what: string, time: string) =>
      `${who ?? 'You, in another window,'} at ${time}: ${what}`,
    anyway: 'Do it anyway',
    openLog: 'Open the log',
    signedOut: 'Not done: your session had ended.',
    at: (what: string, time: string) => `${what} at ${time} by you.`,
    undoOf: (what: string) => `Undone: ${what}`,
  },
  actionLabel(action: Action): string {
    switch (action.kind) {
      case 'flow':
        return action.to === 'paused' ? 'Paused' : action.to === 'held' ? 'Held' : 'Resumed';
      case 'policy': {
        const { from, to } = action;
        const changes = [
          from.newUsersPerMinute === to.newUsersPerMinute
            ? null
            : `people per minute ${formatCount(from.newUsersPerMinute)} → ${formatCount(to.newUsersPerMinute)}`,
          from.totalActiveUsers === to.totalActiveUsers
            ? null
            : `people at once ${formatCount(from.totalActiveUsers)} → ${formatCount(to.totalActiveUsers)}`,
        ].filter((change) => change !== null);
        return changes.length === 0 ? 'Speed and sessions changed' : `Changed ${changes.join(', ')}`;
      }
      case 'message':
        return action.to === null ? 'Message removed' : 'Message posted';
      case 'schedule':
        return action.confirmed.endsPlaces === null ? 'Schedule changed' : 'New opening scheduled';
      case 'cancelOpening':
        return 'Opening cancelled';
      case 'site':
        return 'Site changed';
      case 'openNow':
        return 'Opened';
      case 'recommit':
        return 'Draw sealed again';
      case 'close':
        return 'Closed';
      case 'revokeAll':
        return 'Everyone inside was sent out';
      case 'endSession':
        return `Session of position ${formatCount(action.position)} ended`;
      case 'setTemplate':
        return `Custom waiting page uploaded (${action.name})`;
      case 'removeTemplate':
        return 'Custom waiting page removed';
      case 'archive':
        return 'Room archived';
    }
  },

  message: {
    title: 'Message to waiting visitors',
    none: 'No message is shown.',
    write: 'Write',
    edit: 'Edit',
    left: (count: number) =>
      count >= 0 ? `${plural(count, 'character')} left` : `${plural(-count, 'character')} too many`,
    both: 'Write it in both languages: each visitor reads their own.',
    beginWith: 'Begin with',
    ownText: 'Your own text',
    readyTitle: 'Ready messages',
    ready: {
      late: 'The opening is late',
      paused: 'Entry is paused',
      resumed: 'Entry has resumed',
      slow: 'It takes longer',
      fewLeft: 'Little is left',
    },
    keptTitle: 'Kept by operators',
    keep: 'Keep for later',
    drop: 'Remove from the kept ones',
    post: 'Post',
    remove: 'Remove message',
    since: (time: string) => `Posted ${time}`,
    preview: 'As visitors will see it',
    lead: 'Every waiting visitor sees it within 30 s.',
  },
  danger: {
    title: 'Critical actions',
    hold: 'Press for one second',
    keepHolding: 'Keep pressing …',
    tooShort: 'Keep it pressed for one second.',
    openNow: 'Open now',
    withBeaconNote: 'The order is drawn with public randomness, about three to seven seconds later.',
    cancel: 'Cancel the opening',
    cancelNote: (time: string, entries: number) =>
      `The opening at ${time} does not take place, and visitors are told. ${
        entries === 0
          ? 'No one has an entry yet.'
          : `${plural(entries, 'person', 'people')} in the draw keep their entries for another opening. You can undo this.`
      }`,
    recommit: 'Seal the draw again',
    recommitNote:
      'Replaces the sealed secret of this draw, for one case: the signing key that sealed it is lost. Everyone can see for ever that there was another secret before, and no verifier calls the draw proven.',
    reopen: 'Open again',
    close: 'Close room',
    closeNote: (waiting: number, active: number) =>
      `${waitingText(waiting)} can no longer enter; ${plural(active, 'person', 'people')} inside may stay until their sessions end. Opening again starts a new round, in which these numbers are void.`,
    revokeAll: 'Send everyone out',
    revokeNote: (count: number) =>
      `${plural(count, 'visitor')} inside will be sent out within 3\u00a0s. Waiting visitors keep their places.`,
    endSession: 'End one session',
    endNote: 'The visitor with this position is sent out within 3\u00a0s.',
    confirm: (what: string) => `${what}?`,
  },
  pass: {
    title: 'View the site yourself',
    note: 'A pass for this browser, valid for ten minutes. It uses no one’s place and is recorded.',
    request: 'Get a pass',
    until: (time: string) => `Your pass is valid until ${time}.`,
    open: 'Open the site',
    left: (seconds: number) => `Opens once, within ${seconds}\u00a0s.`,
  },

  alarmCount: (count: number) => plural(count, 'alarm'),
  alarm: (alarm: Alarm, format: NumberFormat) => alarmTextEn.alarm(alarm, format),

  relayFault: alarmTextEn.relayFault,

  alarmNames: {
    storeUnreachable: 'Store not responding',
    clockLeapt: 'Clock jumped',
    drawKeyMissing: 'Key of the draw missing',
    beaconChainDiffers: 'Another chain',
    beaconLate: 'Public randomness late',
    originStopped: 'Admission stopped',
    originSlowed: 'Fewer people admitted',
    originErrors: 'Errors of the site',
    originSlow: 'Slow site',
    arrivalsAbovePlan: 'More people than expected',
    showShareFalling: 'Fewer of those called come',
    limitReached: 'All places taken',
  } satisfies Record<Alarm['kind'], string>,
  alarmEvents: { raised: 'raised', cleared: 'over' },
  alarmStanding: {
    acknowledge: 'Acknowledge',
    since: (time: string) => `since ${time}`,
    acknowledgedBy: (name: string, time: string) => `acknowledged by ${name} at ${time}`,
    delivered: (targets: string) => `told to ${targets}`,
    due: (targets: string) => `being told to ${targets}`,
    failed: (target: string, status: number | null) =>
      status === null ? `Did not reach ${target}: no response.` : `Did not reach ${target}: it answered ${status}.`,
  },

  alarmTargets: {
    lead: 'Alarms are also sent to these webhooks: a chat, a pager, a service that sends mail. No visitor ever waits for that.',
    none: 'Alarms are shown in the console only.',
    add: 'Add webhook',
    change: 'Change webhook',
    edit: 'Change',
    saved: (name: string) => `Saved ${name}.`,
    url: 'Webhook address',
    urlNote: 'An https address. It may contain a secret, so it is never shown again.',
    urlUnchanged: 'Leave it empty to keep the present address.',
    urlFormat: 'Enter an https address without a user name and a password.',
    forms: {
      standard: { label: 'Standard Webhooks', note: 'signed JSON, for services of your own' },
      slack: { label: 'Slack', note: 'a text, for Slack and everything that takes the same' },
    },
    severity: 'Which alarms',
    severities: { critical: 'Urgent only', warning: 'Urgent and warnings', info: 'All' },
    severityNotes: {
      critical: 'visitors or bookings are affected now',
      warning: 'they soon may be',
      info: 'also what is often as planned, such as all places taken',
    },
    language: 'Language of the messages',
    rooms: 'Rooms',
    roomsRequired: 'Choose at least one room.',
    test: 'Send a test',
    testing: 'Sending …',
    testDelivered: (status: number, ms: string) => `Delivered: answered ${status} after ${ms} ms.`,
    testRefused: (status: number) => `Not delivered: answered ${status}. Check the address.`,
    faults: {
      noAnswer: 'Not delivered: no response within 10 s.',
      unreachable: 'Not delivered: could not connect. Check the address.',
      redirect: 'Not delivered: it redirects elsewhere, which is not followed. Enter the final address.',
      cannotSign: 'Cannot be signed: the signing key is gone that its secret comes from. Make a new secret.',
    },
    rotate: 'New secret',
    secretOf: (name: string) => `Secret of ${name}`,
    secretLead:
      'With this secret the receiver verifies messages. It is shown only once. A former secret stays valid for a day.',
    secretDone: 'I have stored it',
    formerUntil: (time: string) => `The former secret is valid until ${time}.`,
    removeNote: (name: string) => `${name} gets no more alarms.`,
    removed: (name: string) => `Removed ${name}.`,
  },

  stock: {
    title: 'What is left',
    asOf: (time: string) => `as of ${time}`,
    checking: 'being checked',
    soldOut: 'none left',
    lots: 'By lots',
    lot: 'Lot',
    left: 'Left',
    read: 'As of',
    people: (count: string) => `Because of it, at most ${count} people are let in at once.`,
  },
  draw: {
    title: 'Draw',
    committed: 'Sealed. The order is drawn at the opening.',
    drawing: 'The order is being drawn.',
    expected: (seconds: number) => `The order is expected in ${seconds} s.`,
    late: (seconds: number) => `The public random number is ${formatCount(seconds)} s late.`,
    waitsOn: 'The room waits until a relay has it.',
    goesWithout: (time: string) => `At ${time} the room draws without it.`,
    waitsForKey: 'Waiting for the signing key that sealed the secret.',
    waitsForChain: 'Waiting: BEACON_CHAIN is not the chain of this opening.',
    drawn: (count: number) => `Drawn among ${plural(count, 'entry', 'entries')}.`,
    seal: 'Seal',
    sealedAgain: (count: number) => `Sealed ${formatCount(count)} times: no verifier calls this draw proven.`,
    without: 'none: rests on the sealed secret alone',
    round: (round: string, time: string) => `number ${round}, due ${time}`,
    drawnWith: (round: string) => `number ${round}`,
    withheld: (round: string) => `number ${round} did not come in time; drawn without it, so not proven`,
    proof: 'Proof page',
    document: 'Published record',
  },

  charts: {
    title: 'Timeline',
    ranges: { quarter: '15 min', hour: '1 h', sixHours: '6 h', all: '2 days' },
    range: 'Time range',
    empty: 'Nothing has happened yet. The timeline appears ten seconds after the first visitor.',
    loading: 'Loading the history …',
    admitted: 'Admitted',
    limit: 'limit',
    refused: 'Refused requests',
    reasons: {
      noAdmission: 'no admission token',
      badToken: 'invalid token',
      prefetch: 'prefetch',
      tooOften: 'too often',
      crossSite: 'cross-site',
    },
    latency: 'Site response time',
    median: 'median',
    p95: '95%',
    errors: 'Site errors',
    unreachable: 'no response',
    store: 'Shared store',
    conflicts: 'conflicts',
    retries: 'retries',
    per10: 'per 10 s',
    within: (ms: string) => `≤ ${ms}`,
    beyond: (ms: string) => `> ${ms}`,
    allZero: 'none in this period',
    table: 'As a table',
    time: 'Time',
    change: (time: string, what: string) => `${time} ${what}`,
  },

  siteCalls: {
    title: 'What the site said',
    none: 'Nothing so far.',
    response: 'in a response',
    key: (id: string) => `key ${id}`,
    left: (count: string) => `${count} left`,
    overload: (seconds: number) => `Asks for no more visitors for ${formatCount(seconds)} s`,
    takesVisitors: 'Takes visitors again',
    complete: (position: string) => `Completed: position ${position}`,
    readmit: (position: string) => `Turn given back: position ${position}`,
    revoke: (position: string) => `Visit ended: position ${position}`,
    refused: 'not done',
    refusals: {
      tooEarly: 'no entries yet',
      notOpen: 'before the opening',
      closed: 'the room is closed',
      soldOut: 'sold out',
      held: 'the line is held',
      originFailing: 'the site does not respond',
      wrongEpoch: 'of another opening',
      unknownPosition: 'nobody entered with this position',
      foreignPosition: 'of another visitor',
      completed: 'completed already',
      codeUsed: 'the code was used',
      outdatedCall: 'a later call was handled first',
    },
  },
  log: {
    directoryTitle: 'Log of rooms and keys',
    search: 'Search',
    kind: 'Kind',
    all: 'All',
    kinds: {
      flow: 'Opening and line',
      limits: 'Speed',
      schedule: 'Schedule',
      message: 'Messages',
      sessions: 'Sessions and passes',
      alarms: 'Alarms',
      site: 'Site',
      people: 'Keys and sign-ins',
    },
    empty: 'No changes yet.',
    emptyFilter: 'No matches.',
    earlier: 'Show earlier records',
    csv: 'Download CSV',
    json: 'Download JSON',
    check: 'Check for tampering',
    checking: 'Checking …',
    intact: (count: number, time: string) => `${plural(count, 'record')}: none missing or altered (checked ${time}).`,
    broken: 'A record is missing or altered. Keep the exported file and find out who had access to the store.',
    from: 'from',
    to: 'to',
  },
  report: {
    title: 'Event report',
    about:
      'One page for those who were not there: arrivals, waits told and real, admissions against the limits, the site’s answers, and who did what. It opens offline and prints. Figures by the minute are kept for a year. It names operators; the evidence below does not.',
    period: 'About',
    lastOpening: 'The last opening',
    range: 'A range of time',
    from: 'From',
    to: 'To',
    language: 'Language',
    incomplete: (zone: string) => `Enter a beginning and a later end, as clocks in ${zone} show them.`,
    download: 'Download report',
    minutes: 'Minutes as CSV',
    acts: 'Acts as CSV',
  },
  evidence: {
    title: 'Evidence for others',
    about:
      'A signed archive of this log, the draws, the limits, and the numbers admitted and refused over time. It names no operator and no visitor, and its README says how a stranger checks it. Take it within two days: figures are not kept longer.',
    download: 'Download evidence',
  },
  auditAction: (action: string) => auditActions[action] ?? action,
  /** One line about a record: `Schedule: round 2 → 3`. */
  changeSummary: (what: string, field: string, change: string) =>
    `${what}: ${field.charAt(0).toLowerCase()}${field.slice(1)} ${change}`,
  field: (name: string) => fields[name] ?? name,
  flowName: (flow: Flow) => flows[flow],
  minutes: (minutes: number) => `${formatCount(minutes)} min`,

  editor: {
    site: 'Protected site',
    policy: 'Speed and sessions',
    schedule: 'Schedule',
    template: 'Custom waiting page',
    archive: 'Archive',
    sending: 'Saving …',
    reset: 'Discard changes',
    fix: problems['bad-input'],
    perLine: 'One per line.',
    idNote: 'Used in addresses and tokens: a-z, 0-9 and -. Cannot be changed later.',
    hostsNote: 'Names without a port, or * for every host.',
    pathsNote: 'Everything below them requires admission.',
    exemptNote:
      'Let through without queueing: /static for reading what lies below it, POST /pay/callback exact for one address. Each is a hole; the dashboard counts what passes.',
    originNote: 'For example https://origin.example, without a path.',
    originHostNote: 'Host sent to the site. origin: its own; visitor: as the visitor typed it; or a name.',
    originAliasesNote: 'Other addresses that the site puts in its redirects, one a line.',
    originTimeoutNote: 'Seconds the site may take to answer. Longer: slow pages load. Shorter: faults show sooner.',
    audience: 'Audience of admission tokens',
    audienceNote: 'The “aud” that the site expects. Empty: derived from the ID.',
    timeZoneNote: 'For example Asia/Seoul. All times of this room are shown in it.',
    outside: 'Other paths of these hosts',
    outsideChoices: {
      refuse: {
        label: 'Refuse',
        note: 'No one bypasses the line by a forgotten path, but every public path must be listed as exempt.',
      },
      pass: {
        label: 'Let through',
        note: 'The rest of the site works as usual, but a forgotten path is open to everyone.',
      },
    },
    languages: 'Languages of visitor pages',
    languagesNote: 'Visitors whose browser asks for neither see the first one.',
    languageNames: { ko: '한국어', en: 'English' },
    languageOrders: {
      'ko,en': 'Korean, then English',
      'en,ko': 'English, then Korean',
      ko: 'Korean only',
      en: 'English only',
    },
    corsNote: 'Their pages may join for visitors and read the answers (CORS), for example https://app.example.',
    handOffNote:
      'Admitted visitors are sent back there with a code. An origin and a path, for example https://shop.example/book.',
    expectedNote: 'An alarm appears when more arrive. Empty: no alarm.',
    rateNote: 'Hard limit. Higher: shorter waits, but more load on the site.',
    placesNote: 'Hard limit on people inside. Higher: shorter line, but more load on the site.',
    session: 'Session, minutes',
    sessionNote: 'Longer: more time to finish, but places free up later.',
    total: 'Longest stay, minutes',
    totalNote:
      'No activity extends a visit beyond this. Shorter: nobody holds a place for long, but a visitor who is not done has to line up again.',
    renewal: 'Activity extends the session',
    renewalNote: 'No one is cut off while filling in a form, but places free up later.',
    claim: 'Claim window, minutes',
    claimNote:
      'How long a called visitor may take to enter. Longer: fewer missed turns, but no-shows are noticed later.',
    status: 'Status code of the waiting page',
    statuses: {
      200: 'Every client and cache understands it, but machines may take it for the real page.',
      202: 'Signals “not yet” to machines, but few expect it.',
      429: 'Keeps robots away, but some proxies replace the page.',
      503: 'Crawlers and monitors know it as “come back later”, but a balancer may take the gateway for broken.',
    },
    health: 'Follow the site’s health',
    healthModes: {
      off: {
        label: 'Off',
        note: 'The limits stay as you set them. Nothing changes by itself, but a site that is down gets every visitor.',
      },
      protect: {
        label: 'Protect the site',
        note: 'Fewer people while the site is slow or fails, none while it is down, and back in steps. A fault that only some visitors meet slows everyone down.',
      },
      find: {
        label: 'Protect, and find the limit',
        note: 'Also tries how many people at once the site carries, up to your limit. You need not know it beforehand, but finding it means reaching it: the site slows down briefly.',
      },
    },
    errorPercentNote: 'From a quarter of it on, fewer people are admitted.',
    slowFactorNote: 'Mean response time, compared with the calm before the crowd.',
    stockPeopleNote: 'Follows what the site says is left. Empty: nobody is held back until it is sold out.',
    stockFreshNote: 'Visitors see “being checked” instead of an older number.',
    slowMsNote: 'A fixed time instead of the comparison. Empty: compare.',
    rateFloorNote: 'Never slowed below this. While the site is down, entry stops all the same.',
    peopleFloorNote: 'Where the search begins. Empty: a twentieth of the people at once.',
    probePathNote: 'Asked while admission is stopped, such as /healthz. Choose one that fails when booking fails.',
    prequeueNote: 'Empty: from now on.',
    opensNote: 'Until it opens you can move the time; entries are kept.',
    openedNote: 'To change only the closing, leave the opening as it is. A new opening invalidates current numbers.',
    planNote:
      'This room is closed. Its opening counts once you announce it: visitors then see the time and get entries.',
    announcePlan: 'Announce this opening',
    askedToConfirm: 'Not saved yet. Read what it does, then press again.',
    closesNote: 'Empty: open until someone closes it.',
    beacon: 'How the order is drawn',
    beaconChoices: {
      with: {
        label: 'With public randomness (drand)',
        note: 'Anyone can check that no one, you included, could choose the order. But “Drawing” lasts a few seconds, and longer while no relay answers.',
      },
      without: {
        label: 'Without public randomness',
        note: 'Needs no other server, and the order is there at once. But it rests on the gateway’s sealed secret alone, and no verifier calls it fully proven.',
      },
    },
    beaconFixed: 'This opening is drawn as chosen before it. You can choose again for a new opening.',
    deadlineNote: 'From the opening on. Longer: a slow relay does no harm, but visitors wait longer if none answers.',
    afterDeadline: 'If it has not come by then',
    afterDeadlineChoices: {
      wait: { label: 'Wait on', note: 'The draw stays provable, but no one enters until a relay answers.' },
      withoutBeacon: {
        label: 'Draw without it',
        note: 'The room opens in any case, but no one can tell it from an operator who disliked the number: the draw is not proven.',
      },
    },
    relays: {
      title: 'Relays of public randomness',
      test: 'Test the relays',
      again: 'Test again',
      testing: 'Testing the relays …',
      untested: (reason: string) => `The relays could not be tested. ${reason}`,
      answered: (relay: string, ms: number, round: string) =>
        `The relay ${relay} answered in ${formatCount(ms)} ms with number ${round}; its signature is genuine.`,
      suggestsWithout:
        'No relay is known to answer, so “without” is chosen. To draw with public randomness, let the gateway reach these relays by https and test again, or set BEACON_CHAIN.',
      noneButChosen:
        'No relay is known to answer. If that is so at the opening, the room waits. Let the gateway reach these relays by https, or choose “without”.',
      noneAndNotChosen:
        'No relay is known to answer. To draw with public randomness, let the gateway reach these relays by https and test again, or set BEACON_CHAIN.',
    },
    drawSteps: {
      title: 'What happens at the opening',
      entriesClose: (time: string) => `${time} Entries close, and how many there are is published.`,
      roundDue: (time: string, round: string) => `${time} Public random number ${round} is due.`,
      roundSoon: 'Three to six seconds later a public random number is due.',
      drawn: (time: string, seconds: number) =>
        `About ${time} The order is there and calls begin. Everyone has seen “Drawing” for about ${seconds} s.`,
      drawnSoon: 'A second or two after that the order is there and calls begin. Until then everyone sees “Drawing”.',
      waitsOn: (time: string) =>
        `${time} If no relay has the number by then, the room waits on, and an alarm says why.`,
      goesWithout: (time: string) => `${time} If no relay has the number by then, the room draws without it.`,
      drawnAtOnce: (time: string) =>
        `${time} Entries close, and within two seconds the order is there and calls begin.`,
    },
    inZone: (zone: string) => `In the room’s time zone, ${zone}`,
    timeHere: (time: string) => `your time ${time}`,
    timeUtc: (time: string) => `UTC ${time}`,
    skipped: 'This time does not exist: clocks go forward over it.',
    twice: 'This time occurs twice that night; the earlier one is used.',
    twiceLater: 'This time occurs twice that night; the later one is set and stays.',
    templateCustom: 'Visitors see your custom page.',
    templateDefault: 'Visitors see Fairgate’s pages.',
    templateNote: 'An HTML file with Mustache variables, up to 1 MiB.',
    templateChoose: 'Choose a file',
    templateUpload: 'Upload',
    templateRemove: 'Use Fairgate’s pages',
    templateRemoveNote: 'If you return to Fairgate’s pages, your custom page is deleted.',
    archived: problems['room-archived'],
    archiveNote: 'Takes a closed room out of service for good. Its log stays readable.',
    archiveFirst: 'Close the room first.',
    archiveSubmit: 'Archive room',
    conflictTitle: 'Changed while you were editing',
    conflictLead: 'Nothing you typed is lost. These fields differ:',
    conflictField: 'Field',
    conflictInForce: 'In force now',
    conflictTyped: 'Typed here',
    conflictUseInForce: 'Use what is in force',
    conflictSaveTyped: 'Save what I typed',
    conflictNone: 'None of the fields you changed is affected.',
    newTitle: 'New room',
    copyTitle: (room: string) => `New room like ${room}`,
    duplicate: 'Duplicate',
    newLead: 'A new room begins closed. Nothing opens until you announce its opening.',
    plan: 'Planned opening',
    checkRoom: 'Check',
    checkingRoom: 'Checking …',
    checkedTitle: 'Before it is created',
    takesNothing: 'It takes no address from another room.',
    beginsClosed: 'It begins closed: visitors of its addresses see that it is closed until you announce the opening.',
    siteAnswer: (answer: SiteAnswer) => {
      switch (answer.kind) {
        case 'answered':
          return answer.status < 500
            ? `The site answered in ${formatCount(answer.ms)} ms with status ${answer.status}.`
            : `The site answered with an error, status ${answer.status}. Check it before the opening.`;
        case 'late':
          return `The site did not answer within ${answer.seconds} s. Check its address and its firewall.`;
        case 'unreachable':
          return 'The site cannot be reached from the gateway. Check its address and its firewall.';
      }
    },
    create: 'Create room, closed',
    created: 'Room created. It is closed until you announce its opening.',
    fieldErrors: {
      required: 'Required.',
      tooLong: (max: number) => `At most ${formatCount(max)} characters.`,
      between: (min: number, max: number) => `From ${formatCount(min)} to ${formatCount(max)}.`,
      number: 'Enter a number.',
      total: 'Not shorter than the session.',
      host: 'Enter a host name in lower case without a port, or *.',
      probePath: 'Enter a path such as /healthz, in ASCII without spaces.',
      path: 'Enter a path such as /book or /예약, as people read it: without %-encoding, spaces or //.',
      exemption:
        'Enter a path such as /static, or methods, a path and “exact”: POST /pay/callback exact. Methods are GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS.',
      origin: 'Enter an http(s) address without a path.',
      originHost: 'Enter origin, visitor or a host name in lower case.',
      corsOrigin: 'Enter exact origins such as https://app.example, each once, at most 16. No *.',
      handOff: 'Enter https addresses such as https://shop.example/book, each once, at most 16.',
      zone: 'Enter a time zone such as Asia/Seoul.',
      id: 'Up to 40 characters: a-z, 0-9, and - between them.',
      time: 'Enter a date and a time.',
      before: 'Must be before the opening.',
      after: 'Must be after the opening.',
      format: 'This value is not valid.',
      tooMany: (max: number) => `At most ${formatCount(max)} lines.`,
      tooSmall: (min: number) => `At least ${formatCount(min)}.`,
      tooLarge: (max: number) => `At most ${formatCount(max)}.`,
      overlap: (room: string, path: string) => `Room “${room}” already protects ${path}. Remove it from one of them.`,
      ownAddress: (origin: string) =>
        `Requests to ${origin} would come back to this gateway. Use the site’s own address.`,
      notPublic:
        'Alarms are sent to public https addresses only; http and private networks only from a gateway on your own machine.',
      template: 'The {{…}} tags do not match. Check them and upload the file again.',
      templateAt: (line: number) => `The {{…}} tags do not match near line ${formatCount(line)}. Check them there.`,
    },
  },

  preview: {
    lead: 'What a visitor sees in each state, with sample numbers, as wide as a phone.',
    language: 'Language',
    page: 'Page',
    all: 'All',
    frame: (kind: string) => `Page “${kind}”`,
    kinds: {
      newcomer: 'No number yet',
      scheduled: 'Not open yet',
      entered: 'In the draw',
      drawing: 'Drawing',
      waiting: 'Waiting',
      called: 'Called',
      standby: 'Called, no vacancy',
      paused: 'Paused',
      soldOut: 'Sold out',
      closed: 'Closed',
      lapsed: 'Turn missed',
      ended: 'Session ended',
      tooManyJoins: 'Too many from one network',
      cookiesNeeded: 'Cookies refused',
      storeUnreachable: 'Store not responding',
      originUnreachable: 'Site not responding',
      originError: 'Error of the site',
    },
  },

  keys: {
    lead: 'One key per person, so that the log shows who did what. The keys themselves are not stored.',
    since: (time: string) => `created ${time}`,
    roleNotes: {
      viewer: 'sees everything, changes nothing',
      operator: 'controls rooms: speed, line, messages, schedule',
      owner: 'also manages rooms and keys',
    },
    create: 'Create key',
    created: (name: string) => `Key for ${name}`,
    createdLead: 'This key is shown only once. Hand it over now.',
    done: 'I have handed it over',
    remove: 'Remove',
    removeNote: (name: string) => `${name}’s key and sessions end at once.`,
    removed: (name: string) => `Removed ${name}’s key.`,
    settings: 'from the settings',
    expires: 'Valid until the end of',
    expiresNote: 'Your time. Empty: until someone removes it.',
    expiresPast: 'Set a day that is not over, or none.',
    until: (time: string) => `until ${time}`,
    expired: (time: string) => `expired ${time}`,
    used: (time: string, network: string) => `last used ${time} from ${network}`,
    unused: 'not used yet',
    rooms: 'Rooms',
    roomsRequired: 'Choose at least one room, or all.',
    ownersRooms: 'An owner’s key is always for all rooms.',
  },
  you: 'you',
  /** Who acts without a person. */
  actors: {
    alarms: 'Alarms',
    gateway: 'Gateway',
    nobody: 'Nobody',
    'origin-health': 'Site’s health',
    settings: 'Settings',
    store: 'Store',
  } as Record<string, string>,
  healthStages: { steady: 'normal', slowed: 'slowed', stopped: 'stopped' } as Record<string, string>,
  healthCauses: { errors: 'errors', slow: 'slow answers', signal: 'the site asked for it' } as Record<string, string>,

  help: {
    lead: 'Shortcuts work whenever you are not typing. You can turn them off in your menu.',
    keys: {
      p: 'Pause: no new calls',
      h: 'Hold: no calls, no entry',
      r: 'Resume',
      z: 'Undo your last action',
      l: 'Change the speed',
      m: 'Message to waiting visitors',
      n: 'Now, log, settings, visitor pages: 1 2 3 4',
      help: 'This help',
    },
    danger:
      'Critical actions are pressed for one second, with Space or Enter too. With a screen reader, a dialog asks you to confirm.',
    stale: 'Numbers older than 3 s show their age. Numbers that are not known are not shown.',
  },
};

function plural(count: number, noun: string, several = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : several}`;
}

function waitingText(waiting: number): string {
  return waiting === 1 ? '1 person who waits' : `${formatCount(waiting)} people who wait`;
}

function opensNowText(entries: number): string {
  return entries === 0
    ? 'Opens NOW. No one has an entry yet.'
    : `Opens NOW for ${plural(entries, 'person', 'people')}: entries close and the order is drawn.`;
}

function endsPlacesText({ waiting, active }: { waiting: number; active: number }): string {
  if (waiting === 0 && active === 0) return 'Starts a new round. No one waits and no one is inside.';
  const sessions = `ends the ${active === 1 ? 'session of 1 person' : `sessions of ${formatCount(active)} people`}`;
  const numbers = `${waitingText(waiting)} ${waiting === 1 ? 'loses the number' : 'lose their numbers'}`;
  return `Starts a new round: ${sessions}, and ${numbers}.`;
}

function takesFromText({ room, routes, waiting, active }: TakenFromRoom): string {
  const there =
    waiting === null || active === null
      ? 'how many people are there is not known'
      : `${plural(waiting + active, 'person', 'people')} there`;
  return `Takes ${routes.join(', ')} from room ${room}: ${there}.`;
}
