// What the site said to the room, newest first: each number that visitors were shown, each of its calls about a visit, and whether it was
// obeyed.

import { useState } from 'hono/jsx/dom';
import type { OriginRecordDocument } from '../worker/contract/origin-call-schema.ts';
import type { ConsoleState } from './console-state.ts';
import { formatCount } from './number-format.ts';
import { LogTime } from './parts/log-time.tsx';
import { useLoad } from './parts/use-load.ts';

const SHOWN_MAX = 100;
const RELOAD_MS = 5_000;

/** @param last number of the room's last record; 0: the site has said nothing */
export function SiteCalls({ state, room, last }: { state: ConsoleState; room: string; last: number }) {
  const t = state.strings.siteCalls;
  const [records, setRecords] = useState<OriginRecordDocument[] | null>(null);
  const load = async () => {
    if (last === 0) return [];
    const query = { after: Math.max(0, last - SHOWN_MAX), limit: SHOWN_MAX };
    const outcome = await state.client.call('originCalls', { params: { room }, query });
    return outcome.kind === 'reply' ? outcome.value.records : null;
  };
  useLoad(state, load, (loaded) => loaded !== null && setRecords(loaded), RELOAD_MS);
  return (
    <section class="site-calls" aria-labelledby="site-calls-title">
      <h2 id="site-calls-title">{t.title}</h2>
      {records === null || records.length === 0 ? (
        <p class="note" key="none">
          {records === null ? state.strings.loading : t.none}
        </p>
      ) : (
        <ol class="log" key="calls" reversed>
          {records.toReversed().map((record) => (
            <SaidOnce state={state} record={record} key={String(record.seq)} />
          ))}
        </ol>
      )}
    </section>
  );
}

function SaidOnce({ state, record }: { state: ConsoleState; record: OriginRecordDocument }) {
  const t = state.strings.siteCalls;
  return (
    <li>
      <LogTime state={state} at={record.at} />
      <p class="by">
        <b>{record.by === null ? t.response : t.key(record.by)}</b>
      </p>
      <div class="change">
        <b>{whatWasSaid(state, record)}</b>
      </div>
      <small class="seq">#{formatCount(record.seq)}</small>
    </li>
  );
}

function whatWasSaid({ strings, preferences }: ConsoleState, record: OriginRecordDocument): string {
  const t = strings.siteCalls;
  const refused = 'refused' in record ? record.refused : null;
  const withRefusal = (call: string) => (refused === null ? call : `${call} · ${t.refused}: ${t.refusals[refused]}`);
  switch (record.kind) {
    case 'stock': {
      const lots = record.lots.map((lot) => `${lot.name[preferences.language]} ${formatCount(lot.remaining)}`);
      return [t.left(formatCount(record.remaining)), ...lots].join(' · ');
    }
    case 'overload':
      return record.forMs === 0 ? t.takesVisitors : t.overload(record.forMs / 1_000);
    case 'complete':
      return withRefusal(t.complete(formatCount(record.position)));
    case 'readmit':
      return withRefusal(t.readmit(formatCount(record.position)));
    case 'revoke':
      return withRefusal(t.revoke(formatCount(record.position)));
  }
}
