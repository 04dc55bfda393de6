// The logs of an evidence pack, read page by page: the room's, as a chain of what is disclosed, and what the directory's log says
// about the room. The original chain is checked on the way, and the pack says what was found.

import { type AuditHead, type AuditRecord, faultIn, NO_RECORD } from '../../queue-core/audit.ts';
import type { Page } from '../../queue-core/machine.ts';
import { DisclosedChain, type Disclosure } from './evidence-disclosure.ts';
import { allPages } from './row-pages.ts';

export type ReadRecords = (page: Page) => Promise<AuditRecord[]>;

export interface ReadLog {
  records: number;
  whole: boolean;
  /** Hash of the last record as it is in the pack. */
  head: string;
  /** Records in the pack. */
  written: number;
}

export interface LogSource {
  name: string;
  read: ReadRecords;
  /** The last record that the document of this log names; later ones are not read. */
  last: AuditHead;
  disclosure: Disclosure;
}

/** The room's log, in the form that `npm run check-log` reads. */
export async function* roomLogParts(
  { name, read, last, disclosure }: LogSource,
  madeAt: string,
  done: (log: ReadLog) => void,
): AsyncGenerator<string> {
  yield `{"log":${JSON.stringify(name)},"exportedAt":${JSON.stringify(madeAt)},"records":[`;
  const chain = new DisclosedChain();
  const original = new OriginalChain(last);
  let written = 0;
  for await (const records of recordsUpTo(read, last.seq)) {
    original.add(records);
    const texts = records.map((record) => JSON.stringify(chain.next(disclosure.ofRoom(record))));
    yield `${written === 0 ? '\n' : ',\n'}${texts.join(',\n')}`;
    written += texts.length;
  }
  const { whole } = original;
  yield `\n],"whole":${whole}}\n`;
  done({ records: written, whole, head: chain.head, written });
}

/** The records of the directory's log about one room, with their numbers there. */
export async function* siteLogParts(
  { name, read, last, disclosure }: LogSource,
  done: (log: Omit<ReadLog, 'head'>) => void,
): AsyncGenerator<string> {
  yield `{"log":${JSON.stringify(name)},"records":[`;
  const original = new OriginalChain(last);
  let [count, written] = [0, 0];
  for await (const records of recordsUpTo(read, last.seq)) {
    original.add(records);
    count += records.length;
    const about = records.map((record) => disclosure.ofSite(record, name)).filter((record) => record !== null);
    if (about.length === 0) continue;
    yield `${written === 0 ? '\n' : ',\n'}${about.map((record) => JSON.stringify(record)).join(',\n')}`;
    written += about.length;
  }
  yield '\n]}\n';
  done({ records: count, whole: original.whole, written });
}

/** Records up to a number, one page in memory at a time. */
export async function* recordsUpTo(read: ReadRecords, seq: number): AsyncGenerator<AuditRecord[]> {
  for await (const page of allPages(read, (record) => record.seq)) {
    const records = page.filter((record) => record.seq <= seq);
    if (records.length > 0) yield records;
    if (records.length < page.length) return;
  }
}

/** Whether the original records follow from each other, up to the last one that the document names. */
class OriginalChain {
  readonly #last: AuditHead;
  #head: AuditHead = NO_RECORD;
  #intact = true;

  constructor(last: AuditHead) {
    this.#last = last;
  }

  get whole(): boolean {
    return this.#intact && this.#head.seq === this.#last.seq && this.#head.hash === this.#last.hash;
  }

  add(records: readonly AuditRecord[]): void {
    this.#intact &&= faultIn(records, this.#head) === null;
    this.#head = records.at(-1) ?? this.#head;
  }
}
