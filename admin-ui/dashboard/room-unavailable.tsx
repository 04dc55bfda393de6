// In place of a room's screen: before the first poll succeeds, where the room does not exist, and where the gateway is newer
// than this page.

import { problemKind } from '../../worker/contract/problem-schema.ts';
import type { ConsoleState } from '../console-state.ts';
import { loadErrorText } from '../failures.ts';
import { Shape } from '../parts/shape.tsx';
import type { RoomSnapshot } from '../watch.ts';

export function RoomUnavailable({ state, snapshot }: { state: ConsoleState; snapshot: RoomSnapshot }) {
  const t = state.strings;
  if (snapshot.isOutdated) return <Outdated state={state} />;
  if (snapshot.problem !== null && problemKind(snapshot.problem) === 'not-found') {
    return (
      <section class="empty">
        <Shape name="unknown" />
        <h1>{t.connection.missing}</h1>
        <a class="button" href="#/rooms">
          {t.menu.allRooms}
        </a>
      </section>
    );
  }
  if (snapshot.lostSinceMs !== null) {
    return (
      <section class="empty">
        <Shape name="lost" />
        <h1>{loadErrorText(snapshot.problem, t)}</h1>
        <p>{t.connection.retrying}</p>
        <button type="button" class="button" onClick={() => void state.watch?.poll()}>
          {t.retry}
        </button>
      </section>
    );
  }
  return (
    <section class="empty" aria-busy="true">
      <div class="skeleton" aria-hidden="true">
        <i />
        <i />
        <i />
        <i />
      </div>
      <p>{t.loading}</p>
    </section>
  );
}

export function Outdated({ state }: { state: ConsoleState }) {
  const t = state.strings.connection;
  return (
    <section class="empty">
      <h1>{t.outdated}</h1>
      <button type="button" class="button primary" onClick={() => location.reload()}>
        {t.reload}
      </button>
    </section>
  );
}
