// The fields of a room's settings, the same for a room that is and one that is being made. Every policy that can be chosen
// stands there with what speaks for it and what against.

import type { Desk } from '../console-state.ts';
import { figuresOf, ownZone } from '../number-format.ts';
import { Field, typed } from '../parts/field.tsx';
import { momentOf } from '../zoned-time.ts';
import { type Faults, type Form, YES } from './forms.ts';

export interface FieldsProps {
  desk: Desk;
  form: Form;
  faults: Faults;
  isReadOnly: boolean;
  set(name: string, value: string): void;
}

export function SiteFields(props: FieldsProps) {
  const w = props.desk.words.editor;
  return (
    <>
      <div class="pair" key="titles">
        <Text {...props} name="titleKo" label={w.titleKo} lang="ko" />
        <Text {...props} name="titleEn" label={w.titleEn} lang="en" />
      </div>
      <div class="pair" key="places">
        <Lines {...props} name="hosts" label={w.hosts} note={`${w.hostsNote} ${w.perLine}`} />
        <Lines {...props} name="paths" label={w.paths} note={`${w.pathsNote} ${w.perLine}`} />
      </div>
      <div class="pair" key="exempt">
        <Lines {...props} name="exempt" label={w.exempt} note={`${w.exemptNote} ${w.perLine}`} />
        <Choice
          {...props}
          name="outside"
          label={w.outside}
          options={[
            { value: 'refuse', label: w.outsideRefuse, note: w.outsideRefuseNote },
            { value: 'pass', label: w.outsidePass, note: w.outsidePassNote },
          ]}
        />
      </div>
      <div class="pair" key="origin">
        <Text {...props} name="origin" label={w.origin} note={w.originNote} />
        <Text {...props} name="audience" label={w.audience} note={w.audienceNote} />
      </div>
      <div class="pair" key="zone">
        <Text {...props} name="timeZone" label={w.timeZone} note={w.timeZoneNote} list={zones()} />
        <Text {...props} name="expectedVisitors" label={w.expected} note={w.expectedNote} isNumber />
      </div>
      <Choice
        {...props}
        key="languages"
        name="languages"
        label={w.languages}
        note={w.languagesNote}
        options={Object.entries(w.languageOrders).map(([value, label]) => ({ value, label, note: '' }))}
      />
    </>
  );
}

export function PolicyFields(props: FieldsProps) {
  const w = props.desk.words.editor;
  return (
    <>
      <div class="pair" key="limits">
        <Text {...props} name="newUsersPerMinute" id="policy-rate" label={w.rate} note={w.rateNote} isNumber />
        <Text {...props} name="totalActiveUsers" id="policy-places" label={w.places} note={w.placesNote} isNumber />
      </div>
      <div class="pair" key="times">
        <Text {...props} name="sessionMinutes" label={w.session} note={w.sessionNote} isNumber />
        <Text {...props} name="claimWindowMinutes" label={w.claim} note={w.claimNote} isNumber />
      </div>
      <label class="check" key="renewal">
        <input
          type="checkbox"
          checked={props.form['sessionRenewal'] === YES}
          disabled={props.isReadOnly}
          aria-describedby="renewal-note"
          onInput={(event: Event) =>
            props.set('sessionRenewal', (event.currentTarget as HTMLInputElement).checked ? YES : '')
          }
        />
        <span>
          <b>{w.renewal}</b>
          <small id="renewal-note">{w.renewalNote}</small>
        </span>
      </label>
      <Choice
        {...props}
        key="status"
        name="queueingStatusCode"
        label={w.status}
        options={([200, 202, 429] as const).map((code) => ({
          value: String(code),
          label: String(code),
          note: w.statuses[code],
        }))}
      />
    </>
  );
}

export function ScheduleFields(props: FieldsProps & { timeZone: string }) {
  const w = props.desk.words.editor;
  return (
    <>
      <p class="note" key="zone">
        {w.inZone(props.timeZone)}
      </p>
      <div class="triple" key="times">
        <Time {...props} name="prequeueAt" label={w.prequeue} note={w.prequeueNote} />
        <Time {...props} name="opensAt" label={w.opens} note="" />
        <Time {...props} name="closesAt" label={w.closes} note={w.closesNote} />
      </div>
    </>
  );
}

interface OneProps extends FieldsProps {
  name: string;
  id?: string;
  label: string;
  note?: string;
}

type TextProps = OneProps & { isNumber?: boolean; lang?: string; list?: readonly string[] };

export function Text({
  name,
  id = name,
  label,
  note,
  form,
  faults,
  isReadOnly,
  set,
  isNumber = false,
  lang,
  list,
}: TextProps) {
  return (
    <Field id={id} label={label} note={note ?? null} fault={faults[name] ?? null} key={id}>
      {(described) => (
        <>
          <input
            {...described}
            {...(lang === undefined ? {} : { lang })}
            {...(list === undefined ? {} : { list: `${id}-list` })}
            {...(isNumber ? { inputmode: 'decimal' as const } : {})}
            autocomplete="off"
            spellcheck={false}
            readonly={isReadOnly}
            value={form[name] ?? ''}
            onInput={(event: Event) => set(name, typed(event))}
          />
          {list === undefined ? null : (
            <datalist id={`${id}-list`}>
              {list.map((value) => (
                <option value={value} key={value} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

function Lines({ name, label, note, form, faults, isReadOnly, set }: OneProps) {
  return (
    <Field id={name} label={label} note={note ?? null} fault={faults[name] ?? null} key={name}>
      {(described) => (
        <textarea
          {...described}
          rows={3}
          spellcheck={false}
          readonly={isReadOnly}
          value={form[name] ?? ''}
          onInput={(event: Event) => set(name, typed(event))}
        />
      )}
    </Field>
  );
}

interface ChoiceProps extends OneProps {
  options: { value: string; label: string; note: string }[];
}

function Choice({ name, label, note, form, faults, isReadOnly, set, options }: ChoiceProps) {
  const fault = faults[name];
  return (
    <fieldset
      class={options.every(({ note: why }) => why === '') ? 'roles short' : 'roles'}
      key={name}
      disabled={isReadOnly}
    >
      <legend>{label}</legend>
      {options.map(({ value, label: said, note: why }) => (
        <label key={value}>
          <input
            type="radio"
            name={name}
            value={value}
            checked={form[name] === value}
            onInput={() => set(name, value)}
          />
          <span>
            <b>{said}</b>
            {why === '' ? null : <small>{why}</small>}
          </span>
        </label>
      ))}
      {note === undefined ? null : (
        <p class="note" key="note">
          {note}
        </p>
      )}
      {fault === undefined ? null : (
        <p class="fault" key="fault">
          {fault}
        </p>
      )}
    </fieldset>
  );
}

function Time({ name, label, note, form, faults, isReadOnly, set, desk, timeZone }: OneProps & { timeZone: string }) {
  const wall = form[name] ?? '';
  return (
    <Field
      id={name}
      label={label}
      note={noteOfTime(desk, wall, timeZone) || note || null}
      fault={faults[name] ?? null}
      key={name}
    >
      {(described) => (
        <input
          {...described}
          type="datetime-local"
          step="1"
          readonly={isReadOnly}
          value={wall}
          onInput={(event: Event) => set(name, typed(event))}
        />
      )}
    </Field>
  );
}

/** The same moment here and in UTC, where those are other times than the room's. */
function noteOfTime(desk: Desk, wall: string, timeZone: string): string {
  if (wall === '') return '';
  const w = desk.words.editor;
  const found = momentOf(wall, timeZone);
  if (found.kind === 'skipped') return w.skipped;
  if (found.kind === 'unreadable') return '';
  const inZone = (zone: string) => figuresOf(desk.preferences.language, zone).whole(found.ms);
  const room = inZone(timeZone);
  const [here, utc] = [inZone(ownZone()), inZone('UTC')];
  const also = [here === room || here === utc ? '' : w.timeHere(here), utc === room ? '' : w.timeUtc(utc)];
  return [found.kind === 'twice' ? w.twice : '', ...also].filter((part) => part !== '').join(' · ');
}

function zones(): readonly string[] {
  // Browsers of before 2022 do not tell which zones they know; the field then takes any text.
  return typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
}
