// All rooms, or some of them by their ids.

import type { ConsoleState } from '../console-state.ts';
import { Note } from './note.tsx';

interface RoomChoiceProps {
  state: ConsoleState;
  legend: string;
  rooms: readonly string[];
  /** null: all. */
  chosen: readonly string[] | null;
  error: string | null;
  onChange(chosen: string[] | null): void;
}

export function RoomChoice({ state, legend, rooms, chosen, error, onChange }: RoomChoiceProps) {
  return (
    <fieldset class="radios">
      <legend>{legend}</legend>
      <label class="check">
        <input type="checkbox" checked={chosen === null} onInput={() => onChange(chosen === null ? [] : null)} />
        <span>{state.strings.everyRoom}</span>
      </label>
      {chosen === null
        ? null
        : rooms.map((room) => (
            <label class="check" key={room}>
              <input
                type="checkbox"
                checked={chosen.includes(room)}
                onInput={() =>
                  onChange(chosen.includes(room) ? chosen.filter((one) => one !== room) : [...chosen, room])
                }
              />
              <span>{room}</span>
            </label>
          ))}
      <Note key="error" text={error} kind="error" />
    </fieldset>
  );
}
