// The page on which a visitor checks the draw: the verdict as a ticket, the five steps, the picture, and what to keep. Components hold no
// state and make no requests; the server renders the first state of it, the browser all others.

import type { Finding, FindingValue, ProofResult } from './proof-checks.ts';
import type { Draw } from './proof-document.ts';
import type { ProofModel } from './proof-model.ts';
import { type Move, Picture } from './proof-picture.tsx';
import type { Outcome } from './proof-steps.ts';
import { fill, type ProofState, type ProofStrings } from './proof-strings.ts';

/** What the page knows at the moment. */
export type ProofView =
  | { kind: ProofState }
  | { kind: 'checked'; draw: Draw; result: ProofResult; moves: Move[]; receiptEpoch: number | null };

export interface ProofActions {
  again(): void;
  showOpening(epoch: number): void;
  paste(): void;
  savePage(): void;
  saveJson(): void;
}

/** Numbers and times as the reader's language and the room's time zone have them. */
export interface Words {
  number(value: number): string;
  /** @param at ms */
  moment(at: number): string;
}

export interface ProofPageProps {
  model: ProofModel;
  strings: ProofStrings;
  view: ProofView;
  /** null: rendered by the server, which has no words for findings. */
  words: Words | null;
  actions: ProofActions | null;
  /** The name of the room's time zone; null: not known. */
  zone: string | null;
}

export function ProofHeader({
  model,
  strings,
  onSwitch,
}: {
  model: ProofModel;
  strings: ProofStrings;
  onSwitch?: (event: Event) => void;
}) {
  const other = strings.otherLanguage;
  const back = `/_fairgate/rooms/${model.room.id}/proof`;
  return (
    <>
      <p>{model.room.title[strings.language]}</p>
      {model.languages.includes(other.language) && (
        <a
          href={`/_fairgate/language?to=${other.language}&return=${encodeURIComponent(back)}`}
          lang={other.language}
          hreflang={other.language}
          {...(onSwitch === undefined ? {} : { onClick: onSwitch })}
        >
          {other.name}
        </a>
      )}
    </>
  );
}

export function headingOf(view: ProofView, strings: ProofStrings): string {
  return view.kind === 'checked' ? strings.verdict[view.result.verdict].heading : strings.state[view.kind].heading;
}

export function ProofPage(props: ProofPageProps) {
  const { model, strings, view, words, actions, zone } = props;
  const { lead } = view.kind === 'checked' ? strings.verdict[view.result.verdict] : strings.state[view.kind];
  const outcome = view.kind === 'checked' ? VERDICT_OUTCOMES[view.result.verdict] : STATE_OUTCOMES[view.kind];
  const opening = view.kind === 'checked' && words ? words.moment(Date.parse(view.draw.opensAt)) : null;
  const mine = view.kind === 'checked' && view.result.verdict !== 'failed' ? view.result.mine : null;
  const isOfOther = view.kind === 'checked' && view.receiptEpoch !== null && view.receiptEpoch !== view.draw.epoch;
  const hasOwn =
    view.kind === 'checked' && view.result.steps.some(({ name, outcome }) => name === 'entry' && outcome !== 'note');
  return (
    <>
      <article class="ticket" data-verdict={view.kind === 'checked' ? view.result.verdict : view.kind}>
        <section class="stub">
          <h1 tabindex={-1}>
            <OutcomeIcon outcome={outcome} />
            {headingOf(view, strings)}
          </h1>
          <p class="lead">{lead}</p>
          {mine && (
            <p class="hero">
              <span class="label">{strings.myPosition}</span> <b class="long">{words?.number(mine.position)}</b>
            </p>
          )}
        </section>
        <section class="board">
          <p class="note">
            {opening === null ? strings.title : `${strings.title} · ${fill(strings.opening, { opening })}`}
          </p>
          {view.kind === 'checked' && !hasOwn && <p class="note">{strings.withoutReceipt}</p>}
          {model.saved && words && (
            <p class="note">{fill(strings.saved, { at: words.moment(Date.parse(model.saved.at)) })}</p>
          )}
          {model.withheld && (
            <p class="note">
              {strings.withheld} <a href={`/_fairgate/rooms/${model.room.id}/wait`}>{strings.toWaitingPage}</a>
            </p>
          )}
          {actions && isOfOther && model.saved === null && view.receiptEpoch !== null && (
            <Button onClick={() => actions.showOpening(view.receiptEpoch ?? 0)}>{strings.showOpening}</Button>
          )}
          {actions && model.saved === null && view.kind !== 'loading' && view.kind !== 'checking' && (
            <Button onClick={actions.again}>{strings.again}</Button>
          )}
          {view.kind === 'start' && <Command model={model} />}
        </section>
      </article>
      {view.kind === 'checked' && words && <Steps strings={strings} result={view.result} words={words} />}
      {view.kind === 'checked' && words && view.moves.length > 0 && view.result.shuffle && (
        <Picture
          moves={view.moves}
          entries={view.result.shuffle.entries}
          own={mine === null ? null : (view.moves.find(({ entry }) => entry === mine.entry) ?? null)}
          strings={strings}
          number={words.number}
        />
      )}
      {view.kind === 'checked' && actions && <Keep {...props} actions={actions} />}
      <div class="below">
        {view.kind === 'checked' && <Values strings={strings} draw={view.draw} />}
        {actions && model.saved === null && view.kind === 'checked' && (
          <details>
            <summary>{strings.paste.open}</summary>
            <p>{strings.paste.how}</p>
            <label for="receipt">{strings.paste.label}</label>
            <textarea id="receipt" rows={4} spellcheck={false} autocomplete="off" />
            <Button onClick={actions.paste}>{strings.paste.button}</Button>
          </details>
        )}
        {words && (
          <details>
            <summary>{strings.independent.title}</summary>
            <p>{strings.independent.how}</p>
            <Command model={model} epoch={view.kind === 'checked' ? view.draw.epoch : null} />
          </details>
        )}
        {zone && <p class="zone">{fill(strings.zone, { name: zone })}</p>}
      </div>
    </>
  );
}

/** Names the opening, so that the command still checks this draw when the room has another one. */
function Command({ model, epoch = null }: { model: ProofModel; epoch?: number | null }) {
  return (
    <p>
      <code>{`npm run verify-draw -- ${model.drawUrl}${epoch === null ? '' : `?epoch=${epoch}`}`}</code>
    </p>
  );
}

function Button({ onClick, children }: { onClick(): void; children: string }) {
  return (
    <button class="button secondary" type="button" onClick={onClick}>
      {children}
    </button>
  );
}

const VERDICT_OUTCOMES: Record<ProofResult['verdict'], Outcome> = {
  proven: 'done',
  weaker: 'note',
  pending: 'pending',
  drawing: 'pending',
  failed: 'failed',
};

const STATE_OUTCOMES: Record<ProofState, Outcome> = {
  start: 'pending',
  loading: 'pending',
  checking: 'pending',
  unreachable: 'note',
  unknown: 'note',
  unreadable: 'failed',
};

/** Outlines on a 24 by 24 grid: a tick, a cross in an octagon, a clock, a point in a circle. */
const OUTLINES: Record<Outcome, string> = {
  done: 'M5 12l5 5L19 7',
  failed: 'M8 3h8l5 5v8l-5 5H8l-5-5V8zM9 9l6 6M15 9l-6 6',
  pending: 'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 7v5l3 3',
  note: 'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 8h.01M12 12v4',
};

function OutcomeIcon({ outcome }: { outcome: Outcome }) {
  return (
    <svg class={`icon is-${outcome}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={OUTLINES[outcome]} />
    </svg>
  );
}

function Steps({ strings, result, words }: { strings: ProofStrings; result: ProofResult; words: Words }) {
  return (
    <ol class="steps">
      {result.steps.map(({ name, outcome, findings }, index) => (
        <li class="card" data-step={name} data-outcome={outcome}>
          <h2>
            <span>{`${index + 1}. ${strings.step[name]}`}</span>
            <span class={`mark is-${outcome}`}>
              <OutcomeIcon outcome={outcome} />
              {strings.outcome[outcome]}
            </span>
          </h2>
          <ul>
            {findings.map((finding) => (
              <FindingLine finding={finding} strings={strings} words={words} />
            ))}
          </ul>
        </li>
      ))}
    </ol>
  );
}

function FindingLine({ finding, strings, words }: { finding: Finding; strings: ProofStrings; words: Words }) {
  return (
    <li class={`is-${finding.outcome}`}>
      <OutcomeIcon outcome={finding.outcome} />
      <span>
        <span class="visually-hidden">{`${strings.outcome[finding.outcome]}: `}</span>
        {sentence(finding, strings, words)}
      </span>
    </li>
  );
}

export function sentence({ text, values }: Finding, strings: ProofStrings, words: Words): string {
  const inWords = (value: FindingValue) =>
    typeof value === 'string' ? value : typeof value === 'number' ? words.number(value) : words.moment(value.at);
  const entries = Object.entries(values).map(([name, value]) => [name, inWords(value)]);
  return fill(strings.findings[text], Object.fromEntries(entries));
}

function Keep({ model, strings, actions }: ProofPageProps & { actions: ProofActions }) {
  const { save } = strings;
  return (
    <section class="card">
      <h2>{save.title}</h2>
      <p>{save.what}</p>
      {model.receipt !== null && <p class="warning">{save.warning}</p>}
      {model.saved === null && (
        <button class="button" type="button" onClick={actions.savePage}>
          {save.page}
        </button>
      )}
      <Button onClick={actions.saveJson}>{save.json}</Button>
    </section>
  );
}

function Values({ strings: { values }, draw }: { strings: ProofStrings; draw: Draw }) {
  const { secret, commitments, seed, beacon } = draw;
  const rows: [string, string | null | undefined][] = [
    ...commitments.map(({ commitment }): [string, string] => [values.commitment, commitment]),
    [values.secret, secret],
    [values.randomness, beacon?.randomness],
    [values.signature, beacon?.signature],
    [values.seed, seed],
  ];
  return (
    <details>
      <summary>{values.title}</summary>
      {rows.map(([label, value]) =>
        value == null ? null : (
          <p>
            {label} <code>{value}</code>
          </p>
        ),
      )}
    </details>
  );
}
