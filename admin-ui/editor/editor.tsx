// A room's settings: schedule, policy, site, a custom waiting page, and archiving.

import { useState } from 'hono/jsx/dom';
import { isSameSecond, type RoomDetail, TEMPLATE_BYTES_MAX } from '../../worker/contract/operator-api.ts';
import { HARMLESS, openingOf, type Policy, type Schedule, type Site, scheduleConsequences } from '../actions.ts';
import type { ConsoleState } from '../console-state.ts';
import { ActionList } from '../dashboard/action-list.tsx';
import { fieldErrorText, phaseText } from '../failures.ts';
import { HoldButton } from '../parts/hold-button.tsx';
import { Note } from '../parts/note.tsx';
import { PolicyFields, ScheduleFields, SiteFields } from './fields.tsx';
import {
  type Form,
  openingMs,
  type Parsed,
  parsePolicy,
  parseSchedule,
  parseSite,
  policyForm,
  scheduleForm,
  siteForm,
} from './forms.ts';
import { startCopy } from './new-room.tsx';
import { Section } from './section.tsx';

export function Editor({ state, detail }: { state: ConsoleState; detail: RoomDetail }) {
  const t = state.strings.editor;
  const zone = detail.site.timeZone;
  const live = state.snapshot?.live ?? null;
  const isPlan = detail.state === 'closed' && !detail.hasOpened && detail.archivedAt === null;
  const scheduleNote = isPlan ? t.planNote : detail.hasOpened ? t.openedNote : t.opensNote;
  const consequences = (to: Schedule) =>
    live === null ? HARMLESS : scheduleConsequences(openingOf(live), to, state.now);
  const isDrawFixed = (to: Schedule) =>
    detail.hasOpened &&
    detail.state !== 'closed' &&
    isSameSecond(Date.parse(detail.schedule.opensAt), Date.parse(to.opensAt));
  const parse = (form: Form, inForce: Schedule): Parsed<Schedule> => {
    const parsed = parseSchedule(form, zone, state.strings, inForce);
    if (parsed.kind === 'errors' || !isDrawFixed(parsed.value)) return parsed;
    const { beacon: _, ...times } = parsed.value;
    return { kind: 'value', value: { ...times, ...(inForce.beacon === undefined ? {} : { beacon: inForce.beacon }) } };
  };
  const isFixed = (form: Form) => {
    const opening = openingMs(form, zone, detail.schedule);
    const to = opening === null ? detail.schedule : { ...detail.schedule, opensAt: new Date(opening).toISOString() };
    return isDrawFixed(to);
  };
  return (
    <div class="page editor">
      <div class="page-head">
        <h1>{state.strings.menu.settings}</h1>
        {state.may('createRoom') ? (
          <button type="button" class="button" key="copy" onClick={() => startCopy(state, detail)}>
            {t.duplicate}
          </button>
        ) : null}
      </div>
      {detail.archivedAt === null ? null : (
        <p class="notice" key="archived">
          {t.archived}
        </p>
      )}
      <Section<Schedule>
        key="schedule"
        {...{ state, detail, consequences }}
        note={scheduleNote}
        planLabel={isPlan ? t.announcePlan : null}
        {...{ name: 'schedule', title: t.schedule, operation: 'setSchedule', inForce: detail.schedule }}
        toForm={(schedule) => scheduleForm(schedule, zone)}
        parse={parse}
        action={(from, to, confirmed) => ({ kind: 'schedule', from, to, confirmed })}
        fields={(props) => (
          <ScheduleFields {...props} timeZone={zone} inForce={detail.schedule} isDrawFixed={isFixed(props.form)} />
        )}
      />
      <Section<Policy>
        key="policy"
        {...{ state, detail, name: 'policy', title: t.policy, operation: 'setPolicy', inForce: detail.policy }}
        toForm={policyForm}
        parse={(form, inForce) => parsePolicy(form, state.strings, inForce)}
        action={(from, to) => ({ kind: 'policy', from, to })}
        fields={(props) => <PolicyFields {...props} />}
      />
      <Section<Site>
        key="site"
        {...{ state, detail, name: 'site', title: t.site, operation: 'setSite', inForce: detail.site }}
        toForm={siteForm}
        parse={(form, inForce) => parseSite(form, state.strings, inForce)}
        action={(from, to, confirmed) => ({ kind: 'site', from, to, confirmed })}
        fields={(props) => <SiteFields {...props} />}
      />
      <Template state={state} detail={detail} key="template" />
      <Archive state={state} detail={detail} key="archive" />
      {state.snapshot === null ? null : <ActionList state={state} snapshot={state.snapshot} key="actions" />}
    </div>
  );
}

interface TemplateFile {
  name: string;
  html: string;
}

function Template({ state, detail }: { state: ConsoleState; detail: RoomDetail }) {
  const t = state.strings.editor;
  const [file, setFile] = useState<TemplateFile | null>(null);
  const [error, setError] = useState<string | null>(null);
  const deniedReason = state.deniedReason('setTemplate');
  const choose = async (event: Event) => {
    const chosen = (event.currentTarget as HTMLInputElement).files?.[0];
    if (chosen === undefined) return;
    const isTooLarge = chosen.size > TEMPLATE_BYTES_MAX;
    setError(isTooLarge ? t.templateNote : null);
    setFile(isTooLarge ? null : { name: chosen.name, html: await chosen.text() });
  };
  const upload = async () => {
    if (file === null || deniedReason !== null) return;
    const phase = await state.actions.run({ kind: 'setTemplate', ...file }, { etag: detail.etag, isQuiet: true });
    if (phase.kind === 'done' || phase.kind === 'unchanged') {
      setFile(null);
      setError(null);
      return;
    }
    const [first] = (phase.kind === 'refused' && phase.problem.errors) || [];
    setError(first ? fieldErrorText(first, state.strings, file.html) : phaseText(phase, state.strings));
  };
  return (
    <section class="card section" aria-labelledby="template-title">
      <h2 id="template-title">{t.template}</h2>
      <p>{detail.hasTemplate ? t.templateCustom : t.templateDefault}</p>
      <p class="note" id="template-note">
        {deniedReason ?? t.templateNote}
      </p>
      <Note key="remove-note" text={detail.hasTemplate ? t.templateRemoveNote : null} id="template-remove-note" />
      <Note key="error" text={error} kind="error" role="status" />
      <div class="buttons" key="buttons">
        <label class="button file">
          <input
            type="file"
            accept="text/html,.html"
            aria-describedby="template-note"
            disabled={deniedReason !== null}
            onChange={choose}
          />
          {file?.name ?? t.templateChoose}
        </label>
        {file === null ? null : (
          <button type="button" class="button primary" key="upload" onClick={() => void upload()}>
            {t.templateUpload}
          </button>
        )}
        {detail.hasTemplate ? (
          <HoldButton
            key="remove"
            {...{ state, disabledReason: deniedReason }}
            label={t.templateRemove}
            note={t.templateRemoveNote}
            noteId="template-remove-note"
            onHeld={() => void state.actions.run({ kind: 'removeTemplate' }, { etag: detail.etag })}
          />
        ) : null}
      </div>
    </section>
  );
}

function Archive({ state, detail }: { state: ConsoleState; detail: RoomDetail }) {
  const t = state.strings.editor;
  if (detail.archivedAt !== null) return null;
  const disabledReason = state.deniedReason('archiveRoom') ?? (detail.state === 'closed' ? null : t.archiveFirst);
  return (
    <section class="card section" aria-labelledby="archive-title">
      <h2 id="archive-title">{t.archive}</h2>
      <p id="archive-note">
        {t.archiveNote} {disabledReason ?? ''}
      </p>
      <div class="buttons">
        <HoldButton
          {...{ state, disabledReason }}
          label={t.archiveSubmit}
          note={t.archiveNote}
          noteId="archive-note"
          onHeld={() => void state.actions.run({ kind: 'archive' }, { etag: detail.etag })}
        />
      </div>
    </section>
  );
}
