// An operator's own pass to the site: requested here, opened once on the site's own host.

import { useState } from 'hono/jsx/dom';
import type { Live } from '../../worker/contract/operator-api.ts';
import type { ConsoleState } from '../console-state.ts';
import { changeErrorText } from '../failures.ts';
import { Note } from '../parts/note.tsx';

type Request =
  | { kind: 'none' }
  | { kind: 'granted'; untilMs: number; link: { address: string; useByMs: number } | null }
  | { kind: 'failed'; text: string };

export function Pass({ state, live }: { state: ConsoleState; live: Live }) {
  const t = state.strings.pass;
  const [request, setRequest] = useState<Request>({ kind: 'none' });
  const deniedReason = state.deniedReason('givePass');
  const send = async () => {
    if (deniedReason !== null) return;
    const outcome = await state.client.call('givePass', { params: { room: live.room } });
    if (outcome.kind !== 'reply') {
      setRequest({ kind: 'failed', text: changeErrorText(outcome, state.strings) });
      return;
    }
    const { expiresAt, link } = outcome.value;
    const usable = link === undefined ? null : { address: link.address, useByMs: Date.parse(link.useBy) };
    setRequest({ kind: 'granted', untilMs: Date.parse(expiresAt), link: usable });
  };
  // The address works once: it is removed as soon as the operator follows it.
  const removeLink = () => setRequest((now) => (now.kind === 'granted' ? { ...now, link: null } : now));
  const granted = request.kind === 'granted' && request.untilMs > state.now ? request : null;
  const link = granted?.link != null && granted.link.useByMs > state.now ? granted.link : null;
  return (
    <section class="card pass" aria-labelledby="pass-title">
      <h2 id="pass-title">{t.title}</h2>
      <p id="pass-note">{t.note}</p>
      {granted !== null && granted.link === null ? (
        <p key="granted" role="status">
          {t.until(state.format.time(granted.untilMs))}
        </p>
      ) : null}
      <Note key="failed" text={request.kind === 'failed' ? request.text : null} kind="error" role="status" />
      <Note key="denied" text={deniedReason} />
      <div class="buttons">
        {link === null ? (
          <button
            type="button"
            key="request"
            class="button"
            aria-describedby="pass-note"
            aria-disabled={deniedReason === null ? 'false' : 'true'}
            onClick={() => void send()}
          >
            {t.request}
          </button>
        ) : (
          <a
            key="open"
            class="button primary"
            href={link.address}
            target="_blank"
            rel="noreferrer"
            aria-describedby="pass-left"
            onClick={() => setTimeout(removeLink)}
          >
            {t.open}
          </a>
        )}
        {link === null ? null : (
          <span key="left" id="pass-left" role="status">
            {t.left(Math.ceil((link.useByMs - state.now) / 1000))}
          </span>
        )}
      </div>
    </section>
  );
}
