// What people who wait read from the operators: the one that is up, and a dialog to write another with the page as visitors
// will see it beside the text.

import { useState } from 'hono/jsx/dom';
import type { Live } from '../../worker/contract/operator-api.ts';
import { messageSchema } from '../../worker/contract/room-schema.ts';
import type { Text } from '../actions.ts';
import { addressOf } from '../api-client.ts';
import type { Desk } from '../console-state.ts';
import { Dialog } from '../parts/dialog.tsx';
import { useEffect } from '../parts/effect.ts';
import { Field, typed } from '../parts/field.tsx';
import { KeyCap } from '../parts/key-cap.tsx';

export function MessageCard({ desk, live }: { desk: Desk; live: Live }) {
  const w = desk.words.message;
  const whyNot = desk.whyNot('setMessage');
  const { message } = live;
  return (
    <section class="card message" aria-labelledby="message-title">
      <h2 id="message-title">{w.title}</h2>
      {message === null ? (
        <p class="note" key="none">
          {w.none}
        </p>
      ) : (
        <blockquote key="up">
          <p lang={desk.words.language}>{message.text[desk.words.language]}</p>
          <small>{w.upSince(desk.figures.moment(Date.parse(message.at), desk.now))}</small>
        </blockquote>
      )}
      {whyNot === null ? null : (
        <p class="note" key="why">
          {whyNot}
        </p>
      )}
      <div class="ways" key="ways">
        <button
          type="button"
          class="button"
          aria-keyshortcuts="M"
          aria-disabled={whyNot === null ? 'false' : 'true'}
          onClick={() => whyNot === null && desk.open('message')}
        >
          {message === null ? w.write : w.change}
          <KeyCap name="M" />
        </button>
        {message === null ? null : (
          <button
            type="button"
            class="button quiet"
            aria-disabled={whyNot === null ? 'false' : 'true'}
            onClick={() => whyNot === null && void desk.do({ kind: 'message', from: message.text, to: null })}
          >
            {w.takeAway}
          </button>
        )}
      </div>
    </section>
  );
}

export function MessageDialog({ desk, live }: { desk: Desk; live: Live }) {
  const w = desk.words.message;
  const name = `${live.room}/message`;
  const text = desk.draft<Text>(name, live.message?.text ?? { ko: '', en: '' });
  const [shown, setShown] = useState(text);
  const [language, setLanguage] = useState(desk.words.language);
  const [begun] = useState({ etag: live.etag, messageAt: live.message?.at });
  const isSound = messageSchema.safeParse(text).success;

  useEffect(() => {
    const timer = setTimeout(() => setShown(text), PREVIEW_MS);
    return () => clearTimeout(timer);
  }, [text.ko, text.en]);

  const put = async (event: Event) => {
    event.preventDefault();
    if (!isSound) return;
    const to = { ko: text.ko.trim(), en: text.en.trim() };
    desk.open(null);
    // This dialog hides what else happens: one that was put up meanwhile is not replaced before somebody has seen it.
    const way = live.message?.at === begun.messageAt ? {} : { etag: begun.etag };
    const phase = await desk.do({ kind: 'message', from: live.message?.text ?? null, to }, way);
    if (phase.kind === 'done' || phase.kind === 'unchanged') desk.type(name, undefined);
  };
  const field = (one: 'ko' | 'en', label: string) => (
    <Field id={`message-${one}`} label={label} note={w.left(MESSAGE_CHARS_MAX - text[one].length)} key={one}>
      {(described) => (
        <textarea
          {...described}
          lang={one}
          rows={4}
          value={text[one]}
          onInput={(event: Event) => desk.type(name, { ...text, [one]: typed(event) })}
          onFocus={() => setLanguage(one)}
        />
      )}
    </Field>
  );
  const query = {
    kind: 'waiting',
    language,
    ko: shown.ko.slice(0, MESSAGE_CHARS_MAX),
    en: shown.en.slice(0, MESSAGE_CHARS_MAX),
  };
  return (
    <Dialog title={w.title} onClose={() => desk.open(null)} wide>
      <form class="compose" onSubmit={put}>
        <div class="compose-text">
          {field('ko', w.ko)}
          {field('en', w.en)}
          <p class="note">{isSound ? w.lead : w.both}</p>
          <div class="ways">
            <button type="submit" class="button primary" aria-disabled={isSound ? 'false' : 'true'}>
              {w.putUp}
            </button>
            <button type="button" class="button quiet" onClick={() => desk.open(null)}>
              {desk.words.cancel}
            </button>
          </div>
        </div>
        <figure class="phone">
          <iframe sandbox="" title={w.preview} src={addressOf('preview', { params: { room: live.room }, query })} />
          <figcaption>{w.preview}</figcaption>
        </figure>
      </form>
    </Dialog>
  );
}

/** A frame that reloads with every letter is no preview. */
const PREVIEW_MS = 600;

/** As the contract has it. */
const MESSAGE_CHARS_MAX = messageSchema.shape.ko.maxLength ?? 0;
