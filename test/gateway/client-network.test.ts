// The network that a client's address belongs to. Joins and wrong operator keys are limited by network.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientAddress, networkOf } from '../../worker/http/request-client.ts';

describe('the network of a client', () => {
  it('is the address itself in IPv4, also as an IPv4-mapped IPv6 address', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(networkOf(address)).toBe(address);
        expect(networkOf(`::ffff:${address}`)).toBe(address);
      }),
    );
  });

  it('is the same for all IPv6 addresses of one /64, and differs for the next /64', () => {
    const group = fc.nat(0xffff).map((part) => part.toString(16));
    const groups = (count: number) => fc.array(group, { minLength: count, maxLength: count });
    fc.assert(
      fc.property(groups(3), groups(4), groups(4), ([a = '0', b = '0', c = '0'], host, otherHost) => {
        const network = `2001:${a}:${b}:${c}`;
        expect(networkOf(`${network}:${host.join(':')}`)).toBe(networkOf(`${network}:${otherHost.join(':')}`));
        const next = `2001:${a}:${b}:${((Number.parseInt(c, 16) + 1) & 0xffff).toString(16)}`;
        expect(networkOf(`${next}:${host.join(':')}`)).not.toBe(networkOf(`${network}:${host.join(':')}`));
      }),
    );
  });

  it('is found for peers of both families, whose addresses come with a port', () => {
    const network = (clientIp: string) =>
      networkOf(clientAddress(Object.assign(new Request('http://127.0.0.1/'), { cf: { clientIp } })));
    expect(network('192.0.2.7:50000')).toBe('192.0.2.7');
    expect(network('[2001:db8:1:2::9]:50000')).toBe('2001:db8:1:2::');
    expect(network('[2001:db8:1:2:3::]:1')).toBe('2001:db8:1:2::');
    expect(network('[::ffff:192.0.2.7]:50000')).toBe('192.0.2.7');
    expect(network('[::1]:50000')).toBe('::');
  });

  it('is "unknown" for every client without a valid address', () => {
    for (const address of [null, '', 'localhost', '300.1.2.3', '2001:::1']) expect(networkOf(address)).toBe('unknown');
  });
});
