// A button for what cannot be undone: it acts when it has been pressed for a whole second, with pointer or keyboard. Where
// a press has no length (a screen reader's click, a voice command) it asks in words instead.

import { useRef, useState } from 'hono/jsx/dom';
import type { Desk } from '../console-state.ts';

const HOLD_MS = 1_000;

export interface HoldButtonProps {
  desk: Desk;
  label: string;
  /** What will happen; read with the button and asked by the dialog. */
  note: string;
  noteId: string;
  /** Why it cannot be done; null: it can. */
  whyNot: string | null;
  onHeld(): void;
}

export function HoldButton({ desk, label, note, noteId, whyNot, onHeld }: HoldButtonProps) {
  const w = desk.words;
  const [phase, setPhase] = useState<'idle' | 'holding' | 'short'>('idle');
  const press = useRef<{ timer: ReturnType<typeof setTimeout> } | null>(null);

  const begin = () => {
    if (whyNot !== null || press.current !== null) return;
    setPhase('holding');
    const timer = setTimeout(() => {
      press.current = null;
      setPhase('idle');
      onHeld();
    }, HOLD_MS);
    press.current = { timer };
  };
  const end = (wasShort: boolean) => {
    if (press.current === null) return;
    clearTimeout(press.current.timer);
    press.current = null;
    setPhase(wasShort ? 'short' : 'idle');
  };
  const isPressKey = (event: KeyboardEvent) => event.key === ' ' || event.key === 'Enter';

  return (
    <button
      type="button"
      class={`button danger ${phase === 'holding' ? 'holding' : ''}`}
      aria-disabled={whyNot === null ? 'false' : 'true'}
      aria-describedby={noteId}
      onPointerDown={(event: PointerEvent) => event.button === 0 && begin()}
      onPointerUp={() => end(true)}
      onPointerLeave={() => end(false)}
      onPointerCancel={() => end(false)}
      onContextMenu={(event: Event) => event.preventDefault()}
      onKeyDown={(event: KeyboardEvent) => {
        if (!isPressKey(event)) return;
        event.preventDefault();
        if (!event.repeat) begin();
      }}
      onKeyUp={(event: KeyboardEvent) => {
        if (!isPressKey(event)) return;
        event.preventDefault();
        end(true);
      }}
      onBlur={() => end(false)}
      onClick={(event: MouseEvent) => {
        // A click that no pointer made (detail 0) comes from assistive technology: keys are taken above.
        if (event.detail !== 0 || whyNot !== null) return;
        desk.ask({ title: w.danger.sure(label), text: note, yes: label, act: onHeld });
      }}
    >
      <span class="fill" aria-hidden="true" />
      <span class="label">{label}</span>
      <span class="hint" aria-hidden="true">
        {phase === 'holding' ? w.danger.holdOn : phase === 'short' ? w.danger.short : w.danger.hold}
      </span>
    </button>
  );
}
