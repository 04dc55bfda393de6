// Resume, pause and hold: one press each, because each can be undone.

import type { Live } from '../../worker/contract/operator-api.ts';
import { type Flow, isBeforeOpening } from '../actions.ts';
import type { ConsoleState } from '../console-state.ts';
import { KeyCap } from '../parts/key-cap.tsx';
import { Shape } from '../parts/shape.tsx';

export function FlowControls({ state, live }: { state: ConsoleState; live: Live }) {
  const { flow: t, stateNotes } = state.strings;
  const isClosed = live.state === 'closed';
  const disabledReason = isClosed ? stateNotes.closed : state.deniedReason('pause');
  const button = (to: Flow, label: string, note: string, key: string, shape: 'paused' | 'held' | 'open') => (
    <button
      type="button"
      key={to}
      class={`flow-button ${to}`}
      aria-pressed={live.flow === to && !isClosed ? 'true' : 'false'}
      aria-disabled={disabledReason === null ? 'false' : 'true'}
      aria-describedby="flow-note"
      aria-keyshortcuts={key}
      onClick={() => setFlow(state, to)}
    >
      <Shape name={shape} />
      <span>
        <b>{label}</b>
        <small>{note}</small>
      </span>
      <KeyCap name={key} />
    </button>
  );
  return (
    <section class="card flow" aria-labelledby="flow-title">
      <h2 id="flow-title">{t.title}</h2>
      <div class="flow-buttons">
        {live.flow === 'running'
          ? button('running', t.running, live.state === 'open' ? stateNotes.open : t.notStoppedNote, 'R', 'open')
          : button('running', t.resume, t.resumeNote, 'R', 'open')}
        {button('paused', t.pause, t.pauseNote, 'P', 'paused')}
        {button('held', t.hold, t.holdNote, 'H', 'held')}
      </div>
      <p class="note" id="flow-note">
        {disabledReason ?? (isBeforeOpening(live.state) ? t.before : '')}
      </p>
    </section>
  );
}

/** By button or by shortcut; nothing is sent where the flow is already so. */
export function setFlow(state: ConsoleState, to: Flow): void {
  const live = state.snapshot?.live;
  if (live == null || live.flow === to || live.state === 'closed' || !state.may('pause')) return;
  void state.actions.run({ kind: 'flow', from: live.flow, to });
}
