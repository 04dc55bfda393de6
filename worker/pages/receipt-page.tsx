// The page with a receipt: the visitor's own, rendered by the server, and the result of checking one, drawn by the script. Components hold
// no state and make no requests.

import type { CompletedVisit, ReceiptCheck } from './receipt-check.ts';
import type { ReceiptStrings } from './receipt-strings.ts';

/** Numbers and times as the reader's language and the room's time zone have them. */
export interface ReceiptWords {
  number(value: number): string;
  /** @param at ms */
  moment(at: number): string;
}

/** Outlines on a 24 by 24 grid: a tick, a cross in an octagon, a sheet. */
const OUTLINES = {
  valid: 'M5 12l5 5L19 7',
  failed: 'M8 3h8l5 5v8l-5 5H8l-5-5V8zM9 9l6 6M15 9l-6 6',
  sheet: 'M6 3h12v18l-3-2l-3 2l-3-2l-3 2zM9 8h6M9 12h6',
};

export function ReceiptIcon({ outline }: { outline: keyof typeof OUTLINES }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={OUTLINES[outline]} />
    </svg>
  );
}

interface FactsProps {
  visit: CompletedVisit;
  room: string;
  strings: ReceiptStrings;
  words: ReceiptWords;
}

/** What a receipt says. */
export function ReceiptFacts({ visit, room, strings, words }: FactsProps) {
  const facts: [string, string | null][] = [
    [strings.reference, visit.reference],
    [strings.completedAt, words.moment(visit.completedAt)],
    [strings.position, words.number(visit.position)],
    [strings.room, room],
  ];
  return (
    <dl>
      {facts.map(([label, value]) =>
        value === null ? null : (
          <div class="wide">
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

interface CheckedProps {
  room: string;
  strings: ReceiptStrings;
  words: ReceiptWords;
  check: ReceiptCheck;
  onCheck(): void;
}

/** What came of checking a receipt, and a field for the next one. */
export function CheckedReceipt({ room, strings, words, check, onCheck }: CheckedProps) {
  const { heading, text } = strings.check[check.kind];
  return (
    <article class="ticket" data-check={check.kind}>
      <section class="stub">
        <h1 tabindex={-1}>
          <ReceiptIcon outline={check.kind === 'valid' ? 'valid' : 'failed'} />
          {heading}
        </h1>
        <p class="lead">{text}</p>
      </section>
      <section class="board">
        {'visit' in check && (
          <>
            {/* Of another room only its id is known here. */}
            <ReceiptFacts
              visit={check.visit}
              room={check.kind === 'valid' ? room : check.visit.room}
              strings={strings}
              words={words}
            />
            <p class="note">{strings.caution}</p>
          </>
        )}
        <PasteForm strings={strings} onCheck={onCheck} />
      </section>
    </article>
  );
}

/** A scanner that types ends with a line break: the form's submission. */
export function PasteForm({ strings: { paste }, onCheck }: Pick<CheckedProps, 'strings' | 'onCheck'>) {
  const onSubmit = (event: Event) => {
    event.preventDefault();
    onCheck();
  };
  return (
    <form onSubmit={onSubmit}>
      <label for="receipt">{paste.label}</label>
      <input id="receipt" type="text" autocomplete="off" spellcheck={false} aria-describedby="how" />
      <p id="how" class="note">
        {paste.how}
      </p>
      <button class="button secondary" type="submit">
        {paste.button}
      </button>
    </form>
  );
}
