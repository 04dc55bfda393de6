// Forward auth: what a proxy beside the gateway says of the visitor's request that it asks about. It is believed from trusted
// proxies only, and only in the fields that the proxy's own configuration names. Nothing is guessed: what is missing, doubled
// or contradicting is refused, with what to do.

import { publicTarget } from './public-address.ts';
import { rawPathOf, readTarget, type Target } from './request-target.ts';
import type { TrustedProxies } from './trusted-proxies.ts';

/** Where proxies ask. One that appends the visitor's path to an address asks below it. */
export const VERIFY_PATH = '/_fairgate/verify';

/**
 * Which fields are the proxy's. Scripts of pages cannot send a field whose name begins so (Fetch, 2.2.2), so no page can ask in
 * its visitor's name, and read the tokens that the browser keeps from it.
 */
export const VERIFY_FIELD = 'Sec-Fairgate-Verify';

interface Naming {
  /** null: the method and the rest of the path of the proxy's own request. */
  fields: { method: string; uri: string } | null;
  host: string;
  /** The scheme, where the proxy always tells it: doubled, it shows that the proxy adds to the visitor's fields. */
  scheme: string | null;
  /** What the proxy takes for a yes: Envoy takes nothing but 200. */
  yes: 200 | 204;
}

const NAMINGS = new Map<string, Naming>([
  [
    'x-original',
    {
      fields: { method: 'X-Original-Method', uri: 'X-Original-URI' },
      host: 'X-Forwarded-Host',
      scheme: null,
      yes: 204,
    },
  ],
  [
    'x-forwarded',
    {
      fields: { method: 'X-Forwarded-Method', uri: 'X-Forwarded-Uri' },
      host: 'X-Forwarded-Host',
      scheme: 'X-Forwarded-Proto',
      yes: 204,
    },
  ],
  ['path', { fields: null, host: 'Host', scheme: null, yes: 200 }],
]);

/** Traefik names the scheme of a WebSocket. */
const SCHEMES = ['http', 'https', 'ws', 'wss'];

/** Upper case, because `fetch` would make GET of `get`, and servers tell them apart; CONNECT and TRACE are for nobody. */
const METHOD = /^(?!CONNECT$|TRACE$)[A-Z][A-Z_-]{0,31}$/;

/** What only a proxy that appends the visitor's path uses. */
const OWN_METHODS = ['GET', 'HEAD'];

export interface ToldRequest {
  method: string;
  target: Target;
  clientAddress: string;
  yes: Naming['yes'];
}

export type Told =
  | ({ kind: 'told' } & ToldRequest)
  /** The question itself cannot be answered: its proxy has to be configured in another way. */
  | { kind: 'unusable'; detail: string }
  /** The visitor's address is ambiguous. */
  | { kind: 'doubtful' };

export function readTold(proxies: TrustedProxies, publicUrl: string, request: Request): Told {
  const { headers } = request;
  if (!proxies.isProxy(request)) {
    return unusable('Only proxies whose address TRUSTED_PROXIES lists are answered here.');
  }
  const naming = NAMINGS.get(headers.get(VERIFY_FIELD) ?? '');
  if (naming === undefined) {
    return unusable(`Have the proxy send ${VERIFY_FIELD} with one of: ${[...NAMINGS.keys()].join(', ')}.`);
  }
  const clientAddress = proxies.toldAddress(request);
  if (clientAddress === null) return unusable('Have the proxy send the visitor’s address in X-Forwarded-For.');
  if (naming.scheme !== null && !SCHEMES.includes(headers.get(naming.scheme)?.toLowerCase() ?? '')) {
    return unusable(`Have the proxy overwrite ${naming.scheme} with the visitor’s scheme.`);
  }
  const told = naming.fields === null ? appended(request) : inFields(request, naming.fields);
  if (told.kind === 'unusable') return told;
  if (!METHOD.test(told.method)) return unusable('Have the proxy tell the visitor’s method, once and in upper case.');
  const host = headers.get(naming.host) ?? '';
  const read = readTarget(`http://${host}${told.uri}`, host);
  if (read.kind === 'doubtful') {
    return read.doubt === 'badHost'
      ? unusable(`Have the proxy overwrite ${naming.host} with the visitor’s host.`)
      : { kind: 'doubtful' };
  }
  const contradicting = contradiction(headers, { ...told, host });
  if (contradicting !== null) {
    return unusable(`${contradicting} says something else. Have the proxy overwrite it, or remove it from requests.`);
  }
  const target = publicTarget(read.target, publicUrl);
  return { kind: 'told', method: told.method, target, clientAddress, yes: naming.yes };
}

type Line = { kind: 'line'; method: string; uri: string } | { kind: 'unusable'; detail: string };

function inFields(request: Request, fields: { method: string; uri: string }): Line {
  // Caddy hands the visitor's query on to this address too; it is not read.
  if (!OWN_METHODS.includes(request.method) || rawPathOf(request) !== VERIFY_PATH) {
    return unusable(`Ask by GET ${VERIFY_PATH}: what is asked about stands in ${fields.uri}.`);
  }
  const method = request.headers.get(fields.method) ?? '';
  const uri = request.headers.get(fields.uri) ?? '';
  // Two fields of one name arrive with a comma and a space between them.
  if (!/^\/[!-~]*$/.test(uri))
    return unusable(`Have the proxy overwrite ${fields.uri} with the visitor’s path and query.`);
  return { kind: 'line', method, uri };
}

function appended(request: Request): Line {
  const path = rawPathOf(request).slice(VERIFY_PATH.length);
  if (path === '') return unusable(`Have the proxy append the visitor’s path to ${VERIFY_PATH}.`);
  const queryAt = request.url.indexOf('?');
  const query = queryAt === -1 ? '' : request.url.slice(queryAt);
  return { kind: 'line', method: request.method, uri: `${path}${query}` };
}

/** A field that tells another address or method than those that count; null: there is none. */
function contradiction(headers: Headers, told: { method: string; uri: string; host: string }): string | null {
  const addresses = SCHEMES.map((scheme) => `${scheme}://${told.host}${told.uri}`);
  const agreeing: Record<string, readonly string[]> = {
    'X-Original-Method': [told.method],
    'X-Forwarded-Method': [told.method],
    'X-Original-URI': [told.uri],
    'X-Forwarded-Uri': [told.uri],
    'X-Original-URL': [told.uri, ...addresses],
    'X-Forwarded-Host': [told.host],
    'X-Original-Host': [told.host],
  };
  for (const [name, values] of Object.entries(agreeing)) {
    const value = headers.get(name);
    if (value !== null && !values.includes(value)) return name;
  }
  return null;
}

function unusable(detail: string): { kind: 'unusable'; detail: string } {
  return { kind: 'unusable', detail };
}
