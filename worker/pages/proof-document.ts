// The published draw as a browser reads it (docs/draw.md): every field that a check uses has its form, unknown fields are ignored, and
// another `format` is another rule. The server's schema is worker/contract/draw-schema.ts; a test holds the two together.

import type { DrandChain } from '../../queue-core/draw.ts';

export interface DrawBeacon {
  chain: DrandChain;
  round: number;
  randomness: string | null;
  signature: string | null;
  deadline: string;
  afterDeadline: 'wait' | 'withoutBeacon';
}

export interface Draw {
  format: 'fairgate/draw/v1';
  room: string;
  epoch: number;
  state: 'committed' | 'drawing' | 'drawn';
  commitments: readonly { commitment: string; at: string }[];
  opensAt: string;
  beacon: DrawBeacon | null;
  entries: number | null;
  secret: string | null;
  seed: string | null;
}

/** A document has about 2 KB, and a hundred commitments at most. */
export const DRAW_CHARS_MAX = 256 * 1024;
const COMMITMENTS_MAX = 100;
/** The rule counts blocks of 256 entries in four bytes. */
const ENTRIES_MAX = 2 ** 40;

/** @returns null: it is not a draw by the rule that this page knows */
export function readDraw(text: string): Draw | null {
  if (text.length > DRAW_CHARS_MAX) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isDraw(value) ? value : null;
  } catch {
    return null; // SyntaxError: not JSON
  }
}

type Fields = Record<string, unknown>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isHex = (value: unknown, bytes: number) =>
  typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value);
const isNullOr = (value: unknown, is: (value: unknown) => boolean) => value === null || is(value);
const isDigest = (value: unknown) => isHex(value, 32);
const isMoment = (value: unknown) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]{8,12}Z$/.test(value) && !Number.isNaN(Date.parse(value));
const isWhole = (value: unknown, min: number, max = Number.MAX_SAFE_INTEGER) =>
  Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;

export function isDraw(value: unknown): value is Draw {
  return (
    isObject(value) &&
    value['format'] === 'fairgate/draw/v1' &&
    typeof value['room'] === 'string' &&
    isWhole(value['epoch'], 1) &&
    ['committed', 'drawing', 'drawn'].includes(value['state'] as string) &&
    Array.isArray(value['commitments']) &&
    value['commitments'].length > 0 &&
    value['commitments'].length <= COMMITMENTS_MAX &&
    value['commitments'].every((one) => isObject(one) && isDigest(one['commitment']) && isMoment(one['at'])) &&
    isMoment(value['opensAt']) &&
    isNullOr(value['beacon'], isBeacon) &&
    isNullOr(value['entries'], (entries) => isWhole(entries, 0, ENTRIES_MAX)) &&
    isNullOr(value['secret'], isDigest) &&
    isNullOr(value['seed'], isDigest)
  );
}

function isBeacon(value: unknown): boolean {
  if (!isObject(value) || !isObject(value['chain'])) return false;
  const { chain } = value;
  return (
    isDigest(chain['hash']) &&
    isHex(chain['publicKey'], 96) &&
    typeof chain['scheme'] === 'string' &&
    isWhole(chain['genesisTime'], 1) &&
    isWhole(chain['period'], 1) &&
    isDigest(chain['groupHash']) &&
    typeof chain['beaconId'] === 'string' &&
    isWhole(value['round'], 1) &&
    isNullOr(value['randomness'], isDigest) &&
    isNullOr(value['signature'], (signature) => isHex(signature, 48)) &&
    isMoment(value['deadline']) &&
    ['wait', 'withoutBeacon'].includes(value['afterDeadline'] as string)
  );
}
