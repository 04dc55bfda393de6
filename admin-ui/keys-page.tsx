// Operator keys: who has one, creating one (shown once), and removing one.

import { useState } from 'hono/jsx/dom';
import type * as z from 'zod';
import {
  KEY_NAME_CHARS_MAX,
  type keySchema,
  newKeySchema,
  OWNER_KEY_ID,
  ROLES,
  type Role,
} from '../worker/contract/operator-api.ts';
import type { ConsoleState } from './console-state.ts';
import { changeErrorText, loadErrorText } from './failures.ts';
import { numberFormat, ownZone } from './number-format.ts';
import { Field, inputValue } from './parts/field.tsx';
import { HoldButton } from './parts/hold-button.tsx';
import { SecretDialog } from './parts/secret-dialog.tsx';
import { useLoad } from './parts/use-load.ts';

type Key = z.output<typeof keySchema>;
type CreatedKey = { name: string; key: string };

const DRAFT = 'keys';

export function Keys({ state }: { state: ConsoleState }) {
  const { keys: t, editor, field, loading, menu } = state.strings;
  const [keys, setKeys] = useState<Key[] | null>(null);
  const [created, setCreated] = useState<CreatedKey | null>(null);
  const [error, setError] = useState<string | null>(null);
  const draft = state.draft(DRAFT, { name: '', role: 'viewer' as Role });
  const disabledReason = state.deniedReason('addKey');

  const reload = useLoad(
    state,
    () => state.client.call('keys', {}),
    (outcome) => {
      if (outcome.kind === 'reply') setKeys(outcome.value.keys);
      else setError(loadErrorText(outcome.kind === 'problem' ? outcome.problem : null, state.strings));
    },
  );

  const create = async (event: Event) => {
    event.preventDefault();
    if (disabledReason !== null) return;
    const body = newKeySchema.safeParse(draft);
    if (!body.success) {
      const { required, tooLong } = editor.fieldErrors;
      setError(draft.name.trim() === '' ? required : tooLong(KEY_NAME_CHARS_MAX));
      return;
    }
    const outcome = await state.client.call('addKey', { body: body.data });
    if (outcome.kind !== 'reply') {
      setError(changeErrorText(outcome, state.strings));
      return;
    }
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
        <Field id="key-name" label={field('name')} error={keys === null ? null : error}>
          {(attributes) => (
            <input
              {...attributes}
              autocomplete="off"
              value={draft.name}
              onInput={(event: Event) => state.setDraft(DRAFT, { ...draft, name: inputValue(event) })}
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
                onInput={() => state.setDraft(DRAFT, { ...draft, role })}
              />
              <span>
                <b>{state.strings.roles[role]}</b>
                <small>{t.roleNotes[role]}</small>
              </span>
            </label>
          ))}
        </fieldset>
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
  return (
    <li>
      <p>
        <b>{item.name}</b> {item.id === state.session?.operator.id ? <em>{you}</em> : null}
        <small>
          {roles[item.role]} · {t.since(format.dateTime(Date.parse(item.createdAt)))}
        </small>
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
