// An alarm on its way outside: through the room, by one of several gateways, signed, retried, recorded, and never in a visitor's way.

import { Webhook } from 'standardwebhooks';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ALARM_OVER_MS } from '../../queue-core/alarms.ts';
import type { Live } from '../../worker/contract/operator-api.ts';
import { type InProcessGateway, InProcessVisitor, ManualClock, startBeside } from '../gateway/in-process.ts';
import { ask, createKey, problemIn, startGateway, TARGET, withKey } from './operator-client.ts';

// These tests lose the store and targets on purpose, which is logged.
let logged: string[] = [];
beforeEach(() => {
  logged = [];
  vi.spyOn(console, 'error').mockImplementation((...parts) => void logged.push(parts.map(String).join(' ')));
});

interface Sent {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** A service that hears of alarms. */
class Receiver {
  sent: Sent[] = [];
  answer: () => Promise<Response> = async () => new Response(null, { status: 204 });

  fetch = async (url: string, init: RequestInit): Promise<Response> => {
    this.sent.push({ url, headers: init.headers as Record<string, string>, body: String(init.body) });
    return this.answer();
  };

  get events(): string[] {
    return this.sent.map(({ body }) => (JSON.parse(body) as { type: string }).type);
  }
}

const live = async (gateway: InProcessGateway) => (await ask(gateway, 'live', { headers: withKey() })).document as Live;

async function addTarget(gateway: InProcessGateway, more: object = {}): Promise<{ id: string; secret: string }> {
  const body = { ...TARGET, ...more };
  return (await ask(gateway, 'addAlarmTarget', { body, headers: withKey() })).document as {
    id: string;
    secret: string;
  };
}

/** A room that more visitors come to than were expected. */
async function crowded(receiver: Receiver, target: object = {}, room: object = {}) {
  const gateway = await startGateway({ fetch: receiver.fetch, room: { expectedVisitors: 1, ...room } });
  const { secret } = await addTarget(gateway, target);
  for (let index = 0; index < 2; index++) await new InProcessVisitor(gateway).page();
  return { gateway, secret };
}

/** So many seconds with a health check each, as where nobody visits. */
async function seconds(gateway: InProcessGateway, count: number): Promise<void> {
  for (let second = 0; second < count; second++) {
    gateway.clock.advance(1_000);
    await gateway.request('/_fairgate/healthz');
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

const deliveriesIn = async (gateway: InProcessGateway) => {
  const { document } = await ask(gateway, 'audit', { headers: withKey() });
  return (document as { records: { action: string; to: object }[] }).records
    .filter(({ action }) => /^alarm/.test(action))
    .map(({ action, to }) => ({ action, to }));
};

describe('an alarm', () => {
  it('reaches its target, signed as Standard Webhooks says, without any visitor: health checks are enough', async () => {
    const receiver = new Receiver();
    const { gateway, secret } = await crowded(receiver);
    await seconds(gateway, 5);
    expect(receiver.events).toEqual(['fairgate.alarm.raised']);
    const [{ url, headers, body } = { url: '', headers: {}, body: '' }] = receiver.sent;
    expect(url).toBe(TARGET.url);
    // The library takes no other time than the present.
    vi.useFakeTimers({ now: gateway.clock.now(), toFake: ['Date'] });
    try {
      expect(new Webhook(secret).verify(body, headers)).toMatchObject({
        type: 'fairgate.alarm.raised',
        data: {
          ...{ room: 'demo', title: 'Booking', alarm: 'arrivalsAbovePlan', severity: 'warning', number: 1 },
          text: '2 people have arrived; 1 were expected.',
          figures: { arrived: 2, expected: 1 },
          console: expect.stringContaining('/_fairgate/console/#/rooms/demo'),
        },
      });
      expect(() => new Webhook(secret).verify(body.replace('"number":1', '"number":2'), headers)).toThrow();
    } finally {
      vi.useRealTimers();
    }
    expect(await deliveriesIn(gateway)).toEqual([
      {
        action: 'alarmDelivered',
        to: {
          ...{ alarm: 'arrivalsAbovePlan', number: 1, event: 'raised' },
          ...{ target: 'Chat', status: 204, attempts: 1 },
        },
      },
    ]);
    expect((await live(gateway)).raised).toMatchObject([
      {
        ...{ kind: 'arrivalsAbovePlan', number: 1, severity: 'warning', acknowledged: null },
        deliveries: [{ target: 'Chat', event: 'raised', state: 'delivered', attempts: 1, status: 204 }],
      },
    ]);
  });

  it('is signed with the former secret too, for a day after another one was made', async () => {
    const receiver = new Receiver();
    const { gateway, secret } = await crowded(receiver);
    const { alarmTargets } = (await gateway.store.inner.directory.view(null)) ?? { alarmTargets: [] };
    const at = { target: alarmTargets[0]?.id ?? '' };
    const { document } = await ask(gateway, 'rotateAlarmTarget', { at, headers: withKey() });
    await seconds(gateway, 5);
    const [{ headers, body } = { headers: {}, body: '' }] = receiver.sent;
    vi.useFakeTimers({ now: gateway.clock.now(), toFake: ['Date'] });
    try {
      for (const each of [secret, (document as { secret: string }).secret]) new Webhook(each).verify(body, headers);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is told once, however many gateways see it', async () => {
    const receiver = new Receiver();
    const { gateway } = await crowded(receiver);
    const others = await Promise.all(Array.from({ length: 4 }, () => startBeside(gateway, { fetch: receiver.fetch })));
    for (let second = 0; second < 20; second++) {
      gateway.clock.advance(1_000);
      await Promise.all([gateway, ...others].map((each) => each.request('/_fairgate/healthz')));
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(receiver.events).toEqual(['fairgate.alarm.raised']);
  });

  it('is told to be over, once it has not been seen for a while', async () => {
    const receiver = new Receiver();
    const { gateway } = await crowded(receiver);
    await seconds(gateway, 5);
    const { document } = await ask(gateway, 'room', { headers: withKey() });
    const { site, etag } = document as { site: object; etag: string };
    const body = { ...site, expectedVisitors: 100 };
    await ask(gateway, 'setSite', { body, headers: { ...withKey(), 'If-Match': etag } });
    await seconds(gateway, ALARM_OVER_MS / 1_000 + 12);
    expect(receiver.events).toEqual(['fairgate.alarm.raised', 'fairgate.alarm.cleared']);
    expect(new Set(receiver.sent.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
    expect((await live(gateway)).alarms).toEqual([]);
  });

  it('that did not arrive is sent again under the same id, and given up with a record', async () => {
    const receiver = new Receiver();
    receiver.answer = async () => new Response('busy', { status: 503 });
    const { gateway } = await crowded(receiver);
    await seconds(gateway, 5);
    expect(receiver.sent).toHaveLength(1);
    expect((await live(gateway)).raised[0]?.deliveries).toMatchObject([{ state: 'due', attempts: 1, status: 503 }]);
    await seconds(gateway, 12);
    expect(receiver.sent).toHaveLength(2);
    await seconds(gateway, 1_400);
    expect(receiver.sent).toHaveLength(5);
    expect(new Set(receiver.sent.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(await deliveriesIn(gateway)).toMatchObject([
      { action: 'alarmNotDelivered', to: { target: 'Chat', status: 503, attempts: 5 } },
    ]);
    expect(logged.join('\n')).toContain('did not reach the target "Chat" at hooks.example: status 503');
    expect(logged.join('\n')).not.toContain('secret-path');
  });

  it.each([
    ['of another room', { rooms: ['other'] }, 0],
    ['of this room', { rooms: ['demo'] }, 1],
    ['less urgent than the target takes', { severityMin: 'critical' }, 0],
    ['as urgent as the target takes', { severityMin: 'warning' }, 1],
  ])('%s: the target hears %j of it', async (_, target, times) => {
    const receiver = new Receiver();
    const { gateway } = await crowded(receiver, target);
    await seconds(gateway, 10);
    expect(receiver.sent).toHaveLength(times);
    // A target that is added meanwhile hears of it too.
    await addTarget(gateway);
    await seconds(gateway, 8);
    expect(receiver.sent).toHaveLength(1);
  });

  it('is a text for Slack, in the language of the target, in which nothing of the room’s is markup', async () => {
    const receiver = new Receiver();
    const title = { ko: '봄 <축제> & 예약', en: 'Spring' };
    const { gateway } = await crowded(receiver, { form: 'slack', language: 'ko' }, { title });
    await seconds(gateway, 5);
    const [{ headers, body } = { headers: {}, body: '{}' }] = receiver.sent;
    expect(Object.keys(headers)).toEqual(['Content-Type']);
    expect((JSON.parse(body) as { text: string }).text.split('\n')).toEqual([
      '*[주의] 봄 &lt;축제&gt; &amp; 예약*',
      '예상 1명보다 많은 2명이 방문했습니다.',
      '대기 시간이 예정보다 길어집니다. 안내문으로 알리고, 본 사이트에 여유가 있으면 속도를 올리세요.',
      expect.stringMatching(/\/_fairgate\/console\/#\/rooms\/demo$/),
    ]);
  });

  it('keeps no visitor waiting for a target that never answers', async () => {
    const receiver = new Receiver();
    receiver.answer = () => new Promise(() => {});
    const { gateway } = await crowded(receiver);
    await seconds(gateway, 5);
    expect(receiver.sent).toHaveLength(1);
    expect((await new InProcessVisitor(gateway).page()).status).toBe(200);
    expect((await ask(gateway, 'live', { headers: withKey() })).status).toBe(200);
  });
});

describe('an acknowledgement', () => {
  const acknowledge = (gateway: InProcessGateway, alarm: string, key?: string) =>
    ask(gateway, 'acknowledgeAlarm', { at: { room: 'demo', alarm }, headers: withKey(key) });

  it('names its operator to everybody, and the alarm stays', async () => {
    const { gateway } = await crowded(new Receiver());
    await seconds(gateway, 5);
    const { key } = await createKey(gateway, 'operator');
    gateway.clock.advance(1_100);
    expect((await acknowledge(gateway, 'arrivalsAbovePlan', key)).document).toMatchObject({ outcome: 'changed' });
    await seconds(gateway, 1);
    const { alarms, raised } = await live(gateway);
    expect(alarms).toMatchObject([{ kind: 'arrivalsAbovePlan' }]);
    expect(raised).toMatchObject([{ acknowledged: { by: 'operator' } }]);
    const { document } = await ask(gateway, 'audit', { headers: withKey() });
    expect((document as { records: object[] }).records.at(-1)).toMatchObject({
      ...{ action: 'acknowledgeAlarm', by: { name: 'operator' } },
      to: { alarm: 'arrivalsAbovePlan', number: 1 },
    });
  });

  it.each(['originSlow', 'nothing', 'storeUnreachable'])(
    'of %s, which the room has not raised, is refused',
    async (alarm) => {
      const { gateway } = await crowded(new Receiver());
      expect(problemIn(await acknowledge(gateway, alarm))).toBe('alarm-unknown');
    },
  );
});

describe('a store that does not respond', () => {
  async function lost(receiver: Receiver) {
    const clock = new ManualClock();
    const gateway = await startGateway({ clock, fetch: receiver.fetch });
    await addTarget(gateway, { severityMin: 'critical' });
    await seconds(gateway, 12);
    gateway.store.mode = 'fails';
    return gateway;
  }

  it('is told by the gateway itself, once and not at once, and that it responds again', async () => {
    const receiver = new Receiver();
    const gateway = await lost(receiver);
    await seconds(gateway, 8);
    expect(receiver.events).toEqual([]);
    await seconds(gateway, 60);
    expect(receiver.events).toEqual(['fairgate.alarm.raised']);
    expect(JSON.parse(receiver.sent[0]?.body ?? '')).toMatchObject({
      data: { alarm: 'storeUnreachable', severity: 'critical', number: null },
    });
    gateway.store.mode = 'answers';
    await seconds(gateway, 5);
    expect(receiver.events).toEqual(['fairgate.alarm.raised', 'fairgate.alarm.cleared']);
  });

  it('that comes and goes is told at most once in five minutes', async () => {
    const receiver = new Receiver();
    const gateway = await lost(receiver);
    for (let minute = 0; minute < 10; minute++) {
      gateway.store.mode = minute % 2 === 0 ? 'fails' : 'answers';
      await seconds(gateway, 60);
    }
    expect(receiver.events.filter((event) => event.endsWith('raised')).length).toBeLessThanOrEqual(2);
  });
});
