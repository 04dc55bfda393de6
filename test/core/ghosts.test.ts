// Ghosts: places that were taken and whose visitors never come. They must not slow those who do.

import { describe, expect, test } from 'vitest';
import { arrivals, visit } from './visiting-line.ts';

const RATE = 600;

describe('ghosts', () => {
  test.each([0, 0.5, 0.9, 0.95])(
    'with a share of %s of them the rate is used to 95 percent and honest visitors wait at most twice as long',
    (ghosts) => {
      const honest = 300;
      const every = Math.round(1 / (1 - ghosts));
      const { admittedAt } = visit(
        arrivals(honest * every, 0, (index) => (index + 1) % every === 0),
        RATE,
      );
      expect(admittedAt).toHaveLength(honest);
      const [from = 0, until = 0] = [admittedAt[100], admittedAt.at(-1)];
      const used = (admittedAt.length - 101) / (((until - from) / 60_000) * RATE);
      expect(used).toBeGreaterThan(0.95);
      // Without ghosts the last of them would be admitted when the rate has let all of them in.
      expect(until).toBeLessThan(2 * (honest / RATE) * 60_000);
    },
  );
});
