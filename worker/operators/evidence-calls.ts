// What the origin said, in an evidence pack: each number that visitors were shown, with when it was read and when it came, each call about
// a visit, each signal.

import type { OriginRecord } from '../../queue-core/document/origin-record.ts';
import type { Page } from '../../queue-core/machine.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import { Disclosure } from './evidence-disclosure.ts';
import { allPages } from './row-pages.ts';

export interface ReadCalls {
  records: number;
  /** Numbers of the first and the last record. */
  first: number | null;
  last: number | null;
}

/**
 * @param until later records are left out
 * @throws StoreUnavailable where the room dropped older records meanwhile: the pack breaks off, and the next one is whole
 */
export async function* originCallsParts(
  room: string,
  { read, until }: { read: (page: Page) => Promise<OriginRecord[]>; until: EpochMs },
  done: (calls: ReadCalls) => void,
): AsyncGenerator<string> {
  yield `{"room":${JSON.stringify(room)},"records":[`;
  const disclosure = new Disclosure();
  let [count, first, last]: [number, number | null, number | null] = [0, null, null];
  for await (const page of allPages(read, ({ seq }) => seq)) {
    const records = page.filter(({ at }) => at <= until);
    const begins = records[0]?.seq;
    if (begins === undefined) break;
    if (last !== null && begins !== last + 1 && (await read({ after: 0, limit: 1 }))[0]?.seq !== first) {
      throw new StoreUnavailable(
        `Records of room "${room}" were dropped while its evidence pack was made; fetch it again`,
      );
    }
    yield `${count === 0 ? '\n' : ',\n'}${records.map((record) => JSON.stringify(disclosure.ofOrigin(record))).join(',\n')}`;
    first ??= begins;
    last = records.at(-1)?.seq ?? last;
    count += records.length;
    if (records.length < page.length) break;
  }
  yield '\n]}\n';
  done({ records: count, first, last });
}
