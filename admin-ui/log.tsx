// The log of a room and of the directory: who changed what and when, newest first; exports; and a check that no record is
// missing or altered.

import { useState } from 'hono/jsx/dom';
import { addressOf } from '../worker/contract/api-client.ts';
import type { AuditRecord } from '../worker/contract/operator-api.ts';
import {
  actorName,
  CHANGE_KINDS,
  type ChangeKind,
  type ChangeLine,
  describeChange,
  isMachine,
  kindOf,
} from './changes.ts';
import type { ConsoleState } from './console-state.ts';
import { EvidenceDownload } from './evidence-download.tsx';
import { readLogTail } from './log-tail.ts';
import { formatCount } from './number-format.ts';
import { Field, inputValue } from './parts/field.tsx';
import { LogTime } from './parts/log-time.tsx';
import { useLoad } from './parts/use-load.ts';
import { ReportDownload } from './report-download.tsx';
import { SiteCalls } from './site-calls.tsx';
import type { RoomSnapshot } from './watch.ts';

export function RoomLog({ state, snapshot }: { state: ConsoleState; snapshot: RoomSnapshot }) {
  const params = { room: snapshot.room };
  const first = snapshot.records[0]?.seq ?? 1;
  return (
    <Log
      state={state}
      siteCalls={snapshot.live?.originCalls ?? null}
      title={state.strings.menu.log}
      name={`${snapshot.room}/log`}
      records={snapshot.live === null && snapshot.records.length === 0 ? null : snapshot.records}
      room={snapshot.room}
      timeZone={snapshot.detail?.site.timeZone ?? null}
      onEarlier={first > 1 ? () => void state.watch?.loadEarlierRecords() : null}
      csv={addressOf('auditCsv', { params })}
      json={addressOf('auditJson', { params })}
      loadExport={async () => {
        const outcome = await state.client.call('auditJson', { params });
        return outcome.kind === 'reply' ? outcome.value : null;
      }}
    />
  );
}

export function DirectoryLog({ state }: { state: ConsoleState }) {
  const [records, setRecords] = useState<AuditRecord[] | null>(null);
  const [isLost, setLost] = useState(false);
  const load = () =>
    readLogTail(async (after, limit) => {
      const outcome = await state.client.call('directoryAudit', { query: { after, limit } });
      return outcome.kind === 'reply' ? outcome.value.records : null;
    });
  const reload = useLoad(state, load, (tail) => {
    setLost(tail === null);
    if (tail !== null) setRecords(tail);
  });
  if (isLost && records === null) {
    return (
      <section class="empty" key="lost">
        <h1>{state.strings.connection.lost}</h1>
        <button type="button" class="button" onClick={reload}>
          {state.strings.retry}
        </button>
      </section>
    );
  }
  return (
    <Log
      state={state}
      siteCalls={null}
      title={state.strings.log.directoryTitle}
      name="directory/log"
      records={records}
      room={null}
      timeZone={null}
      onEarlier={null}
      csv={addressOf('directoryAuditCsv', {})}
      json={addressOf('directoryAuditJson', {})}
      loadExport={async () => {
        const outcome = await state.client.call('directoryAuditJson', {});
        return outcome.kind === 'reply' ? outcome.value : null;
      }}
    />
  );
}

interface LogProps {
  state: ConsoleState;
  /** Number of the last record of what the site of the room said; null: it is not a room’s log, or not known yet. */
  siteCalls: number | null;
  title: string;
  /** Of the draft that holds the filter. */
  name: string;
  /** null: not loaded yet. */
  records: AuditRecord[] | null;
  /** Whose log it is, and whose evidence pack is offered; null: the directory’s. */
  room: string | null;
  /** Of the room; null: there is none, or it is not known yet. */
  timeZone: string | null;
  /** Loads earlier records; null: there are none. */
  onEarlier: (() => void) | null;
  csv: string;
  json: string;
  loadExport(): Promise<{ whole: boolean; records: AuditRecord[]; exportedAt: string } | null>;
}

type Check =
  | { kind: 'none' }
  | { kind: 'checking' }
  | { kind: 'failed' }
  | { kind: 'intact'; count: number; atMs: number }
  | { kind: 'broken' };

/** Rows drawn; the filter still finds the others. */
const ROWS_MAX = 500;

function Log({ state, siteCalls, title, name, records, room, timeZone, onEarlier, csv, json, loadExport }: LogProps) {
  const t = state.strings.log;
  const [check, setCheck] = useState<Check>({ kind: 'none' });
  const filter = state.draft(name, { text: '', kind: 'all' as ChangeKind | 'all' });
  const shown = (records ?? [])
    .filter((record) => filter.kind === 'all' || kindOf(record.action) === filter.kind)
    .filter((record) => matches(state, record, filter.text))
    .slice(-ROWS_MAX)
    .reverse();
  const runCheck = async () => {
    setCheck({ kind: 'checking' });
    const found = await loadExport();
    if (found === null) setCheck({ kind: 'failed' });
    else if (!found.whole) setCheck({ kind: 'broken' });
    else setCheck({ kind: 'intact', count: found.records.length, atMs: Date.parse(found.exportedAt) });
  };
  return (
    <div class="page">
      <div class="page-head">
        <h1>{title}</h1>
        <div class="buttons">
          <a class="button" href={csv} download>
            {t.csv}
          </a>
          <a class="button" href={json} download>
            {t.json}
          </a>
          <button type="button" class="button" onClick={() => void runCheck()}>
            {check.kind === 'checking' ? t.checking : t.check}
          </button>
        </div>
      </div>
      <p class="check-result" data-kind={check.kind} role="status">
        {checkResult(state, check)}
      </p>
      {room === null ? null : <ReportDownload state={state} room={room} timeZone={timeZone} key="report" />}
      {room === null ? null : <EvidenceDownload state={state} room={room} key="evidence" />}
      <div class="filters">
        <Field id="log-search" label={t.search}>
          {(attributes) => (
            <input
              {...attributes}
              type="search"
              value={filter.text}
              onInput={(event: Event) => state.setDraft(name, { ...filter, text: inputValue(event) })}
            />
          )}
        </Field>
        <Field id="log-kind" label={t.kind}>
          {(attributes) => (
            <select
              {...attributes}
              value={filter.kind}
              onInput={(event: Event) => state.setDraft(name, { ...filter, kind: inputValue(event) })}
            >
              <option value="all">{t.all}</option>
              {CHANGE_KINDS.map((kind) => (
                <option value={kind} key={kind}>
                  {t.kinds[kind]}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      {records === null ? (
        <p class="note" key="loading" aria-busy="true">
          {state.strings.loading}
        </p>
      ) : shown.length === 0 ? (
        <p class="note" key="empty">
          {records.length === 0 ? t.empty : t.emptyFilter}
        </p>
      ) : (
        <ol class="log" key="log" reversed>
          {shown.map((record) => (
            <Entry state={state} record={record} key={String(record.seq)} />
          ))}
        </ol>
      )}
      {onEarlier === null ? null : (
        <button type="button" class="button" key="earlier" onClick={onEarlier}>
          {t.earlier}
        </button>
      )}
      {room === null || siteCalls === null ? null : (
        <SiteCalls state={state} room={room} last={siteCalls} key="site-calls" />
      )}
    </div>
  );
}

function checkResult({ format, strings }: ConsoleState, check: Check): string {
  switch (check.kind) {
    case 'none':
    case 'checking':
      return '';
    case 'failed':
      return strings.connection.lost;
    case 'intact':
      return strings.log.intact(check.count, format.time(check.atMs));
    case 'broken':
      return strings.log.broken;
  }
}

function Entry({ state, record }: { state: ConsoleState; record: AuditRecord }) {
  const { strings: t, format } = state;
  const { what, lines } = describeChange(record, t, format);
  return (
    <li>
      <LogTime state={state} at={record.at} />
      <p class="by">
        <b>{actorName(record.by, t)}</b>
        <small>
          {isMachine(record.by.id, t) ? '' : t.roles[record.by.role]}
          {record.by.address === null ? '' : ` · ${record.by.address}`}
        </small>
      </p>
      <div class="change">
        <b>{what}</b>
        {lines.length === 0 ? null : (
          <dl>
            {lines.map((line) => (
              <Line line={line} state={state} key={line.field} />
            ))}
          </dl>
        )}
      </div>
      <small class="seq">#{formatCount(record.seq)}</small>
    </li>
  );
}

function Line({ state, line }: { state: ConsoleState; line: ChangeLine }) {
  const { none, log } = state.strings;
  return (
    <div>
      <dt>{line.field}</dt>
      <dd>
        {line.from === null ? null : (
          <del key="from">
            <span class="visually-hidden">{log.from} </span>
            {line.from}
          </del>
        )}
        {line.from === null ? null : <i aria-hidden="true">→</i>}
        <ins key="to">
          <span class="visually-hidden">{log.to} </span>
          {line.to ?? none}
        </ins>
      </dd>
    </div>
  );
}

function matches(state: ConsoleState, record: AuditRecord, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  if (wanted === '') return true;
  const { what, lines } = describeChange(record, state.strings, state.format);
  const values = lines.flatMap(({ field, from, to }) => [field, from, to]);
  return [actorName(record.by, state.strings), record.by.address, what, ...values]
    .join(' ')
    .toLowerCase()
    .includes(wanted);
}
