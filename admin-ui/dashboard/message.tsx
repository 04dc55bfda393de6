// The operators' message to waiting visitors: the one that is shown, and a dialog to write another with a preview of the
// visitors' page.

import { useState } from 'hono/jsx/dom';
import { addressOf } from '../../worker/contract/api-client.ts';
import type { Live } from '../../worker/contract/operator-api.ts';
import { messageSchema } from '../../worker/contract/room-schema.ts';
import type { Text } from '../actions.ts';
import type { ConsoleState } from '../console-state.ts';
import { Dialog } from '../parts/dialog.tsx';
import { useEffect } from '../parts/effect.ts';
import { Field, inputValue } from '../parts/field.tsx';
import { KeyCap } from '../parts/key-cap.tsx';
import { Note } from '../parts/note.tsx';
import { MessageChoice } from './message-choice.tsx';

/** The preview reloads after a pause in typing, not with every letter. */
const PREVIEW_MS = 600;

const MESSAGE_CHARS_MAX = messageSchema.shape.ko.maxLength ?? 0;

export function MessageCard({ state, live }: { state: ConsoleState; live: Live }) {
  const { language, message: t } = state.strings;
  const deniedReason = state.deniedReason('setMessage');
  const { message } = live;
  return (
    <section class="card message" aria-labelledby="message-title">
      <h2 id="message-title">{t.title}</h2>
      {message === null ? (
        <p class="note" key="none">
          {t.none}
        </p>
      ) : (
        <blockquote key="shown">
          <p lang={language}>{message.text[language]}</p>
          <small>{t.since(state.format.timeOrDay(Date.parse(message.at), state.now))}</small>
        </blockquote>
      )}
      <Note key="denied" text={deniedReason} />
      <div class="buttons" key="buttons">
        <button
          type="button"
          class="button"
          aria-keyshortcuts="M"
          aria-disabled={deniedReason === null ? 'false' : 'true'}
          onClick={() => deniedReason === null && state.showOverlay('message')}
        >
          {message === null ? t.write : t.edit}
          <KeyCap name="M" />
        </button>
        {message === null ? null : (
          <button
            type="button"
            class="button quiet"
            aria-disabled={deniedReason === null ? 'false' : 'true'}
            onClick={() =>
              deniedReason === null && void state.actions.run({ kind: 'message', from: message.text, to: null })
            }
          >
            {t.remove}
          </button>
        )}
      </div>
    </section>
  );
}

export function MessageDialog({ state, live }: { state: ConsoleState; live: Live }) {
  const t = state.strings.message;
  const name = `${live.room}/message`;
  const text = state.draft<Text>(name, live.message?.text ?? { ko: '', en: '' });
  const [previewed, setPreviewed] = useState(text);
  const [language, setLanguage] = useState(state.strings.language);
  const [opened] = useState({ etag: live.etag, messageAt: live.message?.at });
  const isValid = messageSchema.safeParse(text).success;

  useEffect(() => {
    const timer = setTimeout(() => setPreviewed(text), PREVIEW_MS);
    return () => clearTimeout(timer);
  }, [text.ko, text.en]);

  const post = async (event: Event) => {
    event.preventDefault();
    if (!isValid) return;
    const to = { ko: text.ko.trim(), en: text.en.trim() };
    state.showOverlay(null);
    // This dialog covers the dashboard: a message posted meanwhile is a conflict, because the operator has not seen it.
    const options = live.message?.at === opened.messageAt ? {} : { etag: opened.etag };
    const phase = await state.actions.run({ kind: 'message', from: live.message?.text ?? null, to }, options);
    if (phase.kind === 'done' || phase.kind === 'unchanged') state.setDraft(name, undefined);
  };
  const field = (one: 'ko' | 'en') => (
    <Field
      id={`message-${one}`}
      label={state.strings.field(`text.${one}`)}
      note={t.left(MESSAGE_CHARS_MAX - text[one].length)}
      key={one}
    >
      {(attributes) => (
        <textarea
          {...attributes}
          lang={one}
          rows={4}
          value={text[one]}
          onInput={(event: Event) => state.setDraft(name, { ...text, [one]: inputValue(event) })}
          onFocus={() => setLanguage(one)}
        />
      )}
    </Field>
  );
  const query = {
    kind: 'waiting',
    language,
    ko: previewed.ko.slice(0, MESSAGE_CHARS_MAX),
    en: previewed.en.slice(0, MESSAGE_CHARS_MAX),
  };
  return (
    <Dialog title={t.title} onClose={() => state.showOverlay(null)} wide>
      <form class="compose" onSubmit={post}>
        <div class="compose-text">
          <MessageChoice {...{ state, text, isValid }} choose={(chosen) => state.setDraft(name, chosen)} />
          {field('ko')}
          {field('en')}
          <p class="note">{isValid ? t.lead : t.both}</p>
          <div class="buttons">
            <button type="submit" class="button primary" aria-disabled={isValid ? 'false' : 'true'}>
              {t.post}
            </button>
            <button type="button" class="button quiet" onClick={() => state.showOverlay(null)}>
              {state.strings.cancel}
            </button>
          </div>
        </div>
        <figure class="phone">
          <iframe sandbox="" title={t.preview} src={addressOf('preview', { params: { room: live.room }, query })} />
          <figcaption>{t.preview}</figcaption>
        </figure>
      </form>
    </Dialog>
  );
}
