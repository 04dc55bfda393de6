// Whether an evidence pack holds: every file against the signed manifest, the chain of the log, every draw, the sums. Nothing that the
// gateway computes is used for it, so no fault can be shared. What is missing or contradicts itself is a check that fails.

import { createHash } from 'node:crypto';
import { compactVerify, createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet } from 'jose';
import * as z from 'zod';
import { drawSchema } from '../../worker/contract/draw-schema.ts';
import {
  EVIDENCE_TYPE,
  type EvidenceManifest,
  evidenceManifestSchema,
  MANIFEST_FILE,
  SIGNATURE_FILE,
} from '../../worker/contract/evidence-schema.ts';
import { historySchema } from '../../worker/contract/history-schema.ts';
import { auditExportSchema, auditRecordSchema } from '../../worker/contract/log-schema.ts';
import { originRecordSchema } from '../../worker/contract/origin-call-schema.ts';
import { earlierChecks as copyChecks, verifyDraw } from '../draw/draw-checks.ts';
import type { PackFiles } from './pack-files.ts';

export interface PackCheck {
  /** The file, or `pack` for all of it. */
  file: string;
  /** `note`: worth knowing, and no fault. */
  outcome: 'holds' | 'fails' | 'note';
  text: string;
}

export interface PackEvidence {
  pack: PackFiles;
  /** Keys from elsewhere; null: those in the pack. */
  keys: JSONWebKeySet | null;
  /** Hash of the drand chain that is trusted. */
  trustedChain: string;
  /** A pack of the same room from before, with its name. */
  earlier: { name: string; pack: PackFiles } | null;
}

export interface PackVerdict {
  holds: boolean;
  /** The signature was checked with keys from elsewhere. */
  pinned: boolean;
  /** Every file is as it was signed, and there is no other. What the files say may contradict itself all the same. */
  intact: boolean;
  /** null: it is not signed by the key. */
  manifest: EvidenceManifest | null;
  checks: PackCheck[];
}

const holds = (file: string, text: string): PackCheck => ({ file, outcome: 'holds', text });
const fails = (file: string, text: string): PackCheck => ({ file, outcome: 'fails', text });
const note = (file: string, text: string): PackCheck => ({ file, outcome: 'note', text });

const isNoFault = ({ outcome }: PackCheck) => outcome !== 'fails';

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

export async function checkPack({ pack, keys, trustedChain, earlier }: PackEvidence): Promise<PackVerdict> {
  const signed = await signedManifest(pack, keys);
  const pinned = keys !== null;
  if (signed.manifest === null) return { holds: false, pinned, intact: false, manifest: null, checks: signed.checks };
  const { manifest } = signed;
  const asSigned = fileChecks(pack, manifest);
  const checks = [
    ...signed.checks,
    ...asSigned,
    ...logChecks(pack, manifest),
    ...historyChecks(pack, manifest),
    ...callChecks(pack, manifest),
    ...(await drawChecks(pack, manifest, trustedChain, earlier)),
    ...(earlier === null ? [] : await earlierChecks(pack, manifest, earlier, keys)),
  ];
  return { holds: checks.every(isNoFault), pinned, intact: asSigned.every(isNoFault), manifest, checks };
}

interface SignedManifest {
  manifest: EvidenceManifest | null;
  checks: PackCheck[];
}

async function signedManifest({ files }: PackFiles, pinned: JSONWebKeySet | null): Promise<SignedManifest> {
  const refused = (file: string, text: string): SignedManifest => ({ manifest: null, checks: [fails(file, text)] });
  const [bytes, signature] = [files.get(MANIFEST_FILE), files.get(SIGNATURE_FILE)];
  if (bytes === undefined) return refused(MANIFEST_FILE, 'is missing: without it nothing can be checked.');
  if (signature === undefined)
    return refused(SIGNATURE_FILE, 'is missing: nobody says that the manifest is the gateway’s.');
  const own = keysIn(files.get('jwks.json'));
  const keys = pinned ?? own;
  if (keys === null)
    return refused('jwks.json', 'is missing or has no public keys. Give --jwks with those of the gateway.');
  const jws = signature.toString('latin1');
  const payload = await verifiedPayload(jws, keys);
  if (typeof payload === 'string') return refused(SIGNATURE_FILE, payload);
  if (!bytes.equals(payload)) return refused(MANIFEST_FILE, 'was changed: it is not what the gateway signed.');
  const parsed = evidenceManifestSchema.safeParse(jsonIn(bytes));
  if (!parsed.success) {
    return refused(
      MANIFEST_FILE,
      `is signed, but of a form that this version does not know: ${parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ')}`,
    );
  }
  const { kid } = decodeProtectedHeader(jws);
  const text = `is signed by the gateway’s key ${kid}.`;
  const byWhom =
    pinned === null
      ? note(
          SIGNATURE_FILE,
          `is signed by the key ${kid}, which lies in the pack itself. Give --jwks with keys from elsewhere to know whose it is.`,
        )
      : holds(SIGNATURE_FILE, text);
  return { manifest: parsed.data, checks: [byWhom, holds(MANIFEST_FILE, 'is what was signed.')] };
}

/** @returns what was signed; else what is wrong */
async function verifiedPayload(jws: string, keys: JSONWebKeySet): Promise<Buffer | string> {
  const parts = jws.split('.');
  // A decoder may read one signature from several spellings.
  const isCanonical = parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
  if (parts.length !== 3 || !isCanonical) return 'is not a signature (JWS): it was changed.';
  try {
    const header = decodeProtectedHeader(jws);
    if (header.typ !== EVIDENCE_TYPE) return `is of the type ${JSON.stringify(header.typ)}, not of an evidence pack.`;
    if (!keys.keys.some(({ kid }) => kid === header.kid)) {
      return `is by another key: ${JSON.stringify(header.kid)} is not among the keys.`;
    }
    const { payload } = await compactVerify(jws, createLocalJWKSet(keys), { algorithms: ['ES256'] });
    return Buffer.from(payload);
  } catch {
    // JOSEError, or a TypeError for a header that is no JSON.
    return 'does not verify: it was changed, or is by another key.';
  }
}

/** What Finder and Explorer leave in folders. */
const BY_SYSTEM = /^(?:\.DS_Store|\._.*|Thumbs\.db|desktop\.ini)$/;

function fileChecks({ files, strange }: PackFiles, { files: listed }: EvidenceManifest): PackCheck[] {
  const names = new Set(listed.map(({ name }) => name));
  const twice = names.size < listed.length ? [fails(MANIFEST_FILE, 'names a file twice.')] : [];
  const extra = [...files.keys(), ...strange].filter(
    (name) => strange.includes(name) || (!names.has(name) && name !== MANIFEST_FILE && name !== SIGNATURE_FILE),
  );
  return [
    ...twice,
    ...listed.map(({ name, bytes, sha256: digest }) => {
      const content = files.get(name);
      if (content === undefined) return fails(name, 'is missing.');
      if (content.length !== bytes)
        return fails(name, `was changed: it has ${content.length} bytes instead of ${bytes}.`);
      return sha256(content) === digest
        ? holds(name, 'is as it was signed.')
        : fails(name, 'was changed: its SHA-256 is another one.');
    }),
    ...extra.map((name) =>
      BY_SYSTEM.test(name)
        ? note(name, 'was put there by the system that showed the folder, and is no part of the pack.')
        : fails(name, 'does not belong to the pack: the manifest does not name it.'),
    ),
    ...sumsChecks(files, listed),
  ];
}

function sumsChecks(files: PackFiles['files'], listed: EvidenceManifest['files']): PackCheck[] {
  const expected = listed
    .filter(({ name }) => name !== 'SHA256SUMS')
    .map(({ name, sha256: digest }) => `${digest}  ${name}\n`)
    .join('');
  const sums = files.get('SHA256SUMS');
  if (sums === undefined || sums.toString('utf8') === expected) return [];
  return [fails('SHA256SUMS', 'does not have the digests of the manifest.')];
}

function logChecks({ files }: PackFiles, { log, siteLog, room }: EvidenceManifest): PackCheck[] {
  const parsed = auditExportSchema.safeParse(jsonIn(files.get('log.json')));
  if (!parsed.success) return [fails('log.json', 'is not a log.')];
  const { records, whole } = parsed.data;
  let previous = '0'.repeat(64);
  const checks: PackCheck[] = [];
  for (const [index, { hash, ...record }] of records.entries()) {
    const fault =
      record.seq !== index + 1
        ? 'a record before it is missing, or its number occurs twice'
        : record.previous !== previous
          ? 'it does not follow from the record before'
          : sha256(canonical(record)) !== hash
            ? 'its content is not the one that was hashed'
            : null;
    if (fault !== null) {
      checks.push(fails('log.json', `is not whole at record ${record.seq}: ${fault}.`));
      break;
    }
    previous = hash;
  }
  if (parsed.data.log !== room)
    checks.push(fails('log.json', `is of another room, ${JSON.stringify(parsed.data.log)}.`));
  if (records.length !== log.records || previous !== log.head) {
    checks.push(fails('log.json', `does not end as the manifest says: ${log.records} records, the last ${log.head}.`));
  }
  if (!whole || !log.whole) {
    checks.push(fails('log.json', 'comes from a log that the gateway itself found damaged when it made the pack.'));
  }
  if (!siteLog.whole) {
    checks.push(
      fails('site-log.json', 'comes from a log that the gateway itself found damaged when it made the pack.'),
    );
  }
  const site = z.object({ records: z.array(z.unknown()) }).safeParse(jsonIn(files.get('site-log.json')));
  if (site.data?.records.length !== siteLog.about) {
    checks.push(fails('site-log.json', `does not have ${siteLog.about} records, as the manifest says.`));
  }
  return checks.length > 0 ? checks : [holds('log.json', `is a whole chain of ${records.length} records.`)];
}

const callsSchema = z.object({ room: z.string(), records: z.array(originRecordSchema) });

function callChecks({ files }: PackFiles, { calls, room }: EvidenceManifest): PackCheck[] {
  const file = 'origin-calls.json';
  // Of a gateway that kept no such records.
  if (calls === undefined) return [];
  const parsed = callsSchema.safeParse(jsonIn(files.get(file)));
  if (!parsed.success) return [fails(file, 'has no records of what the site said.')];
  const { records } = parsed.data;
  const checks: PackCheck[] = [];
  if (parsed.data.room !== room) checks.push(fails(file, `is of another room, ${JSON.stringify(parsed.data.room)}.`));
  const [first, last] = [records[0]?.seq ?? null, records.at(-1)?.seq ?? null];
  if (records.length !== calls.records || first !== calls.first || last !== calls.last) {
    checks.push(fails(file, `does not have the ${calls.records} records that the manifest names.`));
  }
  const before = (index: number) => records[index - 1]?.seq ?? 0;
  if (records.some(({ seq }, index) => seq <= before(index))) checks.push(fails(file, 'has a record twice.'));
  const gap = records.find(({ seq }, index) => index > 0 && seq > before(index) + 1);
  if (gap !== undefined) {
    const text = `lacks a record before number ${gap.seq}.`;
    checks.push(
      hasLoss(files) ? note(file, `${text} The store had lost writes: log.json says when.`) : fails(file, text),
    );
  }
  const isEarlier = (a: string, b: string) => Date.parse(a) < Date.parse(b);
  if (records.some(({ at }, index) => index > 0 && isEarlier(at, records[index - 1]?.at ?? at))) {
    checks.push(fails(file, 'is not in the order of time.'));
  }
  const numbers = records.filter((record) => record.kind === 'stock');
  if (numbers.some(({ at, asOf }) => isEarlier(at, asOf))) {
    checks.push(fails(file, 'has a number that was shown before the site had read it.'));
  }
  if (checks.some(({ outcome }) => outcome === 'fails')) return checks;
  const others = records.length - numbers.length;
  return [...checks, holds(file, `has ${numbers.length} numbers of what was left, and ${others} calls and signals.`)];
}

/** The store came back older than it was, and the room went on from what gateways remembered. */
function hasLoss(files: PackFiles['files']): boolean {
  const records = auditExportSchema.safeParse(jsonIn(files.get('log.json'))).data?.records ?? [];
  return records.some(({ action }) => action === 'recover');
}

const totalsSchema = z.object({
  openings: z.array(z.looseObject({ epoch: z.number(), refused: z.record(z.string(), z.number()) })),
});
const SUMMED = ['arrived', 'called', 'admitted', 'completed', 'left', 'revoked', 'expired', 'lapsed'] as const;

function historyChecks({ files }: PackFiles, { history }: EvidenceManifest): PackCheck[] {
  const parsed = historySchema.omit({ next: true }).safeParse(jsonIn(files.get('history.json')));
  const totals = totalsSchema.safeParse(jsonIn(files.get('totals.json')));
  if (!parsed.success) return [fails('history.json', 'is not a history.')];
  if (!totals.success) return [fails('totals.json', 'has no sums.')];
  const { buckets } = parsed.data;
  const checks: PackCheck[] = [];
  const times = buckets.map(({ at }) => Date.parse(at));
  const [first, last] = [times[0], times.at(-1)];
  const from = first === undefined ? null : new Date(first).toISOString();
  const to = last === undefined ? null : new Date(last + history.bucketSeconds * 1000).toISOString();
  if (buckets.length !== history.buckets || from !== history.from || to !== history.to) {
    checks.push(fails('history.json', `is not the history that the manifest names: ${history.buckets} buckets.`));
  }
  if (times.some((at, index) => index > 0 && at <= (times[index - 1] ?? 0))) {
    checks.push(fails('history.json', 'is not in the order of time.'));
  }
  const lines = files.get('history.csv')?.toString('utf8').split('\r\n').length ?? 0;
  if (lines !== buckets.length + 2)
    checks.push(fails('history.csv', 'does not have one line for each bucket of history.json.'));
  for (const opening of totals.data.openings) {
    const own = buckets.filter(({ epoch }) => epoch === opening.epoch);
    const differs = [
      ...SUMMED.filter((name) => own.reduce((sum, bucket) => sum + bucket[name], 0) !== opening[name]),
      ...Object.entries(opening.refused).flatMap(([reason, count]) => {
        const sum = own.reduce((total, { refused }) => total + (refused[reason as keyof typeof refused] ?? 0), 0);
        return sum === count ? [] : [`refused.${reason}`];
      }),
    ];
    if (differs.length > 0) {
      checks.push(fails('totals.json', `does not add up for opening ${opening.epoch}: ${differs.join(', ')}.`));
    }
  }
  const epochs = new Set(buckets.map(({ epoch }) => epoch));
  if (epochs.size !== totals.data.openings.length)
    checks.push(fails('totals.json', 'has other openings than history.json.'));
  return checks.length > 0
    ? checks
    : [
        holds(
          'history.json',
          `has ${buckets.length} buckets from ${from ?? 'never'} to ${to ?? 'never'}, and the sums add up.`,
        ),
      ];
}

const readerSchema = z.object(drawSchema.shape);

async function drawChecks(
  { files }: PackFiles,
  { draws, room, epoch }: EvidenceManifest,
  trustedChain: string,
  earlier: PackEvidence['earlier'],
): Promise<PackCheck[]> {
  const names = [...files.keys()].filter((name) => /^draw-\d+\.json$/.test(name));
  const checks: PackCheck[] = [];
  if (names.length !== draws.files)
    checks.push(fails('pack', `has ${names.length} draws; the manifest says ${draws.files}.`));
  if (!names.includes(`draw-${epoch}.json`))
    checks.push(fails('pack', `lacks the draw of the present opening, draw-${epoch}.json.`));
  if (draws.leftOut > 0)
    checks.push(note('pack', `lacks ${draws.leftOut} earlier draws, which one pack does not take.`));
  for (const name of names) {
    const parsed = readerSchema.safeParse(jsonIn(files.get(name)));
    if (!parsed.success) {
      checks.push(fails(name, 'is not a published draw.'));
      continue;
    }
    const draw = parsed.data;
    if (draw.room !== room || name !== `draw-${draw.epoch}.json`) {
      checks.push(fails(name, `is of opening ${draw.epoch} of room ${JSON.stringify(draw.room)}.`));
      continue;
    }
    const before = readerSchema.safeParse(jsonIn(earlier?.pack.files.get(name)));
    if (draw.state !== 'drawn' && draw.epoch === epoch) {
      checks.push(note(name, 'is not made yet; its commitment is in it.'));
      if (before.success && earlier !== null) {
        const differs = copyChecks(draw, earlier.name, before.data).filter(({ outcome }) => outcome === 'fails');
        checks.push(...differs.map(({ text }) => fails(name, text)));
      }
      continue;
    }
    const verdict = await verifyDraw({
      draw,
      earlier: before.success && earlier !== null ? [{ name: earlier.name, draw: before.data }] : [],
      tokens: [],
      keys: null,
      entries: [],
      trustedChain,
      requireBeacon: false,
      relays: null,
    });
    const faults = verdict.checks.filter(({ outcome }) => outcome === 'fails').map(({ text }) => text);
    if (faults.length > 0) checks.push(fails(name, `is not proven: ${faults.join(' ')}`));
    else {
      const how = verdict.withPublicRandomness
        ? ''
        : ', without public randomness: docs/draw.md says what that leaves open';
      checks.push(holds(name, `is proven: ${draw.entries} entries${how}.`));
    }
  }
  return checks;
}

/** Nothing of an older pack may have changed: its records are the first of this one, its draws and its history are in it. */
async function earlierChecks(
  { files }: PackFiles,
  manifest: EvidenceManifest,
  { name, pack }: NonNullable<PackEvidence['earlier']>,
  keys: JSONWebKeySet | null,
): Promise<PackCheck[]> {
  const signed = await signedManifest(pack, keys);
  const before = signed.manifest;
  if (before === null)
    return [
      fails('pack', `The older pack ${name}: ${signed.checks.map(({ file, text }) => `${file} ${text}`).join(' ')}`),
    ];
  const broken = fileChecks(pack, before).filter(({ outcome }) => outcome === 'fails');
  if (broken.length > 0)
    return broken.map(({ file, text }) => fails('pack', `The older pack ${name}: ${file} ${text}`));
  if (before.room !== manifest.room || before.gateway !== manifest.gateway) {
    return [fails('pack', `The older pack ${name} is of room ${before.room} of ${before.gateway}.`)];
  }
  if (Date.parse(before.madeAt) > Date.parse(manifest.madeAt))
    return [fails('pack', `${name} is the newer pack of the two.`)];
  const older = { name, pack };
  return [
    ...recordChecks(files, before, name),
    ...siteChecks(files, older),
    ...keptDraws(files, manifest, older),
    ...keptHistory(files, before, older),
    ...keptCalls(files, older),
  ];
}

type Older = NonNullable<PackEvidence['earlier']>;

function recordChecks(files: PackFiles['files'], before: EvidenceManifest, name: string): PackCheck[] {
  const records = auditExportSchema.safeParse(jsonIn(files.get('log.json'))).data?.records ?? [];
  const head = before.log.records === 0 ? '0'.repeat(64) : records[before.log.records - 1]?.hash;
  return head === before.log.head
    ? [holds('log.json', `begins with the ${before.log.records} records of ${name}.`)]
    : [
        fails(
          'log.json',
          `does not begin with the ${before.log.records} records of ${name}: they were changed since ${before.madeAt}.`,
        ),
      ];
}

const siteLogSchema = z.object({
  records: z.array(auditRecordSchema.omit({ previous: true, hash: true })),
});

/** Numbers of operators are those of one pack. */
function siteChecks(files: PackFiles['files'], { name, pack }: Older): PackCheck[] {
  const recordsOf = (of: PackFiles['files']) => {
    const records = siteLogSchema.safeParse(jsonIn(of.get('site-log.json'))).data?.records ?? [];
    return records.map(({ by, ...record }) => canonical({ ...record, role: by.role }));
  };
  const [now, before] = [recordsOf(files), recordsOf(pack.files)];
  return before.every((record, index) => record === now[index])
    ? []
    : [fails('site-log.json', `does not begin with the ${before.length} records of ${name}.`)];
}

/** A draw that was made stays; an opening that ended without one leaves none. */
function keptDraws(files: PackFiles['files'], { draws }: EvidenceManifest, { name, pack }: Older): PackCheck[] {
  const epochOf = (file: string) => Number(/^draw-(\d+)\.json$/.exec(file)?.[1] ?? Number.NaN);
  const first = Math.min(...[...files.keys()].map(epochOf).filter((epoch) => !Number.isNaN(epoch)));
  return [...pack.files.keys()].flatMap((file): PackCheck[] => {
    const epoch = epochOf(file);
    if (Number.isNaN(epoch) || files.has(file) || (draws.leftOut > 0 && epoch < first)) return [];
    const draw = readerSchema.safeParse(jsonIn(pack.files.get(file)));
    return draw.success && draw.data.state !== 'drawn'
      ? [
          note(
            'pack',
            `has no draw of opening ${epoch}, which was ${draw.data.state} in ${name}: it ended without one.`,
          ),
        ]
      : [fails('pack', `lacks ${file}, which ${name} has.`)];
  });
}

/** A closed bucket never changes; those are dropped that are older than the older pack says. */
function keptHistory(files: PackFiles['files'], { history }: EvidenceManifest, { name, pack }: Older): PackCheck[] {
  const bucketsOf = (of: PackFiles['files']) =>
    historySchema.omit({ next: true }).safeParse(jsonIn(of.get('history.json'))).data?.buckets ?? [];
  const now = new Map(bucketsOf(files).map((bucket) => [Date.parse(bucket.at), canonical(bucket)]));
  const dropped = [...now.keys()].reduce((a, b) => Math.max(a, b), 0) - history.keptHours * 3_600_000;
  const changed = bucketsOf(pack.files).filter((bucket) => {
    const at = Date.parse(bucket.at);
    return at > dropped && now.get(at) !== canonical(bucket);
  });
  return changed.length === 0
    ? []
    : [
        fails(
          'history.json',
          `has ${changed.length} buckets of ${name} changed or missing, the first at ${changed[0]?.at}. Only a store that lost writes does that by itself; log.json then has a record of it ("recover").`,
        ),
      ];
}

/** A record never changes; the oldest are dropped together. */
function keptCalls(files: PackFiles['files'], { name, pack }: Older): PackCheck[] {
  const recordsOf = (of: PackFiles['files']) =>
    callsSchema.safeParse(jsonIn(of.get('origin-calls.json'))).data?.records;
  const [now, before] = [recordsOf(files), recordsOf(pack.files)];
  if (now === undefined || before === undefined) return [];
  const first = now[0]?.seq ?? 0;
  const known = new Map(now.map((record) => [record.seq, canonical(record)]));
  const changed = before.filter((record) => record.seq >= first && known.get(record.seq) !== canonical(record));
  return changed.length === 0
    ? []
    : [
        fails(
          'origin-calls.json',
          `has ${changed.length} records of ${name} changed or missing, the first number ${changed[0]?.seq}. Only a store that lost writes does that by itself; log.json then has a record of it ("recover").`,
        ),
      ];
}

function keysIn(bytes: Buffer | undefined): JSONWebKeySet | null {
  const schema = z.object({
    keys: z
      .array(z.looseObject({ kty: z.string() }))
      .min(1)
      .max(64),
  });
  const parsed = schema.safeParse(jsonIn(bytes));
  return parsed.success ? (parsed.data as JSONWebKeySet) : null;
}

/** undefined: there is no such file, or it is not JSON. */
function jsonIn(bytes: Buffer | undefined): unknown {
  try {
    return bytes === undefined ? undefined : JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined; // SyntaxError
  }
}

/** RFC 8785, 3.2. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const names = Object.keys(value).toSorted((a, b) => (a < b ? -1 : 1));
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical((value as Record<string, unknown>)[name])}`).join(',')}}`;
}
