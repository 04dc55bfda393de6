// The audit logs, of each room and of the directory: in pages, and as whole files. Files are streamed page by page, so that memory
// does not grow with them. JSON states at its end whether the hash chain is intact and complete; CSV (RFC 4180) is for spreadsheets.

import { type AuditHead, type AuditRecord, faultIn, NO_RECORD } from '../../queue-core/audit.ts';
import type { Page } from '../../queue-core/machine.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import { LOG_COLUMNS } from '../contract/operator-api.ts';
import type { Gateway } from '../gateway.ts';
import { csvLine } from '../http/csv.ts';
import { json } from '../http/responses.ts';
import type { Handlers } from './operation-context.ts';
import { allPages, nextAfter } from './row-pages.ts';

interface Log {
  /** Part of the name of an exported file. */
  name: string;
  read: (page: Page) => Promise<AuditRecord[]>;
}

type RoomLogOperation = 'audit' | 'auditJson' | 'auditCsv';
type DirectoryLogOperation = 'directoryAudit' | 'directoryAuditJson' | 'directoryAuditCsv';

export function logHandlers({
  store,
  ownTime,
}: Pick<Gateway, 'ownTime' | 'store'>): Handlers<RoomLogOperation | DirectoryLogOperation> {
  const ofRoom = (id: string): Log => ({ name: id, read: (page) => store.rows(id, 'audit', page) });
  const ofDirectory: Log = { name: 'rooms', read: (page) => store.directory.rows('audit', page) };
  const exportedAt = () => rfc3339(ownTime());
  return {
    audit: (c) => logPage(ofRoom(c.var.room.config.id), c.var.query),
    auditJson: ({ var: { room } }) => exportJson(ofRoom(room.config.id), room.snapshot.view.live.audit, exportedAt()),
    auditCsv: (c) => exportCsv(ofRoom(c.var.room.config.id)),
    directoryAudit: (c) => logPage(ofDirectory, c.var.query),
    directoryAuditJson: (c) => exportJson(ofDirectory, c.var.directory.audit, exportedAt()),
    directoryAuditCsv: () => exportCsv(ofDirectory),
  };
}

async function logPage({ read }: Log, page: Page): Promise<Response> {
  const records = await read(page);
  return json({ records, next: nextAfter(records, page.limit, seqOf) });
}

/** @param last the last record according to the log's own document; an export that does not reach it is incomplete */
function exportJson({ name, read }: Log, last: AuditHead, exportedAt: string): Response {
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

function exportCsv({ name, read }: Log): Response {
  async function* parts(): AsyncGenerator<string> {
    yield csvLine(LOG_COLUMNS);
    for await (const records of allPages(read, seqOf)) yield records.map(lineOf).join('');
  }
  return file(parts(), `${name}-log.csv`, 'text/csv; charset=utf-8');
}

function seqOf({ seq }: AuditRecord): number {
  return seq;
}

function lineOf({ seq, at, by, action, from, to, previous, hash }: AuditRecord): string {
  const author = [by.id, by.name, by.role, by.address ?? ''];
  return csvLine([seq, at, ...author, action, JSON.stringify(from), JSON.stringify(to), previous, hash]);
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
