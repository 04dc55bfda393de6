import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { DrandChain } from '../../queue-core/draw.ts';

/** drand's own default, which is left out of the hash. */
const DEFAULT_BEACON_ID = 'default';

/** `SHA-256(uint32be(period) || int64be(genesisTime) || publicKey || groupHash || beaconId)` (drand, common/chain/info.go). */
export function chainHash(chain: Omit<DrandChain, 'hash' | 'scheme'>): string {
  const times = new DataView(new ArrayBuffer(12));
  times.setUint32(0, chain.period);
  times.setBigInt64(4, BigInt(chain.genesisTime));
  const id = chain.beaconId === DEFAULT_BEACON_ID ? '' : chain.beaconId;
  const parts = [hexToBytes(chain.publicKey), hexToBytes(chain.groupHash), utf8ToBytes(id)];
  return bytesToHex(sha256(concatBytes(new Uint8Array(times.buffer), ...parts)));
}
