// When something of a log was, to the second, with its day.

import type { ConsoleState } from '../console-state.ts';

export function LogTime({ state: { format }, at }: { state: ConsoleState; at: string }) {
  const ms = Date.parse(at);
  return (
    <time datetime={at}>
      <b>{format.time(ms)}</b>
      <small>{format.date(ms)}</small>
    </time>
  );
}
