// Calls to the gateway for what no response can say: a payment that is confirmed later, a number that changes by itself. Each is signed
// with the site's own key as Standard Webhooks 1.0 defines it, and sent again under its id until the gateway has answered.

import { webCrypto } from './encoding.ts';
import { isLoopback } from './verifier-options.ts';

export interface GatewayCallsOptions {
  /** The gateway's public address, `https://gate.example`. HTTPS, or HTTP on loopback. */
  gateway: string;
  /** The room's id. */
  room: string;
  /** The key of this site, `whsec_…`: the last part of an entry of the gateway's ORIGIN_KEYS. */
  key: string;
  /** Call over plain HTTP inside a private network. Default: false. Con: a machine in between can read and hold back calls. */
  allowPlainHttp?: boolean;
  /** Default: the global `fetch`. */
  fetch?: typeof fetch;
  /** Current time in milliseconds since 1970. Default: the system clock. */
  now?: () => number;
}

/** The admission token that came with a request of the visit, or what the check has read from it. */
export type CalledVisit = string | { epoch: number; position: number; sub: string };

/** With `remaining`, `lots` or `counts`. */
export interface CalledStock {
  remaining?: number;
  /** All the lots there are. */
  lots?: {
    id: string;
    name: string | { ko: string; en: string };
    remaining: number;
    price?: { low: number; high: number; currency: string };
  }[];
  /** How many are left of some lots, by id. */
  counts?: Record<string, number>;
  /** When the site read the numbers, milliseconds since 1970. Default: now. */
  asOfEpochMs?: number;
}

export interface CallOptions {
  /** Names the call, 1 to 64 characters without a full stop: the same call is obeyed once. Default: a random one. */
  id?: string;
}

export interface CallReply {
  outcome: 'completed' | 'readmitted' | 'inside' | 'revoked' | 'ended' | 'taken';
  /** When the visit ended, RFC 3339. */
  at: string | null;
  /** Until when a visitor who is inside may stay, RFC 3339. */
  until: string | null;
  reference: string | null;
}

/** Each rejects with `GatewayCallError`. */
export interface GatewayCalls {
  /** The visit is finished; `reference` is what the site calls that which was completed. */
  complete(visit: CalledVisit, options?: CallOptions & { reference?: string; stock?: CalledStock }): Promise<CallReply>;
  /** Gives the turn back to a visitor whose session is over; one who is inside gets the full length again. */
  readmit(visit: CalledVisit, options?: CallOptions): Promise<CallReply>;
  revoke(visit: CalledVisit, options?: CallOptions): Promise<CallReply>;
  stock(stock: CalledStock, options?: CallOptions): Promise<CallReply>;
  /** @param seconds for which the site wants no more visitors, 0 to 600; 0: it takes them again */
  overload(seconds: number, options?: CallOptions): Promise<CallReply>;
}

/** The gateway refused the call, or could not be reached: then `isUnknown`, and a retry with the same id is safe. */
export class GatewayCallError extends Error {
  /** Of the call, for a retry. */
  readonly id: string;
  /** HTTP status; null: no response. */
  readonly status: number | null;
  /** Why the room did nothing, such as `completed` or `outdatedCall`; null: for another reason. */
  readonly reason: string | null;
  /** Whether the call may have been obeyed. */
  readonly isUnknown: boolean;

  constructor(id: string, status: number | null, reason: string | null, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GatewayCallError';
    this.id = id;
    this.status = status;
    this.reason = reason;
    this.isUnknown = status === null || status >= 500 || status === 429;
  }
}

export interface SignedRequest {
  headers: Record<string, string>;
  body: string;
}

/** How often a call is sent, at most, and the pauses between. Together with the deadlines below half a minute. */
const PAUSES_MS = [1_000, 4_000];
const ANSWER_MS_MAX = 8_000;

/** 24 to 64 bytes in base64 (Standard Webhooks, "Signature scheme"). */
const KEY = /^whsec_([A-Za-z0-9+/]{32,86}={0,2})$/;

/**
 * The header and the body of a signed request, for a site that sends it itself.
 * @param key `whsec_…` @param id of the call, and of each retry of it @throws TypeError for what is no key
 */
export async function signCall(key: string, id: string, body: string, nowEpochMs: number): Promise<SignedRequest> {
  const { subtle } = await webCrypto();
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const secret = await subtle.importKey('raw', bytesOf(secretIn(key)), hmac, false, ['sign']);
  const seconds = Math.floor(nowEpochMs / 1_000);
  const message = new TextEncoder().encode(`${id}.${seconds}.${body}`);
  const signature = new Uint8Array(await subtle.sign('HMAC', secret, message));
  return {
    headers: {
      'Content-Type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': `v1,${btoa(String.fromCharCode(...signature))}`,
    },
    body,
  };
}

/** @throws TypeError for options with which no call can succeed */
export function createGatewayCalls(options: GatewayCallsOptions): GatewayCalls {
  const { room, key, fetch: send = (input, init) => fetch(input, init), now = Date.now } = options;
  const address = addressOf(options);
  secretIn(key);
  const call = async (type: string, data: object, { id }: CallOptions = {}): Promise<CallReply> => {
    const named = id ?? (await randomId());
    // Once, so that a retry dates the numbers as the first attempt did.
    const body = JSON.stringify({ type, room, data });
    for (let attempt = 0; ; attempt++) {
      const signed = await signCall(key, named, body, now());
      const result = await attempted(send, `${address}/${type}`, named, signed);
      if (!(result instanceof GatewayCallError)) return result;
      const pauseMs = PAUSES_MS[attempt];
      if (!result.isUnknown || pauseMs === undefined) throw result;
      await new Promise((resume) => setTimeout(resume, pauseMs));
    }
  };
  return {
    complete(visit, { reference, stock, ...of } = {}) {
      const left = stock === undefined ? {} : { stock: stockData(stock, now()) };
      return call('complete', { ...visitData(visit), ...(reference === undefined ? {} : { reference }), ...left }, of);
    },
    readmit: (visit, of) => call('readmit', visitData(visit), of),
    revoke: (visit, of) => call('revoke', visitData(visit), of),
    stock: (stock, of) => call('stock', stockData(stock, now()), of),
    overload: (seconds, of) => call('overload', { seconds }, of),
  };
}

async function attempted(
  send: typeof fetch,
  address: string,
  id: string,
  { headers, body }: SignedRequest,
): Promise<CallReply | GatewayCallError> {
  try {
    // A redirect would lead the call elsewhere.
    const init = { method: 'POST', headers, body, redirect: 'manual' } as const;
    const response = await send(address, { ...init, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    const { status } = response;
    const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    if (status === 200) return answer as unknown as CallReply;
    const { title, detail, reason, errors } = answer;
    const fields = Array.isArray(errors) ? ` ${errors.map((one) => `${one.field} ${one.detail}`).join('; ')}.` : '';
    const text = `The gateway answered ${status}: ${title ?? 'no problem document'}. ${detail ?? ''}${fields}`;
    return new GatewayCallError(id, status, typeof reason === 'string' ? reason : null, text.trim());
  } catch (cause) {
    return new GatewayCallError(id, null, null, `The gateway did not answer at ${address}.`, { cause });
  }
}

function visitData(visit: CalledVisit): object {
  if (typeof visit === 'string') return { admission: visit };
  const { epoch, position, sub } = visit;
  return { visit: { epoch, position, visitor: sub } };
}

function stockData({ asOfEpochMs, ...stock }: CalledStock, nowEpochMs: number): object {
  return { ...stock, asOf: new Date(asOfEpochMs ?? nowEpochMs).toISOString() };
}

function addressOf({ gateway, room, allowPlainHttp = false }: GatewayCallsOptions): string {
  const url = URL.canParse(gateway) ? new URL(gateway) : null;
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && (allowPlainHttp || isLoopback(url.hostname)));
  if (url === null || !isSafe) {
    const given = JSON.stringify(gateway);
    throw new TypeError(
      `Fairgate calls: option "gateway" is ${given}. Set it to the gateway's https address, or set "allowPlainHttp" for plain HTTP inside a private network.`,
    );
  }
  if (!/^[a-z0-9-]{1,40}$/.test(room)) {
    throw new TypeError(`Fairgate calls: option "room" is ${JSON.stringify(room)}. Set it to the room's id.`);
  }
  return `${url.origin}/_fairgate/origin/rooms/${room}`;
}

/** The message does not quote it. */
function secretIn(key: string): string {
  const secret = KEY.exec(key)?.[1];
  if (secret !== undefined) return secret;
  throw new TypeError(
    'Fairgate calls: option "key" is no key. Set it to the part of ORIGIN_KEYS that begins with whsec_.',
  );
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

async function randomId(): Promise<string> {
  return `call_${(await webCrypto()).randomUUID()}`;
}
