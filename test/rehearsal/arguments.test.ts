// A rehearsal loads only a target that the command line names on purpose, and the same command simulates the same visitors.

import { describe, expect, test } from 'vitest';
import { readArguments } from '../../scripts/rehearsal/arguments.ts';
import { planVisitors } from '../../scripts/rehearsal/plan.ts';
import { checkTarget } from '../../scripts/rehearsal/rehearsal-target.ts';

const read = (...argv: string[]) => readArguments(argv, () => 7);

function problems(...argv: string[]): string {
  const result = read(...argv);
  return result.kind === 'misuse' ? result.problems.join('\n') : `accepted: ${result.kind}`;
}

describe('the target of a rehearsal', () => {
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
  ])('%s is refused with the option that would allow it', (url) => {
    expect(problems('--url', url)).toMatch(/is not this machine.*--host-i-may-load \S+$/);
  });

  test('--origin-url follows the same rule', () => {
    expect(problems('--origin-url', 'https://origin.booking.example')).toContain('is not this machine');
  });

  test('--host-i-may-load must be exactly the host’s name, in any case', () => {
    const url = 'https://booking.example';
    for (const name of ['example', 'www.booking.example', '*', 'booking.example.']) {
      expect(problems('--url', url, '--host-i-may-load', name)).toContain('is not this machine');
    }
    expect(read('--url', url, '--host-i-may-load', 'Booking.example').kind).toBe('run');
  });

  test.each(['ftp://localhost', 'localhost:8787', 'http://localhost/path', 'http://user:key@localhost'])(
    '%s is refused as an address',
    (url) => expect(problems('--url', url)).toMatch(/--url/),
  );

  test.each([
    'http://localhost:8787',
    'http://127.0.0.1:8787',
    'http://127.9.8.7',
    'http://[::1]:8787',
    'http://127.1',
  ])('%s is this machine and needs no DNS', (url) => {
    const checked = checkTarget('--url', url, []);
    if (checked.kind === 'refused') throw new Error(checked.sentence);
    expect(checked.target.lookup).not.toBeNull();
    const errors: unknown[] = [];
    checked.target.lookup?.('booking.example', { all: true }, (error) => errors.push(error));
    expect(errors[0]).toBeInstanceOf(Error);
  });
});

describe('options', () => {
  test('all mistakes are reported together, each with an example of a right value', () => {
    const text = problems('--visitors', '0', '--no-show', '30', '--over', 'soon', '--path', '//x', '--report', 'x.txt');
    expect(text.split('\n')).toHaveLength(5);
    const examples = ['from 1 to', 'for example 0.3 for 30 %', 'such as 90s, 5m or 1h', 'for example /book'];
    for (const part of [...examples, 'must end in .html']) {
      expect(text).toContain(part);
    }
  });

  test('an unknown option is refused by name', () => {
    expect(problems('--visitor', '5')).toMatch(/'--visitor'.*--help/);
  });

  test('--help lists every option', () => {
    const result = read('--help');
    expect(result.kind === 'help' && result.text).toMatch(/--url[\s\S]*--seed[\s\S]*--report/);
  });
});

describe('the plan', () => {
  const mix = (seed: number) => {
    const result = read('--visitors', '400', '--no-show', '0.3', '--seed', String(seed));
    if (result.kind !== 'run') throw new Error('Not accepted.');
    return result.run.mix;
  };

  test('the same seed plans the same visitors, another seed others', () => {
    const arrivals = (seed: number) => planVisitors(mix(seed), ['unsigned']).map(({ arrivesMs }) => arrivesMs);
    expect(arrivals(1)).toEqual(arrivals(1));
    expect(arrivals(1)).not.toEqual(arrivals(2));
  });

  test('shares become exact numbers of visitors', () => {
    const plans = planVisitors(mix(3), ['unsigned', 'deepLinkBefore']);
    expect(plans.filter(({ intent }) => intent === 'noShow')).toHaveLength(120);
    expect(plans.filter(({ arrivesMs }) => arrivesMs < 0)).toHaveLength(160);
    expect(plans.filter(({ tabs }) => tabs === 2)).toHaveLength(12);
    expect(plans.flatMap(({ attempts }) => attempts)).toHaveLength(20);
    expect(plans.every(({ arrivesMs }) => Math.abs(arrivesMs) <= 30_000)).toBe(true);
  });
});

describe('an operator key', () => {
  const withKey = (key: string, ...argv: string[]) => readArguments(argv, () => 7, key);

  test('comes from the environment or a file, and goes to the gateway or the console’s own host', () => {
    const given = (...argv: string[]) => {
      const read = withKey('a-key-of-an-operator', ...argv);
      return read.kind === 'run' ? read.run.operator : read;
    };
    expect(given()).toEqual({ url: 'http://localhost:8787', key: 'a-key-of-an-operator' });
    expect(given('--operator-url', 'https://console.example')).toMatchObject({ url: 'https://console.example' });
    const none = read();
    expect(none.kind === 'run' && none.run.operator).toBeNull();
  });

  test('is never sent unencrypted beyond this machine', () => {
    const read = withKey('a-key-of-an-operator', '--operator-url', 'http://console.example');
    expect(read).toMatchObject({ kind: 'misuse', problems: [expect.stringContaining('must be https')] });
  });

  test('in a file that cannot be read is misuse', () => {
    expect(problems('--operator-key-file', '/no/such/file')).toContain(
      '--operator-key-file /no/such/file cannot be read',
    );
  });
});

test('a zone must be the name of one', () => {
  expect(problems('--time-zone', 'Seoul')).toContain('--time-zone Seoul must be the name of a zone');
  const given = read('--time-zone', 'Asia/Seoul');
  expect(given.kind === 'run' && given.run.timeZone).toBe('Asia/Seoul');
});
