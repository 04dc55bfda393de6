// Response headers with which an origin reports to the gateway. The gateway acts on them and removes them, so visitors never
// see them. Plain objects, so that every framework accepts them.

/** The largest number that the gateway takes. */
const COUNT_MAX = 999_999_999_999;

/** Longest reference of a receipt; visible ASCII, spaces inside. */
const REFERENCE_CHARS_MAX = 64;

/**
 * - `complete`: the visit is finished; the vacancy goes to the next visitor.
 * - `readmit`: the visitor met an error; the session gets its full length again, and one that is over a turn at the front.
 * - `revoke`: the visitor's session ends after this response.
 */
export type OriginCommand = 'complete' | 'readmit' | 'revoke';

/**
 * @param reference with `complete`: what the site calls the booking; the visitor gets a signed receipt with it
 * @throws RangeError
 */
export function commandHeaders(
  command: OriginCommand,
  { reference }: { reference?: string } = {},
): { 'Fairgate-Command': string } {
  if (reference === undefined) return { 'Fairgate-Command': command };
  if (reference.length > REFERENCE_CHARS_MAX || !/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(reference)) {
    throw new RangeError(`The reference must be 1 to ${REFERENCE_CHARS_MAX} visible ASCII characters.`);
  }
  return { 'Fairgate-Command': `${command};reference=${structuredString(reference)}` };
}

/** The page of an error is the site's own: the gateway shows it instead of one that says how long the turn is kept. */
export function ownErrorPage(): { 'Fairgate-Error-Page': 'own' } {
  return { 'Fairgate-Error-Page': 'own' };
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

/** A part of the stock that has a name: a clinic, a tier of tickets. */
export interface Lot {
  /** Lower-case letters, digits, `_`, `-`, `.` and `*`, beginning with a letter; at most 32 characters. */
  id: string;
  remaining: number;
  /** As visitors see it, at most 60 characters: one text, or one for each language; the id where nothing is said. */
  name?: string | { ko?: string; en?: string };
  /** In the smallest unit of the currency (ISO 4217): 120000 is 1,200.00 EUR, and 120,000 KRW. */
  price?: { low: number; high: number; currency: string };
}

const LOTS_MAX = 50;
const LOT_NAME_CHARS_MAX = 60;

/**
 * The remaining stock and when it was counted, as an Integer with a Date parameter (RFC 9651): `12;as-of=@1637000000`.
 * The second is rounded down: a count may be shown as older than it is, never as newer.
 * @param remaining whole number, 0 or more
 * @param asOfEpochMs milliseconds since 1970; left out: now
 * @param lots its parts, at most 50; those that are not named keep their last number
 * @throws RangeError
 */
export function stockHeaders(
  remaining: number,
  asOfEpochMs: number = Date.now(),
  lots: readonly Lot[] = [],
): { 'Fairgate-Stock': string; 'Fairgate-Lots'?: string } {
  const asOfSeconds = Math.floor(asOfEpochMs / 1000);
  checkCount('remaining', remaining);
  if (!Number.isSafeInteger(asOfSeconds) || asOfSeconds < 0) {
    throw new RangeError(`asOfEpochMs is ${asOfEpochMs}. Pass milliseconds since 1970.`);
  }
  if (lots.length > LOTS_MAX) throw new RangeError(`There are ${lots.length} lots. Pass at most ${LOTS_MAX}.`);
  const stock = { 'Fairgate-Stock': `${remaining};as-of=@${asOfSeconds}` };
  return lots.length === 0 ? stock : { ...stock, 'Fairgate-Lots': lots.map(lotMember).join(', ') };
}

function lotMember({ id, remaining, name = {}, price }: Lot): string {
  if (!/^[a-z*][a-z0-9_.*-]{0,31}$/.test(id))
    throw new RangeError(`A lot is called "${id}". Pass an id like gangnam-1.`);
  checkCount(`remaining of lot ${id}`, remaining);
  const texts = typeof name === 'string' ? { ko: name, en: name } : name;
  const names = Object.entries(texts).map(([language, text]) => {
    if (language !== 'ko' && language !== 'en')
      throw new RangeError(`The name of lot ${id} has no language ${language}.`);
    if (text.length > LOT_NAME_CHARS_MAX) throw new RangeError(`The name of lot ${id} is too long.`);
    return `;${language}=${displayString(text)}`;
  });
  if (price === undefined) return `${id}=${remaining}${names.join('')}`;
  const { low, high, currency } = price;
  checkCount(`price.low of lot ${id}`, low);
  checkCount(`price.high of lot ${id}`, high);
  if (!/^[A-Z]{3}$/.test(currency))
    throw new RangeError(`The currency of lot ${id} is "${currency}". Pass a code like KRW.`);
  return `${id}=${remaining}${names.join('')};low=${low};high=${high};currency=${currency}`;
}

function checkCount(name: string, count: number): void {
  if (Number.isInteger(count) && count >= 0 && count <= COUNT_MAX) return;
  throw new RangeError(`${name} is ${count}. Pass a whole number from 0 to ${COUNT_MAX}.`);
}

/** RFC 9651, 4.1.6. */
function structuredString(ascii: string): string {
  return `"${ascii.replace(/["\\]/g, '\\$&')}"`;
}

/** RFC 9651, 4.1.11: any text, in ASCII. */
function displayString(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const escaped = Array.from(bytes, (byte) =>
    byte === 0x25 || byte === 0x22 || byte < 0x20 || byte > 0x7e
      ? `%${byte.toString(16).padStart(2, '0')}`
      : String.fromCharCode(byte),
  );
  return `%"${escaped.join('')}"`;
}
