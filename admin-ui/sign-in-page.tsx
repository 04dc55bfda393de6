// Signing in: the gateway exchanges a key, or what an identity provider confirms, for a session that no script can read. After a wrong
// key the form counts down the seconds until the gateway takes the next one.

import { useState } from 'hono/jsx/dom';
import { PROVIDER_START_PATH } from '../worker/contract/provider-addresses.ts';
import type { ConsoleState } from './console-state.ts';
import { useEffect } from './parts/effect.ts';
import { Field, inputValue } from './parts/field.tsx';
import { Logo } from './parts/logo.tsx';
import { Note } from './parts/note.tsx';

export function SignIn({ state }: { state: ConsoleState }) {
  const { signIn, menu, product } = state.strings;
  return (
    <main class="sign-in" id="main">
      <div class="sign-in-card">
        <p class="brand">
          <Logo />
          {product}
        </p>
        <h1>{signIn.title}</h1>
        <Note
          kind="error"
          role="alert"
          text={state.providerFailure === null ? null : signIn.providerFailures[state.providerFailure]}
        />
        <ProviderLink state={state} />
        <p class="lead">{signIn.lead}</p>
        <KeyForm state={state} />
      </div>
      <button
        type="button"
        class="quiet"
        lang={menu.otherLanguage}
        onClick={() => state.setPreferences({ language: menu.otherLanguage })}
      >
        {menu.other}
      </button>
    </main>
  );
}

/** @param isInNewTab what is typed in this one stays */
export function ProviderLink({ state, isInNewTab = false }: { state: ConsoleState; isInNewTab?: boolean }) {
  const { signIn } = state.strings;
  if (state.provider === null) return null;
  return (
    <>
      <a class="button primary provider" href={PROVIDER_START_PATH} {...(isInNewTab ? { target: '_blank' } : {})}>
        {isInNewTab ? signIn.providerInNewTab(state.provider) : signIn.provider(state.provider)}
      </a>
      <p class="or">{signIn.or}</p>
    </>
  );
}

interface Failure {
  text: string;
  /** By the monotonic clock. */
  waitUntilMs: number;
}

export function KeyForm({ state }: { state: ConsoleState }) {
  const t = state.strings.signIn;
  const [key, setKey] = useState('');
  const [isShown, setShown] = useState(false);
  const [isSending, setSending] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [, tick] = useState(0);
  const secondsLeft = failure === null ? 0 : Math.max(0, Math.ceil((failure.waitUntilMs - performance.now()) / 1000));

  useEffect(() => {
    if (secondsLeft === 0) return;
    const timer = setTimeout(() => tick((count) => count + 1), 1000);
    return () => clearTimeout(timer);
  }, [secondsLeft]);

  const submit = async (event: Event) => {
    event.preventDefault();
    if (isSending || secondsLeft > 0 || key.trim() === '') return;
    setSending(true);
    const outcome = await state.signIn(key.trim());
    setSending(false);
    switch (outcome.kind) {
      case 'reply':
        return;
      case 'problem': {
        const { problem, retryAfterSeconds } = outcome;
        const mustWait = problem.status === 401 || problem.status === 429;
        setFailure({
          text: problem.status === 429 ? '' : state.strings.problem(problem),
          waitUntilMs: performance.now() + (mustWait ? (retryAfterSeconds ?? 1) * 1000 : 0),
        });
        return;
      }
      case 'unreachable':
        setFailure({ text: t.unreachable, waitUntilMs: 0 });
        return;
      case 'unreadable':
        setFailure({ text: state.strings.unreadable, waitUntilMs: 0 });
    }
  };

  const error = failure === null ? '' : [failure.text, secondsLeft > 0 ? t.wait(secondsLeft) : ''].join(' ').trim();
  return (
    <form onSubmit={submit}>
      <Field id="key" label={t.key} error={error === '' ? null : error}>
        {(attributes) => (
          <div class="with-button">
            <input
              {...attributes}
              name="key"
              type={isShown ? 'text' : 'password'}
              autocomplete="current-password"
              autocapitalize="off"
              spellcheck={false}
              value={key}
              onInput={(event: Event) => setKey(inputValue(event))}
            />
            <button
              type="button"
              class="quiet"
              aria-pressed={isShown ? 'true' : 'false'}
              onClick={() => setShown(!isShown)}
            >
              {isShown ? t.hide : t.show}
            </button>
          </div>
        )}
      </Field>
      <button
        type="submit"
        class={state.provider === null ? 'button primary' : 'button'}
        aria-disabled={isSending || secondsLeft > 0 ? 'true' : 'false'}
      >
        {isSending ? t.sending : t.submit}
      </button>
      <p class="visually-hidden" role="alert">
        {failure === null ? '' : failure.text}
      </p>
    </form>
  );
}
