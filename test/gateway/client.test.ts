// Whose address it is: what waits after a wrong key.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { networkOf } from '../../worker/http/request-client.ts';

it('is the address itself in IPv4, however it is written', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(networkOf(address)).toBe(address);
      expect(networkOf(`::ffff:${address}`)).toBe(address);
    }),
  );
});

it('is one for all addresses of a subscriber in IPv6, and another one for the next', () => {
  const group = fc.nat(0xffff).map((part) => part.toString(16));
  const groups = (count: number) => fc.array(group, { minLength: count, maxLength: count });
  fc.assert(
    fc.property(groups(3), groups(4), groups(4), ([a = '0', b = '0', c = '0'], own, other) => {
      const network = `2001:${a}:${b}:${c}`;
      expect(networkOf(`${network}:${own.join(':')}`)).toBe(networkOf(`${network}:${other.join(':')}`));
      const next = `2001:${a}:${b}:${((Number.parseInt(c, 16) + 1) & 0xffff).toString(16)}`;
      expect(networkOf(`${next}:${own.join(':')}`)).not.toBe(networkOf(`${network}:${own.join(':')}`));
    }),
  );
});

it('is one for all whose address is not known', () => {
  for (const address of [null, '', 'localhost', '300.1.2.3', '2001:::1']) expect(networkOf(address)).toBe('unknown');
});
