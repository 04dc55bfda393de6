// What operators may do, and nobody else: one law after the other for every line of the contract's table.

import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { SIGN_IN_MS } from '../../queue-core/limits.ts';
import {
  OPERATIONS,
  type Operation,
  type OperationName,
  PREVIEW_KINDS,
  ROLES,
} from '../../worker/contract/operator-api.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import {
  kindOfPage,
  NOON,
  type Played,
  PlayedVisitor,
  PUBLIC_URL,
  playBeside,
  playGateway,
} from '../gateway/in-process.ts';
import { AS_PAGE } from '../gateway/visitor-client.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';
import { ask, causesIn, etag, problemIn, signIn, withKey } from './operator-client.ts';

const POLICY = { newUsersPerMinute: 120, totalActiveUsers: 50, sessionMinutes: 7 };
const SITE = {
  title: { ko: '봄', en: 'Spring' },
  hosts: ['spring.example'],
  origin: 'https://origin.spring.example',
};
const SCHEDULE = { opensAt: '2031-03-02T20:00:00+09:00' };
const TEXT = { text: { ko: '잠시만요', en: 'One moment' } };

/** A right body for every operation that takes one. */
const BODIES: Partial<Record<OperationName, unknown>> = {
  signIn: { key: OPERATOR_KEY },
  createRoom: { id: 'spring', site: SITE, policy: POLICY, schedule: SCHEDULE },
  setSite: { ...SITE, hosts: ['*'] },
  setPolicy: POLICY,
  setSchedule: SCHEDULE,
  setMessage: TEXT,
  setTemplate: '<p>{{waitTime}}</p>',
  addKey: { name: 'Night shift', role: 'viewer' },
};
const QUERIES: Partial<Record<OperationName, Record<string, string>>> = {
  forecast: { newUsersPerMinute: '100', totalActiveUsers: '10', sessionMinutes: '5' },
};
const ALL = Object.entries(OPERATIONS) as [OperationName, Operation][];
const GUARDED = ALL.filter(([, { role }]) => role !== null);
const asked = (name: OperationName, headers: Record<string, string>) => ({
  headers,
  ...(BODIES[name] === undefined ? {} : { body: BODIES[name] }),
  ...(QUERIES[name] === undefined ? {} : { query: QUERIES[name] }),
});

let keys: SigningKeys;
let played: Played;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});
beforeEach(async () => {
  played = await playGateway({ keys });
});

async function keyOf(role: (typeof ROLES)[number]): Promise<string> {
  const made = await ask(played, 'addKey', { body: { name: role, role }, headers: withKey() });
  return (made.document as { key: string }).key;
}

async function logLength(): Promise<number> {
  const { document } = await ask(played, 'audit', { headers: withKey() });
  return (document as { records: unknown[] }).records.length;
}

describe('every operation', () => {
  it.each(GUARDED)('%s is refused to nobody', async (name) => {
    expect((await ask(played, name, asked(name, {}))).status).toBe(401);
  });

  it.each(GUARDED.filter(([, { role }]) => role !== 'viewer'))(
    '%s is refused below its role',
    async (name, { role }) => {
      const below = ROLES[ROLES.indexOf(role ?? 'viewer') - 1] ?? 'viewer';
      const key = await keyOf(below);
      const refused = await ask(played, name, asked(name, { ...withKey(key), 'If-Match': await etag(played) }));
      expect([refused.status, problemIn(refused)]).toEqual([403, 'role-too-small']);
      expect(await logLength()).toBe(1);
    },
  );

  it.each(ALL.filter(([, { ifMatch }]) => ifMatch === true))(
    '%s is decided on a version that was looked at',
    async (name) => {
      const blind = await ask(played, name, asked(name, withKey()));
      expect([blind.status, problemIn(blind)]).toEqual([428, 'if-match-needed']);
      if (name === 'archiveRoom')
        await ask(played, 'close', { headers: { ...withKey(), 'If-Match': await etag(played) } });
      const before = await logLength();
      const late = await ask(played, name, asked(name, { ...withKey(), 'If-Match': '"0.0.running"' }));
      expect([late.status, problemIn(late)]).toEqual([412, 'changed-meanwhile']);
      expect(await logLength()).toBe(before);
    },
  );

  it.each(ALL.filter(([name]) => BODIES[name] !== undefined && name !== 'setTemplate'))(
    '%s answers any other body with what is wrong',
    async (name) => {
      const headers = { ...withKey(), 'If-Match': await etag(played) };
      await fc.assert(
        fc.asyncProperty(fc.json(), async (body) => {
          const { status } = await ask(played, name, { body, headers });
          expect(status).toBeGreaterThanOrEqual(400);
          expect(status).toBeLessThan(500);
        }),
        { numRuns: 25 },
      );
    },
  );
});

describe('a store that fails', () => {
  it('leaves no operator in doubt what was done: nothing, or perhaps a change that was on its way', async () => {
    const headers = { ...withKey(), 'If-Match': await etag(played) };
    played.store.mood = 'fails';
    const unsure = await ask(played, 'setPolicy', { body: POLICY, headers });
    expect([unsure.status, problemIn(unsure)]).toEqual([503, 'change-unconfirmed']);
    const pressed = await ask(played, 'pause', { headers: withKey() });
    expect(problemIn(pressed)).toBe('change-unconfirmed');
    played.clock.advance(10 * 60_000);
    for (const name of ['rooms', 'setPolicy'] as const) {
      const unread = await ask(played, name, asked(name, headers));
      expect([unread.status, problemIn(unread)]).toEqual([503, 'store-unreachable']);
    }
  });
});

describe('a change', () => {
  it('by two operators at once is made by one of them; the other is told', async () => {
    const headers = { ...withKey(), 'If-Match': await etag(played) };
    const both = await Promise.all([
      ask(played, 'setPolicy', { body: POLICY, headers }),
      ask(played, 'setPolicy', { body: { ...POLICY, newUsersPerMinute: 240 }, headers }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  it('is recorded with who, when, from, to and from where', async () => {
    await ask(played, 'setPolicy', {
      body: POLICY,
      headers: { ...withKey(await keyOf('operator')), 'If-Match': await etag(played) },
    });
    const { document } = await ask(played, 'audit', { headers: withKey() });
    expect((document as { records: unknown[] }).records.at(-1)).toMatchObject({
      seq: 2,
      at: expect.stringMatching(/Z$/),
      by: { name: 'operator', role: 'operator' },
      action: 'setPolicy',
      from: { newUsersPerMinute: 60_000, totalActiveUsers: 1_000 },
      to: { newUsersPerMinute: 120, totalActiveUsers: 50 },
    });
  });

  it('named by its maker is made once, however often it is sent', async () => {
    const headers = { ...withKey(), 'If-Match': await etag(played), 'Idempotency-Key': 'the-same-wish-again' };
    const first = await ask(played, 'setMessage', { body: TEXT, headers });
    const again = await ask(played, 'setMessage', { body: TEXT, headers });
    expect(again.text).toBe(first.text);
    expect(await logLength()).toBe(2);
  });

  it('that stops never conflicts', async () => {
    for (const name of ['pause', 'hold'] as const) {
      expect((await ask(played, name, { headers: withKey() })).status).toBe(200);
    }
  });

  it('that would let people in again whom a hold keeps out is decided on what was seen', async () => {
    await ask(played, 'hold', { headers: withKey() });
    const blind = await ask(played, 'pause', { headers: withKey() });
    expect([blind.status, problemIn(blind)]).toEqual([428, 'if-match-needed']);
    const late = await ask(played, 'pause', { headers: { ...withKey(), 'If-Match': '"0.0.running"' } });
    expect([late.status, problemIn(late)]).toEqual([412, 'changed-meanwhile']);
    const seen = await ask(played, 'pause', { headers: { ...withKey(), 'If-Match': await etag(played) } });
    expect(seen.status).toBe(200);
  });
});

describe('a session', () => {
  it('changes nothing at another site’s wish, nor where the browser does not say whose wish it is', async () => {
    const own = await signIn(played);
    const { Origin: _o, 'Sec-Fetch-Site': _s, ...silent } = own;
    const foreign = [
      silent,
      { ...own, Origin: 'https://evil.example' },
      { ...own, 'Sec-Fetch-Site': 'cross-site' },
      { ...own, 'Sec-Fetch-Site': 'same-site' },
      { ...own, Origin: 'null' },
    ];
    for (const headers of foreign) {
      const refused = await ask(played, 'pause', { headers });
      expect([refused.status, problemIn(refused)]).toEqual([403, 'cross-site-request']);
    }
    expect(await logLength()).toBe(1);
    expect((await ask(played, 'live', { headers: silent })).status).toBe(200);
    expect((await ask(played, 'pause', { headers: own })).status).toBe(200);
  });

  it('is in a cookie that no script reads and no other site sends', async () => {
    const answer = await ask(played, 'signIn', { body: { key: OPERATOR_KEY } });
    expect(answer.headers.getSetCookie()[0]).toMatch(/HttpOnly; SameSite=Strict/);
    expect(answer.text).not.toContain('eyJ');
  });

  it('that was signed out is refused, by another gateway too', async () => {
    const beside = await playBeside(played);
    const own = await signIn(played);
    expect((await ask(beside, 'session', { headers: own })).status).toBe(200);
    expect((await ask(played, 'signOut', { headers: own })).status).toBe(204);
    expect((await ask(played, 'session', { headers: own })).status).toBe(401);
    played.clock.advance(1_100);
    expect((await ask(beside, 'session', { headers: own })).status).toBe(401);
  });

  it('ends at its end, to the second: a sign-out is remembered no longer', async () => {
    const own = await signIn(played);
    played.clock.advance(SIGN_IN_MS - 1_000);
    expect((await ask(played, 'session', { headers: own })).status).toBe(200);
    played.clock.advance(1_000);
    expect((await ask(played, 'session', { headers: own })).status).toBe(401);
  });

  it('ends with its key, and has the role that the key has', async () => {
    const key = await keyOf('viewer');
    const own = await signIn(played, key);
    expect((await ask(played, 'pause', { headers: own })).status).toBe(403);
    const { document } = await ask(played, 'keys', { headers: withKey() });
    const [made] = (document as { keys: { id: string; name: string }[] }).keys.filter(({ name }) => name === 'viewer');
    await ask(played, 'removeKey', { at: { key: made?.id ?? '' }, headers: withKey() });
    expect((await ask(played, 'session', { headers: own })).status).toBe(401);
    expect((await ask(played, 'session', { headers: withKey(key) })).status).toBe(401);
  });
});

describe('a lost store', () => {
  beforeEach(() => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
  });

  it('lets those watch on who were operators, for five minutes, and nobody change anything', async () => {
    const [own, key] = [await signIn(played), await keyOf('viewer')];
    for (const headers of [own, withKey(key)]) expect((await ask(played, 'live', { headers })).status).toBe(200);
    played.store.mood = 'fails';
    for (let minute = 0; minute < 5; minute++) {
      for (const headers of [own, withKey(key)]) {
        expect((await ask(played, 'live', { headers })).document).toHaveProperty('room', 'demo');
      }
      for (const name of ['pause', 'signOut'] as const) {
        expect((await ask(played, name, { headers: own })).status).toBe(503);
      }
      expect((await ask(played, 'live', { headers: withKey('a key of nobody') })).status).not.toBe(200);
      played.clock.advance(59_000);
    }
    played.clock.advance(30_000);
    expect((await ask(played, 'live', { headers: own })).status).toBe(503);
  });
});

describe('a wrong key', () => {
  it('is slowed down, twice as long each time; the right one from another session is not', async () => {
    const own = await signIn(played);
    const waits: number[] = [];
    for (let times = 0; times < 5; times++) {
      const refused = await ask(played, 'signIn', { body: { key: `nobody ${times}` } });
      expect(problemIn(refused)).toBe('wrong-key');
      waits.push(Number(refused.headers.get('Retry-After')));
      played.clock.advance(1_000 * (waits.at(-1) ?? 0));
    }
    expect(waits).toEqual([1, 2, 4, 8, 16]);
    expect((await ask(played, 'session', { headers: own })).status).toBe(200);
  });

  it('and every right one leave no trace of themselves in the store', async () => {
    const key = await keyOf('operator');
    await signIn(played, key);
    await ask(played, 'signIn', { body: { key: 'nobody at all' } });
    const { directory } = played.store.inner;
    const kept = JSON.stringify([
      await directory.view(null),
      await directory.rows('audit', { after: 0, limit: 1_000 }),
    ]);
    for (const secret of [key, OPERATOR_KEY, 'nobody at all']) expect(kept).not.toContain(secret);
  });
});

describe('a room', () => {
  it('that was made is routed at once, and elsewhere within ten seconds; overlaps are refused', async () => {
    const beside = await playBeside(played);
    await beside.ask('/_fairgate/rooms/demo/board');
    const made = await ask(played, 'createRoom', { body: BODIES.createRoom, headers: withKey() });
    expect(made.status).toBe(200);
    expect((await played.ask('/_fairgate/rooms/spring/board')).status).toBe(200);
    played.clock.advance(10_000);
    await beside.ask('/_fairgate/rooms/spring/board');
    expect((await beside.ask('/_fairgate/rooms/spring/board')).status).toBe(200);
    const body = { id: 'other', site: SITE, policy: POLICY, schedule: SCHEDULE };
    const overlap = await ask(played, 'createRoom', { body, headers: withKey() });
    expect([overlap.status, problemIn(overlap)]).toEqual([422, 'bad-input']);
    expect(causesIn(overlap)).toEqual({
      'site.paths': { kind: 'overlap', room: 'spring', place: 'spring.example/' },
    });
  });

  it('that is not right is refused with the cause of each wrong field', async () => {
    const title = { ko: '', en: 'x'.repeat(81) };
    const site = { title, hosts: ['UPPER'], paths: Array(51).fill('/a'), origin: SITE.origin };
    const policy = { newUsersPerMinute: 0, totalActiveUsers: 10_000_001, sessionMinutes: 7 };
    const body = { id: 'other', site, policy, schedule: { prequeueAt: null } };
    expect(causesIn(await ask(played, 'createRoom', { body, headers: withKey() }))).toEqual({
      'site.title.ko': { kind: 'missing' },
      'site.title.en': { kind: 'tooLong', max: 80 },
      'site.hosts.0': { kind: 'form' },
      'site.paths': { kind: 'tooMany', max: 50 },
      'policy.newUsersPerMinute': { kind: 'tooSmall', min: 1 },
      'policy.totalActiveUsers': { kind: 'tooLarge', max: 10_000_000 },
      'schedule.opensAt': { kind: 'missing' },
    });
    const headers = { ...withKey(), 'If-Match': await etag(played) };
    const template = await ask(played, 'setTemplate', { body: '<p>\n{{#open}}', headers });
    expect(causesIn(template)).toEqual({ template: { kind: 'template', at: 13 } });
  });

  it('gets a place that two owners want at once only once', async () => {
    const wanted = ['one', 'two'].map((id) => ({ id, site: SITE, policy: POLICY, schedule: SCHEDULE }));
    const answers = await Promise.all(wanted.map((body) => ask(played, 'createRoom', { body, headers: withKey() })));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 422]);
    const refused = answers.find(({ status }) => status === 422)?.document;
    const detail = '"one" protects spring.example/ already. Keep it in one of the two rooms.';
    expect(refused).toMatchObject({ errors: [{ field: 'site.paths', detail }] });
  });

  it('that is not there cannot be changed', async () => {
    for (const name of ['setSite', 'setPolicy', 'pause'] as const) {
      const wish = asked(name, { ...withKey(), 'If-Match': '"1.1.running"' });
      const refused = await ask(played, name, { ...wish, at: { room: 'nowhere' } });
      expect([refused.status, problemIn(refused)]).toEqual([404, 'not-found']);
    }
  });

  it('opens in a year that every calendar has', async () => {
    for (const opensAt of ['0000-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59', '1969-12-31T23:59:59Z']) {
      const headers = { ...withKey(), 'If-Match': await etag(played) };
      const refused = await ask(played, 'setSchedule', { body: { opensAt }, headers });
      expect([refused.status, problemIn(refused)]).toEqual([422, 'bad-input']);
    }
  });

  it('is archived once it is closed: nobody is routed there, its log stays', async () => {
    const archive = async () =>
      ask(played, 'archiveRoom', { headers: { ...withKey(), 'If-Match': await etag(played) } });
    expect(problemIn(await archive())).toBe('not-closed');
    await ask(played, 'close', { headers: { ...withKey(), 'If-Match': await etag(played) } });
    expect((await archive()).status).toBe(200);
    expect((await played.ask('/', { headers: AS_PAGE })).status).toBe(404);
    expect(await logLength()).toBe(2);
  });

  it('scheduled anew before its opening keeps everybody’s entry', async () => {
    played = await playGateway({ keys, room: { schedule: { opensAt: new Date(NOON + 600_000).toISOString() } } });
    const visitor = new PlayedVisitor(played);
    await visitor.page();
    const body = { opensAt: new Date(NOON + 1_200_000).toISOString() };
    await ask(played, 'setSchedule', { body, headers: { ...withKey(), 'If-Match': await etag(played) } });
    played.clock.advance(700_000);
    expect((await visitor.status()).state).toBe('entered');
  });

  it('sends everybody out at once, also at other gateways, and nobody who waits loses a place', async () => {
    const beside = await playBeside(played);
    const inside = new PlayedVisitor(played);
    for (let tries = 0; tries < 5; tries++) {
      played.clock.advance(1_000);
      await inside.page();
    }
    expect((await inside.page('/', beside)).status).toBe(200);
    expect(played.passed.length + beside.passed.length).toBeGreaterThan(1);
    await ask(played, 'revokeAll', { headers: { ...withKey(), 'If-Match': await etag(played) } });
    played.clock.advance(3_000);
    const before = beside.passed.length;
    expect(await kindOfPage(await inside.page('/', beside))).toBe('ended');
    expect(beside.passed).toHaveLength(before);
  });

  it.each(PREVIEW_KINDS)('is previewed as %s, in a frame without scripts', async (kind) => {
    for (const language of ['ko', 'en']) {
      const page = await ask(played, 'preview', { query: { kind, language }, headers: withKey() });
      expect(page.headers.get('Content-Security-Policy')).toMatch(/; sandbox$/);
      expect(page.text).not.toMatch(/<script|<noscript/);
    }
  });
});

describe('an operator’s own way in', () => {
  it('is a token for scripts and an address for browsers, and is recorded before it is given', async () => {
    expect((await ask(played, 'givePass', { headers: withKey() })).document).toHaveProperty('admissionToken');
    const browser = await ask(played, 'givePass', { headers: await signIn(played) });
    expect(browser.document).not.toHaveProperty('admissionToken');
    expect(browser.document).toHaveProperty('link');
    expect(browser.headers.getSetCookie()).toEqual([]);
    expect(await logLength()).toBe(3);
  });
});

describe('exports', () => {
  it('hold every record: JSON says whether it is whole, CSV runs nothing in a spreadsheet', async () => {
    const text = { ko: '=HYPERLINK("x")', en: 'a "b", c\nd' };
    await ask(played, 'setMessage', { body: { text }, headers: { ...withKey(), 'If-Match': await etag(played) } });
    await ask(played, 'addKey', { body: { name: '=1+1', role: 'viewer' }, headers: withKey() });
    const json = (await ask(played, 'auditJson', { headers: withKey() })).document;
    expect(json).toMatchObject({ whole: true, records: [{ seq: 1 }, { seq: 2, to: { text } }] });
    const csv = (await ask(played, 'directoryAuditCsv', { headers: withKey() })).text;
    expect(
      csv
        .split('\r\n')
        .filter((line) => line !== '')
        .every((line) => /^\d+,|^seq,/.test(line)),
    ).toBe(true);
    expect(csv).not.toMatch(/(?:^|,)=/m);
  });
});

describe('an exported log', () => {
  it('that was damaged anywhere is not whole, also where its end is missing', async () => {
    for (const name of ['pause', 'hold'] as const) await ask(played, name, { headers: withKey() });
    const isWhole = async () =>
      ((await ask(played, 'auditJson', { headers: withKey() })).document as { whole: boolean }).whole;
    const audit = played.store.inner.rooms.get('demo')?.tables.audit;
    const [second, last] = [audit?.get(2), audit?.get(3)];
    if (audit === undefined || second === undefined || last === undefined) throw new TypeError('A record is missing.');
    const damages = [
      () => audit.set(2, { ...second, to: { flow: 'held' } }),
      () => audit.delete(2),
      // Of the end that was cut off, the records that are left know nothing.
      () => audit.delete(3),
    ];
    for (const damage of damages) {
      damage();
      expect(await isWhole()).toBe(false);
      audit.set(2, second).set(3, last);
    }
    expect(await isWhole()).toBe(true);
  });
});

describe('a console with a host of its own', () => {
  it('is answered there and nowhere else', async () => {
    played = await playGateway({ keys, consoleUrl: 'https://gate.example' });
    const there = { ...withKey(), Host: 'gate.example' };
    expect((await ask(played, 'session', { headers: there })).status).toBe(200);
    for (const headers of [withKey(), { ...withKey(), Host: new URL(PUBLIC_URL).host }]) {
      expect((await ask(played, 'session', { headers })).status).toBe(404);
      expect((await played.ask('/_fairgate/console/', { headers })).status).toBe(404);
    }
  });
});
