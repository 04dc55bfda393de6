// The content of a visitor's page: the ticket (a stub with the visitor's number, the board under its tear line) and the
// sections under it. The same components render on the server and, from the same model, in the browser; they hold no
// state and make no requests.

import type { PriceRange } from '../../queue-core/document/origin-state.ts';
import type { Language, Notice, PageKind, PageModel, VisitorAction } from './model.ts';
import {
  aheadIn,
  asOfText,
  estimatedWait,
  grouped,
  headingKey,
  headingText,
  isOriginAway,
  noticeText,
  pageFacts,
  servedText,
} from './page-text.ts';
import { StateIcon } from './state-icon.tsx';
import { StockByLots, StockTotal } from './stock-left.tsx';
import type { Strings } from './strings.ts';
import type { TimeFormat } from './time-format.ts';

/** What only a running script can add to the page. */
interface Scripted {
  notice: Notice | null;
  /** The request of a pressed button is on its way. */
  busy: boolean;
  /** `called` when this browser first showed this position: where the progress bar starts. */
  calledAtStart: number;
  press(action: VisitorAction): void;
  toggleAlert(): void;
  /** Sound and vibration are switched on. */
  alert: boolean;
}

interface PageProps {
  model: PageModel;
  strings: Strings;
  /** Server time in epoch milliseconds; 0 if unknown. */
  now: number;
  /** null: rendered by the server. */
  scripted: Scripted | null;
  /** Says when a page without a running script reloads itself; null: it does not, or a script runs. */
  reloadNote: string | null;
  /** Of the page's language and the room's time zone. */
  time: TimeFormat;
  priceText: (price: PriceRange, language: Language) => string;
}

const DAY_MS = 86_400_000;

/** Kinds on which a visitor holds a place in line, so that it is worth explaining what does not lose it. */
const PLACE_KINDS: PageKind[] = ['entered', 'drawing', 'waiting', 'paused', 'standby'];

export function Page(props: PageProps) {
  const { model, strings, now, time } = props;
  const served = servedText(model);
  return (
    <>
      <article class={hasBoard(model) ? 'ticket' : 'ticket whole'} data-kind={model.kind}>
        <section class="stub">
          <h1 tabindex={-1}>
            <StateIcon kind={model.kind} />
            {headingText(model, strings)}
          </h1>
          <p class="lead">
            {model.kind === 'badRequest' ? (
              served?.detail
            ) : (
              <Sentences text={served?.detail ?? strings.lead[headingKey(model)](pageFacts(model, time, now))} />
            )}
          </p>
          <MainNumber {...props} />
        </section>
        {hasBoard(model) && <TicketBoard {...props} />}
      </article>
      <BelowTicket {...props} />
    </>
  );
}

/** False where nothing happens automatically and there is nothing to read: the ticket is its stub only. */
function hasBoard({ kind, board, formNotSent }: PageModel): boolean {
  return kind !== 'badRequest' && (kind !== 'closed' || board?.message != null || formNotSent);
}

/** Each sentence is a box of its own, so that a centred line breaks between sentences where it can. */
function Sentences({ text }: { text: string }) {
  return text
    .replaceAll('. ', '.\n')
    .split('\n')
    .map((sentence) => (
      <>
        <span>{sentence}</span>{' '}
      </>
    ));
}

/** The one large number of the page, if it has one. */
function MainNumber({ model: { kind, board, status }, strings, now }: PageProps) {
  const countsDown = kind === 'scheduled' || kind === 'entered' || (kind === 'newcomer' && board?.state === 'prequeue');
  if (countsDown && board !== null) {
    return <Countdown msLeft={Date.parse(board.opensAt) - now} strings={strings} />;
  }
  if (kind === 'lapsed' || kind === 'ended' || kind === 'closed' || isOriginAway(kind)) return null;
  if (status?.position != null) return <LargeNumber label={strings.myNumber} value={status.position} />;
  if (status?.entry != null) return <LargeNumber label={strings.entry} value={status.entry} />;
  return null;
}

/** "999,999" fits a phone at full size. */
const LARGE_CHARS_MAX = 7;

function LargeNumber({ label, value }: { label: string; value: number }) {
  const text = grouped(value);
  return (
    <p class="hero">
      <span class="label">{label}</span> <b class={text.length > LARGE_CHARS_MAX ? 'long' : undefined}>{text}</b>
    </p>
  );
}

function Countdown({ msLeft, strings }: { msLeft: number; strings: Strings }) {
  const seconds = Math.max(0, Math.ceil(msLeft / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const twoDigits = (value: number) => String(value).padStart(2, '0');
  const far = msLeft > DAY_MS;
  const text = far
    ? strings.days(Math.floor(h / 24), h % 24)
    : `${h > 0 ? `${h}:` : ''}${twoDigits(m)}:${twoDigits(s)}`;
  return (
    <p class="hero">
      <span class="label">{strings.untilOpening}</span>{' '}
      <b role="timer" aria-label={far ? text : strings.countdown(h, m, s)} class={far || h > 0 ? 'long' : ''}>
        {text}
      </b>
    </p>
  );
}

/** Under the tear line: the room's numbers and the one thing to do. */
function TicketBoard(props: PageProps) {
  const { model, strings, now, scripted, reloadNote, time } = props;
  const { kind, status, room } = model;
  const board = kind === 'storeUnreachable' ? null : model.board;
  const ahead = aheadIn(model);
  const wait = kind === 'waiting' ? estimatedWait(model, strings) : null;
  const line = (kind === 'waiting' || kind === 'paused') && status?.position != null ? board : null;
  const progressStart = Math.min(scripted?.calledAtStart ?? 0, board?.called ?? 0);
  const times = pageFacts(model, time, now);
  const notices = [
    model.formNotSent && strings.formNotSent,
    scripted?.notice && noticeText(model, strings, scripted.notice),
    board?.moved && strings.moved(times),
  ];
  return (
    <section class="board">
      {notices.map(
        (text) =>
          text && (
            <p class="notice" key={text}>
              <StateIcon kind="originUnreachable" />
              <span>{text}</span>
            </p>
          ),
      )}
      {board?.message && (
        <div class="message">
          <p class="label">{strings.message(time.moment(toMinute(board.message.at), now))}</p>
          <p>{board.message.text[strings.language]}</p>
        </div>
      )}
      <dl>
        {(kind === 'scheduled' || kind === 'entered') && (
          <>
            <Fact label={strings.opensAt} value={times.opens} />
            <Fact label={strings.serverTime} value={now > 0 ? time.second(now) : null} />
          </>
        )}
        {kind === 'entered' && status?.entry != null && <Fact label={strings.entry} value={grouped(status.entry)} />}
        {/* The board may be older than this visitor's entry, which proves that at least so many take part. */}
        {(kind === 'entered' || kind === 'drawing') && board && (
          <Fact label={strings.entries} value={strings.people(grouped(Math.max(board.entries, status?.entry ?? 0)))} />
        )}
        {line && (
          <>
            <Fact label={strings.nowCalled} value={line.called > 0 ? grouped(line.called) : strings.noneCalled} />
            <Fact label={strings.ahead} value={ahead === null ? null : strings.people(grouped(ahead))} />
          </>
        )}
        {kind === 'called' && <Fact label={strings.heldUntil} value={times.claimBy} wide />}
        {kind === 'standby' && model.standbyAhead !== null && (
          <Fact label={strings.standbyAhead} value={strings.people(grouped(model.standbyAhead))} wide />
        )}
        {kind === 'tooManyJoins' && model.retryAt !== null && (
          <Fact label={strings.retryAt} value={time.second(Date.parse(model.retryAt))} wide />
        )}
      </dl>
      {line && status?.position != null && (
        <progress
          aria-label={strings.progress}
          max={Math.max(1, status.position - progressStart)}
          value={Math.min(status.position, line.called) - progressStart}
        />
      )}
      {line && <p class="note">{asOfText(line.asOf, now, strings, time)}</p>}
      <dl>
        <Fact label={strings.estimate} value={wait} wide />
        {board?.stock && <StockTotal {...props} stock={board.stock} />}
      </dl>
      {board?.stock && <StockByLots {...props} stock={board.stock} />}
      {room !== null && kind === 'called' && model.admitAt === null && (
        <ActionForm {...props} action="claim" label={strings.enterNow} />
      )}
      {(kind === 'newcomer' || kind === 'cookiesNeeded') && (
        <ActionForm {...props} action="join" label={kind === 'newcomer' ? strings.takePlace : strings.retry} />
      )}
      {room !== null && (kind === 'lapsed' || kind === 'ended') && (
        <>
          <ActionForm {...props} action="join" label={strings.newPlace} />
          <p class="note">{strings.newPlaceNote}</p>
        </>
      )}
      {(isOriginAway(kind) || kind === 'storeUnreachable') && (
        <a class="button" href={model.returnTo ?? ''}>
          {strings.retry}
        </a>
      )}
      {scripted && (PLACE_KINDS.includes(kind) || kind === 'soldOut') && (
        <label class="switch">
          {strings.alert}
          <input type="checkbox" checked={scripted.alert || undefined} onClick={scripted.toggleAlert} />
        </label>
      )}
      {reloadNote !== null && (
        <noscript>
          <p class="note">{reloadNote}</p>
        </noscript>
      )}
    </section>
  );
}

function toMinute(at: string): number {
  const ms = Date.parse(at);
  return ms - (ms % 60_000);
}

/** Two facts share a row on a phone up to eight digits and a unit; a time with its date needs a row of its own. */
const HALF_ROW_CHARS_MAX = 12;

interface FactProps {
  label: string;
  value: string | null;
  wide?: boolean;
}

function Fact({ label, value, wide = false }: FactProps) {
  if (value === null) return null;
  return (
    <div class={wide || value.length > HALF_ROW_CHARS_MAX ? 'wide' : undefined}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface ActionFormProps extends PageProps {
  action: VisitorAction;
  label: string;
  secondary?: boolean;
}

/** A form, so that it works without a script; with a script, the submission is replaced by a request and the page stays. */
function ActionForm({ model, scripted, action, label, secondary = false }: ActionFormProps) {
  const onSubmit = (event: Event) => {
    event.preventDefault();
    if (!scripted?.busy) scripted?.press(action);
  };
  return (
    <form
      method="post"
      action={`/_fairgate/rooms/${model.room?.id}/${action}`}
      {...(scripted === null ? {} : { onSubmit })}
    >
      {model.returnTo !== null && <input type="hidden" name="return" value={model.returnTo} />}
      <button
        class={secondary ? 'button secondary' : 'button'}
        type="submit"
        aria-disabled={scripted?.busy ? 'true' : 'false'}
      >
        {label}
      </button>
    </form>
  );
}

/** Under the ticket: what does not lose the place, how to check the draw, and how to leave the line. */
function BelowTicket(props: PageProps) {
  const { model, strings, now, time } = props;
  const { kind, board, room } = model;
  const { closing, network, noOtherWay, title, turn } = strings.reassurance;
  const hasPlace = PLACE_KINDS.includes(kind);
  return (
    <div class="below">
      {board && (hasPlace || kind === 'scheduled') && (
        <section>
          <h2>{title}</h2>
          <ul>
            {[...(hasPlace ? [closing, network] : []), turn(board.claimMinutes), noOtherWay].map(([lead, rest]) => (
              <li key={lead}>
                <b>{lead}</b>
                {rest}
              </li>
            ))}
          </ul>
        </section>
      )}
      {hasPlace && board !== null && (
        <details>
          <summary>{strings.draw.title}</summary>
          <p>{strings.draw.how(board.draw.beacon)}</p>
          <p>
            {strings.draw.seal} <code>{board.draw.commitment}</code>
          </p>
          {board.draw.proof && (
            <p>
              <a href={`/_fairgate/rooms/${board.room}/proof`}>{strings.draw.verify}</a>
            </p>
          )}
        </details>
      )}
      {room !== null && (kind === 'waiting' || kind === 'entered') && (
        <details>
          <summary>{strings.leave.open}</summary>
          <p>{strings.leave.warning}</p>
          <ActionForm {...props} action="leave" label={strings.leave.confirm} secondary />
        </details>
      )}
      {board !== null && <p class="zone">{strings.zone(time.zone(now))}</p>}
    </div>
  );
}
