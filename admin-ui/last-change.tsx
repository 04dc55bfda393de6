// Who changed the room last, what, and when: where an operator's change met it.

import { actorName, summarizeChange } from './changes.ts';
import type { ConsoleState } from './console-state.ts';

export function LastChange({ state }: { state: ConsoleState }) {
  const { strings: t, format, now, snapshot, session } = state;
  const last = snapshot?.records.at(-1);
  if (last === undefined) return null;
  return (
    <p class="note">
      {t.actionLog.conflictBy(
        last.by.id === session?.operator.id ? null : actorName(last.by, t),
        summarizeChange(last, t, format),
        format.timeOrDay(Date.parse(last.at), now),
      )}
    </p>
  );
}
