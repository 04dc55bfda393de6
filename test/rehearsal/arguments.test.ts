// A crowd goes only where it was sent on purpose, and the same command sends the same crowd.

import { describe, expect, test } from 'vitest';
import { readArguments } from '../../scripts/rehearsal/arguments.ts';
import { planVisitors } from '../../scripts/rehearsal/plan.ts';
import { checkTarget } from '../../scripts/rehearsal/rehearsal-target.ts';

const read = (...argv: string[]) => readArguments(argv, () => 7);

function problems(...argv: string[]): string {
  const result = read(...argv);
  return result.kind === 'misuse' ? result.problems.join('\n') : `accepted: ${result.kind}`;
}

describe('whom a rehearsal may load', () => {
  test.each([
    'http://booking.example',
    'https://booking.example:8443',
    'http://localhost.booking.example',
    'http://127.0.0.1.booking.example',
    'http://128.0.0.1',
    'http://0.0.0.0',
    'http://[::2]',
    'http://[::ffff:10.0.0.1]',
    'http://10.0.0.1',
  ])('%s is refused, and the sentence says what to add if it is one’s own', (url) => {
    expect(problems('--url', url)).toMatch(/is not this machine.*--host-i-may-load \S+$/);
  });

  test('the origin’s own address is held to the same rule', () => {
    expect(problems('--origin-url', 'https://origin.booking.example')).toContain('is not this machine');
  });

  test('the name has to be the host’s own, word for word', () => {
    const url = 'https://booking.example';
    for (const name of ['example', 'www.booking.example', '*', 'booking.example.']) {
      expect(problems('--url', url, '--host-i-may-load', name)).toContain('is not this machine');
    }
    expect(read('--url', url, '--host-i-may-load', 'Booking.example').kind).toBe('asked');
  });

  test.each(['ftp://localhost', 'localhost:8787', 'http://localhost/path', 'http://user:key@localhost'])(
    '%s is no address to play at',
    (url) => expect(problems('--url', url)).toMatch(/--url/),
  );

  test.each([
    'http://localhost:8787',
    'http://127.0.0.1:8787',
    'http://127.9.8.7',
    'http://[::1]:8787',
    'http://127.1',
  ])('%s is this machine, and no name server is asked', (url) => {
    const checked = checkTarget('--url', url, []);
    if (checked.kind === 'refused') throw new Error(checked.sentence);
    expect(checked.target.lookup).not.toBeNull();
    const answers: unknown[] = [];
    checked.target.lookup?.('booking.example', { all: true }, (error) => answers.push(error));
    expect(answers[0]).toBeInstanceOf(Error);
  });
});

describe('what it is told', () => {
  test('every mistake is named at once, with what to put', () => {
    const said = problems('--visitors', '0', '--no-show', '30', '--over', 'soon', '--path', '//x', '--report', 'x.txt');
    expect(said.split('\n')).toHaveLength(5);
    for (const part of ['from 1 to', 'as 0.3 for 30 %', 'as 90s, 5m or 1h', 'as /book', 'must end in .html']) {
      expect(said).toContain(part);
    }
  });

  test('an option that does not exist is refused by name', () => {
    expect(problems('--visitor', '5')).toMatch(/'--visitor'.*--help/);
  });

  test('help names every option', () => {
    const result = read('--help');
    expect(result.kind === 'help' && result.text).toMatch(/--url[\s\S]*--seed[\s\S]*--report/);
  });
});

describe('who comes', () => {
  const mix = (seed: number) => {
    const result = read('--visitors', '400', '--no-show', '0.3', '--seed', String(seed));
    if (result.kind !== 'asked') throw new Error('Not accepted.');
    return result.asked.mix;
  };

  test('the same seed brings the same people, another seed others', () => {
    const arrivals = (seed: number) => planVisitors(mix(seed), ['unsigned']).map(({ arrivesMs }) => arrivesMs);
    expect(arrivals(1)).toEqual(arrivals(1));
    expect(arrivals(1)).not.toEqual(arrivals(2));
  });

  test('shares are exact numbers', () => {
    const plans = planVisitors(mix(3), ['unsigned', 'deepLinkBefore']);
    expect(plans.filter(({ intent }) => intent === 'noShow')).toHaveLength(120);
    expect(plans.filter(({ arrivesMs }) => arrivesMs < 0)).toHaveLength(160);
    expect(plans.filter(({ tabs }) => tabs === 2)).toHaveLength(12);
    expect(plans.flatMap(({ attempts }) => attempts)).toHaveLength(20);
    expect(plans.every(({ arrivesMs }) => Math.abs(arrivesMs) <= 30_000)).toBe(true);
  });
});
