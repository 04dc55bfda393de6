// The Korean texts of an event report.

import type { ReportStrings, SummaryFacts } from './event-report-strings.ts';
import { formatCount } from './event-report-times.ts';

/** "45초", "10분", "2시간" */
function waitEnd(seconds: number): string {
  if (seconds < 90) return `${seconds}초`;
  if (seconds < 3_600)
    return seconds % 60 === 0 ? `${seconds / 60}분` : `${Math.floor(seconds / 60)}분 ${seconds % 60}초`;
  return seconds % 3_600 === 0
    ? `${seconds / 3_600}시간`
    : `${Math.floor(seconds / 3_600)}시간 ${(seconds % 3_600) / 60}분`;
}

function summaryText(facts: SummaryFacts): string[] {
  const { opened, arrived, before, after, waitingMost, admitted, admittedMost, activeMost, waits } = facts;
  const sentences = [
    opened === null
      ? `${facts.from}부터 ${facts.to}까지의 기록입니다.`
      : `‘${facts.title}’ 대기실은 ${opened}에 시작했습니다.`,
    before === null || after === null
      ? `발급한 순번은 ${arrived}개입니다.`
      : `발급한 순번은 모두 ${arrived}개이며, 시작 전 추첨 접수가 ${before}개, 시작 후 도착 순서로 받은 번호가 ${after}개입니다.`,
  ];
  if (waitingMost !== null)
    sentences.push(`가장 많을 때 ${waitingMost.count}명이 함께 기다렸습니다(${waitingMost.at}).`);
  if (admittedMost === null || activeMost === null) sentences.push('입장한 사람은 없습니다.');
  else {
    sentences.push(
      `입장은 모두 ${admitted}명이며, 1분에 가장 많이 입장한 것은 허용 ${admittedMost.limit}명에 ${admittedMost.count}명, 동시에 가장 많이 이용한 것은 허용 ${activeMost.limit}명에 ${activeMost.count}명입니다.`,
      facts.isWithinLimits ? '한도를 넘긴 시간은 한 번도 없습니다.' : '한도를 넘긴 시간이 있습니다. 아래를 확인하세요.',
    );
  }
  if (waits !== null) {
    sentences.push(
      `대기 시간이 확인된 사람의 절반은 ${waits.half} 이내에, 열에 아홉은 ${waits.most} 이내에 입장했습니다.`,
    );
  }
  if (facts.lapsed !== '0') sentences.push(`호출했으나 기한 안에 입장하지 않은 사람은 ${facts.lapsed}명입니다.`);
  if (facts.completed !== null) sentences.push(`본 사이트가 완료로 알린 방문은 ${facts.completed}건입니다.`);
  if (facts.answered !== null) {
    const stops =
      facts.stops === 0 ? '' : `, 상태가 나빠 자동으로 입장을 멈춘 것은 ${formatCount(facts.stops)}번입니다`;
    sentences.push(
      `본 사이트는 요청의 ${facts.answered}에 오류 없이 응답했${stops === '' ? '습니다' : '으며'}${stops}.`,
    );
  }
  return sentences;
}

export const eventReportKo: ReportStrings = {
  language: 'ko',
  reportTitle: '행사 결과 보고서',
  about: ({ room, from, to, zone, madeAt, gateway }) =>
    `${gateway}의 대기실 ${room}. ${from} – ${to}. 모든 시각은 ${zone} 기준입니다. 작성 ${madeAt}.`,
  summary: '요약',
  summaryText,
  nothing: '이 기간의 기록이 없습니다. 방문자가 없었거나 게이트웨이가 꺼져 있었습니다.',
  contents: {
    line: '도착과 대기',
    waits: '안내한 대기 시간과 실제 대기 시간',
    limits: '입장과 한도',
    outcomes: '순번의 결과와 거부된 요청',
    origin: '본 사이트의 응답',
    stock: '남은 수량',
    acts: '누가 언제 무엇을 했나',
    unknown: '이 보고서로 알 수 없는 것',
    numbers: '그래프의 수치',
  },
  tiles: {
    arrived: '발급한 순번',
    waitingMost: '최대 대기 인원',
    admitted: '입장',
    halfWait: '절반의 대기 시간',
    lapsed: '호출 후 미입장',
    over: '한도를 넘긴 입장',
  },
  none: '없음',
  unknown: '알 수 없음',
  upTo: (wait) => `${wait} 이내`,
  waitRange: (from, to) => (to === null ? `${waitEnd(from)} 초과` : `${waitEnd(from)}–${waitEnd(to)}`),
  waitEnd,
  flow: {
    arrived: '발급한 순번',
    called: '호출',
    admitted: '입장',
    completed: '방문 완료(본 사이트가 알림)',
    left: '스스로 나감',
    expired: '이용 시간이 끝남',
    revoked: '퇴장 처리',
    lapsed: '호출 후 미입장',
  },
  stillInside: '끝날 때 이용 중',
  stillWaiting: '끝날 때 대기 중',
  refusals: {
    noAdmission: '입장권 없는 요청',
    badToken: '위조되었거나 다른 곳의 토큰',
    prefetch: '미리 읽기 요청',
    tooOften: '한 네트워크의 지나친 접수·조회',
    crossSite: '다른 사이트에서 보낸 요청',
    exempt: '예외 요청으로 통과(설정에 따름)',
  },
  states: {
    scheduled: '시작 전',
    prequeue: '추첨 접수 중',
    drawing: '추첨 중',
    open: '진행 중',
    paused: '호출 일시정지',
    soldOut: '수량 소진',
    closed: '종료',
  },
  chart: {
    arrivals: '도착',
    arrivalsCaption: (step, most, at) => `${step} 단위로 발급한 순번입니다. 가장 붐빈 1분은 ${at}, ${most}명입니다.`,
    waiting: '대기 인원',
    waitingCaption: (most, at) => `구간마다 가장 많았던 인원입니다. 최대는 ${at}, ${most}명입니다.`,
    admissions: '분당 입장',
    admissionsCaption: '구간마다 입장이 가장 많았던 1분과 그때의 한도입니다.',
    inside: '동시 이용',
    insideCaption:
      '구간마다 가장 많았던 인원과 그때의 한도입니다. 한도를 낮추면 이미 들어온 사람은 이용 시간이 끝날 때까지 머물고, 그동안 새 입장은 없습니다.',
    origin: '본 사이트의 응답',
    originCaption: (slow) => `구간별 요청 수입니다. 전체, 실패, ${slow} 넘게 걸린 응답으로 나눕니다.`,
    stock: '남은 수량',
    stockCaption: '구간이 끝날 때 본 사이트가 알린 수량입니다.',
    people: '명',
    perMinute: '명/분',
    requests: '건',
    left: '개',
    arrived: '발급한 순번',
    limit: '한도',
    answers: '응답',
    failures: '오류·무응답',
    asTable: '표로 보기',
    opening: '시작',
    step: (minutes) =>
      minutes < 60 ? `${minutes}분` : minutes < 1_440 ? `${minutes / 60}시간` : `${minutes / 1_440}일`,
    shown: (from, to) => `그래프와 아래 표는 ${from}부터 ${to}까지이고, 다른 숫자는 전체 기간의 것입니다.`,
  },
  limits: {
    intro:
      '두 한도는 목표가 아니라 넘을 수 없는 값입니다. 아래는 분마다 센 숫자를 그때의 가장 높은 한도와 비교한 것입니다.',
    rateHeld: (minutes, most, limit, at) =>
      `${minutes}분 가운데 허용보다 많이 입장한 분은 없습니다. 가장 많이 입장한 1분은 ${at}, ${limit}명 중 ${most}명입니다.`,
    rateBroken: (minutes, by) => `허용보다 많이 입장한 분이 ${minutes}번 있으며, 가장 크게 넘긴 것은 ${by}명입니다.`,
    peopleHeld: (most, limit, at) =>
      `허용보다 많은 사람이 동시에 이용한 적은 없습니다. 가장 많을 때 ${limit}명 중 ${most}명입니다(${at}).`,
    peopleBroken: (minutes, by) =>
      `허용보다 많은 사람이 이용한 분이 ${minutes}번 있으며, 가장 크게 넘긴 것은 ${by}명입니다.`,
    lowered: (people) =>
      `한도를 낮췄을 때 새 한도보다 최대 ${people}명이 더 안에 있었습니다. 모두 그 전에 입장한 사람이며, 자리가 날 때까지 새 입장은 없었습니다.`,
    noAdmission: '입장한 사람은 없습니다.',
    overshoot: (count) => `한도를 넘긴 입장: ${count}명.`,
  },
  waits: {
    intro:
      '실제: 순번을 받은 때(시작 전에 받았으면 시작한 때)부터 입장까지입니다. 안내: 순번을 받을 때 화면에 보인 범위입니다. 모두 입장한 사람의 것이며 구간으로 셉니다. ‘20초’는 ‘15–20초’를 뜻합니다.',
    real: '실제 대기',
    toldLow: '안내: 최소',
    toldHigh: '안내: 최대',
    known: '집계한 인원',
    share: (percent) => (percent === 50 ? '절반' : `${percent}%`),
    compared: ({ told, within, sooner, later }) =>
      `범위를 안내받은 ${told}명 가운데 ${within}명이 그 안에(5초 차이는 제외), ${sooner}명이 더 일찍, ${later}명이 더 늦게 입장했습니다.`,
    none: '확인된 대기 시간이 없습니다.',
  },
  origin: {
    none: '본 사이트로 보낸 요청이 없습니다.',
    answers: '응답',
    errors: '그중 본 사이트의 오류(상태 코드 500 이상)',
    unreachable: '응답이 없던 요청',
    latency: '응답이 시작되기까지 걸린 시간',
    upToMs: (ms) => `${ms} ms 이하`,
    slower: (ms) => `${ms} ms 초과`,
    share: '비율',
    count: '건수',
  },
  stock: (first, last, least) => `처음 ${first}, 마지막 ${last}, 가장 적을 때 ${least}.`,
  acts: {
    intro:
      '대기실 기록에서 옮긴 것으로, 기록은 스스로 위변조를 드러냅니다(npm run check-log). 기계가 한 일에는 기계의 이름이 있습니다. 상태 변화는 분 단위 집계에서 가져와 시각이 분까지입니다.',
    none: '변경한 것이 없습니다.',
    at: '시각',
    who: '누가',
    what: '무엇을',
    details: '이전 → 이후',
    more: (count) => `${count}건이 더 있으며 작업 파일에 있습니다.`,
    actions: {
      setFlow: '대기열',
      setPolicy: '속도·이용 시간',
      setMessage: '안내문',
      setSchedule: '일정',
      openNow: '수동 시작',
      recommit: '추첨 다시 봉인',
      close: '종료',
      revokeAll: '전원 퇴장',
      endSession: '한 명 퇴장',
      givePass: '운영자 입장권 발급',
      usePass: '운영자 입장권 사용',
      clockLeap: '저장소 시계 오류로 입장 보류',
      originSlowed: '본 사이트 상태에 따라 입장 줄임',
      originStopped: '본 사이트 상태에 따라 입장 멈춤',
      originSteady: '설정한 한도로 복귀',
      peopleFound: '본 사이트 상태에 따라 동시 이용 줄임',
      recover: '이전 상태로 돌아간 저장소 복구',
      gatewayStarted: '게이트웨이 시작',
      alarmDelivered: '알림 전송',
      alarmNotDelivered: '알림 전송 실패',
      configure: '설정 반영',
      seedRoom: '설정 파일 반영',
      putRoom: '사이트',
      setTemplate: '자체 대기 화면',
      archiveRoom: '대기실 보관',
    },
    fields: {
      newUsersPerMinute: '분당 입장',
      totalActiveUsers: '동시 이용',
      sessionMs: '이용 시간',
      sessionTotalMsMax: '최대 이용 시간',
      claimWindowMs: '입장 기한',
      sessionRenewal: '이용 시간 연장',
      flow: '대기열',
      opensAt: '시작',
      closesAt: '마감',
      prequeueAt: '추첨 접수 시작',
      epoch: '회차',
      active: '이용 중',
      position: '번호',
      closed: '종료',
      'text.ko': '한국어',
      'text.en': '영어',
      stage: '본 사이트',
      'cause.kind': '원인',
      'cause.percent': '실패(%)',
      'cause.ms': '응답 시간(ms)',
      'cause.usualMs': '평소 응답 시간',
      peopleFound: '동시 이용',
      started: '시작',
      restarted: '스스로 멈춘 뒤 다시 시작',
      until: '기한',
      time: '시각',
    },
    machines: {
      store: '저장소',
      settings: '설정 파일',
      health: '본 사이트 상태 감시',
      gateway: '게이트웨이',
      alarms: '알림',
      clock: '대기실',
    },
    yes: '예',
    no: '아니요',
    becomes: (state) => `상태: ${state}`,
    flows: {
      running: '진행',
      paused: '호출 일시정지',
      held: '입장 전면 중단',
      steady: '정상',
      slowed: '줄임',
      stopped: '멈춤',
    },
  },
  unknownNotes: ({ kept, waitsKnown, admitted, upTo }) => [
    `분 단위 집계는 ${kept} 동안 보관하며, 아무 일도 없던 분은 남기지 않습니다. 그래서 숫자만으로는 방문자가 없던 때와 게이트웨이가 꺼져 있던 때를 가릴 수 없습니다.`,
    `대기 시간은 입장 ${admitted}건 가운데 ${waitsKnown}건에서 확인됩니다. 줄을 떠나거나 돌아오지 않은 사람은 저장하지 않으므로 그 대기 시간은 알 수 없습니다. 게이트웨이가 번호를 묶음으로 받아 나누어 주므로, 주인 없는 순번이 있을 수 있습니다.`,
    '순번 하나는 브라우저 하나이며 한 사람이라는 뜻이 아닙니다. 누구인지는 게이트웨이가 알지 못합니다.',
    '본 사이트의 응답은 게이트웨이가 본 대로 셉니다. 게이트웨이가 1초 안에 멈추면 그 사이의 것은 빠집니다.',
    `진행 중인 1분은 넣지 않았습니다. 보고서는 ${upTo}까지입니다.`,
  ],
  numbers: {
    intro: (step) => `${step}마다 한 줄입니다. 1분 단위는 분 단위 파일에 모두 있습니다.`,
    time: '부터',
    columns: {
      arrived: '발급한 순번',
      waitingMax: '최대 대기',
      admitted: '입장',
      admittedMax: '최대 분당 입장',
      rateLimit: '분당 한도',
      activeMax: '최대 동시 이용',
      peopleLimit: '동시 한도',
      lapsed: '호출 후 미입장',
      completed: '완료',
      answers: '응답',
      failures: '실패',
      slow: '느린 응답',
      stock: '남은 수량',
    },
  },
  csv: {
    time: (zone) => `시각(${zone})`,
    utc: '시각(UTC)',
    epoch: '회차',
    state: '상태',
    levels: {
      entries: '누적 추첨 접수',
      waiting: '대기(분 끝)',
      waitingMax: '대기(최대)',
      active: '이용 중(분 끝)',
      activeMax: '이용 중(최대)',
      newUsersPerMinute: '분당 한도(분 끝)',
      rateMax: '분당 한도(최고)',
      totalActiveUsers: '동시 한도(분 끝)',
      peopleMax: '동시 한도(최고)',
      stock: '남은 수량',
    },
    wait: (what, range) => `${{ real: '실제 대기', toldLow: '안내 최소', toldHigh: '안내 최대' }[what]}: ${range}`,
    compared: { within: '안내한 범위 안', sooner: '안내보다 일찍', later: '안내보다 늦게' },
    latency: (range) => `응답 ${range}`,
    record: '기록 번호',
    role: '역할',
    from: '이전',
    to: '이후',
  },
};
