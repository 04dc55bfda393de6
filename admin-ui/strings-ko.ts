// Korean strings, written in Korean rather than translated: short, courteous, first what is true, then what to do.

import { alarmTextKo } from '../worker/contract/alarm-text-ko.ts';
import type { Alarm, Consequences, Role, SiteAnswer, TakenFromRoom } from '../worker/contract/operator-api.ts';
import { type OperatorProblem, type Problem, problemKind } from '../worker/contract/problem-schema.ts';
import type { Action, Flow } from './actions.ts';
import { formatCount, type NumberFormat, type WaitSpan } from './number-format.ts';
import type { Strings } from './strings-en.ts';

type State = keyof Strings['states'];

const roles: Record<Role, string> = { viewer: '열람', operator: '운영', owner: '총괄' };

const flows: Record<Flow, string> = { running: '진행', paused: '호출 일시정지', held: '입장 전면 중단' };

const states: Record<State, string> = {
  scheduled: '시작 전',
  prequeue: '추첨 접수 중',
  drawing: '추첨 중',
  open: '진행 중',
  paused: '호출 일시정지',
  soldOut: '수량 소진',
  closed: '종료',
};

const problems: Record<OperatorProblem, string> = {
  'operator-key': '로그인이 필요합니다. 키로 다시 로그인하세요.',
  'wrong-key': '등록되지 않은 키입니다. 앞뒤로 빠진 글자가 없는지 확인하세요.',
  'too-many-requests': '요청이 너무 잦아 처리하지 않았습니다. 잠시 뒤에 다시 시도하세요.',
  'key-expired': '기한이 지난 키입니다. 총괄 담당자에게 새 키를 요청하세요.',
  'other-room': '이 키로는 볼 수 없는 대기실입니다. 총괄 담당자에게 문의하세요.',
  'role-too-small': '현재 권한으로는 할 수 없습니다. 권한이 있는 분께 요청하세요.',
  'cross-site-request':
    '이 화면에서 보낸 요청인지 확인할 수 없어 처리하지 않았습니다. 주소를 확인하고 화면을 새로고침하세요.',
  'if-match-needed': '어느 상태를 보고 보낸 요청인지 알 수 없어 처리하지 않았습니다. 화면을 새로고침하세요.',
  'changed-meanwhile': '그사이 대기실이 변경되어 처리하지 않았습니다. 현재 상태를 확인하고 다시 결정하세요.',
  'confirmation-needed': '확인하지 않은 영향이 있어 처리하지 않았습니다.',
  'bad-body': '게이트웨이가 요청을 읽지 못해 처리하지 않았습니다. 화면을 새로고침하세요.',
  'body-too-large': '파일이 너무 큽니다. 대기 화면 파일은 1 MiB까지 올릴 수 있습니다.',
  'headers-too-large': '쿠키가 너무 큽니다. 이 주소의 쿠키를 지우고 다시 로그인하세요.',
  'bad-input': '저장하지 않았습니다. 항목마다 표시된 안내를 확인하세요.',
  'not-found': '찾을 수 없습니다. 삭제되었을 수 있으니 목록에서 다시 선택하세요.',
  'already-open': '이미 열려 있는 대기실입니다. 다시 열려면 먼저 종료하세요.',
  'already-closed': '이미 종료된 대기실입니다. 일정을 새로 정하거나 다시 여세요.',
  'not-closed': '아직 종료되지 않은 대기실입니다. 종료한 뒤에 보관하세요.',
  'session-unknown': '이 순번으로 이용 중인 방문자가 없습니다. 번호를 확인하세요. 이용이 끝났을 수도 있습니다.',
  'alarm-unknown': '이미 해제된 경보입니다.',
  'room-exists': '같은 ID의 대기실이 있습니다. 다른 ID를 쓰세요. 보관된 대기실의 ID도 다시 쓸 수 없습니다.',
  'room-archived': '보관된 대기실입니다. 기록만 볼 수 있습니다.',
  'rooms-full': '대기실을 더 만들 수 없습니다. 보관된 대기실도 포함됩니다. 게이트웨이를 추가로 설치하세요.',
  'keys-full': '키를 더 만들 수 없습니다. 먼저 키 하나를 삭제하세요.',
  'targets-full': '알림 받을 곳을 더 추가할 수 없습니다. 먼저 하나를 삭제하세요.',
  'messages-full': '안내문을 더 보관할 수 없습니다. 먼저 하나를 삭제하세요.',
  'owners-key': '설정에서 정한 총괄 키입니다. 설정의 OPERATOR_KEY를 변경하세요.',
  'log-full':
    '기록이 가득 찼습니다. 기록할 수 없는 변경은 처리하지 않습니다. 기록을 내려받고 새 대기실에서 계속하세요.',
  'store-unreachable': '저장소가 응답하지 않아 처리하지 않았습니다. 몇 초 뒤에 다시 시도하세요.',
  'change-unconfirmed':
    '저장소가 제때 응답하지 않았습니다. 변경되었을 수도 있으니 상태를 확인하고, 그대로면 다시 시도하세요.',
  'not-configured': '게이트웨이 설정이 끝나지 않았습니다. 빠진 설정은 게이트웨이 로그에서 확인하세요.',
  unexpected: '게이트웨이에 오류가 발생했습니다. 변경되었을 수도 있으니 상태를 확인하고, 그대로면 다시 시도하세요.',
};

const fields: Record<string, string> = {
  room: '대기실',
  id: 'ID',
  title: '이름',
  titleKo: '한국어 이름',
  titleEn: '영어 이름',
  'title.ko': '한국어 이름',
  'title.en': '영어 이름',
  'text.ko': '한국어',
  'text.en': '영어',
  text: '안내문',
  hosts: '호스트',
  paths: '보호 경로',
  exempt: '예외 요청',
  origin: '본 사이트 주소',
  originHost: '본 사이트에 보내는 Host',
  originAliases: '본 사이트의 다른 주소',
  originTimeoutSeconds: '응답 대기 시간(초)',
  audience: '수신자(aud)',
  timeZone: '시간대',
  outside: '그 밖의 경로',
  languages: '언어',
  expectedVisitors: '예상 방문자',
  corsOrigins: '다른 주소의 앱',
  handOff: '코드를 확인하는 사이트',
  newUsersPerMinute: '분당 입장',
  totalActiveUsers: '동시 이용',
  sessionMinutes: '이용 시간',
  sessionMs: '이용 시간',
  sessionRenewal: '이용 시간 연장',
  sessionTotalMinutes: '최대 이용 시간',
  sessionTotalMsMax: '최대 이용 시간',
  claimWindowMinutes: '입장 기한',
  claimWindowMs: '입장 기한',
  queueingStatusCode: '상태 코드',
  prequeueAt: '추첨 접수 시작',
  opensAt: '시작',
  closesAt: '마감',
  epoch: '회차',
  beacon: '공개 난수',
  'beacon.round': '공개 난수 번호',
  'beacon.chain': '공개 난수 체인',
  'beacon.deadlineMs': '공개 난수를 기다리는 시간',
  'beacon.afterDeadline': '그 뒤에는',
  deadlineSeconds: '난수를 기다릴 최대 시간(초)',
  afterDeadline: '그 뒤에는',
  'health.mode': '본 사이트 상태에 따라 조절',
  'health.errorPercentMax': '입장을 멈추는 실패율(%)',
  'health.slowFactor': '입장을 줄이는 응답 시간(평소의 배수)',
  'stock.peoplePercent': '잔여 100개당 동시 이용',
  'stock.freshSeconds': '수량 유효 시간(초)',
  'health.slowMs': '입장을 줄이는 응답 시간(ms)',
  'health.rateFloor': '분당 최소 입장',
  'health.peopleFloor': '최소 동시 이용',
  'health.probePath': '점검할 경로',
  started: '시작',
  restarted: '스스로 멈춘 뒤 다시 시작',
  stage: '본 사이트',
  peopleFound: '찾은 동시 이용 한도',
  'cause.kind': '원인',
  'cause.percent': '실패한 요청(%)',
  'cause.ms': '응답 시간(ms)',
  'cause.usualMs': '평소 응답 시간(ms)',
  commitment: '추첨 봉인값',
  flow: '상태',
  closed: '종료',
  active: '이용 중',
  position: '순번',
  sid: '세션',
  until: '기한',
  template: '자체 대기 화면',
  archived: '보관',
  cancelled: '취소',
  name: '이름',
  role: '권한',
  times: '횟수',
  entries: '발급한 추첨 번호',
  issued: '발급한 순번',
  silent: '응답 없는 게이트웨이',
  alarm: '경보',
  number: '번호',
  event: '메시지',
  target: '받는 곳',
  status: '응답',
  attempts: '시도',
  since: '발생',
  host: '주소',
  form: '형식',
  language: '언어',
  severityMin: '받을 경보',
  rooms: '대기실',
};

const auditActions: Record<string, string> = {
  setFlow: '대기열',
  setPolicy: '속도·이용 시간',
  setMessage: '안내문',
  setSchedule: '일정',
  openNow: '수동 시작',
  cancelOpening: '시작 취소',
  keepMessage: '안내문 보관',
  dropMessage: '보관한 안내문 삭제',
  recommit: '추첨 다시 봉인',
  close: '종료',
  revokeAll: '전원 퇴장',
  endSession: '한 명 퇴장',
  givePass: '입장권 발급',
  usePass: '입장권 사용',
  acknowledgeAlarm: '경보 확인',
  alarmDelivered: '경보 알림 전달',
  alarmNotDelivered: '경보 알림 실패',
  clockLeap: '시계 오류로 입장 보류',
  gatewayStarted: '게이트웨이 시작',
  originSlowed: '본 사이트: 입장 줄임',
  originStopped: '본 사이트: 입장 멈춤',
  originSteady: '본 사이트: 설정한 값으로 복귀',
  peopleFound: '본 사이트: 동시 이용 줄임',
  recover: '이전 상태로 돌아간 저장소 복구',
  configure: '설정 반영',
  seedRoom: '설정 파일 반영',
  ownerKey: '설정의 총괄 키',
  putRoom: '사이트',
  setTemplate: '자체 대기 화면',
  archiveRoom: '대기실 보관',
  addKey: '키 생성',
  removeKey: '키 삭제',
  putAlarmTarget: '알림 받을 곳',
  rotateAlarmTarget: '알림 비밀값 재발급',
  removeAlarmTarget: '알림 받을 곳 삭제',
  signIn: '로그인',
  signOut: '로그아웃',
  wrongKey: '잘못된 키',
};

export const ko: Strings = {
  language: 'ko',
  product: 'Fairgate',
  loading: '불러오는 중 …',
  none: '없음',
  yes: '예',
  no: '아니요',
  cancel: '취소',
  close: '닫기',
  save: '저장',
  retry: '다시 시도',
  copy: '복사',
  copied: '복사했습니다',
  states,
  stateOf: (state, flow) =>
    state !== 'paused'
      ? states[state]
      : flow === 'held'
        ? '입장 전면 중단'
        : flow === 'running'
          ? '본 사이트 응답 없음'
          : states.paused,
  stateNotes: {
    scheduled: '아직 추첨 접수 전입니다.',
    prequeue: '지금 오는 방문자는 모두 추첨에 참가합니다.',
    drawing: '순서를 추첨하고 있습니다. 아직 호출하지 않습니다.',
    open: '대기열이 움직이고 있습니다.',
    paused: '새로 호출하지 않습니다. 이미 호출된 방문자는 입장할 수 있습니다.',
    held: '호출과 입장을 모두 멈췄습니다. 이용 중인 방문자는 계속 이용합니다.',
    siteDown: '본 사이트가 정상으로 돌아올 때까지 호출도 입장도 하지 않습니다. 이용 중인 방문자는 계속 쓸 수 있습니다.',
    soldOut: '본 사이트에 남은 수량이 없어 호출하지 않습니다.',
    closed: '종료된 대기실입니다. 아무도 입장할 수 없습니다.',
    planned: '아직 시작 시각을 공지하지 않아 추첨 접수도 받지 않습니다. 설정에서 공지하세요.',
    cancelled: '시작을 취소했고 방문자에게 알렸습니다. 참가 번호는 유지되니 설정에서 새 시작 시각을 정하세요.',
  },
  stateUnknown: '알 수 없음',
  roles,
  afterDeadline: { wait: '계속 기다림', withoutBeacon: '공개 난수 없이 추첨' },

  signIn: {
    title: '운영자 콘솔',
    lead: '발급받은 키로 로그인하세요. 키는 로그인할 때만 쓰고 이 브라우저에 저장하지 않습니다.',
    key: '키',
    show: '키 보기',
    hide: '키 숨기기',
    submit: '로그인',
    sending: '로그인하는 중 …',
    wait: (seconds) =>
      `${seconds}초 뒤에 다시 시도할 수 있습니다. 키를 추측하지 못하도록, 틀릴 때마다 대기 시간이 두 배로 늘어납니다.`,
    unreachable: '게이트웨이가 응답하지 않습니다. 키 문제는 아니니 잠시 뒤에 다시 시도하세요.',
    expired: '로그인이 만료되었습니다',
    expiredLead: '다시 로그인하면 이어서 할 수 있습니다. 입력하던 내용은 그대로 있습니다.',
    out: '로그아웃',
    until: (time) => `${time}까지 로그인 유지`,
    stillIn: (reason) => `아직 로그인된 상태입니다. ${reason}`,
    checking: '로그인 상태를 확인하는 중 …',
    provider: (host) => `${host} 계정으로 로그인`,
    providerInNewTab: (host) => `새 탭에서 ${host} 계정으로 로그인`,
    or: '또는',
    providerFailures: {
      notBegun: '이 브라우저에서 시작하지 않았거나, 이미 사용했거나, 10분이 지난 로그인입니다. 처음부터 다시 하세요.',
      declined: '인증 서비스에서 본인 확인이 끝나지 않았습니다. 다시 시도하거나 키로 로그인하세요.',
      provider: '인증 서비스가 올바르게 응답하지 않습니다. 키로 로그인하세요. 원인은 게이트웨이 로그에 있습니다.',
      unverified:
        '인증 서비스에서 확인된 메일 주소가 없어 권한을 줄 수 없습니다. 총괄 담당자에게 문의하거나 키로 로그인하세요.',
      noRole: '이 콘솔을 쓸 권한이 없습니다. 총괄 담당자에게 권한을 요청하세요.',
      tooMany: '이 네트워크에서 로그인을 너무 많이 시도했습니다. 1분 뒤에 다시 시도하세요.',
      unrecorded: '지금은 로그인 기록을 남길 수 없어 로그인을 받지 않습니다. 잠시 뒤에 다시 시도하세요.',
    },
  },

  menu: {
    rooms: '대기실',
    allRooms: '대기실 목록',
    now: '현황',
    log: '기록',
    settings: '설정',
    preview: '방문자 화면',
    keys: '키',
    alarmTargets: '경보 알림',
    you: '내 메뉴',
    help: '단축키와 도움말',
    theme: '밝은 화면',
    sound: '새 경보 소리',
    shortcuts: '한 글자 단축키',
    other: 'English',
    otherLanguage: 'en',
    skip: '본문으로 건너뛰기',
    others: (names) => `이 대기실을 함께 보는 중: ${names.join(', ')}`,
    serverTime: '게이트웨이 시각',
  },

  everyRoom: '모든 대기실',
  otherRooms: '일부 대기실만 맡은 키입니다. 전체에 관한 작업은 할 수 없습니다.',
  forbidden: (role) => `현재 권한(${roles[role]})으로는 할 수 없습니다. 권한이 있는 분께 요청하세요.`,
  connection: {
    lost: '게이트웨이와 연결이 끊겼습니다',
    store: '저장소가 응답하지 않습니다',
    shownFrom: (time) => `${time} 기준 화면입니다.`,
    retrying: '자동으로 다시 시도하고 있습니다.',
    stale: (seconds) => `${seconds}초 전 숫자입니다`,
    missing: '없는 대기실입니다',
    outdated: '게이트웨이가 업데이트되었습니다. 화면을 새로고침하세요.',
    reload: '새로고침',
  },
  unanswered: '응답이 없습니다. 변경되었을 수도 있으니 상태를 확인한 뒤 다시 시도하세요.',
  unreadable: '게이트웨이의 응답을 읽을 수 없습니다. 화면을 새로고침하세요.',
  problem(problem: Problem): string {
    const kind = problemKind(problem);
    if (kind === null) return `${problem.title}. ${problem.detail}`;
    return [problems[kind], ...(problem.consequences === undefined ? [] : ko.consequences(problem.consequences))].join(
      ' ',
    );
  },
  consequences({ opensNow, closesNow, endsPlaces, takesFrom }: Consequences): string[] {
    return [
      endsPlaces === null ? '' : endsPlacesText(endsPlaces),
      opensNow === null
        ? ''
        : opensNow.entries === 0
          ? '지금 바로 시작합니다. 아직 추첨에 참가한 사람은 없습니다.'
          : `지금 바로 시작합니다. 추첨 접수를 마감하고 ${formatCount(opensNow.entries)}명의 순서를 추첨합니다.`,
      closesNow === null
        ? ''
        : `지금 바로 종료합니다. 대기 중인 ${formatCount(closesNow.waiting)}명은 입장할 수 없게 되고, 이용 중인 ${formatCount(closesNow.active)}명은 이용 시간이 끝날 때까지 이용합니다.`,
      ...takesFrom.map(takesFromText),
    ].filter((sentence) => sentence !== '');
  },

  rooms: {
    empty: '아직 대기실이 없습니다',
    emptyOwner: '첫 대기실을 만드세요. 보호할 사이트, 입장 속도, 시작 시각을 정합니다.',
    emptyOther: '총괄 권한이 있는 분이 대기실을 만들면 여기에 나타납니다.',
    create: '새 대기실',
    waiting: '대기',
    active: '이용 중',
    archivedAt: (time) => `${time} 보관`,
    unknown: '저장소가 응답하지 않습니다',
  },

  clock: {
    until: '시작까지',
    since: '시작 후',
    closed: '시작 시각',
    planned: '예정된 시작 시각',
    movedFrom: (time) => `변경 전 ${time}`,
    opening: (time) => `${time} 시작`,
    closing: (time) => `${time} 마감`,
    entries: (time) => `${time}부터 추첨 접수`,
    days: (days) => `${days}일`,
  },
  rollout: {
    since: (time, gateways) =>
      gateways > 1 ? `${time}부터 전체 적용 (게이트웨이 ${gateways}대)` : `${time}부터 전체 적용`,
    pending: '모든 게이트웨이에 적용하는 중',
    by: (time) => `적용하는 중 · 늦어도 ${time}에 전체 적용`,
    changed: (time) => `마지막 변경 ${time}`,
  },

  numbers: {
    waiting: '대기',
    entered: '추첨 참가',
    admitted: '분당 입장',
    inside: '이용 중',
    arrived: '방문',
    ofLimit: (limit) => `한도 ${formatCount(limit)}`,
    setTo: (limit) => `설정은 ${formatCount(limit)}명이며, 본 사이트 상태 때문에 줄였습니다.`,
    carries: (people) => `지금까지 확인된 본 사이트의 한도는 ${formatCount(people)}명입니다.`,
    waitNow(span: WaitSpan): string {
      if (span.kind === 'unknown') return '예상 대기 시간은 아직 알 수 없음';
      return span.kind === 'none' ? '지금 오면 바로 입장' : `지금 오면 ${ko.wait(span)} 대기`;
    },
    called: (count) => `분당 ${formatCount(count)}명 호출`,
    outstanding: (count) => `호출 후 미입장 ${formatCount(count)}명`,
    standby: (count) => `호출됨 · 빈자리 대기 ${formatCount(count)}명`,
    show: (share) => `호출된 방문자의 ${share} 입장`,
    expected: (count) => `예상 ${formatCount(count)}명`,
    perMinute: (count) => `지금 분당 ${formatCount(count)}명`,
    exempt: (count) => `최근 1분 예외 요청 ${formatCount(count)}건`,
    free: (count) => `빈자리 ${formatCount(count)}`,
    overLimit: (count) => `한도 초과 ${formatCount(count)}명 · 각자 이용 시간이 끝날 때까지 이용`,
    unknown: '아직 알 수 없음',
    trend: (from, to) => `최근 15분: ${formatCount(from)}에서 ${formatCount(to)}`,
    stockChecking: '확인 중',
    stock: (count, time) => `남은 수량 ${typeof count === 'number' ? formatCount(count) : count} · ${time} 기준`,
  },
  wait(span: WaitSpan): string {
    switch (span.kind) {
      case 'unknown':
        return '아직 알 수 없음';
      case 'none':
        return '바로 입장';
      case 'minutes':
        if (span.low === 0) return `${span.high}분 이내`;
        return span.low === span.high ? `${span.low}분` : `${span.low}~${span.high}분`;
      case 'hours':
        return span.low === span.high ? `${span.low}시간` : `${span.low}~${span.high}시간`;
    }
  },

  flow: {
    title: '대기열',
    pause: '호출 일시정지',
    pauseNote: '새로 호출하지 않습니다. 호출된 방문자는 입장합니다.',
    hold: '입장 전면 중단',
    holdNote: '호출과 입장을 모두 멈춥니다.',
    resume: '다시 진행',
    resumeNote: '대기열이 다시 움직입니다.',
    running: '진행',
    notStoppedNote: '일시정지나 중단 상태가 아닙니다.',
    before: '시작하는 순간의 대기열 상태를 미리 정합니다.',
  },
  limits: {
    title: '속도',
    less: (label) => `${label} 10% 줄이기`,
    more: (label) => `${label} 10% 늘리기`,
    apply: '적용',
    reset: '원래대로',
    now: '현재',
    after: '변경 후',
    wait: '지금 오는 방문자의 대기 시간',
    onceItMoves: '대기열이 다시 움직일 때를 기준으로 계산합니다.',
    most: (count) => `분당 최대 ${formatCount(count)}명`,
    byRate: '분당 입장 기준',
    byPlaces: '빈자리 기준',
    calculating: '계산하는 중 …',
    noForecast: '지금은 예측할 수 없습니다.',
    unchanged: '숫자를 바꾸면 적용하기 전에 효과를 보여 드립니다.',
    changedMeanwhile: (rate, places) =>
      `그사이 분당 ${formatCount(rate)}명, 동시 ${formatCount(places)}명으로 변경되었습니다.`,
    between: (min, max) => `${formatCount(min)}부터 ${formatCount(max)}까지의 정수를 입력하세요.`,
  },
  actionLog: {
    title: '최근 작업',
    undo: '되돌리기',
    undone: '되돌렸습니다',
    undoByButton: '되돌리지 않았습니다. 일정은 단축키로 바꿀 수 없으니 버튼을 누르세요.',
    dismiss: '닫기',
    sending: '보내는 중 …',
    final: '되돌릴 수 없습니다.',
    unchanged: '이미 그 상태입니다.',
    conflict: '그사이 대기실이 변경되어 처리하지 않았습니다.',
    conflictBy: (who, what, time) => `${time} ${who ?? '나(다른 창)'}: ${what}`,
    anyway: '그래도 실행',
    openLog: '기록 보기',
    signedOut: '로그인이 만료되어 처리하지 못했습니다.',
    at: (what, time) => `${time} ${what} · 나`,
    undoOf: (what) => `되돌림: ${what}`,
  },
  actionLabel(action: Action): string {
    switch (action.kind) {
      case 'flow':
        return action.to === 'paused' ? '호출 일시정지' : action.to === 'held' ? '입장 전면 중단' : '다시 진행';
      case 'policy': {
        const { from, to } = action;
        const changes = [
          from.newUsersPerMinute === to.newUsersPerMinute
            ? null
            : `분당 입장 ${formatCount(from.newUsersPerMinute)} → ${formatCount(to.newUsersPerMinute)}`,
          from.totalActiveUsers === to.totalActiveUsers
            ? null
            : `동시 이용 ${formatCount(from.totalActiveUsers)} → ${formatCount(to.totalActiveUsers)}`,
        ].filter((change) => change !== null);
        return changes.length === 0 ? '속도·이용 시간 변경' : changes.join(', ');
      }
      case 'message':
        return action.to === null ? '안내문 내림' : '안내문 게시';
      case 'schedule':
        return action.confirmed.endsPlaces === null ? '일정 변경' : '새 회차 일정';
      case 'cancelOpening':
        return '시작 취소';
      case 'site':
        return '사이트 설정 변경';
      case 'openNow':
        return '시작';
      case 'recommit':
        return '추첨 다시 봉인';
      case 'close':
        return '종료';
      case 'revokeAll':
        return '전원 퇴장';
      case 'endSession':
        return `${formatCount(action.position)}번 이용 종료`;
      case 'setTemplate':
        return `자체 대기 화면 올림 (${action.name})`;
      case 'removeTemplate':
        return '자체 대기 화면 삭제';
      case 'archive':
        return '대기실 보관';
    }
  },

  message: {
    title: '대기자 안내문',
    none: '게시된 안내문이 없습니다.',
    write: '작성',
    edit: '수정',
    left: (count) => (count >= 0 ? `${count}자 남음` : `${-count}자 초과`),
    both: '두 언어로 모두 작성하세요. 대기자는 자기 언어로 봅니다.',
    beginWith: '불러오기',
    ownText: '직접 작성',
    readyTitle: '기본 안내문',
    ready: {
      late: '시작 지연',
      paused: '입장 일시정지',
      resumed: '입장 재개',
      slow: '대기 시간 증가',
      fewLeft: '잔여 수량 부족',
    },
    keptTitle: '운영자가 보관한 안내문',
    keep: '보관하기',
    drop: '보관 목록에서 삭제',
    post: '게시',
    remove: '안내문 내리기',
    since: (time) => `${time} 게시`,
    preview: '방문자에게 보이는 화면',
    lead: '30초 안에 모든 대기자에게 보입니다.',
  },
  danger: {
    title: '주의가 필요한 작업',
    hold: '1초 동안 누르기',
    keepHolding: '계속 누르세요 …',
    tooShort: '1초 동안 누르고 계세요.',
    openNow: '지금 시작',
    withBeaconNote: '약 3~7초 뒤에 공개 난수로 순서를 추첨합니다.',
    cancel: '시작 취소',
    cancelNote: (time, entries) =>
      `${time}에 시작하지 않으며, 방문자에게도 취소되었다고 알립니다. ${
        entries === 0
          ? '아직 추첨에 참가한 사람은 없습니다.'
          : `추첨에 참가한 ${formatCount(entries)}명의 번호는 그대로 유지되며, 이 작업은 되돌릴 수 있습니다.`
      }`,
    recommit: '추첨 다시 봉인',
    recommitNote:
      '추첨의 비밀값을 새로 봉인합니다. 봉인에 쓴 서명 키를 잃어버렸을 때만 쓰세요. 이전 봉인이 있었다는 사실은 계속 공개되며, 어떤 검증 도구도 이 추첨을 증명된 것으로 보지 않습니다.',
    reopen: '다시 열기',
    close: '종료',
    closeNote: (waiting, active) =>
      `대기 중인 ${formatCount(waiting)}명은 입장할 수 없게 되고, 이용 중인 ${formatCount(active)}명은 이용 시간이 끝날 때까지 이용합니다. 다시 열면 새 회차가 되어 지금의 번호는 쓸 수 없습니다.`,
    revokeAll: '전원 퇴장',
    revokeNote: (count) =>
      `이용 중인 ${formatCount(count)}명이 3초 안에 모두 퇴장합니다. 대기자의 순번은 그대로입니다.`,
    endSession: '한 명 퇴장',
    endNote: '이 순번의 방문자가 3초 안에 퇴장합니다.',
    confirm: (what) => `${what}: 실행할까요?`,
  },
  pass: {
    title: '사이트 직접 보기',
    note: '이 브라우저에서 10분 동안 쓰는 입장권입니다. 대기자의 자리를 차지하지 않으며 기록에 남습니다.',
    request: '입장권 받기',
    until: (time) => `${time}까지 쓸 수 있습니다.`,
    open: '사이트 열기',
    left: (seconds) => `${seconds}초 안에 한 번만 열 수 있습니다.`,
  },

  alarmCount: (count) => `경보 ${count}건`,
  alarm: (alarm: Alarm, format: NumberFormat) => alarmTextKo.alarm(alarm, format),

  relayFault: alarmTextKo.relayFault,

  alarmNames: {
    storeUnreachable: '저장소 응답 없음',
    clockLeapt: '시계 건너뜀',
    drawKeyMissing: '추첨 키 없음',
    beaconChainDiffers: '다른 체인',
    beaconLate: '공개 난수 지연',
    originStopped: '입장 멈춤',
    originSlowed: '입장 줄임',
    originErrors: '본 사이트 오류',
    originSlow: '본 사이트 느림',
    arrivalsAbovePlan: '예상보다 많은 방문자',
    showShareFalling: '호출 후 미입장 증가',
    limitReached: '동시 이용 가득 참',
  },
  alarmEvents: { raised: '발생', cleared: '해제' },
  alarmStanding: {
    acknowledge: '확인',
    since: (time) => `${time} 발생`,
    acknowledgedBy: (name, time) => `${name} 님이 ${time}에 확인`,
    delivered: (targets) => `${targets}에 알림`,
    due: (targets) => `${targets}에 알리는 중`,
    failed: (target, status) =>
      status === null ? `${target}에 알리지 못했습니다: 응답 없음.` : `${target}에 알리지 못했습니다: 응답 ${status}.`,
  },

  alarmTargets: {
    lead: '경보를 채팅, 호출 서비스, 메일 발송 서비스 같은 웹훅으로도 보냅니다. 이 때문에 방문자가 기다리는 일은 없습니다.',
    none: '지금은 경보가 콘솔에만 표시됩니다.',
    add: '웹훅 추가',
    change: '웹훅 변경',
    edit: '변경',
    saved: (name) => `${name}: 저장했습니다.`,
    url: '웹훅 주소',
    urlNote: 'https 주소를 입력하세요. 비밀값이 들어 있을 수 있어 저장한 뒤에는 다시 표시하지 않습니다.',
    urlUnchanged: '지금 주소를 그대로 쓰려면 비워 두세요.',
    urlFormat: '사용자 이름과 비밀번호가 없는 https 주소를 입력하세요.',
    forms: {
      standard: { label: 'Standard Webhooks', note: '서명된 JSON. 직접 만든 서비스에 알맞습니다' },
      slack: { label: 'Slack', note: '글 한 건. Slack과 같은 형식을 받는 서비스에 알맞습니다' },
    },
    severity: '받을 경보',
    severities: { critical: '긴급만', warning: '긴급과 주의', info: '모두' },
    severityNotes: {
      critical: '지금 방문자나 예약에 영향이 있는 경보',
      warning: '곧 영향이 있을 수 있는 경보까지',
      info: '동시 이용이 가득 찬 것처럼 예정된 상황까지',
    },
    language: '메시지 언어',
    rooms: '대기실',
    roomsRequired: '대기실을 하나 이상 선택하세요.',
    test: '시험 전송',
    testing: '보내는 중 …',
    testDelivered: (status, ms) => `전달되었습니다. ${ms} ms 만에 ${status}(으)로 응답했습니다.`,
    testRefused: (status) => `전달되지 않았습니다. ${status}(으)로 응답했습니다. 주소를 확인하세요.`,
    faults: {
      noAnswer: '전달되지 않았습니다. 10초 안에 응답이 없었습니다.',
      unreachable: '전달되지 않았습니다. 연결할 수 없습니다. 주소를 확인하세요.',
      redirect: '전달되지 않았습니다. 다른 주소로 넘기는 응답은 따라가지 않습니다. 최종 주소를 입력하세요.',
      cannotSign: '서명할 수 없습니다. 비밀값을 만든 서명 키가 없습니다. 비밀값을 새로 만드세요.',
    },
    rotate: '비밀값 새로 만들기',
    secretOf: (name) => `${name}의 비밀값`,
    secretLead:
      '받는 쪽은 이 비밀값으로 메시지를 검증합니다. 지금 한 번만 표시됩니다. 이전 비밀값은 하루 동안 함께 쓸 수 있습니다.',
    secretDone: '저장했습니다',
    formerUntil: (time) => `이전 비밀값은 ${time}까지 쓸 수 있습니다.`,
    removeNote: (name) => `${name}에는 더 이상 경보를 보내지 않습니다.`,
    removed: (name) => `${name}: 삭제했습니다.`,
  },

  stock: {
    title: '잔여 수량',
    asOf: (time) => `${time} 기준`,
    checking: '확인 중',
    soldOut: '남은 수량 없음',
    lots: '구분별 수량',
    lot: '구분',
    left: '잔여',
    read: '기준 시각',
    people: (count) => `잔여 수량에 맞춰 한 번에 최대 ${count}명까지 입장합니다.`,
  },
  draw: {
    title: '추첨',
    committed: '비밀값을 봉인했습니다. 시작 시각에 순서를 추첨합니다.',
    drawing: '순서를 추첨하고 있습니다.',
    expected: (seconds) => `약 ${seconds}초 뒤에 순서가 나옵니다.`,
    late: (seconds) => `공개 난수가 ${formatCount(seconds)}초 늦어지고 있습니다.`,
    waitsOn: '중계 서버가 응답할 때까지 기다립니다.',
    goesWithout: (time) => `${time}에는 공개 난수 없이 추첨합니다.`,
    waitsForKey: '비밀값을 봉인한 서명 키를 기다립니다.',
    waitsForChain: 'BEACON_CHAIN이 이 회차의 체인과 달라 기다립니다.',
    drawn: (count) => `${formatCount(count)}명의 순서를 추첨했습니다.`,
    seal: '봉인값',
    sealedAgain: (count) =>
      `${formatCount(count)}번 봉인했습니다. 어떤 검증 도구도 이 추첨을 증명된 것으로 보지 않습니다.`,
    without: '사용 안 함 · 봉인한 비밀값만 근거로 함',
    round: (round, time) => `${round}번 · ${time} 예정`,
    drawnWith: (round) => `${round}번`,
    withheld: (round) => `${round}번이 제때 오지 않아 공개 난수 없이 추첨함 · 증명되지 않음`,
    proof: '추첨 확인 화면',
    document: '공개된 추첨 기록',
  },

  charts: {
    title: '추이',
    ranges: { quarter: '15분', hour: '1시간', sixHours: '6시간', all: '2일' },
    range: '표시 기간',
    empty: '아직 표시할 내용이 없습니다. 첫 방문 10초 뒤부터 나타납니다.',
    loading: '지난 추이를 불러오는 중 …',
    admitted: '입장',
    limit: '한도',
    refused: '거부된 요청',
    reasons: {
      noAdmission: '입장 토큰 없음',
      badToken: '잘못된 토큰',
      prefetch: '미리 읽기',
      tooOften: '너무 잦음',
      crossSite: '다른 사이트',
    },
    latency: '본 사이트 응답 시간',
    median: '중앙값',
    p95: '95%',
    errors: '본 사이트 오류',
    unreachable: '응답 없음',
    store: '공유 저장소',
    conflicts: '충돌',
    retries: '재시도',
    per10: '10초당',
    within: (ms) => `${ms} 이하`,
    beyond: (ms) => `${ms} 초과`,
    allZero: '이 기간에는 없음',
    table: '표로 보기',
    time: '시각',
    change: (time, what) => `${time} ${what}`,
  },

  siteCalls: {
    title: '본 사이트가 알린 내용',
    none: '아직 없습니다.',
    response: '응답 헤더',
    key: (id) => `키 ${id}`,
    left: (count) => `잔여 ${count}`,
    overload: (seconds) => `${formatCount(seconds)}초 동안 입장 중단 요청`,
    takesVisitors: '입장 재개 요청',
    complete: (position) => `완료: ${position}번`,
    readmit: (position) => `재입장 허용: ${position}번`,
    revoke: (position) => `이용 종료: ${position}번`,
    refused: '처리되지 않음',
    refusals: {
      tooEarly: '아직 번호를 받을 수 없음',
      notOpen: '시작 전',
      closed: '마감됨',
      soldOut: '매진',
      held: '입장 전면 중단',
      originFailing: '본 사이트 응답 없음',
      wrongEpoch: '다른 회차의 번호',
      unknownPosition: '이 번호로 입장한 사람 없음',
      foreignPosition: '다른 사람의 번호',
      completed: '이미 완료됨',
      codeUsed: '이미 사용한 코드',
      outdatedCall: '더 나중의 요청이 먼저 처리됨',
    },
  },
  log: {
    directoryTitle: '대기실·키 기록',
    search: '검색',
    kind: '종류',
    all: '전체',
    kinds: {
      flow: '시작·중단·종료',
      limits: '속도',
      schedule: '일정',
      message: '안내문',
      sessions: '퇴장·입장권',
      alarms: '경보',
      site: '사이트',
      people: '키·로그인',
    },
    empty: '아직 변경 기록이 없습니다.',
    emptyFilter: '조건에 맞는 기록이 없습니다.',
    earlier: '이전 기록 더 보기',
    csv: 'CSV 내려받기',
    json: 'JSON 내려받기',
    check: '위변조 검사',
    checking: '검사하는 중 …',
    intact: (count, time) => `기록 ${formatCount(count)}건: 누락·위변조 없음 (${time} 검사)`,
    broken: '누락되거나 위변조된 기록이 있습니다. 내려받은 파일을 보관하고 저장소에 접근한 사람을 확인하세요.',
    from: '이전',
    to: '이후',
  },
  report: {
    title: '행사 결과 보고서',
    about:
      '자리에 없던 사람도 읽을 수 있는 한 장의 보고서입니다. 도착, 안내한 대기와 실제 대기, 한도 대비 입장, 본 사이트의 응답, 누가 무엇을 했는지를 담습니다. 인터넷 없이 열리고 인쇄할 수 있습니다. 분 단위 수치는 1년 보관합니다. 운영자 이름이 들어 있으며, 아래 증빙 자료에는 없습니다.',
    period: '대상',
    lastOpening: '마지막 회차',
    range: '기간 지정',
    from: '부터',
    to: '까지',
    language: '언어',
    incomplete: (zone) => `${zone} 시각으로 시작과 그보다 늦은 끝을 입력하세요.`,
    download: '보고서 받기',
    minutes: '분 단위 CSV',
    acts: '작업 내역 CSV',
  },
  evidence: {
    title: '외부 제출용 증빙 자료',
    about:
      '변경 기록, 추첨, 제한값, 시간대별 입장과 거부 내역에 서명해 묶은 파일입니다. 운영자와 방문자의 이름은 들어 있지 않으며, 받은 사람이 직접 확인하는 방법이 함께 들어 있습니다. 수치는 이틀만 보관되니 그 전에 받아 두세요.',
    download: '증빙 자료 받기',
  },
  auditAction: (action) => auditActions[action] ?? action,
  changeSummary: (what, field, change) => `${what}: ${field} ${change}`,
  field: (name) => fields[name] ?? name,
  flowName: (flow) => flows[flow],
  minutes: (minutes) => `${formatCount(minutes)}분`,

  editor: {
    site: '보호 대상',
    policy: '속도와 이용 시간',
    schedule: '일정',
    template: '자체 대기 화면',
    archive: '보관',
    sending: '저장하는 중 …',
    reset: '입력 취소',
    fix: problems['bad-input'],
    perLine: '한 줄에 하나씩 입력하세요.',
    idNote: '주소와 토큰에 쓰입니다. a-z, 0-9, -만 쓸 수 있고 나중에 바꿀 수 없습니다.',
    hostsNote: '포트 없이 이름만 씁니다. 모든 호스트는 *입니다.',
    pathsNote: '이 경로 아래는 모두 입장해야 볼 수 있습니다.',
    exemptNote:
      '대기 없이 통과합니다. /static처럼 쓰면 그 아래를 읽을 수만 있고, POST /pay/callback exact처럼 쓰면 그 주소 하나만 통과합니다. 통과한 요청은 현황에 표시됩니다.',
    originNote: '예: https://origin.example (경로 없이)',
    originHostNote: 'origin은 본 사이트 주소, visitor는 방문자가 입력한 주소입니다. 다른 이름은 직접 입력하세요.',
    originAliasesNote: '본 사이트가 이동 응답에 쓰는 다른 주소입니다.',
    originTimeoutNote: '늘리면 느린 화면도 열리고, 줄이면 장애를 빨리 알 수 있습니다.',
    audience: '입장 토큰의 수신자',
    audienceNote: '본 사이트가 확인하는 aud 값입니다. 비워 두면 ID로 만듭니다.',
    timeZoneNote: '예: Asia/Seoul. 이 대기실의 모든 시각을 이 시간대로 표시합니다.',
    outside: '이 호스트의 그 밖의 경로',
    outsideChoices: {
      refuse: {
        label: '막기',
        note: '빠뜨린 경로로 대기열을 우회할 수 없는 대신, 공개할 경로를 모두 예외 요청에 적어야 합니다.',
      },
      pass: {
        label: '그대로 통과',
        note: '나머지 사이트가 평소처럼 동작하는 대신, 빠뜨린 경로는 누구에게나 열려 있습니다.',
      },
    },
    languages: '방문자 화면의 언어',
    languagesNote: '브라우저에 맞는 언어가 없으면 첫 번째 언어로 표시합니다.',
    languageNames: { ko: '한국어', en: 'English' },
    languageOrders: {
      'ko,en': '한국어, 영어 순',
      'en,ko': '영어, 한국어 순',
      ko: '한국어만',
      en: '영어만',
    },
    corsNote:
      '이 주소의 화면과 앱이 방문자를 대신해 대기를 신청하고 응답을 읽을 수 있습니다(CORS). 예: https://app.example',
    handOffNote: '입장한 방문자를 코드와 함께 돌려보낼 곳입니다. 주소와 경로를 적습니다. 예: https://shop.example/book',
    expectedNote: '이보다 많이 방문하면 경보로 알립니다. 비워 두면 알리지 않습니다.',
    rateNote: '절대 넘지 않는 한도입니다. 높이면 대기 시간이 줄어드는 대신 본 사이트의 부하가 커집니다.',
    placesNote: '절대 넘지 않는 한도입니다. 높이면 대기열이 줄어드는 대신 본 사이트의 부하가 커집니다.',
    session: '이용 시간(분)',
    sessionNote: '높이면 이용 시간이 넉넉한 대신 빈자리가 늦게 납니다.',
    total: '최대 이용 시간(분)',
    totalNote:
      '연장해도 이 시간을 넘지 않습니다. 낮추면 자리를 오래 차지하는 사람이 없는 대신, 마치지 못한 사람은 다시 줄을 서야 합니다.',
    renewal: '이용하는 동안 이용 시간 연장',
    renewalNote: '작성 중에 끊기지 않는 대신 빈자리가 늦게 납니다.',
    claim: '입장 기한(분)',
    claimNote:
      '호출된 방문자가 입장할 수 있는 시간입니다. 높이면 차례를 놓치는 방문자가 줄어드는 대신 미입장을 늦게 확인합니다.',
    status: '대기 화면의 상태 코드',
    statuses: {
      200: '모든 클라이언트와 캐시가 처리하는 대신, 프로그램이 본 화면으로 오해할 수 있습니다.',
      202: '프로그램에 아직 처리 전이라고 알리는 대신, 이 코드를 예상하는 곳이 드뭅니다.',
      429: '로봇이 덜 오는 대신, 일부 프록시가 화면을 바꿉니다.',
      503: '로봇과 감시 도구가 나중에 다시 오는 대신, 로드 밸런서가 게이트웨이 고장으로 볼 수 있습니다.',
    },
    health: '본 사이트 상태에 따라 조절',
    healthModes: {
      off: {
        label: '끔',
        note: '설정한 값을 그대로 지킵니다. 저절로 바뀌는 것이 없는 대신, 본 사이트가 멈춰도 방문자가 계속 들어갑니다.',
      },
      protect: {
        label: '본 사이트 보호',
        note: '본 사이트가 느리거나 실패하면 입장을 줄이고, 멈추면 입장도 멈췄다가 단계적으로 되돌립니다. 일부 방문자만 겪는 오류도 모두를 늦춥니다.',
      },
      find: {
        label: '보호하면서 한도 찾기',
        note: '본 사이트가 감당하는 동시 인원도 설정한 한도 안에서 찾습니다. 미리 알 필요가 없는 대신, 한도에 닿아 봐야 알 수 있어 잠시 느려집니다.',
      },
    },
    errorPercentNote: '이 값의 4분의 1부터 입장을 줄입니다.',
    slowFactorNote: '방문자가 몰리기 전의 평균 응답 시간과 비교합니다.',
    stockPeopleNote: '본 사이트가 알린 잔여 수량에 맞춰 입장시킵니다. 비워 두면 매진될 때까지 제한하지 않습니다.',
    stockFreshNote: '이보다 오래된 수량은 보이지 않고 ‘확인 중’으로 표시됩니다.',
    slowMsNote: '비교하지 않고 정해진 시간으로 판단합니다. 비워 두면 비교합니다.',
    rateFloorNote: '이보다 더 줄이지는 않습니다. 본 사이트가 멈추면 입장도 멈춥니다.',
    peopleFloorNote: '찾기를 시작하는 인원입니다. 비워 두면 동시 이용의 20분의 1입니다.',
    probePathNote: '입장을 멈춘 동안 점검하는 경로입니다(/healthz 등). 예약이 안 될 때 함께 실패하는 경로로 정하세요.',
    prequeueNote: '비워 두면 지금부터 받습니다.',
    opensNote: '시작 전에는 시각을 옮길 수 있습니다. 참가 번호는 그대로입니다.',
    openedNote: '마감만 바꾸려면 시작 시각은 그대로 두세요. 시작 시각을 바꾸면 지금까지의 번호를 쓸 수 없게 됩니다.',
    planNote: '종료된 대기실입니다. 공지하면 방문자가 시작 시각을 보고 추첨에 참가할 수 있습니다.',
    announcePlan: '이 일정으로 공지',
    askedToConfirm: '아직 저장하지 않았습니다. 어떤 영향이 있는지 확인하고 다시 누르세요.',
    closesNote: '비워 두면 직접 종료할 때까지 엽니다.',
    beacon: '추첨 방식',
    beaconChoices: {
      with: {
        label: '공개 난수 사용(drand)',
        note: '운영자를 포함해 아무도 순서를 고를 수 없었다는 것을 누구나 확인할 수 있는 대신, 추첨이 몇 초 걸리고 중계 서버가 응답하지 않으면 더 걸립니다.',
      },
      without: {
        label: '공개 난수 없이',
        note: '다른 서버 없이 바로 순서가 나오는 대신, 게이트웨이가 봉인한 비밀값만 근거가 되어 어떤 검증 도구도 완전한 증명으로 보지 않습니다.',
      },
    },
    beaconFixed: '이 회차는 시작 전에 정한 방식으로 추첨합니다. 새 회차에서는 다시 정할 수 있습니다.',
    deadlineNote:
      '시작 시각부터 셉니다. 늘리면 중계 서버가 늦어도 괜찮은 대신, 모두 응답하지 않을 때 방문자가 더 오래 기다립니다.',
    afterDeadline: '그때까지 오지 않으면',
    afterDeadlineChoices: {
      wait: {
        label: '계속 기다리기',
        note: '증명할 수 있는 추첨이 되는 대신, 응답이 올 때까지 아무도 입장하지 못합니다.',
      },
      withoutBeacon: {
        label: '공개 난수 없이 추첨',
        note: '어떤 경우에도 시작되는 대신, 운영자가 난수가 마음에 들지 않아 버린 것과 구별할 수 없어 증명되지 않습니다.',
      },
    },
    relays: {
      title: '공개 난수 중계 서버',
      test: '중계 서버 점검',
      again: '다시 점검',
      testing: '중계 서버를 점검하는 중 …',
      untested: (reason) => `중계 서버를 점검하지 못했습니다. ${reason}`,
      answered: (relay, ms, round) =>
        `중계 서버 ${relay}: ${formatCount(ms)} ms 만에 ${round}번으로 응답했고 서명도 맞습니다.`,
      suggestsWithout:
        '응답이 확인된 중계 서버가 없어 ‘공개 난수 없이’로 정했습니다. 공개 난수를 쓰려면 게이트웨이가 https로 이 서버들에 접속할 수 있게 한 뒤 다시 점검하거나 BEACON_CHAIN을 설정하세요.',
      noneButChosen:
        '응답이 확인된 중계 서버가 없습니다. 시작할 때도 그러면 대기실이 기다립니다. 게이트웨이가 https로 이 서버들에 접속할 수 있게 하거나 ‘공개 난수 없이’를 선택하세요.',
      noneAndNotChosen:
        '응답이 확인된 중계 서버가 없습니다. 공개 난수를 쓰려면 게이트웨이가 https로 이 서버들에 접속할 수 있게 한 뒤 다시 점검하거나 BEACON_CHAIN을 설정하세요.',
    },
    drawSteps: {
      title: '시작할 때 일어나는 일',
      entriesClose: (time) => `${time} 추첨 접수를 마감하고 참가자 수를 공개합니다.`,
      roundDue: (time, round) => `${time} 공개 난수 ${round}번이 나옵니다.`,
      roundSoon: '3~6초 뒤에 공개 난수가 나옵니다.',
      drawn: (time, seconds) =>
        `${time}쯤 순서가 나오고 호출을 시작합니다. 방문자에게는 약 ${seconds}초 동안 ‘추첨 중’으로 보입니다.`,
      drawnSoon: '그 뒤 1~2초 안에 순서가 나오고 호출을 시작합니다. 그때까지 ‘추첨 중’으로 보입니다.',
      waitsOn: (time) => `${time} 그때까지 난수가 오지 않으면 계속 기다리고, 이유를 경보로 알립니다.`,
      goesWithout: (time) => `${time} 그때까지 난수가 오지 않으면 공개 난수 없이 추첨합니다.`,
      drawnAtOnce: (time) => `${time} 추첨 접수를 마감하고, 2초 안에 순서가 나와 호출을 시작합니다.`,
    },
    inZone: (zone) => `대기실 시간대(${zone}) 기준`,
    timeHere: (time) => `내 컴퓨터 시각 ${time}`,
    timeUtc: (time) => `UTC ${time}`,
    skipped: '서머타임으로 건너뛰어 없는 시각입니다.',
    twice: '서머타임으로 두 번 오는 시각입니다. 앞선 시각으로 처리합니다.',
    twiceLater: '서머타임으로 두 번 오는 시각입니다. 뒤의 시각으로 설정되어 있으며 그대로 둡니다.',
    templateCustom: '자체 대기 화면을 쓰고 있습니다.',
    templateDefault: 'Fairgate의 대기 화면을 쓰고 있습니다.',
    templateNote: 'Mustache 변수를 쓰는 HTML 파일, 1 MiB까지.',
    templateChoose: '파일 선택',
    templateUpload: '올리기',
    templateRemove: 'Fairgate 화면 사용',
    templateRemoveNote: 'Fairgate 화면을 사용하면 자체 대기 화면은 삭제됩니다.',
    archived: problems['room-archived'],
    archiveNote: '종료한 대기실을 완전히 내립니다. 기록은 계속 볼 수 있습니다.',
    archiveFirst: '먼저 대기실을 종료하세요.',
    archiveSubmit: '대기실 보관',
    conflictTitle: '입력하는 동안 변경되었습니다',
    conflictLead: '입력한 내용은 그대로 있습니다. 서로 다른 항목:',
    conflictField: '항목',
    conflictInForce: '현재 적용된 값',
    conflictTyped: '입력한 값',
    conflictUseInForce: '현재 값 사용',
    conflictSaveTyped: '입력한 값으로 저장',
    conflictNone: '바꾸던 항목과 겹치지 않습니다.',
    newTitle: '새 대기실',
    copyTitle: (room) => `새 대기실 (${room} 복제)`,
    duplicate: '복제',
    newLead: '새 대기실은 종료된 상태로 만들어집니다. 시작 시각을 공지하기 전에는 아무것도 시작되지 않습니다.',
    plan: '예정된 일정',
    checkRoom: '확인',
    checkingRoom: '확인하는 중 …',
    checkedTitle: '만들기 전에 확인하세요',
    takesNothing: '다른 대기실의 주소를 가져오지 않습니다.',
    beginsClosed: '종료된 상태로 만들어집니다. 시작 시각을 공지할 때까지 이 주소의 방문자에게는 마감 화면이 보입니다.',
    siteAnswer: (answer: SiteAnswer) => {
      switch (answer.kind) {
        case 'answered':
          return answer.status < 500
            ? `본 사이트가 ${formatCount(answer.ms)} ms 만에 응답했습니다(상태 코드 ${answer.status}).`
            : `본 사이트가 오류로 응답했습니다(상태 코드 ${answer.status}). 시작하기 전에 확인하세요.`;
        case 'late':
          return `본 사이트가 ${answer.seconds}초 안에 응답하지 않았습니다. 주소와 방화벽을 확인하세요.`;
        case 'unreachable':
          return '게이트웨이에서 본 사이트에 연결할 수 없습니다. 주소와 방화벽을 확인하세요.';
      }
    },
    create: '종료된 상태로 만들기',
    created: '대기실을 만들었습니다. 시작 시각을 공지할 때까지 종료된 상태입니다.',
    fieldErrors: {
      required: '꼭 입력해야 합니다.',
      tooLong: (max) => `${formatCount(max)}자까지 쓸 수 있습니다.`,
      between: (min, max) => `${formatCount(min)}부터 ${formatCount(max)}까지 쓸 수 있습니다.`,
      number: '숫자를 입력하세요.',
      total: '이용 시간보다 짧을 수 없습니다.',
      host: '포트 없는 소문자 호스트 이름이나 *를 입력하세요.',
      probePath: '/healthz처럼 공백 없는 ASCII 경로로 입력하세요.',
      path: '/book이나 /예약과 같은 경로를 보이는 그대로 입력하세요. %, 빈칸, //는 쓸 수 없습니다.',
      exemption:
        '/static과 같은 경로를 쓰거나, POST /pay/callback exact처럼 메서드, 경로, exact 순서로 쓰세요. 메서드는 GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS입니다.',
      origin: '경로 없는 http(s) 주소를 입력하세요.',
      originHost: 'origin, visitor 또는 소문자 호스트 이름을 입력하세요.',
      corsOrigin: 'https://app.example처럼 정확한 주소를 한 번씩, 16개까지 입력하세요. *는 쓸 수 없습니다.',
      handOff: 'https://shop.example/book처럼 https 주소를 한 번씩, 16개까지 입력하세요.',
      zone: 'Asia/Seoul과 같은 시간대를 입력하세요.',
      id: 'a-z, 0-9와 중간의 -로 40자까지 쓸 수 있습니다.',
      time: '날짜와 시각을 입력하세요.',
      before: '시작 시각보다 앞이어야 합니다.',
      after: '시작 시각보다 뒤여야 합니다.',
      format: '쓸 수 없는 값입니다.',
      tooMany: (max) => `${formatCount(max)}줄까지 쓸 수 있습니다.`,
      tooSmall: (min) => `${formatCount(min)} 이상이어야 합니다.`,
      tooLarge: (max) => `${formatCount(max)} 이하여야 합니다.`,
      overlap: (room, path) => `‘${room}’ 대기실이 이미 ${path} 경로를 보호합니다. 한쪽에서 빼세요.`,
      ownAddress: (origin) => `${origin} 주소로 보낸 요청은 이 게이트웨이로 되돌아옵니다. 본 사이트 주소를 쓰세요.`,
      notPublic:
        '경보는 공개 https 주소로만 보냅니다. http와 사설망 주소는 직접 운영하는 서버의 게이트웨이에서만 쓸 수 있습니다.',
      template: '{{…}} 태그의 짝이 맞지 않습니다. 확인하고 다시 올리세요.',
      templateAt: (line) => `${formatCount(line)}번째 줄 근처에서 {{…}} 태그의 짝이 맞지 않습니다. 확인하세요.`,
    },
  },

  preview: {
    lead: '상태별로 방문자에게 보이는 화면입니다. 숫자는 예시이고 너비는 휴대전화 크기입니다.',
    language: '언어',
    page: '화면',
    all: '전체',
    frame: (kind) => `‘${kind}’ 화면`,
    kinds: {
      newcomer: '번호 받기 전',
      scheduled: '시작 전',
      entered: '추첨 참가',
      drawing: '추첨 중',
      waiting: '대기',
      called: '호출됨',
      standby: '호출됨 · 빈자리 대기',
      paused: '호출 일시정지',
      soldOut: '수량 소진',
      closed: '종료',
      lapsed: '차례 지남',
      ended: '이용 종료',
      tooManyJoins: '같은 네트워크 접속 과다',
      cookiesNeeded: '쿠키 거부',
      storeUnreachable: '저장소 응답 없음',
      originUnreachable: '본 사이트 응답 없음',
      originError: '본 사이트 오류',
    },
  },

  keys: {
    lead: '한 사람에 키를 하나씩 발급하세요. 그래야 누가 한 작업인지 기록에 남습니다. 키 자체는 저장하지 않습니다.',
    since: (time) => `${time} 생성`,
    roleNotes: {
      viewer: '모든 화면을 볼 수 있고 변경할 수 없음',
      operator: '속도, 대기열, 안내문, 일정 관리',
      owner: '대기실과 키까지 관리',
    },
    create: '키 만들기',
    created: (name) => `${name} 님의 키`,
    createdLead: '이 키는 지금 한 번만 표시됩니다. 바로 전달하세요.',
    done: '전달했습니다',
    remove: '삭제',
    removeNote: (name) => `${name} 님의 키와 로그인이 바로 끝납니다.`,
    removed: (name) => `${name} 님의 키를 삭제했습니다.`,
    settings: '설정에서 정한 키',
    expires: '사용 기한(그날 끝까지)',
    expiresNote: '내 컴퓨터의 시간대 기준입니다. 비워 두면 삭제할 때까지 쓸 수 있습니다.',
    expiresPast: '오늘 이후 날짜를 고르거나 비워 두세요.',
    until: (time) => `${time}까지`,
    expired: (time) => `${time}에 만료`,
    used: (time, network) => `마지막 사용 ${time} · ${network}`,
    unused: '아직 사용하지 않음',
    rooms: '대기실',
    roomsRequired: '대기실을 하나 이상 고르거나 전체를 고르세요.',
    ownersRooms: '총괄 키는 항상 모든 대기실에 쓸 수 있습니다.',
  },
  you: '나',
  actors: {
    alarms: '경보',
    gateway: '게이트웨이',
    nobody: '알 수 없는 사람',
    'origin-health': '본 사이트 상태',
    settings: '설정',
    store: '저장소',
  },
  healthStages: { steady: '정상', slowed: '입장 줄임', stopped: '입장 멈춤' },
  healthCauses: { errors: '오류', slow: '느린 응답', signal: '본 사이트의 요청' },

  help: {
    lead: '입력 중이 아닐 때 쓸 수 있습니다. 내 메뉴에서 끌 수 있습니다.',
    keys: {
      p: '호출 일시정지: 새로 호출하지 않음',
      h: '입장 전면 중단: 호출과 입장을 모두 멈춤',
      r: '다시 진행',
      z: '방금 한 작업 되돌리기',
      l: '속도 변경',
      m: '대기자 안내문',
      n: '현황, 기록, 설정, 방문자 화면: 1 2 3 4',
      help: '이 도움말',
    },
    danger:
      '주의가 필요한 작업은 1초 동안 누릅니다. Space나 Enter로도 할 수 있습니다. 화면 낭독기에서는 확인 창이 열립니다.',
    stale: '3초가 지난 숫자에는 몇 초 전인지 표시합니다. 알 수 없는 숫자는 표시하지 않습니다.',
  },
};

function endsPlacesText({ waiting, active }: { waiting: number; active: number }): string {
  if (waiting === 0 && active === 0) return '새 회차를 시작합니다. 대기 중이거나 이용 중인 사람은 없습니다.';
  return `새 회차를 시작합니다. 이용 중인 ${formatCount(active)}명의 이용이 끝나고, 대기 중인 ${formatCount(waiting)}명의 번호는 쓸 수 없게 됩니다.`;
}

function takesFromText({ room, routes, waiting, active }: TakenFromRoom): string {
  const there =
    waiting === null || active === null
      ? '그곳의 인원은 알 수 없습니다'
      : `지금 그곳에 ${formatCount(waiting + active)}명이 있습니다`;
  return `‘${room}’ 대기실에서 ${routes.join(', ')} 주소를 가져옵니다. ${there}.`;
}
