// The log: who, when, from what to what, in words; exports, and whether the chain is whole.

import { useState } from 'hono/jsx/dom';
import type { AuditRecord } from '../worker/contract/operators.ts';
import { addressOf, call } from './client.ts';
import { useEffect } from './effect.ts';
import { dayAndTime } from './look.ts';
import type { Words } from './words-en.ts';

/** Records shown at once; the export has them all. */
const SHOWN_STEP = 100;

export function Log({ words, room }: { words: Words; room: string | null }) {
  const [records, setRecords] = useState<AuditRecord[] | null>(null);
  const [shown, setShown] = useState(SHOWN_STEP);
  const [verdict, setVerdict] = useState('');
  const at: Record<string, string> = room === null ? {} : { room };

  useEffect(() => {
    let over = false;
    const read = async () => {
      const all: AuditRecord[] = [];
      for (let after = 0; ; ) {
        const query = { after };
        const outcome = room === null ? await call('directoryAudit', { query }) : await call('audit', { at, query });
        if (over || outcome.kind !== 'answer') return;
        all.push(...outcome.answer.records);
        setRecords(all.toReversed());
        if (outcome.answer.next === null) return;
        after = outcome.answer.next;
      }
    };
    setRecords(null);
    read();
    return () => {
      over = true;
    };
  }, [room]);

  const check = async () => {
    const outcome = room === null ? await call('directoryAuditJson') : await call('auditJson', { at });
    if (outcome.kind !== 'answer') return setVerdict(words.unreachable);
    const { whole, records: all } = outcome.answer;
    setVerdict(whole ? words.log.whole(all.length) : words.log.broken);
  };

  return (
    <section class="card log" aria-label={words.log.title}>
      <h2>{room === null ? words.log.all : `${words.log.title}: ${words.log.room}`}</h2>
      <p class="row">
        <a class="button" href={addressOf(room === null ? 'directoryAuditCsv' : 'auditCsv', at)} download>
          {words.log.csv}
        </a>
        <a class="button" href={addressOf(room === null ? 'directoryAuditJson' : 'auditJson', at)} download>
          {words.log.json}
        </a>
        <button type="button" onClick={check}>
          {words.log.check}
        </button>
        <span role="status">{verdict}</span>
      </p>
      {records === null && <p>{words.loading}</p>}
      {records?.length === 0 && <p>{words.log.empty}</p>}
      <ol class="records">
        {records?.slice(0, shown).map((record) => (
          <li key={record.seq}>
            <span class="soft mono">{dayAndTime(words, record.at)}</span>
            <span>
              <b>{words.log.actions[record.action] ?? record.action}</b> {valueText(words, record.to)}
              {record.from !== null && (
                <span class="soft">
                  {' '}
                  ({words.log.from} {valueText(words, record.from)})
                </span>
              )}
            </span>
            <span class="soft">
              {record.by.name} {record.by.address ?? ''}
            </span>
          </li>
        ))}
      </ol>
      {records !== null && records.length > shown && (
        <button type="button" onClick={() => setShown(shown + SHOWN_STEP)}>
          {words.log.more}
        </button>
      )}
    </section>
  );
}

/** Values as a person reads them: names in words, moments as times, ms as minutes. */
function valueText(words: Words, value: unknown, name = ''): string {
  if (value === null || value === undefined) return '–';
  if (Array.isArray(value)) return value.map((one) => valueText(words, one)).join(', ');
  if (typeof value === 'number' && name.endsWith('Ms')) return words.log.minutes(value / 60_000);
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)) return dayAndTime(words, value);
  if (typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map(([key, part]) => `${words.log.names[key] ?? key} ${valueText(words, part, key)}`)
    .join(', ');
}
