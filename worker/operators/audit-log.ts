// The audit logs, of each room and of the directory: in pages, and as whole files.

import { rfc3339 } from '../../queue-core/time.ts';
import type { Gateway } from '../gateway.ts';
import { json } from '../http/responses.ts';
import { exportCsv, exportJson, type Log, type ReadLog } from './log-export.ts';
import type { Handlers } from './operation-context.ts';
import { nextAfter } from './row-pages.ts';

type LogOperation = 'audit' | 'auditJson' | 'auditCsv' | 'directoryAudit' | 'directoryAuditJson' | 'directoryAuditCsv';

export function logHandlers({ store, ownTime }: Pick<Gateway, 'ownTime' | 'store'>): Handlers<LogOperation> {
  const ofRoom = (id: string): Log => ({ name: id, read: (page) => store.rows(id, 'audit', page) });
  const ofDirectory: Log = { name: 'rooms', read: (page) => store.directory.rows('audit', page) };
  const exportedAt = () => rfc3339(ownTime());
  return {
    audit: (c) => logPage(ofRoom(c.var.room.config.id).read, c.var.query),
    auditJson: ({ var: { room } }) => exportJson(ofRoom(room.config.id), room.snapshot.view.live.audit, exportedAt()),
    auditCsv: (c) => exportCsv(ofRoom(c.var.room.config.id)),
    directoryAudit: (c) => logPage(ofDirectory.read, c.var.query),
    directoryAuditJson: (c) => exportJson(ofDirectory, c.var.directory.audit, exportedAt()),
    directoryAuditCsv: () => exportCsv(ofDirectory),
  };
}

async function logPage(read: ReadLog, page: { after: number; limit: number }): Promise<Response> {
  const records = await read(page);
  return json({ records, next: nextAfter(records, page.limit, ({ seq }) => seq) });
}
