// Creates rooms in a store that does not know them.

import type { RoomConfig } from '../settings.ts';
import type { RoomStore } from '../store/room-store.ts';
import { SETTINGS_ACTOR } from './room-directory.ts';

interface Options {
  store: Pick<RoomStore, 'apply'>;
  /** Identifies the content of the settings, so that configuring a room again changes nothing. */
  digest(text: string): string;
  /** The secret of the room's first draw. */
  secret(): string;
  /** Number of a new room's first opening, higher than any that the store may have lost. */
  firstEpoch(): number;
}

export function roomConfiguration({ store, digest, secret, firstEpoch }: Options): (room: RoomConfig) => Promise<void> {
  return async ({ id, queue: settings }) => {
    const content = { settings, digest: digest(JSON.stringify(settings)), secret: secret(), firstEpoch: firstEpoch() };
    await store.apply(id, [{ kind: 'configure', by: SETTINGS_ACTOR, ...content }]);
  };
}
