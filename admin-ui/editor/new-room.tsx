// A form for a new room: the same fields as in its settings, sent together. Nothing in it is there by itself that could take visitors from
// a room that runs, the room begins closed, and before it is made the gateway says what it would take, and whether its site answers.

import { useState } from 'hono/jsx/dom';
import type { Outcome } from '../../worker/contract/api-client.ts';
import {
  hasConsequences,
  type RoomDetail,
  type RoomPreview,
  roomConfirmationOf,
} from '../../worker/contract/operator-api.ts';
import { policySchema } from '../../worker/contract/room-schema.ts';
import { type Policy, type Site, siteInput } from '../actions.ts';
import type { ConsoleState } from '../console-state.ts';
import { changeErrorText, fieldErrorTexts } from '../failures.ts';
import { ownZone } from '../number-format.ts';
import { ErrorSummary } from '../parts/error-summary.tsx';
import { HoldButton } from '../parts/hold-button.tsx';
import { Note } from '../parts/note.tsx';
import { hashOf } from '../routes.ts';
import { PolicyFields, ScheduleFields, SiteFields } from './fields.tsx';
import {
  type FieldErrors,
  type Form,
  idErrors,
  newScheduleForm,
  parsePolicy,
  parseSchedule,
  parseSite,
  policyForm,
  scheduleForm,
  siteForm,
} from './forms.ts';
import { FIELD_IDS, TextInput } from './inputs.tsx';

const DRAFT = 'new-room';

/** The defaults of `npm start`, which a small site can bear. */
const INITIAL_POLICY: Policy = {
  newUsersPerMinute: 60,
  totalActiveUsers: 200,
  sessionMinutes: 5,
  sessionRenewal: true,
  sessionTotalMinutes: 60,
  claimWindowMinutes: 5,
  queueingStatusCode: 200,
  stock: policySchema.shape.stock.parse({}),
  health: policySchema.shape.health.parse({}),
};

function initialForm(): Form {
  const site: Site = {
    title: { ko: '', en: '' },
    hosts: [],
    paths: [],
    exempt: [],
    origin: '',
    originHost: 'origin',
    originAliases: [],
    originTimeoutSeconds: 30,
    timeZone: ownZone(),
    outside: 'refuse',
    languages: ['ko', 'en'],
    expectedVisitors: null,
    corsOrigins: [],
    handOff: [],
  };
  return { id: '', ...siteForm(site), ...policyForm(INITIAL_POLICY), ...newScheduleForm() };
}

/** What the form is about beyond its fields. */
interface NewRoomDraft {
  form: Form;
  /** The room that it is a copy of; null: none. */
  copyOf: { id: string; hasTemplate: boolean } | null;
}

/** Opens the form with the settings of a room: all but its id, hosts, schedule and state. */
export function startCopy(state: ConsoleState, { id, site, policy, schedule, hasTemplate }: RoomDetail): void {
  const { beacon, deadlineSeconds, afterDeadline } = scheduleForm(schedule, site.timeZone);
  const form = {
    ...{ id: '', ...siteForm({ ...site, hosts: [] }), ...policyForm(policy), ...newScheduleForm() },
    ...{ beacon: beacon ?? '', deadlineSeconds: deadlineSeconds ?? '', afterDeadline: afterDeadline ?? '' },
    // Derived from the id: the copy's is its own.
    audience: site.audience === `urn:fairgate:origin:${id}` ? '' : (site.audience ?? ''),
  };
  state.setDraft(DRAFT, { form, copyOf: { id, hasTemplate } } satisfies NewRoomDraft);
  location.hash = hashOf({ screen: 'newRoom' });
}

export function NewRoom({ state }: { state: ConsoleState }) {
  const t = state.strings.editor;
  const draft = state.draft<NewRoomDraft>(DRAFT, { form: initialForm(), copyOf: null });
  // Public randomness is for who can rely on it: until the operator chooses, the test of the relays does.
  const isSuggested = draft.form['beacon'] === '';
  const { canReach } = state.relays;
  const suggested = canReach === null ? '' : canReach ? 'with' : 'without';
  const form = isSuggested ? { ...draft.form, beacon: suggested } : draft.form;
  const [wasSubmitted, setSubmitted] = useState(false);
  const [gatewayErrors, setGatewayErrors] = useState<FieldErrors>({});
  const [failure, setFailure] = useState('');
  const [isSending, setSending] = useState(false);
  /** What the gateway has found, and for which form. */
  const [checked, setChecked] = useState<{ form: string; preview: RoomPreview } | null>(null);
  const deniedReason = state.deniedReason('createRoom');
  const site = parseSite(form, state.strings);
  const policy = parsePolicy(form, state.strings);
  const isZoneValid = site.kind === 'value' || site.errors['timeZone'] === undefined;
  const timeZone = isZoneValid ? (form['timeZone'] ?? 'UTC') : 'UTC';
  const schedule = parseSchedule(form, timeZone, state.strings);
  const errors: FieldErrors = {
    ...idErrors(form['id'] ?? '', state.strings),
    ...(site.kind === 'errors' ? site.errors : {}),
    ...(policy.kind === 'errors' ? policy.errors : {}),
    ...(schedule.kind === 'errors' ? schedule.errors : {}),
  };
  const formText = JSON.stringify(form);
  const preview = checked?.form === formText ? checked.preview : null;

  const set = (name: string, value: string) => {
    const { [name]: _, ...others } = gatewayErrors;
    setGatewayErrors(others);
    setFailure('');
    state.setDraft(DRAFT, { ...draft, form: { ...draft.form, [name]: value } });
  };
  const fail = (outcome: Exclude<Outcome<never>, { kind: 'reply' }>) => {
    if (outcome.kind === 'problem') setGatewayErrors(fieldErrorTexts(outcome.problem, state.strings));
    setFailure(changeErrorText(outcome, state.strings));
  };
  const check = async () => {
    setSubmitted(true);
    const isValid = Object.keys(errors).length === 0;
    if (!isValid || site.kind !== 'value' || policy.kind !== 'value' || schedule.kind !== 'value') {
      setFailure(t.fix);
      return;
    }
    setFailure('');
    setSending(true);
    const body = { id: form['id'] ?? '', site: siteInput(site.value) };
    const outcome = await state.client.call('previewRoom', { body });
    setSending(false);
    if (outcome.kind !== 'reply') return fail(outcome);
    setChecked({ form: formText, preview: outcome.value });
    state.announce([...state.strings.consequences(outcome.value), t.siteAnswer(outcome.value.siteAnswer)].join(' '));
  };
  const create = async (confirmed: RoomPreview) => {
    if (site.kind !== 'value' || policy.kind !== 'value' || schedule.kind !== 'value') return;
    const id = form['id'] ?? '';
    const page = draft.copyOf?.hasTemplate ? { pageOf: draft.copyOf.id } : {};
    const settings = { site: siteInput(site.value), policy: policy.value, schedule: schedule.value };
    const confirm = roomConfirmationOf(confirmed);
    setSending(true);
    const outcome = await state.client.call('createRoom', {
      body: { id, ...settings, closed: true, ...page, confirm },
    });
    setSending(false);
    if (outcome.kind === 'reply') {
      state.setDraft(DRAFT, undefined);
      state.announce(t.created);
      location.hash = hashOf({ screen: 'room', room: id, tab: 'settings' });
      return;
    }
    // What it takes has changed since it was checked.
    const consequences = outcome.kind === 'problem' ? outcome.problem.consequences : undefined;
    if (consequences !== undefined) setChecked({ form: formText, preview: { ...confirmed, ...consequences } });
    fail(outcome);
  };

  const shownErrors = { ...(wasSubmitted ? errors : {}), ...gatewayErrors };
  const props = { state, form, errors: shownErrors, isReadOnly: deniedReason !== null, set };
  const submit = (event: Event) => {
    event.preventDefault();
    if (deniedReason === null && !isSending && preview === null) void check();
  };
  const discard = () => {
    state.setDraft(DRAFT, undefined);
    location.hash = hashOf({ screen: 'rooms' });
  };
  return (
    <div class="page editor">
      <div class="page-head">
        <h1>{draft.copyOf === null ? t.newTitle : t.copyTitle(draft.copyOf.id)}</h1>
      </div>
      <Note key="denied" text={deniedReason} />
      <p class="note" key="lead">
        {t.newLead}
      </p>
      <ErrorSummary
        key="failure"
        {...{ state, text: failure, errors: failure === '' ? {} : shownErrors, ids: FIELD_IDS }}
      />
      <form key="form" onSubmit={submit}>
        <section class="card section" aria-labelledby="site-title">
          <h2 id="site-title">{t.site}</h2>
          <div class="section-fields">
            <TextInput {...props} name="id" id="room-id" note={t.idNote} />
            <SiteFields {...props} />
          </div>
        </section>
        <section class="card section" aria-labelledby="schedule-title">
          <h2 id="schedule-title">{t.plan}</h2>
          <div class="section-fields">
            <ScheduleFields
              {...props}
              timeZone={timeZone}
              inForce={null}
              isDrawFixed={false}
              isSuggested={isSuggested}
            />
          </div>
        </section>
        <section class="card section" aria-labelledby="policy-title">
          <h2 id="policy-title">{t.policy}</h2>
          <div class="section-fields">
            <PolicyFields {...props} />
          </div>
        </section>
        {preview === null ? null : <Checked state={state} preview={preview} key="checked" />}
        <div class="buttons" key="buttons">
          {preview === null ? (
            <button
              type="submit"
              class="button primary"
              key="check"
              aria-disabled={deniedReason === null && !isSending ? 'false' : 'true'}
            >
              {isSending ? t.checkingRoom : t.checkRoom}
            </button>
          ) : hasConsequences(preview) ? (
            <HoldButton
              key="hold"
              {...{ state, label: t.create, noteId: 'new-room-checked', disabledReason: deniedReason }}
              note={state.strings.consequences(preview).join(' ')}
              onHeld={() => void create(preview)}
            />
          ) : (
            <button type="button" class="button primary" key="create" onClick={() => void create(preview)}>
              {t.create}
            </button>
          )}
          <button type="button" class="button quiet" key="cancel" onClick={discard}>
            {state.strings.cancel}
          </button>
        </div>
      </form>
    </div>
  );
}

/** What the gateway found before the room is made. */
function Checked({ state, preview }: { state: ConsoleState; preview: RoomPreview }) {
  const t = state.strings.editor;
  const { siteAnswer } = preview;
  const isWell = siteAnswer.kind === 'answered' && siteAnswer.status < 500;
  const sentences = state.strings.consequences(preview);
  return (
    <section class="card section checked" aria-labelledby="checked-title" id="new-room-checked">
      <h2 id="checked-title">{t.checkedTitle}</h2>
      <ul>
        <li class={isWell ? 'good' : 'bad'} key="site">
          {t.siteAnswer(siteAnswer)}
        </li>
        {sentences.length === 0 ? (
          <li class="good" key="nothing">
            {t.takesNothing}
          </li>
        ) : (
          sentences.map((sentence) => (
            <li class="bad" key={sentence}>
              {sentence}
            </li>
          ))
        )}
        <li key="closed">{t.beginsClosed}</li>
      </ul>
    </section>
  );
}
