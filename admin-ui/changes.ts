// Records of the log in words: what was done, and for each value what it was and what it became. Pure; never raw JSON.

import type { AuditRecord } from '../worker/contract/operator-api.ts';
import type { Figures } from './number-format.ts';
import type { Words } from './strings.ts';

export interface ToldLine {
  field: string;
  /** null: there was nothing before. */
  from: string | null;
  /** null: there is nothing after. */
  to: string | null;
}

export interface Told {
  what: string;
  lines: ToldLine[];
}

export const CHANGE_KINDS = ['flow', 'limits', 'schedule', 'message', 'sessions', 'site', 'people'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

type Json = AuditRecord['from'];

export function tell(
  { action, from, to }: Pick<AuditRecord, 'action' | 'from' | 'to'>,
  words: Words,
  figures: Figures,
): Told {
  const [before, after] = [flat(from), flat(to)];
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const lines = names.map((name) => ({
    field: words.field(name),
    from: said(name, before.get(name), words, figures),
    to: said(name, after.get(name), words, figures),
  }));
  return { what: words.action(action), lines: lines.filter((line) => line.from !== line.to) };
}

/** One line, for a mark on an axis or the strip of what was just done. */
export function tellShort(record: Pick<AuditRecord, 'action' | 'from' | 'to'>, words: Words, figures: Figures): string {
  const { what, lines } = tell(record, words, figures);
  const [first] = lines;
  if (first === undefined) return what;
  if (record.action === 'setFlow') return first.to ?? what;
  const change = first.from === null ? (first.to ?? '') : `${first.from} → ${first.to ?? words.nothing}`;
  return `${what}: ${first.field} ${change}${lines.length > 1 ? ' …' : ''}`;
}

export function kindOf(action: string): ChangeKind {
  switch (action) {
    case 'setFlow':
    case 'openNow':
    case 'close':
      return 'flow';
    case 'setPolicy':
      return 'limits';
    case 'setSchedule':
      return 'schedule';
    case 'setMessage':
      return 'message';
    case 'revokeAll':
    case 'endSession':
    case 'givePass':
    case 'usePass':
      return 'sessions';
    case 'addKey':
    case 'removeKey':
    case 'ownerKey':
    case 'signIn':
    case 'signOut':
    case 'wrongKey':
      return 'people';
    default:
      return 'site';
  }
}

/** Values by name; of a value that has parts, each part by `name.part`. */
function flat(value: Json, under = ''): Map<string, Json> {
  const found = new Map<string, Json>();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    if (under !== '' && value !== null) found.set(under, value);
    return found;
  }
  for (const [name, part] of Object.entries(value)) {
    // Settings are told by their own names, not by the group they stand in.
    const isGroup = name === 'policy' || name === 'schedule' || name === 'site' || name === 'settings';
    const path = isGroup ? '' : under === '' ? name : `${under}.${name}`;
    if (typeof part === 'object' && part !== null && !Array.isArray(part)) {
      for (const [inner, deep] of flat(part, path)) found.set(inner, deep);
    } else if (part !== null) found.set(path === '' ? name : path, part);
  }
  return found;
}

function said(name: string, value: Json | undefined, words: Words, figures: Figures): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value ? words.yes : words.no;
  if (typeof value === 'number') {
    if (name.endsWith('Ms')) return words.minutes(value / 60_000);
    if (name.endsWith('Minutes')) return words.minutes(value);
    return name === 'queueingStatusCode' ? String(value) : figures.count(value);
  }
  if (typeof value === 'string') {
    if (name === 'flow' && (value === 'running' || value === 'paused' || value === 'held'))
      return words.flowWord(value);
    if (name === 'role' && (value === 'viewer' || value === 'operator' || value === 'owner')) return words.roles[value];
    if (/^\d{4}-\d\d-\d\dT/.test(value)) return figures.whole(Date.parse(value));
    return value;
  }
  return Array.isArray(value) ? value.map((part) => said(name, part, words, figures) ?? '').join(', ') : null;
}
