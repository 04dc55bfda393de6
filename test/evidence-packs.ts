// Evidence packs for tests: of a room with an opening, a draw, visitors, refusals, messages, passes and operators with names.

import { unzipSync } from 'fflate';
import { NOTHING_OBSERVED } from '../queue-core/document/history-state.ts';
import { checkPack, type PackVerdict } from '../scripts/evidence/evidence-checks.ts';
import type { PackFiles } from '../scripts/evidence/pack-files.ts';
import { QUICKNET } from '../worker/beacon/chain.ts';
import { evidenceManifestSchema, OPERATOR_PATH, type OperationName } from '../worker/contract/operator-api.ts';
import { CallingSite, newSiteKey, originKeysOf } from './gateway/calling-site.ts';
import { type InProcessGateway, InProcessVisitor, NOON } from './gateway/in-process.ts';
import { ask, onCurrentVersion, startGateway, withKey } from './operators/operator-client.ts';

export const OPENS_AT = NOON + 60_000;

/** What nobody outside may learn; each is long enough to be found only where it was written. */
export interface Personal {
  names: string[];
  ids: string[];
}

export interface Evening {
  gateway: InProcessGateway;
  personal: Personal;
}

/** Lets seconds pass in which somebody reads the board. */
export async function pass(gateway: InProcessGateway, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    gateway.clock.advance(1_000);
    await gateway.request('/_fairgate/rooms/demo/board');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** @param operators their names */
export async function playedEvening(operators: readonly string[] = ['Kim Minsu', '박지영']): Promise<Evening> {
  const siteKey = newSiteKey('booking-1');
  const gateway = await startGateway({
    originKeys: originKeysOf(siteKey),
    room: { schedule: { opensAt: new Date(OPENS_AT).toISOString() }, origin: 'http://origin-7.internal.test' },
  });
  const personal: Personal = { names: [...operators], ids: [siteKey.secret, 'BOOKING-NUMBER-4711'] };
  const site = new CallingSite(gateway, siteKey);
  const act = async (
    name: OperationName,
    key: string,
    request: { body?: unknown; at?: Record<string, string> } = {},
  ) => {
    const { 'If-Match': version = '' } = await onCurrentVersion(gateway);
    const response = await ask(gateway, name, { ...request, headers: { ...withKey(key), 'If-Match': version } });
    if (response.status >= 300) throw new Error(response.text);
    return response;
  };
  const keys: string[] = [];
  for (const name of operators) {
    const { document } = await ask(gateway, 'addKey', { body: { name, role: 'owner' }, headers: withKey() });
    const { id, key } = document as { id: string; key: string };
    keys.push(key);
    personal.ids.push(id, key);
  }
  const [first = '', second = first] = keys;
  const visitors = Array.from({ length: 12 }, () => new InProcessVisitor(gateway));
  for (const visitor of visitors) await visitor.act('join');
  await act('setMessage', first, { body: { text: { ko: '=잠시만요', en: '=One moment' } } });
  await pass(gateway, 75);
  for (const visitor of visitors)
    personal.ids.push(...visitor.jar.header.split('; ').map((cookie) => cookie.split('=')[1] ?? ''));
  await visitors[0]?.act('claim');
  await visitors[1]?.act('claim');
  const observed = { ...NOTHING_OBSERVED, refused: { badToken: 1, noAdmission: 40 } };
  await gateway.store.inner.apply('demo', [{ kind: 'report', gateway: 'another', seq: 1, version: 1, observed }]);
  await pass(gateway, 12);
  await act('pause', second);
  await act('resume', first);
  await act('setPolicy', second, { body: { newUsersPerMinute: 120, totalActiveUsers: 50, sessionMinutes: 7 } });
  await act('givePass', first);
  const { sessions } = tablesOf(gateway);
  const position = [...sessions.keys()][0];
  if (position !== undefined) await act('endSession', second, { at: { position: String(position) } });
  for (const text of [...sessions.values()]) {
    const { sid, visitor } = JSON.parse(text) as { sid: string; visitor: string };
    personal.ids.push(sid, visitor);
  }
  const [left, completed] = [...sessions].filter(([other]) => other !== position);
  const visit = (of: typeof left) => {
    const [claimed, row] = of ?? [0, '{}'];
    const { epoch, visitor } = JSON.parse(row) as { epoch: number; visitor: string };
    return { visit: { epoch, position: claimed, visitor } };
  };
  await site.call('stock', { lots: [{ id: 'a', name: '=가', remaining: 5 }] });
  await site.call('complete', {
    ...visit(completed ?? left),
    reference: 'BOOKING-NUMBER-4711',
    stock: { counts: { a: 4 } },
  });
  await site.call('readmit', visit(completed ?? left));
  await pass(gateway, 12);
  await site.call('overload', { seconds: 0 });
  await pass(gateway, 13);
  return { gateway, personal };
}

export function tablesOf(gateway: InProcessGateway) {
  const tables = gateway.store.inner.rooms.get('demo')?.tables;
  if (tables === undefined) throw new TypeError('There is no room demo.');
  return { audit: tables.audit, sessions: tables.session, history: tables.history, draws: tables.draw };
}

export async function archiveOf(gateway: InProcessGateway, headers = withKey()): Promise<Response> {
  return gateway.request(`${OPERATOR_PATH}/rooms/demo/evidence`, { headers });
}

export async function fetchedPack(gateway: InProcessGateway): Promise<PackFiles> {
  const response = await archiveOf(gateway);
  if (response.status !== 200) throw new Error(await response.text());
  return packOf(await response.arrayBuffer());
}

/** @throws for an archive that is not whole */
export function packOf(archive: ArrayBuffer | Uint8Array): PackFiles {
  const unpacked = unzipSync(new Uint8Array(archive));
  return { files: new Map(Object.entries(unpacked).map(([name, bytes]) => [name, Buffer.from(bytes)])), strange: [] };
}

export const manifestIn = ({ files }: PackFiles) =>
  evidenceManifestSchema.parse(JSON.parse(files.get('manifest.json')?.toString('utf8') ?? ''));

export const jsonFile = <T>({ files }: PackFiles, name: string): T =>
  JSON.parse(files.get(name)?.toString('utf8') ?? 'null') as T;

/** @param keys null: those in the pack */
export function checked(pack: PackFiles, given: Partial<Parameters<typeof checkPack>[0]> = {}): Promise<PackVerdict> {
  return checkPack({ pack, keys: null, trustedChain: QUICKNET.hash, earlier: null, ...given });
}

export const faultsIn = ({ checks }: PackVerdict): string[] =>
  checks.filter(({ outcome }) => outcome === 'fails').map(({ file, text }) => `${file}: ${text}`);
