// A request that is valid for each operation of the contract.

import type { OperationName } from '../../worker/contract/operator-api.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';
import { FORECAST_QUERY, MESSAGE, type OperatorRequest, POLICY, SCHEDULE, SITE, TARGET } from './operator-client.ts';

/** A valid body for every operation that takes one. */
export const BODIES: Partial<Record<OperationName, unknown>> = {
  signIn: { key: OPERATOR_KEY },
  createRoom: { id: 'spring', site: SITE, policy: POLICY, schedule: SCHEDULE },
  setSite: { ...SITE, hosts: ['*'] },
  setPolicy: POLICY,
  setSchedule: SCHEDULE,
  openNow: { confirm: { opensNow: true } },
  previewSchedule: { schedule: SCHEDULE },
  previewRoom: { id: 'spring', site: SITE },
  keepMessage: MESSAGE,
  setMessage: MESSAGE,
  setTemplate: '<p>{{waitTime}}</p>',
  addAlarmTarget: TARGET,
  changeAlarmTarget: { ...TARGET, url: null },
  addKey: { name: 'Night shift', role: 'viewer' },
};

export function validRequest(name: OperationName, headers: Record<string, string>): OperatorRequest {
  return {
    headers,
    ...(BODIES[name] === undefined ? {} : { body: BODIES[name] }),
    ...(name === 'forecast' ? { query: FORECAST_QUERY } : {}),
  };
}
