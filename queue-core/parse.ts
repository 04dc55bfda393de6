// Parsers for stored state: they check a value in place and name the field that is wrong. The message says what was found
// without quoting text, which may belong to a visitor.

import { CoreError } from './errors.ts';

/** Checks a value and returns it with its type. @throws Fault */
export type Parser<T> = (value: unknown) => T;

class Fault extends Error {
  readonly path: string[] = [];
}

/**
 * Parses a whole stored value.
 * @param what names it in the message, as "room document"
 * @throws CoreError `invalidStoredState`, as "room document: pacing.called must be a whole number from 0, got undefined"
 */
export function parse<T>(what: string, parser: Parser<T>, value: unknown): T {
  try {
    return parser(value);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const field = error.path.join('.').replaceAll('.[', '[');
    throw new CoreError('invalidStoredState', `${what}: ${field === '' ? 'it' : field} ${error.message}`);
  }
}

function expected<T>(what: string, holds: (value: unknown) => boolean): Parser<T> {
  return (value) => {
    if (!holds(value)) throw new Fault(`must be ${what}, got ${found(value)}`);
    return value as T;
  };
}

/** What was found, without quoting text. */
export function found(value: unknown): string {
  if (typeof value === 'string') return `a text of ${value.length} characters`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

export const text: Parser<string> = expected('a text', (value) => typeof value === 'string');
export const flag: Parser<boolean> = expected('true or false', (value) => typeof value === 'boolean');
/** A whole number from 0: counts, numbers of visitors, times and durations in whole ms. */
export const count: Parser<number> = expected(
  'a whole number from 0',
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);
export const whole: Parser<number> = expected('a whole number', Number.isSafeInteger);
/** 32 bytes as hex. */
export const hex32: Parser<string> = expected(
  '64 hex digits',
  (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
);
/** Any JSON value. */
export const anything: Parser<never> = expected('a JSON value', (value) => value !== undefined);

export function oneOf<const V extends string | number>(...values: readonly V[]): Parser<V> {
  return expected(values.join(' or '), (value) => values.includes(value as V));
}

export function nullable<T>(parser: Parser<T>): Parser<T | null> {
  return (value) => (value === null ? null : parser(value));
}

/** @param max the bound of the list */
export function list<T>(parser: Parser<T>, max: number): Parser<T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new Fault(`must be a list, got ${found(value)}`);
    if (value.length > max) throw new Fault(`must have at most ${max} items, got ${value.length}`);
    for (const [index, item] of value.entries()) within(`[${index}]`, parser, item);
    return value;
  };
}

export function pair<A, B>(first: Parser<A>, second: Parser<B>): Parser<readonly [A, B]> {
  return (value) => {
    if (!Array.isArray(value) || value.length !== 2) throw new Fault(`must be a pair, got ${found(value)}`);
    within('[0]', first, value[0]);
    within('[1]', second, value[1]);
    return value as unknown as readonly [A, B];
  };
}

/** Every field has a parser, so that the compiler finds a forgotten one. Unknown fields are refused. */
type Fields<T> = { [K in keyof T]-?: Parser<T[K]> | Optional<T[K]> };
type Optional<T> = { optional: Parser<Exclude<T, undefined>> };

/** A field that may be absent. */
export function optional<T>(parser: Parser<T>): { optional: Parser<T> } {
  return { optional: parser };
}

export function object<T extends object>(fields: Fields<T>): Parser<T> {
  const entries = Object.entries(fields) as [string, Parser<unknown> | Optional<unknown>][];
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Fault(`must be an object, got ${found(value)}`);
    }
    const record = value as Record<string, unknown>;
    for (const [name, field] of entries) {
      if (typeof field === 'function') within(name, field, record[name]);
      else if (name in record) within(name, field.optional, record[name]);
    }
    for (const name of Object.keys(record)) {
      if (!Object.hasOwn(fields, name)) within(name, unknownField, record[name]);
    }
    return value as T;
  };
}

/** One of two shapes: the first where the field is there, the second otherwise. */
export function either<A, B>(field: string, withField: Parser<A>, withoutField: Parser<B>): Parser<A | B> {
  return (value) => {
    const isFirst = typeof value === 'object' && value !== null && field in value;
    return isFirst ? withField(value) : withoutField(value);
  };
}

/** One of several shapes, by the field `kind`. */
export function byKind<T extends { kind: string }>(
  shapes: { [K in T['kind']]: Parser<Extract<T, { kind: K }>> },
): Parser<T> {
  return (value) => {
    if (typeof value !== 'object' || value === null) throw new Fault(`must be an object, got ${found(value)}`);
    const kind = 'kind' in value ? value.kind : undefined;
    within('kind', oneOf(...Object.keys(shapes)), kind);
    return shapes[kind as T['kind']](value);
  };
}

const unknownField: Parser<never> = () => {
  throw new Fault('is not a field of this schema version');
};

function within(name: string, parser: Parser<unknown>, value: unknown): void {
  try {
    parser(value);
  } catch (error) {
    if (error instanceof Fault) error.path.unshift(name);
    throw error;
  }
}
