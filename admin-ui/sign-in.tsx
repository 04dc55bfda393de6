// Signing in: the key goes to the gateway once and comes back as a session that no script can read. A wrong key is
// answered with how long to wait, counted down.

import { useState } from 'hono/jsx/dom';
import type { Desk } from './console-state.ts';
import { useEffect } from './parts/effect.ts';
import { Field, typed } from './parts/field.tsx';

export function SignIn({ desk }: { desk: Desk }) {
  const w = desk.words.signIn;
  return (
    <main class="sign-in" id="main">
      <div class="sign-in-card">
        <p class="brand">
          <Mark />
          {desk.words.product}
        </p>
        <h1>{w.title}</h1>
        <p class="lead">{w.lead}</p>
        <KeyForm desk={desk} />
      </div>
      <button
        type="button"
        class="quiet"
        lang={desk.words.menu.otherLanguage}
        onClick={() => desk.prefer({ language: desk.words.menu.otherLanguage })}
      >
        {desk.words.menu.other}
      </button>
    </main>
  );
}

type Said = { text: string; waitUntilMs: number };

export function KeyForm({ desk }: { desk: Desk }) {
  const w = desk.words.signIn;
  const [key, setKey] = useState('');
  const [shown, setShown] = useState(false);
  const [sending, setSending] = useState(false);
  const [said, setSaid] = useState<Said | null>(null);
  const [, tick] = useState(0);
  const secondsLeft = said === null ? 0 : Math.max(0, Math.ceil((said.waitUntilMs - performance.now()) / 1000));

  useEffect(() => {
    if (secondsLeft === 0) return;
    const timer = setTimeout(() => tick((count) => count + 1), 1000);
    return () => clearTimeout(timer);
  }, [secondsLeft]);

  const submit = async (event: Event) => {
    event.preventDefault();
    if (sending || secondsLeft > 0 || key.trim() === '') return;
    setSending(true);
    const outcome = await desk.useKey(key.trim());
    setSending(false);
    switch (outcome.kind) {
      case 'answer':
        return;
      case 'problem': {
        const { problem, retryAfterSeconds } = outcome;
        const isWrong = problem.status === 401;
        const isWait = isWrong || problem.status === 429;
        setSaid({
          text: isWrong ? w.wrong : isWait ? '' : desk.words.problem(problem),
          waitUntilMs: performance.now() + (isWait ? (retryAfterSeconds ?? 1) * 1000 : 0),
        });
        return;
      }
      case 'unreachable':
        setSaid({ text: w.unreachable, waitUntilMs: 0 });
        return;
      case 'unreadable':
        setSaid({ text: desk.words.unreadable, waitUntilMs: 0 });
    }
  };

  const fault = said === null ? null : [said.text, secondsLeft > 0 ? w.wait(secondsLeft) : ''].join(' ').trim();
  return (
    <form onSubmit={submit}>
      <Field id="key" label={w.key} fault={fault === '' ? null : fault}>
        {(described) => (
          <div class="with-button">
            <input
              {...described}
              name="key"
              type={shown ? 'text' : 'password'}
              autocomplete="current-password"
              autocapitalize="off"
              spellcheck={false}
              value={key}
              onInput={(event: Event) => setKey(typed(event))}
            />
            <button
              type="button"
              class="quiet"
              aria-pressed={shown ? 'true' : 'false'}
              onClick={() => setShown(!shown)}
            >
              {shown ? w.hide : w.show}
            </button>
          </div>
        )}
      </Field>
      <button type="submit" class="button primary" aria-disabled={sending || secondsLeft > 0 ? 'true' : 'false'}>
        {sending ? w.sending : w.submit}
      </button>
      <p class="unseen" role="alert">
        {said === null ? '' : said.text}
      </p>
    </form>
  );
}

/** The numbered ticket. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M3 6h18v4a2 2 0 0 0 0 4v4H3v-4a2 2 0 0 0 0-4z" />
      <path d="M9 6v12" class="tear" />
    </svg>
  );
}
