// Whether an origin refuses requests that did not come through the gateway, by asking it once as a stranger would.

/** A slow site must not keep the person who starts the gateway from seeing where it is. */
const ASK_MS_MAX = 3_000;

export type OriginCheck =
  | { kind: 'refuses'; status: number }
  | { kind: 'answers'; status: number }
  | { kind: 'silent'; reason: string };

export async function askOrigin(originUrl: string): Promise<OriginCheck> {
  try {
    const { status, body } = await fetch(originUrl, { redirect: 'manual', signal: AbortSignal.timeout(ASK_MS_MAX) });
    await body?.cancel();
    return { kind: status === 401 || status === 403 ? 'refuses' : 'answers', status };
  } catch (error) {
    return { kind: 'silent', reason: reasonOf(error) };
  }
}

export function originSentence(check: OriginCheck): string {
  switch (check.kind) {
    case 'refuses':
      return `refuses requests that did not come through the gateway (status ${check.status})`;
    case 'answers':
      return `The origin answers everybody: status ${check.status} without an admission token; see docs/origin.md`;
    case 'silent':
      return `The origin does not answer (${check.reason}): whether it refuses requests past the gateway was not checked`;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `nothing within ${ASK_MS_MAX / 1000} s`;
  // fetch hides what happened in the cause.
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return 'code' in cause && cause.code !== undefined ? String(cause.code) : cause.message;
}
