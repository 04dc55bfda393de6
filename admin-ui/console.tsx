// The operators' console: who is here, where they look, in which language and light. It knows the operators' API and nothing
// else of the gateway, and keeps no secret: the session is a cookie that no script can read.

import { render, useState } from 'hono/jsx/dom';
import type { Session } from '../worker/contract/operators.ts';
import { call } from './client.ts';
import { Editor, NewRoom } from './editor.tsx';
import { useEffect } from './effect.ts';
import { Keys } from './keys.tsx';
import { Night } from './night.tsx';
import { Rooms } from './rooms.tsx';
import { SignIn } from './sign-in.tsx';
import { en, type Words } from './words-en.ts';
import { ko } from './words-ko.ts';

type Who = { kind: 'asking' } | { kind: 'nobody'; ended: boolean } | { kind: 'operator'; session: Session };

function Console() {
  const [words, setWords] = useState<Words>(firstLanguage());
  const [who, setWho] = useState<Who>({ kind: 'asking' });
  const [hash, setHash] = useState(location.hash);
  const [help, setHelp] = useState(false);

  useEffect(() => {
    call('session').then((outcome) =>
      setWho(
        outcome.kind === 'answer' ? { kind: 'operator', session: outcome.answer } : { kind: 'nobody', ended: false },
      ),
    );
    const turn = () => setHash(location.hash);
    const press = (event: KeyboardEvent) => {
      if (event.key === '?' && !(event.target as HTMLElement).closest('input, textarea')) setHelp(true);
      if (event.key === 'Escape') setHelp(false);
    };
    addEventListener('hashchange', turn);
    addEventListener('keydown', press);
    return () => {
      removeEventListener('hashchange', turn);
      removeEventListener('keydown', press);
    };
  }, []);
  document.documentElement.lang = words.lang;

  const signedOut = () => setWho({ kind: 'nobody', ended: true });
  const signOut = async () => {
    await call('signOut');
    setWho({ kind: 'nobody', ended: false });
  };
  const switchLanguage = () => {
    const next = words.lang === 'ko' ? en : ko;
    localStorage.setItem('fairgate-language', next.lang);
    setWords(next);
  };
  const switchTheme = () => {
    const root = document.documentElement;
    root.dataset['theme'] = root.dataset['theme'] === 'light' ? 'dark' : 'light';
    localStorage.setItem('fairgate-theme', root.dataset['theme']);
    setHash(`${location.hash}`);
  };

  return (
    <>
      <nav class="top">
        <a class="brand" href="#/">
          Fairgate
        </a>
        {who.kind === 'operator' && (
          <>
            <a href="#/">{words.rooms}</a>
            {who.session.operator.role === 'owner' && <a href="#/keys">{words.keys}</a>}
            <RoomLinks words={words} hash={hash} />
          </>
        )}
        <span class="gap" />
        <button type="button" onClick={switchTheme} aria-label={words.theme} title={words.theme}>
          ◐
        </button>
        <button type="button" onClick={switchLanguage} lang={words.lang === 'ko' ? 'en' : 'ko'}>
          {words.other}
        </button>
        {who.kind === 'operator' && (
          <>
            <span class="soft">
              {who.session.operator.name} · {words.roles[who.session.operator.role]}
            </span>
            <button type="button" onClick={signOut}>
              {words.signIn.out}
            </button>
          </>
        )}
      </nav>
      {who.kind === 'asking' && <main class="page">{words.loading}</main>}
      {who.kind === 'nobody' && (
        <SignIn words={words} ended={who.ended} entered={(session) => setWho({ kind: 'operator', session })} />
      )}
      {who.kind === 'operator' && <Screen words={words} hash={hash} session={who.session} signedOut={signedOut} />}
      {help && (
        <dialog open class="card help" aria-label={words.help.title}>
          <h2>{words.help.title}</h2>
          <dl>
            {words.help.list.map(([key, what]) => (
              <div>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
          <button type="button" onClick={() => setHelp(false)}>
            {words.help.close}
          </button>
        </dialog>
      )}
    </>
  );
}

function Screen(props: { words: Words; hash: string; session: Session; signedOut: () => void }) {
  const { words, hash, session, signedOut } = props;
  const { role } = session.operator;
  const [, place, room, part] = hash.split('/');
  if (place === 'room' && room !== undefined && room !== '') {
    const id = decodeURIComponent(room);
    if (part === 'edit') return <Editor key={`edit ${id}`} words={words} room={id} role={role} />;
    return <Night key={`night ${id}`} words={words} room={id} role={role} signedOut={signedOut} />;
  }
  if (place === 'keys' && role === 'owner') return <Keys words={words} />;
  if (place === 'new' && role === 'owner') return <NewRoom words={words} />;
  return <Rooms words={words} role={role} signedOut={signedOut} />;
}

function RoomLinks({ words, hash }: { words: Words; hash: string }) {
  const [, place, room] = hash.split('/');
  if (place !== 'room' || room === undefined) return null;
  return <a href={`#/room/${room}/edit`}>{words.edit.title}</a>;
}

function firstLanguage(): Words {
  const chosen = localStorage.getItem('fairgate-language') ?? navigator.language.slice(0, 2);
  return chosen === 'ko' ? ko : en;
}

// Dark unless somebody chose otherwise: the work is at night.
document.documentElement.dataset['theme'] = localStorage.getItem('fairgate-theme') ?? 'dark';
const root = document.getElementById('console');
if (root !== null) render(<Console />, root);
