// English strings. Plain and courteous: what is true first, then what to do; no exclamation marks.

import type { Strings } from './strings.ts';
import { WAIT_MINUTES_MAX } from './wait-range.ts';

const hours = (value: number) => (value === 60 ? '1 hour' : value === 90 ? '1½ hours' : `${value / 60} hours`);
const span = (value: number) => (value < 60 ? plural(value, 'minute') : hours(value));
const plural = (value: number, noun: string) => `${value} ${noun}${value === 1 ? '' : 's'}`;

export const en: Strings = {
  language: 'en',
  heading: {
    scheduled: 'Not open yet',
    entered: 'You are in the draw',
    drawing: 'The draw is in progress',
    waiting: 'You are in line',
    called: 'It is your turn',
    standby: 'You will enter shortly',
    paused: 'Entry is paused',
    soldOut: 'Nothing is available at the moment',
    closed: 'Entry has closed',
    cancelled: 'The opening was cancelled',
    lapsed: 'Your turn has passed',
    ended: 'Your visit has ended',
    gaveUp: 'You gave up your place',
    tooManyJoins: 'Many people are joining from your network',
    cookiesNeeded: 'This page needs cookies',
  },
  lead: {
    scheduled: ({ entries }) => `Entry to the draw begins at ${entries}. This page then enters you automatically.`,
    entered: () =>
      'This is not a booking yet. At the opening, a draw puts all entries in order. Coming early gives no advantage.',
    drawing: () =>
      'The draw usually takes a few seconds. Your place in line then appears here. No one enters in the meantime.',
    waiting: () => 'You will be let in automatically when your turn comes. There is nothing to press.',
    called: ({ admit }) =>
      admit === null ? 'You are being let in automatically.' : `You will be let in automatically at ${admit}.`,
    standby: () =>
      'Your turn has come, but the site is full. You enter as soon as there is room, before anyone called later.',
    paused: ({ siteDown }) =>
      `${siteDown ? 'The site cannot take visitors now. ' : ''}You keep your number. When entry resumes, numbers are called in the same order.`,
    soldOut: () =>
      'You do not need to wait. If something is returned, the line goes on in the same order, and your place stays.',
    closed: ({ closes }) =>
      `${closes === null ? 'It is no longer possible to enter.' : `The closing time was ${closes}.`} You do not need to wait any longer.`,
    cancelled: ({ was }) =>
      `It does not open at ${was}. Another time will appear here, and an entry that you have counts for it.`,
    lapsed: () => 'Your number was called, but you did not come in time, so your turn went to the next person.',
    ended: () =>
      'You finished, or your time was up. Please check on the site itself whether your request was recorded.',
    gaveUp: () => 'You can take a new number at any time.',
    tooManyJoins: () =>
      'Many people share your internet address, as in a school or an office. You have lost nothing, and this page tries again automatically.',
    cookiesNeeded: () =>
      'Your browser did not return the cookie that keeps your number, so no number was taken. Please allow cookies for this site, then try again.',
  },
  aheadTitle: (ahead) => `${ahead} ahead`,

  untilOpening: 'Time until the opening',
  days: (days, hours) => `${plural(days, 'day')} ${hours} h`,
  countdown: (h, m, s) => `${h > 0 ? `${plural(h, 'hour')} ` : ''}${plural(m, 'minute')} ${plural(s, 'second')} left`,
  serverTime: 'Server time',
  opensAt: 'Opens',
  moved: ({ opens, was }) => `The opening was moved to ${opens} (was ${was}).`,
  entry: 'Your draw entry',
  entries: 'In the draw',
  myNumber: 'Your number',
  nowCalled: 'Now calling',
  noneCalled: 'None yet',
  ahead: 'Ahead of you',
  people: (count) => count,
  progress: 'How far the line has moved towards your turn',
  estimate: 'Estimated wait',
  waitUnknown: 'Not known yet',
  wait({ low, high }) {
    if (high === null) return low < WAIT_MINUTES_MAX ? `${span(low)} to more than 2 hours` : 'more than 2 hours';
    if (low === 0) return high === 1 ? 'less than a minute' : `up to ${span(high)}`;
    if (low === high) return `about ${span(high)}`;
    return high < 60 ? `about ${low} to ${high} minutes` : `about ${span(low)} to ${span(high)}`;
  },
  heldUntil: 'Your turn is kept until',
  standbyAhead: 'Entering before you',
  retryAt: 'Next try at about',
  stock: 'Still available',
  stockChecking: 'Being checked',
  lotGone: 'Sold out',
  moreLots: (count) => `Show ${count} more`,
  asOf: (time, age) => (age === null ? `As of ${time}` : `As of ${time} (${age} min ago)`),
  message: (time) => `From the operator · ${time}`,

  offline: 'Connection lost. This page continues when you are back online.',
  unanswered: 'The server is slow to respond. This page keeps trying.',
  copy: 'Your browser opened a stored copy of this page. We keep trying to reach the site.',
  placeKept: 'Your place is kept.',

  formNotSent: 'Your form was not sent. Please send it again after you enter.',
  takePlace: 'Take a number',
  enterNow: 'Enter now',
  newPlace: 'Take a new number',
  newPlaceNote: 'With a new number, you wait again from the end of the line.',
  retry: 'Try again',
  alert: 'Sound and vibrate at my turn',
  leave: {
    open: 'Give up my place',
    warning: 'You cannot get this number back. If you return, you wait again from the end of the line.',
    confirm: 'Yes, give up my place',
  },

  reassurance: {
    title: 'There is no need to worry',
    turn: (minutes) => [
      `Your turn is kept for ${minutes} minute${minutes === 1 ? '' : 's'}`,
      'Please have this page open when your turn is near.',
    ],
    closing: [
      'Refreshing or closing this page is fine',
      'You keep your number. Open this page again in the same browser to continue.',
    ],
    network: [
      'Phone calls and dropped connections are fine',
      'You keep your place, and this page continues when you are back online.',
    ],
    noOtherWay: [
      'There is no other way to enter earlier',
      'The server checks every number before anyone enters. Another address or a changed device clock does not help, and there is no pass to buy.',
    ],
  },
  draw: {
    title: 'Anyone can check the draw',
    how: (beacon) =>
      beacon
        ? 'The draw uses a secret value that was sealed in advance, and public randomness that comes out only after the opening. Both are published, so anyone can repeat the calculation and confirm that no one, including the operator, chose the result.'
        : 'The draw uses a secret value that was sealed in advance, and no public randomness. The value is published after the opening, so anyone can repeat the calculation.',
    seal: 'Seal',
    verify: 'Check the result of the draw',
  },
  zone: (name) => `All times are server time (${name}).`,
};
