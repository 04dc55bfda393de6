// Operator keys: who has one, creating one (shown once), and removing one.

import { useState } from 'hono/jsx/dom';
import {
  KEY_NAME_CHARS_MAX,
  type Key,
  newKeySchema,
  OWNER_KEY_ID,
  ROLES,
  type Role,
} from '../worker/contract/operator-api.ts';
import type { ConsoleState } from './console-state.ts';
import { changeErrorText, fieldErrorTexts, loadErrorText } from './failures.ts';
import { numberFormat, ownZone } from './number-format.ts';
import { Field, inputValue } from './parts/field.tsx';
import { HoldButton } from './parts/hold-button.tsx';
import { Note } from './parts/note.tsx';
import { RoomChoice } from './parts/room-choice.tsx';
import { SecretDialog } from './parts/secret-dialog.tsx';
import { useLoad } from './parts/use-load.ts';
import { momentOf } from './zoned-time.ts';

type CreatedKey = { name: string; key: string };

const DRAFT = 'keys';

interface Draft {
  name: string;
  role: Role;
  /** A day, as a field of type `date` holds it; '': none. */
  until: string;
  /** null: all. */
  rooms: string[] | null;
}

const EMPTY: Draft = { name: '', role: 'viewer', until: '', rooms: null };

export function Keys({ state }: { state: ConsoleState }) {
  const { keys: t, editor, field, loading, menu } = state.strings;
  const [keys, setKeys] = useState<Key[] | null>(null);
  const [created, setCreated] = useState<CreatedKey | null>(null);
  const [rooms, setRooms] = useState<string[]>([]);
  const [error, setError] = useState<string | null>(null);
  const [errors, setErrors] = useState<Record<string, string>>({});
  const draft = state.draft(DRAFT, EMPTY);
  const change = (part: Partial<Draft>) => state.setDraft(DRAFT, { ...draft, ...part });
  const disabledReason = state.deniedReason('addKey');

  const reload = useLoad(
    state,
    () => state.client.call('keys', {}),
    (outcome) => {
      if (outcome.kind === 'reply') setKeys(outcome.value.keys);
      else setError(loadErrorText(outcome.kind === 'problem' ? outcome.problem : null, state.strings));
    },
  );

  useLoad(
    state,
    () => state.client.call('rooms', {}),
    (outcome) => {
      if (outcome.kind === 'reply') setRooms(outcome.value.rooms.map(({ id }) => id));
    },
  );

  const create = async (event: Event) => {
    event.preventDefault();
    if (disabledReason !== null) return;
    const { name, role, until, rooms: ofRooms } = draft;
    const end = until === '' ? null : momentOf(`${until}T23:59:59`, ownZone());
    const expiresAt = end === null ? null : 'text' in end ? end.text : until;
    const body = newKeySchema.safeParse({ name, role, expiresAt, rooms: role === 'owner' ? null : ofRooms });
    const isPast = end !== null && 'ms' in end && end.ms <= Date.now();
    if (!body.success || isPast) {
      const wrong = new Set(body.error?.issues.map(({ path }) => String(path[0])));
      const { required, tooLong } = editor.fieldErrors;
      setErrors({
        ...(wrong.has('name') ? { name: name.trim() === '' ? required : tooLong(KEY_NAME_CHARS_MAX) } : {}),
        ...(wrong.has('expiresAt') || isPast ? { expiresAt: t.expiresPast } : {}),
        ...(wrong.has('rooms') ? { rooms: t.roomsRequired } : {}),
      });
      return;
    }
    const outcome = await state.client.call('addKey', { body: body.data });
    if (outcome.kind !== 'reply') {
      const ofFields = outcome.kind === 'problem' ? fieldErrorTexts(outcome.problem, state.strings) : {};
      setErrors(Object.keys(ofFields).length > 0 ? ofFields : { form: changeErrorText(outcome, state.strings) });
      return;
    }
    setErrors({});
    setError(null);
    setCreated({ name: outcome.value.name, key: outcome.value.key });
    state.setDraft(DRAFT, undefined);
    reload();
  };
  const remove = async ({ id, name }: Key) => {
    const outcome = await state.client.call('removeKey', { params: { key: id } });
    if (outcome.kind === 'reply') state.announce(t.removed(name));
    else setError(changeErrorText(outcome, state.strings));
    reload();
  };
  return (
    <div class="page narrow">
      <div class="page-head">
        <h1>{menu.keys}</h1>
      </div>
      <p class="lead">{t.lead}</p>
      <Note key="error" text={keys === null ? null : error} kind="error" role="status" />
      {keys === null ? (
        <p class="note" key="loading" aria-busy="true">
          {error ?? loading}
        </p>
      ) : (
        <ul class="key-list" key="keys">
          {keys.map((key) => (
            <KeyItem state={state} item={key} onRemove={() => void remove(key)} key={key.id} />
          ))}
        </ul>
      )}
      <form class="card" key="create" onSubmit={create}>
        <h2>{t.create}</h2>
        <Field id="key-name" label={field('name')} error={errors['name'] ?? null}>
          {(attributes) => (
            <input
              {...attributes}
              autocomplete="off"
              value={draft.name}
              onInput={(event: Event) => change({ name: inputValue(event) })}
            />
          )}
        </Field>
        <fieldset class="radios">
          <legend>{field('role')}</legend>
          {ROLES.map((role) => (
            <label key={role}>
              <input
                type="radio"
                name="role"
                value={role}
                checked={draft.role === role}
                onInput={() => change({ role })}
              />
              <span>
                <b>{state.strings.roles[role]}</b>
                <small>{t.roleNotes[role]}</small>
              </span>
            </label>
          ))}
        </fieldset>
        {draft.role === 'owner' ? (
          <p class="note" key="owners-rooms">
            {t.ownersRooms}
          </p>
        ) : (
          <RoomChoice
            key="rooms"
            state={state}
            legend={t.rooms}
            rooms={rooms}
            chosen={draft.rooms}
            error={errors['rooms'] ?? null}
            onChange={(chosen) => change({ rooms: chosen })}
          />
        )}
        <Field id="key-until" label={t.expires} note={t.expiresNote} error={errors['expiresAt'] ?? null}>
          {(attributes) => (
            <input
              {...attributes}
              type="date"
              value={draft.until}
              onInput={(event: Event) => change({ until: inputValue(event) })}
            />
          )}
        </Field>
        <Note key="form-error" text={errors['form'] ?? null} kind="error" role="status" />
        <button type="submit" class="button primary" aria-disabled={disabledReason === null ? 'false' : 'true'}>
          {t.create}
        </button>
      </form>
      {created === null ? null : (
        <SecretDialog
          key="created"
          state={state}
          title={t.created(created.name)}
          lead={t.createdLead}
          secret={created.key}
          doneLabel={t.done}
          onDone={() => setCreated(null)}
        />
      )}
    </div>
  );
}

function KeyItem({ state, item, onRemove }: { state: ConsoleState; item: Key; onRemove(): void }) {
  const { keys: t, language, roles, you } = state.strings;
  const format = numberFormat(language, ownZone());
  const time = (moment: string) => format.dateTime(Date.parse(moment));
  const hasExpired = item.expiresAt !== null && Date.parse(item.expiresAt) <= Date.now();
  const end = (moment: string) => (hasExpired ? t.expired(time(moment)) : t.until(time(moment)));
  return (
    <li data-expired={hasExpired ? 'true' : 'false'}>
      <p>
        <b>{item.name}</b> {item.id === state.session?.operator.id ? <em>{you}</em> : null}
        <small>{[roles[item.role], item.rooms?.join(', ') ?? state.strings.everyRoom].join(' · ')}</small>
        <small>
          {[t.since(time(item.createdAt)), ...(item.expiresAt === null ? [] : [end(item.expiresAt)])].join(' · ')}
        </small>
        <small>{item.lastUse === null ? t.unused : t.used(time(item.lastUse.at), item.lastUse.from)}</small>
        <small class="visually-hidden" id={`remove-${item.id}`}>
          {t.removeNote(item.name)}
        </small>
      </p>
      {item.id === OWNER_KEY_ID ? (
        <small key="settings">{t.settings}</small>
      ) : (
        <HoldButton
          key="remove"
          state={state}
          label={t.remove}
          note={t.removeNote(item.name)}
          noteId={`remove-${item.id}`}
          disabledReason={state.deniedReason('removeKey')}
          onHeld={onRemove}
        />
      )}
    </li>
  );
}
