// Alarms in English, for the console and for messages to people: what is true, then what to do.

import type { RelayFaultKind } from './beacon-schema.ts';
import type { Alarm, HealthCause } from './live-schema.ts';
import { formatCount, formatSeconds } from './plain-numbers.ts';

/** The part of a number format that the texts of alarms need. */
export interface TimeFormat {
  /** 20:03:12 */
  time(ms: number): string;
}

export interface AlarmText {
  what: string;
  /** The next step. */
  next: string;
}

/** As the end of "The relay …". */
const relayFaults: Record<RelayFaultKind, string> = {
  noAnswer: 'did not answer within 5 s',
  unreachable: 'could not be reached',
  tooLarge: 'answered with far more than a random number',
  notYet: 'says that the latest number is not out yet. It may lag behind, or this gateway’s clock is ahead',
  otherChain: 'does not serve this chain',
  redirect: 'sends the gateway to another address, which it does not follow',
  status: 'answered with an error',
  noBeacon: 'answered with something that is no random number',
  otherRound: 'answered with another number than the one asked for',
  notGenuine: 'answered with a number that the chain did not sign',
};

export const alarmTextEn = {
  alarm(alarm: Alarm, format: TimeFormat): AlarmText {
    switch (alarm.kind) {
      case 'storeUnreachable':
        return {
          what: `The store is not responding; the numbers are ${formatCount(Math.round(alarm.ageSeconds))} s old.`,
          next: 'No one new enters and no place is lost. Check the store; you cannot change the room until it responds.',
        };
      case 'clockLeapt':
        return {
          what: `The store’s clock jumped from ${format.time(Date.parse(alarm.from))} to ${format.time(Date.parse(alarm.to))}. The room is held.`,
          next: 'Check the clock of the store. Once it is right, resume the room: its time then goes on.',
        };
      case 'drawKeyMissing':
        return {
          what: alarm.isDrawing
            ? `This gateway cannot draw: the key ${alarm.key} sealed the secret, and it does not have that key.`
            : `This gateway will not be able to draw: the key ${alarm.key} sealed the secret, and it does not have that key.`,
          next: alarm.isDrawing
            ? 'Add the key to SIGNING_KEYS again. The room then draws by itself; until then no one enters.'
            : 'Add the key to SIGNING_KEYS again, before the opening. Only if it is lost for good: an owner seals the draw again, and the draw is then not proven.',
        };
      case 'beaconChainDiffers':
        return {
          what: `The draw needs the chain ${alarm.chain.slice(0, 12)}…, and this gateway’s BEACON_CHAIN is another one.`,
          next: alarm.isDrawing
            ? 'Set BEACON_CHAIN to that chain again. The room then draws by itself.'
            : 'Set BEACON_CHAIN to that chain again, or choose public randomness in the schedule once more to use this gateway’s chain.',
        };
      case 'beaconLate': {
        const { round, dueAt, deadline, afterDeadline, faults } = alarm;
        const relays = faults.map(({ relay, fault }) => alarmTextEn.relayFault(relay, fault));
        return {
          what: [
            `Public random number ${formatCount(round)} was due at ${format.time(Date.parse(dueAt))} and has not come.`,
            ...relays,
          ].join(' '),
          next:
            afterDeadline === 'wait'
              ? 'No one enters until a relay has it. Let the gateway reach the relays by https; it asks them again every second or two.'
              : `Let the gateway reach the relays by https. At ${format.time(Date.parse(deadline))} the room draws without it, and the draw is then not proven.`,
        };
      }
      case 'originStopped':
        return {
          what: `Admission was stopped at ${format.time(Date.parse(alarm.since))}: ${healthCause(alarm.cause)}`,
          next: 'No one is called. Look at the site: admission comes back in steps once it responds well again.',
        };
      case 'originSlowed':
        return {
          what: `${healthCause(alarm.cause)} Since ${format.time(Date.parse(alarm.since))} fewer people are admitted, now ${formatCount(alarm.newUsersPerMinute)} a minute and ${formatCount(alarm.totalActiveUsers)} at once.`,
          next: 'Look at the site, or lock the limits if they are right: set “Follow the site’s health” to off.',
        };
      case 'originErrors':
        return {
          what: `${formatCount(alarm.sharePercent)}% of the site’s responses are errors.`,
          next: 'Lower the people per minute, or hold the line and check the site.',
        };
      case 'originSlow':
        return {
          what: `The site responds in ${formatSeconds(alarm.latencyMs)} s, usually ${formatSeconds(alarm.usualMs)} s.`,
          next: 'Lower the people per minute, or check the site.',
        };
      case 'arrivalsAbovePlan':
        return {
          what: `${formatCount(alarm.arrived)} people have arrived; ${formatCount(alarm.expected)} were expected.`,
          next: 'Waits will be longer than planned. Post a message, and raise the speed if the site can bear it.',
        };
      case 'showShareFalling':
        return {
          what: `Only ${alarm.sharePercent}% of those called enter, down from ${alarm.beforePercent}%.`,
          next: 'The line calls more visitors to make up for it. If this lasts, check that visitors can reach the site.',
        };
      case 'limitReached':
        return {
          what: `All ${formatCount(alarm.active)} places are taken.`,
          next: 'Visitors enter only as others leave. Raise the people at once if the site can bear it.',
        };
    }
  },

  relayFault: (relay: string, fault: RelayFaultKind) => `The relay ${relay} ${relayFaults[fault]}.`,
};

function healthCause(cause: HealthCause): string {
  switch (cause.kind) {
    case 'errors':
      return `${cause.percent}% of requests to the site fail.`;
    case 'slow':
      return cause.usualMs === null
        ? `The site responds in ${formatSeconds(cause.ms)} s.`
        : `The site responds in ${formatSeconds(cause.ms)} s, usually in ${formatSeconds(cause.usualMs)} s.`;
    case 'signal':
      return 'The site asked for no more visitors.';
  }
}
