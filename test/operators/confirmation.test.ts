// What a change does to people at once is told by the API before it is made, and refused where the request does not name it.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Consequences, RoomPreview } from '../../worker/contract/operator-api.ts';
import type { Problem } from '../../worker/contract/problem-schema.ts';
import { type InProcessGateway, InProcessVisitor, NOON } from '../gateway/in-process.ts';
import {
  ask,
  causesIn,
  createKey,
  etag,
  logLength,
  onCurrentVersion,
  POLICY,
  problemIn,
  SCHEDULE,
  SITE,
  startGateway,
  withKey,
} from './operator-client.ts';

const NOTHING: Consequences = { opensNow: null, closesNow: null, endsPlaces: null, takesFrom: [] };
const at = (ms: number) => new Date(NOON + ms).toISOString();

let gateway: InProcessGateway;

const told = (response: Awaited<ReturnType<typeof ask>>) => (response.document as Problem).consequences;
const roomNow = async () => (await ask(gateway, 'room', { headers: withKey() })).document;

describe('a schedule', () => {
  beforeEach(async () => {
    gateway = await startGateway({ room: { schedule: { opensAt: at(3_600_000) } } });
    for (let count = 0; count < 3; count++) await new InProcessVisitor(gateway).act('join');
  });

  it('with a time in the past is refused with what it would do, and nothing is recorded', async () => {
    gateway.clock.advance(2_000);
    const body = { opensAt: at(-43_200_000), confirm: {} };
    const before = await logLength(gateway);
    const refused = await ask(gateway, 'setSchedule', { body, headers: await onCurrentVersion(gateway) });
    expect([refused.status, problemIn(refused)]).toEqual([409, 'confirmation-needed']);
    expect(told(refused)).toEqual({ ...NOTHING, opensNow: { entries: 3 } });
    expect(await logLength(gateway)).toBe(before);
    expect(await roomNow()).toMatchObject({ state: 'prequeue', hasOpened: false });
    // The preview had said the same, to an operator who changes nothing by it.
    const { key } = await createKey(gateway, 'operator');
    const preview = await ask(gateway, 'previewSchedule', {
      body: { schedule: { opensAt: at(-1) } },
      headers: withKey(key),
    });
    expect(preview.document).toEqual({ ...NOTHING, opensNow: { entries: 3 } });
    const now = await ask(gateway, 'previewSchedule', { body: { schedule: null }, headers: withKey(key) });
    expect(now.document).toEqual({ ...NOTHING, opensNow: { entries: 3 } });
    const confirmed = { ...body, confirm: { opensNow: true } };
    const opened = await ask(gateway, 'setSchedule', { body: confirmed, headers: await onCurrentVersion(gateway) });
    expect(opened.status).toBe(200);
  });

  it('also of a script with If-Match: * and no body at all', async () => {
    const headers = { ...withKey(), 'If-Match': '*' };
    const path = '/_fairgate/operator/rooms/demo/open';
    const response = await gateway.request(path, { method: 'POST', headers });
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ consequences: { opensNow: { entries: 3 } } });
    const named = { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' } };
    const wrong = await gateway.request(path, { ...named, body: '{"confirm":{"takesFrom":["demo"]}}' });
    expect(wrong.status).toBe(422);
    const right = await gateway.request(path, { ...named, body: '{"confirm":{"opensNow":true}}' });
    expect(right.status).toBe(200);
  });

  it('that begins another round names the people who lose their places', async () => {
    gateway.clock.advance(3_600_000 + 3_000);
    const inside = new InProcessVisitor(gateway);
    await inside.act('join');
    gateway.clock.advance(3_000);
    const body = { opensAt: at(7_200_000), confirm: { opensNow: true } };
    const refused = await ask(gateway, 'setSchedule', { body, headers: await onCurrentVersion(gateway) });
    expect(problemIn(refused)).toBe('confirmation-needed');
    const { endsPlaces } = told(refused) ?? NOTHING;
    expect((endsPlaces?.waiting ?? 0) + (endsPlaces?.active ?? 0)).toBeGreaterThanOrEqual(3);
  });

  it('is cancelled: visitors are told, entries are kept, and setting it again brings everybody back', async () => {
    const visitor = new InProcessVisitor(gateway);
    await visitor.act('join');
    const cancelled = await ask(gateway, 'cancelOpening', { headers: await onCurrentVersion(gateway) });
    expect(cancelled.status).toBe(200);
    gateway.clock.advance(2_000);
    const board = async () => (await gateway.request('/_fairgate/rooms/demo/board')).json();
    expect(await board()).toMatchObject({ state: 'closed', moved: { was: at(3_600_000) } });
    const body = { opensAt: at(5_400_000), confirm: {} };
    expect((await ask(gateway, 'setSchedule', { body, headers: await onCurrentVersion(gateway) })).status).toBe(200);
    gateway.clock.advance(2_000);
    expect(await board()).toMatchObject({ state: 'prequeue', opensAt: at(5_400_000), moved: { was: at(3_600_000) } });
    expect((await visitor.status()).state).toBe('entered');
    gateway.clock.advance(5_400_000);
    expect(await board()).toMatchObject({ moved: null });
    const late = await ask(gateway, 'cancelOpening', { headers: await onCurrentVersion(gateway) });
    expect([late.status, problemIn(late)]).toEqual([409, 'already-open']);
  });
});

describe('a room', () => {
  const event = { ...SITE, hosts: ['event.example'] };
  const room = (more: object = {}) => ({ id: 'event', site: event, policy: POLICY, schedule: SCHEDULE, ...more });

  beforeEach(async () => {
    gateway = await startGateway({ room: { schedule: { opensAt: at(3_600_000) } } });
    for (let count = 0; count < 2; count++) await new InProcessVisitor(gateway).act('join');
    gateway.clock.advance(2_000);
  });

  const taken = {
    room: 'demo',
    title: expect.objectContaining({ en: expect.any(String) }),
    routes: ['event.example/'],
    waiting: 2,
    active: 0,
  };

  it('that takes addresses from another is refused until that one is named', async () => {
    for (const confirm of [{}, { takesFrom: ['other'] }]) {
      const refused = await ask(gateway, 'createRoom', { body: room({ confirm }), headers: withKey() });
      expect([refused.status, problemIn(refused)]).toEqual([409, 'confirmation-needed']);
      expect(told(refused)).toEqual({ ...NOTHING, takesFrom: [taken] });
    }
    const body = room({ confirm: { takesFrom: ['demo'] } });
    expect((await ask(gateway, 'createRoom', { body, headers: withKey() })).status).toBe(200);
    // Another host of the same room takes more; what it has already needs no confirmation.
    const at = { room: 'event' };
    const change = async (site: object) =>
      ask(gateway, 'setSite', { at, body: site, headers: { ...withKey(), 'If-Match': await etag(gateway, 'event') } });
    expect((await change({ ...event, expectedVisitors: 7, confirm: {} })).status).toBe(200);
    const more = await change({ ...event, hosts: ['event.example', 'late.example'], confirm: {} });
    expect(told(more)?.takesFrom).toEqual([{ ...taken, routes: ['late.example/'] }]);
  });

  it('begins closed where that is asked for, and its plan counts once it is set', async () => {
    const body = room({ closed: true, schedule: { opensAt: at(-60_000) }, confirm: { takesFrom: ['demo'] } });
    expect((await ask(gateway, 'createRoom', { body, headers: withKey() })).status).toBe(200);
    const at2 = { room: 'event' };
    const detail = async () => (await ask(gateway, 'room', { at: at2, headers: withKey() })).document;
    expect(await detail()).toMatchObject({ state: 'closed', hasOpened: false, epoch: expect.any(Number) });
    const headers = async () => ({ ...withKey(), 'If-Match': await etag(gateway, 'event') });
    const past = await ask(gateway, 'setSchedule', {
      ...{ at: at2, body: { opensAt: at(-60_000), confirm: {} }, headers: await headers() },
    });
    expect(told(past)).toMatchObject({ opensNow: { entries: 0 }, endsPlaces: null });
    const set = await ask(gateway, 'setSchedule', {
      ...{ at: at2, body: { opensAt: at(3_600_000), confirm: {} }, headers: await headers() },
    });
    expect(set.status).toBe(200);
    expect(await detail()).toMatchObject({ state: 'prequeue' });
  });

  it('that would open at once says so, too', async () => {
    const body = room({ schedule: { opensAt: at(-60_000) }, confirm: { takesFrom: ['demo'] } });
    const refused = await ask(gateway, 'createRoom', { body, headers: withKey() });
    expect(told(refused)).toMatchObject({ opensNow: { entries: 0 } });
  });

  it('gets the waiting page of the room that it is a copy of', async () => {
    const headers = await onCurrentVersion(gateway);
    await ask(gateway, 'setTemplate', { body: '<p>{{waitTime}}</p>', headers });
    const body = room({ pageOf: 'demo', closed: true });
    expect((await ask(gateway, 'createRoom', { body, headers: withKey() })).status).toBe(200);
    const copy = await ask(gateway, 'room', { at: { room: 'event' }, headers: withKey() });
    expect(copy.document).toMatchObject({ hasTemplate: true });
  });

  it('is previewed with what it takes and how its site answers, and nothing is made', async () => {
    const asked: Request[] = [];
    gateway = await startGateway({
      fetchOrigin: async (request) => {
        asked.push(request);
        const { hostname } = new URL(request.url);
        if (hostname === 'gone.example') throw new TypeError('connection refused');
        return new Response('secret content of the site', { status: 503 });
      },
    });
    const preview = async (origin: string, headers = withKey()) =>
      ask(gateway, 'previewRoom', { body: { id: 'event', site: { ...event, origin } }, headers });
    const answered = await preview('https://site.example');
    expect(answered.document).toMatchObject({
      takesFrom: [{ room: 'demo', routes: ['event.example/'] }],
      siteAnswer: { kind: 'answered', status: 503 },
    } satisfies Partial<{ [K in keyof RoomPreview]: unknown }>);
    expect(answered.text).not.toContain('secret content');
    expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET https://site.example/']);
    expect((await preview('https://gone.example')).document).toMatchObject({ siteAnswer: { kind: 'unreachable' } });
    const own = await preview('http://127.0.0.1:8787');
    expect(causesIn(own)).toEqual({ 'site.origin': { kind: 'ownAddress', origin: 'http://127.0.0.1:8787' } });
    const { key } = await createKey(gateway, 'operator');
    expect(problemIn(await preview('https://site.example', withKey(key)))).toBe('role-too-small');
    const { document } = await ask(gateway, 'rooms', { headers: withKey() });
    expect((document as { rooms: unknown[] }).rooms).toHaveLength(1);
    // Not a way to have the gateway ask hosts without end.
    let status = 200;
    for (let count = 0; count < 20 && status !== 429; count++) ({ status } = await preview('https://site.example'));
    expect(status).toBe(429);
  });
});

it('kept messages are one list for all operators: kept, listed, removed, and recorded', async () => {
  gateway = await startGateway();
  const { key } = await createKey(gateway, 'operator');
  const text = { ko: '곧 다시 시작합니다.', en: 'We go on soon.' };
  const kept = await ask(gateway, 'keepMessage', { body: { text }, headers: withKey(key) });
  const [message] = (kept.document as { messages: { id: string }[] }).messages;
  const again = await ask(gateway, 'keepMessage', { body: { text }, headers: withKey() });
  expect(again.document).toEqual({ messages: [{ id: message?.id, text }] });
  const viewer = await createKey(gateway, 'viewer');
  const list = async () => (await ask(gateway, 'messages', { headers: withKey(viewer.key) })).document;
  expect(await list()).toEqual({ messages: [{ id: message?.id, text }] });
  const at = { message: message?.id ?? '' };
  expect(problemIn(await ask(gateway, 'dropMessage', { at, headers: withKey(viewer.key) }))).toBe('role-too-small');
  expect((await ask(gateway, 'dropMessage', { at, headers: withKey(key) })).document).toEqual({ messages: [] });
  expect(problemIn(await ask(gateway, 'dropMessage', { at, headers: withKey(key) }))).toBe('not-found');
  const { document } = await ask(gateway, 'directoryAudit', { headers: withKey() });
  expect(document).toMatchObject({
    records: expect.arrayContaining([expect.objectContaining({ action: 'keepMessage' })]),
  });
});
