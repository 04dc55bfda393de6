// A waiting page of the operators' own, and the languages they offer.

import { beforeAll, describe, expect, it } from 'vitest';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';
import { kindOfPage, NOON, type Played, PlayedVisitor, playGateway } from './in-process.ts';
import { AS_PAGE } from './visitor-client.ts';

/** As it could stand in an account of Cloudflare's today. */
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

async function operate(played: Played, method: string, path: string, body?: string, type = 'application/json') {
  const room = `/_fairgate/operator/rooms/demo`;
  const authorization = { Authorization: `Bearer ${OPERATOR_KEY}` };
  const { etag } = await (await played.ask(room, { headers: authorization })).json();
  const headers = { ...authorization, 'If-Match': etag, 'Content-Type': type };
  return played.ask(`${room}/${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
}

describe('an own waiting page', () => {
  it('written for Cloudflare’s waiting room works unchanged, and comes back by itself', async () => {
    const played = await playGateway({ keys, room: LATER });
    expect((await operate(played, 'PUT', 'template', TEMPLATE, 'text/html')).status).toBe(200);
    const answer = await new PlayedVisitor(played).page('/book');
    const html = await answer.text();
    expect(html).toContain('draw in 10 min');
    expect(html).toContain('unavailable');
    expect(html).not.toContain('full');
    expect(Number(answer.headers.get('Refresh'))).toBeGreaterThan(0);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(played.passed).toEqual([]);
  });

  it('shows words of others as text, never as markup', async () => {
    const played = await playGateway({ keys, room: LATER });
    await operate(played, 'PUT', 'template', TEMPLATE, 'text/html');
    const text = { ko: '안내', en: '<script>alert(1)</script>' };
    expect((await operate(played, 'PUT', 'message', JSON.stringify({ text }))).status).toBe(200);
    const html = await (await new PlayedVisitor(played).page()).text();
    expect(html).toContain('&lt;script&gt;');
    expect(html).not.toContain('<script>alert');
  });

  it('that is none is refused, and one that is taken away leaves the gateway’s', async () => {
    const played = await playGateway({ keys, room: LATER });
    const refused = await operate(played, 'PUT', 'template', '{{#waitTimeKnown}} never closed', 'text/html');
    expect(refused.status).toBe(422);
    expect((await refused.json()).errors[0].field).toBe('template');
    await operate(played, 'PUT', 'template', TEMPLATE, 'text/html');
    expect((await operate(played, 'DELETE', 'template')).status).toBe(200);
    expect(await kindOfPage(await new PlayedVisitor(played).page())).toBe('entered');
  });

  it('gives way to the gateway’s own where the store is lost: it says what is true', async () => {
    const played = await playGateway({ keys, room: LATER });
    await operate(played, 'PUT', 'template', TEMPLATE, 'text/html');
    await new PlayedVisitor(played).page();
    played.store.mood = 'fails';
    played.clock.advance(5_000);
    await played.ask('/', { headers: AS_PAGE });
    expect(await kindOfPage(await played.ask('/', { headers: AS_PAGE }))).toBe('storeUnreachable');
  });
});

describe('languages', () => {
  it('are those that the room offers: the first for everybody who asks for another', async () => {
    const played = await playGateway({ keys, room: { ...LATER, languages: ['en'] } });
    for (const language of ['ko', 'en', 'fr']) {
      const answer = await played.ask('/', { headers: { ...AS_PAGE, 'Accept-Language': language } });
      expect(answer.headers.get('Content-Language')).toBe('en');
      expect(await answer.text()).not.toContain('/_fairgate/language?to=ko');
    }
  });

  it('are switched where there are two', async () => {
    const played = await playGateway({ keys, room: LATER });
    const answer = await played.ask('/', { headers: { ...AS_PAGE, 'Accept-Language': 'fr' } });
    expect(answer.headers.get('Content-Language')).toBe('ko');
    expect(await answer.text()).toContain('/_fairgate/language?to=en');
  });
});
