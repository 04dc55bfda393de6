// The alarms, most urgent first, each with its next step. A screen reader hears a new one from the alert of the frame.

import type { Alarm, Live } from '../../worker/contract/operator-api.ts';
import type { ConsoleState } from '../console-state.ts';
import { Shape } from '../parts/shape.tsx';

/** Visitors or bookings are affected now; the others can wait a few minutes. */
const URGENT: ReadonlySet<Alarm['kind']> = new Set([
  'storeUnreachable',
  'clockLeapt',
  'drawKeyMissing',
  'beaconChainDiffers',
  'beaconLate',
  'originStopped',
  'originSlowed',
  'originErrors',
  'originSlow',
]);

export function Alarms({ state, live }: { state: ConsoleState; live: Live }) {
  const t = state.strings;
  if (live.alarms.length === 0) return null;
  return (
    <section class="alarms" aria-label={t.alarmCount(live.alarms.length)}>
      <ul>
        {live.alarms.map((alarm) => {
          const { what, next } = t.alarm(alarm, state.format);
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
