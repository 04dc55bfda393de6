// A simulated night keeps every promise whatever goes wrong in it, depends on nothing but its seed, and its auditor notices a
// rule that is broken on purpose.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type NightOptions, type NightReport, simulate } from '../../scripts/simulation/night.ts';
import type { NightCheck } from '../../scripts/simulation/night-auditor.ts';
import { FAULTS, type OperatorChange, type Scenario, SHAPES } from '../../scripts/simulation/scenario.ts';
import type { NightPort } from '../../scripts/simulation/simulated-room.ts';
import { smallNight } from './small-nights.ts';

function broken({ audited }: NightReport): string[] {
  return audited.findings.flatMap(({ check, verdict, example }) =>
    verdict === 'failed' ? [`${check}: ${example}`] : [],
  );
}

describe('the same seed', () => {
  test.each(SHAPES)('gives the same night, and another seed another one: %s', async (shape) => {
    const play = (seed: number) => simulate(smallNight(shape, { seed, faults: 'heavy', relays: 2 }));
    const [first, again, other] = [await play(7), await play(7), await play(8)];
    expect(again).toEqual(first);
    expect(other.samples).not.toEqual(first.samples);
  });
});

describe('every promise is kept', () => {
  test.each(SHAPES)('on a quiet night, and each is judged where it can be: %s', async (shape) => {
    // So slow that most visitors wait for more than half a minute.
    const slow = { newUsersPerMinute: 300, relays: shape === 'wall' ? 0 : 2, watched: 200 };
    const report = await simulate(smallNight(shape, slow));
    expect(broken(report)).toEqual([]);
    expect(report.totals.answered).toBe(400);
    expect(report.totals.admitted).toBeGreaterThan(250);
    const unjudged = report.audited.findings
      .filter(({ verdict }) => verdict === 'inconclusive')
      .map(({ check }) => check);
    const cannot: Record<string, NightCheck[]> = { wall: ['draw'], prequeue: [], day: ['draw', 'waits', 'width'] };
    expect(unjudged.filter((check) => !cannot[shape]?.includes(check))).toEqual([]);
  });

  const change = fc.record({ atMs: fc.integer({ min: 0, max: 20_000 }) }).chain(({ atMs }) =>
    fc.oneof(
      fc.integer({ min: 300, max: 3_000 }).map((perMinute): OperatorChange => ({ atMs, kind: 'rate', perMinute })),
      fc.integer({ min: 20, max: 800 }).map((people): OperatorChange => ({ atMs, kind: 'capacity', people })),
      fc.constantFrom('pause' as const, 'hold' as const).map((kind): OperatorChange => ({ atMs, kind })),
    ),
  );
  const scenario = fc.record({
    shape: fc.constantFrom(...SHAPES),
    seed: fc.nat(),
    visitors: fc.integer({ min: 1, max: 250 }),
    gateways: fc.integer({ min: 2, max: 9 }),
    relays: fc.constantFrom(0, 1, 2),
    faults: fc.constantFrom(...FAULTS),
    ghosts: fc.constantFrom(0, 0.5),
    losses: fc.constantFrom(0, 0.05),
    totalActiveUsers: fc.integer({ min: 15, max: 600 }),
    // What an operator stops is resumed.
    changes: fc.array(change, { maxLength: 3 }).map((all) => [...all, { atMs: 30_000, kind: 'resume' as const }]),
  }) satisfies fc.Arbitrary<Partial<Scenario>>;

  test('on any small night with faults, lost answers, ghosts and an operator at work', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ shape, ...changes }) => {
        expect(broken(await simulate(smallNight(shape, changes)))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });
});

type Outcome = Awaited<ReturnType<NightPort['apply']>>;
type Replies = Extract<Outcome, { kind: 'applied' }>['replies'];

/** A port whose replies are changed on their way. */
const tampered =
  (change: () => (replies: Replies) => Replies): NonNullable<NightOptions['tamper']> =>
  (port) => {
    const changed = change();
    return {
      view: (request) => port.view(request),
      async apply(commands) {
        const outcome = await port.apply(commands);
        return outcome.kind === 'applied' ? { ...outcome, replies: changed(outcome.replies) } : outcome;
      },
    };
  };

/** A port whose views show another highest number called. */
const called =
  (change: () => (board: { called: number; issued: number }) => number): NonNullable<NightOptions['tamper']> =>
  (port) => {
    const changed = change();
    return {
      apply: (commands) => port.apply(commands),
      async view(request) {
        const viewed = await port.view(request);
        if (viewed.kind !== 'viewed') return viewed;
        const { board } = viewed.view;
        return { ...viewed, view: { ...viewed.view, board: { ...board, called: changed(board) } } };
      },
    };
  };

describe('a rule that is broken on purpose is found', () => {
  const cases: { name: string; tamper: NonNullable<NightOptions['tamper']>; found: NightCheck[] }[] = [
    {
      name: 'a store that hands out every lease twice',
      tamper: tampered(() => {
        let before: Replies[number] | null = null;
        return (replies) =>
          replies.map((reply) => {
            if (reply.kind !== 'leased') return reply;
            const handed = before ?? reply;
            before = before === null ? reply : null;
            return handed;
          });
      }),
      found: ['unique', 'leases'],
    },
    {
      name: 'leases that overlap by one number',
      tamper: tampered(() => (replies) => {
        return replies.map((reply) => (reply.kind === 'leased' ? { ...reply, count: reply.count + 1 } : reply));
      }),
      found: ['leases'],
    },
    {
      name: 'a slot before the opening',
      tamper: tampered(() => (replies) => {
        return replies.map((reply) => (reply.kind === 'admitted' ? { ...reply, admitAt: 1_000 } : reply));
      }),
      found: ['opening'],
    },
    {
      name: 'another session for a repeated claim',
      tamper: tampered(() => {
        let claims = 0;
        return (replies) =>
          replies.map((reply) =>
            reply.kind === 'admitted' ? { ...reply, expiresAt: reply.expiresAt + claims++ } : reply,
          );
      }),
      found: ['once'],
    },
    {
      name: 'a place that is refused',
      tamper: tampered(() => (replies) => {
        return replies.map((reply) =>
          reply.kind === 'admitted' && reply.position % 9 === 0 ? { kind: 'lapsed' } : reply,
        );
      }),
      found: ['kept'],
    },
    {
      name: 'a view that calls everybody',
      tamper: called(
        () =>
          ({ issued }) =>
            issued,
      ),
      found: ['called'],
    },
  ];
  test.each(cases)('$name', async ({ tamper, found }) => {
    const { audited } = await simulate(smallNight('prequeue', { losses: 0.1 }), { tamper });
    const failed = audited.findings.filter(({ verdict }) => verdict === 'failed').map(({ check }) => check);
    expect(failed).toEqual(expect.arrayContaining(found));
  });
});

test('a rush of joins costs the room few requests, and none waits for three seconds', async () => {
  const { samples, totals } = await simulate(
    smallNight('wall', { visitors: 4_000, overMs: 1_000, gateways: 40, relays: 4, newUsersPerMinute: 6_000 }),
  );
  expect(totals.answerMs.most).toBeLessThan(3_000);
  expect(Math.max(...samples.map(({ requests }) => requests))).toBeLessThan(500);
});
