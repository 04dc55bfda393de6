// Korean. Written for people who pulled a numbered ticket in a bank: short sentences, what is true first.

import type { Words } from './strings.ts';
import { WAIT_MINUTES_MAX } from './wait-range.ts';

const minutes = (value: number) => {
  if (value < 60) return `${value}분`;
  return value % 60 === 0 ? `${value / 60}시간` : `${Math.floor(value / 60)}시간 ${value % 60}분`;
};

export const ko: Words = {
  language: 'ko',
  otherLanguage: { language: 'en', name: 'English' },
  heading: {
    scheduled: '아직 시작 전입니다',
    entered: '추첨 접수를 마쳤습니다',
    drawing: '순서를 추첨하고 있습니다',
    waiting: '순서를 기다리고 있습니다',
    called: '차례가 되었습니다',
    standby: '곧 들어갑니다',
    paused: '입장이 잠시 멈췄습니다',
    soldOut: '남은 수량이 없습니다',
    closed: '접수가 끝났습니다',
    lapsed: '차례가 지났습니다',
    ended: '이용이 끝났습니다',
    gaveUp: '자리를 포기하셨습니다',
    storeUnreachable: '지금은 순서를 확인할 수 없습니다',
    originUnreachable: '신청 사이트가 응답하지 않습니다',
    badRequest: '요청을 처리할 수 없습니다',
  },
  lead: {
    scheduled: () => '추첨 접수가 시작되면 이 화면에서 번호를 자동으로 받습니다.',
    entered: () => '시작 시각에 모든 참가 번호를 추첨해 순서를 정합니다. 먼저 왔다고 앞서지 않습니다.',
    drawing: () => '끝나는 대로 순번을 알려 드립니다. 그동안 먼저 들어가는 사람은 없습니다.',
    waiting: () => '차례가 되면 자동으로 들어갑니다.',
    called: ({ admit }) => (admit === null ? '자동으로 들어갑니다.' : `${admit}에 자동으로 들어갑니다.`),
    standby: () => '차례가 되었지만 지금은 빈자리가 없습니다. 자리가 나는 대로, 뒤에 부른 번호보다 먼저 들어갑니다.',
    paused: () => '번호는 그대로입니다. 운영자가 다시 시작하면 순서대로 이어서 부릅니다.',
    soldOut: () => '기다리지 않으셔도 됩니다. 다시 생기면 이 화면에 바로 나타나고, 순서도 그대로 이어집니다.',
    closed: ({ closes }) =>
      `${closes === null ? '더 이상 입장하실 수 없습니다.' : `${closes}에 마감했습니다.`} 이제 기다리지 않으셔도 됩니다.`,
    lapsed: () =>
      '번호를 불렀지만 시간 안에 들어오지 않으셔서 다음 분께 차례를 넘겼습니다. 새 번호를 바로 받으실 수 있습니다.',
    ended: () =>
      '이용을 마치셨거나 이용 시간이 다 되었습니다. 신청 결과는 신청하신 사이트에서 확인해 주세요. 다시 들어가시려면 새 번호가 필요합니다.',
    gaveUp: () => '원하시면 언제든 새 번호를 받으실 수 있습니다.',
    storeUnreachable: () =>
      '받으신 번호는 그대로입니다. 아직 번호가 없다면 연결되는 대로 드립니다. 이 화면이 계속 확인하고 있습니다.',
    originUnreachable: ({ admittedUntil }) =>
      `입장 자격은 ${admittedUntil === null ? '' : `${admittedUntil}까지 `}그대로입니다. 응답하는 대로 자동으로 들어갑니다.`,
    badRequest: () => '주소를 확인하고 다시 시도해 주세요.',
  },
  title: (kind, ahead) => (ahead === null ? ko.heading[kind] : `내 앞 ${ahead}명`),

  untilOpening: '시작까지 남은 시간',
  days: (days, hours) => `${days}일 ${hours}시간`,
  countdown: (h, m, s) => `${h > 0 ? `${h}시간 ` : ''}${m}분 ${s}초 남음`,
  serverTime: '서버 시각',
  opensAt: '시작 시각',
  entry: '추첨 참가 번호',
  entries: '참가자',
  myNumber: '내 번호',
  nowCalled: '지금 부르는 번호',
  nobodyYet: '아직 없음',
  ahead: '내 앞',
  people: (count) => `${count}명`,
  aheadSpoken: (ahead, wait) => `내 앞 ${ahead}명. 예상 대기 시간 ${wait}.`,
  progress: '내 차례까지 줄어든 만큼',
  estimate: '예상 대기 시간',
  wait(range) {
    // Anything from a minute to hours is no estimate.
    if (range === null || (range.low === 0 && range.high === null)) return '아직 알 수 없습니다';
    const { low, high } = range;
    if (high === null) return low < WAIT_MINUTES_MAX ? `${minutes(low)}~2시간 이상` : '2시간 이상';
    if (low === 0) return `${minutes(high)} 이내`;
    if (low === high) return `약 ${minutes(high)}`;
    return high < 60 ? `약 ${low}~${high}분` : `약 ${minutes(low)}~${minutes(high)}`;
  },
  heldUntil: '이 시각까지 자리를 지켜 드립니다',
  standbyAhead: '먼저 기다리는 분',
  stock: '남은 수량',
  readAt: (time, age) => (age > 0 ? `${time} 기준 (${age}분 전)` : `${time} 기준`),
  message: (time) => `운영자 안내 · ${time}`,
  noScript: (seconds) => `이 화면은 ${seconds}초마다 자동으로 새로 고칩니다.`,

  offline: '연결이 끊겼습니다. 연결되면 이어집니다.',
  unanswered: '서버 응답이 늦습니다. 계속 확인하고 있습니다.',
  placeKept: '자리는 그대로입니다.',

  enterNow: '지금 들어가기',
  newPlace: '새 번호 받기',
  newPlaceNote: '새 번호는 지금 줄의 맨 뒤입니다.',
  retry: '다시 시도',
  alert: '차례가 되면 소리와 진동으로 알림',
  leave: {
    open: '자리 포기하기',
    warning: '포기하면 이 번호로 돌아올 수 없고, 다시 오시면 줄의 맨 뒤에 섭니다.',
    confirm: '자리를 포기합니다',
  },

  promises: {
    title: '걱정하지 않으셔도 됩니다',
    items: {
      closing: ['새로고침하거나 창을 닫아도 괜찮습니다', '번호는 그대로이고, 같은 브라우저로 다시 여시면 이어집니다.'],
      network: ['전화를 받거나 인터넷이 끊겨도 괜찮습니다', '순서는 그대로이고, 연결되면 이 화면이 저절로 이어집니다.'],
      turn: [
        '차례가 되면 자리를 지켜 드립니다',
        '언제까지인지 그때 알려 드립니다. 차례가 가까워지면 이 화면을 열어 두세요.',
      ],
      entryTurn: ['기다리시기만 하면 됩니다', '시작 시각이 지나면 추첨한 순번이 이 화면에 나타납니다.'],
      backDoor: [
        '뒷문은 없습니다',
        '문은 서버가 번호를 확인해야 열립니다. 다른 주소로도, 기기 시계를 바꿔도 들어갈 수 없고, 사고팔 입장권도 없습니다.',
      ],
    },
  },
  draw: {
    title: '추첨은 누구나 확인할 수 있습니다',
    how: '추첨에 쓰는 비밀값은 미리 봉인해 두었습니다. 시작 뒤에 공개하므로, 운영자도 결과를 고를 수 없었음을 누구나 계산해 볼 수 있습니다.',
    seal: '봉인값',
    verify: '추첨 결과 확인하기',
  },
  zone: (name) => `모든 시각은 서버 시각(${name})입니다.`,
};
