// Rooms in the directory: creating, routing, refused settings, previews, and what ending all sessions does.

import { beforeEach, describe, expect, it } from 'vitest';
import { PREVIEW_KINDS } from '../../worker/contract/operator-api.ts';
import { type InProcessGateway, InProcessVisitor, PUBLIC_URL, pageKindOf, startBeside } from '../gateway/in-process.ts';
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
  signIn,
  startGateway,
  withKey,
} from './operator-client.ts';

let gateway: InProcessGateway;

beforeEach(async () => {
  gateway = await startGateway();
});

const newRoom = (id: string) => ({ id, site: SITE, policy: POLICY, schedule: SCHEDULE });

describe('a new room', () => {
  it('is recorded in its own log by the operator who created it, whichever gateway meets it first', async () => {
    const { id, key } = await createKey(gateway, 'owner');
    const second = await startBeside(gateway);
    expect((await ask(gateway, 'createRoom', { body: newRoom('spring'), headers: withKey(key) })).status).toBe(200);
    second.clock.advance(10_000);
    await second.request('/_fairgate/rooms/spring/board', { headers: { Host: 'spring.example' } });
    const rows = await gateway.store.rows('spring', 'audit', { after: 0, limit: 10 });
    expect(rows.map(({ action, by }) => [action, by.id])).toEqual([['configure', id]]);
  });

  it('is routed at once, by other gateways within ten seconds, and may not overlap with another', async () => {
    const second = await startBeside(gateway);
    const spring = (beside: InProcessGateway) => {
      return beside.request('/_fairgate/rooms/spring/board', { headers: { Host: 'spring.example' } });
    };
    await second.request('/_fairgate/rooms/demo/board');
    const created = await ask(gateway, 'createRoom', { body: newRoom('spring'), headers: withKey() });
    expect(created.status).toBe(200);
    expect((await spring(gateway)).status).toBe(200);
    gateway.clock.advance(10_000);
    await spring(second);
    expect((await spring(second)).status).toBe(200);
    const overlap = await ask(gateway, 'createRoom', { body: newRoom('other'), headers: withKey() });
    expect([overlap.status, problemIn(overlap)]).toEqual([422, 'bad-input']);
    expect(causesIn(overlap)).toEqual({
      'site.paths': { kind: 'overlap', room: 'spring', place: 'spring.example/' },
    });
  });

  it('gets hosts and paths that two owners request at the same time only once', async () => {
    const responses = await Promise.all(
      ['one', 'two'].map((id) => ask(gateway, 'createRoom', { body: newRoom(id), headers: withKey() })),
    );
    expect(responses.map(({ status }) => status).toSorted()).toEqual([200, 422]);
    const refused = responses.find(({ status }) => status === 422)?.document;
    const detail = '"one" protects spring.example/ already. Keep it in one of the two rooms.';
    expect(refused).toMatchObject({ errors: [{ field: 'site.paths', detail }] });
  });
});

it('refused settings of a room have a cause for each wrong field', async () => {
  const title = { ko: '', en: 'x'.repeat(81) };
  const site = { title, hosts: ['UPPER'], paths: Array(51).fill('/a'), origin: SITE.origin };
  const policy = { newUsersPerMinute: 0, totalActiveUsers: 10_000_001, sessionMinutes: 7 };
  const body = { id: 'other', site, policy, schedule: { prequeueAt: null } };
  expect(causesIn(await ask(gateway, 'createRoom', { body, headers: withKey() }))).toEqual({
    'site.title.ko': { kind: 'missing' },
    'site.title.en': { kind: 'tooLong', max: 80 },
    'site.hosts.0': { kind: 'form' },
    'site.paths': { kind: 'tooMany', max: 50 },
    'policy.newUsersPerMinute': { kind: 'tooSmall', min: 1 },
    'policy.totalActiveUsers': { kind: 'tooLarge', max: 10_000_000 },
    'schedule.opensAt': { kind: 'missing' },
  });
  const headers = await onCurrentVersion(gateway);
  const template = await ask(gateway, 'setTemplate', { body: '<p>\n{{#open}}', headers });
  expect(causesIn(template)).toEqual({ template: { kind: 'template', at: 13 } });
});

it('a waiting page that grows too far when it is stored is refused, and the room keeps the one it had', async () => {
  const set = async (body: string) => ask(gateway, 'setTemplate', { body, headers: await onCurrentVersion(gateway) });
  expect((await set('<p class="x">"quoted"</p>\n'.repeat(30_000))).status).toBe(200);
  const refused = await set('\u0001'.repeat(1_048_576));
  expect([refused.status, problemIn(refused)]).toEqual([413, 'body-too-large']);
  expect(refused.text).toContain('1536 KiB');
  const { document } = await ask(gateway, 'room', { headers: withKey() });
  expect(document).toMatchObject({ hasTemplate: true });
});

describe('an origin that leads back to the gateway', () => {
  const newSite = (site: object) => ({ ...newRoom('spring'), site: { ...SITE, ...site } });

  it.each([
    [PUBLIC_URL, 'PUBLIC_URL'],
    [PUBLIC_URL.replace('127.0.0.1', '[::1]'), 'PUBLIC_URL'],
    [PUBLIC_URL.replace('127.0.0.1', 'spring.example.'), 'a host of the room "spring"'],
  ])('is refused for a new room and for an existing one: %s', async (origin, own) => {
    const created = await ask(gateway, 'createRoom', { body: newSite({ origin }), headers: withKey() });
    expect([created.status, problemIn(created)]).toEqual([422, 'bad-input']);
    expect(causesIn(created)).toEqual({ 'site.origin': { kind: 'ownAddress', origin } });
    expect(created.text).toContain(`is the gateway itself (${JSON.stringify(own).slice(1, -1)})`);
    expect((await ask(gateway, 'createRoom', { body: newSite({}), headers: withKey() })).status).toBe(200);
    const headers = { ...withKey(), 'If-Match': await etag(gateway, 'spring') };
    const body = { ...SITE, origin };
    const changed = await ask(gateway, 'setSite', { at: { room: 'spring' }, body, headers });
    expect([changed.status, causesIn(changed)]).toEqual([422, { origin: { kind: 'ownAddress', origin } }]);
  });

  it('is refused as a host that is the origin of another room', async () => {
    const origin = PUBLIC_URL.replace('127.0.0.1', 'autumn.example');
    expect((await ask(gateway, 'createRoom', { body: newSite({ origin }), headers: withKey() })).status).toBe(200);
    const body = { ...newSite({ hosts: ['autumn.example'] }), id: 'autumn' };
    const created = await ask(gateway, 'createRoom', { body, headers: withKey() });
    expect([created.status, causesIn(created)]).toEqual([422, { 'site.hosts': { kind: 'ownAddress', origin } }]);
    expect(created.text).toContain('the origin of \\"spring\\"');
  });
});

it('ending all sessions turns visitors away at every gateway within three seconds', async () => {
  const second = await startBeside(gateway);
  const inside = new InProcessVisitor(gateway);
  for (let tries = 0; tries < 5; tries++) {
    gateway.clock.advance(1_000);
    await inside.page();
  }
  expect((await inside.page('/', second)).status).toBe(200);
  expect(gateway.forwarded.length + second.forwarded.length).toBeGreaterThan(1);
  await ask(gateway, 'revokeAll', { headers: await onCurrentVersion(gateway) });
  gateway.clock.advance(3_000);
  const before = second.forwarded.length;
  expect(await pageKindOf(await inside.page('/', second))).toBe('ended');
  expect(second.forwarded).toHaveLength(before);
});

it.each(PREVIEW_KINDS)('the preview of %s has no scripts and is sandboxed', async (kind) => {
  for (const language of ['ko', 'en']) {
    const page = await ask(gateway, 'preview', { query: { kind, language }, headers: withKey() });
    expect(page.headers.get('Content-Security-Policy')).toMatch(/; sandbox$/);
    expect(page.text).not.toMatch(/<script|<noscript/);
  }
});

it('a preview contradicts itself nowhere: what is sold out shows nothing left, an error of the site says until when', async () => {
  const previewOf = async (kind: (typeof PREVIEW_KINDS)[number]) =>
    (await ask(gateway, 'preview', { query: { kind, language: 'en' }, headers: withKey() })).text;
  expect(await previewOf('waiting')).not.toContain('7,345');
  await gateway.store.inner.apply('demo', [{ kind: 'reportStock', remaining: 7_345, asOf: gateway.clock.at }]);
  gateway.clock.advance(3_000);
  expect(await previewOf('waiting')).toContain('7,345');
  expect(await previewOf('soldOut')).not.toContain('7,345');
  expect(await previewOf('originError')).toMatch(/kept until \d{2}:\d{2}/);
});

it('a pass is a token for scripts and an address for browsers, and is recorded', async () => {
  expect((await ask(gateway, 'givePass', { headers: withKey() })).document).toHaveProperty('admissionToken');
  const browser = await ask(gateway, 'givePass', { headers: await signIn(gateway) });
  expect(browser.document).not.toHaveProperty('admissionToken');
  expect(browser.document).toHaveProperty('link');
  expect(browser.headers.getSetCookie()).toEqual([]);
  expect(await logLength(gateway)).toBe(3);
});
