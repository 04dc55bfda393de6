// What cannot be undone, apart from everything else and pressed for a second each; and a pass for the operator's own eyes.

import { useState } from 'hono/jsx/dom';
import type { Live } from '../../worker/contract/operators.ts';
import type { Desk } from '../desk.ts';
import { failureSaid } from '../failures.ts';
import { Field, typed } from '../parts/field.tsx';
import { HoldButton } from '../parts/hold-button.tsx';

export function Dangers({ desk, live }: { desk: Desk; live: Live }) {
  const w = desk.words.danger;
  const whyNot = desk.whyNot('openNow');
  const isBefore = live.state === 'scheduled' || live.state === 'prequeue';
  const isClosed = live.state === 'closed';
  const one = (id: string, label: string, note: string, onHeld: () => void) => (
    <div class="danger-row" key={id}>
      <p id={`danger-${id}`}>{note}</p>
      <HoldButton {...{ desk, label, note, whyNot, onHeld }} noteId={`danger-${id}`} />
    </div>
  );
  return (
    <section class="card dangers" aria-labelledby="dangers-title">
      <h2 id="dangers-title">{w.title}</h2>
      {whyNot === null ? null : (
        <p class="note" key="why">
          {whyNot}
        </p>
      )}
      <div class="danger-rows" key="rows">
        {isBefore ? one('open', w.openNow, w.openNote, () => void desk.do({ kind: 'openNow' })) : null}
        {isClosed ? one('anew', w.openAnew, w.openAnewNote, () => void desk.do({ kind: 'openNow' })) : null}
        {isClosed ? null : one('close', w.close, w.closeNote, () => void desk.do({ kind: 'close' }))}
        {live.active > 0
          ? one('revoke', w.revokeAll, w.revokeNote(desk.figures.count(live.active)), () => {
              void desk.do({ kind: 'revokeAll', active: desk.seen?.live?.active ?? 0 });
            })
          : null}
        <EndOne desk={desk} live={live} key="end" />
        <Pass desk={desk} live={live} key="pass" />
      </div>
    </section>
  );
}

function EndOne({ desk, live }: { desk: Desk; live: Live }) {
  const w = desk.words.danger;
  const name = `${live.room}/position`;
  const text = desk.draft(name, '');
  const position = /^[1-9]\d{0,11}$/.test(text.trim()) ? Number(text.trim()) : null;
  const whyNot = desk.whyNot('endSession');
  return (
    <div class="danger-row one">
      <Field id="position" label={w.endPosition}>
        {(described) => (
          <input
            {...described}
            inputmode="numeric"
            autocomplete="off"
            readonly={whyNot !== null}
            value={text}
            onInput={(event: Event) => desk.type(name, typed(event))}
          />
        )}
      </Field>
      <p id="danger-end">{w.endNote}</p>
      <HoldButton
        {...{ desk, note: w.endNote, label: w.end }}
        noteId="danger-end"
        whyNot={position === null ? w.endPosition : whyNot}
        onHeld={async () => {
          if (position === null) return;
          const phase = await desk.do({ kind: 'endSession', position });
          if (phase.kind === 'done') desk.type(name, undefined);
        }}
      />
    </div>
  );
}

type Given =
  | { kind: 'none' }
  | { kind: 'given'; until: number; link: { address: string; useBy: number } | null }
  | { kind: 'failed'; text: string };

/** The address of a pass leads in once, so it is put away as soon as it was followed. */
function Pass({ desk, live }: { desk: Desk; live: Live }) {
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
    <div class="danger-row pass">
      <h3>{w.pass}</h3>
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
    </div>
  );
}
