// A whole log as a file: streamed page by page, so that its length costs no memory. JSON says at its end whether every
// record follows from the one before and none is missing at the end; CSV is for spreadsheets (RFC 4180).

import { type AuditHead, type AuditRecord, faultIn, NO_RECORD } from '../../queue-core/audit.ts';
import { ROWS_PER_PAGE_MAX } from '../../queue-core/limits.ts';
import type { Page } from '../../queue-core/machine.ts';

export type ReadLog = (page: Page) => Promise<AuditRecord[]>;

/** @param known the last record that the log's own document remembers: it has to be there, so that no end is cut off */
export function logAsJson(name: string, readLog: ReadLog, exportedAt: string, known: AuditHead): Response {
  async function* parts(): AsyncGenerator<string> {
    yield `{"log":${JSON.stringify(name)},"exportedAt":${JSON.stringify(exportedAt)},"records":[`;
    let head: AuditHead = NO_RECORD;
    let whole = true;
    for await (const records of pages(readLog)) {
      whole &&= faultIn(records, head) === null;
      whole &&= records.every(({ seq, hash }) => seq !== known.seq || hash === known.hash);
      yield `${head.seq === 0 ? '\n' : ',\n'}${records.map((record) => JSON.stringify(record)).join(',\n')}`;
      const last = records.at(-1);
      if (last !== undefined) head = { seq: last.seq, hash: last.hash };
    }
    yield `\n],"whole":${whole && head.seq >= known.seq}}\n`;
  }
  return file(parts(), `${name}-log.json`, 'application/json');
}

export function logAsCsv(name: string, readLog: ReadLog): Response {
  async function* parts(): AsyncGenerator<string> {
    yield `seq,at,operator,name,role,address,action,from,to,previous,hash\r\n`;
    for await (const records of pages(readLog)) yield records.map(csvLine).join('');
  }
  return file(parts(), `${name}-log.csv`, 'text/csv; charset=utf-8');
}

async function* pages(readLog: ReadLog): AsyncGenerator<AuditRecord[]> {
  for (let after = 0; ; ) {
    const records = await readLog({ after, limit: ROWS_PER_PAGE_MAX });
    if (records.length > 0) yield records;
    if (records.length < ROWS_PER_PAGE_MAX) return;
    after = records.at(-1)?.seq ?? after;
  }
}

function csvLine({ seq, at, by, action, from, to, previous, hash }: AuditRecord): string {
  const cells = [seq, at, by.id, by.name, by.role, by.address ?? '', action, JSON.stringify(from), JSON.stringify(to)];
  return `${[...cells, previous, hash].map(csvCell).join(',')}\r\n`;
}

/** Spreadsheets run what begins like a formula; an apostrophe in front keeps it text. */
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
