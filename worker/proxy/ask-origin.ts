// One request to a site, to learn whether it answers. What it answers is dropped.

import { type ForwardOptions, forwardToOrigin, type OriginFetch, OriginTimeout } from './forward.ts';

export type OriginAnswer = { kind: 'answered'; status: number } | { kind: 'late' } | { kind: 'unreachable' };

/** @param path with its query */
export async function askOrigin(
  site: ForwardOptions['site'],
  path: string,
  withinMs: number,
  fetchOrigin: OriginFetch,
): Promise<OriginAnswer> {
  const [pathname = '/', query = ''] = path.split(/(?=\?)/);
  const target = { publicOrigin: site.origin, path: pathname, query };
  const bounded = { ...site, originTimeoutSeconds: withinMs / 1_000 };
  const options = { site: bounded, target, admission: null, byMethod: false, ownBearer: false, clientAddress: null };
  try {
    const request = new Request(site.origin, { method: 'GET' });
    const { response } = await forwardToOrigin(request, options, fetchOrigin);
    await response.body?.cancel();
    return { kind: 'answered', status: response.status };
  } catch (error) {
    return { kind: error instanceof OriginTimeout ? 'late' : 'unreachable' };
  }
}
