// Messages to begin with: those that are ready, and those that operators keep for each other. What is typed can be kept, too.

import { useState } from 'hono/jsx/dom';
import type { Outcome } from '../../worker/contract/api-client.ts';
import type { KeptMessage } from '../../worker/contract/operator-api.ts';
import type { Text } from '../actions.ts';
import type { ConsoleState } from '../console-state.ts';
import { changeErrorText } from '../failures.ts';
import { useEffect } from '../parts/effect.ts';
import { Field, inputValue } from '../parts/field.tsx';
import { Note } from '../parts/note.tsx';
import { READY_MESSAGES, type ReadyMessage } from './ready-messages.ts';

interface MessageChoiceProps {
  state: ConsoleState;
  /** What is typed, and whether it could be posted. */
  text: Text;
  isValid: boolean;
  choose(text: Text): void;
}

const READY = Object.keys(READY_MESSAGES) as ReadyMessage[];

export function MessageChoice({ state, text, isValid, choose }: MessageChoiceProps) {
  const { language, message: t } = state.strings;
  const [kept, setKept] = useState<KeptMessage[]>([]);
  const [failure, setFailure] = useState('');
  const [chosen, setChosen] = useState('');
  const deniedReason = state.deniedReason('keepMessage');
  const settle = (outcome: Outcome<{ messages: KeptMessage[] }>) => {
    if (outcome.kind === 'reply') setKept(outcome.value.messages);
    setFailure(outcome.kind === 'reply' ? '' : changeErrorText(outcome, state.strings));
  };
  useEffect(() => {
    if (state.may('messages')) void state.client.call('messages', {}).then(settle);
  }, []);
  const isKept = kept.some((one) => one.text.ko === text.ko.trim() && one.text.en === text.en.trim());
  const chosenKept = kept.find(({ id }) => id === chosen);
  const pick = (value: string) => {
    setChosen(value);
    const ready = READY.find((one) => one === value);
    const found = ready === undefined ? kept.find(({ id }) => id === value)?.text : READY_MESSAGES[ready];
    if (found !== undefined) choose({ ...found });
  };
  const keep = async () => {
    const body = { text: { ko: text.ko.trim(), en: text.en.trim() } };
    settle(await state.client.call('keepMessage', { body }));
  };
  const drop = async (message: string) => {
    setChosen('');
    settle(await state.client.call('dropMessage', { params: { message } }));
  };
  return (
    <div class="message-choice">
      <Field id="message-choice" label={t.beginWith}>
        {(attributes) => (
          <select {...attributes} value={chosen} onChange={(event: Event) => pick(inputValue(event))}>
            <option value="" selected={chosen === ''}>
              {t.ownText}
            </option>
            <optgroup label={t.readyTitle}>
              {READY.map((one) => (
                <option value={one} key={one} selected={chosen === one}>
                  {t.ready[one]}
                </option>
              ))}
            </optgroup>
            {kept.length === 0 ? null : (
              <optgroup label={t.keptTitle} key="kept">
                {kept.map((one) => (
                  <option value={one.id} key={one.id} selected={chosen === one.id}>
                    {one.text[language]}
                  </option>
                ))}
              </optgroup>
            )}
          </select>
        )}
      </Field>
      <div class="buttons">
        {isValid && !isKept && deniedReason === null ? (
          <button type="button" class="button quiet" key="keep" onClick={() => void keep()}>
            {t.keep}
          </button>
        ) : null}
        {chosenKept !== undefined && deniedReason === null ? (
          <button type="button" class="button quiet" key="drop" onClick={() => void drop(chosenKept.id)}>
            {t.drop}
          </button>
        ) : null}
      </div>
      <Note key="failure" text={failure} kind="error" role="status" />
    </div>
  );
}
