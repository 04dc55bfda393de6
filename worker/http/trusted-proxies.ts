// The client's address where proxies stand in front: theirs is the word that counts, and only theirs.

import ipaddr from 'ipaddr.js';

/** Longer chains are nobody's: what lies before them is not looked at. */
const PROXIES_MAX = 16;

/** Networks of the proxies in front whose `X-Forwarded-For` is believed. */
export class TrustedProxies {
  readonly #networks: [ipaddr.IPv4 | ipaddr.IPv6, number][];

  /** @param networks addresses or networks, as 10.0.0.0/8 or 2001:db8::1 @throws TypeError naming what is neither */
  constructor(networks: readonly string[]) {
    this.#networks = networks.map((text) => {
      if (/\/0+$/.test(text)) throw new TypeError(`${JSON.stringify(text)} is everybody`);
      if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
      if (!isAddress(text)) throw new TypeError(`${JSON.stringify(text)} is no address or network`);
      const address = ipaddr.process(text);
      return [address, address.kind() === 'ipv4' ? 32 : 128];
    });
  }

  /**
   * The client's address: the peer's, or where the peer is a trusted proxy the last address of `X-Forwarded-For` that is none
   * (RFC 7239, 8.1). What clients write into the field stands before that and is never read.
   * @returns null where the runtime does not tell the peer
   */
  clientAddress(request: Request): string | null {
    const peer = peerAddress(request);
    return peer === null || !this.#includes(peer) ? peer : this.#follow(request, peer).client;
  }

  /** Whether the connection comes from a trusted proxy. */
  isProxy(request: Request): boolean {
    const peer = peerAddress(request);
    return peer !== null && this.#includes(peer);
  }

  /** The client's address as a trusted proxy tells it; null where none does, or no address stands where it should. */
  toldAddress(request: Request): string | null {
    const peer = peerAddress(request);
    if (peer === null || !this.#includes(peer)) return null;
    const { client, isTold } = this.#follow(request, peer);
    return isTold ? client : null;
  }

  /** Goes back from a trusted proxy to the first address that is none. `isTold`: nothing but addresses stood on the way. */
  #follow(request: Request, peer: string): { client: string; isTold: boolean } {
    const chain = (request.headers.get('X-Forwarded-For') ?? '').split(',').slice(-PROXIES_MAX);
    let client = peer;
    for (const entry of chain.toReversed()) {
      const address = withoutPort(entry.trim());
      if (!isAddress(address)) return { client, isTold: false };
      client = ipaddr.process(address).toString();
      if (!this.#includes(client)) break;
    }
    return { client, isTold: true };
  }

  #includes(address: string): boolean {
    if (!isAddress(address)) return false;
    const parsed = ipaddr.process(address);
    return this.#networks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits));
  }
}

/** Cloudflare sets the header itself; elsewhere the runtime has the peer of the socket. */
function peerAddress(request: Request): string | null {
  const peer = (request.cf as { clientIp?: string } | undefined)?.clientIp;
  const address = peer === undefined ? request.headers.get('CF-Connecting-IP') : withoutPort(peer);
  if (address === null || !isAddress(address)) return address;
  return ipaddr.process(address).toString();
}

/** Addresses as runtimes and proxies write them: `192.0.2.1:443`, `[2001:db8::1]:443`, `2001:db8::1`. */
function withoutPort(text: string): string {
  const [, bracketed] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text) ?? [];
  if (bracketed !== undefined) return bracketed;
  return /^[^:]*:\d{1,5}$/.test(text) ? text.slice(0, text.lastIndexOf(':')) : text;
}

/** Only whole addresses: `ipaddr.isValid` also takes `1` and `0x7f.1` as IPv4. */
function isAddress(text: string): boolean {
  return text.includes(':') ? ipaddr.IPv6.isValid(text) : ipaddr.IPv4.isValidFourPartDecimal(text);
}
