// A protected site that calls the gateway: it signs with node:crypto alone, so that no fault of the gateway or the package is shared.

import { createHmac, randomBytes } from 'node:crypto';
import { ORIGIN_CALLS_PATH } from '../../worker/contract/origin-call-schema.ts';
import type { InProcessGateway } from './in-process.ts';

export interface SiteKey {
  room: string;
  id: string;
  /** Base64. */
  secret: string;
}

export const newSiteKey = (id: string, room = 'demo'): SiteKey => ({
  room,
  id,
  secret: randomBytes(32).toString('base64'),
});

/** As the setting ORIGIN_KEYS. */
export const originKeysOf = (...keys: SiteKey[]): string =>
  keys.map(({ room, id, secret }) => `${room}:${id}:whsec_${secret}`).join(',');

/** A request as it travels: what anybody who saw it can send again. */
export interface SentCall {
  path: string;
  headers: Record<string, string>;
  body: string;
}

export function signatureOf({ secret }: SiteKey, id: string, seconds: number | string, body: string): string {
  const hmac = createHmac('sha256', Buffer.from(secret, 'base64'));
  return `v1,${hmac.update(`${id}.${seconds}.${body}`).digest('base64')}`;
}

interface Call {
  type: string;
  data: unknown;
  id: string;
  /** When it is signed, ms. */
  at: number;
  room?: string;
}

export function signedCall(key: SiteKey, { type, data, id, at, room = 'demo' }: Call): SentCall {
  const body = JSON.stringify({ type, room, data });
  const seconds = Math.floor(at / 1_000);
  return {
    path: `${ORIGIN_CALLS_PATH}/${room}/${type}`,
    headers: {
      'Content-Type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': signatureOf(key, id, seconds, body),
    },
    body,
  };
}

export interface CallAnswer {
  status: number;
  headers: Headers;
  document: Record<string, unknown>;
}

export async function sendCall(gateway: InProcessGateway, { path, headers, body }: SentCall): Promise<CallAnswer> {
  const response = await gateway.request(path, { method: 'POST', headers, body });
  return { status: response.status, headers: response.headers, document: await response.json() };
}

let calls = 0;

/** A site with one key, whose clock is the gateway's. */
export class CallingSite {
  readonly #gateway: InProcessGateway;
  readonly #key: SiteKey;

  constructor(gateway: InProcessGateway, key: SiteKey) {
    this.#gateway = gateway;
    this.#key = key;
  }

  signed(type: string, data: unknown, id = `call_${++calls}`): SentCall {
    return signedCall(this.#key, { type, data, id, at: this.#gateway.clock.now() });
  }

  call(type: string, data: unknown, id?: string): Promise<CallAnswer> {
    return sendCall(this.#gateway, this.signed(type, data, id));
  }
}
