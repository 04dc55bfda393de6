// A file of the operators' API on its way to a command: bounded, and with the key sent to one address and no other.

import { isLoopback } from '../../worker/contract/loopback.ts';
import { problemSchema } from '../../worker/contract/problem-schema.ts';
import { Unreadable } from '../draw/draw-files.ts';
import { printable } from './printable-text.ts';

/** A pack of the largest log, or a report of a year, takes a gateway tens of seconds. */
const FETCH_MS_MAX = 10 * 60_000;

/** Whether an operator key may be sent to an address: scheme, host and port only, and encrypted where it leaves this machine. */
export function mayGetKey({ protocol, hostname, pathname, search, username }: URL): boolean {
  const isEncrypted = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
  return isEncrypted && pathname === '/' && search === '' && username === '';
}

interface WantedFile {
  /** The operator key. */
  key: string;
  accept: string;
  bytesMax: number;
  /** What messages call it. */
  what: string;
}

/** @throws Unreadable */
export async function fetchFile(address: string, { key, accept, bytesMax, what }: WantedFile): Promise<Uint8Array> {
  const headers = { Authorization: `Bearer ${key}`, Accept: accept };
  try {
    // The key goes to this address and no other.
    const response = await fetch(address, { headers, redirect: 'manual', signal: AbortSignal.timeout(FETCH_MS_MAX) });
    if (response.status >= 300 && response.status < 400) {
      throw new Unreadable(
        `${address} redirects to ${response.headers.get('Location')}. If that is the gateway, give its address by --url.`,
      );
    }
    const bytes = await bounded(response, address, bytesMax);
    if (response.ok) return bytes;
    const problem = problemSchema.safeParse(jsonIn(bytes));
    const reason = problem.success
      ? printable(`${problem.data.title}. ${problem.data.detail ?? ''}`)
      : 'is that a gateway?';
    throw new Unreadable(`${address} answers HTTP ${response.status}: ${reason}`);
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    throw new Unreadable(
      `The ${what} did not arrive whole: ${error instanceof Error ? error.message : error}${cause}. Try again.`,
    );
  }
}

async function bounded(response: Response, address: string, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new Unreadable(`${address} sends more than ${bytesMax} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null; // SyntaxError: a page of a proxy
  }
}
