// A modal dialog of the platform: it keeps the focus inside, closes with Escape, and returns the focus when it closes.

import { type Child, useLayoutEffect, useRef } from 'hono/jsx/dom';

interface DialogProps {
  title: string;
  onClose(): void;
  children: Child;
  /** Escape does not close it. */
  isRequired?: boolean;
  wide?: boolean;
}

export function Dialog({ title, onClose, children, isRequired = false, wide = false }: DialogProps) {
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
        if (!isRequired) onClose();
      }}
    >
      <h2 id="dialog-title" tabindex={-1}>
        {title}
      </h2>
      {children}
    </dialog>
  );
}
