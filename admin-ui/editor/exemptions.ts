// Exemptions as lines of text, and back: the methods, the path, and `exact` where nothing under the path is meant. Without
// methods a line is for reading: GET and HEAD.

import { EXEMPT_METHODS, type Exemption, isReadOnlyExemption, readOnlyExemption } from '../../queue-core/exemption.ts';

const EXACT = 'exact';

export function exemptionText(exemption: Exemption): string {
  const { path, match, methods } = exemption;
  const isForReading = isReadOnlyExemption({ ...exemption, match: 'prefix' });
  return [...(isForReading ? [] : methods), path, ...(match === 'exact' ? [EXACT] : [])].join(' ');
}

/** @returns the words of a line in their places; the schema says whether they are valid */
export function parseExemption(line: string): unknown {
  const words = line.split(/\s+/);
  const pathAt = words.findIndex((word) => word.startsWith('/'));
  const [methods, [path, ...rest]] = [words.slice(0, Math.max(0, pathAt)), words.slice(Math.max(0, pathAt))];
  if (rest.length > 1 || (rest.length === 1 && rest[0]?.toLowerCase() !== EXACT)) return null;
  return {
    ...readOnlyExemption(path ?? ''),
    ...(rest.length === 1 ? { match: 'exact' } : {}),
    ...(methods.length === 0 ? {} : { methods: methods.map((method) => method.toUpperCase()) }),
  };
}

/** Of a value of the log, which also has exemptions that are paths alone. */
export function isExemption(value: unknown): value is Exemption {
  if (typeof value !== 'object' || value === null || !('path' in value && 'methods' in value)) return false;
  return Array.isArray(value.methods) && value.methods.every((method) => EXEMPT_METHODS.includes(method));
}
