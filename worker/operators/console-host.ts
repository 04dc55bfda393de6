// Where operators are answered. A console with a host of its own is out of reach of scripts on the protected site's pages, which
// share an origin with the visitors' address: then no other host answers operators, and that host answers nothing else.

import type { Gateway } from '../gateway.ts';
import { requestHost } from '../http/request-target.ts';

type Addresses = Pick<Gateway, 'consoleUrl' | 'publicUrl'>;

export function answersOperators({ consoleUrl, publicUrl }: Addresses, { url, headers }: Request): boolean {
  if (consoleUrl === publicUrl) return true;
  return new URL(consoleUrl).host === (headers.get('Host') ?? new URL(url).host).toLowerCase();
}

/**
 * Whether a request is for a host that is the console's alone. A host has no other pages at another port either, because
 * cookies do not distinguish ports; unless the console differs from the visitors' address by its port only.
 */
export function consoleHostOf(addresses: Addresses): (request: Request) => boolean {
  const [console, visitors] = [new URL(addresses.consoleUrl), new URL(addresses.publicUrl)];
  if (console.host === visitors.host) return () => false;
  if (console.hostname === visitors.hostname) return (request) => answersOperators(addresses, request);
  return (request) => requestHost(request) === console.hostname;
}
