// Nights small enough for a test, one of each shape.

import { type Scenario, SHAPE_DEFAULTS, type Shape } from '../../scripts/simulation/scenario.ts';

export function smallNight(shape: Shape, changes: Partial<Scenario> = {}): Scenario {
  return {
    ...SHAPE_DEFAULTS[shape],
    visitors: 400,
    overMs: { wall: 2_000, prequeue: 40_000, day: 90_000 }[shape],
    gateways: 4,
    relays: 0,
    newUsersPerMinute: 1_200,
    totalActiveUsers: 2_000,
    sessionMs: 60_000,
    stayMs: 5_000,
    watched: 40,
    originPeople: 1_000,
    seed: 1,
    ...changes,
  };
}
