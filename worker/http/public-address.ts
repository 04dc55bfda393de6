// The address that the visitor used, where a proxy stands in front.

import { isLoopback } from '../setting-checks.ts';
import type { Target } from './request-target.ts';

/** The target with the scheme of the public address: behind a proxy that ends TLS, the gateway itself is asked by http. */
export function publicTarget(target: Target, publicUrl: string): Target {
  const scheme = publicUrl.slice(0, publicUrl.indexOf(':'));
  const authority = target.publicOrigin.slice(target.publicOrigin.indexOf('//') + 2);
  return { ...target, publicOrigin: `${scheme}://${authority}` };
}

/**
 * Proxies that do not pass on the visitor's Host, as nginx by default, name the address they reach the gateway at instead.
 * Such a request was sent to the public address.
 */
export function asSentTo(
  { publicUrl, listenUrl }: { publicUrl: string; listenUrl: string | null },
  request: Request,
): Request {
  if (listenUrl === null) return request;
  const asked = request.headers.get('Host')?.toLowerCase();
  const [own, shown] = [new URL(listenUrl), new URL(publicUrl)];
  const isOwn = asked === own.host || asked === `localhost:${own.port}`;
  if (!isOwn || asked === shown.host || isLoopback(shown.hostname)) return request;
  const headers = new Headers(request.headers);
  headers.set('Host', shown.host);
  const url = request.url.replace(/^https?:\/\/[^/?#]*/, `http://${shown.host}`);
  return new Request(url, new Request(request, { headers }));
}
