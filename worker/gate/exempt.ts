// Which requests a room leaves open without an admission: those that one of its exemptions covers.

import { exempts } from '../../queue-core/paths.ts';
import type { Target } from '../http/request-target.ts';
import type { RoomConfig } from '../settings.ts';

export function isExempt(
  { exempt }: Pick<RoomConfig, 'exempt'>,
  method: string,
  { read, query }: Pick<Target, 'read' | 'query'>,
): boolean {
  return exempts(exempt, method, read) && !overridesMethod(query);
}

/** Frameworks take the method from a parameter `_method`; some read a dot, a space or a bracket as the underscore. */
function overridesMethod(query: string): boolean {
  const decoded = query.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return /[?&;][\s+]*[_.[\s+]method/i.test(decoded);
}
