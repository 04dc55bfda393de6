// Korean, as people on duty say it on the telephone: short, what is first, what to do next.

import type { Alarm, Role } from '../worker/contract/operator-api.ts';
import { type OperatorProblem, type Problem, problemKind } from '../worker/contract/problem-schema.ts';
import type { Deed, Flow, Phase } from './actions.ts';
import type { Figures, WaitSpan } from './number-format.ts';
import type { Words } from './strings.ts';

type State = keyof Words['states'];

const roles: Record<Role, string> = { viewer: '열람', operator: '운영', owner: '총괄' };

const flows: Record<Flow, string> = { running: '진행', paused: '호출 멈춤', held: '입장까지 멈춤' };

const states: Record<State, string> = {
  scheduled: '시작 전',
  prequeue: '추첨 접수 중',
  drawing: '추첨 중',
  open: '진행 중',
  paused: '호출 멈춤',
  soldOut: '수량 없음',
  closed: '종료',
};

const problems: Record<OperatorProblem, string> = {
  'operator-key': '로그인이 필요합니다. 키로 다시 로그인하세요.',
  'wrong-key': '등록되지 않은 키입니다. 앞뒤로 빠진 글자가 없는지 확인하세요.',
  'too-many-requests': '너무 자주 보내서 하지 않았습니다. 잠시 뒤에 다시 누르세요.',
  'role-too-small': '지금 권한으로는 할 수 없습니다. 권한이 있는 분께 부탁하세요.',
  'cross-site-request':
    '이 화면에서 보낸 것인지 알 수 없어 하지 않았습니다. 주소창의 주소를 확인하고 화면을 다시 불러오세요.',
  'if-match-needed': '어느 상태를 보고 정했는지 빠져 있어 하지 않았습니다. 화면을 다시 불러오세요.',
  'changed-meanwhile': '그사이 다른 사람이 바꿔서 하지 않았습니다. 지금 상태를 보고 다시 정하세요.',
  'bad-body': '게이트웨이가 읽을 수 없는 내용이라 하지 않았습니다. 화면을 다시 불러오세요.',
  'body-too-large': '너무 커서 받지 않았습니다. 대기 화면 파일은 1 MiB까지 됩니다.',
  'headers-too-large': '쿠키가 너무 커서 받지 않았습니다. 이 주소의 쿠키를 지우고 다시 로그인하세요.',
  'bad-input': '저장하지 않았습니다. 입력값을 확인해 주세요. 칸마다 이유가 적혀 있습니다.',
  'not-found': '찾을 수 없습니다. 그사이 없어졌을 수 있습니다. 목록에서 다시 고르세요.',
  'already-open': '이미 열려 있습니다. 새로 열려면 먼저 종료하세요.',
  'already-closed': '이미 종료되었습니다. 일정을 새로 잡거나 다시 열 수 있습니다.',
  'not-closed': '아직 종료되지 않아 보관하지 않았습니다. 먼저 종료하세요.',
  'session-unknown': '그 순번으로 들어와 있는 사람이 없습니다. 번호를 확인하세요. 이미 나갔을 수도 있습니다.',
  'room-exists': '같은 ID를 쓰는 대기실이 있습니다. 다른 ID를 쓰세요. 보관된 대기실의 ID도 다시 쓸 수 없습니다.',
  'room-archived': '보관된 대기실입니다. 기록과 흐름만 볼 수 있습니다.',
  'rooms-full': '대기실을 더 만들 수 없습니다. 보관된 것도 수에 듭니다. 게이트웨이를 하나 더 세우세요.',
  'keys-full': '키를 더 만들 수 없습니다. 먼저 하나를 삭제하세요.',
  'owners-key': '설정 파일의 총괄 키라 여기서 지울 수 없습니다. OPERATOR_KEY 설정에서 바꾸세요.',
  'log-full':
    '기록이 가득 차서 하지 않았습니다. 기록할 수 없는 일은 하지 않습니다. 내보낸 뒤 새 대기실에서 이어 가세요.',
  'store-unreachable': '저장소가 응답하지 않아 아무것도 하지 않았습니다. 몇 초 뒤에 다시 누르세요.',
  'change-unconfirmed': '저장소가 제때 응답하지 않았습니다. 되었을 수도 있습니다. 상태를 보고, 그대로면 다시 누르세요.',
  'not-configured': '게이트웨이 설정이 끝나지 않았습니다. 무엇이 빠졌는지는 게이트웨이 로그에 있습니다.',
  unexpected:
    '게이트웨이에서 예상하지 못한 문제가 생겼습니다. 되었을 수도 있습니다. 상태를 보고, 그대로면 다시 누르세요.',
};

const fields: Record<string, string> = {
  room: '대기실',
  id: 'ID',
  title: '이름',
  'title.ko': '한국어 이름',
  'title.en': '영어 이름',
  'text.ko': '한국어',
  'text.en': '영어',
  text: '안내문',
  hosts: '호스트',
  paths: '보호할 경로',
  exempt: '예외 경로',
  origin: '본 사이트 주소',
  audience: '수신자(aud)',
  timeZone: '시간대',
  outside: '그 밖의 경로',
  languages: '언어',
  expectedVisitors: '예상 방문자',
  newUsersPerMinute: '분당 입장',
  totalActiveUsers: '동시 이용',
  sessionMinutes: '이용 시간',
  sessionMs: '이용 시간',
  sessionRenewal: '자동 연장',
  claimWindowMinutes: '입장 기한',
  claimWindowMs: '입장 기한',
  queueingStatusCode: '상태 코드',
  prequeueAt: '추첨 접수 시작',
  opensAt: '시작',
  closesAt: '마감',
  epoch: '회차',
  beacon: '공개 난수',
  'beacon.round': '공개 난수 회차',
  flow: '상태',
  closed: '종료',
  active: '이용 중',
  position: '순번',
  sid: '세션',
  until: '기한',
  template: '자체 대기 화면',
  archived: '보관',
  name: '이름',
  role: '권한',
  times: '횟수',
  entries: '준 추첨 번호',
  issued: '준 순번',
  silent: '소식 없는 게이트웨이',
};

export const ko: Words = {
  language: 'ko',
  product: 'Fairgate',
  loading: '대기실을 불러오고 있습니다 …',
  nothing: '없음',
  yes: '예',
  no: '아니요',
  cancel: '취소',
  close: '닫기',
  save: '저장',
  remove: '삭제',
  retry: '다시 시도',
  copy: '복사',
  copied: '복사했습니다',
  states,
  stateOf: (state, flow) => (state === 'paused' && flow === 'held' ? '입장까지 멈춤' : states[state]),
  stateNotes: {
    scheduled: '아직 아무도 번호를 받지 않습니다.',
    prequeue: '지금 오는 사람은 모두 추첨에 참가합니다.',
    drawing: '순서를 추첨하고 있습니다. 아직 아무도 부르지 않습니다.',
    open: '줄이 움직이고 있습니다.',
    paused: '더 부르지 않습니다. 이미 부른 사람은 들어갑니다.',
    held: '부르지도 들이지도 않습니다. 안에 있는 사람은 계속 이용합니다.',
    soldOut: '본 사이트가 남은 수량이 없다고 알려 왔습니다. 부르지 않습니다.',
    closed: '더 이상 아무도 들어가지 않습니다.',
  },
  stateUnknown: '알 수 없음',
  roles,

  signIn: {
    title: '운영자 화면',
    lead: '받은 키로 로그인하세요. 키는 바로 세션으로 바뀌고 이 브라우저 어디에도 남지 않습니다.',
    key: '키',
    show: '키 보기',
    hide: '키 가리기',
    submit: '로그인',
    sending: '로그인하는 중 …',
    wrong: '등록되지 않은 키입니다. 앞뒤로 빠진 글자가 없는지 확인하세요.',
    wait: (seconds) =>
      `${seconds}초 뒤에 다시 시도할 수 있습니다. 키를 추측할 수 없도록, 틀릴 때마다 기다리는 시간이 두 배가 됩니다.`,
    unreachable: '게이트웨이가 응답하지 않습니다. 키 문제는 아닙니다. 잠시 뒤에 다시 시도하세요.',
    again: '로그인이 끝났습니다',
    againLead: '다시 로그인하면 이어집니다. 입력하던 내용은 그대로 있습니다.',
    out: '로그아웃',
    until: (time) => `${time}까지 로그인`,
    stillIn: (why) => `아직 로그인되어 있습니다: ${why}`,
    asking: '게이트웨이에 확인하는 중 …',
  },

  menu: {
    rooms: '대기실',
    allRooms: '대기실 목록',
    now: '지금',
    log: '기록',
    settings: '설정',
    preview: '방문자 화면',
    keys: '키',
    directoryLog: '대기실·키 기록',
    you: '내 메뉴',
    help: '단축키와 도움말',
    theme: '밝은 화면',
    sound: '새 경보에 소리',
    shortcuts: '한 글자 단축키',
    other: 'English',
    otherLanguage: 'en',
    skip: '본문으로 건너뛰기',
    serverTime: '게이트웨이 시각',
  },

  forbidden: (role) => `${roles[role]} 권한으로는 할 수 없습니다. 권한이 있는 분께 부탁하세요.`,
  contact: {
    lost: '게이트웨이와 연결이 끊겼습니다',
    store: '저장소가 응답하지 않습니다',
    shownFrom: (time) => `화면은 ${time} 기준입니다.`,
    retrying: '자동으로 다시 연결하고 있습니다.',
    stale: (seconds) => `${seconds}초 전 숫자입니다`,
    missing: '그런 대기실이 없습니다',
    outdated: '게이트웨이가 새 버전으로 바뀌었습니다. 화면을 다시 불러오세요.',
    reload: '다시 불러오기',
  },
  unanswered: '응답이 오지 않았습니다. 되었을 수도 있습니다. 위의 상태로 확인하세요.',
  unreadable: '이 화면이 모르는 형식의 응답입니다. 화면을 다시 불러오세요.',
  problem(problem: Problem): string {
    const kind = problemKind(problem);
    return kind === null ? `${problem.title}. ${problem.detail}` : problems[kind];
  },

  rooms: {
    title: '대기실',
    empty: '아직 대기실이 없습니다',
    emptyOwner: '첫 대기실을 만드세요. 어느 사이트를 지키고, 얼마나 빨리 들이고, 언제 열지 정합니다.',
    emptyOther: '총괄 권한이 있는 분이 만들면 여기에 나타납니다.',
    make: '새 대기실',
    waiting: '대기',
    active: '이용 중',
    opensAt: '시작',
    archivedAt: (time) => `${time} 보관`,
    unknown: '이 대기실의 저장소가 응답하지 않습니다',
  },

  clock: {
    until: '시작까지',
    since: '시작 후',
    closed: '시작했던 때',
    opening: (time) => `${time} 시작`,
    closing: (time) => `${time} 마감`,
    entries: (time) => `${time}부터 추첨 접수`,
    days: (days) => `${days}일`,
  },
  force: {
    since: (time, gateways) =>
      gateways > 1 ? `${time}부터 모든 게이트웨이(${gateways}대)에 적용됨` : `${time}부터 모두 적용됨`,
    spreading: '모든 게이트웨이로 전파하는 중',
    by: (time) => `전파하는 중 · 늦어도 ${time}에 모두 적용`,
    changed: (time) => `마지막 변경 ${time}`,
  },

  numbers: {
    waiting: '대기',
    entered: '추첨 참가',
    admitted: '분당 입장',
    inside: '이용 중',
    arrived: '방문',
    ofLimit: (limit) => `한도 ${limit}`,
    waitUnknown: '지금 오면 얼마나 기다릴지 아직 모릅니다',
    waitNow: (wait) => `지금 오면 ${wait}`,
    called: (count) => `분당 ${count}명 호출`,
    outstanding: (count) => `불렀고 아직 안 온 사람 ${count}명`,
    standby: (count) => `불렀으나 자리를 기다리는 사람 ${count}명`,
    show: (share) => `부른 사람의 ${share}가 입장`,
    expected: (count) => `예상 ${count}명`,
    perMinute: (count) => `지금 분당 ${count}명`,
    places: (count) => `빈자리 ${count}`,
    overLimit: (count) => `한도를 ${count}명 넘음 · 각자 이용 시간까지 이용`,
    unknown: '아직 알 수 없음',
    trend: (text) => `최근 15분: ${text}`,
    fromTo: (from, to) => `${from}에서 ${to}`,
    stock: (count, time) => `남은 수량 ${count} · ${time} 기준`,
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
    title: '줄',
    pause: '호출 멈춤',
    pauseNote: '더 부르지 않습니다. 부른 사람은 들어갑니다.',
    hold: '입장까지 멈춤',
    holdNote: '부르지도 들이지도 않습니다.',
    resume: '다시 진행',
    resumeNote: '줄이 다시 움직입니다.',
    running: '진행',
    runningNote: '줄이 움직이고 있습니다.',
    freeNote: '줄을 멈추지 않은 상태입니다.',
    before: '시작 전에는, 열리는 순간 줄이 어떻게 움직일지를 정합니다.',
  },
  limits: {
    title: '속도',
    rate: '분당 입장',
    places: '동시 이용',
    less: (label) => `${label} 10% 줄이기`,
    more: (label) => `${label} 10% 늘리기`,
    apply: '적용',
    reset: '그대로 두기',
    now: '지금',
    after: '바꾸면',
    wait: '지금 오는 사람의 대기 시간',
    onceItMoves: '줄이 다시 움직일 때부터 셉니다.',
    most: (count) => `최대 분당 ${count}명`,
    byRate: '속도가 한도',
    byPlaces: '빈자리가 한도',
    asking: '계산하는 중 …',
    noForecast: '지금은 어떻게 될지 계산할 수 없습니다.',
    unchanged: '숫자를 바꾸면 어떻게 될지 먼저 보여 드립니다.',
    changedMeanwhile: (rate, places) => `그사이 다른 사람이 분당 ${rate}명, 동시 ${places}명으로 바꿨습니다.`,
    between: (min, max) => `${min}부터 ${max}까지의 정수`,
  },
  deeds: {
    title: '방금 한 일',
    undo: '되돌리기',
    undone: '되돌렸습니다',
    dismiss: '치우기',
    sending: '보내는 중 …',
    final: '되돌릴 수 없습니다.',
    unchanged: '이미 그 상태입니다.',
    conflict: '하지 않았습니다. 그사이 다른 사람이 바꿨습니다.',
    conflictBy: (who, what, time) => `${time} ${who}: ${what}`,
    anyway: '그래도 하기',
    look: '기록 보기',
    leave: '그만두기',
    again: '다시 하기',
    signedOut: '로그인이 끝나 하지 못했습니다.',
    at: (what, time) => `${time} ${what} · 나`,
    back: (what) => `되돌림: ${what}`,
  },
  deed(deed: Deed): string {
    switch (deed.kind) {
      case 'flow':
        return deed.to === 'paused' ? '호출 멈춤' : deed.to === 'held' ? '입장까지 멈춤' : '다시 진행';
      case 'policy': {
        const { from, to } = deed;
        const changes = [
          from.newUsersPerMinute === to.newUsersPerMinute
            ? null
            : `분당 입장 ${from.newUsersPerMinute} → ${to.newUsersPerMinute}`,
          from.totalActiveUsers === to.totalActiveUsers
            ? null
            : `동시 이용 ${from.totalActiveUsers} → ${to.totalActiveUsers}`,
        ].filter((change) => change !== null);
        return changes.length === 0 ? '운영 방식 변경' : changes.join(', ');
      }
      case 'message':
        return deed.to === null ? '안내문 내림' : '안내문 올림';
      case 'schedule':
        return deed.beginsAnew ? '새 회차 일정' : '일정 변경';
      case 'site':
        return '사이트 설정 변경';
      case 'openNow':
        return '지금 열기';
      case 'close':
        return '종료';
      case 'revokeAll':
        return '전원 퇴장';
      case 'endSession':
        return `${deed.position}번 이용 종료`;
      case 'setTemplate':
        return `자체 대기 화면 올림 (${deed.name})`;
      case 'removeTemplate':
        return '자체 대기 화면 내림';
      case 'archive':
        return '대기실 보관';
    }
  },
  deedSaid(deed: Deed, phase: Phase, isUndo: boolean): string {
    const what = isUndo ? ko.deeds.back(ko.deed(deed)) : ko.deed(deed);
    switch (phase.kind) {
      case 'sending':
        return '';
      case 'done':
        return what;
      case 'unchanged':
        return ko.deeds.unchanged;
      case 'conflict':
        return ko.deeds.conflict;
      case 'refused':
        return ko.problem(phase.problem);
      case 'unknown':
        return ko.unanswered;
      case 'signedOut':
        return ko.deeds.signedOut;
    }
  },

  message: {
    title: '대기자 안내문',
    none: '올린 안내문이 없습니다.',
    write: '쓰기',
    change: '고치기',
    ko: '한국어',
    en: '영어',
    left: (count) => (count >= 0 ? `${count}자 남음` : `${-count}자 넘침`),
    both: '두 언어로 모두 쓰세요. 기다리는 사람은 각자 자기 언어로 봅니다.',
    putUp: '올리기',
    takeAway: '내리기',
    upSince: (time) => `${time}에 올림`,
    preview: '방문자에게 이렇게 보입니다',
    lead: '기다리는 사람 모두가 다음 확인 때, 늦어도 30초 안에 봅니다.',
  },
  danger: {
    title: '되돌릴 수 없는 일',
    hold: '1초 동안 누르기',
    holdOn: '계속 누르세요 …',
    short: '1초 동안 누르고 계세요.',
    openNow: '지금 열기',
    openNote: '바로 시작합니다. 추첨 접수를 마감하고 순서를 정합니다.',
    openAnew: '새로 열기',
    openAnewNote: '새 회차를 시작합니다. 지난 회차의 번호는 더 이상 쓸 수 없습니다.',
    close: '종료',
    closeNote:
      '더 이상 아무도 들어가지 않습니다. 안에 있는 사람은 이용 시간까지 이용합니다. 다시 하려면 새 회차를 열어야 합니다.',
    revokeAll: '전원 퇴장',
    revokeNote: (count) => `이용 중인 ${count}명이 3초 안에 모두 나갑니다. 기다리는 사람의 자리는 그대로입니다.`,
    end: '한 사람 퇴장',
    endPosition: '순번',
    endNote: '이 순번의 방문자가 3초 안에 나갑니다.',
    sure: (what) => `정말 할까요? ${what}`,
    pass: '사이트 직접 보기',
    passNote: '이 브라우저에서만 10분 동안 쓰는 입장권입니다. 누구의 자리도 차지하지 않고, 기록에 남습니다.',
    passGet: '입장권 받기',
    passUntil: (time) => `${time}까지 쓸 수 있습니다.`,
    passOpen: '사이트 열기',
    passLeft: (seconds) => `${seconds}초 안에 한 번만 열립니다.`,
  },

  alarms: {
    title: '경보',
    count: (count) => `경보 ${count}건`,
  },
  alarm(alarm: Alarm, figures: Figures): { what: string; next: string } {
    switch (alarm.kind) {
      case 'storeUnreachable':
        return {
          what: `저장소가 응답하지 않습니다. 숫자는 ${Math.round(alarm.ageSeconds)}초 전 것입니다.`,
          next: '새로 들어가는 사람은 없고 번호도 잃지 않습니다. 저장소를 확인하세요. 변경은 응답할 때까지 되지 않습니다.',
        };
      case 'originFailing':
        return {
          what: `본 사이트가 ${figures.second(Date.parse(alarm.since))}부터 응답하지 못합니다.`,
          next: '그동안 아무도 부르지 않습니다. 본 사이트를 확인하세요. 응답하면 저절로 다시 부릅니다.',
        };
      case 'originErrors':
        return {
          what: `본 사이트 응답의 ${figures.count(alarm.sharePercent)}%가 오류입니다.`,
          next: '분당 입장을 줄이거나, 입장까지 멈추고 본 사이트를 확인하세요.',
        };
      case 'originSlow':
        return {
          what: `본 사이트 응답이 ${seconds(alarm.latencyMs)}초 걸립니다. 평소 ${seconds(alarm.usualMs)}초입니다.`,
          next: '분당 입장을 줄이거나 본 사이트를 확인하세요.',
        };
      case 'arrivalsAbovePlan':
        return {
          what: `${figures.count(alarm.arrived)}명이 왔습니다. 예상은 ${figures.count(alarm.expected)}명이었습니다.`,
          next: '예정보다 오래 기다립니다. 안내문으로 알리고, 본 사이트가 버티면 속도를 올리세요.',
        };
      case 'showShareFalling':
        return {
          what: `부른 사람의 ${alarm.sharePercent}%만 들어옵니다. 앞서는 ${alarm.beforePercent}%였습니다.`,
          next: '줄이 알아서 더 부릅니다. 계속되면 방문자가 사이트에 닿는지 확인하세요.',
        };
      case 'limitReached':
        return {
          what: `동시 이용 ${figures.count(alarm.active)}자리가 다 찼습니다.`,
          next: '누가 나가야 들어갑니다. 본 사이트가 버티면 동시 이용을 늘리세요.',
        };
    }
  },

  charts: {
    title: '흐름',
    ranges: { quarter: '15분', hour: '1시간', sixHours: '6시간', all: '2일' },
    range: '보는 시간',
    empty: '아직 일어난 일이 없습니다. 첫 방문자가 온 뒤 10초면 나타납니다.',
    reading: '지난 기록을 불러오는 중 …',
    arrived: '방문',
    admitted: '입장',
    waiting: '대기',
    active: '이용 중',
    limit: '한도',
    refused: '돌려보냄',
    reasons: {
      noAdmission: '입장권 없음',
      badToken: '잘못된 토큰',
      prefetch: '미리 읽기',
      tooOften: '너무 잦음',
      crossSite: '다른 사이트',
    },
    latency: '본 사이트 응답',
    median: '절반',
    p95: '95%',
    errors: '본 사이트 오류',
    unreachable: '응답 없음',
    store: '공유 저장소',
    conflicts: '다른 게이트웨이와 겹침',
    retries: '다시 물음',
    per10: '10초마다',
    within: (ms) => `${ms} 이내`,
    beyond: (ms) => `${ms} 넘음`,
    noneOf: '이 시간에는 없음',
    table: '표로 보기',
    time: '시각',
    marks: '변경',
    mark: (time, what) => `${time} ${what}`,
  },

  log: {
    title: '기록',
    directoryTitle: '대기실·키 기록',
    who: '누가',
    what: '무엇을',
    search: '찾기',
    kind: '종류',
    all: '전체',
    kinds: {
      flow: '시작·멈춤·종료',
      limits: '속도',
      schedule: '일정',
      message: '안내문',
      sessions: '퇴장·입장권',
      site: '사이트',
      people: '키·로그인',
    },
    empty: '아직 바뀐 것이 없습니다.',
    emptyFilter: '맞는 기록이 없습니다.',
    earlier: '더 앞의 기록',
    csv: 'CSV로 받기',
    json: 'JSON으로 받기',
    check: '이어짐 확인',
    checking: '확인하는 중 …',
    whole: (count, time) => `기록 ${count}건이 빠짐없이 이어집니다 (${time} 확인).`,
    broken: '기록이 이어지지 않습니다. 내보낸 파일을 보관하고, 누가 저장소를 만졌는지 확인하세요.',
    from: '이전',
    to: '이후',
    address: '주소',
  },
  action: (action) => actions[action] ?? action,
  field: (name) => fields[name] ?? name,
  flowWord: (flow) => flows[flow],
  minutes: (minutes) => `${minutes}분`,

  editor: {
    title: '설정',
    site: '무엇을 지키나',
    policy: '줄이 움직이는 방식',
    schedule: '언제 여나',
    template: '자체 대기 화면',
    archive: '보관',
    saved: '저장했습니다.',
    sending: '저장하는 중 …',
    reset: '입력한 것 버리기',
    unchanged: '바뀐 것이 없습니다.',
    fix: '입력값을 확인해 주세요. 칸마다 이유가 적혀 있습니다.',
    perLine: '한 줄에 하나씩.',
    id: 'ID',
    idNote: '주소와 토큰에 들어갑니다. a-z, 0-9, -만 쓰고 나중에 바꿀 수 없습니다.',
    titleKo: '한국어 이름',
    titleEn: '영어 이름',
    hosts: '호스트',
    hostsNote: '포트 없는 이름. 모든 호스트는 *.',
    paths: '보호할 경로',
    pathsNote: '이 아래는 모두 입장권이 있어야 들어갑니다.',
    exempt: '예외 경로',
    exemptNote: '줄을 서지 않고 읽기만 할 수 있습니다. 스타일, 그림 등.',
    origin: '본 사이트 주소',
    originNote: 'https://origin.example처럼 경로 없이.',
    audience: '입장 토큰의 수신자',
    audienceNote: '본 사이트가 확인하는 aud 값. 비우면 ID로 만듭니다.',
    timeZone: '시간대',
    timeZoneNote: 'Asia/Seoul처럼. 이 대기실의 모든 시각을 이 시간대로 보여 줍니다.',
    outside: '이 호스트의 그 밖의 경로',
    outsideRefuse: '막기',
    outsideRefuseNote: '장점: 깜빡 잊은 경로가 뒷문이 되지 않습니다. 단점: 공개할 것은 모두 예외 경로에 적어야 합니다.',
    outsidePass: '그대로 통과',
    outsidePassNote: '장점: 나머지 사이트는 평소처럼 돌아갑니다. 단점: 깜빡 잊은 경로는 누구에게나 열려 있습니다.',
    languages: '방문자 화면의 언어',
    languagesNote: '브라우저가 원하는 언어가 없으면 첫째 언어로 보여 줍니다.',
    languageNames: { ko: '한국어', en: 'English' },
    languageOrders: {
      'ko,en': '한국어, 영어 순',
      'en,ko': '영어, 한국어 순',
      ko: '한국어만',
      en: '영어만',
    },
    expected: '예상 방문자',
    expectedNote: '더 많이 오면 경보로 알립니다. 비우면 알리지 않습니다.',
    rate: '분당 입장',
    rateNote: '절대 넘지 않는 한도. 늘리면 장점: 덜 기다립니다. 단점: 본 사이트에 한꺼번에 더 몰립니다.',
    places: '동시 이용',
    placesNote: '절대 넘지 않는 한도. 늘리면 장점: 줄이 빨라집니다. 단점: 본 사이트가 더 많은 사람을 감당합니다.',
    session: '이용 시간(분)',
    sessionNote: '늘리면 장점: 신청할 시간이 넉넉합니다. 단점: 자리가 늦게 납니다.',
    renewal: '쓰는 동안 이용 시간 연장',
    renewalNote: '장점: 양식을 채우다 쫓겨나지 않습니다. 단점: 자리가 늦게 나 줄이 느려집니다.',
    claim: '입장 기한(분)',
    claimNote:
      '부른 뒤 이만큼 기다립니다. 늘리면 장점: 차례를 놓치는 사람이 줄어듭니다. 단점: 오지 않는 사람을 늦게 압니다.',
    status: '대기 화면의 상태 코드',
    statuses: {
      200: '장점: 모든 클라이언트와 캐시가 압니다. 단점: 기계는 본 화면으로 알 수 있습니다.',
      202: '장점: 기계에 “아직”이라고 알립니다. 단점: 낯선 코드입니다.',
      429: '장점: 로봇이 덜 옵니다. 단점: 화면을 바꿔치기하는 프록시가 있습니다.',
    },
    prequeue: '추첨 접수 시작',
    prequeueNote: '비우면 지금부터 받습니다.',
    opens: '시작',
    opensNote: '시작 전에 바꾸면 시각만 옮기고 모두의 번호는 그대로입니다.',
    openedNote: '시작 시각이 그대로이면 종료만 바뀝니다. 시작을 바꾸면 새 회차가 됩니다.',
    anewNote: '이미 시작했습니다. 저장하면 새 회차가 되고, 지난 회차의 번호는 더 이상 쓸 수 없습니다.',
    closes: '마감',
    closesNote: '비우면 누가 종료할 때까지 엽니다.',
    inZone: (zone) => `대기실 시간대(${zone}) 기준`,
    timeHere: (time) => `여기 시각 ${time}`,
    timeUtc: (time) => `UTC ${time}`,
    skipped: '없는 시각입니다. 시계를 앞으로 돌리는 때입니다.',
    twice: '그날 밤 두 번 오는 시각입니다. 앞의 것으로 봅니다.',
    templateHas: '자체 대기 화면을 쓰고 있습니다.',
    templateNone: 'Fairgate의 대기 화면을 쓰고 있습니다.',
    templateNote: 'Mustache 변수를 쓰는 HTML 파일, 1 MiB까지.',
    templateChoose: '파일 고르기',
    templatePut: '올리기',
    templateRemove: 'Fairgate 화면으로 되돌리기',
    archiveNote: '종료한 대기실을 완전히 내립니다. 기록과 흐름은 계속 볼 수 있습니다.',
    archiveFirst: '먼저 종료하세요.',
    archiveDo: '보관하기',
    archivedNote: '보관된 대기실입니다. 기록과 흐름만 볼 수 있습니다.',
    conflictTitle: '그사이 다른 사람이 바꿨습니다',
    conflictLead: '입력한 것은 그대로 있습니다. 같은 칸을 서로 다르게 바꾼 곳:',
    conflictField: '항목',
    conflictTheirs: '다른 사람 (지금 적용됨)',
    conflictMine: '나 (입력한 것)',
    conflictTakeTheirs: '다른 사람 것으로',
    conflictKeepMine: '내 것으로 저장',
    conflictNone: '이 칸들은 서로 같습니다. 바뀐 곳은 다른 데입니다.',
    newTitle: '새 대기실',
    create: '대기실 만들기',
    createdLead: '대기실을 만들었습니다.',
    fields: {
      required: '필요한 칸입니다.',
      tooLong: (max) => `${max}자까지 됩니다.`,
      between: (min, max) => `${min}부터 ${max}까지입니다.`,
      number: '숫자를 쓰세요.',
      host: '포트 없는 소문자 호스트 이름이나 *를 쓰세요.',
      path: '/book처럼 쓰세요. %나 //는 쓸 수 없습니다.',
      origin: '경로 없는 http(s) 주소를 쓰세요.',
      zone: 'Asia/Seoul 같은 시간대를 쓰세요.',
      id: 'a-z, 0-9와 사이의 -로 40자까지 됩니다.',
      time: '날짜와 시각을 쓰세요.',
      before: '시작보다 앞이어야 합니다.',
      after: '시작보다 뒤여야 합니다.',
      form: '받을 수 없는 값입니다.',
      tooMany: (max) => `${max}개까지 됩니다.`,
      tooSmall: (min) => `${min} 이상이어야 합니다.`,
      tooLarge: (max) => `${max}까지 됩니다.`,
      overlap: (room, place) => `‘${room}’ 대기실이 이미 ${place}를 지킵니다. 한쪽에서만 지키게 하세요.`,
      template: '{{…}}의 짝이 맞지 않습니다. 태그를 확인하고 다시 올리세요.',
      templateAt: (line) => `${line}번째 줄에서 {{…}}의 짝이 맞지 않습니다. 태그를 확인하세요.`,
    },
  },

  preview: {
    title: '방문자 화면',
    lead: '상태마다 방문자에게 보이는 화면입니다. 숫자는 지어낸 것이고 너비는 휴대전화 크기입니다.',
    language: '언어',
    page: '화면',
    all: '한꺼번에',
    frame: (kind) => `‘${kind}’ 화면`,
    kinds: {
      scheduled: '시작 전',
      entered: '추첨 참가',
      drawing: '추첨 중',
      waiting: '대기',
      called: '차례',
      standby: '차례, 빈자리 없음',
      paused: '호출 멈춤',
      soldOut: '수량 없음',
      closed: '종료',
      lapsed: '차례 지남',
      ended: '이용 끝',
      storeUnreachable: '저장소 응답 없음',
      originUnreachable: '본 사이트 응답 없음',
    },
  },

  keys: {
    title: '키',
    lead: '한 사람에 키 하나씩. 그래야 기록에 누구인지 남습니다. 키 자체는 어디에도 저장하지 않습니다.',
    name: '이름',
    role: '권한',
    since: '만든 때',
    roleNotes: {
      viewer: '모두 보고, 아무것도 바꾸지 않음',
      operator: '속도, 줄, 안내문, 일정을 다룸',
      owner: '대기실과 키도 만듦',
    },
    make: '키 만들기',
    made: (name) => `${name} 님의 키`,
    madeLead: '지금 한 번만 보입니다. 바로 전해 주세요. 다시 볼 수 없습니다.',
    done: '전했습니다',
    remove: '삭제',
    removeNote: (name) => `${name} 님의 키와 로그인이 바로 끝납니다.`,
    removed: (name) => `${name} 님의 키를 삭제했습니다.`,
    settings: '설정 파일',
    you: '나',
  },

  help: {
    title: '단축키와 도움말',
    lead: '입력 중이 아닐 때 언제나 됩니다. 내 메뉴에서 끌 수 있습니다.',
    keys: {
      p: '호출 멈춤: 더 부르지 않음',
      h: '입장까지 멈춤: 부르지도 들이지도 않음',
      r: '다시 진행',
      z: '방금 한 일 되돌리기',
      l: '속도 바꾸기',
      m: '대기자 안내문',
      n: '지금, 기록, 설정, 방문자 화면: 1 2 3 4',
      help: '이 도움말',
    },
    danger: '되돌릴 수 없는 일은 1초 동안 누릅니다. Space나 Enter도 됩니다. 화면 낭독기로 누르면 한 번 더 묻습니다.',
    stale: '3초 넘은 숫자에는 몇 초 전 것인지 적습니다. 모르는 것은 보여 주지 않습니다.',
  },
};

const actions: Record<string, string> = {
  setFlow: '줄',
  setPolicy: '속도·이용 시간',
  setMessage: '안내문',
  setSchedule: '일정',
  openNow: '직접 시작',
  close: '종료',
  revokeAll: '전원 퇴장',
  endSession: '한 사람 퇴장',
  givePass: '입장권 발급',
  usePass: '입장권 사용',
  recover: '되돌아간 저장소 복구',
  configure: '설정 파일 반영',
  seedRoom: '설정 파일 반영',
  ownerKey: '설정 파일의 총괄 키',
  putRoom: '사이트',
  setTemplate: '자체 대기 화면',
  archiveRoom: '대기실 보관',
  addKey: '키 만듦',
  removeKey: '키 삭제',
  signIn: '로그인',
  signOut: '로그아웃',
  wrongKey: '틀린 키',
};

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
