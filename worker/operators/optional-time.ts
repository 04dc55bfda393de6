import type { EpochMs } from '../../queue-core/room.ts';
import { rfc3339 } from '../../queue-core/time.ts';

/** A time of the API's documents that may be absent. */
export function rfc3339OrNull(at: EpochMs | null): string | null {
  return at === null ? null : rfc3339(at);
}
