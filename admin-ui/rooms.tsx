// The list of rooms: each room's state, how many wait and are inside, and when it opens.

import { useState } from 'hono/jsx/dom';
import type { Outcome } from '../worker/contract/api-client.ts';
import type { RoomSummary } from '../worker/contract/operator-api.ts';
import type { ConsoleState } from './console-state.ts';
import { loadErrorText } from './failures.ts';
import { formatCount, numberFormat, ownZone } from './number-format.ts';
import { Shape, shapeOf } from './parts/shape.tsx';
import { useLoad } from './parts/use-load.ts';

const POLL_MS = 5_000;

export function Rooms({ state }: { state: ConsoleState }) {
  const t = state.strings;
  const [outcome, setOutcome] = useState<Outcome<{ rooms: RoomSummary[] }> | null>(null);
  const [rooms, setRooms] = useState<RoomSummary[] | null>(null);
  const onLoaded = (latest: Outcome<{ rooms: RoomSummary[] }>) => {
    setOutcome(latest);
    if (latest.kind === 'reply') setRooms(latest.value.rooms);
  };
  const reload = useLoad(state, () => state.client.call('rooms', {}), onLoaded, POLL_MS);

  const isLost = outcome !== null && outcome.kind !== 'reply';
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t.menu.rooms}</h1>
        {state.may('createRoom') ? (
          <a class="button primary" href="#/new" key="create">
            {t.rooms.create}
          </a>
        ) : null}
      </div>
      {isLost ? (
        <section class="notice" data-kind="lost" role="status" key="lost">
          <Shape name="lost" />
          <p>
            <b>{loadErrorText(outcome.kind === 'problem' ? outcome.problem : null, t)}</b> {t.connection.retrying}
          </p>
          <button type="button" class="button" onClick={reload}>
            {t.retry}
          </button>
        </section>
      ) : null}
      {rooms === null ? (
        isLost ? null : (
          <p class="note" key="loading" aria-busy="true">
            {t.loading}
          </p>
        )
      ) : rooms.length === 0 ? (
        <section class="empty" key="empty">
          <Shape name="prequeue" />
          <h2>{t.rooms.empty}</h2>
          <p>{state.may('createRoom') ? t.rooms.emptyOwner : t.rooms.emptyOther}</p>
        </section>
      ) : (
        <ul class="rooms" key="rooms">
          {rooms.map((room) => (
            <Room state={state} room={room} key={room.id} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Room({ state, room }: { state: ConsoleState; room: RoomSummary }) {
  const t = state.strings;
  const format = numberFormat(t.language, ownZone());
  const shape = room.archivedAt !== null ? 'closed' : shapeOf(room.state, 'paused');
  const count = (value: number | null) => (value === null ? '–' : formatCount(value));
  const stateLabel = room.state === null ? t.stateUnknown : t.states[room.state];
  return (
    <li>
      <a
        class="room"
        href={`#/rooms/${room.id}`}
        data-state={shape}
        data-archived={room.archivedAt === null ? 'false' : 'true'}
      >
        <span class="room-name">
          <b>{room.title[t.language]}</b>
          <small>{room.id}</small>
        </span>
        <span class="room-state">
          <Shape name={shape} />
          {room.archivedAt === null
            ? stateLabel
            : t.rooms.archivedAt(format.timeOrDay(Date.parse(room.archivedAt), Date.now()))}
        </span>
        <span class="room-number">
          <b>{count(room.waiting)}</b>
          <small>{t.rooms.waiting}</small>
        </span>
        <span class="room-number">
          <b>{count(room.active)}</b>
          <small>{t.rooms.active}</small>
        </span>
        <span class="room-number opening">
          <b>{room.opensAt === null ? '–' : format.timeOrDay(Date.parse(room.opensAt), Date.now())}</b>
          <small>{room.state === null ? t.rooms.unknown : `${t.field('opensAt')} · ${format.zone(Date.now())}`}</small>
        </span>
      </a>
    </li>
  );
}
