// Records of the log as readable text: what was done, and what each value was before and after. Pure; never raw JSON.

import { type Alarm, type AuditRecord, SEVERITIES, type Severity } from '../worker/contract/operator-api.ts';
import { exemptionText, isExemption } from './editor/exemptions.ts';
import { formatCount, type NumberFormat } from './number-format.ts';
import type { Strings } from './strings-en.ts';

export interface ChangeLine {
  field: string;
  /** null: there was no value. */
  from: string | null;
  /** null: there is no value any more. */
  to: string | null;
}

interface ChangeDescription {
  what: string;
  lines: ChangeLine[];
}

type Change = Pick<AuditRecord, 'action' | 'from' | 'to'>;
type Json = AuditRecord['from'];

export const CHANGE_KINDS = ['flow', 'limits', 'schedule', 'message', 'sessions', 'alarms', 'site', 'people'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

export function describeChange({ action, from, to }: Change, t: Strings, format: NumberFormat): ChangeDescription {
  const [before, after] = [flatten(from), flatten(to)];
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const lines = names.map((name) => ({
    field: t.field(name),
    from: formatValue(name, before.get(name), t, format),
    to: formatValue(name, after.get(name), t, format),
  }));
  return { what: t.auditAction(action), lines: lines.filter((line) => line.from !== line.to) };
}

/** One line, for a marker on the time axis or a conflict. */
export function summarizeChange(change: Change, t: Strings, format: NumberFormat): string {
  const { what, lines } = describeChange(change, t, format);
  const [first] = lines;
  if (first === undefined) return what;
  if (change.action === 'setFlow') return first.to ?? what;
  if (change.action === 'setMessage') {
    const own = lines.find(({ field }) => field === t.field(`text.${t.language}`)) ?? first;
    return `${what}: ${own.to ?? t.none}`;
  }
  const values = first.from === null ? (first.to ?? '') : `${first.from} → ${first.to ?? t.none}`;
  return `${t.changeSummary(what, first.field, values)}${lines.length > 1 ? ' …' : ''}`;
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
    case 'cancelOpening':
    case 'recommit':
      return 'schedule';
    case 'setMessage':
    case 'keepMessage':
    case 'dropMessage':
      return 'message';
    case 'revokeAll':
    case 'endSession':
    case 'givePass':
    case 'usePass':
      return 'sessions';
    case 'acknowledgeAlarm':
    case 'alarmDelivered':
    case 'alarmNotDelivered':
    case 'putAlarmTarget':
    case 'rotateAlarmTarget':
    case 'removeAlarmTarget':
      return 'alarms';
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

/** Values by name; the parts of a nested value by `name.part`. */
function flatten(value: Json, prefix = ''): Map<string, Json> {
  const found = new Map<string, Json>();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    if (prefix !== '' && value !== null) found.set(prefix, value);
    return found;
  }
  for (const [name, part] of Object.entries(value)) {
    // Settings go by their own names, without the group that holds them.
    const isGroup = name === 'policy' || name === 'schedule' || name === 'site' || name === 'settings';
    const path = isGroup ? '' : prefix === '' ? name : `${prefix}.${name}`;
    if (typeof part === 'object' && part !== null && !Array.isArray(part)) {
      for (const [inner, deep] of flatten(part, path)) found.set(inner, deep);
    } else if (part !== null) found.set(path === '' ? name : path, part);
  }
  return found;
}

/** A person's name, or what acted without one. */
export function actorName({ id, name }: AuditRecord['by'], t: Strings): string {
  return isMachine(id, t) ? (t.actors[id] ?? name) : name;
}

export function isMachine(id: string, t: Strings): boolean {
  return Object.hasOwn(t.actors, id);
}

function formatValue(name: string, value: Json | undefined, t: Strings, format: NumberFormat): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value ? t.yes : t.no;
  if (typeof value === 'number') {
    if (/Ms(?:Max)?$/.test(name)) return t.minutes(value / 60_000);
    if (name.endsWith('Minutes')) return t.minutes(value);
    return name === 'queueingStatusCode' || name === 'status' ? String(value) : formatCount(value);
  }
  if (isExemption(value)) return exemptionText(value);
  if (typeof value === 'string') {
    if (/^\d{4}-\d\d-\d\dT/.test(value)) return format.dateTime(Date.parse(value));
    return choiceLabel(name, value, t) ?? value;
  }
  if (!Array.isArray(value) || value.length === 0) return null;
  return value.map((part) => formatValue(name, part, t, format) ?? '').join(', ');
}

/** Values that are names of the API, by the labels of the screens; null: any other text. */
function choiceLabel(name: string, value: string, t: Strings): string | null {
  switch (name) {
    case 'flow':
      return value === 'running' || value === 'paused' || value === 'held' ? t.flowName(value) : null;
    case 'role':
      return value === 'viewer' || value === 'operator' || value === 'owner' ? t.roles[value] : null;
    case 'beacon.afterDeadline':
      return value === 'wait' || value === 'withoutBeacon' ? t.afterDeadline[value] : null;
    case 'alarm':
      return Object.hasOwn(t.alarmNames, value) ? t.alarmNames[value as Alarm['kind']] : null;
    case 'event':
      return value === 'raised' || value === 'cleared' ? t.alarmEvents[value] : null;
    case 'form':
      return value === 'standard' || value === 'slack' ? t.alarmTargets.forms[value].label : null;
    case 'severityMin':
      return SEVERITIES.some((one) => one === value) ? t.alarmTargets.severities[value as Severity] : null;
    case 'stage':
      return Object.hasOwn(t.healthStages, value) ? (t.healthStages[value] ?? null) : null;
    case 'cause.kind':
      return Object.hasOwn(t.healthCauses, value) ? (t.healthCauses[value] ?? null) : null;
    case 'health.mode':
      return Object.hasOwn(t.editor.healthModes, value)
        ? t.editor.healthModes[value as keyof typeof t.editor.healthModes].label
        : null;
    case 'outside':
      return value === 'refuse' || value === 'pass' ? t.editor.outsideChoices[value].label : null;
    case 'language':
    case 'languages':
      return value === 'ko' || value === 'en' ? t.editor.languageNames[value] : null;
    default:
      return null;
  }
}
