// Error texts in the operator's language, by the kind of a problem and the cause of each field error. The gateway's own text
// is shown only where its kind or cause is newer than this page.

import type { Outcome } from '../worker/contract/api-client.ts';
import { type FieldError, type Problem, problemKind } from '../worker/contract/problem-schema.ts';
import type { Phase } from './actions.ts';
import type { Strings } from './strings-en.ts';

type Failure = Exclude<Outcome<never>, { kind: 'reply' }>;

/** Of a change: where there was no response, it may have been made. */
export function changeErrorText(failure: Failure, t: Strings): string {
  switch (failure.kind) {
    case 'problem':
      return t.problem(failure.problem);
    case 'unreachable':
      return t.unanswered;
    case 'unreadable':
      return t.unreadable;
  }
}

/** What became of an action; empty where it was done. */
export function phaseText(phase: Phase, t: Strings): string {
  switch (phase.kind) {
    case 'done':
      return '';
    case 'refused':
      return t.problem(phase.problem);
    case 'unknown':
      return t.unanswered;
    default:
      return t.actionLog[phase.kind];
  }
}

/** Of a read, which changes nothing. @param problem null: no response */
export function loadErrorText(problem: Problem | null, t: Strings): string {
  if (problem === null) return t.connection.lost;
  return problemKind(problem) === 'store-unreachable' ? t.connection.store : t.problem(problem);
}

/** Whether the same request may succeed a moment later. */
export function isTransient(problem: Problem): boolean {
  const kind = problemKind(problem);
  return kind === 'store-unreachable' || kind === 'too-many-requests' || kind === 'unexpected';
}

/** Texts by the name of the field in a form. */
export function fieldErrorTexts({ errors = [] }: Problem, t: Strings): Record<string, string> {
  return Object.fromEntries(errors.map((error) => [fieldOf(error.field), fieldErrorText(error, t)]));
}

/** @param text the value that was sent, to name the line of the error */
export function fieldErrorText({ field, detail, cause }: FieldError, t: Strings, text?: string): string {
  const { fieldErrors } = t.editor;
  switch (cause?.kind) {
    case undefined:
      return detail;
    case 'missing':
      return fieldErrors.required;
    case 'tooLong':
      return fieldErrors.tooLong(cause.max);
    case 'tooMany':
      return fieldErrors.tooMany(cause.max);
    case 'tooSmall':
      return fieldErrors.tooSmall(cause.min);
    case 'tooLarge':
      return fieldErrors.tooLarge(cause.max);
    case 'form':
      return fieldErrors[FORMATS[fieldOf(field)] ?? 'format'];
    case 'overlap':
      return fieldErrors.overlap(cause.room, cause.place);
    case 'ownAddress':
      return fieldErrors.ownAddress(cause.origin);
    case 'notPublic':
      return fieldErrors.notPublic;
    case 'template':
      if (text === undefined || cause.at === null) return fieldErrors.template;
      return fieldErrors.templateAt(text.slice(0, cause.at).split('\n').length);
  }
}

type Format =
  | 'corsOrigin'
  | 'handOff'
  | 'host'
  | 'originHost'
  | 'path'
  | 'exemption'
  | 'origin'
  | 'zone'
  | 'id'
  | 'time'
  | 'before'
  | 'after'
  | 'number'
  | 'total';

/** The format of each field that takes more than any text. */
const FORMATS: Record<string, Format> = {
  id: 'id',
  hosts: 'host',
  paths: 'path',
  exempt: 'exemption',
  origin: 'origin',
  originHost: 'originHost',
  originAliases: 'origin',
  originTimeoutSeconds: 'number',
  timeZone: 'zone',
  expectedVisitors: 'number',
  corsOrigins: 'corsOrigin',
  handOff: 'handOff',
  newUsersPerMinute: 'number',
  totalActiveUsers: 'number',
  sessionMinutes: 'number',
  sessionTotalMinutes: 'total',
  claimWindowMinutes: 'number',
  deadlineSeconds: 'number',
  prequeueAt: 'before',
  opensAt: 'time',
  closesAt: 'after',
};

/** The form's field for a path of the request body: `site.hosts.0` is `hosts`. */
export function fieldOf(path: string): string {
  const [first = '', second = ''] = path.replace(/^(?:site|policy|schedule)\./, '').split('.');
  if (first === 'beacon' && second !== '') return second;
  if (first === 'title') return second === 'en' ? 'titleEn' : 'titleKo';
  return first;
}
