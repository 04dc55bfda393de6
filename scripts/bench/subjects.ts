// What the bench measures: one kind of request each, by what it costs a gateway.

import { type BenchGateway, hostOf, post, type RoomName, roomAddress } from './bench-gateway.ts';
import { type RawRequest, rawRequest } from './raw-request.ts';

export interface Subject {
  name: string;
  port: number;
  /** For one load. @param count how many it may send, where each may be sent once only */
  requests: (count: number) => readonly string[];
  /** Each of them may be sent once only: the next one of the same kind would cost less. */
  once: boolean;
  /** What the first response has to contain. */
  expected: RegExp;
  /** It is forwarded, so a bare proxy is what it is compared with. */
  isForwarded: boolean;
}

/**
 * Polls of one visitor are limited, so those of a load are of many. Fewer than the tokens that a gateway remembers, and so few
 * that each comes again in every round: a page that waits polls often.
 */
const POLLING_VISITORS = 3_000;
const SESSIONS = 500;

/** As a browser opens a page by a link. */
const NAVIGATION = {
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Accept-Language': 'ko-KR,ko;q=0.9,en;q=0.8',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Site': 'none',
  'Sec-Fetch-User': '?1',
  'Upgrade-Insecure-Requests': '1',
  'User-Agent': 'Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36',
};

/** What everything is a share of. */
export const BARE_TEXT = 'bare Hono app, text';
export const BARE_PROXY = 'bare proxy';

export const CLAIM = 'claim of a drawn entry, first time';

export function bareSubjects(appPort: number, proxyPort: number): Subject[] {
  const get = (name: string, port: number, path: string, isForwarded = false): Subject => {
    const requests = [rawRequest({ host: 'bare.test', path })];
    return { name, port, requests: () => requests, once: false, expected: /^HTTP\/1\.1 200 /, isForwarded };
  };
  return [
    get(BARE_TEXT, appPort, '/'),
    get('bare Hono app, as many bytes as a page', appPort, '/page'),
    get(BARE_PROXY, proxyPort, '/', true),
  ];
}

/** Entries that the subjects need before the opening. */
export function entriesFor(claims: number): number {
  return claims + 2 * POLLING_VISITORS;
}

/** @param claims in all loads together; only the first one of a visitor is measured */
export async function gatewaySubjects(bench: BenchGateway, claims: number): Promise<Subject[]> {
  const { port } = bench.gateway;
  await bench.fill({ line: POLLING_VISITORS, drawn: claims, ahead: POLLING_VISITORS });
  const entered = await bench.places('ahead', 'entry', 1, POLLING_VISITORS);
  const waiting = await bench.places('line', 'entry', 1, POLLING_VISITORS);
  const called = await bench.places('drawn', 'entry', 1, claims);
  const sessions = await bench.sessions('open', SESSIONS);
  await bench.called('line', 0);
  await bench.called('drawn', claims);

  const get = (room: RoomName, path: string, headers: Record<string, string> = {}): RawRequest => {
    return { host: hostOf(room), path, headers };
  };
  const subject = (name: string, expected: RegExp, all: readonly RawRequest[], isForwarded = false): Subject => {
    const requests = all.map(rawRequest);
    return { name, port, requests: () => requests, once: false, expected, isForwarded };
  };
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
  const status = (room: RoomName, tokens: string[]) =>
    tokens.map((token) => get(room, roomAddress(room, 'status'), bearer(token)));
  const page = (room: RoomName, cookie: string | null) =>
    get(room, '/book?clinic=7', { ...NAVIGATION, ...(cookie === null ? {} : { Cookie: `sid=a1b2c3; ${cookie}` }) });
  const gzipped = /^HTTP\/1\.1 200 (?=.*content-encoding: gzip)/is;
  return [
    subject('board', /"state":"prequeue"/, [get('ahead', roomAddress('ahead', 'board'))]),
    subject('status before the draw', /"state":"entered"/, status('ahead', entered)),
    subject('status of a drawn entry', /"state":"waiting"/, status('line', waiting)),
    {
      ...subject(CLAIM, /"outcome":"admitted"/, []),
      requests: (count) => called.splice(0, count).map((token) => rawRequest(post('drawn', 'claim', token))),
      once: true,
    },
    subject('first visit page, no place (gzip)', gzipped, [page('line', null)]),
    subject(
      'page with a place (gzip)',
      gzipped,
      waiting.map((token) => page('line', `fairgate-queue-line=${token}`)),
    ),
    subject('join before the opening', /"outcome":"joined"/, [post('ahead', 'join')]),
    subject('join while others wait', /"outcome":"joined"/, [post('line', 'join')]),
    subject('join and enter at once', /"outcome":"admitted"/, [post('open', 'join')]),
    subject(
      'admitted GET',
      /^HTTP\/1\.1 200 .*ok$/s,
      sessions.map((token) => page('open', `fairgate-admission-open=${token}`)),
      true,
    ),
  ];
}
