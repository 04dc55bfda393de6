// Wall-clock times and moments in any time zone, daylight saving time included.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { momentOf, wallTime } from '../../admin-ui/zoned-time.ts';

test('momentOf inverts wallTime in every zone', () => {
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

test('momentOf recognizes times that daylight saving time skips or repeats', () => {
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
