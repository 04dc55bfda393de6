// Whoever signs out is out: also with more sign-outs than are remembered, and within the second of the sign-in.

import { expect, test } from 'vitest';
import { type DirectoryCommand, type DirectoryDocument, directoryMachine } from '../../queue-core/directory.ts';
import { ENDED_SIGN_INS_MAX } from '../../queue-core/limits.ts';
import type { EpochMs } from '../../queue-core/room.ts';
import { OPERATOR, T0 } from './rooms.ts';

const UNTIL = T0 + 12 * 3_600_000;

class PlayedDirectory {
  document: DirectoryDocument | null = null;

  apply(now: EpochMs, command: DirectoryCommand): void {
    this.document = directoryMachine.run(this.document, new Map(), [command], now).document;
  }

  signOut(now: EpochMs, sid: string): void {
    this.apply(now, { kind: 'change', id: `out-${sid}`, by: OPERATOR, change: { kind: 'signOut', sid, until: UNTIL } });
  }

  /** Whether a token counts, by what it says: its time of issue in whole seconds. */
  counts(sid: string, signedInAt: EpochMs): boolean {
    const issuedAt = Math.floor(signedInAt / 1000) * 1000;
    const { endedSignIns, keys } = this.document ?? { endedSignIns: [], keys: [] };
    return !endedSignIns.some((ended) => ended.sid === sid) && keys.every((key) => issuedAt + 1_000 > key.signInsFrom);
  }
}

test('a session that is signed out beyond the bound, within the second of its sign-in, is over', () => {
  const directory = new PlayedDirectory();
  directory.apply(T0, { kind: 'seed', by: OPERATOR, rooms: [], ownerDigest: 'aa' });
  for (let index = 0; index < ENDED_SIGN_INS_MAX; index++) directory.signOut(T0 + 20_100, `earlier-${index}`);
  directory.signOut(T0 + 20_700, 'last');
  expect(directory.counts('last', T0 + 20_500)).toBe(false);
  expect(directory.counts('earlier-0', T0 + 20_050)).toBe(false);
  expect(directory.counts('new', T0 + 22_000)).toBe(true);
});
