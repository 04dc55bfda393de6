// Keeps what only an admitted visitor may see out of shared caches: an HTTP cache between visitors and the gateway would serve
// one visitor's page to the next visitor, who is not admitted. The visitor's own browser may store what the origin allows.

/**
 * What an origin may say to a browser's cache (RFC 9111, 5.2.2; RFC 5861; RFC 8246). Every other directive is dropped: those
 * that allow or govern shared caches (`public`, `s-maxage`, `proxy-revalidate`), `must-understand`, which makes caches ignore
 * `no-store`, the qualified form of `private`, which allows storing the rest, and unknown ones.
 */
const BROWSER_DIRECTIVES = new Set([
  'immutable',
  'max-age',
  'must-revalidate',
  'no-cache',
  'no-store',
  'no-transform',
  'stale-if-error',
  'stale-while-revalidate',
]);

/** A directive with its value, as a token or a quoted string, which may contain commas. */
const DIRECTIVE = /([^\s,;="]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,]*))?/g;

/**
 * Fields that one kind of shared cache obeys before `Cache-Control`: targeted ones, which are named by convention (RFC 9213,
 * as `CDN-Cache-Control` and `Cloudflare-CDN-Cache-Control`), and their predecessors in Varnish and Fastly, Akamai and nginx.
 */
const SHARED_CACHE_FIELD = /-cache-control$|^(?:surrogate-control|edge-control|x-accel-expires)$/i;

/** Changes the header of an admitted response so that no shared cache may store it (RFC 9111, 3). */
export function forbidSharedStorage(headers: Headers): void {
  for (const name of [...headers.keys()]) if (SHARED_CACHE_FIELD.test(name)) headers.delete(name);
  const said = headers.get('Cache-Control');
  const kept = said === null ? [] : browserDirectives(said);
  headers.set('Cache-Control', ['private', ...kept].join(', '));
  const vary = headers.get('Vary') ?? '';
  if (!/(?:^|,)\s*(?:\*|cookie)\s*(?:,|$)/i.test(vary)) headers.append('Vary', 'Cookie');
}

function browserDirectives(field: string): string[] {
  return [...field.matchAll(DIRECTIVE)]
    .filter(([, name = '']) => BROWSER_DIRECTIVES.has(name.toLowerCase()))
    .map(([, name = '', value]) => (value === undefined ? name.toLowerCase() : `${name.toLowerCase()}=${value}`));
}
