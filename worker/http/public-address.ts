// The address that the visitor used, where a proxy stands in front.

import { isLoopback } from '../contract/loopback.ts';
import type { Target } from './request-target.ts';

/** The target with the scheme of the public address: behind a proxy that ends TLS, the gateway itself is asked by http. */
export function publicTarget(target: Target, publicUrl: string): Target {
  const scheme = publicUrl.slice(0, publicUrl.indexOf(':'));
  const authority = target.publicOrigin.slice(target.publicOrigin.indexOf('//') + 2);
  return { ...target, publicOrigin: `${scheme}://${authority}` };
}

/**
 * Proxies that do not pass on the visitor's Host, as nginx by default, name the address they reach the gateway at instead.
 * @returns what makes of such a request the one that was sent to the public address, and leaves every other as it is
 */
export function readdressing({
  publicUrl,
  listenUrl,
}: {
  publicUrl: string;
  listenUrl: string | null;
}): (request: Request) => Request {
  const shown = new URL(publicUrl);
  if (listenUrl === null || isLoopback(shown.hostname)) return (request) => request;
  const own = new URL(listenUrl);
  const ownHosts = [own.host, `localhost:${own.port}`].filter((host) => host !== shown.host);
  return (request) => {
    if (!ownHosts.includes(request.headers.get('Host')?.toLowerCase() ?? '')) return request;
    const headers = new Headers(request.headers);
    headers.set('Host', shown.host);
    const url = request.url.replace(/^https?:\/\/[^/?#]*/, `http://${shown.host}`);
    return new Request(url, new Request(request, { headers }));
  };
}

/** An address of the gateway on a host where visitors of the room come. */
export function visitorAddress(path: string, publicUrl: string, { hosts }: { hosts: readonly string[] }): string {
  const address = new URL(path, publicUrl);
  const [host] = hosts;
  if (host !== undefined && !hosts.includes('*') && !hosts.includes(address.hostname)) address.hostname = host;
  return address.href;
}
