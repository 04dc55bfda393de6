// Commands about a session. Where the store has lost it with its last seconds, its token proves that it was there: the gateway signed
// both of its times.

import type { Command, Reply, StockReport } from '../../queue-core/command.ts';
import type { Gateway } from '../gateway.ts';
import type { Replies } from '../store/room-store.ts';
import type { AdmissionToken } from '../tokens/tokens.ts';

/** What a token of the session says of it. */
type SessionProof = Pick<AdmissionToken, 'epoch' | 'position' | 'visitor' | 'sid' | 'admitAt' | 'expiresAt'>;

interface Act {
  /** null: no token of the session is known, so that it cannot be restored. */
  proof: SessionProof | null;
  /** What is left, in one act with the commands. */
  before?: readonly StockReport[];
}

/**
 * Applies commands in one act. Where the store does not know the session of the last one, restores it and applies them again.
 * @throws StoreUnavailable
 */
export async function applyToSession<const C extends readonly [...Command[], Command]>(
  { metrics, store }: Pick<Gateway, 'metrics' | 'store'>,
  room: string,
  commands: C,
  { proof, before = [] }: Act,
): Promise<Replies<C>> {
  const apply = async (kind: string, first: readonly Command[]) => {
    const replies: readonly Reply[] = await metrics.operation(kind, store.apply(room, [...first, ...commands]));
    return replies.slice(-commands.length) as Replies<C>;
  };
  const replies = await apply((commands.at(-1) as Command).kind, before);
  return proof !== null && isLost(replies.at(-1)) ? apply('restore', [restoring(proof)]) : replies;
}

function isLost(reply: Reply | undefined): boolean {
  return reply?.kind === 'refused' && reply.reason === 'unknownPosition';
}

function restoring({ epoch, position, visitor, sid, admitAt, expiresAt }: SessionProof): Command {
  return { kind: 'restoreSession', epoch, position, visitor, sid, admitAt, expiresAt };
}
