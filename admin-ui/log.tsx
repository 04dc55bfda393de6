// Who changed what and when, in words, newest first; what can be taken along for others to check; and whether every record
// follows from the one before.

import { useState } from 'hono/jsx/dom';
import type { AuditRecord } from '../worker/contract/operator-api.ts';
import { addressOf } from './api-client.ts';
import { CHANGE_KINDS, type ChangeKind, kindOf, type ToldLine, tell } from './changes.ts';
import type { Desk } from './console-state.ts';
import { logEnd } from './log-end.ts';
import { useEffect } from './parts/effect.ts';
import { Field, typed } from './parts/field.tsx';
import type { Watched } from './watch.ts';

export function RoomLog({ desk, seen }: { desk: Desk; seen: Watched }) {
  const params = { room: seen.room };
  const first = seen.records[0]?.seq ?? 1;
  return (
    <Log
      desk={desk}
      title={desk.words.log.title}
      name={`${seen.room}/log`}
      records={seen.live === null && seen.records.length === 0 ? null : seen.records}
      onEarlier={first > 1 ? () => void desk.watch?.earlierRecords() : null}
      csv={addressOf('auditCsv', { params })}
      json={addressOf('auditJson', { params })}
      check={async () => {
        const outcome = await desk.client.call('auditJson', { params });
        return outcome.kind === 'answer' ? outcome.value : null;
      }}
    />
  );
}

export function DirectoryLog({ desk }: { desk: Desk }) {
  const [records, setRecords] = useState<AuditRecord[] | null>(null);
  const [isLost, setLost] = useState(false);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isWanted = true;
    const read = async () => {
      const found = await logEnd(async (after, limit) => {
        const outcome = await desk.client.call('directoryAudit', { query: { after, limit } });
        return outcome.kind === 'answer' ? outcome.value.records : null;
      });
      if (!isWanted) return;
      setLost(found === null);
      if (found !== null) setRecords(found);
    };
    void read();
    return () => {
      isWanted = false;
    };
  }, [turn, desk.isInterrupted]);
  if (isLost && records === null) {
    return (
      <section class="empty" key="lost">
        <h1>{desk.words.contact.lost}</h1>
        <button type="button" class="button" onClick={() => setTurn(turn + 1)}>
          {desk.words.retry}
        </button>
      </section>
    );
  }
  return (
    <Log
      desk={desk}
      title={desk.words.log.directoryTitle}
      name="directory/log"
      records={records}
      onEarlier={null}
      csv={addressOf('directoryAuditCsv', {})}
      json={addressOf('directoryAuditJson', {})}
      check={async () => {
        const outcome = await desk.client.call('directoryAuditJson', {});
        return outcome.kind === 'answer' ? outcome.value : null;
      }}
    />
  );
}

interface LogProps {
  desk: Desk;
  title: string;
  name: string;
  /** null: not read yet. */
  records: AuditRecord[] | null;
  onEarlier: (() => void) | null;
  csv: string;
  json: string;
  check(): Promise<{ whole: boolean; records: AuditRecord[]; exportedAt: string } | null>;
}

type Checked =
  | { kind: 'none' }
  | { kind: 'checking' }
  | { kind: 'unanswered' }
  | { kind: 'checked'; whole: boolean; count: number; at: number };

/** Rows drawn; a filter finds the ones beyond. */
const ROWS_MAX = 500;

function Log({ desk, title, name, records, onEarlier, csv, json, check }: LogProps) {
  const w = desk.words.log;
  const { figures } = desk;
  const [checked, setChecked] = useState<Checked>({ kind: 'none' });
  const filter = desk.draft(name, { text: '', kind: 'all' as ChangeKind | 'all' });
  const shown = (records ?? [])
    .filter(
      (record) => (filter.kind === 'all' || kindOf(record.action) === filter.kind) && holds(desk, record, filter.text),
    )
    .slice(-ROWS_MAX)
    .reverse();
  const runCheck = async () => {
    setChecked({ kind: 'checking' });
    const found = await check();
    setChecked(
      found === null
        ? { kind: 'unanswered' }
        : { kind: 'checked', whole: found.whole, count: found.records.length, at: Date.parse(found.exportedAt) },
    );
  };
  return (
    <div class="page">
      <div class="page-head">
        <h1>{title}</h1>
        <div class="ways">
          <a class="button" href={csv} download>
            {w.csv}
          </a>
          <a class="button" href={json} download>
            {w.json}
          </a>
          <button type="button" class="button" onClick={() => void runCheck()}>
            {checked.kind === 'checking' ? w.checking : w.check}
          </button>
        </div>
      </div>
      <p class={checked.kind === 'checked' && !checked.whole ? 'checked broken' : 'checked'} role="status">
        {checked.kind === 'checked'
          ? checked.whole
            ? w.whole(figures.count(checked.count), figures.second(checked.at))
            : w.broken
          : checked.kind === 'unanswered'
            ? desk.words.contact.lost
            : ''}
      </p>
      <div class="filters">
        <Field id="log-search" label={w.search}>
          {(described) => (
            <input
              {...described}
              type="search"
              value={filter.text}
              onInput={(event: Event) => desk.type(name, { ...filter, text: typed(event) })}
            />
          )}
        </Field>
        <Field id="log-kind" label={w.kind}>
          {(described) => (
            <select
              {...described}
              value={filter.kind}
              onInput={(event: Event) => desk.type(name, { ...filter, kind: typed(event) })}
            >
              <option value="all">{w.all}</option>
              {CHANGE_KINDS.map((kind) => (
                <option value={kind} key={kind}>
                  {w.kinds[kind]}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      {records === null ? (
        <p class="note" key="loading" aria-busy="true">
          {desk.words.loading}
        </p>
      ) : shown.length === 0 ? (
        <p class="note" key="none">
          {records.length === 0 ? w.empty : w.emptyFilter}
        </p>
      ) : (
        <ol class="log" key="log" reversed>
          {shown.map((record) => (
            <Entry desk={desk} record={record} key={String(record.seq)} />
          ))}
        </ol>
      )}
      {onEarlier === null ? null : (
        <button type="button" class="button" key="earlier" onClick={onEarlier}>
          {w.earlier}
        </button>
      )}
    </div>
  );
}

function Entry({ desk, record }: { desk: Desk; record: AuditRecord }) {
  const w = desk.words;
  const { figures } = desk;
  const told = tell(record, w, figures);
  const at = Date.parse(record.at);
  return (
    <li data-kind={kindOf(record.action)}>
      <time datetime={record.at}>
        <b>{figures.second(at)}</b>
        <small>{figures.date(at)}</small>
      </time>
      <p class="by">
        <b>{record.by.name}</b>
        <small>
          {w.roles[record.by.role]}
          {record.by.address === null ? '' : ` · ${record.by.address}`}
        </small>
      </p>
      <div class="told">
        <b>{told.what}</b>
        {told.lines.length === 0 ? null : (
          <dl>
            {told.lines.map((line) => (
              <Line line={line} desk={desk} key={line.field} />
            ))}
          </dl>
        )}
      </div>
      <small class="seq">#{record.seq}</small>
    </li>
  );
}

function Line({ desk, line }: { desk: Desk; line: ToldLine }) {
  const { nothing, log } = desk.words;
  return (
    <div>
      <dt>{line.field}</dt>
      <dd>
        {line.from === null ? null : (
          <del key="from">
            <span class="unseen">{log.from} </span>
            {line.from}
          </del>
        )}
        {line.from === null ? null : <i aria-hidden="true">→</i>}
        <ins key="to">
          <span class="unseen">{log.to} </span>
          {line.to ?? nothing}
        </ins>
      </dd>
    </div>
  );
}

function holds(desk: Desk, record: AuditRecord, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return true;
  const { what, lines } = tell(record, desk.words, desk.figures);
  const said = [
    record.by.name,
    record.by.address ?? '',
    what,
    ...lines.flatMap(({ field, from, to }) => [field, from, to]),
  ];
  return said.join(' ').toLowerCase().includes(wanted);
}
