// English strings that only the server needs.

import type { ServedStrings } from './served-strings.ts';

export const servedEn: ServedStrings = {
  otherLanguage: { language: 'ko', name: '한국어' },
  served: {
    newcomer: () => ({ title: 'Please take a number', detail: 'People with a number enter one after another.' }),
    storeUnreachable: () => ({
      title: 'We cannot check the line right now',
      detail:
        'If you have a number, you keep it. If not, you get one as soon as the connection is back. This page keeps checking.',
    }),
    originUnreachable: ({ admittedUntil }) => ({
      title: 'The site is not responding',
      detail: `Your admission remains valid${admittedUntil === null ? '' : ` until ${admittedUntil}`}. You will be let in as soon as the site responds.`,
    }),
    originError: ({ admittedUntil }) => ({
      title: 'The site answered with an error',
      detail: `${admittedUntil === null ? 'Your turn is kept.' : `Your turn is kept until ${admittedUntil}.`} This page tries again by itself.`,
    }),
  },
  noScript: (seconds) => `This page refreshes automatically every ${seconds} second${seconds === 1 ? '' : 's'}.`,
};
