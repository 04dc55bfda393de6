// What an origin tells the gateway in the header of its response to an admitted visitor, as structured fields (RFC 9651). A field that
// does not parse, or says what nothing can be made of, says nothing.

import {
  DisplayString,
  type Item,
  isInnerList,
  parseDictionary,
  parseList,
  serializeList,
  Token,
} from 'structured-headers';
import type { LotCount } from '../../queue-core/command.ts';
import type { PriceRange } from '../../queue-core/document/origin-state.ts';
import { LOT_ID_CHARS_MAX, LOTS_MAX } from '../../queue-core/limits.ts';
import { isLotName, isReference, REMAINING_MAX } from '../contract/origin-call-schema.ts';

export interface OriginSignals {
  command: OriginCommand | null;
  stock: StockSignal | null;
  /** For how long it wants no more visitors; 0: it takes them again; null: it says nothing. */
  overloadSeconds: number | null;
  /** A page for an error is the origin's own, and is shown as it is. */
  keepsErrorPage: boolean;
  /** Fields that say nothing that is understood. */
  unread: readonly string[];
}

export type OriginCommand = { kind: 'complete'; reference: string | null } | { kind: 'readmit' | 'revoke' };

export interface StockSignal {
  /** null: the sum of the lots. */
  remaining: number | null;
  /** When the origin read it, seconds since 1970; null: now. */
  asOfSeconds: number | null;
  /** Of some lots. */
  counts: readonly LotCount[];
}

const OVERLOAD_SECONDS_MAX = 999_999;
/** The end of the year 9999. */
const TIME_SECONDS_MAX = 253_402_300_799;

/**
 * `Fairgate-Command: complete; reference="A-123"`, `Fairgate-Stock: 12; as-of=@1626260400`, `Fairgate-Lots: gangnam=3, floor=9; en="Floor";
 * ko=%"1%ec%b8%b5"; low=99000; high=143000; currency=KRW`, `Fairgate-Overload: 60`, `Fairgate-Error-Page: own`; and `Cf-Waiting-Room-Command: revoke`, as Cloudflare's waiting room reads it.
 */
export function readSignals(headers: Headers): OriginSignals {
  const command = commandIn(headers);
  const stock = stockIn(headers);
  const overloadSeconds = wholeOf(itemIn(headers, 'Fairgate-Overload')?.[0], OVERLOAD_SECONDS_MAX);
  const keepsErrorPage = tokenOf(itemIn(headers, 'Fairgate-Error-Page')) === 'own';
  const read: Record<string, boolean> = {
    'Fairgate-Command': command !== null,
    'Fairgate-Stock': stock !== null && stock.remaining !== null,
    'Fairgate-Lots': stock !== null && stock.counts.length > 0,
    'Fairgate-Overload': overloadSeconds !== null,
    'Fairgate-Error-Page': keepsErrorPage,
  };
  const unread = Object.keys(read).filter((name) => headers.has(name) && read[name] !== true);
  return { command, stock, overloadSeconds, keepsErrorPage, unread };
}

function commandIn(headers: Headers): OriginCommand | null {
  const item = itemIn(headers, 'Fairgate-Command');
  const kind = tokenOf(item);
  if (kind === 'complete') {
    const given = item?.[1].get('reference');
    // Without quotes it is a token, which was meant as the text that it is.
    const reference = given instanceof Token ? given.toString() : given;
    return { kind, reference: typeof reference === 'string' && isReference(reference) ? reference : null };
  }
  if (kind === 'readmit' || kind === 'revoke') return { kind };
  return tokenOf(itemIn(headers, 'Cf-Waiting-Room-Command')) === 'revoke' ? { kind: 'revoke' } : null;
}

function stockIn(headers: Headers): StockSignal | null {
  const item = itemIn(headers, 'Fairgate-Stock');
  const remaining = wholeOf(item?.[0], REMAINING_MAX);
  const counts = countsIn(headers);
  if (remaining === null && (counts.length === 0 || headers.has('Fairgate-Stock'))) return null;
  const asOf = item?.[1].get('as-of');
  if (asOf === undefined) return { remaining, asOfSeconds: null, counts };
  const asOfSeconds = asOf instanceof Date ? wholeOf(asOf.getTime() / 1_000, TIME_SECONDS_MAX) : null;
  return asOfSeconds === null ? null : { remaining, asOfSeconds, counts };
}

function countsIn(headers: Headers): StockSignal['counts'] {
  const text = headers.get('Fairgate-Lots');
  if (text === null) return [];
  try {
    const members = [...parseDictionary(text)].slice(0, LOTS_MAX);
    return members.flatMap(([id, member]) => (isInnerList(member) ? [] : lotIn(id, member)));
  } catch {
    return []; // ParseError: no structured field
  }
}

function lotIn(id: string, [value, parameters]: Item): LotCount[] {
  const remaining = wholeOf(value, REMAINING_MAX);
  if (remaining === null || id.length > LOT_ID_CHARS_MAX) return [];
  const [ko, en] = [nameIn(parameters.get('ko')), nameIn(parameters.get('en'))];
  const name = { ...(ko === null ? {} : { ko }), ...(en === null ? {} : { en }) };
  const price = priceIn(parameters);
  return [{ id, remaining, ...(ko === null && en === null ? {} : { name }), ...(price === null ? {} : { price }) }];
}

/** A String, or a Display String where it is not ASCII. */
function nameIn(value: unknown): string | null {
  const text = value instanceof DisplayString ? value.toString() : value;
  return typeof text === 'string' && isLotName(text) ? text : null;
}

function priceIn(parameters: Item[1]): PriceRange | null {
  const [low, high] = [wholeOf(parameters.get('low'), REMAINING_MAX), wholeOf(parameters.get('high'), REMAINING_MAX)];
  const currency = parameters.get('currency');
  if (low === null || high === null || low > high || !(currency instanceof Token)) return null;
  return /^[A-Z]{3}$/.test(currency.toString()) ? { low, high, currency: currency.toString() } : null;
}

/** A field that stands there twice, as two parts of a site may set it, counts where both say the same. */
function itemIn(headers: Headers, name: string): Item | null {
  const text = headers.get(name);
  if (text === null) return null;
  try {
    const [first, ...others] = parseList(text);
    if (first === undefined || isInnerList(first)) return null;
    const isSame = others.every((one) => serializeList([one]) === serializeList([first]));
    return isSame ? first : null;
  } catch {
    return null; // ParseError: no structured field
  }
}

function tokenOf(item: Item | null): string | null {
  const value = item?.[0];
  return value instanceof Token ? value.toString().toLowerCase() : null;
}

function wholeOf(value: unknown, max: number): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max ? value : null;
}
