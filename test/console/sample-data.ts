// Sample data for the console: a vaccination pre-registration around its opening. Each number follows a formula, so that every
// run draws the same lines.

import { LATENCY_BOUNDS_MS } from '../../queue-core/document/history-state.ts';
import type { Bucket } from '../../worker/contract/operator-api.ts';
import { healthSchema } from '../../worker/contract/room-schema.ts';
import { FakeGateway, type FakeRoom, fakeRoom, rfc3339 } from './fake-gateway.ts';

export const SAMPLE_KEYS = {
  owner: 'owner-key-0123456789',
  operator: 'operator-key-0123456789',
  viewer: 'viewer-key-0123456789',
};

const BUCKET_MS = 10_000;

/** Of a key without bounds, not used yet. */
export const ALWAYS = { rooms: null, expiresAt: null, lastUse: null };

/** @param minutesOpen since the opening; negative: until it */
export function sampleGateway(minutesOpen = 14): FakeGateway {
  const gateway = new FakeGateway();
  const now = Date.now();
  const since = now - 20 * 24 * 3_600_000;
  gateway.keys = [
    { id: 'owner', name: '김도윤', role: 'owner', key: SAMPLE_KEYS.owner, createdAt: since, ...ALWAYS },
    { id: 'k1', name: '이서연', role: 'operator', key: SAMPLE_KEYS.operator, createdAt: since + 86_400_000, ...ALWAYS },
    {
      id: 'k2',
      name: 'Wall display',
      role: 'viewer',
      key: SAMPLE_KEYS.viewer,
      createdAt: since + 172_800_000,
      ...ALWAYS,
    },
  ];
  const opensAt = Math.floor((now - minutesOpen * 60_000) / BUCKET_MS) * BUCKET_MS;
  gateway.rooms.set('vaccine', vaccineRoom(gateway, opensAt, now));
  const quiet = vaccineRoom(gateway, now + 18 * 3_600_000, now);
  quiet.detail = {
    ...quiet.detail,
    id: 'marathon',
    site: { ...quiet.detail.site, title: { ko: '서울 마라톤 참가 신청', en: 'Seoul marathon registration' } },
  };
  gateway.rooms.set('marathon', quiet);
  return gateway;
}

function vaccineRoom(gateway: FakeGateway, opensAt: number, now: number): FakeRoom {
  const isOpen = opensAt <= now;
  const room = fakeRoom(
    {
      id: 'vaccine',
      site: {
        title: { ko: '예방접종 사전예약', en: 'Vaccination pre-registration' },
        hosts: ['*'],
        paths: ['/'],
        exempt: [{ path: '/static', match: 'prefix', methods: ['GET', 'HEAD'] }],
        origin: 'https://origin.ncvr.example',
        originHost: 'origin',
        originAliases: [],
        originTimeoutSeconds: 30,
        timeZone: 'Asia/Seoul',
        outside: 'refuse',
        languages: ['ko', 'en'],
        expectedVisitors: 500_000,
        corsOrigins: [],
        handOff: [],
      },
      policy: {
        newUsersPerMinute: 2_000,
        totalActiveUsers: 12_000,
        sessionMinutes: 10,
        sessionRenewal: true,
        sessionTotalMinutes: 60,
        claimWindowMinutes: 5,
        queueingStatusCode: 200,
        stock: { peoplePercent: 120, freshSeconds: 45 },
        health: healthSchema.parse({}),
      },
      schedule: { prequeueAt: rfc3339(opensAt - 3_600_000), opensAt: rfc3339(opensAt), closesAt: null },
      epoch: 1,
      hasTemplate: false,
      archivedAt: null,
    },
    { state: isOpen ? 'open' : 'prequeue' },
  );
  const seo = { id: 'k1', name: '이서연', role: 'operator', address: '198.51.100.4' } as const;
  const kim = { id: 'owner', name: '김도윤', role: 'owner', address: '203.0.113.7' } as const;
  const { schedule } = room.detail;
  gateway.record(
    room,
    kim,
    'setSchedule',
    { opensAt: rfc3339(opensAt + 3_600_000) },
    { opensAt: schedule.opensAt },
    opensAt - 3 * 86_400_000,
  );
  if (isOpen) {
    gateway.record(
      room,
      seo,
      'setPolicy',
      { newUsersPerMinute: 1_200 },
      { newUsersPerMinute: 2_000 },
      opensAt + 190_000,
    );
    gateway.record(room, seo, 'setFlow', { flow: 'running' }, { flow: 'paused' }, opensAt + 400_000);
    gateway.record(room, seo, 'setFlow', { flow: 'paused' }, { flow: 'running' }, opensAt + 460_000);
    const text = {
      ko: '예약은 내일까지 이어집니다. 서두르지 않으셔도 됩니다.',
      en: 'Booking goes on until tomorrow. There is no need to hurry.',
    };
    gateway.record(room, kim, 'setMessage', { text: null }, { text }, opensAt + 520_000);
    room.message = { text, at: rfc3339(opensAt + 520_000) };
  }
  room.inForceAt = room.changedAt + 1_600;
  room.buckets = sampleHistory(opensAt, now);
  const last = room.buckets.at(-1);
  const arrived = room.buckets.reduce((sum, bucket) => sum + bucket.arrived, 0);
  room.numbers = {
    arrived,
    entries: 312_408,
    waiting: last?.waiting ?? 0,
    active: last?.active ?? 0,
    outstanding: isOpen ? 412 : 0,
    showShare: isOpen ? 0.83 : null,
    waitSeconds: isOpen ? { low: 12_600, high: 17_100 } : null,
  };
  return room;
}

function sampleHistory(opensAt: number, now: number): Bucket[] {
  const buckets: Bucket[] = [];
  const first = Math.max(Math.min(opensAt, now) - 12 * 60_000, now - 30 * 60_000);
  let arrivedTotal = 0;
  let called = 0;
  let active = 0;
  const wave = (at: number, span: number) => 1 + 0.16 * Math.sin(at / span) + 0.09 * Math.sin(at / (span / 3.7));
  for (let at = Math.floor(first / BUCKET_MS) * BUCKET_MS; at <= now; at += BUCKET_MS) {
    const minutes = (at - opensAt) / 60_000;
    const isOpen = minutes >= 0;
    const rush = isOpen ? 5_200 * Math.exp(-minutes / 2.6) + 380 : 900 * Math.exp(minutes / 4) + 120;
    const arrived = Math.round(rush * wave(at, 41_000) * 3);
    const rate = isOpen && minutes > 3.2 ? 2_000 : 1_200;
    const isPaused = minutes > 6.6 && minutes < 7.7;
    const room = Math.max(0, 12_000 - active);
    const admitted =
      isOpen && !isPaused
        ? Math.min(room, Math.round((rate / 6) * Math.min(1, wave(at, 23_000) * 0.97)))
        : isPaused
          ? 20
          : 0;
    const leaving = isOpen ? Math.round(active * 0.021 * wave(at, 31_000)) : 0;
    active = Math.max(0, active + admitted - leaving);
    arrivedTotal += arrived;
    called += Math.round(admitted * 1.18);
    const slow = minutes > 8.5 && minutes < 10.5;
    buckets.push({
      at: rfc3339(at),
      epoch: 1,
      state: isOpen ? (isPaused ? 'paused' : 'open') : 'prequeue',
      arrived,
      called: Math.round(admitted * 1.18),
      admitted,
      completed: Math.round(leaving * 0.8),
      left: Math.round(leaving * 0.1),
      revoked: 0,
      expired: Math.round(leaving * 0.1),
      lapsed: Math.round(admitted * 0.12),
      waiting: Math.max(0, arrivedTotal - called),
      active,
      newUsersPerMinute: rate,
      totalActiveUsers: 12_000,
      refused: isOpen
        ? {
            noAdmission: Math.round(60 * wave(at, 17_000)),
            badToken: Math.round(9 * wave(at, 29_000)),
            tooOften: Math.round(22 * Math.exp(-minutes / 5)),
          }
        : { noAdmission: Math.round(140 * Math.exp(minutes / 2)) },
      origin: {
        answers: admitted * 9,
        errors: slow ? Math.round(admitted * 0.3) : 0,
        unreachable: slow ? 12 : 0,
        latency: LATENCY_BOUNDS_MS.map((_, index) =>
          Math.round(admitted * 9 * (SHARES[slow ? 'slow' : 'usual'][index] ?? 0)),
        ),
      },
    });
  }
  return buckets;
}

/** Of all answers, by latency class. */
const SHARES = {
  usual: [0.1, 0.35, 0.35, 0.14, 0.05, 0.01, 0, 0],
  slow: [0, 0.05, 0.1, 0.2, 0.25, 0.2, 0.15, 0.05],
};

/** The alarms of a room whose site has stopped responding, as the room keeps them. */
export function sampleRaised(now = Date.now()): FakeRoom['raised'] {
  const told = { event: 'raised', state: 'delivered', attempts: 1, status: 204 } as const;
  return [
    {
      ...{ kind: 'originStopped', number: 4, severity: 'critical', since: rfc3339(now - 190_000) },
      acknowledged: { by: '이서연', at: rfc3339(now - 60_000) },
      deliveries: [
        { target: '당직 채널', ...told },
        { target: 'On-call pager', event: 'raised', state: 'failed', attempts: 5, status: 503 },
      ],
    },
    {
      ...{ kind: 'limitReached', number: 3, severity: 'info', since: rfc3339(now - 500_000) },
      acknowledged: null,
      deliveries: [{ target: '당직 채널', event: 'raised', state: 'due', attempts: 1, status: null }],
    },
  ];
}

export function sampleTargets(): FakeGateway['alarmTargets'] {
  const common = { canSign: true, formerSecretUntil: null, language: 'ko' } as const;
  return [
    {
      ...{ id: 't1', name: '당직 채널', form: 'slack', host: 'https://hooks.slack.example' },
      ...{ ...common, rooms: null, severityMin: 'warning' },
    },
    {
      ...{ id: 't2', name: 'On-call pager', form: 'standard', host: 'https://a-service-with-a-long-name.example.org' },
      ...{ ...common, rooms: ['vaccine', 'marathon'], severityMin: 'critical' },
      formerSecretUntil: rfc3339(Date.now() + 7_200_000),
    },
    {
      ...{ id: 't3', name: 'Mail', form: 'standard', host: 'http://127.0.0.1:8025' },
      ...{ ...common, rooms: null, severityMin: 'info', canSign: false },
    },
  ];
}
