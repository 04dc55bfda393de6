// Visitors' pages, bundled like in the worker, and an example model of every kind of page.

import type { Board, Status } from '../../queue-core/board.ts';
import { EMPTY_PAGE, type PageKind, type PageModel } from '../../worker/pages/model.ts';
import { bundled } from './bundle.ts';

type Pages = typeof import('../../worker/pages/render.tsx');

export const buildPages = () => bundled<Pages>('render.tsx');

/** The server's time on these pages: 20:03:12 in Seoul. */
export const NOW = Date.parse('2027-08-05T11:03:12.000Z');

export const rfc3339 = (at: number) => new Date(at).toISOString();

/** The line moves by so many positions a minute, at least and at most. */
export function paceAt(fewest: number, most: number): NonNullable<Board['pace']> {
  const ahead = 1_000_000;
  return [
    [0, 0, 4],
    [ahead, Math.round((ahead * 60) / most), Math.round((ahead * 60) / fewest)],
  ];
}

export function board(changes: Partial<Board> = {}): Board {
  return {
    room: 'vaccine',
    epoch: 1,
    state: 'open',
    pausedBy: null,
    serverTime: rfc3339(NOW),
    asOf: rfc3339(NOW - 1000),
    opensAt: '2027-08-05T11:00:00.000Z',
    moved: null,
    entriesAt: null,
    claimMinutes: 5,
    closesAt: null,
    entries: 482_113,
    issued: 612_408,
    called: 46_901,
    newUsersPerMinute: 2000,
    pace: paceAt(1500, 2400),
    active: 8123,
    message: null,
    stock: null,
    draw: { commitment: '9f2b6c0c4de1a8b37f5e0a9d1c2b3a4f5e6d7c8b9a0f1e2d3c4b5a697887766f', beacon: true, proof: null },
    nextPollSeconds: 10,
    ...changes,
  };
}

export function status(changes: Partial<Status> = {}): Status {
  return {
    room: 'vaccine',
    state: 'waiting',
    entry: 12_345,
    position: 87_654,
    ahead: 40_752,
    waitSeconds: { low: 1018, high: 1631 },
    claimBy: null,
    admittedUntil: null,
    nextPollSeconds: 10,
    serverTime: rfc3339(NOW),
    ...changes,
  };
}

export function model(kind: PageKind, changes: Partial<PageModel> = {}): PageModel {
  return {
    ...EMPTY_PAGE,
    kind,
    language: 'ko',
    languages: ['ko', 'en'],
    room: {
      id: 'vaccine',
      title: { ko: '예방접종 사전예약', en: 'Vaccination pre-registration' },
      timeZone: 'Asia/Seoul',
    },
    board: board(),
    status: status(),
    returnTo: '/reserve?clinic=7',
    ...changes,
  };
}

const entered = status({ state: 'entered', position: null, ahead: null, waitSeconds: null });
const withoutPlace = status({ state: 'none', entry: null, position: null, ahead: null, waitSeconds: null });
const called = status({ state: 'called', ahead: 0, waitSeconds: null, claimBy: rfc3339(NOW + 288_000) });

export const MODELS: Record<PageKind, PageModel> = {
  newcomer: model('newcomer', { status: withoutPlace, returnTo: null }),
  scheduled: model('scheduled', {
    board: board({
      state: 'scheduled',
      called: 0,
      entries: 0,
      issued: 0,
      opensAt: '2027-08-09T11:00:00.000Z',
      entriesAt: '2027-08-09T10:00:00.000Z',
    }),
    status: withoutPlace,
  }),
  entered: model('entered', {
    board: board({ state: 'prequeue', called: 0, opensAt: rfc3339(NOW + 754_000) }),
    status: entered,
  }),
  drawing: model('drawing', { board: board({ state: 'drawing', called: 0 }), status: entered }),
  waiting: model('waiting'),
  called: model('called', { board: board({ called: 90_000 }), status: called }),
  standby: model('standby', { board: board({ called: 90_000 }), status: called, standbyAhead: 3 }),
  paused: model('paused', { board: board({ state: 'paused', pace: null }) }),
  soldOut: model('soldOut', { board: board({ state: 'soldOut', stock: stock(0) }) }),
  closed: model('closed', { board: board({ state: 'closed', closesAt: '2027-08-05T11:00:00.000Z' }) }),
  lapsed: model('lapsed', { status: status({ state: 'lapsed' }) }),
  ended: model('ended', { status: status({ state: 'completed' }) }),
  tooManyJoins: model('tooManyJoins', { status: withoutPlace, retryAt: rfc3339(NOW + 62_000) }),
  cookiesNeeded: model('cookiesNeeded', { status: withoutPlace }),
  storeUnreachable: model('storeUnreachable', { board: null }),
  originUnreachable: model('originUnreachable', {
    status: status({ state: 'admitted', admittedUntil: rfc3339(NOW + 600_000) }),
  }),
  originError: model('originError', {
    status: status({ state: 'admitted', admittedUntil: rfc3339(NOW + 600_000) }),
  }),
  badRequest: model('badRequest', {
    room: null,
    board: null,
    status: null,
    served: {
      kind: 'badRequest',
      title: 'Please check the address',
      detail: 'It contains characters that cannot be read in one way.',
    },
  }),
};

/** @param lots how many of them are listed; the number of each follows from its place */
export function stock(remaining: number, lots = 0): NonNullable<Board['stock']> {
  const asOf = rfc3339(NOW - 4000);
  return { remaining, asOf, freshSeconds: 60, lots: Array.from({ length: lots }, (_, index) => lotAt(index, asOf)) };
}

const CLINICS = [
  ['강남구보건소', 'Gangnam Health Centre'],
  ['서초 예방접종센터', 'Seocho Vaccination Centre'],
  ['송파구 올림픽체육관', 'Songpa Olympic Gymnasium'],
  ['마포내과의원', 'Mapo Medical Clinic'],
  ['새봄시립병원', 'Saebom Municipal Hospital'],
  ['은평 가정의학과', 'Eunpyeong Family Practice'],
  ['관악구민체육센터', 'Gwanak Sports Hall'],
  ['종로소아청소년과', 'Jongno Paediatrics'],
] as const;

/** One is sold out, and one is being checked. */
function lotAt(index: number, asOf: string): NonNullable<Board['stock']>['lots'][number] {
  const [ko, en] = CLINICS[index % CLINICS.length] ?? ['', ''];
  const round = index < CLINICS.length ? '' : ` ${Math.floor(index / CLINICS.length) + 1}`;
  const remaining = index === 1 ? 0 : index === 3 ? null : (index * 7_919) % 613;
  const price = { low: 30_000 + index * 1_000, high: 45_000 + index * 1_000, currency: 'KRW' };
  return {
    id: `lot-${index}`,
    name: { ko: ko + round, en: en + round },
    remaining,
    asOf: index === 3 ? rfc3339(NOW - 95_000) : asOf,
    price: index % 2 === 0 ? price : null,
  };
}

/** The largest page: every optional part is shown. Hex is random, as in a real draw, so that it compresses as badly. */
export const LARGEST: PageModel = model('waiting', {
  board: board({
    called: 1_046_901,
    issued: 6_120_408,
    // A room that first fills and then goes on as people leave.
    pace: [
      [0, 1, 6],
      [100, 3, 9],
      [7_168, 180, 282],
      [16_128, 405, 648],
      [187_210, 4_812, 7_903],
      [6_341_934, 161_204, 278_117],
    ],
    message: {
      text: { ko: '가'.repeat(140), en: 'The call centre is busy. You can simply wait on this page. '.repeat(3) },
      at: rfc3339(NOW - 400_000),
    },
    stock: stock(8412, 6),
    draw: {
      commitment: '9f2b6c0c4de1a8b37f5e0a9d1c2b3a4f5e6d7c8b9a0f1e2d3c4b5a697887766f',
      beacon: true,
      proof: {
        secret: '62c1e9a04b7d38f5162bc0de94a7835f7e01d9b6c24a8f3350e7916d2bfa4c88',
        beaconRound: 41_283_117,
        beacon: '1d7fa2c3905be86f4431bc9e027ad5680f9c3e72b1d4a6580e7f92c6138bda04',
        entries: 4_821_130,
        seed: 'e05b83f1297cd6a4408f1e92b73d5ca6619f04d8e27b3a5c9d10f6834be7a25f',
      },
    },
  }),
  status: status({ position: 1_234_567, ahead: 187_665 }),
});
