// English. Short sentences, what is true first, no exclamation marks.

import type { Words } from './strings.ts';
import { WAIT_MINUTES_MAX } from './wait-range.ts';

const hours = (value: number) => (value === 60 ? '1 hour' : value === 90 ? '1½ hours' : `${value / 60} hours`);
const span = (value: number) => (value === 1 ? '1 minute' : value < 60 ? `${value} minutes` : hours(value));
const plural = (value: number, word: string) => `${value} ${word}${value === 1 ? '' : 's'}`;

export const en: Words = {
  language: 'en',
  otherLanguage: { language: 'ko', name: '한국어' },
  heading: {
    scheduled: 'Not open yet',
    entered: 'You are in the draw',
    drawing: 'Drawing the order',
    waiting: 'You are in line',
    called: 'It is your turn',
    standby: 'You are about to enter',
    paused: 'Entry is paused',
    soldOut: 'Nothing left at the moment',
    closed: 'This has closed',
    lapsed: 'Your turn has passed',
    ended: 'Your visit is over',
    gaveUp: 'You gave up your place',
    storeUnreachable: 'We cannot see the line right now',
    originUnreachable: 'The site is not answering',
    badRequest: 'We could not handle that request',
  },
  lead: {
    scheduled: () => 'When entries for the draw begin, this page takes one for you.',
    entered: () => 'At the opening, all entries are drawn into an order. Coming early gives no advantage.',
    drawing: () => 'You will see your place as soon as it is done. Nobody enters in the meantime.',
    waiting: () => 'You are let in automatically when your turn comes. There is nothing to press.',
    called: ({ admit }) => (admit === null ? 'You are being let in.' : `You are being let in at ${admit}.`),
    standby: () => 'Your turn has come, but the site is full. You go in as places come free, before any later number.',
    paused: () => 'Your number is kept. When the operator goes on, people are called in the same order.',
    soldOut: () => 'You need not wait. If more becomes available, it shows here at once and the order is kept.',
    closed: ({ closes }) =>
      `${closes === null ? 'Nobody can enter any more.' : `It closed at ${closes}.`} You need not wait any longer.`,
    lapsed: () =>
      'Your number was called and nobody came in time, so the turn went to the next person. You can take a new number now.',
    ended: () =>
      'You finished, or your time was up. The site itself can tell you whether your request was recorded. To go in again, take a new number.',
    gaveUp: () => 'You can take a new number whenever you like.',
    storeUnreachable: () =>
      'Your number is safe. If you have none yet, you get one as soon as the line answers. This page keeps asking.',
    originUnreachable: ({ admittedUntil }) =>
      `Your admission is safe${admittedUntil === null ? '' : ` until ${admittedUntil}`}. You are let in as soon as the site answers.`,
    badRequest: () => 'Please check the address and try again.',
  },
  title: (kind, ahead) => (ahead === null ? en.heading[kind] : `${ahead} ahead`),

  untilOpening: 'Time until the opening',
  days: (days, hours) => `${plural(days, 'day')} ${hours} h`,
  countdown: (h, m, s) => `${h > 0 ? `${plural(h, 'hour')} ` : ''}${plural(m, 'minute')} ${plural(s, 'second')} left`,
  serverTime: 'Server time',
  opensAt: 'Opens',
  entry: 'Your draw entry',
  entries: 'In the draw',
  myNumber: 'Your number',
  nowCalled: 'Now called',
  nobodyYet: 'None yet',
  ahead: 'Ahead of you',
  people: (count) => count,
  aheadSpoken: (ahead, wait) => `${ahead} ahead of you. Estimated wait: ${wait}.`,
  progress: 'How far the line has moved towards your turn',
  estimate: 'Estimated wait',
  wait(range) {
    // Anything from a minute to hours is no estimate.
    if (range === null || (range.low === 0 && range.high === null)) return 'not known yet';
    const { low, high } = range;
    if (high === null) return low < WAIT_MINUTES_MAX ? `${span(low)} to more than 2 hours` : 'more than 2 hours';
    if (low === 0) return high === 1 ? 'less than a minute' : `up to ${span(high)}`;
    if (low === high) return `about ${span(high)}`;
    return high < 60 ? `about ${low} to ${high} minutes` : `about ${span(low)} to ${span(high)}`;
  },
  heldUntil: 'Your turn is kept until',
  standbyAhead: 'Before you',
  stock: 'Still available',
  readAt: (time, age) => (age > 0 ? `Read at ${time} (${age} min ago)` : `Read at ${time}`),
  message: (time) => `From the operator · ${time}`,
  noScript: (seconds) => `This page refreshes itself every ${plural(seconds, 'second')}.`,

  offline: 'Connection lost. This page goes on when you are back.',
  unanswered: 'The server is slow to answer. We keep asking.',
  placeKept: 'Your place is kept.',

  enterNow: 'Enter now',
  newPlace: 'Take a new number',
  newPlaceNote: 'A new number joins at the end of the line.',
  retry: 'Try again',
  alert: 'Sound and vibrate at my turn',
  leave: {
    open: 'Give up my place',
    warning: 'This number cannot be brought back. If you return, you join at the end of the line.',
    confirm: 'Yes, give up my place',
  },

  promises: {
    title: 'Nothing to worry about',
    items: {
      closing: [
        'Refreshing and closing are harmless',
        'Open this page in the same browser and you are where you were.',
      ],
      network: ['A call or a lost network costs nothing', 'Your place stays, and this page goes on when you are back.'],
      turn: ['Your turn is kept for you', 'We tell you until when. Have this page open around that time.'],
      entryTurn: ['Nothing to do but wait', 'After the opening, your drawn place appears here by itself.'],
      backDoor: [
        'There is no back door',
        'The server checks your number before it opens. No other address and no changed clock gets in, and there is no pass to buy.',
      ],
    },
  },
  draw: {
    title: 'Anybody can check the draw',
    how: 'The secret behind the draw was sealed in advance and is published after the opening, so that anybody can compute that nobody, the operator included, chose the result.',
    seal: 'Seal',
    verify: 'Check the result of the draw',
  },
  zone: (name) => `All times are the server’s, in ${name}.`,
};
