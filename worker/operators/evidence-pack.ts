// The evidence pack of a room: one ZIP archive, made while it is sent, of files that the gateway reads from the store by itself. The
// last two are the manifest with the SHA-256 of every other file, and its signature: a pack that broke off has neither. Nothing of the
// request gets into a pack, so nobody can have anything signed.

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { AuditHead } from '../../queue-core/audit.ts';
import type { RoomView } from '../../queue-core/board.ts';
import { HISTORY_BUCKET_MS, HISTORY_BUCKETS_MAX } from '../../queue-core/limits.ts';
import type { Page } from '../../queue-core/machine.ts';
import type { PastDraw } from '../../queue-core/past-draw.ts';
import { type EpochMs, rfc3339 } from '../../queue-core/time.ts';
import {
  EVIDENCE_DRAWS_MAX,
  EVIDENCE_FORMAT,
  type EvidenceManifest,
  MANIFEST_FILE,
  SIGNATURE_FILE,
} from '../contract/operator-api.ts';
import { publishedDraw } from '../gate/published-draw.ts';
import type { Gateway } from '../gateway.ts';
import { operatorProblem } from '../http/problems.ts';
import { type ZipFile, zipArchive } from '../http/zip-stream.ts';
import { originCallsParts, type ReadCalls } from './evidence-calls.ts';
import { Disclosure } from './evidence-disclosure.ts';
import { HeldHistory, type HistorySums, historyCsvParts, historyJsonParts, shownParts } from './evidence-history.ts';
import { type LogSource, type ReadLog, roomLogParts, siteLogParts } from './evidence-log.ts';
import { readmeEnglish } from './evidence-readme-en.ts';
import { readmeKorean } from './evidence-readme-ko.ts';
import type { Handlers } from './operation-context.ts';
import { allPages } from './row-pages.ts';

type PackGateway = Pick<Gateway, 'evidencePacks' | 'evidenceSeals' | 'publicUrl' | 'store' | 'tokens'>;

export function evidenceHandlers(gateway: PackGateway): Handlers<'evidence'> {
  return {
    async evidence(c) {
      const { snapshot, config } = c.var.room;
      const waitSeconds = gateway.evidencePacks.secondsToWait(config.id);
      if (waitSeconds > 0) return operatorProblem('too-many-requests', { 'Retry-After': String(waitSeconds) });
      // Everything is read up to this view. Where the store does not answer, this is a refusal and not half a pack.
      const view = await gateway.store.view(config.id, { endingsAfter: snapshot.view.endingSeq, report: null });
      const history = await HeldHistory.read((page) => gateway.store.rows(config.id, 'history', page), view.at);
      const pack = packOf(gateway, { room: config.id, view, history, siteHead: c.var.directory.audit });
      return new Response(streamOf(zipArchive(pack, view.at)), {
        headers: {
          'Content-Type': 'application/zip',
          'Content-Disposition': `attachment; filename="${config.id}-evidence-${compact(view.at)}.zip"`,
          'Cache-Control': 'no-store',
          'X-Content-Type-Options': 'nosniff',
        },
      });
    },
  };
}

interface PackSource {
  room: string;
  view: RoomView;
  history: HeldHistory;
  /** The last record of the directory's log. */
  siteHead: AuditHead;
}

async function* packOf(
  { evidenceSeals, publicUrl, store, tokens }: PackGateway,
  { room, view, history, siteHead }: PackSource,
): AsyncGenerator<ZipFile> {
  const madeAt = rfc3339(view.at);
  const files: EvidenceManifest['files'] = [];
  const written = (name: string, parts: AsyncIterable<string> | Iterable<string>): ZipFile => ({
    name,
    parts: digested(parts, (bytes, digest) => files.push({ name, bytes, sha256: digest })),
  });
  const disclosure = new Disclosure();
  const roomLog: LogSource = {
    name: room,
    read: (page) => store.rows(room, 'audit', page),
    last: view.live.audit,
    disclosure,
  };
  const siteLog: LogSource = {
    name: room,
    read: (page) => store.directory.rows('audit', page),
    last: siteHead,
    disclosure,
  };
  const shown = (form: 'json' | 'csv') => shownParts(history, { read: roomLog.read, last: roomLog.last.seq }, form);

  const [log, site, sums] = [new Later<ReadLog>(), new Later<Omit<ReadLog, 'head'>>(), new Later<HistorySums>()];
  const calls = new Later<ReadCalls>();
  const about = { gateway: publicUrl, room, madeAt };
  yield written('README.md', [readmeEnglish(about)]);
  yield written('README.ko.md', [readmeKorean(about)]);
  yield written('jwks.json', [line(tokens.jwks)]);
  yield written('log.json', roomLogParts(roomLog, madeAt, log.is));
  yield written('site-log.json', siteLogParts(siteLog, site.is));
  yield written('board.json', [line({ ...view.board, serverTime: madeAt })]);
  yield written('shown.json', shown('json'));
  yield written('shown.csv', shown('csv'));
  const origin = { read: (page: Page) => store.rows(room, 'origin', page), until: view.at };
  yield written('origin-calls.json', originCallsParts(room, origin, calls.is));
  yield written('history.json', historyJsonParts(history, sums.is));
  yield written('history.csv', historyCsvParts(history));
  yield written('totals.json', [line({ openings: sums.value.openings })]);
  const { epoch } = view.board;
  const past = await latestDraws((page) => store.rows(room, 'draw', page), epoch);
  for (const draw of past.draws)
    yield written(`draw-${draw.epoch}.json`, [line(publishedDraw(room, draw.epoch, draw))]);
  yield written(`draw-${epoch}.json`, [line(publishedDraw(room, epoch, view.draw))]);
  yield written('SHA256SUMS', [files.map(({ name, sha256: digest }) => `${digest}  ${name}\n`).join('')]);

  const { from, to, buckets } = sums.value;
  const manifest: EvidenceManifest = {
    format: EVIDENCE_FORMAT,
    gateway: publicUrl,
    room,
    epoch,
    madeAt,
    log: {
      records: log.value.records,
      whole: log.value.whole,
      head: log.value.head,
      seal: evidenceSeals.seal(view.live.audit.hash, room, view.at),
    },
    siteLog: { records: site.value.records, whole: site.value.whole, about: site.value.written },
    history: {
      bucketSeconds: HISTORY_BUCKET_MS / 1000,
      buckets,
      from: from === null ? null : rfc3339(from),
      to: to === null ? null : rfc3339(to),
      keptHours: (HISTORY_BUCKETS_MAX * HISTORY_BUCKET_MS) / 3_600_000,
    },
    calls: calls.value,
    draws: { files: past.draws.length + 1, leftOut: past.leftOut },
    files,
  };
  const bytes = encoder.encode(line(manifest));
  yield { name: MANIFEST_FILE, parts: inParts([bytes]) };
  yield { name: SIGNATURE_FILE, parts: inParts([encoder.encode(await tokens.signEvidence(bytes, view.at))]) };
}

const encoder = new TextEncoder();

/** JSON with indentation, for people who open a small file. */
function line(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** 20270805T120000Z, which every file system takes in a name. */
function compact(at: EpochMs): string {
  return rfc3339(at).replaceAll(/[-:]|\.\d+/g, '');
}

async function latestDraws(
  read: (page: Page) => Promise<PastDraw[]>,
  present: number,
): Promise<{ draws: PastDraw[]; leftOut: number }> {
  let [draws, leftOut]: [PastDraw[], number] = [[], 0];
  for await (const page of allPages(read, ({ epoch }) => epoch)) {
    const all = [...draws, ...page.filter(({ epoch }) => epoch !== present)];
    draws = all.slice(-(EVIDENCE_DRAWS_MAX - 1));
    leftOut += all.length - draws.length;
  }
  return { draws, leftOut };
}

/** What is known once the file was read through that says it. */
class Later<T> {
  #value: { known: T } | null = null;

  readonly is = (value: T): void => {
    this.#value = { known: value };
  };

  get value(): T {
    if (this.#value === null) throw new TypeError('The file that says this was not read through.');
    return this.#value.known;
  }
}

async function* digested(
  parts: AsyncIterable<string> | Iterable<string>,
  done: (bytes: number, digest: string) => void,
): AsyncGenerator<Uint8Array> {
  const hash = sha256.create();
  let count = 0;
  for await (const part of parts) {
    const bytes = encoder.encode(part);
    hash.update(bytes);
    count += bytes.length;
    yield bytes;
  }
  done(count, bytesToHex(hash.digest()));
}

async function* inParts(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

function streamOf(parts: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await parts.return(undefined);
    },
  });
}
