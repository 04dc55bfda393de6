// What a screen reader is told, and how often: at once when the state changes, otherwise at most every half minute, so
// that a number that falls every second is not read out every second.

const QUIET_MS = 30_000;

/** Hands a text to `say` if it is due. The first state is not said: the page itself is being read. */
export function announcer(firstState: string, monotonicMs: () => number, say: (text: string) => void) {
  let saidState = firstState;
  let saidText = '';
  let saidMs = monotonicMs();
  return (state: string, text: string) => {
    const due = state !== saidState || (text !== saidText && monotonicMs() - saidMs >= QUIET_MS);
    if (!due) return;
    saidState = state;
    saidText = text;
    saidMs = monotonicMs();
    say(text);
  };
}
