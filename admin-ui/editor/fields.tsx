// The fields of a room's settings, for a room that exists and for a new one. Each choice is shown with what it gains and what
// it costs.

import { HEALTH_MODES } from '../../worker/contract/room-schema.ts';
import type { Schedule } from '../actions.ts';
import { BeaconFields } from './beacon-fields.tsx';
import { BEACON_CHOICES, type Form, isSameForm, openingMs, scheduleForm, YES } from './forms.ts';
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
      <div class="pair" key="other-origins">
        <LinesInput {...props} name="corsOrigins" note={t.corsNote} />
        <LinesInput {...props} name="handOff" note={t.handOffNote} />
      </div>
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
      <div class="triple" key="stock">
        <TextInput {...props} name="stock.peoplePercent" note={t.stockPeopleNote} isNumber />
        <TextInput {...props} name="stock.freshSeconds" note={t.stockFreshNote} isNumber />
      </div>
      <HealthFields {...props} key="health" />
    </>
  );
}

/** How far the limits follow the site's health. */
function HealthFields(props: FormProps) {
  const t = props.state.strings.editor;
  const mode = props.form['health.mode'];
  return (
    <>
      <ChoiceInput
        {...props}
        key="mode"
        name="health.mode"
        label={t.health}
        options={HEALTH_MODES.map((value) => ({ value, ...t.healthModes[value] }))}
      />
      {mode === 'off' ? null : (
        <>
          <div class="triple" key="thresholds">
            <TextInput {...props} name="health.errorPercentMax" note={t.errorPercentNote} isNumber />
            <TextInput {...props} name="health.slowFactor" note={t.slowFactorNote} isNumber />
            <TextInput {...props} name="health.slowMs" note={t.slowMsNote} isNumber />
          </div>
          <div class="triple" key="floors">
            <TextInput {...props} name="health.rateFloor" note={t.rateFloorNote} isNumber />
            {mode === 'find' ? (
              <TextInput {...props} name="health.peopleFloor" note={t.peopleFloorNote} isNumber />
            ) : null}
            <TextInput {...props} name="health.probePath" note={t.probePathNote} />
          </div>
        </>
      )}
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

interface ScheduleProps extends FormProps {
  timeZone: string;
  /** null: a new room. */
  inForce: Schedule | null;
  /** The draw of the opening in the form is made or under way. */
  isDrawFixed: boolean;
  /** The choice in the form is what the test of the relays suggests. */
  isSuggested?: boolean;
}

export function ScheduleFields(props: ScheduleProps) {
  const { state, form, timeZone, inForce, isDrawFixed, isSuggested = false } = props;
  const t = state.strings.editor;
  const opening = openingMs(form, timeZone, inForce);
  const isEdited = inForce === null || !isSameForm(form, scheduleForm(inForce, timeZone));
  const isPlanned = isEdited && (opening === null ? inForce === null : opening > state.now);
  return (
    <>
      <p class="note" key="zone">
        {t.inZone(timeZone)}
      </p>
      <div class="triple" key="times">
        <TimeInput {...props} name="prequeueAt" note={t.prequeueNote} inForce={inForce?.prequeueAt ?? null} />
        <TimeInput {...props} name="opensAt" inForce={inForce?.opensAt ?? null} />
        <TimeInput {...props} name="closesAt" note={t.closesNote} inForce={inForce?.closesAt ?? null} />
      </div>
      <BeaconFields {...props} key="beacon" openingMs={opening} isFixed={isDrawFixed} {...{ isPlanned, isSuggested }} />
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
    case 'beacon': {
      const choice = BEACON_CHOICES.find((one) => one === value);
      return choice === undefined ? t.none : t.editor.beaconChoices[choice].label;
    }
    case 'afterDeadline':
      return value === 'wait' || value === 'withoutBeacon' ? t.editor.afterDeadlineChoices[value].label : value;
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
