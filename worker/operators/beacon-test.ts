// The test of the relays of public randomness, before an opening relies on them.

import type { Gateway } from '../gateway.ts';
import { operatorProblem } from '../http/problems.ts';
import { json } from '../http/responses.ts';
import type { Handlers } from './operation-context.ts';

export function beaconHandlers({ relayTest }: Pick<Gateway, 'relayTest'>): Handlers<'testBeacon'> {
  return {
    async testBeacon() {
      const outcome = await relayTest.run();
      if (outcome.kind === 'tested') return json(outcome.test);
      return operatorProblem('too-many-requests', { 'Retry-After': String(outcome.retryAfterSeconds) });
    },
  };
}
