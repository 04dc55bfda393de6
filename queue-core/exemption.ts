// Exemptions: the requests under a room's protected paths that need no admission. Each is a hole that its operator has chosen,
// so it names a path and methods, and the paths of requests are read narrowly (paths.ts).

/** Methods that an exemption can name. */
export const EXEMPT_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type ExemptMethod = (typeof EXEMPT_METHODS)[number];

export interface Exemption {
  path: string;
  /** `exact`: this path alone; `prefix`: what lies under it too. Letter case counts in both. */
  match: 'prefix' | 'exact';
  methods: ExemptMethod[];
}

/** What a path alone means: everything under it may be read. */
export function readOnlyExemption(path: string): Exemption {
  return { path, match: 'prefix', methods: ['GET', 'HEAD'] };
}

/** Whether an exemption says no more than its path alone. */
export function isReadOnlyExemption({ match, methods }: Exemption): boolean {
  return match === 'prefix' && methods.length === 2 && methods[0] === 'GET' && methods[1] === 'HEAD';
}
