// The draw: what it rests on, how far it is, and where everyone can check it. While the room draws, the seconds until the order is
// expected, and what happens where it is late.

import { useState } from 'hono/jsx/dom';
import type { DrawStatus, Live } from '../../worker/contract/operator-api.ts';
import type { ConsoleState } from '../console-state.ts';
import { formatCount } from '../number-format.ts';
import { Note } from '../parts/note.tsx';

/** A round is at the relays within a second, and a gateway has asked one of them a second later. */
const AFTER_ROUND_MS = 2_000;

/** Enough to compare by eye; the button copies all of it. */
const SEAL_CHARS = 12;

export function DrawPanel({ state, live }: { state: ConsoleState; live: Live }) {
  const t = state.strings.draw;
  const { draw } = live;
  // A room that was closed before its opening has nothing to show.
  if (live.state === 'closed' && draw.state !== 'drawn') return null;
  const { beacon, commitment, commitments } = draw;
  return (
    <section class="card draw" aria-labelledby="draw-title">
      <h2 id="draw-title">{t.title}</h2>
      <p class="draw-state">{drawSentence(state, draw)}</p>
      <dl>
        <dt>{t.seal}</dt>
        <dd>
          <code>{commitment.slice(0, SEAL_CHARS)}…</code> <CopyButton state={state} text={commitment} />
        </dd>
        <dt>{state.strings.field('beacon')}</dt>
        <dd>{beacon === null ? t.without : roundText(state, draw.state, beacon)}</dd>
      </dl>
      <Note key="again" text={commitments > 1 ? t.sealedAgain(commitments) : null} kind="note warn" />
      <p class="draw-links" key="links">
        <a href={draw.proof} target="_blank" rel="noreferrer">
          {t.proof}
        </a>{' '}
        <a href={draw.document} target="_blank" rel="noreferrer">
          {t.document}
        </a>
      </p>
    </section>
  );
}

/** How far the draw is, in one sentence. */
export function drawSentence({ strings, format, now }: ConsoleState, draw: DrawStatus): string {
  const t = strings.draw;
  const { beacon, entries } = draw;
  if (draw.state === 'committed') return t.committed;
  if (draw.state === 'drawn') return t.drawn(entries ?? 0);
  switch (draw.waitsFor) {
    case 'key':
      return t.waitsForKey;
    case 'chain':
      return t.waitsForChain;
    case 'round':
    case 'beacon': {
      if (beacon === null) return t.drawing;
      const expectedMs = Date.parse(beacon.dueAt) + AFTER_ROUND_MS - now;
      if (expectedMs > 0) return t.expected(Math.ceil(expectedMs / 1_000));
      const deadlineMs = Date.parse(beacon.deadline);
      const time = format.timeOrDay(deadlineMs, now);
      const after = beacon.afterDeadline === 'wait' ? t.waitsOn : now < deadlineMs ? t.goesWithout(time) : t.drawing;
      return `${t.late(Math.floor((now - Date.parse(beacon.dueAt)) / 1_000))} ${after}`;
    }
    default:
      return t.drawing;
  }
}

function roundText(
  { strings, format, now }: ConsoleState,
  phase: DrawStatus['state'],
  beacon: NonNullable<DrawStatus['beacon']>,
) {
  const t = strings.draw;
  const round = formatCount(beacon.round);
  if (phase === 'drawn') return beacon.hasArrived ? t.drawnWith(round) : t.withheld(round);
  return t.round(round, format.timeOrDay(Date.parse(beacon.dueAt), now));
}

function CopyButton({ state, text }: { state: ConsoleState; text: string }) {
  const t = state.strings;
  const [copied, setCopied] = useState<'no' | 'yes' | 'failed'>('no');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied('yes');
    } catch {
      // The clipboard is missing (plain HTTP) or denied: then the whole value is shown, to select by hand.
      setCopied('failed');
    }
  };
  return (
    <>
      <button type="button" class="button" aria-label={`${t.copy}: ${t.draw.seal}`} onClick={() => void copy()}>
        {copied === 'yes' ? t.copied : t.copy}
      </button>
      {copied === 'failed' ? (
        <code class="whole" key="whole">
          {text}
        </code>
      ) : null}
    </>
  );
}
