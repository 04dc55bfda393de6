/** The client's address by the runtime: Cloudflare's header there, the socket's peer on one's own machine. */
export function clientAddress(request: Request): string | null {
  const peer = (request.cf as { clientIp?: string } | undefined)?.clientIp;
  return peer === undefined ? request.headers.get('CF-Connecting-IP') : peer.replace(/:\d+$/, '');
}
