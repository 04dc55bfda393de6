// A button for actions that a slip must not do: it acts after a full second of pressing, with pointer or keyboard. A click without a
// duration (a screen reader, a voice command) opens a confirmation dialog instead.

import { useRef, useState } from 'hono/jsx/dom';
import type { ConsoleState } from '../console-state.ts';

const HOLD_MS = 1_000;

interface HoldButtonProps {
  state: ConsoleState;
  label: string;
  /** What will happen: the text of the confirmation dialog. */
  note: string;
  /** The element with the note, which describes the button. */
  noteId: string;
  /** Why the button is disabled; null: it is not. */
  disabledReason: string | null;
  /** false: what it does can be undone. */
  isFinal?: boolean;
  onHeld(): void;
}

export function HoldButton(props: HoldButtonProps) {
  const { state, label, note, noteId, disabledReason, isFinal = true, onHeld } = props;
  const t = state.strings.danger;
  const [phase, setPhase] = useState<'idle' | 'holding' | 'tooShort'>('idle');
  const press = useRef<{ timer: ReturnType<typeof setTimeout> } | null>(null);

  const begin = () => {
    if (disabledReason !== null || press.current !== null) return;
    setPhase('holding');
    const timer = setTimeout(() => {
      press.current = null;
      setPhase('idle');
      onHeld();
    }, HOLD_MS);
    press.current = { timer };
  };
  const end = (after: 'idle' | 'tooShort') => {
    if (press.current === null) return;
    clearTimeout(press.current.timer);
    press.current = null;
    setPhase(after);
  };
  const isPressKey = (event: KeyboardEvent) => event.key === ' ' || event.key === 'Enter';

  return (
    <button
      type="button"
      class={`button danger ${phase === 'holding' ? 'holding' : ''}`}
      aria-disabled={disabledReason === null ? 'false' : 'true'}
      aria-describedby={noteId}
      onPointerDown={(event: PointerEvent) => event.button === 0 && begin()}
      onPointerUp={() => end('tooShort')}
      onPointerLeave={() => end('idle')}
      onPointerCancel={() => end('idle')}
      onContextMenu={(event: Event) => event.preventDefault()}
      onKeyDown={(event: KeyboardEvent) => {
        if (!isPressKey(event)) return;
        event.preventDefault();
        if (!event.repeat) begin();
      }}
      onKeyUp={(event: KeyboardEvent) => {
        if (!isPressKey(event)) return;
        event.preventDefault();
        end('tooShort');
      }}
      onBlur={() => end('idle')}
      onClick={(event: MouseEvent) => {
        // `detail` is 0 for a click that no pointer made; the handlers above take the keyboard.
        if (event.detail !== 0 || disabledReason !== null) return;
        state.confirm({ title: t.confirm(label), text: note, confirmLabel: label, isFinal, onConfirm: onHeld });
      }}
    >
      <span class="fill" aria-hidden="true" />
      <span class="label">{label}</span>
      <span class="hint" aria-hidden="true">
        {phase === 'holding' ? t.keepHolding : phase === 'tooShort' ? t.tooShort : t.hold}
      </span>
    </button>
  );
}
