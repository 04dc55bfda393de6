// The inputs of the settings forms: text, lines, choice and time. Each belongs to one value of the form, by its name.

import type { ConsoleState } from '../console-state.ts';
import { numberFormat, ownZone } from '../number-format.ts';
import { Field, inputValue } from '../parts/field.tsx';
import { Note } from '../parts/note.tsx';
import { momentOf } from '../zoned-time.ts';
import { type FieldErrors, type Form, unchangedTime } from './forms.ts';

export interface FormProps {
  state: ConsoleState;
  form: Form;
  errors: FieldErrors;
  isReadOnly: boolean;
  set(name: string, value: string): void;
}

/** Ids of fields that are not their names, because the dashboard has fields of that name. */
export const FIELD_IDS = {
  id: 'room-id',
  newUsersPerMinute: 'policy-rate',
  totalActiveUsers: 'policy-places',
} as const;

interface InputProps extends FormProps {
  name: string;
  /** By default the name. */
  id?: string;
  /** By default what the log calls the value. */
  label?: string;
  note?: string;
}

type TextProps = InputProps & { isNumber?: boolean; lang?: string; suggestions?: readonly string[] };

export function TextInput(props: TextProps) {
  const { state, name, id = name, label = state.strings.field(name), note, form, errors, isReadOnly, set } = props;
  const { isNumber = false, lang, suggestions } = props;
  return (
    <Field id={id} label={label} note={note ?? null} error={errors[name] ?? null} key={id}>
      {(attributes) => (
        <>
          <input
            {...attributes}
            {...(lang === undefined ? {} : { lang })}
            {...(suggestions === undefined ? {} : { list: `${id}-list` })}
            {...(isNumber ? { inputmode: 'decimal' as const } : {})}
            autocomplete="off"
            spellcheck={false}
            readonly={isReadOnly}
            value={form[name] ?? ''}
            onInput={(event: Event) => set(name, inputValue(event))}
          />
          {suggestions === undefined ? null : (
            <datalist id={`${id}-list`}>
              {suggestions.map((value) => (
                <option value={value} key={value} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

/** Several values, one per line. */
export function LinesInput({ state, name, note = '', form, errors, isReadOnly, set }: InputProps) {
  return (
    <Field
      id={name}
      label={state.strings.field(name)}
      note={`${note} ${state.strings.editor.perLine}`}
      error={errors[name] ?? null}
      key={name}
    >
      {(attributes) => (
        <textarea
          {...attributes}
          rows={3}
          spellcheck={false}
          readonly={isReadOnly}
          value={form[name] ?? ''}
          onInput={(event: Event) => set(name, inputValue(event))}
        />
      )}
    </Field>
  );
}

interface ChoiceProps extends InputProps {
  options: { value: string; label: string; note?: string }[];
}

export function ChoiceInput({ name, label, note, form, errors, isReadOnly, set, options }: ChoiceProps) {
  const error = errors[name];
  const isShort = options.every((option) => option.note === undefined);
  return (
    <fieldset class={isShort ? 'radios short' : 'radios'} key={name} id={name} tabindex={-1} disabled={isReadOnly}>
      <legend>{label}</legend>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={form[name] === option.value}
            onInput={() => set(name, option.value)}
          />
          <span>
            <b>{option.label}</b>
            {option.note === undefined ? null : <small>{option.note}</small>}
          </span>
        </label>
      ))}
      <Note key="note" text={note} />
      <Note key="error" text={error} kind="error" />
    </fieldset>
  );
}

export function TimeInput(props: InputProps & { timeZone: string; inForce: string | null }) {
  const { state, name, note, form, errors, isReadOnly, set, timeZone, inForce } = props;
  const wall = form[name] ?? '';
  return (
    <Field
      id={name}
      label={state.strings.field(name)}
      note={sameMoment(state, wall, timeZone, inForce) || note || null}
      error={errors[name] ?? null}
      key={name}
    >
      {(attributes) => (
        <input
          {...attributes}
          type="datetime-local"
          step="1"
          readonly={isReadOnly}
          value={wall}
          onInput={(event: Event) => set(name, inputValue(event))}
        />
      )}
    </Field>
  );
}

/** The same moment in the operator's zone and in UTC, where they differ from the room's. */
function sameMoment(state: ConsoleState, wall: string, timeZone: string, inForce: string | null): string {
  if (wall === '') return '';
  const t = state.strings.editor;
  const moment = momentOf(wall, timeZone);
  if (moment.kind === 'skipped') return t.skipped;
  if (moment.kind === 'unreadable') return '';
  const unchanged = unchangedTime(wall, timeZone, inForce);
  const ms = unchanged === null ? moment.ms : Math.floor(Date.parse(unchanged) / 1000) * 1000;
  const inZone = (zone: string) => numberFormat(state.preferences.language, zone).dateTime(ms);
  const [room, own, utc] = [inZone(timeZone), inZone(ownZone()), inZone('UTC')];
  const others = [own === room || own === utc ? '' : t.timeHere(own), utc === room ? '' : t.timeUtc(utc)];
  const which = ms === moment.ms ? t.twice : t.twiceLater;
  return [moment.kind === 'twice' ? which : '', ...others].filter((part) => part !== '').join(' · ');
}
