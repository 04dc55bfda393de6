// Which address a rehearsal may load: this machine, or a host that the command line names for it. Everything else is refused
// before the first byte. Names of this machine are not resolved by DNS, so no name server can redirect the load.

import type { LookupFunction } from 'node:net';

export interface Target {
  /** Scheme, host and port. */
  origin: string;
  secure: boolean;
  hostname: string;
  port: number;
  /** Resolves loopback names without DNS; null: the system's own lookup. */
  lookup: LookupFunction | null;
}

type CheckedTarget = { kind: 'target'; target: Target } | { kind: 'refused'; sentence: string };

/**
 * @param option the option that the address came from, for the sentence
 * @param mayLoad hosts that were named with --host-i-may-load
 */
export function checkTarget(option: string, address: string, mayLoad: readonly string[]): CheckedTarget {
  const refused = (sentence: string): CheckedTarget => ({ kind: 'refused', sentence });
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return refused(`${option} ${address} is not an http(s) address. Example: ${option} http://localhost:8787`);
  }
  if (url.pathname !== '/' || url.search !== '' || url.username !== '' || url.password !== '') {
    return refused(`${option} takes scheme, host and port only: ${option} ${url.protocol}//${url.host}`);
  }
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const loopback = isLoopback(hostname);
  if (!loopback && !mayLoad.some((host) => host.toLowerCase() === hostname)) {
    return refused(
      `${hostname} is not this machine. A rehearsal is a load test: run it only against a site that you are responsible ` +
        `for. If ${hostname} is yours and its operators know, add --host-i-may-load ${hostname}`,
    );
  }
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return {
    kind: 'target',
    target: { origin: url.origin, secure, hostname, port, lookup: loopback ? loopbackOnly : null },
  };
}

/** 127.0.0.0/8, ::1 and `localhost`; the URL parser has already expanded shorthand such as 127.1. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '::1' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

const loopbackOnly: LookupFunction = (hostname, options, found) => {
  if (hostname !== 'localhost') return found(new Error(`${hostname} is not looked up.`), []);
  const both = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  if (options.all) return found(null, both);
  return options.family === 6 ? found(null, '::1', 6) : found(null, '127.0.0.1', 4);
};
