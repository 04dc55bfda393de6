// Newcomers at the same instant in front of a room with ten places, over HTTP against the running gateway: ten are
// inside, whatever the size of the crowd, and a place that becomes free goes to the first in line.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Running, startFairgate } from '../running-gateway.ts';
import { payloadOf } from './forged-tokens.ts';
import { MARKER, type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import { AS_PAGE, enter, GateVisitor, rawAsk, until } from './visitor-client.ts';

const PLACES = 10;
const CROWDS = [16, 64, 256];

/** 256 answers on a busy machine take their time; the kept silence of one of them is no answer. */
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
    // The rate must not be what keeps people out here.
    policy: { newUsersPerMinute: 60_000, totalActiveUsers: PLACES, sessionMinutes: 5 },
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

/** Opens the page for each of these visitors on a connection of its own, all in the same turn of the event loop. */
async function visitAtOnce(visitors: readonly GateVisitor[], host: string): Promise<string[]> {
  const answers = await Promise.all(
    visitors.map(({ jar }) => {
      const cookie = jar.header === '' ? '' : `Cookie: ${jar.header}\r\n`;
      return rawAsk(
        port,
        `GET /book HTTP/1.1\r\nHost: ${host}\r\nAccept: ${AS_PAGE.Accept}\r\n${cookie}\r\n`,
        SILENCE_MS_MAX,
      );
    }),
  );
  for (const [index, { head }] of answers.entries()) {
    const headers = new Headers();
    for (const [, value = ''] of head.matchAll(/^set-cookie: *(.*?)\r?$/gim)) headers.append('Set-Cookie', value);
    visitors[index]?.jar.keep({ headers });
  }
  return answers.map(({ status, body }) => `${status} ${body}`);
}

const isInside = ({ admissionToken }: GateVisitor) => admissionToken !== undefined;
const positionOf = ({ queueToken }: GateVisitor) => Number(payloadOf(queueToken ?? '')['position']);

/** Sessions with which the origin was asked. */
const sessionsSeen = () =>
  new Set(origin.requests.map(({ headers }) => payloadOf(headers['fairgate-admission'] ?? '')['sid']));

describe.each(CROWDS)('%i newcomers at the same instant, ten places', (size) => {
  const host = `crowd-${size}.test`;
  const newcomers = (count: number) => Array.from({ length: count }, () => new GateVisitor(port, `crowd-${size}`));
  let crowd: GateVisitor[];

  it('let exactly ten inside; everybody else has a place of their own', async () => {
    crowd = newcomers(size);
    const answers = await visitAtOnce(crowd, host);
    expect(answers.filter((answer) => !answer.startsWith('200 '))).toEqual([]);

    // Whoever was called a moment after joining enters with the next visit; nobody beyond the tenth ever does.
    await until(
      async () => {
        await visitAtOnce(
          crowd.filter((visitor) => !isInside(visitor)),
          host,
        );
        return crowd.filter(isInside).length;
      },
      (inside) => inside >= PLACES,
    );
    await visitAtOnce(
      crowd.filter((visitor) => !isInside(visitor)),
      host,
    );
    expect(crowd.filter(isInside)).toHaveLength(PLACES);
    expect(sessionsSeen().size).toBe(PLACES);
    expect(new Set(crowd.map(positionOf))).toEqual(new Set(Array.from({ length: size }, (_, index) => index + 1)));
    expect(crowd.filter(isInside).every((visitor) => positionOf(visitor) <= PLACES)).toBe(true);
    await until(
      () => new GateVisitor(port, `crowd-${size}`).board(),
      ({ active, issued }) => active === PLACES && issued === size, // It may be a second old.
    );
  });

  it('give a freed place to the first in line, never to a newcomer', async () => {
    const line = crowd.filter((visitor) => !isInside(visitor)).sort((a, b) => positionOf(a) - positionOf(b));
    const leaving = crowd.filter(isInside);
    const [first, ...behind] = line;
    if (first === undefined) throw new TypeError('Nobody waits.');

    await leaving[0]?.wish('leave');
    const late = newcomers(20);
    const answers = await visitAtOnce([...late, ...behind], host);
    expect(answers.filter((answer) => answer.includes(MARKER))).toEqual([]);
    await enter(first, '/book');
    // The place is taken again, so whoever asks from now on waits.
    await visitAtOnce([...late, ...behind], host);
    expect([...late, ...behind].filter(isInside)).toEqual([]);
    expect(late.map(positionOf).every((position) => position > size)).toBe(true);
    expect(sessionsSeen().size).toBe(1);

    // Two more places at once: the next two, and those behind them go on waiting.
    await leaving[1]?.wish('leave');
    await leaving[2]?.wish('leave');
    await until(
      async () => {
        await visitAtOnce(
          [...late, ...behind].filter((visitor) => !isInside(visitor)),
          host,
        );
        return behind.filter(isInside).length;
      },
      (inside) => inside >= 2,
    );
    expect([...late, ...behind].filter(isInside)).toEqual(behind.slice(0, 2));
    expect(sessionsSeen().size).toBe(3);
  });
});
