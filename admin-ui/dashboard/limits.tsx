// Rate and people at once: what other numbers would do to the waiting time is shown while they are typed, before anything is
// changed. What is typed stays through looks, lost connections and other screens.

import { useState } from 'hono/jsx/dom';
import { type Forecast, forecastQuery, type Live, type RoomDetail } from '../../worker/contract/operator-api.ts';
import type { Desk } from '../console-state.ts';
import { waitSpan } from '../number-format.ts';
import { useEffect } from '../parts/effect.ts';
import { Field, typed } from '../parts/field.tsx';
import { KeyCap } from '../parts/key-cap.tsx';

/** Long enough to finish a number, short enough to feel at once. */
const TYPING_MS = 250;
/** A forecast that is looked at for long is made again: the line moves on under it. */
const FORECAST_MS = 10_000;

type Name = 'newUsersPerMinute' | 'totalActiveUsers';

interface LimitsProps {
  desk: Desk;
  live: Live;
  detail: RoomDetail | null;
}

/** What is typed, and what stood in force when somebody began to type. */
interface Draft {
  newUsersPerMinute: string;
  totalActiveUsers: string;
  base: Pick<Live, Name>;
}

export function Limits({ desk, live, detail }: LimitsProps) {
  const w = desk.words.limits;
  const { figures } = desk;
  const name = `${live.room}/limits`;
  const draft = desk.draft<Draft | null>(name, null);
  const text = (field: Name) => draft?.[field] ?? figures.count(live[field]);
  const values = {
    newUsersPerMinute: read(text('newUsersPerMinute')),
    totalActiveUsers: read(text('totalActiveUsers')),
  };
  const faults = {
    newUsersPerMinute: fault(desk, 'newUsersPerMinute', values),
    totalActiveUsers: fault(desk, 'totalActiveUsers', values),
  };
  const isChanged =
    values.newUsersPerMinute !== live.newUsersPerMinute || values.totalActiveUsers !== live.totalActiveUsers;
  const isSound = faults.newUsersPerMinute === null && faults.totalActiveUsers === null;
  const whyNot = desk.whyNot('setPolicy');
  const isOvertaken =
    draft !== null &&
    (draft.base.newUsersPerMinute !== live.newUsersPerMinute || draft.base.totalActiveUsers !== live.totalActiveUsers);

  const type = (field: Name, value: string) => {
    const before: Draft = draft ?? {
      newUsersPerMinute: figures.count(live.newUsersPerMinute),
      totalActiveUsers: figures.count(live.totalActiveUsers),
      base: { newUsersPerMinute: live.newUsersPerMinute, totalActiveUsers: live.totalActiveUsers },
    };
    desk.type(name, { ...before, [field]: value });
  };
  const apply = async (event: Event) => {
    event.preventDefault();
    if (whyNot !== null || !isChanged || !isSound || detail === null) return;
    const from = detail.policy;
    const phase = await desk.do({ kind: 'policy', from, to: { ...from, ...values } }, { etag: detail.etag });
    if (phase.kind === 'done' || phase.kind === 'unchanged') desk.type(name, undefined);
  };

  const field = (one: Name, label: string) => (
    <Field id={one} label={label} fault={draft === null ? null : faults[one]} key={one}>
      {(described) => (
        <div class="stepper">
          <button
            type="button"
            aria-label={w.less(label)}
            aria-disabled={whyNot === null ? 'false' : 'true'}
            onClick={() => whyNot === null && type(one, figures.count(step(values[one], -1)))}
          >
            −
          </button>
          <input
            {...described}
            inputmode="numeric"
            autocomplete="off"
            readonly={whyNot !== null}
            value={text(one)}
            onInput={(event: Event) => type(one, typed(event))}
          />
          <button
            type="button"
            aria-label={w.more(label)}
            aria-disabled={whyNot === null ? 'false' : 'true'}
            onClick={() => whyNot === null && type(one, figures.count(step(values[one], 1)))}
          >
            +
          </button>
        </div>
      )}
    </Field>
  );

  return (
    <section class="card limits" aria-labelledby="limits-title">
      <h2 id="limits-title">
        {w.title} <KeyCap name="L" />
      </h2>
      <form onSubmit={apply}>
        <div class="pair">
          {field('newUsersPerMinute', w.rate)}
          {field('totalActiveUsers', w.places)}
        </div>
        {isOvertaken ? (
          <p class="note warn" key="overtaken">
            {w.changedMeanwhile(figures.count(live.newUsersPerMinute), figures.count(live.totalActiveUsers))}
          </p>
        ) : null}
        <Outlook desk={desk} live={live} values={isChanged && isSound ? values : null} />
        {whyNot === null ? null : (
          <p class="note" key="why">
            {whyNot}
          </p>
        )}
        {draft === null ? null : (
          <div class="ways" key="ways">
            <button type="submit" class="button primary" aria-disabled={isChanged && isSound ? 'false' : 'true'}>
              {w.apply}
            </button>
            <button type="button" class="button quiet" onClick={() => desk.type(name, undefined)}>
              {w.reset}
            </button>
          </div>
        )}
      </form>
    </section>
  );
}

type Values = Record<Name, number>;

function Outlook({ desk, live, values }: { desk: Desk; live: Live; values: Values | null }) {
  const w = desk.words;
  const [forecast, setForecast] = useState<{ of: string; found: Forecast | null } | null>(null);
  const key = values === null ? '' : `${live.room} ${values.newUsersPerMinute} ${values.totalActiveUsers}`;

  useEffect(() => {
    if (values === null) return;
    let isWanted = true;
    let timer: ReturnType<typeof setTimeout>;
    const ask = async () => {
      const query = { ...values, sessionMinutes: live.sessionMinutes };
      const outcome = await desk.client.call('forecast', { params: { room: live.room }, query });
      if (!isWanted) return;
      setForecast({ of: key, found: outcome.kind === 'answer' ? outcome.value : null });
      timer = setTimeout(ask, FORECAST_MS);
    };
    timer = setTimeout(ask, TYPING_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [key]);

  if (values === null) return <p class="outlook note">{w.limits.unchanged}</p>;
  if (forecast?.of !== key) return <p class="outlook note">{w.limits.asking}</p>;
  if (forecast.found === null) return <p class="outlook note">{w.limits.noForecast}</p>;
  const { present, proposed } = forecast.found;
  const side = (label: string, { waitSeconds, admissionsPerMinute, limitedBy }: Forecast['present']) => (
    <div>
      <span>{label}</span>
      <b>{w.wait(waitSpan(waitSeconds))}</b>
      <small>{w.limits.most(desk.figures.count(Math.floor(admissionsPerMinute)))}</small>
      <small>{limitedBy === 'rate' ? w.limits.byRate : w.limits.byPlaces}</small>
    </div>
  );
  return (
    <div class="outlook" role="status">
      <p>{w.limits.wait}</p>
      {stands(live) ? <p class="note">{w.limits.onceItMoves}</p> : null}
      <div class="sides">
        {side(w.limits.now, present)}
        <i aria-hidden="true">→</i>
        {side(w.limits.after, proposed)}
      </div>
    </div>
  );
}

/** Nobody is called now, whatever the limits are. */
function stands({ flow, alarms }: Live): boolean {
  return flow !== 'running' || alarms.some(({ kind }) => kind === 'originFailing');
}

function read(text: string): number {
  const plain = text.replaceAll(/[,\s]/g, '');
  return /^\d{1,9}$/.test(plain) ? Number(plain) : Number.NaN;
}

/** A tenth more or less, in round numbers. */
function step(value: number, direction: 1 | -1): number {
  if (Number.isNaN(value)) return 1;
  const raw = Math.max(1, value * 0.1);
  const unit = 10 ** Math.floor(Math.log10(raw));
  return Math.max(1, value + direction * Math.max(1, Math.round(raw / unit) * unit));
}

function fault(desk: Desk, field: Name, values: Values): string | null {
  const { minValue, maxValue } = forecastQuery.shape[field];
  const sound = forecastQuery.shape[field].safeParse(values[field]).success;
  const count = (value: number | null) => desk.figures.count(value ?? 1);
  return sound ? null : desk.words.limits.between(count(minValue), count(maxValue));
}
