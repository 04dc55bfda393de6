// Exports a whole log as a file, streamed page by page so that memory does not grow with it. JSON states at its end whether the
// hash chain is intact and complete; CSV (RFC 4180) is for spreadsheets.

import { type AuditHead, type AuditRecord, faultIn, NO_RECORD } from '../../queue-core/audit.ts';
import type { Page } from '../../queue-core/machine.ts';
import { allPages } from './row-pages.ts';

export type ReadLog = (page: Page) => Promise<AuditRecord[]>;

export interface Log {
  /** Part of the file's name. */
  name: string;
  read: ReadLog;
}

/** @param last the last record according to the log's own document; an export that does not reach it is incomplete */
export function exportJson({ name, read }: Log, last: AuditHead, exportedAt: string): Response {
  async function* parts(): AsyncGenerator<string> {
    yield `{"log":${JSON.stringify(name)},"exportedAt":${JSON.stringify(exportedAt)},"records":[`;
    let head: AuditHead = NO_RECORD;
    let whole = true;
    for await (const records of allPages(read, seqOf)) {
      whole &&= faultIn(records, head) === null;
      whole &&= records.every(({ seq, hash }) => seq !== last.seq || hash === last.hash);
      yield `${head.seq === 0 ? '\n' : ',\n'}${records.map((record) => JSON.stringify(record)).join(',\n')}`;
      head = records.at(-1) ?? head;
    }
    yield `\n],"whole":${whole && head.seq >= last.seq}}\n`;
  }
  return file(parts(), `${name}-log.json`, 'application/json');
}

export function exportCsv({ name, read }: Log): Response {
  async function* parts(): AsyncGenerator<string> {
    yield 'seq,at,operator,name,role,address,action,from,to,previous,hash\r\n';
    for await (const records of allPages(read, seqOf)) yield records.map(csvLine).join('');
  }
  return file(parts(), `${name}-log.csv`, 'text/csv; charset=utf-8');
}

function seqOf({ seq }: AuditRecord): number {
  return seq;
}

function csvLine({ seq, at, by, action, from, to, previous, hash }: AuditRecord): string {
  const cells = [seq, at, by.id, by.name, by.role, by.address ?? '', action, JSON.stringify(from), JSON.stringify(to)];
  return `${[...cells, previous, hash].map(csvCell).join(',')}\r\n`;
}

/** A spreadsheet runs a cell that starts like a formula; an apostrophe in front makes it text. */
function csvCell(value: string | number): string {
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function file(parts: AsyncGenerator<string>, name: string, type: string): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  });
  return new Response(body, {
    headers: {
      'Content-Type': type,
      'Content-Disposition': `attachment; filename="${name}"`,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    },
  });
}
