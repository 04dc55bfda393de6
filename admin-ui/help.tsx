// The dialog with the shortcuts, and how irreversible actions and old numbers show.

import type { ConsoleState } from './console-state.ts';
import { Dialog } from './parts/dialog.tsx';

export function Help({ state }: { state: ConsoleState }) {
  const t = state.strings.help;
  const keys: [string, string][] = [
    ['P', t.keys.p],
    ['H', t.keys.h],
    ['R', t.keys.r],
    ['Z', t.keys.z],
    ['L', t.keys.l],
    ['M', t.keys.m],
    ['1–4', t.keys.n],
    ['?', t.keys.help],
  ];
  return (
    <Dialog title={state.strings.menu.help} onClose={() => state.showOverlay(null)}>
      <p>{t.lead}</p>
      <dl class="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p class="note">{t.danger}</p>
      <p class="note">{t.stale}</p>
      <div class="buttons">
        <button type="button" class="button primary" onClick={() => state.showOverlay(null)}>
          {state.strings.close}
        </button>
      </div>
    </Dialog>
  );
}
