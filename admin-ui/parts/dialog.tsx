// A dialog of the platform: it keeps the keyboard inside, closes with Escape and gives the focus back where it was.

import { type Child, useLayoutEffect, useRef } from 'hono/jsx/dom';

export interface DialogProps {
  title: string;
  onClose(): void;
  children: Child;
  /** Nothing goes on without it: Escape does not close it. */
  isNeeded?: boolean;
  wide?: boolean;
}

export function Dialog({ title, onClose, children, isNeeded = false, wide = false }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    if (dialog?.isConnected && !dialog.open) dialog.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby="dialog-title"
      onCancel={(event: Event) => {
        event.preventDefault();
        if (!isNeeded) onClose();
      }}
    >
      <h2 id="dialog-title" tabindex={-1}>
        {title}
      </h2>
      {children}
    </dialog>
  );
}
