// What wrangler.toml's routes say of the hosts of a deployment: whether visitors reach the gate there, and only through it. A route of a
// part of a host leaves the rest of it without the gate.

/** As wrangler.toml may spell it. */
export type Route = string | { pattern: string; custom_domain?: boolean };

export interface RouteFindings {
  /** Not to be deployed. */
  problems: string[];
  /** Hosts that no route leads to the gateway. */
  uncovered: string[];
}

export const patternOf = (route: Route): string => (typeof route === 'string' ? route : route.pattern);

/** @param hosts on which the gateway expects visitors or operators, without ports */
export function routeFindings(routes: readonly Route[], hosts: readonly string[]): RouteFindings {
  const problems = routes.flatMap((route) => {
    const pattern = patternOf(route);
    if (isCustomDomain(route)) return [];
    if (/^https?:/.test(pattern)) {
      return [
        `The route ${pattern} is for one scheme. The other leads past the gate: write ${pattern.replace(/^https?:\/\//, '')}.`,
      ];
    }
    const [host = '', ...path] = pattern.split('/');
    return path.join('/') === '*'
      ? []
      : [
          `The route ${pattern} is for a part of the host. Cloudflare compares paths letter by letter, so that /BOOK or //book lead past a gate at /book*: write ${host}/*, and let the rooms say what is protected.`,
        ];
  });
  const uncovered = hosts.filter((host) => !routes.some((route) => covers(route, host)));
  return { problems, uncovered };
}

/** Patterns that both have. */
export function sharedPatterns(one: readonly Route[], other: readonly Route[]): string[] {
  const others = new Set(other.map((route) => patternOf(route).toLowerCase()));
  return one.map(patternOf).filter((pattern) => others.has(pattern.toLowerCase()));
}

function covers(route: Route, host: string): boolean {
  const [pattern = ''] = patternOf(route).toLowerCase().split('/');
  if (isCustomDomain(route) || !pattern.startsWith('*')) return pattern === host;
  return host.endsWith(pattern.slice(1));
}

const isCustomDomain = (route: Route): boolean => typeof route === 'object' && route.custom_domain === true;
