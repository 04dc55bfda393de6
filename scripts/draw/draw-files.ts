// Reads what `npm run verify-draw` is given: documents from files or addresses, keys, and tokens. Everything is bounded, and what
// cannot be read says what it seems to be and what is needed instead.

import { readFileSync, statSync } from 'node:fs';
import type { JSONWebKeySet } from 'jose';
import * as z from 'zod';
import { drawSchema, type PublishedDraw } from '../../worker/contract/draw-schema.ts';
import { isLoopback } from '../../worker/contract/loopback.ts';
import { problemSchema } from '../../worker/contract/problem-schema.ts';
import { printable } from '../lib/printable-text.ts';

/** A document has about 2 KB, and a hundred commitments at most. */
const DOCUMENT_BYTES_MAX = 256 * 1024;
const TOKENS_BYTES_MAX = 64 * 1024 * 1024;
/** Each costs a signature check of 0.1 ms. */
export const TOKENS_MAX = 100_000;
const KEYS_MAX = 64;
/** A queue token has about 500 characters. */
const RECEIPT_CHARS_MAX = 4_096;
/** The page saves eight copies. */
const EARLIER_MAX = 64;
const FETCH_MS_MAX = 15_000;

/** What was given cannot be read, so nothing was checked. */
export class Unreadable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Unreadable';
  }
}

export const isAddress = (source: string) => /^[a-z][a-z0-9+.-]*:\/\//i.test(source);

/** Fields of later versions are ignored, as docs/draw.md says; another `format` is another rule. */
const readerSchema = z.object(drawSchema.shape);

/** What a visitor saved as JSON on the page that checks the draw. Its keys are not read: they are those of the person who wrote the file. */
const evidenceSchema = z.object({
  format: z.literal('fairgate/evidence/v1'),
  receipt: z.string().max(RECEIPT_CHARS_MAX).nullable(),
  draw: readerSchema,
  earlier: z.array(readerSchema).max(EARLIER_MAX),
});

const DRAW_WANTED = 'what …/rooms/ROOM/draw answers, or a file with it';

export interface DrawSource {
  draw: PublishedDraw;
  /** Of a visitor's evidence: their queue token, and copies that they saw before. */
  receipt: string | null;
  earlier: PublishedDraw[];
}

/**
 * A published draw, or a visitor's evidence with one in it.
 *
 * @param source a file, an address, or `-` for the standard input
 * @throws Unreadable
 */
export async function readDrawSource(source: string): Promise<DrawSource> {
  const value = await readJson(source, DRAW_WANTED);
  const evidence = evidenceSchema.safeParse(value);
  return evidence.success ? evidence.data : { draw: parseDraw(source, value), receipt: null, earlier: [] };
}

/** @param source as for `readDrawSource` @throws Unreadable */
export async function readDraw(source: string): Promise<PublishedDraw> {
  return parseDraw(source, await readJson(source, DRAW_WANTED));
}

function parseDraw(source: string, value: unknown): PublishedDraw {
  const parsed = readerSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problem = problemSchema.safeParse(value);
  if (problem.success) {
    const { title, detail = '' } = problem.data;
    throw new Unreadable(`${source} is a refusal of the gateway: ${printable(`${title}. ${detail}`)}`);
  }
  const { format, nextPollSeconds } = z.looseObject({}).catch({}).parse(value);
  if (nextPollSeconds !== undefined)
    throw new Unreadable(`${source} is a board. Its draw is at …/draw instead of …/board.`);
  if (typeof format === 'string' && format !== 'fairgate/draw/v1') {
    throw new Unreadable(
      `${source} has the format ${printable(format)}, which this version does not know. Use a newer one.`,
    );
  }
  throw new Unreadable(`${source} is not a published draw (docs/draw.md):\n${z.prettifyError(parsed.error)}`);
}

const KEYS_WANTED = 'what /.well-known/jwks.json of the gateway answers, or a file with it';

const keysSchema = z.object({
  keys: z
    .array(z.looseObject({ kty: z.string() }))
    .min(1)
    .max(KEYS_MAX),
});

/** @throws Unreadable */
export async function readKeys(source: string): Promise<JSONWebKeySet> {
  const parsed = keysSchema.safeParse(await readJson(source, KEYS_WANTED));
  if (parsed.success) return parsed.data as JSONWebKeySet;
  throw new Unreadable(`${source} has no public keys. Give ${KEYS_WANTED}.`);
}

/** One token a line; empty lines and those that begin with # are left out. @throws Unreadable */
export function readTokens(file: string): { name: string; jwt: string }[] {
  const tokens = readText(file, TOKENS_BYTES_MAX)
    .split('\n')
    .map((line, index) => ({ name: `${file}:${index + 1}`, jwt: line.trim() }))
    .filter(({ jwt }) => jwt !== '' && !jwt.startsWith('#'));
  if (tokens.length === 0) throw new Unreadable(`${file} has no token in it. Put one queue token on each line.`);
  if (tokens.length > TOKENS_MAX) throw new Unreadable(`${file} has more than ${TOKENS_MAX} tokens. Divide it.`);
  return tokens;
}

async function readJson(source: string, wanted: string): Promise<unknown> {
  const text = isAddress(source) ? await fetchText(source) : readText(source, DOCUMENT_BYTES_MAX);
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const what = /^\s*</.test(text)
      ? 'a page (HTML or XML)'
      : `not JSON (${printable(error instanceof Error ? error.message : String(error))})`;
    throw new Unreadable(`${source} is ${what}. Give ${wanted}.`);
  }
}

function readText(file: string, bytesMax: number): string {
  const name = file === '-' ? 'The standard input' : file;
  try {
    if (file !== '-' && statSync(file).size > bytesMax)
      throw new Unreadable(`${name} has more than ${bytesMax} bytes.`);
    const bytes = readFileSync(file === '-' ? 0 : file);
    if (bytes.length > bytesMax) throw new Unreadable(`${name} has more than ${bytesMax} bytes.`);
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    throw new Unreadable(`${name} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

async function fetchText(address: string): Promise<string> {
  const url = URL.parse(address);
  if (url === null || (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))) {
    throw new Unreadable(
      `${address} is not an https address. By http anybody on the way could change what it answers.`,
    );
  }
  try {
    const headers = { Accept: 'application/json' };
    const signal = AbortSignal.timeout(FETCH_MS_MAX);
    const response = await fetch(url, { redirect: 'manual', signal, headers });
    if (response.status >= 300 && response.status < 400) {
      throw new Unreadable(
        `${address} redirects to ${response.headers.get('Location')}. If that is right, give that address.`,
      );
    }
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > DOCUMENT_BYTES_MAX)
        throw new Unreadable(`${address} answers with more than ${DOCUMENT_BYTES_MAX} bytes.`);
      chunks.push(chunk);
    }
    const text = Buffer.concat(chunks).toString('utf8');
    // A refusal says what is wrong in its JSON.
    if (!response.ok && !text.trimStart().startsWith('{'))
      throw new Unreadable(`${address} answers HTTP ${response.status}.`);
    return text;
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    throw new Unreadable(`${address} cannot be fetched: ${error instanceof Error ? error.message : error}${cause}`);
  }
}
