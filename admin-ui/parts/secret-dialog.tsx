// A secret that is shown once: it can be copied, and the dialog stays until the operator says that it was handed over.

import { useState } from 'hono/jsx/dom';
import type { ConsoleState } from '../console-state.ts';
import { Dialog } from './dialog.tsx';

interface SecretDialogProps {
  state: ConsoleState;
  title: string;
  lead: string;
  secret: string;
  doneLabel: string;
  onDone(): void;
}

export function SecretDialog({ state, title, lead, secret, doneLabel, onDone }: SecretDialogProps) {
  const t = state.strings;
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret);
      setCopied(true);
    } catch {
      // The clipboard is missing (plain HTTP) or denied: select the secret, so that the keyboard can copy it.
      const element = document.getElementById('created-key');
      if (element !== null) getSelection()?.selectAllChildren(element);
    }
  };
  return (
    <Dialog title={title} onClose={onDone} isRequired>
      <p>{lead}</p>
      <p class="created-key">
        <code id="created-key">{secret}</code>
      </p>
      <div class="buttons">
        <button type="button" class="button primary" onClick={() => void copy()}>
          {isCopied ? t.copied : t.copy}
        </button>
        <button type="button" class="button" onClick={onDone}>
          {doneLabel}
        </button>
      </div>
      <p class="visually-hidden" role="status">
        {isCopied ? t.copied : ''}
      </p>
    </Dialog>
  );
}
