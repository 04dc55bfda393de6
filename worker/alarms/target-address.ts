// Where alarms may be sent: to https, to this machine by plain http where the gateway runs on one's own, and never to the gateway
// itself, which would answer its own alarms.

import ipaddr from 'ipaddr.js';
import { isLoopback } from '../contract/loopback.ts';
import type { FieldCause } from '../contract/problem-schema.ts';
import { type OwnAddresses, ownAddressIn } from '../proxy/loops.ts';

type ServedRooms = Parameters<typeof ownAddressIn>[2];

export interface AddressFault {
  detail: string;
  cause: FieldCause;
}

/** @param url an http(s) address @returns null: alarms may be sent there */
export function targetAddressFault(url: string, own: OwnAddresses, rooms: ServedRooms): AddressFault | null {
  const { origin, protocol, hostname } = new URL(url);
  const name = ownAddressIn(origin, own, rooms);
  if (name !== null) {
    return {
      detail: `${origin} is the gateway itself (${name}). Set the address of the service that is to hear of alarms.`,
      cause: { kind: 'ownAddress', origin },
    };
  }
  // Where the process listens is known on one's own machines only.
  const isOwnMachine = own.listenUrl !== null;
  if (protocol === 'http:' && !(isOwnMachine && isLoopback(hostname))) {
    return {
      detail: `${origin}: plain http exposes alarms on the network. Set the https address; http is for a service on the gateway's own machine.`,
      cause: { kind: 'notPublic' },
    };
  }
  if (!isOwnMachine && isPrivate(hostname)) {
    return {
      detail: `${origin} is in a private network, which this deployment does not reach. Set a public https address.`,
      cause: { kind: 'notPublic' },
    };
  }
  return null;
}

function isPrivate(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (ipaddr.isValid(host)) return ipaddr.process(host).range() !== 'unicast';
  return isLoopback(hostname);
}
