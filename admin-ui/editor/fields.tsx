// The fields of a room's settings, for a room that exists and for a new one. Each choice is shown with what it gains and what
// it costs.

import type { Schedule } from '../actions.ts';
import { type Form, YES } from './forms.ts';
import { ChoiceInput, type FormProps, LinesInput, TextInput, TimeInput } from './inputs.tsx';

export function SiteFields(props: FormProps) {
  const t = props.state.strings.editor;
  return (
    <>
      <div class="pair" key="titles">
        <TextInput {...props} name="titleKo" lang="ko" />
        <TextInput {...props} name="titleEn" lang="en" />
      </div>
      <div class="pair" key="paths">
        <LinesInput {...props} name="hosts" note={t.hostsNote} />
        <LinesInput {...props} name="paths" note={t.pathsNote} />
      </div>
      <div class="pair" key="exempt">
        <LinesInput {...props} name="exempt" note={t.exemptNote} />
        <ChoiceInput
          {...props}
          name="outside"
          label={t.outside}
          options={(['refuse', 'pass'] as const).map((value) => ({ value, ...t.outsideChoices[value] }))}
        />
      </div>
      <div class="pair" key="origin">
        <TextInput {...props} name="origin" note={t.originNote} />
        <TextInput {...props} name="audience" label={t.audience} note={t.audienceNote} />
      </div>
      <div class="pair" key="origin-names">
        <TextInput {...props} name="originHost" note={t.originHostNote} suggestions={['origin', 'visitor']} />
        <LinesInput {...props} name="originAliases" note={t.originAliasesNote} />
      </div>
      <div class="pair" key="origin-time">
        <TextInput {...props} name="originTimeoutSeconds" note={t.originTimeoutNote} isNumber />
      </div>
      <div class="pair" key="zone">
        <TextInput {...props} name="timeZone" note={t.timeZoneNote} suggestions={timeZones()} />
        <TextInput {...props} name="expectedVisitors" note={t.expectedNote} isNumber />
      </div>
      <LinesInput {...props} key="cors" name="corsOrigins" note={t.corsNote} />
      <ChoiceInput
        {...props}
        key="languages"
        name="languages"
        label={t.languages}
        note={t.languagesNote}
        options={Object.entries(t.languageOrders).map(([value, label]) => ({ value, label }))}
      />
    </>
  );
}

export function PolicyFields(props: FormProps) {
  const t = props.state.strings.editor;
  return (
    <>
      <div class="pair" key="limits">
        <TextInput {...props} name="newUsersPerMinute" id="policy-rate" note={t.rateNote} isNumber />
        <TextInput {...props} name="totalActiveUsers" id="policy-places" note={t.placesNote} isNumber />
      </div>
      <div class="triple" key="times">
        <TextInput {...props} name="sessionMinutes" label={t.session} note={t.sessionNote} isNumber />
        <TextInput {...props} name="sessionTotalMinutes" label={t.total} note={t.totalNote} isNumber />
        <TextInput {...props} name="claimWindowMinutes" label={t.claim} note={t.claimNote} isNumber />
      </div>
      <RenewalInput {...props} key="renewal" />
      <ChoiceInput
        {...props}
        key="status"
        name="queueingStatusCode"
        label={t.status}
        options={([200, 202, 429, 503] as const).map((code) => ({
          value: String(code),
          label: String(code),
          note: t.statuses[code],
        }))}
      />
    </>
  );
}

function RenewalInput({ state, form, isReadOnly, set }: FormProps) {
  const t = state.strings.editor;
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={form['sessionRenewal'] === YES}
        disabled={isReadOnly}
        aria-describedby="renewal-note"
        onInput={({ currentTarget }: Event) =>
          set('sessionRenewal', (currentTarget as HTMLInputElement).checked ? YES : '')
        }
      />
      <span>
        <b>{t.renewal}</b>
        <small id="renewal-note">{t.renewalNote}</small>
      </span>
    </label>
  );
}

export function ScheduleFields(props: FormProps & { timeZone: string; inForce: Schedule | null }) {
  const t = props.state.strings.editor;
  return (
    <>
      <p class="note" key="zone">
        {t.inZone(props.timeZone)}
      </p>
      <div class="triple" key="times">
        <TimeInput {...props} name="prequeueAt" note={t.prequeueNote} inForce={props.inForce?.prequeueAt ?? null} />
        <TimeInput {...props} name="opensAt" inForce={props.inForce?.opensAt ?? null} />
        <TimeInput {...props} name="closesAt" note={t.closesNote} inForce={props.inForce?.closesAt ?? null} />
      </div>
    </>
  );
}

/** A value of a form as the screen shows it elsewhere. */
export function formValueText({ strings: t }: FormProps['state'], form: Form, name: string): string {
  const value = form[name] ?? '';
  switch (name) {
    case 'outside':
      return value === 'refuse' || value === 'pass' ? t.editor.outsideChoices[value].label : value;
    case 'languages':
      return Object.entries(t.editor.languageOrders).find(([order]) => order === value)?.[1] ?? value;
    case 'sessionRenewal':
      return value === YES ? t.yes : t.no;
    default:
      return value === '' ? t.none : value.replaceAll('\n', ', ').replace('T', ' ');
  }
}

function timeZones(): readonly string[] {
  // Browsers from before 2022 cannot list their zones; the field takes any text.
  return typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
}
