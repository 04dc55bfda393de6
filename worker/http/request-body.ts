import { concatBytes } from '@noble/hashes/utils.js';

/** Reads a body. @returns null if it exceeds the bound, whatever its Content-Length says */
export async function readBytes(request: Request, bytesMax: number): Promise<Uint8Array<ArrayBuffer> | null> {
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) return null;
    chunks.push(chunk);
  }
  return concatBytes(...chunks) as Uint8Array<ArrayBuffer>;
}

/** Reads a body as text. @returns null if it exceeds the bound */
export async function readText(request: Request, bytesMax: number): Promise<string | null> {
  const bytes = await readBytes(request, bytesMax);
  return bytes === null ? null : new TextDecoder().decode(bytes);
}
