// All rooms at a glance: what each does, how many wait and are inside, and when it opens.

import { useState } from 'hono/jsx/dom';
import type { RoomSummary } from '../worker/contract/operator-api.ts';
import type { Outcome } from './api-client.ts';
import type { Desk } from './console-state.ts';
import { lostSaid } from './failures.ts';
import { figuresOf, ownZone } from './number-format.ts';
import { useEffect } from './parts/effect.ts';
import { Shape, shapeOf } from './parts/shape.tsx';

const LOOK_MS = 5_000;

export function Rooms({ desk }: { desk: Desk }) {
  const w = desk.words;
  const [outcome, setOutcome] = useState<Outcome<{ rooms: RoomSummary[] }> | null>(null);
  const [rooms, setRooms] = useState<RoomSummary[] | null>(null);
  const [turn, setTurn] = useState(0);

  useEffect(() => {
    let isWanted = true;
    let timer: ReturnType<typeof setTimeout>;
    const look = async () => {
      const found = await desk.client.call('rooms', {});
      if (!isWanted) return;
      setOutcome(found);
      if (found.kind === 'answer') setRooms(found.value.rooms);
      timer = setTimeout(look, LOOK_MS);
    };
    void look();
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [turn, desk.isInterrupted]);

  const isLost = outcome !== null && outcome.kind !== 'answer';
  return (
    <div class="page">
      <div class="page-head">
        <h1>{w.rooms.title}</h1>
        {desk.may('createRoom') ? (
          <a class="button primary" href="#/new" key="make">
            {w.rooms.make}
          </a>
        ) : null}
      </div>
      {isLost ? (
        <section class="notice" data-kind="lost" role="status" key="lost">
          <Shape name="lost" />
          <p>
            <b>{lostSaid(outcome.kind === 'problem' ? outcome.problem : null, w)}</b> {w.contact.retrying}
          </p>
          <button type="button" class="button" onClick={() => setTurn(turn + 1)}>
            {w.retry}
          </button>
        </section>
      ) : null}
      {rooms === null ? (
        isLost ? null : (
          <p class="note" key="loading" aria-busy="true">
            {w.loading}
          </p>
        )
      ) : rooms.length === 0 ? (
        <section class="empty" key="empty">
          <Shape name="prequeue" />
          <h2>{w.rooms.empty}</h2>
          <p>{desk.may('createRoom') ? w.rooms.emptyOwner : w.rooms.emptyOther}</p>
        </section>
      ) : (
        <ul class="rooms" key="rooms">
          {rooms.map((room) => (
            <Room desk={desk} room={room} key={room.id} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Room({ desk, room }: { desk: Desk; room: RoomSummary }) {
  const w = desk.words;
  const figures = figuresOf(w.language, ownZone());
  const name = room.archivedAt !== null ? 'closed' : shapeOf(room.state, 'paused');
  const count = (value: number | null) => (value === null ? '–' : figures.count(value));
  const state = room.state === null ? w.stateUnknown : w.states[room.state];
  return (
    <li>
      <a
        class="room"
        href={`#/rooms/${room.id}`}
        data-state={name}
        data-archived={room.archivedAt === null ? 'false' : 'true'}
      >
        <span class="room-name">
          <b>{room.title[w.language]}</b>
          <small>{room.id}</small>
        </span>
        <span class="room-state">
          <Shape name={name} />
          {room.archivedAt === null
            ? state
            : w.rooms.archivedAt(figures.moment(Date.parse(room.archivedAt), Date.now()))}
        </span>
        <span class="room-number">
          <b>{count(room.waiting)}</b>
          <small>{w.rooms.waiting}</small>
        </span>
        <span class="room-number">
          <b>{count(room.active)}</b>
          <small>{w.rooms.active}</small>
        </span>
        <span class="room-number opening">
          <b>{room.opensAt === null ? '–' : figures.moment(Date.parse(room.opensAt), Date.now())}</b>
          <small>{room.state === null ? w.rooms.unknown : `${w.rooms.opensAt} · ${figures.zone(Date.now())}`}</small>
        </span>
      </a>
    </li>
  );
}
