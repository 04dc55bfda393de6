// Flags above the charts at the moments of changes. The one under the pointer or the focus says who changed what.

import { useRef, useState } from 'hono/jsx/dom';
import type { AuditRecord } from '../../worker/contract/operator-api.ts';
import { summarizeChange } from '../changes.ts';
import type { ConsoleState } from '../console-state.ts';
import { AXIS_WIDTH_REM } from './chart.tsx';

/** Changes closer than this share a flag, which shows their number. */
const FLAG_DISTANCE_PX = 26;

/** Before the first layout. */
const INITIAL_WIDTH_PX = 600;

interface Flag {
  x: number;
  changes: AuditRecord[];
}

interface ChangeMarkersProps {
  state: ConsoleState;
  /** Oldest first. */
  changes: AuditRecord[];
  /** Seconds since 1970. */
  span: [number, number];
}

export function ChangeMarkers({ state, changes, span }: ChangeMarkersProps) {
  const rail = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  const width = rail.current?.clientWidth || INITIAL_WIDTH_PX;
  const flags = flagsOf(changes, span, width);
  const described = flags.find(({ changes: [first] }) => first?.seq === chosen) ?? flags.at(-1);
  const describe = (record: AuditRecord) =>
    state.strings.charts.change(
      state.format.time(Date.parse(record.at)),
      `${record.by.name} · ${summarizeChange(record, state.strings, state.format)}`,
    );
  return (
    <div>
      <p class="change-text">{described?.changes.slice(-1).map(describe)}</p>
      <div class="rail" ref={rail} style={{ 'margin-inline-start': `${AXIS_WIDTH_REM}rem` }}>
        {flags.map((flag) => {
          const seq = flag.changes[0]?.seq ?? 0;
          return (
            <button
              type="button"
              class={flag === described ? 'flag chosen' : 'flag'}
              key={String(seq)}
              style={{ left: `${((flag.x / width) * 100).toFixed(2)}%` }}
              aria-label={flag.changes.map(describe).join('; ')}
              onMouseEnter={() => setChosen(seq)}
              onFocus={() => setChosen(seq)}
              onClick={() => setChosen(seq)}
            >
              <span data-count={flag.changes.length > 1 ? String(flag.changes.length) : ''} />
            </button>
          );
        })}
      </div>
    </div>
  );
}

function flagsOf(changes: readonly AuditRecord[], [from, to]: [number, number], width: number): Flag[] {
  const flags: Flag[] = [];
  for (const record of changes) {
    // A change may be a moment newer than the last numbers.
    const x = Math.min(1, (Date.parse(record.at) / 1000 - from) / (to - from)) * width;
    const last = flags.at(-1);
    if (last !== undefined && x - last.x < FLAG_DISTANCE_PX) last.changes.push(record);
    else flags.push({ x, changes: [record] });
  }
  return flags;
}
