// Every problem that the gateway can answer with, in one table: status, text for machines and apps, and the text of the
// page that a visitor sees instead. Only texts; problems.ts and responses.ts make responses of them.

import { PATH_CHARS_MAX } from '../../queue-core/paths.ts';
import type { OperatorProblem } from '../contract/problem-schema.ts';

interface Text {
  title: string;
  /** What the client should do next. */
  detail: string;
}

interface ProblemText extends Text {
  status: number;
  /** For a person with a browser. Absent: everybody gets problem+json. */
  page?: { ko: Text; en: Text };
  /** Replaces `detail` for operators, where the usual one speaks of a place in line. */
  operatorDetail?: string;
  retryAfterSeconds?: number;
}

const RETRY_AFTER_SECONDS = 5;

const PLACE_IS_SAFE = { ko: '순서는 그대로 유지됩니다.', en: 'You have not lost your place.' };

const PROBLEM_TEXTS = {
  'no-admission': {
    status: 403,
    title: 'Admission required',
    detail: 'Open this address in a browser, or POST to the room’s join address, and retry with an admission token.',
  },
  'pass-spent': {
    status: 403,
    title: 'This pass is no longer valid',
    detail: 'A pass link works once, within seconds. Create a new one in the operators’ console.',
    page: {
      ko: {
        title: '더 이상 사용할 수 없는 주소입니다',
        detail: '입장권 주소는 발급 직후 한 번만 사용할 수 있습니다. 운영자 화면에서 다시 발급받아 주세요.',
      },
      en: {
        title: 'This link no longer works',
        detail: 'A pass link works once, within seconds. Please create a new one in the operators’ console.',
      },
    },
  },
  'cross-site-request': {
    status: 403,
    title: 'Cross-site request refused',
    detail: 'Join, claim and leave are accepted from this site’s own pages and from apps only.',
    page: {
      ko: { title: '다른 사이트에서 보낸 요청입니다', detail: '이 사이트의 화면에서 버튼을 다시 눌러 주세요.' },
      en: {
        title: 'This request came from another site',
        detail: 'Please press the button again on this site’s own page.',
      },
    },
  },
  'doubtful-address': {
    status: 400,
    title: 'Ambiguous address',
    detail:
      'Send the path without encoded slashes, backslashes, control characters, incomplete percent-encoding or leading "..".',
    page: {
      ko: {
        title: '주소를 확인해 주세요',
        detail: '주소에 사용할 수 없는 문자가 있습니다. 안내받은 주소를 다시 입력해 주세요.',
      },
      en: {
        title: 'Please check the address',
        detail: 'It contains characters that are not allowed. Please type the address exactly as it was given to you.',
      },
    },
  },
  'doubtful-host': {
    status: 400,
    title: 'Invalid Host header',
    detail: 'Send exactly one host name, optionally with a port.',
    page: {
      ko: {
        title: '주소를 확인해 주세요',
        detail: '사이트 이름이 올바르지 않습니다. 안내받은 주소를 다시 입력해 주세요.',
      },
      en: {
        title: 'Please check the address',
        detail: 'The site name is not valid. Please type the address exactly as it was given to you.',
      },
    },
  },
  'address-too-long': {
    status: 414,
    title: 'Address too long',
    detail: `Send a path of at most ${PATH_CHARS_MAX} characters.`,
    page: {
      ko: { title: '주소가 너무 깁니다', detail: '안내받은 주소를 다시 입력해 주세요.' },
      en: {
        title: 'The address is too long',
        detail: 'Please type the address exactly as it was given to you.',
      },
    },
  },
  'headers-too-large': {
    status: 431,
    title: 'Cookies or headers too large',
    detail: 'Clear this site’s cookies and retry.',
    page: {
      ko: {
        title: '저장된 쿠키가 너무 많습니다',
        detail: '브라우저에서 이 사이트의 쿠키를 삭제한 뒤 다시 접속해 주세요.',
      },
      en: {
        title: 'There are too many cookies',
        detail: 'Please clear this site’s cookies in your browser, then come back.',
      },
    },
  },
  'body-too-large': {
    status: 413,
    title: 'Request body too large',
    detail: 'Send at most 4 kB to this address.',
    page: {
      ko: {
        title: '요청 내용이 너무 큽니다',
        detail: `이전 화면으로 돌아가 버튼을 다시 눌러 주세요. ${PLACE_IS_SAFE.ko}`,
      },
      en: {
        title: 'The request is too large',
        detail: `Please go back and press the button again. ${PLACE_IS_SAFE.en}`,
      },
    },
  },
  'body-not-allowed': {
    status: 400,
    title: 'GET and HEAD take no body',
    detail: 'Send the request without a body, or use another method.',
  },
  'bad-body': {
    status: 400,
    title: 'Unreadable request body',
    detail: 'Send a form or a JSON object with "return" as a path on this site, or no body.',
    page: {
      ko: {
        title: '요청을 처리할 수 없습니다',
        detail: `이전 화면으로 돌아가 버튼을 다시 눌러 주세요. ${PLACE_IS_SAFE.ko}`,
      },
      en: {
        title: 'We could not read that request',
        detail: `Please go back and press the button again. ${PLACE_IS_SAFE.en}`,
      },
    },
  },
  'bad-token': {
    status: 401,
    title: 'Invalid token',
    detail: 'Join the line again: a token is valid for one room and one opening.',
  },
  'operator-key': {
    status: 401,
    title: 'Operator key required',
    detail: 'Sign in, or send a key as Authorization: Bearer.',
  },
  'wrong-key': {
    status: 401,
    title: 'Unknown operator key',
    detail: 'Retry after the seconds in Retry-After; each wrong key doubles the delay.',
  },
  'role-too-small': {
    status: 403,
    title: 'Your role does not allow this',
    detail: 'Ask an operator with a higher role.',
  },
  'if-match-needed': {
    status: 428,
    title: 'If-Match required',
    detail: 'Read the room and send its ETag as If-Match, so that you do not overwrite a change you have not seen.',
  },
  'changed-meanwhile': {
    status: 412,
    title: 'Changed in the meantime',
    detail: 'Read the room again and decide on its current state.',
  },
  'bad-input': {
    status: 422,
    title: 'Invalid input',
    detail: 'See "errors": each entry names a field and what it takes.',
  },
  'already-open': {
    status: 409,
    title: 'This room is already open',
    detail: 'Close it before opening it again.',
  },
  'already-closed': {
    status: 409,
    title: 'This room is already closed',
    detail: 'To start a new opening, set a schedule or open the room.',
  },
  'not-closed': {
    status: 409,
    title: 'This room is not closed',
    detail: 'Close it first: archiving it now would turn away the people in line.',
  },
  'session-unknown': {
    status: 409,
    title: 'No session has this position',
    detail: 'Check the number; the session may have ended.',
  },
  'room-exists': {
    status: 409,
    title: 'A room with this id exists',
    detail: 'Choose another id; archived rooms keep theirs.',
  },
  'room-archived': {
    status: 409,
    title: 'This room is archived',
    detail: 'Create a new room; of an archived one only the log can be read.',
  },
  'rooms-full': {
    status: 409,
    title: 'Room limit reached',
    detail: 'Use another deployment, or shorten the rooms’ lists of hosts and paths.',
  },
  'keys-full': { status: 409, title: 'Key limit reached', detail: 'Remove a key first.' },
  'owners-key': {
    status: 409,
    title: 'The owner’s key cannot be removed',
    detail: 'Change OPERATOR_KEY in the settings instead.',
  },
  'log-full': {
    status: 409,
    title: 'Log full',
    detail: 'The change was not made because it cannot be recorded. Export the log and continue in a new room.',
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    detail: 'Check the address: this gateway has no such room or page.',
    page: {
      ko: { title: '페이지를 찾을 수 없습니다', detail: '주소를 확인해 주세요. 이 주소에는 대기실이 없습니다.' },
      en: { title: 'Page not found', detail: 'Please check the address. There is no waiting room here.' },
    },
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests',
    detail: 'Wait for the seconds in Retry-After. Polling faster does not move you forward.',
    operatorDetail: 'The request was not processed. Retry after the seconds in Retry-After.',
  },
  'store-unreachable': {
    status: 503,
    title: 'The line is temporarily unavailable',
    detail: 'You have not lost your place. Retry in a few seconds.',
    operatorDetail: 'The store is unreachable and nothing was changed. Retry in a few seconds.',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  },
  'origin-unreachable': {
    status: 502,
    title: 'The protected site does not respond',
    detail: 'Your session is kept. Retry in a few seconds.',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  },
  'change-unconfirmed': {
    status: 503,
    title: 'Change not confirmed',
    detail: 'The store did not respond in time. Read the room, and retry if it does not show the change.',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  },
  'not-configured': {
    status: 503,
    title: 'Gateway not configured',
    detail: 'The gateway’s log names the settings that are missing or invalid.',
    page: {
      ko: { title: '아직 준비 중입니다', detail: '운영자가 설정을 마치면 이용하실 수 있습니다.' },
      en: { title: 'Not ready yet', detail: 'This page will work once its operators have finished setting it up.' },
    },
  },
  unexpected: {
    status: 500,
    title: 'Internal error',
    detail: 'You have not lost your place. Retry in a few seconds.',
    operatorDetail: 'The change may have been made. Read the room, and the gateway’s log for the cause.',
    page: {
      ko: {
        title: '일시적인 오류가 발생했습니다',
        detail: `${PLACE_IS_SAFE.ko} 잠시 후 새로고침해 주세요.`,
      },
      en: {
        title: 'Something went wrong',
        detail: `${PLACE_IS_SAFE.en} Please reload this page in a few seconds.`,
      },
    },
  },
} as const satisfies Record<string, ProblemText> & Record<OperatorProblem, ProblemText>;

export type Problem = keyof typeof PROBLEM_TEXTS;

export function problemText(problem: Problem): ProblemText {
  return PROBLEM_TEXTS[problem];
}
