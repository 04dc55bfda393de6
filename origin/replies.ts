// What an origin says back to the gateway, as response headers. The gateway acts on them and removes them; a visitor
// never sees them. Plain objects, so that every framework can take them.

/** Largest integer of a structured field (RFC 9651, 3.3.1). */
const STRUCTURED_INTEGER_MAX = 999_999_999_999_999;

/**
 * - `complete`: the visit is finished, its place is free for the next person.
 * - `revoke`: this visitor's session ends after this response.
 */
export type Command = 'complete' | 'revoke';

export type CommandHeaders = { 'Fairgate-Command': Command };

export function commandHeaders(command: Command): CommandHeaders {
  return { 'Fairgate-Command': command };
}

export type StockHeaders = { 'Fairgate-Stock': string };

/**
 * How much is left, and when that was read (milliseconds since 1970). RFC 9651: an Integer with a Date parameter, for
 * instance `12;as-of=@1637000000`. The second is rounded down: a count may be shown as older than it is, never as newer.
 */
export function stockHeaders(remaining: number, asOfEpochMs: number): StockHeaders {
  const asOfSeconds = Math.floor(asOfEpochMs / 1000);
  if (!Number.isInteger(remaining) || remaining < 0 || remaining > STRUCTURED_INTEGER_MAX) {
    throw new RangeError(`remaining is ${remaining}: put a whole number of 0 or more.`);
  }
  if (!Number.isSafeInteger(asOfSeconds) || asOfSeconds < 0) {
    throw new RangeError(`asOfEpochMs is ${asOfEpochMs}: put the milliseconds since 1970 when the stock was read.`);
  }
  return { 'Fairgate-Stock': `${remaining};as-of=@${asOfSeconds}` };
}
