import { useState } from 'hono/jsx/dom';
import type { Role, RoomSummary } from '../worker/contract/operators.ts';
import { call } from './client.ts';
import { useEffect } from './effect.ts';
import { dayAndTime, number } from './look.ts';
import type { Words } from './words-en.ts';

const POLL_MS = 3_000;

export function Rooms({ words, role, signedOut }: { words: Words; role: Role; signedOut: () => void }) {
  const [rooms, setRooms] = useState<RoomSummary[] | null>(null);
  const [lost, setLost] = useState(false);

  useEffect(() => {
    let over = false;
    const look = async () => {
      const outcome = await call('rooms');
      if (over) return;
      if (outcome.kind === 'answer') setRooms(outcome.answer.rooms);
      if (outcome.kind === 'problem' && outcome.problem.status === 401) return signedOut();
      setLost(outcome.kind !== 'answer');
      setTimeout(look, POLL_MS);
    };
    look();
    return () => {
      over = true;
    };
  }, []);

  return (
    <main class="page">
      <h1>{words.rooms}</h1>
      {lost && <p class="banner">{words.unreachable}</p>}
      {rooms === null && !lost && <p>{words.loading}</p>}
      {rooms?.length === 0 && <p>{words.noRooms}</p>}
      <ul class="rooms">
        {rooms?.map((room) => (
          <li key={room.id}>
            <a class="card" href={`#/room/${room.id}`}>
              <b>{room.title[words.lang]}</b>
              <span class="mono">{room.id}</span>
              <span class="state" data-state={room.state ?? 'unknown'}>
                {room.archivedAt !== null ? words.archived : room.state === null ? '–' : words.states[room.state]}
              </span>
              <span>
                {words.numbers.waiting} <b>{room.waiting === null ? '–' : number(words, room.waiting)}</b>
              </span>
              <span>
                {words.numbers.inside} <b>{room.active === null ? '–' : number(words, room.active)}</b>
              </span>
              <span class="soft">
                {room.opensAt === null ? '' : `${words.opens} ${dayAndTime(words, room.opensAt)}`}
              </span>
            </a>
          </li>
        ))}
      </ul>
      {role === 'owner' && (
        <p>
          <a class="button" href="#/new">
            {words.newRoom}
          </a>
        </p>
      )}
    </main>
  );
}
