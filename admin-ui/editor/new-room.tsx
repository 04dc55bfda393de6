// A room that does not exist yet: the same fields as later, sent together.

import { useState } from 'hono/jsx/dom';
import { inputOf, type Policy, type Site } from '../actions.ts';
import type { Desk } from '../console-state.ts';
import { failureSaid, faultsTold } from '../failures.ts';
import { ownZone } from '../number-format.ts';
import { hashOf } from '../routes.ts';
import { PolicyFields, ScheduleFields, SiteFields, Text } from './fields.tsx';
import { type Faults, type Form, policyForm, readId, readPolicy, readSchedule, readSite, siteForm } from './forms.ts';

const DRAFT = 'new-room';

/** As `npm start` begins: enough for a small site, and nothing a site cannot bear. */
const POLICY_AT_FIRST: Policy = {
  newUsersPerMinute: 60,
  totalActiveUsers: 200,
  sessionMinutes: 5,
  sessionRenewal: true,
  claimWindowMinutes: 5,
  queueingStatusCode: 200,
};

function formAtFirst(): Form {
  const site: Site = {
    title: { ko: '', en: '' },
    hosts: [location.hostname],
    paths: ['/'],
    exempt: [],
    origin: '',
    timeZone: ownZone(),
    outside: 'refuse',
    languages: ['ko', 'en'],
    expectedVisitors: null,
  };
  return { id: '', ...siteForm(site), ...policyForm(POLICY_AT_FIRST), prequeueAt: '', opensAt: '', closesAt: '' };
}

export function NewRoom({ desk }: { desk: Desk }) {
  const w = desk.words.editor;
  const form = desk.draft<Form>(DRAFT, formAtFirst());
  const [isTried, setTried] = useState(false);
  const [refused, setRefused] = useState<Faults>({});
  const [said, setSaid] = useState('');
  const whyNot = desk.whyNot('createRoom');
  const zone = form['timeZone'] ?? 'UTC';
  const site = readSite(form, desk.words);
  const policy = readPolicy(form, desk.words);
  const isZoneKnown = site.kind === 'value' || site.faults['timeZone'] === undefined;
  const schedule = readSchedule(form, isZoneKnown ? zone : 'UTC', desk.words);
  const faults: Faults = {
    ...readId(form['id'] ?? '', desk.words),
    ...(site.kind === 'faults' ? site.faults : {}),
    ...(policy.kind === 'faults' ? policy.faults : {}),
    ...(schedule.kind === 'faults' ? schedule.faults : {}),
  };

  const set = (name: string, value: string) => {
    const { [name]: _, ...others } = refused;
    setRefused(others);
    desk.type(DRAFT, { ...form, [name]: value });
  };
  const create = async (event: Event) => {
    event.preventDefault();
    if (whyNot !== null) return;
    setTried(true);
    const id = form['id'] ?? '';
    if (
      Object.keys(faults).length > 0 ||
      site.kind !== 'value' ||
      policy.kind !== 'value' ||
      schedule.kind !== 'value'
    ) {
      setSaid(w.fix);
      return;
    }
    const body = { id, site: inputOf(site.value), policy: policy.value, schedule: schedule.value };
    const outcome = await desk.client.call('createRoom', { body });
    if (outcome.kind === 'answer') {
      desk.type(DRAFT, undefined);
      desk.say(w.createdLead);
      location.hash = hashOf({ screen: 'room', room: id, tab: 'now' });
      return;
    }
    if (outcome.kind === 'problem') setRefused(faultsTold(outcome.problem, desk.words));
    setSaid(failureSaid(outcome, desk.words));
  };

  const props = { desk, form, faults: { ...(isTried ? faults : {}), ...refused }, isReadOnly: whyNot !== null, set };
  return (
    <div class="page editor">
      <div class="page-head">
        <h1>{w.newTitle}</h1>
      </div>
      {whyNot === null ? null : (
        <p class="note" key="why">
          {whyNot}
        </p>
      )}
      <form key="form" onSubmit={create}>
        <section class="card section" aria-labelledby="site-title">
          <h2 id="site-title">{w.site}</h2>
          <div class="section-fields">
            <Text {...props} name="id" id="room-id" label={w.id} note={w.idNote} />
            <SiteFields {...props} />
          </div>
        </section>
        <section class="card section" aria-labelledby="schedule-title">
          <h2 id="schedule-title">{w.schedule}</h2>
          <div class="section-fields">
            <ScheduleFields {...props} timeZone={isZoneKnown ? zone : 'UTC'} />
          </div>
        </section>
        <section class="card section" aria-labelledby="policy-title">
          <h2 id="policy-title">{w.policy}</h2>
          <div class="section-fields">
            <PolicyFields {...props} />
          </div>
        </section>
        {said === '' ? null : (
          <p class="fault" key="said" role="alert">
            {said}
          </p>
        )}
        <div class="ways" key="ways">
          <button type="submit" class="button primary" aria-disabled={whyNot === null ? 'false' : 'true'}>
            {w.create}
          </button>
          <a class="button quiet" href="#/rooms">
            {desk.words.cancel}
          </a>
        </div>
      </form>
    </div>
  );
}
