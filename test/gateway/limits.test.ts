// Simultaneous newcomers in a room that is limited to ten active sessions, over HTTP against the running gateway: exactly ten
// are admitted, whatever the size of the crowd, and a session that ends makes room for the first in line.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Running, startFairgate } from '../running-gateway.ts';
import { payloadOf } from './forged-tokens.ts';
import { MARKER, type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import { AS_PAGE, enter, GateVisitor, sendRaw, until } from './visitor-client.ts';

const SESSIONS_MAX = 10;
const CROWDS = [16, 64, 256];

/** On a busy machine some of 256 responses take this long to begin. */
const SILENCE_MS_MAX = 30_000;

let fairgate: Running;
let origin: RecordingOrigin;
let port: number;

beforeAll(async () => {
  origin = await startRecordingOrigin();
  const room = {
    title: { ko: '예약', en: 'Booking' },
    origin: origin.url,
    schedule: { opensAt: '+0s' },
    // The rate must not limit admissions here.
    policy: { newUsersPerMinute: 60_000, totalActiveUsers: SESSIONS_MAX, sessionMinutes: 5 },
  };
  fairgate = await startFairgate({
    room: { hosts: ['127.0.0.1'] },
    moreRooms: () => CROWDS.map((size) => ({ ...room, id: `crowd-${size}`, hosts: [`crowd-${size}.test`] })),
  });
  port = fairgate.gateway.port;
});

afterAll(async () => {
  await fairgate?.stop();
  await origin?.close();
});

beforeEach(() => {
  origin.requests.length = 0;
});

const NAVIGATION = Object.entries(AS_PAGE)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');

/** Opens the page for each visitor on its own connection, all in the same turn of the event loop. */
async function visitAtOnce(visitors: readonly GateVisitor[], host: string): Promise<string[]> {
  const responses = await Promise.all(
    visitors.map(({ jar }) => {
      const cookie = jar.header === '' ? '' : `Cookie: ${jar.header}\r\n`;
      return sendRaw(port, `GET /book HTTP/1.1\r\nHost: ${host}\r\n${NAVIGATION}${cookie}\r\n`, SILENCE_MS_MAX);
    }),
  );
  for (const [index, { head }] of responses.entries()) {
    const headers = new Headers();
    for (const [, value = ''] of head.matchAll(/^set-cookie: *(.*?)\r?$/gim)) headers.append('Set-Cookie', value);
    visitors[index]?.jar.keep({ headers });
  }
  // The page of a visitor who found a line joins it.
  await Promise.all(
    visitors.filter(({ queueToken }) => queueToken === undefined).map((visitor) => visitor.act('join')),
  );
  return responses.map(({ status, body }) => `${status} ${body}`);
}

const isAdmitted = ({ admissionToken }: GateVisitor) => admissionToken !== undefined;
const positionOf = ({ queueToken }: GateVisitor) => Number(payloadOf(queueToken ?? '')['position']);

/** Sessions whose requests reached the origin. */
const sessionsAtOrigin = () =>
  new Set(origin.requests.map(({ headers }) => payloadOf(headers['fairgate-admission'] ?? '')['sid']));

describe.each(CROWDS)('%i simultaneous newcomers in a room for ten sessions', (size) => {
  const host = `crowd-${size}.test`;
  const newcomers = (count: number) => Array.from({ length: count }, () => new GateVisitor(port, `crowd-${size}`));
  let crowd: GateVisitor[];

  it('get exactly ten sessions, and one position each', async () => {
    crowd = newcomers(size);
    const responses = await visitAtOnce(crowd, host);
    expect(responses.filter((response) => !response.startsWith('200 '))).toEqual([]);

    // Visitors who were called a moment after joining enter with their next visit.
    await until(
      async () => {
        await visitAtOnce(
          crowd.filter((visitor) => !isAdmitted(visitor)),
          host,
        );
        return crowd.filter(isAdmitted).length;
      },
      (admitted) => admitted >= SESSIONS_MAX,
    );
    // On a slow machine a visitor may have been admitted with a page that waits for the slot: now all go to the origin.
    await visitAtOnce(crowd, host);
    expect(crowd.filter(isAdmitted)).toHaveLength(SESSIONS_MAX);
    expect(sessionsAtOrigin().size).toBe(SESSIONS_MAX);
    const positions = crowd.map(positionOf).sort((a, b) => a - b);
    expect(new Set(positions).size).toBe(size);
    // Numbers that were leased in vain are gaps: those inside are the first of the crowd.
    expect(crowd.filter(isAdmitted).map(positionOf)).toEqual(expect.arrayContaining(positions.slice(0, SESSIONS_MAX)));
    await until(
      () => new GateVisitor(port, `crowd-${size}`).board(),
      ({ active, issued }) => active === SESSIONS_MAX && issued >= size, // The board may be a second old.
    );
  });

  it('leave an ended session’s vacancy to the first in line, never to a newcomer', async () => {
    const line = crowd.filter((visitor) => !isAdmitted(visitor)).sort((a, b) => positionOf(a) - positionOf(b));
    const leaving = crowd.filter(isAdmitted);
    const [first, ...behind] = line;
    if (first === undefined) throw new TypeError('No visitor waits.');

    await leaving[0]?.act('leave');
    const late = newcomers(20);
    const responses = await visitAtOnce([...late, ...behind], host);
    expect(responses.filter((response) => response.includes(MARKER))).toEqual([]);
    await enter(first, '/book');
    // The vacancy is taken, so all other visitors wait.
    await visitAtOnce([...late, ...behind], host);
    expect([...late, ...behind].filter(isAdmitted)).toEqual([]);
    expect(late.map(positionOf).every((position) => position > size)).toBe(true);
    expect(sessionsAtOrigin().size).toBe(1);

    // Two more vacancies admit the next two visitors in line; those behind them still wait.
    await leaving[1]?.act('leave');
    await leaving[2]?.act('leave');
    await until(
      async () => {
        await visitAtOnce(
          [...late, ...behind].filter((visitor) => !isAdmitted(visitor)),
          host,
        );
        return behind.filter(isAdmitted).length;
      },
      (admitted) => admitted >= 2,
    );
    await visitAtOnce(behind.slice(0, 2), host);
    expect([...late, ...behind].filter(isAdmitted)).toEqual(behind.slice(0, 2));
    expect(sessionsAtOrigin().size).toBe(3);
  });
});
