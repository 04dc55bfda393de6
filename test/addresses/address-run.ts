// Sends to a server what the gate leaves open, and finds the addresses that reach a protected handler. Also the same through a
// running gateway, whose forwarding is then part of what is tried.

import { GateVisitor, until } from '../gateway/visitor-client.ts';
import { startFairgate } from '../running-gateway.ts';
import { addresses, addressesInAnyForm } from './address-grammar.ts';
import { type Pipeline, type RawAnswer, sendAll } from './pipelined-requests.ts';
import { caseHost, leftOpen, ROOM_CASES, roomInputs, type TriedAddress } from './room-cases.ts';
import { HANDLERS, type HandlerName, handlersIn } from './site-handlers.ts';
import type { Site } from './sites.ts';

export interface CaseAddress extends TriedAddress {
  /** The number of its case. */
  index: number;
}

/** An address that the gate leaves open, with the target that the site gets. */
export interface OpenAddress extends CaseAddress {
  forwarded: string;
}

export interface Leak {
  roomCase: string;
  method: string;
  target: string;
  /** What the site answered, or in which way the gateway did not do what its code says. */
  seen: string;
}

export interface Outcome {
  site: string;
  tried: number;
  /** These are sent to the site. */
  leftOpen: number;
  /** Of those left open: handlers answered, and all of them are open; or no handler did. */
  reachedOpen: number;
  reachedNone: number;
  /** Must be 0. */
  reachedProtected: number;
  /** Shrunk, one of each kind. */
  leaks: Leak[];
}

/** Of each kind of leak one is enough to find its cause. */
const LEAKS_SHOWN_MAX = 12;
const LEAKS_SHRUNK_MAX = 200;

const BATCH = 20_000;

/** The share of a case in the addresses: those with exemptions leave few open. */
const TURNS = ROOM_CASES.map(({ rooms }) => (rooms.some(({ exempt }) => exempt !== undefined) ? 4 : 1));
const TURNS_TOTAL = TURNS.reduce((sum, turns) => sum + turns, 0);

const shareOf = (index: number, count: number) => Math.ceil((count * (TURNS[index] ?? 0)) / TURNS_TOTAL);

/** What the gate leaves open of the addresses of a seed. */
export function openAddresses(seed: number, count: number): OpenAddress[] {
  return ROOM_CASES.flatMap((_, index) =>
    addresses(index, seed, shareOf(index, count)).flatMap((address) => {
      const forwarded = leftOpen(index, address);
      return forwarded === null ? [] : [{ ...address, index, forwarded }];
    }),
  );
}

/** Sends to one server, without the gateway between, and shrinks what reached a protected handler. */
export async function trySite(site: Site, open: readonly OpenAddress[], tried: number): Promise<Outcome> {
  await expectHandlers(site);
  const outcome = newOutcome(site, tried);
  const leaking: OpenAddress[] = [];
  for (let start = 0; start < open.length; start += BATCH) {
    const batch = open.slice(start, start + BATCH);
    const requests = batch.map(({ method, forwarded }) => requestText(method, forwarded, 'site.test'));
    for (const [position, answer] of (await sendAll(site.port, requests, site)).entries()) {
      const address = batch[position];
      if (address !== undefined && count(outcome, site, address, answer)) leaking.push(address);
    }
  }
  const shrunk = new Map<string, Leak>();
  for (const address of leaking.slice(0, LEAKS_SHRUNK_MAX)) {
    if (shrunk.size >= LEAKS_SHOWN_MAX) break;
    const leak = await shrinkLeak(site, address);
    shrunk.set(`${leak.roomCase} ${leak.target.replace(/[a-z0-9]/gi, 'x')}`, leak);
  }
  outcome.leaks.push(...shrunk.values());
  return outcome;
}

/** The gateway that stands before a site: a host for each case, and the cookies of a visitor whom the case has admitted. */
export interface GatedSite {
  site: Site;
  port: number;
  cookies: string[];
  stop(): Promise<void>;
}

export async function startGated(site: Site): Promise<GatedSite> {
  const origin = `http://127.0.0.1:${site.port}`;
  const fairgate = await startFairgate({
    room: { hosts: ['127.0.0.1'] },
    moreRooms: () => ROOM_CASES.flatMap((roomCase, index) => roomInputs(roomCase, caseHost(index), origin)),
  });
  try {
    const { port } = fairgate.gateway;
    const cookies: string[] = [];
    for (const [index, roomCase] of ROOM_CASES.entries()) cookies.push(await cookiesOf(port, index, roomCase));
    return { site, port, cookies, stop: () => fairgate.stop() };
  } catch (error) {
    await fairgate.stop();
    throw error;
  }
}

async function cookiesOf(port: number, index: number, roomCase: (typeof ROOM_CASES)[number]): Promise<string> {
  const { rooms, admittedTo } = roomCase;
  const host = caseHost(index);
  if (admittedTo === null) return '';
  const room = roomInputs(roomCase, host, 'http://origin.test')[admittedTo]?.id ?? '';
  const visitor = new GateVisitor(port, room, host);
  const path = encodeURI(rooms[admittedTo]?.paths?.[0] ?? '/');
  const enter = () =>
    until(
      () => visitor.page(`${path}/`),
      ({ text }) => handlersIn(text).length > 0,
    );
  await enter();
  // From the second request on the session is no more provisional.
  await enter();
  return visitor.jar.header;
}

/** Sends everything, closed addresses too, through the gateway: it has to do what its code says. */
export async function tryGated({ site, port, cookies }: GatedSite, seed: number, countOf: number): Promise<Outcome> {
  const outcome = newOutcome(site, 0);
  const leaks = new Map<string, Leak>();
  for (const [index] of ROOM_CASES.entries()) {
    const host = caseHost(index);
    const tried = addressesInAnyForm(index, seed, shareOf(index, countOf), host)
      // A request line of other bytes is another request, which test/gateway/fuzz.test.ts sends.
      .filter(({ target }) => !/[\r\n]/.test(target));
    const cookie = cookies[index] === '' ? '' : `Cookie: ${cookies[index]}\r\n`;
    const fields = `${cookie}X-HTTP-Method-Override: DELETE\r\n`;
    const requests = tried.map(({ method, target }) => requestText(method, target, host, fields));
    const pipeline: Pipeline = site.connections === 1 ? { connections: 1, depth: 4 } : { connections: 4, depth: 8 };
    for (const [position, answer] of (await sendAll(port, requests, pipeline)).entries()) {
      const address = tried[position];
      if (address === undefined) continue;
      outcome.tried++;
      // The runtime drops a fragment before the gateway sees the request.
      const [target = ''] = address.target.split('#');
      const expected = target.startsWith('/') ? leftOpen(index, { ...address, target }) : undefined;
      const reached = handlersIn(answer.text).length > 0;
      if (reached || (expected !== undefined && expected !== null)) outcome.leftOpen++;
      const problem = problemOf(site, expected, answer);
      const isLeak = reached && protectedIn(site, { ...address, index }, answer).length > 0;
      if (!isLeak && problem === null) {
        if (reached) outcome.reachedOpen++;
        else if (expected !== undefined && expected !== null) outcome.reachedNone++;
        continue;
      }
      outcome.reachedProtected++;
      const seen = problem ?? protectedIn(site, { ...address, index }, answer).join(', ');
      const leak = { roomCase: ROOM_CASES[index]?.name ?? '', method: address.method, target: address.target, seen };
      if (leaks.size < LEAKS_SHOWN_MAX) leaks.set(`${leak.roomCase} ${leak.target.length} ${leak.seen}`, leak);
    }
  }
  outcome.leaks.push(...leaks.values());
  return outcome;
}

/** @param expected undefined: not known, null: closed */
function problemOf({ tellsTarget }: Site, expected: string | null | undefined, { text }: RawAnswer): string | null {
  if (expected === undefined) return null;
  if (expected === null)
    return handlersIn(text).length > 0 ? 'answered by the site, although the gate is closed' : null;
  if (!tellsTarget) return null;
  const got = /^target: *(\S+)\r?$/im.exec(text)?.[1];
  if (got === undefined || decodeURIComponent(got) === expected) return null;
  return `the site got ${decodeURIComponent(got)} and not ${expected}`;
}

function newOutcome(site: Site, tried: number): Outcome {
  return { site: site.name, tried, leftOpen: 0, reachedOpen: 0, reachedNone: 0, reachedProtected: 0, leaks: [] };
}

/** @returns whether a protected handler answered */
function count(outcome: Outcome, site: Site, address: OpenAddress, answer: RawAnswer): boolean {
  outcome.leftOpen++;
  const isLeak = protectedIn(site, address, answer).length > 0;
  if (isLeak) outcome.reachedProtected++;
  else if (handlersIn(answer.text).length > 0) outcome.reachedOpen++;
  else outcome.reachedNone++;
  return isLeak;
}

function requestText(method: string, target: string, host: string, fields = ''): string {
  const length = method === 'GET' ? '' : 'Content-Length: 0\r\n';
  return `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${length}${fields}\r\n`;
}

function protectedIn(site: Site, { index, method }: CaseAddress, { text }: RawAnswer): HandlerName[] {
  return handlersIn(text)
    .filter((handler) => ROOM_CASES[index]?.protects(handler.name, site.servesFiles ? method : handler.method) ?? true)
    .map(({ name }) => name);
}

/** A site whose handlers do not answer would prove nothing. */
async function expectHandlers(site: Site): Promise<void> {
  for (const [name, path] of Object.entries(HANDLERS)) {
    if (site.lacks?.includes(name as HandlerName)) continue;
    const method = name === 'webhook' && !site.servesFiles ? 'POST' : 'GET';
    // Servers of files answer for a folder with a slash at its end only.
    const requests = ['', '/'].map((end) => requestText(method, encodeURI(path) + end, 'site.test'));
    const answers = await sendAll(site.port, requests, site);
    if (answers.some(({ text }) => handlersIn(text).some((handler) => handler.name === name))) continue;
    throw new Error(`${site.name} answers ${path} with ${answers[0]?.status}, and not by its handler.`);
  }
}

/** The shortest address found by leaving out characters that is still left open and still reaches a protected handler. */
async function shrinkLeak(site: Site, { index, method, target }: OpenAddress): Promise<Leak> {
  const reachedBy = async (candidate: string): Promise<HandlerName[]> => {
    const forwarded = leftOpen(index, { method, target: candidate });
    if (forwarded === null) return [];
    const request = requestText(method, forwarded, 'site.test');
    const [answer] = await sendAll(site.port, [request], { connections: 1, depth: 1 });
    return answer === undefined ? [] : protectedIn(site, { index, method, target: candidate }, answer);
  };
  let smallest = target;
  for (let length = Math.ceil(target.length / 2); length >= 1; length = Math.floor(length / 2)) {
    for (let start = 1; start + length <= smallest.length; ) {
      const candidate = smallest.slice(0, start) + smallest.slice(start + length);
      if ((await reachedBy(candidate)).length > 0) smallest = candidate;
      else start++;
    }
  }
  const reached = await reachedBy(smallest);
  return { roomCase: ROOM_CASES[index]?.name ?? '', method, target: smallest, seen: reached.join(', ') || 'not again' };
}
