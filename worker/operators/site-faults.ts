// What is wrong with a site in view of the other rooms and of the gateway's own addresses.

import type { DirectoryRoom, DirectoryView } from '../../queue-core/directory/directory-document.ts';
import type { FieldError } from '../contract/problem-schema.ts';
import { operatorProblem } from '../http/problems.ts';
import { type OwnAddresses, ownAddressIn, ownAddressText } from '../proxy/loops.ts';

/** Refuses an origin that is the gateway itself, and hosts that would make it so. @param at where the body has the site */
export function loopFault(
  gateway: OwnAddresses,
  directory: DirectoryView,
  changed: Pick<DirectoryRoom, 'id' | 'site'>,
  at: 'site.' | '',
): Response | null {
  const others = directory.rooms.filter(({ id, archivedAt }) => id !== changed.id && archivedAt === null);
  const served = [changed, ...others].map(({ id, site }) => ({ id, hosts: site.hosts }));
  const refuse = (field: string, origin: string, detail: string) => {
    const errors: FieldError[] = [{ field, detail, cause: { kind: 'ownAddress', origin } }];
    return operatorProblem('bad-input', {}, { errors });
  };
  const { origin, hosts } = changed.site;
  const own = ownAddressIn(origin, gateway, served);
  if (own !== null) return refuse(`${at}origin`, origin, ownAddressText(origin, own));
  // An origin that is an address of the gateway whatever these hosts are is not their fault.
  const overtaken = others.find(
    ({ site }) =>
      ownAddressIn(site.origin, gateway, []) === null &&
      ownAddressIn(site.origin, gateway, [{ ...changed, hosts }]) !== null,
  );
  if (overtaken === undefined) return null;
  const detail = `${overtaken.site.origin}, the origin of "${overtaken.id}", would be the gateway itself. Change that origin first.`;
  return refuse(`${at}hosts`, overtaken.site.origin, detail);
}
