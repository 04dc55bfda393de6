// Every problem that the gateway can answer with, in one table: status, text for machines and apps, and the text of the
// page that a visitor sees instead. Only texts; problems.ts and responses.ts build responses from them.

import { PATH_CHARS_MAX } from '../../queue-core/paths.ts';
import type { OperatorProblem } from '../contract/problem-schema.ts';

interface Text {
  title: string;
  /** What the client should do next. */
  detail: string;
}

interface Variants {
  /** For a person with a browser. Absent: every client gets problem+json. */
  page?: { ko: Text; en: Text };
  /** Replaces `detail` for operators, where the usual one speaks of a place in line. */
  operatorDetail?: string;
  retryAfterSeconds?: number;
}

interface ProblemText extends Text, Variants {
  status: number;
}

const RETRY_AFTER_SECONDS = 5;

const KEEPS_PLACE = { ko: '순서는 그대로 유지됩니다.', en: 'You have not lost your place.' };

const PROBLEM_TEXTS = {
  'no-admission': text(
    403,
    'Admission required',
    'Open this address in a browser, or POST to the address in "join", and retry with an admission token.',
  ),
  'admission-needed': text(401, 'Admission required', 'Open the address in Location in a browser.', {
    page: page(
      '대기실로 이동합니다',
      '자동으로 이동하지 않으면 이 페이지를 새로고침해 주세요.',
      'Taking you to the waiting room',
      'If nothing happens, please reload this page.',
    ),
  }),
  'verify-unusable': text(
    403,
    'This question cannot be answered',
    'See docs/forward-auth.md of Fairgate for what a proxy sends to this address.',
  ),
  'gateway-field': text(
    403,
    'Field of the gateway in the request',
    'Send no header field whose name begins with Fairgate: only the gateway sets them.',
  ),
  'pass-spent': text(
    403,
    'This pass is no longer valid',
    'A pass link works once, within seconds. Create a new one in the operators’ console.',
    {
      page: page(
        '더 이상 사용할 수 없는 주소입니다',
        '입장권 주소는 발급 직후 한 번만 사용할 수 있습니다. 운영자 화면에서 다시 발급받아 주세요.',
        'This link no longer works',
        'A pass link works once, within seconds. Please create a new one in the operators’ console.',
      ),
    },
  ),
  'hand-off-address': text(
    400,
    'This room hands nobody over to that address',
    'Operators: list the site’s origin, with a path prefix above the address, in handOff of this room. The address in "return" has to be absolute, once, and spelled as browsers send it.',
    {
      page: page(
        '돌아갈 주소를 확인할 수 없습니다',
        '이 대기실에 등록되지 않은 주소이므로 이동하지 않습니다. 이용하시려는 사이트에서 다시 접속해 주세요. 운영자: 대기실 설정의 handOff에 사이트 주소를 등록해 주세요.',
        'We cannot take you to that address',
        'It is not registered with this waiting room, so we do not follow it. Please start again on the site that you want to visit. Operators: add the site to handOff in the room’s settings.',
      ),
    },
  ),
  'hand-off-challenge': text(
    400,
    'Challenge missing',
    'Send "challenge" once: SHA-256 of a random verifier in base64url without padding (RFC 7636, S256). See docs/hand-off.md of Fairgate.',
    {
      page: page(
        '사이트에서 다시 시작해 주세요',
        '대기실로 들어오는 주소가 올바르지 않습니다. 이용하시려는 사이트에서 다시 접속해 주세요.',
        'Please start again on the site',
        'This address of the waiting room is incomplete. Please open the site that you want to visit.',
      ),
    },
  ),
  'hand-off-pass': text(
    403,
    'A pass is not handed over',
    'An operator’s pass is for sites behind the gateway. Take a place in line instead.',
    {
      page: page(
        '운영자 입장권은 이 사이트에 사용할 수 없습니다',
        '운영자 입장권은 게이트웨이 뒤에 있는 사이트에서만 사용할 수 있습니다. 다른 브라우저에서 순서를 기다려 주세요.',
        'An operator’s pass does not work for this site',
        'A pass is for sites behind the gateway. Please take a place in line in another browser.',
      ),
    },
  ),
  'hand-off-browser': text(
    403,
    'Codes are exchanged by a server',
    'Exchange the code from the site’s server, not from a page: the token has to stay out of the reach of scripts.',
  ),
  'hand-off-input': text(
    400,
    'Unreadable exchange',
    'Send JSON with "code", "verifier" (43 to 128 characters of A-Z, a-z, 0-9, -._~) and "site", the site’s origin.',
  ),
  'hand-off-code': text(400, 'Not a code of this room', 'Send the visitor to the room again, with a new verifier.'),
  'hand-off-expired': text(410, 'The code is too old', 'Send the visitor to the room again: they get another at once.'),
  'hand-off-used': text(409, 'The code was used', 'Send the visitor to the room again: they get another at once.'),
  'hand-off-over': text(410, 'The session is over', 'Send the visitor to the room again.'),
  'hand-off-verifier': text(
    403,
    'The code belongs to another browser or site',
    'It is used up. Send the visitor to the room again, with a new verifier, and exchange with the origin that "return" began with.',
  ),
  'cross-site-request': text(
    403,
    'Cross-site request refused',
    'Join, claim and leave are accepted from this site’s own pages and from apps only.',
    {
      page: page(
        '다른 사이트에서 보낸 요청입니다',
        '이 사이트의 화면에서 버튼을 다시 눌러 주세요.',
        'This request came from another site',
        'Please press the button again on this site’s own page.',
      ),
      operatorDetail: 'Changes are accepted from the console’s own pages and from scripts with a key only.',
    },
  ),
  'doubtful-address': text(
    400,
    'Ambiguous address',
    'Send the path without control characters, backslashes, incomplete percent-encoding, overlong UTF-8 or leading "..", and in a spelling that belongs to one room.',
    {
      page: page(
        '주소를 확인해 주세요',
        '주소에 사용할 수 없는 문자가 있습니다. 안내받은 주소를 다시 입력해 주세요.',
        'Please check the address',
        'It contains characters that are not allowed. Please type the address exactly as it was given to you.',
      ),
    },
  ),
  'doubtful-host': text(400, 'Invalid Host header', 'Send exactly one host name, optionally with a port.', {
    page: page(
      '주소를 확인해 주세요',
      '사이트 이름이 올바르지 않습니다. 안내받은 주소를 다시 입력해 주세요.',
      'Please check the address',
      'The site name is not valid. Please type the address exactly as it was given to you.',
    ),
  }),
  'address-too-long': text(414, 'Address too long', `Send a path of at most ${PATH_CHARS_MAX} characters.`, {
    page: page(
      '주소가 너무 깁니다',
      '안내받은 주소를 다시 입력해 주세요.',
      'The address is too long',
      'Please type the address exactly as it was given to you.',
    ),
  }),
  'headers-too-large': text(431, 'Cookies or headers too large', 'Clear this site’s cookies and retry.', {
    page: page(
      '저장된 쿠키가 너무 많습니다',
      '브라우저에서 이 사이트의 쿠키를 삭제한 뒤 다시 접속해 주세요.',
      'There are too many cookies',
      'Please clear this site’s cookies in your browser, then come back.',
    ),
  }),
  'body-too-large': text(413, 'Request body too large', 'Send at most 4 kB to this address.', {
    page: page(
      '요청 내용이 너무 큽니다',
      `이전 화면으로 돌아가 버튼을 다시 눌러 주세요. ${KEEPS_PLACE.ko}`,
      'The request is too large',
      `Please go back and press the button again. ${KEEPS_PLACE.en}`,
    ),
  }),
  'body-not-allowed': text(400, 'GET and HEAD take no body', 'Send the request without a body, or use another method.'),
  'bad-body': text(
    400,
    'Unreadable request body',
    'Send a form or a JSON object with "return" as a path on this site, or no body.',
    {
      page: page(
        '요청을 처리할 수 없습니다',
        `이전 화면으로 돌아가 버튼을 다시 눌러 주세요. ${KEEPS_PLACE.ko}`,
        'We could not read that request',
        `Please go back and press the button again. ${KEEPS_PLACE.en}`,
      ),
    },
  ),
  'call-unsigned': text(
    401,
    'No signature that counts here',
    'Sign the call with a key that ORIGIN_KEYS names for this room: see docs/origin-calls.md of Fairgate.',
  ),
  'call-untimely': text(
    401,
    'The signature is too old, or from the future',
    'Set the clock of the site, and sign the call anew, with the same webhook-id.',
  ),
  'call-refused': text(409, 'The call changed nothing', 'See "reason". Sending it again changes nothing.'),
  'method-not-allowed': text(405, 'Method not allowed', 'Send POST.'),
  'bad-token': text(401, 'Invalid token', 'Join the line again: a token is valid for one room and one opening.'),
  'operator-key': text(401, 'Operator key required', 'Sign in, or send a key as Authorization: Bearer.'),
  'wrong-key': text(
    401,
    'Unknown operator key',
    'Retry after the seconds in Retry-After; each wrong key doubles the delay.',
  ),
  'key-expired': text(401, 'This key has expired', 'Ask an owner for another one.'),
  'other-room': text(
    403,
    'This key is for other rooms',
    'It sees and changes its own rooms alone, and nothing that is no room’s. Ask an owner for a key of all rooms.',
  ),
  'role-too-small': text(403, 'Your role does not allow this', 'Ask an operator with a higher role.'),
  'if-match-needed': text(
    428,
    'If-Match required',
    'Read the room and send its ETag as If-Match, so that you do not overwrite a change you have not seen.',
  ),
  'confirmation-needed': text(
    409,
    'The change must be confirmed',
    'Nothing was changed. "consequences" says what it would do to people at once; name that in "confirm".',
  ),
  'changed-meanwhile': text(412, 'Changed in the meantime', 'Read the room again and decide on its current state.'),
  'bad-input': text(422, 'Invalid input', 'See "errors": each entry names a field and what it takes.'),
  'already-open': text(409, 'This room is already open', 'Close it before opening it again.'),
  'already-closed': text(
    409,
    'This room is already closed',
    'To start a new opening, set a schedule or open the room.',
  ),
  'not-closed': text(
    409,
    'This room is not closed',
    'Close it first: archiving it now would turn away the people in line.',
  ),
  'session-unknown': text(409, 'No session has this position', 'Check the number; the session may have ended.'),
  'alarm-unknown': text(409, 'This alarm is not raised', 'It may be over. Read the room again.'),
  'room-exists': text(409, 'A room with this id exists', 'Choose another id; archived rooms keep theirs.'),
  'room-archived': text(
    409,
    'This room is archived',
    'Create a new room; of an archived one only the log can be read.',
  ),
  'rooms-full': text(
    409,
    'Room limit reached',
    'Use another deployment, or shorten the rooms’ lists of hosts and paths.',
  ),
  'keys-full': text(409, 'Key limit reached', 'Remove a key first.'),
  'targets-full': text(409, 'Limit of alarm targets reached', 'Remove a target first.'),
  'messages-full': text(409, 'Limit of kept messages reached', 'Remove a kept message first.'),
  'owners-key': text(409, 'The owner’s key cannot be removed', 'Change OPERATOR_KEY in the settings instead.'),
  'log-full': text(
    409,
    'Log full',
    'The change was not made because it cannot be recorded. Export the log and continue in a new room.',
  ),
  'not-found': text(404, 'Not found', 'Check the address: this gateway has no such room or page.', {
    page: page(
      '페이지를 찾을 수 없습니다',
      '주소를 확인해 주세요. 이 주소에는 대기실이 없습니다.',
      'Page not found',
      'Please check the address. There is no waiting room here.',
    ),
  }),
  'no-receipt': text(
    404,
    'No receipt',
    'No completed visit of this client is known. Send its queue token, admission token or receipt.',
  ),
  'too-many-requests': text(
    429,
    'Too many requests',
    'Wait for the seconds in Retry-After. Polling faster does not move you forward.',
    { operatorDetail: 'The request was not processed. Retry after the seconds in Retry-After.' },
  ),
  'session-overused': text(
    429,
    'Admission used too much at once',
    'One admission has too many requests at a time, or comes from too many networks. Retry with fewer.',
    {
      page: page(
        '한 번에 너무 많이 접속했습니다',
        '하나의 입장 자격이 여러 곳에서 동시에 사용되고 있습니다. 잠시 후 다시 시도해 주세요.',
        'Too many requests at once',
        'One admission is being used in many places at a time. Please try again in a moment.',
      ),
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    },
  ),
  'too-many-joins': text(
    429,
    'Too many joins from this network',
    'No place was taken, and none was lost. Join again after the seconds in Retry-After.',
  ),
  'cookies-needed': text(
    403,
    'Cookies needed',
    'No place was taken, because this browser returned no cookie to keep it. Repeat the request with the cookie of this response.',
  ),
  'bad-idempotency-key': text(
    400,
    'Unusable Idempotency-Key',
    'Send one key of 22 to 128 printable ASCII characters, chosen at random for this join, such as a UUID; or none.',
  ),
  'store-unreachable': text(503, 'The line is temporarily unavailable', `${KEEPS_PLACE.en} Retry in a few seconds.`, {
    operatorDetail: 'The store is unreachable and nothing was changed. Retry in a few seconds.',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  }),
  'origin-unreachable': text(
    502,
    'The protected site does not respond',
    'Your session is kept. Retry in a few seconds.',
    { retryAfterSeconds: RETRY_AFTER_SECONDS },
  ),
  'origin-timeout': text(
    504,
    'The protected site does not respond in time',
    'Your session is kept. Retry in a few seconds. Operators: originTimeoutSeconds of the room is how long the gateway waits.',
    { retryAfterSeconds: RETRY_AFTER_SECONDS },
  ),
  'body-too-slow': text(
    408,
    'The request’s body arrives too slowly',
    'Send it again, over a better connection. Nothing but the body was late.',
    {
      page: page(
        '보내는 데 시간이 너무 오래 걸렸습니다',
        '연결 상태가 좋은 곳에서 다시 보내 주세요. 입장 자격은 그대로입니다.',
        'Sending took too long',
        'Send it again over a better connection. Your session is kept.',
      ),
    },
  ),
  'loop-detected': text(
    508,
    'Loop detected',
    'A Fairgate gateway has forwarded this request already. Operators: set the room’s origin to the address of the site itself.',
  ),
  'change-unconfirmed': text(
    503,
    'Change not confirmed',
    'The store did not respond in time. Read the room, and retry if it does not show the change.',
    { retryAfterSeconds: RETRY_AFTER_SECONDS },
  ),
  'not-configured': text(
    503,
    'Gateway not configured',
    'The gateway’s log names the settings that are missing or invalid.',
    {
      page: page(
        '아직 준비 중입니다',
        '운영자가 설정을 마치면 이용하실 수 있습니다.',
        'Not ready yet',
        'This page will work once its operators have finished setting it up.',
      ),
    },
  ),
  unexpected: text(500, 'Internal error', `${KEEPS_PLACE.en} Retry in a few seconds.`, {
    page: page(
      '일시적인 오류가 발생했습니다',
      `${KEEPS_PLACE.ko} 잠시 후 새로고침해 주세요.`,
      'Something went wrong',
      `${KEEPS_PLACE.en} Please reload this page in a few seconds.`,
    ),
    operatorDetail: 'The change may have been made. Read the room, and the gateway’s log for the cause.',
  }),
} satisfies Record<OperatorProblem, ProblemText> & Record<string, ProblemText>;

export type Problem = keyof typeof PROBLEM_TEXTS;

export function problemText(problem: Problem): ProblemText {
  return PROBLEM_TEXTS[problem];
}

function text(status: number, title: string, detail: string, variants: Variants = {}): ProblemText {
  return { status, title, detail, ...variants };
}

function page(koTitle: string, koDetail: string, enTitle: string, enDetail: string): NonNullable<Variants['page']> {
  return { ko: { title: koTitle, detail: koDetail }, en: { title: enTitle, detail: enDetail } };
}
