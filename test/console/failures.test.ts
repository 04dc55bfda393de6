// Error texts of the console: every kind of problem and every cause of a field error has a text in both languages. The
// gateway's own text is the last resort, for kinds that are newer than the page.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { changeErrorText, fieldErrorText, fieldErrorTexts, loadErrorText } from '../../admin-ui/failures.ts';
import { STRINGS } from '../../admin-ui/strings.ts';
import {
  type FieldCause,
  fieldCauseSchema,
  OPERATOR_PROBLEMS,
  PROBLEM_TYPE_BASE,
  type Problem,
  problemSchema,
} from '../../worker/contract/problem-schema.ts';
import { operatorProblem } from '../../worker/http/problems.ts';

const GATEWAY_TEXT = 'Text of the gateway';
const problemOf = (kind: string): Problem => ({
  ...{ type: `${PROBLEM_TYPE_BASE}${kind}`, title: GATEWAY_TEXT, status: 409, detail: GATEWAY_TEXT },
});

const CAUSES: FieldCause[] = [
  { kind: 'missing' },
  { kind: 'tooLong', max: 80 },
  { kind: 'tooMany', max: 20 },
  { kind: 'tooSmall', min: 1 },
  { kind: 'tooLarge', max: 1_000_000 },
  { kind: 'form' },
  { kind: 'overlap', room: 'vaccine', place: '*/book' },
  { kind: 'ownAddress', origin: 'https://booking.example' },
  { kind: 'notPublic' },
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
  const t = STRINGS[language];
  const expectSentence = (text: string) =>
    expect(text).toMatch(language === 'ko' ? /[가-힣].*[.다요]$/ : /^[A-Z“].*\.$/);

  test.each(OPERATOR_PROBLEMS)('problem %s has a text of the console', (kind) => {
    const text = t.problem(problemOf(kind));
    expectSentence(text);
    expect(text).not.toContain(GATEWAY_TEXT);
  });

  test('no two kinds of problem have the same text', () => {
    const texts = OPERATOR_PROBLEMS.map((kind) => t.problem(problemOf(kind)));
    expect(new Set(texts).size).toBe(OPERATOR_PROBLEMS.length);
  });

  test.each(CAUSES)('field error $kind has a text of the console for every field', (cause) => {
    for (const field of FIELDS) {
      const text = fieldErrorText({ field, detail: GATEWAY_TEXT, cause }, t);
      expectSentence(text);
      expect(text).not.toMatch(/undefined|Text of the gateway/);
    }
  });

  test('a kind or cause that is newer than the page shows the gateway’s text', () => {
    expect(t.problem(problemOf('of-next-year'))).toContain(GATEWAY_TEXT);
    const problem = problemSchema.parse({
      ...problemOf('bad-input'),
      errors: [{ field: 'site.paths', detail: GATEWAY_TEXT, cause: { kind: 'ofNextYear' } }],
    });
    expect(fieldErrorTexts(problem, t)).toEqual({ paths: GATEWAY_TEXT });
  });

  test('a failed read names the store, and a failed change says that nothing was changed', () => {
    const problem = problemOf('store-unreachable');
    expect(loadErrorText(problem, t)).toBe(t.connection.store);
    expect(loadErrorText(null, t)).toBe(t.connection.lost);
    expect(changeErrorText({ kind: 'problem', problem, retryAfterSeconds: 5 }, t)).toBe(t.problem(problem));
    expect(changeErrorText({ kind: 'unreachable' }, t)).toBe(t.unanswered);
  });
});

test('the causes tested here are all causes of the contract', () => {
  const kinds = fieldCauseSchema.options.map(({ shape }) => shape.kind.value);
  expect(CAUSES.map(({ kind }) => kind).toSorted()).toEqual(kinds.toSorted());
});

test('a template error names the line of the template', () => {
  const html = '<p>\n{{wait}}\n{{#open}}\n</p>';
  const cause = { kind: 'template', at: html.length } as const;
  const text = fieldErrorText({ field: 'template', detail: '', cause }, STRINGS.en, html);
  expect(text).toBe(STRINGS.en.editor.fieldErrors.templateAt(4));
});

test('no problem of the operator API speaks of a visitor’s place in line', async () => {
  for (const kind of OPERATOR_PROBLEMS) {
    const { title, detail } = problemSchema.parse(await operatorProblem(kind).json());
    expect(`${title} ${detail}`).not.toMatch(/your place|nobody forward/i);
  }
});

test('handlers of the operator API return only problems of the contract', () => {
  const folder = new URL('../../worker/operators/', import.meta.url);
  for (const file of readdirSync(folder)) {
    expect(readFileSync(new URL(file, folder), 'utf8'), file).not.toMatch(/\bproblemResponse\b/);
  }
});
