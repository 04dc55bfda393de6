// Every refusal that a machine can meet, as RFC 9457 problem+json. The type is stable, the detail says what to do next,
// and neither says anything of the inside.

import { PATH_CHARS_MAX } from '../../queue-core/paths.ts';
import { type FieldError, type OperatorProblem, PROBLEM_TYPE_BASE } from '../contract/problem-schema.ts';

const PROBLEMS = {
  'no-admission': [
    403,
    'A place in line is needed',
    'Open this address in a browser, or POST to the room’s join address, and come back with the admission token.',
  ],
  'pass-spent': [
    403,
    'This way in is no longer valid',
    'A pass is taken up once, within seconds. Ask for another in the operators’ console.',
  ],
  'cross-site-request': [
    403,
    'Request from another site',
    'Join, claim and leave can only be asked for from this site.',
  ],
  'doubtful-address': [
    400,
    'The address can be read in more than one way',
    'Send the path without encoded slashes or control characters, backslashes, incomplete percent-encoding or leading "..".',
  ],
  'doubtful-host': [400, 'The Host cannot be read', 'Send one host name, with a port at the most.'],
  'address-too-long': [414, 'The address is too long', `Send a path of at most ${PATH_CHARS_MAX} characters.`],
  'headers-too-large': [431, 'The cookies or headers are too large', 'Clear this site’s cookies and try again.'],
  'body-too-large': [413, 'The body is too large', 'Send at most 4 kB here.'],
  'body-not-allowed': [400, 'This method has no body', 'Send GET and HEAD without a body, or use another method.'],
  'bad-body': [
    400,
    'The body cannot be read',
    'Send a form or a JSON object, with "return" as a path on this site, or no body.',
  ],
  'bad-token': [401, 'The token is not valid here', 'Join the line again; tokens hold for one room and one opening.'],
  'operator-key': [401, 'An operator’s key is needed', 'Sign in, or send a key as Authorization: Bearer.'],
  'wrong-key': [
    401,
    'This is no operator’s key',
    'Try again after the seconds in Retry-After; each wrong key doubles them.',
  ],
  'role-too-small': [403, 'Your role does not allow this', 'Ask somebody whose role does.'],
  'if-match-needed': [
    428,
    'If-Match is needed',
    'Read the room and send its ETag, so that nobody is overwritten unseen.',
  ],
  'changed-meanwhile': [412, 'Somebody changed it meanwhile', 'Read the room again and decide on what it is now.'],
  'bad-input': [422, 'Something in it is not right', 'See errors: each names a field and what to put.'],
  'already-open': [409, 'It is open already', 'To open anew, close it first.'],
  'already-closed': [409, 'It is closed', 'Set a schedule or open it: that begins a new opening.'],
  'not-closed': [409, 'It is not closed', 'Close it first; people would be turned away in the middle of the line.'],
  'session-unknown': [409, 'Nobody is inside with that position', 'Check the number; the visit may be over.'],
  'room-exists': [409, 'There is a room of that name', 'Choose another id; an archived room keeps its own.'],
  'room-archived': [409, 'The room is archived', 'Make a new one; an archived room only keeps its log.'],
  'rooms-full': [
    409,
    'There are as many rooms as one deployment takes',
    'Use another deployment; shorter lists of hosts and paths also make room.',
  ],
  'keys-full': [409, 'There are as many keys as one deployment takes', 'Remove one first.'],
  'owners-key': [409, 'This is the owner’s key of the settings', 'Change OPERATOR_KEY in the settings instead.'],
  'log-full': [409, 'The log is full', 'Nothing is done that cannot be recorded. Export it and go on in a new room.'],
  'method-not-allowed': [
    405,
    'This method is not answered here',
    'Use the method that the documentation names for this address.',
  ],
  'not-found': [404, 'Nothing is here', 'Check the address; this gateway knows no such room or page.'],
  'too-many-requests': [
    429,
    'Asked too often',
    'Wait for the seconds in Retry-After; asking sooner moves nobody forward.',
  ],
  'room-closed': [409, 'The room is not taking visitors', 'Read the board for what happens next.'],
  'store-unreachable': [
    503,
    'The line cannot be read at the moment',
    'Your place is kept. Try again in a few seconds.',
  ],
  'origin-unreachable': [
    502,
    'The site behind the line does not answer',
    'Your session is kept. Try again in a few seconds.',
  ],
  'change-unconfirmed': [
    503,
    'Whether it was done is not known',
    'The store did not answer in time. Look at the room: where it does not show the change, send it again.',
  ],
  'not-configured': [503, 'This gateway is not set up', 'Its operators find the reason in its log.'],
  unexpected: [500, 'Something went wrong', 'Your place is kept. Try again in a few seconds.'],
} as const satisfies Record<string, readonly [status: number, title: string, detail: string]> &
  Record<OperatorProblem, readonly [number, string, string]>;

export type Problem = keyof typeof PROBLEMS;

/** What passes by itself is worth another try after so many seconds. */
const RETRY_AFTER: Partial<Record<Problem, string>> = {
  'store-unreachable': '5',
  'origin-unreachable': '5',
  'change-unconfirmed': '5',
};

export function problemStatus(problem: Problem): number {
  return PROBLEMS[problem][0];
}

/** The answer for a client that is not a person with a browser. */
export function problemResponse(
  problem: Problem,
  headers: Record<string, string> = {},
  more: { detail?: string; errors?: FieldError[] } = {},
): Response {
  const [status, title, detail] = PROBLEMS[problem];
  const retryAfter = RETRY_AFTER[problem];
  const passing = retryAfter === undefined ? {} : { 'Retry-After': retryAfter };
  return new Response(JSON.stringify({ type: `${PROBLEM_TYPE_BASE}${problem}`, title, status, detail, ...more }), {
    status,
    headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store', ...passing, ...headers },
  });
}

/** What is said of a place in line helps no operator: what was not done does. */
const OPERATORS_DETAIL: Partial<Record<OperatorProblem, string>> = {
  'store-unreachable': 'Nothing was done. Send it again in a few seconds.',
  'too-many-requests': 'Nothing was done. Send it again after the seconds in Retry-After.',
  unexpected: 'Whether it was done is not known. Look at the room; the gateway’s log says what happened.',
};

/** The answer to an operator: only kinds that the contract names. */
export function operatorProblem(
  problem: OperatorProblem,
  headers: Record<string, string> = {},
  more: { detail?: string; errors?: FieldError[] } = {},
): Response {
  const detail = OPERATORS_DETAIL[problem];
  return problemResponse(problem, headers, detail === undefined ? more : { detail, ...more });
}
