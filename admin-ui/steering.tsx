// Everything that changes a room from the night screen. Each change says what it did, since when, and takes itself back where
// that is possible.

import { useState } from 'hono/jsx/dom';
import type { Changed, Forecast, Live, Role, RoomDetail } from '../worker/contract/operators.ts';
import { addressOf, call, type Outcome } from './client.ts';
import { useEffect } from './effect.ts';
import { HoldButton } from './hold-button.tsx';
import { number, timeOfDay } from './look.ts';
import type { Words } from './words-en.ts';

const MESSAGE_CHARS_MAX = 280;
/** A pause in typing after which a forecast is asked for. */
const TYPING_MS = 250;

export interface Done {
  said: string;
  /** null: cannot be taken back. */
  undo: (() => Promise<void>) | null;
}

interface Props {
  words: Words;
  role: Role;
  live: Live;
  timeZone: string;
  done: (done: Done) => void;
}

type ChangeName = 'pause' | 'hold' | 'resume' | 'openNow' | 'close' | 'revokeAll';

/** Makes a change and says what came of it. */
export function useChanges({ words, live, timeZone, done }: Omit<Props, 'role'>) {
  const at = { room: live.room };
  const failed = (outcome: Exclude<Outcome<unknown>, { kind: 'answer' }>) =>
    done({
      said:
        outcome.kind === 'unreachable'
          ? words.unreachable
          : words.problem(outcome.problem.title, outcome.problem.detail),
      undo: null,
    });
  const change = async (name: ChangeName, said: string, undo: (() => Promise<void>) | null) => {
    const outcome = await call(name, { at, ifMatch: live.etag });
    if (outcome.kind !== 'answer') return failed(outcome);
    done({ said: words.done(said, timeOfDay(words, outcome.answer.at ?? live.serverTime, timeZone)), undo });
  };
  /** Looks at the room first and changes what it is now. @returns whether it was changed */
  const onNewest = async (
    make: (room: RoomDetail) => Promise<Outcome<Changed>>,
    said: string,
    undo: Done['undo'],
  ): Promise<boolean> => {
    const room = await call('room', { at });
    const outcome = room.kind === 'answer' ? await make(room.answer) : room;
    if (outcome.kind !== 'answer') {
      failed(outcome);
      return false;
    }
    done({ said: words.done(said, timeOfDay(words, outcome.answer.at ?? live.serverTime, timeZone)), undo });
    return true;
  };
  /** Undoing is a change of what the room is by then. */
  const again = (name: ChangeName, said: string) => async () => {
    await onNewest(({ etag }) => call(name, { at, ifMatch: etag }), said, null);
  };
  return { at, failed, change, again, onNewest };
}

export function Flow(props: Props) {
  const { words, role, live } = props;
  const { change, again, at, failed } = useChanges(props);
  const may = role !== 'viewer';
  const why = may ? undefined : words.edit.forbidden(words.roles.operator);
  const { flow, state } = live;
  const before = flow === 'held' ? 'hold' : flow === 'paused' ? 'pause' : 'resume';
  const beforeSaid = words.actions[before];
  const unopened = state === 'scheduled' || state === 'prequeue';
  const over = state === 'closed';

  const endOne = async (event: Event) => {
    event.preventDefault();
    const position = String(new FormData(event.target as HTMLFormElement).get('position'));
    const outcome = await call('endSession', { at: { ...at, position } });
    if (outcome.kind !== 'answer') return failed(outcome);
    props.done({
      said: words.done(`${words.actions.end}: ${position}`, timeOfDay(words, live.serverTime, props.timeZone)),
      undo: null,
    });
  };
  const look = async () => {
    const outcome = await call('givePass', { at });
    if (outcome.kind !== 'answer') return failed(outcome);
    open('/', '_blank', 'noopener');
  };

  return (
    <section class="card" aria-label={words.actions.title}>
      <h2>{words.actions.title}</h2>
      <div class="row">
        <button
          type="button"
          disabled={!may || flow === 'paused' || over}
          aria-keyshortcuts="P"
          onClick={() => change('pause', words.actions.pause, again(before, beforeSaid))}
        >
          {words.actions.pause}
        </button>
        <button
          type="button"
          disabled={!may || flow === 'held' || over}
          aria-keyshortcuts="H"
          onClick={() => change('hold', words.actions.hold, again(before, beforeSaid))}
        >
          {words.actions.hold}
        </button>
        <button
          type="button"
          class="primary"
          disabled={!may || flow === 'running' || over}
          aria-keyshortcuts="R"
          onClick={() => change('resume', words.actions.resume, again(before, beforeSaid))}
        >
          {words.actions.resume}
        </button>
      </div>
      <p class="note">
        {why ?? `${words.actions.pause}: ${words.actions.pauseNote} ${words.actions.hold}: ${words.actions.holdNote}`}
      </p>
      {(unopened || over) && (
        <HoldButton
          words={words}
          label={words.actions.open}
          note={words.actions.openNote}
          disabled={!may}
          why={why}
          act={() => change('openNow', words.actions.open, null)}
        />
      )}
      <details>
        <summary>{words.actions.more}</summary>
        {!over && (
          <HoldButton
            words={words}
            label={words.actions.close}
            note={words.actions.closeNote}
            disabled={!may}
            why={why}
            act={() => change('close', words.actions.close, null)}
          />
        )}
        <HoldButton
          words={words}
          label={words.actions.revoke}
          note={words.actions.revokeNote}
          disabled={!may}
          why={why}
          act={() => change('revokeAll', words.actions.revoke, null)}
        />
        <form class="row" onSubmit={endOne}>
          <label>
            {words.actions.position}
            <input name="position" inputmode="numeric" pattern="[1-9][0-9]*" required disabled={!may} />
          </label>
          <button type="submit" disabled={!may}>
            {words.actions.end}
          </button>
        </form>
        <p>
          <button type="button" disabled={!may} onClick={look}>
            {words.actions.pass}
          </button>{' '}
          <span class="note">{words.actions.passNote}</span>
        </p>
      </details>
    </section>
  );
}

export function Limits(props: Props) {
  const { words, role, live } = props;
  const { at, onNewest } = useChanges(props);
  const [typed, setTyped] = useState<{ rate: string; places: string } | null>(null);
  const [forecast, setForecast] = useState<Forecast | null>(null);
  const may = role !== 'viewer';
  const rate = typed?.rate ?? String(live.newUsersPerMinute);
  const places = typed?.places ?? String(live.totalActiveUsers);
  const isChanged = Number(rate) !== live.newUsersPerMinute || Number(places) !== live.totalActiveUsers;

  useEffect(() => {
    if (!isChanged) return setForecast(null);
    let over = false;
    const timer = setTimeout(async () => {
      const query = { newUsersPerMinute: rate, totalActiveUsers: places, sessionMinutes: live.sessionMinutes };
      const outcome = await call('forecast', { at, query });
      if (!over) setForecast(outcome.kind === 'answer' ? outcome.answer : null);
    }, TYPING_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [rate, places, isChanged]);

  const put = async (newUsersPerMinute: number, totalActiveUsers: number, undo: Done['undo']) => {
    const said = `${words.limits.rate} ${number(words, newUsersPerMinute)}, ${words.limits.places} ${number(words, totalActiveUsers)}`;
    const changed = await onNewest(
      ({ policy, etag }) =>
        call('setPolicy', { at, body: { ...policy, newUsersPerMinute, totalActiveUsers }, ifMatch: etag }),
      said,
      undo,
    );
    if (changed) setTyped(null);
  };
  const apply = (event: Event) => {
    event.preventDefault();
    const { newUsersPerMinute, totalActiveUsers } = live;
    put(Number(rate), Number(places), () => put(newUsersPerMinute, totalActiveUsers, null));
  };
  const outlook = (label: string, one: Forecast['present']) => (
    <p>
      <span class="soft">{label}</span> <b>{words.wait(one.waitSeconds)}</b>{' '}
      <span class="note">
        {words.aMinute(number(words, Math.round(one.admissionsPerMinute)))}, {words.limits.by[one.limitedBy]}
      </span>
    </p>
  );

  return (
    <section class="card" aria-label={words.limits.title}>
      <h2>{words.limits.title}</h2>
      <form class="fields two" onSubmit={apply}>
        <label>
          {words.limits.rate}
          <input
            name="rate"
            type="number"
            min="1"
            max="1000000"
            required
            disabled={!may}
            value={rate}
            onInput={(event: Event) => setTyped({ rate: (event.target as HTMLInputElement).value, places })}
          />
        </label>
        <label>
          {words.limits.places}
          <input
            name="places"
            type="number"
            min="1"
            max="10000000"
            required
            disabled={!may}
            value={places}
            onInput={(event: Event) => setTyped({ rate, places: (event.target as HTMLInputElement).value })}
          />
        </label>
        <div class="outlook" role="status">
          {forecast === null ? (
            <p>
              <span class="soft">{words.waitNow}</span> <b>{words.wait(live.waitSeconds)}</b>
            </p>
          ) : (
            <>
              {outlook(words.limits.present, forecast.present)}
              {outlook(words.limits.proposed, forecast.proposed)}
            </>
          )}
        </div>
        <button type="submit" class="primary" disabled={!may || !isChanged}>
          {words.limits.apply}
        </button>
      </form>
      {!may && <p class="note">{words.edit.forbidden(words.roles.operator)}</p>}
    </section>
  );
}

export function Message(props: Props) {
  const { words, role, live } = props;
  const { at, onNewest } = useChanges(props);
  const [text, setText] = useState({ ko: live.message?.text.ko ?? '', en: live.message?.text.en ?? '' });
  const [preview, setPreview] = useState(false);
  const may = role !== 'viewer';
  const whole = text.ko.trim() !== '' && text.en.trim() !== '';

  const put = async (next: { ko: string; en: string } | null, said: string, undo: Done['undo']) => {
    await onNewest(({ etag }) => call('setMessage', { at, body: { text: next }, ifMatch: etag }), said, undo);
  };
  const former = live.message?.text ?? null;
  const field = (lang: 'ko' | 'en') => (
    <label>
      {words.message[lang]} <span class="note">{words.message.left(MESSAGE_CHARS_MAX - text[lang].length)}</span>
      <textarea
        name={`message-${lang}`}
        lang={lang}
        rows={3}
        maxlength={MESSAGE_CHARS_MAX}
        disabled={!may}
        value={text[lang]}
        onInput={(event: Event) => setText({ ...text, [lang]: (event.target as HTMLTextAreaElement).value })}
      />
    </label>
  );

  return (
    <section class="card" aria-label={words.message.title}>
      <h2>{words.message.title}</h2>
      <div class="fields">
        {field('ko')}
        {field('en')}
        <div class="row">
          <button
            type="button"
            class="primary"
            disabled={!may || !whole}
            onClick={() =>
              put({ ko: text.ko.trim(), en: text.en.trim() }, words.message.say, () =>
                put(former, words.actions.undo, null),
              )
            }
          >
            {words.message.say}
          </button>
          <button
            type="button"
            disabled={!may || live.message === null}
            onClick={() => put(null, words.message.take, () => put(former, words.actions.undo, null))}
          >
            {words.message.take}
          </button>
          <button type="button" aria-expanded={preview} onClick={() => setPreview(!preview)}>
            {words.message.preview}
          </button>
        </div>
        {!whole && may && <p class="note">{words.message.both}</p>}
        {preview && <Preview words={words} room={live.room} kind="waiting" texts={text} />}
      </div>
    </section>
  );
}

/** A visitor's page at phone width, in both languages, without scripts. */
export function Preview(props: { words: Words; room: string; kind: string; texts?: { ko: string; en: string } }) {
  const { words, room, kind, texts } = props;
  return (
    <div class="previews">
      {(['ko', 'en'] as const).map((language) => (
        <iframe
          title={`${words.edit.preview}: ${words.message[language]}`}
          sandbox=""
          src={addressOf(
            'preview',
            { room },
            { kind, language, ko: texts?.ko || undefined, en: texts?.en || undefined },
          )}
        />
      ))}
    </div>
  );
}
