// Whoever signs out is out: also with more sign-outs than are remembered, and within the second of the sign-in.

import { expect, test } from 'vitest';
import {
  type DirectoryCommand,
  type DirectoryDocument,
  type DirectoryReply,
  directoryMachine,
} from '../../queue-core/directory.ts';
import { ENDED_SIGN_INS_MAX } from '../../queue-core/limits.ts';
import type { EpochMs } from '../../queue-core/room.ts';
import { OPERATOR, T0 } from './sample-rooms.ts';

const UNTIL = T0 + 12 * 3_600_000;

class PlayedDirectory {
  document: DirectoryDocument | null = null;

  apply(now: EpochMs, command: DirectoryCommand): DirectoryReply | undefined {
    const { document, replies } = directoryMachine.run(this.document, new Map(), [command], now);
    this.document = document;
    return replies[0];
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

test('another owner’s key ends the sessions of the former one, also of the second that has begun, and its own count at once', () => {
  const directory = new PlayedDirectory();
  const seed = (now: EpochMs, ownerDigest: string) =>
    directory.apply(now, { kind: 'seed', by: OPERATOR, rooms: [], ownerDigest });
  const signIn = (now: EpochMs, digest: string) => {
    const reply = directory.apply(now, { kind: 'signIn', digest, address: null, from: 'here' });
    return reply?.kind === 'signedIn' ? reply.at : Number.NaN;
  };
  seed(T0, 'aa');
  const former = signIn(T0 + 5_100, 'aa');
  seed(T0 + 5_200, 'bb');
  expect(directory.counts('former', former)).toBe(false);
  expect(directory.counts('own', signIn(T0 + 5_300, 'bb'))).toBe(true);
  expect(directory.counts('own', signIn(T0 + 9_300, 'bb'))).toBe(true);
});
