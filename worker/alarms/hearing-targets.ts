// Which targets hear of an alarm, and how many gateways tell them.

import type { AlarmTarget } from '../../queue-core/directory/directory-document.ts';
import { SEVERITIES, SEVERITY_OF } from '../../queue-core/document/alarms-state.ts';
import type { Alarm } from '../contract/operator-api.ts';

/** Gateways that try to take a notice in one interval, on average: of a thousand, not all. */
export const TAKERS = 3;

/** Whether a target hears of such an alarm of a room. */
export function hears(
  { rooms, severityMin }: Pick<AlarmTarget, 'rooms' | 'severityMin'>,
  room: string,
  kind: Alarm['kind'],
): boolean {
  const isUrgentEnough = SEVERITIES.indexOf(SEVERITY_OF[kind]) >= SEVERITIES.indexOf(severityMin);
  return isUrgentEnough && (rooms === null || rooms.includes(room));
}

/** For the gateway's log, without the address. */
export function failureText(
  { name, url }: Pick<AlarmTarget, 'name' | 'url'>,
  room: string,
  kind: Alarm['kind'],
  { status, fault }: { status: number | null; fault: string | null },
): string {
  const reason = status === null ? fault : `status ${status}`;
  return `The alarm ${kind} of room "${room}" did not reach the target "${name}" at ${new URL(url).host}: ${reason}`;
}
