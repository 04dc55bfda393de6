// Entry point of the operator console: connects the console's state to the browser, draws it, and listens to the keyboard.

import { render, useState } from 'hono/jsx/dom';
import * as z from 'zod';
import { chime } from './chime.ts';
import { ConsoleState } from './console-state.ts';
import { Frame } from './frame.tsx';
import { readPreferences, savePreferences } from './preferences.ts';
import { handleKey } from './shortcuts.ts';
import { titleOf } from './title.ts';

// The page's policy forbids the code that zod would otherwise generate at run time.
z.config({ jitless: true });

const storage = localStorageIfAllowed();
let audio: AudioContext | null = null;
let redraw = () => {};
let isDrawScheduled = false;

const state = new ConsoleState(
  {
    fetch: (address, init) => fetch(address, init),
    monotonicMs: () => performance.now(),
    schedule(ms, callback) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    changed() {
      // Several changes in one turn are drawn once.
      if (isDrawScheduled) return;
      isDrawScheduled = true;
      queueMicrotask(() => {
        isDrawScheduled = false;
        draw();
      });
    },
    savePreferences(preferences) {
      savePreferences(storage, preferences);
      switchSound();
    },
    chime: () => audio !== null && chime(audio),
  },
  readPreferences(storage, document.documentElement.lang),
  location.hash,
  document.getElementById('console')?.dataset['provider'] ?? null,
);

function Console() {
  const [, setDrawings] = useState(0);
  redraw = () => setDrawings((count) => count + 1);
  return <Frame state={state} />;
}

function draw(): void {
  const { language, theme } = state.preferences;
  document.documentElement.lang = language;
  document.documentElement.dataset['theme'] = theme;
  document.title = titleOf(state);
  redraw();
}

/** Browsers allow sound only after a click, such as the one on this switch; the operator then hears it once. */
function switchSound(): void {
  if (state.preferences.sound && audio === null) {
    audio = new AudioContext();
    chime(audio, 2);
  } else if (!state.preferences.sound && audio !== null) {
    void audio.close();
    audio = null;
  }
}

/** Draws on the whole second of the gateway's clock, so that countdowns on two screens agree. */
function tick(): void {
  draw();
  setTimeout(tick, 1000 - (state.now % 1000));
}

function localStorageIfAllowed(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null; // SecurityError: storage is disabled in this browser
  }
}

const root = document.getElementById('console');
if (root !== null) {
  render(<Console />, root);
  addEventListener('hashchange', () => {
    state.navigate(location.hash);
    document.getElementById('main')?.focus({ preventScroll: true });
    scrollTo(0, 0);
  });
  addEventListener('online', () => void state.watch?.poll());
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void state.returned());
  document.addEventListener('keydown', (event) => handleKey(state, event));
  void state.start();
  tick();
}
