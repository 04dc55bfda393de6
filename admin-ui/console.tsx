// The operators' console: which screen is shown, what stands around it, and what the keyboard does everywhere. Everything it
// knows comes from the desk; this is the only file that starts anything.

import { render, useState } from 'hono/jsx/dom';
import * as z from 'zod';
import { chime } from './chime.ts';
import { Desk } from './console-state.ts';
import { Frame } from './frame.tsx';
import { keepPreferences, readPreferences } from './preferences.ts';
import { pressed } from './shortcuts.ts';
import { titleOf } from './title.ts';

// Checked without code made at run time, which the page's policy forbids.
z.config({ jitless: true });

const storage = ownStorage();
let audio: AudioContext | null = null;
let redraw = () => {};
let isDue = false;

const desk = new Desk(
  {
    fetch: (address, init) => fetch(address, init),
    monotonicMs: () => performance.now(),
    later(ms, then) {
      const timer = setTimeout(then, ms);
      return () => clearTimeout(timer);
    },
    changed() {
      // Several changes of one turn are one drawing.
      if (isDue) return;
      isDue = true;
      queueMicrotask(() => {
        isDue = false;
        draw();
      });
    },
    keep(preferences) {
      keepPreferences(storage, preferences);
      listen();
    },
    chime: () => audio !== null && chime(audio),
  },
  readPreferences(storage, document.documentElement.lang),
  location.hash,
);

function Console() {
  const [, turn] = useState(0);
  redraw = () => turn((count) => count + 1);
  return <Frame desk={desk} />;
}

function draw(): void {
  const { language, theme } = desk.preferences;
  document.documentElement.lang = language;
  document.documentElement.dataset['theme'] = theme;
  document.title = titleOf(desk);
  redraw();
}

/** Sound is switched on by a press, which is what browsers ask for, and heard once at that moment. */
function listen(): void {
  if (desk.preferences.sound && audio === null) {
    audio = new AudioContext();
    chime(audio, 2);
  } else if (!desk.preferences.sound && audio !== null) {
    void audio.close();
    audio = null;
  }
}

/** Ticks on the whole second of the gateway's clock, so that countdowns on two screens fall together. */
function tick(): void {
  draw();
  setTimeout(tick, 1000 - (desk.now % 1000));
}

function ownStorage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null; // SecurityError: switched off in this browser
  }
}

const root = document.getElementById('console');
if (root !== null) {
  render(<Console />, root);
  addEventListener('hashchange', () => {
    desk.go(location.hash);
    document.getElementById('main')?.focus({ preventScroll: true });
    scrollTo(0, 0);
  });
  addEventListener('online', () => void desk.watch?.look());
  document.addEventListener(
    'visibilitychange',
    () => document.visibilityState === 'visible' && void desk.watch?.look(),
  );
  document.addEventListener('keydown', (event) => pressed(desk, event));
  void desk.begin();
  tick();
}
