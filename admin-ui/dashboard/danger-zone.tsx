// What cannot be undone, apart from everything else and pressed for a second each.

import type { Live } from '../../worker/contract/operator-api.ts';
import { isBeforeOpening } from '../actions.ts';
import type { Desk } from '../console-state.ts';
import { Field, typed } from '../parts/field.tsx';
import { HoldButton } from '../parts/hold-button.tsx';

export function Dangers({ desk, live }: { desk: Desk; live: Live }) {
  const w = desk.words.danger;
  const whyNot = desk.whyNot('openNow');
  const isBefore = isBeforeOpening(live.state);
  const isClosed = live.state === 'closed';
  const one = (id: string, label: string, note: string, onHeld: () => void) => (
    <div class="danger-row" key={id}>
      <p id={`danger-${id}`}>{note}</p>
      <HoldButton {...{ desk, label, note, whyNot, onHeld }} noteId={`danger-${id}`} />
    </div>
  );
  return (
    <section class="card dangers" aria-labelledby="dangers-title">
      <h2 id="dangers-title">{w.title}</h2>
      {whyNot === null ? null : (
        <p class="note" key="why">
          {whyNot}
        </p>
      )}
      <div key="rows">
        {isBefore ? one('open', w.openNow, w.openNote, () => void desk.do({ kind: 'openNow' })) : null}
        {isClosed ? one('anew', w.openAnew, w.openAnewNote, () => void desk.do({ kind: 'openNow' })) : null}
        {isClosed ? null : one('close', w.close, w.closeNote, () => void desk.do({ kind: 'close' }))}
        {live.active > 0
          ? one('revoke', w.revokeAll, w.revokeNote(desk.figures.count(live.active)), () => {
              void desk.do({ kind: 'revokeAll', active: desk.seen?.live?.active ?? 0 });
            })
          : null}
        <EndOne desk={desk} live={live} key="end" />
      </div>
    </section>
  );
}

function EndOne({ desk, live }: { desk: Desk; live: Live }) {
  const w = desk.words.danger;
  const name = `${live.room}/position`;
  const text = desk.draft(name, '');
  const position = /^[1-9]\d{0,11}$/.test(text.trim()) ? Number(text.trim()) : null;
  const whyNot = desk.whyNot('endSession');
  return (
    <div class="danger-row">
      <p id="danger-end">{w.endNote}</p>
      <Field id="position" label={w.endPosition}>
        {(described) => (
          <input
            {...described}
            inputmode="numeric"
            autocomplete="off"
            readonly={whyNot !== null}
            value={text}
            onInput={(event: Event) => desk.type(name, typed(event))}
          />
        )}
      </Field>
      <HoldButton
        {...{ desk, note: w.endNote, label: w.end }}
        noteId="danger-end"
        whyNot={position === null ? w.endPosition : whyNot}
        onHeld={async () => {
          if (position === null) return;
          const phase = await desk.do({ kind: 'endSession', position });
          if (phase.kind === 'done') desk.type(name, undefined);
        }}
      />
    </div>
  );
}
