// The alarms, most urgent first, each with its next step, since when it is raised, who knows of it, and whether it was told outside. A
// screen reader hears a new one from the alert of the frame.

import { useState } from 'hono/jsx/dom';
import { type Alarm, type Live, type RaisedAlarm, SEVERITY_OF } from '../../worker/contract/operator-api.ts';
import type { ConsoleState } from '../console-state.ts';
import { changeErrorText } from '../failures.ts';
import { Note } from '../parts/note.tsx';
import { Shape } from '../parts/shape.tsx';

export function Alarms({ state, live }: { state: ConsoleState; live: Live }) {
  const t = state.strings;
  if (live.alarms.length === 0) return null;
  return (
    <section class="alarms" aria-label={t.alarmCount(live.alarms.length)}>
      <ul>
        {live.alarms.map((alarm) => {
          const raised = live.raised.find(({ kind }) => kind === alarm.kind) ?? null;
          return <AlarmItem state={state} room={live.room} alarm={alarm} raised={raised} key={alarm.kind} />;
        })}
      </ul>
    </section>
  );
}

interface AlarmItemProps {
  state: ConsoleState;
  room: string;
  alarm: Alarm;
  /** As the room keeps it; null: only this gateway sees it, or the room has not heard of it yet. */
  raised: RaisedAlarm | null;
}

function AlarmItem({ state, room, alarm, raised }: AlarmItemProps) {
  const t = state.strings;
  const [error, setError] = useState<string | null>(null);
  const { what, next } = t.alarm(alarm, state.format);
  const isUrgent = SEVERITY_OF[alarm.kind] === 'critical';
  const deniedReason = state.deniedReason('acknowledgeAlarm');
  const acknowledge = async () => {
    if (deniedReason !== null) {
      setError(deniedReason);
      return;
    }
    const outcome = await state.client.call('acknowledgeAlarm', { params: { room, alarm: alarm.kind } });
    setError(outcome.kind === 'reply' ? null : changeErrorText(outcome, t));
    void state.watch?.poll();
  };
  return (
    <li data-urgent={isUrgent ? 'true' : 'false'} data-known={raised?.acknowledged == null ? 'false' : 'true'}>
      <Shape name="alarm" />
      <div>
        <p>
          <b>{what}</b> <span>{next}</span>
        </p>
        {raised === null ? null : <Standing state={state} raised={raised} key="standing" />}
        <Note key="error" text={error} kind="error" role="status" />
      </div>
      {raised === null || raised.acknowledged !== null ? null : (
        <button
          type="button"
          class="button"
          key="acknowledge"
          aria-disabled={deniedReason === null ? 'false' : 'true'}
          onClick={() => void acknowledge()}
        >
          {t.alarmStanding.acknowledge}
        </button>
      )}
    </li>
  );
}

function Standing({ state, raised }: { state: ConsoleState; raised: RaisedAlarm }) {
  const { alarmStanding: t } = state.strings;
  const time = (at: string) => state.format.timeOrDay(Date.parse(at), state.now);
  const { since, acknowledged, deliveries } = raised;
  const named = (wanted: 'due' | 'delivered') =>
    deliveries
      .filter(({ state: is }) => is === wanted)
      .map(({ target }) => target)
      .join(', ');
  const failed = deliveries
    .filter(({ state: is }) => is === 'failed')
    .map(({ target, status }) => t.failed(target, status))
    .join(' ');
  const parts = [
    t.since(time(since)),
    acknowledged === null ? null : t.acknowledgedBy(acknowledged.by, time(acknowledged.at)),
    named('delivered') === '' ? null : t.delivered(named('delivered')),
    named('due') === '' ? null : t.due(named('due')),
  ];
  return (
    <small>
      {parts.filter((part) => part !== null).join(' · ')}
      {failed === '' ? null : <strong key="failed"> {failed}</strong>}
    </small>
  );
}
