// The evidence pack of a room, to hand to others: what it is, until when it is whole, and the archive.

import { addressOf } from '../worker/contract/api-client.ts';
import type { ConsoleState } from './console-state.ts';

export function EvidenceDownload({ state, room }: { state: ConsoleState; room: string }) {
  const t = state.strings.evidence;
  return (
    <section class="evidence" aria-labelledby="evidence-title">
      <h2 id="evidence-title">{t.title}</h2>
      <p id="evidence-about">{t.about}</p>
      <a class="button" href={addressOf('evidence', { params: { room } })} download aria-describedby="evidence-about">
        {t.download}
      </a>
    </section>
  );
}
