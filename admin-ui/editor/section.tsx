// One group of settings as a form of its own: what is typed stays until it is saved or thrown away, faults stand beside
// their fields, and where somebody else changed the same meanwhile, both versions are shown and one is chosen.

import type { Child } from 'hono/jsx/dom';
import type { OperationName, RoomDetail } from '../../worker/contract/operator-api.ts';
import type { Deed } from '../actions.ts';
import type { Desk } from '../console-state.ts';
import { faultsTold } from '../failures.ts';
import { HoldButton } from '../parts/hold-button.tsx';
import { Shape } from '../parts/shape.tsx';
import type { FieldsProps } from './fields.tsx';
import { type Faults, type Form, isSameForm, mergeForms, type Read } from './forms.ts';

/** What is being typed into one group, what stood in force when that began, and what is wrong with it. */
interface Draft {
  form: Form;
  base: Form;
  etag: string;
  /** Faults are shown from the first try to save on, not while somebody is still typing for the first time. */
  isTried: boolean;
  /** What only the gateway could know. */
  refused: Faults;
  said: string;
  isSending: boolean;
}

export interface SectionProps<V> {
  desk: Desk;
  detail: RoomDetail;
  name: 'site' | 'policy' | 'schedule';
  title: string;
  operation: OperationName;
  inForce: V;
  toForm(value: V): Form;
  read(form: Form): Read<V>;
  deed(from: V, to: V): Deed;
  fields(props: FieldsProps): Child;
  /** What is said of saving this, and whether it cannot be undone. */
  stakes(to: V): Stakes;
}

export interface Stakes {
  note: string;
  isFinal: boolean;
}

export function Section<V>(props: SectionProps<V>) {
  const { desk, detail, name, title, inForce, toForm, read } = props;
  const w = desk.words.editor;
  const key = `${detail.id}/${name}`;
  const theirs = toForm(inForce);
  const draft = desk.draft<Draft | null>(key, null);
  const whyNot = detail.archivedAt === null ? desk.whyNot(props.operation) : w.archivedNote;
  const isOvertaken = draft !== null && !isSameForm(draft.base, theirs);
  const { merged, conflicts } = mergeForms(draft?.base ?? theirs, draft?.form ?? theirs, theirs);
  const form = draft?.form ?? theirs;
  const saved = read(merged);
  const { note, isFinal } = props.stakes(saved.kind === 'value' ? saved.value : inForce);
  const faults = { ...(draft?.isTried ? faultsIn(read(form)) : {}), ...draft?.refused };

  const set = (field: string, value: string) => {
    const before = draft ?? freshDraft(theirs, detail.etag);
    const { [field]: _, ...refused } = before.refused;
    const next = { ...before, form: { ...before.form, [field]: value }, refused, said: '' };
    desk.type(key, isSameForm(next.form, theirs) ? undefined : next);
  };

  /** On the version that this form was begun on, or on the one that has just been looked at. */
  const save = async (given: Form, etag: string): Promise<void> => {
    if (draft === null || whyNot !== null || draft.isSending) return;
    const value = read(given);
    const next: Draft = { ...draft, form: given, isTried: true, refused: {}, said: '' };
    if (value.kind === 'faults') {
      desk.type(key, { ...next, said: w.fix });
      return;
    }
    desk.type(key, { ...next, isSending: true });
    const phase = await desk.do(props.deed(inForce, value.value), { etag, isQuiet: true });
    switch (phase.kind) {
      case 'done':
      case 'unchanged':
        desk.type(key, undefined);
        return;
      case 'conflict':
        await meetConflict(next);
        return;
      case 'refused': {
        const refused = faultsTold(phase.problem, desk.words);
        desk.type(key, { ...next, refused, said: desk.words.problem(phase.problem) });
        return;
      }
      case 'unknown':
        desk.type(key, { ...next, said: desk.words.unanswered });
        return;
      case 'signedOut':
        desk.type(key, { ...next, said: desk.words.deeds.signedOut });
        return;
      case 'sending':
    }
  };

  /**
   * The room was changed, perhaps elsewhere: pausing changes its version too. What nobody else touched is saved on the new
   * version at once; only where both typed into the same field, or where saving cannot be undone, somebody has to look.
   */
  const meetConflict = async (next: Draft): Promise<void> => {
    const latest = await desk.watch?.lookAtDetail();
    if (latest == null) {
      desk.type(key, { ...next, said: desk.words.unanswered });
      return;
    }
    const now = toForm(latest[name] as V);
    const both = mergeForms(next.base, next.form, now);
    const seen = { ...next, etag: latest.etag, said: w.conflictTitle };
    if (both.conflicts.length > 0 || name === 'schedule') {
      desk.type(key, seen);
      return;
    }
    const value = read(both.merged);
    if (value.kind === 'faults') {
      desk.type(key, seen);
      return;
    }
    const phase = await desk.do(props.deed(latest[name] as V, value.value), { etag: latest.etag, isQuiet: true });
    if (phase.kind === 'done' || phase.kind === 'unchanged') desk.type(key, undefined);
    else desk.type(key, seen);
  };

  /** What both changed becomes theirs; what only I changed stays typed. */
  const takeTheirs = () => {
    if (draft === null) return;
    const kept = { ...merged };
    for (const field of conflicts) kept[field] = theirs[field] ?? '';
    const next: Draft = { ...draft, form: kept, base: theirs, etag: detail.etag, said: '', refused: {} };
    desk.type(key, isSameForm(kept, theirs) ? undefined : next);
  };

  const submit = (event: Event) => {
    event.preventDefault();
    // Never the form as it was begun: what others changed beside it would go with it.
    if (!isFinal) void save(merged, draft?.etag ?? detail.etag);
  };
  const fieldsProps = { desk, form, faults, isReadOnly: whyNot !== null, set };
  return (
    <form class="card section" aria-labelledby={`${name}-title`} onSubmit={submit}>
      <h2 id={`${name}-title`}>{title}</h2>
      {whyNot === null ? null : (
        <p class="note" key="why">
          {whyNot}
        </p>
      )}
      <div class="section-fields" key="fields">
        {props.fields(fieldsProps)}
      </div>
      {isOvertaken ? (
        <section class="conflict" key="conflict" aria-labelledby={`${name}-conflict`} data-conflict={name}>
          <h3 id={`${name}-conflict`}>
            <Shape name="alarm" /> {w.conflictTitle}
          </h3>
          <p>{conflicts.length === 0 ? w.conflictNone : w.conflictLead}</p>
          {conflicts.length === 0 ? null : (
            <div class="scroll" key="table">
              <table>
                <thead>
                  <tr>
                    <th scope="col">{w.conflictField}</th>
                    <th scope="col">{w.conflictTheirs}</th>
                    <th scope="col">{w.conflictMine}</th>
                  </tr>
                </thead>
                <tbody>
                  {conflicts.map((field) => (
                    <tr key={field}>
                      <th scope="row">{fieldLabel(desk, field)}</th>
                      <td>{said(desk, theirs[field])}</td>
                      <td>{said(desk, form[field])}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
          <div class="ways">
            {conflicts.length === 0 ? null : (
              <button type="button" class="button" key="theirs" onClick={takeTheirs}>
                {w.conflictTakeTheirs}
              </button>
            )}
            {!isFinal ? (
              <button type="button" class="button primary" key="mine" onClick={() => void save(merged, detail.etag)}>
                {conflicts.length === 0 ? desk.words.save : w.conflictKeepMine}
              </button>
            ) : null}
            <a class="button quiet" key="look" href={`#/rooms/${detail.id}/log`}>
              {desk.words.deeds.look}
            </a>
          </div>
        </section>
      ) : null}
      {note === '' ? null : (
        <p class={isFinal ? 'note warn' : 'note'} key="note" id={`${name}-note`}>
          {note}
        </p>
      )}
      {draft === null || draft.said === '' ? null : (
        <p class="fault" key="said" role="status">
          {draft.said}
        </p>
      )}
      {draft === null ? null : (
        <div class="ways" key="ways">
          {isFinal ? (
            <HoldButton
              key="danger"
              desk={desk}
              label={desk.words.save}
              note={note}
              noteId={`${name}-note`}
              whyNot={whyNot}
              onHeld={() => void save(merged, isOvertaken ? detail.etag : draft.etag)}
            />
          ) : (
            <button type="submit" class="button primary" key="save" aria-disabled={draft.isSending ? 'true' : 'false'}>
              {draft.isSending ? w.sending : desk.words.save}
            </button>
          )}
          <button type="button" class="button quiet" key="reset" onClick={() => desk.type(key, undefined)}>
            {w.reset}
          </button>
        </div>
      )}
    </form>
  );
}

function freshDraft(base: Form, etag: string): Draft {
  return { form: base, base, etag, isTried: false, refused: {}, said: '', isSending: false };
}

function faultsIn<V>(read: Read<V>): Faults {
  return read.kind === 'faults' ? read.faults : {};
}

function fieldLabel(desk: Desk, field: string): string {
  const { editor } = desk.words;
  if (field === 'titleKo') return editor.titleKo;
  if (field === 'titleEn') return editor.titleEn;
  return desk.words.field(field);
}

function said(desk: Desk, value: string | undefined): string {
  return value === undefined || value === '' ? desk.words.nothing : value.replaceAll('\n', ', ').replace('T', ' ');
}
