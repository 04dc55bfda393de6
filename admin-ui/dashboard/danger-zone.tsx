// Irreversible actions, apart from everything else; each button is pressed for a second.

import type { Live } from '../../worker/contract/operator-api.ts';
import { isBeforeOpening } from '../actions.ts';
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
  const recommitDenied = state.deniedReason('recommit');
  const recommitNote = [t.recommitNote, recommitDenied ?? ''].join(' ').trim();
  const row = (
    id: string,
    label: string,
    note: string,
    kind: 'openNow' | 'recommit' | 'close' | 'revokeAll',
    denied = disabledReason,
  ) => (
    <div class="danger-row" key={id}>
      <p id={`danger-${id}`}>{note}</p>
      <HoldButton
        {...{ state, label, note, disabledReason: denied }}
        noteId={`danger-${id}`}
        onHeld={() => void state.actions.run({ kind })}
      />
    </div>
  );
  return (
    <section class="card danger-zone" aria-labelledby="danger-title">
      <h2 id="danger-title">{t.title}</h2>
      <Note key="disabled" text={disabledReason} />
      <div key="rows">
        {isBefore
          ? row('open', t.openNow, live.draw.beacon === null ? t.openNote : t.openWithBeaconNote, 'openNow')
          : null}
        {isClosed ? row('reopen', t.reopen, t.reopenNote, 'openNow') : null}
        {isBefore ? row('recommit', t.recommit, recommitNote, 'recommit', recommitDenied) : null}
        {isClosed ? null : row('close', t.close, t.closeNote, 'close')}
        {live.active > 0 ? row('revoke', t.revokeAll, t.revokeNote(live.active), 'revokeAll') : null}
        <EndSession state={state} live={live} key="end" />
      </div>
    </section>
  );
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
