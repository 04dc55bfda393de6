// What `npm start` logs: every message has its time, level and room; what repeats is counted, and nothing is lost on the way.

import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { COUNTED_MS, ProgramLog } from '../../scripts/lib/program-log.ts';
import { type LogLevel, runtimeEntry } from '../../scripts/lib/runtime-log.ts';

const T0 = Date.parse('2026-11-27T11:00:00Z');

function logged(format: 'text' | 'json' = 'json') {
  const clock = { now: T0 };
  const lines: string[] = [];
  const log = new ProgramLog({ format, write: (line) => lines.push(line), now: () => clock.now });
  return { log, clock, lines, entries: () => lines.map((line) => JSON.parse(line)) };
}

it('writes a line of JSON with time, level, process and room, however many lines the message has', () => {
  const { log, lines, entries } = logged();
  log.add('gateway 8787', 'Origin http://site of room "demo" did not respond: Error\n    at fetch', 'error');
  log.add('fairgate', 'The gateway runs again.', 'warn');
  expect(lines.every((line) => !line.includes('\n'))).toBe(true);
  expect(entries()).toEqual([
    {
      time: '2026-11-27T11:00:00.000Z',
      level: 'error',
      process: 'gateway 8787',
      room: 'demo',
      message: 'Origin http://site of room "demo" did not respond: Error\n    at fetch',
    },
    { time: '2026-11-27T11:00:00.000Z', level: 'warn', process: 'fairgate', message: 'The gateway runs again.' },
  ]);
  log.close();
});

it('an outage of 1,567 faults is two lines, which tell how many there were', () => {
  const { log, clock, lines } = logged('text');
  for (let fault = 0; fault < 1_567; fault++) {
    clock.now = T0 + fault * 30;
    log.add('gateway 8787', `GET /book/${fault} failed unexpectedly: Error\n    at line ${fault}`, 'error');
  }
  log.close();
  expect(lines).toEqual([
    '2026-11-27T11:00:00.000Z error gateway 8787: GET /book/0 failed unexpectedly: Error\n    at line 0',
    '2026-11-27T11:00:46.980Z error gateway 8787: GET /book/0 failed unexpectedly: Error (1566 times more since)',
  ]);
});

it('a fault that goes on is told again at least every minute and ten seconds, also where nothing else happens', () => {
  vi.useFakeTimers();
  try {
    const { log, clock, lines } = logged();
    log.add('a', 'fault', 'error');
    log.add('a', 'fault', 'error');
    for (let passed = 0; passed < COUNTED_MS + 10_000; passed += 10_000) {
      clock.now += 10_000;
      vi.advanceTimersByTime(10_000);
    }
    expect(lines.map((line) => JSON.parse(line).repeated)).toEqual([undefined, 1]);
    log.close();
  } finally {
    vi.useRealTimers();
  }
});

it('whatever is logged whenever, the lines account for every message', () => {
  const message = fc.record({
    process: fc.constantFrom('gateway 8787', 'room process'),
    text: fc.constantFrom('one', 'two 2', 'two 3', 'three\nstack'),
    level: fc.constantFrom<LogLevel>('error', 'warn', 'info'),
    after: fc.nat({ max: COUNTED_MS }),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 60 }), (messages) => {
      const { log, clock, entries } = logged();
      for (const { process, text, level, after } of messages) {
        clock.now += after;
        log.add(process, text, level);
      }
      log.close();
      const told = entries().reduce((sum, { repeated = 1 }) => sum + repeated, 0);
      expect(told).toBe(messages.length);
    }),
  );
});

it('reads what the runtime writes, and takes what is no JSON as it is', () => {
  expect(runtimeEntry('{"timestamp":1,"level":"warn","message":"a\\nb"}')).toEqual({ level: 'warn', message: 'a\nb' });
  expect(runtimeEntry('{"timestamp":1,"level":"log","message":"x"}')).toEqual({ level: 'info', message: 'x' });
  for (const text of ['workerd: no such file', '{"level":1}', '[]', '']) {
    expect(runtimeEntry(text)).toEqual({ level: 'error', message: text });
  }
});
