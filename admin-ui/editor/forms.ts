// A room's settings as the text that stands in fields, and back: checked with the contract's own schemas, so that what the
// form takes the gateway takes too. And what becomes of two people's typing at the same time. Pure.

import type * as z from 'zod';
import { policySchema, roomId, scheduleSchema, siteFields } from '../../worker/contract/room-schema.ts';
import type { Policy, Schedule, Site } from '../actions.ts';
import type { Words } from '../strings.ts';
import { momentOf, wallTime } from '../zoned-time.ts';

export type Form = Record<string, string>;
export type Faults = Record<string, string>;
export type Read<V> = { kind: 'value'; value: V } | { kind: 'faults'; faults: Faults };

export const YES = 'yes';

export function siteForm(site: Site): Form {
  return {
    titleKo: site.title.ko,
    titleEn: site.title.en,
    hosts: site.hosts.join('\n'),
    paths: site.paths.join('\n'),
    exempt: site.exempt.join('\n'),
    origin: site.origin,
    audience: site.audience ?? '',
    timeZone: site.timeZone,
    outside: site.outside,
    languages: site.languages.join(','),
    expectedVisitors: site.expectedVisitors === null ? '' : String(site.expectedVisitors),
  };
}

export function readSite(form: Form, words: Words): Read<Site> {
  const w = words.editor.fields;
  const text = (name: string) => (form[name] ?? '').trim();
  const title = (value: string) => (value === '' ? w.required : w.tooLong(siteFields.title.shape.ko.maxLength ?? 0));
  const check = checker();
  const audience = text('audience');
  const expected = text('expectedVisitors');
  const site = {
    title: {
      ko: check('titleKo', siteFields.title.shape.ko, text('titleKo'), title(text('titleKo'))),
      en: check('titleEn', siteFields.title.shape.en, text('titleEn'), title(text('titleEn'))),
    },
    hosts: check('hosts', siteFields.hosts, lines(text('hosts')), w.host),
    paths: check('paths', siteFields.paths, lines(text('paths')), w.path),
    exempt: check('exempt', siteFields.exempt, lines(text('exempt')), w.path),
    origin: check('origin', siteFields.origin, text('origin'), w.origin),
    ...(audience === '' ? {} : { audience: check('audience', siteFields.audience, audience, w.tooLong(200)) ?? '' }),
    timeZone: check('timeZone', siteFields.timeZone, text('timeZone'), w.zone),
    outside: check('outside', siteFields.outside, text('outside'), w.required),
    languages: check('languages', siteFields.languages, text('languages').split(','), w.required),
    expectedVisitors: check(
      'expectedVisitors',
      siteFields.expectedVisitors,
      expected === '' ? null : whole(expected),
      w.number,
    ),
  };
  return check.done(site);
}

export function policyForm(policy: Policy): Form {
  return {
    newUsersPerMinute: String(policy.newUsersPerMinute),
    totalActiveUsers: String(policy.totalActiveUsers),
    sessionMinutes: String(policy.sessionMinutes),
    sessionRenewal: policy.sessionRenewal ? YES : '',
    claimWindowMinutes: String(policy.claimWindowMinutes),
    queueingStatusCode: String(policy.queueingStatusCode),
  };
}

export function readPolicy(form: Form, words: Words): Read<Policy> {
  const w = words.editor.fields;
  const { shape } = policySchema;
  const check = checker();
  const number = (name: keyof typeof POLICY_ENDS) =>
    check(name, shape[name], whole(form[name] ?? ''), w.between(POLICY_ENDS[name].min, POLICY_ENDS[name].max));
  return check.done({
    newUsersPerMinute: number('newUsersPerMinute'),
    totalActiveUsers: number('totalActiveUsers'),
    sessionMinutes: number('sessionMinutes'),
    sessionRenewal: form['sessionRenewal'] === YES,
    claimWindowMinutes: number('claimWindowMinutes'),
    queueingStatusCode: check(
      'queueingStatusCode',
      shape.queueingStatusCode,
      whole(form['queueingStatusCode'] ?? ''),
      w.required,
    ),
  });
}

const POLICY_ENDS = {
  newUsersPerMinute: endsOf(policySchema.shape.newUsersPerMinute),
  totalActiveUsers: endsOf(policySchema.shape.totalActiveUsers),
  sessionMinutes: endsOf(policySchema.shape.sessionMinutes),
  claimWindowMinutes: endsOf(policySchema.shape.claimWindowMinutes.unwrap()),
};

function endsOf({ minValue, maxValue }: { minValue: number | null; maxValue: number | null }) {
  const said = (value: number | null) => (value ?? 0).toLocaleString('en');
  return { min: said(minValue), max: said(maxValue) };
}

export function scheduleForm(schedule: Schedule, timeZone: string): Form {
  const wall = (text: string | null) => (text === null ? '' : wallTime(Date.parse(text), timeZone));
  return { prequeueAt: wall(schedule.prequeueAt), opensAt: wall(schedule.opensAt), closesAt: wall(schedule.closesAt) };
}

export function readSchedule(form: Form, timeZone: string, words: Words): Read<Schedule> {
  const w = words.editor.fields;
  const faults: Faults = {};
  const moment = (name: 'prequeueAt' | 'opensAt' | 'closesAt', isNeeded: boolean): string | null => {
    const wall = form[name] ?? '';
    if (wall === '') {
      if (isNeeded) faults[name] = w.required;
      return null;
    }
    const found = momentOf(wall, timeZone);
    if (found.kind === 'moment' || found.kind === 'twice') return found.text;
    faults[name] = found.kind === 'skipped' ? words.editor.skipped : w.time;
    return null;
  };
  const schedule = {
    prequeueAt: moment('prequeueAt', false),
    opensAt: moment('opensAt', true) ?? '',
    closesAt: moment('closesAt', false),
  };
  if (Object.keys(faults).length > 0) return { kind: 'faults', faults };
  const read = scheduleSchema.safeParse(schedule);
  if (read.success) return { kind: 'value', value: read.data };
  for (const { path } of read.error.issues) {
    const [name] = path;
    if (name === 'prequeueAt') faults[name] = w.before;
    else if (name === 'closesAt') faults[name] = w.after;
    else faults['opensAt'] = w.time;
  }
  return { kind: 'faults', faults };
}

export function readId(id: string, words: Words): Faults {
  return roomId.safeParse(id).success ? {} : { id: words.editor.fields.id };
}

/**
 * What two people typed, put together: whatever only one of them changed is theirs; where both changed the same field
 * differently, `merged` has mine and `conflicts` names it.
 */
export function mergeForms(base: Form, mine: Form, theirs: Form): { merged: Form; conflicts: string[] } {
  const merged: Form = {};
  const conflicts: string[] = [];
  for (const name of Object.keys(mine)) {
    const [was, own, other] = [base[name] ?? '', mine[name] ?? '', theirs[name] ?? ''];
    merged[name] = own === was ? other : own;
    if (own !== was && other !== was && own !== other) conflicts.push(name);
  }
  return { merged, conflicts };
}

export function isSameForm(one: Form, other: Form): boolean {
  return Object.keys(one).every((name) => one[name] === other[name]);
}

interface Checker {
  <S extends z.ZodType>(name: string, schema: S, value: unknown, fault: string): z.output<S>;
  done<V>(value: V): Read<V>;
}

/** Collects faults; a value that is faulty is never handed out. */
function checker(): Checker {
  const faults: Faults = {};
  const check = <S extends z.ZodType>(name: string, schema: S, value: unknown, fault: string): z.output<S> => {
    const read = schema.safeParse(value);
    if (!read.success) faults[name] = fault;
    return read.data as z.output<S>;
  };
  return Object.assign(check, {
    done: <V>(value: V): Read<V> =>
      Object.keys(faults).length > 0 ? { kind: 'faults', faults } : { kind: 'value', value },
  });
}

function lines(text: string): string[] {
  return text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function whole(text: string): number {
  const plain = text.replaceAll(/[,\s]/g, '');
  return /^\d+(?:\.\d+)?$/.test(plain) ? Number(plain) : Number.NaN;
}
