// What is in force now beside what the operator typed, where both differ since the operator began to type.

import type { Child } from 'hono/jsx/dom';
import type { ConsoleState } from '../console-state.ts';
import { LastChange } from '../last-change.tsx';
import { Shape } from '../parts/shape.tsx';
import { formValueText } from './fields.tsx';
import type { Form } from './forms.ts';

interface ConflictProps {
  state: ConsoleState;
  /** Of the group of settings. */
  name: string;
  /** Names of the fields that differ; empty: other fields of the group were changed. */
  conflicts: string[];
  inForce: Form;
  typed: Form;
  /** Buttons that resolve it. */
  children: Child;
}

export function Conflict({ state, name, conflicts, inForce, typed, children }: ConflictProps) {
  const t = state.strings.editor;
  return (
    <section class="conflict" aria-labelledby={`${name}-conflict`}>
      <h3 id={`${name}-conflict`}>
        <Shape name="alarm" /> {t.conflictTitle}
      </h3>
      {name === 'site' || conflicts.length === 0 ? null : <LastChange state={state} key="last" />}
      <p>{conflicts.length === 0 ? t.conflictNone : t.conflictLead}</p>
      {conflicts.length === 0 ? null : (
        <div class="scroll" key="table">
          <table>
            <thead>
              <tr>
                <th scope="col">{t.conflictField}</th>
                <th scope="col">{t.conflictInForce}</th>
                <th scope="col">{t.conflictTyped}</th>
              </tr>
            </thead>
            <tbody>
              {conflicts.map((field) => (
                <tr key={field}>
                  <th scope="row">{state.strings.field(field)}</th>
                  <td>{formValueText(state, inForce, field)}</td>
                  <td>{formValueText(state, typed, field)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div class="buttons">{children}</div>
    </section>
  );
}
