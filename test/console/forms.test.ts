// Settings as text in form fields and back, and the merge of two operators' edits.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Policy, Schedule, Site } from '../../admin-ui/actions.ts';
import {
  type Form,
  mergeForms,
  newScheduleForm,
  parsePolicy,
  parseSchedule,
  parseSite,
  policyForm,
  scheduleForm,
  siteForm,
} from '../../admin-ui/editor/forms.ts';
import { fieldOf } from '../../admin-ui/failures.ts';
import { en } from '../../admin-ui/strings-en.ts';

const SITE: Site = {
  title: { ko: '예약', en: 'Booking' },
  hosts: ['booking.example', 'www.booking.example'],
  paths: ['/book'],
  exempt: [
    { path: '/book/static', match: 'prefix', methods: ['GET', 'HEAD'] },
    { path: '/robots.txt', match: 'exact', methods: ['GET', 'HEAD'] },
    { path: '/결제/알림', match: 'exact', methods: ['POST'] },
    { path: '/api', match: 'prefix', methods: ['OPTIONS', 'GET'] },
  ],
  origin: 'https://origin.booking.example',
  originHost: 'visitor',
  originAliases: ['https://www.booking.example'],
  originTimeoutSeconds: 120,
  audience: 'urn:x',
  timeZone: 'Asia/Seoul',
  outside: 'pass',
  languages: ['en', 'ko'],
  expectedVisitors: 500_000,
  corsOrigins: ['https://app.booking.example', 'capacitor://localhost'],
  handOff: ['https://shop.example', 'https://shop.example/예약'],
};
const POLICY: Policy = {
  newUsersPerMinute: 600,
  totalActiveUsers: 3000,
  sessionMinutes: 12.5,
  sessionRenewal: false,
  sessionTotalMinutes: 45,
  claimWindowMinutes: 5,
  queueingStatusCode: 202,
  stock: { peoplePercent: 120, freshSeconds: 45 },
  health: {
    mode: 'find',
    errorPercentMax: 30,
    slowFactor: 5,
    slowMs: 1_500,
    rateFloor: 20,
    peopleFloor: 200,
    probePath: '/healthz?deep=1',
  },
};

describe('a form of settings', () => {
  test('parses back to the same settings', () => {
    expect(parseSite(siteForm(SITE), en)).toEqual({ kind: 'value', value: SITE });
    const { audience: _, ...plain } = SITE;
    const bare = { ...plain, expectedVisitors: null };
    expect(parseSite(siteForm(bare), en)).toEqual({ kind: 'value', value: bare });
    expect(policyForm(POLICY)['totalActiveUsers']).toBe('3,000');
    expect(parsePolicy(policyForm(POLICY), en)).toEqual({ kind: 'value', value: POLICY });
  });

  test.each([
    ['hosts', 'Booking.example:80'],
    ['paths', 'book'],
    ['paths', '/%EC%98%88'],
    ['exempt', 'static'],
    ['exempt', 'FETCH /static'],
    ['exempt', 'POST /a /b'],
    ['exempt', '/static only'],
    ['origin', 'https://x.example/path'],
    ['timeZone', 'Mars/Base'],
    ['titleKo', ' '],
    ['expectedVisitors', 'many'],
    ['corsOrigins', 'https://app.example/path'],
    ['handOff', 'http://shop.example'],
    ['handOff', 'https://shop.example/a/../b'],
  ])('reports an error at %s and at no other field', (name, value) => {
    const parsed = parseSite({ ...siteForm(SITE), [name]: value }, en);
    expect(parsed.kind === 'errors' && Object.keys(parsed.errors)).toEqual([name]);
  });

  test('names the range of a number in its error', () => {
    const parsed = parsePolicy({ ...policyForm(POLICY), sessionMinutes: '31', newUsersPerMinute: '' }, en);
    expect(parsed).toMatchObject({
      kind: 'errors',
      errors: { sessionMinutes: 'From 1 to 30.', newUsersPerMinute: 'From 1 to 1,000,000.' },
    });
    const total = (minutes: string) => parsePolicy({ ...policyForm(POLICY), sessionTotalMinutes: minutes }, en);
    expect(total('12')).toEqual({ kind: 'errors', errors: { sessionTotalMinutes: 'Not shorter than the session.' } });
    expect(total('1441')).toEqual({ kind: 'errors', errors: { sessionTotalMinutes: 'From 1 to 1,440.' } });
    expect(total('12.5')).toMatchObject({ kind: 'value' });
  });

  test('maps the path of a gateway error to its field', () => {
    const paths = [
      'site.hosts.0',
      'paths.2',
      'title.en',
      'policy.sessionMinutes',
      'schedule.beacon.deadlineSeconds',
      'beacon',
    ];
    expect(paths.map(fieldOf)).toEqual([
      ...['hosts', 'paths', 'titleEn', 'sessionMinutes', 'deadlineSeconds', 'beacon'],
    ]);
  });
});

describe('a form of a schedule', () => {
  const schedule = {
    prequeueAt: '2027-08-05T10:00:00.000Z',
    opensAt: '2027-08-05T11:00:00.000Z',
    closesAt: null,
  };

  test.each(['Asia/Seoul', 'UTC', 'America/New_York', 'Asia/Kathmandu'])(
    'parses back to the same moments in %s',
    (zone) => {
      const parsed = parseSchedule(scheduleForm(schedule, zone), zone, en);
      const ms = (text: string | null) => (text === null ? null : Date.parse(text));
      if (parsed.kind !== 'value') throw new Error('The schedule has errors.');
      const { prequeueAt, opensAt, closesAt } = parsed.value;
      expect([prequeueAt, opensAt, closesAt].map((time) => ms(time ?? null))).toEqual(
        [schedule.prequeueAt, schedule.opensAt, null].map(ms),
      );
    },
  );

  describe('keeps what was not changed', () => {
    const zone = 'Europe/Berlin';
    /** 02:30 comes twice that night; this is the second time. */
    const secondTime = '2026-10-25T01:30:00.000Z';
    const edit = (inForce: Schedule, changed: Form) =>
      parseSchedule({ ...scheduleForm(inForce, zone), ...changed }, zone, en, inForce);

    test('an opening in the second of two equal hours, where only the closing is edited', () => {
      const inForce = { prequeueAt: null, opensAt: secondTime, closesAt: null };
      const closing = edit(inForce, { closesAt: '2026-10-25T05:00:00' });
      expect(closing).toEqual({ kind: 'value', value: { ...inForce, closesAt: '2026-10-25T05:00:00+01:00' } });
      expect(edit(inForce, { opensAt: '2026-10-25T02:31:00' })).toMatchObject({
        value: { opensAt: '2026-10-25T02:31:00+02:00' },
      });
    });

    test('a closing between two equal hours, by the moments and not by what the clock shows', () => {
      const inForce = { prequeueAt: null, opensAt: '2026-10-25T00:45:00.000Z', closesAt: secondTime };
      expect(edit(inForce, { prequeueAt: '2026-10-24T20:00' })).toMatchObject({ value: { closesAt: secondTime } });
    });

    test('times with fractions of a second, in any zone, whichever other field is edited', () => {
      const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC', 'Asia/Seoul');
      const autumn = fc.integer({ min: Date.parse('2026-10-20Z'), max: Date.parse('2026-11-05Z') });
      fc.assert(
        fc.property(zones, autumn, fc.nat(90_000_000), (anyZone, opensAt, lengthMs) => {
          const text = (ms: number) => new Date(ms).toISOString();
          const inForce = { prequeueAt: null, opensAt: text(opensAt), closesAt: text(opensAt + lengthMs + 2_000) };
          const form = scheduleForm(inForce, anyZone);
          expect(parseSchedule(form, anyZone, en, inForce)).toEqual({ kind: 'value', value: inForce });
          const later = { ...form, closesAt: '2026-12-01T00:00:00' };
          expect(parseSchedule(later, anyZone, en, inForce)).toMatchObject({ value: { opensAt: inForce.opensAt } });
        }),
      );
    });

    test('numbers with more digits than the form shows, and texts that it would split', () => {
      const policy = { ...POLICY, sessionMinutes: 74_074 / 60_000, claimWindowMinutes: 100_001 / 60_000 };
      expect(parsePolicy({ ...policyForm(policy), newUsersPerMinute: '7' }, en, policy)).toEqual({
        kind: 'value',
        value: { ...policy, newUsersPerMinute: 7 },
      });
      const site = { ...SITE, paths: ['/a,/b'], title: { ko: '예약 ', en: ' Booking' } };
      expect(parseSite({ ...siteForm(site), expectedVisitors: '' }, en, site)).toEqual({
        kind: 'value',
        value: { ...site, expectedVisitors: null },
      });
    });
  });

  describe('with a choice of how it is drawn', () => {
    const zone = 'Asia/Seoul';
    const inForce: Schedule = { ...schedule, beacon: { deadlineSeconds: 120, afterDeadline: 'withoutBeacon' } };
    const parsed = (changes: Form, from: Schedule | null) =>
      parseSchedule({ ...scheduleForm(from ?? inForce, zone), ...changes }, zone, en, from);

    test('sends what the API takes, whatever was in force before', () => {
      const choice = fc.record({
        deadlineSeconds: fc.integer({ min: 30, max: 86_400 }),
        afterDeadline: fc.constantFrom('wait' as const, 'withoutBeacon' as const),
      });
      const beacon = fc.option(choice, { nil: null });
      fc.assert(
        fc.property(beacon, fc.option(beacon, { nil: undefined }), (wanted, before) => {
          const from: Schedule = before === undefined ? schedule : { ...schedule, beacon: before };
          const form = scheduleForm({ ...schedule, beacon: wanted }, zone);
          const { value } = parseSchedule(form, zone, en, from) as { value: Schedule };
          // Left out: nothing was in force before, and nothing is wanted.
          expect(value.beacon ?? null).toEqual(wanted);
          expect(parseSchedule(form, zone, en)).toMatchObject({ value: { beacon: wanted } });
        }),
      );
    });

    test('keeps the choice where only a time is edited', () => {
      expect(parsed({ closesAt: '2027-08-05T23:00:00' }, inForce)).toMatchObject({ value: { beacon: inForce.beacon } });
      const { value } = parsed({ closesAt: '2027-08-05T23:00:00' }, schedule) as { value: Schedule };
      expect('beacon' in value).toBe(false);
    });

    test.each(['29', '86401', '', 'soon', '60.5'])(
      'refuses a deadline of %j seconds at its field',
      (deadlineSeconds) => {
        expect(parsed({ deadlineSeconds }, inForce)).toEqual({
          kind: 'errors',
          errors: { deadlineSeconds: 'From 30 to 86,400.' },
        });
        expect(parsed({ deadlineSeconds, beacon: 'without' }, inForce)).toMatchObject({ value: { beacon: null } });
      },
    );

    test('has to be made for a new room', () => {
      const form = { ...newScheduleForm(), opensAt: '2027-08-05T20:00:00' };
      expect(parseSchedule(form, zone, en)).toEqual({ kind: 'errors', errors: { beacon: 'Required.' } });
      expect(parseSchedule({ ...form, beacon: 'with' }, zone, en)).toMatchObject({
        value: { beacon: { deadlineSeconds: 300, afterDeadline: 'wait' } },
      });
    });
  });

  test('reports a wrong order at the field that has to move', () => {
    const form = scheduleForm(
      { ...schedule, prequeueAt: '2027-08-05T12:00:00Z', closesAt: '2027-08-05T10:00:00Z' },
      'UTC',
    );
    expect(parseSchedule(form, 'UTC', en)).toEqual({
      kind: 'errors',
      errors: { prequeueAt: en.editor.fieldErrors.before, closesAt: en.editor.fieldErrors.after },
    });
  });
});

describe('mergeForms', () => {
  const field = fc.constantFrom('a', 'b', 'c');
  const form = fc.record({ x: field, y: field, z: field });

  test('keeps every change that only one operator made, and reports only differing changes as conflicts', () => {
    fc.assert(
      fc.property(form, form, form, (base, mine, theirs) => {
        const { merged, conflicts } = mergeForms(base, mine, theirs);
        for (const name of ['x', 'y', 'z'] as const) {
          const [was, own, other] = [base[name], mine[name], theirs[name]];
          if (own === was) expect(merged[name]).toBe(other);
          else expect(merged[name]).toBe(own);
          expect(conflicts.includes(name)).toBe(own !== was && other !== was && own !== other);
        }
      }),
    );
  });

  test('treats a number with and without grouped digits as the same', () => {
    const base = { rate: '2,000' };
    expect(mergeForms(base, { rate: '2000' }, { rate: '2,500' })).toEqual({ merged: { rate: '2,500' }, conflicts: [] });
    expect(mergeForms(base, { rate: '2500' }, { rate: '2,500' }).conflicts).toEqual([]);
    expect(mergeForms(base, { rate: '2,600' }, { rate: '2,500' }).conflicts).toEqual(['rate']);
  });
});
