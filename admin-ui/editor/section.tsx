// One group of settings as a form of its own. A draft stays until it is saved or discarded, errors stand beside their fields,
// and where the same settings were changed meanwhile, both versions are shown and the operator chooses.

import type { Child } from 'hono/jsx/dom';
import {
  type Consequences,
  hasConsequences,
  type OperationName,
  type RoomDetail,
} from '../../worker/contract/operator-api.ts';
import { type Action, HARMLESS, type Phase } from '../actions.ts';
import type { ConsoleState } from '../console-state.ts';
import { fieldErrorTexts, phaseText } from '../failures.ts';
import { ErrorSummary } from '../parts/error-summary.tsx';
import { HoldButton } from '../parts/hold-button.tsx';
import { Note } from '../parts/note.tsx';
import { Conflict } from './conflict.tsx';
import { type FieldErrors, type Form, isSameForm, mergeForms, type Parsed } from './forms.ts';
import { FIELD_IDS, type FormProps } from './inputs.tsx';

interface Draft {
  form: Form;
  /** What was in force when the operator began to type, and its version. */
  base: Form;
  etag: string;
  /** Errors show from the first attempt to save, not while the operator first types. */
  wasSubmitted: boolean;
  /** Errors that only the gateway can find. */
  gatewayErrors: FieldErrors;
  /** What the gateway says that saving would do, which the operator had not confirmed; null: nothing more. */
  asked: Consequences | null;
  failure: string;
  isSending: boolean;
}

interface SectionProps<V> {
  state: ConsoleState;
  detail: RoomDetail;
  name: 'site' | 'policy' | 'schedule';
  title: string;
  operation: OperationName;
  inForce: V;
  toForm(value: V): Form;
  /** Fields that show `inForce` unchanged keep its values. */
  parse(form: Form, inForce: V): Parsed<V>;
  /** @param confirmed what the operator has read that it does at once */
  action(from: V, to: V, confirmed: Consequences): Action;
  fields(props: FormProps): Child;
  /** What saving does to people at once, said before it is done. */
  consequences?(to: V): Consequences;
  /** Said where it does nothing at once. */
  note?: string;
  /** The values are a plan that is not in force: saving puts them in force, also unchanged. The text of the button. */
  planLabel?: string | null;
}

export function Section<V>(props: SectionProps<V>) {
  const { state, detail, name, title, inForce, toForm, parse } = props;
  const t = state.strings.editor;
  const key = `${detail.id}/${name}`;
  const current = toForm(inForce);
  const draft = state.draft<Draft | null>(key, null);
  const deniedReason = detail.archivedAt === null ? state.deniedReason(props.operation) : t.archived;
  const isOvertaken = draft !== null && !isSameForm(draft.base, current);
  const form = draft?.form ?? current;
  const { merged, conflicts } = mergeForms(draft?.base ?? current, form, current);
  const parsed = parse(merged, inForce);
  const planLabel = props.planLabel ?? null;
  const isOffered = draft !== null || planLabel !== null;
  const found = isOffered
    ? (draft?.asked ?? props.consequences?.(parsed.kind === 'value' ? parsed.value : inForce))
    : null;
  const confirmed = found ?? HARMLESS;
  const isIrreversible = hasConsequences(confirmed);
  const sentences = state.strings.consequences(confirmed);
  const note = isIrreversible ? sentences.join(' ') : (props.note ?? '');
  const errors = { ...(draft?.wasSubmitted ? errorsOf(parse(form, inForce)) : {}), ...draft?.gatewayErrors };

  const set = (field: string, value: string) => {
    const before = draft ?? newDraft(current, detail.etag);
    const { [field]: _, ...gatewayErrors } = before.gatewayErrors;
    const next = { ...before, form: { ...before.form, [field]: value }, gatewayErrors, asked: null, failure: '' };
    state.setDraft(key, isSameForm(next.form, current) ? undefined : next);
  };

  /** @param etag the version that the operator decided on */
  const save = async (submitted: Form, etag: string): Promise<void> => {
    const base = draft ?? newDraft(current, detail.etag);
    if (!isOffered || deniedReason !== null || base.isSending) return;
    const result = parse(submitted, inForce);
    const next: Draft = { ...base, form: submitted, wasSubmitted: true, gatewayErrors: {}, asked: null, failure: '' };
    if (result.kind === 'errors') {
      state.setDraft(key, { ...next, failure: t.fix });
      return;
    }
    state.setDraft(key, { ...next, isSending: true });
    const phase = await state.actions.run(props.action(inForce, result.value, confirmed), { etag, isQuiet: true });
    if (phase.kind === 'conflict') await resolveConflict(next);
    else state.setDraft(key, draftAfter(state, next, phase));
  };

  /**
   * The room's version changed, perhaps by a pause. Where no field conflicts, the edit is saved on the new version at once;
   * where one does, or where saving may be irreversible, the operator decides.
   */
  const resolveConflict = async (next: Draft): Promise<void> => {
    const latest = await state.watch?.loadDetail();
    if (latest == null) {
      state.setDraft(key, { ...next, failure: state.strings.unanswered });
      return;
    }
    const latestValue = latest[name] as V;
    const both = mergeForms(next.base, next.form, toForm(latestValue));
    const result = parse(both.merged, latestValue);
    const undecided = { ...next, etag: latest.etag, failure: t.conflictTitle };
    if (both.conflicts.length > 0 || name === 'schedule' || result.kind === 'errors') {
      state.setDraft(key, undecided);
      return;
    }
    const action = props.action(latestValue, result.value, HARMLESS);
    const phase = await state.actions.run(action, { etag: latest.etag, isQuiet: true });
    state.setDraft(key, phase.kind === 'done' || phase.kind === 'unchanged' ? undefined : undecided);
  };

  /** The conflicting fields take the values in force; the other edits stay. */
  const useInForce = () => {
    if (draft === null) return;
    const kept = { ...merged };
    for (const field of conflicts) kept[field] = current[field] ?? '';
    const next: Draft = {
      ...draft,
      form: kept,
      base: current,
      etag: detail.etag,
      failure: '',
      gatewayErrors: {},
      asked: null,
    };
    state.setDraft(key, isSameForm(kept, current) ? undefined : next);
  };

  const shownErrors = Object.keys(errors).length > 0 && draft?.failure ? errors : {};

  const submit = (event: Event) => {
    event.preventDefault();
    // The merged form: the draft alone would undo what others changed in other fields.
    if (!isIrreversible) void save(merged, draft?.etag ?? detail.etag);
  };
  return (
    <form class="card section" aria-labelledby={`${name}-title`} onSubmit={submit}>
      <h2 id={`${name}-title`}>{title}</h2>
      <Note key="denied" text={deniedReason} />
      <ErrorSummary key="failure" {...{ state, text: draft?.failure ?? '', errors: shownErrors, ids: FIELD_IDS }} />
      <div class="section-fields" key="fields">
        {props.fields({ state, form, errors, isReadOnly: deniedReason !== null, set })}
      </div>
      {isOvertaken ? (
        <Conflict key="conflict" {...{ state, name, conflicts }} inForce={current} typed={form}>
          {conflicts.length === 0 ? null : (
            <button type="button" class="button" key="in-force" onClick={useInForce}>
              {t.conflictUseInForce}
            </button>
          )}
          {isIrreversible ? null : (
            <button type="button" class="button primary" key="typed" onClick={() => void save(merged, detail.etag)}>
              {conflicts.length === 0 ? state.strings.save : t.conflictSaveTyped}
            </button>
          )}
          <a class="button quiet" key="log" href={`#/rooms/${detail.id}/log`}>
            {state.strings.actionLog.openLog}
          </a>
        </Conflict>
      ) : null}
      <Note key="note" text={note} kind={isIrreversible ? 'note warn' : 'note'} id={`${name}-note`} />
      {isOffered ? (
        <div class="buttons" key="buttons">
          {isIrreversible ? (
            <HoldButton
              key="hold"
              {...{ state, note, disabledReason: deniedReason }}
              label={planLabel ?? state.strings.save}
              noteId={`${name}-note`}
              onHeld={() => void save(merged, isOvertaken ? detail.etag : (draft?.etag ?? detail.etag))}
            />
          ) : (
            <button type="submit" class="button primary" key="save" aria-disabled={draft?.isSending ? 'true' : 'false'}>
              {draft?.isSending ? t.sending : (planLabel ?? state.strings.save)}
            </button>
          )}
          {draft === null ? null : (
            <button type="button" class="button quiet" key="reset" onClick={() => state.setDraft(key, undefined)}>
              {t.reset}
            </button>
          )}
        </div>
      ) : null}
    </form>
  );
}

function newDraft(base: Form, etag: string): Draft {
  return { form: base, base, etag, wasSubmitted: false, gatewayErrors: {}, asked: null, failure: '', isSending: false };
}

/** undefined: saved, so there is no draft any more. */
function draftAfter({ strings: t }: ConsoleState, draft: Draft, phase: Phase): Draft | undefined {
  switch (phase.kind) {
    case 'done':
    case 'unchanged':
      return undefined;
    case 'refused':
      if (phase.problem.consequences !== undefined) {
        return { ...draft, asked: phase.problem.consequences, failure: t.editor.askedToConfirm };
      }
      return { ...draft, gatewayErrors: fieldErrorTexts(phase.problem, t), failure: phaseText(phase, t) };
    default:
      return { ...draft, failure: phaseText(phase, t) };
  }
}

function errorsOf<V>(parsed: Parsed<V>): FieldErrors {
  return parsed.kind === 'errors' ? parsed.errors : {};
}
