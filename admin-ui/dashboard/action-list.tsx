// The undo list on the screen: what the operator has just done, whether it is in force everywhere, how to undo it, and what to
// do where it failed. An entry leaves when it is no longer so, when it is an old story, or when the operator dismisses it.

import { useRef } from 'hono/jsx/dom';
import { type ActionRecord, canUndo, labelOf, needsDecision } from '../action-log.ts';
import { type Action, isOfSchedule, reversal } from '../actions.ts';
import type { ConsoleState } from '../console-state.ts';
import { isTransient, phaseText } from '../failures.ts';
import { LastChange, wasChangedSince } from '../last-change.tsx';
import { KeyCap } from '../parts/key-cap.tsx';
import type { RoomSnapshot } from '../watch.ts';

export function ActionList({ state, snapshot }: { state: ConsoleState; snapshot: RoomSnapshot }) {
  const list = useRef<HTMLElement>(null);
  const drawn = useRef<readonly number[]>([]);
  const current = state.actions.shown(snapshot.room, snapshot.live);
  // What a pointer or the focus is on does not vanish under it.
  const isHeld = list.current?.matches(':hover, :focus-within') === true;
  const records = state.actions.records.filter(
    (record) => current.includes(record) || (isHeld && drawn.current?.includes(record.id) === true),
  );
  drawn.current = records.map(({ id }) => id);
  if (records.length === 0) return null;
  return (
    <section class="actions" aria-label={state.strings.actionLog.title} key="actions" ref={list}>
      <ul>
        {records.map((record) => (
          <li key={String(record.id)} data-phase={record.phase.kind}>
            <div class="action-text">
              <Outcome state={state} snapshot={snapshot} record={record} />
            </div>
            <Buttons state={state} snapshot={snapshot} record={record} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The flow can always be set again, even where the previous one is not known. */
function isFinal(action: Action): boolean {
  return action.kind !== 'flow' && reversal(action) === null;
}

interface EntryProps {
  state: ConsoleState;
  snapshot: RoomSnapshot;
  record: ActionRecord;
}

function Outcome({ state, snapshot, record }: EntryProps) {
  const { strings: t, format, now } = state;
  const { action, phase, undone } = record;
  const label = labelOf(record, t);
  if (phase.kind === 'done') {
    return (
      <>
        <p>
          <b>{phase.at === null ? label : t.actionLog.at(label, format.timeOrDay(Date.parse(phase.at), now))}</b>{' '}
          <span>{undone ? t.actionLog.undone : isFinal(action) ? t.actionLog.final : ''}</span>
        </p>
        <Rollout state={state} snapshot={snapshot} at={phase.at} by={phase.inForceBy} />
      </>
    );
  }
  return (
    <>
      <p>
        <b>{label}</b> <span>{phaseText(phase, t)}</span>
      </p>
      {phase.kind === 'conflict' && wasChangedSince(record.etag, snapshot.live) ? (
        <LastChange state={state} key="last" />
      ) : null}
    </>
  );
}

interface RolloutProps {
  state: ConsoleState;
  snapshot: RoomSnapshot;
  at: string | null;
  by: string | null;
}

/** Where a later change has replaced this one, both are in force together. */
function Rollout({ state, snapshot: { live }, at, by }: RolloutProps) {
  const { strings, format, now } = state;
  const t = strings.rollout;
  if (live === null || at === null) return null;
  const isLoaded = Date.parse(live.changedAt) >= Date.parse(at);
  const since = isLoaded && live.inForceAt !== null ? Date.parse(live.inForceAt) : null;
  return (
    <p class="note">
      {since !== null
        ? t.since(format.timeOrDay(since, now), live.gateways)
        : by === null
          ? t.pending
          : t.by(format.timeOrDay(Date.parse(by), now))}
    </p>
  );
}

function Buttons({ state, snapshot, record }: EntryProps) {
  const t = state.strings;
  const { phase, id } = record;
  const canRetry = phase.kind === 'refused' ? isTransient(phase.problem) : needsDecision(phase);
  return (
    <div class="buttons">
      {canUndo(record, snapshot.live) ? (
        <button
          type="button"
          class="button undo"
          key="undo"
          {...(isOfSchedule(record.action) ? {} : { 'aria-keyshortcuts': 'Z' })}
          onClick={() => void state.actions.undo(id)}
        >
          {t.actionLog.undo}
          {isOfSchedule(record.action) ? null : <KeyCap name="Z" />}
        </button>
      ) : null}
      {canRetry ? (
        <button type="button" class="button" key="retry" onClick={() => void state.actions.retry(id)}>
          {phase.kind === 'conflict' ? t.actionLog.anyway : t.retry}
        </button>
      ) : null}
      {phase.kind === 'conflict' ? (
        <a class="button quiet" key="log" href={`#/rooms/${snapshot.room}/log`}>
          {t.actionLog.openLog}
        </a>
      ) : null}
      {phase.kind === 'sending' ? null : (
        <button type="button" class="button quiet" key="dismiss" onClick={() => state.actions.dismiss(id)}>
          {t.actionLog.dismiss}
        </button>
      )}
    </div>
  );
}
