// Alarms in Korean, for the console and for messages to people: what is true, then what to do.

import type { AlarmText, TimeFormat } from './alarm-text-en.ts';
import type { RelayFaultKind } from './beacon-schema.ts';
import type { Alarm, HealthCause } from './live-schema.ts';
import { formatCount, formatSeconds } from './plain-numbers.ts';

const relayFaults: Record<RelayFaultKind, string> = {
  noAnswer: '5초 안에 응답하지 않았습니다',
  unreachable: '연결되지 않았습니다',
  tooLarge: '난수보다 훨씬 큰 응답을 보냈습니다',
  notYet: '최신 번호가 아직 없다고 합니다. 갱신이 늦거나 이 게이트웨이의 시계가 빠를 수 있습니다',
  otherChain: '이 체인을 제공하지 않습니다',
  redirect: '다른 주소로 넘기려 했습니다. 게이트웨이는 따라가지 않습니다',
  status: '오류로 응답했습니다',
  noBeacon: '난수가 아닌 내용을 보냈습니다',
  otherRound: '요청한 번호가 아닌 다른 번호를 보냈습니다',
  notGenuine: '체인이 서명하지 않은 난수를 보냈습니다',
};

export const alarmTextKo = {
  alarm(alarm: Alarm, format: TimeFormat): AlarmText {
    switch (alarm.kind) {
      case 'storeUnreachable':
        return {
          what: `저장소가 응답하지 않습니다. ${formatCount(Math.round(alarm.ageSeconds))}초 전 숫자입니다.`,
          next: '새로 입장하는 방문자는 없고 순번도 그대로입니다. 저장소를 확인하세요. 응답할 때까지 변경할 수 없습니다.',
        };
      case 'clockLeapt':
        return {
          what: `저장소의 시계가 ${format.time(Date.parse(alarm.from))}에서 ${format.time(Date.parse(alarm.to))}로 건너뛰어 입장을 중단했습니다.`,
          next: '저장소의 시계를 확인하세요. 시계가 맞으면 재개하세요. 그때부터 시간이 다시 흐릅니다.',
        };
      case 'drawKeyMissing':
        return {
          what: alarm.isDrawing
            ? `이 게이트웨이는 추첨할 수 없습니다. 비밀값을 봉인한 키(${alarm.key})가 없습니다.`
            : `이 게이트웨이는 시작 시각에 추첨할 수 없습니다. 비밀값을 봉인한 키(${alarm.key})가 없습니다.`,
          next: alarm.isDrawing
            ? 'SIGNING_KEYS에 이 키를 다시 넣으세요. 그러면 자동으로 추첨합니다. 그때까지 아무도 입장하지 않습니다.'
            : '시작 전에 SIGNING_KEYS에 이 키를 다시 넣으세요. 완전히 잃어버렸다면 총괄 권한으로 추첨을 다시 봉인할 수 있지만, 그 추첨은 증명되지 않습니다.',
        };
      case 'beaconChainDiffers':
        return {
          what: `추첨에 쓸 체인은 ${alarm.chain.slice(0, 12)}…인데, 이 게이트웨이의 BEACON_CHAIN은 다른 체인입니다.`,
          next: alarm.isDrawing
            ? 'BEACON_CHAIN을 그 체인으로 되돌리세요. 그러면 자동으로 추첨합니다.'
            : 'BEACON_CHAIN을 그 체인으로 되돌리거나, 일정에서 공개 난수 사용을 다시 저장해 이 게이트웨이의 체인을 쓰세요.',
        };
      case 'beaconLate': {
        const { round, dueAt, deadline, afterDeadline, faults } = alarm;
        const relays = faults.map(({ relay, fault }) => alarmTextKo.relayFault(relay, fault));
        return {
          what: [
            `${format.time(Date.parse(dueAt))}에 나올 공개 난수 ${formatCount(round)}번이 아직 오지 않았습니다.`,
            ...relays,
          ].join(' '),
          next:
            afterDeadline === 'wait'
              ? '중계 서버가 응답할 때까지 아무도 입장하지 않습니다. 게이트웨이가 https로 중계 서버에 접속할 수 있게 하세요. 1~2초마다 다시 요청합니다.'
              : `게이트웨이가 https로 중계 서버에 접속할 수 있게 하세요. ${format.time(Date.parse(deadline))}에는 공개 난수 없이 추첨하며, 그 추첨은 증명되지 않습니다.`,
        };
      }
      case 'originStopped':
        return {
          what: `${format.time(Date.parse(alarm.since))}에 입장을 멈췄습니다. ${healthCause(alarm.cause)}`,
          next: '그동안 아무도 호출하지 않습니다. 본 사이트를 확인하세요. 정상으로 돌아오면 단계적으로 다시 입장합니다.',
        };
      case 'originSlowed':
        return {
          what: `${healthCause(alarm.cause)} ${format.time(Date.parse(alarm.since))}부터 입장을 줄였습니다. 지금은 분당 ${formatCount(alarm.newUsersPerMinute)}명, 동시 ${formatCount(alarm.totalActiveUsers)}명입니다.`,
          next: '본 사이트를 확인하세요. 설정한 값이 맞다면 ‘본 사이트 상태에 따라 조절’을 끄세요.',
        };
      case 'originErrors':
        return {
          what: `본 사이트 응답의 ${formatCount(alarm.sharePercent)}%가 오류입니다.`,
          next: '분당 입장을 줄이거나, 입장을 전면 중단하고 본 사이트를 확인하세요.',
        };
      case 'originSlow':
        return {
          what: `본 사이트 응답이 ${formatSeconds(alarm.latencyMs)}초 걸립니다. 평소에는 ${formatSeconds(alarm.usualMs)}초입니다.`,
          next: '분당 입장을 줄이거나 본 사이트를 확인하세요.',
        };
      case 'arrivalsAbovePlan':
        return {
          what: `예상 ${formatCount(alarm.expected)}명보다 많은 ${formatCount(alarm.arrived)}명이 방문했습니다.`,
          next: '대기 시간이 예정보다 길어집니다. 안내문으로 알리고, 본 사이트에 여유가 있으면 속도를 올리세요.',
        };
      case 'showShareFalling':
        return {
          what: `호출된 방문자의 ${alarm.sharePercent}%만 입장합니다. 이전에는 ${alarm.beforePercent}%였습니다.`,
          next: '그만큼 자동으로 더 호출합니다. 계속되면 방문자가 사이트에 접속할 수 있는지 확인하세요.',
        };
      case 'limitReached':
        return {
          what: `동시 이용 ${formatCount(alarm.active)}자리가 모두 찼습니다.`,
          next: '나가는 방문자가 있어야 입장합니다. 본 사이트에 여유가 있으면 동시 이용을 늘리세요.',
        };
    }
  },

  relayFault: (relay: string, fault: RelayFaultKind) => `중계 서버 ${relay}: ${relayFaults[fault]}.`,
};

function healthCause(cause: HealthCause): string {
  switch (cause.kind) {
    case 'errors':
      return `본 사이트 요청의 ${cause.percent}%가 실패합니다.`;
    case 'slow':
      return cause.usualMs === null
        ? `본 사이트 응답이 ${formatSeconds(cause.ms)}초 걸립니다.`
        : `본 사이트 응답이 ${formatSeconds(cause.ms)}초 걸립니다. 평소에는 ${formatSeconds(cause.usualMs)}초입니다.`;
    case 'signal':
      return '본 사이트가 방문자를 더 보내지 말라고 요청했습니다.';
  }
}
