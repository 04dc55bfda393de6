// The console's texts in both languages: complete sentences and labels, without raw values or internal names.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Action, HARMLESS, reversal } from '../../admin-ui/actions.ts';
import { CHANGE_KINDS, describeChange, kindOf, summarizeChange } from '../../admin-ui/changes.ts';
import { clockParts, formatCount, numberFormat, parseCount, waitSpan } from '../../admin-ui/number-format.ts';
import { STRINGS } from '../../admin-ui/strings.ts';
import { type Alarm, type AuditRecord, RELAY_FAULTS } from '../../worker/contract/operator-api.ts';
import { healthSchema, stockPolicySchema } from '../../worker/contract/room-schema.ts';

const LANGUAGES = ['ko', 'en'] as const;
const formatIn = (language: 'ko' | 'en') => numberFormat(language, 'Asia/Seoul');

const POLICY = {
  ...{ newUsersPerMinute: 60, totalActiveUsers: 200, sessionMinutes: 5, sessionRenewal: true },
  sessionTotalMinutes: 60,
  ...{ claimWindowMinutes: 5, queueingStatusCode: 200 as const },
  stock: stockPolicySchema.parse({}),
  health: healthSchema.parse({}),
};

type Change = Pick<AuditRecord, 'action' | 'from' | 'to'>;

/** As the core records them. */
const CHANGES: Change[] = [
  { action: 'setFlow', from: { flow: 'running' }, to: { flow: 'held' } },
  {
    action: 'setPolicy',
    from: { newUsersPerMinute: 1200, sessionMs: 300_000 },
    to: { newUsersPerMinute: 2000, sessionMs: 600_000 },
  },
  { action: 'setPolicy', from: { sessionRenewal: true }, to: { sessionRenewal: false } },
  { action: 'setPolicy', from: { sessionTotalMsMax: 3_600_000 }, to: { sessionTotalMsMax: 1_800_000 } },
  { action: 'setMessage', from: { text: null }, to: { text: { ko: '잠시만요', en: 'One moment' } } },
  {
    action: 'setSchedule',
    from: { opensAt: '2027-08-05T11:00:00.000Z' },
    to: { opensAt: '2027-08-05T12:00:00.000Z', beacon: { round: 7 } },
  },
  {
    action: 'setSchedule',
    from: { opensAt: '2027-08-05T11:00:00.000Z' },
    to: {
      opensAt: '2027-08-05T11:00:00.000Z',
      beacon: { chain: '52db9ba7', deadlineMs: 300_000, afterDeadline: 'withoutBeacon' },
    },
  },
  { action: 'recommit', from: { commitment: '3975b0e8' }, to: { commitment: '52149c2b' } },
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
  { action: 'acknowledgeAlarm', from: null, to: { alarm: 'originSlow', number: 3, since: '2027-08-05T12:00:00.000Z' } },
  {
    action: 'alarmDelivered',
    from: null,
    to: { alarm: 'originSlow', number: 3, event: 'raised', target: 'Chat', status: 204, attempts: 1 },
  },
  {
    action: 'alarmNotDelivered',
    from: null,
    to: { alarm: 'limitReached', number: 3, event: 'cleared', target: 'Chat', status: null, attempts: 5 },
  },
  {
    action: 'putAlarmTarget',
    from: null,
    to: {
      ...{ id: 't', name: 'Chat', form: 'slack', language: 'ko', rooms: ['a'], severityMin: 'warning' },
      host: 'https://hooks.example',
    },
  },
  { action: 'rotateAlarmTarget', from: null, to: { id: 't', name: 'Chat' } },
  { action: 'removeAlarmTarget', from: { id: 't', name: 'Chat' }, to: null },
  { action: 'signIn', from: null, to: null },
  { action: 'signOut', from: null, to: { sid: 'abc' } },
  { action: 'wrongKey', from: null, to: { times: 4 } },
];

describe.each(LANGUAGES)('a record of the log in %s', (language) => {
  const t = STRINGS[language];

  test.each(CHANGES)('of $action is described without JSON or internal names', (change) => {
    const { what, lines } = describeChange(change, t, formatIn(language));
    const text = [what, ...lines.flatMap(({ field, from, to }) => [field, from ?? '', to ?? ''])].join(' ');
    expect(text).not.toMatch(/[{}[\]"]|undefined|NaN|null|\d{4}-\d\d-\d\dT/);
    expect(what).not.toBe(change.action);
    for (const { field } of lines) expect(field).not.toMatch(/[a-z][A-Z]|\./);
    expect(text).not.toContain('withoutBeacon');
    expect(summarizeChange(change, t, formatIn(language))).not.toMatch(/[{}]|undefined/);
    expect(CHANGE_KINDS).toContain(kindOf(change.action));
  });

  test('lists only the values that changed', () => {
    const { lines } = describeChange(
      { action: 'putRoom', from: { room: 'a', hosts: ['x'] }, to: { room: 'a', hosts: ['y'] } },
      t,
      formatIn(language),
    );
    expect(lines).toEqual([{ field: t.field('hosts'), from: 'x', to: 'y' }]);
  });
});

test('the log shows durations in minutes and moments in the room’s time zone', () => {
  const policy = describeChange(
    { action: 'setPolicy', from: { sessionMs: 300_000 }, to: { sessionMs: 600_000 } },
    STRINGS.en,
    formatIn('en'),
  );
  expect(policy.lines).toEqual([{ field: 'Session', from: '5 min', to: '10 min' }]);
  const total = { action: 'setPolicy', from: { sessionTotalMsMax: 3_600_000 }, to: { sessionTotalMsMax: 1_800_000 } };
  expect(describeChange(total, STRINGS.en, formatIn('en')).lines).toEqual([
    { field: 'Longest stay', from: '60 min', to: '30 min' },
  ]);
  const schedule = describeChange(
    { action: 'setSchedule', from: null, to: { opensAt: '2027-08-05T11:00:00.000Z' } },
    STRINGS.en,
    formatIn('en'),
  );
  expect(schedule.lines[0]?.to).toContain('20:00:00');
});

test.each(LANGUAGES)('every alarm in %s has a sentence and a next step', (language) => {
  const alarms: Alarm[] = [
    { kind: 'storeUnreachable', ageSeconds: 12 },
    { kind: 'clockLeapt', from: '2027-08-05T11:00:00.000Z', to: '2027-08-05T12:00:00.000Z' },
    { kind: 'drawKeyMissing', key: 'k7mTYmOa', isDrawing: false },
    { kind: 'drawKeyMissing', key: 'k7mTYmOa', isDrawing: true },
    { kind: 'beaconChainDiffers', chain: 'a'.repeat(64), isDrawing: false },
    { kind: 'beaconChainDiffers', chain: 'a'.repeat(64), isDrawing: true },
    ...(['wait', 'withoutBeacon'] as const).map((afterDeadline) => ({
      ...{ kind: 'beaconLate' as const, round: 39_155_756, afterDeadline },
      ...{ dueAt: '2027-08-05T11:00:05.000Z', deadline: '2027-08-05T11:05:00.000Z' },
      faults: RELAY_FAULTS.map((fault) => ({ relay: 'relay.example', fault })),
    })),
    { kind: 'originStopped', since: '2027-08-05T11:00:00.000Z', cause: { kind: 'errors', percent: 63 } },
    { kind: 'originStopped', since: '2027-08-05T11:00:00.000Z', cause: { kind: 'signal' } },
    ...[null, 300].map((usualMs): Alarm => {
      const cause = { kind: 'slow' as const, ms: 4_100, usualMs };
      return {
        kind: 'originSlowed',
        since: '2027-08-05T11:00:00.000Z',
        cause,
        newUsersPerMinute: 240,
        totalActiveUsers: 900,
      };
    }),
    { kind: 'originErrors', sharePercent: 31 },
    { kind: 'originSlow', latencyMs: 4100, usualMs: 300 },
    { kind: 'arrivalsAbovePlan', arrived: 612_408, expected: 500_000 },
    { kind: 'showShareFalling', sharePercent: 41, beforePercent: 83 },
    { kind: 'limitReached', active: 12_000 },
  ];
  for (const alarm of alarms) {
    const { what, next } = STRINGS[language].alarm(alarm, formatIn(language));
    for (const sentence of [what, next]) expect(sentence).toMatch(/[.다요]\.?$/);
    expect(what + next).not.toMatch(/undefined|NaN/);
  }
});

describe('the reversal of an action', () => {
  const reversible: Action[] = [
    { kind: 'flow', from: 'running', to: 'paused' },
    { kind: 'policy', from: POLICY, to: { ...POLICY, newUsersPerMinute: 90 } },
    { kind: 'message', from: null, to: { ko: '가', en: 'a' } },
    {
      kind: 'schedule',
      from: { prequeueAt: null, opensAt: '2027-08-05T11:00:00.000Z', closesAt: null },
      to: { prequeueAt: null, opensAt: '2027-08-05T12:00:00.000Z', closesAt: null },
      confirmed: HARMLESS,
    },
  ];
  test.each(reversible)('of kind $kind swaps both values, and its own reversal is the action again', (action) => {
    const back = reversal(action);
    expect(back).toMatchObject({
      kind: action.kind,
      from: 'to' in action ? action.to : null,
      to: 'from' in action ? action.from : null,
    });
    expect(back === null ? null : reversal(back)).toEqual(action);
  });

  const final: Action[] = [
    { kind: 'openNow', confirmed: HARMLESS },
    { kind: 'recommit' },
    { kind: 'close' },
    { kind: 'revokeAll' },
    { kind: 'endSession', position: 4 },
    { kind: 'archive' },
  ];
  test.each(final)('does not exist for $kind', (action) => {
    expect(reversal(action)).toBe(null);
  });

  test.each(['opensNow', 'closesNow', 'endsPlaces'])(
    'does not exist for a schedule with the consequence %s',
    (name) => {
      const [, , , schedule] = reversible;
      if (schedule?.kind !== 'schedule') throw new Error('The list of reversible actions has changed.');
      const confirmed = { ...HARMLESS, [name]: { entries: 4, waiting: 3, active: 2 } };
      expect(reversal({ ...schedule, confirmed })).toBe(null);
    },
  );
});

describe('texts of the log', () => {
  const summary = (change: Change, language: 'ko' | 'en') =>
    summarizeChange(change, STRINGS[language], formatIn(language));
  const newEpoch: Change = { action: 'setSchedule', from: { epoch: 2 }, to: { epoch: 3 } };
  const outside: Change = { action: 'putRoom', from: { outside: 'pass' }, to: { outside: 'refuse' } };

  test('summarize a change as action, field, and both values', () => {
    expect(summary(newEpoch, 'en')).toBe('Schedule: round 2 → 3');
    expect(summary(newEpoch, 'ko')).toBe('일정: 회차 2 → 3');
  });

  test('summarize a message in the language of the screen', () => {
    const change: Change = { action: 'setMessage', from: { text: null }, to: { text: { ko: '가', en: 'A' } } };
    expect(summary(change, 'ko')).toBe('안내문: 가');
    expect(summary(change, 'en')).toBe('Message: A');
    expect(summary({ ...change, from: change.to, to: change.from }, 'en')).toBe('Message: none');
  });

  test('show choices by the labels of the screen', () => {
    expect(summary(outside, 'en')).toBe('Site: other paths Let through → Refuse');
    expect(summary(outside, 'ko')).toBe('사이트: 그 밖의 경로 그대로 통과 → 막기');
  });

  test('show an emptied list as none', () => {
    const change: Change = { action: 'putRoom', from: { exempt: ['/static'] }, to: { exempt: [] } };
    expect(summary(change, 'en')).toBe('Site: exempt requests /static → none');
  });

  test('show exemptions as they are typed', () => {
    const to = [
      { path: '/static', match: 'prefix', methods: ['GET', 'HEAD'] },
      { path: '/pay/callback', match: 'exact', methods: ['POST'] },
    ];
    const change: Change = { action: 'putRoom', from: { exempt: [] }, to: { exempt: to } };
    expect(summary(change, 'en')).toBe('Site: exempt requests /static, POST /pay/callback exact');
  });
});

describe('counts in texts', () => {
  test('have the right plural in English', () => {
    const { numbers, log, message, danger, alarmCount } = STRINGS.en;
    expect([0, 1, 2].map(numbers.free)).toEqual(['0 places free', '1 place free', '2 places free']);
    expect([1, 2].map(alarmCount)).toEqual(['1 alarm', '2 alarms']);
    expect(log.intact(1, '20:00:00')).toBe('1 record: none missing or altered (checked 20:00:00).');
    expect([1, -1, -2].map(message.left)).toEqual([
      ...['1 character left', '1 character too many', '2 characters too many'],
    ]);
    expect(danger.revokeNote(1)).toMatch(/^1 visitor inside /);
  });

  test.each(LANGUAGES)('have grouped digits in %s', (language) => {
    const t = STRINGS[language];
    const policy = { ...POLICY, newUsersPerMinute: 1_200 };
    const texts = [
      t.numbers.free(1_200),
      t.numbers.ofLimit(1_200),
      t.limits.most(1_200),
      t.limits.between(1, 1_200),
      t.log.intact(1_200, '20:00:00'),
      t.danger.revokeNote(1_200),
      t.actionLabel({ kind: 'policy', from: POLICY, to: policy }),
      t.actionLabel({ kind: 'endSession', position: 1_200 }),
      t.editor.fieldErrors.tooLarge(1_200),
    ];
    for (const text of texts) expect(text).toContain('1,200');
  });

  test('parse back with and without grouped digits', () => {
    expect(parseCount(formatCount(1_234_567))).toBe(1_234_567);
    expect([' 1200 ', '1,200', '12.5'].map(parseCount)).toEqual([1200, 1200, 12.5]);
    expect(['', 'many', '-1', '1e9'].map(parseCount)).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  });
});

describe('number formats', () => {
  test('clockParts reaches zero at the moment itself and never goes below', () => {
    expect(clockParts(0).text).toBe('00:00:00');
    expect(clockParts(1)).toEqual({ days: 0, text: '00:00:01' });
    expect(clockParts(-5_000).text).toBe('00:00:00');
    expect(clockParts(90_061_000)).toEqual({ days: 1, text: '01:01:01' });
  });

  test('waitSpan never narrows a range of waiting times', () => {
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
