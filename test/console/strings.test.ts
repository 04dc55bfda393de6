// What the console says: in both languages, in words, with nothing raw in it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Deed, reversal } from '../../admin-ui/actions.ts';
import { CHANGE_KINDS, kindOf, tell, tellShort } from '../../admin-ui/changes.ts';
import { clockParts, figuresOf, waitSpan } from '../../admin-ui/number-format.ts';
import { WORDS } from '../../admin-ui/strings.ts';
import type { Alarm, AuditRecord } from '../../worker/contract/operator-api.ts';

const LANGUAGES = ['ko', 'en'] as const;
const figures = (language: 'ko' | 'en') => figuresOf(language, 'Asia/Seoul');

type Change = Pick<AuditRecord, 'action' | 'from' | 'to'>;

/** As the core writes them. */
const CHANGES: Change[] = [
  { action: 'setFlow', from: { flow: 'running' }, to: { flow: 'held' } },
  {
    action: 'setPolicy',
    from: { newUsersPerMinute: 1200, sessionMs: 300_000 },
    to: { newUsersPerMinute: 2000, sessionMs: 600_000 },
  },
  { action: 'setPolicy', from: { sessionRenewal: true }, to: { sessionRenewal: false } },
  { action: 'setMessage', from: { text: null }, to: { text: { ko: '잠시만요', en: 'One moment' } } },
  {
    action: 'setSchedule',
    from: { opensAt: '2027-08-05T11:00:00.000Z' },
    to: { opensAt: '2027-08-05T12:00:00.000Z', beacon: { round: 7 } },
  },
  { action: 'openNow', from: { epoch: 1 }, to: { epoch: 2 } },
  { action: 'close', from: { closed: false }, to: { closed: true } },
  { action: 'revokeAll', from: { active: 312 }, to: { active: 0 } },
  { action: 'endSession', from: { position: 77, sid: 'abc' }, to: null },
  { action: 'givePass', from: null, to: { sid: 'abc', until: '2027-08-05T12:00:00.000Z' } },
  { action: 'usePass', from: null, to: { sid: 'abc' } },
  {
    action: 'recover',
    from: { issued: 10, entries: 0, active: 4 },
    to: { issued: 110, entries: 0, active: 9, silent: 1 },
  },
  {
    action: 'configure',
    from: null,
    to: { policy: { newUsersPerMinute: 60 }, schedule: { opensAt: '2027-08-05T11:00:00.000Z' } },
  },
  {
    action: 'putRoom',
    from: { room: 'a', hosts: ['x'] },
    to: { room: 'a', hosts: ['x', 'y'], title: { ko: '가', en: 'A' } },
  },
  { action: 'setTemplate', from: { room: 'a', template: null }, to: { room: 'a', template: 3 } },
  { action: 'archiveRoom', from: { room: 'a', archived: false }, to: { room: 'a', archived: true } },
  { action: 'addKey', from: null, to: { id: 'k', name: 'Seo', role: 'operator' } },
  { action: 'removeKey', from: { id: 'k', name: 'Seo', role: 'operator' }, to: null },
  { action: 'signIn', from: null, to: null },
  { action: 'signOut', from: null, to: { sid: 'abc' } },
  { action: 'wrongKey', from: null, to: { times: 4 } },
];

describe.each(LANGUAGES)('a record of the log in %s', (language) => {
  const w = WORDS[language];

  test.each(CHANGES)('of $action is told in words, never as JSON or an internal name', (change) => {
    const { what, lines } = tell(change, w, figures(language));
    const said = [what, ...lines.flatMap(({ field, from, to }) => [field, from ?? '', to ?? ''])].join(' ');
    expect(said).not.toMatch(/[{}[\]"]|undefined|NaN|null|\d{4}-\d\d-\d\dT/);
    expect(what).not.toBe(change.action);
    for (const { field } of lines) expect(field).not.toMatch(/[a-z][A-Z]|\./);
    expect(tellShort(change, w, figures(language))).not.toMatch(/[{}]|undefined/);
    expect(CHANGE_KINDS).toContain(kindOf(change.action));
  });

  test('shows only what changed', () => {
    const { lines } = tell(
      { action: 'putRoom', from: { room: 'a', hosts: ['x'] }, to: { room: 'a', hosts: ['y'] } },
      w,
      figures(language),
    );
    expect(lines).toEqual([{ field: w.field('hosts'), from: 'x', to: 'y' }]);
  });
});

test('durations of the log are minutes, moments are in the room’s time', () => {
  const told = tell(
    { action: 'setPolicy', from: { sessionMs: 300_000 }, to: { sessionMs: 600_000 } },
    WORDS.en,
    figures('en'),
  );
  expect(told.lines).toEqual([{ field: 'Session', from: '5 min', to: '10 min' }]);
  const moved = tell(
    { action: 'setSchedule', from: null, to: { opensAt: '2027-08-05T11:00:00.000Z' } },
    WORDS.en,
    figures('en'),
  );
  expect(moved.lines[0]?.to).toContain('20:00:00');
});

test.each(LANGUAGES)('every alarm in %s says what is and what to do', (language) => {
  const alarms: Alarm[] = [
    { kind: 'storeUnreachable', ageSeconds: 12 },
    { kind: 'originFailing', since: '2027-08-05T11:00:00.000Z' },
    { kind: 'originErrors', sharePercent: 31 },
    { kind: 'originSlow', latencyMs: 4100, usualMs: 300 },
    { kind: 'arrivalsAbovePlan', arrived: 612_408, expected: 500_000 },
    { kind: 'showShareFalling', sharePercent: 41, beforePercent: 83 },
    { kind: 'limitReached', active: 12_000 },
  ];
  for (const alarm of alarms) {
    const { what, next } = WORDS[language].alarm(alarm, figures(language));
    for (const sentence of [what, next]) expect(sentence).toMatch(/[.다요]\.?$/);
    expect(what + next).not.toMatch(/undefined|NaN/);
  }
});

describe('what was done', () => {
  const policy = {
    ...{ newUsersPerMinute: 60, totalActiveUsers: 200, sessionMinutes: 5, sessionRenewal: true },
    ...{ claimWindowMinutes: 5, queueingStatusCode: 200 as const },
  };
  const reversible: Deed[] = [
    { kind: 'flow', from: 'running', to: 'paused' },
    { kind: 'policy', from: policy, to: { ...policy, newUsersPerMinute: 90 } },
    { kind: 'message', from: null, to: { ko: '가', en: 'a' } },
    {
      kind: 'schedule',
      from: { prequeueAt: null, opensAt: '2027-08-05T11:00:00.000Z', closesAt: null },
      to: { prequeueAt: null, opensAt: '2027-08-05T12:00:00.000Z', closesAt: null },
      beginsAnew: false,
    },
  ];
  test.each(reversible)('$kind: its undoing puts the former back, and undoing that is doing it again', (deed) => {
    const back = reversal(deed);
    expect(back).toMatchObject({
      kind: deed.kind,
      from: 'to' in deed ? deed.to : null,
      to: 'from' in deed ? deed.from : null,
    });
    expect(back === null ? null : reversal(back)).toEqual(deed);
  });

  const final: Deed[] = [
    { kind: 'openNow' },
    { kind: 'close' },
    { kind: 'revokeAll', active: 3 },
    { kind: 'endSession', position: 4 },
    { kind: 'archive' },
  ];
  test.each(final)('$kind cannot be undone', (deed) => {
    expect(reversal(deed)).toBe(null);
  });

  test('a new opening cannot be taken back by its times', () => {
    const [, , , schedule] = reversible;
    if (schedule?.kind !== 'schedule') throw new Error('The list above is another one.');
    expect(reversal({ ...schedule, beginsAnew: true })).toBe(null);
  });
});

describe('figures', () => {
  test('a countdown reaches zero at the moment itself and never shows a negative', () => {
    expect(clockParts(0).text).toBe('00:00:00');
    expect(clockParts(1)).toEqual({ days: 0, text: '00:00:01' });
    expect(clockParts(-5_000).text).toBe('00:00:00');
    expect(clockParts(90_061_000)).toEqual({ days: 1, text: '01:01:01' });
  });

  test('a waiting time is never told narrower than it is', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(100_000), (one, more) => {
        const span = waitSpan({ low: one, high: one + more });
        if (span.kind === 'minutes') {
          expect(span.low * 60).toBeLessThanOrEqual(one);
          expect(span.high * 60).toBeGreaterThanOrEqual(one + more);
        }
        if (span.kind === 'hours') {
          expect(span.low * 3600).toBeLessThanOrEqual(one);
          expect(span.high * 3600).toBeGreaterThanOrEqual(one + more);
        }
      }),
    );
    expect(waitSpan(null)).toEqual({ kind: 'unknown' });
  });
});
