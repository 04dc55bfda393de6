// Whatever the gateway answers, the console says what to do in its own words: for every kind of problem, every cause of a wrong
// field, in both languages. The gateway's own text is the last resort, for kinds that this page cannot know.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { failureSaid, faultSaid, faultsTold, lostSaid } from '../../admin-ui/failures.ts';
import { WORDS } from '../../admin-ui/strings.ts';
import {
  type FieldCause,
  fieldCauseSchema,
  OPERATOR_PROBLEMS,
  PROBLEM_TYPE_BASE,
  type Problem,
  problemSchema,
} from '../../worker/contract/problem-schema.ts';
import { operatorProblem } from '../../worker/http/problems.ts';

const SERVERS = 'Text of the gateway';
const problemOf = (kind: string): Problem => ({
  ...{ type: `${PROBLEM_TYPE_BASE}${kind}`, title: SERVERS, status: 409, detail: SERVERS },
});

const CAUSES: FieldCause[] = [
  { kind: 'missing' },
  { kind: 'tooLong', max: 80 },
  { kind: 'tooMany', max: 20 },
  { kind: 'tooSmall', min: 1 },
  { kind: 'tooLarge', max: 1_000_000 },
  { kind: 'form' },
  { kind: 'overlap', room: 'vaccine', place: '*/book' },
  { kind: 'template', at: 12 },
];
const FIELDS = [
  'site.hosts.0',
  'site.paths',
  'site.title.ko',
  'policy.sessionMinutes',
  'schedule.opensAt',
  'id',
  'role',
];

describe.each(['ko', 'en'] as const)('in %s', (language) => {
  const w = WORDS[language];
  const isOwn = (said: string) => expect(said).toMatch(language === 'ko' ? /[가-힣].*[.다요]$/ : /^[A-Z“].*\.$/);

  test.each(OPERATOR_PROBLEMS)('%s is said in words of the console', (kind) => {
    const said = w.problem(problemOf(kind));
    isOwn(said);
    expect(said).not.toContain(SERVERS);
  });

  test('no two kinds are said alike', () => {
    const said = OPERATOR_PROBLEMS.map((kind) => w.problem(problemOf(kind)));
    expect(new Set(said).size).toBe(OPERATOR_PROBLEMS.length);
  });

  test.each(CAUSES)('of a wrong field, $kind is said in words of the console', (cause) => {
    for (const field of FIELDS) {
      const said = faultSaid({ field, detail: SERVERS, cause }, w);
      isOwn(said);
      expect(said).not.toMatch(/undefined|Text of the gateway/);
    }
  });

  test('a kind or cause of a later version is said in the gateway’s words rather than not at all', () => {
    expect(w.problem(problemOf('of-next-year'))).toContain(SERVERS);
    const read = problemSchema.parse({
      ...problemOf('bad-input'),
      errors: [{ field: 'site.paths', detail: SERVERS, cause: { kind: 'ofNextYear' } }],
    });
    expect(faultsTold(read, w)).toEqual({ paths: SERVERS });
  });

  test('a look that finds no store says so, and a change that finds none says that nothing was done', () => {
    const problem = problemOf('store-unreachable');
    expect(lostSaid(problem, w)).toBe(w.contact.store);
    expect(lostSaid(null, w)).toBe(w.contact.lost);
    expect(failureSaid({ kind: 'problem', problem, retryAfterSeconds: 5 }, w)).toBe(w.problem(problem));
    expect(failureSaid({ kind: 'unreachable' }, w)).toBe(w.unanswered);
  });
});

test('every cause of the contract is among those tried here', () => {
  const kinds = fieldCauseSchema.options.map(({ shape }) => shape.kind.value);
  expect(CAUSES.map(({ kind }) => kind).toSorted()).toEqual(kinds.toSorted());
});

test('a fault in a template is found in its line', () => {
  const html = '<p>\n{{wait}}\n{{#open}}\n</p>';
  const said = faultSaid(
    { field: 'template', detail: '', cause: { kind: 'template', at: html.length } },
    WORDS.en,
    html,
  );
  expect(said).toBe(WORDS.en.editor.fields.templateAt(4));
});

test('an operator is told nothing of a place in line', async () => {
  for (const kind of OPERATOR_PROBLEMS) {
    const { title, detail } = problemSchema.parse(await operatorProblem(kind).json());
    expect(`${title} ${detail}`).not.toMatch(/your place|nobody forward/i);
  }
});

test('operators are answered with problems of the contract only', () => {
  const folder = new URL('../../worker/operators/', import.meta.url);
  for (const file of readdirSync(folder)) {
    expect(readFileSync(new URL(file, folder), 'utf8'), file).not.toMatch(/\bproblemResponse\b/);
  }
});
