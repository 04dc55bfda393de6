// Korean strings, written as a Korean public service writes: courteous and short, what is true first, then what to do.

import type { Strings } from './strings.ts';
import { WAIT_MINUTES_MAX } from './wait-range.ts';

const span = (value: number) => {
  if (value < 60) return `${value}분`;
  return value % 60 === 0 ? `${value / 60}시간` : `${Math.floor(value / 60)}시간 ${value % 60}분`;
};

export const ko: Strings = {
  language: 'ko',
  heading: {
    scheduled: '시작 전입니다',
    entered: '추첨에 참가하셨습니다',
    drawing: '추첨하고 있습니다',
    waiting: '차례를 기다리고 있습니다',
    called: '차례가 되었습니다',
    standby: '곧 입장합니다',
    paused: '입장이 일시 중단되었습니다',
    soldOut: '남은 수량이 없습니다',
    closed: '마감되었습니다',
    cancelled: '시작이 취소되었습니다',
    lapsed: '차례가 지났습니다',
    ended: '이용이 종료되었습니다',
    gaveUp: '대기를 취소하셨습니다',
    tooManyJoins: '잠시 뒤에 번호를 받습니다',
    cookiesNeeded: '쿠키가 필요합니다',
  },
  lead: {
    scheduled: ({ entries }) => `${entries}부터 이 화면에서 자동으로 참가 번호를 받습니다.`,
    entered: () =>
      '예약은 아직 아닙니다. 시작 시각에 모든 참가 번호를 추첨하여 순서를 정합니다. 일찍 오셔도 순서가 빨라지지는 않습니다.',
    drawing: () => '보통 몇 초 안에 순번이 이 화면에 표시됩니다.',
    waiting: () => '차례가 되면 자동으로 입장합니다. 누르실 것은 없습니다.',
    called: ({ admit }) => `${admit === null ? '' : `${admit}에 `}자동으로 입장합니다.`,
    standby: () => '빈자리가 나면 나중에 호출된 분보다 먼저 입장합니다.',
    paused: ({ siteDown }) =>
      `${siteDown ? '지금은 사이트에 입장할 수 없습니다. ' : ''}번호는 그대로 유지됩니다. 입장이 재개되면 같은 순서로 이어서 호출합니다.`,
    soldOut: () => '기다리지 않으셔도 됩니다. 취소분이 나오면 같은 순서로 이어서 호출합니다. 번호는 그대로 유지됩니다.',
    closed: ({ closes }) =>
      `${closes === null ? '더 이상 입장할 수 없습니다.' : `${closes}에 입장이 마감되었습니다.`} 기다리지 않으셔도 됩니다.`,
    cancelled: ({ was }) => `${was}에 시작하지 않습니다. 번호는 그대로 유지되며, 새 시작 시각이 이 화면에 표시됩니다.`,
    lapsed: () => '시간 안에 입장하지 않으셔서 다음 분께 차례가 넘어갔습니다.',
    ended: () => '이용을 마치셨거나 이용 시간이 지났습니다. 신청 결과는 사이트에서 확인해 주세요.',
    gaveUp: () => '언제든지 새 번호를 받으실 수 있습니다.',
    tooManyJoins: () => '같은 네트워크에서 접속하신 분이 많습니다. 자동으로 다시 시도합니다.',
    cookiesNeeded: () => '쿠키를 허용한 뒤 다시 시도해 주세요.',
  },
  aheadTitle: (ahead) => `내 앞 ${ahead}명`,

  untilOpening: '시작까지 남은 시간',
  days: (days, hours) => `${days}일 ${hours}시간`,
  countdown: (h, m, s) => `${h > 0 ? `${h}시간 ` : ''}${m}분 ${s}초 남음`,
  serverTime: '서버 시각',
  opensAt: '시작 시각',
  moved: ({ opens, was }) => `시작 시각 변경: ${was} → ${opens}`,
  entry: '추첨 참가 번호',
  entries: '추첨 참가 인원',
  myNumber: '내 번호',
  nowCalled: '현재 호출 번호',
  noneCalled: '아직 없음',
  ahead: '내 앞 대기 인원',
  people: (count) => `${count}명`,
  progress: '내 차례까지의 진행 정도',
  estimate: '예상 대기 시간',
  waitUnknown: '아직 알 수 없음',
  wait({ low, high }) {
    if (high === null) return low < WAIT_MINUTES_MAX ? `${span(low)}~2시간 이상` : '2시간 이상';
    if (low === 0) return `${span(high)} 이내`;
    if (low === high) return `약 ${span(high)}`;
    return high < 60 ? `약 ${low}~${high}분` : `약 ${span(low)}~${span(high)}`;
  },
  heldUntil: '이 시각까지 차례가 유지됩니다',
  standbyAhead: '먼저 입장하실 분',
  retryAt: '다음 자동 시도',
  stock: '남은 수량',
  stockChecking: '확인 중',
  lotGone: '소진',
  moreLots: (count) => `${count}곳 더 보기`,
  asOf: (time, age) => (age === null ? `${time} 기준` : `${time} 기준 (${age}분 전)`),
  message: (time) => `운영자 안내 · ${time}`,

  offline: '인터넷 연결이 끊겼습니다. 다시 연결되면 자동으로 이어집니다.',
  unanswered: '서버 응답이 늦어지고 있습니다. 자동으로 계속 확인합니다.',
  copy: '저장된 이전 화면입니다. 자동으로 계속 확인합니다.',
  placeKept: '번호는 그대로 유지됩니다.',

  formNotSent: '입력하신 내용은 전송되지 않았습니다. 입장한 뒤 다시 보내 주세요.',
  takePlace: '번호 받기',
  enterNow: '지금 입장하기',
  newPlace: '새 번호 받기',
  newPlaceNote: '새 번호를 받으면 맨 뒤에서 다시 기다립니다.',
  retry: '다시 시도',
  alert: '차례가 되면 소리와 진동으로 알림',
  leave: {
    open: '대기 취소하기',
    warning: '취소하면 이 번호를 다시 쓸 수 없습니다. 다시 오시면 맨 뒤에서 기다립니다.',
    confirm: '네, 대기를 취소합니다',
  },

  reassurance: {
    title: '걱정하지 않으셔도 됩니다',
    turn: (minutes) => [`차례가 되면 ${minutes}분 동안 기다려 드립니다`, '차례가 가까워지면 이 화면을 열어 두세요.'],
    closing: [
      '새로고침하거나 창을 닫아도 괜찮습니다',
      '번호는 그대로 유지되며, 같은 브라우저로 다시 여시면 이어집니다.',
    ],
    network: ['전화를 받거나 인터넷이 끊겨도 괜찮습니다', '다시 연결되면 자동으로 이어집니다.'],
    noOtherWay: [
      '먼저 들어가는 다른 방법은 없습니다',
      '서버가 번호를 확인해야 입장할 수 있습니다. 주소나 시계를 바꿔도 소용없고, 사고파는 입장권도 없습니다.',
    ],
  },
  draw: {
    title: '추첨은 누구나 확인할 수 있습니다',
    how: (beacon) =>
      `${beacon ? '시작 후에 나오는 공개 난수로 추첨하여 운영자도 결과를 고를 수 없습니다' : '공개 난수 없이 추첨합니다'}. 비밀값은 미리 봉인했다가 시작 후에 공개합니다.`,
    seal: '봉인값',
    verify: '추첨 결과 확인하기',
  },
  zone: (name) => `모든 시각은 서버 시각(${name}) 기준입니다.`,
};
