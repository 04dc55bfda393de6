// The response to a request that was not admitted: one table from refusals to problem documents (RFC 9457), the same in
// every adapter. It names the reason code and the way in, and nothing that would help to forge a token.

import type { Refusal } from './verdict.ts';

/** Problem types are stable: sites and monitors may compare them. */
const PROBLEM_BASE = 'https://fairgate.dev/problems/';

/** A restart of the gateway takes a few seconds; clients that retry automatically should wait at least this long. */
const RETRY_AFTER_SECONDS = 5;

export interface ProblemResponse {
  status: 403 | 503;
  headers: Record<string, string>;
  /** JSON text. */
  body: string;
}

export function problemOf(refusal: Refusal): ProblemResponse {
  switch (refusal.kind) {
    case 'refused':
      if (refusal.reason === 'handOff') {
        return problem(403, 'hand-off-failed', {
          title: 'We could not let you in',
          detail:
            'Please allow cookies for this site and open its address again. Your place is kept. ' +
            '이 사이트의 쿠키를 허용한 뒤 다시 접속해 주세요. 차례는 그대로 유지됩니다.',
          reason: refusal.reason,
        });
      }
      return problem(403, refusal.reason === 'missing' ? 'no-admission' : 'invalid-admission', {
        title: 'Please enter through the waiting room',
        detail:
          'This site is protected by a waiting room. Please open its public address and wait for your turn. ' +
          '이 사이트는 대기실을 거쳐야 이용하실 수 있습니다. 안내받은 주소로 접속하신 뒤 차례를 기다려 주세요.',
        reason: refusal.reason,
      });
    case 'unavailable':
      return problem(503, 'keys-unavailable', {
        title: 'Admission cannot be checked right now',
        detail:
          'Your place is kept. Please try again in a few seconds. ' +
          '지금은 입장 자격을 확인할 수 없습니다. 차례는 그대로 유지되니 잠시 후 다시 시도해 주세요.',
      });
  }
}

function problem(status: ProblemResponse['status'], name: string, members: Record<string, string>): ProblemResponse {
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...(status === 503 ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : {}),
    },
    body: JSON.stringify({ type: PROBLEM_BASE + name, status, ...members }),
  };
}
