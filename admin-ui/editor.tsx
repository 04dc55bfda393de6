// A room's settings as forms: schedule in the room's time zone, policy with its pros and cons, what is protected. What
// somebody else changed meanwhile is said, and nothing that was typed is lost.

import { useState } from 'hono/jsx/dom';
import { PREVIEW_KINDS, type Problem, type Role, type RoomDetail } from '../worker/contract/operators.ts';
import { type AnswerTo, call, type Outcome, problemName } from './client.ts';
import { useEffect } from './effect.ts';
import { isOpenState } from './figures.ts';
import { HoldButton } from './hold-button.tsx';
import { fieldFromMoment, momentFromField, timeOfDay } from './look.ts';
import { Preview } from './steering.tsx';
import type { Words } from './words-en.ts';

type Changed = AnswerTo<'setPolicy'>;
type Fields = FormData;

const lines = (text: FormDataEntryValue | null) =>
  String(text ?? '')
    .split(/[\s,]+/)
    .filter((line) => line !== '');

function siteFrom(form: Fields) {
  const expected = String(form.get('expectedVisitors') ?? '');
  const audience = String(form.get('audience') ?? '');
  return {
    title: { ko: String(form.get('titleKo')), en: String(form.get('titleEn')) },
    hosts: lines(form.get('hosts')),
    paths: lines(form.get('paths')),
    exempt: lines(form.get('exempt')),
    origin: String(form.get('origin')),
    ...(audience === '' ? {} : { audience }),
    timeZone: String(form.get('timeZone')),
    outside: form.get('outside') === 'pass' ? ('pass' as const) : ('refuse' as const),
    languages: String(form.get('languages')).split(' ') as ('ko' | 'en')[],
    expectedVisitors: expected === '' ? null : Number(expected),
  };
}

function policyFrom(form: Fields) {
  return {
    newUsersPerMinute: Number(form.get('newUsersPerMinute')),
    totalActiveUsers: Number(form.get('totalActiveUsers')),
    sessionMinutes: Number(form.get('sessionMinutes')),
    claimWindowMinutes: Number(form.get('claimWindowMinutes')),
    sessionRenewal: form.get('sessionRenewal') === 'on',
    queueingStatusCode: Number(form.get('queueingStatusCode')) as 200 | 202 | 429,
  };
}

function scheduleFrom(form: Fields, timeZone: string) {
  const moment = (name: string) => momentFromField(String(form.get(name) ?? ''), timeZone);
  return { prequeueAt: moment('prequeueAt'), opensAt: moment('opensAt') ?? '', closesAt: moment('closesAt') };
}

export function Editor({ words, room, role }: { words: Words; room: string; role: Role }) {
  const [detail, setDetail] = useState<RoomDetail | null>(null);
  const [said, setSaid] = useState('');
  const [errors, setErrors] = useState<NonNullable<Problem['errors']>>([]);
  const [conflict, setConflict] = useState<((etag: string) => Promise<void>) | null>(null);
  const [kind, setKind] = useState<string>('waiting');
  const [edition, setEdition] = useState(0);
  const at = { room };

  const read = async (fresh: boolean) => {
    const outcome = await call('room', { at });
    if (outcome.kind !== 'answer') return setSaid(words.unreachable);
    setDetail(outcome.answer);
    if (fresh) setEdition((before: number) => before + 1);
    return outcome.answer;
  };
  useEffect(() => {
    read(true);
  }, [room]);

  /** Sends a change; in a conflict keeps it, to be sent again on the newest version if its maker wants that. */
  const send = async (change: (ifMatch: string) => Promise<Outcome<Changed>>, etag: string): Promise<void> => {
    setErrors([]);
    const outcome = await change(etag);
    if (outcome.kind === 'unreachable') return setSaid(words.unreachable);
    if (outcome.kind === 'problem') {
      setErrors(outcome.problem.errors ?? []);
      if (problemName(outcome.problem) === 'changed-meanwhile') {
        setSaid(words.edit.conflict);
        setConflict(() => (newest: string) => send(change, newest));
        return;
      }
      return setSaid(words.problem(outcome.problem.title, outcome.problem.detail));
    }
    setConflict(null);
    const { inForceBy } = outcome.answer;
    setSaid(inForceBy === null ? words.edit.unchanged : words.edit.saved(timeOfDay(words, inForceBy)));
    await read(false);
  };
  const onForm = (change: (form: Fields, ifMatch: string) => Promise<Outcome<Changed>>) => (event: Event) => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    if (detail !== null) send((ifMatch) => change(form, ifMatch), detail.etag);
  };
  const overMine = async () => {
    const newest = await read(false);
    if (newest !== undefined) conflict?.(newest.etag);
  };
  const takeTheirs = () => {
    setConflict(null);
    setSaid('');
    read(true);
  };

  if (detail === null) return <main class="page">{said === '' ? words.loading : said}</main>;
  const operates = role !== 'viewer';
  const owns = role === 'owner';
  const zone = detail.site.timeZone ?? 'UTC';
  const upload = async (event: Event) => {
    const file = (event.target as HTMLInputElement).files?.[0];
    if (file === undefined) return;
    const html = await file.text();
    send((ifMatch) => call('setTemplate', { at, body: html, ifMatch }), detail.etag);
  };

  return (
    <main class="page editor">
      <h1>
        {detail.site.title[words.lang]} <span class="soft">{words.edit.title}</span>
      </h1>
      <p>
        <a href={`#/room/${room}`}>{words.edit.back}</a>
      </p>
      <div class="said" role="alert">
        {said}
        {errors.length > 0 && (
          <ul>
            {errors.map(({ field, detail: what }) => (
              <li>
                <b>{field}</b> {what}
              </li>
            ))}
          </ul>
        )}
        {conflict !== null && (
          <p class="row">
            <button type="button" onClick={takeTheirs}>
              {words.edit.theirs}
            </button>
            <button type="button" onClick={overMine}>
              {words.edit.mine}
            </button>
          </p>
        )}
      </div>

      <form
        key={`schedule ${edition}`}
        class="card fields"
        onSubmit={onForm((form, ifMatch) => call('setSchedule', { at, ifMatch, body: scheduleFrom(form, zone) }))}
      >
        <h2>{words.edit.schedule}</h2>
        <ScheduleFields words={words} schedule={detail.schedule} zone={zone} disabled={!operates} />
        {(isOpenState(detail) || detail.state === 'closed') && <p class="note warn">{words.edit.newOpening}</p>}
        <Save words={words} allowed={operates} needs="operator" />
      </form>

      <form
        key={`policy ${edition}`}
        class="card fields"
        onSubmit={onForm((form, ifMatch) => call('setPolicy', { at, ifMatch, body: policyFrom(form) }))}
      >
        <h2>{words.edit.policy}</h2>
        <PolicyFields words={words} policy={detail.policy} disabled={!operates} />
        <Save words={words} allowed={operates} needs="operator" />
      </form>

      <form
        key={`site ${edition}`}
        class="card fields"
        onSubmit={onForm((form, ifMatch) => call('setSite', { at, ifMatch, body: siteFrom(form) }))}
      >
        <h2>{words.edit.site}</h2>
        <SiteFields words={words} site={detail.site} disabled={!owns} />
        <Save words={words} allowed={owns} needs="owner" />
      </form>

      <section class="card fields">
        <h2>{words.edit.preview}</h2>
        <label>
          {words.edit.preview}
          <select value={kind} onChange={(event: Event) => setKind((event.target as HTMLSelectElement).value)}>
            {PREVIEW_KINDS.map((one) => (
              <option value={one}>{one}</option>
            ))}
          </select>
        </label>
        <Preview words={words} room={room} kind={kind} />
        <h2>{words.edit.template}</h2>
        <p>{detail.hasTemplate ? words.edit.templateSet : words.edit.templateNone}</p>
        <label>
          {words.edit.upload}
          <input type="file" accept="text/html,.html,.mustache" disabled={!owns} onChange={upload} />
        </label>
        {detail.hasTemplate && (
          <button
            type="button"
            disabled={!owns}
            onClick={() => send((ifMatch) => call('removeTemplate', { at, ifMatch }), detail.etag)}
          >
            {words.edit.remove}
          </button>
        )}
        <HoldButton
          words={words}
          label={words.edit.archive}
          note={words.edit.archiveNote}
          disabled={!owns || detail.state !== 'closed' || detail.archivedAt !== null}
          why={owns ? undefined : words.edit.forbidden(words.roles.owner)}
          act={() => send((ifMatch) => call('archiveRoom', { at, ifMatch }), detail.etag)}
        />
      </section>
    </main>
  );
}

/** A new room, with everything that it needs on one form. */
export function NewRoom({ words }: { words: Words }) {
  const [said, setSaid] = useState('');
  const [errors, setErrors] = useState<NonNullable<Problem['errors']>>([]);
  const create = async (event: Event) => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const id = String(form.get('id'));
    const site = siteFrom(form);
    const body = { id, site, policy: policyFrom(form), schedule: scheduleFrom(form, site.timeZone) };
    const outcome = await call('createRoom', { body });
    if (outcome.kind === 'answer') {
      location.hash = `#/room/${id}`;
      return;
    }
    setErrors(outcome.kind === 'problem' ? (outcome.problem.errors ?? []) : []);
    setSaid(
      outcome.kind === 'problem' ? words.problem(outcome.problem.title, outcome.problem.detail) : words.unreachable,
    );
  };
  // Kept, so that what is typed is not put back each time something is said.
  const [soon] = useState(() => new Date(Date.now() + 24 * 3_600_000).toISOString());
  return (
    <main class="page editor">
      <h1>{words.newRoom}</h1>
      <div class="said" role="alert">
        {said}
        <ul>
          {errors.map(({ field, detail }) => (
            <li>
              <b>{field}</b> {detail}
            </li>
          ))}
        </ul>
      </div>
      <form class="card fields" onSubmit={create}>
        <label>
          {words.edit.id}
          <input name="id" required pattern="[a-z0-9]([a-z0-9\-]{0,38}[a-z0-9])?" />
        </label>
        <h2>{words.edit.schedule}</h2>
        <ScheduleFields
          words={words}
          schedule={{ prequeueAt: null, opensAt: soon, closesAt: null }}
          zone="Asia/Seoul"
          disabled={false}
        />
        <h2>{words.edit.policy}</h2>
        <PolicyFields words={words} policy={null} disabled={false} />
        <h2>{words.edit.site}</h2>
        <SiteFields words={words} site={null} disabled={false} />
        <button type="submit" class="primary">
          {words.edit.create}
        </button>
      </form>
    </main>
  );
}

function Save({ words, allowed, needs }: { words: Words; allowed: boolean; needs: Role }) {
  return (
    <p class="row">
      <button type="submit" class="primary" disabled={!allowed}>
        {words.edit.save}
      </button>
      {!allowed && <span class="note">{words.edit.forbidden(words.roles[needs])}</span>}
    </p>
  );
}

function ScheduleFields(props: { words: Words; schedule: RoomDetail['schedule']; zone: string; disabled: boolean }) {
  const { words, schedule, zone, disabled } = props;
  const field = (name: 'prequeueAt' | 'opensAt' | 'closesAt') => (
    <label>
      {words.edit[name]}
      <input
        type="datetime-local"
        step="1"
        name={name}
        required={name === 'opensAt'}
        disabled={disabled}
        value={fieldFromMoment(schedule[name] ?? null, zone)}
      />
    </label>
  );
  return (
    <>
      <p class="note">
        {words.edit.zone(zone)} {words.edit.optional}
      </p>
      {field('prequeueAt')}
      {field('opensAt')}
      {field('closesAt')}
    </>
  );
}

function PolicyFields(props: { words: Words; policy: RoomDetail['policy'] | null; disabled: boolean }) {
  const { words, policy, disabled } = props;
  const field = (label: string, name: string, value: number, min: number, max: number) => (
    <label>
      {label}
      <input type="number" step="any" name={name} min={min} max={max} required disabled={disabled} value={value} />
    </label>
  );
  return (
    <>
      {field(words.limits.rate, 'newUsersPerMinute', policy?.newUsersPerMinute ?? 600, 1, 1_000_000)}
      {field(words.limits.places, 'totalActiveUsers', policy?.totalActiveUsers ?? 3_000, 1, 10_000_000)}
      {field(words.limits.session, 'sessionMinutes', policy?.sessionMinutes ?? 10, 1, 30)}
      {field(words.edit.claim, 'claimWindowMinutes', policy?.claimWindowMinutes ?? 5, 0.5, 30)}
      <label class="check">
        <input type="checkbox" name="sessionRenewal" disabled={disabled} checked={policy?.sessionRenewal ?? true} />
        {words.edit.renewal}
      </label>
      <p class="note">
        {words.edit.renewalPro} {words.edit.renewalCon}
      </p>
      <label>
        {words.edit.status}
        <select name="queueingStatusCode" disabled={disabled}>
          {[200, 202, 429].map((code) => (
            <option value={code} selected={code === (policy?.queueingStatusCode ?? 200)}>
              {code}
            </option>
          ))}
        </select>
      </label>
      <p class="note">
        {words.edit.statusPro} {words.edit.statusCon}
      </p>
    </>
  );
}

function SiteFields({ words, site, disabled }: { words: Words; site: RoomDetail['site'] | null; disabled: boolean }) {
  const text = (label: string, name: string, value: string, required = true) => (
    <label>
      {label}
      <input name={name} value={value} required={required} disabled={disabled} />
    </label>
  );
  const area = (label: string, name: string, values: string[], required: boolean) => (
    <label>
      {label}
      <textarea name={name} rows={3} required={required} disabled={disabled} value={values.join('\n')} />
    </label>
  );
  const languages = (site?.languages ?? ['ko', 'en']).join(' ');
  return (
    <>
      {text(words.edit.titleKo, 'titleKo', site?.title.ko ?? '')}
      {text(words.edit.titleEn, 'titleEn', site?.title.en ?? '')}
      {area(words.edit.hosts, 'hosts', site?.hosts ?? [], true)}
      {area(words.edit.paths, 'paths', site?.paths ?? ['/'], true)}
      {area(words.edit.exempt, 'exempt', site?.exempt ?? [], false)}
      {text(words.edit.origin, 'origin', site?.origin ?? '')}
      <input type="hidden" name="audience" value={site?.audience ?? ''} />
      {text(words.edit.timeZone, 'timeZone', site?.timeZone ?? 'Asia/Seoul')}
      <label>
        {words.edit.languages}
        <select name="languages" disabled={disabled}>
          {['ko en', 'en ko', 'ko', 'en'].map((one) => (
            <option value={one} selected={one === languages}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <label>
        {words.edit.outside}
        <select name="outside" disabled={disabled}>
          <option value="refuse" selected={site?.outside !== 'pass'}>
            {words.edit.refuse}
          </option>
          <option value="pass" selected={site?.outside === 'pass'}>
            {words.edit.pass}
          </option>
        </select>
      </label>
      <label>
        {words.edit.expectedVisitors}
        <input type="number" name="expectedVisitors" min="1" disabled={disabled} value={site?.expectedVisitors ?? ''} />
      </label>
    </>
  );
}
