// A button for what cannot be undone: it acts after being held for a second, by finger, mouse, Space or Enter. A screen reader,
// which cannot hold, is asked once instead.

import { useRef, useState } from 'hono/jsx/dom';
import type { Words } from './words-en.ts';

const HOLD_MS = 1_000;

export function HoldButton(props: {
  words: Words;
  label: string;
  note: string;
  disabled: boolean;
  why?: string | undefined;
  act: () => void;
}) {
  const { words, label, note, disabled, why, act } = props;
  const [holding, setHolding] = useState(false);
  const timer = useRef<number | null>(null);
  const touched = useRef(false);

  const begin = () => {
    touched.current = true;
    if (disabled || timer.current !== null) return;
    setHolding(true);
    timer.current = setTimeout(() => {
      stop();
      act();
    }, HOLD_MS) as unknown as number;
  };
  const stop = () => {
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = null;
    setHolding(false);
  };
  const isHoldKey = (event: KeyboardEvent) => event.key === ' ' || event.key === 'Enter';

  return (
    <div class="deed">
      <button
        type="button"
        class={holding ? 'danger holding' : 'danger'}
        disabled={disabled}
        onPointerdown={begin}
        onPointerup={stop}
        onPointerleave={stop}
        onKeydown={(event: KeyboardEvent) => {
          if (!isHoldKey(event)) return;
          event.preventDefault();
          if (!event.repeat) begin();
        }}
        onKeyup={(event: KeyboardEvent) => {
          if (!isHoldKey(event)) return;
          event.preventDefault();
          stop();
        }}
        onBlur={stop}
        onClick={() => {
          if (!touched.current && confirm(words.actions.confirm(label))) act();
          touched.current = false;
        }}
      >
        {label}
        <small>{holding ? '…' : words.actions.holdToDo}</small>
      </button>
      <p class="note">{why ?? note}</p>
    </div>
  );
}
