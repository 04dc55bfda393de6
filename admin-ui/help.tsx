// Which keys there are, and how the console speaks.

import type { Desk } from './console-state.ts';
import { Dialog } from './parts/dialog.tsx';

export function Help({ desk }: { desk: Desk }) {
  const w = desk.words.help;
  const keys: [string, string][] = [
    ['P', w.keys.p],
    ['H', w.keys.h],
    ['R', w.keys.r],
    ['Z', w.keys.z],
    ['L', w.keys.l],
    ['M', w.keys.m],
    ['1–4', w.keys.n],
    ['?', w.keys.help],
  ];
  return (
    <Dialog title={w.title} onClose={() => desk.open(null)}>
      <p>{w.lead}</p>
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
      <p class="note">{w.danger}</p>
      <p class="note">{w.stale}</p>
      <div class="ways">
        <button type="button" class="button primary" onClick={() => desk.open(null)}>
          {desk.words.close}
        </button>
      </div>
    </Dialog>
  );
}
