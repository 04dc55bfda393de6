// What is known of whoever sends a request, whatever they ask.

/** The client's address by the runtime: Cloudflare's header there, the socket's peer on one's own machine. */
export function clientAddress(request: Request): string | null {
  const peer = (request.cf as { clientIp?: string } | undefined)?.clientIp;
  return peer === undefined ? request.headers.get('CF-Connecting-IP') : peer.replace(/:\d+$/, '');
}

/**
 * Browsers keep tokens in HttpOnly cookies; a script of the origin's page must not get them from a body. Whatever sends
 * neither of these headers has no cookies to speak of.
 */
export function isBrowser(request: Request): boolean {
  return request.headers.has('Sec-Fetch-Site') || request.headers.has('Origin');
}
