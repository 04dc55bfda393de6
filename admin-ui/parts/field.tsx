// A labelled field with its note and its fault beside it, tied together for a screen reader.

import type { Child } from 'hono/jsx/dom';

export interface FieldProps {
  id: string;
  label: string;
  note?: string | null;
  /** What is wrong with it; null: nothing. */
  fault?: string | null;
  children(described: { id: string; 'aria-describedby': string; 'aria-invalid': 'true' | 'false' }): Child;
}

export function Field({ id, label, note = null, fault = null, children }: FieldProps) {
  const ids = [note === null ? '' : `${id}-note`, fault === null ? '' : `${id}-fault`].join(' ').trim();
  return (
    <div class={fault === null ? 'field' : 'field faulty'}>
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': ids, 'aria-invalid': fault === null ? 'false' : 'true' })}
      {note === null ? null : (
        <p key="note" class="note" id={`${id}-note`}>
          {note}
        </p>
      )}
      {fault === null ? null : (
        <p key="fault" class="fault" id={`${id}-fault`}>
          {fault}
        </p>
      )}
    </div>
  );
}

/** What was typed into an input or a text area. */
export function typed(event: Event): string {
  return (event.currentTarget as HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement).value;
}
