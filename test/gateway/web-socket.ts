// The parts of RFC 6455 that an echo needs: the handshake's accept key and unfragmented text frames of under 126 bytes.

import { createHash, randomBytes } from 'node:crypto';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}${GUID}`).digest('base64');
}

/** Clients mask, servers do not (RFC 6455, 5.1). */
export function textFrame(text: string, masked: boolean): Buffer {
  const payload = Buffer.from(text);
  if (payload.length > 125) throw new RangeError('Only frames of up to 125 bytes are supported.');
  if (!masked) return Buffer.concat([Buffer.from([0x81, payload.length]), payload]);
  const mask = randomBytes(4);
  const maskedPayload = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, maskedPayload]);
}

/** The text of the first frame in the bytes; null while it is incomplete. */
export function readTextFrame(bytes: Buffer): string | null {
  if (bytes.length < 2) return null;
  const length = (bytes[1] ?? 0) & 0x7f;
  const isMasked = ((bytes[1] ?? 0) & 0x80) !== 0;
  const start = isMasked ? 6 : 2;
  if (bytes.length < start + length) return null;
  const payload = bytes.subarray(start, start + length);
  if (!isMasked) return payload.toString();
  return Buffer.from(payload.map((byte, index) => byte ^ (bytes[2 + (index % 4)] ?? 0))).toString();
}
