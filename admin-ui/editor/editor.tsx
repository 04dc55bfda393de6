// A room's settings: what it protects, how its line moves, when it opens, its own page, and taking it out of service.

import { useState } from 'hono/jsx/dom';
import { type RoomDetail, TEMPLATE_BYTES_MAX } from '../../worker/contract/operator-api.ts';
import { beginsAnew, isBeforeOpening, type Policy, type Schedule, type Site } from '../actions.ts';
import type { Desk } from '../console-state.ts';
import { Deeds } from '../dashboard/action-list.tsx';
import { faultSaid } from '../failures.ts';
import { HoldButton } from '../parts/hold-button.tsx';
import { PolicyFields, ScheduleFields, SiteFields } from './fields.tsx';
import { policyForm, readPolicy, readSchedule, readSite, scheduleForm, siteForm } from './forms.ts';
import { Section, type Stakes } from './section.tsx';

export function Editor({ desk, detail }: { desk: Desk; detail: RoomDetail }) {
  const w = desk.words.editor;
  const zone = detail.site.timeZone;
  const { state, schedule } = detail;
  const ofSchedule = (to: Schedule): Stakes => {
    if (beginsAnew(state, schedule, to)) return { note: w.anewNote, isFinal: true };
    return { note: isBeforeOpening(state) ? w.opensNote : w.openedNote, isFinal: false };
  };
  return (
    <div class="page editor">
      <div class="page-head">
        <h1>{w.title}</h1>
      </div>
      {detail.archivedAt === null ? null : (
        <p class="notice" key="archived">
          {w.archivedNote}
        </p>
      )}
      <Section<Schedule>
        key="schedule"
        {...{ desk, detail, name: 'schedule', title: w.schedule, operation: 'setSchedule', inForce: schedule }}
        toForm={(schedule) => scheduleForm(schedule, zone)}
        read={(form) => readSchedule(form, zone, desk.words)}
        deed={(from, to) => ({ kind: 'schedule', from, to, beginsAnew: beginsAnew(state, from, to) })}
        fields={(props) => <ScheduleFields {...props} timeZone={zone} />}
        stakes={ofSchedule}
      />
      <Section<Policy>
        key="policy"
        {...{ desk, detail, name: 'policy', title: w.policy, operation: 'setPolicy', inForce: detail.policy }}
        toForm={policyForm}
        read={(form) => readPolicy(form, desk.words)}
        deed={(from, to) => ({ kind: 'policy', from, to })}
        fields={(props) => <PolicyFields {...props} />}
        stakes={nothingAtStake}
      />
      <Section<Site>
        key="site"
        {...{ desk, detail, name: 'site', title: w.site, operation: 'setSite', inForce: detail.site }}
        toForm={siteForm}
        read={(form) => readSite(form, desk.words)}
        deed={(from, to) => ({ kind: 'site', from, to })}
        fields={(props) => <SiteFields {...props} />}
        stakes={nothingAtStake}
      />
      <Template desk={desk} detail={detail} key="template" />
      <Archive desk={desk} detail={detail} key="archive" />
      {desk.seen === null ? null : <Deeds desk={desk} seen={desk.seen} key="deeds" />}
    </div>
  );
}

const nothingAtStake = (): Stakes => ({ note: '', isFinal: false });

interface Chosen {
  name: string;
  html: string;
}

function Template({ desk, detail }: { desk: Desk; detail: RoomDetail }) {
  const w = desk.words.editor;
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const whyNot = desk.whyNot('setTemplate');
  const choose = async (event: Event) => {
    const file = (event.currentTarget as HTMLInputElement).files?.[0];
    if (file === undefined) return;
    const isTooLarge = file.size > TEMPLATE_BYTES_MAX;
    setFault(isTooLarge ? w.templateNote : null);
    setChosen(isTooLarge ? null : { name: file.name, html: await file.text() });
  };
  const put = async () => {
    if (chosen === null || whyNot !== null) return;
    const phase = await desk.do({ kind: 'setTemplate', ...chosen }, { etag: detail.etag, isQuiet: true });
    if (phase.kind === 'done' || phase.kind === 'unchanged') {
      setChosen(null);
      setFault(null);
    } else if (phase.kind === 'refused') {
      const [error] = phase.problem.errors ?? [];
      setFault(error ? faultSaid(error, desk.words, chosen.html) : desk.words.problem(phase.problem));
    } else setFault(phase.kind === 'conflict' ? desk.words.deeds.conflict : desk.words.unanswered);
  };
  return (
    <section class="card section" aria-labelledby="template-title">
      <h2 id="template-title">{w.template}</h2>
      <p>{detail.hasTemplate ? w.templateHas : w.templateNone}</p>
      <p class="note" id="template-note">
        {whyNot ?? w.templateNote}
      </p>
      {fault === null ? null : (
        <p class="fault" key="fault" role="status">
          {fault}
        </p>
      )}
      <div class="ways" key="ways">
        <label class="button file">
          <input
            type="file"
            accept="text/html,.html"
            aria-describedby="template-note"
            disabled={whyNot !== null}
            onChange={choose}
          />
          {chosen?.name ?? w.templateChoose}
        </label>
        {chosen === null ? null : (
          <button type="button" class="button primary" key="put" onClick={() => void put()}>
            {w.templatePut}
          </button>
        )}
        {detail.hasTemplate ? (
          <HoldButton
            key="remove"
            desk={desk}
            label={w.templateRemove}
            note={w.templateNote}
            noteId="template-note"
            whyNot={whyNot}
            onHeld={() => void desk.do({ kind: 'removeTemplate' }, { etag: detail.etag })}
          />
        ) : null}
      </div>
    </section>
  );
}

function Archive({ desk, detail }: { desk: Desk; detail: RoomDetail }) {
  const w = desk.words.editor;
  const whyNot = desk.whyNot('archiveRoom') ?? (detail.state === 'closed' ? null : w.archiveFirst);
  if (detail.archivedAt !== null) return null;
  return (
    <section class="card section" aria-labelledby="archive-title">
      <h2 id="archive-title">{w.archive}</h2>
      <p id="archive-note">
        {w.archiveNote} {whyNot ?? ''}
      </p>
      <div class="ways">
        <HoldButton
          desk={desk}
          label={w.archiveDo}
          note={w.archiveNote}
          noteId="archive-note"
          whyNot={whyNot}
          onHeld={() => void desk.do({ kind: 'archive' }, { etag: detail.etag })}
        />
      </div>
    </section>
  );
}
