// The auditor on hand-written event logs: a clean log passes every check, and one change at a time fails the check that it
// violates. Where the log is not enough, the check is inconclusive.

import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { unshuffleList } from '@chainsafe/swap-or-not-shuffle';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { audit, type CheckName, type Evidence, type Finding } from '../../scripts/rehearsal/auditor.ts';
import { auditTextsEn } from '../../scripts/rehearsal/auditor-texts-en.ts';
import type {
  ObservedBoard,
  ObservedPlace,
  ObservedSession,
  VisitorRecord,
} from '../../scripts/rehearsal/event-log.ts';

const OPENS_AT = Date.parse('2027-03-02T11:00:00.000Z');
const VISITORS = 40;
const NEW_USERS_PER_MINUTE = 60;
const LIMITS = { newUsersPerMinute: null, totalActiveUsers: 10 };
const SECRET = '11'.repeat(32);
const BEACON = '00'.repeat(32);
const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest('hex');
const COMMITMENT = sha256(Buffer.from(SECRET, 'hex'));
const count = Buffer.alloc(8);
count.writeBigUInt64BE(BigInt(VISITORS));
const SEED = sha256(Buffer.from('fairgate/draw/v1'), Buffer.from(SECRET, 'hex'), Buffer.from(BEACON, 'hex'), count);
const DRAWN = unshuffleList(
  Uint32Array.from({ length: VISITORS }, (_, index) => index),
  Buffer.from(SEED, 'hex'),
  90,
);

function board(secondsAfter: number, changes: Partial<ObservedBoard> = {}): ObservedBoard {
  const isOpen = secondsAfter >= 0;
  return {
    asOf: OPENS_AT + secondsAfter * 1000,
    epoch: 1,
    state: isOpen ? 'open' : 'prequeue',
    opensAt: OPENS_AT,
    entries: secondsAfter < -20 ? 0 : VISITORS,
    issued: isOpen ? VISITORS : 0,
    called: Math.max(0, Math.min(VISITORS, secondsAfter + 3)),
    newUsersPerMinute: NEW_USERS_PER_MINUTE,
    active: 0,
    commitment: COMMITMENT,
    proof: isOpen ? { secret: SECRET, beacon: BEACON, entries: VISITORS, seed: SEED } : null,
    ...changes,
  };
}

const place = (entry: number | null, position: number | null, changes: Partial<ObservedPlace> = {}): ObservedPlace => ({
  at: OPENS_AT - 10_000,
  epoch: 1,
  visitorId: `visitor-${entry}`,
  commitment: COMMITMENT,
  entry,
  position,
  ...changes,
});

/** Every visitor arrives before the opening, is admitted one second after the previous one and stays for five. */
function visitor(entry: number): VisitorRecord {
  const position = (DRAWN[entry - 1] ?? 0) + 1;
  const admitAt = OPENS_AT + position * 1000;
  return {
    number: entry,
    arrivedAt: OPENS_AT - 10_000,
    intent: 'visit',
    lostJoins: 0,
    withheldPlaces: [],
    lostClaims: 0,
    slowestMs: 20,
    tabs: 1,
    places: [place(entry, null), place(null, position, { visitorId: null, commitment: null })],
    shown: [20, 10, 0].map((ahead, index) => ({ at: OPENS_AT + index * 1_000, tab: 1, epoch: 1, position, ahead })),
    estimate: null,
    sessions: [
      {
        receivedAt: admitAt - 500,
        visitorId: `visitor-${entry}`,
        epoch: 1,
        position,
        sid: `session-${entry}`,
        admitAt,
        expiresAt: admitAt + 300_000,
      },
    ],
    insideAt: admitAt + 100,
    leaveSentAt: admitAt + 5_000,
    endedAt: admitAt + 5_050,
    end: 'visited',
  };
}

interface WritableEvidence extends Evidence {
  boards: ObservedBoard[];
  visitors: VisitorRecord[];
  attempts: Evidence['attempts'][number][];
}

function cleanLog(): WritableEvidence {
  return {
    boards: Array.from({ length: VISITORS + 40 }, (_, index) => board(index - 25)),
    visitors: Array.from({ length: VISITORS }, (_, index) => visitor(index + 1)),
    attempts: [
      { at: OPENS_AT - 5_000, visitor: 1, kind: 'deepLinkBefore', outcome: 'refused', response: '200 text/html' },
    ],
    clockAccuracyMs: 5,
    timeZone: 'Asia/Seoul',
    gateways: null,
  };
}

/** The visitor at a position, whose session a test may change. */
function at(log: WritableEvidence, position: number): VisitorRecord & { sessions: [ObservedSession] } {
  const found = log.visitors.find(({ sessions }) => sessions[0]?.position === position);
  if (found === undefined) throw new RangeError(`No visitor at position ${position}.`);
  return found as VisitorRecord & { sessions: [ObservedSession] };
}

function checksWith(
  verdict: Finding['verdict'],
  log: WritableEvidence,
  limits: Parameters<typeof audit>[1] = LIMITS,
): CheckName[] {
  return audit(log, limits, auditTextsEn)
    .filter((finding) => finding.verdict === verdict)
    .map(({ check }) => check);
}

/** Moves the slot of a visitor and every time that depends on it. */
function moveSlot(visitor: VisitorRecord & { sessions: [ObservedSession] }, toMs: number): void {
  const [session] = visitor.sessions;
  const by = toMs - session.admitAt;
  session.admitAt += by;
  session.receivedAt += by;
  if (visitor.insideAt !== null) visitor.insideAt += by;
  if (visitor.leaveSentAt !== null) visitor.leaveSentAt += by;
}

test('the auditor imports nothing but types', async () => {
  const { metafile } = await build({
    entryPoints: [resolve(import.meta.dirname, '../../scripts/rehearsal/auditor.ts')],
    absWorkingDir: resolve(import.meta.dirname, '../..'),
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    packages: 'external',
  });
  expect(Object.keys(metafile.inputs).sort()).toEqual(['scripts/rehearsal/auditor.ts']);
});

test('a log without violations passes every check', () => {
  expect(audit(cleanLog(), LIMITS, auditTextsEn).filter(({ verdict }) => verdict !== 'passed')).toEqual([]);
});

describe('a check fails on', () => {
  const violations: [what: string, check: CheckName, change: (log: WritableEvidence) => void][] = [
    ['a slot one millisecond before the opening', 'opening', (log) => moveSlot(at(log, 1), OPENS_AT - 1)],
    [
      'a visitor who is inside before the opening, whatever the token says',
      'opening',
      (log) => {
        at(log, 1).insideAt = OPENS_AT - 1_000;
      },
    ],
    [
      'a visitor who is inside without a session',
      'opening',
      (log) => {
        (at(log, 3) as VisitorRecord).sessions = [];
      },
    ],
    [
      'an eleventh slot within ten seconds, by one millisecond',
      'tenSeconds',
      (log) => moveSlot(at(log, 11), OPENS_AT + 10_999),
    ],
    [
      'a session for a position that the next board has not called',
      'called',
      (log) => {
        for (const each of log.boards) if (each.called === VISITORS) each.called = VISITORS - 1;
      },
    ],
    [
      'a visitor who is overtaken by more positions than ten seconds call',
      'order',
      (log) => {
        const slots = Array.from({ length: 12 }, (_, index) => OPENS_AT + (index + 2) * 1000);
        const late = at(log, 1);
        for (const [index, slot] of slots.entries()) moveSlot(at(log, index + 2), slot - 1_000);
        moveSlot(late, OPENS_AT + 13_000);
      },
    ],
    [
      'an entry that two visitors have',
      'unique',
      (log) => {
        const [first, second] = [at(log, 1), at(log, 2)];
        second.places.push(place(first.places[0]?.entry ?? 0, null, { epoch: 1, visitorId: null }));
      },
    ],
    [
      'a position that two visitors are admitted with',
      'unique',
      (log) => {
        const second = at(log, 2);
        second.places = [];
        second.sessions[0].position = 1;
      },
    ],
    [
      'a second session for one visitor',
      'unique',
      (log) => {
        const first = at(log, 1);
        (first as VisitorRecord).sessions = [
          first.sessions[0],
          { ...first.sessions[0], sid: 'another', admitAt: OPENS_AT + 100_000 },
        ];
      },
    ],
    [
      'a position that changes',
      'stable',
      (log) => at(log, 4).places.push(place(null, 900, { visitorId: null, commitment: null })),
    ],
    [
      'a visitor id that changes',
      'stable',
      (log) => at(log, 4).places.push(place(null, null, { visitorId: 'another' })),
    ],
    [
      'a called position that falls',
      'monotonic',
      (log) => {
        const last = log.boards.at(-1);
        if (last !== undefined) last.called -= 1;
      },
    ],
    [
      'a number of people ahead that rises on a page',
      'monotonic',
      (log) => at(log, 9).shown.push({ at: OPENS_AT + 4_000, tab: 1, epoch: 1, position: 9, ahead: 1 }),
    ],
    [
      'a token that names another commitment',
      'draw',
      (log) => {
        const [token] = at(log, 5).places;
        if (token !== undefined) token.commitment = '44'.repeat(32);
      },
    ],
    [
      'a visitor who polls as required and misses the claim window',
      'admitted',
      (log) => Object.assign(at(log, 6), { end: 'lapsed', sessions: [], insideAt: null }),
    ],
    [
      'a bypass attempt that reaches the origin',
      'bypass',
      (log) => {
        log.attempts.push({
          at: OPENS_AT,
          visitor: 2,
          kind: 'unsigned',
          outcome: 'bypassed',
          response: '200 text/html',
        });
      },
    ],
  ];

  test.each(violations)('%s (%s)', (_, check, change) => {
    const log = cleanLog();
    change(log);
    expect(checksWith('failed', log)).toContain(check);
    const example = audit(log, LIMITS, auditTextsEn).find((finding) => finding.check === check)?.example;
    expect(example).toMatch(/\w/);
  });

  test.each([
    ['secret', '22'.repeat(32), 'does not open the commitment'],
    ['seed', '33'.repeat(32), 'does not follow from secret'],
  ] as const)('a published %s that is wrong (draw)', (field, value, example) => {
    const log = cleanLog();
    for (const each of log.boards) if (each.proof !== null) each.proof = { ...each.proof, [field]: value };
    const found = audit(log, LIMITS, auditTextsEn).find(({ check }) => check === 'draw');
    expect(found).toMatchObject({ verdict: 'failed', example: expect.stringContaining(example) });
  });

  test('two visitors with each other’s position (draw)', () => {
    const log = cleanLog();
    const [first, second] = [at(log, 1), at(log, 2)];
    first.places.pop();
    second.places.pop();
    [first.sessions[0].position, second.sessions[0].position] = [2, 1];
    expect(checksWith('failed', log)).toEqual(['draw']);
  });

  test('more admissions in a minute than the limit (minute)', () => {
    const log = cleanLog();
    // The command line may give a limit below the one on the boards.
    expect(checksWith('failed', log, { newUsersPerMinute: 39, totalActiveUsers: 10 })).toContain('minute');
    expect(checksWith('failed', log, { newUsersPerMinute: 60, totalActiveUsers: 10 })).not.toContain('minute');
  });

  test('one visitor too many inside at once (concurrent)', () => {
    // One admission a second and stays of five seconds: five at once, and six when one visitor stays longer.
    const log = cleanLog();
    const five = { newUsersPerMinute: null, totalActiveUsers: 5 };
    expect(checksWith('failed', log, five)).toEqual([]);
    at(log, 7).leaveSentAt = OPENS_AT + 13_500;
    expect(checksWith('failed', log, five)).toEqual(['concurrent']);
  });

  test('one session too many when sessions without `leave` count until they expire (concurrent)', () => {
    const log = cleanLog();
    for (const each of log.visitors) each.leaveSentAt = null;
    const limits = { newUsersPerMinute: null, totalActiveUsers: VISITORS - 1 };
    expect(checksWith('failed', log, limits)).toEqual(['concurrent']);
  });
});

describe('a check is inconclusive', () => {
  test('without a limit for visitors inside at once (concurrent)', () => {
    const limits = { newUsersPerMinute: null, totalActiveUsers: null };
    expect(checksWith('inconclusive', cleanLog(), limits)).toEqual(['concurrent']);
  });

  test('with another place for the retry of a join whose answer did not arrive (stable)', () => {
    const log = cleanLog();
    const visitor = at(log, 1);
    const [place] = visitor.places;
    if (place === undefined) throw new Error('no place');
    visitor.withheldPlaces = [place];
    expect(checksWith('inconclusive', log)).toEqual([]);
    visitor.withheldPlaces = [{ ...place, entry: 9_999, position: 9_999 }];
    expect(checksWith('inconclusive', log)).toEqual(['stable']);
    // Asked by an operator's key, the gateway says whether another one can have answered.
    expect(checksWith('passed', { ...log, gateways: 'several' })).toContain('stable');
    expect(checksWith('failed', { ...log, gateways: 'one' })).toEqual(['stable']);
  });

  test('with visitors still in line at the end (admitted)', () => {
    const log = cleanLog();
    Object.assign(at(log, VISITORS), { end: 'waiting', sessions: [], insideAt: null });
    expect(checksWith('inconclusive', log)).toEqual(['admitted']);
  });

  test('with a bypass attempt that has no response (bypass)', () => {
    const log = cleanLog();
    log.attempts.push({ at: OPENS_AT, visitor: 2, kind: 'unsigned', outcome: 'noResponse', response: 'ECONNRESET' });
    expect(checksWith('inconclusive', log)).toEqual(['bypass']);
  });

  test('with a draw that was not published (draw)', () => {
    const log = cleanLog();
    for (const each of log.boards) each.proof = null;
    expect(checksWith('inconclusive', log)).toEqual(['draw']);
  });
});

describe('no check fails on', () => {
  test('one admission more where the rate does not divide the window', () => {
    const log = cleanLog();
    const interval = 60_000 / 61;
    for (let position = 1; position <= VISITORS; position++) {
      moveSlot(at(log, position), OPENS_AT + 1_000 + position * interval);
    }
    for (const each of log.boards) each.newUsersPerMinute = 61;
    expect(checksWith('failed', log)).toEqual([]);
  });

  test('any order among visitors who were called together, as after a pause', () => {
    const log = cleanLog();
    for (let position = 2; position <= 13; position++) moveSlot(at(log, position), OPENS_AT + (position - 1) * 1000);
    moveSlot(at(log, 1), OPENS_AT + 13_000);
    expect(checksWith('failed', log)).toEqual(['order']);
    for (const each of log.boards) if (each.asOf > OPENS_AT) each.called = Math.max(13, each.called);
    expect(checksWith('failed', log)).toEqual([]);
  });

  test('a visitor who lost the network while claiming and was overtaken', () => {
    const log = cleanLog();
    for (let position = 2; position <= 13; position++) moveSlot(at(log, position), OPENS_AT + (position - 1) * 1000);
    const late = at(log, 1);
    moveSlot(late, OPENS_AT + 13_000);
    expect(checksWith('failed', log)).toEqual(['order']);
    late.lostClaims = 1;
    expect(checksWith('failed', log)).toEqual([]);
  });

  test('an attempt of a visitor who is called in the meantime and admitted', () => {
    const log = cleanLog();
    log.attempts.push({
      at: OPENS_AT,
      visitor: 2,
      kind: 'claimEarly',
      outcome: 'admitted',
      response: '200 application/json',
    });
    expect(checksWith('passed', log)).toContain('bypass');
  });
});

test('times in findings are those of the zone, and name it', () => {
  const log = cleanLog();
  log.attempts = [{ at: OPENS_AT, visitor: 1, kind: 'deepLinkBefore', outcome: 'bypassed', response: '200 text/html' }];
  const example = audit(log, LIMITS, auditTextsEn).find(({ check }) => check === 'bypass')?.example;
  const seoul = new Date(OPENS_AT + 9 * 3_600_000).toISOString().slice(11, 19);
  expect(example).toContain(`at ${seoul}.000 Asia/Seoul`);
});
