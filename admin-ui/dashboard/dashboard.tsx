// The screen of the evening: what the room does, how far it is, four numbers, what needs somebody's eyes, what can be done.

import { problemKind } from '../../worker/contract/problem-schema.ts';
import type { Desk } from '../console-state.ts';
import { lostSaid } from '../failures.ts';
import { clockParts } from '../number-format.ts';
import { Shape, shapeOf } from '../parts/shape.tsx';
import type { Watched } from '../watch.ts';
import { Deeds } from './action-list.tsx';
import { Alarms } from './alarms.tsx';
import { Charts } from './charts.tsx';
import { Dangers } from './danger-zone.tsx';
import { FlowControls } from './flow-controls.tsx';
import { Limits } from './limits.tsx';
import { MessageCard } from './message.tsx';
import { Numbers } from './numbers.tsx';
import { Pass } from './pass.tsx';

export function Night({ desk, seen }: { desk: Desk; seen: Watched }) {
  const { live } = seen;
  if (live === null) return <Nothing desk={desk} seen={seen} />;
  return (
    <div class="night">
      <Band desk={desk} live={live} isLost={seen.failures > 1} />
      <Contact desk={desk} seen={seen} />
      <Alarms desk={desk} live={live} />
      <Numbers desk={desk} seen={seen} live={live} />
      <div class="columns">
        <div class="controls" key="controls">
          <FlowControls desk={desk} live={live} />
          <Limits desk={desk} live={live} detail={seen.detail} />
          <MessageCard desk={desk} live={live} />
        </div>
        <Charts desk={desk} seen={seen} />
        <Dangers desk={desk} live={live} />
        <Pass desk={desk} live={live} />
      </div>
      <Deeds desk={desk} seen={seen} />
    </div>
  );
}

/** Before the first look is answered, and where there is nothing to look at. */
export function Nothing({ desk, seen }: { desk: Desk; seen: Watched }) {
  const w = desk.words;
  if (seen.isOutdated) return <Outdated desk={desk} />;
  if (seen.problem !== null && problemKind(seen.problem) === 'not-found') {
    return (
      <section class="empty">
        <Shape name="unknown" />
        <h1>{w.contact.missing}</h1>
        <a class="button" href="#/rooms">
          {w.menu.allRooms}
        </a>
      </section>
    );
  }
  if (seen.lostSinceMs !== null) {
    return (
      <section class="empty">
        <Shape name="lost" />
        <h1>{lostSaid(seen.problem, w)}</h1>
        <p>{w.contact.retrying}</p>
        <button type="button" class="button" onClick={() => void desk.watch?.look()}>
          {w.retry}
        </button>
      </section>
    );
  }
  return (
    <section class="empty" aria-busy="true">
      <div class="skeleton" aria-hidden="true">
        <i />
        <i />
        <i />
        <i />
      </div>
      <p>{w.loading}</p>
    </section>
  );
}

function Outdated({ desk }: { desk: Desk }) {
  const w = desk.words.contact;
  return (
    <section class="empty">
      <h1>{w.outdated}</h1>
      <button type="button" class="button primary" onClick={() => location.reload()}>
        {w.reload}
      </button>
    </section>
  );
}

type Live = NonNullable<Watched['live']>;

/** State in a word and a shape, the clock of the opening, and whether the last change is in force. */
function Band({ desk, live, isLost }: { desk: Desk; live: Live; isLost: boolean }) {
  const w = desk.words;
  const name = shapeOf(live.state, live.flow);
  const { figures, now } = desk;
  const opensAt = Date.parse(live.opensAt);
  const ahead = opensAt - now;
  const { days, text } = clockParts(Math.abs(ahead > 0 ? ahead : ahead - 999));
  const isOver = live.state === 'closed' && ahead <= 0;
  const times = [
    w.clock.opening(figures.moment(opensAt, now)),
    live.prequeueAt !== null && Date.parse(live.prequeueAt) > now
      ? w.clock.entries(figures.moment(Date.parse(live.prequeueAt), now))
      : null,
    live.closesAt === null ? null : w.clock.closing(figures.moment(Date.parse(live.closesAt), now)),
  ].filter((time) => time !== null);
  return (
    <section class="band" data-state={isLost ? 'unknown' : name}>
      <div class="band-state">
        <Shape name={name} />
        <div>
          <h1>{w.stateOf(live.state, live.flow)}</h1>
          <p>{name === 'held' ? w.stateNotes.held : w.stateNotes[live.state]}</p>
        </div>
      </div>
      <div
        class="band-clock"
        role="timer"
        aria-label={isOver ? w.clock.closed : ahead > 0 ? w.clock.until : w.clock.since}
      >
        <span>{isOver ? w.clock.closed : ahead > 0 ? w.clock.until : w.clock.since}</span>
        <b>{isOver ? figures.second(opensAt) : days > 0 ? `${w.clock.days(days)} ${text}` : text}</b>
        <small>{times.join(' · ')}</small>
      </div>
      <Force desk={desk} live={live} />
    </section>
  );
}

function Force({ desk, live }: { desk: Desk; live: Live }) {
  const w = desk.words;
  const { figures, now } = desk;
  const since = live.inForceAt === null ? null : Date.parse(live.inForceAt);
  return (
    <p class={since === null ? 'band-force spreading' : 'band-force'}>
      <Shape name={since === null ? 'scheduled' : 'done'} />
      <span>
        {since === null ? w.force.spreading : w.force.since(figures.moment(since, now), live.gateways)}
        <small>{w.force.changed(figures.moment(Date.parse(live.changedAt), now))}</small>
      </span>
    </p>
  );
}

/** Numbers older than this are said to be old. */
const STALE_MS = 3_000;

function ageMs(desk: Desk, seen: Watched): number {
  return seen.live === null ? 0 : Math.max(0, desk.now - Date.parse(seen.live.asOf));
}

export function isStale(desk: Desk, seen: Watched): boolean {
  return ageMs(desk, seen) > STALE_MS;
}

function Contact({ desk, seen }: { desk: Desk; seen: Watched }) {
  const w = desk.words;
  if (seen.isOutdated) return <Outdated desk={desk} />;
  const age = ageMs(desk, seen);
  // One look that failed is no news; its numbers are still fresh.
  if (age <= STALE_MS && seen.failures < 2) return null;
  const seconds = Math.floor(age / 1000);
  const isLost = seen.lostSinceMs !== null;
  return (
    <section class="notice" data-kind={isLost ? 'lost' : 'stale'} role="status">
      <Shape name={isLost ? 'lost' : 'scheduled'} />
      <p>
        <b>{isLost ? lostSaid(seen.problem, w) : w.contact.stale(seconds)}</b>{' '}
        {isLost && seen.live !== null ? (
          <span>
            {w.contact.shownFrom(desk.figures.second(Date.parse(seen.live.asOf)))} {w.contact.retrying}
          </span>
        ) : null}
      </p>
      <button type="button" class="button" onClick={() => void desk.watch?.look()}>
        {w.retry}
      </button>
    </section>
  );
}
