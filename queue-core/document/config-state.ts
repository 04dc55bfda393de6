// What operators and the settings file decide, as it is in force.

import type { Flow, Message, Policy, Schedule } from '../policy.ts';
import type { EpochMs } from '../time.ts';
import type { SubState } from './sub-state.ts';

export interface ClockLeap {
  from: EpochMs;
  to: EpochMs;
}

export interface ConfigState {
  /** Digest of the settings file last applied, so that a restart changes nothing and an edited file does. */
  settingsDigest: string;
  policy: Policy;
  schedule: Schedule;
  flow: Flow;
  /** A leap of the store's clock that holds the room until an operator resumes it: from when to when. */
  leap: ClockLeap | null;
  /** By an operator. Before the opening, visitors keep their entries, and another schedule opens the room again. */
  closed: boolean;
  /** The opening that visitors knew before it was moved or cancelled, and when that was; null: they know the present one. */
  moved: { was: EpochMs; at: EpochMs } | null;
  message: Message | null;
}

type Initial = Pick<ConfigState, 'settingsDigest' | 'policy' | 'schedule' | 'closed'>;

export const configState: SubState<ConfigState, Initial, { config: ConfigState }> = {
  empty: ({ settingsDigest, policy, schedule, closed }) => ({
    settingsDigest,
    policy,
    schedule,
    flow: 'running',
    leap: null,
    closed,
    moved: null,
    message: null,
  }),
  carryOver: ({ config }, { schedule }) => configState.empty({ ...config, schedule, closed: false }),
};
