// gzip (RFC 1952) for texts that share a prefix: the prefix is compressed once and cached, and the rest continues the same
// DEFLATE stream (RFC 1951) with the prefix as its dictionary. A third of the work, for the same size.

import { constants, crc32, deflateRawSync } from 'node:zlib';

/** Prefixes cached: one for each language, and the empty one. */
const PREFIXES_MAX = 8;

/** No name, no time, unknown system: two gateways produce the same bytes. */
const HEADER = new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

interface Prefix {
  plain: Uint8Array;
  /** Flushed to a byte boundary; the stream is still open. */
  deflated: Uint8Array;
  crc: number;
}

const prefixes = new Map<string, Prefix>();
const encoder = new TextEncoder();

export function gzip(prefix: string, rest: string): Uint8Array {
  const { plain, deflated, crc } = compressedPrefix(prefix);
  const body = encoder.encode(rest);
  const tail = deflateRawSync(body, plain.length === 0 ? {} : { dictionary: plain });
  const out = new Uint8Array(HEADER.length + deflated.length + tail.length + 8);
  out.set(HEADER);
  out.set(deflated, HEADER.length);
  out.set(tail, HEADER.length + deflated.length);
  const trailer = new DataView(out.buffer, out.length - 8);
  trailer.setUint32(0, crc32(body, crc), true);
  trailer.setUint32(4, plain.length + body.length, true);
  return out;
}

function compressedPrefix(text: string): Prefix {
  const cached = prefixes.get(text);
  if (cached !== undefined) return cached;
  const plain = encoder.encode(text);
  const deflated =
    plain.length === 0 ? plain : deflateRawSync(plain, { level: 9, finishFlush: constants.Z_SYNC_FLUSH });
  const prefix = { plain, deflated, crc: crc32(plain) };
  if (prefixes.size < PREFIXES_MAX) prefixes.set(text, prefix);
  return prefix;
}
