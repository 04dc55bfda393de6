// Messages that are ready when the night is short: what waiting visitors are told most often, in both languages. Each is true only with
// what the operator does beside it, so they are to be read, and edited, before they are posted.

import type { Text } from '../actions.ts';

export const READY_MESSAGES = {
  late: {
    ko: '시작이 조금 늦어집니다. 받으신 번호는 그대로 유지되니 이 화면을 열어 두고 기다려 주세요.',
    en: 'We will start a little late. You keep your number; please leave this page open.',
  },
  paused: {
    ko: '사이트를 점검하느라 입장을 잠시 멈췄습니다. 번호와 순서는 그대로 유지됩니다.',
    en: 'Entry is paused while we check the site. Your number and your place in line stay the same.',
  },
  resumed: {
    ko: '입장을 다시 시작했습니다. 멈추기 전과 같은 순서로 입장합니다.',
    en: 'Entry has resumed, in the same order as before.',
  },
  slow: {
    ko: '기다리시는 분이 많아 예상보다 오래 걸립니다. 새로고침하거나 다시 접속하셔도 순서는 빨라지지 않습니다.',
    en: 'Many people are waiting, so it takes longer than expected. Reloading or reconnecting does not make it faster.',
  },
  fewLeft: {
    ko: '남은 수량이 얼마 없어 차례가 오기 전에 소진될 수 있습니다.',
    en: 'Little is left, and it may run out before your turn.',
  },
} as const satisfies Record<string, Text>;

export type ReadyMessage = keyof typeof READY_MESSAGES;
