// What somebody who was not admitted is told: one table from verdicts to problem documents (RFC 9457), the same from every
// adapter. Says to come through the line and one word why, nothing that would help to build a better forgery.

import type { Verdict } from './verify.ts';

/** Types are stable: sites and monitors may compare them. */
const PROBLEM_BASE = 'https://fairgate.dev/problems/';

/** A gateway's restart takes a few seconds; clients that ask again by themselves should not do so sooner. */
const RETRY_AFTER_SECONDS = 5;

export interface Problem {
  status: 403 | 503;
  headers: Record<string, string>;
  /** JSON text. */
  body: string;
}

export function problemOf(verdict: Exclude<Verdict, { kind: 'admitted' }>): Problem {
  switch (verdict.kind) {
    case 'refused':
      return problem(403, verdict.reason === 'missing' ? 'no-admission' : 'invalid-admission', {
        title: 'Come through the line',
        detail:
          'This site is entered through its waiting room. Please open its public address and take a place in line. ' +
          '이 사이트는 대기실을 거쳐 들어올 수 있습니다. 안내된 주소로 접속해 차례를 받아 주세요.',
        reason: verdict.reason,
      });
    case 'unavailable':
      return problem(503, 'keys-unavailable', {
        title: 'Admissions cannot be checked right now',
        detail:
          'Nobody is let in until they can be. Your place is kept: please try again in a few seconds. ' +
          '지금은 입장권을 확인할 수 없습니다. 차례는 그대로 유지되니 잠시 뒤 다시 시도해 주세요.',
      });
  }
}

function problem(status: Problem['status'], name: string, members: Record<string, string>): Problem {
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
