// The page on which a visitor checks the draw, bundled like in the worker, and the receipts and documents that its tests show it.

import type { PublishedDraw } from '../../worker/contract/draw-schema.ts';
import type { Draw } from '../../worker/pages/proof-document.ts';
import type { ProofModel } from '../../worker/pages/proof-model.ts';
import type { PublicKey } from '../../worker/pages/signed-token.ts';
import type { Issuer } from '../published-draws.ts';
import { bundled } from './bundle.ts';

type ProofRender = typeof import('../../worker/pages/proof-render.tsx');

export const buildProofPage = () => bundled<ProofRender>('proof-render.tsx');

/** What the gateway publishes is what the page reads: the compiler holds the two types together. */
export const asRead = (draw: PublishedDraw): Draw => draw;

export function keysOf({ keys }: Pick<Issuer, 'keys'>): PublicKey[] {
  return keys.keys.map(({ kid = '', x = '', y = '' }) => ({ kid, x, y }));
}

export function proofModel(changes: Partial<ProofModel> = {}): ProofModel {
  return {
    language: 'en',
    languages: ['ko', 'en'],
    room: {
      id: 'demo',
      title: { ko: '예방접종 사전예약', en: 'Vaccination pre-registration' },
      timeZone: 'Asia/Seoul',
    },
    receipt: null,
    withheld: false,
    keys: [],
    drawUrl: 'https://gate.example/_fairgate/rooms/demo/draw',
    saved: null,
    ...changes,
  };
}
