// Decides when a screen reader announces a text: at once when the state changes, otherwise at most every 30 s, so that a
// number that changes every second is not read out every second.

const REPEAT_MS_MIN = 30_000;

/** Returns a function that calls `announce` when a text is due. The first state is not announced: the page itself is read. */
export function announcer(firstState: string, monotonicMs: () => number, announce: (text: string) => void) {
  let lastState = firstState;
  let lastText = '';
  let lastMs = monotonicMs();
  return (state: string, text: string) => {
    const due = state !== lastState || (text !== lastText && monotonicMs() - lastMs >= REPEAT_MS_MIN);
    if (!due) return;
    lastState = state;
    lastText = text;
    lastMs = monotonicMs();
    announce(text);
  };
}
