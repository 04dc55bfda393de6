// The evidence pack: what a gateway states about one room, for people who trust neither it nor its operator. The manifest names every
// file by its SHA-256 and is signed (JWS); decision 36 says what is left out of the pack, and why.

import * as z from 'zod';
import { HISTORY_BUCKETS_MAX } from '../../queue-core/limits.ts';
import { count, moment } from './value-schema.ts';

export const EVIDENCE_FORMAT = 'fairgate/evidence/v1';

/** `typ` of the signed manifest, which no token has: `application/evidence+jws`. */
export const EVIDENCE_TYPE = 'evidence+jws';

/** Draws in one pack, the latest ones; what is left out is counted. */
export const EVIDENCE_DRAWS_MAX = 1_000;

/** Files in one pack, the manifest and its signature among them. */
export const EVIDENCE_FILES_MAX = EVIDENCE_DRAWS_MAX + 32;

export const MANIFEST_FILE = 'manifest.json';
export const SIGNATURE_FILE = 'manifest.jws';

/** Stands in place of a value that is not disclosed. */
export const WITHHELD = { withheld: true } as const;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 32 bytes in lower-case hex');

/** A name that every file system takes as it is, and no path. */
export const evidenceFileName = z
  .string()
  .regex(/^[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*\.[a-z0-9]+$|^SHA256SUMS$/)
  .max(80);

const chainSchema = z.object({
  records: count.describe('Records that were read.'),
  whole: z
    .boolean()
    .describe(
      'Whether the gateway found each original record to follow from the one before, and none missing at the end.',
    ),
});

export const evidenceManifestSchema = z.object({
  format: z.literal(EVIDENCE_FORMAT),
  gateway: z.url().describe('The address by which visitors know the gateway.'),
  room: z.string(),
  epoch: count.describe('The opening that was the present one.'),
  madeAt: moment.describe('The time of the room’s store.'),
  log: chainSchema.extend({
    head: sha256.describe('Hash of the last record in log.json; of 32 zero bytes where there is none.'),
    seal: sha256.describe(
      'HMAC-SHA-256 of the hash of the last original record, with a key that only the holder of the signing key can derive.',
    ),
  }),
  siteLog: chainSchema.extend({ about: count.describe('Records among them that are about this room.') }),
  history: z.object({
    bucketSeconds: count,
    buckets: count.max(HISTORY_BUCKETS_MAX + 1),
    from: moment.nullable().describe('Start of the first bucket; null: there is none.'),
    to: moment.nullable().describe('End of the last bucket.'),
    keptHours: count.describe('How long the gateway keeps buckets: earlier ones are not in the pack.'),
  }),
  calls: z
    .object({
      records: count,
      first: count.nullable().describe('Number of the first record; null: there is none. Earlier ones were dropped.'),
      last: count.nullable(),
    })
    .optional()
    .describe('Records of what the site said, in origin-calls.json; absent: of a gateway that kept none.'),
  draws: z.object({ files: count, leftOut: count.describe('Earlier draws, beyond what one pack takes.') }),
  files: z
    .array(z.object({ name: evidenceFileName, bytes: count, sha256 }))
    .max(EVIDENCE_FILES_MAX)
    .describe('Every file but the manifest and its signature, in the order of the archive.'),
});
export type EvidenceManifest = z.output<typeof evidenceManifestSchema>;
