// A form for a new room: the same fields as in its settings, sent together.

import { useState } from 'hono/jsx/dom';
import { policySchema } from '../../worker/contract/room-schema.ts';
import { type Policy, type Site, siteInput } from '../actions.ts';
import type { ConsoleState } from '../console-state.ts';
import { changeErrorText, fieldErrorTexts } from '../failures.ts';
import { ownZone } from '../number-format.ts';
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
  siteForm,
} from './forms.ts';
import { TextInput } from './inputs.tsx';

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
    hosts: [location.hostname],
    paths: ['/'],
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

export function NewRoom({ state }: { state: ConsoleState }) {
  const t = state.strings.editor;
  const draft = state.draft<Form>(DRAFT, initialForm());
  // Public randomness is for who can rely on it: until the operator chooses, the test of the relays does.
  const isSuggested = draft['beacon'] === '';
  const { canReach } = state.relays;
  const suggested = canReach === null ? '' : canReach ? 'with' : 'without';
  const form = isSuggested ? { ...draft, beacon: suggested } : draft;
  const [wasSubmitted, setSubmitted] = useState(false);
  const [gatewayErrors, setGatewayErrors] = useState<FieldErrors>({});
  const [failure, setFailure] = useState('');
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

  const set = (name: string, value: string) => {
    const { [name]: _, ...others } = gatewayErrors;
    setGatewayErrors(others);
    state.setDraft(DRAFT, { ...draft, [name]: value });
  };
  const create = async (event: Event) => {
    event.preventDefault();
    if (deniedReason !== null) return;
    setSubmitted(true);
    const id = form['id'] ?? '';
    const isValid = Object.keys(errors).length === 0;
    if (!isValid || site.kind !== 'value' || policy.kind !== 'value' || schedule.kind !== 'value') {
      setFailure(t.fix);
      return;
    }
    const body = { id, site: siteInput(site.value), policy: policy.value, schedule: schedule.value };
    const outcome = await state.client.call('createRoom', { body });
    if (outcome.kind === 'reply') {
      state.setDraft(DRAFT, undefined);
      state.announce(t.created);
      location.hash = hashOf({ screen: 'room', room: id, tab: 'now' });
      return;
    }
    if (outcome.kind === 'problem') setGatewayErrors(fieldErrorTexts(outcome.problem, state.strings));
    setFailure(changeErrorText(outcome, state.strings));
  };

  const shownErrors = { ...(wasSubmitted ? errors : {}), ...gatewayErrors };
  const props = { state, form, errors: shownErrors, isReadOnly: deniedReason !== null, set };
  return (
    <div class="page editor">
      <div class="page-head">
        <h1>{t.newTitle}</h1>
      </div>
      <Note key="denied" text={deniedReason} />
      <form key="form" onSubmit={create}>
        <section class="card section" aria-labelledby="site-title">
          <h2 id="site-title">{t.site}</h2>
          <div class="section-fields">
            <TextInput {...props} name="id" id="room-id" note={t.idNote} />
            <SiteFields {...props} />
          </div>
        </section>
        <section class="card section" aria-labelledby="schedule-title">
          <h2 id="schedule-title">{t.schedule}</h2>
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
        <Note key="failure" text={failure} kind="error" role="alert" />
        <div class="buttons" key="buttons">
          <button type="submit" class="button primary" aria-disabled={deniedReason === null ? 'false' : 'true'}>
            {t.create}
          </button>
          <a class="button quiet" href="#/rooms">
            {state.strings.cancel}
          </a>
        </div>
      </form>
    </div>
  );
}
