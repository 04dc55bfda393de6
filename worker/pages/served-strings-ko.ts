// Korean strings that only the server needs.

import type { ServedStrings } from './served-strings.ts';

export const servedKo: ServedStrings = {
  otherLanguage: { language: 'en', name: 'English' },
  served: {
    newcomer: () => ({ title: '번호를 받아 주세요', detail: '번호를 받으신 분은 차례대로 입장합니다.' }),
    storeUnreachable: () => ({
      title: '순서를 확인할 수 없습니다',
      detail: '받으신 번호는 그대로 유지됩니다. 아직 번호가 없으시면 연결되는 대로 드립니다. 자동으로 계속 확인합니다.',
    }),
    originUnreachable: ({ admittedUntil }) => ({
      title: '사이트가 응답하지 않습니다',
      detail: `입장 자격은 ${admittedUntil === null ? '그대로' : `${admittedUntil}까지`} 유지됩니다. 사이트가 응답하는 대로 자동으로 입장합니다.`,
    }),
    originError: ({ admittedUntil }) => ({
      title: '사이트에 오류가 발생했습니다',
      detail: `차례는 ${admittedUntil === null ? '그대로' : `${admittedUntil}까지`} 유지됩니다. 자동으로 다시 시도합니다.`,
    }),
  },
  noScript: (seconds) => `${seconds}초마다 자동으로 새로고침됩니다.`,
};
