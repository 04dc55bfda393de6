// Which header fields of a visitor reach the origin: none that only the gateway may set, and none that some origin, proxy or
// framework reads as the client's address, the host, the scheme, the path or the method actually requested.

import { Kept } from '../../queue-core/kept.ts';

/** Hop-by-hop fields (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Servers turn other characters into `-` or `_`, or cut there: `X~Original~URL` arrives as `X-Original-URL`. CGI and WSGI
 * write `-` as `_`, so `Script_Name` would be their own variable SCRIPT_NAME.
 */
const PLAIN_NAME = /^[a-z0-9-]+$/;

/** Without control characters, which servers refuse, take for spaces or cut the value at (RFC 9110, 5.5); a tab is none. */
const PLAIN_VALUE = /^[\t -~\u0080-\uffff]*$/;

/** Variables of CGI (RFC 3875, 4.1), WSGI and PHP, and `Proxy`, which becomes HTTP_PROXY (httpoxy). */
const CGI_VARIABLES =
  /^(?:auth-type|content-(?:type|length)-.*|context-.*|document-(?:root|uri)|gateway-interface|https?|http-.*|orig-.*|path-(?:info|translated)|php-.*|proxy|query-string|raw-uri|redirect-.*|remote-.*|request-(?:method|scheme|uri)|scgi|script-(?:filename|name|url|uri)|server-(?:addr|admin|name|port|protocol|signature|software)|unencoded-url|url|wsgi-.*)$/;

/** What proxies and CDNs tell an origin about a request; from a client it is a lie. */
const TOLD_BY_PROXIES = [
  /^(?:sec-)?fairgate-/,
  /forwarded/,
  /^x-original-/,
  /^x-rewrite-/,
  /^x-real-/,
  // Client address, certificate and country.
  /(?:^|-)(?:client|cluster|connecting|originating|peer|real|remote|source|true|user|viewer)-?(?:client-?)?(?:addr(?:ess)?|ip(?:v[46])?|host)$/,
  /^(?:x-)?(?:ssl|tls)-client-/,
  /^x-client-(?:cert|dn|verify)/,
  /^(?:x-)?geoip-|-country(?:-code)?$/,
  // Host, scheme, port and path.
  /^(?:x-)?host(?:-override)?$|-host(?:-override)?$/,
  /^x-(?:url-?scheme|scheme|proto(?:col)?|https|port|path|uri|url|request-uri|script-name|prefix|base-?path)$/,
  /^front-end-https$/,
  // Whole vendors.
  /^(?:cf-(?!access-)|cloudfront-|fastly-|akamai-|incap-|x-(?:akamai|amzn|appengine|arr|azure|envoy|fd|fly|iinfo|litespeed|ms-client|nf|sucuri|vercel|waws)-)/,
  /^(?:fly|incap)-/,
];

/** Some origins read these as the request's method. */
const METHOD_OVERRIDE = /^x-(?:http-method(?:-override)?|method-override)$/;

/** Some servers run another path because of these. */
const PATH_OVERRIDE =
  /^(?:x-(?:rewrite-.*|original-(?:path|request-uri|target)|path|uri|url|request-uri|script-name|base-?path)|path-info|request-uri|script-(?:name|url|uri)|unencoded-url|raw-uri)$/;

/**
 * A field of a visitor's request that leads some server to another path, in any spelling; null: there is none. Forwarded
 * requests lose it; where a proxy sends them to the site by itself, it would reach the site.
 */
export function pathOverride(headers: Headers): string | null {
  return [...headers.keys()].find((name) => PATH_OVERRIDE.test(name.replaceAll(/[^a-z0-9]/g, '-'))) ?? null;
}

/** Whether any field could make another request of one that is passed for its method and path alone. */
export function overridesRequest(headers: Headers): boolean {
  const overrides = (name: string) => !PLAIN_NAME.test(name) || METHOD_OVERRIDE.test(name) || CGI_VARIABLES.test(name);
  return [...headers.keys()].some(overrides);
}

/** A field that only the gateway may set, in any spelling that some server takes for it; null: there is none. */
export function gatewaysField(headers: Headers): string | null {
  const isGateways = (name: string) => /^fairgate[^a-z0-9]/.test(name) && name !== 'fairgate-client';
  return [...headers.keys()].find(isGateways) ?? null;
}

/** Removes what must not reach the origin. @param keepsMethod the request is passed only because of its method */
export function keepVisitorsFields(headers: Headers, { keepsMethod }: { keepsMethod: boolean }): void {
  const isHopByHop = hopByHop(headers);
  // Names come in lower case.
  for (const [name, value] of [...headers]) {
    const isPlain = PLAIN_VALUE.test(value) && !(keepsMethod && METHOD_OVERRIDE.test(name));
    if (!isPlain || isHopByHop(name) || !isVisitors(name)) headers.delete(name);
  }
}

/** In a rush all requests carry the same few names. */
const KNOWN_NAMES_MAX = 1_024;
const known = new Kept<boolean>(KNOWN_NAMES_MAX);

function isVisitors(name: string): boolean {
  return known.of(name, () => {
    const isTold = CGI_VARIABLES.test(name) || TOLD_BY_PROXIES.some((pattern) => pattern.test(name));
    return PLAIN_NAME.test(name) && !isTold;
  });
}

/** @returns whether a field is for one connection only: by its name, in lower case, or because `Connection` names it */
export function hopByHop(headers: Headers): (name: string) => boolean {
  const connection = headers.get('Connection');
  if (connection === null) return (name) => HOP_BY_HOP.has(name);
  const named = new Set(
    connection
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
  return (name) => HOP_BY_HOP.has(name) || named.has(name);
}
