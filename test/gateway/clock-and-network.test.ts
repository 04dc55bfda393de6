// Threats: a wrong clock at the client or the gateway, and connections that break while a visitor joins.

import { describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../worker/store/room-store.ts';
import { payloadOf } from './forged-tokens.ts';
import { enter, InProcessVisitor, ManualClock, NOON, pageKindOf, startBeside, startInProcess } from './in-process.ts';
import { useSite } from './threat-site.ts';
import { AS_JSON, AS_PAGE, sendAndHangUp, until } from './visitor-client.ts';

const ADMISSION = 'fairgate-admission-demo';

const site = useSite('before', 'before-too');

describe('a wrong clock', () => {
  it('of the device changes nothing: no date that a client sends moves the opening', async () => {
    const tomorrow = new Date(Date.now() + 86_400_000);
    for (const headers of [
      { Date: tomorrow.toUTCString() },
      { 'If-Modified-Since': tomorrow.toUTCString() },
      { 'X-Client-Time': tomorrow.toISOString(), 'X-Request-Start': `t=${tomorrow.getTime()}` },
      { Cookie: `serverTime=${tomorrow.toISOString()}; fairgate-clock=${tomorrow.getTime()}` },
    ]) {
      await site.expectClosed('before', `/?now=${tomorrow.getTime()}`, { headers });
      const board = await site.send('/_fairgate/rooms/before/board', { host: 'before.test', headers });
      expect(Date.parse(JSON.parse(board.text).serverTime)).toBeLessThan(tomorrow.getTime() - 3_600_000);
      expect(JSON.parse(board.text).state).toBe('prequeue');
    }
  });

  it.each([-86_400_000, 86_400_000])(
    'of a gateway, by %i ms, opens no room early and extends no session: the store’s time decides',
    async (offMs) => {
      const room = { schedule: { opensAt: new Date(NOON + 60_000).toISOString() } };
      const right = await startInProcess({ keys: site.fairgate.keys, room });
      const wrong = await startBeside(right, { ownTime: () => right.clock.now() + offMs });
      const visitor = new InProcessVisitor(wrong);
      await visitor.page();
      for (let seconds = 0; seconds < 58; seconds += 2) {
        right.clock.advance(2_000);
        expect(await pageKindOf(await visitor.page())).toBe('entered');
      }
      expect(wrong.forwarded).toEqual([]);
      for (let seconds = 0; seconds < 6; seconds++) {
        right.clock.advance(1_000);
        await visitor.page();
      }
      expect(wrong.forwarded.length).toBeGreaterThan(0);
      const { exp } = payloadOf(visitor.jar.get('fairgate-admission-demo') ?? '');
      right.clock.at = Number(exp) * 1_000;
      expect((await visitor.send('/')).status).toBe(403);
    },
  );

  it.each([1_500, 3_600_000])(
    'of a gateway’s machine, set back by %i ms again and again, keeps no view alive: an ended session is refused within 3 s',
    async (backMs) => {
      const first = await startInProcess({ keys: site.fairgate.keys });
      const inside = await enter(first);
      let setBackMs = 0;
      const now = () => first.clock.at - setBackMs;
      const beside = await startBeside(first, { clock: Object.assign(new ManualClock(), first.clock, { now }) });
      const copy = new InProcessVisitor(beside);
      copy.jar.set(ADMISSION, inside.jar.get(ADMISSION) ?? '');
      expect((await copy.send('/')).status).toBe(200);
      first.clock.advance(900);
      expect((await copy.send('/')).status).toBe(200);
      expect((await inside.act('leave')).status).toBe(200);
      for (let times = 0; times < 4; times++) {
        setBackMs += backMs;
        first.clock.advance(900);
        await copy.send('/');
      }
      expect((await copy.send('/')).status).toBe(403);
      const { serverTime } = await (await beside.request('/_fairgate/rooms/demo/board')).json();
      expect(Date.parse(serverTime)).toBe(first.clock.at);
    },
  );
});

describe('a lost connection', () => {
  it('while joining or claiming admits no visitor, and the place is kept', async () => {
    const visitor = site.visitor('before');
    await visitor.page('/');
    for (const text of [
      'GET /book HTTP/1.1\r\nHost: before.test\r\nAccept: text/html\r\n\r\n',
      `GET /book HTTP/1.1\r\nHost: before.test\r\nAccept: text/html\r\nCookie: ${visitor.jar.header}\r\n\r\n`,
      'GET /book HTTP/1.1\r\nHost: before.test\r\nAcc',
      'POST /_fairgate/rooms/before/join HTTP/1.1\r\nHost: before.test\r\nContent-Length: 100\r\n\r\nretu',
      `POST /_fairgate/rooms/before/claim HTTP/1.1\r\nHost: before.test\r\nCookie: ${visitor.jar.header}\r\n\r\n`,
    ]) {
      for (let times = 0; times < 5; times++) await sendAndHangUp(site.port, text);
    }
    await site.expectClosed('before', '/book', { headers: { Cookie: visitor.jar.header } });
    const { entry } = await visitor.status();
    const { entry: signed } = payloadOf(visitor.queueToken ?? '');
    expect(entry).toBe(signed);
  });

  it('loses no place: a join repeated with the same Idempotency-Key returns the same one', async () => {
    const key = 'flight-mode-0123456789';
    const body = '{"return":"/book"}';
    await sendAndHangUp(
      site.port,
      `POST /_fairgate/rooms/before-too/join HTTP/1.1\r\nHost: before-too.test\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nIdempotency-Key: ${key}\r\n\r\n${body}`,
    );
    const places = new Set<unknown>();
    for (let times = 0; times < 4; times++) {
      const response = await site.visitor('before-too').act('join', { 'Idempotency-Key': key });
      expect(response.status).toBe(200);
      places.add(payloadOf(JSON.parse(response.text).queueToken)['entry']);
    }
    expect(places).toEqual(new Set([1]));
    const board = () => site.visitor('before-too').board();
    expect((await until(board, ({ entries }) => entries > 0)).entries).toBe(1);
  });

  it('between gateway and store, after the join was committed, admits no visitor, and the repeated join gets a place', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const gateway = await startInProcess({ keys: site.fairgate.keys, room: { policy: { totalActiveUsers: 1 } } });
    // The only session is taken, so the next visitor waits.
    await new InProcessVisitor(gateway).act('join');
    gateway.clock.advance(900);
    gateway.store.beforeReply = async () => {
      throw new StoreUnavailable('the response was lost');
    };
    const init = { method: 'POST', headers: { ...AS_JSON, 'Idempotency-Key': 'lost-answer-0123456789' } };
    const lost = await gateway.request('/_fairgate/rooms/demo/join', init);
    expect(lost.status).toBe(503);
    expect(await pageKindOf(await gateway.request('/', { headers: AS_PAGE }))).toBe('storeUnreachable');
    expect(gateway.forwarded).toEqual([]);
    gateway.store.beforeReply = async () => {};
    const repeated = await gateway.request('/_fairgate/rooms/demo/join', init);
    // Of the join and of the page visit whose answers were lost, the numbers are nobody's.
    expect(payloadOf((await repeated.json()).queueToken)['position']).toBe(4);
    vi.restoreAllMocks();
  });
});
