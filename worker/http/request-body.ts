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
  if (request.body === null) return new Uint8Array();
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const deadline = Date.now() + READ_MS_MAX;
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
export async function arrived<T>(part: Promise<T>, deadline: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new BodyTooSlow()), Math.max(0, deadline - Date.now()));
  try {
    return await Promise.race([part, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads a body as text. @returns null if it exceeds the bound @throws BodyTooSlow */
export async function readText(request: Request, bytesMax: number): Promise<string | null> {
  const bytes = await readBytes(request, bytesMax);
  return bytes === null ? null : new TextDecoder().decode(bytes);
}
