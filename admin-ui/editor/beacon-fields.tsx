// How an opening is drawn: with public randomness or without, until when the draw waits for it and what happens then, whether
// the relays answer now, and what visitors will see second by second.

import { roundAfter, roundTime } from '../../worker/contract/operator-api.ts';
import type { ConsoleState } from '../console-state.ts';
import { formatCount, numberFormat } from '../number-format.ts';
import { useEffect } from '../parts/effect.ts';
import { Note } from '../parts/note.tsx';
import { BEACON_CHOICES, type Form } from './forms.ts';
import { ChoiceInput, type FormProps, TextInput } from './inputs.tsx';

/** From the round to the order: relays have it, a gateway asks one of them, and views of the room are read again. */
const AFTER_ROUND_MS = 1_000;

interface BeaconFieldsProps extends FormProps {
  timeZone: string;
  /** The opening in the form; null: none yet. */
  openingMs: number | null;
  /** The draw of this opening was made, or is being made, with what was chosen before it. */
  isFixed: boolean;
  /** An opening is being planned, so whether relays answer matters now. */
  isPlanned: boolean;
  /** Nobody has chosen yet: what the test of the relays suggests is shown. */
  isSuggested: boolean;
}

export function BeaconFields(props: BeaconFieldsProps) {
  const { state, form, isFixed, isPlanned } = props;
  const t = state.strings.editor;
  const shouldTest = isPlanned && !isFixed && state.may('testBeacon');
  useEffect(() => {
    if (shouldTest) void state.relays.run();
  }, [shouldTest]);
  const inputs = { ...props, isReadOnly: props.isReadOnly || isFixed };
  const isWith = form['beacon'] === 'with';
  return (
    <div class="beacon">
      <ChoiceInput
        {...inputs}
        key="beacon"
        name="beacon"
        label={t.beacon}
        options={BEACON_CHOICES.map((value) => ({ value, ...t.beaconChoices[value] }))}
      />
      <Note key="fixed" text={isFixed ? t.beaconFixed : null} />
      {isWith ? (
        <div class="pair" key="deadline">
          <TextInput {...inputs} name="deadlineSeconds" note={t.deadlineNote} isNumber />
          <ChoiceInput
            {...inputs}
            name="afterDeadline"
            label={t.afterDeadline}
            options={(['wait', 'withoutBeacon'] as const).map((value) => ({ value, ...t.afterDeadlineChoices[value] }))}
          />
        </div>
      ) : null}
      {isFixed ? null : <Relays {...props} isWith={isWith} key="relays" />}
      {isFixed ? null : <Steps {...props} isWith={isWith} key="steps" />}
    </div>
  );
}

function Relays({ state, isSuggested, isWith }: BeaconFieldsProps & { isWith: boolean }) {
  const t = state.strings.editor.relays;
  const { status, canReach } = state.relays;
  const deniedReason = state.deniedReason('testBeacon');
  const isRunning = status.kind === 'running';
  const advice =
    canReach !== false ? null : isSuggested ? t.suggestsWithout : isWith ? t.noneButChosen : t.noneAndNotChosen;
  return (
    <section class="relays" aria-labelledby="relays-title">
      <h3 id="relays-title">{t.title}</h3>
      <div role="status" key="status">
        {isRunning ? <p class="note">{t.testing}</p> : null}
        {status.kind === 'failed' ? <p class="note">{t.untested(status.text)}</p> : null}
        {status.kind === 'tested' ? (
          <ul>
            {status.test.relays.map(({ relay, ms, fault }, index) => (
              <li key={`${relay} ${index}`} class={fault === null ? 'good' : 'bad'}>
                {fault === null
                  ? t.answered(relay, ms, formatCount(status.test.round))
                  : state.strings.relayFault(relay, fault)}
              </li>
            ))}
          </ul>
        ) : null}
        <Note key="advice" text={advice} kind="note warn" />
      </div>
      <Note key="denied" text={deniedReason} />
      <button
        type="button"
        class="button"
        key="test"
        aria-disabled={deniedReason === null && !isRunning ? 'false' : 'true'}
        onClick={() => deniedReason === null && void state.relays.run()}
      >
        {status.kind === 'untested' ? t.test : t.again}
      </button>
    </section>
  );
}

/** What happens from the opening on, at which second. */
function Steps({ state, form, timeZone, openingMs, isWith }: BeaconFieldsProps & { isWith: boolean }) {
  const t = state.strings.editor.drawSteps;
  if (openingMs === null) return null;
  const { time } = numberFormat(state.preferences.language, timeZone);
  const opening = time(openingMs);
  const steps = isWith ? stepsWithBeacon(state, form, openingMs, time) : [t.drawnAtOnce(opening)];
  return (
    <section class="draw-steps" aria-labelledby="draw-steps-title">
      <h3 id="draw-steps-title">{t.title}</h3>
      <ol>
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
    </section>
  );
}

function stepsWithBeacon(state: ConsoleState, form: Form, openingMs: number, time: (ms: number) => string): string[] {
  const t = state.strings.editor.drawSteps;
  const deadlineMs = openingMs + Number((form['deadlineSeconds'] ?? '').replaceAll(',', '')) * 1_000;
  const deadline = Number.isFinite(deadlineMs)
    ? [form['afterDeadline'] === 'withoutBeacon' ? t.goesWithout(time(deadlineMs)) : t.waitsOn(time(deadlineMs))]
    : [];
  const { status } = state.relays;
  if (status.kind !== 'tested') return [t.entriesClose(time(openingMs)), t.roundSoon, t.drawnSoon, ...deadline];
  const { chain } = status.test;
  const round = roundAfter(chain, openingMs);
  const dueMs = roundTime(chain, round);
  const drawnMs = dueMs + AFTER_ROUND_MS;
  const seconds = Math.ceil((drawnMs - openingMs) / 1_000);
  return [
    t.entriesClose(time(openingMs)),
    t.roundDue(time(dueMs), formatCount(round)),
    t.drawn(time(drawnMs), seconds),
    ...deadline,
  ];
}
