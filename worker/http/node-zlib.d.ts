// The functions of node:zlib that gzip.ts uses; workerd provides them from its compatibility date on.
declare module 'node:zlib' {
  export const constants: { Z_SYNC_FLUSH: number };
  export function crc32(bytes: Uint8Array, before?: number): number;
  export function deflateRawSync(
    bytes: Uint8Array,
    options?: { level?: number; memLevel?: number; dictionary?: Uint8Array; finishFlush?: number },
  ): Uint8Array;
}
