// The browser part of a page: runs the page script, redraws the page with the components that the server rendered, and
// handles what only a browser has: window title, screen reader, focus, sound, network and visibility events.

import { boardAt } from '../../queue-core/board-at.ts';
import { announcer } from './announcer.ts';
import { CALL_SOUND_MS, playCallSound } from './call-sound.ts';
import { show } from './jsx/jsx-runtime.ts';
import type { PageModel } from './model.ts';
import { Page } from './page.tsx';
import { type PageState, visit } from './page-script.ts';
import { headingKey, noticeText, spokenText, titleText } from './page-text.ts';
import { priceText } from './price-text.ts';
import type { Strings } from './strings.ts';
import { timeFormat } from './time-format.ts';

export function startClient(strings: Strings) {
  const embedded: PageModel = JSON.parse((document.getElementById('fairgate') as HTMLElement).textContent);
  const { pathname, search, hash } = location;
  const model = { ...embedded, returnTo: embedded.returnTo ?? pathname + search + hash };
  // The switch of the language leads back here: browsers keep the fragment over its redirect.
  for (const link of document.links) link.hash = hash;
  const main = document.getElementById('page') as HTMLElement;
  const announcements = document.getElementById('announcements') as HTMLElement;
  const monotonicMs = () => performance.now();
  const time = timeFormat(strings.language, model.room?.timeZone);

  let state: PageState = { model, notice: null, busy: false };
  let calledAtStart = firstCalled(model);
  let audio: AudioContext | null = null;
  let soundEndsMs = 0;
  // The clock of a page stops where the device sleeps, and starts late in a stored copy. What was read before must not pass for new, so
  // for that the device's own clock counts as well: if it is wrong, it hides a number until the next answer.
  const deviceMs = () => Date.now() - monotonicMs();
  let readMs = Date.parse(model.board?.serverTime ?? '') - monotonicMs();

  const announce = announcer(announcementKey(model, null), monotonicMs, (text) => {
    announcements.textContent = text;
  });
  const script = visit(
    model,
    {
      fetch: (path, init) => fetch(path, init),
      monotonicMs,
      random: () => Math.random(),
      key: () => crypto.getRandomValues(new Uint32Array(4)).join('-'),
      // Browsers have locks on https only.
      alone: async (work) => (navigator.locks ? navigator.locks.request('fairgate', work) : work()),
      // To go to the page's own address is to load it again, with its fragment.
      async go(path, isCopy) {
        // What a service worker of the site stored for this address, this page, answers again unless it is removed.
        try {
          if (isCopy) for (const name of await caches.keys()) await (await caches.open(name)).delete(path);
        } catch {
          // The browser has no such caches, as on plain http, or keeps them from pages.
        }
        setTimeout(
          () => (embedded.returnTo || path !== model.returnTo ? location.replace(path) : location.reload()),
          soundEndsMs - monotonicMs(),
        );
      },
    },
    (next) => {
      const before = state.model;
      state = next;
      if (next.model.board !== before.board) readMs = deviceMs();
      if (next.model.status?.position !== before.status?.position) calledAtStart = firstCalled(next.model);
      if (next.model.kind === 'called' && before.kind !== 'called') alertVisitor();
      const { message } = next.model.board ?? {};
      const notice = next.notice && noticeText(next.model, strings, next.notice);
      const isNewMessage = message && message.at !== before.board?.message?.at;
      announce(
        announcementKey(next.model, notice),
        notice ?? (isNewMessage ? message.text[strings.language] : spokenText(next.model, strings)),
      );
      draw();
    },
    performance
      .getEntriesByType('navigation')
      .some((entry) => (entry as PerformanceNavigationTiming).type === 'back_forward'),
  );

  function draw() {
    const focused = document.activeElement;
    const scripted = { ...state, calledAtStart, alert: audio !== null, press: script.press, toggleAlert };
    const now = script.now();
    const { board } = state.model;
    document.title = titleText(state.model, strings);
    show(
      main,
      <Page
        model={{ ...state.model, board: board && boardAt(board, now + Math.max(0, deviceMs() - readMs)) }}
        strings={strings}
        now={now}
        scripted={scripted}
        reloadNote={null}
        time={time}
        priceText={priceText}
      />,
    );
    // The focused element may have disappeared with the previous state: the heading of the new state takes the focus.
    if (focused?.isConnected === false) main.querySelector('h1')?.focus();
  }

  function alertVisitor() {
    if (audio === null) return;
    playCallSound(audio);
    navigator.vibrate?.([300, 150, 300]);
    soundEndsMs = monotonicMs() + CALL_SOUND_MS;
  }

  function toggleAlert() {
    if (audio === null) {
      audio = new AudioContext();
      playCallSound(audio, 2);
    } else {
      void audio.close();
      audio = null;
    }
    draw();
  }

  // Redraws on the whole second of the server's clock, so that countdowns on two screens change together.
  const tick = () => {
    draw();
    setTimeout(tick, 1000 - (script.now() % 1000));
  };
  tick();
  addEventListener('online', script.wake);
  addEventListener('offline', script.wentOffline);
  addEventListener('pageshow', ({ persisted }) => persisted && script.restored());
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && script.wake());
}

/** Changes exactly when a screen reader has to announce something at once. */
function announcementKey(model: PageModel, notice: string | null): string {
  return `${headingKey(model)} ${notice ?? ''} ${model.board?.message?.at ?? ''}`;
}

/** `called` when this browser first showed this position: the progress bar starts there, over reloads too. */
function firstCalled({ board, status }: PageModel): number {
  if (board === null || status?.position == null) return 0;
  const key = `fairgate ${board.room} ${board.epoch} ${status.position}`;
  try {
    const stored = Number(localStorage.getItem(key) ?? Number.NaN);
    if (stored <= board.called) return stored;
    localStorage.setItem(key, String(board.called));
  } catch {
    // Storage is disabled or full: the bar starts over with each load of the page.
  }
  return board.called;
}
