// What cannot be undone, apart from everything else and pressed for a second each; and a pass for the operator's own eyes.

import { useState } from 'hono/jsx/dom';
import type { Live, RoomDetail } from '../../worker/contract/operators.ts';
import type { Desk } from '../desk.ts';
import { Field, typed } from '../parts/field.tsx';
import { HoldButton } from '../parts/hold-button.tsx';

interface DangersProps {
  desk: Desk;
  live: Live;
  detail: RoomDetail | null;
}

export function Dangers({ desk, live, detail }: DangersProps) {
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
        <Pass desk={desk} live={live} detail={detail} key="pass" />
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

type Given = { kind: 'none' } | { kind: 'given'; until: number } | { kind: 'failed'; text: string };

function Pass({ desk, live, detail }: DangersProps) {
  const w = desk.words.danger;
  const [given, setGiven] = useState<Given>({ kind: 'none' });
  const whyNot = desk.whyNot('givePass');
  const hosts = detail?.site.hosts ?? [];
  const isHere = hosts.includes('*') || hosts.includes(location.hostname);
  const get = async () => {
    if (whyNot !== null) return;
    const outcome = await desk.client.call('givePass', { params: { room: live.room } });
    if (outcome.kind === 'answer') setGiven({ kind: 'given', until: Date.parse(outcome.value.expiresAt) });
    else
      setGiven({
        kind: 'failed',
        text: outcome.kind === 'problem' ? desk.words.problem(outcome.problem) : desk.words.unanswered,
      });
  };
  return (
    <div class="danger-row pass">
      <h3>{w.pass}</h3>
      <p id="pass-note">{w.passNote}</p>
      {given.kind === 'given' && given.until > desk.now ? (
        <p key="given" role="status">
          {w.passUntil(desk.figures.second(given.until))}{' '}
          <a href={detail?.site.paths?.[0] ?? '/'} target="_blank" rel="noreferrer">
            {w.passOpen}
          </a>
        </p>
      ) : null}
      {given.kind === 'failed' ? (
        <p key="failed" class="fault" role="status">
          {given.text}
        </p>
      ) : null}
      {isHere || detail === null ? null : (
        <p key="other" class="note">
          {w.passOther(hosts.join(', '))}
        </p>
      )}
      {whyNot === null ? null : (
        <p key="why" class="note">
          {whyNot}
        </p>
      )}
      <button
        type="button"
        class="button"
        aria-describedby="pass-note"
        aria-disabled={whyNot === null ? 'false' : 'true'}
        onClick={() => void get()}
      >
        {w.passGet}
      </button>
    </div>
  );
}
