// Why something was not had or not done, in the operator's language: by the kind of the problem and the cause of each wrong
// field. The gateway's own text is shown only where it is of a later version than this page.

import { type FieldError, type Problem, problemKind } from '../worker/contract/problem-schema.ts';
import type { Outcome } from './api-client.ts';
import type { Words } from './strings.ts';

export type Failure = Exclude<Outcome<never>, { kind: 'answer' }>;

/** Of a change. One that was not answered may have been made. */
export function failureSaid(failure: Failure, w: Words): string {
  switch (failure.kind) {
    case 'problem':
      return w.problem(failure.problem);
    case 'unreachable':
      return w.unanswered;
    case 'unreadable':
      return w.unreadable;
  }
}

/** Of a look, which asked for nothing to be done. @param problem null: no answer came */
export function lostSaid(problem: Problem | null, w: Words): string {
  if (problem === null) return w.contact.lost;
  return problemKind(problem) === 'store-unreachable' ? w.contact.store : w.problem(problem);
}

/** Whether the same can simply be asked again. */
export function isPassing(problem: Problem): boolean {
  const kind = problemKind(problem);
  return kind === 'store-unreachable' || kind === 'too-many-requests' || kind === 'unexpected';
}

/** What is wrong with each field that the gateway names, by the field's name in a form. */
export function faultsTold({ errors = [] }: Problem, w: Words): Record<string, string> {
  return Object.fromEntries(errors.map((error) => [fieldOf(error.field), faultSaid(error, w)]));
}

/** @param text what was sent in the field, to say where in it something is wrong */
export function faultSaid({ field, detail, cause }: FieldError, w: Words, text?: string): string {
  const { fields } = w.editor;
  switch (cause?.kind) {
    case undefined:
      return detail;
    case 'missing':
      return fields.required;
    case 'tooLong':
      return fields.tooLong(cause.max);
    case 'tooMany':
      return fields.tooMany(cause.max);
    case 'tooSmall':
      return fields.tooSmall(cause.min.toLocaleString('en'));
    case 'tooLarge':
      return fields.tooLarge(cause.max.toLocaleString('en'));
    case 'form':
      return fields[FORMS[fieldOf(field)] ?? 'form'];
    case 'overlap':
      return fields.overlap(cause.room, cause.place);
    case 'template':
      if (text === undefined || cause.at === null) return fields.template;
      return fields.templateAt(text.slice(0, cause.at).split('\n').length);
  }
}

type FormWord = 'host' | 'path' | 'origin' | 'zone' | 'id' | 'time' | 'before' | 'after' | 'number' | 'form';

/** What each field takes, where that is more than text. */
const FORMS: Record<string, FormWord> = {
  id: 'id',
  hosts: 'host',
  paths: 'path',
  exempt: 'path',
  origin: 'origin',
  timeZone: 'zone',
  expectedVisitors: 'number',
  newUsersPerMinute: 'number',
  totalActiveUsers: 'number',
  sessionMinutes: 'number',
  claimWindowMinutes: 'number',
  prequeueAt: 'before',
  opensAt: 'time',
  closesAt: 'after',
};

/** The field of a form that an error of the gateway speaks of: `site.hosts.0` is said of `hosts`. */
export function fieldOf(path: string): string {
  const [first = '', second = ''] = path.replace(/^(?:site|policy|schedule)\./, '').split('.');
  if (first === 'title') return second === 'en' ? 'titleEn' : 'titleKo';
  return first;
}
