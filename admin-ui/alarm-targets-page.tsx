// Where alarms are told: webhooks of the whole deployment, with a test of each. A secret is shown once, and an address never again.

import { useState } from 'hono/jsx/dom';
import {
  type AlarmTarget,
  alarmTargetChangeSchema,
  newAlarmTargetSchema,
  SEVERITIES,
  TARGET_FORMS,
} from '../worker/contract/operator-api.ts';
import type { ConsoleState } from './console-state.ts';
import { changeErrorText, fieldErrorTexts, loadErrorText } from './failures.ts';
import { formatCount, numberFormat, ownZone } from './number-format.ts';
import { Field, inputValue } from './parts/field.tsx';
import { HoldButton } from './parts/hold-button.tsx';
import { Note } from './parts/note.tsx';
import { RoomChoice } from './parts/room-choice.tsx';
import { SecretDialog } from './parts/secret-dialog.tsx';
import { useLoad } from './parts/use-load.ts';

const DRAFT = 'alarm-target';
const LANGUAGES = ['ko', 'en'] as const;

type Draft = Pick<AlarmTarget, 'name' | 'form' | 'language' | 'severityMin'> & {
  /** Of the target that is changed; null: a new one. */
  id: string | null;
  url: string;
  /** null: all rooms. */
  rooms: string[] | null;
};

interface Shown {
  name: string;
  secret: string;
}

export function AlarmTargets({ state }: { state: ConsoleState }) {
  const { alarmTargets: t, loading, menu } = state.strings;
  const [targets, setTargets] = useState<AlarmTarget[] | null>(null);
  const [rooms, setRooms] = useState<string[]>([]);
  const [shown, setShown] = useState<Shown | null>(null);
  const [error, setError] = useState<string | null>(null);
  const reload = useLoad(
    state,
    () => state.client.call('alarmTargets', {}),
    (outcome) => {
      if (outcome.kind === 'reply') setTargets(outcome.value.targets);
      else setError(loadErrorText(outcome.kind === 'problem' ? outcome.problem : null, state.strings));
    },
  );
  useLoad(
    state,
    () => state.client.call('rooms', {}),
    (outcome) => {
      if (outcome.kind !== 'reply') return;
      setRooms(outcome.value.rooms.filter(({ archivedAt }) => archivedAt === null).map(({ id }) => id));
    },
  );
  const rotate = async ({ id, name }: AlarmTarget) => {
    const outcome = await state.client.call('rotateAlarmTarget', { params: { target: id } });
    if (outcome.kind !== 'reply') setError(changeErrorText(outcome, state.strings));
    else if (outcome.value.secret !== null) setShown({ name, secret: outcome.value.secret });
    reload();
  };
  const remove = async ({ id, name }: AlarmTarget) => {
    const outcome = await state.client.call('removeAlarmTarget', { params: { target: id } });
    if (outcome.kind === 'reply') state.announce(t.removed(name));
    else setError(changeErrorText(outcome, state.strings));
    reload();
  };
  const edit = ({ id, name, form, language, rooms: ofRooms, severityMin }: AlarmTarget) => {
    const draft: Draft = { id, name, url: '', form, language, rooms: ofRooms, severityMin };
    state.setDraft(DRAFT, draft);
    document.getElementById('target-name')?.focus();
  };
  return (
    <div class="page narrow">
      <div class="page-head">
        <h1>{menu.alarmTargets}</h1>
      </div>
      <p class="lead">{t.lead}</p>
      <Note key="error" text={targets === null ? null : error} kind="error" role="status" />
      {targets === null ? (
        <p class="note" key="loading" aria-busy="true">
          {error ?? loading}
        </p>
      ) : targets.length === 0 ? (
        <p class="note" key="none">
          {t.none}
        </p>
      ) : (
        <ul class="key-list" key="targets">
          {targets.map((target) => (
            <TargetItem
              key={target.id}
              state={state}
              target={target}
              onEdit={() => edit(target)}
              onRotate={() => void rotate(target)}
              onRemove={() => void remove(target)}
            />
          ))}
        </ul>
      )}
      <TargetForm
        key="form"
        state={state}
        rooms={rooms}
        onSaved={(saved) => {
          if (saved !== null) setShown(saved);
          reload();
        }}
      />
      {shown === null ? null : (
        <SecretDialog
          key="shown"
          state={state}
          title={t.secretOf(shown.name)}
          lead={t.secretLead}
          secret={shown.secret}
          doneLabel={t.secretDone}
          onDone={() => setShown(null)}
        />
      )}
    </div>
  );
}

interface TargetItemProps {
  state: ConsoleState;
  target: AlarmTarget;
  onEdit(): void;
  onRotate(): void;
  onRemove(): void;
}

function TargetItem({ state, target, onEdit, onRotate, onRemove }: TargetItemProps) {
  const { alarmTargets: t, language } = state.strings;
  const [outcome, setOutcome] = useState<{ text: string; isGood: boolean } | null>(null);
  const [isSending, setSending] = useState(false);
  const { id, name, form, host, rooms, severityMin, canSign, formerSecretUntil } = target;
  const format = numberFormat(language, ownZone());
  const test = async () => {
    if (isSending) return;
    setSending(true);
    const reply = await state.client.call('testAlarmTarget', { params: { target: id } });
    setSending(false);
    if (reply.kind !== 'reply') {
      setOutcome({ text: changeErrorText(reply, state.strings), isGood: false });
      return;
    }
    const { isDelivered, status, fault, ms } = reply.value;
    const text =
      isDelivered && status !== null
        ? t.testDelivered(status, formatCount(ms))
        : fault === null
          ? t.testRefused(status ?? 0)
          : t.faults[fault];
    setOutcome({ text, isGood: isDelivered });
  };
  return (
    <li>
      <div>
        <b>{name}</b>
        <small>
          {[
            t.forms[form].label,
            host,
            t.severities[severityMin],
            rooms === null ? state.strings.everyRoom : rooms.join(', '),
          ].join(' · ')}
        </small>
        {formerSecretUntil === null ? null : (
          <small key="former">{t.formerUntil(format.dateTime(Date.parse(formerSecretUntil)))}</small>
        )}
        <Note key="unsigned" text={canSign ? null : t.faults.cannotSign} kind="error" />
        <p role="status" class="test-outcome" data-good={outcome?.isGood === true ? 'true' : 'false'}>
          {outcome?.text ?? ''}
        </p>
        <small class="visually-hidden" id={`remove-${id}`}>
          {t.removeNote(name)}
        </small>
      </div>
      <div class="buttons">
        <button
          type="button"
          class="button"
          key="test"
          aria-disabled={isSending ? 'true' : 'false'}
          onClick={() => void test()}
        >
          {isSending ? t.testing : t.test}
        </button>
        <button type="button" class="button" key="edit" onClick={onEdit}>
          {t.edit}
        </button>
        {form === 'slack' ? null : (
          <button type="button" class="button" key="rotate" onClick={onRotate}>
            {t.rotate}
          </button>
        )}
        <HoldButton
          key="remove"
          state={state}
          label={state.strings.keys.remove}
          note={t.removeNote(name)}
          noteId={`remove-${id}`}
          disabledReason={state.deniedReason('removeAlarmTarget')}
          onHeld={onRemove}
        />
      </div>
    </li>
  );
}

interface TargetFormProps {
  state: ConsoleState;
  /** Ids of the rooms that there are. */
  rooms: readonly string[];
  /** @param shown a secret that was made; null: there is none to show */
  onSaved(shown: Shown | null): void;
}

function TargetForm({ state, rooms, onSaved }: TargetFormProps) {
  const { alarmTargets: t, editor, field } = state.strings;
  const empty: Draft = {
    ...{ id: null, name: '', url: '', form: 'standard', rooms: null, severityMin: 'warning' },
    language: state.preferences.language,
  };
  const draft = state.draft<Draft>(DRAFT, empty);
  const [errors, setErrors] = useState<Record<string, string>>({});
  const change = (part: Partial<Draft>) => state.setDraft(DRAFT, { ...draft, ...part });

  const save = async (event: Event) => {
    event.preventDefault();
    const { id, url, ...rest } = draft;
    const parsed =
      id === null
        ? newAlarmTargetSchema.safeParse({ ...rest, url })
        : alarmTargetChangeSchema.safeParse({ ...rest, url: url === '' ? null : url });
    if (!parsed.success) {
      const wrong = new Set(parsed.error.issues.map(({ path }) => String(path[0])));
      const { required, format } = editor.fieldErrors;
      setErrors({
        ...(wrong.has('name') ? { name: draft.name.trim() === '' ? required : format } : {}),
        ...(wrong.has('url') ? { url: url === '' ? required : t.urlFormat } : {}),
        ...(wrong.has('rooms') ? { rooms: t.roomsRequired } : {}),
      });
      return;
    }
    const { data } = parsed;
    const outcome =
      id === null
        ? await state.client.call('addAlarmTarget', { body: newAlarmTargetSchema.parse(data) })
        : await state.client.call('changeAlarmTarget', {
            params: { target: id },
            body: alarmTargetChangeSchema.parse(data),
          });
    if (outcome.kind !== 'reply') {
      const ofFields = outcome.kind === 'problem' ? fieldErrorTexts(outcome.problem, state.strings) : {};
      setErrors(Object.keys(ofFields).length > 0 ? ofFields : { form: changeErrorText(outcome, state.strings) });
      return;
    }
    setErrors({});
    state.setDraft(DRAFT, undefined);
    const secret = outcome.value?.secret ?? null;
    onSaved(secret === null ? null : { name: draft.name, secret });
    state.announce(t.saved(draft.name));
  };

  const choice = <V extends string>(
    name: string,
    legend: string,
    value: V,
    choices: readonly V[],
    text: (value: V) => { label: string; note: string | null },
    onChoice: (value: V) => void,
  ) => (
    <fieldset class="radios" key={name}>
      <legend>{legend}</legend>
      {choices.map((one) => (
        <label key={one}>
          <input type="radio" name={name} value={one} checked={value === one} onInput={() => onChoice(one)} />
          <span>
            <b>{text(one).label}</b>
            {text(one).note === null ? null : <small key="note">{text(one).note}</small>}
          </span>
        </label>
      ))}
    </fieldset>
  );
  return (
    <form class="card" onSubmit={save}>
      <h2>{draft.id === null ? t.add : t.change}</h2>
      <Field id="target-name" label={field('name')} error={errors['name'] ?? null}>
        {(attributes) => (
          <input
            {...attributes}
            autocomplete="off"
            value={draft.name}
            onInput={(event: Event) => change({ name: inputValue(event) })}
          />
        )}
      </Field>
      <Field
        id="target-url"
        label={t.url}
        note={draft.id === null ? t.urlNote : t.urlUnchanged}
        error={errors['url'] ?? null}
      >
        {(attributes) => (
          <input
            {...attributes}
            type="url"
            autocomplete="off"
            spellcheck={false}
            value={draft.url}
            onInput={(event: Event) => change({ url: inputValue(event) })}
          />
        )}
      </Field>
      {choice(
        'form',
        field('form'),
        draft.form,
        TARGET_FORMS,
        (form) => t.forms[form],
        (form) => change({ form }),
      )}
      {choice(
        'severity',
        t.severity,
        draft.severityMin,
        [...SEVERITIES].reverse(),
        (severity) => ({ label: t.severities[severity], note: t.severityNotes[severity] }),
        (severityMin) => change({ severityMin }),
      )}
      {choice(
        'language',
        t.language,
        draft.language,
        LANGUAGES,
        (language) => ({ label: editor.languageNames[language], note: null }),
        (language) => change({ language }),
      )}
      <RoomChoice
        state={state}
        legend={t.rooms}
        rooms={rooms}
        chosen={draft.rooms}
        error={errors['rooms'] ?? null}
        onChange={(chosen) => change({ rooms: chosen })}
      />
      <Note key="form-error" text={errors['form'] ?? null} kind="error" role="status" />
      <div class="buttons">
        <button type="submit" class="button primary">
          {draft.id === null ? t.add : state.strings.save}
        </button>
        {draft.id === null ? null : (
          <button
            type="button"
            class="button quiet"
            key="cancel"
            onClick={() => {
              setErrors({});
              state.setDraft(DRAFT, undefined);
            }}
          >
            {state.strings.cancel}
          </button>
        )}
      </div>
    </form>
  );
}
