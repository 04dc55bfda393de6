// The auditor on histories made by hand: a clean one keeps every law, and one change at a time breaks exactly the law
// that it is against. Where the history cannot tell, the auditor says so instead of guessing.

import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { unshuffleList } from '@chainsafe/swap-or-not-shuffle';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { audit, type Evidence, type Finding, type LawName } from '../../scripts/rehearsal/auditor.ts';
import type { BoardSeen, PlaceSeen, SessionSeen, VisitorHistory } from '../../scripts/rehearsal/event-log.ts';

const OPENS_AT = Date.parse('2027-03-02T11:00:00.000Z');
const PEOPLE = 40;
const NEW_USERS_PER_MINUTE = 60;
const LIMITS = { newUsersPerMinute: null, totalActiveUsers: 10 };
const SECRET = '11'.repeat(32);
const BEACON = '00'.repeat(32);
const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest('hex');
const COMMITMENT = sha256(Buffer.from(SECRET, 'hex'));
const count = Buffer.alloc(8);
count.writeBigUInt64BE(BigInt(PEOPLE));
const SEED = sha256(Buffer.from('fairgate/draw/v1'), Buffer.from(SECRET, 'hex'), Buffer.from(BEACON, 'hex'), count);
const DRAWN = unshuffleList(
  Uint32Array.from({ length: PEOPLE }, (_, index) => index),
  Buffer.from(SEED, 'hex'),
  90,
);

function board(secondsAfter: number, changes: Partial<BoardSeen> = {}): BoardSeen {
  const isOpen = secondsAfter >= 0;
  return {
    asOf: OPENS_AT + secondsAfter * 1000,
    epoch: 1,
    state: isOpen ? 'open' : 'prequeue',
    opensAt: OPENS_AT,
    entries: secondsAfter < -20 ? 0 : PEOPLE,
    issued: isOpen ? PEOPLE : 0,
    called: Math.max(0, Math.min(PEOPLE, secondsAfter + 3)),
    newUsersPerMinute: NEW_USERS_PER_MINUTE,
    active: 0,
    commitment: COMMITMENT,
    proof: isOpen ? { secret: SECRET, beacon: BEACON, entries: PEOPLE, seed: SEED } : null,
    ...changes,
  };
}

const place = (entry: number | null, position: number | null, changes: Partial<PlaceSeen> = {}): PlaceSeen => ({
  at: OPENS_AT - 10_000,
  epoch: 1,
  visitorId: `visitor-${entry}`,
  commitment: COMMITMENT,
  entry,
  position,
  ...changes,
});

/** Everybody comes before the opening, gets in one second after the one before, and stays for five. */
function visitor(entry: number): VisitorHistory {
  const position = (DRAWN[entry - 1] ?? 0) + 1;
  const admitAt = OPENS_AT + position * 1000;
  return {
    number: entry,
    arrivedAt: OPENS_AT - 10_000,
    intent: 'visit',
    lostJoins: 0,
    lostClaims: 0,
    slowestMs: 20,
    tabs: 1,
    places: [place(entry, null), place(null, position, { visitorId: null, commitment: null })],
    told: null,
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
    leaveAskedAt: admitAt + 5_000,
    endedAt: admitAt + 5_050,
    end: 'visited',
  };
}

interface Story extends Evidence {
  boards: BoardSeen[];
  visitors: VisitorHistory[];
  attempts: Evidence['attempts'][number][];
}

function history(): Story {
  return {
    boards: Array.from({ length: PEOPLE + 40 }, (_, index) => board(index - 25)),
    visitors: Array.from({ length: PEOPLE }, (_, index) => visitor(index + 1)),
    attempts: [
      { at: OPENS_AT - 5_000, visitor: 1, kind: 'deepLinkBefore', outcome: 'refused', answer: '200 text/html' },
    ],
    clockAccuracyMs: 5,
  };
}

/** The visitor at a position, whose session the story may change. */
function at(story: Story, position: number): VisitorHistory & { sessions: [SessionSeen] } {
  const found = story.visitors.find(({ sessions }) => sessions[0]?.position === position);
  if (found === undefined) throw new RangeError(`Nobody at position ${position}.`);
  return found as VisitorHistory & { sessions: [SessionSeen] };
}

function verdicts(story: Story, verdict: Finding['verdict'], limits: Parameters<typeof audit>[1] = LIMITS): LawName[] {
  return audit(story, limits)
    .filter((finding) => finding.verdict === verdict)
    .map(({ law }) => law);
}

/** Moves somebody's slot with all that belongs to it. */
function moveSlot(person: VisitorHistory & { sessions: [SessionSeen] }, toMs: number): void {
  const [session] = person.sessions;
  const by = toMs - session.admitAt;
  session.admitAt += by;
  session.receivedAt += by;
  if (person.insideAt !== null) person.insideAt += by;
  if (person.leaveAskedAt !== null) person.leaveAskedAt += by;
}

test('the auditor shares no code with the queue, the gateway or the player', async () => {
  const { metafile } = await build({
    entryPoints: [resolve(import.meta.dirname, '../../scripts/rehearsal/auditor.ts')],
    absWorkingDir: resolve(import.meta.dirname, '../..'),
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    packages: 'external',
  });
  expect(Object.keys(metafile.inputs).sort()).toEqual([
    'scripts/rehearsal/auditor.ts',
    'scripts/rehearsal/event-log.ts',
  ]);
});

test('a history in which everything went as promised keeps every law', () => {
  expect(audit(history(), LIMITS).filter(({ verdict }) => verdict !== 'kept')).toEqual([]);
});

describe('each law is broken by', () => {
  const stories: [what: string, law: LawName, change: (story: Story) => void][] = [
    ['a slot a millisecond before the opening', 'opening', (story) => moveSlot(at(story, 1), OPENS_AT - 1)],
    [
      'somebody inside before the opening, whatever the token says',
      'opening',
      (story) => {
        at(story, 1).insideAt = OPENS_AT - 1_000;
      },
    ],
    [
      'somebody inside who was never admitted',
      'opening',
      (story) => {
        (at(story, 3) as VisitorHistory).sessions = [];
      },
    ],
    [
      'an eleventh slot a millisecond within ten seconds',
      'tenSeconds',
      (story) => moveSlot(at(story, 11), OPENS_AT + 10_999),
    ],
    [
      'a number that was not called on the next board',
      'called',
      (story) => {
        for (const one of story.boards) if (one.called === PEOPLE) one.called = PEOPLE - 1;
      },
    ],
    [
      'one who is overtaken by more than ten seconds of others',
      'order',
      (story) => {
        const slots = Array.from({ length: 12 }, (_, index) => OPENS_AT + (index + 2) * 1000);
        const late = at(story, 1);
        for (const [index, slot] of slots.entries()) moveSlot(at(story, index + 2), slot - 1_000);
        moveSlot(late, OPENS_AT + 13_000);
      },
    ],
    [
      'an entry that two visitors hold',
      'once',
      (story) => {
        const [first, second] = [at(story, 1), at(story, 2)];
        second.places.push(place(first.places[0]?.entry ?? 0, null, { epoch: 1, visitorId: null }));
      },
    ],
    [
      'a position that two people get in with',
      'once',
      (story) => {
        const second = at(story, 2);
        second.places = [];
        second.sessions[0].position = 1;
      },
    ],
    [
      'a second session for one visitor',
      'once',
      (story) => {
        const first = at(story, 1);
        (first as VisitorHistory).sessions = [
          first.sessions[0],
          { ...first.sessions[0], sid: 'another', admitAt: OPENS_AT + 100_000 },
        ];
      },
    ],
    [
      'a position that changes',
      'kept',
      (story) => at(story, 4).places.push(place(null, 900, { visitorId: null, commitment: null })),
    ],
    ['an id that changes', 'kept', (story) => at(story, 4).places.push(place(null, null, { visitorId: 'another' }))],
    [
      'a called number that falls',
      'forward',
      (story) => {
        const last = story.boards.at(-1);
        if (last !== undefined) last.called -= 1;
      },
    ],
    [
      'a receipt under another commitment',
      'draw',
      (story) => {
        const [token] = at(story, 5).places;
        if (token !== undefined) token.commitment = '44'.repeat(32);
      },
    ],
    [
      'one who polls as told and is called too late',
      'arrives',
      (story) => Object.assign(at(story, 6), { end: 'lapsed', sessions: [], insideAt: null }),
    ],
    [
      'an attempt that comes through',
      'bypass',
      (story) => {
        story.attempts.push({
          at: OPENS_AT,
          visitor: 2,
          kind: 'unsigned',
          outcome: 'through',
          answer: '200 text/html',
        });
      },
    ],
  ];

  test.each(stories)('%s (%s)', (_, law, change) => {
    const story = history();
    change(story);
    expect(verdicts(story, 'broken')).toContain(law);
    const example = audit(story, LIMITS).find((finding) => finding.law === law)?.example;
    expect(example).toMatch(/\w/);
  });

  test.each([
    ['secret', '22'.repeat(32), 'does not open the commitment'],
    ['seed', '33'.repeat(32), 'does not follow from secret'],
  ] as const)('a published %s that is another (draw)', (word, value, example) => {
    const story = history();
    for (const one of story.boards) if (one.proof !== null) one.proof = { ...one.proof, [word]: value };
    const found = audit(story, LIMITS).find(({ law }) => law === 'draw');
    expect(found).toMatchObject({ verdict: 'broken', example: expect.stringContaining(example) });
  });

  test('two who change places in the draw (draw)', () => {
    const story = history();
    const [first, second] = [at(story, 1), at(story, 2)];
    first.places.pop();
    second.places.pop();
    [first.sessions[0].position, second.sessions[0].position] = [2, 1];
    expect(verdicts(story, 'broken')).toEqual(['draw']);
  });

  test('more people in a minute than the limit (minute)', () => {
    const story = history();
    // A limit below what the boards said, as somebody knows it who set it.
    expect(verdicts(story, 'broken', { newUsersPerMinute: 39, totalActiveUsers: 10 })).toContain('minute');
    expect(verdicts(story, 'broken', { newUsersPerMinute: 60, totalActiveUsers: 10 })).not.toContain('minute');
  });

  test('one person too many inside (atOnce)', () => {
    // Stays of five seconds, one admission a second: five at once, six where one stays a moment longer.
    const story = history();
    const five = { newUsersPerMinute: null, totalActiveUsers: 5 };
    expect(verdicts(story, 'broken', five)).toEqual([]);
    at(story, 7).leaveAskedAt = OPENS_AT + 13_500;
    expect(verdicts(story, 'broken', five)).toEqual(['atOnce']);
  });

  test('a session that nobody left counts until its time is over', () => {
    const story = history();
    for (const one of story.visitors) one.leaveAskedAt = null;
    expect(verdicts(story, 'broken', { newUsersPerMinute: null, totalActiveUsers: PEOPLE - 1 })).toEqual(['atOnce']);
  });
});

describe('what a history cannot tell is not proven', () => {
  test('people at once without a limit', () => {
    expect(verdicts(history(), 'unproven', { newUsersPerMinute: null, totalActiveUsers: null })).toEqual(['atOnce']);
  });

  test('places that nobody holds, when joins were broken off', () => {
    const story = history();
    for (const one of story.boards) if (one.issued > 0) one.issued = PEOPLE + 1;
    expect(verdicts(story, 'unproven')).toEqual([]);
    at(story, 1).lostJoins = 1;
    expect(verdicts(story, 'unproven')).toEqual(['once']);
  });

  test('people still on their way at the end', () => {
    const story = history();
    Object.assign(at(story, PEOPLE), { end: 'waiting', sessions: [], insideAt: null });
    expect(verdicts(story, 'unproven')).toEqual(['arrives']);
  });

  test('an attempt without an answer', () => {
    const story = history();
    story.attempts.push({ at: OPENS_AT, visitor: 2, kind: 'unsigned', outcome: 'unanswered', answer: 'ECONNRESET' });
    expect(verdicts(story, 'unproven')).toEqual(['bypass']);
  });

  test('a draw that was not published', () => {
    const story = history();
    for (const one of story.boards) one.proof = null;
    expect(verdicts(story, 'unproven')).toEqual(['draw']);
  });
});

describe('what is nobody’s fault breaks nothing', () => {
  test('a rate that does not divide the window lets the next whole number in', () => {
    const story = history();
    const interval = 60_000 / 61;
    for (let position = 1; position <= PEOPLE; position++) {
      moveSlot(at(story, position), OPENS_AT + 1_000 + position * interval);
    }
    for (const one of story.boards) one.newUsersPerMinute = 61;
    expect(verdicts(story, 'broken')).toEqual([]);
  });

  test('those who were called together, as after a pause, enter in any order among themselves', () => {
    const story = history();
    for (let position = 2; position <= 13; position++) moveSlot(at(story, position), OPENS_AT + (position - 1) * 1000);
    moveSlot(at(story, 1), OPENS_AT + 13_000);
    expect(verdicts(story, 'broken')).toEqual(['order']);
    for (const one of story.boards) if (one.asOf > OPENS_AT) one.called = Math.max(13, one.called);
    expect(verdicts(story, 'broken')).toEqual([]);
  });

  test('whoever lost the network while claiming comes after those who did not', () => {
    const story = history();
    for (let position = 2; position <= 13; position++) moveSlot(at(story, position), OPENS_AT + (position - 1) * 1000);
    const late = at(story, 1);
    moveSlot(late, OPENS_AT + 13_000);
    expect(verdicts(story, 'broken')).toEqual(['order']);
    late.lostClaims = 1;
    expect(verdicts(story, 'broken')).toEqual([]);
  });

  test('somebody whose turn came while they tried was let in rightly', () => {
    const story = history();
    story.attempts.push({
      at: OPENS_AT,
      visitor: 2,
      kind: 'claimEarly',
      outcome: 'turn',
      answer: '200 application/json',
    });
    expect(verdicts(story, 'kept')).toContain('bypass');
  });
});
