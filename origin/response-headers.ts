// Response headers with which an origin reports to the gateway. The gateway acts on them and removes them, so visitors never
// see them. Plain objects, so that every framework accepts them.

/** Largest Integer of a structured field (RFC 9651, 3.3.1). */
const STRUCTURED_INTEGER_MAX = 999_999_999_999_999;

/**
 * - `complete`: the visit is finished; the vacancy goes to the next visitor.
 * - `revoke`: the visitor's session ends after this response.
 */
export type OriginCommand = 'complete' | 'revoke';

export function commandHeaders(command: OriginCommand): { 'Fairgate-Command': OriginCommand } {
  return { 'Fairgate-Command': command };
}

/** Longest time that the gateway keeps visitors away; say it again for longer. */
const OVERLOAD_SECONDS_MAX = 600;

/**
 * The site wants no more visitors for so long; those inside stay. On any response to an admitted visitor, also on a 503.
 * @param seconds whole number from 0 to 600; 0: it takes visitors again
 * @throws RangeError
 */
export function overloadHeaders(seconds: number): { 'Fairgate-Overload': string } {
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > OVERLOAD_SECONDS_MAX) {
    throw new RangeError(`seconds is ${seconds}. Pass a whole number from 0 to ${OVERLOAD_SECONDS_MAX}.`);
  }
  return { 'Fairgate-Overload': String(seconds) };
}

/**
 * The remaining stock and when it was counted, as an Integer with a Date parameter (RFC 9651): `12;as-of=@1637000000`.
 * The second is rounded down: a count may be shown as older than it is, never as newer.
 * @param remaining whole number, 0 or more
 * @param asOfEpochMs milliseconds since 1970
 * @throws RangeError
 */
export function stockHeaders(remaining: number, asOfEpochMs: number): { 'Fairgate-Stock': string } {
  const asOfSeconds = Math.floor(asOfEpochMs / 1000);
  if (!Number.isInteger(remaining) || remaining < 0 || remaining > STRUCTURED_INTEGER_MAX) {
    throw new RangeError(`remaining is ${remaining}. Pass a whole number of 0 or more.`);
  }
  if (!Number.isSafeInteger(asOfSeconds) || asOfSeconds < 0) {
    throw new RangeError(`asOfEpochMs is ${asOfEpochMs}. Pass milliseconds since 1970.`);
  }
  return { 'Fairgate-Stock': `${remaining};as-of=@${asOfSeconds}` };
}
