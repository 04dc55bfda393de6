// Operators' keys: who has one, a new one shown once, and taking one away.

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
import type { Desk } from './console-state.ts';
import { failureSaid, lostSaid } from './failures.ts';
import { figuresOf, ownZone } from './number-format.ts';
import { Dialog } from './parts/dialog.tsx';
import { useEffect } from './parts/effect.ts';
import { Field, typed } from './parts/field.tsx';
import { HoldButton } from './parts/hold-button.tsx';

type Key = z.output<typeof keySchema>;
type Made = { name: string; key: string };

export function Keys({ desk }: { desk: Desk }) {
  const w = desk.words.keys;
  const [keys, setKeys] = useState<Key[] | null>(null);
  const [made, setMade] = useState<Made | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [turn, setTurn] = useState(0);
  const draft = desk.draft('keys', { name: '', role: 'viewer' as Role });
  const whyNot = desk.whyNot('addKey');

  useEffect(() => {
    let isWanted = true;
    const look = async () => {
      const outcome = await desk.client.call('keys', {});
      if (!isWanted) return;
      if (outcome.kind === 'answer') setKeys(outcome.value.keys);
      else setFault(lostSaid(outcome.kind === 'problem' ? outcome.problem : null, desk.words));
    };
    void look();
    return () => {
      isWanted = false;
    };
  }, [turn, desk.isInterrupted]);

  const make = async (event: Event) => {
    event.preventDefault();
    if (whyNot !== null) return;
    const body = newKeySchema.safeParse(draft);
    if (!body.success) {
      setFault(
        draft.name.trim() === ''
          ? desk.words.editor.fields.required
          : desk.words.editor.fields.tooLong(KEY_NAME_CHARS_MAX),
      );
      return;
    }
    const outcome = await desk.client.call('addKey', { body: body.data });
    if (outcome.kind !== 'answer') {
      setFault(failureSaid(outcome, desk.words));
      return;
    }
    setFault(null);
    setMade({ name: outcome.value.name, key: outcome.value.key });
    desk.type('keys', undefined);
    setTurn((count) => count + 1);
  };
  const remove = async ({ id, name }: Key) => {
    const outcome = await desk.client.call('removeKey', { params: { key: id } });
    if (outcome.kind === 'answer') desk.say(w.removed(name));
    else setFault(failureSaid(outcome, desk.words));
    setTurn((count) => count + 1);
  };
  const figures = figuresOf(desk.words.language, ownZone());
  return (
    <div class="page narrow">
      <div class="page-head">
        <h1>{w.title}</h1>
      </div>
      <p class="lead">{w.lead}</p>
      {keys === null ? (
        <p class="note" key="loading" aria-busy="true">
          {fault ?? desk.words.loading}
        </p>
      ) : (
        <ul class="key-list" key="keys">
          {keys.map((key) => (
            <li key={key.id}>
              <p>
                <b>{key.name}</b> {key.id === desk.session?.operator.id ? <em>{w.you}</em> : null}
                <small>
                  {desk.words.roles[key.role]} · {w.since} {figures.whole(Date.parse(key.createdAt))}
                </small>
                <small class="unseen" id={`remove-${key.id}`}>
                  {w.removeNote(key.name)}
                </small>
              </p>
              {key.id === OWNER_KEY_ID ? (
                <small key="settings">{w.settings}</small>
              ) : (
                <HoldButton
                  key="remove"
                  desk={desk}
                  label={w.remove}
                  note={w.removeNote(key.name)}
                  noteId={`remove-${key.id}`}
                  whyNot={whyNot}
                  onHeld={() => void remove(key)}
                />
              )}
            </li>
          ))}
        </ul>
      )}
      <form class="card" key="make" onSubmit={make}>
        <h2>{w.make}</h2>
        <Field id="key-name" label={w.name} fault={keys === null ? null : fault}>
          {(described) => (
            <input
              {...described}
              autocomplete="off"
              value={draft.name}
              onInput={(event: Event) => desk.type('keys', { ...draft, name: typed(event) })}
            />
          )}
        </Field>
        <fieldset class="roles">
          <legend>{w.role}</legend>
          {ROLES.map((role) => (
            <label key={role}>
              <input
                type="radio"
                name="role"
                value={role}
                checked={draft.role === role}
                onInput={() => desk.type('keys', { ...draft, role })}
              />
              <span>
                <b>{desk.words.roles[role]}</b>
                <small>{w.roleNotes[role]}</small>
              </span>
            </label>
          ))}
        </fieldset>
        <button type="submit" class="button primary" aria-disabled={whyNot === null ? 'false' : 'true'}>
          {w.make}
        </button>
      </form>
      {made === null ? null : <MadeKey desk={desk} made={made} onDone={() => setMade(null)} key="made" />}
    </div>
  );
}

function MadeKey({ desk, made, onDone }: { desk: Desk; made: Made; onDone(): void }) {
  const w = desk.words;
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(made.key);
      setCopied(true);
    } catch {
      // No clipboard here (plain HTTP) or not allowed: the key is selected, and the keyboard can copy it.
      const element = document.getElementById('made-key');
      if (element !== null) getSelection()?.selectAllChildren(element);
    }
  };
  return (
    <Dialog title={w.keys.made(made.name)} onClose={onDone} isNeeded>
      <p>{w.keys.madeLead}</p>
      <p class="made-key">
        <code id="made-key">{made.key}</code>
      </p>
      <div class="ways">
        <button type="button" class="button primary" onClick={() => void copy()}>
          {isCopied ? w.copied : w.copy}
        </button>
        <button type="button" class="button" onClick={onDone}>
          {w.keys.done}
        </button>
      </div>
      <p class="unseen" role="status">
        {isCopied ? w.copied : ''}
      </p>
    </Dialog>
  );
}
