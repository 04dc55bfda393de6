// The event report: what it says of a night, in both languages, and what it does not make up.

import { parse } from 'csv-parse/sync';
import { beforeAll, describe, expect, it } from 'vitest';
import type { MinuteBucket } from '../../queue-core/document/minute-state.ts';
import type { Rows } from '../../queue-core/machine.ts';
import { OPERATOR_PATH, type OperationName } from '../../worker/contract/operator-api.ts';
import { type InProcessGateway, NOON } from '../gateway/in-process.ts';
import { NIGHT_OPENS_AT, playedNight } from '../played-night.ts';
import { ask, causesIn, createKey, problemIn, startGateway, withKey } from './operator-client.ts';

let gateway: InProcessGateway;
beforeAll(async () => {
  gateway = await playedNight();
});

type Query = Record<string, string>;

async function fetched(of: InProcessGateway, name: OperationName, query: Query = {}): Promise<string> {
  // The reports of one room are limited, by the gateway's own clock.
  of.clock.advance(60_000);
  const response = await ask(of, name, { query, headers: withKey() });
  expect(response.status, response.text).toBe(200);
  return response.text;
}

/** Text without marks, spaces joined. */
const textOf = (page: string) =>
  page
    .replaceAll(/<style>.*?<\/style>/gs, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ');

function minutesIn(of: InProcessGateway): MinuteBucket[] {
  const rows = of.store.inner.rooms.get('demo')?.tables.minute ?? new Map<number, string>();
  return [...rows.values()].map((row) => JSON.parse(row) as Rows['minute']);
}

const total = (name: 'arrived' | 'admitted' | 'completed' | 'lapsed') =>
  minutesIn(gateway).reduce((sum, minute) => sum + (minute[name] ?? 0), 0);
const grouped = (count: number) => count.toLocaleString('en-GB');

describe('the report of an opening', () => {
  it('says in one paragraph when it opened in the room’s zone, who came, and that no limit was exceeded', async () => {
    const page = await fetched(gateway, 'report', { language: 'en' });
    const [, summary = ''] = /<section class="summary"[^>]*>(.*?)<\/section>/s.exec(page) ?? [];
    expect(textOf(summary)).toContain('“Autumn vaccination” opened on 5 August 2027 at 21:30:00');
    expect(textOf(summary)).toContain(`${grouped(total('arrived'))} places were given: 299 before the opening`);
    expect(textOf(summary)).toContain(
      `${grouped(total('admitted'))} were admitted: at most 120 in one minute, where 120 were allowed`,
    );
    expect(textOf(summary)).toContain('No limit was exceeded in any minute.');
    expect(textOf(summary)).toContain(`${grouped(total('lapsed'))} who were called did not come in time.`);
    expect(textOf(page)).toContain('Asia/Seoul (GMT+9)');
  });

  it('is in the language that was asked for, else in the first of the room', async () => {
    const korean = await fetched(gateway, 'report');
    expect(korean).toContain('<html lang="ko">');
    expect(textOf(korean)).toContain('‘가을 예방접종 예약’ 대기실은 2027년 8월 5일 21:30:00에 시작했습니다.');
    expect(textOf(korean)).toContain('한도를 넘긴 시간은 한 번도 없습니다.');
    expect(await fetched(gateway, 'report', { language: 'en' })).toContain('<html lang="en">');
  });

  it('lists what people and the machine did, by name and with times of the zone', async () => {
    const text = textOf(await fetched(gateway, 'report', { language: 'en' }));
    expect(text).toContain(
      '2027-08-05 21:42:00 박지영 Limits people a minute: 120, people at once: 300 → people a minute: 60, people at once: 150',
    );
    expect(text).toMatch(/21:46:\d\d site health Admissions stopped for the site’s health/);
    expect(text).toMatch(/21:46:\d\d site health Admissions slowed/);
    expect(text).toContain('2027-08-05 21:50:00 박지영 Line line: running → line: calling paused');
    expect(text).toContain('2027-08-05 21:30 room State: open');
    expect(text).toContain('admissions were stopped for its health once');
  });

  it('compares waits told with real ones, and says of how many they are known', async () => {
    const text = textOf(await fetched(gateway, 'report', { language: 'en' }));
    const real = minutesIn(gateway).flatMap(({ waits }) => waits?.real ?? []);
    const known = real.reduce((sum, count) => sum + count, 0);
    expect(known).toBe(total('admitted'));
    expect(text).toContain(`Waits are known of ${grouped(known)} of ${grouped(known)} admissions.`);
    expect(text).toMatch(/Of \d+ people who were told a range, \d+ \(9\d\.\d%\) were admitted within it/);
  });

  it('has no script, loads nothing, and says so in its policy', async () => {
    const response = await ask(gateway, 'report', { headers: withKey() });
    expect(response.headers.get('Content-Disposition')).toMatch(
      /^attachment; filename="demo-report-\d+T\d+Z-ko\.html"$/,
    );
    expect(response.headers.get('Content-Security-Policy')).toMatch(/^default-src 'none'; style-src 'unsafe-inline'; /);
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    expect(response.text).not.toMatch(/<script|<link|<img|src=|url\(|@import/);
    expect(response.text.match(/href="[^#"][^"]*"/g)).toBeNull();
  });

  it('has no id of a session, no key and no address of an operator', async () => {
    const given = await ask(gateway, 'givePass', { headers: withKey() });
    const { sid } = given.document as { sid?: string };
    const log = (await ask(gateway, 'auditJson', { headers: withKey() })).text;
    const recorded = /"sid":"([^"]+)"/.exec(log)?.[1] ?? sid ?? '';
    expect(recorded.length).toBeGreaterThan(8);
    gateway.clock.advance(60_000);
    for (const name of ['report', 'reportActs'] as const) {
      const text = await fetched(gateway, name);
      expect(text).toMatch(/입장권 발급/);
      expect(text).not.toContain(recorded);
      expect(text).not.toMatch(/127\.0\.0\.1(?!:8787)/);
    }
  });
});

describe('the files for spreadsheets', () => {
  it('have every minute, with the time of the zone and of UTC, and the same sums as the page', async () => {
    const file = await fetched(gateway, 'reportMinutes', { language: 'en' });
    const rows: Record<string, string>[] = parse(file, { columns: true });
    expect(rows.map((row) => row['Time (UTC)'])).toContain(new Date(NIGHT_OPENS_AT).toISOString());
    expect(rows.map((row) => row['Time (Asia/Seoul (GMT+9))'])).toContain('2027-08-05 21:30:00');
    expect(rows.reduce((sum, row) => sum + Number(row['Admitted']), 0)).toBe(total('admitted'));
    expect(rows.findLast((row) => row['State'] === 'open')?.['Entries so far']).toBe('299');
  });

  it('begin with a byte order mark, so that Excel reads Korean', async () => {
    gateway.clock.advance(60_000);
    for (const name of ['minutes', 'acts']) {
      const response = await gateway.request(`${OPERATOR_PATH}/rooms/demo/report/${name}.csv`, { headers: withKey() });
      const bytes = new Uint8Array(await response.arrayBuffer());
      expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    }
  });

  it('have every act, and run nothing in a spreadsheet', async () => {
    const { key } = await createKey(gateway, 'operator');
    const { 'If-Match': version = '' } = {
      'If-Match': (await ask(gateway, 'room', { headers: withKey() })).headers.get('ETag') ?? '',
    };
    const body = { text: { ko: '=HYPERLINK("x")', en: '=1+1' } };
    await ask(gateway, 'setMessage', { body, headers: { ...withKey(key), 'If-Match': version } });
    const file = await fetched(gateway, 'reportActs', { from: '2027-08-05T00:00:00Z' });
    const rows: string[][] = parse(file);
    expect(rows[0]).toEqual([
      '시각(Asia/Seoul (GMT+9))',
      '시각(UTC)',
      '누가',
      '역할',
      '무엇을',
      '이전',
      '이후',
      '기록 번호',
    ]);
    expect(rows.map(([, , who]) => who)).toContain('본 사이트 상태 감시');
    for (const cell of rows.flat()) expect(cell).not.toMatch(/^[=+\-@]/);
  });
});

describe('the time of a report', () => {
  it('is a range that was asked for, to the minute', async () => {
    const from = new Date(NIGHT_OPENS_AT + 60_000).toISOString();
    const to = new Date(NIGHT_OPENS_AT + 180_000).toISOString();
    const rows: string[][] = parse(await fetched(gateway, 'reportMinutes', { from, to }));
    expect(rows.slice(1).map(([, at]) => at)).toEqual([from, new Date(NIGHT_OPENS_AT + 120_000).toISOString()]);
    const text = textOf(await fetched(gateway, 'report', { from, to, language: 'en' }));
    expect(text).toContain('From 5 August 2027 at 21:31 to 5 August 2027 at 21:33.');
  });

  it.each([
    { query: { from: '2027-08-05T13:00:00Z', to: '2027-08-05T12:00:00Z' }, field: 'from' },
    { query: { from: '2020-01-01T00:00:00Z', to: '2027-08-05T12:00:00Z' }, field: 'from' },
    { query: { opening: '77' }, field: 'opening' },
    { query: { opening: '1', from: '2027-08-05T12:00:00Z' }, field: 'opening' },
    { query: { opening: 'x' }, field: 'opening' },
    { query: { from: 'yesterday' }, field: 'from' },
    { query: { language: 'fr' }, field: 'language' },
  ])('$query is refused with the field', async ({ query, field }) => {
    gateway.clock.advance(60_000);
    const refused = await ask(gateway, 'report', { query: query as unknown as Query, headers: withKey() });
    expect([refused.status, problemIn(refused)]).toEqual([422, 'bad-input']);
    expect(Object.keys(causesIn(refused))).toEqual([field]);
  });

  it('is the last opening, while the next one is scheduled, and each by its number', async () => {
    const again = await playedNight({ before: 1, after: 3 });
    const played = String(again.store.inner.rooms.get('demo')?.document?.epoch);
    const opensAt = new Date(again.clock.now() + 3_600_000).toISOString();
    const version = (await ask(again, 'room', { headers: withKey() })).headers.get('ETag') ?? '';
    const moved = await ask(again, 'setSchedule', {
      body: { opensAt },
      headers: { ...withKey(), 'If-Match': version },
    });
    expect(moved.status).toBe(200);
    again.clock.advance(120_000);
    const last = textOf(await fetched(again, 'report', { language: 'en' }));
    expect(last).toContain('opened on 5 August 2027 at 21:30:00');
    const next = String(again.store.inner.rooms.get('demo')?.document?.epoch);
    const coming = textOf(await fetched(again, 'report', { language: 'en', opening: next }));
    expect(coming).not.toContain('opened on');
    const first = textOf(await fetched(again, 'report', { language: 'en', opening: played }));
    expect(first).toContain('opened on 5 August 2027 at 21:30:00');
  });
});

describe('a report of nothing', () => {
  it('says that nothing is on record, and makes up no numbers', async () => {
    const empty = await startGateway();
    const from = new Date(NOON - 7_200_000).toISOString();
    const text = textOf(
      await fetched(empty, 'report', { from, to: new Date(NOON - 3_600_000).toISOString(), language: 'en' }),
    );
    expect(text).toContain('Nothing is on record of this time');
    expect(text).toContain('unknown half waited no longer'.split(' ')[0] ?? '');
    expect(text).not.toContain('NaN');
    expect(text).not.toContain('undefined');
  });
});

it('is limited to a few at once of one room', async () => {
  const busy = await startGateway();
  const statuses: number[] = [];
  for (let times = 0; times < 26; times++) statuses.push((await ask(busy, 'report', { headers: withKey() })).status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(24);
  expect(statuses.at(-1)).toBe(429);
});
