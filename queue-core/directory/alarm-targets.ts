// Where alarms are told, as owners choose it. The log names a target and its host: the rest of an address may be a secret.

import { type Json, json } from '../audit.ts';
import { ALARM_TARGETS_MAX, FORMER_SECRET_MS } from '../limits.ts';
import type { StepContext } from '../machine.ts';
import type { AlarmTarget, DirectoryChange, DirectoryDocument, DirectoryReply } from './directory-document.ts';
import type { DirectoryDone } from './directory-rooms.ts';

type Wanted<K extends DirectoryChange['kind']> = Extract<DirectoryChange, { kind: K }>;

/** Adds a target, or changes one; its secret stays. */
export function putAlarmTarget(
  directory: DirectoryDocument,
  { isNew, target: { url, secret, ...told } }: Wanted<'putAlarmTarget'>,
): DirectoryDone | DirectoryReply {
  const { alarmTargets: targets, version } = directory;
  const known = targets.find(({ id }) => id === told.id);
  if (isNew) {
    if (known !== undefined) return { kind: 'refused', reason: 'exists' };
    if (targets.length >= ALARM_TARGETS_MAX) return { kind: 'refused', reason: 'full' };
    if (url === null || secret === null) return { kind: 'refused', reason: 'unknownTarget' };
    const added = { ...told, url, secret, formerSecret: null };
    directory.alarmTargets = [...targets, added];
    return { version, from: null, to: recorded(added) };
  }
  if (known === undefined) return { kind: 'refused', reason: 'unknownTarget' };
  const changed = { ...known, ...told, url: url ?? known.url };
  if (JSON.stringify(changed) === JSON.stringify(known)) return { kind: 'unchanged', version };
  replace(directory, changed);
  return { version, from: recorded(known), to: recorded(changed) };
}

/** Another secret; the former one counts for a while, so that the receiver can change at its leisure. */
export function rotateAlarmTarget(
  directory: DirectoryDocument,
  { target: id, secret }: Wanted<'rotateAlarmTarget'>,
  { now }: Pick<StepContext, 'now'>,
): DirectoryDone | DirectoryReply {
  const known = directory.alarmTargets.find((one) => one.id === id);
  if (known === undefined) return { kind: 'refused', reason: 'unknownTarget' };
  replace(directory, { ...known, secret, formerSecret: { sealed: known.secret, until: now + FORMER_SECRET_MS } });
  return { version: directory.version, from: null, to: { id, name: known.name } };
}

export function removeAlarmTarget(
  directory: DirectoryDocument,
  { target: id }: Wanted<'removeAlarmTarget'>,
): DirectoryDone | DirectoryReply {
  const known = directory.alarmTargets.find((one) => one.id === id);
  if (known === undefined) return { kind: 'refused', reason: 'unknownTarget' };
  directory.alarmTargets = directory.alarmTargets.filter((one) => one.id !== id);
  return { version: directory.version, from: recorded(known), to: null };
}

function replace(directory: DirectoryDocument, changed: AlarmTarget): void {
  directory.alarmTargets = directory.alarmTargets.map((one) => (one.id === changed.id ? changed : one));
}

function recorded({ secret: _, formerSecret: __, url, ...told }: AlarmTarget): Json {
  return json({ ...told, host: hostOf(url) });
}

/** Scheme, host and port of an address; the core has no URL. */
function hostOf(url: string): string {
  return /^https?:\/\/[^/?#]*/.exec(url)?.[0] ?? '';
}
