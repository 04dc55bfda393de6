// A labelled field with its note and its error, which a screen reader reads with it.

import type { Child } from 'hono/jsx/dom';
import { Note } from './note.tsx';

interface FieldProps {
  id: string;
  label: string;
  note?: string | null;
  error?: string | null;
  children(attributes: { id: string; 'aria-describedby': string; 'aria-invalid': 'true' | 'false' }): Child;
}

export function Field({ id, label, note = null, error = null, children }: FieldProps) {
  const ids = [note === null ? '' : `${id}-note`, error === null ? '' : `${id}-error`].join(' ').trim();
  return (
    <div class={error === null ? 'field' : 'field invalid'}>
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': ids, 'aria-invalid': error === null ? 'false' : 'true' })}
      <Note key="note" text={note} id={`${id}-note`} />
      <Note key="error" text={error} id={`${id}-error`} kind="error" />
    </div>
  );
}

/** The value of the field that the event comes from. */
export function inputValue(event: Event): string {
  return (event.currentTarget as HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement).value;
}
