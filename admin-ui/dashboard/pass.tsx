// A way past the line for the operator's own eyes: asked for here, opened once on the site's own host.

import { useState } from 'hono/jsx/dom';
import type { Live } from '../../worker/contract/operator-api.ts';
import type { Desk } from '../console-state.ts';
import { failureSaid } from '../failures.ts';

type Given =
  | { kind: 'none' }
  | { kind: 'given'; until: number; link: { address: string; useBy: number } | null }
  | { kind: 'failed'; text: string };

/** The address of a pass leads in once, so it is put away as soon as it was followed. */
export function Pass({ desk, live }: { desk: Desk; live: Live }) {
  const w = desk.words.danger;
  const [given, setGiven] = useState<Given>({ kind: 'none' });
  const whyNot = desk.whyNot('givePass');
  const get = async () => {
    if (whyNot !== null) return;
    const outcome = await desk.client.call('givePass', { params: { room: live.room } });
    if (outcome.kind !== 'answer') {
      setGiven({ kind: 'failed', text: failureSaid(outcome, desk.words) });
      return;
    }
    const { expiresAt, link } = outcome.value;
    const open = link === undefined ? null : { address: link.address, useBy: Date.parse(link.useBy) };
    setGiven({ kind: 'given', until: Date.parse(expiresAt), link: open });
  };
  const link = given.kind === 'given' && given.link !== null && given.link.useBy > desk.now ? given.link : null;
  const isUsed = given.kind === 'given' && given.link === null && given.until > desk.now;
  return (
    <section class="card pass" aria-labelledby="pass-title">
      <h2 id="pass-title">{w.pass}</h2>
      <p id="pass-note">{w.passNote}</p>
      {isUsed ? (
        <p key="used" role="status">
          {w.passUntil(desk.figures.second(given.until))}
        </p>
      ) : null}
      {given.kind === 'failed' ? (
        <p key="failed" class="fault" role="status">
          {given.text}
        </p>
      ) : null}
      {whyNot === null ? null : (
        <p key="why" class="note">
          {whyNot}
        </p>
      )}
      <div class="ways">
        {link === null ? (
          <button
            type="button"
            key="get"
            class="button"
            aria-describedby="pass-note"
            aria-disabled={whyNot === null ? 'false' : 'true'}
            onClick={() => void get()}
          >
            {w.passGet}
          </button>
        ) : (
          <a
            key="open"
            class="button primary"
            href={link.address}
            target="_blank"
            rel="noreferrer"
            aria-describedby="pass-left"
            onClick={() => setTimeout(() => setGiven((now) => (now.kind === 'given' ? { ...now, link: null } : now)))}
          >
            {w.passOpen}
          </a>
        )}
        {link === null ? null : (
          <span key="left" id="pass-left" role="status">
            {w.passLeft(Math.ceil((link.useBy - desk.now) / 1000))}
          </span>
        )}
      </div>
    </section>
  );
}
