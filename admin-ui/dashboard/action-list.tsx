// What this operator has just done: whether it is in force everywhere, the way back where there is one, and what to do where
// it did not come about. Stays until it is put away; nothing here vanishes by itself.

import { type DeedRecord, reversal } from '../actions.ts';
import { tellShort } from '../changes.ts';
import type { Desk } from '../console-state.ts';
import { isPassing } from '../failures.ts';
import { KeyCap } from '../parts/key-cap.tsx';
import type { Watched } from '../watch.ts';

export function Deeds({ desk, seen }: { desk: Desk; seen: Watched }) {
  // The newest, and of the ones before it those that somebody still has to decide on; the rest is in the log.
  const own = desk.deeds.filter(({ room }) => room === seen.room);
  const deeds = own.filter(({ phase }, index) => index === 0 || isOpen(phase));
  if (deeds.length === 0) return null;
  return (
    <section class="deeds" aria-label={desk.words.deeds.title} key="deeds">
      <ul>
        {deeds.map((record) => (
          <li key={String(record.id)} data-phase={record.phase.kind}>
            <div class="deed-said">
              <Said desk={desk} seen={seen} record={record} />
            </div>
            <Ways desk={desk} seen={seen} record={record} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function isOpen({ kind }: DeedRecord['phase']): boolean {
  return kind !== 'done' && kind !== 'unchanged' && kind !== 'sending';
}

/** A flow can always be set anew, also where what it was before is not known. */
function isFinal(deed: DeedRecord['deed']): boolean {
  return deed.kind !== 'flow' && reversal(deed) === null;
}

interface DeedProps {
  desk: Desk;
  seen: Watched;
  record: DeedRecord;
}

function Said({ desk, seen, record }: DeedProps) {
  const w = desk.words;
  const { figures, now } = desk;
  const what = record.isUndo ? w.deeds.back(w.deed(record.deed)) : w.deed(record.deed);
  const { phase } = record;
  switch (phase.kind) {
    case 'sending':
      return (
        <p>
          <b>{what}</b> <span>{w.deeds.sending}</span>
        </p>
      );
    case 'done':
      return (
        <>
          <p>
            <b>{phase.at === null ? what : w.deeds.at(what, figures.moment(Date.parse(phase.at), now))}</b>{' '}
            <span>{record.undone ? w.deeds.undone : isFinal(record.deed) ? w.deeds.final : ''}</span>
          </p>
          <InForce desk={desk} seen={seen} at={phase.at} by={phase.inForceBy} />
        </>
      );
    case 'unchanged':
      return (
        <p>
          <b>{what}</b> <span>{w.deeds.unchanged}</span>
        </p>
      );
    case 'conflict': {
      const last = seen.records.at(-1);
      return (
        <>
          <p>
            <b>{what}</b> <span>{w.deeds.conflict}</span>
          </p>
          {last === undefined ? null : (
            <p class="note">
              {w.deeds.conflictBy(last.by.name, tellShort(last, w, figures), figures.moment(Date.parse(last.at), now))}
            </p>
          )}
        </>
      );
    }
    case 'refused':
      return (
        <p>
          <b>{what}</b> <span>{w.problem(phase.problem)}</span>
        </p>
      );
    case 'unknown':
      return (
        <p>
          <b>{what}</b> <span>{w.unanswered}</span>
        </p>
      );
    case 'signedOut':
      return (
        <p>
          <b>{what}</b> <span>{w.deeds.signedOut}</span>
        </p>
      );
  }
}

/** A change that a later one has replaced is in force with it. */
function InForce({ desk, seen, at, by }: { desk: Desk; seen: Watched; at: string | null; by: string | null }) {
  const w = desk.words.force;
  const { live } = seen;
  const { figures, now } = desk;
  if (live === null || at === null) return null;
  const isRead = Date.parse(live.changedAt) >= Date.parse(at);
  const since = isRead && live.inForceAt !== null ? Date.parse(live.inForceAt) : null;
  return (
    <p class="note">
      {since !== null
        ? w.since(figures.moment(since, now), live.gateways)
        : by === null
          ? w.spreading
          : w.by(figures.moment(Date.parse(by), now))}
    </p>
  );
}

function Ways({ desk, seen, record }: DeedProps) {
  const w = desk.words.deeds;
  const { phase, id } = record;
  const again =
    phase.kind === 'conflict' ||
    phase.kind === 'signedOut' ||
    phase.kind === 'unknown' ||
    (phase.kind === 'refused' && isPassing(phase.problem));
  const canUndo = phase.kind === 'done' && !record.undone && !record.isUndo && reversal(record.deed) !== null;
  return (
    <div class="deed-ways">
      {canUndo ? (
        <button type="button" class="button undo" key="undo" aria-keyshortcuts="Z" onClick={() => void desk.undo(id)}>
          {w.undo}
          <KeyCap name="Z" />
        </button>
      ) : null}
      {again ? (
        <button type="button" class="button" key="again" onClick={() => void desk.doAnyway(id)}>
          {phase.kind === 'conflict' ? w.anyway : w.again}
        </button>
      ) : null}
      {phase.kind === 'conflict' ? (
        <a class="button quiet" key="look" href={`#/rooms/${seen.room}/log`}>
          {w.look}
        </a>
      ) : null}
      {phase.kind === 'sending' ? null : (
        <button type="button" class="button quiet" key="dismiss" onClick={() => desk.dismiss(id)}>
          {phase.kind === 'conflict' ? w.leave : w.dismiss}
        </button>
      )}
    </div>
  );
}
