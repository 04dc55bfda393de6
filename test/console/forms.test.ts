// Settings as text in fields and back, in any time zone; and what two people typed at the same time.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Policy, Site } from '../../admin-ui/actions.ts';
import {
  mergeForms,
  policyForm,
  readPolicy,
  readSchedule,
  readSite,
  scheduleForm,
  siteForm,
} from '../../admin-ui/editor/forms.ts';
import { fieldOf } from '../../admin-ui/failures.ts';
import { en } from '../../admin-ui/strings-en.ts';
import { momentOf, wallTime } from '../../admin-ui/zoned-time.ts';

const SITE: Site = {
  title: { ko: '예약', en: 'Booking' },
  hosts: ['booking.example', 'www.booking.example'],
  paths: ['/book'],
  exempt: ['/book/static'],
  origin: 'https://origin.booking.example',
  audience: 'urn:x',
  timeZone: 'Asia/Seoul',
  outside: 'pass',
  languages: ['en', 'ko'],
  expectedVisitors: 500_000,
};
const POLICY: Policy = {
  newUsersPerMinute: 600,
  totalActiveUsers: 3000,
  sessionMinutes: 12.5,
  sessionRenewal: false,
  claimWindowMinutes: 5,
  queueingStatusCode: 202,
};

describe('a form', () => {
  test('shows and reads back the same settings', () => {
    expect(readSite(siteForm(SITE), en)).toEqual({ kind: 'value', value: SITE });
    const { audience: _, ...plain } = SITE;
    const bare = { ...plain, expectedVisitors: null };
    expect(readSite(siteForm(bare), en)).toEqual({ kind: 'value', value: bare });
    expect(readPolicy(policyForm(POLICY), en)).toEqual({ kind: 'value', value: POLICY });
  });

  test.each([
    ['hosts', 'Booking.example:80'],
    ['paths', 'book'],
    ['origin', 'https://x.example/path'],
    ['timeZone', 'Mars/Base'],
    ['titleKo', ' '],
    ['expectedVisitors', 'many'],
  ])('says of %s what is wrong, and of nothing else', (name, value) => {
    const read = readSite({ ...siteForm(SITE), [name]: value }, en);
    expect(read.kind === 'faults' && Object.keys(read.faults)).toEqual([name]);
  });

  test('tells the ends of a number', () => {
    const read = readPolicy({ ...policyForm(POLICY), sessionMinutes: '31', newUsersPerMinute: '' }, en);
    expect(read).toMatchObject({
      kind: 'faults',
      faults: { sessionMinutes: 'From 1 to 30.', newUsersPerMinute: 'From 1 to 1,000,000.' },
    });
  });

  test('finds the field that an error of the gateway speaks of', () => {
    expect(['site.hosts.0', 'paths.2', 'title.en', 'policy.sessionMinutes'].map(fieldOf)).toEqual([
      ...['hosts', 'paths', 'titleEn', 'sessionMinutes'],
    ]);
  });
});

describe('a schedule', () => {
  const schedule = {
    prequeueAt: '2027-08-05T10:00:00.000Z',
    opensAt: '2027-08-05T11:00:00.000Z',
    closesAt: null,
  };

  test.each(['Asia/Seoul', 'UTC', 'America/New_York', 'Asia/Kathmandu'])('is the same moments in %s', (zone) => {
    const read = readSchedule(scheduleForm(schedule, zone), zone, en);
    const ms = (text: string | null) => (text === null ? null : Date.parse(text));
    if (read.kind !== 'value') throw new Error('It cannot be read.');
    expect(Object.values(read.value).map(ms)).toEqual([schedule.prequeueAt, schedule.opensAt, null].map(ms));
  });

  test('is refused where its order is wrong, at the field that has to move', () => {
    const form = scheduleForm(
      { ...schedule, prequeueAt: '2027-08-05T12:00:00Z', closesAt: '2027-08-05T10:00:00Z' },
      'UTC',
    );
    expect(readSchedule(form, 'UTC', en)).toEqual({
      kind: 'faults',
      faults: { prequeueAt: en.editor.fields.before, closesAt: en.editor.fields.after },
    });
  });
});

describe('a wall clock', () => {
  test('and a moment are each other’s, in every zone', () => {
    const zones = fc.constantFrom(
      'Asia/Seoul',
      'UTC',
      'Europe/Berlin',
      'America/Sao_Paulo',
      'Australia/Lord_Howe',
      'Asia/Kolkata',
    );
    const moments = fc.integer({ min: Date.parse('2020-01-01Z') / 1000, max: Date.parse('2035-01-01Z') / 1000 });
    fc.assert(
      fc.property(zones, moments, (zone, seconds) => {
        const found = momentOf(wallTime(seconds * 1000, zone), zone);
        if (found.kind !== 'moment' && found.kind !== 'twice') throw new Error(`${found.kind} in ${zone}`);
        expect(found.kind === 'twice' ? Math.min(found.ms, seconds * 1000) : found.ms).toBe(found.ms);
        if (found.kind === 'moment') expect(found.ms).toBe(seconds * 1000);
        expect(Date.parse(found.text)).toBe(found.ms);
      }),
    );
  });

  test('knows the hour that does not exist and the one that exists twice', () => {
    expect(momentOf('2027-03-28T02:30', 'Europe/Berlin')).toEqual({ kind: 'skipped' });
    expect(momentOf('2027-10-31T02:30', 'Europe/Berlin')).toMatchObject({
      kind: 'twice',
      text: '2027-10-31T02:30:00+02:00',
    });
    expect(momentOf('2027-08-05T20:00', 'Asia/Seoul')).toMatchObject({
      kind: 'moment',
      text: '2027-08-05T20:00:00+09:00',
    });
    expect(momentOf('tomorrow', 'Asia/Seoul')).toEqual({ kind: 'unreadable' });
  });
});

describe('two people typing', () => {
  const field = fc.constantFrom('a', 'b', 'c');
  const form = fc.record({ x: field, y: field, z: field });

  test('nothing that only one of them changed is lost, and nothing else is a conflict', () => {
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
});
