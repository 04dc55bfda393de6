// The auditor fails each check on a log that was made up to break it, passes the same log without the fault, and shares no code with
// what it judges.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { unshuffleList } from '@chainsafe/swap-or-not-shuffle';
import { describe, expect, test } from 'vitest';
import { NightAuditor, type NightCheck } from '../../scripts/simulation/night-auditor.ts';
import { NO_GATEWAY, NOBODY, ObservedEvents, REFUSED, type Refused } from '../../scripts/simulation/observed-events.ts';

const OPENS_AT = 10_000;
const SECRET = '5e'.repeat(32);
const ENTRIES = 4;

const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest('hex');
const hex = (text: string) => Buffer.from(text, 'hex');
const count = Buffer.alloc(8);
count.writeBigUInt64BE(BigInt(ENTRIES));
const DRAW = {
  secret: SECRET,
  commitment: sha256(hex(SECRET)),
  beacon: null,
  seed: sha256(Buffer.from('fairgate/draw/v1'), hex(SECRET), Buffer.alloc(32), count),
};
const DRAWN = [...unshuffleList(Uint32Array.of(0, 1, 2, 3), Uint8Array.from(hex(DRAW.seed)), 90)].map(
  (index) => index + 1,
);

/** Writes a night: three of four entries are given before the opening by gateway 0, positions after it by gateways 1 and 2. */
class MadeUpNight {
  readonly auditor = new NightAuditor(100);
  readonly #events = new ObservedEvents([this.auditor.read]);
  readonly add = this.#events.add.bind(this.#events);
  fates = { leased: 0, given: 0, returned: 0, unused: 0 };
  issued = { entries: ENTRIES, positions: ENTRIES, joins: 0, unserved: 0 };
  #ranks = 0;

  constructor({ rate = 600, capacity = 50 } = {}) {
    this.add('configured', 0, NOBODY, NO_GATEWAY, OPENS_AT, rate, capacity);
    this.lease(100, 0, 1, 4, 0);
    this.give(200, 0, 0, 1, 0);
    this.give(300, 1, 0, 2, 0);
    this.give(400, 2, 0, 3, 0);
    this.add('returned', 2_000, NOBODY, 0, 4, 4);
    this.fates.returned++;
    this.add('drawn', OPENS_AT + 1, NOBODY, NO_GATEWAY, ENTRIES);
  }

  lease(at: number, gateway: number, first: number, size: number, kind: 0 | 1): void {
    this.add('leased', at, NOBODY, gateway, first, size, kind);
    this.fates.leased += size;
    if (kind === 1) this.issued.positions = Math.max(this.issued.positions, first + size - 1);
  }

  give(
    at: number,
    visitor: number,
    gateway: number,
    number: number,
    kind: 0 | 1,
    arrivedAt = at,
    rank = this.#ranks++,
  ): void {
    this.add('given', at, visitor, gateway, number, kind, arrivedAt, rank);
    this.add('answered', at, visitor, gateway, number, kind);
    this.fates.given++;
  }

  call(at: number, called: number): void {
    this.add('called', at, NOBODY, NO_GATEWAY, called);
  }

  admit(at: number, visitor: number, position: number, { slot = at, until = at + 60_000, since = at } = {}): void {
    this.add('admitted', at, visitor, 1, position, slot, until, since);
  }

  refuse(at: number, visitor: number, position: number, reason: Refused): void {
    this.add('refused', at, visitor, 1, position, REFUSED.indexOf(reason));
  }

  tell(at: number, visitor: number, position: number, ahead: number, low = Number.NaN, high = Number.NaN): void {
    this.add('told', at, visitor, 1, position, ahead, low, high);
  }

  failed(draw = DRAW, quiet = true): NightCheck[] {
    const { leased, given, returned, unused } = this.fates;
    this.add('fates', 90_000, NOBODY, NO_GATEWAY, leased, given, returned, unused);
    const { entries, positions, joins, unserved } = this.issued;
    this.add('issued', 90_000, NOBODY, NO_GATEWAY, entries, positions, joins, unserved);
    this.#events.flush();
    const { findings } = this.auditor.audit(draw, { quiet });
    return findings.filter(({ verdict }) => verdict === 'failed').map(({ check }) => check);
  }
}

/** The drawn position of an entry. */
const drawn = (entry: number) => DRAWN[entry - 1] as number;

describe('a log that keeps every promise passes', () => {
  test('with entries, positions, admissions and told waits', () => {
    const night = new MadeUpNight();
    night.lease(10_100, 1, 5, 3, 1);
    night.lease(10_110, 2, 8, 3, 1);
    night.give(10_120, 10, 1, 5, 1);
    night.give(10_130, 11, 2, 8, 1);
    // Earlier, and behind: within the bound between gateways.
    night.give(10_200, 12, 1, 6, 1);
    night.call(10_500, 6);
    night.tell(10_600, 11, 8, 1, 0, 2);
    for (const [index, entry] of [1, 2, 3].entries()) night.admit(10_600 + 100 * index, entry - 1, drawn(entry));
    night.admit(11_000, 10, 5);
    night.admit(11_000, 10, 5);
    night.add('entered', 11_001, 10, 1);
    night.add('left', 20_000, 10, 1);
    night.call(11_500, 8);
    night.admit(11_600, 11, 8);
    night.refuse(12_000, 12, 6, 'ended');
    expect(night.failed()).toEqual([]);
  });
});

describe('a log that breaks a promise fails', () => {
  const cases: { check: NightCheck; name: string; breaks: (night: MadeUpNight) => void }[] = [
    { check: 'opening', name: 'an entry given after the opening', breaks: (night) => night.give(10_061, 3, 0, 5, 0) },
    {
      check: 'opening',
      name: 'a slot before the opening',
      breaks: (night) => {
        night.call(10_100, 4);
        night.admit(10_200, 0, drawn(1), { slot: 9_999 });
      },
    },
    {
      check: 'opening',
      name: 'a draw before the opening',
      breaks: (night) => night.add('drawn', 9_000, NOBODY, NO_GATEWAY, ENTRIES),
    },
    { check: 'unique', name: 'one entry given to two', breaks: (night) => night.give(500, 3, 0, 3, 0) },
    {
      check: 'unique',
      name: 'a position that an entry of the draw has',
      breaks: (night) => night.give(10_100, 3, 1, 4, 1),
    },
    {
      check: 'leases',
      name: 'a number in two leases at once',
      breaks: (night) => {
        night.lease(10_100, 1, 5, 3, 1);
        night.lease(10_110, 2, 7, 3, 1);
      },
    },
    { check: 'leases', name: 'a number leased after it was given', breaks: (night) => night.lease(3_000, 1, 1, 1, 0) },
    {
      check: 'leases',
      name: 'an entry returned after it was given',
      breaks: (night) => night.add('returned', 3_000, NOBODY, 0, 3, 3),
    },
    {
      check: 'leases',
      name: 'a given number that no lease had',
      breaks: (night) => {
        night.give(10_100, 3, 1, 7, 1);
        night.fates.given--;
      },
    },
    {
      check: 'leases',
      name: 'gateways that count fewer numbers as given than were seen',
      breaks: (night) => {
        night.fates.given--;
      },
    },
    {
      check: 'leases',
      name: 'more fates than leased numbers',
      breaks: (night) => {
        night.fates.unused = 9;
      },
    },
    {
      check: 'leases',
      name: 'a number above all that the room has given',
      breaks: (night) => {
        night.lease(10_100, 1, 5, 3, 1);
        night.give(10_110, 3, 1, 7, 1);
        night.issued.positions = 6;
      },
    },
    {
      check: 'withinGateway',
      name: 'a later visitor of the same gateway ahead',
      breaks: (night) => {
        night.lease(10_100, 1, 5, 3, 1);
        night.give(10_110, 10, 1, 6, 1, 10_110, 50);
        night.give(10_120, 11, 1, 5, 1, 10_120, 51);
      },
    },
    {
      check: 'withinGateway',
      name: 'a later visitor ahead, longer than the earlier one waited',
      breaks: (night) => {
        night.lease(10_100, 1, 5, 3, 1);
        night.give(10_140, 10, 1, 6, 1, 10_110, 51);
        night.give(10_145, 11, 1, 5, 1, 10_145, 50);
      },
    },
    {
      check: 'betweenGateways',
      name: 'a visitor of another gateway, 252 ms later and ahead',
      breaks: (night) => {
        night.lease(10_100, 1, 5, 3, 1);
        night.lease(10_110, 2, 8, 3, 1);
        night.give(10_120, 10, 2, 8, 1);
        night.give(10_372, 11, 1, 5, 1);
      },
    },
    {
      check: 'rate',
      name: 'eleven admissions in a second at 600 a minute',
      breaks: (night) => {
        night.lease(10_100, 1, 5, 20, 1);
        night.call(10_200, 24);
        for (let index = 0; index < 11; index++) night.admit(10_300 + 90 * index, 20 + index, 5 + index);
      },
    },
    {
      check: 'rate',
      name: 'a visitor who enters before the slot',
      breaks: (night) => {
        night.call(10_100, 4);
        night.admit(10_200, 0, drawn(1), { slot: 12_000 });
        night.add('entered', 11_999, 0, 1);
      },
    },
    {
      check: 'rate',
      name: 'admissions at a rate that was lowered before they were granted',
      breaks: (night) => {
        night.add('limits', 10_100, NOBODY, NO_GATEWAY, 60, 50);
        night.call(10_200, 4);
        night.admit(10_300, 0, drawn(1));
        night.admit(10_900, 1, drawn(2));
      },
    },
    {
      check: 'atOnce',
      name: 'one more inside than allowed',
      breaks: (night) => {
        night.add('limits', 10_050, NOBODY, NO_GATEWAY, 600, 2);
        night.call(10_200, 4);
        for (const [index, entry] of [1, 2, 3].entries()) night.admit(10_300 + 200 * index, entry - 1, drawn(entry));
      },
    },
    {
      check: 'atOnce',
      name: 'a visitor who enters after the session was over',
      breaks: (night) => {
        night.call(10_100, 4);
        night.admit(10_200, 0, drawn(1), { until: 11_000 });
        night.add('entered', 11_000, 0, 1);
      },
    },
    {
      check: 'called',
      name: 'an admission above what was called',
      breaks: (night) => {
        night.call(10_100, drawn(1) - 1);
        night.admit(10_200, 0, drawn(1));
      },
    },
    {
      check: 'called',
      name: 'a call that is taken back',
      breaks: (night) => {
        night.call(10_100, 4);
        night.call(10_200, 3);
      },
    },
    {
      check: 'called',
      name: 'a position that a gateway shows as called and the room does not',
      breaks: (night) => night.refuse(10_200, 0, 1, 'notCalled'),
    },
    {
      check: 'called',
      name: 'a visitor at the origin without a session',
      breaks: (night) => night.add('entered', 11_000, 0, 1),
    },
    {
      check: 'once',
      name: 'two sessions of one position',
      breaks: (night) => {
        night.call(10_100, 4);
        night.admit(10_200, 0, drawn(1));
        night.admit(10_300, 0, drawn(1), { until: 99_000 });
      },
    },
    {
      check: 'once',
      name: 'a position claimed by another visitor',
      breaks: (night) => {
        night.lease(10_100, 1, 5, 3, 1);
        night.give(10_110, 10, 1, 5, 1);
        night.call(10_200, 5);
        night.admit(10_300, 11, 5);
      },
    },
    {
      check: 'once',
      name: 'a visitor who holds one position and enters with another',
      breaks: (night) => {
        night.lease(10_100, 1, 5, 3, 1);
        night.give(10_110, 10, 1, 5, 1);
        night.call(10_200, 6);
        night.admit(10_300, 10, 6);
      },
    },
    ...(['lapsed', 'unknownPosition', 'foreignPosition', 'wrongEpoch', 'missedTheDraw', 'other'] as const).map(
      (reason) => ({
        check: 'kept' as const,
        name: `a place that is refused: ${reason}`,
        breaks: (night: MadeUpNight) => night.refuse(11_000, 0, 1, reason),
      }),
    ),
    {
      check: 'kept',
      name: 'a visitor who came and is not served',
      breaks: (night) => {
        night.issued.unserved = 1;
      },
    },
    {
      check: 'draw',
      name: 'an entry with another position than the draw gives',
      breaks: (night) => {
        night.call(10_100, 4);
        night.admit(10_200, 0, drawn(2));
      },
    },
    { check: 'draw', name: 'another position told', breaks: (night) => night.tell(10_200, 0, drawn(2), 1) },
    {
      check: 'falling',
      name: 'more people ahead than before',
      breaks: (night) => {
        night.tell(10_200, 0, drawn(1), 3);
        night.tell(10_300, 0, drawn(1), 4);
      },
    },
    {
      check: 'falling',
      name: 'a higher position than before',
      breaks: (night) => {
        night.lease(10_100, 1, 5, 3, 1);
        night.give(10_110, 10, 1, 5, 1);
        night.tell(10_200, 10, 5, 3);
        night.tell(10_300, 10, 6, 3);
      },
    },
    {
      check: 'waits',
      name: 'a wait of 9 s that was told as 20 to 40',
      breaks: (night) => {
        for (let told = 0; told < 50; told++) night.tell(10_200, 0, drawn(1), 3, 20, 40);
        night.call(18_000, 4);
        night.admit(19_200, 0, drawn(1));
      },
    },
    {
      check: 'width',
      name: 'a range of 10 to 27 s with 101 people ahead',
      breaks: (night) => {
        for (let told = 0; told < 50; told++) night.tell(10_200, 0, drawn(1), 101, 10, 27);
      },
    },
  ];
  test.each(cases)('$check: $name', ({ check, breaks }) => {
    expect(new MadeUpNight().failed()).toEqual([]);
    const night = new MadeUpNight();
    breaks(night);
    expect(night.failed()).toContain(check);
  });

  test('draw: a secret or a seed that was not committed to', () => {
    expect(new MadeUpNight().failed({ ...DRAW, commitment: '00'.repeat(32) })).toEqual(['draw']);
    expect(new MadeUpNight().failed({ ...DRAW, seed: '00'.repeat(32) })).toEqual(['draw']);
  });

  test('waits are not judged where something was made to fail', () => {
    const night = new MadeUpNight();
    for (let told = 0; told < 50; told++) night.tell(10_200, 0, drawn(1), 101, 10, 99);
    expect(night.failed(DRAW, false)).toEqual([]);
  });
});

test('the auditor imports the log and nothing else of the project', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../../scripts/simulation/night-auditor.ts'), 'utf8');
  const imports = [...text.matchAll(/from '([^']+)'/g)].map(([, from]) => from);
  expect(imports.sort()).toEqual(['./observed-events.ts', '@chainsafe/swap-or-not-shuffle', 'node:crypto']);
});
