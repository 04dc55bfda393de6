// Pause, hold and move on: one press each, because they can all be taken back.

import type { Live } from '../../worker/contract/operator-api.ts';
import { type Flow, isBeforeOpening } from '../actions.ts';
import type { Desk } from '../console-state.ts';
import { KeyCap } from '../parts/key-cap.tsx';
import { Shape } from '../parts/shape.tsx';

export function FlowControls({ desk, live }: { desk: Desk; live: Live }) {
  const w = desk.words.flow;
  const whyNot = live.state === 'closed' ? desk.words.stateNotes.closed : desk.whyNot('pause');
  const isBefore = isBeforeOpening(live.state);
  const button = (to: Flow, label: string, note: string, key: string, shape: 'paused' | 'held' | 'open') => {
    const isNow = live.flow === to && live.state !== 'closed';
    return (
      <button
        type="button"
        key={to}
        class={`flow-button ${to}`}
        aria-pressed={isNow ? 'true' : 'false'}
        aria-disabled={whyNot === null ? 'false' : 'true'}
        aria-describedby="flow-why"
        aria-keyshortcuts={key}
        onClick={() => setFlow(desk, to)}
      >
        <Shape name={shape} />
        <span>
          <b>{label}</b>
          <small>{note}</small>
        </span>
        <KeyCap name={key} />
      </button>
    );
  };
  return (
    <section class="card flow" aria-labelledby="flow-title">
      <h2 id="flow-title">{w.title}</h2>
      <div class="flow-buttons">
        {live.flow === 'running'
          ? button('running', w.running, live.state === 'open' ? w.runningNote : w.freeNote, 'R', 'open')
          : button('running', w.resume, w.resumeNote, 'R', 'open')}
        {button('paused', w.pause, w.pauseNote, 'P', 'paused')}
        {button('held', w.hold, w.holdNote, 'H', 'held')}
      </div>
      <p class="note" id="flow-why">
        {whyNot ?? (isBefore ? w.before : '')}
      </p>
    </section>
  );
}

/** By button or by key; says nothing where it is so already. */
export function setFlow(desk: Desk, to: Flow): void {
  const live = desk.seen?.live;
  if (live == null || live.flow === to || live.state === 'closed' || !desk.may('pause')) return;
  void desk.do({ kind: 'flow', from: live.flow, to });
}
