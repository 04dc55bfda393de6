// The page between its header and its end: the ticket, and beneath it what people want to be sure of. The same
// components render on the server and, from the same model, in the browser; they hold no state and ask for nothing.

import { aheadOf, pollSeconds, pollSecondsBeforeOpening, waitSeconds } from '../../queue-core/wait.ts';
import { type Clock, clockOf } from './clock.ts';
import type { PageKind, PageModel } from './model.ts';
import type { Moments, Words } from './strings.ts';
import { waitRange } from './wait-range.ts';

export type Notice = 'offline' | 'unanswered';

/** What only a running script can add to the page. */
export interface Scripted {
  notice: Notice | null;
  /** A press is on its way to the server. */
  busy: boolean;
  /** `called` when this browser first saw the line: where the bar begins. */
  began: number;
  alert: boolean;
  press(wish: Wish): void;
  toggleAlert(): void;
}

export type Wish = 'join' | 'claim' | 'leave';

export interface PageProps {
  model: PageModel;
  words: Words;
  /** Server time in epoch milliseconds. */
  now: number;
  /** null: rendered by the server. */
  scripted: Scripted | null;
}

/** Numbers older than this get their age in words. */
const AGE_SHOWN_MS = 60_000;

const DAY_MS = 86_400_000;

/** Kinds on which a place in line is held, so that what protects it is worth saying. */
const PLACE_KINDS: PageKind[] = ['entered', 'drawing', 'waiting', 'paused', 'standby'];

export function Page(props: PageProps) {
  const { model, words } = props;
  const state = headingKey(model);
  const clock = clockOf(words.language, model.room?.timeZone ?? 'UTC');
  const problem = model.kind === 'badRequest' ? model.problem : null;
  return (
    <>
      <article class={hasFoot(model) ? 'ticket' : 'ticket whole'} data-kind={model.kind}>
        <section class="stub">
          <h1 tabindex={-1}>
            <Shape kind={model.kind} />
            {problem?.title ?? words.heading[state]}
          </h1>
          <p class="lead">{problem?.detail ?? words.lead[state](momentsOf(model, clock, props.now))}</p>
          <Hero {...props} />
        </section>
        {hasFoot(model) && <Foot {...props} clock={clock} />}
      </article>
      <Below {...props} clock={clock} />
    </>
  );
}

/** Nothing follows by itself and nothing is to be read off: the ticket has no lower half. */
function hasFoot({ kind, board }: PageModel): boolean {
  return kind !== 'badRequest' && (kind !== 'closed' || board?.message != null);
}

/** The heading of the page; a visitor without a place whose visit is over has given it up. */
export function headingKey({ kind, status }: PageModel): PageKind | 'gaveUp' {
  return kind === 'ended' && status?.state === 'none' ? 'gaveUp' : kind;
}

export function titleOf({ model, words }: Pick<PageProps, 'model' | 'words'>): string {
  const ahead = model.kind === 'waiting' ? aheadIn(model) : null;
  const head = model.problem?.title ?? words.title(model.kind, ahead === null ? null : grouped(ahead));
  return model.room === null ? head : `${head} · ${model.room.title[words.language]}`;
}

/** What a screen reader is told from time to time. */
export function spoken({ model, words }: Pick<PageProps, 'model' | 'words'>): string {
  const ahead = model.kind === 'waiting' ? aheadIn(model) : null;
  const heading = words.heading[headingKey(model)];
  return ahead === null ? heading : `${heading}. ${words.aheadSpoken(grouped(ahead), waitText(model, words))}`;
}

/** What is said of a failed request; null where the page itself says already that a server does not answer. */
export function noticeText({ model, words }: Pick<PageProps, 'model' | 'words'>, notice: Notice): string | null {
  const { kind, status } = model;
  if (notice === 'unanswered' && (kind === 'storeUnreachable' || kind === 'originUnreachable')) return null;
  const over = kind === 'lapsed' || kind === 'ended' || kind === 'closed';
  const holdsPlace = !over && (status?.position ?? status?.entry ?? null) !== null;
  return holdsPlace ? `${words[notice]} ${words.placeKept}` : words[notice];
}

/** Seconds after which the page asks again; null where nothing happens by itself. */
export function refreshSeconds({ kind, status, board, admitAt }: PageModel, now: number): number | null {
  switch (kind) {
    case 'lapsed':
    case 'ended':
    case 'closed':
    case 'badRequest':
      return null;
    case 'scheduled':
    case 'entered':
      return board === null ? 10 : pollSecondsBeforeOpening(Date.parse(board.opensAt) - now);
    case 'called':
      return admitAt === null ? 3 : Math.max(1, Math.ceil((Date.parse(admitAt) - now) / 1000));
    case 'standby':
      return 3;
    case 'waiting': {
      const ahead = aheadIn({ board, status });
      return ahead === null || board === null ? (status?.nextPollSeconds ?? 10) : pollSeconds(ahead, board);
    }
    default:
      return status?.nextPollSeconds ?? 10;
  }
}

export function grouped(count: number): string {
  return count.toLocaleString('en');
}

function aheadIn({ status, board }: Pick<PageModel, 'status' | 'board'>): number | null {
  if (status?.position != null && board !== null) return aheadOf(status.position, board.called);
  return status?.ahead ?? null;
}

function waitText(model: PageModel, words: Words): string {
  const ahead = aheadIn(model);
  const seconds = ahead !== null && model.board !== null ? waitSeconds(ahead, model.board.pace) : null;
  return words.wait(seconds === null ? null : waitRange(seconds));
}

function momentsOf({ board, status, admitAt }: PageModel, clock: Clock, now: number): Moments {
  const moment = (at: string | null | undefined) => (at == null ? null : clock.moment(Date.parse(at), now));
  return {
    opens: moment(board?.opensAt),
    closes: moment(board?.closesAt),
    claimBy: moment(status?.claimBy),
    admit: moment(admitAt),
    admittedUntil: moment(status?.admittedUntil),
  };
}

/** The one number of the page, if it has one. */
function Hero({ model: { kind, board, status }, words, now }: PageProps) {
  if ((kind === 'scheduled' || kind === 'entered') && board !== null) {
    return <Countdown left={Date.parse(board.opensAt) - now} words={words} />;
  }
  if (kind === 'lapsed' || kind === 'ended' || kind === 'closed' || kind === 'originUnreachable') return null;
  if (status?.position != null) return <BigNumber label={words.myNumber} value={status.position} />;
  if (status?.entry != null) return <BigNumber label={words.entry} value={status.entry} />;
  return null;
}

function BigNumber({ label, value }: { label: string; value: number }) {
  const text = grouped(value);
  return (
    <p class="hero">
      <span class="label">{label}</span> <b class={text.length > 7 ? 'long' : ''}>{text}</b>
    </p>
  );
}

function Countdown({ left, words }: { left: number; words: Words }) {
  const seconds = Math.max(0, Math.ceil(left / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  const far = left > DAY_MS;
  const text = far ? words.days(Math.floor(h / 24), h % 24) : `${h > 0 ? `${h}:` : ''}${two(m)}:${two(s)}`;
  return (
    <p class="hero">
      <span class="label">{words.untilOpening}</span>{' '}
      <b role="timer" aria-label={far ? text : words.countdown(h, m, s)} class={far || h > 0 ? 'long' : ''}>
        {text}
      </b>
    </p>
  );
}

/** Beneath the tear: the board, and the one thing to do. */
function Foot(props: PageProps & { clock: Clock }) {
  const { model, words, now, scripted, clock } = props;
  const { kind, board, status, room } = model;
  const known = kind === 'storeUnreachable' ? null : board;
  const ahead = aheadIn(model);
  const beforeOpening = kind === 'scheduled' || kind === 'entered';
  const line = (kind === 'waiting' || kind === 'paused') && status?.position != null ? known : null;
  const began = Math.min(scripted?.began ?? 0, known?.called ?? 0);
  const moments = momentsOf(model, clock, now);
  const seconds = refreshSeconds(model, now);
  const notice = scripted?.notice ? noticeText({ model, words }, scripted.notice) : null;
  return (
    <section class="board">
      {notice !== null && (
        <p class="notice">
          <Shape kind="originUnreachable" />
          <span>{notice}</span>
        </p>
      )}
      {known?.message && (
        <div class="message">
          <p class="label">{words.message(clock.moment(wholeMinute(known.message.at), now))}</p>
          <p>{known.message.text[words.language]}</p>
        </div>
      )}
      <dl>
        {beforeOpening && (
          <>
            <Fact label={words.opensAt} value={moments.opens} />
            <Fact label={words.serverTime} value={now > 0 ? clock.second(now) : null} />
          </>
        )}
        {kind === 'entered' && status?.entry != null && <Fact label={words.entry} value={grouped(status.entry)} />}
        {/* The board may be older than this visitor's own entry, which says that at least so many take part. */}
        {(kind === 'entered' || kind === 'drawing') && known && (
          <Fact label={words.entries} value={words.people(grouped(Math.max(known.entries, status?.entry ?? 0)))} />
        )}
        {line && (
          <>
            <Fact label={words.nowCalled} value={line.called > 0 ? grouped(line.called) : words.nobodyYet} />
            <Fact label={words.ahead} value={ahead === null ? null : words.people(grouped(ahead))} />
          </>
        )}
        {kind === 'called' && <Fact label={words.heldUntil} value={moments.claimBy} wide />}
        {kind === 'standby' && model.standbyAhead !== null && (
          <Fact label={words.standbyAhead} value={words.people(grouped(model.standbyAhead))} wide />
        )}
      </dl>
      {line && status?.position != null && (
        <progress
          aria-label={words.progress}
          max={Math.max(1, status.position - began)}
          value={Math.min(status.position, line.called) - began}
        />
      )}
      {line && <p class="read">{words.readAt(clock.second(Date.parse(line.asOf)), ageMinutes(line.asOf, now))}</p>}
      <dl>
        {kind === 'waiting' && <Fact label={words.estimate} value={waitText(model, words)} wide />}
        {known?.stock && (
          <Fact
            label={words.stock}
            value={grouped(known.stock.remaining)}
            note={words.readAt(clock.second(Date.parse(known.stock.asOf)), ageMinutes(known.stock.asOf, now))}
            wide
          />
        )}
      </dl>
      {room !== null && kind === 'called' && model.admitAt === null && (
        <Press {...props} wish="claim" label={words.enterNow} />
      )}
      {room !== null && (kind === 'lapsed' || kind === 'ended') && (
        <>
          <Press {...props} wish="join" label={words.newPlace} />
          <p class="read">{words.newPlaceNote}</p>
        </>
      )}
      {kind === 'originUnreachable' || kind === 'storeUnreachable' ? (
        <a class="button" href={model.returnTo}>
          {words.retry}
        </a>
      ) : null}
      {scripted && (PLACE_KINDS.includes(kind) || kind === 'soldOut') && (
        <button
          class="switch"
          type="button"
          role="switch"
          aria-checked={scripted.alert ? 'true' : 'false'}
          onClick={scripted.toggleAlert}
        >
          <span>{words.alert}</span>
          <i />
        </button>
      )}
      {scripted === null && seconds !== null && (
        <noscript>
          <p class="read">{words.noScript(noScriptSeconds(model, now) ?? seconds)}</p>
        </noscript>
      )}
    </section>
  );
}

/** Without a script every look is a whole page: never more often than this, near the turn and otherwise. */
const NO_SCRIPT_SECONDS_MIN = 5;
const NO_SCRIPT_SECONDS_MIN_ENTERED = 20;

export function noScriptSeconds(model: PageModel, now: number): number | null {
  const seconds = refreshSeconds(model, now);
  if (seconds === null || model.kind === 'called') return seconds;
  if (model.kind !== 'entered' && model.kind !== 'scheduled') return Math.max(NO_SCRIPT_SECONDS_MIN, seconds);
  const left = model.board === null ? 0 : Math.ceil((Date.parse(model.board.opensAt) - now) / 1000);
  // Far from the opening 20 s or more; the last look before it is timed to fall just after it.
  return Math.max(NO_SCRIPT_SECONDS_MIN, Math.min(Math.max(NO_SCRIPT_SECONDS_MIN_ENTERED, seconds), left + 1));
}

function wholeMinute(at: string): number {
  const ms = Date.parse(at);
  return ms - (ms % 60_000);
}

function ageMinutes(asOf: string, now: number): number {
  const age = now - Date.parse(asOf);
  return age < AGE_SHOWN_MS ? 0 : Math.floor(age / 60_000);
}

/** Eight digits and their unit stand beside another value on a phone; a moment with its date needs a row of its own. */
const HALF_ROW_CHARS_MAX = 12;

interface FactProps {
  label: string;
  value: string | null;
  note?: string;
  wide?: boolean;
}

function Fact({ label, value, note, wide = false }: FactProps) {
  if (value === null) return null;
  return (
    <div class={wide || value.length > HALF_ROW_CHARS_MAX ? 'wide' : ''}>
      <dt>{label}</dt>
      <dd>
        {value}
        {note && <small>{note}</small>}
      </dd>
    </div>
  );
}

/** A form, so that it works without a script; with one, the press is taken over and the page stays. */
function Press({
  model,
  scripted,
  wish,
  label,
  quiet = false,
}: PageProps & { wish: Wish; label: string; quiet?: boolean }) {
  const onSubmit = (event: Event) => {
    event.preventDefault();
    if (!scripted?.busy) scripted?.press(wish);
  };
  return (
    <form
      method="post"
      action={`/_fairgate/rooms/${encodeURIComponent(model.room?.id ?? '')}/${wish}`}
      {...(scripted === null ? {} : { onSubmit })}
    >
      <input type="hidden" name="return" value={model.returnTo} />
      <button class={quiet ? 'button quiet' : 'button'} type="submit" aria-disabled={scripted?.busy ? 'true' : 'false'}>
        {label}
      </button>
    </form>
  );
}

/** Beneath the ticket: what people fear, how the draw is checked, and the way out of the line. */
function Below(props: PageProps & { clock: Clock }) {
  const { model, words, clock } = props;
  const { kind, board, status, room } = model;
  const { items, title } = words.promises;
  const draws =
    board !== null &&
    (kind === 'entered' || kind === 'drawing' || (board.draw.proof !== null && PLACE_KINDS.includes(kind)));
  return (
    <div class="below">
      {(PLACE_KINDS.includes(kind) || kind === 'scheduled') && (
        <section>
          <h2>{title}</h2>
          <ul>
            {(kind === 'scheduled'
              ? [items.entryTurn, items.backDoor]
              : [items.closing, items.network, status?.position == null ? items.entryTurn : items.turn, items.backDoor]
            ).map(([lead, rest]) => (
              <li key={lead}>
                <b>{lead}</b>
                {rest}
              </li>
            ))}
          </ul>
        </section>
      )}
      {draws && (
        <details>
          <summary>{words.draw.title}</summary>
          <p>{words.draw.how}</p>
          <p class="seal">
            {words.draw.seal} <code>{board.draw.commitment}</code>
          </p>
          {board.draw.proof && (
            <p>
              <a href={`/_fairgate/rooms/${encodeURIComponent(board.room)}/proof`}>{words.draw.verify}</a>
            </p>
          )}
        </details>
      )}
      {room !== null && (kind === 'waiting' || kind === 'entered') && (
        <details>
          <summary>{words.leave.open}</summary>
          <p>{words.leave.warning}</p>
          <Press {...props} wish="leave" label={words.leave.confirm} quiet />
        </details>
      )}
      {board !== null && <p class="zone">{words.zone(clock.zone(props.now))}</p>}
    </div>
  );
}

/** One outline a state, drawn on 24 by 24: told apart by form, so that colour says nothing alone. */
const SHAPES: Record<PageKind, string> = {
  scheduled: 'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 7v5l3 3',
  entered: 'M4 4h16v16H4zM8 12l3 3l5-6',
  drawing: 'M3 7h4l10 10h4M3 17h4l3-3M14 10l3-3h4M18 4l3 3l-3 3M18 14l3 3l-3 3',
  waiting: 'M3 7h18v3.5a1.5 1.5 0 0 0 0 3V17H3v-3.5a1.5 1.5 0 0 0 0-3zM14 7v10',
  called: 'M13 4h6v16h-6M4 12h10M10 8l4 4l-4 4',
  standby: 'M6 6l6 6l-6 6M13 6l6 6l-6 6',
  paused: 'M9 5v14M15 5v14',
  soldOut: 'M4 8l8-4l8 4v8l-8 4l-8-4zM9 12h6',
  closed: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  lapsed: 'M7 3h10M7 21h10M8 3c0 5 8 6 8 9s-8 4-8 9M16 3c0 5-8 6-8 9s8 4 8 9',
  ended: 'M5 12l5 5L19 7',
  storeUnreachable: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  originUnreachable: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  badRequest: 'M12 4l9 16H3zM12 10v4M12 17h.01',
};

function Shape({ kind }: { kind: PageKind }) {
  return (
    <svg class="shape" viewBox="0 0 24 24" aria-hidden="true">
      <path d={SHAPES[kind]} />
    </svg>
  );
}
