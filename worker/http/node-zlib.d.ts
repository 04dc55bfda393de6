// The part of node:zlib that workerd brings by its compatibility date and gzip.ts uses.
declare module 'node:zlib' {
  export const constants: { Z_SYNC_FLUSH: number };
  export function crc32(bytes: Uint8Array, before?: number): number;
  export function deflateRawSync(
    bytes: Uint8Array,
    options?: { level?: number; dictionary?: Uint8Array; finishFlush?: number },
  ): Uint8Array;
}
