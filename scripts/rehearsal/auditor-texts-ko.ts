// What the auditor says in Korean.

import type { AuditTexts } from './auditor-texts.ts';
import type { AttemptKind } from './event-log.ts';

function duration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)}초`;
}

const FIELD_NAMES = { visitorId: 'ID', entry: '추첨 접수 번호', position: '번호' } as const;

export const ATTEMPTS_KO: Record<AttemptKind, string> = {
  deepLinkBefore: '시작 전 안쪽 주소로 바로 접근',
  postBefore: '시작 전 POST 요청',
  deepLinkWaiting: '대기 중 안쪽 주소로 바로 접근',
  postWaiting: '대기 중 POST 요청',
  claimEarly: '호출 전 입장 요청',
  forgedSignature: '서명을 위조한 입장 토큰',
  unsigned: '서명이 없는 입장 토큰',
  queueAsAdmission: '입장 토큰 자리에 대기 토큰',
  ownHeader: '방문자가 보낸 Fairgate-Admission 헤더',
  endedSession: '나간 뒤 같은 이용권으로 다시 접근',
  otherRoom: '다른 대기실의 토큰',
  originBare: '본 사이트 주소로 직접 접근',
  originForged: '본 사이트 주소로 위조 토큰과 함께 접근',
};

export const auditTextsKo: AuditTexts = {
  noneAdmitted: '이 예행에서 입장한 방문자가 없습니다.',
  slotBeforeOpening: (visitor, position, ms) =>
    `방문자 ${visitor}(번호 ${position})의 입장 시각이 시작보다 ${duration(ms)} 빠릅니다.`,
  withoutSession: (visitor) => `방문자 ${visitor}이(가) 이용권 없이 본 사이트에 들어갔습니다.`,
  insideBeforeOpening: (visitor, ms) => `방문자 ${visitor}이(가) 시작 ${duration(ms)} 전에 안에 있었습니다.`,
  firstSlot: (ms) => `첫 입장은 시작 ${duration(ms)} 뒤입니다.`,
  fullestWindow: (count, seconds, limit) => `어느 ${seconds}초에도 최대 ${count}명이며 한도는 ${limit}명입니다.`,
  windowTooFull: (count, from, tooMany) => `${from}부터 ${count}명, ${tooMany}명 초과.`,
  mostAtOnce: (count) => `동시에 최대 ${count}명입니다.`,
  mostAtOnceOf: (count, limit) => `동시에 최대 ${count}명이며 한도는 ${limit}명입니다.`,
  atOnceTooMany: (count, at, tooMany) => `${at}에 ${count}명, ${tooMany}명 초과.`,
  limitUnknown: '현황판에는 한도가 나오지 않습니다. 운영자 키나 --total-active-users를 주면 확인합니다.',
  comparedWithBoards: (checked, admissions) =>
    `입장 ${admissions}건 가운데 ${checked}건을 그 뒤의 현황판과 비교했습니다.`,
  notCalled: (visitor, position, at, called) =>
    `방문자 ${visitor}의 번호는 ${position}인데 ${at}의 현황판은 ${called}번까지만 호출했습니다.`,
  noLaterBoard: '입장 뒤에 읽은 현황판이 없습니다.',
  slowVisitors: (slow, all, seconds) =>
    `방문자 ${all}명 가운데 ${slow}명이 연결을 잃거나 응답을 ${seconds}초 넘게 기다림`,
  noFastResponses: '판단할 만큼 응답이 빨랐던 방문자가 없습니다.',
  overtaken: (by, calledSoon) =>
    `응답이 빨랐던 방문자 가운데 한도에 가장 가까운 사람은 뒤 번호 ${by}명보다 늦게 입장했고, 그 사람의 호출 뒤 10초 안에 ${calledSoon}명이 호출되었습니다.`,
  overtakenTooOften: (visitor, position, by, calledSoon) =>
    `방문자 ${visitor}(번호 ${position})보다 뒤 번호 ${by}명이 먼저 입장했습니다. 10초 안에 호출된 사람은 ${calledSoon}명입니다.`,
  tooFewToJudge: (slow) => `${slow}: 판단하기에 남은 사람이 너무 적습니다.`,
  place: (kind, number, epoch) => `${epoch}회차의 ${kind === 'entry' ? '추첨 접수 번호' : '번호'} ${number}`,
  session: (sid) => `이용권 ${sid}`,
  sharedPlace: (a, b, place) => `방문자 ${a}와 ${b}에게 같은 ${place}이(가) 있습니다.`,
  twoSessions: (visitor, what) => `방문자 ${visitor}이(가) ${what}(으)로 이용권을 두 번 받았습니다.`,
  admittedTwice: (a, b, what) => `방문자 ${a}와 ${b}이(가) 모두 ${what}(으)로 입장했습니다.`,
  foreignPosition: (visitor, position, holder) =>
    `방문자 ${visitor}이(가) 방문자 ${holder}의 번호 ${position}(으)로 입장했습니다.`,
  heldPlaces: (places, sessions) => `순번 ${places}개와 이용권 ${sessions}개가 저마다 한 방문자의 것입니다.`,
  changedPlace: (visitor, field, before, now) =>
    `방문자 ${visitor}의 ${FIELD_NAMES[field]}이(가) ${before}에서 ${now}(으)로 바뀌었습니다.`,
  retries: ({ joins, claims, twoTabs, lost, same }) =>
    `접수 중 끊김 ${joins}건, 입장 요청 중 끊김 ${claims}건, 탭 두 개 ${twoTabs}명. 응답을 받지 못한 접수 ${lost}건 가운데 ${same}건이 다시 요청해 같은 순번을 받았습니다.`,
  anotherPlace: (visitor) => `방문자 ${visitor}이(가) 응답을 받지 못한 접수를 다시 요청해 다른 순번을 받았습니다.`,
  oneGateway: '두 요청 모두 같은 게이트웨이가 응답했습니다.',
  severalGateways: '다른 게이트웨이나 다시 시작한 게이트웨이가 재요청에 다른 순번을 주었습니다.',
  gatewaysUnknown: '다른 게이트웨이나 다시 시작한 게이트웨이가 응답했을 때만 옳습니다. 운영자 키를 주면 확인합니다.',
  boardFell: (field, from, to, at) => `${at}에 "${field}"이(가) ${from}에서 ${to}(으)로 줄었습니다.`,
  aheadRose: (visitor, position, from, to, at) =>
    `번호 ${position}인 방문자 ${visitor}의 앞사람이 ${from}명에서 ${at}에 ${to}명으로 늘었습니다.`,
  readAndShown: (boards, numbers) => `현황판 ${boards}개를 읽었고, 앞사람 수는 ${numbers}번 표시되었습니다.`,
  noEntries: '시작 전에 온 방문자가 없습니다.',
  entries: (count) => `추첨 접수 ${count}건.`,
  notDrawn: '끝날 때까지 추첨 결과가 공개되지 않았습니다.',
  drawTooLarge: '추첨이 너무 커서 여기서 다시 계산하지 않습니다.',
  drawDiffers: (visitor, entry, position, drawn) =>
    `추첨 접수 번호 ${entry}인 방문자 ${visitor}의 번호는 ${position}인데 추첨 결과는 ${drawn}입니다.`,
  drawn: (entries, hasBeacon, secret, recomputed) =>
    `추첨 접수 ${entries}건, 공개 난수 ${hasBeacon ? '사용' : '없음'}. 비밀 값 ${secret}…이(가) 약속과 맞고, 번호 ${recomputed}개를 다시 계산했습니다.`,
  secretDiffers: '공개된 비밀 값이 약속과 맞지 않습니다.',
  seedDiffers: '공개된 시드가 비밀 값, 난수, 접수 수에서 나온 값이 아닙니다.',
  boardCommitment: (at) => `${at}의 현황판에 다른 약속이 있었습니다.`,
  tokenCommitment: (visitor) => `방문자 ${visitor}의 토큰에 다른 약속이 있습니다.`,
  lapsed: (visitor) => `방문자 ${visitor}은(는) 제때 확인했는데도 입장하기 전에 기한이 끝났습니다.`,
  stillInLine: (count) => `예행이 끝날 때 ${count}명이 아직 줄에 있었습니다.`,
  waitedAndAdmitted: (inside, expected) => `끝까지 기다린 ${expected}명 가운데 ${inside}명이 입장했습니다.`,
  bypassed: (visitor, kind, at, response) => `방문자 ${visitor}, ${ATTEMPTS_KO[kind]}, ${at}: 응답은 ${response}.`,
  attemptsLost: (count) => `${count}건은 응답이 없었습니다. 성공하지 않았지만 거부되지도 않았습니다.`,
  noAttempts: '우회 시도가 없었습니다.',
  attemptsRefused: (refused, tried) => `우회 시도 ${tried}건 가운데 ${refused}건을 거부했습니다.`,
};
