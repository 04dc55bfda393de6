// The event report of a room, to hand to a superior: the last opening or a range of time, in the operator's language or the other, as a page
// and as files for spreadsheets.

import { addressOf } from '../worker/contract/api-client.ts';
import type { OperationName } from '../worker/contract/operator-api.ts';
import type { ConsoleState } from './console-state.ts';
import type { Language } from './number-format.ts';
import { Field, inputValue } from './parts/field.tsx';
import { momentOf } from './zoned-time.ts';

interface Draft {
  about: 'opening' | 'range';
  /** Wall-clock times in the room's zone. */
  from: string;
  to: string;
  language: Language;
}

interface DownloadProps {
  state: ConsoleState;
  room: string;
  /** null: not known yet, so no range can be given. */
  timeZone: string | null;
}

export function ReportDownload({ state, room, timeZone }: DownloadProps) {
  const t = state.strings.report;
  const name = `${room}/report`;
  const draft = state.draft<Draft>(name, { about: 'opening', from: '', to: '', language: state.preferences.language });
  const set = (changed: Partial<Draft>) => state.setDraft(name, { ...draft, ...changed });
  const isRange = draft.about === 'range' && timeZone !== null;
  const range = isRange ? rangeOf(draft, timeZone) : {};
  const query = { language: draft.language, ...range };
  const link = (operation: OperationName, text: string) =>
    range === null ? null : (
      <a class="button" href={addressOf(operation, { params: { room }, query })} download key={operation}>
        {text}
      </a>
    );
  return (
    <section class="evidence event-report" aria-labelledby="report-title">
      <h2 id="report-title">{t.title}</h2>
      <p>{t.about}</p>
      <div class="filters">
        <Field id="report-about" label={t.period}>
          {(attributes) => (
            <select
              {...attributes}
              value={draft.about}
              onInput={(event: Event) => set({ about: inputValue(event) as Draft['about'] })}
            >
              <option value="opening">{t.lastOpening}</option>
              <option value="range">{t.range}</option>
            </select>
          )}
        </Field>
        <Field id="report-language" label={t.language}>
          {(attributes) => (
            <select
              {...attributes}
              value={draft.language}
              onInput={(event: Event) => set({ language: inputValue(event) as Language })}
            >
              <option value="ko">{state.strings.editor.languageNames.ko}</option>
              <option value="en">{state.strings.editor.languageNames.en}</option>
            </select>
          )}
        </Field>
        {isRange ? (
          <Moment id="report-from" label={t.from} value={draft.from} set={(from) => set({ from })} key="from" />
        ) : null}
        {isRange ? <Moment id="report-to" label={t.to} value={draft.to} set={(to) => set({ to })} key="to" /> : null}
      </div>
      {range === null ? (
        <p class="note" key="incomplete" role="status">
          {t.incomplete(timeZone ?? '')}
        </p>
      ) : null}
      <div class="buttons">
        {link('report', t.download)}
        {link('reportMinutes', t.minutes)}
        {link('reportActs', t.acts)}
      </div>
    </section>
  );
}

interface MomentProps {
  id: string;
  label: string;
  value: string;
  set(value: string): void;
}

function Moment({ id, label, value, set }: MomentProps) {
  return (
    <Field id={id} label={label}>
      {(attributes) => (
        <input {...attributes} type="datetime-local" value={value} onInput={(event: Event) => set(inputValue(event))} />
      )}
    </Field>
  );
}

/** null: the two times are no range. */
function rangeOf({ from, to }: Draft, timeZone: string): { from: string; to: string } | null {
  const [begin, end] = [momentOf(from, timeZone), momentOf(to, timeZone)];
  if (!('ms' in begin) || !('ms' in end) || begin.ms >= end.ms) return null;
  return { from: begin.text, to: end.text };
}
