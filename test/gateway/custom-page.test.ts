// The operators' own waiting page, and the languages that a room offers.

import { beforeAll, describe, expect, it } from 'vitest';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';
import { type InProcessGateway, InProcessVisitor, NOON, pageKindOf, startInProcess } from './in-process.ts';
import { MARKER } from './recording-origin.ts';
import { AS_JSON, AS_PAGE } from './visitor-client.ts';

/** A template as it could be in use with Cloudflare's waiting room. */
const TEMPLATE = `<!doctype html><title>Wait</title>
{{#waitTimeKnown}}{{waitTimeHours}} h {{waitTimeHourMinutes}} min{{/waitTimeKnown}}
{{^waitTimeKnown}}unavailable{{/waitTimeKnown}}
{{#queueIsFull}}full{{/queueIsFull}} {{#isRandomQueue}}draw in {{timeUntilEventStart}} min{{/isRandomQueue}}
{{#message}}{{text.en}}{{/message}}{{{turnstile}}}`;

const LATER = { schedule: { opensAt: new Date(NOON + 600_000).toISOString() } };

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

async function callOperatorApi(
  gateway: InProcessGateway,
  method: string,
  path: string,
  body?: string,
  type = 'application/json',
) {
  const room = `/_fairgate/operator/rooms/demo`;
  const authorization = { Authorization: `Bearer ${OPERATOR_KEY}` };
  const { etag } = await (await gateway.request(room, { headers: authorization })).json();
  const headers = { ...authorization, 'If-Match': etag, 'Content-Type': type };
  return gateway.request(`${room}/${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
}

const SHORT_TURNS = { policy: { claimWindowMinutes: 0.5, totalActiveUsers: 1 } };

/** A visitor whose turn came and went in a room of short turns. */
async function withLapsedTurn(gateway: InProcessGateway): Promise<InProcessVisitor> {
  const [inside, late] = [new InProcessVisitor(gateway), new InProcessVisitor(gateway)];
  for (const visitor of [inside, late]) await visitor.act('join');
  await inside.act('leave');
  for (let second = 0; second < 60; second++) {
    gateway.clock.advance(1_000);
    await gateway.request('/_fairgate/rooms/demo/board');
  }
  return late;
}

describe('a custom waiting page', () => {
  it('renders a template of Cloudflare’s waiting room unchanged, with a Refresh header', async () => {
    const gateway = await startInProcess({ keys, room: LATER });
    expect((await callOperatorApi(gateway, 'PUT', 'template', TEMPLATE, 'text/html')).status).toBe(200);
    const response = await new InProcessVisitor(gateway).page('/book');
    const html = await response.text();
    expect(html).toContain('draw in 10 min');
    expect(html).toContain('unavailable');
    expect(html).not.toContain('full');
    expect(Number(response.headers.get('Refresh'))).toBeGreaterThan(0);
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    expect(gateway.forwarded).toEqual([]);
  });

  it('escapes the operators’ message', async () => {
    const gateway = await startInProcess({ keys, room: LATER });
    await callOperatorApi(gateway, 'PUT', 'template', TEMPLATE, 'text/html');
    const text = { ko: '안내', en: '<script>alert(1)</script>' };
    expect((await callOperatorApi(gateway, 'PUT', 'message', JSON.stringify({ text }))).status).toBe(200);
    const html = await (await new InProcessVisitor(gateway).page()).text();
    expect(html).toContain('&lt;script&gt;');
    expect(html).not.toContain('<script>alert');
  });

  it('is refused if it is no Mustache template, and replaced by the gateway’s page once removed', async () => {
    const gateway = await startInProcess({ keys, room: LATER });
    const refused = await callOperatorApi(gateway, 'PUT', 'template', '{{#waitTimeKnown}} never closed', 'text/html');
    expect(refused.status).toBe(422);
    expect((await refused.json()).errors[0].field).toBe('template');
    await callOperatorApi(gateway, 'PUT', 'template', TEMPLATE, 'text/html');
    expect((await callOperatorApi(gateway, 'DELETE', 'template')).status).toBe(200);
    expect(await pageKindOf(await new InProcessVisitor(gateway).page())).toBe('entered');
  });

  it('gives way to the gateway’s own page while the store is unreachable', async () => {
    const gateway = await startInProcess({ keys, room: LATER });
    await callOperatorApi(gateway, 'PUT', 'template', TEMPLATE, 'text/html');
    await new InProcessVisitor(gateway).page();
    gateway.store.mode = 'fails';
    gateway.clock.advance(5_000);
    await gateway.request('/', { headers: AS_PAGE });
    expect(await pageKindOf(await gateway.request('/', { headers: AS_PAGE }))).toBe('storeUnreachable');
  });
});

/** The part that shows the waiting time in the page that Cloudflare's documentation publishes as a start. */
const STARTER_TEMPLATE = `<h2 id="time-remaining">
  <noscript>
    {{#waitTimeKnown}}Your estimated wait time is {{waitTimeFormatted}}...{{/waitTimeKnown}}
    {{^waitTimeKnown}}{{#queueIsFull}}The estimated wait time is greater than a day. You will
    automatically be placed in the queue once space is available.{{/queueIsFull}}
    {{^queueIsFull}}Your estimated wait time is unavailable.{{/queueIsFull}}{{/waitTimeKnown}}
  </noscript>
</h2>
<script type="text/javascript">
  var waitTime = {{waitTime}};
  var waitTimeKnown = {{waitTimeKnown}};
</script>
{{#isEventPrequeueing}}<p>Starts in {{timeUntilEventStartHours}} h {{timeUntilEventStartHourMinutes}} min
({{timeUntilEventStartFormatted}}).</p>{{/isEventPrequeueing}}
{{#isEventActive}}<p>Ends in {{timeUntilEventEndHours}} h {{timeUntilEventEndHourMinutes}} min
({{timeUntilEventEndFormatted}}).</p>{{/isEventActive}}`;

const HOUR_MS = 3_600_000;
const at = (ms: number) => new Date(NOON + ms).toISOString();

/** What apps read while they wait, as Cloudflare's interface has it. */
async function waitingJsonOf(gateway: InProcessGateway, visitor = new InProcessVisitor(gateway)) {
  const response = await visitor.send('/book', { headers: AS_JSON });
  return { visitor, status: response.status, json: (await response.json()).cfWaitingRoom };
}

/** A room for one visitor at a time, in which one is inside and one waits. */
async function fullRoom(room: object = {}): Promise<{ gateway: InProcessGateway; inside: InProcessVisitor }> {
  const gateway = await startInProcess({ keys, room: { policy: { totalActiveUsers: 1 }, ...room } });
  const inside = new InProcessVisitor(gateway);
  await inside.act('join');
  await new InProcessVisitor(gateway).act('join');
  gateway.clock.advance(1_100);
  await gateway.request('/_fairgate/rooms/demo/board');
  return { gateway, inside };
}

describe('the page that Cloudflare publishes as a start', () => {
  async function shown(room: object, wait = async (_: InProcessGateway) => {}): Promise<string> {
    const gateway = await startInProcess({ keys, room });
    await callOperatorApi(gateway, 'PUT', 'template', STARTER_TEMPLATE, 'text/html');
    await wait(gateway);
    const visitor = new InProcessVisitor(gateway);
    return (await (await visitor.page('/book')).text()).replaceAll('\n', ' ');
  }

  it('shows in the pre-queue when the event starts and ends, and no waiting time', async () => {
    const html = await shown({ schedule: { opensAt: at(1.5 * HOUR_MS), closesAt: at(3 * HOUR_MS) } });
    expect(html).toContain('Your estimated wait time is unavailable.');
    expect(html).toContain('var waitTimeKnown = false;');
    expect(html).toContain('Starts in 1 h 30 min (1 hour 30 minutes).');
    expect(html).toContain('Ends in 3 h 0 min (3 hours).');
    expect(html).not.toMatch(/\{\{|undefined|NaN/);
  });

  it('shows in an open room without an end the waiting time, and that the end is not known', async () => {
    const html = await shown({ policy: { newUsersPerMinute: 1 } }, async (gateway) => {
      for (let visitors = 0; visitors < 30; visitors++) await new InProcessVisitor(gateway).act('join');
      gateway.clock.advance(2_000);
      await gateway.request('/_fairgate/rooms/demo/board');
    });
    expect(html).toMatch(/var waitTime = \d+;/);
    expect(html).not.toContain('Starts in');
    expect(html).toContain('(unavailable)');
  });
});

describe('what Cloudflare’s clients read', () => {
  const NOTHING = { isEventActive: false, isEventPrequeueing: false };
  const NO_START = { timeUntilEventStart: 0, timeUntilEventStartFormatted: 'unavailable' };
  const NO_END = { timeUntilEventEnd: 0, timeUntilEventEndFormatted: 'unavailable' };
  const START = { timeUntilEventStart: 60, timeUntilEventStartFormatted: '1 hour' };
  const END = { timeUntilEventEnd: 121, timeUntilEventEndFormatted: '2 hours 1 minute' };

  it.each([
    [
      'before entries are given',
      { prequeueAt: at(60_000), opensAt: at(HOUR_MS) },
      { ...NOTHING, ...NO_START, ...NO_END },
    ],
    [
      'in the pre-queue',
      { opensAt: at(HOUR_MS) },
      { isEventActive: true, isEventPrequeueing: true, ...START, ...NO_END },
    ],
    [
      'in the pre-queue of a room that closes',
      { opensAt: at(HOUR_MS), closesAt: at(121 * 60_000) },
      { isEventActive: true, isEventPrequeueing: true, ...START, ...END },
    ],
  ])('says %s what is known of the event, and "unavailable" for the rest', async (_, schedule, expected) => {
    const gateway = await startInProcess({ keys, room: { schedule } });
    const { json } = await waitingJsonOf(gateway);
    expect(json).toMatchObject({ ...expected, shuffleAtEventStart: expected.isEventActive });
  });

  it('says while the room is open and once it is closed what is known of the event', async () => {
    const { gateway } = await fullRoom({ schedule: { opensAt: at(0), closesAt: at(60_000) } });
    const { json, visitor } = await waitingJsonOf(gateway);
    expect(json).toMatchObject({ isEventActive: true, isEventPrequeueing: false, ...NO_START });
    expect(json).toMatchObject({ timeUntilEventEnd: 1, timeUntilEventEndFormatted: '1 minute', isFIFOQueue: true });
    gateway.clock.advance(60_000);
    await gateway.request('/_fairgate/rooms/demo/board');
    const closed = (await waitingJsonOf(gateway, visitor)).json;
    expect(closed).toMatchObject({
      ...NOTHING,
      ...NO_START,
      ...NO_END,
      isRejectQueue: true,
      refreshIntervalSeconds: 0,
    });
  });

  it('joins again by itself once its visit is over, and waits behind those who are in line', async () => {
    const { gateway, inside } = await fullRoom();
    await inside.page('/book');
    gateway.clock.advance(400_000);
    await gateway.request('/_fairgate/rooms/demo/board');
    const { json } = await waitingJsonOf(gateway, inside);
    expect(json.position).toBe(3);
  });

  it('joins again by itself after its turn lapsed, and gets in', async () => {
    const gateway = await startInProcess({ keys, room: SHORT_TURNS });
    const late = await withLapsedTurn(gateway);
    expect(await late.status()).toMatchObject({ state: 'lapsed', cfWaitingRoom: { position: null, usersAhead: null } });
    const response = await late.send('/book', { headers: AS_JSON });
    expect(await response.text()).toBe(MARKER);
  });

  it('of a closed room says that it takes nobody, and shows no place that is over', async () => {
    const { gateway, inside } = await fullRoom({ schedule: { opensAt: at(0), closesAt: at(60_000) } });
    gateway.clock.advance(400_000);
    await gateway.request('/_fairgate/rooms/demo/board');
    const joins = gateway.store.applied.filter((kind) => kind === 'join').length;
    const { json } = await waitingJsonOf(gateway, inside);
    expect(json).toMatchObject({ isRejectQueue: true, refreshIntervalSeconds: 0 });
    expect(gateway.store.applied.filter((kind) => kind === 'join')).toHaveLength(joins);
  });
});

describe('a room’s own page', () => {
  it('gives way to the gateway’s page, which has a button and does not reload itself, once the visit is over', async () => {
    const { gateway, inside } = await fullRoom();
    await callOperatorApi(gateway, 'PUT', 'template', TEMPLATE, 'text/html');
    await inside.page('/book');
    gateway.clock.advance(400_000);
    await gateway.request('/_fairgate/rooms/demo/board');
    const response = await inside.page('/book');
    expect(response.headers.get('Refresh')).toBeNull();
    expect(await pageKindOf(response)).toBe('ended');
  });

  it('gives way to the gateway’s page after a turn that lapsed, and to the countdown before entries are given', async () => {
    const gateway = await startInProcess({ keys, room: SHORT_TURNS });
    await callOperatorApi(gateway, 'PUT', 'template', TEMPLATE, 'text/html');
    const late = await withLapsedTurn(gateway);
    expect(await pageKindOf(await late.page('/book'))).toBe('lapsed');
    const early = { schedule: { prequeueAt: at(60_000), opensAt: at(HOUR_MS) } };
    const later = await startInProcess({ keys, room: early });
    await callOperatorApi(later, 'PUT', 'template', TEMPLATE, 'text/html');
    expect(await pageKindOf(await new InProcessVisitor(later).page('/book'))).toBe('scheduled');
  });
});

describe('the page’s language', () => {
  it('is one that the room offers: the first for visitors who prefer another, without a switch', async () => {
    const gateway = await startInProcess({ keys, room: { ...LATER, languages: ['en'] } });
    for (const language of ['ko', 'en', 'fr']) {
      const response = await gateway.request('/', { headers: { ...AS_PAGE, 'Accept-Language': language } });
      expect(response.headers.get('Content-Language')).toBe('en');
      expect(await response.text()).not.toContain('/_fairgate/language?to=ko');
    }
  });

  it('can be switched in a room with two languages', async () => {
    const gateway = await startInProcess({ keys, room: LATER });
    const response = await gateway.request('/', { headers: { ...AS_PAGE, 'Accept-Language': 'fr' } });
    expect(response.headers.get('Content-Language')).toBe('ko');
    expect(await response.text()).toContain('/_fairgate/language?to=en');
  });
});
