// The dashboard of one room: its state and clock, connection trouble, alarms, four numbers, controls, charts.

import type { Live } from '../../worker/contract/operator-api.ts';
import type { ConsoleState } from '../console-state.ts';
import { loadErrorText } from '../failures.ts';
import { clockParts } from '../number-format.ts';
import { Shape, shapeOf } from '../parts/shape.tsx';
import type { RoomSnapshot } from '../watch.ts';
import { ActionList } from './action-list.tsx';
import { Alarms } from './alarm-panel.tsx';
import { Charts } from './charts.tsx';
import { DangerZone } from './danger-zone.tsx';
import { DrawPanel, drawSentence } from './draw-panel.tsx';
import { FlowControls } from './flow-controls.tsx';
import { Limits } from './limits-panel.tsx';
import { MessageCard } from './message.tsx';
import { Numbers } from './numbers.tsx';
import { Pass } from './pass-panel.tsx';
import { Outdated, RoomUnavailable } from './room-unavailable.tsx';
import { ageMs, isStale } from './snapshot-age.ts';
import { StockPanel } from './stock-panel.tsx';

export function Dashboard({ state, snapshot }: { state: ConsoleState; snapshot: RoomSnapshot }) {
  const { live } = snapshot;
  if (live === null) return <RoomUnavailable state={state} snapshot={snapshot} />;
  return (
    <div>
      <Band state={state} live={live} isLost={snapshot.failures > 1} />
      <ConnectionNotice state={state} snapshot={snapshot} />
      <Alarms state={state} live={live} />
      <Numbers state={state} snapshot={snapshot} live={live} />
      <div class="columns">
        <div class="controls" key="controls">
          <FlowControls state={state} live={live} />
          <Limits state={state} live={live} detail={snapshot.detail} />
          <StockPanel state={state} live={live} />
          <DrawPanel state={state} live={live} />
          <MessageCard state={state} live={live} />
        </div>
        <Charts state={state} snapshot={snapshot} />
        <DangerZone state={state} live={live} />
        <Pass state={state} live={live} />
      </div>
      <ActionList state={state} snapshot={snapshot} />
    </div>
  );
}

/** The room's state as a word and a shape, the clock of the opening, and whether the last change is in force. */
function Band({ state, live, isLost }: { state: ConsoleState; live: Live; isLost: boolean }) {
  const { strings: t, format, now } = state;
  const shape = shapeOf(live.state, live.flow);
  const opensAt = Date.parse(live.opensAt);
  const msUntil = opensAt - now;
  // `clockParts` rounds up: right for a countdown, while the time since the opening has to round down.
  const { days, text } = clockParts(msUntil > 0 ? msUntil : -msUntil - 999);
  const isPlan = live.state === 'closed' && !live.hasOpened;
  const isOver = live.state === 'closed' && !isPlan && msUntil <= 0;
  const clockLabel = isPlan ? t.clock.planned : isOver ? t.clock.closed : msUntil > 0 ? t.clock.until : t.clock.since;
  const note = isPlan ? (live.moved === null ? 'planned' : 'cancelled') : isSiteDown(live) ? 'siteDown' : live.state;
  const times = [
    t.clock.opening(format.timeOrDay(opensAt, now)),
    live.moved === null || isPlan ? null : t.clock.movedFrom(format.timeOrDay(Date.parse(live.moved.was), now)),
    live.prequeueAt !== null && Date.parse(live.prequeueAt) > now
      ? t.clock.entries(format.timeOrDay(Date.parse(live.prequeueAt), now))
      : null,
    live.closesAt === null ? null : t.clock.closing(format.timeOrDay(Date.parse(live.closesAt), now)),
  ].filter((time) => time !== null);
  return (
    <section class="band" data-state={isLost ? 'unknown' : shape}>
      <div class="band-state">
        <Shape name={shape} />
        <div>
          <h1>{t.stateOf(live.state, live.flow)}</h1>
          <p>
            {t.stateNotes[shape === 'held' ? 'held' : note]}{' '}
            {live.state === 'drawing' ? drawSentence(state, live.draw) : ''}
          </p>
        </div>
      </div>
      <div class="band-clock" role="timer" aria-label={clockLabel}>
        <span>{clockLabel}</span>
        <b>{isOver || isPlan ? format.time(opensAt) : days > 0 ? `${t.clock.days(days)} ${text}` : text}</b>
        <small>{times.join(' · ')}</small>
      </div>
      <Rollout state={state} live={live} />
    </section>
  );
}

function Rollout({ state, live }: { state: ConsoleState; live: Live }) {
  const { strings, format, now } = state;
  const t = strings.rollout;
  const since = live.inForceAt === null ? null : Date.parse(live.inForceAt);
  return (
    <p class={since === null ? 'rollout pending' : 'rollout'}>
      <Shape name={since === null ? 'scheduled' : 'done'} />
      <span>
        {since === null ? t.pending : t.since(format.timeOrDay(since, now), live.gateways)}
        <small>{t.changed(format.timeOrDay(Date.parse(live.changedAt), now))}</small>
      </span>
    </p>
  );
}

function ConnectionNotice({ state, snapshot }: { state: ConsoleState; snapshot: RoomSnapshot }) {
  const t = state.strings;
  if (snapshot.isOutdated) return <Outdated state={state} />;
  // After one failed poll the numbers are still fresh.
  if (!isStale(state, snapshot) && snapshot.failures < 2) return null;
  const { live, lostSinceMs, problem } = snapshot;
  const isLost = lostSinceMs !== null;
  return (
    <section class="notice" data-kind={isLost ? 'lost' : 'stale'} role="status">
      <Shape name={isLost ? 'lost' : 'scheduled'} />
      <p>
        <b>{isLost ? loadErrorText(problem, t) : t.connection.stale(Math.floor(ageMs(state, snapshot) / 1000))}</b>{' '}
        {isLost && live !== null ? (
          <span>
            {t.connection.shownFrom(state.format.time(Date.parse(live.asOf)))} {t.connection.retrying}
          </span>
        ) : null}
      </p>
      <button type="button" class="button" onClick={() => void state.watch?.poll()}>
        {t.retry}
      </button>
    </section>
  );
}

/** Paused, and not by an operator. */
function isSiteDown({ state, flow }: Live): boolean {
  return state === 'paused' && flow === 'running';
}
