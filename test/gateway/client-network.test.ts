// The network that a client's address belongs to. Joins and wrong operator keys are limited by network.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { networkOf } from '../../worker/http/request-client.ts';
import { TrustedProxies } from '../../worker/http/trusted-proxies.ts';

/** A request from this peer, as the runtime tells it. */
function from(clientIp: string, headers: HeadersInit = {}): Request {
  return Object.assign(new Request('http://127.0.0.1/', { headers }), { cf: { clientIp } });
}

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
    const network = (clientIp: string) => networkOf(new TrustedProxies([]).clientAddress(from(clientIp)));
    expect(network('192.0.2.7:50000')).toBe('192.0.2.7');
    expect(network('[2001:db8:1:2::9]:50000')).toBe('2001:db8:1:2::');
    expect(network('[2001:db8:1:2:3::]:1')).toBe('2001:db8:1:2::');
    expect(network('[::ffff:192.0.2.7]:50000')).toBe('192.0.2.7');
    expect(network('[::1]:50000')).toBe('::');
  });

  it('is "unknown" for every client without a valid address', () => {
    // Of one IPv4 address, by 6to4.
    expect(networkOf('2002:c000:207:9::1')).toBe(networkOf('2002:c000:207:ffff::2'));
    expect(networkOf('2002:c000:207::1')).not.toBe(networkOf('2002:c000:208::1'));
    for (const address of [null, '', 'localhost', '300.1.2.3', '2001:::1']) expect(networkOf(address)).toBe('unknown');
  });
});

describe('the address of a client behind trusted proxies', () => {
  const proxies = new TrustedProxies(['10.0.0.0/8', '2001:db8:ff::/48', '192.0.2.1']);
  const trusted = fc.constantFrom(
    '10.1.2.3',
    '2001:db8:ff::7',
    '192.0.2.1',
    '::ffff:10.0.0.9',
    '10.1.2.3:8080',
    '[2001:db8:ff::7]:1',
  );
  const client = fc.constantFrom('198.51.100.7', '203.0.113.9', '2001:db8:1::2');
  const told = (peer: string, field: string | null) =>
    proxies.clientAddress(from(peer, field === null ? {} : { 'X-Forwarded-For': field }));

  it('is the last of X-Forwarded-For that is no proxy, whatever the client wrote before it', () => {
    const forged = fc.array(fc.oneof(client, trusted, fc.constantFrom('', 'unknown', 'x"y', '_hidden', '127.0.0.1')), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(forged, client, fc.array(trusted, { maxLength: 4 }), trusted, (before, address, hops, peer) => {
        expect(
          told(
            peer.includes(']') || /^[^:]*:/.test(peer) ? peer : `${peer.includes(':') ? `[${peer}]` : peer}:1`,
            [...before, address, ...hops].join(', '),
          ),
        ).toBe(address);
      }),
    );
  });

  it('is the peer where the peer is no trusted proxy, or no proxy is trusted', () => {
    fc.assert(
      fc.property(client, fc.array(fc.oneof(client, trusted)), (peer, chain) => {
        const socket = peer.includes(':') ? `[${peer}]:1` : `${peer}:1`;
        expect(told(socket, chain.join(','))).toBe(peer);
        const nobody = new TrustedProxies([]);
        expect(nobody.clientAddress(from('10.0.0.1:1', { 'X-Forwarded-For': chain.join(',') }))).toBe('10.0.0.1');
      }),
    );
  });

  it('is the last proxy that could be read where the field is missing, broken, or names proxies only', () => {
    expect(told('10.0.0.1:1', null)).toBe('10.0.0.1');
    expect(told('10.0.0.1:1', '')).toBe('10.0.0.1');
    expect(told('10.0.0.1:1', 'unknown')).toBe('10.0.0.1');
    expect(told('10.0.0.1:1', '198.51.100.7, unknown, 10.0.0.2')).toBe('10.0.0.2');
    expect(told('10.0.0.1:1', '10.0.0.3, 10.0.0.2')).toBe('10.0.0.3');
    expect(told('10.0.0.1:1', Array(40).fill('10.0.0.2').join(','))).toBe('10.0.0.2');
    for (const odd of ['1', '0x7f.1', '198.51.100', '198.51.100.7.8', '2001:::1'])
      expect(told('10.0.0.1:1', odd)).toBe('10.0.0.1');
  });

  it.each([['10.0.0.0/33'], ['300.1.1.1'], ['example.org'], ['0.0.0.0/0'], ['::/0'], ['10'], ['10.0.0.1/']])(
    'refuses %s as a proxy',
    (network) => {
      expect(() => new TrustedProxies([network])).toThrow(network);
    },
  );
});
