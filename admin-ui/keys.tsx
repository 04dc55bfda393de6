import { useState } from 'hono/jsx/dom';
import { ROLES, type Role } from '../worker/contract/operators.ts';
import { type AnswerTo, call } from './client.ts';
import { useEffect } from './effect.ts';
import { HoldButton } from './hold-button.tsx';
import { Log } from './log.tsx';
import { dayAndTime } from './look.ts';
import type { Words } from './words-en.ts';

export function Keys({ words }: { words: Words }) {
  const [keys, setKeys] = useState<AnswerTo<'keys'>['keys'] | null>(null);
  const [made, setMade] = useState<AnswerTo<'addKey'> | null>(null);
  const [said, setSaid] = useState('');

  const read = async () => {
    const outcome = await call('keys');
    if (outcome.kind === 'answer') setKeys(outcome.answer.keys);
    if (outcome.kind === 'problem') setSaid(words.problem(outcome.problem.title, outcome.problem.detail));
    if (outcome.kind === 'unreachable') setSaid(words.unreachable);
  };
  useEffect(() => {
    read();
  }, []);

  const add = async (event: Event) => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const body = { name: String(form.get('name')), role: String(form.get('role')) as Role };
    const outcome = await call('addKey', { body });
    if (outcome.kind === 'answer') setMade(outcome.answer);
    if (outcome.kind === 'problem') setSaid(words.problem(outcome.problem.title, outcome.problem.detail));
    read();
  };
  const remove = async (key: string) => {
    const outcome = await call('removeKey', { at: { key } });
    if (outcome.kind === 'problem') setSaid(words.problem(outcome.problem.title, outcome.problem.detail));
    read();
  };

  return (
    <main class="page">
      <h1>{words.keysPage.title}</h1>
      <p role="alert">{said}</p>
      <ul class="rooms">
        {keys?.map(({ id, name, role, createdAt }) => (
          <li key={id} class="card row">
            <b>{name}</b> <span>{words.roles[role]}</span> <span class="soft">{dayAndTime(words, createdAt)}</span>
            {id !== 'owner' && (
              <HoldButton words={words} label={words.keysPage.remove} note="" disabled={false} act={() => remove(id)} />
            )}
          </li>
        ))}
      </ul>
      <form class="card fields" onSubmit={add}>
        <label>
          {words.keysPage.name}
          <input name="name" required maxlength={60} />
        </label>
        <label>
          {words.keysPage.role}
          <select name="role">
            {ROLES.map((role) => (
              <option value={role}>{words.roles[role]}</option>
            ))}
          </select>
        </label>
        <button type="submit" class="primary">
          {words.keysPage.make}
        </button>
      </form>
      {made !== null && (
        <section class="card" role="status">
          <p>{words.keysPage.once}</p>
          <p class="mono secret">{made.key}</p>
          <button type="button" onClick={() => navigator.clipboard.writeText(made.key)}>
            {words.keysPage.copy}
          </button>
        </section>
      )}
      <Log words={words} room={null} />
    </main>
  );
}
