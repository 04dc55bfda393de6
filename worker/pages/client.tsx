// The script of a page: shows the visit as it goes on, with the components that the server rendered, and looks after
// what only a browser has: title, screen reader, focus, sound, the network coming and going.

import { announcer } from './announcer.ts';
import { CHIME_MS, chime } from './chime.ts';
import { show } from './jsx/jsx-runtime.ts';
import type { PageModel } from './model.ts';
import { headingKey, noticeText, Page, spoken, titleOf } from './page.tsx';
import { visit } from './page-script.ts';
import type { Words } from './strings.ts';

export function start(words: Words) {
  const model: PageModel = JSON.parse(document.getElementById('fairgate')?.textContent ?? '');
  const main = document.getElementById('page') as HTMLElement;
  const live = document.getElementById('spoken') as HTMLElement;
  const monotonicMs = () => performance.now();

  let shown: Parameters<Parameters<typeof visit>[2]>[0] = { model, notice: null, busy: false };
  let began = firstSeen(model);
  let audio: AudioContext | null = null;
  let soundEndsMs = 0;

  const announce = announcer(`${headingKey(model)}  ${model.board?.message?.at ?? ''}`, monotonicMs, (text) => {
    live.textContent = text;
  });
  const journey = visit(
    model,
    {
      fetch: (path, init) => fetch(path, init),
      monotonicMs,
      random: () => Math.random(),
      key: () => crypto.getRandomValues(new Uint32Array(4)).join('-'),
      go: (path) => setTimeout(() => location.replace(path), soundEndsMs - monotonicMs()),
    },
    (next) => {
      const before = shown;
      shown = next;
      if (next.model.status?.position !== before.model.status?.position) began = firstSeen(next.model);
      if (next.model.kind === 'called' && before.model.kind !== 'called') called();
      const { message } = next.model.board ?? {};
      const notice = next.notice && noticeText({ words, ...next }, next.notice);
      const isNew = message && message.at !== before.model.board?.message?.at;
      const said = notice ?? (isNew ? message.text[words.language] : spoken({ words, ...next }));
      announce(`${headingKey(next.model)} ${notice ?? ''} ${message?.at ?? ''}`, said);
      draw();
    },
    performance
      .getEntriesByType('navigation')
      .some((entry) => (entry as PerformanceNavigationTiming).type === 'back_forward'),
  );

  function draw() {
    const focused = document.activeElement;
    const scripted = { ...shown, began, alert: audio !== null, press: journey.press, toggleAlert };
    document.title = titleOf({ model: shown.model, words });
    show(main, <Page model={shown.model} words={words} now={journey.now()} scripted={scripted} />);
    // What had the focus may be gone with the state that it belonged to; the new state is the place to go on from.
    if (focused?.isConnected === false) main.querySelector('h1')?.focus();
  }

  function called() {
    if (audio === null) return;
    chime(audio);
    navigator.vibrate?.([300, 150, 300]);
    soundEndsMs = monotonicMs() + CHIME_MS;
  }

  function toggleAlert() {
    if (audio === null) {
      audio = new AudioContext();
      chime(audio, 2);
    } else {
      void audio.close();
      audio = null;
    }
    draw();
  }

  // Ticks on the whole second of the server's clock, so that countdowns on two screens fall together.
  const tick = () => {
    draw();
    setTimeout(tick, 1000 - (journey.now() % 1000));
  };
  tick();
  addEventListener('online', journey.wake);
  addEventListener('offline', journey.lost);
  addEventListener('pageshow', ({ persisted }) => persisted && journey.revive());
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && journey.wake());
}

/** `called` when this place was first on this browser's screen: only for the bar, which then moves from there. */
function firstSeen({ board, status }: PageModel): number {
  if (board === null || status?.position == null) return 0;
  const key = `fairgate ${board.room} ${board.epoch} ${status.position}`;
  try {
    const seen = Number(localStorage.getItem(key) ?? Number.NaN);
    if (seen <= board.called) return seen;
    localStorage.setItem(key, String(board.called));
  } catch {
    // Storage switched off: the bar begins anew with each load of the page.
  }
  return board.called;
}
