// What is wrong with the fields of a body or a query, as a problem document says it.

import type * as z from 'zod';
import type { FieldCause, FieldError } from '../contract/problem-schema.ts';

/** @param error of a schema that was given its input (`reportInput`) */
export function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.map((issue) => ({ field: issue.path.join('.'), detail: issue.message, cause: causeOf(issue) }));
}

function causeOf(issue: z.core.$ZodIssue): FieldCause {
  switch (issue.code) {
    case 'invalid_type':
      return { kind: issue.input === undefined ? 'missing' : 'form' };
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return { kind: 'missing' };
      return { kind: 'tooSmall', min: Number(issue.minimum) };
    case 'too_big':
      if (issue.origin === 'string') return { kind: 'tooLong', max: Number(issue.maximum) };
      return { kind: issue.origin === 'array' ? 'tooMany' : 'tooLarge', max: Number(issue.maximum) };
    default:
      return { kind: 'form' };
  }
}
