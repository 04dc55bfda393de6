// The operators' own waiting page, and the languages that a room offers.

import { beforeAll, describe, expect, it } from 'vitest';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';
import { type InProcessGateway, InProcessVisitor, NOON, pageKindOf, startInProcess } from './in-process.ts';
import { AS_PAGE } from './visitor-client.ts';

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
