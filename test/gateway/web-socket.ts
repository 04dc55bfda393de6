// The parts of RFC 6455 that an echo needs: the handshake, and unfragmented frames of under 126 bytes.

import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Opcodes (RFC 6455, 5.2). */
const TEXT = 0x1;
export const BINARY = 0x2;

/** A client's request for a WebSocket. @param fields further header lines, each with its line end */
export function handshake(path: string, host: string, fields: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${fields}\r\n`;
}

/** Answers a client's handshake. */
export function acceptSocket({ headers }: IncomingMessage, socket: Duplex): void {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${GUID}`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on('error', () => {});
}

/** Clients mask, servers do not (RFC 6455, 5.1). */
export function frame(payload: Buffer, masked: boolean, opcode: number): Buffer {
  if (payload.length > 125) throw new RangeError('Only frames of up to 125 bytes are supported.');
  const first = 0x80 | opcode;
  if (!masked) return Buffer.concat([Buffer.from([first, payload.length]), payload]);
  const mask = randomBytes(4);
  const maskedPayload = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([first, 0x80 | payload.length]), mask, maskedPayload]);
}

export function textFrame(text: string, masked: boolean): Buffer {
  return frame(Buffer.from(text), masked, TEXT);
}

/** The first frame in the bytes; null while it is incomplete. */
export function readFrame(bytes: Buffer): { opcode: number; payload: Buffer } | null {
  if (bytes.length < 2) return null;
  const opcode = (bytes[0] ?? 0) & 0x0f;
  const length = (bytes[1] ?? 0) & 0x7f;
  const isMasked = ((bytes[1] ?? 0) & 0x80) !== 0;
  const start = isMasked ? 6 : 2;
  if (bytes.length < start + length) return null;
  const payload = bytes.subarray(start, start + length);
  if (!isMasked) return { opcode, payload };
  return { opcode, payload: Buffer.from(payload.map((byte, index) => byte ^ (bytes[2 + (index % 4)] ?? 0))) };
}

/** The text of the first frame in the bytes; null while it is incomplete. */
export function readTextFrame(bytes: Buffer): string | null {
  return readFrame(bytes)?.payload.toString() ?? null;
}
