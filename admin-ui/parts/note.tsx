// A line of text that is there only when there is something to say: a note, a warning or an error.

interface NoteProps {
  /** null or empty: nothing is drawn. */
  text: string | null | undefined;
  kind?: 'note' | 'note warn' | 'error';
  id?: string;
  /** `status` and `alert` are announced by a screen reader. */
  role?: 'status' | 'alert';
}

export function Note({ text, kind = 'note', id, role }: NoteProps) {
  if (text == null || text === '') return null;
  return (
    <p class={kind} {...(id === undefined ? {} : { id })} {...(role === undefined ? {} : { role })}>
      {text}
    </p>
  );
}
