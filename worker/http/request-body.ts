// Bodies that the gateway reads itself: bounded in length and in time.

import { concatBytes } from '@noble/hashes/utils.js';

/** A form or a few settings, over the worst of connections. */
const READ_MS_MAX = 20_000;

/** The client sent its body too slowly (RFC 9110, 15.5.9). */
export class BodyTooSlow extends Error {
  constructor() {
    super('The body of the request arrived too slowly.');
    this.name = 'BodyTooSlow';
  }
}

/** Reads a body. @returns null if it exceeds the bound, whatever its Content-Length says @throws BodyTooSlow */
export async function readBytes(request: Request, bytesMax: number): Promise<Uint8Array<ArrayBuffer> | null> {
  const { body } = request;
  if (body === null) return new Uint8Array();
  const deadline = Date.now() + READ_MS_MAX;
  const announced = announcedLength(request.headers);
  if (announced === null) return readParts(body, bytesMax, deadline);
  if (announced > bytesMax) {
    await body.cancel();
    return null;
  }
  // Short by its own account, which the runtime enforces: read at once, in a third of the time.
  const bytes = new Uint8Array(await arrived(request.arrayBuffer(), deadline));
  return bytes.length > bytesMax ? null : bytes;
}

/** The length that the request says it has; null where it says none, or where another field decides (RFC 9112, 6.3). */
function announcedLength(headers: Headers): number | null {
  const length = headers.get('Content-Length') ?? '';
  return /^\d{1,15}$/.test(length) && !headers.has('Transfer-Encoding') ? Number(length) : null;
}

async function readParts(
  body: ReadableStream<Uint8Array>,
  bytesMax: number,
  deadline: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await arrived(reader.read(), deadline);
      if (done) return concatBytes(...chunks) as Uint8Array<ArrayBuffer>;
      bytes += value.byteLength;
      if (bytes > bytesMax) {
        await reader.cancel();
        return null;
      }
      chunks.push(value);
    }
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  }
}

/** A part of a body, by a moment of this machine's clock. @throws BodyTooSlow */
export function arrived<T>(part: Promise<T>, deadline: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new BodyTooSlow()), Math.max(0, deadline - Date.now()));
    const settled = <V>(settle: (value: V) => void) => {
      return (value: V) => {
        clearTimeout(timer);
        settle(value);
      };
    };
    part.then(settled(resolve), settled(reject));
  });
}

const decoder = new TextDecoder();

/** Reads a body as text. @returns null if it exceeds the bound @throws BodyTooSlow */
export async function readText(request: Request, bytesMax: number): Promise<string | null> {
  const bytes = await readBytes(request, bytesMax);
  return bytes === null ? null : decoder.decode(bytes);
}
