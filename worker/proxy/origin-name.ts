// The origin's own name in its answers. Visitors reach the site by the gateway's address; where the origin writes its own, a
// browser would leave the gateway, so it is replaced by the address that the visitor used. Other names are not touched.

/** Fields of a response in which an origin may name itself. */
const NAMING_FIELDS = ['Location', 'Content-Location', 'Link', 'Refresh', 'Set-Cookie'];

interface Named {
  hostname: string;
  /** 80 and 443 are one: an origin often names itself by the scheme that visitors use. */
  port: string;
}

/**
 * Replaces the addresses of `origins` in `Location`, `Content-Location`, `Link` and `Refresh`, and drops their names from the
 * `Domain` of cookies, which then are the visitor's host's.
 * @param origins addresses as `https://host` or `http://host:port`
 */
export function mapOwnName(headers: Headers, origins: readonly string[], publicOrigin: string): void {
  if (!NAMING_FIELDS.some((name) => headers.has(name))) return;
  const own = origins.map(namedBy);
  const mapped = (reference: string) => mapReference(reference, own, publicOrigin);
  change(headers, 'Location', mapped);
  change(headers, 'Content-Location', mapped);
  change(headers, 'Link', (links) =>
    links
      .replace(/<([^>]*)>/g, (_, target: string) => `<${mapped(target)}>`)
      .replace(/(\banchor\s*=\s*")([^"]*)/gi, (_, name: string, anchor: string) => `${name}${mapped(anchor)}`),
  );
  change(headers, 'Refresh', (refresh) =>
    refresh.replace(/^([\s\d.]*[;,]?\s*(?:url\s*=\s*)?["']?)(.*)$/is, (_, before: string, target: string) => {
      return `${before}${mapped(target)}`;
    }),
  );
  const cookies = headers.getSetCookie();
  headers.delete('Set-Cookie');
  for (const cookie of cookies) headers.append('Set-Cookie', withoutDomain(cookie, own));
}

function change(headers: Headers, name: string, map: (value: string) => string): void {
  const value = headers.get(name);
  if (value === null) return;
  const mapped = map(value);
  if (mapped !== value) headers.set(name, mapped);
}

/** An address with a host, with or without scheme; browsers take backslashes for slashes. */
const WITH_HOST = /^\s*(?:(https?):)?[/\\]{2,}(?:[^/\\?#@]*@)?([^/\\?#@]*)(.*)$/is;

function mapReference(reference: string, own: readonly Named[], publicOrigin: string): string {
  const [, scheme = 'http', host = '', rest = ''] = WITH_HOST.exec(reference) ?? [];
  const url = host === '' ? null : URL.parse(`${scheme}://${host}`);
  if (url === null) return reference;
  const { hostname, port } = namedBy(url.origin);
  return own.some((origin) => origin.hostname === hostname && origin.port === port)
    ? `${publicOrigin}${rest}`
    : reference;
}

/** A domain that covers more than the origin stays. */
function withoutDomain(cookie: string, own: readonly Named[]): string {
  return cookie.replace(/;\s*domain\s*=\s*([^;]*)/gi, (attribute, domain: string) => {
    const name = domain.trim().toLowerCase().replace(/^\./, '').replace(/\.$/, '');
    return own.some(({ hostname }) => hostname === name) ? '' : attribute;
  });
}

function namedBy(origin: string): Named {
  const { hostname, port } = new URL(origin);
  return { hostname: hostname.replace(/\.$/, ''), port: /^(?:80|443)?$/.test(port) ? 'default' : port };
}
