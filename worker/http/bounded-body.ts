// The body of a response that a server somewhere else wrote, read as far as a bound.

import { concatBytes } from '@noble/hashes/utils.js';

/** @returns null: it has more bytes than that */
export async function boundedBody({ body }: Response, bytesMax: number): Promise<Uint8Array | null> {
  if (body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return concatBytes(...chunks);
    length += value.byteLength;
    if (length > bytesMax) {
      reader.cancel().catch(() => {}); // The connection is gone already.
      return null;
    }
    chunks.push(value);
  }
}
