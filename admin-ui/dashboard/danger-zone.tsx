// Actions that a slip must not do, apart from everything else; each button is pressed for a second.

import type { Live } from '../../worker/contract/operator-api.ts';
import { type Action, isBeforeOpening, openingNow, openingOf, reversal, type Schedule } from '../actions.ts';
import type { ConsoleState } from '../console-state.ts';
import { parseCount } from '../number-format.ts';
import { Field, inputValue } from '../parts/field.tsx';
import { HoldButton } from '../parts/hold-button.tsx';
import { Note } from '../parts/note.tsx';

export function DangerZone({ state, live }: { state: ConsoleState; live: Live }) {
  const t = state.strings.danger;
  const disabledReason = state.deniedReason('openNow');
  const isClosed = live.state === 'closed';
  const isBefore = isBeforeOpening(live.state);
  const isPlan = isClosed && !live.hasOpened;
  const opens = openingNow(live, state.now);
  const people = openingOf(live);
  const recommitDenied = state.deniedReason('recommit');
  const recommitNote = [t.recommitNote, recommitDenied ?? ''].join(' ').trim();
  const opening = state.format.timeOrDay(Date.parse(live.opensAt), state.now);
  const row = (id: string, label: string, note: string, action: Action, denied = disabledReason) => (
    <div class="danger-row" key={id}>
      <p id={`danger-${id}`}>{note}</p>
      <HoldButton
        {...{ state, label, note, disabledReason: denied, isFinal: reversal(action) === null }}
        noteId={`danger-${id}`}
        onHeld={() => void state.actions.run(action)}
      />
    </div>
  );
  const openNote = [...state.strings.consequences(opens), live.draw.beacon === null ? '' : t.withBeaconNote];
  const openAction = { kind: 'openNow', confirmed: opens } as const;
  const cancelAction = { kind: 'cancelOpening', schedule: scheduleOf(state, live) } as const;
  return (
    <section class="card danger-zone" aria-labelledby="danger-title">
      <h2 id="danger-title">{t.title}</h2>
      <Note key="disabled" text={disabledReason} />
      <div key="rows">
        {isBefore || isPlan ? row('open', t.openNow, openNote.join(' ').trim(), openAction) : null}
        {isClosed && !isPlan ? row('reopen', t.reopen, openNote.join(' ').trim(), openAction) : null}
        {isBefore ? row('cancel', t.cancel, t.cancelNote(opening, people.waiting), cancelAction) : null}
        {isBefore ? row('recommit', t.recommit, recommitNote, { kind: 'recommit' }, recommitDenied) : null}
        {isClosed || isBefore
          ? null
          : row('close', t.close, t.closeNote(people.waiting, people.active), { kind: 'close' })}
        {live.active > 0 ? row('revoke', t.revokeAll, t.revokeNote(live.active), { kind: 'revokeAll' }) : null}
        <EndSession state={state} live={live} key="end" />
      </div>
    </section>
  );
}

/** The schedule in force, which undoing a cancellation sets again. */
function scheduleOf(state: ConsoleState, { prequeueAt, opensAt, closesAt }: Live): Schedule {
  return state.snapshot?.detail?.schedule ?? { prequeueAt, opensAt, closesAt };
}

function EndSession({ state, live }: { state: ConsoleState; live: Live }) {
  const t = state.strings.danger;
  const positionLabel = state.strings.field('position');
  const name = `${live.room}/position`;
  const text = state.draft(name, '');
  const position = parseCount(text);
  const isPosition = Number.isInteger(position) && position > 0;
  const deniedReason = state.deniedReason('endSession');
  return (
    <div class="danger-row">
      <p id="danger-end">{t.endNote}</p>
      <Field id="position" label={positionLabel}>
        {(attributes) => (
          <input
            {...attributes}
            inputmode="numeric"
            autocomplete="off"
            readonly={deniedReason !== null}
            value={text}
            onInput={(event: Event) => state.setDraft(name, inputValue(event))}
          />
        )}
      </Field>
      <HoldButton
        {...{ state, note: t.endNote, label: t.endSession }}
        noteId="danger-end"
        disabledReason={isPosition ? deniedReason : positionLabel}
        onHeld={async () => {
          const phase = await state.actions.run({ kind: 'endSession', position });
          if (phase.kind === 'done') state.setDraft(name, undefined);
        }}
      />
    </div>
  );
}
