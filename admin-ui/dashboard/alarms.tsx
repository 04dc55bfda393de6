// What needs somebody's eyes: sentences with a next step, most urgent first. They are seen here; that a new one came is told
// to a screen reader once, elsewhere.

import type { Live } from '../../worker/contract/operator-api.ts';
import type { Desk } from '../console-state.ts';
import { Shape } from '../parts/shape.tsx';

/** Visitors or bookings suffer now; the others are worth knowing and can wait for the end of a call. */
const URGENT: ReadonlySet<string> = new Set(['storeUnreachable', 'originFailing', 'originErrors', 'originSlow']);

export function Alarms({ desk, live }: { desk: Desk; live: Live }) {
  const w = desk.words;
  if (live.alarms.length === 0) return null;
  return (
    <section class="alarms" aria-label={w.alarms.count(live.alarms.length)}>
      <ul>
        {live.alarms.map((alarm) => {
          const { what, next } = w.alarm(alarm, desk.figures);
          return (
            <li key={alarm.kind} data-urgent={URGENT.has(alarm.kind) ? 'true' : 'false'}>
              <Shape name="alarm" />
              <p>
                <b>{what}</b> <span>{next}</span>
              </p>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
