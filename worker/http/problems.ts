// Refusals as RFC 9457 problem+json: the type is stable, the detail says what to do next, and neither reveals anything of
// the gateway's inside. The texts are in problem-texts.ts.

import type { Refusal } from '../../queue-core/command.ts';
import type { Consequences } from '../contract/consequences-schema.ts';
import {
  type FieldError,
  type LastChange,
  type OperatorProblem,
  PROBLEM_TYPE_BASE,
} from '../contract/problem-schema.ts';
import { type Problem, problemText } from './problem-texts.ts';

interface Members {
  detail?: string;
  /** Where a client takes a place (`no-admission`). */
  join?: string;
  errors?: FieldError[];
  /** What a change would do that its request does not name (`confirmation-needed`). */
  consequences?: Consequences;
  /** Who was first (`changed-meanwhile`). */
  lastChange?: LastChange;
  /** Why the room refused a call of its origin (`call-refused`). */
  reason?: Refusal;
  /** Replaces the problem’s own status, for a client that does not take every one. */
  status?: number;
}

/** The response for a client that is not a person with a browser. */
export function problemResponse(
  problem: Problem,
  headers: Record<string, string> = {},
  members: Members = {},
): Response {
  const { status: ownStatus, title, detail, retryAfterSeconds } = problemText(problem);
  const { status = ownStatus } = members;
  const retryAfter = retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
  return new Response(JSON.stringify({ type: `${PROBLEM_TYPE_BASE}${problem}`, title, status, detail, ...members }), {
    status,
    headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store', ...retryAfter, ...headers },
  });
}

/** The response to an operator, who meets only the kinds that the contract names. */
export function operatorProblem(
  problem: OperatorProblem,
  headers: Record<string, string> = {},
  members: Members = {},
): Response {
  const { operatorDetail } = problemText(problem);
  return problemResponse(
    problem,
    headers,
    operatorDetail === undefined ? members : { detail: operatorDetail, ...members },
  );
}
