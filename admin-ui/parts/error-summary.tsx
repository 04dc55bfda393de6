// Above a form that was refused: what became of it, and which fields are wrong, each a way to its field, which says what is wrong. It takes
// the focus, so that nobody has to look for it further up or down.

import { useLayoutEffect, useRef } from 'hono/jsx/dom';
import type { ConsoleState } from '../console-state.ts';

interface ErrorSummaryProps {
  state: ConsoleState;
  /** What became of the request. */
  text: string;
  /** By the names of the form's fields. */
  errors: Readonly<Record<string, string>>;
  /** Ids of fields that are not their names. */
  ids?: Readonly<Record<string, string>>;
}

export function ErrorSummary({ state, text, errors, ids = {} }: ErrorSummaryProps) {
  const element = useRef<HTMLElement>(null);
  const names = Object.keys(errors);
  const isShown = text !== '';
  useLayoutEffect(() => {
    if (isShown) element.current?.focus();
  }, [isShown, text]);
  if (!isShown) return null;
  return (
    <section class="error-summary" role="alert" tabindex={-1} ref={element}>
      <p>{text}</p>
      {names.length === 0 ? null : (
        <ul key="fields">
          {names.map((name) => (
            <li key={name}>
              <button type="button" class="link" onClick={() => focusOn(ids[name] ?? name)}>
                {state.strings.field(name)}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function focusOn(id: string): void {
  const field = document.getElementById(id);
  field?.scrollIntoView({ block: 'center' });
  field?.focus();
}
