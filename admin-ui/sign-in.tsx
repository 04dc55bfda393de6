import { useState } from 'hono/jsx/dom';
import type { Session } from '../worker/contract/operators.ts';
import { call, problemName } from './client.ts';
import type { Words } from './words-en.ts';

export function SignIn({
  words,
  ended,
  entered,
}: {
  words: Words;
  ended: boolean;
  entered: (session: Session) => void;
}) {
  const [said, setSaid] = useState(ended ? words.signIn.ended : '');
  const [busy, setBusy] = useState(false);

  const submit = async (event: Event) => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const field = form.elements.namedItem('key') as HTMLInputElement;
    setBusy(true);
    const outcome = await call('signIn', { body: { key: field.value.trim() } });
    setBusy(false);
    if (outcome.kind === 'answer') return entered(outcome.answer);
    if (outcome.kind === 'unreachable') return setSaid(words.unreachable);
    const { problem, retryAfterSeconds } = outcome;
    if (problemName(problem) === 'wrong-key') return setSaid(words.signIn.wrong(retryAfterSeconds));
    if (problemName(problem) === 'too-many-requests') return setSaid(words.signIn.slow(retryAfterSeconds ?? 1));
    setSaid(words.problem(problem.title, problem.detail));
  };

  return (
    <main class="door">
      <form class="card" onSubmit={submit}>
        <h1>Fairgate</h1>
        <label for="key">{words.signIn.key}</label>
        <input id="key" name="key" type="password" autocomplete="current-password" required maxlength={200} />
        <button type="submit" class="primary" disabled={busy}>
          {words.signIn.go}
        </button>
        <p role="alert" class="said">
          {said}
        </p>
        <p class="note">{words.signIn.note}</p>
      </form>
    </main>
  );
}
