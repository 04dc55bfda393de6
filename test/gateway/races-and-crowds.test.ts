// Threats: tabs, races, floods and overload. All requests go through one gateway, because two runtimes cannot share a disk.

import { describe, expect, it, vi } from 'vitest';
import { payloadOf } from './forged-tokens.ts';
import { startInProcess } from './in-process.ts';
import { useSite } from './threat-site.ts';
import { AS_JSON, AS_PAGE, enter, type GateVisitor, isClearRefusal, until } from './visitor-client.ts';

const site = useSite('full', 'one-session', 'ten-sessions', 'ten-a-second');

const isAdmitted = ({ admissionToken }: GateVisitor) => admissionToken !== undefined;
const positionOf = ({ queueToken }: GateVisitor) => payloadOf(queueToken ?? '')['position'];
const sessionsAtOrigin = () =>
  site.origin.requests.map(({ headers }) => payloadOf(headers['fairgate-admission'] ?? '')['sid']);

describe('a visitor', () => {
  it('has one place in all tabs of a browser, however often the button is pressed', async () => {
    const visitor = site.visitor('full');
    await visitor.page();
    const position = positionOf(visitor);
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        await visitor.page('/book');
        await visitor.act('join');
        await visitor.send('/', { headers: AS_JSON });
      }),
    );
    expect(positionOf(visitor)).toBe(position);
  });

  it('who polls beyond the limit gets 429 with Retry-After, and does not move forward', async () => {
    const visitor = site.visitor('full');
    await visitor.page();
    const before = await visitor.status();
    const poll = () => visitor.send('/_fairgate/rooms/full/status');
    const refused = (await Promise.all(Array.from({ length: 60 }, poll))).filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(20);
    for (const response of refused) {
      expect(Number(response.headers.get('Retry-After'))).toBeGreaterThanOrEqual(1);
      expect(isClearRefusal(response)).toBe(true);
    }
    const after = await until(poll, ({ status }) => status === 200);
    expect(JSON.parse(after.text).position).toBe(before.position);
  });

  it('who claims and joins many times at once gets one session', async () => {
    const first = site.visitor('one-session');
    await enter(first);
    const visitor = site.visitor('one-session');
    await visitor.page();
    await first.act('leave');
    await until(
      () => visitor.status(),
      ({ state }) => state === 'called',
      { everyMs: 600 },
    );
    const host = 'one-session.test';
    const cookie = { Cookie: visitor.jar.header };
    const claims = Array.from({ length: 32 }, (_, index) =>
      site.send(`/_fairgate/rooms/one-session/${index % 2 === 0 ? 'claim' : 'join'}`, {
        host,
        method: 'POST',
        headers: { ...AS_JSON, ...cookie },
      }),
    );
    const visits = Array.from({ length: 16 }, () => site.send('/', { host, headers: { ...AS_PAGE, ...cookie } }));
    const answers = (await Promise.all(claims)).map(({ text }) => JSON.parse(text));
    await Promise.all(visits);
    expect(answers.map(({ outcome }) => outcome)).toEqual(Array(32).fill('admitted'));
    const claimed = answers.map(({ admissionToken }) => payloadOf(admissionToken)['sid']);
    // The first two requests at the origin were the first visitor's.
    expect(new Set([...claimed, ...sessionsAtOrigin().slice(2)]).size).toBe(1);
    const board = () => visitor.board();
    expect((await until(board, ({ active }) => active === 1)).active).toBe(1);
    visitor.jar.set('fairgate-admission-one-session', answers[0].admissionToken);
    await visitor.act('leave');
  });

  it('who joins many times at once with one Idempotency-Key gets one place', async () => {
    const responses = await Promise.all(
      Array.from({ length: 16 }, () =>
        site.visitor('full').act('join', { 'Idempotency-Key': 'one-join-0123456789-abc' }),
      ),
    );
    const positions = responses.map(({ text }) => payloadOf(JSON.parse(text).queueToken)['position']);
    expect(new Set(positions).size).toBe(1);
  });
});

describe('a crowd', () => {
  it('that claims the last session at once gets it once, and one place each', async () => {
    const crowd = Array.from({ length: 32 }, () => site.visitor('one-session'));
    await Promise.all(crowd.map((visitor) => visitor.page()));
    const admitted = await until(
      async () => {
        await Promise.all(crowd.map((visitor) => visitor.act('claim')));
        return crowd.filter(isAdmitted).length;
      },
      (count) => count >= 1,
      { everyMs: 500 },
    );
    expect(admitted).toBe(1);
    expect(new Set(crowd.map(positionOf)).size).toBe(32);
  });

  it('of places that never come back does not hold up the visitors behind it', async () => {
    const abandoned = Array.from({ length: 100 }, () => site.visitor('ten-a-second').page());
    await Promise.all(abandoned);
    const visitor = site.visitor('ten-a-second');
    await visitor.page();
    expect(Number(positionOf(visitor))).toBeGreaterThan(50);
    await enter(visitor);
    // Ten are admitted a second: had the line waited for every place in front, this would exceed the test's time.
    expect((await visitor.status()).state).toBe('admitted');
  });

  it('is admitted up to the limit and no further, whatever other requests come at the same time', async () => {
    const crowd = Array.from({ length: 200 }, () => site.visitor('ten-sessions'));
    const api = '/_fairgate/rooms/ten-sessions';
    const noise = Array.from({ length: 100 }, (_, index) =>
      site.send(['/', '/book', `${api}/claim`, `${api}/join`][index % 4] ?? '/', {
        host: 'ten-sessions.test',
        method: index % 3 === 0 ? 'POST' : 'GET',
        headers: {
          Cookie: `fairgate-admission-ten-sessions=${'x'.repeat(index * 40)}`,
          'Content-Type': 'application/json',
        },
        ...(index % 3 === 0 ? { body: '{'.repeat(index * 50) } : {}),
      }),
    );
    const visits = crowd.map((visitor) => visitor.page());
    const responses = await Promise.all([...visits, ...noise]);
    expect(responses.filter(({ status }) => status >= 500)).toEqual([]);
    await until(
      async () => {
        const waiting = crowd.filter((visitor) => !isAdmitted(visitor)).slice(0, 40);
        await Promise.all(waiting.map((visitor) => visitor.page()));
        return crowd.filter(isAdmitted).length;
      },
      (count) => count >= 10,
      { everyMs: 300 },
    );
    await Promise.all(crowd.map((visitor) => visitor.page()));
    expect(crowd.filter(isAdmitted)).toHaveLength(10);
    expect(new Set(sessionsAtOrigin()).size).toBe(10);
  });
});

describe('an overloaded store', () => {
  it('admits no visitor while it fails, and the page retries by itself', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const gateway = await startInProcess({ keys: site.fairgate.keys });
    await gateway.request('/_fairgate/rooms/demo/board');
    gateway.store.mode = 'fails';
    for (const sinceMs of [0, 1_500, 600_000]) {
      gateway.clock.advance(sinceMs);
      const visits = Array.from({ length: 50 }, () => gateway.request('/', { headers: AS_PAGE }));
      for (const response of await Promise.all(visits)) {
        expect(response.status).toBe(503);
        const page = await response.text();
        expect(page).toContain('"kind":"storeUnreachable"');
        expect(page).toContain('http-equiv="refresh"');
      }
    }
    expect(gateway.forwarded).toEqual([]);
    vi.restoreAllMocks();
  });
});
