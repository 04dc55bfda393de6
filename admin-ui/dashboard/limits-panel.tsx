// The two limits: people per minute and people at once. While other numbers are typed, a forecast shows what they would do to
// the wait; nothing changes before they are applied. The draft outlives polls, lost connections and other screens.

import { useState } from 'hono/jsx/dom';
import { type Forecast, forecastQuery, type Live, type RoomDetail } from '../../worker/contract/operator-api.ts';
import type { ConsoleState } from '../console-state.ts';
import { formatCount, parseCount, waitSpan } from '../number-format.ts';
import { useEffect } from '../parts/effect.ts';
import { Field, inputValue } from '../parts/field.tsx';
import { KeyCap } from '../parts/key-cap.tsx';
import { Note } from '../parts/note.tsx';

/** Long enough to finish typing a number, short enough to feel immediate. */
const TYPING_MS = 250;
/** The line moves on under a forecast that stays on the screen. */
const FORECAST_MS = 10_000;

type Name = 'newUsersPerMinute' | 'totalActiveUsers';
type Values = Record<Name, number>;

interface LimitsProps {
  state: ConsoleState;
  live: Live;
  detail: RoomDetail | null;
}

interface Draft {
  newUsersPerMinute: string;
  totalActiveUsers: string;
  /** The limits in force when the operator began to type. */
  base: Values;
}

export function Limits({ state, live, detail }: LimitsProps) {
  const t = state.strings.limits;
  const name = `${live.room}/limits`;
  const draft = state.draft<Draft | null>(name, null);
  const { newUsersPerMinute, totalActiveUsers } = live;
  const text = (field: Name) => draft?.[field] ?? formatCount(live[field]);
  const values = {
    newUsersPerMinute: parseCount(text('newUsersPerMinute')),
    totalActiveUsers: parseCount(text('totalActiveUsers')),
  };
  const errors = {
    newUsersPerMinute: errorIn(state, 'newUsersPerMinute', values),
    totalActiveUsers: errorIn(state, 'totalActiveUsers', values),
  };
  const isChanged = !isSame(values, live);
  const isValid = errors.newUsersPerMinute === null && errors.totalActiveUsers === null;
  const deniedReason = state.deniedReason('setPolicy');

  const type = (field: Name, value: string) => {
    const before: Draft = draft ?? {
      newUsersPerMinute: formatCount(newUsersPerMinute),
      totalActiveUsers: formatCount(totalActiveUsers),
      base: { newUsersPerMinute, totalActiveUsers },
    };
    state.setDraft(name, { ...before, [field]: value });
  };
  const apply = async (event: Event) => {
    event.preventDefault();
    if (deniedReason !== null || !isChanged || !isValid || detail === null) return;
    const from = detail.policy;
    const phase = await state.actions.run({ kind: 'policy', from, to: { ...from, ...values } }, { etag: detail.etag });
    if (phase.kind === 'done' || phase.kind === 'unchanged') state.setDraft(name, undefined);
  };

  const stepButton = (field: Name, sign: string, label: string, direction: 1 | -1) => (
    <button
      type="button"
      aria-label={label}
      aria-disabled={deniedReason === null ? 'false' : 'true'}
      onClick={() => deniedReason === null && type(field, formatCount(step(values[field], direction)))}
    >
      {sign}
    </button>
  );
  const field = (one: Name) => {
    const label = state.strings.field(one);
    return (
      <Field id={one} label={label} error={draft === null ? null : errors[one]} key={one}>
        {(attributes) => (
          <div class="stepper">
            {stepButton(one, '−', t.less(label), -1)}
            <input
              {...attributes}
              inputmode="numeric"
              autocomplete="off"
              readonly={deniedReason !== null}
              value={text(one)}
              onInput={(event: Event) => type(one, inputValue(event))}
            />
            {stepButton(one, '+', t.more(label), 1)}
          </div>
        )}
      </Field>
    );
  };

  return (
    <section class="card limits" aria-labelledby="limits-title">
      <h2 id="limits-title">
        {t.title} <KeyCap name="L" />
      </h2>
      <form onSubmit={apply}>
        <div class="pair">
          {field('newUsersPerMinute')}
          {field('totalActiveUsers')}
        </div>
        <Note
          key="changed"
          text={
            draft === null || isSame(draft.base, live) ? null : t.changedMeanwhile(newUsersPerMinute, totalActiveUsers)
          }
          kind="note warn"
        />
        <ForecastPreview state={state} live={live} values={isChanged && isValid ? values : null} />
        <Note key="denied" text={deniedReason} />
        {draft === null ? null : (
          <div class="buttons" key="buttons">
            <button type="submit" class="button primary" aria-disabled={isChanged && isValid ? 'false' : 'true'}>
              {t.apply}
            </button>
            <button type="button" class="button quiet" onClick={() => state.setDraft(name, undefined)}>
              {t.reset}
            </button>
          </div>
        )}
      </form>
    </section>
  );
}

interface ForecastProps {
  state: ConsoleState;
  live: Live;
  /** null: nothing is typed that could be forecast. */
  values: Values | null;
}

function ForecastPreview({ state, live, values }: ForecastProps) {
  const t = state.strings.limits;
  const [forecast, setForecast] = useState<{ key: string; value: Forecast | null } | null>(null);
  const key = values === null ? '' : `${live.room} ${values.newUsersPerMinute} ${values.totalActiveUsers}`;

  useEffect(() => {
    if (values === null) return;
    let isMounted = true;
    let timer: ReturnType<typeof setTimeout>;
    const load = async () => {
      const query = { ...values, sessionMinutes: live.sessionMinutes };
      const outcome = await state.client.call('forecast', { params: { room: live.room }, query });
      if (!isMounted) return;
      setForecast({ key, value: outcome.kind === 'reply' ? outcome.value : null });
      timer = setTimeout(load, FORECAST_MS);
    };
    timer = setTimeout(load, TYPING_MS);
    return () => {
      isMounted = false;
      clearTimeout(timer);
    };
  }, [key]);

  if (values === null) return <p class="forecast note">{t.unchanged}</p>;
  if (forecast?.key !== key) return <p class="forecast note">{t.calculating}</p>;
  if (forecast.value === null) return <p class="forecast note">{t.noForecast}</p>;
  const { present, proposed } = forecast.value;
  const side = (label: string, { waitSeconds, admissionsPerMinute, limitedBy }: Forecast['present']) => (
    <div>
      <span>{label}</span>
      <b>{state.strings.wait(waitSpan(waitSeconds))}</b>
      <small>{t.most(Math.floor(admissionsPerMinute))}</small>
      <small>{limitedBy === 'rate' ? t.byRate : t.byPlaces}</small>
    </div>
  );
  return (
    <div class="forecast" role="status">
      <p>{t.wait}</p>
      {isStopped(live) ? <p class="note">{t.onceItMoves}</p> : null}
      <div class="sides">
        {side(t.now, present)}
        <i aria-hidden="true">→</i>
        {side(t.after, proposed)}
      </div>
    </div>
  );
}

/** No one is called now, whatever the limits are. */
function isStopped({ flow, health }: Live): boolean {
  return flow !== 'running' || health.stage === 'stopped';
}

function isSame(one: Values, other: Values): boolean {
  return one.newUsersPerMinute === other.newUsersPerMinute && one.totalActiveUsers === other.totalActiveUsers;
}

/** A tenth more or less, rounded. */
function step(value: number, direction: 1 | -1): number {
  if (Number.isNaN(value)) return 1;
  const tenth = Math.max(1, value * 0.1);
  const unit = 10 ** Math.floor(Math.log10(tenth));
  return Math.max(1, value + direction * Math.max(1, Math.round(tenth / unit) * unit));
}

function errorIn(state: ConsoleState, field: Name, values: Values): string | null {
  const schema = forecastQuery.shape[field];
  if (schema.safeParse(values[field]).success) return null;
  return state.strings.limits.between(schema.minValue ?? 1, schema.maxValue ?? 1);
}
