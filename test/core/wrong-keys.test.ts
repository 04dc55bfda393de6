// Strangers who try keys for months leave the operators room in the log: what cannot be recorded cannot be done.

import { expect, test } from 'vitest';
import type { AuditRecord } from '../../queue-core/audit.ts';
import { type DirectoryCommand, type DirectoryDocument, directoryMachine } from '../../queue-core/directory.ts';
import { WRONG_KEY_RECORD_MS, WRONG_KEY_RECORDS_UP_TO } from '../../queue-core/limits.ts';
import { OPERATOR, T0 } from './sample-rooms.ts';

test('wrong keys fill the log up to its half at the most; whoever has a key still signs in and is recorded', () => {
  let document: DirectoryDocument | null = null;
  const records: AuditRecord[] = [];
  const apply = (now: number, command: DirectoryCommand) => {
    const run = directoryMachine.run(document, new Map(), [command], now);
    document = run.document;
    for (const effect of run.effects) {
      if (effect.kind === 'put' && effect.table === 'audit') records.push(effect.row);
    }
    return run.replies[0];
  };
  apply(T0, { kind: 'seed', by: OPERATOR, rooms: [], ownerDigest: 'aa' });
  const { audit } = document as unknown as DirectoryDocument;
  document = { ...(document as unknown as DirectoryDocument), audit: { ...audit, seq: WRONG_KEY_RECORDS_UP_TO - 2 } };
  for (let minute = 1; minute <= 10; minute++) {
    const now = T0 + minute * WRONG_KEY_RECORD_MS;
    expect(apply(now, { kind: 'signIn', digest: 'bb', address: null, from: `192.0.2.${minute}` })?.kind).toBe(
      'wrongKey',
    );
  }
  expect(records.filter(({ action }) => action === 'wrongKey')).toHaveLength(2);
  const signedIn = apply(T0 + 3_600_000, { kind: 'signIn', digest: 'aa', address: null, from: '192.0.2.100' });
  expect(signedIn).toMatchObject({ kind: 'signedIn', key: { role: 'owner' } });
  expect(records.at(-1)?.action).toBe('signIn');
});
