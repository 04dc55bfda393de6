// Who made the present version of the room, what they changed, and when: where an operator's change met it.

import { actorName, summarizeChange } from './changes.ts';
import type { ConsoleState } from './console-state.ts';

export function LastChange({ state }: { state: ConsoleState }) {
  const { strings: t, format, now, snapshot, session } = state;
  const last = snapshot?.records.find(({ seq }) => seq === snapshot.live?.changedSeq);
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

/** Whether another version was made since the one that an operator decided on, not only time passed. */
export function wasChangedSince(etag: string, live: { etag: string } | null): boolean {
  const roomVersion = (tag: string) => tag.split('.')[1];
  return live !== null && roomVersion(etag) !== roomVersion(live.etag);
}
