import { concatBytes } from '@noble/hashes/utils.js';

/** Reads a body as text. @returns null if it exceeds the bound, whatever its Content-Length says */
export async function readText(request: Request, bytesMax: number): Promise<string | null> {
  if (request.body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) return null;
    chunks.push(chunk);
  }
  return new TextDecoder().decode(concatBytes(...chunks));
}
