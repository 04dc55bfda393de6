// A room's settings as the text in form fields, and back, checked with the contract's own schemas: what the form accepts the
// gateway accepts. And the merge of two operators' edits. Pure.

import * as z from 'zod';
import {
  BEACON_DEADLINE_SECONDS,
  beaconSchema,
  policySchema,
  roomId,
  scheduleSchema,
  siteFields,
} from '../../worker/contract/room-schema.ts';
import type { Policy, Schedule, Site } from '../actions.ts';
import { formatCount, parseCount } from '../number-format.ts';
import type { Strings } from '../strings-en.ts';
import { momentOf, wallTime } from '../zoned-time.ts';
import { exemptionText, parseExemption } from './exemptions.ts';

export type Form = Record<string, string>;
export type FieldErrors = Record<string, string>;
export type Parsed<V> = { kind: 'value'; value: V } | { kind: 'errors'; errors: FieldErrors };

/** A checked box. */
export const YES = 'yes';

/** How an opening is drawn: with public randomness or without. */
export const BEACON_CHOICES = ['with', 'without'] as const;

export function siteForm(site: Site): Form {
  return {
    titleKo: site.title.ko,
    titleEn: site.title.en,
    hosts: site.hosts.join('\n'),
    paths: site.paths.join('\n'),
    exempt: site.exempt.map(exemptionText).join('\n'),
    origin: site.origin,
    originHost: site.originHost,
    originAliases: site.originAliases.join('\n'),
    originTimeoutSeconds: formatCount(site.originTimeoutSeconds),
    audience: site.audience ?? '',
    timeZone: site.timeZone,
    outside: site.outside,
    languages: site.languages.join(','),
    expectedVisitors: site.expectedVisitors === null ? '' : formatCount(site.expectedVisitors),
    corsOrigins: site.corsOrigins.join('\n'),
    handOff: site.handOff.join('\n'),
  };
}

/** @param inForce fields that show it unchanged keep it, also what the form does not show of it */
export function parseSite(form: Form, strings: Strings, inForce: Site | null = null): Parsed<Site> {
  const t = strings.editor.fieldErrors;
  const text = (name: string) => (form[name] ?? '').trim();
  const titleError = (value: string) =>
    value === '' ? t.required : t.tooLong(siteFields.title.shape.ko.maxLength ?? 0);
  const check = checker();
  const timeout = siteFields.originTimeoutSeconds.unwrap();
  const audience = text('audience');
  const expected = text('expectedVisitors');
  const site = {
    title: {
      ko: check('titleKo', siteFields.title.shape.ko, text('titleKo'), titleError(text('titleKo'))),
      en: check('titleEn', siteFields.title.shape.en, text('titleEn'), titleError(text('titleEn'))),
    },
    hosts: check('hosts', siteFields.hosts, lines(text('hosts')), t.host),
    paths: check('paths', siteFields.paths, lines(text('paths')), t.path),
    exempt: check('exempt', siteFields.exempt, lines(text('exempt')).map(parseExemption), t.exemption),
    origin: check('origin', siteFields.origin, text('origin'), t.origin),
    originHost: check('originHost', siteFields.originHost, text('originHost'), t.originHost),
    originAliases: check('originAliases', siteFields.originAliases, lines(text('originAliases')), t.origin),
    originTimeoutSeconds: check(
      'originTimeoutSeconds',
      siteFields.originTimeoutSeconds,
      parseCount(text('originTimeoutSeconds')),
      t.between(timeout.minValue ?? 0, timeout.maxValue ?? 0),
    ),
    ...(audience === '' ? {} : { audience: check('audience', siteFields.audience, audience, t.tooLong(200)) ?? '' }),
    timeZone: check('timeZone', siteFields.timeZone, text('timeZone'), t.zone),
    outside: check('outside', siteFields.outside, text('outside'), t.required),
    languages: check('languages', siteFields.languages, text('languages').split(','), t.required),
    expectedVisitors: check(
      'expectedVisitors',
      siteFields.expectedVisitors,
      expected === '' ? null : parseCount(expected),
      t.number,
    ),
    corsOrigins: check('corsOrigins', siteFields.corsOrigins, lines(text('corsOrigins')), t.corsOrigin),
    handOff: check('handOff', siteFields.handOff, lines(text('handOff')), t.handOff),
  };
  if (inForce === null) return check.parsed(site);
  const shown = siteForm(inForce);
  const kept = withUnchanged(site, form, inForce, shown);
  const title = { ...kept.title };
  if (isSameText(form['titleKo'] ?? '', shown['titleKo'] ?? '')) title.ko = inForce.title.ko;
  if (isSameText(form['titleEn'] ?? '', shown['titleEn'] ?? '')) title.en = inForce.title.en;
  return check.parsed({ ...kept, title });
}

export function policyForm(policy: Policy): Form {
  return {
    newUsersPerMinute: formatCount(policy.newUsersPerMinute),
    totalActiveUsers: formatCount(policy.totalActiveUsers),
    sessionMinutes: formatCount(policy.sessionMinutes),
    sessionRenewal: policy.sessionRenewal ? YES : '',
    sessionTotalMinutes: formatCount(policy.sessionTotalMinutes),
    claimWindowMinutes: formatCount(policy.claimWindowMinutes),
    queueingStatusCode: String(policy.queueingStatusCode),
    ...partForm('stock', policy.stock),
    ...partForm('health', policy.health),
  };
}

/** By the names of the log: `health.slowFactor`. */
function partForm(part: string, values: Policy['health'] | Policy['stock']): Form {
  const entries = Object.entries(values).map(([name, value]) => [
    `${part}.${name}`,
    typeof value === 'number' ? formatCount(value) : (value ?? ''),
  ]);
  return Object.fromEntries(entries);
}

/** @param inForce fields that show it unchanged keep it, also digits that the form does not show */
export function parsePolicy(form: Form, strings: Strings, inForce: Policy | null = null): Parsed<Policy> {
  const t = strings.editor.fieldErrors;
  const { shape } = policySchema;
  const check = checker();
  const number = (name: keyof typeof POLICY_RANGES) => {
    const { minValue, maxValue } = POLICY_RANGES[name];
    return check(name, shape[name], parseCount(form[name] ?? ''), t.between(minValue ?? 0, maxValue ?? 0));
  };
  const sessionMinutes = number('sessionMinutes');
  const sessionTotalMinutes = number('sessionTotalMinutes');
  if (sessionTotalMinutes < sessionMinutes) check('sessionTotalMinutes', z.never(), null, t.total);
  const [stock, health] = [parseStock(form, check, t), parseHealth(form, check, t)];
  const policy = {
    newUsersPerMinute: number('newUsersPerMinute'),
    totalActiveUsers: number('totalActiveUsers'),
    sessionMinutes,
    sessionRenewal: form['sessionRenewal'] === YES,
    sessionTotalMinutes,
    claimWindowMinutes: number('claimWindowMinutes'),
    queueingStatusCode: check(
      'queueingStatusCode',
      shape.queueingStatusCode,
      Number(form['queueingStatusCode']),
      t.required,
    ),
    stock,
    health,
  };
  return check.parsed(inForce === null ? policy : withUnchanged(policy, form, inForce, policyForm(inForce)));
}

function parseStock(form: Form, check: Checker, t: Strings['editor']['fieldErrors']): Policy['stock'] {
  const { peoplePercent, freshSeconds } = policySchema.shape.stock.unwrap().shape;
  const text = (name: keyof Policy['stock']) => (form[`stock.${name}`] ?? '').trim();
  const number = (name: keyof Policy['stock'], schema: z.ZodNumber, value: unknown) =>
    check(`stock.${name}`, schema.nullable(), value, t.between(schema.minValue ?? 0, schema.maxValue ?? 0));
  const percent = text('peoplePercent');
  return {
    peoplePercent: number(
      'peoplePercent',
      peoplePercent.unwrap().unwrap(),
      percent === '' ? null : parseCount(percent),
    ),
    freshSeconds: number('freshSeconds', freshSeconds.unwrap(), parseCount(text('freshSeconds')) ?? Number.NaN) ?? 0,
  };
}

function parseHealth(form: Form, check: Checker, t: Strings['editor']['fieldErrors']): Policy['health'] {
  const shape = HEALTH;
  const text = (name: string) => (form[`health.${name}`] ?? '').trim();
  const number = (name: keyof typeof HEALTH_RANGES, isOptional = false) => {
    const { minValue, maxValue } = HEALTH_RANGES[name];
    const value = isOptional && text(name) === '' ? null : parseCount(text(name));
    return check(`health.${name}`, shape[name], value, t.between(minValue ?? 0, maxValue ?? 0));
  };
  return {
    mode: check('health.mode', shape.mode, text('mode'), t.required),
    errorPercentMax: number('errorPercentMax') ?? 0,
    slowFactor: number('slowFactor') ?? 0,
    slowMs: number('slowMs', true),
    rateFloor: number('rateFloor') ?? 0,
    peopleFloor: number('peopleFloor', true),
    probePath: check('health.probePath', shape.probePath, text('probePath'), t.probePath),
  };
}

const HEALTH = policySchema.shape.health.unwrap().shape;

const HEALTH_RANGES = {
  errorPercentMax: HEALTH.errorPercentMax.unwrap(),
  slowFactor: HEALTH.slowFactor.unwrap(),
  slowMs: HEALTH.slowMs.unwrap().unwrap(),
  rateFloor: HEALTH.rateFloor.unwrap(),
  peopleFloor: HEALTH.peopleFloor.unwrap().unwrap(),
};

const POLICY_RANGES = {
  newUsersPerMinute: policySchema.shape.newUsersPerMinute,
  totalActiveUsers: policySchema.shape.totalActiveUsers,
  sessionMinutes: policySchema.shape.sessionMinutes,
  sessionTotalMinutes: policySchema.shape.sessionTotalMinutes.unwrap(),
  claimWindowMinutes: policySchema.shape.claimWindowMinutes.unwrap(),
};

export function scheduleForm(schedule: Schedule, timeZone: string): Form {
  const wall = (text: string | null) => (text === null ? '' : wallTime(Date.parse(text), timeZone));
  return {
    prequeueAt: wall(schedule.prequeueAt),
    opensAt: wall(schedule.opensAt),
    closesAt: wall(schedule.closesAt),
    ...beaconForm(schedule.beacon),
  };
}

/** @param beacon the API's defaults stand in the fields of an opening without one */
function beaconForm(beacon: Schedule['beacon']): Form {
  const { deadlineSeconds, afterDeadline } = beacon ?? beaconSchema.parse({});
  return { beacon: beacon ? 'with' : 'without', deadlineSeconds: formatCount(deadlineSeconds), afterDeadline };
}

/** Of a new room, where nobody has chosen yet how it is drawn. */
export function newScheduleForm(): Form {
  return { prequeueAt: '', opensAt: '', closesAt: '', ...beaconForm(null), beacon: '' };
}

/** The opening in a form; null: none that can be read. */
export function openingMs(form: Form, timeZone: string, inForce: Schedule | null): number | null {
  const wall = form['opensAt'] ?? '';
  const unchanged = unchangedTime(wall, timeZone, inForce?.opensAt ?? null);
  if (unchanged !== null) return Date.parse(unchanged);
  const moment = momentOf(wall, timeZone);
  return moment.kind === 'moment' || moment.kind === 'twice' ? moment.ms : null;
}

/**
 * @param inForce fields that show it unchanged keep it: a form shows neither fractions of a second nor which of two hours it is
 * when clocks go back
 */
export function parseSchedule(
  form: Form,
  timeZone: string,
  strings: Strings,
  inForce: Schedule | null = null,
): Parsed<Schedule> {
  const t = strings.editor.fieldErrors;
  const errors: FieldErrors = {};
  const moment = (name: 'prequeueAt' | 'opensAt' | 'closesAt', isRequired: boolean): string | null => {
    const wall = form[name] ?? '';
    if (wall === '') {
      if (isRequired) errors[name] = t.required;
      return null;
    }
    const unchanged = unchangedTime(wall, timeZone, inForce?.[name] ?? null);
    if (unchanged !== null) return unchanged;
    const found = momentOf(wall, timeZone);
    if (found.kind === 'moment' || found.kind === 'twice') return found.text;
    errors[name] = found.kind === 'skipped' ? strings.editor.skipped : t.time;
    return null;
  };
  const schedule = {
    prequeueAt: moment('prequeueAt', false),
    opensAt: moment('opensAt', true) ?? '',
    closesAt: moment('closesAt', false),
    ...parseBeacon(form, strings, errors, inForce),
  };
  if (Object.keys(errors).length > 0) return { kind: 'errors', errors };
  const parsed = scheduleSchema.safeParse(schedule);
  if (parsed.success) return { kind: 'value', value: parsed.data };
  for (const { path } of parsed.error.issues) {
    const [name] = path;
    if (name === 'prequeueAt') errors[name] = t.before;
    else if (name === 'closesAt') errors[name] = t.after;
    else errors['opensAt'] = t.time;
  }
  return { kind: 'errors', errors };
}

/** Adds to `errors`. @returns what is in force where the form shows it unchanged, also where that is nothing */
function parseBeacon(
  form: Form,
  strings: Strings,
  errors: FieldErrors,
  inForce: Schedule | null,
): Pick<Schedule, 'beacon'> {
  const t = strings.editor.fieldErrors;
  if (inForce !== null && isSameForm(beaconForm(inForce.beacon), form)) {
    return inForce.beacon === undefined ? {} : { beacon: inForce.beacon };
  }
  if (form['beacon'] === 'without') return { beacon: null };
  if (form['beacon'] !== 'with') {
    errors['beacon'] = t.required;
    return {};
  }
  const { min, max } = BEACON_DEADLINE_SECONDS;
  const deadlineSeconds = parseCount(form['deadlineSeconds'] ?? '');
  const parsed = beaconSchema.safeParse({ deadlineSeconds, afterDeadline: form['afterDeadline'] });
  if (parsed.success) return { beacon: parsed.data };
  for (const { path } of parsed.error.issues) {
    if (path[0] === 'deadlineSeconds') errors['deadlineSeconds'] = t.between(min, max);
    else errors['afterDeadline'] = t.required;
  }
  return {};
}

/** @returns the time in force, where a field still shows it; null: it was changed */
export function unchangedTime(wall: string, timeZone: string, inForce: string | null): string | null {
  if (inForce === null) return null;
  const shown = wallTime(Date.parse(inForce), timeZone);
  // Browsers leave out seconds that are zero.
  return wall === shown || `${wall}:00` === shown ? inForce : null;
}

export function idErrors(id: string, strings: Strings): FieldErrors {
  return roomId.safeParse(id).success ? {} : { id: strings.editor.fieldErrors.id };
}

/**
 * The edits of two operators together: a field that only one of them changed takes that change. Where both changed a field
 * differently, `merged` has mine and `conflicts` names it.
 */
export function mergeForms(base: Form, mine: Form, theirs: Form): { merged: Form; conflicts: string[] } {
  const merged: Form = {};
  const conflicts: string[] = [];
  for (const name of Object.keys(mine)) {
    const [was, own, other] = [base[name] ?? '', mine[name] ?? '', theirs[name] ?? ''];
    const isMine = !isSameText(own, was);
    merged[name] = isMine ? own : other;
    if (isMine && !isSameText(other, was) && !isSameText(own, other)) conflicts.push(name);
  }
  return { merged, conflicts };
}

export function isSameForm(one: Form, other: Form): boolean {
  return Object.keys(one).every((name) => isSameText(one[name] ?? '', other[name] ?? ''));
}

/** `2000` and `2,000` are the same number. */
function isSameText(one: string, other: string): boolean {
  return one === other || parseCount(one) === parseCount(other);
}

/** What was parsed, with the values in force in the fields that show them unchanged. */
function withUnchanged<V extends object>(parsed: V, form: Form, inForce: V, shown: Form): V {
  const unchanged = Object.entries(inForce).filter(
    ([name]) => name in shown && isSameText(form[name] ?? '', shown[name] ?? ''),
  );
  return { ...parsed, ...Object.fromEntries(unchanged) };
}

interface Checker {
  <S extends z.ZodType>(name: string, schema: S, value: unknown, error: string): z.output<S>;
  parsed<V>(value: V): Parsed<V>;
}

/** Collects errors; `parsed` returns the value only where there are none. */
function checker(): Checker {
  const errors: FieldErrors = {};
  const check = <S extends z.ZodType>(name: string, schema: S, value: unknown, error: string): z.output<S> => {
    const result = schema.safeParse(value);
    if (!result.success) errors[name] = error;
    return result.data as z.output<S>;
  };
  return Object.assign(check, {
    parsed: <V>(value: V): Parsed<V> =>
      Object.keys(errors).length > 0 ? { kind: 'errors', errors } : { kind: 'value', value },
  });
}

function lines(text: string): string[] {
  return text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
